import subprocess
import sys
from pathlib import Path

import numpy
import pytest
from judge import attempt, same
from lab8 import Momentum, MyAdam

import optim
from minigrad import Value
from optim import OPTIMIZERS, Settings

pytestmark = pytest.mark.lab8

REGISTERED = "One decorator above the class: @OPTIMIZERS.register. The name is in lower case."
_ADAM = Settings(lr=0.1, beta1=0.9, beta2=0.999, eps=1e-8)


def _path(optimizer_class, **settings):
    """Where 10 steps lead from (3, -2) in the valley x^4 + 10 y^2."""
    x, y = Value(3.0), Value(-2.0)
    optimizer = optimizer_class([x, y], **settings)
    path = []
    for _ in range(10):
        optimizer.zero_grad()
        (x**4 + 10 * y * y).backward()
        optimizer.step()
        path += [x.data, y.data]
    return path


def test_momentum_starts_as_plain_gradient_descent():
    x = Value(3.0)
    optimizer = Momentum([x], lr=0.1, momentum=0.9)
    (x * x).backward()
    optimizer.step()
    hint = (
        "The velocity starts at 0, so at first it is the gradient: 3 - 0.1 * 6. Return the new x."
    )
    same("x = 3 after a step on x * x, lr 0.1", x.data, 2.4, hint)


def test_momentum_keeps_its_velocity():
    state = {}
    x = Momentum.rule(3.0, 6.0, state, Settings(lr=0.1, momentum=0.5))
    x = Momentum.rule(x, 4.0, state, Settings(lr=0.1, momentum=0.5))
    hint = "Velocities 6, then 0.5 * 6 + 4 = 7. `state` outlives the call: keep the velocity in it."
    same("x = 3 after gradients 6 and 4, lr 0.1, momentum 0.5", x, 3.0 - 0.6 - 0.7, hint)


def test_momentum_goes_the_way_of_minigrads_sgd():
    path = _path(Momentum, lr=0.01, momentum=0.9)
    hint = "v = momentum * v + g and x = x - lr * v; v of each parameter is its own."
    same("10 steps, x and y in turn", path, _path(optim.SGD, lr=0.01, momentum=0.9), hint)


def test_momentum_is_registered():
    same("'momentum' in OPTIMIZERS", "momentum" in OPTIMIZERS, True, REGISTERED)
    same("it is your class", OPTIMIZERS["momentum"] is Momentum, True, REGISTERED)


def test_the_command_trains_xor_with_your_momentum(tmp_path):
    config = Path(__file__).parent / "lab8.yaml"
    command = [sys.executable, "-m", "minigrad.train", str(config), "--out", str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    asked = f"exit code of `minigrad train my-labs/lab8.yaml`\n{done.stdout}{done.stderr}"
    same(asked, done.returncode, 0, "First the tests above: registered, and as SGD goes.")


def test_the_first_step_of_adam_is_the_learning_rate():
    for g in (6.0, -0.001):
        new = MyAdam.rule(3.0, g, {}, _ADAM)
        expected = 2.9 if g > 0 else 3.1
        hint = "Divide m by 1 - beta1**t and v by 1 - beta2**t, with t = 1 at the first step."
        same(f"x = 3 after one gradient of {g}, lr 0.1", new, expected, hint, tolerance=1e-5)


def test_adam_counts_its_steps():
    state, x = {}, 3.0
    for g in (1.0, 1.0, 1.0):
        x = MyAdam.rule(x, g, state, _ADAM)
    hint = "Equal gradients make equal steps of lr, if t grows by 1 each time. Keep t in `state`."
    same("x = 3 after three gradients of 1, lr 0.1", x, 2.7, hint, tolerance=1e-5)


def test_adam_goes_the_way_of_minigrads():
    expected = _path(optim.Adam, lr=0.1, betas=(0.8, 0.9), eps=1e-3)
    path = _path(MyAdam, lr=0.1, beta1=0.8, beta2=0.9, eps=1e-3)
    hint = "v is the mean of g * g, and eps is added after the root."
    same("10 steps, x and y in turn", path, expected, hint)


def test_adam_is_registered():
    same("'myadam' in OPTIMIZERS", "myadam" in OPTIMIZERS, True, REGISTERED)
    same("it is your class", OPTIMIZERS["myadam"] is MyAdam, True, REGISTERED)


RULES = {
    "momentum": (Momentum, Settings(lr=0.1, momentum=0.9)),
    "myadam": (MyAdam, _ADAM),
}


@pytest.mark.parametrize("name", RULES)
def test_a_rule_goes_for_arrays_as_for_numbers(name):
    optimizer_class, settings = RULES[name]

    def three_steps(x, g):
        state = {}
        for _ in range(3):
            x = optimizer_class.rule(x, g, state, settings)
        return x

    numbers, gradients = [3.0, -2.0, 0.5], [6.0, 0.1, -1.0]
    expected = [three_steps(x, g) for x, g in zip(numbers, gradients, strict=True)]
    array = numpy.array(gradients)
    ends = attempt(lambda: three_steps(numpy.array(numbers), array).tolist())
    hint = "math.sqrt takes no arrays; optim.elementwise.sqrt takes both. Make new arrays: no +=."
    same(f"3 steps of {name} on an array", ends, expected, hint)
    same("the gradient's array afterwards", array.tolist(), gradients, hint)
