"""ARCHITECTURE.md: its examples work where it says they go; its arrows are the code's."""

import ast
import importlib
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from minigrad import config, lift, runs
from minigrad.data import DATASETS
from minigrad.engines import ENGINES
from minigrad.lift.kernels import RULES
from minigrad.runner import build
from minigrad.value import Value
from optim import OPTIMIZERS

TEXT = Path("ARCHITECTURE.md").read_text(encoding="utf-8")
EXAMPLES: dict[str, str] = dict(
    re.findall(r"```python\n# (\S+?(?:, in \w+)?)\n(.*?)```", TEXT, re.DOTALL)
)
XOR = "configs/xor.yaml"


def put(path: str, beside: str = "") -> dict[str, Any]:
    """Run an example within the module that it says it belongs to, or in one like `beside`."""
    module = importlib.import_module((beside or path).removesuffix(".py").replace("/", "."))
    space = dict(vars(module))
    exec(EXAMPLES[path], space)
    return space


@contextmanager
def registered(registry: dict[str, Any], name: str) -> Iterator[None]:
    try:
        yield
    finally:
        registry.pop(name, None)


def final_loss(*overrides: str) -> float:
    checked = config.load(XOR, [*overrides, "train.steps=50"])
    trainer = build.build_trainer(checked)
    first = trainer.evaluate().loss
    for _ in trainer.train(50):
        pass
    assert trainer.evaluate().loss < first
    return trainer.evaluate().loss


def test_there_are_seven_examples_of_less_than_ten_lines() -> None:
    assert len(EXAMPLES) == 7
    lines = {name: sum(map(bool, code.splitlines())) for name, code in EXAMPLES.items()}
    assert [name for name, count in lines.items() if count >= 10] == []


def test_a_new_operation_has_a_value_a_slope_and_is_lifted() -> None:
    square = put("minigrad/value.py")["square"]
    x = Value(3.0)
    y = square(x)
    y.backward()
    assert (y.data, x.grad, y.op) == (9.0, 6.0, "square")
    with registered(RULES, "square"):
        put("minigrad/lift/kernels.py")
        fast = lift.compile(lambda a: square(x * a), [x])
        assert fast.gradient([1.0, 2.0]) == pytest.approx((9 + 36) / 2)
        assert fast.parameters[0].grad.tolist() == pytest.approx([(6 + 24) / 2])


def test_a_new_optimizer_trains_on_both_engines() -> None:
    with registered(OPTIMIZERS, "signsgd"):
        put("optim/signsgd.py", beside="optim/sgd.py")
        eager = final_loss("optimizer=signsgd")
        assert final_loss("optimizer=signsgd", "train.engine=numpy") == pytest.approx(eager)


def test_a_new_dataset_can_be_learned() -> None:
    with registered(DATASETS, "majority"):
        put("minigrad/data/logic.py")
        final_loss("data=majority", "train.batch_size=8")


def test_a_new_engine_is_driven_by_the_trainer() -> None:
    with registered(ENGINES, "counted"):
        space = dict(vars(importlib.import_module("minigrad.engines")), Any=Any)
        exec(EXAMPLES["minigrad/engines/counted.py"], space)
        trainer = build.build_trainer(config.load(XOR, ["train.engine=counted"]))
        assert len(list(trainer.train(7))) == 7
        assert getattr(trainer.engine, "steps") == 7  # noqa: B009


def test_a_new_verb_prints_text_and_json(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source = Path("minigrad/runs.py").read_text(encoding="utf-8")
    before = "class _Parser("
    at = "    return parser.parse_args(argv)\n\n\ndef _add_list"
    assert source.count(before) == source.count(at) == 1
    source = source.replace(before, EXAMPLES["minigrad/runs.py"] + "\n\n" + before)
    source = source.replace(at, EXAMPLES["minigrad/runs.py, in _arguments"] + at)
    module = ModuleType("runs_with_count")
    exec(compile(source, "runs_with_count.py", "exec"), vars(module))
    assert module.main(["count", "--store", str(tmp_path)]) == 0
    assert capsys.readouterr().out == "0 runs\n"
    assert module.main(["count", "--store", str(tmp_path), "--json"]) == 0
    assert capsys.readouterr().out == '{\n  "runs": 0\n}\n'
    with pytest.raises(SystemExit):
        runs.main(["count"])  # the real command has no such verb


def imports(path: Path) -> set[str]:
    """What a file imports when it is imported itself."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    found = set()
    for node in tree.body:
        if isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module, *(f"{node.module}.{name.name}" for name in node.names)}
        elif isinstance(node, ast.Import):
            found |= {name.name for name in node.names}
    return found


ABOVE = {
    "minigrad/value.py": ["minigrad", "nn", "optim"],
    "nn": [
        "optim",
        "minigrad.engines",
        "minigrad.training.trainer",
        "minigrad.config",
        "minigrad.lift",
    ],
    "optim": [
        "nn",
        "minigrad.value",
        "minigrad.engines",
        "minigrad.training.trainer",
        "minigrad.config",
    ],
    "minigrad/engines": [
        "minigrad.training.trainer",
        "minigrad.config",
        "minigrad.tracking",
        "optim",
    ],
    "minigrad/lift": ["minigrad.training.trainer", "minigrad.tracking", "optim"],
    "minigrad/registry.py": ["minigrad.config", "nn", "optim"],
    "minigrad/settings.py": ["minigrad.config", "nn", "optim"],
    "minigrad/data": [
        "minigrad.config",
        "minigrad.training.trainer",
        "minigrad.engines",
        "nn",
        "optim",
    ],
    "minigrad/config.py": [
        "minigrad.runner.build",
        "minigrad.training.trainer",
        "minigrad.tracking",
    ],
    "minigrad/runner/build.py": ["minigrad.runner.session", "minigrad.tracking", "minigrad.train"],
    "minigrad/runner/session.py": ["minigrad.train", "minigrad.runner.pictures", "minigrad.sweep"],
    "minigrad/training/trainer.py": [
        "minigrad.config",
        "minigrad.files.yaml12",
        "minigrad.tracking",
        "tqdm",
    ],
    "minigrad/training/replicas.py": [
        "minigrad.config",
        "minigrad.files.yaml12",
        "minigrad.tracking",
        "tqdm",
    ],
}


@pytest.mark.parametrize("room", ABOVE)
def test_nothing_imports_what_stands_above_it(room: str) -> None:
    path = Path(room)
    files = [path] if path.is_file() else sorted(path.rglob("*.py"))
    files = [file for file in files if file.name != "__main__.py"]  # the commands, which are above
    for file in files:
        for name in imports(file):
            above = [top for top in ABOVE[room] if name == top or name.startswith(f"{top}.")]
            assert above == [], f"{file} imports {name}"


def test_every_path_it_names_exists() -> None:
    named = set(re.findall(r"`((?:minigrad|nn|optim|configs|docs)/[\w./-]+)`", TEXT))
    assert len(named) >= 5
    assert [name for name in sorted(named) if not Path(name).exists()] == []
