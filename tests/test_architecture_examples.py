"""ARCHITECTURE.md: its examples work where it says they go."""

import importlib
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from minigrad import lift, runs
from minigrad.config import load as load_config
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
    if path == "minigrad/value.py":
        space |= vars(Value)  # the example is a line of its table
    exec(EXAMPLES[path], space)
    return space


@contextmanager
def registered(registry: dict[str, Any], name: str) -> Iterator[None]:
    try:
        yield
    finally:
        registry.pop(name, None)


def final_loss(*overrides: str) -> float:
    config = load_config(XOR, [*overrides, "train.steps=50"])
    trainer = build.build_trainer(config)
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
        trainer = build.build_trainer(load_config(XOR, ["train.engine=counted"]))
        assert len(list(trainer.train(7))) == 7
        assert getattr(trainer.engine, "steps") == 7  # noqa: B009


def test_a_new_verb_prints_text_and_json(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source = Path("minigrad/runs.py").read_text(encoding="utf-8")
    before = "def _arguments("
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
