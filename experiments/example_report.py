"""Makes the example of a report, docs/reports/optimizers.html: three optimizers on the moons.

    python experiments/example_report.py [--out FILE]

Trains configs/moons.yaml with each of them and writes the report on the three runs. Losses are the
same every time; ids, dates and durations are those of the day, so the page is a snapshot. A test
holds its numbers, styles and scripts to what the code gives now. Takes some seconds.
"""

import argparse
import tempfile
from pathlib import Path

from minigrad import runs, train
from minigrad.tracking.annotate import note
from minigrad.tracking.store import runs as stored_runs

ROOT = Path(__file__).resolve().parents[1]
EXAMPLE = ROOT / "docs" / "reports" / "optimizers.html"
OPTIMIZERS = [
    ["optimizer.lr=0.5"],
    ["optimizer=adam", "optimizer.lr=0.03"],
    ["optimizer=rmsprop", "optimizer.lr=0.01"],
]
NOTE = "Large steps leave the plateau on which the two others stay."


def main() -> int:
    parser = argparse.ArgumentParser(description="Make the example of a report.")
    parser.add_argument("--out", metavar="FILE", type=Path, default=EXAMPLE)
    out = parser.parse_args().out
    with tempfile.TemporaryDirectory() as folder:
        store = str(Path(folder) / "runs")
        for overrides in OPTIMIZERS:
            words = ["configs/moons.yaml", *overrides, "expect={}", "--out", store]
            code = train.main(words)
            assert code == 0, words
        note(stored_runs(store)[0], NOTE)
        ids = [run.id for run in stored_runs(store)]
        return runs.main(["report", *ids, "--store", store, "--out", str(out)])


if __name__ == "__main__":
    raise SystemExit(main())
