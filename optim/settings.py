"""The types of the settings of optimizers and schedules, with their ranges."""

from typing import Annotated, TypeAlias

from minigrad.settings import Pair, Range

Rate: TypeAlias = Annotated[float, Range("(0, inf)")]
Penalty: TypeAlias = Annotated[float, Range("[0, inf)")]
NonNegative: TypeAlias = Annotated[float, Range("[0, inf)")]
Factor: TypeAlias = Annotated[float, Range("(0, inf)")]
Fraction: TypeAlias = Annotated[float, Range("[0, 1)")]
Share: TypeAlias = Annotated[float, Range("[0, 1]")]
# A list, as in YAML; a tuple is accepted too.
Betas: TypeAlias = Annotated[list[float], Pair("[0, 1)")]
