"""PyTorch in the usual way: modules, autograd, torch.optim; in float64 on one thread."""

from collections.abc import Callable
from itertools import pairwise
from typing import Any

import torch

from experiments.benchmarks.peers import torch_compiled
from experiments.benchmarks.peers.served import Step, Task, serve

torch.set_num_threads(1)
torch.set_default_dtype(torch.float64)


def network(task: Task) -> torch.nn.Sequential:
    layers: list[torch.nn.Module] = []
    numbers = torch.tensor(task.weights[0])
    for n, m in pairwise(task.sizes):
        linear = torch.nn.Linear(n, m)
        own, numbers = numbers[: m * (n + 1)].reshape(m, n + 1), numbers[m * (n + 1) :]
        with torch.no_grad():
            linear.weight.copy_(own[:, :n])
            linear.bias.copy_(own[:, n])
        layers += [linear, torch.nn.Tanh()]
    return torch.nn.Sequential(*layers[:-1])


def prepare(task: Task) -> Callable[[], Step]:
    return network_steps(task) if task.model == "MLP" else steps_by_hand(task)


def steps_by_hand(task: Task) -> Callable[[], Step]:
    """Of the head of attention or the GPT, whose forward pass is that of torch_compiled."""
    inputs, targets = torch.tensor(task.inputs), torch.tensor(task.targets)
    loss_of = torch_compiled.loss_for(task)

    def start() -> Step:
        parameters = [each.requires_grad_() for each in torch_compiled.layers(task)]
        return training(task, parameters, lambda: loss_of(parameters, inputs, targets))

    return start


def network_steps(task: Task) -> Callable[[], Step]:
    inputs, targets = torch.tensor(task.inputs), torch.tensor(task.targets)
    if task.sizes[-1] == 1:
        loss_of, targets = torch.nn.functional.binary_cross_entropy_with_logits, targets[:, None]
    else:
        loss_of, targets = torch.nn.functional.cross_entropy, targets.long()

    def start() -> Step:
        model, batches = network(task), task.batches(inputs, targets)

        def forward() -> torch.Tensor:
            x, target = next(batches)
            loss: torch.Tensor = loss_of(model(x), target)
            return loss

        return training(task, model.parameters(), forward)

    return start


def training(task: Task, parameters: Any, forward: Callable[[], torch.Tensor]) -> Step:
    optimizer = torch.optim.SGD(parameters, lr=task.lr, momentum=task.momentum)

    def step() -> torch.Tensor:
        loss = forward()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        return loss

    return step


if __name__ == "__main__":
    serve(prepare, lambda loss: [loss.item()])
