"""The command: minigrad VERB ..., which is also python -m minigrad VERB ...

Each verb is a command of its own, imported only when it is called: `minigrad train` is
python -m minigrad.train, and so on.

Exit codes: those of the verb; 2 for no such verb.
"""

import os
import sys
from collections.abc import Callable, Sequence
from importlib import import_module
from typing import Any

from minigrad.terminal.command import Parser, guard, nearest, print_lines
from minigrad.terminal.invocation import command_line
from minigrad.version import __version__

VERBS = {
    "new": "write a config of your own, from an example or a CSV file",
    "train": "train what a config describes (--list: every name it may use)",
    "sweep": "train every combination of some settings, and rank them",
    "runs": "list, show, compare, plot, verify and export what was trained",
    "predict": "use what was trained on rows of your own",
    "doctor": "examine a config before it is trained for long",
    "graph": "draw the computation graph of one sample's loss",
    "lift": "print the array program of a config's loss",
    "lab": "learn backpropagation by writing it yourself, with tests",
    "completion": "print what makes a shell complete these words",
}

_EXAMPLES = """\
examples:
  {0} train xor                      a config that comes with it
  {0} new mine --from csv:rows.csv   a config for your own data
  {0} train mine.yaml optimizer.lr=0.1
  {0} predict latest rows.csv

VERB --help explains a verb, and completion --help how to complete with TAB."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command and give its exit code."""
    words = list(sys.argv[1:] if argv is None else argv)
    if "_ARGCOMPLETE" in os.environ:
        words = _of_shell(words)
    if words[:1] in (["-V"], ["--version"]):
        print_lines([f"minigrad {__version__}"])
        return 0
    if words[:1] in ([], ["-h"], ["--help"], ["help"]):
        print_lines([_help()])
        return 0
    verb, *rest = words
    if verb.startswith("-"):
        _parser().error(f"unrecognized arguments: {verb}")
    if verb not in VERBS:
        _parser().error(f"unknown verb {verb!r}: {nearest(verb, VERBS)}")
    return _command(verb)(rest)


def script() -> int:
    """The console script `minigrad`."""
    return guard(main)


def _command(verb: str) -> Callable[[Sequence[str]], int]:
    name = f"minigrad.{verb}"
    module = import_module(name)
    command = module if hasattr(module, "main") else import_module(f"{name}.__main__")
    main: Callable[[Sequence[str]], int] = command.main
    return main


def _parser() -> Parser:
    """Of the verbs alone: it prints errors, and completes the first word."""
    parser = Parser(prog=command_line("").rstrip(" ."))
    verbs = parser.add_subparsers(metavar="VERB")
    for verb in VERBS:
        verbs.add_parser(verb)
    parser.add_argument("--version", action="store_true")
    return parser


def _help() -> str:
    program = command_line("").rstrip(" .")
    wide = max(map(len, VERBS))
    verbs = (f"  {verb:<{wide}}  {summary}" for verb, summary in VERBS.items())
    lines = [
        *(f"usage: {program} VERB ...", "", "Train small neural networks, with nothing hidden."),
        *("", "verbs:", *verbs, "", _EXAMPLES.format(program)),
    ]
    return "\n".join(lines)


def _of_shell(words: list[str]) -> list[str]:
    """The words of a line that a shell wants completed, where its verb is known.

    The verb's own parser answers then: argcomplete skips one word more.
    """
    line = os.environ.get("COMP_LINE", "")[: int(os.environ.get("COMP_POINT", "0") or 0)]
    typed = line.split()
    if len(typed) > 2 - line.endswith(" ") and typed[1] in VERBS:
        os.environ["_ARGCOMPLETE"] = "2"
        Parser.completers = {"CONFIG": _configs, "RUN": _runs, "A": _runs, "B": _runs}
        return [typed[1]]
    _parser().parse_args(words)  # answers, and ends
    return words


def _configs(prefix: str, **_: Any) -> list[str]:
    """Configs that come with minigrad, YAML files, and folders that may hold some."""
    from argcomplete.completers import FilesCompleter

    from minigrad.config.bundled import names

    return [*names(), *FilesCompleter(("yaml", "yml"))(prefix)]


def _runs(parsed_args: Any, **_: Any) -> list[str]:
    """The ids of the store that the line names."""
    from minigrad.tracking.names import ids

    store = getattr(parsed_args, "store", None) or getattr(parsed_args, "out", None) or "runs"
    return ["latest", *ids(store)]


if __name__ == "__main__":
    sys.exit(script())
