"""What the documentation site makes of docstrings and links (.ci/run builds it)."""

import runpy
from pathlib import Path

CONF = runpy.run_path("docs/conf.py")
AS_RST = CONF["as_rst"]


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


def test_a_link_to_a_page_that_is_html_already_is_known() -> None:
    assert CONF["_ready_made"]("es/theory/2", "../../steps/xor.html") == "steps/xor.html"
    assert CONF["_ready_made"]("report", "reports/optimizers.html") == "reports/optimizers.html"
    assert CONF["_ready_made"]("theory/2", "../steps/none.html") is None
    assert CONF["_ready_made"]("lab/1", "lab1.py") is None


def test_the_last_section_of_the_navigation_goes_first_on_a_spanish_page() -> None:
    use, spanish = (f'<p class="caption">{name}</p><ul></ul>' for name in ("Use", "Español"))
    assert CONF["_last_first"](f"<div>{use}{spanish}</div>") == f"<div>{spanish}{use}</div>"


def test_spanish_is_the_last_section_of_the_navigation() -> None:
    captions = [
        line for line in Path("docs/index.md").read_text().splitlines() if "caption" in line
    ]
    assert captions[-1] == ":caption: Español"
