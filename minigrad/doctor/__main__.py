"""The command: python -m minigrad.doctor CONFIG [key=value ...] [--json]

Examines, in seconds and before a long training, what the config describes: data, labels, initial
loss, gradient, hidden units, step sizes, and whether a few samples can be memorised.
Each check prints a line: its verdict, the number measured and what to do. Writes no files.

Exit codes: 0 nothing failed, though it may have warned; 1 a check failed; 2 bad usage, config or
data; 130 and 143 interrupted by Ctrl-C and by SIGTERM.
"""

import argparse
import json
import signal
import sys
import time
from collections.abc import Sequence

from minigrad.config import ConfigError, load
from minigrad.doctor.checks import CHECKS, examine
from minigrad.doctor.finding import Finding
from minigrad.terminal.command import Parser, escape_unprintable, guard, print_lines
from minigrad.terminal.invocation import command_line
from minigrad.terminal.screen import print_text
from minigrad.terminal.signals import line_start
from minigrad.terminal.text import counted, json_ready, printable
from minigrad.threads import use_one_thread

_WIDE = max(len(check.name) for check in CHECKS)


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command and return its exit code."""
    use_one_thread()
    arguments = _arguments(argv)
    escape_unprintable()
    findings: dict[str, Finding] = {}
    try:
        return _examine(arguments, findings)
    except ConfigError as error:
        print_text([str(error)], sys.stderr)
        return 2
    except KeyboardInterrupt as error:
        done = f"{len(findings)} of {len(CHECKS)} checks"
        print(
            f"{line_start()}{str(error) or 'interrupted by Ctrl-C'} after {done}", file=sys.stderr
        )
        return 128 + getattr(error, "number", signal.SIGINT)


def _examine(arguments: argparse.Namespace, findings: dict[str, Finding]) -> int:
    start = time.perf_counter()
    config = load(arguments.config, arguments.overrides)
    for sentence in config.dropped:
        print_text([sentence], sys.stderr)
    for name, finding in examine(config):
        findings[name] = finding
        if not arguments.json:
            line = f"{finding.verdict:<4}  {name:<{_WIDE}}  {finding}"
            print_text([printable(line)])
    seconds = time.perf_counter() - start
    verdicts = [finding.verdict for finding in findings.values()]
    if arguments.json:
        report = {
            "name": config.name,
            "ok": "FAIL" not in verdicts,
            "seconds": round(seconds, 3),
            "checks": [{"name": name, **vars(finding)} for name, finding in findings.items()],
        }
        print_lines([json.dumps(json_ready(report), indent=2, allow_nan=False)])
    else:
        print_text([f"{_summary(verdicts)}, {seconds:.1f} s"])
    return 1 if "FAIL" in verdicts else 0


def _summary(verdicts: Sequence[str]) -> str:
    failed, warned, skipped = (verdicts.count(v) for v in ("FAIL", "warn", "skip"))
    parts = [f"{failed} failed"] * (failed > 0) + [counted(warned, "warning")] * (warned > 0)
    parts += [f"{skipped} skipped"] * (skipped > 0)
    return f"{len(verdicts)} checks: {', '.join(parts) or 'all ok'}"


def _arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = Parser(
        verb="doctor",
        description="Examine what CONFIG describes before it is trained for long.",
        epilog=f"Example: {command_line('doctor')} configs/xor.yaml optimizer.lr=10",
    )
    parser.add_argument("config", metavar="CONFIG", help="as configs/xor.yaml")
    parser.add_argument(
        "overrides", metavar="key=value", nargs="*", help="change the config, as optimizer.lr=0.3"
    )
    parser.add_argument("--json", action="store_true", help="print JSON")
    return parser.parse_intermixed_args(argv)


if __name__ == "__main__":
    sys.exit(guard(main))
