"""Large arrays in a state that JSON holds: their bytes in base64, and no list of numbers.

A hundred thousand models of XOR are 3.3 million numbers: as text they take twenty times as long to
write. Both forms keep every bit.
"""

import base64
import math
from typing import Any

import numpy as np

MANY = 200_000
"""Numbers from which an array is packed; smaller ones are lists, which a reader can read."""

_KEY, _SHAPE = "float64", "shape"


def pack(entry: Any) -> Any:
    """An array as a nested list, or where it is large as {"float64": BASE64, "shape": [...]}, with
    little-endian numbers in C order. Anything else is given back as it is.
    """
    if not isinstance(entry, np.ndarray):
        return entry
    if entry.size < MANY:
        return entry.tolist()
    raw = np.ascontiguousarray(entry, dtype="<f8")
    return {_KEY: base64.b64encode(raw.data).decode(), _SHAPE: list(entry.shape)}


def is_packed(entry: Any) -> bool:
    """Whether it is what `pack` makes of a large array."""
    return isinstance(entry, dict) and entry.keys() == {_KEY, _SHAPE}


def unpack(entry: Any) -> Any:
    """The inverse, of either form: an array. A number is given back as it is.

    Raises ValueError for bytes that do not fit their shape.
    """
    if isinstance(entry, list):
        return np.array(entry)
    if not is_packed(entry):
        return entry
    shape = entry[_SHAPE]
    raw = base64.b64decode(entry[_KEY], validate=True)
    if not all(type(n) is int and n >= 0 for n in shape) or len(raw) != 8 * math.prod(shape):
        raise ValueError(f"{len(raw)} bytes are not an array of shape {shape}")
    return np.frombuffer(raw, dtype="<f8").reshape(shape).astype(float)
