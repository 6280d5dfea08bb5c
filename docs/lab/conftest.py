"""Finds the labs' files, gives each lab its marker, and says in a few lines how far it is."""

import re
import sys
from collections import defaultdict
from pathlib import Path
from typing import Any

import pytest

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))  # so that a lab can say `from lab1 import slope`

from judge import in_your_language as say  # noqa: E402

# Only the tests count here. Imported a second time, as a module that may hold doctests, lab 8 would
# register its optimizers twice.
collect_ignore_glob = ["lab*.py", "judge.py", "*.md"]


def pytest_configure(config: pytest.Config) -> None:
    for test in sorted(HERE.glob("test_lab*.py")):
        number = test.stem.removeprefix("test_lab")
        config.addinivalue_line("markers", f"lab{number}: the tests of lab {number}")
    if config.option.tbstyle == "auto":  # --tb=short shows tracebacks all the same
        config.option.tbstyle = "no"
        config.option.reportchars = ""


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """With `-m lab1` the other labs are not even read: one may be half-written."""
    wanted = config.getoption("markexpr")
    is_other = collection_path.parent == HERE and collection_path.name != f"test_{wanted}.py"
    return True if re.fullmatch(r"lab\d+", wanted) and is_other else None


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    """For each lab: what is to be written, or the first test that fails, then the count."""
    if config.option.tbstyle != "no":
        return
    reports = defaultdict(list)
    for report in terminalreporter.stats.get("error", []):
        reports[report.nodeid].append(report)
    for outcome in ("passed", "failed"):
        for report in terminalreporter.stats.get(outcome, []):
            if getattr(report, "when", "call") == "call" and str(report.nodeid).count("::"):
                reports[report.nodeid.split("::")[0]].append(report)
    for file, of_file in reports.items():
        number = re.sub(r"\D", "", Path(file).stem)
        failed = [report for report in of_file if not report.passed]
        terminalreporter.write_line("")
        for line in _first(failed):
            terminalreporter.write_line(line)
        passed, total = len(of_file) - len(failed), len(of_file)
        count = say(f"lab {number}: {passed} of {total} tests pass")
        if not any(report.outcome == "failed" and report.when == "collect" for report in failed):
            terminalreporter.write_line(count)


def _first(failed: list[Any]) -> list[str]:
    """What a learner should look at first: a mistake before what is not written yet."""
    messages = {report.nodeid: _message(report) for report in failed}
    wrong = [report for report in failed if not messages[report.nodeid].startswith("to do: ")]
    if wrong:
        return messages[wrong[0].nodeid].splitlines()
    tasks = list(dict.fromkeys(messages.values()))
    lines = [say("to do: ") + task.removeprefix("to do: ") for task in tasks[:1]]
    return lines + [say(f"and {len(tasks) - 1} more to write")] * (len(tasks) > 1)


def _message(report: Any) -> str:
    """The test and its message; "to do: ..." for what is not written yet."""
    crash = getattr(report.longrepr, "reprcrash", None)
    if crash is None:  # the file cannot be read
        lines = str(report.longrepr).strip().splitlines()
        return "\n".join(line.removeprefix("E   ") for line in lines[-4:])
    kind, _, text = crash.message.partition(": ")
    if kind == "NotImplementedError":
        return f"to do: {say(text)}"
    name = report.nodeid.partition("::")[2]
    if kind == "AssertionError":
        return f"{name}\n{text}"
    return f"{name}\n{Path(crash.path).name}:{crash.lineno}: {crash.message}"
