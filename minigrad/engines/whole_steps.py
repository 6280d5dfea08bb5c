"""An optimizer's steps on the native machine: many in one call, for one model or many replicas."""

import functools
import math
import sys
from dataclasses import dataclass, field
from typing import Any

import numpy as np

import optim
from minigrad.lift.kernels import Array
from minigrad.native.machine import BatchIndices, Machine, Steps, Update
from minigrad.native.rules import RULES, UpdateRule
from nn.losses import largest_is_target, same_side
from optim import Optimizer
from optim.groups import Group, State

CORRECT: dict[Any, str] = {same_side: "same_side", largest_is_target: "largest_is_target"}
"""How the machine counts right answers, by the function that tells whether one is."""


def can_step(optimizer: Optimizer, correct: Any) -> bool:
    """Whether the machine has the optimizer's rule, and counts right answers as `correct` does.

    Of an optimizer, schedule or loss of one's own it can only run the gradient.
    """
    name = type(optimizer).__name__
    is_known = name in RULES and getattr(optim, name, None) is type(optimizer)
    return is_known and len(optimizer.parameters) == 1 and (correct is None or correct in CORRECT)


@dataclass
class WholeSteps:
    """Takes steps of `optimizer`, whose one parameter is an array [parameters] or [replicas,
    parameters]. Its states are those of optim/ before and after each call, so that a checkpoint
    does not tell where calls began.
    """

    machine: Machine
    optimizer: Optimizer
    clip_norm: float | None = None
    clip_value: float | None = None
    _latest: Any = field(default=None, init=False, repr=False)
    """The states that the call before wrote, in one array, and as the optimizer was given them."""

    _arrays: list[Array] = field(default_factory=list, init=False, repr=False)

    def take(
        self,
        inputs: Array,
        rates: Array,
        batches: BatchIndices | None = None,
        *,
        only_losses: bool = False,
    ) -> Steps:
        """Take len(rates) steps, or fewer where one breaks; see Machine.train.

        Parameters and states become new arrays: whoever has those from before the call can go back.
        """
        (group,) = self.optimizer.groups
        parameter, state = group.parameters[0], group.states[0]
        shape = np.shape(parameter.data)
        before = np.ascontiguousarray(parameter.data, dtype=float).reshape(-1, shape[-1])
        parameters = self._room(before.shape)
        update = self._update(group, state, before)
        steps = self.machine.train(
            parameters, inputs, update, rates, batches, before=before, only_losses=only_losses
        )
        parameter.data = parameters.reshape(shape)
        if steps.done.any():
            group.states[0] = self._state(update, shape)
        return steps

    def _update(self, group: Group, state: State, parameters: Array) -> Update:
        rule = RULES[type(self.optimizer).__name__]
        settings = vars(group.settings)
        first = settings.get("initial_accumulator_value", 0.0)
        shape = len(rule.states), *parameters.shape
        return Update(
            rule,
            rule.settings(settings),
            self._room(shape),
            self._states(state, rule, shape, first),
            # a rule that does not count its steps asks only whether one is the first
            t=state.get("t", int(bool(state))),
            product=state.get("p", 1.0),
            clip_norm=math.inf if self.clip_norm is None else self.clip_norm,
            clip_value=math.inf if self.clip_value is None else self.clip_value,
        )

    def _room(self, shape: tuple[int, ...]) -> Array:
        """An array to write to: one of earlier calls that nobody has any more, or a new one. The
        system's work on new memory would take a good part of a call of many replicas.
        """
        for array, count in zip(self._arrays, _references(self._arrays), strict=True):
            if array.shape == shape and count == _IN_A_LIST_ALONE:
                return array
        self._arrays = [*self._arrays[-3:], np.empty(shape)]
        return self._arrays[-1]

    def _states(
        self, state: State, rule: UpdateRule, shape: tuple[int, ...], first: float
    ) -> Array:
        """The rule's states in one array: of the call before, if none was changed since."""
        entries = [state.get(name) for name in rule.states]
        if self._latest is not None:
            latest: Array
            latest, before = self._latest
            same = all(entry is own for entry, own in zip(entries, before, strict=True))
            if same and latest.shape == shape:
                return latest
        states = np.empty(shape)
        for place, entry in enumerate(entries):
            states[place] = first if entry is None else entry
        return states

    def _state(self, update: Update, shape: tuple[int, ...]) -> State:
        """What optim's rule would remember, by its names."""
        numbers: State = {"t": update.t, "p": update.product}
        for name, array in zip(update.rule.states, update.states, strict=True):
            numbers[name] = array.reshape(shape)
        state = {name: numbers[name] for name in self._remembered}
        self._latest = update.states, [state.get(name) for name in update.rule.states]
        return state

    @functools.cached_property
    def _remembered(self) -> list[str]:
        """The names of what optim's rule remembers with these settings: it is asked."""
        state: State = {}
        self.optimizer.rule(np.ones(1), np.ones(1), state, self.optimizer.groups[0].settings)
        return list(state)


def step_row(optimizer: Optimizer, row: int, gradient: Array, before: State) -> None:
    """One step of one replica by the rule of optim/; `before` is the state before the step, which
    the other replicas may have taken already.
    """
    (group,) = optimizer.groups
    parameter, after = group.parameters[0], group.states[0]
    state = {
        name: entry[row].copy() if isinstance(entry, np.ndarray) else entry
        for name, entry in before.items()
    }
    with np.errstate(all="ignore"):
        parameter.data[row] = optimizer.rule(parameter.data[row], gradient, state, group.settings)
    for name, entry in state.items():
        if isinstance(entry, np.ndarray):
            after.setdefault(name, np.zeros_like(parameter.data))[row] = entry
        else:
            after.setdefault(name, entry)


def _references(arrays: list[Array]) -> list[int]:
    """How many references each array has; a view of it is one too."""
    return [sys.getrefcount(array) for array in arrays]


# Measured, not written down: how many a loop and a call add depends on Python's version.
_IN_A_LIST_ALONE = _references([np.empty(0)])[0]
