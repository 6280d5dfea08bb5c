"""What of the machine is recorded, and what differs between two records of it."""

import copy
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from minigrad.tracking import machine
from minigrad.tracking.environment import differences, unrecorded

HERE: dict[str, Any] = machine.describe()


def test_a_record_is_plain_data_and_says_what_is_in_use() -> None:
    assert json.loads(json.dumps(HERE)) == HERE
    assert set(HERE["processor"]) == {"name", "architecture", "extensions"}
    assert HERE["arrays"]["libraries"]
    assert HERE["arrays"]["libraries"][0]["threads"] >= 1
    assert HERE["arrays"]["extensions"]
    assert np.__name__ == "numpy"  # which is loaded, so that there is an "arrays"


def test_without_numpy_nothing_of_it_is_recorded_or_loaded() -> None:
    code = (
        "import json, sys; from minigrad.tracking import machine; "
        "print(json.dumps([*machine.describe()])); "
        "print({'numpy', 'threadpoolctl'} & set(sys.modules))"
    )
    printed = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert printed.stdout == '["processor", "libc", "variables"]\nset()\n'


CHANGES: dict[str, tuple[tuple[str, ...], Any, str]] = {
    "processor": (("processor", "name"), "another", "processor"),
    "architecture": (("processor", "architecture"), "another", "architecture"),
    "extensions": (("processor", "extensions"), [], "the processor's vector extensions"),
    "libc": (("libc",), "musl 1.2", "libc"),
    "tunables": (("variables", "GLIBC_TUNABLES"), "x", "GLIBC_TUNABLES"),
    "numpy": (("arrays", "extensions"), ["SSE"], "numpy's vector extensions"),
    "kernel": (("arrays", "libraries", "0", "kernel"), "Haswell", "the libraries of numpy"),
    "threads": (("arrays", "libraries", "0", "threads"), 77, "the libraries of numpy"),
    "coretype": (("arrays", "variables", "OPENBLAS_CORETYPE"), "Zen", "OPENBLAS_CORETYPE"),
}


@pytest.mark.parametrize("change", CHANGES)
def test_each_part_that_differs_is_named(change: str) -> None:
    path, value, name = CHANGES[change]
    now = copy.deepcopy(HERE)
    inner: Any = now
    for key in path[:-1]:
        inner = inner[int(key) if key.isdecimal() else key]
    inner[path[-1]] = value
    assert [one.name for one in differences(HERE, now)] == [name]
    assert [one.name for one in differences(now, HERE)] == [name]
    assert list(differences(HERE, HERE)) == []


def test_files_are_compared_by_checksum_and_only_those_of_both() -> None:
    before = {"sha256": {"/a.csv": "0" * 64, "/b.py": "1" * 64}}
    now = {"sha256": {"/a.csv": "2" * 64, "/c.py": "1" * 64}}
    (one,) = differences(before, now)
    assert (one.name, one.before, one.now) == ("sha256 of /a.csv", "0" * 12, "2" * 12)


def test_what_one_of_the_two_did_not_record_is_no_difference() -> None:
    assert list(differences({}, HERE)) == []
    damaged = dict.fromkeys(("processor", "arrays", "variables", "packages", "sha256"), "x")
    assert list(differences({**damaged, "libc": None}, HERE)) == []
    assert unrecorded({"engine": "eager", **HERE, "python": "3"}) == [
        *("platform", "packages", "code", "sha256"),
    ]
    assert "arrays" in unrecorded({"engine": "numpy"})
    assert "arrays" not in unrecorded({"engine": "eager"})


@pytest.mark.slow
def test_another_blas_kernel_is_told_by_verify(tmp_path: Path) -> None:
    settings = ["train.engine=numpy", "train.steps=20", "expect={}", "--out", str(tmp_path)]
    train = [sys.executable, "-m", "minigrad.train", "configs/moons.yaml", *settings]
    subprocess.run(train, check=True, capture_output=True)
    verify = [sys.executable, "-m", "minigrad.runs", "verify", "latest", "--store", str(tmp_path)]
    env = {**os.environ, "OPENBLAS_CORETYPE": "Haswell"}
    result = subprocess.run(verify, env=env, capture_output=True, text=True)
    assert "OPENBLAS_CORETYPE unset, now Haswell" in result.stdout
    if result.returncode:  # it is another kernel here
        assert "as little as the rounding of another processor makes; likely cause" in result.stdout
