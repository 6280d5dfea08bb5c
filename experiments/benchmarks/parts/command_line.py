"""What the scripts have in common: their options, and one table at the end."""

import argparse
import os
import shutil
import sys
import time
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path
from typing import TypeAlias

from experiments.benchmarks.parts import report
from experiments.benchmarks.parts.findings import Findings
from experiments.benchmarks.parts.rows import Section
from experiments.benchmarks.parts.setting import Setting
from experiments.benchmarks.parts.surroundings import surroundings
from experiments.benchmarks.peers.turns import ONE_THREAD

Measure: TypeAlias = Callable[[Setting], Section]


def as_script(
    doc: str | None, measures: Callable[[], Iterable[Measure]], needs_base: bool = False
) -> int:
    """A script's own command: measures, prints, and gives the exit code.

    `measures` imports what it names: so many threads as numpy finds allowed when it is loaded, so
    many it takes.
    """
    parser = options(doc)
    parser.add_argument("count", nargs="?", type=_positive, help="rounds; of xor_seeds.py, seeds")
    if needs_base:
        add_base(parser, required=True)
    parser.add_argument("--json", metavar="FILE", type=Path, help="write all that was found there")
    arguments = parser.parse_args()
    findings = collect(setting(parser, arguments), measures)
    print(report.text(findings, details=True))
    if arguments.json:
        findings.save(arguments.json)
    return exit_code(findings)


def options(doc: str | None) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=(doc or "").splitlines()[0])
    for peer in ("torch", "jax"):
        parser.add_argument(f"--{peer}-python", metavar="PYTHON", default=sys.executable)
    parser.add_argument("--quick", action="store_true", help="to see that it works: no figures")
    return parser


def add_base(parser: argparse.ArgumentParser, required: bool = False) -> None:
    what = "another checkout of minigrad"
    parser.add_argument("--base", metavar="TREE", type=_tree, required=required, help=what)


def setting(parser: argparse.ArgumentParser, given: argparse.Namespace) -> Setting:
    for python in (given.torch_python, given.jax_python):
        if shutil.which(python) is None:
            parser.error(f"there is no interpreter {python}")
    count = getattr(given, "count", None)
    base = getattr(given, "base", None)
    return Setting(given.torch_python, given.jax_python, given.quick, count, base)


def collect(setting: Setting, measures: Callable[[], Iterable[Measure]]) -> Findings:
    """All sections in turn, each reported on stderr when done. Quick ones lose their bounds."""
    os.environ |= ONE_THREAD  # before numpy is loaded
    around = surroundings(setting)
    sections = []
    for measure in measures():
        start = time.perf_counter()
        section = measure(setting)
        sections.append(_unbound(section) if setting.quick else section)
        spent = time.perf_counter() - start
        print(f"{sections[-1].question}: {spent:.0f} s", file=sys.stderr, flush=True)
    return Findings(around, sections)


def exit_code(findings: Findings) -> int:
    return int(any(row.verdict == "missed" for row in findings.rows))


def _unbound(section: Section) -> Section:
    rows = [replace(row, at_least=None, at_most=None) for row in section.rows]
    return replace(section, rows=rows)


def _tree(text: str) -> Path:
    tree = Path(text).resolve()
    if not (tree / "experiments" / "benchmarks" / "peers").is_dir():
        raise argparse.ArgumentTypeError(f"must be a checkout of minigrad, found {text!r}")
    return tree


def _positive(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"must be a number from 1 on, found {text!r}")
    return int(text)
