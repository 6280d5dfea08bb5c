"""Optimizer: what an optimizer of one's own needs, and what the package imports."""

import ast
import sys
from pathlib import Path
from typing import Any

import pytest

import optim
from optim import OPTIMIZERS, Optimizer
from optim.groups import Parameters
from optim.settings import Fraction, Rate
from tests.optim.parameters import Parameter


class Signs(Optimizer):
    """steps by lr against the gradient's sign, less and less"""

    def __init__(
        self, parameters: Parameters, lr: Rate = 0.1, shrink: Fraction = 0.5, note: str = ""
    ) -> None:
        super().__init__(parameters, lr=lr, shrink=shrink)
        self.note = note

    @staticmethod
    def rule(x: Any, g: Any, state: dict[str, Any], *, lr: float, shrink: float) -> Any:
        scale = state["scale"] = state.get("scale", 1 / shrink) * shrink
        return x - lr * scale * (1 if g > 0 else -1)


def test_one_of_my_own_has_all_that_the_others_have() -> None:
    a, b = Parameter(1.0, 3.0), Parameter(1.0, -3.0)
    optimizer = Signs([{"params": [a]}, {"params": [b], "shrink": 0.25}], lr=0.5, note="mine")
    optimizer.step()
    state = optimizer.state_dict()
    optimizer.step()
    assert (a.data, b.data) == (0.25, 1.625)

    c = Parameter(0.5, 3.0)
    other = Signs([{"params": [c]}, {"params": [Parameter(1.0)]}])
    other.load_state_dict(state)
    other.step()
    assert c.data == 0.25
    with pytest.raises(ValueError, match=r"shrink must be a number in \[0, 1\), found 1\.5"):
        Signs([a], shrink=1.5)
    with pytest.raises(ValueError, match=r"group 0: unknown setting 'note'.*Known: lr, shrink"):
        Signs([{"params": [a], "note": ""}])


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
