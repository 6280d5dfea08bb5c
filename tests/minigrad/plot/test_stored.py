"""Curves of stored runs: which are drawn, and on what axis."""

from pathlib import Path

import pytest

from minigrad.plot import style
from minigrad.plot.curves import Curve
from minigrad.plot.stored import curves, suit_log_axis
from minigrad.tracking.store import StoreError, load
from tests.minigrad.tracking.written import config, write

A, B = "20261120T000000Z-a-0001", "20261121T000000Z-b-0002"


def test_a_run_has_a_curve_of_each_metric_that_it_logged(tmp_path: Path) -> None:
    a = load(write(tmp_path, A, losses=[0.5, 0.25]))
    b = load(write(tmp_path, B, config(optimizer={"name": "sgd", "lr": 0.1}), losses=[0.75]))
    first, second = curves([a, b], ["loss"])
    assert (first.steps, first.values) == ([0, 1], [0.5, 0.25])
    assert (second.steps, second.values) == ([0], [0.75])
    assert first.label != second.label
    (b.path / "metrics.jsonl").write_text('{"step": 0, "accuracy": 1.0}\n')
    drawn = curves([a, load(b.path)], ["loss", "accuracy"])
    assert [(curve.metric, curve.values) for curve in drawn] == [
        ("loss", [0.5, 0.25]),
        ("accuracy", [1.0]),
    ]


def test_a_metric_that_none_logged_is_met_with_the_nearest_name(tmp_path: Path) -> None:
    run = load(write(tmp_path, A))
    with pytest.raises(StoreError, match="no such metric 'lss': did you mean 'loss'"):
        curves([run], ["lss"])


def test_runs_that_logged_nothing_are_named(tmp_path: Path) -> None:
    stored = [load(write(tmp_path, identity, losses=[])) for identity in (A, B)]
    with pytest.raises(StoreError, match=f"nothing to draw: {A}, {B} logged no metrics"):
        curves(stored, ["loss"])


@pytest.mark.parametrize(
    ("metrics", "values", "log"),
    [
        (["loss"], [1.0, 1e-9], True),
        (["val_loss", "grad_norm"], [1.0, float("inf"), float("nan")], True),
        (["loss"], [1.0, 0.0], False),
        (["loss", "accuracy"], [1.0, 0.5], False),
    ],
)
def test_losses_and_norms_above_0_suit_a_log_axis(
    metrics: list[str], values: list[float], log: bool
) -> None:
    assert suit_log_axis(metrics, [Curve("a", list(range(len(values))), values)]) is log


def test_a_picture_is_whole_or_absent_and_follows_no_link(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    outside = tmp_path / "outside"
    outside.write_text("precious")
    for suffix in (".png", ".svg"):
        path = tmp_path / f"loss{suffix}"
        path.symlink_to(outside)
        style.save(style.new_figure(1, 1), path)
        assert not path.is_symlink()
        whole = path.read_bytes()

        def full(_descriptor: int) -> None:
            raise OSError(28, "No space left on device")

        with monkeypatch.context() as patch:
            patch.setattr("os.fsync", full)
            with pytest.raises(OSError, match="No space"):
                style.save(style.new_figure(2, 2), path)
        assert path.read_bytes() == whole
    assert outside.read_text() == "precious"
    assert sorted(one.name for one in tmp_path.iterdir()) == ["loss.png", "loss.svg", "outside"]
