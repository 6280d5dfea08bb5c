"""The command: python -m minigrad.lift CONFIG [key=value ...]

Prints the array program that the numpy engine finds in a config's loss, one line an operation.

Exit codes: 0 done; 2 bad usage or config, or a loss that cannot be lifted.
"""

import sys
from collections.abc import Sequence

from minigrad.terminal.command import Parser, print_lines


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command and give its exit code."""
    parser = Parser(
        prog="python -m minigrad.lift",
        description="Print the array program that the numpy engine finds in a config's loss.",
    )
    parser.add_argument("config", metavar="CONFIG", help="as configs/moons.yaml")
    parser.add_argument("overrides", metavar="key=value", nargs="*", help="change the config")
    arguments = parser.parse_intermixed_args(argv)
    from minigrad import config  # here, so that --help does not wait for them
    from minigrad.engines.arrays import lift
    from minigrad.engines.eager import EagerEngine
    from minigrad.lift.printing import listing
    from minigrad.runner import build
    from nn.losses import LOSSES

    try:
        checked = config.load(arguments.config, arguments.overrides)
        dataset, _ = build.build_dataset(checked)
        model = build.build_model(checked, dataset)
        eager = EagerEngine(model, LOSSES[checked.loss])
        lifted = lift(eager, dataset.inputs[0], dataset.targets[0])
    except (ValueError, ArithmeticError, OSError) as error:
        print(error, file=sys.stderr)
        return 2
    except Exception as error:  # a plugin's
        print(f"{type(error).__name__}: {error}", file=sys.stderr)
        return 2
    print_lines([f"{model}, {checked.loss}", "", listing(lifted.program)])
    return 0


if __name__ == "__main__":
    sys.exit(main())
