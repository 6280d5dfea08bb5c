"""Which instructions run an operation and send shares of its slope to its operands."""

from typing import NamedTuple


class Share(NamedTuple):
    """What one operand receives: an instruction that reads the result's slope, and then `reads`.

    y is the result, 0 and 1 are the operands, k is what the way forward kept.
    """

    op: str
    reads: str


NAMES = {"*": "multiply", "/": "divide", "**": "power", "neg": "negative", "abs": "absolute"}
"""Of instructions, where they differ from the tag that Value gives the operation."""

KEPT = {"softplus", "gelu", "silu"}
"""Operations that keep, beside their result, a number that their slope is made of."""

SHARES = {
    "*": (Share("multiply", "1"), Share("multiply", "0")),
    "/": (Share("divide", "1"), Share("divisor_share", "y1")),
    "**": (Share("base_share", "01"), Share("exponent_share", "y0")),
    "maximum": (Share("winner_share", "01"), Share("winner_share", "10")),
    "minimum": (Share("winner_share", "10"), Share("winner_share", "01")),
    "neg": (Share("negative", ""),),
    "abs": (Share("abs_share", "0"),),
    "exp": (Share("multiply", "y"),),
    "log": (Share("divide", "0"),),
    "sqrt": (Share("sqrt_share", "y"),),
    "sin": (Share("sin_share", "0"),),
    "cos": (Share("cos_share", "0"),),
    "tanh": (Share("tanh_share", "y"),),
    "sigmoid": (Share("sigmoid_share", "y"),),
    "softplus": (Share("multiply", "k"),),
    "relu": (Share("relu_share", "y"),),
    "leaky_relu": (Share("leaky_relu_share", "01"),),
    "elu": (Share("elu_share", "01"),),
    "gelu": (Share("gelu_share", "0k"),),
    "silu": (Share("silu_share", "yk"),),
}
"""By the tag that Value gives the operation; sums and dots are in instructions.py and slopes.py."""
