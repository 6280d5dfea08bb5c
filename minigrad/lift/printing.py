"""An array program as text, one line an operation."""

from minigrad.lift.program import Operand, Operation, Piece, Program, Rows


def listing(program: Program) -> str:
    """The inputs, each operation with its rows and operands, and the outputs."""
    lines = [
        f"{program.scalars:,} scalar operations a sample are {len(program.operations):,} "
        f"array operations a batch, over {program.parameters:,} parameters p",
        "",
    ]
    table = [(register.name, f"input({register.rows})", "") for register in program.arguments]
    table += [_line(operation) for operation in program.operations]
    left = max(len(name) for name, _, _ in table)
    middle = max(len(what) for _, what, _ in table)
    lines += [f"{name:>{left}} = {what:<{middle}}  {of}".rstrip() for name, what, of in table]
    lines += ["", f"loss {_operand(program.loss)}"]
    if program.outputs.rows:
        lines.append(f"outputs {_operand(program.outputs)}")
    return "\n".join(lines)


def _line(operation: Operation) -> tuple[str, str, str]:
    operands = [_operand(operand) for operand in operation.operands]
    if operation.op == "dot":
        bias = operation.has_bias
        operands = [_weights(operation.weights), operands[0] + (" and 1" if bias else "")]
    elif operation.op == "sum":
        signs = ["+"] * operation.plus + ["-"] * (len(operands) - operation.plus)
        signs[0] = signs[0].replace("+", "")
        signed = zip(signs, operands, strict=True)
        operands = [" ".join(f"{sign} {text}".strip() for sign, text in signed)]
    where = "" if operation.out.per_sample else "  (once, not once a sample)"
    return operation.out.name, _what(operation), ", ".join(operands) + where


def _what(operation: Operation) -> str:
    rows = operation.out.rows
    if operation.op == "dot":
        times = f"{operation.times} times " if operation.times > 1 else ""
        return f"{times}dot({rows // operation.times}x{len(operation.weights[0])})"
    if operation.op == "sum" and operation.terms:
        fewest, most = min(operation.terms), max(operation.terms)
        return f"sum({rows}x{fewest if fewest == most else f'{fewest}..{most}'})"
    return f"{operation.op}({rows})"


def _weights(weights: list[list[int]]) -> str:
    flat = [index for row in weights for index in row]
    if flat == list(range(flat[0], flat[0] + len(flat))):
        return f"p[{flat[0]}:{flat[-1] + 1}]"
    return f"p[{flat[0]}, ... {flat[-1]}]" if len(flat) > 1 else f"p[{flat[0]}]"


def _operand(operand: Operand) -> str:
    if not operand.pieces:
        numbers = sorted(set(operand.constants.values()))
        shown = [f"{number:g}" for number in numbers[:3]] + ["..."] * (len(numbers) > 3)
        return shown[0] if len(shown) == 1 else f"({', '.join(shown)})"
    parts = [_piece(piece) for piece in operand.pieces]
    if operand.constants:
        parts.append("constants")
    return parts[0] if len(parts) == 1 else f"({', '.join(parts)})"


def _piece(piece: Piece) -> str:
    if piece.register is None:
        return f"p{_rows(piece.rows)}"
    whole = piece.rows == slice(0, piece.register.rows)
    return piece.register.name + ("" if whole else _rows(piece.rows))


def _rows(rows: Rows) -> str:
    if isinstance(rows, slice):
        if rows.stop == rows.start + 1:
            return f"[{rows.start}]"
        return f"[{rows.start}:{rows.stop}{f':{rows.step}' if rows.step else ''}]"
    few = ",".join(map(str, rows[:4]))
    return f"[{few}{',...' if len(rows) > 4 else ''}]"
