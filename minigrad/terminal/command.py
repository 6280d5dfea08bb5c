"""For all commands: usage errors on one line, and output to a reader that may have gone."""

import argparse
import io
import os
import sys
from collections.abc import Callable, Iterable
from typing import Any, NoReturn


class Parser(argparse.ArgumentParser):
    """A parser whose errors are one line, and which does not complete abbreviated options."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(**{"allow_abbrev": False, **settings})  # --seed must not pass for --seeds

    def error(self, message: str) -> NoReturn:
        """One line, where argparse prints the usage too."""
        self.exit(2, f"{self.prog}: {message} (--help tells more)\n")


def whole_number(most: int | None = None) -> Callable[[str], int]:
    """The type of an option that is a whole number from 1 to `most`."""

    def parse(text: str) -> int:
        if not text.isdecimal() or not 1 <= int(text) <= (most or int(text)):
            raise argparse.ArgumentTypeError(f"must be a whole number from 1, found {text!r}")
        return int(text)

    return parse


def print_lines(lines: Iterable[str]) -> None:
    """Print the lines and flush them. A reader that has gone, as `head -1` does, is no error.

    Raises OSError where the output cannot be written, as to a full disk.
    """
    try:
        print(*lines, sep="\n", flush=True)
    except OSError as error:
        # the rest of the buffer would fail again when Python exits
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        if not isinstance(error, BrokenPipeError):
            raise


def escape_unprintable() -> None:
    """Make standard output escape characters that its encoding lacks, instead of raising."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")
