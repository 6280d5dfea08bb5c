"""How many array operations and calls a gradient of the GPT takes, and how long it takes.

    python -m experiments.microgpt.measure

`by height` groups the tokens' operations by their distance to the loss, as lift did before it also
grouped them as they become ready. Times are the least of many, one batch of 8 names, one thread.
"""

from collections.abc import Callable
from random import Random
from time import process_time
from typing import Any
from unittest.mock import patch

from minigrad.threads import use_one_thread

BATCH = 8


def main() -> None:
    use_one_thread()
    import numpy as np  # after that, and what loads it too

    from experiments.microgpt.microgpt import GPT, NAMES, sample
    from minigrad import lift, native
    from minigrad.lift import program
    from minigrad.lift.execution import Execution
    from minigrad.lift.grouping import by_height
    from minigrad.lift.lifted import Lifted

    model = GPT(Random(0))
    names = NAMES.read_text(encoding="utf-8").split()[:BATCH]
    letters, answers = (list(column) for column in zip(*map(sample, names), strict=True))
    batch = [np.reshape(column, (BATCH, -1)) for column in (letters, answers)]
    numbers = np.array([parameter.data for parameter in model.parameters()])

    def loss(*one: Any) -> tuple[Any, list[Any]]:
        return model.loss(*one), []

    def lifted() -> Lifted:
        return Lifted(loss, [letters[0], answers[0]], model.parameters())

    def row(name: str, made: Lifted) -> None:
        seconds = least(lambda: made.gradient(numbers, batch))
        calls = Execution(made.merged, (), BATCH, slopes=True).calls
        operations = len(made.merged.operations)
        print(f"{name:20} {operations:10} {calls:6,} {1000 * seconds:12.2f}")

    print(f"{'':20} operations  calls  ms a gradient")
    with patch.object(program, "by_agenda", by_height):
        row("numpy, by height", lifted())
    row("numpy", ours := lifted())
    if native.available():
        from minigrad.native.executor import NativeProgram

        machine = NativeProgram(ours)
        seconds = least(lambda: machine.gradient(numbers, batch))
        print(f"{'native':20} {len(machine.merged.operations):10} {'1':>6} {1000 * seconds:12.2f}")
    eager = lift.compile(model.loss, model.parameters(), engine="eager")
    seconds = least(lambda: eager.gradient(letters, answers), 3)
    print(f"{'eager':20} {ours.program.scalars * BATCH:10,} {'':6} {1000 * seconds:12.2f}")


def least(function: Callable[[], object], times: int = 200) -> float:
    """The least processor time of a call, after one that is not counted."""
    function()
    durations = []
    for _ in range(times):
        start = process_time()
        function()
        durations.append(process_time() - start)
    return min(durations)


if __name__ == "__main__":
    main()
