"""The work of a worker: train one config and return the run as plain data. It writes no files."""

import functools
import io
import math
import sys
import threading
import traceback
from collections.abc import Iterator, Mapping
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from minigrad.config import Config, ConfigError, config_class
from minigrad.config.models import Expectations
from minigrad.config.plugins import load_plugin
from minigrad.files import yaml12
from minigrad.files.whole import Lines
from minigrad.runner import build
from minigrad.runner.expectations import judge
from minigrad.runner.interrupts import Interrupts
from minigrad.runner.session import Session
from minigrad.tracking import Run, environment
from minigrad.training import seeds

if TYPE_CHECKING:
    from minigrad.training.seed_table import SeedTable

_ONE_AT_A_TIME = threading.Lock()
"""For an executor with threads: output and garbage collector are those of the whole process."""


@dataclass(frozen=True)
class Member:
    """How one seed's training ended. `final_loss` is None unless its status is "finished"; `met`
    is None where the config expects nothing.
    """

    seed: int
    status: str
    final_loss: float | None
    met: bool | None
    error: str | None


@dataclass(frozen=True)
class Result:
    """A run that has ended: `facts` as in run.json, `files` by their names in a run's directory,
    and its members: one, or one for each seed of a run of replicas.
    """

    facts: dict[str, Any]
    files: dict[str, bytes] = field(repr=False)
    members: list[Member] = field(repr=False)

    @property
    def status(self) -> str:
        return str(self.facts["status"])

    @property
    def summary(self) -> dict[str, Any]:
        summary: dict[str, Any] = self.facts["summary"]
        return summary


def train(config: Mapping[str, Any]) -> Result:
    """Train a config, given as the plain data of `Config.model_dump`. Never raises: an error is
    recorded in the result, as it would be in a run's run.json and output.log.
    """
    with _ONE_AT_A_TIME:
        run = _Kept(config)
        with redirect_stdout(run.output), redirect_stderr(run.output):
            try:
                loaded = _loaded(config)
                trainer = build.trainer_for(loaded)
            except (Exception, SystemExit) as error:  # a file that is not here, or a plugin's
                traceback.print_exc(file=run.output)
                run.finish("failed", error=_sentence(error))
            else:
                Session(loaded, trainer, run, quiet=True).train(Interrupts())
    return run.result()


def failed(config: Mapping[str, Any], reason: str) -> Result:
    """The result of a config whose worker returned none."""
    run = _Kept(config)
    run.output.write(f"{reason}\n")
    run.finish("failed", error=reason)
    return run.result()


def _loaded(config: Mapping[str, Any]) -> Config:
    for plugin in config["plugins"]:
        load_plugin(plugin)
    return config_class().model_validate(config)


class _Kept(Run):
    """A run that goes into memory instead of a directory: the same lines, the same facts."""

    def __init__(self, config: Mapping[str, Any]) -> None:
        self.config_data = config
        self.path = Path(config["name"])  # it has none
        self.facts = {
            "id": None,
            "name": config["name"],
            "status": "running",
            "argv": sys.argv,
            "started": datetime.now(UTC).isoformat(timespec="milliseconds"),
            "ended": None,
            "tags": [],
            "group": None,
            "seed": config["seed"],
            "engine": config["train"]["engine"],
            **_surroundings(),
            "summary": {},
            "error": None,
        }
        self.summary = {}
        self.last_step = -1
        self._lock = threading.Lock()
        self._metrics = self._lines = _KeptLines()
        self.files: dict[str, bytes] = {}
        self.output: Any = io.StringIO()

    def save_checkpoint(
        self,
        state: dict[str, Any],  # noqa: ARG002
        files: Mapping[str, bytes] | None = None,
    ) -> None:
        """Keeps the files alone: what has ended is not resumed."""
        self.files |= files or {}

    def result(self) -> Result:
        """All of it, once it is finished."""
        texts = {
            "config.yaml": yaml12.dump(dict(self.config_data)),
            "metrics.jsonl": "".join(f"{line}\n" for line in self._lines.kept),
            "output.log": self.output.getvalue(),
        }
        encoded = {name: text.encode(errors="backslashreplace") for name, text in texts.items()}
        return Result(self.facts, encoded | self.files, _members(self))

    def _write_facts(self) -> None:
        self.facts["summary"] = self.summary

    def _close(self) -> None:
        pass


class _KeptLines(Lines):
    """Lines of a file that is not written."""

    def __init__(self) -> None:
        self.kept: list[str] = []

    def append(self, line: str) -> None:
        self.kept.append(line)

    @property
    def closed(self) -> bool:
        return False


def _members(run: _Kept) -> list[Member]:
    """One, or of a run of replicas one a seed."""
    status, error = run.facts["status"], run.facts["error"]
    expect = Expectations(**run.config_data["expect"])
    written = run.config_data["train"].get("seeds")
    if status != "finished":
        numbers = [run.facts["seed"]] if written is None else seeds.parse(written)
        met = _met(expect, math.nan, math.nan)
        return [Member(seed, status, None, met, error) for seed in numbers]
    if written is None:
        initial, final = run.summary["initial_loss"], run.summary["final_loss"]
        return [Member(run.facts["seed"], status, final, _met(expect, initial, final), None)]
    from minigrad.training.seed_table import NAME, SeedTable  # here, since it imports numpy

    return list(_of_table(SeedTable.from_bytes(run.files[NAME]), expect))


def _of_table(table: "SeedTable", expect: Expectations) -> Iterator[Member]:
    columns = (table.seeds, table.initial_loss, table.final_loss, table.diverged_at)
    for seed, initial, final, step in zip(*(c.tolist() for c in columns), strict=True):
        met = _met(expect, initial, final)
        if step >= 0:
            yield Member(seed, "diverged", None, met, f"diverged at step {step}")
        else:
            yield Member(seed, "finished", final, met, None)


def _met(expect: Expectations, initial: float, final: float) -> bool | None:
    verdicts = judge(expect, initial, final)
    return all(verdict.met for verdict in verdicts) if verdicts else None


@functools.cache
def _surroundings() -> dict[str, Any]:
    """Asked once a process: git, which takes longest, tells of the code that was loaded."""
    return environment.describe()


def _sentence(error: BaseException) -> str:
    return str(error) if isinstance(error, ConfigError) else f"{type(error).__name__}: {error}"
