"""Products and sums whose operands' rows lie anywhere: their terms, read where they lie.

Such an operation, as in attention, would take a gather for each operand, an array of products and
a scatter on the way back. One instruction with a table does without: every row is a sum of products
of other rows, on the way forward and on the way back.
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

from minigrad.lift.program import Operand, Operation, Program, Register, Rows, listed

Source = tuple[Register, int]
"""A register and a row of it."""


@dataclass(frozen=True)
class Product:
    """For each row of a product its two factors, and the row that it is a term of.

    That is its own row, or that of a sum: then the product's own is never written.
    """

    factors: list[tuple[Source, Source]]
    into: list[Source]


def by_table(program: Program) -> dict[Register, Product]:
    """The products that are computed by table, by their registers."""
    readers: dict[Register | None, list[Operation]] = {}
    for operation in program.operations:
        for register in dict.fromkeys(_registers(operation)):
            readers.setdefault(register, []).append(operation)
    results = {piece.register for root in (program.loss, program.outputs) for piece in root.pieces}
    candidates = {each.out: each for each in program.operations if _is_by_table(each)}
    products = {}
    for out, operation in candidates.items():
        a, b = operation.operands
        factors = list(zip(sources(a), sources(b), strict=True))
        read_by = [] if out in results else readers.get(out, [])
        products[out] = Product(factors, _into(out, read_by, candidates))
    return products


def _is_by_table(operation: Operation) -> bool:
    operands = operation.operands
    return (
        operation.op == "*"
        and any(map(is_scattered, operands))
        and all(map(is_of_samples, operands))
    )


def is_of_samples(operand: Operand) -> bool:
    """Whether every row is one of a register of samples."""
    registers = [piece.register for piece in operand.pieces]
    return not operand.constants and all(each and each.per_sample for each in registers)


def is_scattered(operand: Operand) -> bool:
    """Whether its rows would have to be gathered."""
    return bool(operand.pieces) and not operand.view and not side_by_side(operand)


def sources(operand: Operand) -> list[Source]:
    """The register and row of each row of an operand of samples."""
    rows: dict[int, Source] = {}
    for piece in operand.pieces:
        assert piece.register
        rows |= {place: (piece.register, row) for row, place in pairs(piece.rows, piece.dest)}
    return [rows[place] for place in range(operand.rows)]


def terms(operation: Operation) -> list[list[Source]]:
    """The terms of each row of a sum of samples."""
    if not operation.terms:
        columns = map(sources, operation.operands)
        return [list(row) for row in zip(*columns, strict=True)]
    rows = iter(sources(operation.operands[0]))
    return [[next(rows) for _ in range(count)] for count in operation.terms]


def rest(operation: Operation, products: Mapping[Register, Product]) -> list[list[Source]]:
    """The terms of each row of a sum that are no products, which are added to it by table."""
    return [
        [(register, row) for register, row in own if not _is_term(operation, register, products)]
        for own in terms(operation)
    ]


def _is_term(
    operation: Operation, register: Register, products: Mapping[Register, Product]
) -> bool:
    return register in products and any(
        into is operation.out for into, _ in products[register].into
    )


def _into(
    product: Register, readers: list[Operation], candidates: Collection[Register]
) -> list[Source]:
    """For each row of a product the row that it is a term of: a sum's if no other reads it."""
    into: dict[int, Source] = {}
    others: set[int] = set()
    for operation in readers:
        if _adds(operation, product, candidates):
            for row, own in enumerate(terms(operation)):
                read = [term for register, term in own if register is product]
                others |= {term for term in read if term in into}
                into |= dict.fromkeys(read, (operation.out, row))
        else:
            others |= {row for own, row in _read(operation) if own is product}
    if not others.isdisjoint(into):
        into = {}
    return [into.get(row, (product, row)) for row in range(product.rows)]


def _adds(operation: Operation, product: Register, candidates: Collection[Register]) -> bool:
    """Whether it is a sum of samples, of which no other product could be a term."""
    if operation.op != "sum" or operation.plus < len(operation.operands):
        return False
    others = {register for register in _registers(operation) if register is not product}
    return all(map(is_of_samples, operation.operands)) and others.isdisjoint(candidates)


def _read(operation: Operation) -> Iterator[tuple[Register | None, int]]:
    for operand in operation.operands:
        for piece in operand.pieces:
            yield from ((piece.register, row) for row in listed(piece.rows))


def _registers(operation: Operation) -> Iterator[Register | None]:
    for operand in operation.operands:
        for piece in operand.pieces:
            yield piece.register


def side_by_side(operand: Operand) -> list[Register]:
    """The registers, if the operand is all rows of several, one register after the other."""
    registers = []
    start = 0
    for piece in operand.pieces:
        register = piece.register
        if register is None or register.per_sample != operand.per_sample:
            return []
        dest = slice(start, start + register.rows)
        if piece.rows != slice(0, register.rows) or piece.dest != dest:
            return []
        registers.append(register)
        start += register.rows
    return registers if len(registers) > 1 and not operand.constants else []


def pairs(rows: Rows, dest: Rows) -> Iterator[tuple[int, int]]:
    """Each row of a piece and its place in the operand; a single row may have many places."""
    sources, places = listed(rows), listed(dest)
    if len(sources) == 1:
        sources = sources * len(places)
    yield from zip(sources, places, strict=True)
