"""PyTorch's compiler: forward, backward and update of a step are one compiled function.

In float64 on one thread; replicas by vmap. The loss is read at the end of a turn alone.
"""

import math
from collections.abc import Callable
from typing import Any

import torch
from torch.func import grad_and_value, vmap

from experiments.benchmarks.peers.served import Step, Task, serve

torch.set_num_threads(1)
torch.set_default_dtype(torch.float64)
torch._dynamo.config.recompile_limit = 64  # each problem is compiled for its own shapes


def layers(task: Task) -> list[torch.Tensor]:
    """Weights [replicas, outputs, inputs] and biases [replicas, outputs], layer by layer; without
    the leading axis if there is one replica.
    """
    made, numbers = [], torch.tensor(task.weights)
    for n, m in task.layers:
        own, numbers = numbers[:, : m * (n + 1)].reshape(-1, m, n + 1), numbers[:, m * (n + 1) :]
        made += [own[..., :n].contiguous(), own[..., n].contiguous()]
    return made if len(task.weights) > 1 else [each[0] for each in made]


def mlp_loss(parameters: list[torch.Tensor], inputs: Any, targets: Any) -> Any:
    signal = inputs
    for weights, biases in zip(parameters[:-2:2], parameters[1:-2:2], strict=True):
        signal = torch.tanh(signal @ weights.T + biases)
    logits = (signal @ parameters[-2].T + parameters[-1])[:, 0]
    return torch.mean(torch.nn.functional.softplus(logits, threshold=100) - targets * logits)


def attention_loss(parameters: list[torch.Tensor], inputs: Any, targets: Any) -> Any:
    pairs = list(zip(parameters[::2], parameters[1::2], strict=True))
    x = apply(pairs[0], inputs)
    q, k, v = (apply(pair, x) for pair in pairs[1:4])
    shares = torch.softmax(q @ k.transpose(-1, -2) / math.sqrt(q.shape[-1]), dim=-1)
    outputs = apply(pairs[4], (x + shares @ v).mean(dim=-2))[..., 0]
    return torch.mean((outputs - targets) ** 2)


def gpt_loss(task: Task) -> Callable[..., Any]:
    _, width, tokens, heads = task.sizes
    later = torch.triu(torch.full((tokens, tokens), -math.inf), diagonal=1)

    def normalised(x: Any) -> Any:
        return x / torch.sqrt(torch.mean(x * x, dim=-1, keepdim=True) + 1e-5)

    def by_head(x: Any) -> Any:
        return x.reshape(*x.shape[:-1], heads, width // heads).transpose(-2, -3)

    def loss(parameters: list[torch.Tensor], inputs: Any, targets: Any) -> Any:
        pairs = zip(parameters[::2], parameters[1::2], strict=True)
        letter, place, query, key, value, mix, hidden, output, readout = pairs
        x = apply(letter, inputs) + torch.cat([place[0], place[1][:, None]], dim=-1)
        q, k, v = (by_head(apply(layer, normalised(x))) for layer in (query, key, value))
        scores = (q * (width // heads) ** -0.5) @ k.transpose(-1, -2)
        shares = torch.softmax(scores + later, dim=-1)
        x = x + apply(mix, (shares @ v).transpose(-2, -3).reshape(x.shape))
        x = x + apply(output, torch.relu(apply(hidden, normalised(x))))
        logits = apply(readout, normalised(x))
        return -torch.mean(torch.sum(torch.log_softmax(logits, dim=-1) * targets, dim=(-1, -2)))

    return loss


def apply(layer: tuple[Any, Any], x: Any) -> Any:
    return x @ layer[0].T + layer[1]


LOSSES = {"MLP": mlp_loss, "attention": attention_loss}


def loss_for(task: Task) -> Callable[..., Any]:
    return gpt_loss(task) if task.model == "GPT" else LOSSES[task.model]


def prepare(task: Task) -> Callable[[], Step]:
    inputs, targets = torch.tensor(task.inputs), torch.tensor(task.targets)
    slopes_of = grad_and_value(loss_for(task))
    if len(task.weights) > 1:
        slopes_of = vmap(slopes_of, in_dims=(0, None, None))

    def update(parameters: list[torch.Tensor], velocities: list[torch.Tensor]) -> Any:
        slopes, loss = slopes_of(parameters, inputs, targets)
        velocities = [task.momentum * v + g for v, g in zip(velocities, slopes, strict=True)]
        parameters = [x - task.lr * v for x, v in zip(parameters, velocities, strict=True)]
        return parameters, velocities, loss

    compiled = torch.compile(update, fullgraph=True)

    def start() -> Step:
        parameters = layers(task)
        velocities = [torch.zeros_like(each) for each in parameters]

        def step() -> Any:
            nonlocal parameters, velocities
            parameters, velocities, loss = compiled(parameters, velocities)
            return loss

        return step

    return start


if __name__ == "__main__":
    with torch.no_grad():
        serve(prepare, lambda loss: loss.reshape(-1).tolist())
