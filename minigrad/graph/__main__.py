"""The command: python -m minigrad.graph CONFIG [key=value ...] [--out FILE]

Draws, or prints, the loss of one sample of the model that CONFIG describes.

Exit codes: 0 done; 2 bad usage, config or data.
"""

import argparse
import sys
from collections.abc import Sequence

from minigrad.config import load
from minigrad.graph import draw, to_text
from minigrad.nodes import nodes_below
from minigrad.runner import build
from minigrad.terminal.command import Parser, guard, print_lines, whole_number


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command and return its exit code: 0, or 2 for bad usage, config or data."""
    arguments = _arguments(argv)
    try:
        config = load(arguments.config, arguments.overrides)
        for sentence in config.dropped:
            print(sentence, file=sys.stderr)
        root = build.sample_loss(config, arguments.sample)
        root.backward()
        if arguments.out:
            draw(root, arguments.out, arguments.nodes)
    except (ValueError, ArithmeticError, OSError) as error:
        print(error, file=sys.stderr)
        return 2
    if not arguments.out:
        print_lines([to_text(root, arguments.nodes)])
        return 0
    drawn, total = len(nodes_below(root, arguments.nodes)), len(nodes_below(root))
    print_lines([f"{drawn} of {total} nodes, loss {root.data:.4g}: {arguments.out}"])
    return 0


def _arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = Parser(
        verb="graph",
        description="Draw the loss of one sample of the model that CONFIG describes.",
    )
    parser.add_argument("config", metavar="CONFIG", help="a YAML file, as configs/xor.yaml")
    parser.add_argument("overrides", metavar="key=value", nargs="*", help="change the config")
    parser.add_argument("--out", metavar="FILE", help=".svg or .png; without it, print as text")
    parser.add_argument("--sample", metavar="K", type=int, default=1, help="from 0 (default 1)")
    parser.add_argument(
        "--nodes", metavar="N", type=whole_number(), help="only the N nearest the loss"
    )
    return parser.parse_intermixed_args(argv)


if __name__ == "__main__":
    sys.exit(guard(main))
