"""The parts of a machine that choose the last bits of a number: processor, libc, BLAS, variables.

The same program rounds differently on another processor, since libc and numpy choose among
several versions of exp, tanh or a matrix product when they start.
"""

import os
import platform
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, TypeAlias

_LIBC_VARIABLES = ("GLIBC_TUNABLES", "LD_PRELOAD", "LD_LIBRARY_PATH")
_ARRAY_VARIABLES = ("OPENBLAS_", "GOTO_", "NPY_", "MKL_", "OMP_", "BLIS_", "VECLIB_")
_EXTENSIONS = ("fma", "fma4", "avx", "avx2", "avx512f", "asimd", "sve")  # by which glibc chooses


def describe() -> dict[str, Any]:
    """The parts of the machine that are in use now. "arrays" is there only if numpy is loaded,
    which makes its choices then: without it nothing depends on them.
    """
    libc = " ".join(platform.libc_ver())
    described: dict[str, Any] = {
        "processor": _processor(),
        "libc": libc.strip() or None,
        "variables": {name: os.environ[name] for name in _LIBC_VARIABLES if name in os.environ},
    }
    if "numpy" in sys.modules:
        described["arrays"] = _arrays()
    return described


def _processor() -> dict[str, Any]:
    name, flags = "", ""
    try:
        lines = Path("/proc/cpuinfo").read_text(errors="replace").splitlines()
    except OSError:  # only Linux has it
        lines = []
    for line in lines:
        key, _, value = (part.strip() for part in line.partition(":"))
        if key == "model name":
            name = value
        elif key in ("flags", "Features"):
            flags = value
            break
    extensions = [one for one in _EXTENSIONS if one in flags.split()]
    name = name or platform.processor()  # last: it runs a program where /proc does not say
    return {"name": name, "architecture": platform.machine(), "extensions": extensions}


def _arrays() -> dict[str, Any]:
    """numpy's vector extensions, the BLAS libraries with their kernels, and their variables."""
    import numpy as np
    from threadpoolctl import threadpool_info  # here, since it is slow where numpy is not loaded

    extensions: Any = np.show_config(mode="dicts")
    extensions = extensions.get("SIMD Extensions", {})
    libraries = [
        {
            "library": f"{one['internal_api']} {one.get('version')}",
            "kernel": one.get("architecture"),
            "threads": one["num_threads"],
        }
        for one in threadpool_info()
    ]
    return {
        "extensions": [*extensions.get("baseline", ()), *extensions.get("found", ())],
        "libraries": sorted(libraries, key=lambda one: str(one["library"])),
        "variables": {
            name: value
            for name, value in sorted(os.environ.items())
            if name.startswith(_ARRAY_VARIABLES)
        },
    }


Part: TypeAlias = tuple[str, Any, Any]
"""The name of something recorded, what it was and what it is."""


def differences(before: Mapping[str, Any], now: Mapping[str, Any]) -> Iterator[Part]:
    """Each part that both record and that differs."""
    for group, names in _NAMES.items():
        old, new = before.get(group), now.get(group)
        if not isinstance(old, dict) or not isinstance(new, dict):
            continue  # an older run, or one of them had no numpy loaded
        for key, name in names.items():
            if key == "variables":
                yield from _variables(old.get(key), new.get(key))
            elif old.get(key) != new.get(key):
                yield name, _words(old.get(key)), _words(new.get(key))
    if None not in (libc := (before.get("libc"), now.get("libc"))) and libc[0] != libc[1]:
        yield "libc", *libc
    yield from _variables(before.get("variables"), now.get("variables"))


_NAMES = {
    "processor": {
        "name": "processor",
        "architecture": "architecture",
        "extensions": "the processor's vector extensions",
    },
    "arrays": {
        "extensions": "numpy's vector extensions",
        "libraries": "the libraries of numpy",
        "variables": "variables",
    },
}


def _variables(old: Any, new: Any) -> Iterator[Part]:
    if isinstance(old, dict) and isinstance(new, dict):
        for name in sorted(old.keys() | new.keys()):
            if old.get(name) != new.get(name):
                yield name, old.get(name, "unset"), new.get(name, "unset")


def _words(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(map(_words, value)) or "none"
    if isinstance(value, dict):
        return f"{value.get('library')} {value.get('kernel')} on {value.get('threads')} threads"
    return str(value)
