"""The command: python -m minigrad.graph CONFIG [key=value ...] [--out FILE]

Draws, or prints, the loss of one sample of the model that CONFIG describes; as .html, a page that
steps through its forward and its backward pass.

Exit codes: 0 done; 2 bad usage, config or data.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from minigrad.config import load
from minigrad.files.whole import check_free
from minigrad.graph import draw, page, to_text
from minigrad.graph.stepper_page import LANGUAGES, MARK
from minigrad.nodes import nodes_below
from minigrad.plot.marks import OWN
from minigrad.runner import build
from minigrad.terminal.command import Parser, guard, print_lines, whole_number
from minigrad.terminal.screen import print_text
from minigrad.value import Value


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command and return its exit code: 0, or 2 for bad usage, config or data."""
    arguments = _arguments(argv)
    try:
        config = load(arguments.config, arguments.overrides)
        for sentence in config.dropped:
            print_text([sentence], sys.stderr)
        root = build.sample_loss(config, arguments.sample)
        root.backward()
        if arguments.out:
            _write(arguments, root, config.name)
    except OSError as error:
        message = f"{arguments.out}: {error.strerror}" if error.strerror else str(error)
        print_text([message], sys.stderr)
        return 2
    except (ValueError, ArithmeticError) as error:
        print_text([str(error)], sys.stderr)
        return 2
    if not arguments.out:
        print_lines([to_text(root, arguments.nodes)])
        return 0
    drawn, total = len(nodes_below(root, arguments.nodes)), len(nodes_below(root))
    print_text([f"{drawn} of {total} nodes, loss {root.data:.4g}: {arguments.out}"])
    return 0


def _write(arguments: argparse.Namespace, root: Value, name: str) -> None:
    is_page = Path(arguments.out).suffix == ".html"
    if is_page and arguments.nodes:
        raise ValueError("--nodes is for pictures: a page steps through the whole graph")
    if arguments.language and not is_page:
        raise ValueError("--language is for pages: --out FILE.html")
    own = {MARK: "page"} if is_page else OWN
    check_free(Path(arguments.out), arguments.force, own, replaced=True)
    if is_page:
        title = _TITLES[arguments.language or "en"].format(name=name, sample=arguments.sample)
        page(root, arguments.out, title=title, language=arguments.language)
    else:
        draw(root, arguments.out, arguments.nodes)


_TITLES = {
    "en": "{name}: the loss of sample {sample}",
    "es": "{name}: pérdida de la muestra {sample}",
}


def _arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = Parser(
        verb="graph",
        description="Draw the loss of one sample of the model that CONFIG describes.",
    )
    parser.add_argument("config", metavar="CONFIG", help="a YAML file, as configs/xor.yaml")
    parser.add_argument("overrides", metavar="key=value", nargs="*", help="change the config")
    parser.add_argument(
        "--out",
        metavar="FILE",
        help=".svg, .png, or .html for a page that steps through it; without it, print as text",
    )
    parser.add_argument(
        "--force", action="store_true", help="replace a file that is none of minigrad's"
    )
    parser.add_argument(
        "--sample", metavar="K", type=whole_number(least=0), default=1, help="from 0 (default 1)"
    )
    parser.add_argument(
        "--nodes", metavar="N", type=whole_number(), help="only the N nearest the loss"
    )
    parser.add_argument(
        "--language", choices=LANGUAGES, help="in which a page opens (its reader's)"
    )
    return parser.parse_intermixed_args(argv)


if __name__ == "__main__":
    sys.exit(guard(main))
