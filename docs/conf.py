"""The documentation site: python -m sphinx -W --keep-going docs build/site

Sphinx with MyST, since it reads the pages as they are, takes the reference out of the docstrings,
searches without a server and names every link that leads nowhere.
"""

import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sphinx.application import Sphinx

project = "minigrad"
author = "the minigrad developers"
project_copyright = "%Y, the minigrad developers. Text: CC BY 4.0; code: MIT"
extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.viewcode", "sphinx_copybutton"]
html_theme = "furo"
html_title = "minigrad"
html_show_sphinx = False
exclude_patterns = ["conftest.py", "lab/*.py"]
myst_heading_anchors = 3
myst_enable_extensions = ["colon_fence"]
suppress_warnings = ["myst.header"]
copybutton_exclude = ".linenos, .gp, .go"
autodoc_member_order = "bysource"
autodoc_typehints = "signature"
autodoc_inherit_docstrings = False
python_use_unqualified_type_names = True

_INLINE = re.compile(r"`([^`]+)`")
_ANNOTATED = re.compile(
    r"~?typing\.Annotated\[([^,\[\]]+(?:\[[^\]]*\])?), [^()]*\(interval=[^)]*[)\]]\)\]"
)
_MARKUP = re.compile(r"(?<!\\)([*_|\\])")


def as_rst(lines: list[str]) -> list[str]:
    """A docstring's plain text, with code in backquotes, indented blocks and examples, as
    reStructuredText: text is escaped, `x` is a literal, and so is an indented block unless it is a
    list.
    """
    result: list[str] = []
    block = example = False
    for line in lines:
        blank = not line.strip()
        starts = line.startswith("    ") and not line.lstrip().startswith("- ")
        if example:  # until an empty line ends it
            example = not blank
            result.append(line)
        elif line.lstrip().startswith(">>>"):
            example, block = True, False
            result.append(line)
        elif block and (blank or line.startswith("    ")):
            result.append(line)
        elif starts and (not result or not result[-1].strip()):
            block = True
            result += ["::", "", line]
        else:
            block = False
            result.append(_escaped(line))
    return result


def _escaped(line: str) -> str:
    parts = _INLINE.split(line)  # text, code, text, ...
    return "".join(
        f"``{part}``" if index % 2 else _MARKUP.sub(r"\\\1", part)
        for index, part in enumerate(parts)
    )


def _process(
    _app: "Sphinx", _what: str, _name: str, _thing: Any, _options: Any, lines: list[str]
) -> None:
    lines[:] = as_rst(lines)


def _short_signature(
    _app: "Sphinx",
    _what: str,
    _name: str,
    _thing: Any,
    _options: Any,
    signature: str | None,
    result: str,
) -> tuple[str, str] | None:
    """Without the ranges of settings, which the settings' own lines give."""
    return (_ANNOTATED.sub(r"\1", signature), result) if signature else None


def _language(
    _app: "Sphinx", page: str, _template: str, context: dict[str, Any], _tree: Any
) -> None:
    if page.startswith("es/"):  # so that a screen reader reads it in Spanish
        context["language"] = "es"


def setup(app: "Sphinx") -> None:
    app.connect("autodoc-process-docstring", _process)
    app.connect("autodoc-process-signature", _short_signature)
    app.connect("html-page-context", _language)
