"""The native functions on NumPy arrays, compiled for whoever measures or tests them."""

import ctypes
import os
import subprocess
from pathlib import Path

import numpy as np
import numpy.typing as npt

HERE = Path(__file__).resolve().parent
HEADERS = HERE.parents[1] / "minigrad" / "native"

NAMES = ["exp", "expm1", "log", "log1p", "tanh", "sigmoid", "softplus", "erf", "sin", "cos", "sqrt"]
"""The functions of one argument; pow has two."""

Array = npt.NDArray[np.float64]


class Functions:
    """`functions.c` as a library, built into `folder` by `compiler` with `flags`.

    Raises:
        OSError: there is no such compiler.
        subprocess.CalledProcessError: it refuses the code.
    """

    def __init__(self, folder: Path, compiler: str = "cc", flags: str = "-O3 -DLANES=2") -> None:
        library = folder / f"{compiler}{flags.replace(' ', '')}.so"
        strict = "-std=c11 -Wall -Wextra -Wno-psabi -Werror -ffp-contract=off -shared -fPIC"
        command = [compiler, *strict.split(), *flags.split(), f"-I{HEADERS}"]
        command += [str(HERE / "functions.c"), "-o", str(library), "-lm"]
        subprocess.run(command, check=True, capture_output=True, text=True)
        self._library = ctypes.CDLL(os.fspath(library))

    def __call__(self, name: str, *arguments: Array) -> Array:
        """The function's values, shaped [numbers] as each of its arguments is."""
        count = len(arguments[0])
        padded = [np.pad(a, (0, -count % 8), constant_values=1.0) for a in arguments]
        result = np.empty_like(padded[0])
        pointers = [array.ctypes.data_as(ctypes.c_void_p) for array in (*padded, result)]
        self._library[f"each_{name}"](*pointers, ctypes.c_long(len(result)))
        return result[:count]
