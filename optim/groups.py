"""Parameter groups: parameters that share their settings."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any, Protocol, TypeAlias


class Parameter(Protocol):
    """Anything that has a number or an array of numbers, and its gradient, as a Value has."""

    data: Any
    grad: Any


Parameters: TypeAlias = Iterable[Parameter | Mapping[str, Any]]
"""Parameters, or groups of them as `{"params": [...], "lr": 0.1}`."""


State: TypeAlias = dict[str, Any]
"""What a rule remembers of one parameter until its next step, by name; empty at first."""


class Settings(SimpleNamespace):
    """The settings of a group as attributes, by the names of the optimizer's fields."""


@dataclass
class Group:
    """Parameters, the settings they are stepped with, and each one's state.

    `settings.lr` is the current rate, `initial_lr` the one that a schedule starts from.
    """

    parameters: list[Parameter]
    settings: Settings
    initial_lr: float
    states: list[State]


def split(parameters: Parameters) -> list[tuple[list[Parameter], dict[str, Any]]]:
    """The parameters of each group and its own settings. Raises ValueError."""
    members = _members(parameters)
    if not any(isinstance(member, Mapping) for member in members):
        members = [{"params": members}]
    groups: list[tuple[list[Parameter], dict[str, Any]]] = []
    for number, member in enumerate(members):
        if not isinstance(member, Mapping):
            raise ValueError(f"member {number} is no dict: give all parameters in groups, or none")
        if "params" not in member:
            raise ValueError(f"group {number} has no 'params', found {', '.join(map(str, member))}")
        own = {key: value for key, value in member.items() if key != "params"}
        groups.append((_members(member["params"]), own))
    _check_parameters([members for members, _ in groups])
    return groups


def _members(parameters: Any) -> list[Any]:
    # A set is refused too: it has no order, and a loaded state is matched by order.
    if not isinstance(parameters, Iterable) or isinstance(parameters, (set, frozenset)):
        raise ValueError(f"parameters come in a list, found {type(parameters).__name__}")
    return list(parameters)


def _check_parameters(groups: list[list[Parameter]]) -> None:
    seen: dict[int, str] = {}
    for number, parameters in enumerate(groups):
        for index, parameter in enumerate(parameters):
            place = f"parameter {index} of group {number}"
            if not hasattr(parameter, "data") or not hasattr(parameter, "grad"):
                raise ValueError(f"{place} has no .data and .grad, found {parameter!r}")
            if id(parameter) in seen:
                raise ValueError(f"{place} is {seen[id(parameter)]} too: give it once")
            seen[id(parameter)] = place
