"""What the studies share: the options of their commands and the look of their figures."""

import argparse
from pathlib import Path

from matplotlib.style import use

use(Path(__file__).with_name("look.mplstyle"))


def options(script: str, description: str, seeds: int) -> argparse.Namespace:
    """The `seeds`, `store` and `figure` of a study's command line.

    Only a study with the default number of seeds draws the figure of its page, next to the script.
    Otherwise the figure goes to the working directory, unless --figure names a file.
    """
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--seeds", type=int, default=seeds, metavar="N", help=f"({seeds})")
    parser.add_argument("--store", default="runs", metavar="DIR", help="where runs go (runs)")
    parser.add_argument("--figure", type=Path, metavar="FILE", help="an .svg or .png file")
    arguments = parser.parse_args()
    own = Path(script).with_suffix(".svg")
    other = Path(f"{own.stem}-{arguments.seeds}-seeds.svg")
    arguments.figure = arguments.figure or (own if arguments.seeds == seeds else other)
    return arguments
