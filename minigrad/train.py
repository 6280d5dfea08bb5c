"""The command: python -m minigrad.train CONFIG [key=value ...] [--out DIR]

Trains what the config describes, checks what it expects, and leaves a run directory; `--list`
prints every name that a config may use instead.

Exit codes: 0 done and expectations met; 1 an expectation missed or training diverged; 2 bad usage,
config or data; 130 and 143 interrupted by Ctrl-C and by SIGTERM.
"""

import argparse
import os
import signal
import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, NoReturn

from tqdm import tqdm

from minigrad import config, experiment
from minigrad.catalogue import catalogue
from minigrad.config import Config, ConfigError
from minigrad.expectations import Verdict, judge
from minigrad.tracking import Run
from minigrad.tracking.run import Status
from minigrad.trainer import Record, Trainer


@dataclass
class Outcome:
    """How a training ended: the run's last status, the command's exit code, and its sentences."""

    status: Status
    code: int
    sentences: list[str]
    summary: dict[str, Any] = field(default_factory=dict)
    verdicts: list[Verdict] = field(default_factory=list)


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command and give its exit code."""
    arguments = _arguments(argv)
    if arguments.list:
        print(catalogue())
        return 0
    signal.signal(signal.SIGTERM, _terminate)
    try:
        checked = config.load(arguments.config, arguments.overrides)
        trainer = experiment.build(checked)
        run = _new_run(checked, arguments.out)
    except (ConfigError, OSError) as error:
        print(error, file=sys.stderr)
        return 2
    curve: list[Record] = []
    with run:
        outcome = _train(checked, trainer, run, curve)
        run.finish(
            outcome.status,
            error=None if outcome.status == "finished" else outcome.sentences[0],
            summary=outcome.summary,
            expectations=[asdict(verdict) for verdict in outcome.verdicts],
        )
    lines = [*outcome.sentences, f"run   {run.path}"]
    if curve:
        lines.append(f"plot  {_draw(checked, outcome, run, curve)}")
    _say(lines)
    return outcome.code


def _train(checked: Config, trainer: Trainer, run: Run, curve: list[Record]) -> Outcome:
    steps = checked.train.steps
    started = time.perf_counter()
    try:
        initial = trainer.evaluate()
        for record in _with_bar(trainer.train(steps), steps):
            if record.step % checked.train.log_every == 0 or record.step == steps - 1:
                curve.append(record)
                run.log(_metrics(record), step=record.step)
        final = trainer.evaluate()
        val = trainer.validation and trainer.evaluate(trainer.validation)
    except ArithmeticError as error:
        return Outcome("diverged", 1, [str(error), _advice(checked)])
    except KeyboardInterrupt:
        return Outcome("interrupted", 130, [f"interrupted by Ctrl-C{_progress(curve, steps)}"])
    except Terminated:
        return Outcome("interrupted", 143, [f"interrupted by SIGTERM{_progress(curve, steps)}"])
    seconds = time.perf_counter() - started
    verdicts = judge(checked.expect, initial.loss, final.loss)
    met = all(verdict.met for verdict in verdicts)
    return Outcome(
        status="finished",
        code=0 if met else 1,
        sentences=[
            f"loss {initial.loss:.4g} -> {final.loss:.4g} in {steps} steps, {seconds:.2f} s",
            _verdict_line(verdicts),
        ],
        summary={
            "initial_loss": initial.loss,
            "final_loss": final.loss,
            "final_accuracy": final.accuracy,
            **({"val_loss": val.loss, "val_accuracy": val.accuracy} if val else {}),
            "steps": steps,
            "seconds": round(seconds, 3),
        },
        verdicts=verdicts,
    )


def _arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m minigrad.train",
        description="Train what CONFIG describes and leave a run directory.",
        epilog="Example: python -m minigrad.train configs/xor.yaml optimizer.lr=0.3",
    )
    parser.add_argument("config", metavar="CONFIG", nargs="?", help="as configs/xor.yaml")
    parser.add_argument(
        "overrides", metavar="key=value", nargs="*", help="change the config, as optimizer.lr=0.3"
    )
    parser.add_argument("--out", metavar="DIR", default="runs", help="where runs go (runs)")
    parser.add_argument(
        "--list", action="store_true", help="print every name that a config may use, and stop"
    )
    arguments = parser.parse_intermixed_args(argv)
    if not arguments.config and not arguments.list:
        parser.error("which config? For example: python -m minigrad.train configs/xor.yaml")
    return arguments


def _new_run(checked: Config, store: str) -> Run:
    try:
        return Run(
            store, checked.name, checked.to_yaml(), seed=checked.seed, engine=checked.train.engine
        )
    except OSError as error:
        raise OSError(f"--out {store}: no run can be written there: {error.strerror}") from None


def _with_bar(records: Iterator[Record], steps: int) -> Iterable[Record]:
    """The records, with a progress bar if somebody watches."""
    if not sys.stderr.isatty():
        yield from records
        return
    with tqdm(total=steps, unit="step", leave=False) as bar:
        for record in records:
            if bar.update():  # true when it is time to redraw, ten times a second
                bar.set_postfix_str(f"loss {record.loss:.4g}", refresh=False)
            yield record


def _metrics(record: Record) -> dict[str, float | None]:
    metrics = dict(vars(record))
    del metrics["step"]
    return metrics


def _verdict_line(verdicts: Sequence[Verdict]) -> str:
    missed = [verdict.sentence for verdict in verdicts if not verdict.met]
    if missed:
        return f"expectation missed: {'; '.join(missed)}"
    if not verdicts:
        return "no expectations: add an expect block to the config to have them checked"
    return f"expectations met: {', '.join(verdict.sentence for verdict in verdicts)}"


def _advice(checked: Config) -> str:
    lr = getattr(checked.optimizer, "lr", None)
    return f"try a smaller step, as optimizer.lr={lr / 10:g}" if lr else "try a smaller step"


def _progress(curve: Sequence[Record], steps: int) -> str:
    if not curve:
        return " before the first step"
    return f" after step {curve[-1].step} of {steps}, at loss {curve[-1].loss:.4g}"


def _draw(checked: Config, outcome: Outcome, run: Run, curve: Sequence[Record]) -> Path:
    from minigrad.plot import draw_loss  # here, since matplotlib takes longer than the training

    path = run.path / "loss.png"
    first, last = curve[0], curve[-1]
    title = f"{checked.name}: {first.loss:.3g} to {last.loss:.3g} in {last.step + 1} steps"
    model = f"hidden {checked.model.hidden} {checked.model.activation} {checked.model.init}"
    optimizer = f"{checked.optimizer.name} {checked.optimizer.changed()}"
    draw_loss(
        path,
        [record.step for record in curve],
        [record.loss for record in curve],
        loss_name=checked.loss,
        title=title if outcome.status == "finished" else f"{title} ({outcome.status})",
        subtitle=f"{model}   {optimizer}   {run.path.name}",
        final_loss_below=checked.expect.final_loss_below,
    )
    return path


def _say(lines: Iterable[str]) -> None:
    try:
        print(*lines, sep="\n", flush=True)
    except BrokenPipeError:  # the reader, as `head -1`, has gone; the run is whole all the same
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


class Terminated(BaseException):
    """SIGTERM arrived."""


def _terminate(_signal: int, _frame: object) -> NoReturn:
    raise Terminated


if __name__ == "__main__":
    sys.exit(main())
