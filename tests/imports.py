"""The arrows of the code: which room imports which, read from every import statement."""

import ast
import functools
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

PACKAGES = ("minigrad", "nn", "optim")


@dataclass(frozen=True)
class Arrow:
    """`module` imports `name`: a module of the project, or the top of another package."""

    module: str
    name: str

    def __str__(self) -> str:
        return f"{self.module} imports {self.name}"


def arrows(root: Path) -> list[Arrow]:
    """Every import in the project below `root`, also under TYPE_CHECKING and inside functions."""
    paths = sorted(path for package in PACKAGES for path in (root / package).rglob("*.py"))
    modules = {_module(path.relative_to(root)): path for path in paths}
    return [
        Arrow(module, name)
        for module, path in modules.items()
        for name in dict.fromkeys(_imports(module, path, modules))
    ]


@functools.cache
def our_arrows() -> list[Arrow]:
    """Those of this project, read by the first test that asks."""
    return arrows(Path(__file__).parents[1])


def room(module: str) -> str:
    """The room of a module: a package of its own, or a file in `minigrad/`.

    >>> room("minigrad.tracking.run"), room("minigrad.value"), room("optim.sgd"), room("minigrad")
    ('minigrad.tracking', 'minigrad.value', 'optim', 'minigrad')
    """
    parts = module.split(".")
    return ".".join(parts[:2]) if parts[0] == "minigrad" else parts[0]


def circle(pairs: set[tuple[str, str]]) -> list[str]:
    """A path of arrows that leads back to its start; empty where there is none."""
    below: dict[str, list[str]] = {}
    for start, end in sorted(pairs):
        if start != end:
            below.setdefault(start, []).append(end)
    done: set[str] = set()

    def walk(place: str, path: list[str]) -> list[str]:
        if place in path:
            return [*path[path.index(place) :], place]
        if place in done:
            return []
        for following in below.get(place, []):
            if closed := walk(following, [*path, place]):
                return closed
        done.add(place)
        return []

    return next((closed for start in list(below) if (closed := walk(start, []))), [])


def _module(path: Path) -> str:
    parts = path.with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def _imports(module: str, path: Path, modules: dict[str, Path]) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield _known(alias.name, modules)
        elif isinstance(node, ast.ImportFrom):
            package = module if path.stem == "__init__" else module.rpartition(".")[0]
            above = package.split(".")[: 1 - node.level or None] if node.level else []
            for alias in node.names:
                name = ".".join([*above, *filter(None, [node.module]), alias.name])
                yield _known(name, modules)
        elif isinstance(node, ast.Call):  # import_module("..."), which names a module in full
            match node.func, node.args:
                case (
                    ast.Attribute(attr="import_module") | ast.Name("import_module" | "__import__"),
                    [ast.Constant(str() as name), *_],
                ):
                    if name in modules or name.partition(".")[0] not in PACKAGES:
                        yield _known(name, modules)


def _known(name: str, modules: dict[str, Path]) -> str:
    """The module that holds `name`; of another package, its top."""
    if name.partition(".")[0] not in PACKAGES:
        return name.partition(".")[0]
    while name not in modules and "." in name:
        name = name.rpartition(".")[0]
    return name
