"""Checkpoints: the state of a training as JSON with a checksum, and the one before it.

The file is one JSON object, {"sha256": CHECKSUM, "state": STATE}, and the checksum is that of
STATE's bytes in the file: a flipped bit anywhere is found. A checkpoint is data and
never code: it is not a pickle.
"""

import hashlib
import json
from pathlib import Path
from typing import Any

from minigrad.files.untrusted import parse_json, read_unlinked
from minigrad.files.whole import replace
from minigrad.tracking import layout

NAME, PREVIOUS = layout.CHECKPOINT, layout.PREVIOUS_CHECKPOINT


class CheckpointError(ValueError):
    """A checkpoint that cannot be used; one sentence that names the file."""


def write(directory: Path, state: dict[str, Any]) -> None:
    """Replace the directory's checkpoint; the old one is kept, if it is whole. Raises OSError."""
    path = directory / NAME
    try:
        is_whole = _is_whole(read_unlinked(path, layout.MAX_BYTES[NAME]))
    except OSError:  # there is none, or it is no file
        is_whole = False
    replace(path, sealed(state), directory / PREVIOUS if is_whole else None)


def sealed(state: dict[str, Any]) -> bytes:
    """The content of the file: the state with its checksum."""
    return _sealed(json.dumps(state).encode())


def read(path: Path) -> dict[str, Any]:
    """The state in the file. Raises CheckpointError if any bit of it is not as it was written."""
    try:
        content = read_unlinked(path, layout.MAX_BYTES[NAME])
    except OSError as error:
        raise CheckpointError(f"{path} cannot be read: {error.strerror}") from None
    if not _is_whole(content):
        raise CheckpointError(f"{path} is damaged: its checksum does not match its content")
    try:
        state = parse_json(_state_in(content))
    except ValueError as error:
        raise CheckpointError(f"{path} is damaged: {error}") from None
    if not isinstance(state, dict):
        raise CheckpointError(f"{path} is damaged: its state is no object")
    return state


def _is_whole(content: bytes) -> bool:
    return content == _sealed(_state_in(content))


def _state_in(content: bytes) -> bytes:
    end = len(b"}\n")
    return content[len(_sealed(b"")) - end : len(content) - end]


def _sealed(raw: bytes) -> bytes:
    checksum = hashlib.sha256(raw).hexdigest().encode()
    return b'{"sha256": "' + checksum + b'", "state": ' + raw + b"}\n"
