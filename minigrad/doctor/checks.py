"""The checks in their order, from the data to the optimizer."""

import traceback
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from minigrad.config import Config, ConfigError
from minigrad.doctor.finding import Finding
from minigrad.doctor.gradient import check_gradient
from minigrad.doctor.labels import check_labels
from minigrad.doctor.overfit import check_overfit
from minigrad.doctor.patient import Patient
from minigrad.doctor.samples import check_data
from minigrad.doctor.start import check_model, check_start
from minigrad.doctor.units import check_dying, check_units
from minigrad.doctor.updates import check_training, check_updates
from minigrad.terminal.text import excerpt


@dataclass(frozen=True)
class Check:
    """A check; one of `needs` that failed would only make it report the same fault again."""

    name: str
    run: Callable[[Patient], Finding]
    needs: tuple[str, ...] = ()


CHECKS = (
    Check("model", check_model),
    Check("data", check_data),
    Check("labels", check_labels, needs=("data",)),
    Check("start", check_start, needs=("data",)),
    Check("gradient", check_gradient, needs=("data",)),
    Check("units", check_units, needs=("data",)),
    Check("updates", check_updates, needs=("start", "gradient", "units")),
    Check("training", check_training, needs=("start", "gradient", "units")),
    Check("dying", check_dying, needs=("updates", "training")),
    Check("overfit", check_overfit, needs=("labels", "updates", "training", "dying")),
)


def examine(config: Config) -> Iterator[tuple[str, Finding]]:
    """Yields the name and the finding of each check, as soon as it is done.

    Raises ConfigError, before the first of them, for parts of the config that do not fit together.
    """
    patient, failed = Patient(config), dict[str, str]()
    crashed = ""
    for check in CHECKS:
        causes = [crashed] if crashed else [failed[name] for name in check.needs if name in failed]
        if causes:
            failed[check.name] = causes[0]
            yield check.name, Finding("skip", f"not tried, since {causes[0]} failed")
            continue
        try:
            finding = check.run(patient)
        except ConfigError:
            raise
        except (Exception, SystemExit) as error:  # from a plugin, so every check would fail
            finding, crashed = _crash(config, error), check.name
        if finding.verdict == "FAIL":
            failed[check.name] = check.name
        yield check.name, finding


def _crash(config: Config, error: BaseException) -> Finding:
    sentence = excerpt(str(error), limit=250)
    # the messages of our own ArithmeticErrors are whole sentences; others need their class
    if not isinstance(error, ArithmeticError) or isinstance(error, ZeroDivisionError):
        sentence = f"{type(error).__name__}: {sentence}"
    files = {str(Path(plugin).resolve()): Path(plugin).name for plugin in config.plugins}
    for frame in reversed(traceback.extract_tb(error.__traceback__)):
        if frame.filename in files:
            place = f"{files[frame.filename]}:{frame.lineno}"
            return Finding("FAIL", f"{place}: {sentence}", "mend the plugin")
    return Finding("FAIL", sentence)
