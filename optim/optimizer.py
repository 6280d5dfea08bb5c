"""Optimizer: steps every parameter by one elementwise rule.

To add your own, subclass Optimizer, list the settings, write `rule` and decorate the class with
`@OPTIMIZERS.register`.
"""

import copy
import inspect
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping, Sized
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, ClassVar

from minigrad.registry import Registry, suggestion
from minigrad.settings import check, check_number
from optim import elementwise
from optim.fields import Fields, argument
from optim.groups import Group, Parameters, Settings, State, split
from optim.schedules import Schedule

OPTIMIZERS: "Registry[type[Optimizer]]" = Registry("optimizer")


class Optimizer(Fields, ABC):
    """Base of all optimizers: holds the parameters in groups, with settings and states.

    A subclass lists its settings as annotated fields; one of them is `lr`. Its constructor takes
    them after the parameters, as in SGD(parameters, lr=0.1).

    `parameters` are parameters, or groups with settings of their own, as in PyTorch:

        Adam([{"params": [a, b], "lr": 0.1}, {"params": [c]}], lr=0.01)

    Raises ValueError if there are no parameters, if one occurs twice, and if a setting is unknown
    or outside its range.
    """

    if TYPE_CHECKING:
        _parameters: Parameters = argument(alias="parameters")  # first in every constructor

    _rule_takes_names: ClassVar[bool]

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        kinds = {parameter.kind for parameter in inspect.signature(cls.rule).parameters.values()}
        cls._rule_takes_names = inspect.Parameter.KEYWORD_ONLY in kinds

    def __init__(self, parameters: Parameters, **settings: Any) -> None:
        if "lr" not in settings:
            raise TypeError(f"{type(self).__name__} has no lr: list it as `lr: Rate = 0.01`")
        defaults = self._checked(settings)
        self.groups: list[Group] = []
        for number, (members, own) in enumerate(split(parameters)):
            with _inside(number):
                _check_known(own, defaults)
                settings = self._checked(defaults | own)
            states: list[State] = [{} for _ in members]
            self.groups.append(Group(members, Settings(**settings), settings["lr"], states))
        self.parameters = [parameter for group in self.groups for parameter in group.parameters]
        if not self.parameters:
            raise ValueError(f"{type(self).__name__} was given no parameters")

    @classmethod
    def check(cls, settings: Mapping[str, Any]) -> None:
        """Raise ValueError for settings outside their ranges; to be extended for conflicts."""
        check(cls, settings)

    @property
    def lr(self) -> float:
        """The current learning rate of the first group. Assigning to it sets that of all groups."""
        rate: float = self.groups[0].settings.lr
        return rate

    @lr.setter
    def lr(self, lr: float) -> None:
        self.set_lr(lambda _step, _initial_lr: lr, 0)

    def set_lr(self, schedule: Schedule, step: int) -> None:
        """Set every group's rate to the schedule's at `step`, given the group's initial rate."""
        changed = []
        for group in self.groups:
            rate, before = schedule(step, group.initial_lr), group.settings.lr
            if not (type(rate) is type(before) is float and rate == before):
                check_number("lr", rate, "[0, inf)")
                changed.append((group, rate))
        for group, rate in changed:
            group.settings.lr = rate

    def zero_grad(self) -> None:
        """Set every gradient to 0, before the next `backward()` adds to it."""
        for parameter in self.parameters:
            parameter.grad = elementwise.zeros(parameter.grad)

    def step(self) -> None:
        """Move every parameter once, by its gradient."""
        elementwise.silently(self.parameters[0].data, self._step)

    def _step(self) -> None:
        rule = self._rule_by_name if self._rule_takes_names else self.rule
        for group in self.groups:
            settings = group.settings
            for parameter, state in zip(group.parameters, group.states, strict=True):
                parameter.data = rule(parameter.data, parameter.grad, state, settings)

    def _rule_by_name(self, x: Any, g: Any, state: State, s: Settings) -> Any:
        return self.rule(x, g, state, **vars(s))

    @staticmethod
    @abstractmethod
    def rule(*x_g_state_s: Any, **settings: Any) -> Any:
        """The parameter after one step: `rule(x, g, state, s)`.

        `x` is the parameter and `g` its gradient, both floats or both arrays. `state` is a dict
        for this parameter, empty at first, which holds what the next step needs. `s` has the
        settings as attributes. The rule returns a new array; it neither changes nor keeps `x` and
        `g`, since the caller may reuse them. It may change arrays in `state` in place.

        A rule may also take the settings by name: `rule(x, g, state, *, lr, momentum)`.
        """

    def state_dict(self) -> dict[str, Any]:
        """Everything that the next step depends on except the parameters: a copy, ready for JSON.

        Where parameters are arrays, the entries of their states are nested lists.
        """
        groups = [
            {
                "settings": copy.deepcopy(vars(group.settings)),
                "initial_lr": group.initial_lr,
                "states": [
                    {name: elementwise.listed(entry) for name, entry in state.items()}
                    for state in group.states
                ],
            }
            for group in self.groups
        ]
        return {"optimizer": type(self).__name__, "groups": groups}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Continue from a `state_dict()`, settings included.

        Raises ValueError, and changes nothing, if the state does not fit: if it is of another
        optimizer, or has other groups, parameters or settings.
        """
        _check_keys("the state", state, ("optimizer", "groups"))
        if state["optimizer"] != type(self).__name__:
            raise ValueError(f"the state is of {state['optimizer']}, not of {type(self).__name__}")
        _check_count("group", state["groups"], self.groups)
        loaded = []
        for number, (saved, group) in enumerate(zip(state["groups"], self.groups, strict=True)):
            with _inside(number):
                loaded.append(self._loaded(saved, group))
        for group, (settings, initial_lr, states) in zip(self.groups, loaded, strict=True):
            group.settings, group.initial_lr, group.states = settings, initial_lr, states

    def _checked(self, settings: Mapping[str, Any]) -> dict[str, Any]:
        """A copy of the settings, where a pair is a list, as JSON has it."""
        self.check(settings)
        return {
            name: list(value) if isinstance(value, (list, tuple)) else value
            for name, value in settings.items()
        }

    def _loaded(self, saved: Any, group: Group) -> tuple[Settings, float, list[State]]:
        """A copy of the saved settings, initial rate and states. Raises ValueError."""
        _check_keys("its state", saved, ("settings", "initial_lr", "states"))
        settings, initial_lr, states = saved["settings"], saved["initial_lr"], saved["states"]
        _check_keys("its settings", settings, vars(group.settings))
        check_number("lr", settings["lr"], "[0, inf)")  # 0 too: a schedule may end there
        lr = settings["lr"]
        settings = self._checked({**settings, "lr": initial_lr}) | {"lr": lr}
        _check_count("parameter", states, group.parameters)
        loaded = []
        for index, (parameter, state) in enumerate(zip(group.parameters, states, strict=True)):
            loaded.append(_restored(f"parameter {index}", state, parameter.data))
        return Settings(**settings), initial_lr, loaded


@contextmanager
def _inside(number: int) -> Iterator[None]:
    """Add the group's number to a ValueError raised inside."""
    try:
        yield
    except ValueError as error:
        raise ValueError(f"group {number}: {error}") from None


def _check_known(settings: Mapping[str, Any], known: Iterable[str]) -> None:
    for name in settings:
        if name not in known:
            raise ValueError(f"unknown setting {name!r}: {suggestion(str(name), known)}")


def _check_keys(what: str, state: Any, expected: Iterable[str]) -> None:
    if not isinstance(state, Mapping):
        raise ValueError(f"{what} must be a dict, found {state!r}")
    missing = [key for key in expected if key not in state]
    unknown = [key for key in state if key not in expected]
    if missing:
        raise ValueError(f"{what}: {', '.join(map(repr, missing))} is missing")
    if unknown:
        raise ValueError(f"{what}: unknown {unknown[0]!r}: {suggestion(str(unknown[0]), expected)}")


def _check_count(what: str, entries: Any, ours: Sized) -> None:
    if not isinstance(entries, (list, tuple)):
        raise ValueError(f"the {what}s of the state must be a list, found {entries!r}")
    if len(entries) != len(ours):
        counted = f"{len(entries)} {what}{'' if len(entries) == 1 else 's'}"
        raise ValueError(f"the state has {counted}, this optimizer has {len(ours)}")


def _restored(whose: str, state: Any, data: Any) -> State:
    """A copy, in which every entry is a number, or an array of the parameter's shape."""
    if not isinstance(state, Mapping):
        raise ValueError(f"the state of {whose} must be a dict, found {state!r}")
    copied = {name: elementwise.restored(entry, data) for name, entry in state.items()}
    for name, entry in copied.items():
        is_number = isinstance(entry, (int, float)) and not isinstance(entry, bool)
        shape = getattr(entry, "shape", None)
        if not is_number and (shape is None or shape != getattr(data, "shape", ())):
            description = f"{type(entry).__name__} {entry!r}" if shape is None else f"shape {shape}"
            raise ValueError(f"{name!r} of {whose} does not fit the parameter: found {description}")
    return copy.deepcopy(copied)
