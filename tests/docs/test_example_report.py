"""The example of a report is one that the code of today writes, with the losses of today."""

import json
import re
from pathlib import Path

import pytest

from experiments.example_report import EXAMPLE, OPTIMIZERS
from minigrad import train
from minigrad.page.document import shared_style
from minigrad.report.report import text
from minigrad.tracking.store import find


def test_its_styles_and_scripts_are_those_of_today() -> None:
    page = EXAMPLE.read_text(encoding="utf-8")
    for part in (shared_style(), text("report.css"), text("report.js")):
        assert part in page, "python experiments/example_report.py writes it again"


def test_its_curves_are_those_of_its_optimizers(tmp_path: Path) -> None:
    page = EXAMPLE.read_text(encoding="utf-8")
    (held,) = re.findall(r'id="data">(.*?)</script>', page, re.DOTALL)
    series = json.loads(held)["charts"]["loss"]["series"]
    assert [one["label"] for one in series] == ["sgd lr 0.5", "adam lr 0.03", "rmsprop lr 0.01"]
    for overrides, one in zip(OPTIMIZERS, series, strict=True):
        # 20 steps, over which different last bits cannot grow into the six digits of the page
        steps = ["train.steps=20", "train.engine=numpy", "expect={}", "--out", str(tmp_path)]
        assert train.main(["configs/moons.yaml", *overrides, *steps]) == 0
        losses = [row["loss"] for row in find(tmp_path, "latest").metrics()]
        assert one["y"][:20] == pytest.approx(losses, rel=1e-5)
