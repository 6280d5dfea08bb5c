"""micrograd 0.1.0, which has relu alone: tanh and softplus are added here in its own style."""

import math
from collections.abc import Callable

import micrograd.nn
from micrograd.engine import Value

from experiments.benchmarks.peers.served import Step, Task, serve


def tanh(x: Value) -> Value:
    out = Value(math.tanh(x.data), (x,), "tanh")

    def backward() -> None:
        x.grad += (1 - out.data**2) * out.grad

    out._backward = backward
    return out


def softplus(x: Value) -> Value:
    out = Value(max(x.data, 0.0) + math.log1p(math.exp(-abs(x.data))), (x,), "softplus")

    def backward() -> None:
        x.grad += (1 - math.exp(-out.data)) * out.grad

    out._backward = backward
    return out


def network(task: Task) -> micrograd.nn.MLP:
    made = micrograd.nn.MLP(task.sizes[0], task.sizes[1:])
    for parameter, number in zip(made.parameters(), task.weights[0], strict=True):
        parameter.data = number
    for layer in made.layers:
        for neuron in layer.neurons:
            neuron.nonlin = False
    return made


def logit(model: micrograd.nn.MLP, signal: list[float]) -> Value:
    *hidden, last = model.layers
    for layer in hidden:
        signal = [tanh(neuron(signal)) for neuron in layer.neurons]
    return last(signal)


def prepare(task: Task) -> Callable[[], Step]:
    def mean_loss(model: micrograd.nn.MLP) -> Value:
        losses = []
        for x, t in zip(task.inputs, task.targets, strict=True):
            z = logit(model, x)
            losses.append(softplus(-z) * t + softplus(z) * (1 - t))
        return sum(losses) / len(losses)

    def start() -> Step:
        model = network(task)
        parameters = model.parameters()
        velocities = [0.0] * len(parameters)

        def step() -> Value:
            loss = mean_loss(model)
            model.zero_grad()
            loss.backward()
            for i, parameter in enumerate(parameters):
                velocities[i] = task.momentum * velocities[i] + parameter.grad
                parameter.data -= task.lr * velocities[i]
            return loss

        return step

    return start


if __name__ == "__main__":
    serve(prepare, lambda loss: [loss.data])
