"""One tracked training: logged lines, checkpoints, interrupts, verdicts."""

import shlex
import signal
import sys
import time
import traceback
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from minigrad.config import Config
from minigrad.engines import Disagreement
from minigrad.runner import ending, testing
from minigrad.runner.best import BestModel
from minigrad.runner.expectations import Verdict, judge, judge_seeds, met_by
from minigrad.runner.interrupts import AT_ONCE, Interrupts
from minigrad.runner.watching import watched
from minigrad.terminal.invocation import command_line
from minigrad.terminal.signals import cause
from minigrad.terminal.text import counted
from minigrad.tracking import Run, layout
from minigrad.tracking.facts import Status
from minigrad.training.plan import Plan
from minigrad.training.protocol import StepMetrics, TrainerLike
from minigrad.training.trainer import Diverged

Metrics = TypeVar("Metrics", bound=StepMetrics)

CHECKPOINT_SECONDS = 2.0
"""Between checkpoints where the config does not count steps: no more than this is done twice."""
SPARING = 20
"""A checkpoint that takes long, as of very many seeds, is saved again after so many times that."""


class Unwritable(Exception):
    """The run's files cannot be written, and why."""


@dataclass
class Outcome:
    """How a training ended: the run's last status, the command's exit code, and its sentences."""

    status: Status
    code: int
    sentences: list[str]
    summary: dict[str, Any] = field(default_factory=dict)
    verdicts: list[Verdict] = field(default_factory=list)


class Session:
    """Trains `trainer`, which has done no step yet, into `run`; from `state` on, if any.

    `quiet` means no progress bar and no snapshots, but in a notebook what `watched` shows if
    `watch`.
    """

    def __init__(
        self,
        config: Config,
        trainer: TrainerLike,
        run: Run,
        state: dict[str, Any] | None = None,
        *,
        quiet: bool = False,
        watch: bool = False,
    ) -> None:
        self.config, self.trainer, self.run, self.state = config, trainer, run, state
        self.saved_at, self._save_seconds = time.monotonic(), 0.0
        self._saved_step: int | None = None
        self.last: StepMetrics | None = None
        self.snapshots: list[tuple[int, Any]] = []
        # a resumed run has none: its strip would lack the beginning
        without = quiet or state is not None
        self._snapshot_steps = frozenset() if without else config.train.snapshot_steps()
        self._quiet, self._watch = quiet, watch
        self.best: BestModel | None = None

    def train(self, interrupts: Interrupts) -> Outcome:
        """Train to the end, an interrupt or an error, and finish the run accordingly."""
        interrupts.before_end = self._abandon
        try:
            outcome = self._steps(interrupts)
        except Diverged as error:
            outcome = Outcome("diverged", 1, [str(error), self._advice()], self._counts())
            if self.trainer.table():  # each seed's curve up to there
                with suppress(Unwritable):
                    self._save()
        except Disagreement as error:
            outcome = Outcome("failed", 1, [str(error)])
        except Unwritable as error:
            outcome = Outcome("failed", 1, [f"the run cannot be written: {error}"])
        except (Exception, SystemExit) as error:  # a plugin's error or our own: write it to the log
            traceback.print_exc(file=self.run.output)
            sentence = f"training failed: {type(error).__name__}: {error}"
            outcome = Outcome("failed", 1, [f"{sentence} (traceback in output.log)"])
        self.run.output.write("\n".join([*outcome.sentences, ""]))
        try:
            self.run.finish(
                outcome.status,
                error=None if outcome.status == "finished" else outcome.sentences[0],
                summary=outcome.summary,
                expectations=[asdict(verdict) for verdict in outcome.verdicts],
            )
        except OSError as error:  # the run will be listed as crashed
            outcome.code = outcome.code or 1
            outcome.sentences.append(f"run.json cannot be written: {error.strerror}")
        return outcome

    def _steps(self, interrupts: Interrupts) -> Outcome:
        train, steps = self.config.train, self.config.train.steps
        initial_loss = self.trainer.evaluate().loss
        if self.state is not None:
            self._load(self.state)
        best = self.best = ending.best_model(self.config, self.trainer, self.state)
        self._take_snapshot()
        # resumed after it had stopped early, it takes no step
        for record in () if best and best.exhausted else self._records(steps):
            if self.last is None and (agreement := self.trainer.agreement):
                self.run.facts.lifted = asdict(agreement)
            self.last = record
            if train.is_logged(record.step):
                self._log(record)
            if best:
                best.observe(record)
            if record.step + 1 < self.trainer.step:
                continue  # later steps are done too: their records come first
            self._take_snapshot()
            if interrupts.received or (best and best.exhausted):
                break
            if self._checkpoint_is_due():
                self._save()
                if interrupts.received:  # while it was saved, which of many seeds takes seconds
                    break
        is_done = self.trainer.step >= steps or (best and best.exhausted)
        if best and is_done:
            best.end()
        if is_done or self._saved_step != self.trainer.step:
            self._save()
        if interrupts.received and not is_done:
            return self._interrupted(interrupts.received)
        if best:
            best.use()
        return self._finished(initial_loss)

    def _load(self, state: dict[str, Any]) -> None:
        """Go on from the state of a run that had stopped, and from the files beside it."""
        self.trainer.load_state_dict(state)
        names = self.trainer.files()
        self.trainer.load_files({n: (self.run.path / n).read_bytes() for n in names})
        with _writing():  # what it says is of the model that goes on now
            (self.run.path / layout.TEST).unlink(missing_ok=True)

    def _records(self, steps: int) -> Iterable[StepMetrics]:
        """The trainer's records, shown as they come where someone watches."""
        done, plan = self.trainer.step, Plan(self.config.train.is_logged, self._next_stop)
        records = self.trainer.train(steps, plan)
        if not self._quiet:
            return with_bar(records, done, steps)
        return watched(records, done, steps) if self._watch else records

    def _log(self, record: StepMetrics) -> None:
        if record.step <= self.run.last_step:
            return  # logged before the run stopped, and trained again since
        metrics = dict(vars(record))
        del metrics["step"]
        try:  # not _writing(), which takes as long as half a line
            self.run.log(metrics, step=record.step)
        except OSError as error:
            raise _unwritable(error) from None

    def _take_snapshot(self) -> None:
        trainer, loss = self.trainer, self.config.loss
        if trainer.step in self._snapshot_steps and trainer.predict:
            from minigrad.plot.surface import evaluate_surface  # here, since it imports numpy

            now = evaluate_surface(trainer.predict, trainer.dataset, trainer.validation, loss=loss)
            self.snapshots.append((trainer.step, now))

    def _next_stop(self, done: int) -> int | None:
        """The next number of done steps at which a snapshot is taken or a checkpoint counted."""
        stops = [stop for stop in self._snapshot_steps if stop > done]
        if every := self.config.train.checkpoint_every:
            stops.append((done // every + 1) * every)
        if self.best and (stop := self.best.next_stop(done)):
            stops.append(stop)
        return min(stops, default=None)

    def _checkpoint_is_due(self) -> bool:
        every = self.config.train.checkpoint_every
        if every is not None:
            return self.trainer.step % every == 0
        return time.monotonic() - self.saved_at > max(
            CHECKPOINT_SECONDS, SPARING * self._save_seconds
        )

    def _save(self) -> None:
        start = time.monotonic()
        with _writing():
            state = ending.whole_state(self.trainer, self.best)
            self.run.save_checkpoint(state, self.trainer.files())
        self.saved_at, self._saved_step = time.monotonic(), self.trainer.step
        self._save_seconds = self.saved_at - start  # of very many seeds it takes some

    def _finished(self, initial_loss: float) -> Outcome:
        trainer, expect = self.trainer, self.config.expect
        results, test = ending.results(self.config, trainer, self.best, initial_loss)
        if test is not None:
            with _writing():
                self.run.save_file(layout.TEST, ending.test_file(test))
        table = trainer.table()
        before, after = (_loss(results[name]) for name in ("initial_loss", "final_loss"))
        progress = f"loss {before} -> {after} in {counted(trainer.step, 'step')}"
        took = f"{trainer.seconds:.2f} s on {self.config.train.engine}"
        if table is None:
            verdicts = judge(expect, initial_loss, results["final_loss"])
            sentences = [f"{progress}, {took}"]
            sentences += [self.best.sentence()] if self.best else []
            sentences += testing.sentences(self.config, trainer.dataset, results, test)
        else:
            self._save()  # with each seed's final numbers
            verdicts = judge_seeds(expect, table)
            results |= {"met": met_by(expect, table)} if verdicts else {}
            sentences = [f"{counted(results['seeds'], 'seed')}: {progress} (medians), {took}"]
            sentences += _divergences(trainer.failures, table.seeds.tolist())
            if self.config.data.has_test:
                sentences.append("a run of many seeds measures no test part: train one of them")
        met = all(verdict.met for verdict in verdicts) and not results.get("diverged")
        return Outcome(
            status="finished",
            code=0 if met else 1,
            sentences=[*sentences, _verdict_line(verdicts)],
            summary={**results, "seconds": round(trainer.seconds, 3)},
            verdicts=verdicts,
        )

    def _counts(self) -> dict[str, int]:
        """Of many seeds: how many there are and how many diverged."""
        table, failures = self.trainer.table(), self.trainer.failures
        return {} if table is None else {"seeds": len(table.seeds), "diverged": len(failures)}

    def _abandon(self, number: signal.Signals) -> None:
        self.run.abandon(f"interrupted by {cause(number)} and {AT_ONCE}")

    def _interrupted(self, number: signal.Signals) -> Outcome:
        sentence = f"interrupted by {cause(number)} after step {self.trainer.step - 1}"
        if self.last:
            sentence += f" of {self.config.train.steps}, at loss {self.last.loss:.4g}"
        store = self.run.path.parent
        out = "" if store == Path("runs") else f" --out {shlex.quote(str(store))}"
        resume = f"{command_line('train')} --resume {self.run.id}{out} goes on from there"
        return Outcome("interrupted", 128 + number, [sentence, resume])

    def _advice(self) -> str:
        lr = self.config.optimizer.settings().get("lr")
        return f"try a smaller step, as optimizer.lr={lr / 10:g}" if lr else "try a smaller step"


def _loss(loss: float | None) -> str:
    return "infinity" if loss is None else f"{loss:.4g}"


def _divergences(failures: Mapping[int, str], seeds: Sequence[int]) -> list[str]:
    """A sentence for each of the first seeds that diverged."""
    first = [f"seed {seeds[index]} {failures[index]}" for index in sorted(failures)[:3]]
    more = len(failures) - len(first)
    return first + [f"and {more:,} more diverged"] * (more > 0)


@contextmanager
def _writing() -> Iterator[None]:
    """An OSError within is the disk's; one that a plugin raises elsewhere is not."""
    try:
        yield
    except OSError as error:
        raise _unwritable(error) from None


def _unwritable(error: OSError) -> Unwritable:
    return Unwritable(error.strerror or str(error))


def with_bar(records: Iterable[Metrics], done: int, steps: int) -> Iterable[Metrics]:
    """The records, with a progress bar on a terminal."""
    screen = sys.__stderr__  # past output.log, which has no use for a bar
    if screen is None or not screen.isatty():
        yield from records
        return
    from tqdm import tqdm  # here, since it takes long to import and most runs are not on a terminal

    with tqdm(initial=done, total=steps, unit="step", leave=False, file=screen) as bar:
        for record in records:
            # true when it is time to redraw, ten times a second
            if bar.update(record.step + 1 - bar.n):
                bar.set_postfix_str(f"loss {record.loss:.4g}", refresh=False)
            yield record


def _verdict_line(verdicts: list[Verdict]) -> str:
    missed = [verdict.sentence for verdict in verdicts if not verdict.met]
    if missed:
        return f"expectation missed: {'; '.join(missed)}"
    if not verdicts:
        return "no expectations: add an expect block to the config to have them checked"
    return f"expectations met: {', '.join(verdict.sentence for verdict in verdicts)}"
