"""No program and no job reaches outside its memory: both are refused before anything runs."""

import random
import threading
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from minigrad import Value
from minigrad.lift import LiftError
from minigrad.native.code import Code, Instruction, Rows, Slots
from minigrad.native.instructions import translate
from minigrad.native.loading import module
from tests.minigrad.native.running import MACHINES, lifted
from tests.minigrad.native.test_training import Problem

FAR = 2**31 - 1


@pytest.fixture(scope="module")
def code() -> Code:
    return translate(Problem(classes=3).lifted.program, "largest_is_target")


def with_one(code: Code, instruction: Instruction) -> Code:
    return replace(code, instructions=[instruction], sizes=replace(code.sizes, fixed=0, forward=0))


WRONG = {
    "y beyond the rows": Instruction("zero", 1, y=Rows(FAR)),
    "its last row": Instruction("zero", 2, y=Rows(0, FAR)),
    "once rows": Instruction("copy", 1, y=Rows(0), a=Rows(FAR, once=True)),
    "many rows": Instruction("zero", FAR, y=Rows(0)),
    "rows times terms": Instruction("sum_terms", 2**20, y=Rows(0, 0), a=Rows(0, 0), inner=2**20),
    "terms": Instruction("sum_terms", 2, y=Rows(0), a=Rows(0), inner=10_000),
    "inner rows": Instruction("matmul", 1, y=Rows(0), a=Rows(0), inner=10_000, slots=Slots(0, 0)),
    "weights": Instruction("matmul", 2, y=Rows(0), a=Rows(0), inner=1, slots=Slots(0, FAR)),
    "the bias": Instruction(
        "matmul", 1, y=Rows(0), a=Rows(0), inner=1, slots=Slots(0, 0, FAR), has_bias=True
    ),
    "slopes": Instruction("outer", 1, a=Rows(0), b=Rows(0), inner=2, slots=Slots(0, 0, FAR)),
    "rows of all times": Instruction("matmul", 1, y=Rows(0), a=Rows(0), inner=1, times=10_000),
    "apart": Instruction("matmul", 1, y=Rows(0), a=Rows(0, 2), inner=1, times=2),
    "apart, of slopes": Instruction("outer", 1, a=Rows(0, 0), b=Rows(0), inner=1, times=2),
    "times of what has one": Instruction("zero", 1, y=Rows(0), times=2),
    "no times": Instruction("zero", 1, y=Rows(0), times=0),
    "inner rows of all times": Instruction(
        "outer", 1, a=Rows(0), b=Rows(0), inner=2**20, times=2**20
    ),
    "once and samples": Instruction("sum_products", 1, a=Rows(0), b=Rows(0, once=True)),
    "a sample read once": Instruction("matmul", 1, y=Rows(0), a=Rows(0, once=True), inner=1),
    "the table": Instruction("gather", 10_000, y=Rows(0, 0)),
    "the table's end": Instruction("scatter_weights", 1, table=FAR),
    "an operand that is not used": Instruction("zero", 1, y=Rows(0), a=Rows(5)),
    "a row by table": Instruction("copy", 1, y=Rows(0), a=Rows(FAR, by_table=True)),
    "a table of too few rows": Instruction("copy", 10_000, y=Rows(0, 0), a=Rows(0, by_table=True)),
    "by table, what cannot": Instruction(
        "matmul", 1, y=Rows(0), a=Rows(0, by_table=True), inner=1, slots=Slots(0, 0)
    ),
    "by table, what is not used": Instruction("zero", 1, y=Rows(0), a=Rows(0, by_table=True)),
    "a sum of negatives": Instruction("sum_terms", 1, y=Rows(0), a=Rows(0), negates=True),
    "dots in blocks of another size": Instruction("dots", 0, times=3),
    "sums in blocks": Instruction("sums", 0, times=4),
    "a negative step": Instruction("zero", 2, y=Rows(5, -1)),
    "a negative row": Instruction("zero", 1, y=Rows(-1)),
}


@pytest.mark.parametrize("what", sorted(WRONG))
def test_an_instruction_that_reaches_outside_is_refused(code: Code, what: str) -> None:
    with pytest.raises(ValueError, match=r"^instruction 0 cannot run: "):
        with_one(code, WRONG[what]).prepare(module())


@pytest.mark.parametrize("place", [(10_000, 0), (10_000, 1), (10_000, 2), (0, 3), (-1, 0), (0, -1)])
@pytest.mark.parametrize("op", ["gather", "scatter"])
def test_a_table_that_reaches_outside_is_refused(
    code: Code, op: str, place: tuple[int, int]
) -> None:
    named = {"gather": {"y": Rows(0)}, "scatter": {"a": Rows(0)}}[op]
    instruction = Instruction(op, 1, table=len(code.table), **named)  # type: ignore[arg-type]
    wrong = replace(with_one(code, instruction), table=[*code.table, *place])
    with pytest.raises(ValueError, match="its table has a place outside memory"):
        wrong.prepare(module())


def by_table(code: Code, op: str, numbers: list[int], rows: int, terms: int) -> Code:
    instruction = Instruction(op, rows, inner=terms, table=len(code.table))
    return replace(with_one(code, instruction), table=[*code.table, *numbers])


RIGHT_TABLES = [
    ("dots", [2, 1, 3, 4], 1, 1), ("dots", [2, 0, 3, 2, 2, 2, 4, 4], 2, 2),
    ("sums", [2, 1, 3], 1, 1), ("sums", [2, 3, 3, 4, 4, 3, 0], 2, 3), ("sums", [], 0, 0),
]  # fmt: skip


@pytest.mark.parametrize(("op", "numbers", "rows", "terms"), RIGHT_TABLES)
def test_a_table_of_sums_that_fits_runs(
    code: Code, op: str, numbers: list[int], rows: int, terms: int
) -> None:
    run(by_table(code, op, numbers, rows, terms).prepare(module()), Problem(classes=3))


@pytest.mark.parametrize(("op", "numbers", "rows", "terms"), RIGHT_TABLES)
def test_a_table_of_sums_that_reaches_outside_is_refused(
    code: Code, op: str, numbers: list[int], rows: int, terms: int
) -> None:
    for place in range(len(numbers)):
        for wrong in (-1, 10_000, FAR, 2**62, -(2**62)):
            changed = [*numbers[:place], wrong, *numbers[place + 1 :]]
            with pytest.raises(ValueError, match="its table"):
                by_table(code, op, changed, rows, terms).prepare(module())
    for end in range(len(numbers)):
        with pytest.raises(ValueError, match="its table ends too early"):
            by_table(code, op, numbers[:end], rows, terms).prepare(module())
    for count in (terms + 1, FAR):
        with pytest.raises(ValueError, match="its table has more or fewer terms"):
            by_table(code, op, numbers, rows, count).prepare(module())


@pytest.mark.parametrize("name", "yabc")
@pytest.mark.parametrize("once", [False, True])
def test_rows_by_table_are_refused_where_they_are_outside(
    code: Code, name: str, once: bool
) -> None:
    operands = {letter: Rows(0) for letter in "yabc"}
    operands[name] = Rows(len(code.table), once=once, by_table=True)
    one = with_one(code, Instruction("winner_share", 2, **operands))  # type: ignore[arg-type]
    end = code.sizes.once_rows if once else code.sizes.sample_rows
    for rows in ([end - 1, 0], [0, end - 1], [0, 0]):
        run(replace(one, table=[*code.table, *rows]).prepare(module()), Problem(classes=3))
    for rows in ([0, end], [end, 0], [0, -1], [0, FAR], [0]):
        with pytest.raises(ValueError, match="its table"):
            replace(one, table=[*code.table, *rows]).prepare(module())


@pytest.mark.parametrize("steps", [Slots(0, 1, 1), Slots(0, 3, 0), Slots(0, 0, 2)])
def test_a_block_of_dots_is_refused_where_one_of_its_rows_is_outside(
    code: Code, steps: Slots
) -> None:
    instruction = Instruction("dots", 1, inner=1, times=4, slots=steps, table=len(code.table))
    end = code.sizes.sample_rows
    last_y, last_b = end - 1 - 3 * steps.down, end - 1 - 3 * steps.along

    def with_row(y: int, a: int, b: int) -> Code:
        return replace(with_one(code, instruction), table=[*code.table, y, 1, a, b])

    run(with_row(last_y, end - 1, last_b).prepare(module()), Problem(classes=3))
    for rows in ((last_y + 1, 2, 2), (2, end, 2), (2, 2, last_b + 1)):
        with pytest.raises(ValueError, match="its table has a place outside memory"):
            with_row(*rows).prepare(module())


@pytest.mark.parametrize("size", ["forward", "fixed", "loss_slot", "correct_slot", "argument_rows"])
def test_sizes_that_do_not_fit_are_refused(code: Code, size: str) -> None:
    for number in (FAR, -1, 2**40):
        wrong = replace(code, sizes=replace(code.sizes, **{size: number}))
        with pytest.raises(ValueError, match="cannot run"):
            wrong.prepare(module())


def test_random_changes_are_refused_or_stay_inside(code: Code) -> None:
    """Whatever passes the check runs without a crash: under the sanitizers, inside its memory."""
    rng = random.Random(0)
    problem, refused = Problem(classes=3), 0
    for _ in range(1500):
        changed = list(code.instructions)
        index = rng.randrange(len(changed))
        changed[index] = mutated(changed[index], rng)
        try:
            prepared = replace(code, instructions=changed).prepare(module())
        except ValueError:
            refused += 1
        else:
            run(prepared, problem)
    assert 200 < refused < 1300


def mutated(instruction: Instruction, rng: random.Random) -> Instruction:
    number = rng.choice([0, 1, 2, 3, 7, 30, 60, 100, 1000, FAR])
    name = rng.choice(["rows", "inner", "times", "table", "y", "a", "b", "c", "slots", "op"])
    if name in ("rows", "inner", "times", "table"):
        number = min(number, 1000)  # so many rows of step 0 are inside, and take for ever
        changed: dict[str, Any] = {name: number}
        return replace(instruction, **changed)
    if name == "slots":
        return replace(instruction, slots=Slots(number, rng.choice([0, 1, number])))
    if name == "op":
        return replace(instruction, op=rng.choice(module().operations()))
    step, once = rng.choice([0, 1, 2, number]), rng.random() < 0.3
    rows = Rows(number, step, once, by_table=rng.random() < 0.2)
    return replace(instruction, **{name: rows})  # type: ignore[arg-type]


def job(problem: Problem, **changed: Any) -> tuple[Any, ...]:
    """The arguments of _machine.run after the program: two steps of SGD on three replicas."""
    parameters = np.tile(problem.parameters, (3, 1))
    samples, rows = len(problem.inputs), 5
    arrays = {
        "parameters": parameters,
        "inputs": np.zeros((1, rows, samples)),
        "chosen": None,
        "sizes": None,
        "states": np.zeros((1, *parameters.shape)),
        "numbers": np.zeros((2, 8)),
        "rates": np.zeros((2, 1)),
        "losses": np.zeros((2, 3)),
        "norms": np.zeros((2, 3)),
        "correct": np.zeros((2, 3)),
        "done": np.zeros(3, dtype=np.int64),
        "gradient": None,
        "outputs": None,
        "before": None,
        "states_before": None,
    }
    counts = {
        "replicas": 3, "first": 0, "last": 3, "steps": 2, "batch": samples, "samples": samples,
        "slopes": 1, "inputs_each": 0, "chosen_each": 0, "rates_each": 0, "rule": 0,
    }  # fmt: skip
    arrays |= {name: value for name, value in changed.items() if name in arrays}
    counts |= {name: value for name, value in changed.items() if name in counts}
    return tuple(counts.values()), (np.inf, np.inf), tuple(arrays.values())


def run(prepared: object, problem: Problem, **changed: Any) -> None:
    for name in module().machines():
        module().run(name, prepared, *job(problem, **changed))


WRONG_JOBS: dict[str, dict[str, Any]] = {
    "too few parameters": {"parameters": np.zeros((2, 31))},
    "too few inputs": {"inputs": np.zeros((1, 4, 37))},
    "inputs for each replica": {"inputs_each": 1},
    "too many replicas": {"replicas": 4},
    "replicas beyond the last": {"last": 4},
    "no replicas": {"replicas": 0},
    "a batch of none": {"batch": 0},
    "a batch beyond the samples": {"batch": 38},
    "a huge count": {"steps": 2**62},
    "a sample that is not there": {"chosen": np.full((2, 1, 37), 37)},
    "a negative sample": {"chosen": np.full((2, 1, 37), -1)},
    "a size beyond the batch": {"sizes": np.array([37, 38])},
    "a size of 0": {"sizes": np.array([0, 37])},
    "an unknown rule": {"rule": 8},
    "a rule with more states": {"rule": 1},
    "rates for each replica": {"rates_each": 1},
    "too little room for outputs": {"outputs": np.zeros((3, 37, 2))},
    "too little room for the gradient": {"gradient": np.zeros((3, 1))},
    "too few parameters before": {"before": np.zeros((2, 31))},
    "too few states before": {"states_before": np.zeros((1, 2, 31))},
}


def test_a_job_that_fits_runs(code: Code) -> None:
    run(code.prepare(module()), Problem(classes=3))


@pytest.mark.parametrize("what", sorted(WRONG_JOBS))
def test_a_job_whose_arrays_do_not_fit_is_refused(code: Code, what: str) -> None:
    with pytest.raises(ValueError, match=r"needed|cannot run"):
        run(code.prepare(module()), Problem(classes=3), **WRONG_JOBS[what])


@pytest.mark.parametrize("name", MACHINES)
def test_places_that_change_while_steps_are_taken_lead_nowhere_else(code: Code, name: str) -> None:
    """The call releases the interpreter's lock, and any thread may write to its arrays then."""
    steps, problem = 4000, Problem(classes=3)
    losses = np.full((steps, 3), np.inf)
    chosen, sizes = np.zeros((steps, 1, 37), dtype=np.int64), np.full(steps, 37)
    arguments = job(
        problem, steps=steps, chosen=chosen, sizes=sizes, losses=losses,
        numbers=np.zeros((steps, 8)), rates=np.zeros((steps, 1)), norms=None, correct=None,
    )  # fmt: skip
    prepared = code.prepare(module())
    thread = threading.Thread(target=module().run, args=(name, prepared, *arguments))
    thread.start()
    while thread.is_alive() and np.isinf(losses[0]).any():
        pass
    chosen[...], sizes[...] = 2**40, 2**40
    thread.join()
    assert np.isfinite(losses).all()


def test_arrays_that_are_read_only_or_not_in_one_piece_are_refused(code: Code) -> None:
    prepared, problem = code.prepare(module()), Problem(classes=3)
    frozen = np.zeros((2, 3))
    frozen.flags.writeable = False
    with pytest.raises((ValueError, BufferError)):
        run(prepared, problem, losses=frozen)
    with pytest.raises((ValueError, BufferError)):
        run(prepared, problem, losses=np.zeros((2, 6))[:, ::2])


def test_a_program_is_what_prepare_gave_and_nothing_else() -> None:
    with pytest.raises((ValueError, TypeError)):
        run(object(), Problem(classes=3))


def test_a_machine_that_is_not_there_is_refused(code: Code) -> None:
    with pytest.raises(ValueError, match="this processor has no machine abacus"):
        module().run("abacus", code.prepare(module()), *job(Problem(classes=3)))


def test_an_operation_without_an_instruction_is_named() -> None:
    a = Value(1.0)
    program = lifted(lambda x: (a * x).tanh(), [[1.0]], [a]).program
    odd = [replace(operation, op="sqroot") for operation in program.operations]
    with pytest.raises(LiftError, match="the native engine has no instruction for 'sqroot'"):
        translate(replace(program, operations=odd))
