"""The results of each seed of a run of many: one compact file, which numpy reads."""

import io
import math
from collections.abc import Sequence
from dataclasses import dataclass, field, fields
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from minigrad.training.seeds import FILE

NAME = FILE
Array: TypeAlias = NDArray[np.float64]

QUANTILES = (0.0, 0.05, 0.25, 0.5, 0.75, 0.95, 1.0)
"""Of each logged step's losses, kept where all of them would not fit."""

_OPTIONAL = "loss_quantiles"


def _no_quantiles() -> Array:
    return np.empty((0, len(QUANTILES)))


@dataclass
class SeedTable:
    """Numbers by seed; `numpy.load("seeds.npz")` gives the same arrays by the same names.

    `loss` has the shape [logged steps, seeds], `steps` says which these are, and all others have an
    entry a seed. Where all these losses would not fit, `loss` is empty, [0, seeds], and
    `loss_quantiles`, [logged steps, 7], has their quantiles at QUANTILES instead. A seed that
    diverged has nan from there on, and in `diverged_at` the step, which is -1 for all others. What
    the data do not allow to measure, as an accuracy without labels, is nan too.
    """

    seeds: NDArray[np.int64]
    steps: NDArray[np.int64]
    loss: Array
    initial_loss: Array
    final_loss: Array
    final_accuracy: Array
    val_loss: Array
    val_accuracy: Array
    diverged_at: NDArray[np.int64]
    loss_quantiles: Array = field(default_factory=_no_quantiles)

    @classmethod
    def empty(cls, seeds: Sequence[int]) -> "SeedTable":
        """The table of seeds before any number is known."""
        numbers = [one.name for one in fields(cls)][3:-2]
        unknown = {name: np.full(len(seeds), np.nan) for name in numbers}
        return cls(
            seeds=np.array(seeds, dtype=np.int64),
            steps=np.array([], dtype=np.int64),
            loss=np.empty((0, len(seeds))),
            **unknown,
            diverged_at=np.full(len(seeds), -1, dtype=np.int64),
        )

    def summary(self) -> dict[str, float | None]:
        """Medians and quartiles over the seeds, and the worst, by the names of a run's summary.

        None stands for what is not known, and for an infinite loss, which JSON cannot hold.
        """
        low, median, high, _ = quartiles(self.final_loss)
        worst = worst_of(self.final_loss)
        summary = {
            "final_loss": median,
            "final_loss_q25": low,
            "final_loss_q75": high,
            "worst_loss": float(self.final_loss[worst]),
            "final_accuracy": quartiles(self.final_accuracy)[1],
            "val_loss": quartiles(self.val_loss)[1],
        }
        finite = {key: x if math.isfinite(x) else None for key, x in summary.items()}
        return {**finite, "worst_seed": int(self.seeds[worst])}

    def to_bytes(self) -> bytes:
        """The file: the same numbers give the same bytes."""
        file = io.BytesIO()
        arrays = {name: array for name, array in vars(self).items() if name != _OPTIONAL}
        if len(self.loss_quantiles):
            arrays[_OPTIONAL] = self.loss_quantiles
        np.savez(file, **arrays)
        return file.getvalue()

    @classmethod
    def from_bytes(cls, raw: bytes) -> "SeedTable":
        """Raises ValueError for a file that is damaged or another's."""
        try:
            with np.load(io.BytesIO(raw), allow_pickle=False) as file:
                if sum(part.file_size for part in file.zip.infolist()) > len(raw):
                    raise ValueError("it is compressed, which none that a run left is")
                if name := file.zip.testzip():  # numpy may stop reading before the checksum
                    raise ValueError(f"the checksum of {name} does not match its content")
                names = [one.name for one in fields(cls)]
                arrays = {name: file[name] for name in names if name != _OPTIONAL}
                if _OPTIONAL in file:
                    arrays[_OPTIONAL] = file[_OPTIONAL]
                table = cls(**arrays)
            table._check()
            return table
        except Exception as error:  # zipfile and numpy raise many kinds
            raise ValueError(f"{NAME} is damaged: {type(error).__name__}: {error}") from None

    def band(self) -> Array:
        """First quartile, median, third quartile and largest of the losses, [logged steps, 4]."""
        if len(self.loss_quantiles):
            places = [QUANTILES.index(share) for share in (0.25, 0.5, 0.75, 1.0)]
            return self.loss_quantiles[:, places]
        return np.array([quartiles(row) for row in self.loss]).reshape(-1, 4)

    def difference(self, now: "SeedTable") -> str:
        """Where `now` first has another number, as a sentence's part; "" where nowhere."""
        for one in fields(self):
            before, after = getattr(self, one.name), getattr(now, one.name)
            if before.shape != after.shape:
                return f"{one.name} had the shape {before.shape}, has {after.shape}"
            differs = np.argwhere(_bits(before) != _bits(after))
            if len(differs):
                place = tuple(differs[0].tolist())
                change = f"was {before[place].item()!r}, is {after[place].item()!r}"
                return f"{self._subject(one.name, place)} {change}"
        return ""

    def _subject(self, name: str, place: tuple[int, ...]) -> str:
        """An entry, as a sentence's subject."""
        if name in ("seeds", "steps"):
            return f"{name}[{place[0]}]"
        if name == _OPTIONAL:
            return f"quantile {QUANTILES[place[1]]} of the losses at step {self.steps[place[0]]}"
        at = f" at step {self.steps[place[0]]}" if name == "loss" else ""
        return f"{name} of seed {self.seeds[place[-1]]}{at}"

    def _check(self) -> None:
        steps, seeds = self.steps.shape, self.seeds.shape
        has_curves = len(self.loss) == len(self.steps)
        shapes = {
            "steps": steps,
            "loss": (*(steps if has_curves else (0,)), *seeds),
            _OPTIONAL: (*((0,) if has_curves else steps), len(QUANTILES)),
        }
        whole = np.dtype(np.int64)
        dtypes = {"seeds": whole, "steps": whole, "diverged_at": whole}
        for name, array in vars(self).items():
            shape, dtype = shapes.get(name, seeds), dtypes.get(name, np.dtype(np.float64))
            if len(seeds) != 1 or (array.shape, array.dtype) != (shape, dtype):
                raise ValueError(f"{name} is {array.dtype} of shape {array.shape}")


def quartiles(losses: Array) -> tuple[float, float, float, float]:
    """First quartile, median, third quartile and largest; nan counts as infinitely large.

    Between two numbers a quartile lies on the straight line.
    """
    low, median, high, largest = quantiles(ordered(losses), (0.25, 0.5, 0.75, 1.0))
    return low, median, high, largest


def ordered(losses: Array) -> Array:
    """The losses from the smallest to the largest; nan counts as infinitely large."""
    in_order = np.sort(losses)  # with nan at the end
    if len(losses) and np.isnan(in_order[-1]):
        in_order[np.isnan(in_order)] = np.inf
    return in_order


def quantiles(ordered: Array, shares: Sequence[float]) -> list[float]:
    """The numbers below which these shares of the ordered losses lie, as `quartiles` says."""
    return [_at(ordered, share) for share in shares]


def worst_of(losses: Array) -> int:
    """Where the largest is, of those that are numbers."""
    return int(np.argmax(np.where(np.isnan(losses), -np.inf, losses)))


def _at(ordered: Array, share: float) -> float:
    place = share * (len(ordered) - 1)
    low = int(place)
    below, above = float(ordered[low]), float(ordered[min(low + 1, len(ordered) - 1)])
    return below if place == low or below == above else below + (place - low) * (above - below)


def _bits(array: NDArray[Any]) -> NDArray[np.int64]:
    return np.ascontiguousarray(array).view(np.int64)
