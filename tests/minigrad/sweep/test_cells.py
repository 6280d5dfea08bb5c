"""What a cell of a sweep trains."""

import pytest

from minigrad.sweep import grid
from minigrad.sweep.cells import check


@pytest.mark.parametrize(
    ("arguments", "seeds"),
    [
        (["seed=3"], None),
        (["seed=3", "train.engine=numpy"], None),
        (["seed=3,4", "train.engine=numpy"], "3..4"),
        (["seed=3,5", "train.engine=numpy"], [3, 5]),
        (["seed=3,4"], None),
    ],
)
def test_seeds_are_trained_at_once_on_numpy_if_there_are_several(
    arguments: list[str], seeds: object
) -> None:
    (cell,) = check("configs/xor.yaml", grid.parse(arguments))
    assert cell.config["train"].get("seeds") == seeds
