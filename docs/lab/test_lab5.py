import math

import lab1
import pytest
from judge import attempt, same
from lab3 import Node
from lab5 import backward, gradient

pytestmark = pytest.mark.lab5


def test_the_example_done_by_hand():
    a, b, c = Node(2.0), Node(-3.0), Node(0.5)
    backward(a * b + c.tanh())
    hint = (
        "The root's gradient is 1. Each parent receives the slope for it times the node's gradient."
    )
    expected = [-3.0, 2.0, 1 - math.tanh(0.5) ** 2]
    same("gradients of a * b + tanh(c) at 2, -3, 0.5", [a.grad, b.grad, c.grad], expected, hint)


def test_slopes_are_multiplied_along_the_way():
    x = Node(0.5)
    y = 3 * x
    z = y.tanh()
    backward(10 * z)
    slope = 1 - math.tanh(1.5) ** 2
    gradients = [z.grad, y.grad, x.grad]
    hint = "Not the slope alone: slope times the gradient that has arrived at the node."
    same(
        "gradients of z, y, x in 10 * z, z = tanh(y), y = 3 * x",
        gradients,
        [10, 10 * slope, 30 * slope],
        hint,
    )


def test_a_number_used_twice_receives_two_shares():
    x = Node(3.0)
    backward(x * x)
    hint = "3 is one share only: `=` replaces, `+=` adds up."
    same("gradient of x in x * x at 3", x.grad, 6.0, hint)


def test_a_node_waits_for_all_its_consumers():
    a = Node(1.0)
    b = a + a
    backward(b + 3 * b)
    hint = "b may speak when all have spoken to it: walk your topological order in reverse."
    same("gradients of b and a in b + 3 * b, b = a + a", [b.grad, a.grad], [4.0, 8.0], hint)


def test_leaves_add_up_over_several_calls():
    w = Node(1.0)
    backward(w * 2)
    backward(w * 5)
    hint = "A leaf keeps what it holds, so that losses can be walked one after the other."
    same("gradient of w after backward(w * 2) and backward(w * 5)", w.grad, 7.0, hint)


def test_inner_nodes_start_again_at_each_call():
    x = Node(3.0)
    square = x * x
    cube = square * x
    backward(cube)
    same("gradient of x in x * x * x at 3", x.grad, 27.0, "Add up the shares of all three uses.")
    backward(cube)
    hint = (
        "Set the gradient of all that has parents to 0 before you walk; else old shares go twice."
    )
    gradients = [cube.grad, square.grad, x.grad]
    same(
        "gradients of cube, square, x after a second backward()", gradients, [1.0, 3.0, 54.0], hint
    )


def test_fourteen_doublings():
    a = y = Node(1.0)
    for _ in range(14):
        y = y + y
    backward(y)
    same("gradient of the leaf under 14 doublings", a.grad, 2.0**14, "2 for each doubling.")


def test_a_deep_graph():
    x = Node(1.0)
    total = Node(0.0)
    for _ in range(5000):
        total = total + x
    hint = "A loop over the order needs no recursion."
    same("backward() of a sum of 5000 x", attempt(lambda: backward(total)), None, hint)
    same("gradient of x then", x.grad, 5000.0, hint)


# Each of them goes for Nodes and for plain floats alike, but for the functions.
FORMULAS = {
    "(a - b) * (a + b) / (1 + a * a)": lambda a, b: (a - b) * (a + b) / (1 + a * a),
    "1 / a - 2 * b / a": lambda a, b: 1 / a - 2 * b / a,
    "tanh(a * b) * exp(b)": lambda a, b: _tanh(a * b) * _exp(b),
    "log(1 + exp(a - b)) - relu(a)": lambda a, b: _log(1 + _exp(a - b)) - _relu(a),
}


@pytest.mark.parametrize("formula", FORMULAS)
def test_the_gradient_agrees_with_your_central_difference(formula):
    f, point = FORMULAS[formula], [0.7, -1.3]
    measured = lab1.gradient(f, point)
    hint = "The measurement is lab 1's. If one formula alone is wrong, look at the rules it uses."
    same(f"gradient of {formula} at {point}", gradient(f, point), measured, hint, tolerance=1e-6)


def test_one_call_of_f_is_enough():
    calls = []
    gradient(lambda *numbers: calls.append(numbers) or numbers[0] * numbers[1], [2.0, 3.0])
    hint = "All slopes come from the same graph, by one walk back. That is the point of it all."
    same("number of calls of f for a gradient in 2 numbers", len(calls), 1, hint)


def _exp(x):
    return x.exp() if isinstance(x, Node) else math.exp(x)


def _log(x):
    return x.log() if isinstance(x, Node) else math.log(x)


def _tanh(x):
    return x.tanh() if isinstance(x, Node) else math.tanh(x)


def _relu(x):
    return x.relu() if isinstance(x, Node) else max(0.0, x)
