"""The command: python -m minigrad.lift CONFIG [key=value ...]

Prints the array program that the numpy engine finds in a config's loss, one line an operation.

Exit codes: 0 done; 2 bad usage or config, or a loss that cannot be lifted.
"""

import argparse
import os
import sys
from collections.abc import Sequence
from contextlib import suppress


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command and give its exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m minigrad.lift",
        description="Print the array program that the numpy engine finds in a config's loss.",
    )
    parser.add_argument("config", metavar="CONFIG", help="as configs/moons.yaml")
    parser.add_argument("overrides", metavar="key=value", nargs="*", help="change the config")
    arguments = parser.parse_intermixed_args(argv)
    from minigrad import config, experiment  # here, so that --help does not wait for them
    from minigrad.engines.eager import EagerEngine
    from minigrad.engines.numpy import lift
    from minigrad.lift.printing import listing
    from nn.losses import LOSSES

    try:
        checked = config.load(arguments.config, arguments.overrides)
        dataset, _ = experiment.build_dataset(checked)
        model = experiment.build_model(checked, dataset)
        eager = EagerEngine(model, LOSSES[checked.loss])
        lifted = lift(eager, dataset.inputs[0], dataset.targets[0])
    except (ValueError, ArithmeticError, OSError) as error:
        print(error, file=sys.stderr)
        return 2
    except Exception as error:  # a plugin's
        print(f"{type(error).__name__}: {error}", file=sys.stderr)
        return 2
    with suppress(OSError):  # the reader, as `head -1`, has gone
        print(f"{model}, {checked.loss}\n\n{listing(lifted.program)}", flush=True)
        return 0
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 0


if __name__ == "__main__":
    sys.exit(main())
