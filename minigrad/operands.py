"""The operands of a Tensor's operations: numbers, shapes, axes, indices; and what is refused.

This part of `tensor.py` has a separate file, since it does not concern gradients.
A Tensor is anything with `data`, `label`, `op` and `parents` here. Floating-point flags tell
at no cost that a result is not finite; only then is it asked where that comes from.
"""

import math
import operator
from collections.abc import Callable, Sequence
from numbers import Integral, Real
from typing import Any, TypeAlias

import numpy as np

Array: TypeAlias = Any

NEEDS = {
    "/": "a divisor other than 0",
    "**": "a whole exponent if the base is negative, a positive one if it is 0, no overflow",
    "exp": "a number below 709.78, for beyond it the result is larger than any float",
    "log": "a number above 0",
    "sqrt": "a number of at least 0",
}


def floats(data: Any, label: str) -> Array:
    """A copy of `data` that cannot be written into. Raises for all that is not float64."""
    if hasattr(data, "parents"):
        raise TypeError(f"a Tensor holds numbers, not a {type(data).__name__}: use it as it is")
    whose = f" {_cut(repr(label))}" if label else ""
    try:
        array = np.array(data, order="C")
    except ValueError as error:
        raise ValueError(f"the Tensor{whose} needs lists of equal lengths: {error}") from None
    if array.dtype != np.float64:
        whole = "write 1.0 for 1, or .astype(float)"
        mend = {"b": whole, "i": whole, "u": whole, "f": "write .astype(np.float64)"}
        instead = mend.get(array.dtype.kind, "give it real numbers")
        description = f"{array.dtype} of shape {array.shape}"
        raise TypeError(f"the Tensor{whose} holds float64, not {description}: {instead}")
    array.setflags(write=False)
    return array


def constant(numbers: Any) -> Array:
    """A copy in float64 of real numbers of any type. Raises TypeError for anything else, and for
    an integer that no float can hold.
    """
    array = np.array(numbers)
    are_objects = array.dtype == object and all(isinstance(x, Real) for x in array.flat)
    if array.dtype.kind not in "biuf" and not are_objects:
        described = _cut(f"{type(numbers).__name__} {_shown(numbers)}")
        raise TypeError(f"a Tensor meets real numbers and arrays of them, not {described}")
    try:
        return array.astype(np.float64, copy=False)
    except OverflowError:
        raise TypeError("a Tensor meets real numbers in floats: one is too large") from None


def setting(op: str, number: Any) -> float:
    """A function's setting, which has no gradient. Raises TypeError for what is no real number."""
    if not isinstance(number, Real) or isinstance(number, bool):
        kind = type(number).__name__
        raise TypeError(f"the setting of {op} is one real number, not {kind} {_shown(number)}")
    try:
        return float(number)
    except OverflowError:
        raise OverflowError(
            f"the setting of {op} is a float, and this number is too large"
        ) from None


def mask(condition: Any) -> Array:
    """A copy as booleans. Raises TypeError for what is neither booleans nor numbers, or is nan."""
    array = np.array(condition)
    if array.dtype.kind not in "biuf" or (array.dtype.kind == "f" and np.isnan(array).any()):
        raise TypeError(f"where needs an array of booleans, not {_shown(condition)}")
    return array.astype(bool)


def fitting(what: str, x: Any, data: Any) -> Array:
    """`data` as `floats` has it. Raises ValueError for another shape than that of `x`."""
    array = floats(data, x.label)
    if array.shape != x.data.shape:
        raise ValueError(f"the {what} of {named(x)} cannot have the shape {array.shape}")
    return array


def seed_of(root: Any, seed: Any) -> Array:
    """The gradient that backward() starts with."""
    if seed is not None:
        return fitting("seed", root, seed)
    if root.data.size != 1:
        raise ValueError(
            f"backward() of {named(root)}: a gradient starts at one number: call it on a sum or a "
            "mean, or give it a seed of the same shape"
        )
    return np.ones(root.data.shape)


@np.errstate(divide="raise", invalid="raise", over="raise", under="ignore")
def _strictly(function: Callable[..., Array], *arrays: Array) -> Array:
    return function(*arrays)


@np.errstate(all="ignore")
def _quietly(function: Callable[..., Array], *arrays: Array) -> Array:
    return function(*arrays)


def evaluate(op: str, function: Callable[..., Array], *operands: Any) -> Array:
    """function(*arrays), where that has an answer. Raises ValueError and ArithmeticError."""
    try:
        return _strictly(function, *[operand.data for operand in operands])
    except FloatingPointError:
        return _excused(op, function, operands)
    except (ValueError, TypeError) as error:
        reason = error if op in ("concatenate", "stack") else "the shapes do not broadcast"
        raise ValueError(f"{op} of {_all_named(operands)}: {reason}") from None


def _excused(op: str, function: Callable[..., Array], operands: Sequence[Any]) -> Array:
    """The result, if what is not finite in it comes from operands, or from + and * overflowing."""
    y = np.asarray(_quietly(function, *[operand.data for operand in operands]))
    wrong = ~np.isfinite(y) if op in NEEDS else np.isnan(y)
    for operand in operands:
        finite = np.isfinite(operand.data)
        is_elementwise = op in NEEDS or op in ("+", "-", "*")
        wrong = wrong & (finite if is_elementwise else finite.all())
    if not wrong.any():
        return y
    place, at = _first(wrong)
    if op not in NEEDS:
        raise ArithmeticError(f"{op} of {_all_named(operands)} gives nan{at} of finite numbers")
    there = [float(np.broadcast_to(operand.data, y.shape)[place]) for operand in operands]
    shown = " and ".join(f"{named(o)} = {x!r}" for o, x in zip(operands, there, strict=True))
    raise ArithmeticError(f"{op} has no finite real result{at}: {shown}; {op} needs {NEEDS[op]}")


def no_slope(node: Any, before: Sequence[Array | None]) -> None:
    """Go back to the gradients `before`, and pass nan on if it came in; else say what is wrong."""
    parents = dict(zip(node.parents, before, strict=True))
    for parent in parents:
        parent._grad = None
    _quietly(node._backward, node._grad)
    came_in = [node._grad, *(parent.data for parent in parents)]
    is_at_fault = all(np.isfinite(array).all() for array in came_in)
    for parent, held in parents.items():
        share = parent.grad
        wrong = ~np.isfinite(share)
        if wrong.any() and is_at_fault:
            place, at = _first(wrong)
            is_exponent = node.op == "**" and parent is node.parents[1]
            hint = "; as an exponent, a plain number needs no slope" if is_exponent else ""
            raise ArithmeticError(
                f"backward: the slope of {node.op} for {named(parent)} = "
                f"{float(parent.data[place])!r}{at} is infinite or undefined{hint}"
            ) from None
        parent._grad = share if held is None else held + share


def product(a: Any, b: Any) -> Array:
    """a @ b. Raises ValueError for shapes that do not meet."""
    if not a.data.ndim or not b.data.ndim:
        raise ValueError(f"matmul of {_all_named((a, b))}: a single number has no rows: write *")
    columns, rows = a.data.shape[-1], b.data.shape[-min(b.data.ndim, 2)]
    if columns != rows:
        raise ValueError(f"matmul of {_all_named((a, b))}: {columns} columns meet {rows} rows")
    y = evaluate("matmul", operator.matmul, a, b)
    # The threads of a BLAS have flags of their own, so nan is looked for.
    has_nan = y.size and math.isnan(y.min())
    return _excused("matmul", operator.matmul, (a, b)) if has_nan else y


def weighted_sums(x: Any, weight: Any, bias: Any) -> Array:
    """x @ weight.T + bias. Raises ValueError for shapes that do not meet."""
    shape = weight.data.shape
    if len(shape) != 2 or x.data.shape[-1:] != shape[1:] or bias.data.shape != shape[:1]:
        shapes = "(..., n_in), (n_out, n_in) and (n_out,)"
        raise ValueError(f"linear of {_all_named((x, weight, bias))}: needs {shapes}")
    return evaluate("linear", _sums, x, weight, bias)


def _sums(x: Array, weight: Array, bias: Array) -> Array:
    y = x @ weight.T
    y += bias  # in place: the sum of two arrays takes twice as long
    return y


def moved(op: str, x: Any, move: Callable[[Array], Array], how: Sequence[Any] = ()) -> Array:
    """move(x.data). Raises ValueError, and IndexError for an index."""
    try:
        return move(x.data)
    except (ValueError, TypeError, IndexError) as error:
        kind = IndexError if op == "index" else ValueError  # which ends a loop over rows
        way = f" by {_shown(how[0] if len(how) == 1 else how)}" if how else ""
        raise kind(f"{op} of {named(x)}{way}: {error}") from None


def repeated(x: Array, *shape: Any) -> Array:
    """numpy's broadcast_to, which takes a shape as one sequence or as several lengths."""
    return np.broadcast_to(x, shape[0] if len(shape) == 1 else shape)


def own_index(index: Any) -> tuple[Any, bool]:
    """The index with copies of its arrays, and whether it can mean an element twice.

    Ints, slices and masks cannot, arrays of integers can.
    """
    parts = [_own(part) for part in (index if isinstance(index, tuple) else (index,))]
    may_repeat = any(isinstance(p, np.ndarray) and p.dtype.kind != "b" for p in parts)
    return tuple(parts) if isinstance(index, tuple) else parts[0], may_repeat


def _own(part: Any) -> Any:
    if isinstance(part, list) and not part:
        return np.array(part, dtype=np.intp)
    return np.array(part) if isinstance(part, (list, np.ndarray)) else part


def reduced(
    op: str, x: Any, axis: Any, may_be_empty: bool = True
) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """`axis` as axes counted from the front, and the shape of `x` with length 1 along these.

    `axis` is None (all), an int or a sequence of ints, where -1 is the last axis. Raises ValueError
    for an axis that is not there or comes twice, and where there are no numbers to choose from;
    TypeError for what is no axis.
    """
    shape = x.data.shape
    one = not isinstance(axis, Sequence) or isinstance(axis, str)
    places = range(len(shape)) if axis is None else (axis,) if one else axis
    if not all(isinstance(a, Integral) and not isinstance(a, bool) for a in places):
        raise TypeError(
            f"{op} of {named(x)}: axis is an int, a tuple of ints or None, not {_shown(axis)}"
        )
    if not all(-len(shape) <= a < len(shape) for a in places):
        raise ValueError(
            f"{op} of {named(x)}: axis {_shown(axis)} is none of its {len(shape)} axes"
        )
    axes = tuple(int(a) % len(shape) for a in places)
    if len(set(axes)) < len(axes):
        raise ValueError(f"{op} of {named(x)}: axis {_shown(axis)} names an axis twice")
    if not may_be_empty and 0 in [shape[a] for a in axes]:
        raise ValueError(f"{op} of {named(x)}: there are no numbers along axis {_shown(axis)}")
    return axes, tuple(1 if a in axes else length for a, length in enumerate(shape))


def named(x: Any) -> str:
    """A tensor in a few characters and on one line: "w (5, 2)", "tanh (3,)", "(3,)"."""
    name = str(x.label or ("" if x.op == "const" else x.op))
    return f"{_cut(name)} {x.data.shape}".strip()


def _cut(text: str) -> str:
    line = text if text.isprintable() else repr(text)
    return line if len(line) <= 60 else f"{line[:57]}..."


def _shown(thing: Any) -> str:
    try:
        return _cut(repr(thing))
    except Exception:  # as of a list with an integer of 5,000 digits
        return "..."


def _all_named(operands: Sequence[Any]) -> str:
    return " and ".join(map(named, operands))


def _first(wrong: Array) -> tuple[tuple[int, ...], str]:
    """The first place where an array of booleans is true, as text."""
    place = tuple(np.argwhere(wrong)[0].tolist())
    return place, f" at {list(place)}" if place else ""
