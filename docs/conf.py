"""The documentation site: python -m sphinx -W --keep-going docs build/site

Sphinx with MyST, since it reads the pages as they are, takes the reference out of the docstrings,
searches without a server and names every link that leads nowhere.
"""

import posixpath
import re
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sphinx.application import Sphinx

HERE = Path(__file__).parent

project = "minigrad"
author = "the minigrad developers"
project_copyright = "%Y, the minigrad developers. Text: CC BY 4.0; code: MIT"
extensions = ["myst_nb", "sphinx.ext.autodoc", "sphinx.ext.viewcode", "sphinx_copybutton"]
html_theme = "furo"
html_title = "minigrad"
html_show_sphinx = False
html_static_path = ["_static"]
html_css_files = ["site.css"]
exclude_patterns = ["conftest.py", "lab/*.py"]
nb_execution_mode = "off"  # a notebook holds its outputs, and tests compare them
myst_heading_anchors = 3
myst_enable_extensions = ["colon_fence"]
suppress_warnings = ["myst.header"]
smartquotes = False  # "" is an empty text, not two closing quotes
copybutton_exclude = ".linenos, .gp, .go"
autodoc_member_order = "bysource"
autodoc_typehints = "signature"
autodoc_inherit_docstrings = False
python_use_unqualified_type_names = True

_CAPTION = '<p class="caption"'
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
    app: "Sphinx", page: str, _template: str, context: dict[str, Any], _tree: Any
) -> None:
    """A Spanish page says that it is one, and lists the Spanish pages first; each page links to its
    translation.
    """
    spanish = page.startswith("es/")
    if spanish:
        context["language"] = "es"  # so that a screen reader reads it in Spanish
        context["furo_navigation_tree"] = _last_first(context["furo_navigation_tree"])
    other = page.removeprefix("es/") if spanish else f"es/{page}"
    if page in ("index", "es/README"):
        other = "index" if spanish else "es/README"
    if other in app.env.all_docs:
        code, name = ("en", "English") if spanish else ("es", "Español")
        link = _relative(app, page, app.builder.get_target_uri(other))
        context["body"] = (
            f'<p class="language"><a href="{link}" hreflang="{code}" lang="{code}">{name}</a></p>'
            + context["body"]
        )


def _relative(app: "Sphinx", page: str, target: str) -> str:
    from sphinx.util.osutil import relative_uri

    return relative_uri(app.builder.get_target_uri(page), target)


def _last_first(tree: str) -> str:
    """A navigation's HTML with its last section, a caption and a list, before the others."""
    first, last, end = tree.find(_CAPTION), tree.rfind(_CAPTION), tree.rfind("</ul>") + len("</ul>")
    return tree[:first] + tree[last:end] + tree[first:last] + tree[end:]


def _ready_made(page: str, link: str) -> str | None:
    """A file such as steps/xor.html, from the root of these pages, if the link leads to one."""
    target = posixpath.normpath(posixpath.join(posixpath.dirname(page), link))
    is_page = re.fullmatch(r"(steps|reports)/[\w-]+\.html", target)
    return target if is_page and (HERE / target).exists() else None


def _open_in_place(app: "Sphinx", tree: Any, page: str) -> None:
    """Links to pages that are HTML already open them; Sphinx would download them."""
    from docutils.nodes import reference  # here, since a test runs this file without Sphinx
    from sphinx.addnodes import download_reference

    for node in list(tree.findall(download_reference)):
        target = _ready_made(page, node["reftarget"])
        if target and app.builder.format == "html":
            link = reference(internal=True, refuri=_relative(app, page, target))
            link += node.children
            node.replace_self(link)


def _copy_ready_made(app: "Sphinx", error: Exception | None) -> None:
    if error is None and app.builder.format == "html":
        for folder in ("steps", "reports"):
            for page in (HERE / folder).glob("*.html"):
                shutil.copy(page, Path(app.outdir) / folder)


def setup(app: "Sphinx") -> None:
    app.connect("doctree-resolved", _open_in_place)
    app.connect("build-finished", _copy_ready_made)
    app.connect("autodoc-process-docstring", _process)
    app.connect("autodoc-process-signature", _short_signature)
    app.connect("html-page-context", _language, priority=900)  # after the theme's own
