"""Tensor autograd: like `value.py`, in the same order, with arrays in place of numbers.

Five things are the same: nodes that store their parents; operations that build the graph; one
topological order, followed in reverse; one local rule an operation; the rule as a closure. Five are
new: `data` and `grad` are arrays of one shape; the rules are written for whole arrays; broadcasting
is reversed, by `unbroadcast`; constants are sent no gradient; some operations only move numbers.

Every call of numpy goes through the name `np`.
"""

from __future__ import annotations

import math
import operator
import sys
from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeAlias

import numpy as np

from minigrad import operands
from minigrad.operands import evaluate, named
from minigrad.value import topological_order, warn_if_cut_off

Array: TypeAlias = Any
"""A numpy array of float64."""

# glibc gives free memory back to the system once it is more than twice the largest block freed so
# far, and the next step waits for every page again. So one of nearly 32 MB is made and freed here,
# and never written to: 2-64-64-1 on 1,000 points took 3.4 ms a step without it, and takes 1.7 ms.
np.empty(2**22 - 2**10)


class Tensor:
    """An array of real numbers in a computation graph, always in float64.

    `data` is the array, `grad` an array of the same shape: the derivative of the root of the latest
    `backward()` with respect to each number. `op` names the operation that made it ("" for a leaf,
    "const" for a number or an array that met a Tensor), `parents` are its operands in order,
    `label` is free text for messages and drawings.

    A Tensor holds a copy of what it is given, and `data` cannot be written into, only replaced as a
    whole in a leaf, after `backward()`, whose rules read it. Integers, booleans and float32
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
        self._data = operands.floats(data, label)
        self._grad: Array | None = None  # zeros, made when they are first read
        self.label, self.op = label, ""
        self.parents: tuple[Tensor, ...] = ()
        self._backward: Callable[[Array], None] = _end

    def __add__(self, other: Operand) -> Tensor:
        other = as_tensor(other)

        def backward(grad, self=self, other=other):
            self._accumulate(grad)
            other._accumulate(grad)

        return _node(evaluate("+", operator.add, self, other), "+", (self, other), backward)

    def __mul__(self, other: Operand) -> Tensor:
        other = as_tensor(other)

        def backward(grad, self=self, other=other):
            self._accumulate(other.data * grad)
            other._accumulate(self.data * grad)

        return _node(evaluate("*", operator.mul, self, other), "*", (self, other), backward)

    def tanh(self) -> Tensor:
        """hyperbolic tangent, from -1 to 1"""
        y = np.tanh(self.data)

        def backward(grad, self=self, y=y):
            self._accumulate(grad * (-y * y + 1))  # in this order numpy needs one array alone

        return _node(y, "tanh", (self,), backward)

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
        seed = operands.seed_of(self, seed)
        for node in order:
            node._grad = None
        self._accumulate(seed)
        with np.errstate(divide="raise", invalid="raise", over="ignore", under="ignore"):
            for node in reversed(order):
                before = [parent._grad for parent in node.parents]
                try:
                    node._backward(node._grad)
                except ArithmeticError:
                    operands.no_slope(node, before)

    def _accumulate(self, share: Array) -> None:
        """Add a share to `grad`. Never in place: an array may be the share of several nodes."""
        if self.op == "const":
            return
        share = unbroadcast(share, self._data.shape)
        if self._grad is not None:
            self._grad = self._grad + share
        else:  # a leaf keeps its gradient, so it must be its own
            self._grad = share if self.parents else np.array(share, order="C")

    # The other operations of two operands.

    def __sub__(self, other: Operand) -> Tensor:
        other = as_tensor(other)

        def backward(grad, self=self, other=other):
            self._accumulate(grad)
            other._accumulate(-grad)

        return _node(evaluate("-", operator.sub, self, other), "-", (self, other), backward)

    def __truediv__(self, other: Operand) -> Tensor:
        other = as_tensor(other)
        quotient = evaluate("/", operator.truediv, self, other)

        def backward(grad, self=self, other=other):
            self._accumulate(grad / other.data)
            other._accumulate(-grad * (quotient / other.data))

        return _node(quotient, "/", (self, other), backward)

    def __pow__(self, other: Operand) -> Tensor:
        other = as_tensor(other)
        power = evaluate("**", np.power, self, other)

        def backward(grad, self=self, other=other):
            base, exponent = self.data, other.data
            # x ** 0 is 1 everywhere, so its slope is 0 even at 0, where 1 / x would be infinite
            slope = exponent * np.power(base, np.where(exponent == 0, 0.0, exponent - 1))
            self._accumulate(grad * slope)
            if other.op != "const":
                flat = (base == 0) & (exponent >= 0)
                other._accumulate(grad * (power * np.log(np.where(flat, 1.0, base))))

        return _node(power, "**", (self, other), backward)

    def __matmul__(self, other: Operand) -> Tensor:
        """The product of matrices; of vectors; of stacks of matrices, which broadcast."""
        other = as_tensor(other)

        def backward(grad, self=self, other=other):
            a, b = self.data, other.data
            if b.ndim == 1:  # a column
                b, grad = b[:, None], grad[..., None]
            if a.ndim == 1:  # a row
                a, grad = a[None, :], grad[..., None, :]
            if self.op != "const":
                self._accumulate(grad @ b.swapaxes(-1, -2))
            if other.op != "const":
                share = a.swapaxes(-1, -2) @ grad
                other._accumulate(share[..., 0] if other.ndim == 1 else share)

        return _node(operands.product(self, other), "@", (self, other), backward)

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

    # The functions of each number x, as on a formula sheet: the result y, and the slope dy/dx.

    def __neg__(self) -> Tensor:
        return _function("neg", self, operator.neg, lambda _x, _: -1.0)

    def __abs__(self) -> Tensor:
        return _function("abs", self, abs, lambda x, _: np.sign(x))

    def exp(self) -> Tensor:
        """e to the power x"""
        return _function("exp", self, np.exp, lambda _, y: y)

    def log(self) -> Tensor:
        """natural logarithm"""
        return _function("log", self, np.log, lambda x, _: 1 / x)

    def sqrt(self) -> Tensor:
        """square root"""
        return _function("sqrt", self, np.sqrt, lambda _, y: 1 / (2 * y))

    def sin(self) -> Tensor:
        """sine of x radians"""
        return _function("sin", self, np.sin, lambda x, _: np.cos(x))

    def cos(self) -> Tensor:
        """cosine of x radians"""
        return _function("cos", self, np.cos, lambda x, _: -np.sin(x))

    def sigmoid(self) -> Tensor:
        """1 / (1 + exp(-x)), from 0 to 1"""
        return _function("sigmoid", self, _sigmoid, lambda _, y: y * (1 - y))

    def softplus(self) -> Tensor:
        """log(1 + exp(x)), a smooth relu; exact also where exp(x) would overflow or vanish"""
        return _function("softplus", self, _softplus, lambda x, _: _sigmoid(x))

    def silu(self) -> Tensor:
        """x * sigmoid(x), also called swish (Elfwing et al. 2017, arXiv:1702.03118)"""
        return _function("silu", self, lambda x: x * _sigmoid(x), lambda x, _: _silu_slope(x))

    def gelu(self) -> Tensor:
        """x * Phi(x), Phi the normal distribution's CDF (Hendrycks, Gimpel 2016, 1606.08415)"""
        return _function("gelu", self, lambda x: x * _normal_cdf(x), lambda x, _: _gelu_slope(x))

    def relu(self) -> Tensor:
        """max(0, x)"""
        return _function("relu", self, lambda x: np.maximum(x, 0.0), lambda x, _: x > 0)

    def leaky_relu(self, slope: float = 0.01) -> Tensor:
        """x above 0, slope * x below"""
        y = lambda x, k: np.where(x > 0, x, k * x)  # noqa: E731
        return _function("leaky_relu", self, y, lambda x, _, k: np.where(x > 0, 1.0, k), slope)

    def elu(self, alpha: float = 1.0) -> Tensor:
        """x above 0, alpha * (exp(x) - 1) below (Clevert et al. 2015, arXiv:1511.07289)"""
        return _function("elu", self, _elu, _elu_slope, alpha)

    # Functions that make one number of many. `axis` is None (all), an int or several, negative ones
    # counted from the end; with `keepdims` the axes that are summed over stay, with length 1.

    def sum(self, axis: Axis = None, keepdims: bool = False) -> Tensor:
        axes, unsqueezed = operands.reduced("sum", self, axis)
        y = evaluate("sum", lambda x: x.sum(axes, keepdims=keepdims), self)
        return _rule("sum", self, y, lambda grad: np.full(self.shape, grad.reshape(unsqueezed)))

    def mean(self, axis: Axis = None, keepdims: bool = False) -> Tensor:
        axes, unsqueezed = operands.reduced("mean", self, axis, may_be_empty=False)
        n = math.prod(self.shape[a] for a in axes)
        y = evaluate("mean", lambda x: x.sum(axes, keepdims=keepdims) / n, self)
        share = lambda grad: np.full(self.shape, grad.reshape(unsqueezed) / n)  # noqa: E731
        return _rule("mean", self, y, share)

    def max(self, axis: Axis = None, keepdims: bool = False) -> Tensor:
        """The largest; equal largest ones share the gradient equally."""
        return _extreme_of("max", np.max, self, axis, keepdims)

    def min(self, axis: Axis = None, keepdims: bool = False) -> Tensor:
        """The smallest; equal smallest ones share the gradient equally."""
        return _extreme_of("min", np.min, self, axis, keepdims)

    def logsumexp(self, axis: Axis = None, keepdims: bool = False) -> Tensor:
        """log of the sum of exp(x); the largest is taken off first, so exp cannot overflow"""
        axes, unsqueezed = operands.reduced("logsumexp", self, axis, may_be_empty=False)
        y = evaluate("logsumexp", lambda x: _logsumexp(x, axes), self)
        result = y if keepdims else np.squeeze(y, axes)
        slope = lambda grad: grad.reshape(unsqueezed) * np.exp(self.data - y)  # noqa: E731
        return _rule("logsumexp", self, result, slope)

    def softmax(self, axis: Axis = -1) -> Tensor:
        """exp(x) over the sum of exp(x): positive shares of 1 along `axis`"""
        axes, _ = operands.reduced("softmax", self, axis, may_be_empty=False)
        y = evaluate("softmax", lambda x: _softmax(x, axes), self)
        return _rule("softmax", self, y, lambda grad: y * (grad - _sum(grad * y, axes)))

    def log_softmax(self, axis: Axis = -1) -> Tensor:
        """log of softmax, exact also where softmax vanishes"""
        axes, _ = operands.reduced("log_softmax", self, axis, may_be_empty=False)
        y = evaluate("log_softmax", lambda x: _log_softmax(x, axes), self)
        return _rule("log_softmax", self, y, lambda grad: grad - np.exp(y) * _sum(grad, axes))

    # Functions that only move numbers: the gradient moves back.

    def reshape(self, *shape: int | Sequence[int]) -> Tensor:
        """The same numbers row by row in another shape; one length may be -1, for what is left."""
        y = operands.moved("reshape", self, lambda x: x.reshape(*shape), shape)
        return _rule("reshape", self, y, lambda grad: grad.reshape(self.shape))

    def transpose(self, *axes: int | Sequence[int]) -> Tensor:
        """The axes in another order, as numpy's: all in reverse, or as `axes` numbers them."""
        y = operands.moved("transpose", self, lambda x: x.transpose(*axes), axes)
        back = np.argsort(np.ravel(axes) % self.ndim) if axes else None
        return _rule("transpose", self, y, lambda grad: grad.transpose(back))

    @property
    def T(self) -> Tensor:  # noqa: N802 - numpy's name
        """All axes in reverse order."""
        return self.transpose()

    def broadcast_to(self, *shape: int | Sequence[int]) -> Tensor:
        """The numbers repeated along new axes in front, and along axes of length 1."""
        y = operands.moved("broadcast_to", self, lambda x: operands.repeated(x, *shape), shape)
        return _rule("broadcast_to", self, y, lambda grad: grad)

    def __getitem__(self, index: Any) -> Tensor:
        """By ints, slices, `...`, None, integer arrays (a repeated index adds) and masks."""
        index, may_repeat = operands.own_index(index)
        y = operands.moved("index", self, lambda x: x[index])

        def backward(grad, self=self):
            share = np.zeros(self.shape)
            if may_repeat:
                np.add.at(share, index, grad)
            else:
                share[index] = grad
            self._accumulate(share)

        return _node(y, "index", (self,), backward)

    # The contents of a Tensor.

    def _set_data(self, data: Numbers) -> None:
        if self.parents:
            raise AttributeError(f"the data of {named(self)} is what {self.op} gave: make a Tensor")
        self._data = operands.fitting("data", self, data)

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
        self._grad = None if is_zero else np.array(operands.fitting("grad", self, grad))

    data = property(operator.attrgetter("_data"), _set_data)
    grad = property(_get_grad, _set_grad)
    shape = property(operator.attrgetter("_data.shape"))
    ndim = property(operator.attrgetter("_data.ndim"))
    size = property(operator.attrgetter("_data.size"))

    def __len__(self) -> int:
        return len(self._data)

    def __iter__(self) -> Iterator[Tensor]:
        return (self[i] for i in range(len(self)))

    def item(self) -> float:
        """The number of a Tensor that holds one. Raises ValueError for any other."""
        if self.size != 1:
            raise ValueError(f"item() needs one element, {named(self)} has {self.size}")
        return float(self._data.item())

    def numpy(self) -> Array:
        """A copy of `data` that may be written into."""
        return self._data.copy()

    # Comparisons read the data and give arrays of booleans, which serve as masks. == and hash stay
    # identity: nodes are kept in sets.

    def __lt__(self, other: Operand) -> Array:
        return evaluate("<", operator.lt, self, as_tensor(other))

    def __le__(self, other: Operand) -> Array:
        return evaluate("<=", operator.le, self, as_tensor(other))

    def __gt__(self, other: Operand) -> Array:
        return evaluate(">", operator.gt, self, as_tensor(other))

    def __ge__(self, other: Operand) -> Array:
        return evaluate(">=", operator.ge, self, as_tensor(other))

    def __float__(self) -> float:
        warn_if_cut_off(sys._getframe(1))  # math.exp(x) asks for it
        return self.item()

    def __bool__(self) -> bool:
        return bool(self.item())

    def __format__(self, spec: str) -> str:
        return format(self.item(), spec) if spec else repr(self)

    def __repr__(self) -> str:
        label = f", label={self.label!r}" if self.label else ""
        return f"Tensor({np.array2string(self._data, separator=', ', prefix='Tensor(')}{label})"

    # what a notebook shows
    from minigrad.terminal.markup import html_tensor as _repr_html_  # type: ignore[misc]

    def __array__(self, *_args: Any, **_settings: Any) -> Array:
        raise TypeError("an array of a Tensor would leave the graph: write .numpy() for its data")

    def __reduce__(self) -> tuple[Any, ...]:
        if self.parents:
            raise TypeError(f"{named(self)} belongs to a graph and cannot be copied: copy its data")
        return Tensor, (self._data, self.label), (None, {"_grad": self._grad, "op": self.op})


Numbers: TypeAlias = "float | Sequence[Any] | Array"
Operand: TypeAlias = "Tensor | Numbers"
Axis: TypeAlias = "int | Sequence[int] | None"
_Rule: TypeAlias = Callable[..., Array]


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

    def backward(grad, x=x, weight=weight, bias=bias):
        rows = grad.reshape(-1, weight._data.shape[0])
        weight._accumulate(rows.T @ x._data.reshape(len(rows), -1))
        bias._accumulate(np.ones(len(rows)) @ rows)  # as rows.sum(0), and faster
        if x.op != "const":  # a BLAS takes twice as long as * for a matrix of one row
            one_row = len(weight._data) < 2
            x._accumulate(grad * weight._data[0] if one_row else grad @ weight._data)

    return _node(operands.weighted_sums(x, weight, bias), "linear", (x, weight, bias), backward)


def where(condition: Array, a: Operand, b: Operand) -> Tensor:
    """`a` where `condition`, an array of booleans, is true, else `b`; all three broadcast."""
    a, b, mask = as_tensor(a), as_tensor(b), operands.mask(condition)

    y = evaluate("where", lambda a, b: np.where(mask, a, b), a, b)
    shares = lambda grad: (np.where(mask, grad, 0.0), np.where(mask, 0.0, grad))  # noqa: E731
    return _rules("where", (a, b), y, shares)


def concatenate(tensors: Sequence[Operand], axis: int = 0) -> Tensor:
    """Joined along an axis that they have."""
    parts = tuple(map(as_tensor, tensors))
    y = evaluate("concatenate", lambda *arrays: np.concatenate(arrays, axis), *parts)
    ends = np.cumsum([part.shape[axis] for part in parts])[:-1]
    return _rules("concatenate", parts, y, lambda grad: np.split(grad, ends, axis))


def stack(tensors: Sequence[Operand], axis: int = 0) -> Tensor:
    """Side by side along a new axis. All have the same shape."""
    parts = tuple(map(as_tensor, tensors))
    y = evaluate("stack", lambda *arrays: np.stack(arrays, axis), *parts)
    return _rules("stack", parts, y, lambda grad: np.moveaxis(grad, axis, 0))


def as_tensor(operand: Operand) -> Tensor:
    """A Tensor as it is; numbers, of whatever real type, as a constant, which has no gradient."""
    if isinstance(operand, Tensor):
        return operand
    return _node(operands.constant(operand), "const", (), _end)


def _node(data: Array, op: str, parents: tuple[Tensor, ...], rule: Callable[..., None]) -> Tensor:
    # Skips __init__: the array is new. A rule must not hold its own node, as in Value.
    if type(data) is not np.ndarray:  # numpy makes plain numbers of 0-d arrays
        data = np.array(data)
    data.setflags(write=False)
    node = object.__new__(Tensor)
    node._data, node._grad, node.label = data, None, ""
    node.op, node.parents, node._backward = op, parents, rule
    return node


def _end(grad: Array) -> None:
    """A leaf's rule: the gradient has arrived."""


def _function(op: str, x: Tensor, formula: _Rule, slope: _Rule, *settings: float) -> Tensor:
    """The node y = formula(x), whose slope at x is slope(x, y)."""
    constants = tuple(as_tensor(operands.setting(op, setting)) for setting in settings)
    y = evaluate(op, formula, x, *constants)

    def backward(grad, x=x, numbers=x.data, y=y, slope=slope):
        x._accumulate(grad * slope(numbers, y, *settings))

    return _node(y, op, (x, *constants), backward)


def _rule(op: str, x: Tensor, y: Array, share: _Rule) -> Tensor:
    """The node y of one operand, which receives share(grad)."""

    def backward(grad, x=x, share=share):
        x._accumulate(share(grad))

    return _node(y, op, (x,), backward)


def _rules(op: str, parents: tuple[Tensor, ...], y: Array, shares: _Rule) -> Tensor:
    """The node y of several operands, which receive shares(grad), one each."""

    def backward(grad, parents=parents, shares=shares):
        for parent, share in zip(parents, shares(grad), strict=True):
            parent._accumulate(share)

    return _node(y, op, parents, backward)


def _extreme(op: str, choose: _Rule, wins: _Rule, a: Tensor, b: Tensor) -> Tensor:
    y = evaluate(op, choose, a, b)
    to_a = np.where(a.data == b.data, 0.5, wins(a.data, b.data))
    return _rules(op, (a, b), y, lambda grad: (grad * to_a, grad * (1 - to_a)))


def _extreme_of(op: str, choose: _Rule, x: Tensor, axis: Axis, keepdims: bool) -> Tensor:
    axes, unsqueezed = operands.reduced(op, x, axis, may_be_empty=False)
    y = choose(x.data, axis=axes, keepdims=keepdims)

    def share(grad):
        best = x.data == y.reshape(unsqueezed)
        return grad.reshape(unsqueezed) * best / best.sum(axes, keepdims=True)

    return _rule(op, x, y, share)


def _sigmoid(x: Array) -> Array:
    # exp is taken of no positive number, so it cannot overflow
    return np.exp(np.minimum(x, 0.0)) / (1 + np.exp(-abs(x)))


def _elu(x: Array, alpha: Array) -> Array:
    return np.where(x > 0, x, alpha * np.expm1(np.minimum(x, 0.0)))


def _elu_slope(x: Array, _: Array, alpha: float) -> Array:
    return np.where(x > 0, 1.0, alpha * np.exp(np.minimum(x, 0.0)))


def _softplus(x: Array) -> Array:
    return np.maximum(x, 0.0) + np.log1p(np.exp(-abs(x)))


def _silu_slope(x: Array) -> Array:
    s = _sigmoid(x)
    return s * (1 + x * (1 - s))


def _gelu_slope(x: Array) -> Array:
    return _normal_cdf(x) + x * np.exp(-0.5 * x * x) / math.sqrt(2 * math.pi)


def _normal_cdf(x: Array) -> Array:
    erf = [math.erf(number) for number in (x * math.sqrt(0.5)).ravel().tolist()]  # numpy has none
    return 0.5 * (1 + np.reshape(erf, x.shape))


def _sum(x: Array, axes: tuple[int, ...]) -> Array:
    return x.sum(axes, keepdims=True)


def _logsumexp(x: Array, axes: tuple[int, ...]) -> Array:
    largest = x.max(axes, keepdims=True)
    largest = np.where(np.isfinite(largest), largest, 0.0)  # inf - inf would be nan
    return np.log(_sum(np.exp(x - largest), axes)) + largest


def _softmax(x: Array, axes: tuple[int, ...]) -> Array:
    e = np.exp(x - x.max(axes, keepdims=True))
    return e / _sum(e, axes)


def _log_softmax(x: Array, axes: tuple[int, ...]) -> Array:
    shifted = x - x.max(axes, keepdims=True)
    return shifted - np.log(_sum(np.exp(shifted), axes))
