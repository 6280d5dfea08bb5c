"""The command: python -m minigrad.sweep CONFIG key=a,b,c ... [--workers N] [--out DIR] [--json]

Trains every combination of the values and ranks them by their final loss over seeds.

Exit codes: 0 all members finished; 1 some diverged or failed, as the table shows; 2 bad usage,
grid or cluster: each fault is one line, and nothing is written; 130 and 143 interrupted by Ctrl-C
and by SIGTERM.
"""

import argparse
import json
import shlex
import signal
import sys
import threading
import time
import warnings
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import Executor
from contextlib import AbstractContextManager, ExitStack, suppress
from importlib import import_module
from pathlib import Path

from minigrad.config import ConfigError
from minigrad.runner.engine_choice import fast_engine, has_plugins, is_chosen
from minigrad.runner.interrupts import Interrupts
from minigrad.sweep import grid, report
from minigrad.sweep.cells import check
from minigrad.sweep.cluster import dask
from minigrad.sweep.dispatch import Lost, results
from minigrad.sweep.member import Result
from minigrad.sweep.plan import Plan
from minigrad.sweep.pool import Workers, usable_cores
from minigrad.sweep.ranking import Standing, rank
from minigrad.sweep.store import SweepStore
from minigrad.terminal.command import Parser, guard, print_lines, whole_number
from minigrad.terminal.invocation import invocation
from minigrad.terminal.signals import line_start
from minigrad.terminal.text import json_ready
from minigrad.threads import use_one_thread
from minigrad.tracking.store import StoreError, short


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command and return its exit code."""
    use_one_thread()
    arguments = _arguments(argv)
    try:
        plan = None if arguments.resume else _plan(arguments)
    except ConfigError as error:
        print(error, file=sys.stderr)
        return 2
    with Interrupts() as interrupts:
        with ExitStack() as stack:
            try:
                executor = stack.enter_context(_executor(arguments))
                sweep = _store(arguments, plan)
            except (StoreError, OSError) as error:
                print(error, file=sys.stderr)
                return 2
            # while the workers train: importing matplotlib takes longer than many sweeps
            threading.Thread(target=import_module, args=["minigrad.sweep.pictures.picture"]).start()
            start = time.monotonic()
            stopped = _train(sweep, executor, interrupts)
            seconds = time.monotonic() - start
        return _answer(arguments, sweep, stopped, seconds, interrupts.received)


def _plan(arguments: argparse.Namespace) -> Plan:
    points = grid.parse(arguments.overrides, arguments.random, arguments.seed or 0)
    engine, note = _engine(arguments)
    if note:
        print(note, file=sys.stderr)
    cells = check(arguments.config, points, engine)
    return Plan(arguments.config, arguments.overrides, points.seeds, cells)


def _engine(arguments: argparse.Namespace) -> tuple[str | None, str]:
    """The engine for a sweep that names none, and a sentence if it is not the fastest. A cluster's
    machines may lack what this one has.
    """
    given = arguments.config, arguments.overrides
    if arguments.dask is not None or is_chosen(*given) or has_plugins(*given):
        return None, ""
    return fast_engine()


def _executor(arguments: argparse.Namespace) -> AbstractContextManager[Executor]:
    if arguments.dask is not None:
        return dask(arguments.dask)
    return Workers(arguments.workers or usable_cores())


def _store(arguments: argparse.Namespace, plan: Plan | None) -> SweepStore:
    out = Path(arguments.out)
    if plan is None:
        return SweepStore.reopen(out, arguments.resume, trust_plugins=arguments.trust_plugins)
    try:
        return SweepStore.begin(out, plan)
    except OSError as error:
        raise OSError(f"--out {out}: no run can be written there: {error.strerror}") from None


def _train(sweep: SweepStore, executor: Executor, interrupts: Interrupts) -> str | None:
    """Train all members that are missing. Returns the reason of an early stop, or None."""
    by_index = results(
        sweep.missing(), sweep.plan.config_of, executor, lambda: bool(interrupts.received)
    )
    stopped = None
    try:
        for index, result in _with_bar(by_index, sweep):
            sweep.write(index, result)
    except Lost:
        stopped = "the loss of the cluster"
    except OSError as error:
        stopped = f"the disk ({error.strerror or error})"
    if sweep.missing() and stopped is None:
        stopped = "Ctrl-C" if interrupts.received == signal.SIGINT else "SIGTERM"
    with suppress(OSError):  # a full disk: the sweep then looks like one that was killed
        sweep.finish("interrupted" if stopped else "finished")
    return stopped


def _with_bar(
    by_index: Iterator[tuple[int, Result]], sweep: SweepStore
) -> Iterator[tuple[int, Result]]:
    """The results, with a progress bar over members on a terminal."""
    if sys.stderr is None or not sys.stderr.isatty():  # None if it is closed
        yield from by_index
        return
    from tqdm import tqdm  # here, since it takes long to import

    total = sweep.plan.members
    statuses = Counter(one.member.status for one in sweep.ended)
    with tqdm(total=total, initial=statuses.total(), unit="member", leave=False) as bar:
        for index, result in by_index:
            statuses.update(member.status for member in result.members)
            bar.set_postfix({s: n for s, n in statuses.items() if s != "finished"}, refresh=False)
            bar.update(len(result.members))
            yield index, result


def _answer(
    arguments: argparse.Namespace,
    sweep: SweepStore,
    stopped: str | None,
    seconds: float,
    received: signal.Signals | None,
) -> int:
    standings = rank(sweep.plan.cells, sweep.ended)
    lines = [
        *report.lines(sweep, standings, seconds),
        *_files(sweep, standings, picture=stopped is None),
    ]
    if stopped:
        out = "" if arguments.out == "runs" else f" --out {shlex.quote(arguments.out)}"
        resume = f"{invocation('sweep')} --resume {short(sweep.id)}{out}"
        lines[:1] = [line_start(1) + line for line in lines[:1]]
        lines.append(f"stopped by {stopped}: {resume} goes on from there")
    if arguments.json:
        lines = [json.dumps(json_ready(report.data(sweep, standings)), indent=2, allow_nan=False)]
    with suppress(OSError):  # the sweep itself is on disk
        print_lines(lines)
    if stopped and received:
        return 128 + received
    return 1 if stopped or any(one.member.status != "finished" for one in sweep.ended) else 0


def _files(sweep: SweepStore, standings: Sequence[Standing], picture: bool) -> Iterator[str]:
    """Write the table and, of a sweep that is complete, the picture; yields a line for each."""
    if not standings:
        return
    try:
        yield f"table  {report.write_csv(sweep, standings)}"
        if picture:
            from minigrad.sweep.pictures.picture import draw  # here, since it imports matplotlib

            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # about glyphs that a font lacks
                yield f"plot   {draw(sweep, standings)}"
    except OSError as error:
        yield f"table and plot cannot be written: {error.strerror}"


def _arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = Parser(
        verb="sweep",
        description="Train every combination of the values and rank them by their final loss.",
        epilog="A value is what minigrad.train takes; several follow one '=': a,b,c or "
        "range(a,b[,step]), and with --random uniform(a,b), loguniform(a,b), choice(a,b,c). "
        f"Example: {invocation('sweep')} configs/xor.yaml optimizer.lr=0.1,1 'seed=range(0,20)'",
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
    parser.add_argument("--seed", metavar="S", type=int, help="of the draws (0)")
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
    if arguments.resume and (arguments.config or arguments.random):
        parser.error("--resume: the grid is that of the sweep: give no config and no values")
    if not (arguments.config or arguments.resume):
        parser.error(f"which config? For example: {invocation('sweep')} configs/xor.yaml")
    if arguments.workers and arguments.dask is not None:
        parser.error("--workers: of a cluster's workers the cluster decides")
    if arguments.seed is not None and arguments.random is None:
        parser.error("--seed is of the draws of --random; members' seeds are seed=range(0,20)")
    return arguments


if __name__ == "__main__":
    sys.exit(guard(main))
