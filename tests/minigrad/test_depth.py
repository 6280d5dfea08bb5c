"""Depth: a chain of a million operations goes forward, backward and away again.

Each chain has a process of its own: releasing a chain node by node recurses in C, and a crash there
could not be caught; here it is an exit code.
"""

import subprocess
import sys

import pytest

# Every addition of x adds 1 to the slope. The collector is on, as in a loop of one's own.
ADDITIONS = """
for _ in range(1_000_000):
    node = node + x
value, slope, tolerance = 0.5 * 1_000_001, 1_000_001, 0.0
"""

# 25 operations, each on the result of the one before, that undo one another: the whole chain is the
# identity, and its slope, 1, is a product over every node. Roundings are all that can add up, and
# a million of 1e-15 are 1e-9; a slope that is off by 1e-6 once in a cycle is off by 4% at the end.
MIXED = """
gc.disable()
for _ in range(1_000_000 // 25):
    node = (2 / (1 - node.tanh()) - 1).log() * 0.5
    node = -(1 / node.sigmoid() - 1).log()
    node = (node.softplus().exp() - 1).log()
    node = node.exp().sqrt().log() / 0.5
    node = maximum(minimum(abs(node).relu(), 2).leaky_relu(), 0).elu()
value, slope, tolerance = 0.5, 1.0, 1e-9
"""

SCRIPT = """
import gc, sys
from minigrad import Value, maximum, minimum
if sys.platform == "linux":
    import resource
    resource.setrlimit(resource.RLIMIT_AS, (1_500_000_000, 1_500_000_000))
x = Value(0.5)
node = x
{chain}
node.backward()
result = node.data, x.grad
del node
if any(abs(a - b) > tolerance for a, b in zip(result, (value, slope))):
    sys.exit(f"value and slope are {{result}} instead of {{value, slope}}")
"""


@pytest.mark.parametrize(
    "chain",
    [
        pytest.param(ADDITIONS, id="additions", marks=pytest.mark.slow),
        pytest.param(MIXED, id="mixed operations"),
    ],
)
def test_a_million_operations_in_a_chain_need_no_recursion_and_little_memory(chain: str) -> None:
    command = [sys.executable, "-c", SCRIPT.format(chain=chain)]
    run = subprocess.run(command, capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
