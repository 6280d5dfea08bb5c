"""Scalar autograd: one float, the operation that made it, and the rule that sends gradients back.

Every operation does three things: it computes a number, it writes down the local rule as a closure,
and it returns a node that remembers its parents. `Value.backward()` calls these closures from the
result back to the leaves. That is all of backpropagation.
"""

from __future__ import annotations

import math
import operator
import sys
import warnings
from collections.abc import Callable, Iterable, Sequence
from contextvars import ContextVar
from functools import lru_cache
from numbers import Real
from types import CodeType, FrameType
from typing import Any, TypeAlias


class Value:
    """One real number in a computation graph.

    `data` is the number, `grad` the derivative of the root of the latest `backward()` with respect
    to it. `op` names the operation that made it ("" for a leaf, "const" for a plain number that met
    a Value), `parents` are its operands in order, `label` is free text for messages and drawings.

    Where mathematics has no answer, as in log(-1), and where exp or ** exceed the largest float,
    the operation raises ArithmeticError; operands that are nan or infinite already pass through,
    and + - * / overflow to infinity, as IEEE 754 says. Slopes at kinks and ties are PyTorch's.

    >>> a, b, c = Value(2.0), Value(-3.0), Value(10.0)
    >>> d = a * b + c.tanh()
    >>> d.backward()
    >>> a.grad, b.grad
    (-3.0, 2.0)
    """

    __slots__ = ("_backward", "data", "grad", "label", "op", "parents")

    def __init__(self, data: float, label: str = "") -> None:
        self.data = data if type(data) is float else _real(data)
        self.grad, self.label, self.op = 0.0, label, ""
        self.parents: tuple[Value, ...] = ()
        self._backward: Callable[[float], None] = _end

    # A rule adds to the gradients of its operands, since a number that is used twice receives a
    # share from each use. The operands are bound as defaults: a closure's cells would be two more
    # objects a node, and a step took 1.25 times as long (2-16-16-1 on 100 points).

    def __add__(self, other: Number) -> Value:
        if not isinstance(other, Value):
            return _with_constant(Value.__add__, self, other)

        def backward(grad, self=self, other=other):
            self.grad += grad
            other.grad += grad

        return _node(self.data + other.data, "+", (self, other), backward)

    def __mul__(self, other: Number) -> Value:
        if not isinstance(other, Value):
            return _with_constant(Value.__mul__, self, other)

        def backward(grad, self=self, other=other):
            self.grad += other.data * grad
            other.grad += self.data * grad

        return _node(self.data * other.data, "*", (self, other), backward)

    def tanh(self) -> Value:
        """hyperbolic tangent, from -1 to 1"""
        y = math.tanh(self.data)

        def backward(grad, self=self, y=y):
            self.grad += grad * (1 - y * y)

        return _node(y, "tanh", (self,), backward)

    def backward(self) -> None:
        """Fill in `grad` of every node below: the derivative of this node with respect to it.

        Leaves add to the gradient they hold already, so losses that share parameters accumulate;
        inner nodes hold the gradient of this call alone.

        Call it before anything below changes its `data`: rules read the numbers of the forward
        pass. Raises ArithmeticError where a slope is infinite or undefined, as that of sqrt at 0;
        the gradients are incomplete then.
        """
        order = topological_order(self)
        for node in order:
            node.grad = 0.0
        self.grad += 1.0  # added, since a root that is a leaf accumulates like any other
        for node in reversed(order):
            try:
                node._backward(node.grad)
            except (ValueError, ArithmeticError):
                no_slope(node)

    # The other operations of two numbers.

    def __sub__(self, other: Number) -> Value:
        if not isinstance(other, Value):
            return _with_constant(Value.__sub__, self, other)

        def backward(grad, self=self, other=other):
            self.grad += grad
            other.grad -= grad

        return _node(self.data - other.data, "-", (self, other), backward)

    def __truediv__(self, other: Number) -> Value:
        if not isinstance(other, Value):
            return _with_constant(Value.__truediv__, self, other)
        quotient = _evaluate("/", _divide, self, other)

        def backward(grad, self=self, other=other):
            self.grad += grad / other.data
            other.grad -= grad * (quotient / other.data)

        return _node(quotient, "/", (self, other), backward)

    def __pow__(self, other: Number) -> Value:
        if not isinstance(other, Value):
            return _with_constant(Value.__pow__, self, other)
        power = _evaluate("**", math.pow, self, other)

        def backward(grad, self=self, other=other):
            base, exponent = self.data, other.data
            if self.op != "const" and exponent != 0:
                self.grad += grad * (exponent * math.pow(base, exponent - 1))
            if other.op != "const" and not (base == 0 and exponent >= 0):
                other.grad += grad * (power * math.log(base))

        return _node(power, "**", (self, other), backward)

    # The functions of one number x, as on a formula sheet: the result y, and the slope dy/dx.

    @staticmethod
    def _function(op: str, formula: _Formula, slope: _Formula, *fixed: float) -> _Method:
        """The method that gives the node y = formula(x), whose slope at x is slope(x, y).

        `fixed` are the numbers that the formula has beside x: they become parents too.
        """

        def function(self: Value) -> Value:
            y = _evaluate(op, formula, self)

            def backward(grad, self=self, x=self.data, y=y, slope=slope):
                self.grad += grad * slope(x, y)

            return _node(y, op, (self, *map(_constant, fixed)) if fixed else (self,), backward)

        function.__name__, function.__qualname__ = op, f"Value.{op}"
        return function

    __neg__ = _function("neg", operator.neg, lambda x, y: -1.0)
    __abs__ = _function("abs", abs, lambda x, y: (x > 0) - (x < 0))
    exp = _function("exp", math.exp, lambda x, y: y)
    log = _function("log", math.log, lambda x, y: 1 / x)
    sqrt = _function("sqrt", math.sqrt, lambda x, y: 1 / (2 * y))
    sin = _function("sin", math.sin, lambda x, y: math.cos(x))
    cos = _function("cos", math.cos, lambda x, y: -math.sin(x))
    relu = _function("relu", lambda x: 0.0 if x <= 0 else x, lambda x, y: 0.0 if x <= 0 else 1.0)
    sigmoid = _function("sigmoid", lambda x: _sigmoid(x), lambda x, y: y * (1 - y))
    softplus = _function("softplus", lambda x: _softplus(x), lambda x, y: _sigmoid(x))
    silu = _function("silu", lambda x: x * _sigmoid(x), lambda x, y: _silu_slope(x))
    gelu = _function("gelu", lambda x: x * _normal_cdf(x), lambda x, y: _gelu_slope(x))

    def leaky_relu(self, slope: float = 0.01) -> Value:
        """x above 0, slope * x below"""
        k = _real(slope)
        return Value._function(
            "leaky_relu", lambda x: x if x > 0 else k * x, lambda x, y: 1.0 if x > 0 else k, k
        )(self)

    def elu(self, alpha: float = 1.0) -> Value:
        """x above 0, alpha * (exp(x) - 1) below (Clevert et al. 2015, arXiv:1511.07289)"""
        a = _real(alpha)
        return Value._function("elu", lambda x: _elu(x, a), lambda x, y: _elu_slope(x, a), a)(self)

    # What follows in the class is no part of the algorithm: plain numbers on the left, and a Value
    # that is read as a number. == and hash stay identity, since nodes are kept in sets.

    def __radd__(self, other: float) -> Value:
        return _constant(other) + self

    def __rsub__(self, other: float) -> Value:
        return _constant(other) - self

    def __rmul__(self, other: float) -> Value:
        return _constant(other) * self

    def __rtruediv__(self, other: float) -> Value:
        return _constant(other) / self

    def __rpow__(self, other: float) -> Value:
        return _constant(other) ** self

    def __eq__(self, other: object) -> bool:
        return self is other if isinstance(other, Value) else not _is_readable()

    __hash__ = object.__hash__

    def __bool__(self) -> bool:
        return _is_readable()

    def __lt__(self, other: Number) -> bool:
        return _compare(operator.lt, self, other)

    def __le__(self, other: Number) -> bool:
        return _compare(operator.le, self, other)

    def __gt__(self, other: Number) -> bool:
        return _compare(operator.gt, self, other)

    def __ge__(self, other: Number) -> bool:
        return _compare(operator.ge, self, other)

    def __float__(self) -> float:
        warn_if_cut_off(sys._getframe(1))
        return self.data

    def __format__(self, spec: str) -> str:
        return format(self.data, spec) if spec else repr(self)

    def __repr__(self) -> str:
        label = f", label={self.label!r}" if self.label else ""
        return f"Value({self.data!r}, grad={self.grad!r}{label})"


def _dot(weights: tuple[Value, ...], inputs: tuple[Value, ...], bias: Value) -> Value:
    total, rest = bias.data, iter(inputs)
    for weight in weights:  # zip would take as long as all the rest
        total += weight.data * next(rest).data

    # The chain's rules from end to start: + passes grad on, * multiplies it by the other factor.
    def backward(grad, weights=weights, inputs=inputs, bias=bias):
        rest = reversed(inputs)
        for weight in reversed(weights):
            x = next(rest)
            weight.grad += x.data * grad
            x.grad += weight.data * grad
        bias.grad += grad

    return _node(total, "dot", (*weights, *inputs, bias), backward)


def maximum(a: Number, b: Number) -> Value:
    """The larger of two numbers; at a tie each receives half of the gradient."""
    return _extreme("maximum", operator.gt, *operands((a, b)))


def minimum(a: Number, b: Number) -> Value:
    """The smaller of two numbers; at a tie each receives half of the gradient."""
    return _extreme("minimum", operator.lt, *operands((a, b)))


def _extreme(op: str, wins: Callable[[float, float], bool], a: Value, b: Value) -> Value:
    won, lost = wins(a.data, b.data), wins(b.data, a.data)  # neither: a tie, or one is nan
    tie = a.data == b.data

    def backward(grad, a=a, b=b):
        a.grad += 0.0 if lost else grad / 2 if tie else grad
        b.grad += 0.0 if won else grad / 2 if tie else grad

    return _node(a.data if won or tie or math.isnan(a.data) else b.data, op, (a, b), backward)


def topological_order(root: Value) -> list[Value]:
    """Every operation below `root`, operands first and `root` last; leaves are left out.

    Depth first with a stack of its own: recursion would end at a thousand operations.
    """
    order: list[Value] = []
    seen = {root}
    path: list[Any] = [(None, ())]  # from the root down: nodes, and which operands are left
    node, rest = root if root.parents else None, iter(root.parents)
    while node is not None:
        for parent in rest:
            if parent.parents and parent not in seen:
                seen.add(parent)
                path.append((node, rest))
                node, rest = parent, iter(parent.parents)
                break
        else:  # all its operands are in order
            order.append(node)
            node, rest = path.pop()
    return order


def _node(data: float, op: str, parents: tuple[Value, ...], rule: Callable[[float], None]) -> Value:
    # Skips __init__: the number is a float already. A rule must not hold its own node, for that
    # cycle would leave whole graphs to the garbage collector, at ten times the arithmetic's cost.
    node = _new(Value)
    node.data, node.grad, node.label = data, 0.0, ""
    node.op, node.parents, node._backward = op, parents, rule
    return node


def _sigmoid(x: float) -> float:
    e = math.exp(-abs(x))  # of no positive number, so it cannot overflow
    return 1 / (1 + e) if x >= 0 else e / (1 + e)


def _elu(x: float, alpha: float) -> float:
    return x if x > 0 else alpha * math.expm1(x)


def _elu_slope(x: float, alpha: float) -> float:
    return 1.0 if x > 0 else alpha * math.exp(x)


def _softplus(x: float) -> float:
    return (x if x > 0 else 0.0) + math.log1p(math.exp(-abs(x)))


def _silu_slope(x: float) -> float:
    return (s := _sigmoid(x)) * (1 + x * (1 - s))


def _gelu_slope(x: float) -> float:
    return _normal_cdf(x) + x * (math.exp(-0.5 * x * x) / math.sqrt(2 * math.pi))


def _normal_cdf(x: float) -> float:
    return 0.5 * (1 + math.erf(x * math.sqrt(0.5)))


# That is all of the algorithm. What follows: plain numbers that meet a Value become constants.

Number: TypeAlias = Value | float
_Formula: TypeAlias = Callable[..., float]
_Method: TypeAlias = Callable[[Value], Value]


def dot(weights: Sequence[Number], inputs: Sequence[Number], bias: Number = 0.0) -> Value:
    """bias + weights[0] * inputs[0] + weights[1] * inputs[1] + ..., a neuron's sum as one node

    Terms are added from left to right, and gradients from the last term to the first: both have
    the bits that the same chain of + and * has (gradients, where no operand is computed from
    another: a chain comes back to those at other moments). The parents are (*weights, *inputs,
    bias).

    >>> w, x, b = Value(2.0), Value(3.0), Value(1.0)
    >>> dot([w], [x], b)
    Value(7.0, grad=0.0)

    Raises ValueError for more weights than inputs, or fewer.
    """
    if len(weights) != len(inputs):
        raise ValueError(f"dot was given {len(weights)} weights and {len(inputs)} inputs")
    bias = bias if isinstance(bias, Value) else _constant(bias)
    try:  # to look at each number beforehand would take as long as the sum
        return _dot(tuple(weights), tuple(inputs), bias)  # type: ignore[arg-type]
    except (AttributeError, TypeError):
        pass  # there are plain numbers among them, which have no `data`
    return _dot(operands(weights), operands(inputs), bias)


def _with_constant(operation: Callable[[Value, Value], Value], x: Value, number: float) -> Value:
    return NotImplemented if _is_array(number) else operation(x, _constant(number))


def _is_array(thing: object) -> bool:
    """Whether it applies operations to its members itself, once they are left to it, as numpy's."""
    return type(thing) is not float and hasattr(thing, "__array_ufunc__") and not _is_real(thing)


def _is_real(thing: object) -> bool:
    return isinstance(thing, Real) and not isinstance(thing, bool)


def operands(numbers: Iterable[Number]) -> tuple[Value, ...]:
    """Values as they are, and plain numbers as constants."""
    return tuple([n if isinstance(n, Value) else _constant(n) for n in numbers])


def _constant(number: float) -> Value:
    return _node(number if type(number) is float else _real(number), "const", (), _end)


_new = object.__new__


def _end(grad: float) -> None:
    """A leaf's rule: the gradient has arrived."""


def _divide(a: float, b: float) -> float:
    return a / b if b or math.isfinite(a) else a * math.copysign(math.inf, b)


# The words of help(): what each function of the table computes.

_WORDS = {
    "exp": "e to the power x",
    "log": "natural logarithm",
    "sqrt": "square root",
    "sin": "sine of x radians",
    "cos": "cosine of x radians",
    "relu": "max(0, x)",
    "sigmoid": "1 / (1 + exp(-x)), from 0 to 1",
    "softplus": "log(1 + exp(x)), a smooth relu; exact also where exp(x) would overflow or vanish",
    "silu": "x * sigmoid(x), also called swish (Elfwing et al. 2017, arXiv:1702.03118)",
    "gelu": "x * Phi(x), Phi the normal distribution's CDF (Hendrycks, Gimpel 2016, 1606.08415)",
}
for _name, _words in _WORDS.items():
    getattr(Value, _name).__doc__ = _words


# What is refused, and in which words; and what lifting asks of this page.

tracing = ContextVar("tracing", default=False)
"""Whether a graph is being traced to serve for other numbers too, so that none may shape it."""

_NEEDS = {
    "/": "a divisor other than 0",
    "**": "a whole exponent if the base is negative, a positive one if it is 0, no overflow",
    "exp": "a number below 709.78, for beyond it the result is larger than any float",
    "log": "a number above 0",
    "sqrt": "a number of at least 0",
}


def _real(number: object) -> float:
    if _is_real(number):
        try:
            return float(number)  # type: ignore[arg-type]
        except OverflowError:
            raise OverflowError("a Value holds a float, and this number is too large") from None
    raise TypeError(
        f"a Value holds one real number, not {_shown(number)} ({_line(type(number).__name__)})"
    )


def _shown(thing: object) -> str:
    try:
        return _line(repr(thing))
    except Exception:  # as of a list with an integer of 5,000 digits
        return "..."


def _is_readable() -> bool:
    """True, but refuses to let a number shape a graph that is traced for others too."""
    if tracing.get():
        raise TypeError(
            "it compares a Value or takes its float or truth, so that its graph may depend on the "
            "data: use maximum, minimum or relu instead, for a class or an index its one-hot list"
        )
    return True


def _compare(holds: Callable[[float, float], bool], a: Value, b: Number) -> bool:
    left_to_it: bool = NotImplemented
    if _is_array(b):
        return left_to_it
    return _is_readable() and holds(a.data, b.data if isinstance(b, Value) else _real(b))


def _evaluate(op: str, function: _Formula, a: Value, b: Value | None = None) -> float:
    """function(a) or function(a, b); nan where it has no answer since an operand is not finite."""
    try:
        return function(a.data) if b is None else function(a.data, b.data)
    except (ValueError, ArithmeticError):
        operands = (a,) if b is None else (a, b)
        if not all(math.isfinite(operand.data) for operand in operands):
            return math.nan
        raise ArithmeticError(
            f"{_call(op, operands)} has no finite real result: {op} needs {_NEEDS[op]}"
        ) from None


def no_slope(node: Value) -> None:
    if all(math.isfinite(parent.data) for parent in node.parents):
        base, exponent = (*node.parents, node)[:2]
        needless = node.op == "**" and base.data < 0 and exponent.op != "const"
        hint = "; as an exponent, a plain number needs no slope" if needless else ""
        raise ArithmeticError(
            f"backward: the slope of {_call(node.op, node.parents)} is infinite or undefined{hint}"
        ) from None
    for parent in node.parents:
        parent.grad = math.nan


def _call(op: str, operands: tuple[Value, ...]) -> str:
    shown = [f"{_line(v.label)}={v.data!r}" if v.label else repr(v.data) for v in operands]
    if op.isalpha() or len(shown) == 1:
        return f"{op}({', '.join(shown)})"
    return f" {op} ".join(f"({s})" if s[0] == "-" or "=" in s else s for s in shown)


def _line(text: object) -> str:
    """A user's text on one line, with control characters spelled out and at most 60 letters."""
    line = "".join(c if c.isprintable() else repr(c)[1:-1] for c in str(text))
    return line if len(line) <= 60 else f"{line[:57]}..."


# math.exp(x) asks for float(x), and what it gives is no part of the graph. So float() looks at who
# asks: which function is called, and what becomes of its result. numpy.linalg.norm and
# statistics.fmean ask from frames of their own, and a helper hands the result to who called it.

_INSTEAD = {name: f"x.{name}()" for name in ("exp", "log", "sqrt", "sin", "cos", "tanh")} | {
    "pow": "x ** y",
    "fabs": "abs(x)",
    "tan": "x.sin() / x.cos()",
    "expm1": "x.exp() - 1",
    "log1p": "(1 + x).log()",
    "log2": "x.log() / math.log(2)",
    "log10": "x.log() / math.log(10)",
}
_STEPWISE = {"isfinite", "isinf", "isnan", "isclose", "floor", "ceil", "trunc", "copysign"}
_CONVERTING = {"array", "asarray", "full", "fromiter"}
_LIBRARIES = {"math", "cmath", "numpy", "statistics"}
_SHOWING = {"print", "format", "str", "repr", "round", "float", "int", "write", "append"}
_SHOWING |= {"debug", "info", "warning", "error"}
_warned: tuple[object, set[tuple[CodeType, int]]] = None, set()


def warn_if_cut_off(caller: FrameType) -> None:
    """Warn, once a place, of a function of math, numpy or the like inside an expression: no
    gradient gets past it.
    """
    global _warned
    _is_readable()
    depth, caller = _own_code(caller)
    place = caller.f_code, caller.f_lasti
    path, use = _call_at(*place)
    outer = caller
    while use == "returned" and outer.f_back:
        outer = outer.f_back
        use = _call_at(outer.f_code, outer.f_lasti)[1]
    library, name = _library_function(caller, path) if use == "in arithmetic" else ("", "")
    if not library:
        return
    if _warned[0] is not warnings.filters:  # other filters: who reads warnings now has seen none
        _warned = warnings.filters, set()
    if place not in _warned[1]:
        _warned[1].add(place)
        instead = _INSTEAD.get(name) if library == "math" else None
        warnings.warn(
            f"{library}.{name} takes x out of the graph as a plain number, so no gradient flows "
            f"through it: write {instead or 'it with the operations of Value'}, or give it "
            "float(x) where only the number is wanted",
            stacklevel=3 + depth,
        )


def _own_code(frame: FrameType) -> tuple[int, FrameType]:
    """The innermost frame that is none of a library's, and how many of these lie below it."""
    depth = 0
    while frame.f_back and _root(frame.f_globals.get("__name__")) in _LIBRARIES:
        depth, frame = depth + 1, frame.f_back
    return depth, frame


def _root(module: object) -> str:
    return str(module).partition(".")[0]


def _library_function(frame: FrameType, path: tuple[str, ...]) -> tuple[str, str]:
    """Module and name of a library's function that the frame calls by `path`; "" for any other.

    A type, as numpy.float64, is asked for by who wants the number, as float is.
    """
    function: Any = frame.f_locals.get(path[0], frame.f_globals.get(path[0])) if path else None
    for name in path[1:]:
        function = getattr(function, name, None)
    module, name = getattr(function, "__module__", None), getattr(function, "__name__", "")
    is_asked_for = isinstance(function, type) or name in _STEPWISE | _CONVERTING
    return ("", "") if is_asked_for or _root(module) not in _LIBRARIES else (str(module), name)


@lru_cache(256)
def _call_at(code: CodeType, last: int) -> tuple[tuple[str, ...], str]:
    """The function that the code calls there, as ("math", "exp"), and what becomes of its result.

    That is "in arithmetic" if arithmetic reads it and the outcome is not printed, formatted or
    compared, "returned" if it is handed to whoever asked for it, else "".
    """
    import dis  # here, since hardly any graph needs it

    instructions = list(dis.get_instructions(code))
    at = max(i for i, instruction in enumerate(instructions) if instruction.offset <= last)
    start, end = _extent(instructions[at])
    path = _path(instructions[:at], start)
    if instructions[at].opname.startswith("CALL") and instructions[at + 1].opname in _HANDING_OVER:
        return path, "returned"
    reads_it = False
    for index in range(at + 1, len(instructions)):
        instruction = instructions[index]
        first, final = _extent(instruction)
        if not (first <= start and end <= final) or (first, final) == (start, end):
            continue
        op = instruction.opname
        around = _path(instructions[:index], first) if op.startswith("CALL") else ()
        formats = op.startswith(("FORMAT", "BUILD_STRING")) or "%" in instruction.argrepr
        if formats or op == "COMPARE_OP" or not _SHOWING.isdisjoint(around[-1:]):
            return path, ""
        reads_it = reads_it or op in ("BINARY_OP", "UNARY_NEGATIVE")
    return path, "in arithmetic" if reads_it else ""


_HANDING_OVER = ("RETURN_VALUE", "YIELD_VALUE")


def _extent(instruction: Any) -> tuple[tuple[int, int], tuple[int, int]]:
    """Where its expression begins and ends in the source."""
    line, end_line, column, end_column = (place or 0 for place in instruction.positions)
    return (line, column), (end_line, end_column)


def _path(instructions: list[Any], start: tuple[int, int]) -> tuple[str, ...]:
    """The dotted name that was loaded last among what begins there."""
    names: list[str] = []
    for instruction in reversed(instructions):
        if _extent(instruction)[0] == start and instruction.opname.startswith("LOAD_"):
            names.insert(0, str(instruction.argval))
            if instruction.opname not in ("LOAD_ATTR", "LOAD_METHOD"):
                break
    return tuple(names)
