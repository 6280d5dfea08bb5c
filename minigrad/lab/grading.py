"""The tests of a lab, run by pytest in a process of its own."""

import os
import re
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from xml.etree import ElementTree

TIME = 300.0  # s; a lab takes a few
_COUNTS = re.compile(r"^([.EFs]+ +\[ *\d+%\]|\d+ \w+(, \d+ \w+)* in [\d.]+s)\n", re.MULTILINE)
"""Lines of pytest's own, which the lab's count says once more, and in the learner's language."""


@dataclass(frozen=True)
class Grade:
    """How many tests passed, of how many, and what was printed on them.

    `total` is 0 where a file could not even be read.
    """

    passed: int
    total: int
    output: str

    @property
    def is_done(self) -> bool:
        return 0 < self.total == self.passed


def has_pytest() -> bool:
    """Whether pytest is installed."""
    return find_spec("pytest") is not None


def grade(folder: Path, number: int) -> Grade:
    """Run the tests of one lab in a learner's folder, whose code runs with them."""
    with tempfile.TemporaryDirectory() as place:
        report = Path(place) / "report.xml"
        command = [sys.executable, "-m", "pytest", "-q", str(folder), "-c"]
        command += [str(folder / "pytest.ini"), f"--junitxml={report}", "-m", f"lab{number}"]
        environment = {
            **os.environ,
            "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",  # they take longer than the labs
            "PYTHONDONTWRITEBYTECODE": "1",
        }
        try:
            done = subprocess.run(
                *(command,), env=environment, capture_output=True, text=True, timeout=TIME
            )
        except subprocess.TimeoutExpired:
            return Grade(0, 0, f"lab {number} has not ended after {TIME:.0f} s: is there a loop?")
        if not report.exists():
            return Grade(0, 0, done.stdout + done.stderr)
        cases = list(ElementTree.parse(report).iter("testcase"))
    failed = [case for case in cases if len(case)]  # a failure, an error
    unread = any(case.find("error") is not None for case in cases)
    total = 0 if unread else len(cases)
    output = _COUNTS.sub("", done.stdout)
    return Grade(0 if unread else total - len(failed), total, output)
