"""The command: python -m minigrad.runs VERB [--store DIR] [--json] ...

Lists, shows, compares, plots, deletes, checks and exports the runs of a store.

Exit codes: 0 done; 1 `diff` finds a difference, `check` damage, or `verify` another result; 2 bad
usage or no such run, said in one line.
"""

import argparse
import csv
import json
import re
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from typing import Any

from minigrad.files.whole import check_free, write_out
from minigrad.plot.marks import OWN
from minigrad.terminal.command import Parser, escape_unprintable, guard, print_lines, whole_number
from minigrad.terminal.numbers import decimal
from minigrad.terminal.screen import Marked, differences_table, print_text
from minigrad.terminal.table import cell, format_table
from minigrad.terminal.text import counted, json_ready, printable, sentence
from minigrad.threads import use_one_thread
from minigrad.tracking import query, trash
from minigrad.tracking.annotate import note, record_verdict, tag
from minigrad.tracking.check import check_soundness, check_store
from minigrad.tracking.compare import comparison_of, first_difference
from minigrad.tracking.export import write_export
from minigrad.tracking.facts import now
from minigrad.tracking.names import SWEEPS, ids, short
from minigrad.tracking.show import run_sections
from minigrad.tracking.store import StoredRun, StoreError, command, empty, find, load
from minigrad.tracking.store import runs as stored_runs


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command and give its exit code."""
    use_one_thread()
    arguments = _arguments(argv)
    escape_unprintable()
    try:
        code: int = arguments.verb(arguments)
    except (ValueError, OSError) as error:
        print_text([printable(" ".join(sentence(error).split()))], sys.stderr)
        return 2
    return code


def list_runs(arguments: argparse.Namespace) -> int:
    everything = stored_runs(arguments.store)
    conditions = [query.Condition.parse(text) for text in arguments.filter]
    met = query.select(everything, conditions)
    met = [run for run in met if query.mentions(run, arguments.search)]
    listed = query.order(met, arguments.sort, arguments.reverse)[: arguments.limit]
    keys = arguments.columns or query.columns(listed)
    query.check_keys(everything, keys)
    rows = [[query.value_or_none(run, key) for key in keys] for run in listed]
    needed = keys if arguments.columns else query.NEEDED
    lines = format_table(keys, rows, needed=needed).split("\n")
    if not everything:
        lines = [empty(arguments.store)]
    elif not listed:
        every = command("list", arguments.store)
        unmet = " ".join([*arguments.filter, *arguments.search])
        lines = [f"no run meets {unmet}: {every} shows all {len(everything):,}"]
    lines += [f"{run.id}: {run.doubt}" for run in listed if run.doubt]
    if damaged := sum(bool(run.damage) for run in listed):
        lines.append(f"{damaged:,} damaged: {command('check', arguments.store)} says how")
    return _print(arguments, [dict(zip(keys, row, strict=True)) for row in rows], *lines)


def show_run(arguments: argparse.Namespace) -> int:
    sections = run_sections(find(arguments.store, arguments.run))
    lines = []
    for title, content in sections.items():
        lines += [title] if content else []
        if isinstance(content, dict):
            cells = {printable(str(key)): cell(value) for key, value in content.items()}
            wide = max(map(len, cells), default=0)
            lines += [f"  {key:<{wide}}  {text}" for key, text in cells.items()]
        else:
            lines += [f"  {cell(one)}" for one in content]
    return _print(arguments, sections, *lines)


def compare_runs(arguments: argparse.Namespace) -> int:
    runs = _named_runs(arguments)
    comparison = comparison_of(runs)
    identical = comparison.identical
    data = {"runs": [run.id for run in runs], "identical": identical, **vars(comparison)}
    blocks: list[Sequence[str]] = [[note] for note in comparison.notes]
    blocks += [["the configs are identical"]] if identical else []
    for title, block in (("config", comparison.config), ("results", comparison.results)):
        if block:
            rows = [[key, *values] for key, values in block.items()]
            header = [title, *(short(run.id) for run in runs)]
            blocks.append(differences_table(header, rows))
    if comparison.same:
        same = ", ".join(f"{key} {cell(value)}" for key, value in comparison.same.items())
        blocks.append([f"the same in all: {same}"])
    lines = [line for block in blocks for line in ("", *block)]
    return _print(arguments, data, *lines[1:])


def diff_runs(arguments: argparse.Namespace) -> int:
    a, b = (find(arguments.store, which) for which in (arguments.a, arguments.b))
    difference = first_difference(a, b)
    identical, sentences = difference.identical, difference.sentences
    data = {"identical": identical, **vars(difference), "sentences": sentences}
    _print(arguments, data, *sentences)
    return 0 if identical else 1


def plot_runs(arguments: argparse.Namespace) -> int:
    from minigrad.plot.curves import draw_curves  # here, since matplotlib takes long to import
    from minigrad.plot.stored import curves, suit_log_axis
    from minigrad.plot.style import check_ending

    if arguments.out is not None:
        check_ending(arguments.out)
        check_free(arguments.out, arguments.force, OWN, replaced=True)
    runs = _named_runs(arguments)
    if len(runs) == 1 and arguments.out is None and runs[0].facts.engine is not None:
        from minigrad.runner.pictures import lost_pictures, redraw

        if lost := lost_pictures(runs[0]):
            pictures = [str(picture) for picture in redraw(runs[0])]
            lines = [f"drawn again: {' and '.join(lost)}", *(f"plot  {path}" for path in pictures)]
            return _print(arguments, {"out": pictures}, *lines)
    drawn = curves(runs, arguments.metric)
    metrics = dict.fromkeys(curve.metric for curve in drawn)
    if arguments.log is None:
        log = [suit_log_axis([m], [one for one in drawn if one.metric == m]) for m in metrics]
    else:
        log = [arguments.log] * len(metrics)
    draw_curves(
        arguments.out,
        drawn,
        metric=", ".join(arguments.metric),
        log=log,
        smoothing=arguments.smooth,
        title=_title(runs, arguments),
        subtitle=f"faint: as logged; strong: averages, the past weighing {arguments.smooth:g}"
        if arguments.smooth
        else "",
    )
    data = {
        "out": None if arguments.out is None else str(arguments.out),
        "log": log[0] if len(log) == 1 else log,
        "curves": [{"label": curve.label, "points": len(curve.steps)} for curve in drawn],
    }
    return _print(arguments, data, *([f"plot  {arguments.out}"] if arguments.out else []))


def _title(runs: Sequence[StoredRun], arguments: argparse.Namespace) -> str:
    """What the curves are of: the name of the runs, if they have the same one."""
    names = {run.facts.name for run in runs}
    whose = f"{name}: " if len(names) == 1 and (name := names.pop()) else ""
    return f"{whose}{', '.join(arguments.metric)} of {counted(len(runs), 'run')}"


def report_runs(arguments: argparse.Namespace) -> int:
    from minigrad.report.report import runs_report  # here, since few verbs need it
    from minigrad.report.sweep import sweep_named, sweep_report

    sweep = sweep_named(arguments.store, arguments.runs)
    if sweep is None:
        runs = _named_runs(arguments)
        text, name = runs_report(runs), "report" if len(runs) > 1 else f"report-{short(runs[0].id)}"
    else:
        text, name = sweep_report(sweep), f"report-{short(sweep.id)}"
    out = arguments.out or Path(f"{name}.html")
    check_free(out, arguments.force, {b"Made by minigrad": "report"})
    try:
        write_out(out, text.encode())
    except OSError as error:
        raise OSError(f"{out} cannot be written: {error.strerror or error}") from None
    return _print(arguments, {"out": str(out), "bytes": len(text.encode())}, f"report  {out}")


def serve_store(arguments: argparse.Namespace) -> int:
    try:
        import_module("starlette")
        import_module("uvicorn")
    except ImportError as error:
        raise StoreError(f"serve needs {error.name}: pip install 'minigrad-lab[ui]'") from None
    from minigrad.report.live import Pages
    from minigrad.report.server import serve

    def started(address: str) -> None:
        _print(arguments, {"address": address}, f"live  {address}  (Ctrl-C ends it)")

    pages = Pages(Path(arguments.store))
    pages.warm()
    serve(pages, arguments.port, started)
    return 0


def tag_run(arguments: argparse.Namespace) -> int:
    run = find(arguments.store, arguments.run)
    tags = tag(run, arguments.tags)
    return _print(arguments, {"id": run.id, "tags": tags}, f"{run.id}: {', '.join(tags) or '-'}")


def note_run(arguments: argparse.Namespace) -> int:
    run = find(arguments.store, arguments.run)
    note(run, arguments.text)
    line = f"{run.id}: {arguments.text}" if arguments.text.strip() else f"{run.id}: no note"
    return _print(arguments, {"id": run.id, "note": arguments.text or None}, line)


def delete_runs(arguments: argparse.Namespace) -> int:
    runs = _named_runs(arguments)
    trash.delete(arguments.store, runs, force=arguments.force)
    lines = [
        f"deleted {run.id}: {command('restore', arguments.store, short(run.id))} brings it back"
        for run in runs
    ]
    return _print(arguments, {"deleted": [run.id for run in runs]}, *lines)


def restore_runs(arguments: argparse.Namespace) -> int:
    restored = trash.restore(arguments.store, arguments.runs)
    return _print(arguments, {"restored": restored}, *(f"restored {one}" for one in restored))


def check_runs(arguments: argparse.Namespace) -> int:
    from minigrad.runner.consistency import contradictions  # here, since it imports pydantic
    from minigrad.sweep.check import check_sweep

    everything, store = not arguments.runs, Path(arguments.store)
    sweeps, runs = _to_check(arguments)
    checks = [check_soundness(run, contradictions) for run in runs]
    if everything:  # one that is deleted meanwhile is not damaged
        checks = [one for one in checks if not (one.damage and StoredRun(store / one.id).is_gone)]
    of_store = check_store(store) if everything else []
    damaged = [one for one in checks if one.damage]
    of_sweeps = [{"id": path.name, "damage": check_sweep(path)} for path in sweeps]
    lines = list(of_store)
    for sweep in of_sweeps:
        if sweep["damage"] or not everything:
            lines.append(f"sweep {sweep['id']}: {'damaged' if sweep['damage'] else 'sound'}")
            lines += [f"  {sentence}" for sentence in sweep["damage"]]
    for one in damaged if everything else checks:
        lines.append(f"{one.id}: {'damaged' if one.damage else 'sound'}")
        lines += [f"  {sentence}" for sentence in one.damage]
        lines.append(f"  can be read: {'; '.join(one.readable) or 'nothing'}")
    if everything:
        total = f"{len(checks):,} runs checked, {len(damaged) or 'none'} damaged"
        lines.append(total if checks else empty(arguments.store))
    data = {"store": of_store, "runs": [vars(one) for one in checks], "sweeps": of_sweeps}
    _print(arguments, data, *lines)
    return 1 if damaged or of_store or any(one["damage"] for one in of_sweeps) else 0


def _to_check(arguments: argparse.Namespace) -> tuple[list[Path], list[StoredRun]]:
    """The sweeps and the runs that are to be checked: without names, all of the store."""
    from minigrad.report.sweep import sweep_path  # here, since few verbs need it

    store = Path(arguments.store)
    if not arguments.runs:
        sweeps = [path for name in ids(store / SWEEPS) if (path := store / SWEEPS / name).is_dir()]
        return sweeps, [load(store / name) for name in ids(store)]
    if named := sweep_path(store, arguments.runs):
        return [named], []
    return [], _named_runs(arguments)


def verify_run(arguments: argparse.Namespace) -> int:
    from minigrad.runner.verify import verify_claims  # here, since it trains

    run = find(arguments.store, arguments.run)
    verification = verify_claims(run, trust_plugins=arguments.trust_plugins)
    identical, sentence = verification.identical, verification.sentence
    unchecked = verification.unchecked
    data = {"id": run.id, "identical": identical, "sentence": sentence, "unchecked": unchecked}
    with suppress(ValueError):  # a store that may only be read
        record_verdict(run, {"at": now(), "identical": identical, "sentence": sentence})
    _print(arguments, data, sentence)
    return 0 if identical else 1


def export_run(arguments: argparse.Namespace) -> int:
    run = find(arguments.store, arguments.run)
    to, out, force = arguments.to, arguments.out, arguments.force
    if to in ("onnx", "npz"):
        from minigrad.runner.model_export import export_model  # here, since it builds the model
        from minigrad.runner.stored_model import model_of

        model = model_of(run, arguments.seed, trust_plugins=arguments.trust_plugins)
        sentence = export_model(model, to=to, out=out, force=force)
    else:
        sentence = write_export(run, to=to, out=out, force=force)
    return _print(arguments, {"id": run.id, "to": to, "sentence": sentence}, sentence)


def _named_runs(arguments: argparse.Namespace) -> list[StoredRun]:
    """The runs that the command line names, each once."""
    runs = [find(arguments.store, which) for which in arguments.runs]
    return list({run.path: run for run in runs}.values())


def _print(arguments: argparse.Namespace, data: Any, *lines: str) -> int:
    """The data as JSON or as lines of text, each printed as one; gives the code of success."""
    if arguments.json:
        print_lines([json.dumps(json_ready(data), indent=2, allow_nan=False, default=str)])
    elif lines:
        print_text(line if isinstance(line, Marked) else printable(line) for line in lines)
    return 0


def _tags_apart(words: list[str]) -> list[str]:
    """The words of a command line; of `tag`, those that remove a tag do not look like options."""
    if words[:1] != ["tag"]:
        return words
    return [f" {w}" if re.fullmatch(r"-[^-].*", w) and w != "-h" else w for w in words]


def _arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    argv = _tags_apart(list(sys.argv[1:] if argv is None else argv))
    parser = Parser(
        verb="runs",
        description="List, show, compare, plot, delete, check and export runs.",
        epilog="RUN is an id, its beginning or its last letters, a path, or latest.",
    )
    verbs = parser.add_subparsers(metavar="VERB", required=True)

    def add(name: str, verb: Callable[[argparse.Namespace], int], summary: str) -> Parser:
        added: Parser = verbs.add_parser(name, help=summary, description=summary)
        added.set_defaults(verb=verb)
        added.add_argument("--store", metavar="DIR", default="runs", help="where runs are (runs)")
        added.add_argument("--json", action="store_true", help="print JSON")
        return added

    _add_list(add("list", list_runs, "one line a run, newest first"))
    add("show", show_run, "all there is to know of a run").add_argument("run", metavar="RUN")
    added = add("compare", compare_runs, "what differs in config and results, side by side")
    added.add_argument("runs", metavar="RUN", nargs="+")
    added = add("diff", diff_runs, "the first step at which two runs differ, and why")
    added.add_argument("a", metavar="A")
    added.add_argument("b", metavar="B")
    _add_plot(add("plot", plot_runs, "curves over each other"))
    added = add("report", report_runs, "one HTML file of runs, or of a sweep, to look at and send")
    added.add_argument("runs", metavar="RUN", nargs="+", help="or one sweep")
    added.add_argument("--out", metavar="FILE", type=Path, help="(report-RUN.html)")
    added.add_argument("--force", action="store_true", help="replace a file that is no report")
    added = add("serve", serve_store, "the store as a live page on this machine, read only")
    added.add_argument(
        "--port", metavar="N", type=whole_number(65_535, least=0), default=0, help="(a free one)"
    )
    added = add("tag", tag_run, "add and remove tags, as: tag RUN +good -old")
    added.add_argument("run", metavar="RUN")
    added.add_argument("tags", metavar="TAG", nargs="+", type=str.strip, help="+good or -old")
    added = add("note", note_run, "write a note on a run; an empty one removes it")
    added.add_argument("run", metavar="RUN")
    added.add_argument("text", metavar="TEXT")
    added = add("delete", delete_runs, "move runs to the store's trash")
    added.add_argument("runs", metavar="RUN", nargs="+")
    added.add_argument("--force", action="store_true", help="even one that is running")
    added = add("restore", restore_runs, "bring deleted runs back")
    added.add_argument("runs", metavar="RUN", nargs="+")
    added = add("check", check_runs, "what is damaged, and what can still be read")
    added.add_argument("runs", metavar="RUN", nargs="*", help="without any, all runs")
    added = add("verify", verify_run, "train again and compare all that the run claims")
    added.add_argument("run", metavar="RUN")
    added.add_argument(
        "--trust-plugins", action="store_true", help="run plugins that came with it, or changed"
    )
    _add_export(add("export", export_run, "write a run, or its model, in another format"))
    return parser.parse_args(argv)


def _add_list(parser: Parser) -> None:
    parser.add_argument(
        "--filter",
        metavar="CONDITION",
        nargs="+",
        action="extend",
        default=[],
        help="key=value, key<number and so on, as status=finished optimizer.name=adam; a key "
        "with such a sign in it is put in double quotes",
    )
    parser.add_argument(
        "--search",
        metavar="WORD",
        nargs="+",
        action="extend",
        default=[],
        help="in id, name, tags and note; all words must be there",
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
        "--out",
        metavar="FILE",
        type=Path,
        help=".png or .svg; without it, a window; or, of one "
        "run whose own pictures are lost, these again",
    )
    parser.add_argument("--force", action="store_true", help="replace a file that is no plot")


def _add_export(parser: Parser) -> None:
    parser.add_argument("run", metavar="RUN")
    formats = ["csv", "tensorboard", "mlflow", "onnx", "npz"]
    parser.add_argument("--to", choices=formats, required=True)
    parser.add_argument("--out", metavar="PATH", type=Path, help="where to write it")
    parser.add_argument("--force", action="store_true", help="replace a file that is there")
    parser.add_argument(
        "--seed",
        metavar="N",
        type=whole_number(least=0),
        help="onnx, npz: of a run of many; else its best",
    )
    parser.add_argument(
        "--trust-plugins", action="store_true", help="onnx, npz: run the plugins it needs"
    )


def _names(text: str) -> list[str]:
    """Names between commas; one with a comma in it is in double quotes."""
    if "\n" in text or "\r" in text:
        return [text]
    (names,) = csv.reader([text], skipinitialspace=True)
    return [name.strip() for name in names if name.strip()]


def _weight(text: str) -> float:
    with suppress(ValueError):
        if 0 <= (weight := decimal(text)) < 1:
            return weight
    raise argparse.ArgumentTypeError(f"must be a number in [0, 1), found {text!r}")


if __name__ == "__main__":
    sys.exit(guard(main))
