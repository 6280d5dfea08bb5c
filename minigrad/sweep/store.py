"""The files of a sweep, which are complete at every moment, and the runs of its members.

sweeps/20261122T201500Z-xor-k3f9/
  sweep.json      the arguments, every cell's config, and the status
  members.jsonl   one JSON object for each member that has ended, with the id of its run
  sweep.csv       the ranked table
  sweep.png       the same as a picture
"""

import dataclasses
import json
import os
import shutil
import sys
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Self

from minigrad.config.plugins import PluginError, Provenance
from minigrad.files.whole import Lines, relink, replace
from minigrad.sweep.member import Member, Result
from minigrad.sweep.plan import Plan
from minigrad.tracking import layout
from minigrad.tracking.destination import make_directory
from minigrad.tracking.facts import now
from minigrad.tracking.names import LATEST, SWEEPS, StoreError, matches, nearest


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

    def __init__(self, path: Path, facts: dict[str, Any]) -> None:
        self.path, self.store = path, path.parent.parent
        self.facts = facts
        self.plan = Plan.from_data(facts["plan"])
        self.ended = _ended(path / "members.jsonl", self.store)
        self._journal = Lines(path / "members.jsonl")
        self._drafts = path / ".drafts"
        shutil.rmtree(self._drafts, ignore_errors=True)

    @classmethod
    def begin(cls, store: Path, plan: Plan) -> Self:
        """A new sweep. Raises OSError where the store cannot be written."""
        path = make_directory(store / SWEEPS, plan.name)
        facts = {
            "id": path.name,
            "status": "running",
            "argv": sys.argv,
            "started": now(),
            "ended": None,
            "plan": plan.data(),
            "sha256": plan.plugin_hashes(),
        }
        _write(path, facts)
        relink(path.parent / LATEST, path.name)
        return cls(path, facts)

    @classmethod
    def reopen(cls, store: Path, which: str, *, trust_plugins: bool = False) -> Self:
        """The sweep that `which` names: an id, a part of one, or latest.

        Raises StoreError where there is none, or where plugins that it names may not be run;
        OSError where it is being written by another process.
        """
        path = _find(store / SWEEPS, which)
        try:
            facts = json.loads((path / "sweep.json").read_bytes())
            sweep = cls(path, facts)
            plugins = sweep.plan.plugins()
        except (ValueError, KeyError, TypeError) as error:
            raise StoreError(f"--resume {path.name}: its files are damaged: {error!r}") from None
        except OSError as error:
            raise OSError(f"--resume {path.name}: {error.strerror}") from None
        if not trust_plugins:
            recorded = facts.get("sha256")
            provenance = Provenance(store, recorded if isinstance(recorded, dict) else {})
            try:
                for plugin in plugins:
                    provenance.check(plugin)
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

    def finish(self, status: str) -> None:
        """Close it: nothing is written after this."""
        self._mark(status)
        self._journal.close()
        shutil.rmtree(self._drafts, ignore_errors=True)

    def _draft(self, result: Result) -> Path:
        while True:
            draft = make_directory(self._drafts, str(result.facts.name))
            if not os.path.lexists(self.store / draft.name):
                break
        for name, content in result.files.items():
            replace(draft / name, content)
        facts = dataclasses.replace(result.facts, id=draft.name, argv=sys.argv, group=self.id)
        replace(draft / layout.RUN, facts.to_bytes())
        return draft

    def _mark(self, status: str) -> None:
        self.facts |= {"status": status, "ended": None if status == "running" else now()}
        _write(self.path, self.facts)


def _ended(journal: Path, store: Path) -> list[Ended]:
    """The members in the journal whose run is there; the last line of a member counts.

    A line without its end was cut off by a crash, and is skipped. Raises ValueError.
    """
    last = {}
    text = journal.read_text() if journal.exists() else ""
    for line in text[: text.rfind("\n") + 1].splitlines():
        data = json.loads(line)
        one = Ended(data.pop("cell"), data.pop("run"), Member(**data))
        last[one.cell, one.member.seed] = one
    there = {run for run in {one.run for one in last.values()} if (store / run).is_dir()}
    return [one for one in last.values() if one.run in there]


def _line(one: Ended) -> dict[str, Any]:
    return {"cell": one.cell, "run": one.run, **asdict(one.member)}


def _write(path: Path, facts: Mapping[str, Any]) -> None:
    replace(path / "sweep.json", json.dumps(facts, indent=1).encode() + b"\n")


def _find(folder: Path, which: str) -> Path:
    known = sorted(path.parent.name for path in folder.glob("[!.]*/sweep.json"))
    latest = (folder / LATEST).resolve().name  # LATEST itself where there is no such link
    known = [name for name in known if name != LATEST]
    if not known:
        raise StoreError(f"--resume {which}: there are no sweeps in {str(folder.parent)!r}")
    fitting = matches(known, latest if which == LATEST else which)
    if len(fitting) != 1:
        fits = f"fits {len(fitting)} sweeps" if fitting else "fits no sweep"
        raise StoreError(f"--resume {which}: {fits}: {nearest(fitting or known, which)}")
    return folder / fitting[0]
