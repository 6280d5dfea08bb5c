"""Deleting runs so that they can be brought back: they move to `.trash` in their store."""

import errno
import os
from collections.abc import Mapping, Sequence, Set
from contextlib import ExitStack
from pathlib import Path

from minigrad.files.whole import kept_from_writers, relink
from minigrad.tracking import layout
from minigrad.tracking.names import LATEST, TRASH, StoreError, ids, nearest, only
from minigrad.tracking.store import StoredRun
from minigrad.tracking.store import runs as stored_runs


def delete(store: str | Path, runs: Sequence[StoredRun], force: bool = False) -> None:
    """Move runs to the trash, and `latest` to the newest that remains.

    Raises StoreError where one cannot go, as one that is running, unless forced, or that lies in
    another store: then none is moved.
    """
    store = Path(store)
    for run in runs:
        if not os.path.samefile(run.path.parent, store):
            raise StoreError(f"{run.path} lies outside {str(store)!r}: name its store with --store")
    with ExitStack() as stack:
        if not force:
            for run in runs:
                _keep_stopped(run, stack)
        _make_trash(store)
        settle_latest(store, without={run.id for run in runs})  # first: it never points nowhere
        try:
            _move_all({run.path: store / TRASH / run.id for run in runs})
        finally:
            settle_latest(store)


def _keep_stopped(run: StoredRun, stack: ExitStack) -> None:
    """Let no process go on with the run until the stack is closed. Raises StoreError for a run that
    is running, maybe since it was loaded.
    """
    is_kept = stack.enter_context(kept_from_writers(run.path / layout.METRICS))
    if run.alive is False and is_kept is not False:
        return
    process = f"process {run.facts.pid} on {run.facts.host or 'this host'}"
    doubt = ", or died there" if run.doubt else ""
    by = f" ({process}{doubt})" if run.alive is not False else ""
    raise StoreError(f"{run.id} is running{by}: stop it, or delete it with --force")


def restore(store: str | Path, which: Sequence[str]) -> list[str]:
    """Move runs, named by their ids or parts of them, out of the trash again; gives their ids.

    Raises StoreError for one that is not there, or if a run of its name has taken its place: then
    none is moved.
    """
    store = Path(store)
    identities = list(dict.fromkeys(_in_trash(store, name) for name in which))
    _move_all({store / TRASH / identity: store / identity for identity in identities})
    settle_latest(store)
    return identities


def _in_trash(store: Path, which: str) -> str:
    deleted = ids(store / TRASH)
    if identity := only(deleted, which):
        return identity
    if remaining := only(ids(store), which):
        raise StoreError(f"{remaining} is not in the trash: it is in {str(store)!r}")
    instead = nearest(deleted, which) if deleted else "the trash is empty"
    raise StoreError(f"no run {which!r} in the trash of {str(store)!r}: {instead}")


def settle_latest(store: Path, without: Set[str] = frozenset()) -> None:
    """Point `latest` to the newest run, or remove it if there is none but those of `without`."""
    link = store / LATEST
    remaining = (run for run in reversed(stored_runs(store)) if run.id not in without)
    newest = next((run.id for run in remaining if run.path.is_dir()), None)
    if os.path.lexists(link) and not link.is_symlink():
        return  # not ours
    if newest is None:
        link.unlink(missing_ok=True)
        return
    if link.is_symlink() and os.readlink(link) == newest:
        return
    relink(link, newest)


def _make_trash(store: Path) -> None:
    trash = store / TRASH
    try:
        trash.mkdir(exist_ok=True)
    except OSError as error:
        raise StoreError(f"{trash} cannot be made: {error.strerror}") from None
    if trash.is_symlink():
        raise StoreError(f"{trash} is a link: what goes there would leave the store")


def _move_all(targets: Mapping[Path, Path]) -> None:
    """Move each to its target, or none. Raises StoreError."""
    moved: list[tuple[Path, Path]] = []
    try:
        for source, target in targets.items():
            _move(source, target)
            moved.append((source, target))
    except StoreError as error:
        for source, target in reversed(moved):
            try:
                os.rename(target, source)
            except OSError:
                raise StoreError(f"{error}; {source.name} stays at {target}") from None
        raise


def _move(source: Path, target: Path) -> None:
    if os.path.lexists(target):  # os.rename would replace a file or an empty directory
        raise StoreError(f"{target} exists already: nothing is written over it")
    try:
        os.rename(source, target)
    except OSError as error:
        why = "it is on another file system" if error.errno == errno.EXDEV else error.strerror
        raise StoreError(f"{source} cannot be moved to {target}: {why}") from None
