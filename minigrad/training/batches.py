"""Mini-batches, shuffled again each epoch, which can continue where they stopped."""

import random
from collections.abc import Mapping, Sequence
from typing import Any

from minigrad.data import Dataset


class Batches:
    """Samples of a dataset in turn, `size` at a time; each epoch is a new shuffle by `rng`.

    The last batch of an epoch may be smaller. With `size` at least the dataset's, every batch is
    all of it, in its own order.
    """

    def __init__(self, dataset: Dataset, size: int, rng: random.Random) -> None:
        self.dataset, self.size, self.rng = dataset, size, rng
        self._order: list[int] = []
        self._position = 0
        self._epoch_start: Any = None if self.whole else rng.getstate()

    @property
    def whole(self) -> bool:
        """Whether every batch is all of the data."""
        return self.size >= len(self.dataset.inputs)

    def __next__(self) -> tuple[Sequence[Sequence[float]], Sequence[Any]]:
        return self.take(self.choose())

    def take(self, chosen: list[int] | None) -> tuple[Sequence[Sequence[float]], Sequence[Any]]:
        """The inputs and targets of what `choose` gave."""
        inputs, targets = self.dataset.inputs, self.dataset.targets
        if chosen is None:
            return inputs, targets
        return [inputs[i] for i in chosen], [targets[i] for i in chosen]

    def choose(self) -> list[int] | None:
        """The samples of the next batch; None for all of them, in their original order."""
        if self.whole:
            return None
        if self._position >= len(self._order):
            self._shuffle()
        chosen = self._order[self._position : self._position + self.size]
        self._position += len(chosen)
        return chosen

    def _shuffle(self) -> None:
        self._epoch_start = self.rng.getstate()
        self._order = list(range(len(self.dataset.inputs)))
        self.rng.shuffle(self._order)
        self._position = 0

    def state_dict(self) -> dict[str, Any]:
        """The state on which the next batches depend, ready for JSON."""
        version, words, gauss = self._epoch_start or self.rng.getstate()  # not drawn from yet
        return {"position": self._position, "rng": [version, list(words), gauss]}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Continue as the batches that returned the state would have."""
        version, words, gauss = state["rng"]
        self.rng.setstate((version, tuple(words), gauss))
        self._epoch_start, self._order, self._position = self.rng.getstate(), [], 0
        if state["position"]:
            self._shuffle()
            self._position = state["position"]
