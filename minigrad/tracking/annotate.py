"""Tags, notes and verdicts on a run, also while another process is writing it.

A run's process holds its run.json in memory and writes the whole file again. So both sides lock
the run's directory for the moment of writing; the annotations in the file are this module's, and
all the rest is the run's.
"""

import argparse
import json
import os
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from minigrad.files.whole import replace
from minigrad.terminal.text import excerpt, json_ready
from minigrad.tracking import layout
from minigrad.tracking.annotations import locked
from minigrad.tracking.names import StoreError
from minigrad.tracking.reading import read_facts
from minigrad.tracking.store import StoredRun

_SECONDS = 3.0
_MOST_TAGS = 100
_LONGEST_TAG = 60  # characters
_LONGEST_NOTE = 10_000


def tag(run: StoredRun, changes: Sequence[str]) -> list[str]:
    """Add a tag for each "+good" and remove one for each "-old"; gives the tags afterwards.

    Raises StoreError for a change of another shape, a tag to remove that the run does not have, or
    a run that cannot be written.
    """
    for change in changes:
        if change[:1] not in ("+", "-"):
            raise StoreError(
                f"tag {excerpt(change)}: write +good to add a tag, or -old to remove one"
            )
        if change[0] == "+":
            try:
                tag_name(change[1:])
            except argparse.ArgumentTypeError as error:
                raise StoreError(f"tag {excerpt(change)}: {error}") from None

    def retag(facts: dict[str, Any]) -> None:
        facts["tags"] = _changed_tags(run.id, facts.get("tags"), changes)

    tags: list[str] = _rewrite(run, retag)["tags"]
    return tags


def _changed_tags(run: str, before: Any, changes: Sequence[str]) -> list[str]:
    tags = [one for one in before if isinstance(one, str)] if isinstance(before, list) else []
    for change in changes:
        sign, name = change[0], change[1:]
        if sign == "+" and name not in tags:
            tags.append(name)
        elif sign == "-" and name not in tags:
            raise StoreError(f"{run} has no tag {name!r}: it has {', '.join(tags) or 'none'}")
        elif sign == "-":
            tags.remove(name)
    if len(tags) > _MOST_TAGS:
        raise StoreError(f"{run}: {len(tags)} tags are too many: keep {_MOST_TAGS}")
    return tags


def tag_name(text: str) -> str:
    """The type of an option that is a tag. Raises ArgumentTypeError, a sentence, for any other."""
    is_one_line = text.isprintable() and text == text.strip()
    if not text or not is_one_line or len(text) > _LONGEST_TAG or text[0] in "+-":
        raise argparse.ArgumentTypeError(
            f"a tag is one line of 1 to {_LONGEST_TAG} characters, not beginning with + or -"
        )
    return text


def note(run: StoredRun, text: str) -> None:
    """Set the run's note; an empty text removes it. Raises StoreError."""
    if len(text) > _LONGEST_NOTE:
        raise StoreError(f"note: at most {_LONGEST_NOTE:,} characters, found {len(text):,}")

    def set_note(facts: dict[str, Any]) -> None:
        facts.pop("note", None)
        if text.strip():
            facts["note"] = text

    _rewrite(run, set_note)


def record_verdict(run: StoredRun, verdict: dict[str, Any]) -> None:
    """Record the verdict of the last verify. Raises StoreError where the run cannot be written."""
    _rewrite(run, lambda facts: facts.update(verified=verdict))


def _rewrite(run: StoredRun, change: Callable[[dict[str, Any]], None]) -> dict[str, Any]:
    """Let `change` change the object of run.json and write it; gives it back.

    Where the run's process wrote it meanwhile, for it waits only a moment for the lock, or many
    others wait for the lock too, this is done again. Raises StoreError after some seconds.
    """
    run.check_own()
    give_up = time.monotonic() + _SECONDS
    while True:
        try:
            return _rewrite_once(run.path, change)
        except OSError as error:
            if error.errno or time.monotonic() > give_up:  # 0: another process was in the way
                raise StoreError(f"{run.id} cannot be changed: {error.strerror}") from None


def _rewrite_once(run: Path, change: Callable[[dict[str, Any]], None]) -> dict[str, Any]:
    with locked(run, needed=True):
        before = _signature(run)
        try:
            facts = read_facts(run)
        except StoreError as error:
            raise StoreError(f"{run.name} cannot be changed: {error}") from None
        unchanged = json.dumps(facts)
        change(facts)
        if json.dumps(facts) != unchanged:
            content = json.dumps(json_ready(facts), indent=2, allow_nan=False).encode()
            # the run's process does not wait long for this lock, as where we were suspended
            replace(run / layout.RUN, content + b"\n", still=lambda: _signature(run) == before)
        return facts


def _signature(run: Path) -> tuple[int, int, int]:
    """What another run.json does not have."""
    status = os.stat(run / layout.RUN, follow_symlinks=False)
    return (status.st_ino, status.st_size, status.st_mtime_ns)
