"""A short run of the fuzz of run directories; the script itself takes a count and a seed."""

from pathlib import Path

from tests.fuzz_run_directory import fuzz


def test_no_damage_of_a_run_directory_hangs_floods_or_hides_anything(tmp_path: Path) -> None:
    assert fuzz(mutations=12, seed=0, folder=tmp_path) == []
