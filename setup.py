"""Builds the native machine, where there is a C compiler; everything else is in pyproject.toml."""

import os
import platform
from pathlib import Path

from setuptools import Extension, setup
from setuptools.command.build_ext import build_ext

SOURCES = Path("minigrad/native")

# Bits must not depend on the compiler: nothing is contracted or reordered.
FLAGS = ["-std=c11", "-O3", "-g0", "-ffp-contract=off", "-fno-strict-aliasing"]
FLAGS += ["-fvisibility=hidden"]
SANITIZE = ["-g", "-O1", "-fsanitize=address,undefined", "-fno-sanitize-recover=undefined"]

# Each processor's machine is machine.c, compiled once more with these.
MACHINES: dict[str, list[str]] = {"baseline": []}
if platform.machine().lower() in ("x86_64", "amd64"):
    MACHINES["avx2"] = ["-mavx2", "-mfma"]
    MACHINES["avx512"] = ["-mavx512f", "-mavx512dq", "-mavx512vl", "-mavx2", "-mfma"]


class BuildMachines(build_ext):
    """Compiles each machine with flags of its own, then the module that chooses among them."""

    def build_extension(self, ext: Extension) -> None:
        for name, flags in MACHINES.items():
            ext.extra_objects += self.compiler.compile(
                [str(SOURCES / f"{name}.c")],
                output_dir=self.build_temp,
                extra_postargs=[*ext.extra_compile_args, *flags],
                depends=[str(header) for header in SOURCES.glob("*.[ch]")],
            )
        super().build_extension(ext)


sanitizing = SANITIZE if os.environ.get("MINIGRAD_SANITIZE") else []
extra = os.environ.get("MINIGRAD_CFLAGS", "").split()

setup(
    ext_modules=[
        Extension(
            "minigrad.native._machine",
            [str(SOURCES / "module.c")],
            depends=[str(header) for header in SOURCES.glob("*.h")],
            extra_compile_args=[*FLAGS, *sanitizing, *extra],
            extra_link_args=[*sanitizing, "-lm"],
            optional=True,  # without it minigrad.native says so, and everything else works
            py_limited_api=True,
        )
    ],
    options={"bdist_wheel": {"py_limited_api": "cp311"}},
    cmdclass={"build_ext": BuildMachines},
)
