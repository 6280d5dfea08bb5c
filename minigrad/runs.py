"""The command: python -m minigrad.runs VERB [--store DIR] [--json] ...

Lists, shows, compares, plots, deletes, checks and exports the runs of a store.

Exit codes: 0 done; 1 `diff` found a parting, `check` damage, or `verify` another result; 2 bad
usage or no such run, told in one line.
"""

import argparse
import json
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from minigrad.terminal.command import Parser, escape_unprintable, print_lines, whole_number
from minigrad.terminal.table import cell, table
from minigrad.terminal.text import json_ready, printable
from minigrad.threads import use_one_thread
from minigrad.tracking import query, trash
from minigrad.tracking.check import check, check_store
from minigrad.tracking.compare import compare, part
from minigrad.tracking.show import show
from minigrad.tracking.store import StoredRun, command, empty, find, ids, load, short
from minigrad.tracking.store import runs as stored_runs


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command and give its exit code."""
    use_one_thread()
    arguments = _arguments(argv)
    escape_unprintable()
    try:
        code: int = arguments.verb(arguments)
    except (ValueError, OSError) as error:
        print(printable(" ".join(str(error).split())), file=sys.stderr)
        return 2
    return code


def list_runs(arguments: argparse.Namespace) -> int:
    everything = stored_runs(arguments.store)
    conditions = [query.Condition.parse(text) for text in arguments.filter]
    met = query.select(everything, conditions)
    found = query.order(met, arguments.sort, arguments.reverse)[: arguments.limit]
    keys = arguments.columns or query.columns(found)
    query.check_keys(everything, keys)
    rows = [[query.shown(run, key) for key in keys] for run in found]
    needed = len(keys) if arguments.columns else len(query.COLUMNS)
    lines = [table(keys, rows, needed=needed)]
    if not everything:
        lines = [empty(arguments.store)]
    elif not found:
        every = command("list", arguments.store)
        lines = [
            f"no run meets {' '.join(arguments.filter)}: {every} shows all {len(everything):,}"
        ]
    if damaged := sum(bool(run.damage) for run in found):
        told = f"{damaged:,} damaged: {command('check', arguments.store)} says how"
        lines.append(told)
    return _print(arguments, [dict(zip(keys, row, strict=True)) for row in rows], *lines)


def show_run(arguments: argparse.Namespace) -> int:
    sections = show(find(arguments.store, arguments.run))
    lines = []
    for title, content in sections.items():
        lines += [title] if content else []
        if isinstance(content, dict):
            wide = max(map(len, content), default=0)
            lines += [f"  {key:<{wide}}  {cell(value)}" for key, value in content.items()]
        else:
            lines += [f"  {cell(one)}" for one in content]
    return _print(arguments, sections, *lines)


def compare_runs(arguments: argparse.Namespace) -> int:
    found = _found(arguments)
    compared = compare(found)
    names = [short(run.id) for run in found]
    told = {"runs": [run.id for run in found], "identical": compared.identical, **vars(compared)}
    blocks = [*compared.notes, *(["the configs are identical"] if compared.identical else [])]
    for title, block in (("config", compared.config), ("results", compared.results)):
        if block:
            rows = [[key, *values] for key, values in block.items()]
            blocks.append(table([title, *names], rows))
    if compared.same:
        same = ", ".join(f"{key} {cell(value)}" for key, value in compared.same.items())
        blocks.append(f"the same in all: {same}")
    return _print(arguments, told, "\n\n".join(blocks))


def diff(arguments: argparse.Namespace) -> int:
    parting = part(find(arguments.store, arguments.a), find(arguments.store, arguments.b))
    told = {"identical": parting.identical, **vars(parting), "sentences": parting.sentences}
    _print(arguments, told, *parting.sentences)
    return 0 if parting.identical else 1


def plot(arguments: argparse.Namespace) -> int:
    from minigrad.plot.curves import draw_curves  # here, since matplotlib takes long to import
    from minigrad.plot.stored import curves, suit_log_axis

    found = _found(arguments)
    drawn = curves(found, arguments.metric)
    log = suit_log_axis(arguments.metric, drawn) if arguments.log is None else arguments.log
    draw_curves(
        arguments.out,
        drawn,
        metric=", ".join(arguments.metric),
        log=log,
        smoothing=arguments.smooth,
    )
    told = {
        "out": None if arguments.out is None else str(arguments.out),
        "log": log,
        "curves": [{"label": curve.label, "points": len(curve.steps)} for curve in drawn],
    }
    return _print(arguments, told, *([f"plot  {arguments.out}"] if arguments.out else []))


def delete(arguments: argparse.Namespace) -> int:
    found = _found(arguments)
    trash.delete(arguments.store, found, force=arguments.force)
    lines = [
        f"deleted {run.id}: {command('restore', arguments.store, short(run.id))} brings it back"
        for run in found
    ]
    return _print(arguments, {"deleted": [run.id for run in found]}, *lines)


def restore(arguments: argparse.Namespace) -> int:
    restored = trash.restore(arguments.store, arguments.runs)
    return _print(arguments, {"restored": restored}, *(f"restored {one}" for one in restored))


def check_runs(arguments: argparse.Namespace) -> int:
    everything = not arguments.runs
    paths = [run.path for run in _found(arguments)]
    if everything:
        paths = [Path(arguments.store) / name for name in ids(arguments.store)]
    reports = [check(load(path)) for path in paths]
    of_store = check_store(Path(arguments.store)) if everything else []
    damaged = [report for report in reports if report.damage]
    lines = list(of_store)
    for report in damaged if everything else reports:
        lines.append(f"{report.id}: {'damaged' if report.damage else 'sound'}")
        lines += [f"  {sentence}" for sentence in report.damage]
        lines.append(f"  can be read: {'; '.join(report.readable) or 'nothing'}")
    if everything:
        total = f"{len(reports):,} runs checked, {len(damaged) or 'none'} damaged"
        lines.append(total if reports else empty(arguments.store))
    _print(arguments, {"store": of_store, "runs": [vars(one) for one in reports]}, *lines)
    return 1 if damaged or of_store else 0


def verify(arguments: argparse.Namespace) -> int:
    from minigrad.runner.verify import verify  # here, since it trains

    run = find(arguments.store, arguments.run)
    verified = verify(run)
    told = {"id": run.id, "identical": verified.identical, "sentence": verified.sentence}
    _print(arguments, told, verified.sentence)
    return 0 if verified.identical else 1


def export(arguments: argparse.Namespace) -> int:
    from minigrad.tracking.export import export  # here, since few runs are exported

    run = find(arguments.store, arguments.run)
    sentence = export(
        run.facts, run.flat_config(), run.metrics(), to=arguments.to, out=arguments.out
    )
    return _print(arguments, {"id": run.id, "to": arguments.to, "sentence": sentence}, sentence)


def _found(arguments: argparse.Namespace) -> list[StoredRun]:
    """The runs that were asked for, each once."""
    found = [find(arguments.store, which) for which in arguments.runs]
    return list({run.path: run for run in found}.values())


def _print(arguments: argparse.Namespace, data: Any, *lines: str) -> int:
    """The data as JSON or as lines of text; gives the exit code of success."""
    if arguments.json:
        print_lines([json.dumps(json_ready(data), indent=2, allow_nan=False, default=str)])
    elif lines:
        print_lines(printable(line) for text in lines for line in text.split("\n"))
    return 0


def _arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = Parser(
        prog="python -m minigrad.runs",
        description="List, show, compare, plot, delete, check and export runs.",
        epilog="RUN is an id, its beginning or its last letters, a path, or latest.",
    )
    verbs = parser.add_subparsers(metavar="VERB", required=True)

    def add(name: str, verb: Callable[[argparse.Namespace], int], told: str) -> Parser:
        added: Parser = verbs.add_parser(name, help=told, description=told)
        added.set_defaults(verb=verb)
        added.add_argument("--store", metavar="DIR", default="runs", help="where runs are (runs)")
        added.add_argument("--json", action="store_true", help="print JSON")
        return added

    _add_list(add("list", list_runs, "one line a run, newest first"))
    add("show", show_run, "all there is to know of a run").add_argument("run", metavar="RUN")
    added = add("compare", compare_runs, "what differs in config and results, side by side")
    added.add_argument("runs", metavar="RUN", nargs="+")
    added = add("diff", diff, "the first step at which two runs part, and why")
    added.add_argument("a", metavar="A")
    added.add_argument("b", metavar="B")
    _add_plot(add("plot", plot, "curves over each other"))
    added = add("delete", delete, "move runs to the store's trash")
    added.add_argument("runs", metavar="RUN", nargs="+")
    added.add_argument("--force", action="store_true", help="even one that is running")
    added = add("restore", restore, "bring deleted runs back")
    added.add_argument("runs", metavar="RUN", nargs="+")
    added = add("check", check_runs, "what is damaged, and what can still be read")
    added.add_argument("runs", metavar="RUN", nargs="*", help="without any, all runs")
    added = add("verify", verify, "train again and hold the numbers against the stored ones")
    added.add_argument("run", metavar="RUN")
    _add_export(add("export", export, "write a run in another tool's format"))
    return parser.parse_args(argv)


def _add_list(parser: Parser) -> None:
    parser.add_argument(
        "--filter",
        metavar="CONDITION",
        nargs="+",
        action="extend",
        default=[],
        help="key=value, key<number and so on, as status=finished optimizer.name=adam",
    )
    parser.add_argument("--sort", metavar="KEY", help="as final_loss, small before large")
    parser.add_argument("--reverse", action="store_true", help="the other way round")
    parser.add_argument("--columns", metavar="A,B,C", type=_names, help="as id,optimizer.lr")
    parser.add_argument("--limit", metavar="N", type=whole_number(), help="the first N only")


def _add_plot(parser: Parser) -> None:
    parser.add_argument("runs", metavar="RUN", nargs="+")
    parser.add_argument("--metric", metavar="A,B", type=_names, default=["loss"], help="(loss)")
    axis = parser.add_mutually_exclusive_group()
    axis.add_argument("--log", action="store_true", default=None, help="(for losses above 0)")
    axis.add_argument("--linear", dest="log", action="store_false", default=None)
    parser.add_argument(
        "--smooth", metavar="WEIGHT", type=_weight, default=0.0, help="of the past, in [0, 1) (0)"
    )
    parser.add_argument(
        "--out", metavar="FILE", type=Path, help=".png or .svg; without it, a window"
    )


def _add_export(parser: Parser) -> None:
    parser.add_argument("run", metavar="RUN")
    parser.add_argument("--to", choices=["csv", "tensorboard", "mlflow"], required=True)
    parser.add_argument("--out", metavar="PATH", type=Path, help="where to write it")


def _names(text: str) -> list[str]:
    return [name.strip() for name in text.split(",") if name.strip()]


def _weight(text: str) -> float:
    try:
        if 0 <= (weight := float(text)) < 1:
            return weight
    except ValueError:
        pass
    raise argparse.ArgumentTypeError(f"must be a number in [0, 1), found {text!r}")


if __name__ == "__main__":
    sys.exit(main())
