"""How this process was called, so that a hint names a command that its reader can type."""

import sys
from pathlib import Path


def command_line(verb: str) -> str:
    """How the reader of a hint calls a verb, judged by how this process was called.

    "minigrad train" in the command minigrad; "python -m minigrad train" and, as from a script of
    one's own, "python -m minigrad.train" elsewhere.
    """
    called = Path(sys.argv[0] if sys.argv else "")
    if called.stem == "minigrad":
        return f"minigrad {verb}"
    is_package = called.name == "__main__.py" and called.parent.name == "minigrad"
    return f"python -m minigrad {verb}" if is_package else f"python -m minigrad.{verb}"
