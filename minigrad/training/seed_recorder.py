"""Records the numbers of each seed during a training of many."""

from collections.abc import Callable, Iterable, Sequence

import numpy as np

from minigrad.training.seed_table import NAME, QUANTILES, Array, SeedTable, ordered, quantiles


class SeedRecorder:
    """Collects each seed's numbers for the table, a row of losses a logged step; or of their
    quantiles, if `keeps_curves` is false.
    """

    def __init__(self, seeds: Sequence[int], *, keeps_curves: bool = True) -> None:
        self._keeps_curves = keeps_curves
        self._table = SeedTable.empty(seeds)
        self._steps: list[int] = []
        self._rows: list[Array] = []

    def log(self, step: int, losses: Array, in_order: Array | None = None) -> None:
        """Take note of a step's losses, an entry a seed; `in_order` are the same, ordered."""
        self._steps.append(step)
        # a copy: the losses may be a part of a larger array
        if self._keeps_curves:
            self._rows.append(losses.copy())
        else:
            in_order = ordered(losses) if in_order is None else in_order
            self._rows.append(np.array(quantiles(in_order, QUANTILES)))

    def log_initial(self, losses: Array) -> None:
        self._table.initial_loss = losses

    def mark_diverged(self, index: int, step: int) -> None:
        """The seed at `index` has no numbers from `step` on."""
        self._table.diverged_at[index] = step

    def table(self) -> SeedTable:
        """Each seed's numbers so far."""
        self._table.steps = np.array(self._steps, dtype=np.int64)
        if self._keeps_curves:
            self._table.loss = np.array(self._rows).reshape(-1, len(self._table.seeds))
        else:
            self._table.loss_quantiles = np.array(self._rows).reshape(-1, len(QUANTILES))
        return self._table

    def restore(
        self, raw: bytes, step: int, is_logged: Callable[[int], bool], diverged: Iterable[int]
    ) -> None:
        """Take over a file's numbers up to `step`, and where the seeds at `diverged` ended.

        Raises ValueError for a file of other seeds, or of fewer steps.
        """
        table = SeedTable.from_bytes(raw)
        if not np.array_equal(table.seeds, self._table.seeds):
            raise ValueError(f"{NAME} holds other seeds than the run")
        lines = table.loss if self._keeps_curves else table.loss_quantiles
        if len(lines) != len(table.steps):
            raise ValueError(f"{NAME} does not have the curves as the run keeps them")
        rows = {s: row for s, row in zip(table.steps.tolist(), lines, strict=True) if s < step}
        wanted = [s for s in range(step) if is_logged(s)]
        if missing := [s for s in wanted if s not in rows]:
            raise ValueError(f"{NAME} has no losses of step {missing[0]}")
        self._steps, self._rows = wanted, [rows[s] for s in wanted]
        self._table.initial_loss = table.initial_loss
        places = [*diverged]
        self._table.diverged_at[places] = table.diverged_at[places]
