"""The command: python -m minigrad.lift CONFIG [key=value ...] [--native]

Prints the array program that the numpy engine finds in a config's loss, one line an operation, and
with --native the native machine's instructions after it.

Exit codes: 0 done; 2 bad usage or config, or a loss that cannot be lifted.
"""

import sys
from collections.abc import Sequence

from minigrad.terminal.command import Parser, guard, print_lines
from minigrad.threads import use_one_thread


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command and give its exit code."""
    use_one_thread()
    parser = Parser(
        verb="lift",
        description="Print the array program that the numpy engine finds in a config's loss.",
    )
    parser.add_argument("config", metavar="CONFIG", help="as configs/moons.yaml")
    parser.add_argument("overrides", metavar="key=value", nargs="*", help="change the config")
    parser.add_argument("--native", action="store_true", help="print the native machine's code too")
    arguments = parser.parse_intermixed_args(argv)
    from minigrad.config import load  # here, so that --help does not wait for them
    from minigrad.lift.models import lift_model
    from minigrad.lift.printing import listing
    from minigrad.native.instructions import translate
    from minigrad.runner import build
    from nn.losses import LOSSES

    try:
        config = load(arguments.config, arguments.overrides)
        for sentence in config.dropped:
            print(sentence, file=sys.stderr)
        dataset, _ = build.build_dataset(config)
        model = build.build_model(config, dataset)
        loss = LOSSES[config.loss]
        lifted = lift_model(model, loss, dataset.inputs[0], dataset.targets[0])
        instructions = ["", str(translate(lifted.program))] if arguments.native else []
    except (ValueError, ArithmeticError, OSError) as error:
        print(error, file=sys.stderr)
        return 2
    except Exception as error:  # a plugin's
        print(f"{type(error).__name__}: {error}", file=sys.stderr)
        return 2
    print_lines([f"{model}, {config.loss}", "", listing(lifted.merged), *instructions])
    return 0


if __name__ == "__main__":
    sys.exit(guard(main))
