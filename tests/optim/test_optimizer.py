"""Optimizer: what an optimizer of one's own needs, and what the package imports."""

import ast
import inspect
import pickle
import sys
from pathlib import Path
from typing import Any

import pytest

import optim
from minigrad.settings import settings_of
from optim import OPTIMIZERS, SGD, Optimizer
from optim.groups import Parameters, Settings, State
from optim.settings import Fraction, Rate
from tests.optim.parameters import Parameter


class Signs(Optimizer):
    """steps by lr against the gradient's sign, less and less"""

    lr: Rate = 0.1
    shrink: Fraction = 0.5

    @staticmethod
    def rule(x: Any, g: Any, state: State, s: Settings) -> Any:
        scale = state["scale"] = state.get("scale", 1 / s.shrink) * s.shrink
        return x - s.lr * scale * (1 if g > 0 else -1)


class SignsByName(Optimizer):
    """the same with a constructor of its own, and a rule that takes settings by name"""

    def __init__(
        self, parameters: Parameters, lr: Rate = 0.1, shrink: Fraction = 0.5, note: str = ""
    ) -> None:
        super().__init__(parameters, lr=lr, shrink=shrink)
        self.note = note

    @staticmethod
    def rule(x: Any, g: Any, state: State, *, lr: float, shrink: float) -> Any:
        return Signs.rule(x, g, state, Settings(lr=lr, shrink=shrink))


@pytest.mark.parametrize("make", [Signs, SignsByName])
def test_one_of_my_own_has_all_that_the_others_have(make: Any) -> None:
    a, b = Parameter(1.0, 3.0), Parameter(1.0, -3.0)
    optimizer = make([{"params": [a]}, {"params": [b], "shrink": 0.25}], lr=0.5)
    optimizer.step()
    state = optimizer.state_dict()
    optimizer.step()
    assert (a.data, b.data) == (0.25, 1.625)

    c = Parameter(0.5, 3.0)
    other = make([{"params": [c]}, {"params": [Parameter(1.0)]}])
    other.load_state_dict(state)
    other.step()
    assert c.data == 0.25
    assert list(settings_of(make))[:2] == ["lr", "shrink"]
    with pytest.raises(ValueError, match=r"shrink must be a number in \[0, 1\), found 1\.5"):
        make([a], shrink=1.5)


def test_what_a_constructor_of_its_own_keeps_to_itself_is_no_setting_of_a_group() -> None:
    assert SignsByName([Parameter(1.0)], note="mine").note == "mine"
    with pytest.raises(ValueError, match=r"group 0: unknown setting 'note'.*Known: lr, shrink"):
        SignsByName([{"params": [Parameter(1.0)], "note": ""}])


def test_the_fields_are_the_constructors_signature() -> None:
    signature = inspect.signature(SGD)
    assert [*signature.parameters] == [
        *["parameters", "lr", "momentum", "dampening", "weight_decay", "nesterov"]
    ]
    assert signature.parameters["momentum"].annotation == Fraction
    assert signature.parameters["momentum"].default == 0.0
    assert SGD([Parameter(1.0)], 0.25).lr == 0.25
    wrong: Any
    for wrong in ({"momentun": 0.9}, {"parameters": []}):
        with pytest.raises(TypeError, match=r"SGD: .*(momentun|multiple values)"):
            SGD([Parameter(1.0)], **wrong)
    with pytest.raises(TypeError, match="SGD: missing a required argument: 'parameters'"):
        SGD()  # type: ignore[call-arg]


def test_a_field_is_an_attribute_with_the_first_groups_value() -> None:
    a, b = Parameter(1.0), Parameter(1.0)
    groups: list[Any] = [{"params": [a], "momentum": 0.5}, {"params": [b]}]
    optimizer = SGD(groups, momentum=0.9)
    assert (optimizer.lr, optimizer.momentum, optimizer.nesterov) == (1e-3, 0.5, False)
    optimizer.lr = 0.5
    assert [group.settings.lr for group in optimizer.groups] == [0.5, 0.5]
    with pytest.raises(AttributeError):
        optimizer.momentum = 0.1  # of which group?
    assert pickle.loads(pickle.dumps(optimizer)).momentum == 0.5


def test_a_subclass_has_the_fields_of_its_bases_too() -> None:
    class Shrinking(Signs):
        shrink: Fraction = 0.25
        least: Rate = 1e-3

    assert {name: s.default for name, s in settings_of(Shrinking).items()} == {
        "lr": 0.1,
        "shrink": 0.25,
        "least": 1e-3,
    }
    assert settings_of(Signs)["shrink"].default == 0.5
    with pytest.raises(ValueError, match=r"least must be a number in \(0, inf\), found 0"):
        Shrinking([Parameter(1.0)], least=0)


def test_annotations_may_be_text() -> None:
    code = """from __future__ import annotations
from optim import Optimizer
from optim.settings import Rate

class Descent(Optimizer):
    lr: Rate = 0.5

    @staticmethod
    def rule(x, g, state, s):
        return x - s.lr * g
"""
    space: dict[str, Any] = {"__name__": "in_no_list_of_modules"}
    exec(code, space)
    assert settings_of(space["Descent"])["lr"].annotation == Rate
    parameter = Parameter(1.0, 1.0)
    space["Descent"]([parameter]).step()
    assert parameter.data == 0.5


def test_an_optimizer_without_lr_is_told_to_list_it() -> None:
    class Still(Optimizer):
        @staticmethod
        def rule(x: Any, _g: Any, _state: State, _s: Settings) -> Any:
            return x

    with pytest.raises(TypeError, match=r"Still has no lr: list it as `lr: Rate = 0\.01`"):
        Still([Parameter(1.0)])


def test_registering_gives_it_a_name() -> None:
    try:
        assert OPTIMIZERS.register(Signs) is Signs
        assert OPTIMIZERS["signs"] is Signs
    finally:
        del OPTIMIZERS["signs"]


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_its_summary_is_a_phrase_of_one_line(name: str) -> None:
    summary, blank, *_ = str(OPTIMIZERS[name].__doc__).split("\n")
    assert summary == summary.strip() != ""
    assert blank == ""
    assert not summary.endswith(".")


def test_the_package_needs_python_names_and_settings_alone() -> None:
    allowed = {*sys.stdlib_module_names, "optim", "minigrad.registry", "minigrad.settings"}
    files = sorted(Path(str(optim.__file__)).parent.glob("*.py"))
    assert len(files) > 10
    for file in files:
        for node in ast.parse(file.read_text(encoding="utf-8")).body:  # not inside functions
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom):
                names = [str(node.module)]
            else:
                continue
            for name in names:
                assert name in allowed or name.split(".")[0] in allowed, f"{file.name}: {name}"
