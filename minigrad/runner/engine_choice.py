"""Which engine runs a training that names none: the native one, and numpy where it is not there."""

from collections.abc import Sequence

from minigrad import native
from minigrad.config.source import raw

EAGER = ("eager", None)
"""What a file says that leaves the choice to `--seeds` and sweeps: Values are for single runs."""


def fast_engine() -> tuple[str, str]:
    """The fastest engine that is there, and a sentence if it is not the native one."""
    if missing := native.reason():
        return "numpy", f"{missing}; this is trained on train.engine=numpy"
    return "native", ""


def is_chosen(path: str | None, overrides: Sequence[str]) -> bool:
    """Whether the command line names an engine, or the file another than eager."""
    settings = [override.partition("=") for override in overrides]
    if any(key == "train.engine" or (key == "train" and "engine" in v) for key, _, v in settings):
        return True
    train = None if path is None else raw(path).get("train")
    return isinstance(train, dict) and train.get("engine") not in EAGER


def has_plugins(path: str, overrides: Sequence[str]) -> bool:
    """Whether there is code of one's own, which only eager runs whatever it does."""
    return bool(raw(path).get("plugins")) or any(one.startswith("plugins") for one in overrides)
