"""Derives torch_trainings.json: the losses of whole trainings in PyTorch's float64.

Where torch is installed, from the project's root:

    python tests/minigrad/make_torch_trainings.py

Each training starts from the weights and the data that minigrad makes for a config; what follows,
forward, backward and update, is PyTorch alone.
"""

import json
from pathlib import Path
from typing import Any

from minigrad.config import Config
from minigrad.config import load as load_config
from minigrad.runner import build

LOSSES = Path(__file__).with_name("torch_trainings.json")

TRAININGS: dict[str, list[str]] = {
    "xor with sgd": ["configs/xor.yaml"],
    "xor with nesterov and weight decay": [
        "configs/xor.yaml",
        "optimizer={name: sgd, lr: 0.5, momentum: 0.9, nesterov: true, weight_decay: 0.001}",
    ],
    "xor with adam": ["configs/xor.yaml", "optimizer={name: adam, lr: 0.1}"],
    "spiral with relu, cross-entropy and adam": [
        "configs/spiral.yaml",
        "optimizer={name: adam, lr: 0.01}",
        "scheduler=constant",
        "train={steps: 60}",
    ],
    "sine with two layers, silu, mse and rmsprop": [
        "configs/sine.yaml",
        "model={hidden: [6, 5], activation: silu, init: lecun}",
        "optimizer={name: rmsprop, lr: 0.005}",
        "scheduler={name: cosine, T_max: 60}",
        "train={steps: 60}",
    ],
    "sine with huber, gelu and clipping": [
        "configs/sine.yaml",
        "loss=huber",
        "model={hidden: [8], activation: gelu}",
        "train={steps: 60, clip_norm: 0.1}",
    ],
}


def minigrad_losses(arguments: list[str]) -> list[float]:
    config = load_config(arguments[0], arguments[1:])
    trainer = build.build_trainer(config)
    return [record.loss for record in trainer.train(config.train.steps)]


def derive() -> dict[str, list[float]]:
    return {name: _torch_losses(arguments) for name, arguments in TRAININGS.items()}


def _torch_losses(arguments: list[str]) -> list[float]:
    import torch

    config = load_config(arguments[0], arguments[1:])
    dataset, _ = build.build_dataset(config)
    inputs = torch.tensor(dataset.inputs, dtype=torch.float64)
    targets = torch.tensor(dataset.targets, dtype=torch.float64)
    model = _model(torch, config, dataset)
    optimizer = _optimizer(torch, config, model)
    scheduler = None
    if config.scheduler.name == "cosine":
        t_max = config.scheduler.settings()["T_max"]
        scheduler = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, t_max)
    losses = []
    for _ in range(config.train.steps):
        optimizer.zero_grad()
        loss = _loss(torch, config.loss, model(inputs), targets)
        loss.backward()
        if config.train.clip_norm:
            torch.nn.utils.clip_grad_norm_(model.parameters(), config.train.clip_norm)
        optimizer.step()
        if scheduler:
            scheduler.step()
        losses.append(loss.item())
    return losses


def _model(torch: Any, config: Config, dataset: Any) -> Any:
    ours = build.build_model(config, dataset)
    activation = {"tanh": "Tanh", "relu": "ReLU", "silu": "SiLU", "gelu": "GELU"}
    layers: list[Any] = []
    for layer in ours.layers:
        linear = torch.nn.Linear(len(layer.neurons[0].weights), len(layer.neurons)).double()
        with torch.no_grad():
            for row, neuron in enumerate(layer.neurons):
                for column, weight in enumerate(neuron.weights):
                    linear.weight[row, column] = weight.data
                linear.bias[row] = neuron.bias.data
        layers += [linear, getattr(torch.nn, activation[str(config.model.activation)])()]
    return torch.nn.Sequential(*layers[:-1])


def _optimizer(torch: Any, config: Config, model: Any) -> Any:
    make = {"sgd": "SGD", "adam": "Adam", "rmsprop": "RMSprop"}[config.optimizer.name]
    return getattr(torch.optim, make)(model.parameters(), **config.optimizer.settings())


def _loss(torch: Any, name: str, outputs: Any, targets: Any) -> Any:
    functional = torch.nn.functional
    if name == "cross_entropy":
        return functional.cross_entropy(outputs, targets.long())
    formulas = {
        "bce": functional.binary_cross_entropy_with_logits,
        "mse": functional.mse_loss,
        "huber": functional.huber_loss,
    }
    return formulas[name](outputs[:, 0], targets)


if __name__ == "__main__":
    LOSSES.write_text(json.dumps(derive(), indent=0) + "\n")
