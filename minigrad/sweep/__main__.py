"""The command: python -m minigrad.sweep CONFIG key=a,b,c ... [--workers N] [--out DIR] [--json]

Trains every combination of the values and ranks them by their final loss over seeds.

Exit codes: 0 all members finished; 1 some diverged or failed, as the table shows; 2 bad usage,
grid or cluster: each fault is one line, and nothing is written; 130 and 143 interrupted by Ctrl-C
and by SIGTERM.
"""

import argparse
import errno
import json
import shlex
import signal
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import Executor
from contextlib import AbstractContextManager, ExitStack, suppress
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

from minigrad.config import ConfigError
from minigrad.runner.engine_choice import fast_engine, has_plugins, is_chosen
from minigrad.runner.interrupts import Interrupts
from minigrad.sweep import grid, report, search
from minigrad.sweep.bar import Bar
from minigrad.sweep.cells import check
from minigrad.sweep.cluster import dask
from minigrad.sweep.dispatch import Lost, results
from minigrad.sweep.plan import SweepPlan
from minigrad.sweep.pool import Workers, usable_cores
from minigrad.sweep.ranking import Standing, rank, ranked_by
from minigrad.sweep.store import SweepStore
from minigrad.terminal.command import Parser, guard, print_lines, whole_number
from minigrad.terminal.invocation import command_line
from minigrad.terminal.screen import print_text
from minigrad.terminal.signals import line_start
from minigrad.terminal.text import json_ready
from minigrad.threads import use_one_thread
from minigrad.tracking.store import StoreError, short

if TYPE_CHECKING:
    from minigrad.sweep.importance import Importance


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command and return its exit code."""
    use_one_thread()
    arguments = _arguments(argv)
    try:
        plan = None if arguments.resume else _plan(arguments)
    except ConfigError as error:
        print_text([str(error)], sys.stderr)
        return 2
    with Interrupts() as interrupts:
        with ExitStack() as stack:
            try:
                executor = stack.enter_context(_executor(arguments))
                sweep = _store(arguments, plan)
            except (StoreError, OSError) as error:
                print_text([str(error)], sys.stderr)
                return 2
            interrupts.before_end = lambda _: _abandon(sweep, executor)
            # while the workers train: importing matplotlib takes longer than many sweeps
            threading.Thread(target=import_module, args=["minigrad.sweep.pictures.picture"]).start()
            start = time.monotonic()
            stopped = _train(sweep, executor, interrupts)
            standings = rank(sweep.plan, sweep.ended)
            stopped = _finish(sweep, standings, stopped)
            seconds = time.monotonic() - start
        return _answer(arguments, sweep, standings, stopped, seconds, interrupts.received)


def _plan(arguments: argparse.Namespace) -> SweepPlan:
    seed, asked, is_tpe = arguments.seed or 0, arguments.overrides, arguments.sampler == "tpe"
    points = grid.parse(asked, arguments.trials, seed, searched=is_tpe)
    engine, note = _engine(arguments)
    if note:
        print(note, file=sys.stderr)
    probes = search.probes(points) if is_tpe else points
    plan = SweepPlan(arguments.config, asked, points.seeds, check(arguments.config, probes, engine))
    plan = ranked_by(plan, arguments.metric, arguments.mode)
    if is_tpe:
        return search.tpe(arguments.config, asked, arguments.trials, seed, plan, engine)
    return search.halving(plan) if arguments.halving else plan


def _engine(arguments: argparse.Namespace) -> tuple[str | None, str]:
    """The engine for a sweep that names none, and a sentence if it is not the fastest. A cluster's
    machines may lack what this one has.
    """
    settings = arguments.config, arguments.overrides
    if arguments.dask is not None or is_chosen(*settings) or has_plugins(*settings):
        return None, ""
    return fast_engine()


def _executor(arguments: argparse.Namespace) -> AbstractContextManager[Executor]:
    if arguments.dask is not None:
        return dask(arguments.dask)
    return Workers(arguments.workers or usable_cores())


def _store(arguments: argparse.Namespace, plan: SweepPlan | None) -> SweepStore:
    out = Path(arguments.out)
    if plan is None:
        return SweepStore.reopen(out, arguments.resume, trust_plugins=arguments.trust_plugins)
    try:
        return SweepStore.begin(out, plan)
    except OSError as error:
        raise OSError(f"--out {out}: no run can be written there: {error.strerror}") from None


def _abandon(sweep: SweepStore, executor: Executor) -> None:
    """What is left to do in a process that ends at once."""
    if isinstance(executor, Workers):
        executor.kill()
    sweep.abandon()


def _train(sweep: SweepStore, executor: Executor, interrupts: Interrupts) -> str | None:
    """Train all members that are missing. Returns the reason of an early stop, or None."""
    stopped = None
    try:
        while True:
            with Bar(sweep.plan, Counter(one.member.status for one in sweep.ended)) as bar:
                for index, result in results(
                    *(sweep.missing(), sweep.plan.config_of, executor),
                    stop=lambda: bool(interrupts.received),
                    watch=bar.in_training,
                ):
                    bar.ended(result)
                    sweep.write(index, result)
            if sweep.missing():
                break
            cells = search.following(sweep.plan, sweep.ended, sweep.provenance)
            if not cells:
                break
            sweep.extend(cells)
    except ConfigError as error:
        stopped = str(error)
    except Lost:
        stopped = "the loss of the cluster"
    except OSError as error:
        who = "the system" if error.errno in (errno.EMFILE, errno.ENFILE) else "the disk"
        stopped = f"{who} ({error.strerror or error})"
    if sweep.missing() and stopped is None:
        stopped = "Ctrl-C" if interrupts.received == signal.SIGINT else "SIGTERM"
    return stopped


def _finish(sweep: SweepStore, standings: Sequence[Standing], stopped: str | None) -> str | None:
    """Write the table, then the status: a sweep that is finished has its table. Returns the reason
    of an early stop, which may be the disk now.
    """
    try:
        report.write_csv(sweep, standings)
    except OSError as error:
        stopped = stopped or f"the disk ({error.strerror or error})"
    with suppress(OSError):  # a full disk: the sweep then looks like one that was killed
        sweep.finish("interrupted" if stopped else "finished")
    return stopped


def _answer(
    arguments: argparse.Namespace,
    sweep: SweepStore,
    standings: Sequence[Standing],
    stopped: str | None,
    seconds: float,
    received: signal.Signals | None,
) -> int:
    from minigrad.sweep.importance import importance_of  # here, since it imports numpy

    mattered = importance_of(sweep.plan, standings)
    lines = [
        *report.lines(sweep, standings, mattered, seconds),
        *_files(sweep, standings, mattered, picture=stopped is None),
    ]
    if stopped:
        out = "" if arguments.out == "runs" else f" --out {shlex.quote(arguments.out)}"
        resume = f"{command_line('sweep')} --resume {short(sweep.id)}{out}"
        lines[:1] = [line_start(1) + line for line in lines[:1]]
        lines.append(f"stopped by {stopped}: {resume} goes on from there")
    with suppress(OSError):  # the sweep itself is on disk
        if arguments.json:
            data = json_ready(report.data(sweep, standings, mattered))
            print_lines([json.dumps(data, indent=2, allow_nan=False)])
        else:
            print_text(lines)
    if stopped and received:
        return 128 + received
    return 1 if stopped or any(one.member.status != "finished" for one in sweep.ended) else 0


def _files(
    sweep: SweepStore,
    standings: Sequence[Standing],
    mattered: "Importance | None",
    picture: bool,
) -> Iterator[str]:
    """Draw the pictures of a sweep that is complete; yields a line for each, and for the table."""
    if not standings:
        return
    if (table := report.csv_path(sweep)).exists():
        yield f"table  {table}"
    try:
        if picture:
            from minigrad.sweep.pictures.picture import draw  # here, since it imports matplotlib

            yield f"plot   {draw(sweep, standings)}"
            if mattered:
                from minigrad.sweep.pictures.shares import draw_importance

                yield f"shares {draw_importance(sweep, mattered)}"
    except OSError as error:
        yield f"plot cannot be written: {error.strerror}"


def _arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = Parser(
        verb="sweep",
        description="Train every combination of the values and rank them by their final loss.",
        epilog="A value is what minigrad.train takes; several follow one '=': a,b,c or "
        "range(a,b[,step]), and with --random uniform(a,b), loguniform(a,b), choice(a,b,c). "
        f"Example: {command_line('sweep')} configs/xor.yaml optimizer.lr=0.1,1 'seed=range(0,20)'",
    )
    parser.add_argument("config", metavar="CONFIG", nargs="?", help="as configs/xor.yaml")
    parser.add_argument(
        "overrides", metavar="key=a,b,c", nargs="*", help="what varies, as optimizer.lr=0.1,1"
    )
    parser.add_argument("--out", metavar="DIR", default="runs", help="where runs go (runs)")
    parser.add_argument(
        "--workers", metavar="N", type=whole_number(grid.MAX_MEMBERS), help="processes (one a core)"
    )
    parser.add_argument(
        "--random",
        metavar="N",
        type=whole_number(grid.MAX_MEMBERS),
        help="draw N times from uniform(...)",
    )
    parser.add_argument(
        "--sampler",
        choices=("grid", "random", "tpe"),
        help="every combination, or --trials N of them: at random, or by what the results so far "
        "promise (tpe, with optuna)",
    )
    parser.add_argument(
        "--trials", metavar="N", type=whole_number(grid.MAX_CELLS), help="cells of random and tpe"
    )
    parser.add_argument("--seed", metavar="S", type=whole_number(least=0), help="of the draws (0)")
    parser.add_argument(
        "--halving",
        action="store_true",
        help="all cells for a ninth of their steps, the best third for a third, of these the best "
        "third for all",
    )
    parser.add_argument(
        "--metric", metavar="NAME", help="what ranks (val_loss, without validation final_loss)"
    )
    parser.add_argument("--mode", choices=("min", "max"), help="whether less or more is better")
    parser.add_argument(
        "--dask",
        metavar="ADDRESS",
        help="train on a Dask cluster, as tcp://host:8786, whose workers have minigrad and, "
        "under the same paths, the data and plugins that the config names",
    )
    parser.add_argument(
        "--resume", metavar="SWEEP", help="train what is missing: its id, a part of it, or latest"
    )
    parser.add_argument(
        "--trust-plugins",
        action="store_true",
        help="with --resume: run plugins that came with the sweep, or have changed since",
    )
    parser.add_argument("--json", action="store_true", help="print JSON")
    arguments = parser.parse_intermixed_args(argv)
    _check_sampler(parser, arguments)
    if not (arguments.config or arguments.resume):
        parser.error(f"which config? For example: {command_line('sweep')} configs/xor.yaml")
    if arguments.workers and arguments.dask is not None:
        parser.error("--workers: of a cluster's workers the cluster decides")
    if arguments.seed is not None and arguments.trials is None:
        parser.error("--seed is of the draws of --random; members' seeds are seed=range(0,20)")
    return arguments


def _check_sampler(parser: Parser, arguments: argparse.Namespace) -> None:
    """Give `trials` and `sampler` one meaning each: `--random N` is both in short."""
    drawn = arguments.random or arguments.trials or arguments.sampler or arguments.halving
    if arguments.resume and (arguments.config or drawn or arguments.metric or arguments.mode):
        parser.error("--resume: the grid is that of the sweep: give no config and no values")
    if arguments.random is not None:
        if arguments.trials is not None or arguments.sampler in ("grid", "tpe"):
            parser.error("--random N is --sampler random --trials N: give one of them")
        arguments.sampler, arguments.trials = "random", arguments.random
    if arguments.trials is not None and arguments.sampler not in ("random", "tpe"):
        parser.error("--trials is of --sampler random and --sampler tpe; a grid has all its cells")
    if arguments.sampler in ("random", "tpe") and arguments.trials is None:
        parser.error(f"--sampler {arguments.sampler}: say how many cells, as --trials 20")
    if arguments.sampler == "tpe" and arguments.halving:
        parser.error("--halving goes with --sampler grid and random, not with tpe")


if __name__ == "__main__":
    sys.exit(guard(main))
