"""Tags, notes, reports of runs and of sweeps, and the verdict of verify, through the commands."""

import json
import os
import threading
from pathlib import Path

import pytest

from minigrad import runner, runs, train
from minigrad.sweep import __main__ as sweep
from minigrad.tracking import init
from minigrad.tracking.store import find

XOR = ["configs/xor.yaml", "train.steps=20", "expect={}"]


def run(store: Path, *arguments: str) -> int:
    return runs.main([*arguments, "--store", str(store)])


def test_a_run_is_tagged_noted_found_verified_and_reported(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert train.main([*XOR, "--tag", "base", "--tag", "old", "--out", str(tmp_path)]) == 0
    assert run(tmp_path, "tag", "latest", "-old", "+good") == 0
    assert run(tmp_path, "note", "latest", "the <i>best</i>") == 0
    assert run(tmp_path, "verify", "latest") == 0
    capsys.readouterr()
    assert run(tmp_path, "list", "--search", "BEST", "--json") == 0
    (row,) = json.loads(capsys.readouterr().out)
    assert (row["tags"], row["note"]) == (["base", "good"], "the <i>best</i>")
    assert run(tmp_path, "list", "--search", "worst") == 0
    assert "no run meets worst" in capsys.readouterr().out
    out = tmp_path / "a report.html"
    assert run(tmp_path, "report", "latest", "--out", str(out)) == 0
    text = out.read_text(encoding="utf-8")
    assert "the &lt;i&gt;best&lt;/i&gt;" in text
    assert '<span class="tag">good</span>' in text
    assert "identical in every number of 20 logged steps" in text
    assert find(tmp_path, "latest").facts.extra["verified"]["identical"] is True


def test_wrong_tags_are_one_line_and_exit_code_2(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert train.main([*XOR, "--out", str(tmp_path)]) == 0
    capsys.readouterr()
    assert run(tmp_path, "tag", "latest", "good") == 2
    assert capsys.readouterr().err == (
        "tag good: write +good to add a tag, or -old to remove one\n"
    )
    with pytest.raises(SystemExit):
        train.main([*XOR, "--tag", "+x", "--out", str(tmp_path)])


def test_many_seeds_have_a_band_the_worst_and_a_histogram(tmp_path: Path) -> None:
    assert train.main([*XOR, "--seeds", "30", "--out", str(tmp_path)]) == 0
    out = tmp_path / "seeds.html"
    assert run(tmp_path, "report", "latest", "--out", str(out)) == 0
    text = out.read_text(encoding="utf-8")
    assert "30 seeds" in text
    assert '"role":"low"' in text
    assert 'class="histogram"' in text
    assert "Worst seeds" in text


@pytest.mark.parametrize(
    ("values", "picture"),
    [
        (["optimizer.lr=0.1,1", "optimizer.momentum=0,0.9"], "Heat map"),
        (["optimizer.lr=0.1,1", "model.activation=tanh,relu", "seed=0,1"], "Heat map"),
        (["optimizer.lr=0.1,1", "optimizer.momentum=0,0.9", "model.init=he,glorot"], "All cells"),
    ],
)
def test_a_sweep_has_a_ranking_a_picture_and_what_mattered(
    tmp_path: Path, values: list[str], picture: str
) -> None:
    assert sweep.main([*XOR[:2], *values, "--workers", "1", "--out", str(tmp_path)]) == 0
    (folder,) = (path.parent for path in tmp_path.glob("sweeps/2*/sweep.json"))
    before = (folder / "sweep.json").read_bytes()
    out = tmp_path / "sweep.html"
    assert run(tmp_path, "report", folder.name, "--out", str(out)) == 0
    text = out.read_text(encoding="utf-8")
    for title in ("Ranking", picture, "What mattered"):
        assert f">{title}</h2>" in text
    assert (folder / "sweep.json").read_bytes() == before


def test_values_that_are_equal_and_written_differently_share_a_place(tmp_path: Path) -> None:
    """As only a forged plan has them: a range of no width."""
    assert sweep.main([*XOR, "optimizer.lr=0.1,1", "--workers", "1", "--out", str(tmp_path)]) == 0
    (path,) = tmp_path.glob("sweeps/2*/sweep.json")
    facts = json.loads(path.read_text())
    facts["plan"]["cells"][0]["values"]["optimizer.lr"] = 1.0
    path.write_text(json.dumps(facts))
    out = tmp_path / "sweep.html"
    assert run(tmp_path, "report", path.parent.name, "--out", str(out)) == 0
    assert ">All cells</h2>" in out.read_text(encoding="utf-8")


def test_a_report_replaces_a_report_and_no_other_file(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    store, out = tmp_path / "runs", tmp_path / "mine.html"
    init("own", store=store).finish()
    asked = ["report", "latest", "--store", str(store), "--out", str(out)]
    out.write_text("a thesis")
    assert runs.main(asked) == 2
    assert "exists already and is no report of minigrad" in capsys.readouterr().err
    assert out.read_text() == "a thesis"
    assert runs.main([*asked, "--force"]) == 0
    assert runs.main(asked) == 0
    assert "Made by minigrad" in out.read_text()
    outside = tmp_path / "outside"
    outside.write_text("a thesis")
    for target in (outside, tmp_path / "nowhere"):
        out.unlink()
        out.symlink_to(target)
        assert runs.main(asked) == 2
    assert (out.is_symlink(), outside.read_text()) == (True, "a thesis")


def test_a_pipe_or_a_device_is_written_to_and_not_replaced(tmp_path: Path) -> None:
    """As /dev/null, which root could replace."""
    store, out = tmp_path / "runs", tmp_path / "pipe"
    runner.train("configs/xor.yaml", ["train.steps=3", "expect={}"], store=store)
    os.mkfifo(out)
    named = ["--store", str(store), "--out", str(out)]
    for asked in (
        ["report", "latest"],
        ["export", "latest", "--to", "npz", "--force"],
        ["export", "latest", "--to", "csv", "--force"],
    ):
        contents: list[bytes] = []
        reader = threading.Thread(target=lambda: contents.append(out.read_bytes()))  # noqa: B023
        reader.start()
        assert runs.main([*asked, *named]) == 0
        reader.join()
        assert len(contents[0]) > 10
        assert out.is_fifo()
