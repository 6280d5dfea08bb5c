"""Pickle and copy.deepcopy for graphs of Values, of any depth.

A rule is a function made inside an operation, and pickle cannot store such functions. So a node
is stored as its operation and its parents, and loading it performs the operation again, which makes
the rule; numbers, gradients and labels are then set as they were stored. Store a graph before its
leaves change: a rule that is made again uses the numbers of that moment.
"""

import copyreg
import threading
from collections.abc import Callable, Iterable
from typing import Any, TypeAlias

from minigrad.value import Value, dot, maximum, minimum, topological_order

Facts: TypeAlias = tuple[str, tuple[Value, ...], float, float, str]
"""op, parents, data, grad, label"""

_SYMBOLS: dict[str, Callable[..., Value]] = {
    "+": Value.__add__,
    "-": Value.__sub__,
    "*": Value.__mul__,
    "/": Value.__truediv__,
    "**": Value.__pow__,
    "neg": Value.__neg__,
    "abs": Value.__abs__,
    "dot": lambda *operands: dot(
        operands[: len(operands) // 2], operands[len(operands) // 2 : -1], operands[-1]
    ),
    "maximum": maximum,
    "minimum": minimum,
    "leaky_relu": lambda x, slope: x.leaky_relu(slope.data),
    "elu": lambda x, alpha: x.elu(alpha.data),
}


class _Storing:
    """Tells the thread, at the moment pickle reaches it, which nodes are being stored.

    Those are stored with their parents only, since all of them are in one list, parents first:
    however deep the graph is, pickle never recurses into it.
    """

    thread = threading.local()

    def __init__(self, nodes: Iterable[Value] = ()) -> None:
        self.nodes = frozenset(nodes)

    def __reduce__(self) -> tuple[type[None], tuple[()]]:
        self.thread.nodes = self.nodes
        return type(None), ()


def _reduce(node: Value) -> tuple[Callable[..., Value], tuple[Any, ...]]:
    facts = (node.op, node.parents, node.data, node.grad, node.label)
    if not node.parents or node in getattr(_Storing.thread, "nodes", ()):
        return _restore, facts
    below = topological_order(node)[:-1]
    return _restore_after, (_Storing(below), below, _Storing(), facts)


def _restore_after(_start: None, _below: list[Value], _end: None, facts: Facts) -> Value:
    return _restore(*facts)


def _restore(op: str, parents: tuple[Value, ...], data: float, grad: float, label: str) -> Value:
    if parents:
        node = (_SYMBOLS.get(op) or getattr(Value, op))(*parents)
        node.parents = parents  # the operation may have made another constant
    else:
        node = Value(data)
        node.op = op
    node.data, node.grad, node.label = data, grad, label
    return node


copyreg.pickle(Value, _reduce)
