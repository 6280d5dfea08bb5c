"""One thread: a run reproduces on any number of cores, and small matrices lose no time."""

import os
import subprocess
import sys

import pytest

WATCHED = """
import os, sys

class Watch:
    def find_spec(self, name, path=None, target=None):
        if name == "numpy" and "seen" not in vars(self):
            self.seen = os.environ.get("OPENBLAS_NUM_THREADS")
            print("numpy found", self.seen)

sys.meta_path.insert(0, Watch())
from minigrad import config
from minigrad.runner import build
build.trainer_for(config.load("configs/xor.yaml", sys.argv[1:]))
"""


@pytest.mark.parametrize("seeds", [[], ["train.seeds=2"]])
def test_numpy_finds_one_thread_asked_for(seeds: list[str]) -> None:
    without = {k: v for k, v in os.environ.items() if not k.endswith("_NUM_THREADS")}
    command = [sys.executable, "-c", WATCHED, "train.engine=numpy", *seeds]
    ended = subprocess.run(command, env=without, capture_output=True, text=True, check=True)
    assert ended.stdout == "numpy found 1\n"


def test_a_number_of_ones_own_choice_stays() -> None:
    chosen = {**os.environ, "OPENBLAS_NUM_THREADS": "2"}
    command = [sys.executable, "-c", WATCHED, "train.engine=numpy"]
    ended = subprocess.run(command, env=chosen, capture_output=True, text=True, check=True)
    assert ended.stdout == "numpy found 2\n"
