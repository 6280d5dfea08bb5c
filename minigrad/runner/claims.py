"""Compares what a stored run claims with the same training done again."""

import json
import math
import os
import re
import struct
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from itertools import pairwise
from typing import Any

from minigrad.config import Config
from minigrad.engines import Disagreement
from minigrad.runner import ending
from minigrad.runner.best import BestModel
from minigrad.runner.consistency import STOPPED_AFTER, unrecorded_keys
from minigrad.runner.expectations import judge, judge_seeds, met_by
from minigrad.runner.interrupts import AT_ONCE
from minigrad.tracking import checkpoint, layout
from minigrad.tracking.check import read_test
from minigrad.tracking.checkpoint import CheckpointError
from minigrad.tracking.reading import read_file
from minigrad.tracking.store import StoredRun, StoreError
from minigrad.training.plan import Plan
from minigrad.training.protocol import StepMetrics, TrainerLike
from minigrad.training.trainer import Diverged

_ROUNDING = 1 << 10
"""Units in the last place. With numpy's AVX-512 switched off, with BLAS kernels of other processors
and with libc's functions without FMA, trainings first differed by 1 to 24 of them.
"""


class Contradiction(Exception):
    """The first claim that does not hold: the step, a sentence, and for numbers how far apart."""

    def __init__(self, step: int, sentence: str, ulps: int | None = None) -> None:
        super().__init__(sentence)
        self.step, self.sentence, self.ulps = step, sentence, ulps

    def __str__(self) -> str:
        if self.ulps is None:
            return self.sentence
        size = "as little as" if self.ulps <= _ROUNDING else "more than"
        unit = "unit" if self.ulps == 1 else "units"
        return (
            f"{self.sentence}, {self.ulps:,} {unit} in the last place apart, "
            f"{size} the rounding of another processor makes"
        )


@dataclass
class Claims:
    """A run's claims, and the training that must reproduce them. `check` extends `unchecked`."""

    run: StoredRun
    config: Config
    trainer: TrainerLike
    unchecked: list[str] = field(default_factory=list)
    _agreement: Any = None
    _best: BestModel | None = None
    _test: dict[str, Any] | None = None
    _end: dict[str, Any] | None = None
    _states: dict[str, dict[str, Any]] = field(default_factory=dict)

    def check(self) -> None:
        """Train and compare. Raises Contradiction at the first claim that does not hold."""
        self._check_record()
        lines = self._lines()
        self._read_checkpoints()
        initial = math.nan
        try:
            initial = self.trainer.evaluate().loss
            self._best = BestModel.of(self.config, self.trainer)
            last = self._train(lines, self._needed_steps(lines))
            if self.run.status == "diverged":
                results = self.trainer.results(initial)  # which may be where it diverged
                raise self._contradiction("its status is diverged, and this time it did not")
            if self.run.status == "finished":
                if self._best:
                    self._best.end()
                self._end = self._state()
                if self._best:
                    self._best.use()
                results, self._test = ending.results(self.config, self.trainer, self._best, initial)
        except Diverged as error:
            self._check_divergence(str(error), lines)
            return
        except Disagreement as error:
            raise self._contradiction(f"this time {error}") from None
        if self.run.status == "finished":
            self._check_results(results, initial)
            self._check_end(lines)
            self._check_files()
            return
        self._check_unfinished(last, lines)

    def _contradiction(self, sentence: str) -> Contradiction:
        return Contradiction(self.trainer.step, sentence)

    # Before training.

    def _check_record(self) -> None:
        """Facts that run.json repeats from config.yaml."""
        facts, config = self.run.facts, self.config
        claims = (
            ("name", facts.name, config.name),
            ("seed", facts.seed, config.seed),
            ("engine", facts.engine, config.train.engine),
        )
        for key, recorded, configured in claims:
            if recorded != configured:
                raise Contradiction(
                    0, f"run.json has the {key} {recorded!r}, config.yaml {configured!r}"
                )
        for key in unrecorded_keys(self.run):
            raise Contradiction(0, f"run.json has {key!r}, which no training records")
        if facts.lines not in (None, len(self.run.metrics())):
            raise Contradiction(0, f"run.json counts {facts.lines} lines in its log")

    def _lines(self) -> dict[int, dict[str, float]]:
        """The logged lines by their steps."""
        rows, steps = self.run.metrics(), self.config.train.steps
        if self.run.log.damage:
            raise Contradiction(0, f"its log is damaged: {self.run.log.damage[0]}")
        for before, after in pairwise(int(row["step"]) for row in rows):
            if after == before:
                raise Contradiction(after, f"step {after} is in the log twice")
            if after < before:
                raise Contradiction(after, f"step {after} comes after step {before} in the log")
        first, last = int(rows[0]["step"]), int(rows[-1]["step"])
        if last >= steps:
            raise Contradiction(last, f"step {last} is stored, and the config has {steps} steps")
        if first < 0:
            raise Contradiction(first, f"step {first} is stored, and steps begin at 0")
        at_once = AT_ONCE in (self.run.facts.error or "")
        if self.run.status == "interrupted" and last == steps - 1 and not at_once:
            raise Contradiction(last, f"its status is interrupted, and all {steps} steps are done")
        lines = {int(row["step"]): row for row in rows}
        unasked = [step for step in lines if not self.config.train.is_logged(step)]
        if len(unasked) > len(self.run.facts.resumed or []):  # a segment may have ended there
            raise Contradiction(unasked[0], f"step {unasked[0]} is in the log, and is not logged")
        return lines

    def _read_checkpoints(self) -> None:
        for name in (layout.CHECKPOINT, layout.PREVIOUS_CHECKPOINT):
            if not (self.run.path / name).exists():
                if name == layout.CHECKPOINT:
                    self.unchecked.append(f"{name}, which is not there")
                continue
            try:
                state = checkpoint.read(self.run.path / name)
            except CheckpointError as error:
                raise Contradiction(0, str(error)) from None
            step = state.get("step")
            if not isinstance(step, int) or not 0 <= step <= self.config.train.steps:
                raise Contradiction(0, f"{name} is of step {step!r}")
            if not _is_duration(state.get("seconds")):
                raise Contradiction(0, f"seconds in {name} is not a duration")
            self._states[name] = state

    def _needed_steps(self, lines: Mapping[int, object]) -> int:
        """The number of steps needed to check all claims."""
        if self.run.status in ("finished", "diverged"):
            return self.config.train.steps
        done = [int(state["step"]) for state in self._states.values()]
        return max([max(lines) + 1, *done])

    # While it trains.

    def _stops(self, done: int, saved: Sequence[int]) -> Iterator[int]:
        """The numbers of done steps, above `done`, at which there is something to look at."""
        yield from (step for step in saved if step > done)
        if self._best and (stop := self._best.next_stop(done)):
            yield stop

    def _train(self, lines: Mapping[int, dict[str, float]], steps: int) -> StepMetrics | None:
        last: StepMetrics | None = None
        finished = self.run.status == "finished"
        stops = sorted(state["step"] for state in self._states.values())
        plan = Plan(
            lambda step: step in lines or self.config.train.is_logged(step),
            lambda done: min(self._stops(done, stops), default=None),
        )
        for record in self.trainer.train(steps, plan):
            if last is None:
                self._agreement = self.trainer.agreement
            last = record
            if self._best:
                self._best.observe(record)
            line = lines.get(record.step)
            if line is not None:
                self._check_line(record, line)
            elif self.config.train.is_logged(record.step) and (
                finished or self.run.status == "diverged" or record.step < max(lines)
            ):
                raise Contradiction(record.step, f"step {record.step} is missing from the log")
            is_behind = record.step + 1 < self.trainer.step  # of steps that are done already
            if not is_behind and not (finished and self.trainer.step == steps):
                self._check_states(self.trainer.step)
            if self._best and self._best.exhausted and not is_behind:
                break
        return last

    def _check_end(self, lines: Mapping[int, object]) -> None:
        """Nothing is there of steps after the last, where it stopped early, and its test."""
        end = self.trainer.step
        if max(lines) >= end:
            raise Contradiction(end, f"step {max(lines)} is in the log, and it stopped at {end}")
        for name, state in self._states.items():
            if state["step"] > end:
                raise Contradiction(end, f"{name} is of step {state['step']}, after its end, {end}")
        self._check_states(end, is_end=True)
        self._check_test()

    def _check_test(self) -> None:
        path = self.run.path / layout.TEST
        if self._test is None:
            if os.path.lexists(path):
                raise self._contradiction(f"{layout.TEST} is there, and no test was asked for")
            return
        try:
            stored = read_test(self.run)
        except StoreError as error:
            raise self._contradiction(str(error)) from None
        now = dict(self._test)
        fits = [results.get("linear_fit") for results in (stored, now)]
        if all(fits) and _is_nearly(*fits):  # by LAPACK, whose last digits vary
            self.unchecked.append(f"the last digits of linear_fit in {layout.TEST}")
            now["linear_fit"] = stored["linear_fit"]
        self._compare(layout.TEST, stored, now)

    def _state(self) -> dict[str, Any]:
        state: dict[str, Any] = json.loads(json.dumps(ending.whole_state(self.trainer, self._best)))
        return state

    def _check_line(self, record: StepMetrics, line: Mapping[str, float]) -> None:
        step, numbers = record.step, dict(vars(record))
        del numbers["step"]
        is_asked = self.config.train.is_logged(step)
        for name in [*numbers, *(key for key in line if key not in numbers and key != "step")]:
            now, before = numbers.get(name), line.get(name)
            now = None if now is None else float(now)  # as the line's numbers were read
            if name == "time" and before is not None:
                if not before >= 0 or math.isinf(before):
                    raise Contradiction(step, f"time at step {step} is {before!r}")
            elif before is not None and now is None and name in numbers and not is_asked:
                self.unchecked.append(f"{name} at step {step}, where the run once ended")
            elif not _same(before, now):
                raise Contradiction(
                    step,
                    f"differs first at step {step}: {name} was {before!r}, is {now!r}",
                    _ulps(before, now),
                )

    def _check_states(self, step: int, *, is_end: bool = False) -> None:
        """The checkpoints of this step hold the trainer's state."""
        for name, state in self._states.items():
            if state["step"] != step:
                continue
            now = self._end or self._state()
            for key, value in now.items():
                if key == "seconds":
                    continue
                if key == "model" and key not in state:  # of an older layout
                    self.unchecked.append(f"the model's description, which {name} lacks")
                    continue
                if key == "best" and not (is_end and name == layout.CHECKPOINT):
                    value = _as_of(state.get(key), value)
                for where, a, b in _differing(state.get(key), value, key):
                    raise Contradiction(
                        step, f"differs in {name}: {where} was {a!r}, is {b!r}", _ulps(a, b)
                    )
            more = [key for key in state if key not in now]
            if more:
                raise Contradiction(step, f"{name} has {more[0]!r}, which it does not keep")

    # Afterwards.

    def _check_results(self, results: dict[str, Any], initial: float) -> None:
        table, expect = self.trainer.table(), self.config.expect
        if table is None:
            verdicts = judge(expect, initial, results["final_loss"])
        else:
            verdicts = judge_seeds(expect, table)
            results |= {"met": met_by(expect, table)} if verdicts else {}
        summary = dict(self.run.summary)
        if not _is_duration(summary.pop("seconds", None)):
            raise self._contradiction("seconds in the summary is not a duration")
        self._compare("the summary", summary, results)
        stored = _in_todays_words(self.run.facts.expectations)
        self._compare("the expectations", stored, [*map(asdict, verdicts)])
        agreement = self._agreement and asdict(self._agreement)
        if self.run.facts.resumed:  # measured again then, from another step on
            self.unchecked += ["lifted"] if self.run.facts.lifted else []
        else:
            self._compare("lifted", self.run.facts.lifted, agreement)
        if self.run.facts.error is not None:
            raise self._contradiction(f"it is finished, with the error {self.run.facts.error!r}")

    def _compare(self, what: str, before: Any, now: Any) -> None:
        for where, a, b in _differing(before, json.loads(json.dumps(now)), ""):
            at = f" {where}" if where else ""
            raise Contradiction(
                self.trainer.step, f"differs in {what}:{at} was {a!r}, is {b!r}", _ulps(a, b)
            )

    def _check_files(self) -> None:
        """The first difference in the seeds' numbers, in a run of many; of one, there are none."""
        if layout.SEEDS not in self.trainer.files() and os.path.lexists(
            self.run.path / layout.SEEDS
        ):
            raise self._contradiction(f"{layout.SEEDS} is there, and it is a run of one seed")
        for name, now in self.trainer.files().items():
            try:
                before = read_file(self.run.path, name)
            except StoreError as error:
                raise self._contradiction(str(error)) from None
            if before != now:
                from minigrad.training.seed_table import SeedTable  # here, since it imports numpy

                try:
                    table = SeedTable.from_bytes(before)
                except ValueError as error:
                    raise self._contradiction(str(error)) from None
                where = table.difference(SeedTable.from_bytes(now))
                raise self._contradiction(f"differs in {name}: {where or 'its bytes'}")

    def _check_divergence(self, error: str, lines: Mapping[int, object]) -> None:
        run = self.run
        if run.status != "diverged":
            raise self._contradiction(f"this time {error}")
        if error != run.facts.error:
            raise self._contradiction(f"its error was {run.facts.error!r}, is {error!r}")
        if max(lines) >= self.trainer.step:
            raise self._contradiction(f"step {max(lines)} is in the log, and {error}")
        table = self.trainer.table()
        counts = {} if table is None else {"seeds": len(table.seeds), "diverged": len(table.seeds)}
        self._compare("the summary", run.summary, counts)
        self._compare("the expectations", run.facts.expectations, [])
        self._check_files()

    def _check_unfinished(self, last: StepMetrics | None, lines: Mapping[int, object]) -> None:
        """A run that was stopped claims nothing of its end, and was stopped where it says."""
        run = self.run
        self._compare("the summary", run.summary, {})
        self._compare("the expectations", run.facts.expectations or [], [])
        if run.status == "interrupted" and layout.CHECKPOINT in self._states:
            stop = STOPPED_AFTER.search(run.facts.error or "")
            step = self._states[layout.CHECKPOINT]["step"] - 1
            if stop and (int(stop[1]) != step or max(lines) > step):
                raise Contradiction(
                    step, f"it says {stop[0]!r}, and its checkpoint is of step {step}"
                )
            if stop and stop[2] and last and stop[2] != f"{last.loss:.4g}":
                raise Contradiction(step, f"it says {stop[0]!r}, and the loss is {last.loss:.4g}")
            self._check_files()
        elif self.trainer.files():
            self.unchecked.append(layout.SEEDS)
        if run.status in ("failed", "crashed"):
            self.unchecked.append(f"why it {run.status}")


class _AbsentKey:
    """Marks a key that is not there, which is not the same as null."""

    def __repr__(self) -> str:
        return "absent"


_ABSENT = _AbsentKey()


def _same(before: Any, now: Any) -> bool:
    """Whether two values of JSON are the same, numbers to the last bit and of one kind.

    >>> _same(1, 1.0), _same(0.0, -0.0), _same(None, None), _same(None, 0.0), _same(True, 1)
    (False, False, True, False, False)
    """
    return type(before) is type(now) and repr(before) == repr(now)


def _as_of(stored: Any, best: dict[str, Any]) -> dict[str, Any]:
    """The state of the best model as it was stored before, or after, the end was measured."""
    return {**best, "last": stored.get("last")} if isinstance(stored, dict) else best


def _differing(before: Any, now: Any, where: str) -> Iterator[tuple[str, Any, Any]]:
    """The places at which two values of JSON differ, each with both values."""
    if isinstance(before, dict) and isinstance(now, dict):
        for key in [*now, *(key for key in before if key not in now)]:
            inner = f"{where}.{key}" if where else str(key)
            yield from _differing(before.get(key, _ABSENT), now.get(key, _ABSENT), inner)
    elif isinstance(before, list) and isinstance(now, list) and len(before) == len(now):
        for index, pair in enumerate(zip(before, now, strict=True)):
            yield from _differing(*pair, f"{where}[{index}]")
    elif not _same(before, now):
        yield where, _short(before), _short(now)


def _short(value: Any) -> Any:
    if isinstance(value, Sequence) and not isinstance(value, str):
        return f"a list of {len(value)}"
    if isinstance(value, str) and len(value) > 1000:  # many numbers, packed
        return f"a text of {len(value):,} characters"
    return value


def _is_nearly(before: Any, now: Any) -> bool:
    """Whether both have the same names, and numbers that differ after four digits at most."""
    return (
        isinstance(before, dict)
        and before.keys() == now.keys()
        and all(type(number) is float for number in before.values())
        and all(math.isclose(before[name], now[name], rel_tol=1e-4) for name in now)
    )


def _is_duration(seconds: object) -> bool:
    is_number = isinstance(seconds, (int, float)) and not isinstance(seconds, bool)
    return is_number and 0 <= seconds < math.inf  # type: ignore[operator]


def _ulps(a: Any, b: Any) -> int | None:
    """How many floats lie from `a` to `b`, which is None unless both are finite floats.

    >>> _ulps(1.0, math.nextafter(1.0, 2.0)), _ulps(-0.0, 0.0), _ulps(1.0, None)
    (1, 0, None)
    """
    if not (isinstance(a, float) and isinstance(b, float)):
        return None
    return abs(_place(a) - _place(b)) if math.isfinite(a) and math.isfinite(b) else None


def _place(number: float) -> int:
    """The number's place among all floats, counted from 0."""
    (bits,) = struct.unpack("<q", struct.pack("<d", number))
    return int(bits) if bits >= 0 else -(int(bits) & (1 << 63) - 1)


def _in_todays_words(verdicts: list[Any] | None) -> list[Any] | None:
    """Stored verdicts, whose sentences said "misses 0.1 by 0.02" before version 0.2."""
    return verdicts and [
        {**one, "sentence": re.sub(r" misses (\S+) by \S+$", r" is not below \1", one["sentence"])}
        if isinstance(one, dict) and isinstance(one.get("sentence"), str)
        else one
        for one in verdicts
    ]
