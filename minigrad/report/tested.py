"""What a run's model does on the part of the data that was held apart from training."""

from collections.abc import Mapping, Sequence
from typing import Any

from minigrad.page.html import Html, element, fragment
from minigrad.report.parts import Subject, section
from minigrad.report.tables import framed, plain_table, shortened, side_by_side
from minigrad.terminal.table import cell
from minigrad.tracking.check import read_test
from minigrad.tracking.reading import flatten
from minigrad.tracking.store import StoreError

_MOST_CLASSES = 50
_SHADES = 8
_OF_CLASSES = ("classes", "confusion", "precision", "recall")


def test_section(subjects: Sequence[Subject]) -> Html | None:
    """The test part of the runs that have one: measures side by side, and of classes a confusion
    matrix with precision and recall. None if no run has it.
    """
    results = [(one, test) for one in subjects if (test := _read(one)) is not None]
    if not results:
        return None
    measures = [
        flatten({key: value for key, value in test.items() if key not in _OF_CLASSES})
        for _, test in results
    ]
    keys = list(dict.fromkeys(key for some in measures for key in some))
    rows = {key.replace("_", " "): [some.get(key) for some in measures] for key in keys}
    return section(
        "Test part",
        element(
            "p",
            "Rows that were held apart: nothing was trained on them or chosen by them.",
            class_="hint",
        ),
        side_by_side("Measures on the test part", [one.head for one, _ in results], rows),
        [_of_classes(one, test, len(subjects) > 1) for one, test in results],
        id_="test",
    )


def _read(one: Subject) -> dict[str, Any] | None:
    try:
        return read_test(one.run)
    except StoreError:
        return None


def _of_classes(one: Subject, test: Mapping[str, Any], is_named: bool) -> Html | None:
    names, matrix = test.get("classes", []), test.get("confusion", [])
    if not names:
        return None
    if len(names) > _MOST_CLASSES:
        return element("p", f"The confusion of {len(names):,} classes is in test.json.")
    head = element("h3", "Confusion matrix", [": ", one.head] if is_named else None)
    return fragment(head, element("div", _matrix(names, matrix), _by_class(test), class_="beside"))


def _matrix(names: Sequence[Any], matrix: Sequence[Sequence[int]]) -> Html:
    """Shaded by the share of its row: a row a class, a column an answer."""
    top = element(
        "tr",
        element("th", "class \\ answer", scope="col"),
        [element("th", shortened(name), scope="col") for name in names],
    )
    body = []
    for i, (name, row) in enumerate(zip(names, matrix, strict=True)):
        total = max(1, sum(row))
        cells = [
            element(
                "td",
                f"{count:,}",
                class_=_shade(count / total, i == j),
                title=f"{count / total:.0%} of {name} answered as {names[j]}",
            )
            for j, count in enumerate(row)
        ]
        body.append(element("tr", element("th", shortened(name), scope="row"), cells))
    caption = "Confusion matrix: a row for each class, a column for each answer"
    return framed(caption, top, body, "heat")


def _shade(share: float, is_right: bool) -> str | None:
    """Blue for right answers, orange for wrong ones, the darker the larger the share."""
    if not share:
        return "none"
    place = min(_SHADES // 2 - 1, int(share * _SHADES / 2))
    return f"h{_SHADES // 2 - 1 - place}" if is_right else f"h{_SHADES // 2 + place}"


def _by_class(test: Mapping[str, Any]) -> Html | None:
    names = [str(name) for name in test["classes"]]
    columns = [key for key in ("precision", "recall") if key in test]
    rows = [
        [
            element("th", shortened(name), scope="row"),
            *(_of(test[key], name, i) for key in columns),
            sum(test["confusion"][i]),
        ]
        for i, name in enumerate(names)
    ]
    return plain_table("Precision and recall", ["class", *columns, "rows"], rows, sortable=True)


def _of(measures: Any, name: str, place: int) -> Any:
    """The measure of a class, from a mapping by name or a list; None for anything else."""
    if isinstance(measures, Mapping):
        value = measures.get(name)
    else:
        in_list = isinstance(measures, list) and place < len(measures)
        value = measures[place] if in_list else None
    return value if isinstance(value, int | float | None) else cell(value)
