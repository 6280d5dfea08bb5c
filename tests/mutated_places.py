"""Places that once could change unnoticed, each with the test that sees it now.

    python tests/mutate_slopes.py --page places

Each place is changed in a temporary copy of the project, where its test runs and must fail.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
COPIED = ["minigrad", "nn", "optim", "tests", "configs", "pyproject.toml"]


@dataclass(frozen=True)
class Place:
    """`before` stands once in `file`; with `after` in its stead `test` fails."""

    file: str
    before: str
    after: str
    test: str

    @property
    def path(self) -> Path:
        return ROOT / self.file

    def __str__(self) -> str:
        return f"{self.file}: {self.before}  ->  {self.after}"


def _of(file: str, test: str, *changes: tuple[str, str]) -> list[Place]:
    return [Place(file, before, after, f"tests/{test}") for before, after in changes]


PLACES = [
    *_of(
        "minigrad/runner/build.py",
        "minigrad/runner/test_build.py",
        (
            "(part and scale(part) for part in (parts.validation, parts.test))",
            "(parts.validation, parts.test and scale(parts.test))",
        ),
        (
            "(part and scale(part) for part in (parts.validation, parts.test))",
            "(parts.validation and scale(parts.validation), parts.test)",
        ),
    ),
    *_of(
        "minigrad/runner/limits.py",
        "minigrad/runner/test_limits.py::test_parameters",
        ("if parameters > MAX_PARAMETERS:", "if parameters >= MAX_PARAMETERS:"),
    ),
    *_of(
        "minigrad/runner/interrupts.py",
        "commands/test_guard.py::test_the_first_signal_counts",
        ("if self.received is None:", "if True:"),
    ),
    *_of(
        "minigrad/runner/expectations.py",
        "minigrad/runner/test_expectations.py",
        ("low <= initial_loss <= high", "low < initial_loss <= high"),
        ("low <= initial_loss <= high", "low <= initial_loss < high"),
    ),
    *_of(
        "minigrad/tracking/environment.py",
        "minigrad/tracking/test_environment.py",
        ('any(not line.startswith("#")', 'any(line.startswith("#")'),
        ('for package in ("minigrad", "nn", "optim"):', 'for package in ("minigrad", "nn"):'),
        ('return None if fields[0] == "Z" else', "return"),
    ),
    *_of(
        "minigrad/tracking/checkpoint.py",
        "minigrad/tracking/test_checkpoint.py",
        ("directory / PREVIOUS if is_whole else None", "directory / PREVIOUS"),
    ),
    *_of(
        "minigrad/tracking/check.py",
        "minigrad/tracking/test_check.py::test_the_same_clock_twice_is_no_damage",
        ('- {"step", "time", CLOCK}', '- {"step"}'),
    ),
    *_of(
        "minigrad/tracking/destination.py",
        "minigrad/tracking",
        ("self._lines.sync()  #", "#"),
    ),
    *_of(
        "minigrad/files/whole.py",
        "minigrad/files/test_whole.py::test_lines_are_on_the_disk_after_sync",
        ("        os.fsync(self._file.fileno())", "        pass"),
    ),
    *_of(
        "minigrad/doctor/units.py",
        "minigrad/doctor/test_units.py",
        ("if worst.idle > MANY:", "if worst.idle >= MANY:"),
        ("if worst.dead > MANY * worst.units:", "if worst.dead >= MANY * worst.units:"),
        ("abs(slope) < _FLAT", "abs(slope) <= _FLAT"),
        ("_FLAT, _NEARLY_ALL = 0.01, 0.95", "_FLAT, _NEARLY_ALL = 0.011, 0.95"),
        (">= _NEARLY_ALL * len(slopes)", "> _NEARLY_ALL * len(slopes)"),
    ),
    *_of(
        "minigrad/gradcheck.py",
        "minigrad/test_gradcheck.py",
        ("noise = 8 * _EPSILON", "noise = 0 * _EPSILON"),
        ("noise = 8 * _EPSILON", "noise = 8e6 * _EPSILON"),
    ),
    *_of(
        "optim/optimizer.py",
        "optim/test_state_dict.py::test_a_state_that_does_not_fit_is_refused_and_nothing_changed",
        (
            "loaded.append(self._loaded(saved, group))",
            "loaded.append(self._loaded(saved, group)); group.settings = loaded[-1][0]",
        ),
    ),
    *_of(
        "minigrad/runner/claims.py",
        "minigrad/runner/test_verify.py",
        ("return type(before) is type(now) and repr", "return None in (before, now) or repr"),
    ),
    *_of(
        "minigrad/runner/build.py",
        "commands/test_train.py",
        ("build_trainer(config) if config.train.seeds is None else", ""),
    ),
    *_of(
        "minigrad/sweep/store.py",
        "minigrad/sweep/test_store.py",
        (
            """        self._journal.append("\\n".join(json.dumps(_line(one)) for one in ended))
        draft.rename(self.store / draft.name)
""",
            """        draft.rename(self.store / draft.name)
        self._journal.append("\\n".join(json.dumps(_line(one)) for one in ended))
""",
        ),
    ),
    *_of(
        "minigrad/lift/backward.py",
        "minigrad/lift/test_dot.py",
        ("return len(set(indices)) == len(indices) and filled", "return filled"),
    ),
    *_of(
        "minigrad/lift/checked.py",
        "minigrad/lift",
        ("round(i * (count - 1) / max(wanted - 1, 1))", "min(i, count - 1)"),
    ),
    *_of(
        "minigrad/runner/best.py",
        "minigrad/runner/test_best.py",
        ("self.last = None  #", "#"),
        ("val_loss < self.val_loss):", "val_loss <= self.val_loss):"),
        ("loss < self.val_loss else None", "loss <= self.val_loss else None"),
        ("parameter.data = copy.copy(number)", "parameter.data = number"),
    ),
    *_of(
        "minigrad/sweep/importance.py",
        "minigrad/sweep/test_importance.py",
        ("len(standings) < 4", "len(standings) < 3"),
        (
            "best = min(best, (error, weights), key=lambda pair: pair[0])",
            "best = (error, weights)",
        ),
    ),
    *_of(
        "minigrad/sweep/search.py",
        "minigrad/sweep/test_search.py",
        ("min(whole) < _ETA ** (_RUNGS - 1)", "min(whole) <= _ETA ** (_RUNGS - 1)"),
    ),
    *_of(
        "minigrad/engines/native_replicas.py",
        "minigrad/engines/test_native_replicas.py",
        (
            "self._given[0] is not inputs or self._given[1] is not targets",
            "self._given[0] is not inputs",
        ),
        (
            "in np.flatnonzero(~ours.finite).tolist():\n            own",
            "in []:\n            own",
        ),
        (
            "if right is not None:\n                right[replica]",
            "if right is not None:\n                _",
        ),
        (
            "step.losses[replica], ours.gradient[replica] = loss, slopes",
            "step.losses[replica] = loss",
        ),
        ("if self.agreement is None:\n", "if self.agreement is not None:\n"),
    ),
    *_of(
        "minigrad/plot/surface.py",
        "minigrad/plot/test_boundary.py",
        (
            "[0.5 - scores[0] / 2, 0.5 + scores[0] / 2]",
            "[0.5 + scores[0] / 2, 0.5 - scores[0] / 2]",
        ),
        ("return 0.5 + 0.5 * math.tanh", "return 0.5 - 0.5 * math.tanh"),
    ),
    *_of(
        "minigrad/value.py",
        "minigrad/test_value.py",
        ("a * math.copysign(math.inf, b)", "a * math.inf"),
        ("lambda x: 0.0 if x <= 0 else x,", "lambda x: x * 0.0 if x <= 0 else x,"),
        ('if self.op != "const" and exponent != 0:', 'if self.op != "const":'),
    ),
    *_of(
        "nn/module.py",
        "nn",
        (
            """        numbers = {name: _fitting(name, own[name], state[name]) for name in own}
        for name, parameter in own.items():
            parameter.data = numbers[name]
""",
            """        for name, parameter in own.items():
            parameter.data = _fitting(name, own[name], state[name])
""",
        ),
    ),
]


def judge(places: Sequence[Place] = PLACES) -> Iterator[tuple[Place, bool]]:
    """Each place, and whether its test fails once it is changed.

    Raises RuntimeError where pytest cannot be run, or a test fails without any change.
    """
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder)
        for name in COPIED:
            if (ROOT / name).is_dir():
                ignored = shutil.ignore_patterns("__pycache__")
                shutil.copytree(ROOT / name, copy / name, ignore=ignored)
            else:
                shutil.copy(ROOT / name, copy)
        passing: set[str] = set()
        for place in places:
            if place.test not in passing and not _passes(copy, place.test):
                raise RuntimeError(f"{place.test} fails without any change: it shows nothing")
            passing.add(place.test)
            source = place.path.read_text(encoding="utf-8")
            changed = source.replace(place.before, place.after)
            (copy / place.file).write_text(changed, encoding="utf-8")
            yield place, not _passes(copy, place.test)
            (copy / place.file).write_text(source, encoding="utf-8")


def _passes(copy: Path, test: str) -> bool:
    """Whether a test passes in the copy."""
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", test],
        cwd=copy,
        env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1", "PYTHONPATH": str(copy)},
        capture_output=True,
        text=True,
    )
    if done.returncode not in (0, 1):
        raise RuntimeError(f"pytest could not be run:\n{done.stdout}{done.stderr}")
    return done.returncode == 0


def main() -> int:
    """Print a line a place. Exit code 1 where a change went unnoticed."""
    survived = 0
    for place, caught in judge():
        print(f"{place}   {f'caught by {place.test}' if caught else 'SURVIVED'}", flush=True)
        survived += not caught
    print(f"{len(PLACES)} places: {survived} survived")
    return 1 if survived else 0
