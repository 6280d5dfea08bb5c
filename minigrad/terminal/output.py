"""Lines written to an output that may be closed early."""

import os
import sys
from collections.abc import Iterable
from typing import TextIO


class OutputError(OSError):
    """What was to be printed cannot be, as on a full disk; a sentence."""


def print_lines(lines: Iterable[str], stream: TextIO | None = None) -> None:
    """Print the lines, on standard output by default, and flush them. A closed output, as with
    `head -1`, is no error.

    Raises OutputError where the output cannot be written, as to a full disk.
    """
    to = sys.stdout if stream is None else stream
    try:
        print(*lines, sep="\n", file=to, flush=True)
    except OSError as error:
        # the rest of the buffer would raise again when Python exits
        os.dup2(os.open(os.devnull, os.O_WRONLY), to.fileno())
        if not isinstance(error, BrokenPipeError):
            sentence = f"the output cannot be written: {error.strerror or error}"
            raise OutputError(sentence) from None
