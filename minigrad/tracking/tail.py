"""A metrics file that grows, read from where the last reading left off."""

import os
from pathlib import Path

from minigrad.files.untrusted import open_regular
from minigrad.tracking import layout
from minigrad.tracking.names import StoreError
from minigrad.tracking.reading import MAX_LINE, parse_plain_rows, parse_row

_CHUNK = 250_000  # bytes, at least; a longer line is read whole
_MAX_DAMAGE = 20


class Tail:
    """The lines of a run's metrics.jsonl, each given once; nothing of them is held.

    `damage` is sentences on lines that cannot be read, `total` how many lines were given.
    """

    def __init__(self, run: Path) -> None:
        self._run = run
        self._identity: tuple[int, int] | None = None
        self._start_again()

    def _start_again(self) -> None:
        self._place = 0
        self._is_given_up = False
        self.total = 0
        self.damage: list[str] = []

    def read(self) -> tuple[list[dict[str, float]], bool, bool]:
        """The next lines, some 250 kB of them; whether the file is another than before, or was cut
        off, so that these lines are its first; and whether there are more.

        Raises StoreError where the file is missing or cannot be read.
        """
        try:
            with open_regular(self._run / layout.METRICS, follow_links=False) as file:
                status = os.fstat(file.fileno())
                identity = (status.st_dev, status.st_ino)
                is_new = identity != self._identity or status.st_size < self._place
                if is_new:
                    self._start_again()
                    self._identity = identity
                if self._is_given_up:
                    return [], is_new, False
                file.seek(self._place)
                raw = file.read(_CHUNK)
                if b"\n" not in raw:
                    raw += file.read(MAX_LINE)
        except FileNotFoundError:
            raise StoreError(f"{layout.METRICS} is missing") from None
        except OSError as error:
            raise StoreError(f"{layout.METRICS} cannot be read: {error.strerror}") from None
        rows = self._rows(raw)
        return rows, is_new, len(raw) >= _CHUNK

    def _rows(self, raw: bytes) -> list[dict[str, float]]:
        """The whole lines; a last one without its end is read when it has one."""
        end = raw.rfind(b"\n") + 1
        if not end and len(raw) >= MAX_LINE:
            self._give_up(f"a line of more than {MAX_LINE:,} bytes")
            return []
        self._place += end
        lines = raw[:end].splitlines()
        rows = parse_plain_rows(lines)
        if rows is None:
            rows = self._each(lines)
        self.total += len(rows)
        return rows

    def _each(self, lines: list[bytes]) -> list[dict[str, float]]:
        rows = []
        for line in lines:
            try:
                rows.append(parse_row(line))
            except ValueError as error:
                self.damage.append(f"{layout.METRICS}: {error}")
                if len(self.damage) >= _MAX_DAMAGE:
                    self._give_up("too much of it is damaged")
                    break
        return rows

    def _give_up(self, why: str) -> None:
        self._is_given_up = True
        self.damage.append(f"{layout.METRICS}: {why}: it is not read any further")
