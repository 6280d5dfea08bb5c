"""The compiled machine, if it was built."""

import importlib
import os
from typing import Any

VARIABLE = "MINIGRAD_NATIVE"
"""Names the machine to use, such as baseline, in place of the best that the processor can run."""


class NativeMissing(ImportError):
    """The machine was not built, or cannot be loaded; one sentence."""


def module() -> Any:
    """The C side. Raises NativeMissing."""
    try:
        return importlib.import_module("minigrad.native._machine")
    except ImportError as error:
        raise NativeMissing(_reason(error)) from None


def available() -> bool:
    """Whether the native machine is there."""
    return not reason()


def reason() -> str:
    """Why the native machine is not there, in one line; nothing if it is."""
    try:
        machine_name()
    except (NativeMissing, ValueError) as error:
        return str(error)
    return ""


def machine_name() -> str:
    """Which machine runs: the best for this processor, or the one that MINIGRAD_NATIVE names.

    Raises NativeMissing, and ValueError for a name that this processor cannot run.
    """
    names: tuple[str, ...] = module().machines()
    wanted = os.environ.get(VARIABLE)
    if not wanted:
        return names[0]
    if wanted not in names:
        raise ValueError(f"{VARIABLE} must be one of {', '.join(names)} here, found {wanted!r}")
    return wanted


def is_named() -> bool:
    """Whether MINIGRAD_NATIVE names the machine."""
    return bool(os.environ.get(VARIABLE))


def _reason(error: ImportError) -> str:
    if isinstance(error, ModuleNotFoundError):
        return (
            "the native engine was not built: install a C compiler, "
            "then minigrad again with pip install"
        )
    return f"the native engine cannot be loaded: {error}"
