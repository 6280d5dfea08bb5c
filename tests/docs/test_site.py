"""What the documentation site makes of docstrings (that it builds is a step of .ci/run)."""

import runpy

AS_RST = runpy.run_path("docs/conf.py")["as_rst"]


def test_text_is_escaped_and_code_is_literal() -> None:
    assert AS_RST(["Adds *terms* of `x_1 * y` and a|b."]) == [
        r"Adds \*terms\* of ``x_1 * y`` and a\|b."
    ]


def test_an_indented_block_is_literal_and_a_list_is_a_list() -> None:
    lines = ["An equation:", "", "    x = x * 2", "", "Limits:", "", "    - one", "    - `two`"]
    assert AS_RST(lines) == [
        *("An equation:", "", "::", "", "    x = x * 2", ""),
        *("Limits:", "", "    - one", "    - ``two``"),
    ]


def test_an_example_stays_as_it_is() -> None:
    lines = ["    >>> 2 ** 3", "    8", "", "After *it*."]
    assert AS_RST(lines) == ["    >>> 2 ** 3", "    8", "", r"After \*it\*."]
