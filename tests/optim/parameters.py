"""What the tests step: a number, or an array, with its gradient."""

from dataclasses import dataclass
from typing import Any


@dataclass(eq=False)
class Parameter:
    data: Any
    grad: Any = 0.0
