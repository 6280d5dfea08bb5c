"""Trainings on the native machine are those of lifted arrays and the optimizers of optim."""

import math
import random
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import nn
import optim
from minigrad.engines.eager import EagerEngine
from minigrad.lift.checked import ArrayParameter
from minigrad.lift.kernels import Array
from minigrad.lift.lifted import Lifted
from minigrad.lift.models import lift_model, one_hot
from minigrad.native.machine import BatchIndices, Machine, Steps, Update, stacked
from minigrad.native.rules import RULES
from minigrad.value import Value
from optim import clip_grad_norm, clip_grad_value
from tests.minigrad.native.running import MACHINES

STEPS = 60
SAMPLES = 37
Case = tuple[str, dict[str, Any]]

OPTIMIZERS: list[Case] = [
    ("SGD", {"lr": 0.2}),
    ("SGD", {"lr": 0.1, "momentum": 0.9}),
    ("SGD", {"lr": 0.1, "momentum": 0.9, "dampening": 0.3, "weight_decay": 0.01}),
    ("SGD", {"lr": 0.1, "momentum": 0.9, "nesterov": True, "weight_decay": 0.01}),
    ("SGD", {"lr": 0.1, "dampening": 0.5}),
    ("Adam", {"lr": 0.05}),
    ("Adam", {"lr": 0.05, "betas": [0.5, 0.9], "eps": 1e-3, "weight_decay": 0.1}),
    ("Adam", {"lr": 0.05, "amsgrad": True, "betas": [0.3, 0.6]}),
    ("AdamW", {"lr": 0.05, "weight_decay": 0.2}),
    ("AdamW", {"lr": 0.05, "amsgrad": True, "betas": [0.3, 0.6]}),
    ("RMSprop", {"lr": 0.01}),
    ("RMSprop", {"lr": 0.01, "momentum": 0.7, "alpha": 0.8, "weight_decay": 0.1}),
    ("RMSprop", {"lr": 0.01, "centered": True, "momentum": 0.3}),
    ("Adagrad", {"lr": 0.1}),
    ("Adagrad", {"lr": 0.1, "lr_decay": 0.1, "weight_decay": 0.1, "eps": 1e-3}),
    ("Adagrad", {"lr": 0.1, "initial_accumulator_value": 0.7}),
    ("Adadelta", {"lr": 1.0}),
    ("Adadelta", {"lr": 1.0, "rho": 0.5, "eps": 1e-3, "weight_decay": 0.1}),
    ("Adamax", {"lr": 0.05}),
    ("Adamax", {"lr": 0.05, "betas": [0.5, 0.7], "weight_decay": 0.1, "eps": 1e-3}),
    ("NAdam", {"lr": 0.05}),
    ("NAdam", {"lr": 0.05, "momentum_decay": 0.1, "weight_decay": 0.1}),
    ("NAdam", {"lr": 0.05, "decoupled_weight_decay": True, "weight_decay": 0.1}),
    ("RAdam", {"lr": 0.05}),
    ("RAdam", {"lr": 0.05, "betas": [0.5, 0.9], "weight_decay": 0.1}),
    ("RAdam", {"lr": 0.05, "decoupled_weight_decay": True, "weight_decay": 0.1}),
]


class Problem:
    """An MLP on points of three classes, or of two."""

    def __init__(self, classes: int = 1, seed: int = 0, samples: int = SAMPLES) -> None:
        self.loss_name = "cross_entropy" if classes > 1 else "bce"
        self.model = nn.MLP(2, [7, classes], rng=random.Random(seed))
        rng = np.random.default_rng(seed)
        self.inputs = rng.normal(size=(samples, 2))
        self.labels = rng.integers(0, max(classes, 2), size=samples).astype(float)
        self.targets = one_hot(self.labels, classes) if classes > 1 else self.labels[:, None]
        self.eager = EagerEngine(self.model, nn.losses.LOSSES[self.loss_name])
        self.lifted: Lifted = lift_model(self.model, self.eager.loss, self.inputs[0].tolist(), 0.0)
        self.parameters = np.array([value.data for value in self.model.parameters()])
        self.correct = "largest_is_target" if classes > 1 else "same_side"

    def machine(self, **settings: Any) -> Machine:
        return Machine(self.lifted.program, self.correct, **settings)


def update(name: str, settings: dict[str, Any], parameters: Array, **clipping: Any) -> Update:
    optimizer = getattr(optim, name)([ArrayParameter(parameters)], **settings)
    rule, settings = RULES[name], vars(optimizer.groups[0].settings)
    states = np.zeros((len(rule.states), *parameters.shape))
    states += settings.get("initial_accumulator_value", 0.0)
    return Update(rule, rule.settings(settings), states, **clipping)


def reference(
    problem: Problem,
    name: str,
    settings: dict[str, Any],
    rates: Callable[[int], float] | None = None,
    chosen: Any = None,
    clip_norm: float = math.inf,
    clip_value: float = math.inf,
) -> tuple[list[float], list[float], list[int], Array]:
    """Losses, gradient norms, right answers and parameters, by lifted arrays and optim/."""
    parameter = ArrayParameter(problem.parameters.copy())
    optimizer = getattr(optim, name)([parameter], **settings)
    losses, norms, correct = [], [], []
    for step in range(STEPS):
        rows = list(range(SAMPLES)) if chosen is None else chosen[step]
        batch = [problem.inputs[rows], problem.targets[rows]]
        loss, outputs, slopes = problem.lifted.gradient(parameter.data, batch)
        parameter.grad = slopes
        losses.append(float(loss))
        norms.append(float(np.linalg.norm(slopes)))
        right = nn.losses.CORRECT[problem.loss_name]
        pairs = zip(outputs.tolist(), problem.labels[rows].tolist(), strict=True)
        correct.append(sum(right(output, label) for output, label in pairs))
        clip_grad_value([parameter], clip_value)
        clip_grad_norm([parameter], clip_norm)
        if rates:
            optimizer.lr = rates(step)
        optimizer.step()
    return losses, norms, correct, parameter.data


def trained(
    problem: Problem,
    name: str,
    settings: dict[str, Any],
    rates: Callable[[int], float] | None = None,
    batches: BatchIndices | None = None,
    machine: Machine | None = None,
    replicas: int = 1,
    **clipping: Any,
) -> tuple[Steps, Array]:
    parameters = np.tile(problem.parameters, (replicas, 1))
    inputs = stacked([problem.inputs, problem.targets])
    lr = np.array([[rates(step) if rates else settings["lr"]] for step in range(STEPS)])
    rule = update(name, settings, parameters, **clipping)
    steps = (machine or problem.machine()).train(parameters, inputs, rule, lr, batches)
    return steps, parameters


def assert_same(steps: Steps, parameters: Array, expected: Any) -> None:
    losses, norms, correct, numbers = expected
    assert steps.losses[:, 0] == pytest.approx(losses, rel=1e-9, abs=1e-12)
    assert steps.norms[:, 0] == pytest.approx(norms, rel=1e-8, abs=1e-12)
    assert steps.correct[:, 0].tolist() == correct
    assert parameters[0] == pytest.approx(numbers, rel=1e-9, abs=1e-10)
    assert (steps.done == STEPS).all()


@pytest.mark.parametrize(("name", "settings"), OPTIMIZERS)
def test_every_optimizer_and_setting(name: str, settings: dict[str, Any]) -> None:
    problem = Problem()
    assert_same(*trained(problem, name, settings), reference(problem, name, settings))


def test_every_optimizer_of_optim_has_a_rule() -> None:
    assert set(RULES) == {optimizer.__name__ for optimizer in optim.OPTIMIZERS.values()}


def test_classes() -> None:
    problem = Problem(classes=3)
    adam: Case = ("Adam", {"lr": 0.05})
    assert_same(*trained(problem, *adam), reference(problem, *adam))


@pytest.mark.parametrize(
    "clipping", [{"clip_norm": 0.05}, {"clip_value": 0.02}, {"clip_norm": 0.0}]
)
def test_clipping(clipping: dict[str, Any]) -> None:
    problem = Problem()
    sgd: Case = ("SGD", {"lr": 0.5, "momentum": 0.9})
    expected = reference(problem, *sgd, **clipping)
    assert_same(*trained(problem, *sgd, **clipping), expected)


def test_clipping_by_value_comes_before_clipping_by_norm() -> None:
    problem = Problem()
    sgd: Case = ("SGD", {"lr": 0.5})
    both: dict[str, Any] = {"clip_norm": 0.05, "clip_value": 0.02}
    expected = reference(problem, *sgd, **both)
    assert_same(*trained(problem, *sgd, **both), expected)


def test_a_rate_for_each_step() -> None:
    problem = Problem()
    adam: Case = ("Adam", {"lr": 0.05})

    def rates(step: int) -> float:
        return 0.05 / (1 + step)

    assert_same(*trained(problem, *adam, rates=rates), reference(problem, *adam, rates=rates))


def mini_batches(size: int, replicas: int = 1) -> tuple[BatchIndices, list[list[int]]]:
    """Shuffled epochs whose last batch is smaller, as minigrad.training.batches makes them."""
    chosen = np.zeros((STEPS, replicas, size), dtype=np.int64)
    rows: list[list[int]] = []
    order: list[int] = []
    rng = random.Random(3)
    for step in range(STEPS):
        if not order:
            order = list(range(SAMPLES))
            rng.shuffle(order)
        rows.append(order[:size])
        del order[:size]
        chosen[step, :, : len(rows[-1])] = rows[-1]
    sizes = np.array([len(some) for some in rows], dtype=np.int64)
    return BatchIndices(chosen, sizes), rows


@pytest.mark.parametrize("size", [1, 5, 8, 20, 36])
def test_mini_batches(size: int) -> None:
    problem = Problem()
    sgd: Case = ("SGD", {"lr": 0.1, "momentum": 0.9})
    batches, rows = mini_batches(size)
    expected = reference(problem, *sgd, chosen=rows)
    assert_same(*trained(problem, *sgd, batches=batches), expected)


@pytest.mark.parametrize("size", [5, 36])
@pytest.mark.parametrize("name", MACHINES)
def test_mini_batches_have_the_same_bits_in_replicas(name: str, size: int) -> None:
    problem = Problem()
    sgd: Case = ("SGD", {"lr": 0.1, "momentum": 0.9})
    batches, _ = mini_batches(size)
    alone, numbers = trained(problem, *sgd, batches=batches)
    among = mini_batches(size, replicas=13)[0]
    machine = problem.machine(name=name)
    steps, parameters = trained(problem, *sgd, batches=among, machine=machine, replicas=13)
    assert (steps.losses == alone.losses).all()
    assert (parameters == numbers).all()


@pytest.mark.parametrize(("name", "settings"), OPTIMIZERS)
def test_every_optimizer_has_the_same_bits_by_every_machine_and_in_replicas(
    name: str, settings: dict[str, Any]
) -> None:
    problem = Problem()
    clipping: dict[str, Any] = {"clip_norm": 0.1, "clip_value": 0.05}
    alone, numbers = trained(problem, name, settings, **clipping)
    for machine in MACHINES:
        for replicas in (1, 11):
            chosen = problem.machine(name=machine)
            steps, parameters = trained(
                problem, name, settings, machine=chosen, replicas=replicas, **clipping
            )
            assert (parameters == numbers).all()
            assert (steps.losses == alone.losses).all()
            assert (steps.norms == alone.norms).all()
            assert (steps.correct == alone.correct).all()


@pytest.mark.parametrize(("name", "settings"), OPTIMIZERS)
def test_many_short_calls_are_one_long_call(name: str, settings: dict[str, Any]) -> None:
    problem = Problem()
    whole, numbers = trained(problem, name, settings)
    parameters = problem.parameters[None].copy()
    machine, rule = problem.machine(), update(name, settings, parameters)
    inputs = stacked([problem.inputs, problem.targets])
    losses = []
    for steps in (1, 7, 1, 31, 20):
        rates = np.full((steps, 1), settings["lr"])
        losses += machine.train(parameters, inputs, rule, rates).losses[:, 0].tolist()
    assert losses == whole.losses[:, 0].tolist()
    assert (parameters == numbers).all()


def test_replicas_with_data_rates_and_parameters_of_their_own_are_trained_as_if_alone() -> None:
    problems = [Problem(seed=seed) for seed in range(19)]
    machine = problems[0].machine(threads=2)
    parameters = np.array([problem.parameters for problem in problems])
    inputs = np.concatenate([stacked([one.inputs, one.targets]) for one in problems])
    rates = np.random.default_rng(0).uniform(0.01, 0.1, size=(STEPS, len(problems)))
    adam: Case = ("Adam", {"lr": 0.05})
    steps = machine.train(parameters, inputs, update(*adam, parameters), rates)
    for index, problem in enumerate(problems):
        alone = trained(problem, *adam, rates=rates[:, index].tolist().__getitem__)
        assert (alone[0].losses[:, 0] == steps.losses[:, index]).all()
        assert (alone[1][0] == parameters[index]).all()


def test_evaluation_gives_losses_outputs_and_right_answers() -> None:
    problem = Problem(classes=3, samples=200)
    inputs = stacked([problem.inputs, problem.targets])
    result = problem.machine().evaluate(problem.parameters[None].repeat(5, axis=0), inputs)
    loss, outputs = problem.lifted.evaluate(problem.parameters, [problem.inputs, problem.targets])
    assert result.losses == pytest.approx([float(loss)] * 5, rel=1e-12)
    for replica in range(5):
        assert result.outputs[replica] == pytest.approx(outputs, rel=1e-11, abs=1e-13)
        right = (outputs.argmax(axis=-1) == problem.labels).sum()
        assert result.correct[replica] == right


@pytest.mark.parametrize("name", MACHINES)
def test_the_roots_of_update_rules_are_rounded_correctly(name: str) -> None:
    """RMSprop that forgets nothing moves 0 by 1 / sqrt(v) where the slope is 1."""
    weight = Value(0.0)
    program = Lifted(lambda x: (weight * x, []), [1.0], [weight]).merged
    rng = np.random.default_rng(0)
    integers = rng.integers(2**52, 2**53, 20_000).astype(float)
    squares = (integers * rng.choice([1, 1 + 2**-52, 1 - 2**-53], len(integers))) ** 2
    bits = rng.integers(0, 0x7FF0000000000000, 20_000).view(float)  # every size, subnormals too
    hostile = [0.0, 5e-324, 2.2250738585072014e-308, 2.0**-500, 2.0**500, 1.7976931348623157e308]
    numbers = np.concatenate([integers, squares, bits, hostile])
    parameters = np.zeros((len(numbers), 1))
    rule = update("RMSprop", {"lr": 1.0}, parameters)
    rule.settings = [0.0, 1.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0]  # alpha is 1, eps 0
    rule.states[0, :, 0] = numbers
    Machine(program, name=name).train(parameters, np.ones((1, 1, 1)), rule, np.ones((1, 1)))
    with np.errstate(divide="ignore"):
        assert (parameters[:, 0] == -(1 / np.sqrt(numbers))).all()
