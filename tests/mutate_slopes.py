"""Is every slope held by a test? Breaks the local rules of a page, one place at a time, and looks.

    python tests/mutate_slopes.py [--page tensor] [RULE ...]

A mutant is minigrad/value.py, or minigrad/tensor.py, with one place of one rule changed: a sign
flipped, a factor or a term dropped, a number off by a millionth, `+=` turned into `=`, a share not
sent, a tie's half turned whole, a kink moved, the axes of a sum forgotten.
It is written into a temporary copy of the packages, never into the checkout, and the tests below
run there. Prints one line a mutant: the rule, the change, and the first test that fails, or
SURVIVED. Exit code 1 if any survived, for then a test is missing.
"""

from __future__ import annotations

import argparse
import ast
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from queue import SimpleQueue
from typing import TypeAlias

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # run as a script
from tests import mutated_places

ROOT = Path(__file__).resolve().parents[1]
COPIED = ["minigrad", "nn", "optim", "tests/minigrad", "pyproject.toml"]
VALUE = Path("minigrad", "value.py")
TENSOR = Path("minigrad", "tensor.py")
PROCESSES = 2

# One group after the other until a test fails: the first is soon done and catches nearly all.
TESTS = [
    ["test_against_torch.py", "test_value.py", "test_gradcheck.py", "test_dot.py"],
    ["test_value_properties.py"],
]
TESTS_OF_TENSOR = [
    ["test_tensor_against_torch.py", "test_tensor.py"],
    ["test_tensor_properties.py"],
]
TABLE, METHOD = (
    "_function",
    "Value._function",
)  # how value.py calls it in the table, and in a method
WITHOUT_CLOSURE = ["_accumulate", "unbroadcast"]  # they have a part in every rule of a Tensor

COPY = "np.array(share, order='C')"
ONE_ROW, ROWS = "grad * weight._data[0]", "grad @ weight._data"

# These compute what the original computes, so no test can fail and they are not made.
EQUIVALENT = {
    ("_sigmoid", "x >= 0", "x > 0"): "at 0 either formula gives 1 / 2, to the last bit",
    ("**", "other.op != 'const'", "True"): "a constant is sent nothing all the same",
    ("@", "self.op != 'const'", "True"): "a constant is sent nothing all the same",
    ("@", "other.op != 'const'", "True"): "a constant is sent nothing all the same",
    ("linear", "x.op != 'const'", "True"): "a constant is sent nothing all the same",
    ("**", "0.0", "1.0"): "either power of the base is multiplied by an exponent of 0",
    ("linear", "1", "2"): "numpy takes any negative number for the length that is left",
    ("index", "may_repeat", "True"): "add.at is as right for other indices, and slower",
    ("unbroadcast", "grad.shape == shape", "False"): "the sum over no axes is the array itself",
    ("_accumulate", "share if self.parents else np.array(share, order='C')", COPY): "one copy more",
    ("linear", f"{ONE_ROW} if one_row else {ROWS}", ROWS): "BLAS multiplies one row too",
}

A_MILLIONTH_MORE = 1.000001
NEIGHBOURS: dict[type, type[ast.cmpop]] = {
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
}
TURNED_ROUND: dict[type, type[ast.operator]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Div,
    ast.Div: ast.Mult,
}
OTHER_OPERAND = {"self": "other", "other": "self", "a": "b", "b": "a", "weight": "x", "x": "weight"}


@dataclass(frozen=True)
class Rule:
    """Code that computes slopes: named by its operation, or by the function that several share."""

    name: str
    ops: frozenset[str]
    code: tuple[ast.AST, ...]


@dataclass(frozen=True)
class Mutant:
    rule: str
    place: str
    before: str
    after: str
    source: str
    page: Path = VALUE

    def __str__(self) -> str:
        return f"{self.rule} at {self.place}: {self.before}  ->  {self.after}"


def rules(source: str) -> list[Rule]:
    """All local rules: closures, the slopes given to `_function`, and the helpers they call."""
    module = ast.parse(source)
    all_rules: list[Rule] = []
    factories = {made: maker for maker in _functions(module) for made in _made_by(maker)}
    for function in sorted(_functions(module), key=lambda node: node.lineno):
        if function in factories.values():
            continue  # its rule is that of the function it makes
        makers = ("_function", "_rule", "_rules")
        slopes = [call.args[3] for maker in makers for call in _calls(function, maker)]
        slopes += [call.args[2] for call in _calls(function, METHOD)]
        slopes += [node.value for node in function.body if isinstance(node, ast.Assign)]
        lambdas = [node for node in slopes if isinstance(node, ast.Lambda)]
        code: list[ast.AST] = [node.body for node in lambdas if not _is_formula(node)]
        closures = [n for n in function.body if isinstance(n, ast.FunctionDef)]
        if function.name in WITHOUT_CLOSURE:
            closures = [function]
        code_of_closures = [statement for closure in closures for statement in closure.body]
        if code or closures:
            named = factories.get(function, function)
            all_rules.append(_rule(module, named, (*code, *code_of_closures)))
    for call in (node.value for node in ast.walk(module) if isinstance(node, ast.Assign)):
        if isinstance(call, ast.Call) and ast.unparse(call.func) == TABLE:
            (op,) = _texts([call])
            all_rules.append(Rule(op, frozenset([op]), (_slope(call),)))
    for helper in module.body:
        if isinstance(helper, ast.FunctionDef):
            callers = [rule for rule in all_rules if any(_calls(c, helper.name) for c in rule.code)]
            ops = frozenset(op for rule in callers for op in rule.ops)
            if callers:
                all_rules.append(Rule(helper.name, ops, tuple(helper.body)))
    return all_rules


def _slope(line: ast.Call) -> ast.expr:
    """What the table's line gives as slope."""
    slope = line.args[2]
    assert isinstance(slope, ast.Lambda)
    return slope.body


def _rule(module: ast.Module, function: ast.FunctionDef, code: tuple[ast.AST, ...]) -> Rule:
    makers = ("_node", "_function", "_rule", "_rules")
    own = _texts([call for maker in (*makers, METHOD) for call in _calls(function, maker)])
    ops = own or _texts(_calls(module, function.name))
    return Rule(min(own, default=function.name), frozenset(ops), code)


def _is_formula(function: ast.Lambda) -> bool:
    """Whether it computes a value, from x, and no slope, from x and y, or share, from grad."""
    names = [argument.arg for argument in function.args.args]
    return names[0] == "x" and names[1:] in ([], ["k"])


def _made_by(maker: ast.FunctionDef) -> list[ast.FunctionDef]:
    """The functions with a closure of their own that it makes: a table's methods."""
    inner = [node for node in maker.body if isinstance(node, ast.FunctionDef)]
    return [made for made in inner if any(isinstance(n, ast.FunctionDef) for n in made.body)]


def _functions(tree: ast.AST) -> list[ast.FunctionDef]:
    return [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]


def _calls(tree: ast.AST, function: str) -> list[ast.Call]:
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call)]
    return [call for call in calls if ast.unparse(call.func) == function]


def _texts(calls: list[ast.Call]) -> set[str]:
    """The names of operations among the calls' arguments: the only texts that are handed on."""
    arguments = [a for call in calls for a in call.args if isinstance(a, ast.Constant)]
    return {a.value for a in arguments if isinstance(a.value, str)}


def mutants(source: str, page: Path = VALUE) -> list[Mutant]:
    """Every mutant that is not equivalent, rule by rule, none twice."""
    made: dict[str, Mutant] = {}
    for rule in rules(source):
        changes = [change for code in rule.code for change in _off(code)]
        for node in (node for code in rule.code for node in ast.walk(code)):
            changes += _changes(node)
        for place, after in changes:
            mutant = replace(_mutant(source, rule.name, place, after), page=page)
            equivalent = (rule.name, mutant.before, after) in EQUIVALENT
            if not equivalent and _names(ast.parse(after)) <= _names(*rule.code):
                made.setdefault(mutant.source, mutant)
    return list(made.values())


def _names(*trees: ast.AST) -> set[str]:
    return {node.id for tree in trees for node in ast.walk(tree) if isinstance(node, ast.Name)}


Change: TypeAlias = tuple[ast.expr | ast.stmt, str]  # what is replaced, and by which text


def _changes(node: ast.AST) -> Iterator[Change]:
    """What is done to a node of each kind."""
    match node:
        case ast.AugAssign(target=ast.Attribute(value=ast.Name(name)) as target, value=share):
            yield from _off(share)
            signed = _negative(share) if isinstance(node.op, ast.Sub) else ast.unparse(share)
            yield node, f"{ast.unparse(target)} = {signed}"
            yield node, "pass"
            if name in OTHER_OPERAND:
                yield target, f"{OTHER_OPERAND[name]}.grad"
        case ast.Expr(
            value=ast.Call(ast.Attribute(value=ast.Name(name), attr="_accumulate"), args=[share])
        ):
            yield from _off(share)
            yield node, "pass"
            if name in OTHER_OPERAND:
                yield node.value, f"{OTHER_OPERAND[name]}._accumulate({ast.unparse(share)})"
        case ast.Return(value=ast.expr() as result):
            yield from _off(result)
        case ast.BinOp() if type(node.op) in TURNED_ROUND:
            yield from _changed_arithmetic(node)
        case ast.UnaryOp(operand=operand):
            yield node, ast.unparse(operand)
        case ast.Compare(left=left, ops=[op], comparators=[right]) if type(op) in NEIGHBOURS:
            yield node, ast.unparse(ast.Compare(left, [NEIGHBOURS[type(op)]()], [right]))
        case ast.IfExp(body=first, orelse=second) | ast.BoolOp(values=[first, second]):
            yield from ((node, ast.unparse(part)) for part in (first, second))
        case ast.If(test=test):
            yield from ((test, constant) for constant in ("True", "False"))
        case ast.Constant(value=int() | float() as number) if not isinstance(number, bool):
            yield node, repr(number + 1)
            if number:
                yield node, repr(number * A_MILLIONTH_MORE)
        case ast.Attribute(value=ast.Name(name), attr="data") if name in OTHER_OPERAND:
            yield node, f"{OTHER_OPERAND[name]}.data"


def _off(slope: ast.AST) -> Iterator[Change]:
    """A whole slope with the other sign, and off by a millionth."""
    if isinstance(slope, ast.expr):
        yield slope, _negative(slope)
        yield slope, ast.unparse(ast.BinOp(slope, ast.Mult(), ast.Constant(A_MILLIONTH_MORE)))


def _negative(node: ast.expr) -> str:
    return ast.unparse(ast.UnaryOp(ast.USub(), node))


def _changed_arithmetic(node: ast.BinOp) -> Iterator[Change]:
    """A factor, a divisor or a term dropped, or the operation turned round."""
    left, right = node.left, node.right
    yield node, ast.unparse(left)
    if isinstance(node.op, ast.Mult | ast.Add):
        yield node, ast.unparse(right)
    if isinstance(node.op, ast.Sub):
        yield node, _negative(right)
    yield node, ast.unparse(ast.BinOp(left, TURNED_ROUND[type(node.op)](), right))


def _mutant(source: str, rule: str, node: ast.expr | ast.stmt, after: str) -> Mutant:
    lines = source.encode().splitlines(keepends=True)  # columns count bytes
    start = len(b"".join(lines[: node.lineno - 1])) + node.col_offset
    end = len(b"".join(lines[: (node.end_lineno or 0) - 1])) + (node.end_col_offset or 0)
    whole = b"".join(lines)
    inserted = f"({after})" if isinstance(node, ast.expr) else after
    changed = whole[:start] + inserted.encode() + whole[end:]
    place = f"{node.lineno}:{node.col_offset + 1}"
    return Mutant(rule, place, ast.unparse(node), after, changed.decode())


def copy_packages(to: Path) -> Path:
    for name in COPIED:
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, to / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, to / name)
    return to


def first_failure(copy: Path, mutant: Mutant) -> str | None:
    """The first test that fails in the copy with the mutant in place of its page, if any."""
    (copy / mutant.page).write_text(mutant.source, encoding="utf-8")
    # Mutants are written within the same second, and a compiled one would be taken for the next.
    # A copy is not measured along with the checkout.
    inherited = {
        name: text for name, text in os.environ.items() if not name.startswith("COVERAGE_")
    }
    alone = {"PYTHONDONTWRITEBYTECODE": "1", "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    environment = {**inherited, **alone, "PYTHONPATH": str(copy)}
    quick = ["-x", "-v", "--tb=no", "-rN", "-p", "no:cacheprovider"]
    for files in TESTS if mutant.page == VALUE else TESTS_OF_TENSOR:
        tests = [f"tests/minigrad/{name}" for name in files]
        done = subprocess.run(
            [sys.executable, "-m", "pytest", *quick, *tests],
            cwd=copy,
            env=environment,
            capture_output=True,
            text=True,
        )
        if failed := re.search(r"^tests/minigrad/(.+) FAILED", done.stdout, flags=re.MULTILINE):
            return failed[1]
        if done.returncode:
            raise RuntimeError(f"pytest could not be run:\n{done.stdout}{done.stderr}")
    return None


def judge(tried: Sequence[Mutant]) -> Iterator[tuple[Mutant, str | None]]:
    """Each mutant with the first test that fails for it, or None if it survived."""
    with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor(PROCESSES) as pool:
        free: SimpleQueue[Path] = SimpleQueue()
        for number in range(PROCESSES):
            free.put(copy_packages(Path(folder, str(number))))

        def verdict(mutant: Mutant) -> str | None:
            copy = free.get()
            try:
                return first_failure(copy, mutant)
            finally:
                free.put(copy)

        yield from zip(tried, pool.map(verdict, tried), strict=True)


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="Break each slope of a page, see a test fail.")
    parser.add_argument("rules", nargs="*", metavar="RULE", help="its operation (default: all)")
    parser.add_argument("--page", choices=["value", "tensor", "places"], default="value")
    arguments = parser.parse_args(argv)
    if arguments.page == "places":
        return mutated_places.main()
    page = VALUE if arguments.page == "value" else TENSOR
    source = (ROOT / page).read_text(encoding="utf-8")
    every = mutants(source, page)
    names = list(dict.fromkeys(mutant.rule for mutant in every))
    wanted = arguments.rules or names
    if unknown := [name for name in wanted if name not in names]:
        parser.error(f"no rule {unknown[0]!r}, only {', '.join(names)}")
    started, survived = time.monotonic(), 0
    original = Mutant("unmutated", "", "", "", source, page)
    if failed := next(judge([original]))[1]:
        print(f"{failed} fails without any mutation: there is nothing to be learnt")
        return 2
    tried = [mutant for mutant in every if mutant.rule in wanted]
    for mutant, caught_by in judge(tried):
        print(f"{mutant}   {f'caught by {caught_by}' if caught_by else 'SURVIVED'}", flush=True)
        survived += caught_by is None
    seconds = time.monotonic() - started
    print(f"{len(tried)} mutants of {len(wanted)} rules in {seconds:.0f} s: {survived} survived")
    return 1 if survived else 0


if __name__ == "__main__":
    sys.exit(main())
