"""The results as text and as Markdown."""

from collections.abc import Iterator, Sequence
from typing import Any

from experiments.benchmarks.parts.findings import Findings
from experiments.benchmarks.parts.rows import Row, Section
from experiments.benchmarks.parts.surroundings import Surroundings
from minigrad.terminal.table import format_table

WIDTH = 130
HEADER = ("what", "unit", "minigrad", "peer", "peer's", "ratio", "bound")

STEPS = "A training step"
"""The section whose table of all engines and peers the README shows."""


def text(findings: Findings, details: bool = False) -> str:
    """For the terminal: one table, with a heading a question; and each section's own, if wanted."""
    parts = [machine(findings.surroundings), *_absent(findings), "", _one_table(findings.sections)]
    if details:
        parts += [
            f"\n{section.question}\n{_detail(section.detail)}"
            for section in findings.sections
            if section.detail
        ]
    methods = (f"{section.question}: {section.method}" for section in findings.sections)
    return "\n".join([*parts, "", *methods])


def markdown(findings: Findings) -> str:
    """The whole table, where it was measured, and how."""
    lines = [
        f"{machine(findings.surroundings)}.",
        *(f"{line}." for line in _absent(findings)),
        "",
        "| question | what | minigrad | peer | peer's | ratio | bound |",
        "|---|---|--:|---|--:|--:|---|",
    ]
    for section in findings.sections:
        lines += _markdown_rows(section)
    methods = (f"- {section.question}: {section.method}." for section in findings.sections)
    details = [_details(section) for section in findings.sections if section.detail]
    return "\n".join([*lines, "", *methods, *details])


def _details(section: Section) -> str:
    """A section's own table."""
    return f"\n{section.question}, in detail:\n\n```text\n{_detail(section.detail)}\n```"


def short(findings: Findings) -> str:
    """For the README: a step of everybody on every problem, the fastest of each in bold.

    An engine a line: there are fewer problems, and a narrow table needs no scrolling.
    """
    (steps,) = [section for section in findings.sections if section.question == STEPS]
    first, *engines = steps.detail[0]
    problems = [list(_grid_cells(line)) for line in steps.detail]
    lines = [_line(first, *(str(line[first]) for line in steps.detail))]
    lines += [_line("---", *["--:"] * len(problems))]
    lines += [_line(*cells) for cells in zip(engines, *problems, strict=True)]
    return "\n".join([*lines, "", f"{machine(findings.surroundings)}."])


def _grid_cells(line: dict[str, Any]) -> Iterator[str]:
    """A problem's figures, an engine a cell."""
    figures = dict([*line.items()][1:])
    fastest = min(figures[engine] for engine in figures if engine != "limit" and figures[engine])
    for figure in figures.values():
        cell = "-" if figure is None else _plain(figure)
        yield f"**{cell}**" if figure == fastest else cell


def machine(around: Surroundings) -> str:
    """One line: processor, cores and versions."""
    versions = ", ".join(f"{name} {version}" for name, version in around.versions.items())
    cores = "1 core" if around.cores == 1 else f"{around.cores} cores"
    return f"{cores} of {around.processor}, {around.machine}, {around.system}; {versions}"


def number(value: float) -> float | int:
    """Three digits: more would not be reproducible."""
    rounded = float(f"{value:.3g}")
    return int(rounded) if abs(rounded) >= 100 else rounded


def _absent(findings: Findings) -> Iterator[str]:
    """The peers that were absent, if any were needed."""
    if any(row.peer and row.ratio is None for row in findings.rows):
        for name, packages in findings.surroundings.absent.items():
            yield f"{name} is absent: its interpreter has no {' and no '.join(packages)}"


def _one_table(sections: Sequence[Section]) -> str:
    rows = [_columns(row) for section in sections for row in section.rows]
    header, *lines = format_table(HEADER, rows, WIDTH).splitlines()
    printed = [header]
    for section in sections:
        printed += ["", section.question, *lines[: len(section.rows)]]
        lines = lines[len(section.rows) :]
    return "\n".join(printed)


def _columns(row: Row) -> list[Any]:
    ratio = "absent" if row.peer and row.ratio is None else _rounded(row.ratio)
    own = [row.what, row.unit, _rounded(row.median)]
    return [*own, row.peer or "", _rounded(row.peer_median), ratio, _bound(row)]


def _rounded(value: float | None) -> Any:
    return "" if value is None else number(value)


def _bound(row: Row) -> str:
    if row.verdict is None:
        return ""
    limit = f"at least {number(row.at_least):g}" if row.at_least is not None else ""
    if row.at_most is not None:
        limit = f"at most {number(row.at_most):g}"
    return {"ok": limit, "absent": limit, "missed": f"{limit}, MISSED"}[row.verdict]


def _detail(lines: Sequence[dict[str, Any]]) -> str:
    rows = [[number(x) if isinstance(x, float) else x for x in line.values()] for line in lines]
    return format_table([*lines[0]], rows, WIDTH)


def _markdown_rows(section: Section) -> Iterator[str]:
    question = section.question
    for row in section.rows:
        yield _line(question, row.what, *_cells(row))
        question = ""


def _cells(row: Row) -> list[str]:
    """What follows `what`, with units."""
    mine, theirs = _with_unit(row.median, row.unit), ""
    if row.peer:
        theirs = "absent" if row.peer_median is None else _with_unit(row.peer_median, row.unit)
    ratio = "" if row.ratio is None else _plain(row.ratio)
    return [mine, row.peer or "", theirs, ratio, _bound(row)]


def _with_unit(value: float, unit: str) -> str:
    return f"{_plain(value)} {unit}"


def _plain(value: float) -> str:
    rounded = number(value)
    return f"{rounded:,}" if isinstance(rounded, int) else f"{rounded:g}"


def _line(*cells: str) -> str:
    return f"| {' | '.join(cells)} |"
