"""The files of a sweep, which are complete at every moment, and the runs of its members.

sweeps/20261122T201500Z-xor-k3f9/
  sweep.json      the arguments, every cell's config, and the status
  members.jsonl   one JSON object for each member that has ended, with the id of its run
  sweep.csv       the ranked table
  sweep.png       the same as a picture
  importance.png  which settings mattered
"""

import dataclasses
import json
import os
import shutil
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Self

from minigrad.config.plugins import PluginError, Provenance
from minigrad.files.untrusted import parse_json, read_unlinked
from minigrad.files.whole import Lines, fill, is_being_written, relink, replace
from minigrad.sweep.cells import Cell
from minigrad.sweep.member import Member, Result
from minigrad.sweep.plan import SweepPlan
from minigrad.tracking import layout
from minigrad.tracking.destination import make_directory, make_hidden_directory, shown_path
from minigrad.tracking.facts import now
from minigrad.tracking.names import LATEST, SWEEPS, StoreError, matches, may_be_run, nearest

_MEMBERS = "members.jsonl"
_MAX_BYTES = 256_000_000


@dataclass(frozen=True)
class Ended:
    """A member that has ended, its cell, and the id of the run that holds it."""

    cell: int
    run: str
    member: Member


class SweepStore:
    """A sweep on disk, from `begin` or `reopen`, which one process at a time may hold.

    A run is written under a hidden name first, then members.jsonl names it, then it moves into the
    store: a member has ended if it is named and its run is there.
    """

    def __init__(self, path: Path, facts: dict[str, Any], journal: Lines | None = None) -> None:
        """`journal` is its members.jsonl, opened already. Raises OSError and ValueError."""
        self.path, self.store = path, path.parent.parent
        self.facts = facts
        self.plan = SweepPlan.from_data(facts["plan"])
        self.provenance: Provenance | None = None  # of a sweep whose plugins are not trusted
        # before it is read: it belongs to one process
        self._journal = journal or Lines(path / _MEMBERS)
        try:
            self.ended = _ended(path / _MEMBERS, self.store, len(self.plan.cells))
        except (ValueError, OSError):
            self._journal.close()
            raise
        self._drafts = path / ".drafts"
        if self._drafts.is_symlink():  # nothing is written to the target of a link
            self._drafts.unlink()
        shutil.rmtree(self._drafts, ignore_errors=True)

    @classmethod
    def begin(cls, store: Path, plan: SweepPlan) -> Self:
        """A new sweep. Raises OSError where the store cannot be written."""
        if (store / SWEEPS).is_symlink():
            raise OSError(0, f"{SWEEPS} is a link: what goes there would leave the store")
        draft = make_hidden_directory(store / SWEEPS, plan.name)
        path = shown_path(draft)
        facts = {
            "id": path.name,
            "status": "running",
            "argv": sys.argv,
            "started": now(),
            "ended": None,
            "plan": plan.data(),
            "sha256": plan.plugin_hashes(),
        }
        _write(draft, facts)
        journal = Lines(draft / _MEMBERS)
        try:
            draft.rename(path)  # it appears whole
        except OSError:
            journal.close()
            raise
        relink(path.parent / LATEST, path.name)
        return cls(path, facts, journal)

    @classmethod
    def reopen(cls, store: Path, which: str, *, trust_plugins: bool = False) -> Self:
        """The sweep that `which` names: an id, a part of one, or latest.

        Raises StoreError where there is none, or where plugins that it names may not be run;
        OSError where it is being written by another process.
        """
        path = _find(store / SWEEPS, which)
        if path.is_symlink() or path.parent.is_symlink():
            raise StoreError(f"--resume {path.name}: it is a link: its target stays as it is")
        try:
            facts = _read_facts(path)
            sweep = cls(path, facts)
            plugins = sweep.plan.plugins()
            sweep.missing()  # reads the whole plan
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            what = str(error) if isinstance(error, ValueError) else f"sweep.json: {error!r}"
            raise StoreError(f"--resume {path.name}: its files are damaged: {what}") from None
        except OSError as error:
            raise OSError(f"--resume {path.name}: {error.strerror}") from None
        if not trust_plugins:
            if _reads_config(sweep.plan) and _is_inside(Path(sweep.plan.config), store):
                sweep._journal.close()
                raise StoreError(
                    f"--resume {path.name}: its search reads {sweep.plan.config}, which came with "
                    "the store and may name plugins: add --trust-plugins if they are yours"
                )
            recorded = facts.get("sha256")
            sweep.provenance = Provenance(store, recorded if isinstance(recorded, dict) else {})
            try:
                for plugin in plugins:
                    sweep.provenance.check(plugin)
            except PluginError as error:
                sweep._journal.close()
                raise StoreError(f"--resume {path.name}: {error}") from None
        sweep._mark("running")
        return sweep

    @property
    def id(self) -> str:
        return self.path.name

    def missing(self) -> list[int]:
        """The indices of units of which a member has not ended, or whose run was deleted."""
        ended = {(one.cell, one.member.seed) for one in self.ended}
        return [
            index
            for index, unit in enumerate(self.plan.units)
            if any((unit.cell, seed) not in ended for seed in unit.seeds)
        ]

    def write(self, index: int, result: Result) -> None:
        """Write the unit's run. After an OSError the unit counts as one that was never trained."""
        draft = self._draft(result)
        cell = self.plan.units[index].cell
        ended = [Ended(cell, draft.name, member) for member in result.members]
        self._journal.append("\n".join(json.dumps(_line(one)) for one in ended))
        draft.rename(self.store / draft.name)
        relink(self.store / LATEST, draft.name)
        self.ended += ended

    def extend(self, cells: Sequence[Cell]) -> None:
        """Add cells that follow from the results so far. Raises OSError."""
        self.plan = dataclasses.replace(self.plan, cells=[*self.plan.cells, *cells])
        self.facts |= {"plan": self.plan.data()}
        _write(self.path, self.facts)

    def finish(self, status: str) -> None:
        """Close it: nothing is written after this."""
        self._mark(status)
        self._journal.close()
        shutil.rmtree(self._drafts, ignore_errors=True)

    def abandon(self) -> None:
        """Mark a sweep that is running as interrupted, in a process that ends at once."""
        if self.facts["status"] == "running":
            self._mark("interrupted")

    def _draft(self, result: Result) -> Path:
        while True:
            draft = make_directory(self._drafts, str(result.facts.name))
            if not os.path.lexists(self.store / draft.name):
                break
        facts = dataclasses.replace(result.facts, id=draft.name, argv=sys.argv, group=self.id)
        fill(draft, {**result.files, layout.RUN: facts.to_bytes()})
        return draft

    def _mark(self, status: str) -> None:
        self.facts |= {"status": status, "ended": None if status == "running" else now()}
        _write(self.path, self.facts)


def _reads_config(plan: SweepPlan) -> bool:
    """Whether the sweep goes on by reading its config file again, which runs its plugins."""
    return plan.search is not None and plan.search["kind"] == "tpe"


def _is_inside(path: Path, folder: Path) -> bool:
    return path.resolve().is_relative_to(folder.resolve())


@dataclass(frozen=True)
class StoredSweep:
    """A sweep as it is on disk; nothing of it is locked, changed or run."""

    path: Path
    facts: dict[str, Any]
    plan: SweepPlan
    ended: list[Ended]

    @property
    def id(self) -> str:
        return self.path.name

    @property
    def status(self) -> str:
        """As sweep.json says, but "crashed" where nobody writes a sweep that should be running, and
        which has not ended since it was read.
        """
        status = str(self.facts.get("status"))
        if status == "running" and is_being_written(self.path / _MEMBERS) is False:
            with suppress(OSError, ValueError):  # damaged, or gone
                if _read_facts(self.path) != self.facts:
                    return status
            return "crashed"
        return status


def read_sweep(path: Path) -> StoredSweep:
    """The sweep at `path`. Raises StoreError where its files are missing or damaged."""
    try:
        facts = _read_facts(path)
        while True:
            plan, journal = SweepPlan.from_data(facts["plan"]), path / _MEMBERS
            try:
                return StoredSweep(
                    path, facts, plan, _ended(journal, path.parent.parent, len(plan.cells))
                )
            except ValueError:  # as of a cell that was added since the plan was read
                before, facts = facts, _read_facts(path)
                if facts == before:
                    raise
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        what = str(error) if isinstance(error, ValueError) else f"sweep.json: {error!r}"
        raise StoreError(f"sweep {path.name}: its files are damaged: {what}") from None
    except OSError as error:
        raise StoreError(f"sweep {path.name} cannot be read: {error.strerror}") from None


def _ended(journal: Path, store: Path, cells: int) -> list[Ended]:
    """The members in the journal whose run is there; the last line of a member counts.

    A line without its end was cut off by a crash, and is skipped. Raises ValueError.
    """
    ended = {}
    text = read_unlinked(journal, _MAX_BYTES)
    for number, line in enumerate(text[: text.rfind(b"\n") + 1].splitlines(), start=1):
        try:
            one = _parsed(parse_json(line), cells)
        except KeyError as error:
            raise ValueError(f"{_MEMBERS}:{number}: {error} is missing") from None
        except (ValueError, TypeError, AttributeError) as error:
            raise ValueError(f"{_MEMBERS}:{number}: {error}") from None
        ended[one.cell, one.member.seed] = one
    present = {run for run in {one.run for one in ended.values()} if (store / run).is_dir()}
    return [one for one in ended.values() if one.run in present]


def _parsed(line: dict[str, Any], cells: int) -> Ended:
    """A line of the journal. Raises an error of some kind for any other line."""
    one = Ended(line.pop("cell"), line.pop("run"), Member(**line))
    member = one.member
    if type(one.cell) is not int or not 0 <= one.cell < cells:
        raise ValueError(f"no cell {one.cell!r} among {cells}")
    if type(one.run) is not str or Path(one.run).name != one.run or not may_be_run(one.run):
        raise ValueError(f"{one.run!r} is no run's name")
    kinds = {
        "seed": int,
        "status": str,
        "final_loss": float | int,
        "met": bool,
        "error": str,
        "numbers": dict,
    }
    for name, kind in kinds.items():
        value = getattr(member, name)
        if value is None and name not in ("seed", "status"):
            continue
        if not isinstance(value, kind) or isinstance(value, bool) != (kind is bool):
            raise ValueError(f"{name} cannot be {value!r}")
    for name, number in member.numbers.items():
        if type(number) not in (int, float):
            raise ValueError(f"{name} cannot be {number!r}")
    return one


def _line(one: Ended) -> dict[str, Any]:
    return {"cell": one.cell, "run": one.run, **asdict(one.member)}


def _write(path: Path, facts: Mapping[str, Any]) -> None:
    replace(path / "sweep.json", json.dumps(facts, indent=1).encode() + b"\n")


def _read_facts(path: Path) -> dict[str, Any]:
    try:
        facts: dict[str, Any] = parse_json(read_unlinked(path / "sweep.json", _MAX_BYTES))
    except ValueError as error:
        raise ValueError(f"sweep.json: {error}") from None
    return facts


def _find(folder: Path, which: str) -> Path:
    known = sorted(path.parent.name for path in folder.glob("[!.]*/sweep.json"))
    known = [name for name in known if name != LATEST]
    if not known:
        raise StoreError(f"--resume {which}: there are no sweeps in {str(folder.parent)!r}")
    latest = (folder / LATEST).resolve().name
    if latest not in known:  # the link is set after the sweep is there, and a kill may come between
        latest = known[-1]
    fitting = matches(known, latest if which == LATEST else which)
    if len(fitting) != 1:
        fits = f"fits {len(fitting)} sweeps" if fitting else "fits no sweep"
        raise StoreError(f"--resume {which}: {fits}: {nearest(fitting or known, which)}")
    return folder / fitting[0]
