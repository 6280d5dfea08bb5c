"""Builds the native machine, where there is a C compiler; puts configs and labs into the wheel.

The README on the page of a package index needs absolute addresses: they start with
MINIGRAD_URL of the environment, or git's origin. Where neither is known, a picture's alternative
text stands in its place. Everything else is in pyproject.toml.
"""

import os
import platform
import re
import shutil
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from setuptools import Extension, setup
from setuptools.command.build_ext import build_ext
from setuptools.command.build_py import build_py

SOURCES = Path("minigrad/native")

# Bits must not depend on the compiler: nothing is contracted or reordered. -O3 takes a third more
# time to compile and is no faster: where a loop should be unrolled, the source says so.
FLAGS = ["-std=c11", "-O2", "-g0", "-ffp-contract=off", "-fno-strict-aliasing"]
FLAGS += ["-fvisibility=hidden"]
SANITIZE = ["-g", "-O1", "-fsanitize=address,undefined", "-fno-sanitize-recover=undefined"]

# Each processor's machine is machine.c, compiled once more with these.
MACHINES: dict[str, list[str]] = {"baseline": []}
if platform.machine().lower() in ("x86_64", "amd64"):
    # for processors from before 2013, which wait for libm's fma: more takes longer and gains little
    MACHINES["baseline"] = ["-O1"]
    MACHINES["avx2"] = ["-mavx2", "-mfma"]
    MACHINES["avx512"] = ["-mavx512f", "-mavx512dq", "-mavx512vl", "-mavx2", "-mfma"]


# Folders of the clone, and where an installed minigrad finds them.
CARRIED = {
    "configs": "minigrad/configs",
    "docs/lab": "minigrad/lab/en",
    "docs/es/lab": "minigrad/lab/es",
}


def repository() -> str | None:
    """The address of the repository, as https://host/owner/name."""
    url = os.environ.get("MINIGRAD_URL", "")
    if not url and Path(".git").exists() and shutil.which("git"):
        command = ["git", "config", "--get", "remote.origin.url"]
        url = subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip()
    return url.removesuffix("/").removesuffix(".git") if url.startswith("https://") else None


def page(text: str, url: str | None) -> str:
    """The README for the page of a package index: links and pictures without relative paths."""

    def absolute(match: re.Match[str]) -> str:
        mark, name, target = match.groups()
        if "://" in target or target.startswith("#"):
            return match[0]
        if url is None:
            return f"*{name}*" if mark else name
        return f"{mark}[{name}]({url}/{'raw' if mark else 'blob'}/HEAD/{target})"

    return re.sub(r"(!?)\[([^\]]*)\]\(([^)\s]+)\)", absolute, text)


class BuildPython(build_py):
    """Copies what is CARRIED. An editable install uses the clone's own folders."""

    def run(self) -> None:
        super().run()
        if not self.editable_mode:
            for source, target in CARRIED.items():
                copy = Path(self.build_lib) / target
                shutil.rmtree(copy, ignore_errors=True)
                ignored = shutil.ignore_patterns("__pycache__", ".*")
                shutil.copytree(source, copy, ignore=ignored)


class BuildMachines(build_ext):
    """Compiles each machine with flags of its own, then the module that chooses among them."""

    def build_extension(self, ext: Extension) -> None:
        with ThreadPoolExecutor() as threads:  # in turns they take most of the install's time
            for objects in threads.map(lambda name: self._compile(name, ext), MACHINES):
                ext.extra_objects += objects
        super().build_extension(ext)

    def _compile(self, name: str, ext: Extension) -> list[str]:
        objects: list[str] = self.compiler.compile(
            [str(SOURCES / f"{name}.c")],
            output_dir=self.build_temp,
            extra_postargs=[*ext.extra_compile_args, *MACHINES[name]],
            depends=[str(header) for header in SOURCES.glob("*.[ch]")],
        )
        return objects


sanitizing = SANITIZE if os.environ.get("MINIGRAD_SANITIZE") else []
extra = os.environ.get("MINIGRAD_CFLAGS", "").split()

url = repository()
addresses = {"Repository": url, "Changelog": f"{url}/blob/HEAD/CHANGELOG.md"} if url else {}

setup(
    long_description=page(Path("README.md").read_text(encoding="utf-8"), url),
    long_description_content_type="text/markdown",
    project_urls=addresses,
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
    cmdclass={"build_ext": BuildMachines, "build_py": BuildPython},
)
