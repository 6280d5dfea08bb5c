"""The work of a worker: train one config and return the run as plain data. It writes no files."""

import functools
import math
import threading
import traceback
from collections.abc import Iterator, Mapping
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from minigrad.config import Config, ConfigError, config_class
from minigrad.config.inputs import input_hashes
from minigrad.config.models import Expectations
from minigrad.config.plugins import load_plugin
from minigrad.files import yaml12
from minigrad.runner import build
from minigrad.runner.expectations import judge
from minigrad.runner.interrupts import Interrupts
from minigrad.runner.session import Session
from minigrad.tracking import Run, environment, layout, machine
from minigrad.tracking.destination import Memory
from minigrad.tracking.facts import RunFacts
from minigrad.training import seeds

if TYPE_CHECKING:
    from minigrad.training.seed_table import SeedTable

_OF_A_SEED = ("initial_loss", "final_loss", "final_accuracy", "val_loss", "val_accuracy")
_ONE_AT_A_TIME = threading.Lock()
"""For an executor with threads: output and garbage collector are those of the whole process."""


@dataclass(frozen=True)
class Member:
    """How one seed's training ended. `final_loss` is None unless its status is "finished"; `met`
    is None where the config expects nothing. `numbers` are the finite numbers of its summary.
    """

    seed: int
    status: str
    final_loss: float | None
    met: bool | None
    error: str | None
    numbers: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Result:
    """A run that has ended: `facts` as in run.json, `files` by their names in a run's directory,
    and its members: one, or one for each seed of a run of replicas.
    """

    facts: RunFacts
    files: dict[str, bytes] = field(repr=False)
    members: list[Member] = field(repr=False)

    @property
    def status(self) -> str:
        return str(self.facts.status)

    @property
    def summary(self) -> dict[str, Any]:
        return self.facts.summary


def train(config: Mapping[str, Any]) -> Result:
    """Train a config, given as the plain data of `Config.model_dump`. Never raises: an error is
    recorded in the result, as it would be in a run's run.json and output.log.
    """
    with _ONE_AT_A_TIME:
        run, memory = _begin(config)
        with redirect_stdout(memory.output), redirect_stderr(memory.output):
            try:
                validated = build.with_steps(_validated(config))
                trainer = build.trainer_for(validated)
                run.facts.update(**machine.describe(), sha256=input_hashes(validated))
                Session(validated, trainer, run, quiet=True).train(Interrupts())
            except BaseException as error:  # a plugin's, even KeyboardInterrupt, or a missing file
                traceback.print_exc(file=memory.output)
                run.finish("failed", error=_sentence(error))
    return _result(config, run, memory)


def failed(config: Mapping[str, Any], reason: str) -> Result:
    """The result of a config whose worker returned no result."""
    run, memory = _begin(config)
    memory.output.write(f"{reason}\n")
    run.finish("failed", error=reason)
    return _result(config, run, memory)


def _begin(config: Mapping[str, Any]) -> tuple[Run, Memory]:
    memory = Memory(config["name"])
    facts = RunFacts.opening(
        config["name"], _surroundings(), seed=config["seed"], engine=config["train"]["engine"]
    )
    return Run(memory, facts, yaml12.dump(dict(config))), memory


def _validated(config: Mapping[str, Any]) -> Config:
    for plugin in config["plugins"]:
        load_plugin(plugin)
    return config_class().model_validate(config)


def _result(config: Mapping[str, Any], run: Run, memory: Memory) -> Result:
    files = memory.files
    del files[layout.RUN]  # the same as the facts
    return Result(run.facts, files, members(config, run.facts, files))


def members(config: Mapping[str, Any], facts: RunFacts, files: Mapping[str, bytes]) -> list[Member]:
    """One, or of a run of replicas one a seed, by what the run's files say."""
    status, summary = str(facts.status), facts.summary
    expect = Expectations(**config["expect"])
    seeds_setting = config["train"].get("seeds")
    if status != "finished":
        numbers = [config["seed"]] if seeds_setting is None else seeds.parse(seeds_setting)
        met = _met(expect, math.nan, math.nan)
        return [Member(seed, status, None, met, facts.error) for seed in numbers]
    if seeds_setting is None:
        initial, final = summary["initial_loss"], summary["final_loss"]
        met = _met(expect, initial, final)
        return [Member(config["seed"], status, final, met, None, _numbers(summary))]
    from minigrad.training.seed_table import SeedTable  # here, since it imports numpy

    return list(_of_table(SeedTable.from_bytes(files[layout.SEEDS]), expect))


def _of_table(table: "SeedTable", expect: Expectations) -> Iterator[Member]:
    columns = (table.seeds, table.initial_loss, table.final_loss, table.diverged_at)
    for i, (seed, initial, final, step) in enumerate(
        zip(*(c.tolist() for c in columns), strict=True)
    ):
        met = _met(expect, initial, final)
        if step >= 0:
            yield Member(seed, "diverged", None, met, f"diverged at step {step}")
        else:
            one = {name: float(getattr(table, name)[i]) for name in _OF_A_SEED}
            yield Member(seed, "finished", final, met, None, _numbers(one))


def _numbers(summary: Mapping[str, Any]) -> dict[str, float]:
    """What can rank: never what differs from one training to the next, as the time that it took."""
    return {
        name: number
        for name, number in summary.items()
        if type(number) is float and math.isfinite(number) and name != "seconds"
    }


def _met(expect: Expectations, initial: float, final: float) -> bool | None:
    verdicts = judge(expect, initial, final)
    return all(verdict.met for verdict in verdicts) if verdicts else None


@functools.cache
def _surroundings() -> dict[str, Any]:
    """Computed once per process: git takes most of the time, and loaded code never changes."""
    return environment.describe()


def _sentence(error: BaseException) -> str:
    return str(error) if isinstance(error, ConfigError) else f"{type(error).__name__}: {error}"
