"""ARCHITECTURE.md: its arrows are the code's. Nothing of the project is imported here, so that a
circle that keeps it from being imported is named too."""

import ast
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests import imports
from tests.imports import Arrow, arrows, circle, our_arrows, room

TEXT = Path("ARCHITECTURE.md").read_text(encoding="utf-8")

FLOORS = {
    name.removesuffix(".py").replace("/", "."): int(floor)
    for floor, names in re.findall(r"^\| (\d+) \| ([^|]+) \|", TEXT, re.MULTILINE)
    for name in re.findall(r"`([\w/.]+)`", names)
}
COMMANDS, FACE = 12, 13

PROJECT = ("minigrad", "nn", "optim")
FORBIDDEN = {
    "value.py imports nothing of the project": ("minigrad.value", PROJECT),
    "terminal knows nothing of the project": ("minigrad.terminal", PROJECT),
    "files knows nothing of the project": ("minigrad.files", PROJECT),
    "optim knows no model": ("optim", ("minigrad.value", "minigrad.tensor", "nn")),
    "tracking knows no config, engine or trainer": (
        "minigrad.tracking",
        (
            *("minigrad.config", "minigrad.engines", "minigrad.lift", "minigrad.runner"),
            "minigrad.training",
        ),
    ),
    "training knows no YAML, file or screen": (
        "minigrad.training",
        (
            *("minigrad.files", "minigrad.terminal", "minigrad.config", "minigrad.tracking"),
            *("yaml", "tqdm", "rich", "curses", "pathlib", "sys", "os", "shutil", "tempfile"),
        ),
    ),
    "lift knows no engine": ("minigrad.lift", ("minigrad.engines",)),
}
STORED = ("minigrad.training.seeds", "minigrad.training.seed_table")
"""What tracking reads of a run of many seeds: data, and no trainer."""

LOADS_BY_NAME = {
    *("minigrad", "minigrad.__main__", "minigrad.lift.executors"),
    *("minigrad.sweep.__main__", "minigrad.tracking.export"),
}
"""These may import a module whose name they compute, which nothing here can read."""


def lies_in(module: str, places: tuple[str, ...]) -> bool:
    return any(module == place or module.startswith(f"{place}.") for place in places)


def broken_walls(arrows: list[Arrow]) -> list[str]:
    """The walls of ARCHITECTURE.md that the arrows go through, each with the arrow."""
    inner = [arrow for arrow in arrows if not arrow.module.endswith("__main__")]
    broken = [
        f"{wall}: {arrow}"
        for wall, (place, walls) in FORBIDDEN.items()
        for arrow in inner
        if lies_in(arrow.module, (place,))
        and lies_in(arrow.name, walls)
        and not lies_in(arrow.name, (place, *STORED))
    ]
    for arrow in arrows:
        start, end = room(arrow.module), room(arrow.name)
        if arrow.name == "matplotlib" and start != "minigrad.plot":
            broken.append(f"matplotlib is imported in plot alone: {arrow}")
        if arrow.name == imports.COMPUTED and arrow.module not in LOADS_BY_NAME:
            broken.append(f"an import is one that can be read: {arrow}")
        if arrow.name.split(".")[0] not in PROJECT or start == end or start == "minigrad":
            continue
        floor = COMMANDS if arrow.module.endswith("__main__") else FLOORS[start]
        if FLOORS.get(end, FACE) >= floor:
            broken.append(f"a room imports only rooms on floors below its own: {arrow}")
    modules = {(arrow.module, arrow.name) for arrow in arrows}
    if closed := circle(modules):
        broken.append(f"there is no circle of imports: {' -> '.join(closed)}")
    return broken


def test_no_arrow_goes_through_a_wall() -> None:
    assert len(our_arrows()) > 500
    broken = broken_walls(our_arrows())
    assert not broken, "\n".join(broken)


@pytest.mark.parametrize(
    ("wall", "arrow"),
    [
        ("value.py imports nothing of the project", "minigrad.value minigrad.registry"),
        ("terminal knows nothing of the project", "minigrad.terminal.table minigrad.files.whole"),
        ("files knows nothing of the project", "minigrad.files.whole minigrad.terminal.text"),
        ("optim knows no model", "optim.sgd minigrad.value"),
        ("tracking knows no config", "minigrad.tracking.store minigrad.config.models"),
        ("tracking knows no config", "minigrad.tracking.check minigrad.training.trainer"),
        ("training knows no YAML", "minigrad.training.trainer tqdm"),
        ("training knows no YAML", "minigrad.training.batches minigrad.files.whole"),
        ("tracking knows no config", "minigrad.tracking.run minigrad.training.protocol"),
        ("lift knows no engine", "minigrad.lift.program minigrad.engines.eager"),
        ("an import is one that can be read", f"minigrad.lift.program {imports.COMPUTED}"),
        ("matplotlib is imported in plot alone", "minigrad.doctor.checks matplotlib"),
        ("a room imports only rooms on floors below", "nn.losses minigrad.runner.build"),
        ("a room imports only rooms on floors below", "minigrad.plot.curves minigrad.runs"),
        ("a room imports only rooms on floors below", "minigrad.data minigrad"),
        ("there is no circle of imports", "minigrad.config.models minigrad.config.source"),
    ],
)
def test_an_arrow_through_a_wall_is_named(wall: str, arrow: str) -> None:
    module, name = arrow.split()
    assert any(line.startswith(wall) for line in broken_walls([*our_arrows(), Arrow(module, name)]))


def test_no_function_hides_its_module() -> None:
    """Else the name is a module or a function, as the imports before it had it."""
    allowed = {"minigrad/gradcheck.py"}  # as torch.autograd.gradcheck
    for path in (path for top in PROJECT for path in Path(top).rglob("*.py")):
        name = path.parent.name if path.stem == "__init__" else path.stem
        nodes = ast.parse(path.read_text(encoding="utf-8")).body
        names = {node.name for node in nodes if isinstance(node, ast.FunctionDef | ast.ClassDef)}
        assert name not in names or str(path) in allowed, path


def test_training_neither_prints_nor_opens_a_file() -> None:
    for path in Path("minigrad/training").rglob("*.py"):
        nodes = ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        names = {node.id for node in nodes if isinstance(node, ast.Name)}
        assert not names & {"print", "input", "open"}, path


def test_every_kind_of_import_is_an_arrow(tmp_path: Path) -> None:
    (tmp_path / "nn").mkdir()
    (tmp_path / "nn/a.py").write_text(
        "from typing import TYPE_CHECKING\n"
        "if TYPE_CHECKING:\n    from nn import b\n"
        "def f():\n    import nn.c as c\n    from nn.b import name\n"
    )
    (tmp_path / "nn/d").mkdir()
    (tmp_path / "nn/d/__init__.py").write_text("from . import e\n")
    (tmp_path / "nn/d/e.py").write_text(
        "import importlib\n"
        "from ..a import name\n"
        "from .. import b\n"
        "importlib.import_module('nn.c')\n"
        "importlib.import_module(name='..f', package=__package__)\n"
        "__import__('yaml')\n"
    )
    (tmp_path / "nn/f.py").write_text(
        "from importlib import import_module as load\nload('nn.b')\nload(__name__)\n"
    )
    (tmp_path / "nn/b.py").touch()
    (tmp_path / "nn/c.py").touch()
    assert {(one.module, one.name) for one in arrows(tmp_path)} == {
        *(("nn.a", "typing"), ("nn.a", "nn.b"), ("nn.a", "nn.c"), ("nn.d", "nn.d.e")),
        *(("nn.d.e", "importlib"), ("nn.d.e", "nn.a"), ("nn.d.e", "nn.b"), ("nn.d.e", "nn.c")),
        *(("nn.d.e", "nn.f"), ("nn.d.e", "yaml")),
        *(("nn.f", "importlib"), ("nn.f", "nn.b"), ("nn.f", imports.COMPUTED)),
    }


def test_every_room_has_a_floor() -> None:
    names = {name for arrow in our_arrows() for name in (arrow.module, arrow.name)}
    rooms = {room(name) for name in names if lies_in(name, PROJECT)} - {"minigrad"}
    assert rooms - {"minigrad.__main__"} == set(FLOORS)


IMPORT_ALL = """
import importlib, os, sys
before = dict(os.environ)
for name in sys.argv[1:]:
    importlib.import_module(name)
assert dict(os.environ) == before, set(os.environ) ^ set(before)
"""


def test_importing_any_part_changes_nothing_outside() -> None:
    modules = sorted({a.module for a in our_arrows() if not a.module.endswith("__main__")})
    env = {name: value for name, value in os.environ.items() if not name.endswith("_NUM_THREADS")}
    subprocess.run([sys.executable, "-c", IMPORT_ALL, *modules], check=True, env=env)


def test_import_minigrad_loads_neither_numpy_nor_pydantic_nor_matplotlib() -> None:
    code = "import sys, minigrad; print(*{'numpy', 'pydantic', 'matplotlib'} & set(sys.modules))"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert loaded.stdout == "\n"


def code_lines(source: str) -> list[int]:
    """The numbers of the lines that are neither blank, nor a comment, nor of a docstring."""
    words: set[int] = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            words.update(range(node.lineno, (node.end_lineno or node.lineno) + 1))
    lines = enumerate(source.splitlines(), 1)
    return [n for n, line in lines if line.strip(" ")[:1] not in ("", "#") and n not in words]


def test_the_algorithm_of_value_is_at_most_150_lines_of_code_and_185_with_the_whole_class() -> None:
    source = Path("minigrad/value.py").read_text(encoding="utf-8")
    before, _, _ = source.partition("# That is all of the algorithm.")
    imports, _, algorithm = before.partition("class Value:")
    in_class, reading, after = algorithm.partition("    # What follows in the class is no part")
    _, function, rest = after.partition("def _dot(")
    assert imports.count("\ndef ") == 0  # nothing of the algorithm stands there
    assert reading
    assert function
    count = sum(len(code_lines(part)) for part in ("class Value:" + in_class, function + rest))
    assert 100 < count <= 150
    assert len(code_lines("class Value:" + algorithm)) <= 185  # read as a number, and on the right


def test_the_first_screen_of_value_has_construction_plus_times_tanh_and_backward() -> None:
    source = Path("minigrad/value.py").read_text(encoding="utf-8")
    names = re.findall(r"^    def (\w+)", source, re.MULTILINE)
    assert names[:5] == ["__init__", "__add__", "__mul__", "tanh", "backward"]
    end = source.index("    # The other operations of two numbers.")
    assert len(code_lines("class Value:" + source[:end].partition("class Value:")[2])) <= 40


def test_every_path_it_names_exists() -> None:
    named = set(re.findall(r"`((?:minigrad|nn|optim|configs|docs)/[\w./-]+)`", TEXT))
    assert len(named) >= 5
    assert [name for name in sorted(named) if not Path(name).exists()] == []
