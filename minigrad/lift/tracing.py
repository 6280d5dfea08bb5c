"""Runs a loss once on one sample and records its graph, which serves for all samples."""

import inspect
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from numbers import Real
from typing import Any, TypeAlias

from minigrad.terminal.text import excerpt
from minigrad.value import Value, topological_order, tracing

Sample: TypeAlias = Any
"""A number, or a list of samples: what a loss takes for one sample, however deep it is nested."""

LossFunction: TypeAlias = Callable[..., Any]


class LiftError(ValueError):
    """A graph that cannot be lifted; the message is one sentence with the reason."""


class _Input(Value):
    """A number of a sample. It equals and hashes as its number does, as a loss expects of one, so
    that `{0: a, 1: b}.get(x)` and `x in {0, 1}` come to compare it, which is refused while tracing
    and right with eager Values. A look-up of what is computed from it cannot be noticed, since
    nodes may be keys themselves and hash as objects.
    """

    __slots__ = ()

    def __eq__(self, other: object) -> bool:
        return super().__eq__(other) or (isinstance(other, Real) and self.data == other)

    def __hash__(self) -> int:
        return hash(self.data)


_Input.__name__ = Value.__name__  # in Python's own messages


class Node:
    """One scalar of the graph.

    `op` is "input", "parameter", "const" or an operation; `index` is the place among the inputs or
    the parameters, `number` a constant's. `per_sample` and `has_slope` tell whether it depends on
    inputs and on parameters, `uses` how many operations read it.
    """

    __slots__ = ("has_slope", "index", "number", "op", "operands", "per_sample", "uses")

    def __init__(
        self, op: str, operands: "tuple[Node, ...]" = (), index: int = 0, number: float = 0.0
    ) -> None:
        self.op, self.operands, self.index, self.number = op, operands, index, number
        self.per_sample = op == "input"
        self.has_slope = op == "parameter"
        self.uses = 0
        for operand in operands:
            operand.uses += 1
            self.per_sample = self.per_sample or operand.per_sample
            self.has_slope = self.has_slope or operand.has_slope


@dataclass(frozen=True)
class Trace:
    """One sample's graph: its loss, what else the function gave, and every operation in `order`,
    operands first. `arguments` has for each argument of the function its name and how many numbers
    it holds, `parameters` counts the parameters; `constants` are the Values that are neither.
    """

    loss: Node
    outputs: list[Node]
    order: list[Node]
    arguments: list[tuple[str, int]]
    parameters: int
    constants: list[Value]


def trace(function: LossFunction, sample: Sequence[Sample], parameters: Sequence[Value]) -> Trace:
    """Run `function(*sample)` with a placeholder for each number and record its operations.

    The function gives the loss, or the loss and a list of outputs. Raises LiftError for a graph
    whose shape depends on its numbers, ArithmeticError where an operation has no answer.
    """
    inputs: list[Value] = []
    placeholders = [as_values(argument, inputs) for argument in sample]
    loss, outputs = _called(function, placeholders)
    for value in inputs:
        value.__class__ = Value  # a node like any other from here on: a key that equals no other
    nodes: dict[Value, Node] = {}
    for index, parameter in enumerate(parameters):
        nodes[parameter] = Node("parameter", index=index, number=parameter.data)
    for index, value in enumerate(inputs):
        nodes[value] = Node("input", index=index, number=value.data)
    leaves = set(nodes)
    order = []
    for root in (loss, *outputs):
        below = [] if root in nodes else topological_order(root) or [root]
        for value in below:
            if value not in nodes:
                new_nodes = _new_nodes(value, nodes)
                nodes[value] = new_nodes[-1]
                order += [node for node in new_nodes if node.operands]
        nodes[root].uses += 1
    counts = [len(numbers(argument)) for argument in sample]
    arguments = list(zip(_names(function, len(sample)), counts, strict=True))
    output_nodes = [nodes[output] for output in outputs]
    constants = [value for value in nodes if value not in leaves and not value.parents]
    return Trace(nodes[loss], output_nodes, order, arguments, len(parameters), constants)


_AS_INTEGER = ("indices must", "int() argument", "as an integer", "__round__", "__trunc__")
"""In what Python says of x in rows[x], int(x), range(x), round(x) and math.trunc(x)."""


def _called(function: LossFunction, arguments: Sequence[Any]) -> tuple[Value, list[Value]]:
    token = tracing.set(True)
    try:
        result = function(*arguments)
    except LiftError:
        raise
    except TypeError as error:
        is_index = any(words in str(error) for words in _AS_INTEGER)
        advice = ": an index is data: take its one-hot list" if is_index else ""
        raise LiftError(f"the loss cannot be lifted: {error}{advice}") from error
    except LookupError as error:  # of a dictionary, or of an array
        if not ("valid indices" in str(error) or isinstance((*error.args, None)[0], Value)):
            raise
        reason = "a Value is no index: an index is data: take its one-hot list"
        raise LiftError(f"the loss cannot be lifted: {reason}") from error
    finally:
        tracing.reset(token)
    loss, outputs = result if isinstance(result, tuple) else (result, [])
    if not isinstance(loss, Value):
        raise LiftError(f"the loss must be a Value, and this function gave {excerpt(repr(loss))}")
    return loss, list(outputs)


def as_values(sample: Sample, made: list[Value]) -> Any:
    """The sample with a Value in place of each number; all of them are appended to `made`."""
    if _is_nested(sample):
        return [as_values(member, made) for member in sample]
    made.append(_Input(numbers(sample)[0]))
    return made[-1]


def numbers(sample: Sample) -> list[float]:
    """All numbers of a sample, from first to last. Raises ValueError for what is none."""
    if _is_nested(sample):
        return [number for member in sample for number in numbers(member)]
    try:
        if not (isinstance(sample, (str, bytes, complex)) or _is_other(sample)):
            return [float(sample)]
    except OverflowError:
        raise ValueError("a sample is made of floats: a whole number is too large") from None
    except (TypeError, ValueError):
        pass
    is_bool = isinstance(sample, bool) or getattr(sample, "dtype", None) == "bool"
    instead = ": write 1.0 or 0.0" if is_bool else ""
    if hasattr(sample, "parents"):
        instead = ", which has no gradient here: a parameter stays outside of the samples"
    raise ValueError(f"a sample is made of numbers, found {excerpt(repr(sample))}{instead}")


def _is_other(sample: Sample) -> bool:
    """Whether float() would take it although it is no real number: a bool, a Value, numpy's."""
    kind = getattr(getattr(sample, "dtype", None), "kind", "f")
    return isinstance(sample, bool) or hasattr(sample, "parents") or kind not in "fiu"


def _is_nested(sample: Sample) -> bool:
    if isinstance(sample, (str, bytes, bytearray)):
        return False
    return isinstance(sample, Sequence) or (hasattr(sample, "ndim") and sample.ndim > 0)


def _names(function: LossFunction, count: int) -> Iterator[str]:
    try:
        names = list(inspect.signature(function).parameters)
    except (TypeError, ValueError):
        names = []
    for index in range(count):
        yield names[index] if index < len(names) else f"argument{index}"


def _new_nodes(value: Value, nodes: dict[Value, Node]) -> list[Node]:
    """One, or of a dot the equivalent chain of * and +, whose last node is its result."""
    operands = _operands(value, nodes)
    if value.op != "dot":
        return [_folded(value.op, operands, value.data)]
    *factors, total = operands
    half = len(factors) // 2
    made = [total]
    for weight, x in zip(factors[:half], factors[half:], strict=True):
        product = _folded("*", [weight, x], weight.number * x.number)
        made.append(product)
        if total.op == "const" and total.number == 0:  # no bias: the sum begins with a product
            total = product
        else:
            total = _folded("+", [total, product], total.number + product.number)
            made.append(total)
    return made[1:] or [_folded("+", [total, Node("const")], total.number)]


def _operands(value: Value, nodes: dict[Value, Node]) -> list[Node]:
    for parent in value.parents:
        if parent not in nodes:  # a plain number, or a Value that is no parameter, is a constant
            nodes[parent] = Node("const", number=parent.data)
    return [nodes[parent] for parent in value.parents]


def _folded(op: str, operands: Sequence[Node], number: float) -> Node:
    """A node, or, of constants alone, the constant `number`."""
    node = Node(op, tuple(operands))
    if not node.per_sample and not node.has_slope:
        return Node("const", number=number)
    return node
