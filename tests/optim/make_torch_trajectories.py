"""Derives torch_trajectories.json: the ways that PyTorch's optimizers and schedules take.

Where torch is installed, from the project's root:

    python tests/optim/make_torch_trajectories.py

Every run starts at START and steps x and y, a parameter each, down `height`, a quartic with four
minima. It is float64 throughout, and PyTorch is handed the same slopes as minigrad: what is
compared is the optimizer alone.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

TRAJECTORIES = Path(__file__).with_name("torch_trajectories.json")

START = (-0.5, 1.0)
STEPS = 50

OPTIMIZERS: dict[str, list[dict[str, Any]]] = {
    "sgd": [
        {"lr": 0.05},
        {"lr": 0.05, "momentum": 0.9},
        {"lr": 0.05, "momentum": 0.8, "dampening": 0.5, "weight_decay": 0.1},
        {"lr": 0.05, "momentum": 0.8, "dampening": 1.0},
        {"lr": 0.05, "momentum": 0.7, "nesterov": True, "weight_decay": 0.02},
    ],
    "adam": [
        {},
        {"lr": 0.2},
        {"lr": 0.1, "betas": [0.5, 0.7], "weight_decay": 0.1},
        {"lr": 0.3, "betas": [0.8, 0.6], "amsgrad": True},
        {"lr": 0.1, "betas": [0.0, 0.9], "eps": 0.1, "amsgrad": True, "weight_decay": 0.3},
        {"lr": 0.01, "betas": [0.9, 0.0], "eps": 0.0},
    ],
    "adamw": [
        {},
        {"lr": 0.2},
        {"lr": 0.1, "betas": [0.5, 0.7], "weight_decay": 0.5},
        {"lr": 0.3, "betas": [0.8, 0.6], "amsgrad": True, "weight_decay": 0.0},
        {"lr": 0.1, "eps": 0.1, "amsgrad": True},
    ],
    "rmsprop": [
        {},
        {"lr": 0.05, "alpha": 0.9, "eps": 0.01},
        {"lr": 0.02, "alpha": 0.8, "weight_decay": 0.1},
        {"lr": 0.01, "momentum": 0.8},
        {"lr": 0.02, "alpha": 0.9, "centered": True, "eps": 1e-3},
        {"lr": 0.01, "alpha": 0.9, "centered": True, "momentum": 0.5, "weight_decay": 0.2},
        {"lr": 0.01, "alpha": 0.0},
    ],
    "adagrad": [
        {},
        {"lr": 0.5},
        {"lr": 0.5, "lr_decay": 0.1, "eps": 0.1},
        {"lr": 0.5, "weight_decay": 0.2},
        {"lr": 0.5, "initial_accumulator_value": 2.0, "lr_decay": 0.01},
    ],
    "adadelta": [
        {},
        {"lr": 5.0},
        {"lr": 2.0, "rho": 0.5, "eps": 1e-3},
        {"lr": 10.0, "rho": 0.95, "weight_decay": 0.2},
        {"rho": 0.0, "eps": 1e-2},
    ],
    "adamax": [
        {},
        {"lr": 0.3},
        {"lr": 0.1, "betas": [0.5, 0.7], "weight_decay": 0.1},
        {"lr": 0.2, "betas": [0.0, 0.9], "eps": 0.1},
        {"lr": 0.05, "betas": [0.9, 0.0]},
    ],
    "nadam": [
        {},
        {"lr": 0.2},
        {"lr": 0.1, "betas": [0.5, 0.7], "weight_decay": 0.1},
        {"lr": 0.1, "weight_decay": 0.5, "decoupled_weight_decay": True, "momentum_decay": 0.1},
        {"lr": 0.1, "eps": 0.1, "momentum_decay": 0.0},
        {"lr": 0.1, "betas": [0.0, 0.9]},
    ],
    "radam": [
        {},
        {"lr": 0.1},
        {"lr": 0.1, "betas": [0.5, 0.9], "weight_decay": 0.1},
        {"lr": 0.05, "betas": [0.8, 0.95], "weight_decay": 0.5, "decoupled_weight_decay": True},
        {"lr": 0.1, "betas": [0.9, 0.99], "eps": 0.1},
        {"lr": 0.02, "betas": [0.9, 0.5]},
    ],
}

SCHEDULES: dict[str, list[dict[str, Any]]] = {
    "constant": [{}],
    "step": [{"step_size": 10}, {"step_size": 7, "gamma": 0.5}, {"step_size": 1, "gamma": 0.99}],
    "multistep": [
        {"milestones": [30, 40]},
        {"milestones": [1, 2, 10, 45], "gamma": 0.7},
        {"milestones": [0, 20], "gamma": 0.5},
    ],
    "exponential": [{"gamma": 0.95}, {"gamma": 1.01}, {"gamma": 1}],
    "linear": [
        {},
        {"start_factor": 0.1, "total_iters": 40},
        {"start_factor": 1.0, "end_factor": 0.0, "total_iters": 45},
        {"start_factor": 0.5, "end_factor": 0.25, "total_iters": 1},
    ],
    "cosine": [
        {"T_max": 49},
        {"T_max": 50, "eta_min": 0.01},
        {"T_max": 7, "eta_min": 0.002},
        {"T_max": 1},
        {"T_max": 2},
        {"T_max": 13, "eta_min": 0.2},
    ],
    "warmup_cosine": [
        {"warmup_steps": 10, "total_steps": 49},
        {"warmup_steps": 5, "total_steps": 60, "eta_min": 0.01},
        {"warmup_steps": 1, "total_steps": 30},
        {"warmup_steps": 2, "total_steps": 3, "eta_min": 0.02},
        {"warmup_steps": 48, "total_steps": 49},
    ],
    "one_cycle": [
        {"total_steps": 50},
        {"total_steps": 50, "anneal_strategy": "linear"},
        {"total_steps": 41, "pct_start": 0.25, "div_factor": 5.0, "final_div_factor": 10.0},
        {"total_steps": 60, "pct_start": 0.0},
        {"total_steps": 30, "pct_start": 1.0, "div_factor": 2.0},
        {"total_steps": 50, "pct_start": 0.01},
    ],
    "plateau": [
        {},
        {"patience": 0, "factor": 0.9},
        {"patience": 0, "factor": 0.5, "threshold": 0.5},
        {"patience": 1, "factor": 0.7, "threshold": 0.5, "cooldown": 5},
        {"patience": 2, "factor": 0.5, "threshold": 0.02, "threshold_mode": "abs", "cooldown": 1},
        {"patience": 1, "factor": 0.1, "threshold": 0.1, "min_lr": 0.04},
        {"patience": 3, "factor": 0.1, "threshold": 0.1, "min_lr": 0.04, "eps": 0.0},
        {"patience": 0, "factor": 0.8, "threshold": 0.9, "eps": 0.05},
    ],
}

CLIPPED: list[tuple[str, list[float], float]] = [
    *(("norm", [3.0, -4.0], limit) for limit in (10.0, 5.0, 4.999999, 1.0, 0.0, float("inf"))),
    *(("norm", gradients, 0.1) for gradients in ([1e-9], [0.0, 0.0], [1e-3, 1e5, -2.5, 7.125])),
    *(("value", [3.0, -4.0, 0.5, 0.0], limit) for limit in (5.0, 3.0, 1.0, 0.0, float("inf"))),
]


class Run(NamedTuple):
    """`groups`: the settings of x and y together, or one's and the other's. `rates` and `points`
    have a member for each step: each group's rate during the step, and (x, y) after it."""

    optimizer: str
    groups: list[dict[str, Any]]
    schedule: str
    settings: dict[str, Any]
    rates: list[list[float]]
    points: list[list[float]]


class Clip(NamedTuple):
    by: str
    gradients: list[float]
    limit: float
    norm: float | None
    clipped: list[float]


def height(x: float, y: float) -> float:
    a, b = x * x + y - 11, x + y * y - 7
    return (a * a + b * b) / 50


def slopes(x: float, y: float) -> tuple[float, float]:
    a, b = x * x + y - 11, x + y * y - 7
    return (4 * x * a + 2 * b) / 50, (2 * a + 4 * y * b) / 50


def derive() -> tuple[list[Run], list[Clip]]:
    """Ask torch for every run."""
    import torch

    # Not by tensors of float64 alone: NAdam keeps its product of mus in the default type.
    before = torch.get_default_dtype()
    torch.set_default_dtype(torch.float64)
    try:
        return [_run(torch, *plan) for plan in _plans()], [_clip(torch, *clip) for clip in CLIPPED]
    finally:
        torch.set_default_dtype(before)


def stored() -> tuple[list[Run], list[Clip]]:
    figures = json.loads(TRAJECTORIES.read_text(encoding="utf-8"))
    return [Run(*run) for run in figures["runs"]], [
        Clip(by, gradients, float(limit), norm, clipped)
        for by, gradients, limit, norm, clipped in figures["clips"]
    ]


def write(runs: list[Run], clips: list[Clip]) -> None:
    blocks = []
    spelled = [clip._replace(limit=_spelled(clip.limit)) for clip in clips]
    for key, rows in (("runs", runs), ("clips", spelled)):
        lines = (json.dumps(row, allow_nan=False) for row in rows)
        blocks.append(f'"{key}": [\n' + ",\n".join(lines) + "\n]")
    TRAJECTORIES.write_text("{\n" + ",\n".join(blocks) + "\n}\n", encoding="utf-8")


def _spelled(x: float) -> Any:
    return "inf" if x == float("inf") else x


def _plans() -> Iterator[tuple[str, list[dict[str, Any]], str, dict[str, Any]]]:
    for name, choices in OPTIMIZERS.items():
        for settings in choices:
            yield name, [settings], "constant", {}
        yield name, [choices[1], choices[2]], "constant", {}
    for name, choices in SCHEDULES.items():
        # So fast that it overshoots: else the loss has no plateau.
        lr = 1.4 if name == "plateau" else 0.1
        for settings in choices:
            yield "sgd", [{"lr": lr}], name, settings
        yield "sgd", [{"lr": lr, "momentum": 0.5}, {"lr": 0.03}], name, choices[-1]


def _run(
    torch: Any, name: str, groups: list[dict[str, Any]], schedule: str, settings: dict[str, Any]
) -> Run:
    point = [torch.tensor(coordinate) for coordinate in START]
    make = _optimizer(torch, name)
    if len(groups) == 1:
        # Not as a group: of a group, PyTorch's Adagrad ignores initial_accumulator_value.
        optimizer = make(point, **groups[0])
    else:
        pairs = zip(point, groups, strict=True)
        optimizer = make([{"params": [coordinate], **group} for coordinate, group in pairs])
    scheduler = _scheduler(torch.optim.lr_scheduler, optimizer, schedule, settings)
    rates, points = [], []
    losses: list[float] = []  # what the scheduler looks at, if it does
    # Beyond its last step, PyTorch's one cycle and our warm-up and cosine have no counterpart.
    for step in range(min(STEPS, settings.get("total_steps", STEPS))):
        if step:
            scheduler.step(*losses)
        x, y = (coordinate.item() for coordinate in point)
        losses = [height(x, y)] if schedule == "plateau" else []
        for coordinate, slope in zip(point, slopes(x, y), strict=True):
            coordinate.grad = torch.tensor(slope)
        rates.append([float(group["lr"]) for group in optimizer.param_groups])
        optimizer.step()
        points.append([coordinate.item() for coordinate in point])
    return Run(name, groups, schedule, settings, rates, points)


def _optimizer(torch: Any, name: str) -> Any:
    return next(
        getattr(torch.optim, n) for n in dir(torch.optim) if n.lower() == name and n != name
    )


def _scheduler(library: Any, optimizer: Any, name: str, settings: dict[str, Any]) -> Any:
    if name == "constant":
        return library.ConstantLR(optimizer, factor=1.0, **settings)
    if name == "warmup_cosine":
        warmup, total = settings["warmup_steps"], settings["total_steps"]
        rise = library.LinearLR(optimizer, start_factor=1 / warmup, total_iters=warmup - 1)
        fall = library.CosineAnnealingLR(
            optimizer, T_max=total - warmup, eta_min=settings.get("eta_min", 0.0)
        )
        return library.SequentialLR(optimizer, [rise, fall], milestones=[warmup])
    if name == "one_cycle":
        peaks = [group["lr"] for group in optimizer.param_groups]
        return library.OneCycleLR(optimizer, max_lr=peaks, cycle_momentum=False, **settings)
    classes = {
        "step": library.StepLR,
        "multistep": library.MultiStepLR,
        "exponential": library.ExponentialLR,
        "linear": library.LinearLR,
        "cosine": library.CosineAnnealingLR,
        "plateau": library.ReduceLROnPlateau,
    }
    return classes[name](optimizer, **settings)


def _clip(torch: Any, by: str, gradients: list[float], limit: float) -> Clip:
    parameters = [torch.tensor(0.0) for _ in gradients]
    for parameter, gradient in zip(parameters, gradients, strict=True):
        parameter.grad = torch.tensor(gradient)
    function = getattr(torch.nn.utils, f"clip_grad_{by}_")
    norm = function(parameters, limit)
    clipped = [parameter.grad.item() for parameter in parameters]
    return Clip(by, gradients, limit, None if norm is None else norm.item(), clipped)


if __name__ == "__main__":
    write(*derive())
