"""Tensor autograd: the page after `value.py`, in the same order, with arrays in place of numbers.

Five things are the same: a graph of nodes that remember their parents; operations that build it; one
topological order, walked in reverse; one local rule an operation; the rule as a closure. Five are
new: `data` and `grad` are arrays of one shape; rules are written for whole arrays; broadcasting is
reversed by `unbroadcast`; constants are not sent a gradient; a rule may move elements, too.

Every call of numpy goes through the name `np`.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Iterator, Sequence
from types import EllipsisType
from typing import Any, TypeAlias

import numpy as np

from minigrad.value import topological_order

Array: TypeAlias = Any
"""A numpy array of float64."""

# glibc hands free memory back to the system once it is more than twice the largest block it has
# seen, and the next step waits for every page anew: 2-64-64-1 on 1,000 points took 3.4 ms a step, and
# takes 1.7 ms since a block of nearly 32 MB was seen, which nobody wrote into.
np.empty(2**22 - 2**10)


class Tensor:
    """An array of real numbers in a computation graph, always in float64.

    `data` is the array, `grad` an array of the same shape: the derivative of the root of the latest
    `backward()` with respect to each number. `op` names the operation that made it ("" for a leaf,
    "const" for a number or an array that met a Tensor), `parents` are its operands in order,
    `label` is free text for messages and drawings.

    A Tensor holds a copy of what it is given, and `data` cannot be written into, only replaced as a
    whole in a leaf: no graph that has read it can be falsified. Integers, booleans and float32
    are refused as data, with the words to write instead; as constants they are welcome.

    >>> x = Tensor([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])
    >>> w = Tensor([0.5, -1.0, 2.0])
    >>> loss = (x @ w).tanh().sum() + (w * w).mean()
    >>> loss.backward()
    >>> w.grad.shape, x.grad.shape
    ((3,), (2, 3))
    """

    __slots__ = ("_backward", "_data", "_grad", "label", "op", "parents")

    __array_ufunc__ = None  # array + tensor: numpy leaves it to Tensor.__radd__

    def __init__(self, data: Numbers, label: str = "") -> None:
        self._data = _floats(data, label)
        self._grad: Array | None = None  # zeros: they are made when somebody asks
        self.label = label
        self.op = ""
        self.parents: tuple[Tensor, ...] = ()
        self._backward: Callable[[Array], None] = _end

    def __add__(self, other: Operand) -> Tensor:
        other = as_tensor(other)

        def backward(grad, self=self, other=other):
            self._accumulate(grad)
            other._accumulate(grad)

        return _node(_evaluate("+", operator.add, self, other), "+", (self, other), backward)

    def __mul__(self, other: Operand) -> Tensor:
        other = as_tensor(other)

        def backward(grad, self=self, other=other):
            self._accumulate(other._data * grad)
            other._accumulate(self._data * grad)

        return _node(_evaluate("*", operator.mul, self, other), "*", (self, other), backward)

    def __matmul__(self, other: Operand) -> Tensor:
        """The product of matrices; of vectors; of stacks of matrices, which broadcast."""
        other = as_tensor(other)
        product = _product(self, other)

        def backward(grad, self=self, other=other):
            a, b = self._data, other._data
            if b.ndim == 1:  # a column
                b, grad = b[:, None], grad[..., None]
            if a.ndim == 1:  # a row
                a, grad = a[None, :], grad[..., None, :]
            if self.op != "const":
                self._accumulate(grad @ b.swapaxes(-1, -2))
            if other.op != "const":
                share = a.swapaxes(-1, -2) @ grad
                other._accumulate(share if other.ndim > 1 else share[..., 0])

        return _node(product, "@", (self, other), backward)

    def tanh(self) -> Tensor:
        """hyperbolic tangent, from -1 to 1"""
        y = np.tanh(self._data)
        return _unary("tanh", self, y, lambda: -y * y + 1)

    def backward(self, seed: Numbers | None = None) -> None:
        """Fill in `grad` of every node below: the derivative of this node with respect to it.

        A Tensor of one element starts with the gradient 1; any other needs `seed`, an array of its
        shape: the gradient that arrives at each element. Leaves add to the gradient they hold
        already; inner nodes hold the gradient of this call alone; constants are sent none.

        Call it before anything below changes its `data`. Raises ValueError for a seed of another
        shape, and ArithmeticError where a slope is infinite or undefined, as that of sqrt at 0; the
        gradients are incomplete then.
        """
        order: list[Any] = topological_order(self)  # type: ignore[arg-type]
        seed = _seed(self, seed)
        for node in order:
            node._grad = None
        self._accumulate(seed)
        with np.errstate(divide="raise", invalid="raise", over="ignore", under="ignore"):
            for node in reversed(order):
                before = [parent._grad for parent in node.parents]
                try:
                    node._backward(node._grad)
                except ArithmeticError:
                    no_slope(node, before)

    def _accumulate(self, share: Array) -> None:
        """Add a share to `grad`. Never in place: an array may be the share of several nodes."""
        if self.op == "const":
            return
        share = unbroadcast(share, self._data.shape)
        if self._grad is not None:
            self._grad = self._grad + share
        else:  # a leaf keeps its gradient, so it must be its own
            self._grad = share if self.parents else np.array(share, order="C")

    # The other operators.

    def __sub__(self, other: Operand) -> Tensor:
        other = as_tensor(other)

        def backward(grad, self=self, other=other):
            self._accumulate(grad)
            other._accumulate(-grad)

        return _node(_evaluate("-", operator.sub, self, other), "-", (self, other), backward)

    def __truediv__(self, other: Operand) -> Tensor:
        other = as_tensor(other)
        quotient = _evaluate("/", operator.truediv, self, other)

        def backward(grad, self=self, other=other):
            self._accumulate(grad / other._data)
            other._accumulate(-grad * (quotient / other._data))

        return _node(quotient, "/", (self, other), backward)

    def __pow__(self, other: Operand) -> Tensor:
        other = as_tensor(other)
        power = _evaluate("**", np.power, self, other)

        def backward(grad, self=self, other=other):
            base, exponent = self._data, other._data
            constant = exponent == 0  # x ** 0 is 1 everywhere
            slope = exponent * np.power(np.where(constant, 1.0, base), exponent - 1)
            self._accumulate(grad * slope)
            if other.op != "const":
                flat = (base == 0) & (exponent >= 0)
                other._accumulate(grad * (power * np.log(np.where(flat, 1.0, base))))

        return _node(power, "**", (self, other), backward)

    def __radd__(self, other: Operand) -> Tensor:
        return as_tensor(other) + self

    def __rsub__(self, other: Operand) -> Tensor:
        return as_tensor(other) - self

    def __rmul__(self, other: Operand) -> Tensor:
        return as_tensor(other) * self

    def __rtruediv__(self, other: Operand) -> Tensor:
        return as_tensor(other) / self

    def __rpow__(self, other: Operand) -> Tensor:
        return as_tensor(other) ** self

    def __rmatmul__(self, other: Operand) -> Tensor:
        return as_tensor(other) @ self

    # Functions of each number: the values, and the slopes as a function called on the way back.

    def __neg__(self) -> Tensor:
        return _unary("neg", self, -self._data, lambda: -1.0)

    def __abs__(self) -> Tensor:
        return _unary("abs", self, abs(self._data), lambda: np.sign(self._data))

    def exp(self) -> Tensor:
        y = _evaluate("exp", np.exp, self)
        return _unary("exp", self, y, lambda: y)

    def log(self) -> Tensor:
        return _unary("log", self, _evaluate("log", np.log, self), lambda: 1 / self._data)

    def sqrt(self) -> Tensor:
        y = _evaluate("sqrt", np.sqrt, self)
        return _unary("sqrt", self, y, lambda: 1 / (2 * y))

    def sin(self) -> Tensor:
        """sine of x radians"""
        return _unary("sin", self, _evaluate("sin", np.sin, self), lambda: np.cos(self._data))

    def cos(self) -> Tensor:
        return _unary("cos", self, _evaluate("cos", np.cos, self), lambda: -np.sin(self._data))

    def sigmoid(self) -> Tensor:
        """1 / (1 + exp(-x)), from 0 to 1"""
        y = _sigmoid(self._data)
        return _unary("sigmoid", self, y, lambda: y * (1 - y))

    def softplus(self) -> Tensor:
        """log(1 + exp(x)), a smooth relu; exact also where exp(x) would overflow or vanish"""
        y = np.logaddexp(0.0, self._data)
        return _unary("softplus", self, y, lambda: _sigmoid(self._data))

    def relu(self) -> Tensor:
        """max(0, x)"""
        return _unary("relu", self, np.maximum(self._data, 0.0), lambda: self._data > 0)

    def leaky_relu(self, slope: float = 0.01) -> Tensor:
        """x above 0, slope * x below"""
        x, leak = self._data, as_tensor(slope)
        y = np.where(x > 0, x, leak._data * x)
        return _unary("leaky_relu", self, y, lambda: np.where(x > 0, 1.0, leak._data), leak)

    def elu(self, alpha: float = 1.0) -> Tensor:
        """x above 0, alpha * (exp(x) - 1) below (Clevert et al. 2015, arXiv:1511.07289)"""
        x, scale = self._data, as_tensor(alpha)
        low = np.minimum(x, 0.0)  # exp is taken of no positive number
        y = np.where(x > 0, x, scale._data * np.expm1(low))
        slope = lambda: np.where(x > 0, 1.0, scale._data * np.exp(low))  # noqa: E731
        return _unary("elu", self, y, slope, scale)

    def gelu(self) -> Tensor:
        """x * Phi(x), Phi the normal distribution's CDF (Hendrycks, Gimpel 2016, 1606.08415)"""
        x = self._data
        cdf = 0.5 * (1 + _erf(x * math.sqrt(0.5)))
        density = lambda: np.exp(-0.5 * x * x) / math.sqrt(2 * math.pi)  # noqa: E731
        y = _evaluate("gelu", lambda x: x * cdf, self)
        return _unary("gelu", self, y, lambda: cdf + x * density())

    def silu(self) -> Tensor:
        """x * sigmoid(x), also called swish (Elfwing et al. 2017, arXiv:1702.03118)"""
        x, s = self._data, _sigmoid(self._data)
        y = _evaluate("silu", lambda x: x * s, self)
        return _unary("silu", self, y, lambda: s * (1 + x * (1 - s)))

    # Functions that make one number of many. `axis` is None (all), an int or several, negative ones
    # counted from the end; with `keepdims` the axes that are summed over stay, with length 1.

    def sum(self, axis: Axis = None, keepdims: bool = False) -> Tensor:
        axes, kept = _reduced("sum", self, axis)
        y = _evaluate("sum", lambda x: x.sum(axes, keepdims=keepdims), self)

        def backward(grad, self=self):
            self._accumulate(np.full(self.shape, grad.reshape(kept)))

        return _node(y, "sum", (self,), backward)

    def mean(self, axis: Axis = None, keepdims: bool = False) -> Tensor:
        axes, kept = _reduced("mean", self, axis, may_be_empty=False)
        count = self.size // math.prod(kept)
        y = _evaluate("mean", lambda x: x.sum(axes, keepdims=keepdims) / count, self)

        def backward(grad, self=self):
            self._accumulate(np.full(self.shape, grad.reshape(kept) / count))

        return _node(y, "mean", (self,), backward)

    def max(self, axis: Axis = None, keepdims: bool = False) -> Tensor:
        """The largest; equal largest ones share the gradient equally."""
        return _extreme_of("max", np.max, self, axis, keepdims)

    def min(self, axis: Axis = None, keepdims: bool = False) -> Tensor:
        """The smallest; equal smallest ones share the gradient equally."""
        return _extreme_of("min", np.min, self, axis, keepdims)

    def logsumexp(self, axis: Axis = None, keepdims: bool = False) -> Tensor:
        """log of the sum of exp(x); the largest is taken off first, so exp cannot overflow"""
        axes, kept = _reduced("logsumexp", self, axis, may_be_empty=False)
        y = _evaluate("logsumexp", lambda x: _logsumexp(x, axes), self)

        def backward(grad, self=self):
            self._accumulate(grad.reshape(kept) * np.exp(self._data - y))

        return _node(y if keepdims else np.squeeze(y, axes), "logsumexp", (self,), backward)

    def softmax(self, axis: int = -1) -> Tensor:
        """exp(x) over the sum of exp(x): positive shares of 1 along `axis`"""
        axes, _ = _reduced("softmax", self, axis, may_be_empty=False)
        y = _evaluate("softmax", lambda x: _softmax(x, axes), self)

        def backward(grad, self=self):
            share = grad * y
            self._accumulate(share - y * share.sum(axes, keepdims=True))

        return _node(y, "softmax", (self,), backward)

    def log_softmax(self, axis: int = -1) -> Tensor:
        """log of softmax, exact also where softmax vanishes"""
        axes, _ = _reduced("log_softmax", self, axis, may_be_empty=False)
        y = _evaluate("log_softmax", lambda x: _log_softmax(x, axes), self)

        def backward(grad, self=self):
            self._accumulate(grad - np.exp(y) * grad.sum(axes, keepdims=True))

        return _node(y, "log_softmax", (self,), backward)

    # Functions that only move numbers: the gradient moves back.

    def reshape(self, *shape: int | Sequence[int]) -> Tensor:
        """The same numbers row by row in another shape; one length may be -1, for what is left."""
        y = _moved("reshape", self, lambda x: x.reshape(*shape), f"to {_plain(shape)}")

        def backward(grad, self=self):
            self._accumulate(grad.reshape(self.shape))

        return _node(y, "reshape", (self,), backward)

    def transpose(self, *axes: int | Sequence[int]) -> Tensor:
        """The axes in another order, as numpy's: all in reverse, or as `axes` numbers them."""
        y = _moved("transpose", self, lambda x: x.transpose(*axes), f"by {_plain(axes)}")
        back = np.argsort(np.ravel(axes) % self.ndim) if axes else None

        def backward(grad, self=self):
            self._accumulate(grad.transpose(back))

        return _node(y, "transpose", (self,), backward)

    @property
    def T(self) -> Tensor:  # noqa: N802 - numpy's name
        """All axes in reverse order."""

        def backward(grad, self=self):
            self._accumulate(grad.T)

        return _node(self._data.T, "T", (self,), backward)

    def broadcast_to(self, *shape: int | Sequence[int]) -> Tensor:
        """The numbers repeated along new axes in front, and along axes of length 1."""
        lengths = np.ravel(shape).tolist()
        y = _moved("broadcast_to", self, lambda x: np.broadcast_to(x, lengths), f"to {lengths}")

        def backward(grad, self=self):
            self._accumulate(grad)

        return _node(y, "broadcast_to", (self,), backward)

    def __getitem__(self, index: Any) -> Tensor:
        """By ints, slices, `...`, None, integer arrays and masks, as numpy; a repeated index adds."""
        index = _own(index)
        y = _moved("index", self, lambda x: x[index], "")
        repeats = not _is_basic(index)

        def backward(grad, self=self):
            share = np.zeros(self.shape)
            if repeats:
                np.add.at(share, index, grad)
            else:
                share[index] = grad
            self._accumulate(share)

        return _node(y, "index", (self,), backward)

    # What stands in a Tensor.

    def _set_data(self, data: Numbers) -> None:
        if self.parents:
            raise AttributeError(f"the data of {_name(self)} is what {self.op} gave: make a Tensor")
        self._data = _fitting("data", self, data)

    def _get_grad(self) -> Array:
        if self._grad is None:
            self._grad = np.zeros(self._data.shape)
        elif type(self._grad) is not np.ndarray:  # numpy makes plain numbers of 0-d arrays
            self._grad = np.array(self._grad)
        if self.parents:
            self._grad.flags.writeable = False  # it may be another node's, too
        return self._grad

    def _set_grad(self, grad: Numbers) -> None:
        is_zero = type(grad) is float and grad == 0.0  # as a Value's gradient is cleared
        self._grad = None if is_zero else np.array(_fitting("grad", self, grad))

    data = property(operator.attrgetter("_data"), _set_data)
    grad = property(_get_grad, _set_grad)
    shape = property(operator.attrgetter("_data.shape"))
    ndim = property(operator.attrgetter("_data.ndim"))
    size = property(operator.attrgetter("_data.size"))

    def __len__(self) -> int:
        if not self.ndim:
            raise TypeError(f"{_name(self)} has no axes, so it has no len()")
        return len(self._data)

    def __iter__(self) -> Iterator[Tensor]:
        return (self[i] for i in range(len(self)))

    def item(self) -> float:
        """The number of a Tensor that holds one. Raises ValueError for any other."""
        if self.size != 1:
            raise ValueError(f"item() needs one element, {_name(self)} has {self.size}")
        return float(self._data.item())

    def numpy(self) -> Array:
        """A copy of `data` that may be written into."""
        return self._data.copy()

    # Comparisons read the data and give arrays of booleans, which serve as masks. == and hash stay
    # identity: nodes are kept in sets.

    __hash__ = object.__hash__

    def __lt__(self, other: Operand) -> Array:
        return self._data < as_tensor(other)._data

    def __le__(self, other: Operand) -> Array:
        return self._data <= as_tensor(other)._data

    def __gt__(self, other: Operand) -> Array:
        return self._data > as_tensor(other)._data

    def __ge__(self, other: Operand) -> Array:
        return self._data >= as_tensor(other)._data

    def __float__(self) -> float:
        return self.item()

    def __bool__(self) -> bool:
        if self.size != 1:
            raise ValueError(f"a Tensor of {self.size} elements is neither true nor false")
        return bool(self.item())

    def __format__(self, spec: str) -> str:
        return format(self.item(), spec) if spec else repr(self)

    def __repr__(self) -> str:
        label = f", label={self.label!r}" if self.label else ""
        return f"Tensor({np.array2string(self._data, separator=', ', prefix='Tensor(')}{label})"

    def __array__(self, *_args: Any, **_settings: Any) -> Array:
        raise TypeError("an array of a Tensor would leave the graph: write .numpy() for its data")

    def __reduce__(self) -> tuple[Callable[..., Tensor], tuple[Any, ...]]:
        if self.parents:
            raise TypeError(f"{_name(self)} belongs to a graph and cannot be copied: copy its data")
        return _restore, (self._data, self._grad, self.label, self.op)


Numbers: TypeAlias = "float | Sequence[Any] | Array"
Operand: TypeAlias = "Tensor | Numbers"
Axis: TypeAlias = "int | Sequence[int] | None"


def unbroadcast(grad: Array, shape: tuple[int, ...]) -> Array:
    """The gradient of what had `shape` before it was broadcast to the shape of `grad`.

    A number that was repeated receives a share from each of its copies, so it is the sum over the
    axes that broadcasting put in front, and over those that it stretched from length 1.

    >>> unbroadcast(np.ones((2, 3)), (3,)), unbroadcast(np.ones((2, 3)), (2, 1))
    (array([2., 2., 2.]), array([[3.],
           [3.]]))
    """
    if grad.shape == shape:
        return grad
    new = grad.ndim - len(shape)
    stretched = (new + axis for axis, length in enumerate(shape) if length == 1)
    return grad.sum((*range(new), *stretched)).reshape(shape)


def maximum(a: Operand, b: Operand) -> Tensor:
    """The larger of two, number by number; at a tie each receives half of the gradient."""
    return _extreme("maximum", np.maximum, np.greater, as_tensor(a), as_tensor(b))


def minimum(a: Operand, b: Operand) -> Tensor:
    """The smaller of two, number by number; at a tie each receives half of the gradient."""
    return _extreme("minimum", np.minimum, np.less, as_tensor(a), as_tensor(b))


def linear(x: Operand, weight: Operand, bias: Operand) -> Tensor:
    """`x @ weight.T + bias` as one operation, as `dot` is one of Values: a layer's weighted sums.

    Shapes (..., n_in), (n_out, n_in) and (n_out,); the result has (..., n_out).
    """
    x, weight, bias = as_tensor(x), as_tensor(weight), as_tensor(bias)
    y = _weighted_sums(x, weight, bias)

    def backward(grad, x=x, weight=weight, bias=bias):
        rows = grad.reshape(-1, weight._data.shape[0])
        weight._accumulate(rows.T @ x._data.reshape(len(rows), -1))
        bias._accumulate(np.ones(len(rows)) @ rows)  # as rows.sum(0), and faster
        if x.op != "const":  # a BLAS takes twice as long as * for a matrix of one row
            one_row = len(weight._data) == 1
            x._accumulate(grad * weight._data[0] if one_row else grad @ weight._data)

    return _node(y, "linear", (x, weight, bias), backward)


def where(condition: Array, a: Operand, b: Operand) -> Tensor:
    """`a` where `condition`, an array of booleans, is true, else `b`; all three broadcast."""
    a, b, mask = as_tensor(a), as_tensor(b), np.array(condition, dtype=bool)

    def backward(grad, a=a, b=b):
        a._accumulate(np.where(mask, grad, 0.0))
        b._accumulate(np.where(mask, 0.0, grad))

    y = _evaluate("where", lambda a, b: np.where(mask, a, b), a, b)
    return _node(y, "where", (a, b), backward)


def concatenate(tensors: Sequence[Operand], axis: int = 0) -> Tensor:
    """Joined along an axis that they have."""
    parts = tuple(as_tensor(tensor) for tensor in tensors)
    y = _evaluate("concatenate", lambda *arrays: np.concatenate(arrays, axis), *parts)
    ends = np.cumsum([part.shape[axis] for part in parts])[:-1]

    def backward(grad, parts=parts):
        for part, share in zip(parts, np.split(grad, ends, axis), strict=True):
            part._accumulate(share)

    return _node(y, "concatenate", parts, backward)


def stack(tensors: Sequence[Operand], axis: int = 0) -> Tensor:
    """Side by side along a new axis. All have the same shape."""
    parts = tuple(as_tensor(tensor) for tensor in tensors)
    y = _evaluate("stack", lambda *arrays: np.stack(arrays, axis), *parts)

    def backward(grad, parts=parts):
        for part, share in zip(parts, np.moveaxis(grad, axis, 0), strict=True):
            part._accumulate(share)

    return _node(y, "stack", parts, backward)


def as_tensor(operand: Operand) -> Tensor:
    """A Tensor as it is; numbers, of whatever real type, as a constant, which has no gradient."""
    if isinstance(operand, Tensor):
        return operand
    array = np.array(operand)  # a copy, so that nobody writes into it
    if array.dtype.kind not in "biuf":
        kind = type(operand).__name__
        raise TypeError(f"a Tensor meets real numbers and arrays of them, not {kind} {operand!r}")
    return _node(array.astype(np.float64, copy=False), "const", (), _end)


def _node(data: Array, op: str, parents: tuple[Tensor, ...], rule: Callable[..., None]) -> Tensor:
    # Skips __init__: the array is of our own making. A rule must not hold its own node, as in Value.
    if type(data) is not np.ndarray:  # numpy makes plain numbers of 0-d arrays
        data = np.array(data)
    data.setflags(write=False)
    node = object.__new__(Tensor)
    node._data = data
    node._grad = None
    node.label = ""
    node.op = op
    node.parents = parents
    node._backward = rule
    return node


def _end(grad: Array) -> None:
    """A leaf's rule: the gradient has arrived."""


def _unary(
    op: str, x: Tensor, y: Array, slope: Callable[[], Array], *settings: Tensor
) -> Tensor:
    def backward(grad, x=x):
        x._accumulate(grad * slope())

    return _node(y, op, (x, *settings), backward)


def _extreme(
    op: str, choose: Callable[..., Array], wins: Callable[..., Array], a: Tensor, b: Tensor
) -> Tensor:
    y = _evaluate(op, choose, a, b)
    tie = a._data == b._data
    to_a = np.where(tie, 0.5, wins(a._data, b._data))

    def backward(grad, a=a, b=b):
        a._accumulate(grad * to_a)
        b._accumulate(grad * (1 - to_a))

    return _node(y, op, (a, b), backward)


def _extreme_of(
    op: str, choose: Callable[..., Array], x: Tensor, axis: Axis, keepdims: bool
) -> Tensor:
    axes, kept = _reduced(op, x, axis, may_be_empty=False)
    y = choose(x._data, axis=axes, keepdims=keepdims)

    def backward(grad, x=x):
        best = x._data == y.reshape(kept)
        x._accumulate(grad.reshape(kept) * best / best.sum(axes, keepdims=True))

    return _node(y, op, (x,), backward)


def _reduced(
    op: str, x: Tensor, axis: Axis, may_be_empty: bool = True
) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """`axis` as axes counted from the front; and the shape of `x` where these have length 1."""
    ndim = x._data.ndim
    given = range(ndim) if axis is None else axis if isinstance(axis, Sequence) else (axis,)
    if not all(-ndim <= a < ndim for a in given):
        raise ValueError(f"{op} of {_name(x)}: axis {axis} is none of its {ndim} axes")
    axes = tuple(operator.index(a) % ndim for a in given)
    if len(set(axes)) < len(axes):
        raise ValueError(f"{op} of {_name(x)}: axis {axis} names an axis twice")
    if not may_be_empty and any(x.shape[a] == 0 for a in axes):
        raise ValueError(f"{op} of {_name(x)}: there are no numbers along axis {axis}")
    return axes, tuple(1 if a in axes else length for a, length in enumerate(x.shape))


def _sigmoid(x: Array) -> Array:
    # exp is taken of no positive number, so it cannot overflow
    return np.exp(np.minimum(x, 0.0)) / (1 + np.exp(-abs(x)))


def _erf(x: Array) -> Array:
    return np.reshape([math.erf(number) for number in x.ravel().tolist()], x.shape)


def _logsumexp(x: Array, axes: tuple[int, ...]) -> Array:
    largest = x.max(axes, keepdims=True)
    largest = np.where(np.isfinite(largest), largest, 0.0)  # inf - inf would be nan
    return np.log(np.exp(x - largest).sum(axes, keepdims=True)) + largest


def _softmax(x: Array, axes: tuple[int, ...]) -> Array:
    e = np.exp(x - x.max(axes, keepdims=True))
    return e / e.sum(axes, keepdims=True)


def _log_softmax(x: Array, axes: tuple[int, ...]) -> Array:
    shifted = x - x.max(axes, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(axes, keepdims=True))


# What has no answer is refused by the operation's name, the shapes, the labels and the place.

_NEEDS = {
    "/": "a divisor other than 0",
    "**": "a whole exponent if the base is negative, a positive one if it is 0, no overflow",
    "exp": "a number below 709.78, for beyond it the result is larger than any float",
    "log": "a number above 0",
    "sqrt": "a number of at least 0",
}


@np.errstate(divide="raise", invalid="raise", over="raise", under="ignore")
def _strictly(function: Callable[..., Array], *arrays: Array) -> Array:
    return function(*arrays)


@np.errstate(all="ignore")
def _quietly(function: Callable[..., Array], *arrays: Array) -> Array:
    return function(*arrays)


def _evaluate(op: str, function: Callable[..., Array], *operands: Tensor) -> Array:
    try:
        return _strictly(function, *[operand._data for operand in operands])
    except FloatingPointError:
        return _excused(op, function, operands)
    except ValueError as error:
        reason = error if op in ("concatenate", "stack") else "the shapes do not broadcast"
        raise ValueError(f"{op} of {_names(operands)}: {reason}") from None


def _excused(op: str, function: Callable[..., Array], operands: Sequence[Tensor]) -> Array:
    """The result, if what is not finite in it comes from operands, or from + and * overflowing."""
    y = np.asarray(_quietly(function, *[operand._data for operand in operands]))
    wrong = ~np.isfinite(y) if op in _NEEDS else np.isnan(y)
    for operand in operands:
        finite = np.isfinite(operand._data)
        is_elementwise = op in _NEEDS or op in ("+", "-", "*")
        wrong = wrong & (finite if is_elementwise else finite.all())
    if not wrong.any():
        return y
    place = tuple(np.argwhere(wrong)[0].tolist())
    where = f" at {list(place)}" if place else ""
    if op not in _NEEDS:
        raise ArithmeticError(f"{op} of {_names(operands)} gives nan{where} out of finite numbers")
    at = [float(np.broadcast_to(operand._data, y.shape)[place]) for operand in operands]
    shown = " and ".join(f"{_name(o)} = {x!r}" for o, x in zip(operands, at, strict=True))
    raise ArithmeticError(
        f"{op} has no finite real result{where}: {shown}; {op} needs {_NEEDS[op]}"
    )


def _product(a: Tensor, b: Tensor) -> Array:
    if not a.ndim or not b.ndim:
        raise ValueError(f"matmul of {_names((a, b))}: a single number has no rows: write *")
    columns, rows = a.shape[-1], b.shape[-min(b.ndim, 2)]
    if columns != rows:
        raise ValueError(f"matmul of {_names((a, b))}: {columns} columns meet {rows} rows")
    product = _evaluate("matmul", operator.matmul, a, b)
    # Threads of a BLAS have flags of their own, so nan is looked for.
    return _excused("matmul", operator.matmul, (a, b)) if _has_nan(product) else product


def _weighted_sums(x: Tensor, weight: Tensor, bias: Tensor) -> Array:
    n_out = weight._data.shape[0] if weight.ndim == 2 else -1
    if x._data.shape[-1:] != weight._data.shape[1:] or bias._data.shape != (n_out,):
        raise ValueError(
            f"linear of {_names((x, weight, bias))}: needs (..., n_in), (n_out, n_in) and (n_out,)"
        )
    return _evaluate("linear", _x_w_b, x, weight, bias)


def _x_w_b(x: Array, weight: Array, bias: Array) -> Array:
    y = x @ weight.T
    y += bias
    return y


def _has_nan(x: Array) -> bool:
    return bool(x.size) and math.isnan(x.min())


def _moved(op: str, x: Tensor, move: Callable[[Array], Array], how: str) -> Array:
    try:
        return move(x._data)
    except (ValueError, TypeError, IndexError) as error:
        kind = IndexError if op == "index" else ValueError  # which ends a loop over rows
        raise kind(f"{op} of {_name(x)} {how}: {error}".replace(" :", ":")) from None


def _own(index: Any) -> Any:
    """The index with copies of the arrays in it, into which nobody can write."""
    if isinstance(index, tuple):
        return tuple(map(_own, index))
    if isinstance(index, list) and not index:
        return np.array(index, dtype=np.intp)
    return np.array(index) if isinstance(index, (list, np.ndarray)) else index


def _is_basic(index: Any) -> bool:
    """Whether no element can be meant twice: by ints, slices and masks, but not by int arrays."""
    parts = index if isinstance(index, tuple) else (index,)
    basic = (int, np.integer, slice, EllipsisType, type(None))
    return all(isinstance(p, basic) or getattr(p, "dtype", None) == bool for p in parts)


def _floats(data: Numbers, label: str) -> Array:
    """A copy of `data` that cannot be written into. Raises for all that is not float64."""
    if isinstance(data, Tensor):
        raise TypeError("a Tensor holds numbers, not a Tensor: use it as it is")
    whose = f" {label!r}" if label else ""
    try:
        array = np.array(data, order="C")
    except ValueError as error:
        raise ValueError(f"the Tensor{whose} needs lists of equal lengths: {error}") from None
    if array.dtype != np.float64:
        kind = array.dtype.kind
        mend = dict.fromkeys("biu", "write 1.0 for 1, or .astype(float)") | {
            "f": "write .astype(np.float64)"
        }
        instead = mend.get(kind, "give it real numbers")
        found = f"{array.dtype} of shape {array.shape}"
        raise TypeError(f"the Tensor{whose} holds float64, not {found}: {instead}")
    array.setflags(write=False)
    return array


def _fitting(what: str, x: Tensor, data: Numbers) -> Array:
    array = _floats(data, x.label)
    if array.shape != x._data.shape:
        raise ValueError(f"the {what} of {_name(x)} cannot have the shape {array.shape}")
    return array


def _seed(root: Tensor, seed: Numbers | None) -> Array:
    if seed is not None:
        return _fitting("seed", root, seed)
    if root.size != 1:
        raise ValueError(
            f"backward() of {_name(root)}: a gradient starts at one number: call it on a sum or a "
            "mean, or give it a seed of the same shape"
        )
    return np.ones(root._data.shape)


def no_slope(node: Tensor, before: Sequence[Array | None]) -> None:
    """Go back to the gradients `before`, and pass nan on if it came in; else say what is wrong."""
    parents = dict(zip(node.parents, before, strict=True))
    for parent in parents:
        parent._grad = None
    _quietly(node._backward, node._grad)
    came_in = [node._grad, *(parent._data for parent in parents)]
    for parent, held in parents.items():
        share = parent.grad
        wrong = ~np.isfinite(share)
        if wrong.any() and all(np.isfinite(array).all() for array in came_in):
            place = tuple(np.argwhere(wrong)[0].tolist())
            where = f" at {list(place)}" if place else ""
            hint = "; as an exponent, a plain number needs no slope" if node.op == "**" else ""
            raise ArithmeticError(
                f"backward: the slope of {node.op} for {_name(parent)} = "
                f"{float(parent._data[place])!r}{where} is infinite or undefined{hint}"
            ) from None
        parent._grad = share if held is None else held + share


def _restore(data: Array, grad: Array | None, label: str, op: str) -> Tensor:
    tensor = Tensor(data, label)
    tensor._grad, tensor.op = grad, op
    return tensor


def _name(x: Tensor) -> str:
    name = x.label or ("" if x.op == "const" else x.op)
    return f"{name} {x.shape}".strip()


def _names(operands: Sequence[Tensor]) -> str:
    return " and ".join(map(_name, operands))


def _plain(arguments: tuple[Any, ...]) -> Any:
    """What was given: one tuple, or its numbers one by one."""
    return arguments[0] if len(arguments) == 1 else arguments
