"""JAX: one jitted call a step or, for a task of many steps and replicas, scan and vmap in one call.

Compiled beforehand, in float64 on one thread. The old state is donated, and the loss is read at the
end of a turn alone: that makes JAX fastest.
"""

import math
import os
from collections.abc import Callable
from typing import Any

os.environ["XLA_FLAGS"] = "--xla_cpu_multi_thread_eigen=false"
os.environ["NPROC"] = "1"  # the size of its thread pool
os.environ["JAX_PLATFORMS"] = "cpu"

import jax
import jax.numpy as jnp

from experiments.benchmarks.peers.served import Step, Task, serve

jax.config.update("jax_enable_x64", True)


def layers(task: Task) -> Any:
    """Each layer's weights [replicas, outputs, inputs] and biases [replicas, outputs]; without the
    leading axis if there is one replica.
    """
    made, numbers = [], jnp.array(task.weights)
    for n, m in task.layers:
        own, numbers = numbers[:, : m * (n + 1)].reshape(-1, m, n + 1), numbers[:, m * (n + 1) :]
        made.append((own[..., :n], own[..., n]))
    return made if len(task.weights) > 1 else jax.tree.map(lambda x: x[0], made)


def loss_of(parameters: Any, inputs: Any, targets: Any) -> Any:
    signal = inputs
    for weights, biases in parameters[:-1]:
        signal = jnp.tanh(signal @ weights.T + biases)
    weights, biases = parameters[-1]
    logits = (signal @ weights.T + biases)[:, 0]
    return jnp.mean(jax.nn.softplus(logits) - targets * logits)


def attention_loss(parameters: Any, inputs: Any, targets: Any) -> Any:
    x = apply(parameters[0], inputs)
    q, k, v = (apply(layer, x) for layer in parameters[1:4])
    shares = jax.nn.softmax(q @ k.swapaxes(-1, -2) / math.sqrt(q.shape[-1]), axis=-1)
    outputs = apply(parameters[4], (x + shares @ v).mean(axis=-2))[..., 0]
    return jnp.mean((outputs - targets) ** 2)


def gpt_loss(task: Task) -> Callable[..., Any]:
    _, width, tokens, heads = task.sizes
    earlier = jnp.tril(jnp.ones((tokens, tokens), dtype=bool))

    def normalised(x: Any) -> Any:
        return x / jnp.sqrt(jnp.mean(x * x, axis=-1, keepdims=True) + 1e-5)

    def by_head(x: Any) -> Any:
        return x.reshape(*x.shape[:-1], heads, width // heads).swapaxes(-2, -3)

    def loss(parameters: Any, inputs: Any, targets: Any) -> Any:
        letter, place, query, key, value, mix, hidden, output, readout = parameters
        x = apply(letter, inputs) + jnp.concatenate([place[0], place[1][:, None]], axis=-1)
        q, k, v = (by_head(apply(layer, normalised(x))) for layer in (query, key, value))
        scores = (q * (width // heads) ** -0.5) @ k.swapaxes(-1, -2)
        shares = jax.nn.softmax(jnp.where(earlier, scores, -jnp.inf), axis=-1)
        x = x + apply(mix, (shares @ v).swapaxes(-2, -3).reshape(x.shape))
        x = x + apply(output, jax.nn.relu(apply(hidden, normalised(x))))
        logits = apply(readout, normalised(x))
        return -jnp.mean(jnp.sum(jax.nn.log_softmax(logits) * targets, axis=(-1, -2)))

    return loss


def apply(layer: Any, x: Any) -> Any:
    return x @ layer[0].T + layer[1]


def loss_for(task: Task) -> Callable[..., Any]:
    return gpt_loss(task) if task.model == "GPT" else LOSSES[task.model]


LOSSES = {"MLP": loss_of, "attention": attention_loss}


def training(task: Task) -> Callable[..., Any]:
    """(parameters and velocities, inputs, targets) -> the next ones and the loss, jitted."""

    own_loss = loss_for(task)

    def update(state: Any, inputs: Any, targets: Any) -> Any:
        parameters, velocities = state
        loss, slopes = jax.value_and_grad(own_loss)(parameters, inputs, targets)
        velocities = jax.tree.map(lambda v, g: task.momentum * v + g, velocities, slopes)
        parameters = jax.tree.map(lambda x, v: x - task.lr * v, parameters, velocities)
        return (parameters, velocities), loss

    one = jax.vmap(update, in_axes=(0, None, None)) if len(task.weights) > 1 else update

    def all_steps(state: Any, inputs: Any, targets: Any) -> Any:
        def body(carried: Any, _: None) -> Any:
            return one(carried[0], inputs, targets), None

        first = one(state, inputs, targets)
        return jax.lax.scan(body, first, None, length=task.steps - 1)[0]

    jitted: Callable[..., Any] = jax.jit(all_steps if task.steps > 1 else one, donate_argnums=0)
    return jitted


def prepare(task: Task) -> Callable[[], Step]:
    train = training(task)
    inputs, targets = jnp.array(task.inputs), jnp.array(task.targets)

    def start() -> Step:
        parameters = layers(task)
        state = parameters, jax.tree.map(jnp.zeros_like, parameters)

        def step() -> Any:
            nonlocal state
            state, loss = train(state, inputs, targets)
            return loss

        return step

    return start


if __name__ == "__main__":
    serve(prepare, lambda loss: jnp.atleast_1d(loss).tolist())
