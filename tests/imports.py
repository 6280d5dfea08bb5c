"""The arrows of the code: which room imports which, read from every import statement."""

import ast
import functools
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

PACKAGES = ("minigrad", "nn", "optim")
LOADERS = ("import_module", "__import__")
COMPUTED = "a-computed-name"


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
    package = module if path.stem == "__init__" else module.rpartition(".")[0]
    nodes = list(ast.walk(ast.parse(path.read_text(encoding="utf-8"))))
    for node in nodes:
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield _known(alias.name, modules)
        elif isinstance(node, ast.ImportFrom):
            for alias in node.names:
                name = ".".join(filter(None, [node.module, alias.name]))
                yield _known(_absolute("." * node.level + name, package), modules)
    loaded = list(_loaded(nodes))
    for name in filter(None, loaded):
        whole = _absolute(name, package)
        if whole in modules or whole.partition(".")[0] not in PACKAGES:
            yield _known(whole, modules)
    if None in loaded:
        yield COMPUTED


def _loaded(nodes: list[ast.AST]) -> Iterator[str | None]:
    """What import_module and __import__ are called with, under any name: a text, or None for what
    only the running program knows."""
    froms = [node for node in nodes if isinstance(node, ast.ImportFrom)]
    aliases = [alias for node in froms for alias in node.names]
    loaders = {alias.asname or alias.name for alias in aliases if alias.name in LOADERS}
    names: dict[ast.AST, str | None] = {
        node: None
        for node in nodes
        if (isinstance(node, ast.Name) and node.id in loaders | {"__import__"})
        or (isinstance(node, ast.Attribute) and node.attr in LOADERS)
    }
    for node in nodes:
        if isinstance(node, ast.Call) and node.func in names:
            match [*node.args[:1], *(word.value for word in node.keywords if word.arg == "name")]:
                case [ast.Constant(str() as name)]:
                    names[node.func] = name
    yield from names.values()


def _absolute(name: str, package: str) -> str:
    """A name that may begin with dots, as seen from the package."""
    bare = name.lstrip(".")
    above = package.split(".")[: 1 - (len(name) - len(bare)) or None] if bare != name else []
    return ".".join([*above, bare])


def _known(name: str, modules: dict[str, Path]) -> str:
    """The module that holds `name`; of another package, its top."""
    if name.partition(".")[0] not in PACKAGES:
        return name.partition(".")[0]
    while name not in modules and "." in name:
        name = name.rpartition(".")[0]
    return name
