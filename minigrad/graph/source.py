"""The lines of value.py that hold the rule of an operation."""

import ast
import inspect
import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from minigrad import value

_FUNCTIONS = {
    "+": ["Value.__add__"],
    "-": ["Value.__sub__"],
    "*": ["Value.__mul__"],
    "/": ["Value.__truediv__", "_divide"],
    "**": ["Value.__pow__"],
    "dot": ["dot", "_dot"],
    "maximum": ["maximum", "_extreme"],
    "minimum": ["minimum", "_extreme"],
    "neg": ["Value.__neg__", "Value._function"],
    "abs": ["Value.__abs__", "Value._function"],
    "exp": ["Value.exp", "Value._function"],
    "log": ["Value.log", "Value._function"],
    "sqrt": ["Value.sqrt", "Value._function"],
    "sin": ["Value.sin", "Value._function"],
    "cos": ["Value.cos", "Value._function"],
    "tanh": ["Value.tanh"],
    "sigmoid": ["Value.sigmoid", "_sigmoid", "Value._function"],
    "softplus": ["Value.softplus", "_softplus", "_sigmoid", "Value._function"],
    "silu": ["Value.silu", "_sigmoid", "_silu_slope", "Value._function"],
    "gelu": ["Value.gelu", "_normal_cdf", "_gelu_slope", "Value._function"],
    "relu": ["Value.relu", "Value._function"],
    "leaky_relu": ["Value.leaky_relu", "Value._function"],
    "elu": ["Value.elu", "_elu", "_elu_slope", "Value._function"],
    "backward": ["Value.backward"],
}
_FORWARD_ALONE = {"_divide", "dot", "_softplus", "_elu", "maximum", "minimum"}
_BACKWARD_ALONE = {"_silu_slope", "_gelu_slope", "_elu_slope"}
OPERATIONS = tuple(op for op in _FUNCTIONS if op != "backward")
"""The operations of value.py."""


@dataclass(frozen=True)
class Excerpt:
    """A function of value.py, or a line of its table: its lines by number, without docstring, and
    the numbers of those that are at work in the forward pass and in the backward pass.
    """

    name: str
    lines: tuple[tuple[int, str], ...]
    forward: tuple[int, ...]
    backward: tuple[int, ...]


def excerpts(op: str) -> tuple[Excerpt, ...]:
    """The functions that an operation consists of; of "backward", the walk over all nodes.

    >>> [one.name for one in excerpts("softplus")]
    ['Value.softplus', '_softplus', '_sigmoid', 'Value._function']

    Raises KeyError for an operation that value.py has not.
    """
    return tuple(_excerpt(name) for name in _FUNCTIONS[op])


@lru_cache
def _definitions() -> dict[str, ast.stmt]:
    tree = ast.parse(inspect.getsource(value))
    return dict(_named(tree.body, ""))


def _named(body: Sequence[ast.stmt], before: str) -> Iterator[tuple[str, ast.stmt]]:
    for statement in body:
        if isinstance(statement, ast.FunctionDef):
            yield before + statement.name, statement
        elif isinstance(statement, ast.Assign):
            yield before + ast.unparse(statement.targets[0]), statement
        elif isinstance(statement, ast.ClassDef):
            yield from _named(statement.body, f"{statement.name}.")


@lru_cache
def _excerpt(name: str) -> Excerpt:
    definition = _definitions()[name]
    assert definition.end_lineno is not None
    source = inspect.getsource(value).splitlines()[definition.lineno - 1 : definition.end_lineno]
    lines = textwrap.dedent("\n".join(source)).split("\n")
    docstring: set[int] = set()
    if isinstance(definition, ast.FunctionDef) and ast.get_docstring(definition):
        docstring = set(_extent(definition.body[0]))
    body = _body(definition)
    rule = [s for s in body if isinstance(s, ast.FunctionDef)]
    walk = name == "Value.backward"
    backward = _numbers(body if walk else [s for one in rule for s in one.body])
    forward = () if walk else _numbers([s for s in body if s not in rule])
    if not rule and not walk:  # a formula and its slope in one line, or a helper of both
        backward = () if name in _FORWARD_ALONE else forward
        forward = () if name in _BACKWARD_ALONE else forward
    numbered = [(n, line) for n, line in enumerate(lines, definition.lineno) if n not in docstring]
    return Excerpt(name, tuple(numbered), forward, backward)


def _body(definition: ast.stmt) -> list[ast.stmt]:
    """The statements of one call: of a function that makes another, those of the other."""
    if not isinstance(definition, ast.FunctionDef):
        return [definition]
    made = [s for s in definition.body if isinstance(s, ast.FunctionDef) and s.name != "backward"]
    return made[0].body if made else definition.body


def _numbers(statements: Sequence[ast.stmt]) -> tuple[int, ...]:
    """The lines of the statements, without docstrings and refusals of what is no Value."""
    numbers: set[int] = set()
    for statement in statements:
        text = ast.unparse(statement)
        is_docstring = isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)
        if not (is_docstring or text.startswith("if not isinstance") or "raise" in text):
            numbers.update(_extent(statement))
    return tuple(sorted(numbers))


def _extent(statement: ast.stmt) -> range:
    return range(statement.lineno, (statement.end_lineno or statement.lineno) + 1)
