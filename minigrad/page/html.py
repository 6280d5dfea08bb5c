"""HTML from data: whatever is not `Html` already is escaped, so that no text becomes markup."""

from collections.abc import Iterable
from html import escape

from minigrad.terminal.text import printable

_VOID = ("br", "col", "hr", "img", "input", "meta")


class Html(str):
    """Markup that is taken as it is."""

    __slots__ = ()


def element(name: str, /, *children: object, **attributes: object) -> Html:
    """An element. A child is Html, a list of children, None (nothing), or else text.

    An attribute's underscores are hyphens, one at its end is dropped; True stands for an attribute
    without a value, None and False for none.

    >>> element("td", "a < b", class_="number", data_sort=0.5, hidden=False)
    '<td class="number" data-sort="0.5">a &lt; b</td>'
    """
    written = "".join(_attribute(key, value) for key, value in attributes.items())
    start = f"<{name}{written}>"
    return Html(start if name in _VOID else f"{start}{fragment(*children)}</{name}>")


def fragment(*children: object) -> Html:
    """The children one after another, as `element` takes them."""
    return Html("".join(_child(child) for child in children))


def _child(child: object) -> str:
    if child is None:
        return ""
    if isinstance(child, Html):
        return child
    if isinstance(child, Iterable) and not isinstance(child, str | bytes | dict):
        return fragment(*child)
    return escape(printable(str(child)))


def _attribute(key: str, value: object) -> str:
    name = key.rstrip("_").replace("_", "-")
    if value is None or value is False:
        return ""
    return f" {name}" if value is True else f' {name}="{escape(printable(str(value)))}"'
