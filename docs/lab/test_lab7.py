import math
import random

import pytest
from judge import same
from lab3 import Node
from lab5 import backward
from lab6 import MLP
from lab7 import XOR, mean_squared_error, sgd_step, train, zero_grad

pytestmark = pytest.mark.lab7


class Line:
    """w * x: a model of one parameter, whose training can be done on paper."""

    def __init__(self, w):
        self.w = Node(w)

    def __call__(self, x):
        return [self.w * x[0]]

    def parameters(self):
        return [self.w]


def test_the_loss_is_the_mean_of_the_squared_errors():
    loss = mean_squared_error(Line(2.0), [([1.0], 1.0), ([3.0], 9.0)])
    same("type of the loss", type(loss), Node, "Calculate with Nodes, and return one.")
    hint = "Errors 2 - 1 = 1 and 6 - 9 = -3, squares 1 and 9, their mean. 10 is the sum."
    same("loss of 2 * x on (1, 1) and (3, 9)", loss.data, 5.0, hint)


def test_the_loss_is_a_graph_down_to_the_parameters():
    line = Line(2.0)
    loss = mean_squared_error(line, [([1.0], 1.0), ([3.0], 9.0)])
    hint = "Return a Node, and calculate with Nodes all the way: no .data within the loss."
    same("type of the loss", type(loss), Node, hint)
    backward(loss)
    same("gradient of w: mean of 2 * error * x", line.w.grad, (2 * 1 * 1 + 2 * -3 * 3) / 2, hint)


def test_a_step_goes_downhill():
    up, down = Node(3.0), Node(3.0)
    up.grad, down.grad = 6.0, -6.0
    sgd_step([up, down], lr=0.1)
    hint = "Where the loss rises with w, w must fall: 3 - 0.1 * 6."
    same(
        "w = 3 after a step with gradients 6 and -6, lr 0.1", [up.data, down.data], [2.4, 3.6], hint
    )


def test_clearing_sets_every_gradient_to_0_and_leaves_the_data():
    a, b = Node(1.0), Node(2.0)
    a.grad, b.grad = 5.0, -5.0
    zero_grad([a, b])
    hint = "Only .grad, of each parameter."
    same("grad, grad, data, data", [a.grad, b.grad, a.data, b.data], [0.0, 0.0, 1.0, 2.0], hint)


def test_training_follows_the_path_done_by_hand():
    line = Line(3.0)
    losses = train(line, [([1.0], 0.0)], steps=4, lr=0.1)
    # The loss is w * w, its slope 2 * w: each step multiplies w by 1 - 0.1 * 2 = 0.8.
    expected = [(3.0 * 0.8**step) ** 2 for step in range(4)]
    hint = (
        "Do all start with 9? Else the loss was taken after the update. Growing: uphill. The first "
        "two right, then wrong: gradients were not cleared. All 9: no step was taken."
    )
    same("losses of w * w from w = 3, lr 0.1", losses, expected, hint)
    same("w afterwards", line.w.data, 3.0 * 0.8**4, "One update a step, after the last loss too.")


def test_training_starts_from_cleared_gradients():
    line = Line(3.0)
    line.w.grad = 100.0
    train(line, [([1.0], 0.0)], steps=1, lr=0.1)
    hint = "Somebody may have called backward() before. Clear, then walk back."
    same("w after one step, with an old gradient of 100", line.w.data, 2.4, hint)


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_the_network_learns_xor(seed):
    model = MLP(2, [8, 1], random.Random(seed))
    losses = train(model, XOR, steps=300, lr=0.2)
    hint = "All else passes? Then build a new loss, from the model, at every step."
    same("number of losses", len(losses), 300, "One for each step.")
    fell = math.isfinite(losses[-1]) and losses[-1] < 0.01
    same(f"the loss fell below 0.01 (from {losses[0]:.4f} to {losses[-1]:.4f})", fell, True, hint)
    for x, target in XOR:
        answer = 1.0 if model(x)[0].data > 0.5 else 0.0
        same(f"what the network says at {x}", answer, target, hint)
