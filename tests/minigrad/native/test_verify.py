"""A run that one machine made is identical by every other."""

from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path

import pytest

from minigrad import train
from minigrad.runner.verify import verify_claims
from minigrad.tracking.store import find
from tests.minigrad.native.running import MACHINES


@pytest.mark.parametrize("made_by", MACHINES)
def test_verify_by_another_machine_says_identical(
    made_by: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = tmp_path / "runs"
    monkeypatch.setenv("MINIGRAD_NATIVE", made_by)
    overrides = ["train={steps: 60, batch_size: 37, engine: native, log_every: 7}", "expect={}"]
    with redirect_stdout(StringIO()):
        assert train.main(["configs/moons.yaml", *overrides, "--out", str(store)]) == 0
    for machine in MACHINES:
        monkeypatch.setenv("MINIGRAD_NATIVE", machine)
        result = verify_claims(find(store, "latest"))
        assert result.identical, result.sentence
        assert "identical in every number" in result.sentence
