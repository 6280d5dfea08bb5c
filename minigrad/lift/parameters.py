"""The numbers of a compiled loss's parameters: one array, which all that compile them share."""

from collections.abc import Iterable, Sequence
from weakref import WeakValueDictionary

import numpy as np

from minigrad.lift.checked import ArrayParameter
from minigrad.value import Value


class Parameters:
    """The Values that some losses may learn, and their numbers as one array for an optimizer."""

    def __init__(self, values: Sequence[Value]) -> None:
        self.values = list(values)
        self._known = [value.data for value in self.values]
        self.array = ArrayParameter(np.array(self._known))

    def follow(self) -> None:
        """Copy into the array the numbers that were written into the Values since."""
        now = [value.data for value in self.values]
        if now != self._known:
            for index, (number, before) in enumerate(zip(now, self._known, strict=True)):
                if number != before:
                    self.array.data[index] = number
            self._known = now

    def write_back(self) -> None:
        """Copy the numbers from the array into the Values."""
        self._known = self.array.data.tolist()
        for value, number in zip(self.values, self._known, strict=True):
            value.data = number


_in_use: WeakValueDictionary[tuple[int, ...], Parameters] = WeakValueDictionary()
"""By the identities of their Values, which they keep alive."""


def parameters_of(values: Sequence[Value]) -> Parameters:
    """Those of these Values: the same ones, if another compiled loss has them.

    Raises TypeError for what is no Value, and ValueError for one that comes twice, that belongs to
    another list of parameters too, or that does not have yet what another loss has learned.
    """
    if isinstance(values, Value) or not isinstance(values, Iterable):
        kind = type(values).__name__
        raise TypeError(f"parameters are a list of Values, as model.parameters(), found {kind}")
    values = list(values)
    for value in values:
        if not isinstance(value, Value):
            raise TypeError(f"a parameter is a Value, found {value!r}")
    key = tuple(map(id, values))
    if len(set(key)) < len(key):
        raise ValueError("a parameter comes twice: give it once")
    if shared := _in_use.get(key):
        shared.follow()
        if shared.array.data.tolist() != [value.data for value in values]:
            raise ValueError(
                "another compiled loss has trained these parameters: call its write_back() to go "
                "on from there, or delete it to start again"
            )
        return shared
    for other in list(_in_use.values()):
        if not set(key).isdisjoint(map(id, other.values)):
            raise ValueError(
                "some of these parameters are among those of another compiled loss: give both the "
                "same list, in the same order, or delete the other one"
            )
    made = _in_use[key] = Parameters(values)
    return made
