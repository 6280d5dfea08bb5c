"""Whole steps on the native machine: wherever calls begin and end, the same numbers come out."""

import json
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from minigrad import native
from minigrad.config import load
from minigrad.engines.whole_steps import can_step
from minigrad.native.pace import Pace
from minigrad.runner import build
from minigrad.training import calls, packed, replica_calls
from minigrad.training.plan import Plan
from minigrad.training.replicas import ReplicaTrainer
from minigrad.training.trainer import Diverged, Trainer
from optim import OPTIMIZERS, SGD

pytestmark = pytest.mark.skipif(not native.available(), reason="the native machine is not built")

MOONS, XOR, SINE, SPIRAL = (f"configs/{name}.yaml" for name in ("moons", "xor", "sine", "spiral"))
STEPS = 40


class Fixed(Pace):
    """Calls of so many steps, however long they take."""

    length = 1

    def stop(self, _taken: int | None = None) -> None:
        self.steps = self.length

    def __init__(self, *_: Any, **__: Any) -> None:
        super().__init__()
        self.steps = self.length


@pytest.fixture
def length(monkeypatch: pytest.MonkeyPatch) -> type[Fixed]:
    """Its `length` says how many steps a call takes."""
    for module in (calls, replica_calls):
        monkeypatch.setattr(module, "Pace", Fixed)
    return Fixed


def trainer(path: str, *overrides: str) -> Trainer:
    return build.build_trainer(load(path, ["train.engine=native", "expect={}", *overrides]))


def replicas(path: str, seeds: object, *overrides: str) -> ReplicaTrainer:
    given = ["train.engine=native", f"train.seeds={seeds}", "expect={}", *overrides]
    return build.build_replicas(load(path, given))


def numbers(subject: Any, steps: int = STEPS) -> list[dict[str, Any]]:
    """All records, without the time; what stopped them comes last."""
    records = []
    try:
        for record in subject.train(steps):
            records.append({k: v for k, v in vars(record).items() if k != "time"})
    except Diverged as error:
        records.append({"diverged": str(error)})
    return records


def state(subject: Any) -> dict[str, Any]:
    """The state, as a checkpoint has it."""
    saved: dict[str, Any] = json.loads(json.dumps(subject.state_dict()))
    del saved["seconds"]
    return saved


CASES = [
    ["train.batch_size=7"],
    ["data.n=400", "train.batch_size=150"],  # whose last batch of an epoch is in other chunks
    ["data.val_fraction=0.2", "train.log_every=6", "train.batch_size=9"],
    ["scheduler={name: plateau, patience: 1, factor: 0.7}"],
    ["scheduler={name: plateau, patience: 5, factor: 0.7, cooldown: 2}", "optimizer.lr=2"],
    ["scheduler={name: cosine, T_max: 40}"],
    ["train.clip_norm=0.1", "train.clip_value=0.05"],
    *([f"optimizer={{name: {name}, lr: 0.05}}"] for name in sorted(OPTIMIZERS)),
]


@pytest.mark.parametrize("overrides", CASES, ids=lambda case: case[0])
def test_any_split_into_calls_gives_the_same_records_and_state(
    overrides: list[str], length: type[Fixed]
) -> None:
    results = []
    for length.length in (1, 3, 1000):
        subject = trainer(MOONS, *overrides)
        results.append((numbers(subject), state(subject)))
    assert results[0] == results[1] == results[2]
    assert len(results[0][0]) == STEPS


@pytest.mark.parametrize("overrides", CASES, ids=lambda case: case[0])
@pytest.mark.parametrize("stop", [1, 17])
def test_a_state_goes_on_to_the_bit_at_any_step(
    overrides: list[str], stop: int, length: type[Fixed]
) -> None:
    length.length = 1000
    whole, first = trainer(MOONS, *overrides), trainer(MOONS, *overrides)
    expected = numbers(whole)
    assert numbers(first, stop) == expected[:stop]
    second = trainer(MOONS, *overrides)
    second.load_state_dict(json.loads(json.dumps(first.state_dict())))
    assert numbers(second) == expected[stop:]
    assert state(second) == state(whole)


@pytest.mark.parametrize("path", sorted(Path("configs").glob("*.yaml")), ids=lambda p: p.stem)
def test_a_whole_training_is_that_of_numpy(path: Path) -> None:
    configs = [load(path, [f"train.engine={engine}"]) for engine in ("native", "numpy")]
    ours, theirs = map(build.build_trainer, configs)
    for record, expected in zip(numbers(ours, 60), numbers(theirs, 60), strict=True):
        assert record["loss"] == pytest.approx(expected["loss"], rel=1e-9)
        assert record["grad_norm"] == pytest.approx(expected["grad_norm"], rel=1e-8, abs=1e-12)
        assert record["accuracy"] == expected["accuracy"]
        assert record["lr"] == expected["lr"]


def test_a_plateau_lets_a_call_have_the_steps_of_its_patience(length: type[Fixed]) -> None:
    length.length = 1000
    subject = trainer(MOONS, "scheduler={name: plateau, patience: 4, factor: 0.7}")
    nothing_but_ends = Plan(is_recorded=lambda _: False)
    ends = [record.step for record in subject.train(STEPS, nothing_but_ends)]
    assert ends[0] == 4
    assert len(ends) < STEPS


def test_a_plan_leaves_records_out_and_no_call_goes_past_a_stop(length: type[Fixed]) -> None:
    length.length = 1000
    subject = trainer(XOR)
    stops = Plan(lambda step: step % 10 == 0, lambda done: (done // 25 + 1) * 25)
    steps = [(record.step, subject.step) for record in subject.train(60, stops)]
    assert steps == [
        *((0, 25), (10, 25), (20, 25), (24, 25)),
        *((30, 50), (40, 50), (49, 50)),
        *((50, 60), (59, 60)),
    ]


@pytest.mark.parametrize("calls_of", [1, 7, 1000])
def test_a_step_that_breaks_is_told_as_by_eager(calls_of: int, length: type[Fixed]) -> None:
    length.length = calls_of
    overrides = ["optimizer.lr=1e200", "loss=mse"]
    ours = numbers(trainer(XOR, *overrides))
    eager = numbers(build.build_trainer(load(XOR, [*overrides, "expect={}"])))
    assert len(ours) == len(eager)
    assert ours[-1]["diverged"].partition(" of ")[0] == eager[-1]["diverged"].partition(" of ")[0]


@pytest.mark.parametrize(
    "overrides",
    [
        ["train.batch_size=3", "scheduler={name: cosine, T_max: 50}"],
        ["scheduler={name: plateau, patience: 9, factor: 0.99}"],
    ],
    ids=["mini-batches", "plateau"],
)
def test_what_is_left_where_training_breaks_is_the_same_wherever_calls_end(
    overrides: list[str], length: type[Fixed]
) -> None:
    """Also of the samples that were chosen, and of the losses that the schedule was shown."""
    results = []
    for length.length in (1, 8, 1000):
        subject = trainer(SINE, *DIVERGING, "optimizer.lr=9", "data.val_fraction=0", *overrides)
        records = numbers(subject, 200)
        results.append((records, state(subject), subject.optimizer.lr))
    assert results[0] == results[1] == results[2]
    *records, last = results[0][0]
    assert "diverged" in last
    assert len(records) % 8 > 0
    fresh = trainer(SINE, "data.val_fraction=0", *overrides)
    for _ in range(len(records) + 1):  # the step that broke has its samples too
        fresh.batches.choose()
    assert state(fresh)["batches"] == results[0][1]["batches"]


def test_the_rate_that_is_left_is_that_of_the_last_step(length: type[Fixed]) -> None:
    for length.length in (1, 9, 1000):
        for subject in (
            trainer(MOONS, "scheduler={name: cosine, T_max: 50}"),
            replicas(MOONS, 3, "scheduler={name: cosine, T_max: 50}"),
        ):
            assert numbers(subject)[-1]["lr"] == subject.optimizer.lr


def fails_at_step_5(step: int, lr: float) -> float:
    if step == 5:
        raise RuntimeError("no rate")
    return lr / (step + 1)


@pytest.mark.parametrize("calls_of", [1, 3, 1000])
@pytest.mark.parametrize("many", [False, True])
def test_a_schedule_that_raises_stops_before_its_step(
    many: bool, calls_of: int, length: type[Fixed]
) -> None:
    length.length = calls_of
    subject: Any = replicas(MOONS, 3) if many else trainer(MOONS)
    for one in subject.replicas if many else [subject]:
        one.schedule = fails_at_step_5
    with pytest.raises(RuntimeError, match="no rate"):
        list(subject.train(STEPS))
    assert subject.step == 5
    assert subject.optimizer.lr == subject.optimizer.groups[0].initial_lr / 5


class Own(SGD):
    """An optimizer that the machine does not know."""


def test_an_optimizer_of_ones_own_is_stepped_by_its_own_rule() -> None:
    parameter = trainer(XOR).engine.parameters
    assert can_step(SGD(parameter, lr=0.1), None)
    assert not can_step(Own(parameter, lr=0.1), None)
    assert not can_step(SGD(parameter, lr=0.1), lambda *_: True)


def test_the_states_of_an_optimizer_are_those_of_optim() -> None:
    for name, make in OPTIMIZERS.items():
        subject = trainer(XOR, f"optimizer={{name: {name}, lr: 0.01}}")
        numbers(subject, 3)
        by_rule: dict[str, Any] = {}
        settings = subject.optimizer.groups[0].settings
        make.rule(np.ones(3), np.ones(3), by_rule, settings)
        ours = subject.optimizer.groups[0].states[0]
        assert list(ours) == list(by_rule)
        assert ours.get("t", 3) == 3


# Many seeds.


SOME = {
    "whole batches": (XOR, []),
    "own data": (MOONS, []),
    "mini-batches": (MOONS, ["train.batch_size=7", "data.n=30", "data.val_fraction=0.2"]),
    "large batches": (SPIRAL, ["train.batch_size=150"]),
    "plateau": (MOONS, ["scheduler={name: plateau, patience: 1, factor: 0.7}", "optimizer.lr=2"]),
    "adam": (SINE, ["optimizer={name: adam, lr: 0.01}", "train.clip_norm=0.5"]),
}


@pytest.mark.parametrize("case", SOME)
@pytest.mark.parametrize(("count", "threads"), [(1, 1), (5, 2), (37, 1), (37, 2)])
def test_a_seed_alone_is_the_seed_among_many(
    case: str, count: int, threads: int, length: type[Fixed]
) -> None:
    path, overrides = SOME[case]
    length.length = 7
    many = replicas(path, count, *overrides)
    assert many.engine.machine.threads >= 1  # type: ignore[attr-defined]
    many.engine.machine.threads = threads  # type: ignore[attr-defined]
    initial = many.evaluate().loss
    numbers(many, 20)
    many.results(initial)
    table = many.table()
    for seed in {0, count // 2, count - 1}:
        length.length = 1000
        alone = trainer(path, *overrides, f"seed={seed}")
        losses = [record["loss"] for record in numbers(alone, 20)]
        assert table.loss[:, seed].tolist() == [losses[step] for step in table.steps.tolist()]
        parameters = many.engine.parameter.data[seed]
        assert parameters.tolist() == alone.engine.parameters[0].data.tolist()


def test_a_thousand_seeds_have_the_bits_of_each_alone_on_any_number_of_threads() -> None:
    tables = []
    for threads in (1, 2, 3):
        many = replicas(XOR, 1000)
        many.engine.machine.threads = threads  # type: ignore[attr-defined]
        numbers(many, 30)
        tables.append(many.files()["seeds.npz"])
    assert tables[0] == tables[1] == tables[2]
    losses = [record["loss"] for record in numbers(trainer(XOR, "seed=777"), 30)]
    assert many.table().loss[:, 777].tolist() == losses


DIVERGING = ["optimizer={name: sgd, lr: 3}", "model.activation=silu", "train.log_every=5"]


def test_seeds_that_diverge_are_told_as_alone_wherever_calls_end(length: type[Fixed]) -> None:
    results = []
    for length.length in (1, 9, 1000):
        many = replicas(SINE, 8, *DIVERGING)
        records = numbers(many, 200)
        results.append((records, state(many), dict(many.failures), many.files()))
    assert results[0] == results[1] == results[2]
    failures = results[0][2]
    assert 0 < len(failures) < 8
    for seed, why in failures.items():
        stopped = numbers(trainer(SINE, *DIVERGING, f"seed={seed}"), 200)[-1]
        assert stopped["diverged"] == f"training {why}"


@pytest.mark.parametrize("engine", ["native", "numpy"])
def test_a_seed_counts_as_diverged_from_the_step_that_it_broke_at(
    engine: str, length: type[Fixed]
) -> None:
    length.length = 9
    many = replicas(SINE, 8, *DIVERGING, f"train.engine={engine}")
    counts = [record["diverged"] for record in numbers(many, 200)]
    broke = [int(why.split()[3].rstrip(":")) for why in many.failures.values()]
    assert counts == [sum(step <= now for step in broke) for now in range(200)]
    assert 0 < counts[-1] < 8


def test_when_all_seeds_diverge_the_same_is_told_wherever_calls_end(length: type[Fixed]) -> None:
    results = []
    for length.length in (1, 9, 1000):
        many = replicas(SINE, 3, *DIVERGING, "optimizer.lr=9")
        results.append((numbers(many, 200), many.step, dict(many.failures)))
    assert results[0] == results[1] == results[2]
    (*records, last), step, failures = results[0]
    assert "diverged" in last
    assert len(records) == step == max(int(why.split()[3].rstrip(":")) for why in failures.values())


def test_when_all_seeds_diverge_the_rate_that_is_left_is_that_of_the_last_step(
    length: type[Fixed],
) -> None:
    left = []
    for length.length in (1, 9, 1000):
        many = replicas(
            SINE, 3, *DIVERGING, "optimizer.lr=9", "scheduler={name: cosine, T_max: 500}"
        )
        numbers(many, 200)
        left.append(many.optimizer.lr)
    schedule: Any = many.replicas[0].schedule
    assert left == [schedule(many.step - 1, 9.0)] * 3


def test_a_gradient_of_infinite_norm_stops_its_seed_though_its_slopes_are_finite(
    tmp_path: Path,
) -> None:
    data, names = tmp_path / "huge.csv", ",".join(f"x{i}" for i in range(16))
    lines = [f"{names},y", ",".join(["1e308"] * 16 + ["0.5"]), ",".join(["0.0"] * 16 + ["1.0"])]
    data.write_text("\n".join(lines) + "\n")
    settings = ["loss=mae", "model.hidden=[]", "optimizer={name: sgd, lr: 1e-300}"]
    many = replicas(SINE, 12, f"data={{name: csv, path: {data}, target: y}}", *settings)
    numbers(many, 2)
    assert "at step 0: the gradient's norm is inf" in "; ".join(many.failures.values())


def test_a_state_of_many_goes_on_to_the_bit_after_some_have_diverged() -> None:
    whole, first = replicas(SINE, 8, *DIVERGING), replicas(SINE, 8, *DIVERGING)
    expected = numbers(whole, 200)
    numbers(first, 183)
    second = replicas(SINE, 8, *DIVERGING)
    second.load_state_dict(json.loads(json.dumps(first.state_dict())))
    second.load_files(first.files())
    assert numbers(second, 200) == expected[183:]
    assert state(second) == state(whole)
    assert second.files() == whole.files()


class Broken:
    """A machine's module that calls one step of one replica broken, which is not."""

    def __init__(self, module: Any, replica: int, before: Any) -> None:
        self.module, self.replica, self.before = module, replica, before
        self.runs, self.is_due = 0, True

    def __getattr__(self, name: str) -> Any:
        return getattr(self.module, name)

    def run(self, name: str, program: Any, counts: Any, limits: Any, arrays: Any) -> None:
        self.module.run(name, program, counts, limits, arrays)
        if counts[-1] >= 0 and self.is_due:
            self.runs += 1  # of ten steps, then of one, and of a gradient where it gives that
            arrays[10][self.replica] = 0  # its parameters are put back where they were
            arrays[0][self.replica] = self.before[self.replica]
            arrays[7][:, self.replica] = math.nan


ALONE = {
    "whole batches": (XOR, []),
    "mini-batches": (MOONS, ["train.batch_size=7", "data.n=30"]),
    "clipped norm": (XOR, ["train.clip_norm=0.01"]),
    "clipped slopes": (XOR, ["train.clip_value=0.001"]),
    "own rates": (XOR, ["scheduler={name: plateau, patience: 0, factor: 0.5}"]),
}


@pytest.mark.parametrize("case", ALONE)
def test_a_step_that_only_values_can_take_is_taken_by_them_alone(
    case: str, length: type[Fixed]
) -> None:
    path, overrides = ALONE[case]
    length.length = 10
    many, expected = replicas(path, 9, *overrides), replicas(path, 9, *overrides)
    if case == "own rates":  # as if some had been lowered before
        for subject in (many, expected):
            for replica, one in enumerate(subject.replicas):
                schedule: Any = one.schedule
                schedule.load_state_dict({**schedule.state_dict(), "reductions": replica % 3})
    machine = many.engine.machine  # type: ignore[attr-defined]
    before = many.engine.parameter.data.copy()
    broken = machine._module = Broken(machine._module, 4, before)
    records = many.train(20)
    next(records)
    broken.is_due = False
    assert broken.runs >= 2
    assert many.step == 1
    numbers(expected, 1)
    ours, theirs = many.engine.parameter.data, expected.engine.parameter.data
    others = [n for n in range(9) if n != 4]
    assert (ours[others] == theirs[others]).all()
    assert ours[4] == pytest.approx(theirs[4], rel=1e-9)
    (*_, last), (*_, as_expected) = records, numbers(expected, 20)
    assert last.loss == pytest.approx(as_expected["loss"], rel=1e-9)
    assert many.failures == {}


# What is kept of very many.


def test_curves_that_do_not_fit_are_kept_as_quantiles(monkeypatch: pytest.MonkeyPatch) -> None:
    every = replicas(XOR, 200)
    numbers(every, 12)
    monkeypatch.setattr("minigrad.runner.limits.MAX_LOSSES", 1000)
    some = replicas(XOR, 200)
    numbers(some, 12)
    curves, table = every.table().loss, some.table()
    assert table.loss.shape == (0, 200)
    shares = [0, 0.05, 0.25, 0.5, 0.75, 0.95, 1]
    assert table.loss_quantiles == pytest.approx(np.quantile(curves, shares, axis=1).T, rel=1e-14)
    assert table.band() == pytest.approx(every.table().band(), rel=1e-14)
    again = replicas(XOR, 200)
    again.load_state_dict(json.loads(json.dumps(some.state_dict())))
    again.load_files(some.files())
    numbers(again, 20)
    numbers(some, 20)
    assert again.files() == some.files()


def test_large_arrays_of_a_state_are_packed_and_come_back_to_the_bit(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    first = replicas(XOR, 30)
    numbers(first, 5)
    lists = state(first)
    monkeypatch.setattr(packed, "MANY", 100)
    saved = state(first)
    assert packed.is_packed(saved["parameters"])
    assert packed.unpack(saved["parameters"]).tolist() == lists["parameters"]
    second = replicas(XOR, 30)
    second.load_state_dict({**saved, "seconds": 0.0})
    second.load_files(first.files())
    assert state(second) == saved
    assert numbers(second, 9) == numbers(first, 9)


@pytest.mark.parametrize("shape", [[2, 2], [-1, 3], ["3"]])
def test_packed_bytes_that_do_not_fit_their_shape_are_refused(shape: list[Any]) -> None:
    entry = {"float64": "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", "shape": shape}
    with pytest.raises(ValueError, match="are not an array of shape"):
        packed.unpack(entry)


def test_data_that_no_seed_changes_are_there_once() -> None:
    shared, own = replicas(XOR, 3), replicas(MOONS, 3)
    assert shared.whole_batch()[0].shape[0] == 1
    assert own.whole_batch()[0].shape[0] == 3


@pytest.fixture(autouse=True)
def _no_leftover() -> Iterator[None]:
    """`length` is a class: its number does not outlive the test."""
    yield
    Fixed.length = 1
