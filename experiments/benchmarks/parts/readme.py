"""The place of a table in a README: between two markers, which stay."""

import sys
from pathlib import Path

MARKERS = ("<!-- benchmarks -->\n", "<!-- /benchmarks -->\n")


def between(path: Path) -> str:
    """The present text between the markers. A file without them ends the program."""
    return _parted(path)[1].strip("\n")


def put(path: Path, table: str) -> None:
    before, _, after = _parted(path)
    begin, end = MARKERS
    path.write_text(f"{before}{begin}{table}\n{end}{after}", encoding="utf-8")


def _parted(path: Path) -> tuple[str, str, str]:
    begin, end = MARKERS
    before, begun, rest = path.read_text(encoding="utf-8").partition(begin)
    inside, ended, after = rest.partition(end)
    if not (begun and ended):
        sys.exit(f"{path.name}: needs a line {begin.strip()} and below it {end.strip()}")
    return before, inside, after
