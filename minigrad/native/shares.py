"""Which instructions run an operation and send shares of its slope to its operands."""

from typing import NamedTuple


class GradientShare(NamedTuple):
    """What one operand receives: an instruction that reads the result's slope, and then `reads`.

    y is the result, 0 and 1 are the operands, s is what the way forward saved.
    """

    op: str
    reads: str


NAMES = {"*": "multiply", "/": "divide", "**": "power", "neg": "negative", "abs": "absolute"}
"""Of instructions, where they differ from the tag that Value gives the operation."""

SAVES = {"softplus", "gelu", "silu"}
"""Operations that save, beside their result, a number that their slope is made of."""

SHARES = {
    "*": (GradientShare("multiply", "1"), GradientShare("multiply", "0")),
    "/": (GradientShare("divide", "1"), GradientShare("divisor_share", "y1")),
    "**": (GradientShare("base_share", "01"), GradientShare("exponent_share", "y0")),
    "maximum": (GradientShare("winner_share", "01"), GradientShare("winner_share", "10")),
    "minimum": (GradientShare("winner_share", "10"), GradientShare("winner_share", "01")),
    "neg": (GradientShare("negative", ""),),
    "abs": (GradientShare("abs_share", "0"),),
    "exp": (GradientShare("multiply", "y"),),
    "log": (GradientShare("divide", "0"),),
    "sqrt": (GradientShare("sqrt_share", "y"),),
    "sin": (GradientShare("sin_share", "0"),),
    "cos": (GradientShare("cos_share", "0"),),
    "tanh": (GradientShare("tanh_share", "y"),),
    "sigmoid": (GradientShare("sigmoid_share", "y"),),
    "softplus": (GradientShare("multiply", "s"),),
    "relu": (GradientShare("relu_share", "y"),),
    "leaky_relu": (GradientShare("leaky_relu_share", "01"),),
    "elu": (GradientShare("elu_share", "01"),),
    "gelu": (GradientShare("gelu_share", "0s"),),
    "silu": (GradientShare("silu_share", "ys"),),
}
"""By the tag that Value gives the operation; sums and dots are in instructions.py and slopes.py."""
