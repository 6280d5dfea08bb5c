"""The command: minigrad new NAME [--from xor|moons|...|csv:FILE] [--target COLUMN] [--force]

Writes NAME.yaml, a config with comments: a copy of one that comes with minigrad, or one for your
own CSV file, whose columns it reads to guess task, loss and sizes; it says what it has guessed.

Exit codes: 0 done; 2 bad usage, a file that exists already, or data that cannot be read.
"""

import argparse
import os
import random
import re
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from minigrad.config import bundled
from minigrad.data import DataError, Dataset, csv_file
from minigrad.files.whole import replace
from minigrad.terminal.command import Parser, guard, nearest
from minigrad.terminal.invocation import command_line
from minigrad.terminal.screen import print_text
from minigrad.terminal.text import counted, excerpt, printable

LIKELY_TARGETS = ("target", "label", "class", "y", "outcome", "species", "output")


class NewError(ValueError):
    """No config can be written; the message says why."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command and give its exit code."""
    arguments = _arguments(argv)
    kind, _, file = arguments.source.partition(":")
    path = Path(re.sub(r"\.ya?ml$", "", arguments.name) + ".yaml")
    try:
        if os.path.lexists(path) and not arguments.force:
            raise NewError(f"{path} exists already: --force replaces it")
        if kind == "csv" and file:
            guess = guess_from(file, arguments.target)
            text, lines = render(path, file, guess), list(sentences(guess))
        else:
            text, lines = copy(path.stem, arguments.source), []
        replace(path, text.encode())
    except (NewError, DataError) as error:
        print_text(map(printable, str(error).splitlines()), sys.stderr)
        return 2
    except OSError as error:
        message = f"{path} cannot be written: {error.strerror or error}"
        print_text([printable(message)], sys.stderr)
        return 2
    next_step = f"wrote {path}: {command_line('train')} {path} trains it"
    print_text(map(printable, [*lines, next_step]))
    return 0


def copy(name: str, source: str) -> str:
    """The text of a config that comes with minigrad, under another name. Raises NewError."""
    if source not in bundled.names():
        known = [*bundled.names(), "csv:FILE"]
        raise NewError(f"--from: unknown config {source!r}: {nearest(source, known)}")
    folder = bundled.folder()
    lines = (folder / f"{source}.yaml").read_text(encoding="utf-8").splitlines()
    own = [line for line in lines if not line.startswith("# yaml-language-server")]
    text = re.sub("^name: .*", f"name: {_quoted(name)}", "\n".join(own), flags=re.MULTILINE)
    text = re.sub(r"\bpath: (data/[\w./-]+)", lambda path: f"path: {folder / path[1]}", text)
    return f"{text}\n"


@dataclass(frozen=True)
class Guess:
    """What the columns of a CSV file suggest."""

    target: str
    why: str  # this column is taken for the target
    dataset: Dataset

    @property
    def rows(self) -> int:
        return len(self.dataset.inputs)

    @property
    def loss(self) -> str:
        classes = self.dataset.classes
        return "mse" if classes is None else "bce" if classes == 2 else "cross_entropy"

    @property
    def task(self) -> str:
        classes = self.dataset.classes
        return "regression" if classes is None else f"classification into {classes} classes"

    @property
    def hidden(self) -> int:
        """More units for more columns, as long as there are rows to fit their weights."""
        return min(32, max(4, 2 * self.dataset.n_features), max(4, self.rows // 8))

    @property
    def val_fraction(self) -> float:
        return 0.2 if self._shared_by(20) else 0.0

    @property
    def test_fraction(self) -> float:
        return 0.2 if self._shared_by(50) else 0.0

    def _shared_by(self, least: int) -> bool:
        """Whether there are rows for another part, and in each class one for every part."""
        counts = Counter(self.dataset.targets).values() if self.dataset.classes else [self.rows]
        return self.rows >= least and min(counts) >= 3

    @property
    def batch_size(self) -> int:
        return min(32, self.rows - round(self.rows * (self.val_fraction + self.test_fraction)))

    @property
    def steps(self) -> int:
        """About 100 times through the rows, within 300 to 3,000 steps."""
        return min(3000, max(300, 100 * self.rows // self.batch_size // 100 * 100))


def guess_from(file: str, target: str | None = None) -> Guess:
    """Read a CSV file and guess. Raises DataError for one that the csv dataset does not take."""
    header = next(csv_file.read_rows(file), (1, [""]))[1]
    names = [cell.strip() for cell in header]
    likely = [name for name in names if name.lower() in LIKELY_TARGETS]
    if target is not None:
        why = "as asked"
    elif likely:
        target, why = likely[-1], "by its name"
    else:
        target, why = names[-1], "the last column; --target names another"
    dataset = csv_file.read_csv(path=file, target=target, rng=random.Random(0))
    return Guess(target, why, dataset)


def sentences(guess: Guess) -> Iterator[str]:
    """What was guessed, a line each."""
    dataset = guess.dataset
    features = [excerpt(dataset.feature(j)) for j in range(dataset.n_features)]
    named = ", ".join(features) if len(features) <= 6 else f"{features[0]} to {features[-1]}"
    yield f"rows    {guess.rows:,}, each with {counted(len(features), 'feature')}: {named}"
    yield f"target  {excerpt(guess.target)} ({guess.why}): {_kind(dataset)}"
    yield f"guess   {guess.task}: loss {guess.loss}, {guess.hidden} hidden units"
    yield f"parts   {_parts(guess)}"
    units = "features and target" if dataset.classes is None else "features"
    yield f"units   {units} are standardized: mean 0 and deviation 1 in the rows to train on"
    if dataset.classes is None and 2 <= (distinct := len(set(dataset.targets))) <= 10:
        yield (
            f"note    {excerpt(guess.target)} has only {distinct} different numbers: if they are "
            "classes, write them as text, or as 0, 1 and so on"
        )


def _kind(dataset: Dataset) -> str:
    if dataset.classes is None:
        return "measurements"
    if dataset.class_names is None:
        return f"class labels 0 to {dataset.classes - 1}"
    shown = [excerpt(name, 20) for name in dataset.class_names[:6]]
    more = len(dataset.class_names) - len(shown)
    return "classes " + ", ".join(shown) + (f" and {more} more" if more else "")


def _parts(guess: Guess) -> str:
    if not guess.val_fraction:
        fewest = "fewer than 20 rows" if guess.rows < 20 else "a class of fewer than 3 rows"
        return f"{fewest}: all are trained on, none is kept to validate or to test on"
    if not guess.test_fraction:
        return "20 % to validate on, the rest to train on: fewer than 50 rows leave none for a test"
    return "20 % to validate on, 20 % for the test at the end, the rest to train on"


def render(path: Path, file: str, guess: Guess) -> str:
    """The config's text, which says where each number comes from."""
    data = os.path.relpath(file, path.parent or ".")
    output = "one output a class" if guess.loss == "cross_entropy" else "one output"
    return f"""\
# {guess.rows:,} rows of {excerpt(file)}: {guess.task}, guessed from its columns.
name: {_quoted(path.stem)}
seed: 0
data:
  name: csv
  path: {_quoted(data)}  # starts at this file's folder
  target: {_quoted(guess.target)}  # all other columns are features
{_indented(_shares(guess))}
model:
  hidden: [{guess.hidden}]  # two layers: [{guess.hidden}, {guess.hidden}]; none: []
  activation: tanh  # {output}, without an activation
loss: {guess.loss}
optimizer:
  name: adamw
  lr: 0.01  # if the loss jumps, smaller; if it creeps, larger
  weight_decay: 0.1  # if validation gets worse while the loss falls, larger
train:
{_indented(_training(guess))}
# expect: {{final_loss_below: 0.1}}  # the exit code says whether this was met
"""


def _shares(guess: Guess) -> Iterator[str]:
    yield "standardize: true  # columns in different units learn at the same pace"
    if guess.dataset.classes is None:
        yield "standardize_target: true  # the loss has no unit: a guess of the mean costs 1"
    yield f"val_fraction: {guess.val_fraction}  # of the rows: kept to choose the model by"
    yield f"test_fraction: {guess.test_fraction}  # of the rows: measured once, at the end"


def _training(guess: Guess) -> Iterator[str]:
    yield f"steps: {guess.steps}"
    yield f"batch_size: {guess.batch_size}"
    yield f"log_every: {max(1, guess.steps // 100)}  # steps; validation is measured as often"
    if guess.val_fraction:
        yield "keep_best: val_loss  # of all models on the way, the one that validates best"
    yield "engine: numpy  # eager is slower, and each number can be looked at"


def _indented(lines: Iterator[str]) -> str:
    return "\n".join(f"  {line}" for line in lines)


def _quoted(text: str) -> str:
    """The text as YAML takes it, in quotes where it must be."""
    if not text.isprintable():  # a newline in single quotes would be read as a space
        return '"' + "".join(map(_escaped, text)) + '"'
    plain = re.fullmatch(r"[A-Za-z][\w./-]*", text) and text.lower() not in (
        "null",
        "true",
        "false",
    )
    return text if plain else "'" + text.replace("'", "''") + "'"


def _escaped(letter: str) -> str:
    """A letter within double quotes of YAML."""
    if letter in '"\\':
        return f"\\{letter}"
    return letter if letter.isprintable() else f"\\U{ord(letter):08x}"


def _arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = Parser(
        verb="new",
        description="Write NAME.yaml: a config with comments, to change and train.",
        epilog=f"Example: {command_line('new')} mine --from csv:rows.csv",
    )
    parser.add_argument("name", metavar="NAME", help="of the config, and of its file")
    parser.add_argument(
        "--from",
        dest="source",
        metavar="xor|moons|csv:FILE",
        default="xor",
        help="one that comes with minigrad, or your own rows: a CSV file with a header (xor)",
    )
    parser.add_argument("--target", metavar="COLUMN", help="of the CSV file: what is to be learned")
    parser.add_argument("--force", action="store_true", help="replace a file that is there")
    arguments = parser.parse_args(argv)
    if not re.fullmatch(r"(?:.*/)?[\w][\w.-]{0,60}", arguments.name):
        parser.error(f"NAME is letters, digits, - and _, found {excerpt(repr(arguments.name))}")
    return arguments


if __name__ == "__main__":
    sys.exit(guard(main))
