"""Many seeds side by side: each comes out as if it were trained alone, to the last bit."""

import json
import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from minigrad import Value
from minigrad.config import Config, ConfigError
from minigrad.config import load as load_config
from minigrad.data import DATASETS, Dataset
from minigrad.engines import Disagreement
from minigrad.lift import lifted
from minigrad.runner import build
from minigrad.training.replicas import ReplicaRecord, ReplicaTrainer
from minigrad.training.seed_table import SeedTable
from minigrad.training.trainer import Diverged
from nn.activations import ACTIVATIONS
from optim import OPTIMIZERS
from optim.schedules import SCHEDULES
from tests.calling import contained

MOONS, SPIRAL, SINE = (f"configs/{name}.yaml" for name in ("moons", "spiral", "sine"))
# 24 samples to train on, 7 at a time: the last batch of an epoch has 3
BATCHES = ["data.n=30", "data.val_fraction=0.2", "train={steps: 13, batch_size: 7}"]
SOME_DIVERGE = [
    "optimizer={name: sgd, lr: 3}",
    "model.activation=silu",
    "train={steps: 200, log_every: 5}",
]


@pytest.fixture(autouse=True)
def _contained() -> Iterator[None]:
    with contained():
        yield


@pytest.fixture
def logarithm() -> None:
    """An activation that has no answer below -1.8."""
    ACTIVATIONS["logarithm"] = lambda x: (x + 1.8).log()


@dataclass
class Alone:
    """One seed's training: its losses and rates by step, what stopped it, its final numbers."""

    losses: list[float] = field(default_factory=list)
    rates: list[float] = field(default_factory=list)
    failure: str = ""
    initial: float = math.nan
    final: dict[str, Any] = field(default_factory=dict)


def load(path: str | Path, overrides: Sequence[str], seeds: object) -> Config:
    return load_config(path, [*overrides, "train.engine=numpy", f"train.seeds={seeds}"])


def alone(config: Config, seed: int, engine: str = "numpy") -> Alone:
    train = config.train.model_copy(update={"seeds": None, "engine": engine})
    one = config.model_copy(update={"seed": seed, "train": train})
    trainer, result = build.build_trainer(one), Alone()
    try:
        result.initial = trainer.evaluate().loss
        for record in trainer.train(train.steps):
            result.losses.append(record.loss)
            result.rates.append(record.lr)
        result.final = trainer.results(result.initial)
    except Diverged as error:
        result.failure = str(error)
    return result


def together(config: Config) -> tuple[ReplicaTrainer, list[ReplicaRecord], dict[str, Any]]:
    """Train to the end, or until every seed has diverged; the results are {} then."""
    trainer = build.build_replicas(config)
    records: list[ReplicaRecord] = []
    try:
        initial = trainer.evaluate().loss
        records.extend(trainer.train(config.train.steps))
        return trainer, records, trainer.results(initial)
    except Diverged:
        return trainer, records, {}


def assert_each_as_alone(config: Config, trainer: ReplicaTrainer) -> list[Alone]:
    """Every number of each seed, and the sentence of each that diverged."""
    table, ones = trainer.table(), []
    for index, seed in enumerate(table.seeds.tolist()):
        one = alone(config, seed)
        ones.append(one)
        losses = np.full(config.train.steps, np.nan)
        losses[: len(one.losses)] = one.losses
        assert same(table.loss[:, index], losses[table.steps]), f"losses of seed {seed}"
        assert same(table.initial_loss[index], one.initial), f"initial loss of seed {seed}"
        failure = trainer.failures.get(index)
        assert (f"training {failure}" if failure else "") == one.failure
        assert table.diverged_at[index] == (len(one.losses) if one.failure else -1)
        for name in ("final_loss", "final_accuracy", "val_loss", "val_accuracy"):
            number = one.final.get(name)
            expected = math.nan if number is None else number
            if len(trainer.failures) < len(table.seeds):
                assert same(getattr(table, name)[index], expected), f"{name} of seed {seed}"
    return ones


def same(actual: Any, expected: Any) -> bool:
    """To the bit; any nan is like another."""
    return np.array(actual).tobytes() == np.array(expected).tobytes() or bool(
        np.array_equal(actual, expected, equal_nan=True)
        and np.array_equal(np.signbit(actual), np.signbit(expected))
    )


def check(path: str | Path, overrides: Sequence[str], seeds: object) -> ReplicaTrainer:
    config = load(path, overrides, seeds)
    trainer, _, _ = together(config)
    assert_each_as_alone(config, trainer)
    return trainer


# Each as alone.


@pytest.mark.parametrize("name", sorted(OPTIMIZERS))
def test_each_seed_is_as_alone_with_every_optimizer(name: str) -> None:
    settings = [
        *(f"optimizer={{name: {name}, lr: 0.05}}", "data.standardize=true"),
        "scheduler={name: plateau, patience: 1, factor: 0.7}",
    ]
    trainer = check(MOONS, [*BATCHES, *settings], "4..7")
    assert trainer.failures == {}


@pytest.mark.parametrize(
    "path",
    [
        pytest.param(path, id=path.stem, marks=[pytest.mark.slow] * (path.stem == "digits"))
        for path in sorted(Path("configs").glob("*.yaml"))
    ],
)
def test_each_seed_is_as_alone_on_every_dataset(path: Path) -> None:
    alone = ["train.keep_best=null", "train.patience=null"]  # which follow one seed
    check(path, ["train.steps=8", *alone], 3)


SETTINGS = {
    "constant": "",
    "step": "step_size: 3",
    "multistep": "milestones: [3, 7]",
    "exponential": "gamma: 0.9",
    "linear": "total_iters: 8",
    "cosine": "T_max: 10",
    "warmup_cosine": "warmup_steps: 4, total_steps: 12",
    "one_cycle": "total_steps: 20",
    "plateau": "patience: 0, factor: 0.5",
}


@pytest.mark.parametrize("name", sorted(SCHEDULES))
def test_each_seed_is_as_alone_with_every_schedule(name: str) -> None:
    check(SINE, [*BATCHES, f"scheduler={{name: {name}, {SETTINGS[name]}}}"], 3)


def test_a_plateau_lowers_each_seeds_own_rate() -> None:
    plateau = "scheduler={name: plateau, patience: 0, factor: 0.5}"
    config = load(MOONS, [*BATCHES, plateau], 4)
    trainer, records, _ = together(config)
    ones = assert_each_as_alone(config, trainer)
    assert len({tuple(one.rates) for one in ones}) == 4  # all at steps of their own
    assert [record.lr for record in records] == ones[0].rates


@pytest.mark.parametrize("activation", sorted(ACTIVATIONS))
def test_each_seed_is_as_alone_with_every_activation(activation: str) -> None:
    check(SPIRAL, [f"model={{hidden: [5, 4], activation: {activation}}}", "train.steps=6"], 3)


@pytest.mark.parametrize(
    ("path", "loss"),
    [(SINE, "mse"), (SINE, "mae"), (SINE, "huber")]
    + [(MOONS, loss) for loss in ("bce", "hinge", "cross_entropy", "mse")],
)
def test_each_seed_is_as_alone_with_every_loss(path: str, loss: str) -> None:
    check(path, [*BATCHES, f"loss={loss}"], 3)


def test_each_seed_has_gradients_clipped_by_its_own_norm_and_by_value() -> None:
    clipped = ["train.clip_norm=0.3", "train.clip_value=0.15"]
    ends = [
        check(MOONS, [*BATCHES, *some], 3).table().final_loss.tolist()
        for some in ([], clipped[:1], clipped[1:], clipped)
    ]
    assert len({tuple(end) for end in ends}) == 4  # both bounds are felt, and together


@pytest.mark.parametrize("batch_size", [1, 2, 5, 23, 24, 100])
@pytest.mark.parametrize("hidden", ["[]", "[1]", "[17]", "[3, 1, 3]"])
def test_each_seed_is_as_alone_whatever_the_shapes(batch_size: int, hidden: str) -> None:
    shape = [f"train.batch_size={batch_size}", f"model.hidden={hidden}", "train.steps=4"]
    check(MOONS, [*BATCHES, *shape], 5)


@pytest.mark.parametrize(
    "seeds", ["1", "7..7", "[900, 3, 12]", "999999999999999990..999999999999999992"]
)
def test_each_seed_is_as_alone_whichever_they_are(seeds: str) -> None:
    trainer = check(MOONS, BATCHES, seeds)
    starts = trainer.table().loss[0].tolist()
    assert len(set(starts)) == len(starts)  # each on data and weights of its own


@pytest.mark.parametrize("block", [1, 20_000, 200_000])
def test_each_seed_is_as_alone_however_many_fit_in_a_block(
    block: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lifted, "BLOCK", block)
    check(MOONS, BATCHES, 5)


@pytest.mark.parametrize("path", [MOONS, SPIRAL, SINE])
def test_each_seed_agrees_with_eager_to_1e_12_of_its_losses(path: str) -> None:
    config = load(path, [*BATCHES, "model={hidden: [5], activation: tanh}"], 3)
    trainer, _, _ = together(config)
    for index, seed in enumerate(trainer.table().seeds.tolist()):
        eager = alone(config, seed, engine="eager")
        assert trainer.table().loss[:, index] == pytest.approx(eager.losses, rel=1e-12)
        final = trainer.table().final_loss[index]
        assert final == pytest.approx(eager.final["final_loss"], rel=1e-12)
    assert trainer.engine.agreement
    assert trainer.engine.agreement.deviation < 1e-12
    assert trainer.engine.agreement.samples == 15  # of 16 at most, as many of each seed


def test_a_loss_that_branches_on_its_data_is_found_by_the_check_at_the_first_step() -> None:
    def branching(x: Value) -> Value:
        return x.tanh() if x.data > 0 else x * 0.5

    ACTIVATIONS["branching"] = branching
    with pytest.raises(Disagreement, match="does the loss branch on its data"):
        together(load(MOONS, [*BATCHES, "model.activation=branching"], 3))


# Seeds that diverge.


def test_seeds_that_diverge_leave_the_others_bits_alone() -> None:
    trainer = check(SINE, SOME_DIVERGE, 8)
    assert 0 < len(trainer.failures) < 8
    table = trainer.table()
    steps = [table.diverged_at[index] for index in trainer.failures]
    assert len(set(steps)) == len(steps), "at different times"
    for index in range(8):
        lost = table.steps >= table.diverged_at[index]
        finite = np.isfinite(table.loss[:, index])
        assert finite.tolist() == ((~lost).tolist() if index in trainer.failures else [True] * 41)
        assert math.isnan(table.final_loss[index]) == (index in trainer.failures)


RATES = {"sgd": 0.1, "adadelta": 12.0, "adagrad": 0.1, "radam": 0.5, "rmsprop": 0.005}


@pytest.mark.usefixtures("logarithm")
@pytest.mark.parametrize(
    "name",
    [
        pytest.param(name, marks=[pytest.mark.slow] * (name not in ("sgd", "adam", "rmsprop")))
        for name in sorted(OPTIMIZERS)
    ],
)
def test_seeds_that_diverge_take_their_rates_and_moments_with_them(name: str) -> None:
    settings = [
        *("data.n=20", "train={steps: 25, batch_size: 6, clip_norm: 2}"),
        *("model.activation=logarithm", f"optimizer={{name: {name}, lr: {RATES.get(name, 0.03)}}}"),
        "scheduler={name: plateau, patience: 1, factor: 0.9}",
    ]
    trainer = check(MOONS, settings, 30)
    assert len(set(trainer.table().diverged_at.tolist()) - {-1, 0}) > 1
    assert len(trainer.failures) < 30


def test_a_diverged_seed_is_named_with_step_and_operation_as_eager_names_it() -> None:
    config = load(SINE, SOME_DIVERGE, 8)
    trainer, _, _ = together(config)
    for index, failure in trainer.failures.items():
        eager = alone(config, index, engine="eager").failure
        # the numbers of both agree to rounding, which 170 steps towards infinity have blown up
        broken = r"at step \d+: the loss is inf: the first operation to break was \S+ of"
        (operation,), (eager_operation,) = (re.findall(broken, text) for text in (failure, eager))
        assert operation == eager_operation


@pytest.mark.usefixtures("logarithm")
def test_an_operation_without_an_answer_stops_its_seed_alone() -> None:
    moons = ["model.activation=logarithm", "data.n=20", "train.steps=30", "data.val_fraction=0.2"]
    config = load(MOONS, [*moons, "optimizer={name: sgd, lr: 0.1}"], 12)
    trainer, _, results = together(config)
    assert_each_as_alone(config, trainer)
    assert 0 < len(trainer.failures) == results["diverged"] < 12
    for index, failure in trainer.failures.items():
        eager = alone(config, index, engine="eager").failure
        digits = re.compile(r"(\.\d{9})\d*")
        assert digits.sub(r"\1", f"training {failure}") == digits.sub(r"\1", eager)


@pytest.mark.usefixtures("logarithm")
@pytest.mark.parametrize("lr", [3, 30])
def test_a_validation_loss_without_an_answer_stops_its_seed_as_alone(lr: int) -> None:
    moons = ["model.activation=logarithm", "data.n=20", "train.steps=8", "data.val_fraction=0.2"]
    trainer = check(MOONS, [*moons, f"optimizer={{name: sgd, lr: {lr}}}"], "30..39")
    assert len(trainer.failures) > 3
    if lr == 3:
        assert any(" before step 1:" in failure for failure in trainer.failures.values())


def breaks_at_once(config: Config, seed: int) -> bool:
    """Whether the seed's first sample, on which a program would be traced, has no answer."""
    one = config.with_seed(seed)
    train, _ = build.build_dataset(one)
    try:
        build.build_model(one, train)(train.inputs[0])
    except ArithmeticError:
        return True
    return False


def test_seeds_that_break_before_the_first_step_are_left_out() -> None:
    ACTIVATIONS["logarithm"] = lambda x: (x + 1.0).log()
    small = [
        *("model={hidden: [2], activation: logarithm}", "data.n=6", "train.steps=3"),
        "optimizer={name: sgd, lr: 0.01}",
    ]
    first = next(seed for seed in range(100) if breaks_at_once(load(MOONS, small, 1), seed))
    others = [seed for seed in range(20) if seed != first]
    trainer = check(MOONS, small, [first, *others])
    assert 0 in trainer.failures
    assert 3 < len(trainer.failures) < 17
    assert all(
        failure.startswith("diverged before step 0: log(") for failure in trainer.failures.values()
    )
    assert trainer.engine.agreement
    initial = trainer.table().initial_loss
    assert np.flatnonzero(np.isnan(initial)).tolist() == sorted(trainer.failures)


def test_a_seed_without_a_final_loss_has_diverged() -> None:
    last = ["train.steps=1", "model={hidden: [2], activation: relu}", "data.val_fraction=0"]
    config = load(SINE, [*last, "optimizer={name: sgd, lr: 1e78}"], 12)
    trainer, _, results = together(config)
    ones = assert_each_as_alone(config, trainer)
    assert 0 < results["diverged"] == len(trainer.failures) < 12
    assert all(one.losses for one in ones)
    assert all(
        failure.startswith("diverged before step 1") for failure in trainer.failures.values()
    )


def test_every_seed_may_have_no_final_loss() -> None:
    last = ["train.steps=1", "model.activation=relu", "optimizer={name: sgd, lr: 1e200}"]
    trainer = check(SINE, last, 3)
    assert len(trainer.failures) == 3


def csv(path: Path, rows: Sequence[Sequence[float]]) -> list[str]:
    """Overrides for data with these rows, the target last."""
    names = ",".join(f"x{i}" for i in range(len(rows[0]) - 1))
    lines = [f"{names},y", *(",".join(map(repr, row)) for row in rows)]
    path.write_text("\n".join(lines) + "\n")
    return [f"data={{name: csv, path: {path}, target: y}}"]


def test_a_gradient_whose_norm_is_infinite_stops_its_seed_though_its_slopes_are_finite(
    tmp_path: Path,
) -> None:
    data = csv(tmp_path / "huge.csv", [[1e308] * 16 + [0.0], [0.0] * 16 + [1.0]])
    settings = ["loss=mae", "model.hidden=[]", "optimizer={name: sgd, lr: 1e-300}", "train.steps=2"]
    trainer = check(SINE, [*data, *settings], 12)
    assert "diverged at step 0: the gradient's norm is inf" in trainer.failures.values()


def test_a_flag_raised_on_the_way_to_finite_numbers_changes_nothing(tmp_path: Path) -> None:
    # x * x is infinite in the slope of gelu, and exp(-x * x / 2) is 0 all the same
    data = csv(tmp_path / "large.csv", [[1e155, 0.5], [-1e155, 0.25], [0.1, 0.0]])
    model = ["loss=mae", "model={hidden: [3], activation: gelu}", "train.steps=3"]
    trainer = check(SINE, [*data, *model, "optimizer={name: sgd, lr: 1e-170}"], 4)
    assert trainer.failures == {}


def test_when_every_seed_diverges_the_first_ones_reason_is_told() -> None:
    config = load(SINE, ["model.activation=linear", "optimizer={name: sgd, lr: 1}"], "3..6")
    trainer = build.build_replicas(config)
    trainer.evaluate()
    with pytest.raises(Diverged) as diverged:
        list(trainer.train(config.train.steps))
    first = alone(config, 3).failure.removeprefix("training ")
    assert str(diverged.value) == f"every seed diverged, seed 3 {first}"
    assert_each_as_alone(config, trainer)


# What is told of a step and of the whole.


def test_a_record_has_median_quartiles_and_worst_and_counts_a_diverged_seed_as_infinite() -> None:
    config = load(SINE, SOME_DIVERGE, 8)
    trainer, records, _ = together(config)
    table = trainer.table()
    logged = [record for record in records if config.train.is_logged(record.step)]
    assert [record.step for record in logged] == table.steps.tolist()
    for record, losses in zip(logged, table.loss, strict=True):
        ordered = sorted(math.inf if math.isnan(loss) else loss for loss in losses)
        assert record.loss_worst == ordered[-1]
        assert record.diverged == ordered.count(math.inf)
        for share, quantile in (
            (1.75, record.loss_q25),
            (3.5, record.loss),
            (5.25, record.loss_q75),
        ):
            low, high = ordered[int(share)], ordered[int(share) + 1]
            between = low + (share - int(share)) * (high - low) if high < math.inf else high
            assert quantile == pytest.approx(between, rel=1e-12)
    assert logged[-1].diverged == 3
    assert logged[-1].loss_q75 == math.inf


def test_results_are_what_each_seed_gives_alone() -> None:
    config = load(MOONS, [*BATCHES, "train.log_every=4"], 5)
    trainer, records, results = together(config)
    ones = [alone(config, seed) for seed in range(5)]
    finals = sorted((one.final["final_loss"], seed) for seed, one in enumerate(ones))
    assert results == {
        "initial_loss": sorted(one.initial for one in ones)[2],
        "final_loss": finals[2][0],
        "final_loss_q25": finals[1][0],
        "final_loss_q75": finals[3][0],
        "worst_loss": finals[4][0],
        "worst_seed": finals[4][1],
        "final_accuracy": sorted(one.final["final_accuracy"] for one in ones)[2],
        "val_loss": sorted(one.final["val_loss"] for one in ones)[2],
        "seeds": 5,
        "diverged": 0,
        "steps": 13,
    }
    assert trainer.table().steps.tolist() == [0, 4, 8, 12]
    assert [r.step for r in records if r.val_loss is not None] == [0, 4, 8, 12]


def test_results_without_a_number_are_none_and_no_infinity() -> None:
    _, _, results = together(load(SINE, SOME_DIVERGE, 8))
    assert results["final_loss_q75"] is None
    assert results["final_accuracy"] is None
    assert results["worst_seed"] not in (3, 4, 7)
    json.dumps(results, allow_nan=False)


# Going on.


def trained(config: Config, steps: int) -> ReplicaTrainer:
    trainer = build.build_replicas(config)
    trainer.evaluate()
    for _ in trainer.train(steps):
        pass
    return trainer


def resumed(config: Config, state: dict[str, Any], files: dict[str, bytes]) -> ReplicaTrainer:
    trainer = build.build_replicas(config)
    trainer.evaluate()
    trainer.load_state_dict(json.loads(json.dumps(state)))
    trainer.load_files(files)
    return trainer


def finished(trainer: ReplicaTrainer, steps: int) -> bytes:
    """All numbers, as the file has them."""
    for _ in trainer.train(steps):
        pass
    trainer.results(1.0)
    return trainer.files()["seeds.npz"]


@pytest.mark.parametrize("name", sorted(OPTIMIZERS))
@pytest.mark.parametrize("stop", [1, 6])  # in an epoch's midst, after 7 and 42 of 24 a time
def test_a_state_goes_on_to_the_bit(name: str, stop: int) -> None:
    plateau = "scheduler={name: plateau, patience: 0, factor: 0.5}"
    config = load(MOONS, [*BATCHES, f"optimizer={{name: {name}, lr: 0.1}}", plateau], 3)
    undisturbed = finished(trained(config, 0), 13)
    half = trained(config, stop)
    assert finished(resumed(config, half.state_dict(), half.files()), 13) == undisturbed


@pytest.mark.parametrize("stop", [141, 142, 150, 175, 190])
def test_a_state_goes_on_to_the_bit_after_seeds_have_diverged(stop: int) -> None:
    config = load(SINE, SOME_DIVERGE, 8)
    whole = trained(config, 0)
    undisturbed = finished(whole, 200)
    half = trained(config, stop)
    again = resumed(config, half.state_dict(), half.files())
    assert finished(again, 200) == undisturbed
    assert again.failures == whole.failures


def test_a_file_that_is_newer_than_the_state_serves_too() -> None:
    """A kill may come after the file was replaced and before the checkpoint was."""
    config = load(SINE, SOME_DIVERGE, 8)
    undisturbed = finished(trained(config, 0), 200)
    older, newer = trained(config, 140), trained(config, 180)
    assert len(newer.failures) == 2 > len(older.failures)
    again = resumed(config, older.state_dict(), newer.files())
    table = again.table()
    assert (table.diverged_at == -1).all()
    assert table.steps.max() < 140
    assert finished(again, 200) == undisturbed


def test_a_longer_training_is_as_if_it_had_been_planned() -> None:
    thin = [*BATCHES, "train.log_every=5"]
    short, long = (load(MOONS, [*thin, f"train.steps={n}"], 3) for n in (8, 13))
    half = trained(short, 8)
    half.results(1.0)
    assert half.table().steps.tolist() == [0, 5, 7]
    again = resumed(long, half.state_dict(), half.files())
    assert again.table().steps.tolist() == [0, 5]  # 7 was logged as the last
    assert finished(again, 13) == finished(trained(long, 0), 13)


@pytest.mark.usefixtures("logarithm")
def test_a_seed_that_only_lacked_a_final_loss_goes_on_in_a_longer_training() -> None:
    moons = [
        *("data.n=20", "model={hidden: [4], activation: logarithm}", "train.batch_size=1"),
        "optimizer={name: sgd, lr: 1}",
    ]
    short, long = (load(MOONS, [*moons, f"train.steps={n}"], 12) for n in (1, 2))
    half = trained(short, 1)
    half.results(1.0)
    assert half.failures[1].startswith("diverged before step 1")
    again = resumed(long, half.state_dict(), half.files())
    assert 1 not in again.failures
    assert finished(again, 2) == finished(trained(long, 0), 2)
    assert 1 not in again.failures


def test_the_file_of_other_seeds_or_of_fewer_steps_is_refused() -> None:
    config = load(MOONS, BATCHES, 3)
    half, before = trained(config, 6), trained(config, 4)
    other = trained(load(MOONS, BATCHES, "1..3"), 6)
    with pytest.raises(ValueError, match=r"^seeds\.npz holds other seeds than the run$"):
        resumed(config, half.state_dict(), other.files())
    with pytest.raises(ValueError, match=r"^seeds\.npz has no losses of step 4$"):
        resumed(config, half.state_dict(), before.files())


def test_the_same_config_gives_the_same_file() -> None:
    first, second = (finished(trained(load(MOONS, BATCHES, 3), 0), 13) for _ in range(2))
    assert first == second
    assert SeedTable.from_bytes(first).seeds.tolist() == [0, 1, 2]


@pytest.mark.parametrize(
    ("odd", "message"),
    [
        (Dataset([[0.0]] * 5, [0.0] * 5, classes=2), "as many samples each, and seed 0 has 4"),
        (Dataset([[0.0, 1.0]] * 4, [0.0] * 4, classes=2), r"seed 0 needs layers of \[1, 8, 1\]"),
    ],
)
def test_seeds_whose_data_make_other_shapes_are_refused(
    odd: Dataset, message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    usual = Dataset([[0.0], [1.0]] * 2, [0.0, 1.0] * 2, classes=2)
    made = iter([usual, usual, odd])
    monkeypatch.setitem(DATASETS, "uneven", lambda *, rng: next(made))
    uneven = load_config("configs/xor.yaml", ["data=uneven", "train.engine=numpy", "train.seeds=3"])
    with pytest.raises(ConfigError, match=message):
        build.trainer_for(uneven)
