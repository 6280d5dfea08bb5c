"""From nodes to an array program: equal operations at one depth become rows of one array.

The rows of a `Register` are scalars of the graph; when the program runs, each row is as long as the
batch. An `Operand` says where the rows that an operation reads lie: mostly a slice of one register,
else pieces of several, which are gathered first.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from minigrad.lift.agenda import by_agenda
from minigrad.lift.grouping import FEW, by_height, merged
from minigrad.lift.sums import Dot, Sum, find_sums
from minigrad.lift.tracing import Node, Trace

Rows = slice | list[int]


def listed(rows: Rows) -> list[int]:
    """The numbers of the rows."""
    return list(range(rows.start, rows.stop, rows.step or 1)) if isinstance(rows, slice) else rows


@dataclass(eq=False)
class Register:
    """An array of `rows` scalars, each of them one number a sample or, without `per_sample`, one.

    With `ones` it has a further row that is always 1: what a bias is the weight of.
    """

    name: str
    rows: int
    per_sample: bool
    has_slope: bool
    ones: bool = False


@dataclass(frozen=True)
class Piece:
    """Rows of a register, or of the parameters where that is None, and where an operand has them.

    A single row that is read several times is a slice of length one.
    """

    register: Register | None
    rows: Rows
    dest: Rows

    @property
    def has_slope(self) -> bool:
        return self.register is None or self.register.has_slope

    def is_copy_of(self, register: Register) -> bool:
        """Whether it is the whole register, row for row."""
        if not isinstance(self.dest, slice) or self.rows != slice(0, register.rows):
            return False
        start, stop, step = self.dest.start, self.dest.stop, self.dest.step
        return self.register is register and step is None and stop - start == register.rows


@dataclass(frozen=True)
class Operand:
    """`rows` scalars, made of pieces of registers and of `constants` (place -> number)."""

    rows: int
    pieces: tuple[Piece, ...]
    constants: dict[int, float]

    @property
    def has_slope(self) -> bool:
        return any(piece.has_slope for piece in self.pieces)

    @property
    def per_sample(self) -> bool:
        return any(piece.register and piece.register.per_sample for piece in self.pieces)

    @property
    def whole(self) -> Register | None:
        """The register, if the operand is all of one."""
        if (view := self.view) and (register := view.register):
            return register if view.rows == slice(0, self.rows) == slice(0, register.rows) else None
        return None

    @property
    def view(self) -> Piece | None:
        """The one piece, if the operand is a slice of a register or of the parameters."""
        if len(self.pieces) == 1 and not self.constants:
            (piece,) = self.pieces
            if isinstance(piece.rows, slice):
                return piece
        return None


@dataclass(frozen=True)
class Operation:
    """One array operation: `out` holds a row for each of the scalar nodes that it stands for.

    `weights` are a dot's parameters, a list of indices a row; `plus` tells how many operands of a
    sum are added, the others being subtracted. A sum of many terms has one operand with the terms
    of all rows, row by row, and `terms` says for each row how many belong to it.

    A dot may apply its weights `times` times, each to inputs of its own, as to the tokens of a
    sentence: then so many rows of its operand follow one another for each weight, and so many rows
    of `out` for each list of weights.
    """

    op: str
    out: Register
    operands: tuple[Operand, ...]
    weights: list[list[int]] = field(default_factory=list)
    plus: int = 0
    terms: list[int] = field(default_factory=list)
    times: int = 1

    @property
    def are_equally_many(self) -> bool:
        """Whether all rows of a sum of many terms have as many."""
        return len(set(self.terms)) == 1

    @property
    def has_bias(self) -> bool:
        """Whether a dot's rows have one weight more than inputs."""
        return bool(self.weights) and len(self.weights[0]) > self.operands[0].rows // self.times


@dataclass(frozen=True)
class Program:
    """The operations in the order in which they run, and the places of inputs and results."""

    arguments: tuple[Register, ...]
    operations: list[Operation]
    loss: Operand
    outputs: Operand
    parameters: int
    scalars: int

    def without_loss(self) -> "Program":
        """The part that the outputs depend on."""
        needed = {piece.register for piece in self.outputs.pieces}
        operations = []
        for operation in reversed(self.operations):
            if operation.out in needed:
                operations.append(operation)
                needed |= {p.register for o in operation.operands for p in o.pieces}
        return Program(
            self.arguments,
            operations[::-1],
            self.outputs,
            self.outputs,
            self.parameters,
            self.scalars,
        )


def arrange(trace: Trace) -> tuple[Program, Program]:
    """The array program of a graph, and one in which dots with the same weights are merged.

    They are the same where there are none.
    """
    scalars = len(trace.order)
    loss, outputs, order = find_sums(trace)
    groups = min(by_height(order), by_agenda(order), key=lambda groups: len(merged(groups)))
    program = _arranged(trace, scalars, loss, outputs, [[group.nodes] for group in groups])
    together = merged(groups)
    if len(together) == len(groups):
        return program, program
    return program, _arranged(trace, scalars, loss, outputs, together)


def _arranged(
    trace: Trace, scalars: int, loss: Node, outputs: list[Node], merged: list[list[list[Node]]]
) -> Program:
    places: dict[Node, tuple[Register, int]] = {}
    arguments = tuple(Register(name, count, True, False) for name, count in trace.arguments)
    locate = _Locator(places, arguments)
    operations = []
    for number, groups in enumerate(merged):
        nodes = [node for row in zip(*groups, strict=True) for node in row]
        first = nodes[0]
        out = Register(f"r{number + 1}", len(nodes), first.per_sample, first.has_slope)
        if isinstance(first, Dot):
            operations.append(_dot(groups, out, locate))
        else:
            operations.append(_operation(nodes, out, locate))
        for row, node in enumerate(nodes):
            places[node] = out, row
    return Program(
        arguments, operations, locate([loss]), locate(outputs), trace.parameters, scalars
    )


def _operation(
    nodes: list[Node], out: Register, locate: Callable[[Sequence[Node]], Operand]
) -> Operation:
    first = nodes[0]
    plus = first.plus if isinstance(first, Sum) else 0
    count = len(first.operands)
    if isinstance(first, Sum) and count > FEW and plus == count:
        terms = [operand for node in nodes for operand in node.operands]
        lengths = [len(node.operands) for node in nodes]
        return Operation("sum", out, (locate(terms),), plus=1, terms=lengths)
    columns = [locate([node.operands[i] for node in nodes]) for i in range(count)]
    return Operation(first.op, out, tuple(columns), plus=plus)


def _dot(
    groups: list[list[Node]], out: Register, locate: Callable[[Sequence[Node]], Operand]
) -> Operation:
    """The dots of each group with its inputs; all groups have the same weights."""
    rows = zip(*(group[0].operands for group in groups), strict=True)
    inputs = locate([node for row in rows for node in row])
    weights = [node.weights for node in groups[0] if isinstance(node, Dot)]
    operation = Operation("dot", out, (inputs,), weights=weights, times=len(groups))
    if operation.has_bias and len(groups) == 1 and (register := inputs.whole):
        register.ones = True
    return operation


class _Locator:
    """Finds the rows of nodes: call it with nodes for the operand that they make."""

    def __init__(
        self, places: dict[Node, tuple[Register, int]], arguments: Sequence[Register]
    ) -> None:
        self.places = places
        self.inputs = [(register, row) for register in arguments for row in range(register.rows)]

    def __call__(self, nodes: Sequence[Node]) -> Operand:
        constants: dict[int, float] = {}
        rows_of: dict[Register | None, tuple[list[int], list[int]]] = {}
        for place, node in enumerate(nodes):
            if node.op == "const":
                constants[place] = node.number
                continue
            register, row = self._place(node)
            rows, dest = rows_of.setdefault(register, ([], []))
            rows.append(row)
            dest.append(place)
        pieces = tuple(
            Piece(register, _rows(rows), _rows(dest)) for register, (rows, dest) in rows_of.items()
        )
        return Operand(len(nodes), pieces, constants)

    def _place(self, node: Node) -> tuple[Register | None, int]:
        if node.op == "input":
            return self.inputs[node.index]
        if node.op == "parameter":
            return None, node.index
        return self.places[node]


def _rows(rows: list[int]) -> Rows:
    """As a slice, if they follow one another at equal distances, or are all the same one."""
    first, last = rows[0], rows[-1]
    if first == last and rows.count(first) == len(rows):
        return slice(first, first + 1)
    step = rows[1] - first
    if step > 0 and rows == list(range(first, first + len(rows) * step, step)):
        return slice(first, last + 1, step) if step > 1 else slice(first, last + 1)
    return rows
