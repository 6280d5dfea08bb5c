"""The command: python -m minigrad.predict RUN ROWS.csv [--out FILE] [--probabilities] [--json]

Uses the model of a stored run: a prediction for each row, as CSV. Columns are found by their names,
in any order; where the target's column is there too, the predictions are measured by it.

Exit codes: 0 done; 2 bad usage, no such run, a run without a model to use, or rows that do not fit
it, each fault in one line.
"""

import argparse
import csv
import io
import json
import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from minigrad.files.whole import check_free, write_out
from minigrad.runner.model import Model, RowError
from minigrad.runner.rows import Table, read_table
from minigrad.runner.stored_model import model_of
from minigrad.runner.testing import measure
from minigrad.terminal.command import Parser, guard, print_lines, whole_number
from minigrad.terminal.screen import print_text
from minigrad.terminal.text import json_ready, printable, sentence
from minigrad.threads import use_one_thread
from minigrad.tracking.store import find


@dataclass(frozen=True)
class Predictions:
    """One answer a row, with one probability a class where these are wanted, and the measures of
    them by name where the targets are known.
    """

    answers: list[Any]
    probabilities: list[list[float]] | None
    measures: dict[str, float]


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command and give its exit code."""
    use_one_thread()
    arguments = _arguments(argv)
    try:
        run = find(arguments.store, arguments.run)
        model = model_of(run, arguments.seed, trust_plugins=arguments.trust_plugins)
        if arguments.probabilities:
            model.check_probabilities()
        if arguments.out is not None:
            _check_writable(arguments.out, arguments.force)
        table = read_table(arguments.rows, model)
        predictions = _predict(model, table, arguments.probabilities)
        if arguments.out is not None:
            _write(arguments.out, _csv(model, predictions))
    except (ValueError, OSError) as error:
        print_text(map(printable, sentence(error).splitlines()), sys.stderr)
        return 2
    _report(arguments, model, predictions)
    return 0


def _predict(model: Model, table: Table, probabilities: bool) -> Predictions:
    """Raises ValueError for a row that has no answer, at its line."""
    try:
        outputs = model.outputs(table.rows)
    except RowError as error:
        raise ValueError(f"{table.place(error.row)}: {error.sentence}") from None
    answers = model.answers(outputs)
    shares = model.shares(outputs) if probabilities else None
    measures = (
        {}
        if table.targets is None
        else measure(answers, table.targets, classes=model.classes is not None)
    )
    return Predictions(answers, shares, measures)


def _csv(model: Model, predictions: Predictions) -> str:
    """A column for the answer and, where they are wanted, one a class for its probability."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    classes = model.classes or []
    shares = predictions.probabilities
    writer.writerow(["prediction", *(f"p({name})" for name in classes if shares)])
    for row, answer in enumerate(predictions.answers):
        writer.writerow([answer, *(shares[row] if shares else ())])
    return text.getvalue()


def _check_writable(path: Path, force: bool) -> None:
    check_free(path, force)
    if not os.path.isdir(path.parent):
        raise ValueError(f"{path} cannot be written: there is no folder {str(path.parent)!r}")


def _write(path: Path, text: str) -> None:
    content = text.encode(errors="backslashreplace")
    try:
        write_out(path, content)
    except OSError as error:
        raise ValueError(f"{path} cannot be written: {error.strerror or error}") from None


def _report(arguments: argparse.Namespace, model: Model, predictions: Predictions) -> None:
    """What is printed: JSON, or the CSV on standard output with sentences on standard error."""
    if arguments.json:
        data = {
            "run": model.run,
            "seed": model.seed,
            "out": None if arguments.out is None else str(arguments.out),
            "classes": model.classes,
            "predictions": predictions.answers,
            "probabilities": predictions.probabilities,
            **predictions.measures,
        }
        print_lines([json.dumps(json_ready(data), indent=2)])
        return
    sentences = list(_sentences(arguments, model, predictions))
    if arguments.out is None:
        print_lines([_csv(model, predictions).removesuffix("\n")])
        if sentences:
            print_text(map(printable, sentences), sys.stderr)
    else:
        print_text(map(printable, sentences))


def _sentences(arguments: argparse.Namespace, model: Model, predictions: Predictions) -> Any:
    count = len(predictions.answers)
    if model.seed is not None:
        chosen = "as asked" if arguments.seed is not None else "the best of its run"
        yield f"seed {model.seed}, {chosen}"
    if predictions.measures:
        measured = ", ".join(
            f"{name.replace('_', ' ')} {number:.4g}"
            for name, number in predictions.measures.items()
        )
        yield f"{measured} on {count:,} rows"
    if arguments.out is not None:
        yield f"wrote {count:,} predictions to {arguments.out}"


def _arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = Parser(
        verb="predict",
        description="Predict the rows of a CSV file with the model of a stored run.",
        epilog="RUN is an id, its beginning or its last letters, a path, or latest.",
    )
    parser.add_argument("run", metavar="RUN")
    parser.add_argument("rows", metavar="ROWS.csv", help="one column a feature, by name")
    parser.add_argument("--store", metavar="DIR", default="runs", help="where runs are (runs)")
    parser.add_argument(
        "--seed",
        metavar="N",
        type=whole_number(least=0),
        help="of a run of many; else its best",
    )
    parser.add_argument(
        "--out", metavar="FILE", type=Path, help="where the CSV goes, else to standard output"
    )
    parser.add_argument("--force", action="store_true", help="replace a file that is there")
    parser.add_argument(
        "--probabilities", action="store_true", help="with a column for each class's probability"
    )
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.add_argument(
        "--trust-plugins", action="store_true", help="run plugins that came with it, or changed"
    )
    return parser.parse_args(argv)


if __name__ == "__main__":
    sys.exit(guard(main))
