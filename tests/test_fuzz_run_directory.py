"""A short run of the fuzz of run directories; the script itself takes a count and a seed."""

from pathlib import Path

import pytest

from tests.fuzz_run_directory import fuzz


@pytest.mark.parametrize("mutations", [3, pytest.param(20, marks=pytest.mark.slow)])
def test_no_damage_of_a_run_directory_hangs_floods_or_hides_anything(
    mutations: int, tmp_path: Path
) -> None:
    assert fuzz(mutations, seed=0, folder=tmp_path) == []
