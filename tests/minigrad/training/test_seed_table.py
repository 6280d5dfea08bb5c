"""seeds.npz: what numpy reads back, what damage is told, where two of them differ."""

import io
import math
import random
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from minigrad.training.seed_table import NAME, SeedTable, quartiles, worst_of

Array = NDArray[np.float64]


def table(steps: int = 5, seeds: int = 3) -> SeedTable:
    """A table of different numbers, in which the last seed has diverged at step 20."""
    rng = np.random.default_rng(0)
    seed_table = SeedTable(
        seeds=np.arange(seeds) + 7,
        steps=np.arange(steps) * 10,
        loss=rng.random((steps, seeds)),
        initial_loss=rng.random(seeds),
        final_loss=rng.random(seeds),
        final_accuracy=rng.random(seeds),
        val_loss=rng.random(seeds),
        val_accuracy=np.full(seeds, np.nan),
        diverged_at=np.full(seeds, -1),
    )
    seed_table.loss[2:, -1] = np.nan
    seed_table.final_loss[-1] = np.nan
    seed_table.diverged_at[-1] = 20
    return seed_table


# The file.


def test_numpy_reads_the_file_without_pickle(tmp_path: Path) -> None:
    written = table()
    (tmp_path / NAME).write_bytes(written.to_bytes())
    with np.load(tmp_path / NAME, allow_pickle=False) as file:
        assert {name: (file[name].shape, str(file[name].dtype)) for name in file} == {
            "seeds": ((3,), "int64"),
            "steps": ((5,), "int64"),
            "loss": ((5, 3), "float64"),
            "initial_loss": ((3,), "float64"),
            "final_loss": ((3,), "float64"),
            "final_accuracy": ((3,), "float64"),
            "val_loss": ((3,), "float64"),
            "val_accuracy": ((3,), "float64"),
            "diverged_at": ((3,), "int64"),
        }
        for name in file:
            assert file[name].tobytes() == getattr(written, name).tobytes()


@pytest.mark.parametrize(("steps", "seeds"), [(0, 1), (0, 4), (1, 1), (5, 3), (2000, 2)])
def test_a_table_comes_back_to_the_bit(steps: int, seeds: int) -> None:
    written = table(steps, seeds)
    read = SeedTable.from_bytes(written.to_bytes())
    assert written.difference(read) == ""
    assert read.to_bytes() == written.to_bytes()


def test_the_same_numbers_give_the_same_bytes_whatever_their_arrays() -> None:
    written = table()
    other = replace(written, loss=np.asfortranarray(written.loss), seeds=written.seeds.copy())
    assert table().to_bytes() == written.to_bytes()
    assert SeedTable.from_bytes(other.to_bytes()).difference(written) == ""


# Damage.


def assert_damaged(raw: bytes) -> None:
    with pytest.raises(ValueError, match=rf"^{NAME} is damaged: ") as damaged:
        SeedTable.from_bytes(raw)
    assert "\n" not in str(damaged.value)


def test_a_flipped_bit_is_told_or_changes_nothing() -> None:
    written = table()
    raw = written.to_bytes()
    rng = random.Random(0)
    refused, unchanged = 0, 0
    for bit in rng.sample(range(8 * len(raw)), 2500):
        flipped = bytearray(raw)
        flipped[bit // 8] ^= 1 << bit % 8
        try:
            read = SeedTable.from_bytes(bytes(flipped))
        except ValueError as error:
            refused += str(error).startswith(f"{NAME} is damaged: ")
        else:  # in a date or an attribute
            assert written.difference(read) == ""
            unchanged += 1
    assert refused + unchanged == 2500
    assert refused > unchanged


def test_a_bit_that_shortens_a_long_curve_is_told() -> None:
    raw = table(steps=900).to_bytes()
    shorter = raw.replace(b"(900, 3)", b"(100, 3)")  # numpy would stop before the checksum
    assert shorter != raw
    assert_damaged(shorter)


def test_a_file_that_is_cut_is_told() -> None:
    raw = table().to_bytes()
    for end in [*range(0, len(raw), 61), len(raw) - 1]:
        assert_damaged(raw[:end])


def npz(**arrays: Any) -> bytes:
    file = io.BytesIO()
    np.savez(file, **arrays)
    return file.getvalue()


def test_another_file_is_told() -> None:
    whole = vars(table())
    assert_damaged(b"not a file of numpy's")
    assert_damaged(npz())
    assert_damaged(npz(**{name: array for name, array in whole.items() if name != "val_loss"}))
    single = io.BytesIO()
    np.save(single, np.arange(3))
    assert_damaged(single.getvalue())
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("seeds.npy", b"no array")
    assert_damaged(archive.getvalue())


def test_a_pickle_in_the_file_is_never_run() -> None:
    class Trap:
        def __reduce__(self) -> Any:
            return (pytest.fail, ("the pickle was run",))

    traps = np.array([Trap()] * 3, dtype=object)
    file = io.BytesIO()
    np.savez(file, allow_pickle=True, **{**vars(table()), "seeds": traps})
    assert_damaged(file.getvalue())


@pytest.mark.parametrize(
    "changed",
    [
        {"loss": np.zeros((5, 2))},
        {"loss": np.zeros((4, 3))},
        {"loss": np.zeros(15)},
        {"loss": np.zeros((5, 3), dtype=np.float32)},
        {"steps": np.arange(4)},
        {"steps": np.zeros((5, 1), dtype=np.int64)},
        {"seeds": np.arange(2)},
        {"seeds": np.array(["a", "b", "c"])},
        {"seeds": np.array(7)},
        {"seeds": np.zeros((3, 1), dtype=np.int64)},
        {"final_loss": np.array(0.5)},
        {"val_loss": np.zeros(3, dtype=np.int64)},
        {"diverged_at": np.zeros(3)},
    ],
)
def test_arrays_that_do_not_belong_together_are_told(changed: dict[str, Any]) -> None:
    raw = npz(**{**vars(table()), **changed})
    assert_damaged(raw)


# Differences.


@pytest.mark.parametrize(
    ("name", "place", "number", "sentence"),
    [
        ("seeds", (1,), 9, "seeds[1] was 8, is 9"),
        ("steps", (4,), 41, "steps[4] was 40, is 41"),  # more steps than seeds
        ("loss", (3, 1), 0.5, "loss of seed 8 at step 30 was {!r}, is 0.5"),
        ("initial_loss", (0,), 0.5, "initial_loss of seed 7 was {!r}, is 0.5"),
        ("final_loss", (2,), 0.5, "final_loss of seed 9 was nan, is 0.5"),
        ("final_accuracy", (1,), math.nan, "final_accuracy of seed 8 was {!r}, is nan"),
        ("val_loss", (1,), 0.5, "val_loss of seed 8 was {!r}, is 0.5"),
        ("val_accuracy", (0,), 1.0, "val_accuracy of seed 7 was nan, is 1.0"),
        ("diverged_at", (2,), 21, "diverged_at of seed 9 was 20, is 21"),
    ],
)
def test_one_other_number_is_found_where_it_stands(
    name: str, place: tuple[int, ...], number: float, sentence: str
) -> None:
    before, now = table(), table()
    was = getattr(before, name)[place].item()
    getattr(now, name)[place] = number
    assert before.difference(now) == sentence.format(was)
    assert before.difference(before) == ""


def test_the_last_bit_and_the_sign_of_zero_are_differences() -> None:
    before, now = table(), table()
    now.loss[4, 0] = math.nextafter(now.loss[4, 0], 2)
    assert before.difference(now).startswith("loss of seed 7 at step 40 was ")
    before.loss[1, 1], now.loss[1, 1] = 0.0, -0.0
    assert before.difference(now) == "loss of seed 8 at step 10 was 0.0, is -0.0"


def test_fewer_steps_or_seeds_are_a_difference() -> None:
    assert table().difference(table(steps=4)) == "steps had the shape (5,), has (4,)"
    assert table().difference(table(seeds=4)) == "seeds had the shape (3,), has (4,)"


# Quartiles.

LOSSES = st.lists(st.floats(0, 1e300), min_size=1, max_size=30)


@given(LOSSES)
def test_quartiles_are_those_of_numpy(losses: list[float]) -> None:
    expected = np.quantile(losses, [0.25, 0.5, 0.75, 1.0])
    assert quartiles(np.array(losses)) == pytest.approx(expected.tolist(), rel=1e-12)


@given(LOSSES, st.integers(1, 30))
def test_a_diverged_seed_counts_as_infinite(losses: list[float], lost: int) -> None:
    over_seeds = quartiles(np.array([math.nan] * lost + losses))
    assert over_seeds == quartiles(np.array([*losses, *[math.inf] * lost]))
    assert over_seeds[3] == math.inf
    assert not any(map(math.isnan, over_seeds))
    assert (over_seeds[1] < math.inf) == (lost <= len(losses) - 1)


def test_quartiles_leave_their_losses_alone() -> None:
    losses = np.array([3.0, math.nan, 1.0])
    assert quartiles(losses) == (2.0, 3.0, math.inf, math.inf)
    assert losses.tolist()[::2] == [3.0, 1.0]


def test_quartiles_between_large_numbers_do_not_overflow() -> None:
    assert quartiles(np.array([1e308, 1.5e308])) == (1.125e308, 1.25e308, 1.375e308, 1.5e308)


@pytest.mark.parametrize(
    ("losses", "worst"),
    [
        ([1.0, 3.0, 2.0], 1),
        ([math.nan, 3.0, 5.0], 2),
        ([2.0, math.nan, 2.0], 0),
        ([1.0, math.inf, math.nan], 1),
        ([0.0], 0),
        ([math.nan, -1.0], 1),
    ],
)
def test_the_worst_is_the_largest_of_those_that_are_numbers(
    losses: list[float], worst: int
) -> None:
    assert worst_of(np.array(losses)) == worst
