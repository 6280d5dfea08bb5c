"""Tables of a page: aligned numbers, runs side by side, differences marked."""

from collections.abc import Mapping, Sequence
from typing import Any

from minigrad.page.html import Html, element
from minigrad.terminal.table import cell, is_number

_LONGEST = 400  # characters in a cell


def data_cell(value: Any) -> Html:
    """A cell; numbers are aligned to the right, and sorted by the whole number."""
    if not is_number(value):
        return element("td", shortened(value))
    return element("td", cell(value), class_="number", data_value=repr(value))


def shortened(value: Any) -> str:
    text = cell(value)
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}..."


def plain_table(
    caption: str, header: Sequence[Any], rows: Sequence[Sequence[Any]], sortable: bool = False
) -> Html:
    """A table whose first column names the rows. A member that is Html is a whole cell."""
    numeric = [_is_numeric([row[i] for row in rows]) for i in range(len(header))]
    heads = [
        element("th", name, scope="col", class_="number" if right else None)
        for name, right in zip(header, numeric, strict=True)
    ]
    body = [element("tr", [_cell(value) for value in row]) for row in rows]
    return framed(caption, element("tr", heads), body, "sortable" if sortable else None)


def side_by_side(caption: str, heads: Sequence[Html], rows: Mapping[str, Sequence[Any]]) -> Html:
    """One column a run. A row whose values differ is marked, in colour and by a sign."""
    body = []
    for key, values in rows.items():
        differs = len(values) > 1 and any(repr(value) != repr(values[0]) for value in values)
        mark = element("abbr", "≠", title="differs", class_="mark") if differs else None
        cells = [data_cell(value) for value in values]
        head = element("th", key, mark, scope="row")
        body.append(element("tr", head, cells, class_="differs" if differs else None))
    columns = [element("th", "", scope="col"), *(element("th", h, scope="col") for h in heads)]
    return framed(caption, element("tr", columns), body, "sides")


def framed(caption: str, head: Html, body: Sequence[Html], kind: str | None) -> Html:
    """A table of rows under one of headings, which scrolls alone; `kind` is its class."""
    table = element(
        "table",
        element("caption", caption),
        element("thead", head),
        element("tbody", body),
        class_=kind,
    )
    return scrolling(caption, table)


def scrolling(name: str, table: Html) -> Html:
    """A wide table scrolls alone, also by the keyboard, and the page does not."""
    return element("div", table, class_="scroll", tabindex=0, role="group", aria_label=name)


def _cell(value: Any) -> Html:
    return value if isinstance(value, Html) else data_cell(value)


def _is_numeric(values: Sequence[Any]) -> bool:
    return any(map(is_number, values)) or any(
        isinstance(v, Html) and 'class="number"' in v for v in values
    )
