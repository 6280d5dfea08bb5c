"""An array program -> the machine's instructions: the way forward; slopes.py has the way back.

Every register becomes rows, and every operation one instruction or a few. A slice of a register is
read where it lies; rows from several places are gathered first.
"""

from minigrad.lift.program import Operation, Program
from minigrad.lift.tracing import LiftError
from minigrad.native.blocks import Sums
from minigrad.native.code import (
    FIRST_CHUNK,
    MASK_ROW,
    PARAMETERS,
    WEIGHT_ROW,
    Code,
    Rows,
    Sizes,
    Slots,
)
from minigrad.native.fixed import fixed_instructions
from minigrad.native.layout import Layout
from minigrad.native.products import Product, is_of_samples, is_scattered, rest, terms
from minigrad.native.reuse import with_reused_rows
from minigrad.native.shares import NAMES, SAVES, SHARES
from minigrad.native.slopes import FEW, NOTHING, Operands, Slopes, stretches, together


def translate(program: Program, correct: str | None = None) -> Code:
    """The instructions of a program's loss and of its slopes. Raises LiftError.

    `correct` says how right answers are counted: "same_side" (one output, a label 0 or 1),
    "largest_is_target" (an output a class, a 1 at the target's), or None: not at all.
    """
    layout = Layout(program)
    operands = [_forward(layout, operation) for operation in program.operations]
    _results(layout, correct)
    forward = len(layout.instructions)
    slopes = Slopes(layout)
    for operation, read in zip(program.operations[::-1], operands[::-1], strict=True):
        slopes.backward(operation, read)
    slopes.finish()
    outputs = [number for entry in layout.entries(program.outputs) for number in entry]
    once = fixed_instructions(layout)
    numbered = list(enumerate(layout.instructions))
    sizes = Sizes(
        fixed=len(once),
        forward=forward + sum(number >= forward for number in once),
        output_table=layout.tabled(outputs),
        sample_rows=layout.sample_rows,
        once_rows=layout.once_rows,
        parameters=program.parameters,
        slots=layout.slots,
        loss_slot=layout.loss_slot,
        correct_slot=layout.correct_slot,
        argument_rows=sum(register.rows for register in program.arguments),
        outputs=program.outputs.rows,
    )
    first = [instruction for number, instruction in numbered if number in once]
    rest = [instruction for number, instruction in numbered if number not in once]
    code = Code(first + rest, layout.table, layout.constants, sizes)
    return with_reused_rows(code, layout.blocks)


def _forward(layout: Layout, operation: Operation) -> Operands:
    """Emit the operation; gives what its way back needs to read."""
    rows = operation.out.rows
    if operation.op == "dot":
        return _dot(layout, operation)
    if product := layout.products.get(operation.out):
        return _product(layout, product)
    if operation.out in layout.sums_of_products:
        return _rest(layout, operation)
    if operation.op == "sum" and _sum_by_table(layout, operation):
        return NOTHING
    by_table = not operation.terms
    read = [layout.read(operand, by_table) for operand in operation.operands]
    y = layout.register(operation.out)
    if operation.op == "sum":
        _sum(layout, operation, y, read)
        return Operands(y, read)
    if operation.op not in SHARES:
        raise LiftError(f"the native engine has no instruction for {operation.op!r}")
    saved = layout.rows(rows, y.once) if operation.op in SAVES else None
    named = dict(zip("ab", read, strict=False))
    name = NAMES.get(operation.op, operation.op)
    layout.emit(name, rows, y=y, c=saved, **named)
    return Operands(y, read, saved)


def _dot(layout: Layout, operation: Operation) -> Operands:
    (operand,) = operation.operands
    assert operation.out.per_sample  # sums.py makes dots of what samples change alone
    x, slots = layout.read(operand), layout.weights(operation.weights)
    y, times = layout.register(operation.out), operation.times
    rows, inner = operation.out.rows // times, operand.rows // times
    for own in together(times, x, y):  # the same weights for each token
        layout.emit("matmul", rows, y=own.of(y), a=own.of(x), slots=slots, inner=inner,
                    times=own.count, has_bias=operation.has_bias)  # fmt: skip
    return Operands(y, [x], slots=slots)


def _product(layout: Layout, product: Product) -> Operands:
    """A product, or all sums of it, by table."""
    sums: Sums = {}
    for (a, b), into in zip(product.factors, product.into, strict=True):
        sums.setdefault(layout.row(*into), []).append((layout.row(*a), layout.row(*b)))
    layout.emit_by_table("dots", sums)
    return NOTHING


def _rest(layout: Layout, operation: Operation) -> Operands:
    """Add the terms of a sum that are no products, if it has any."""
    first: Sums = {}
    more: Sums = {}
    every = zip(terms(operation), rest(operation, layout.products), strict=True)
    for row, (own, left) in enumerate(every):
        sums = more if len(left) < len(own) else first
        if left:
            sums[layout.row(operation.out, row)] = [(layout.row(*term),) for term in left]
    for sums in (first, more):
        if sums:
            layout.emit_by_table("sums", sums, adds=sums is more)
    return NOTHING


def _sum_by_table(layout: Layout, operation: Operation) -> bool:
    """Emit a sum whose terms lie apart or differ in number; whether it is one."""
    operands, out = operation.operands, operation.out
    if operation.plus < len(operands):
        return False
    if len(list(stretches(operation.terms))) <= FEW and not any(map(is_scattered, operands)):
        return False
    if not all(map(is_of_samples, operands)):
        return False
    rows = enumerate(terms(operation))
    layout.emit_by_table(
        "sums", {layout.row(out, row): [(layout.row(*term),) for term in own] for row, own in rows}
    )
    return True


def _sum(layout: Layout, operation: Operation, y: Rows, read: list[Rows]) -> None:
    """All terms of one operand, or the operands one after the other: the first `plus` added."""
    rows = operation.out.rows
    if operation.terms:
        for part in stretches(operation.terms):
            into, terms = y.picked(part.row), read[0].picked(part.first)
            layout.emit("sum_terms", part.rows, y=into, a=terms, inner=part.terms)
        return
    ops = ["add"] * operation.plus + ["subtract"] * (len(read) - operation.plus)
    if len(read) == 1 or ops[0] == "subtract":
        layout.emit("copy" if ops[0] == "add" else "negative", rows, y=y, a=read[0])
        total = y
    else:
        total = read[0]
    for op, term in zip(ops[1:], read[1:], strict=True):
        layout.emit(op, rows, y=y, a=total, b=term)
        total = y


def _results(layout: Layout, rule: str | None) -> None:
    """The batch's loss and its number of right answers, side by side.

    They are sums over the samples: of the loss times the sample's weight, 1 / batch, and of a 1 for
    a right answer times the sample's mask.
    """
    loss = layout.read(layout.program.loss)
    if loss.once:  # it counts in the first chunk alone, however many there are
        first = layout.rows(1, once=True)
        layout.emit("multiply", 1, y=first, a=loss, b=Rows(FIRST_CHUNK, 0, True))
        layout.emit("scatter", 1, a=first, table=layout.tabled([layout.loss_slot, PARAMETERS]))
    right = _right(layout, rule) if rule else None
    rows = [row.start for row in (None if loss.once else loss, right) if row]
    if rows:
        terms = Rows(rows[0], rows[-1] - rows[0])
        weights = Rows(MASK_ROW if loss.once else WEIGHT_ROW)
        slots = Slots(layout.correct_slot if loss.once else layout.loss_slot, 1)
        layout.emit("sum_products", len(rows), a=terms, b=weights, slots=slots)


def _right(layout: Layout, rule: str) -> Rows:
    """A 1 for each sample whose outputs are right."""
    outputs = layout.read(layout.program.outputs)
    targets = layout.register(layout.program.arguments[1])
    right = layout.rows(1, once=False)
    inner = layout.program.outputs.rows if rule == "largest_is_target" else 0
    layout.emit(rule, 1, y=right, a=outputs, b=targets, inner=inner)
    return right
