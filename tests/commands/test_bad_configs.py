"""python -m minigrad.train on bad input: exit code 2 and a clear line a fault, whatever the input.

In the tables, `message` is what the one line on stderr must say after its place: parts in this
order, parted by " ... ". A tuple stands for as many lines."""

import contextlib
import os
import re
import resource
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import pytest

from minigrad import train
from tests import unmeasured
from tests.calling import contained

Message: TypeAlias = str | tuple[str, ...]

BASE = {
    "name": "name: tiny",
    "seed": "seed: 0",
    "data": "data: {name: xor}",
    "model": "model: {hidden: [2]}",
    "loss": "loss: bce",
    "optimizer": "optimizer: {name: sgd, lr: 1.0}",
    "train": "train: {steps: 2}",
}
MINIMAL = "\n".join(BASE.values()) + "\n"
LONGEST_LINE = 400
MEMORY_OF_ONE = 2_000_000_000
READ_AT_MOST = 30_000_000  # bytes: 6 MB of modules, then a file's beginning, never 40 MB of it


def text_of(change: str) -> tuple[str, set[int]]:
    """MINIMAL with the lines that have a key of `change` replaced, and the new lines' numbers."""
    blocks = dict(BASE)
    changed = []
    for block in re.split(r"\n(?=\S)", change):
        changed.append(key := block.partition(":")[0])
        blocks[key] = block
    lines: list[str] = []
    numbers: set[int] = set()
    for key, block in blocks.items():
        new = block.split("\n")
        if key in changed:
            numbers.update(range(len(lines) + 1, len(lines) + len(new) + 1))
        lines += new
    return "\n".join(lines) + "\n", numbers


# --- the config, one line of it bad -----------------------------------------------------------

LINES: dict[str, tuple[str, Message]] = {
    # the name and the seed
    "name empty": ("name: ''", "name: ... at least 1 character"),
    "name of 101 letters": (f"name: {'n' * 101}", "name: ... at most 100 characters"),
    "name of 100,000 letters": (f"name: {'n' * 100_000}", "name: ... at most 100 characters"),
    "name a date": ("name: [2026-01-01]", "name: must be text ... found ['2026-01-01']"),
    "name a number": ("name: 12", "name: must be text ... found 12"),
    "name a lone surrogate": (r'name: "\ud800"', "half of a surrogate pair"),
    "seed in quotes": ("seed: '0'", "seed: must be a whole number ... found '0'"),
    "seed negative": ("seed: -1", "seed: must be at least 0 ... found -1"),
    "seed off": ("seed: off", "seed: must be a whole number ... found 'off'"),
    "seed y": ("seed: y", "seed: must be a whole number ... found 'y'"),
    "seed sexagesimal": ("seed: 1:30", "seed: must be a whole number ... found '1:30'"),
    "seed with underscores": ("seed: 1_000", "seed: must be a whole number ... found '1_000'"),
    "seed binary": ("seed: 0b11", "seed: must be a whole number ... found '0b11'"),
    "seed a word of YAML 1.1": ("seed: =", "seed: must be a whole number ... found '='"),
    "seed 1e3": ("seed: 1e3", "seed: must be a whole number ... found 1000.0"),
    "seed of 390 digits below 0": (
        "seed: -" + "9" * 390,
        "seed: must be at least 0 ... found -999",
    ),
    "seed of 309 digits": ("seed: " + "9" * 309, "seed: must have at most 308 digits"),
    "seed of 5000 digits": ("seed: " + "9" * 5000, "more than 400 digits"),
    "seed of 10**400": ("seed: 1" + "0" * 400, "more than 400 digits"),
    "seed of 900,000 digits": ("seed: " + "9" * 900_000, "more than 400 digits"),
    "seed with 5000 decimals": ("seed: 0." + "9" * 5000, "more than 400 digits"),
    "seed of 5000 digits and a letter": (
        "seed: " + "9" * 5000 + "x",
        "seed: must be a whole number ... found '999",
    ),
    "seed in Arabic digits": ("seed: '١٢'", "seed: must be a whole number ... found '١٢'"),
    "seed with an escape": (
        r'seed: "\e[31mred\n\a"',
        r"seed: must be a whole number ... found '\x1b[31mred\n\x07'",
    ),
    "seed of a bidirectional override": (
        r'seed: "\u202e0"',
        r"seed: must be a whole number ... found '\u202e0'",
    ),
    "seed with a non-character": (
        r'seed: "\uffff"',
        r"seed: must be a whole number ... found '\uffff'",
    ),
    "seed a block of text": ("seed: |\n  0", r"seed: must be a whole number ... found '0"),
    "seed an alias of the name": ("name: &n 'x'\nseed: *n", "seed: must be a whole number"),
    # data
    "data misspelled": ("data: {name: xro}", "data: unknown name 'xro': did you mean 'xor'? Known"),
    "data misspelled, short": ("data: mons", "data: unknown name 'mons': did you mean 'moons'?"),
    "data in capitals": ("data: {name: XOR}", "data: unknown name 'XOR' ... Known: and, blobs"),
    "data without a name": ("data: {n: 4}", "data: ... name is missing"),
    "data empty": ("data: {}", "data: ... name is missing"),
    "data a list": ("data: [xor]", "data: must be a block ... found ['xor']"),
    "data null": ("data:", "data: must be a block ... found null"),
    "data name null": ("data: {name: }", "data: unknown name null ... Known: and, blobs"),
    "data name a list": ("data: {name: [xor]}", "data: unknown name ['xor'] ... Known: and, blobs"),
    "data name a block": ("data: {name: {xor: 1}}", "data: unknown name {'xor': 1} ... Known: and"),
    "data name true": ("data: {name: true}", "data: unknown name true ... Known: and, blobs"),
    "data name with an escape": (
        r'data: {name: "\e]0;title\a"}',
        r"data: unknown name '\x1b]0;title\x07' ... Known: and, blobs",
    ),
    "data n too few": ("data: {name: moons, n: 1}", "data.n: must be at least 2 ... found 1"),
    "data n negative": ("data: {name: xor, n: -4}", "data.n: must be at least 4 ... found -4"),
    "data n too many": ("data: {name: xor, n: 100001}", "data.n: must be at most ... found 100001"),
    "data n of 390 digits": (
        "data: {name: xor, n: " + "9" * 390 + "}",
        "data.n: must be at most ... found 999",
    ),
    "data n 1e2": ("data: {name: moons, n: 1e2}", "data.n: must be a whole number ... found 100.0"),
    "data noise negative": (
        "data: {name: moons, noise: -0.1}",
        "data.noise: must be at least 0 ... found -0.1",
    ),
    "data noise inf": (
        "data: {name: moons, noise: .inf}",
        "data.noise: must be a finite number ... found inf",
    ),
    "data bits of parity 0": ("data: {name: parity, bits: 0}", "data.bits: must be at least"),
    "data bits of parity 400": ("data: {name: parity, bits: 400}", "data.bits: must be at most"),
    "data factor 1": ("data: {name: circles, factor: 1}", "data.factor: must be less than 1"),
    "data factor 0": ("data: {name: circles, factor: 0}", "data.factor: must be greater than 0"),
    "data classes 1": (
        "data: {name: blobs, classes: 1}\nloss: cross_entropy",
        "data.classes: must be at least 2 ... found 1",
    ),
    "data tiles 0": ("data: {name: checkerboard, tiles: 0}", "data.tiles: must be at least 2"),
    "data turns nan": (
        "data: {name: spiral, turns: .nan}\nloss: cross_entropy",
        "data.turns: must be a finite number ... found nan",
    ),
    "data setting of another": (
        "data: {name: xor, classes: 2}",
        "unknown key 'classes' ... Known: ",
    ),
    "data setting misspelled": (
        "data: {name: moons, nosie: 0.1}",
        "unknown key 'nosie': did you mean 'noise'?",
    ),
    "data val_fraction 1": (
        "data: {name: moons, val_fraction: 1}",
        "data.val_fraction: must be less than 1 ... found 1",
    ),
    "data val_fraction negative": (
        "data: {name: moons, val_fraction: -0.1}",
        "data.val_fraction: must be at least 0 ... found -0.1",
    ),
    "data val_fraction of too few": (
        "data: {name: xor, val_fraction: 0.1}",
        "data: ... val_fraction 0.1 of 4 samples",
    ),
    "data val_fraction of all but none": (
        "data: {name: xor, val_fraction: 0.999}",
        "data: ... val_fraction 0.999 of 4 samples",
    ),
    "data with rng": ("data: {name: xor, rng: 3}", "unknown key 'rng' ... Known: "),
    "data csv without a path": ("data: {name: csv, target: y}", "data.path: is missing"),
    "data csv without a target": ("data: {name: csv, path: a.csv}", "data.target: is missing"),
    "data csv path null": (
        "data: {name: csv, path: , target: y}",
        "data.path: must be text ... found null",
    ),
    "data csv path a list": (
        "data: {name: csv, path: [a.csv], target: y}",
        "data.path: must be text ... found ['a.csv']",
    ),
    "data csv target a number": (
        "data: {name: csv, path: a.csv, target: 1}",
        "data.target: must be text ... found 1",
    ),
    "data path without csv": ("data: {name: xor, path: a.csv}", "unknown key 'path' ... Known: "),
    # the model
    "model null": ("model:", "model: must be a block ... found null"),
    "model a name": ("model: mlp", "model: must be a block ... found 'mlp'"),
    "model a list": ("model: [8, 8]", "model: must be a block ... found [8, 8]"),
    "hidden a number": ("model: {hidden: 8}", "model.hidden: must be a list ... found 8"),
    "hidden text": ("model: {hidden: '8'}", "model.hidden: must be a list ... found '8'"),
    "hidden text of a list": ("model: {hidden: '[8]'}", "model.hidden: must be a list ... '[8]'"),
    "hidden null": ("model: {hidden: }", "model.hidden: must be a list ... found null"),
    "hidden with null": ("model: {hidden: [4, null]}", "model.hidden.1: ... whole number ... null"),
    "hidden 0": ("model: {hidden: [0]}", "model.hidden.0: must be at least 1 ... found 0"),
    "hidden -0": ("model: {hidden: [-0]}", "model.hidden.0: must be at least 1 ... found 0"),
    "hidden negative": ("model: {hidden: [4, -8]}", "model.hidden.1: must be at least 1 ... -8"),
    "hidden a fraction": ("model: {hidden: [8.0]}", "model.hidden.0: ... whole number ... 8.0"),
    "hidden in quotes": ("model: {hidden: ['8']}", "model.hidden.0: ... whole number ... '8'"),
    "hidden true": ("model: {hidden: [true]}", "model.hidden.0: ... whole number ... true"),
    "hidden within a list": ("model: {hidden: [[8]]}", "model.hidden.0: ... whole number ... [8]"),
    "hidden of a million each": (
        "model: {hidden: [1000000, 1000000]}",
        "model.hidden: [1000000, 1000000] ... 1,000,004,000,001 parameters ... limit",
    ),
    "hidden of a million": ("model: {hidden: [1000000]}", "model.hidden: [1000000] ... parameters"),
    "hidden of 101 layers": (
        f"model: {{hidden: {[1] * 101}}}",
        "model.hidden: must have at most 100 members ... found 101",
    ),
    "hidden of 9000 layers": (
        f"model: {{hidden: {[1] * 9000}}}",
        "model.hidden: must have at most 100 members ... found 9000",
    ),
    "hidden of 20,000 members": (f"model: {{hidden: {[1] * 20_000}}}", "more than 10,000 values"),
    "activation misspelled": (
        "model: {activation: rleu}",
        "model.activation: unknown name 'rleu': did you mean 'relu'? Known: elu, gelu",
    ),
    "activation a function's name": (
        "model: {activation: __class__}",
        "model.activation: unknown name '__class__' ... Known: elu",
    ),
    "activation null": ("model: {activation: }", "model.activation: must be ... found null"),
    "activation a number": ("model: {activation: 3}", "model.activation: must be ... found 3"),
    "activation a block": (
        "model: {activation: {name: relu}}",
        "model.activation: must be ... found {'name': 'relu'}",
    ),
    "activation one misspelled": (
        "model: {hidden: [2, 2], activation: [relu, tahn]}",
        "model.activation: unknown name 'tahn': did you mean 'tanh'?",
    ),
    "activations too many": (
        "model: {hidden: [2], activation: [relu, tanh]}",
        "model: 1 hidden layers cannot have 2 activations",
    ),
    "activations none": ("model: {activation: []}", "model: ... hidden layers cannot have 0"),
    "init misspelled": (
        "model: {init: gloriot}",
        "model.init: unknown name 'gloriot': did you mean 'glorot'? Known: glorot, he",
    ),
    "init a list": ("model: {init: [he]}", "model.init: must be text ... found ['he']"),
    "model key misspelled": ("model: {hiden: [8]}", "unknown key 'hiden': did you mean 'hidden'?"),
    "model with an optimizer's key": (
        "model: {lr: 8}",
        "unknown key 'lr' ... Known: activation, hidden",
    ),
    # the loss
    "loss misspelled": ("loss: bec", "loss: unknown name 'bec': did you mean 'bce'? Known: bce"),
    "loss null": ("loss:", "loss: must be text ... found null"),
    "loss a block": ("loss: {name: bce}", "loss: must be text ... found {'name': 'bce'}"),
    "loss a list": ("loss: [bce]", "loss: must be text ... found ['bce']"),
    "loss in capitals": ("loss: BCE", "loss: unknown name 'BCE' ... Known: bce"),
    "loss with a space": ("loss: 'bce '", "loss: unknown name 'bce ': did you mean 'bce'?"),
    "loss with an escape": (r'loss: "\e[2J"', r"loss: unknown name '\x1b[2J' ... Known: bce"),
    "loss with a letter that looks the same": ("loss: bсe", "loss: unknown name 'bсe' ... 'bce'?"),
    "loss a lone surrogate": (r'loss: "\udfff"', "half of a surrogate pair"),
    "bce of 3 classes": (
        "data: {name: spiral}\nloss: bce",
        "loss: bce needs labels 0 and 1 ... 3 classes",
    ),
    "hinge of 3 classes": (
        "data: {name: blobs}\nloss: hinge",
        "loss: hinge needs labels 0 and 1 ... 3 classes",
    ),
    "bce of measurements": (
        "data: sine\nloss: bce",
        "loss: bce needs labels 0 and 1 ... measurements",
    ),
    "hinge of measurements": ("data: sine\nloss: hinge", "loss: hinge needs labels 0 and 1"),
    "cross_entropy of measurements": (
        "data: sine\nloss: cross_entropy",
        "loss: cross_entropy needs",
    ),
    # the optimizer
    "optimizer null": ("optimizer:", "optimizer: must be a block ... found null"),
    "optimizer misspelled": (
        "optimizer: sdg",
        "optimizer: unknown name 'sdg': did you mean 'sgd'?",
    ),
    "optimizer misspelled in a block": (
        "optimizer: {name: adamm, lr: 1}",
        "optimizer: unknown name 'adamm': did you mean 'adam",
    ),
    "optimizer key misspelled": (
        "optimizer: {name: sgd, momentm: 0.9}",
        "unknown key 'momentm': did you mean 'momentum'? Known: ",
    ),
    "optimizer key with an escape": (
        r'optimizer: {name: sgd, "\e[31mlr\n": 1}',
        r"unknown key '\x1b[31mlr\n' ... Known: dampening, lr",
    ),
    "sgd with adam's betas": (
        "optimizer: {name: sgd, betas: [0.9, 0.99]}",
        "unknown key 'betas' ... Known: dampening, lr",
    ),
    "adam with sgd's momentum": (
        "optimizer: {name: adam, momentum: 0.9}",
        "unknown key 'momentum' ... Known: amsgrad, betas",
    ),
    "optimizer with parameters": ("optimizer: {name: sgd, parameters: []}", "unknown key 'param"),
    "lr 0": ("optimizer: {name: sgd, lr: 0}", "optimizer.lr: must be greater than 0 ... found 0"),
    "lr -0": ("optimizer: {name: sgd, lr: -0}", "optimizer.lr: must be greater than 0 ... found 0"),
    "lr -0.0": ("optimizer: {name: sgd, lr: -0.0}", "optimizer.lr: must be greater than 0"),
    "lr negative": ("optimizer: {name: sgd, lr: -0.1}", "optimizer.lr: must be greater than 0"),
    "lr nan": (
        "optimizer: {name: sgd, lr: .nan}",
        "optimizer.lr: must be ... finite ... found nan",
    ),
    "lr inf": (
        "optimizer: {name: sgd, lr: .inf}",
        "optimizer.lr: must be ... finite ... found inf",
    ),
    "lr -inf": ("optimizer: {name: sgd, lr: -.inf}", "optimizer.lr: must be ... found -inf"),
    "lr 1e999": ("optimizer: {name: sgd, lr: 1e999}", "optimizer.lr: must be ... found inf"),
    "lr 1e-999": ("optimizer: {name: sgd, lr: 1e-999}", "optimizer.lr: must be greater than 0"),
    "lr the word nan": ("optimizer: {name: sgd, lr: nan}", "optimizer.lr: must be ... found 'nan'"),
    "lr in quotes": ("optimizer: {name: sgd, lr: '0.1'}", "optimizer.lr: must be ... found '0.1'"),
    "lr true": ("optimizer: {name: sgd, lr: true}", "optimizer.lr: must be ... found true"),
    "lr null": ("optimizer: {name: sgd, lr: }", "optimizer.lr: must be a number ... found null"),
    "lr a list": ("optimizer: {name: sgd, lr: [1]}", "optimizer.lr: must be ... found [1]"),
    "lr of 390 digits": (f"optimizer: {{name: sgd, lr: {'9' * 390}}}", "optimizer.lr: must be"),
    "lr with a comma": ("optimizer: {name: sgd, lr: 0,1}", "key must be text"),
    "lr with a unit": ("optimizer: {name: sgd, lr: 0.1x}", "optimizer.lr: must be ... '0.1x'"),
    "momentum 1": (
        "optimizer: {name: sgd, momentum: 1}",
        "optimizer.momentum: must be less than 1",
    ),
    "momentum negative": (
        "optimizer: {name: sgd, momentum: -0.1}",
        "optimizer.momentum: must be at least 0 ... found -0.1",
    ),
    "momentum nan": (
        "optimizer: {name: sgd, momentum: .nan}",
        "optimizer.momentum: must be ... nan",
    ),
    "nesterov without momentum": (
        "optimizer: {name: sgd, nesterov: true}",
        "optimizer: ... nesterov ... momentum",
    ),
    "nesterov with dampening": (
        "optimizer: {name: sgd, nesterov: true, momentum: 0.9, dampening: 0.1}",
        "optimizer: ... nesterov ... dampening",
    ),
    "nesterov yes": (
        "optimizer: {name: sgd, nesterov: yes, momentum: 0.9}",
        "optimizer.nesterov: must be true or false ... found 'yes'",
    ),
    "nesterov 1": (
        "optimizer: {name: sgd, nesterov: 1, momentum: 0.9}",
        "optimizer.nesterov: must be true or false ... found 1",
    ),
    "weight_decay negative": (
        "optimizer: {name: sgd, weight_decay: -1e-9}",
        "optimizer.weight_decay: must be at least 0 ... found -1e-09",
    ),
    "betas of 1": ("optimizer: {name: adam, betas: [0.9]}", "optimizer.betas: must have 2 members"),
    "betas of 3": (
        "optimizer: {name: adam, betas: [0.9, 0.9, 0.9]}",
        "optimizer.betas: must have 2 members ... found 3",
    ),
    "betas a number": ("optimizer: {name: adam, betas: 0.9}", "optimizer.betas: must be a list"),
    "betas empty": ("optimizer: {name: adam, betas: []}", "optimizer.betas: must have 2 members"),
    "beta 1": (
        "optimizer: {name: adam, betas: [0.9, 1]}",
        "optimizer.betas.1: must be less than 1",
    ),
    "beta negative": (
        "optimizer: {name: adamw, betas: [-0.1, 0.9]}",
        "optimizer.betas.0: ... -0.1",
    ),
    "beta nan": ("optimizer: {name: nadam, betas: [.nan, 0.9]}", "optimizer.betas.0: ... finite"),
    "beta text": ("optimizer: {name: radam, betas: [a, 0.9]}", "optimizer.betas.0: ... found 'a'"),
    "beta null": (
        "optimizer: {name: adamax, betas: [0.9, ~]}",
        "optimizer.betas.1: ... found null",
    ),
    "eps negative": ("optimizer: {name: adam, eps: -1e-8}", "optimizer.eps: must be at least 0"),
    "alpha 1.1": (
        "optimizer: {name: rmsprop, alpha: 1.1}",
        "optimizer.alpha: must be ... found 1.1",
    ),
    "rho 1": (
        "optimizer: {name: adadelta, rho: 1}",
        "optimizer.rho: must be less than 1 ... found 1",
    ),
    "lr_decay negative": (
        "optimizer: {name: adagrad, lr_decay: -1}",
        "optimizer.lr_decay: must be",
    ),
    "amsgrad on": ("optimizer: {name: adam, amsgrad: on}", "optimizer.amsgrad: must be ... 'on'"),
    # the scheduler
    "scheduler null": ("scheduler:", "scheduler: must be a block ... found null"),
    "scheduler misspelled": ("scheduler: cosin", "scheduler: unknown name 'cosin' ... 'cosine'?"),
    "scheduler without its setting": ("scheduler: cosine", "scheduler.T_max: is missing"),
    "T_max 0": ("scheduler: {name: cosine, T_max: 0}", "scheduler.T_max: must be at least 1"),
    "T_max 1.5": (
        "scheduler: {name: cosine, T_max: 1.5}",
        "scheduler.T_max: ... whole number ... 1.5",
    ),
    "t_max": (
        "scheduler: {name: cosine, t_max: 5}",
        ("scheduler.T_max: is missing", "unknown key 't_max': did you mean 'T_max'?"),
    ),
    "step_size -1": (
        "scheduler: {name: step, step_size: -1}",
        "scheduler.step_size: must be at least 1",
    ),
    "step_size null": (
        "scheduler: {name: step, step_size: }",
        "scheduler.step_size: ... found null",
    ),
    "gamma 0": (
        "scheduler: {name: exponential, gamma: 0}",
        "scheduler.gamma: must be greater than 0",
    ),
    "gamma inf": ("scheduler: {name: exponential, gamma: .inf}", "scheduler.gamma: ... found inf"),
    "milestones a number": (
        "scheduler: {name: multistep, milestones: 5}",
        "scheduler.milestones: ",
    ),
    "milestones falling": (
        "scheduler: {name: multistep, milestones: [5, 2]}",
        "scheduler: ... milestones ... [5, 2]",
    ),
    "milestones twice": (
        "scheduler: {name: multistep, milestones: [5, 5]}",
        "scheduler: ... [5, 5]",
    ),
    "milestones none": (
        "scheduler: {name: multistep, milestones: []}",
        "scheduler.milestones: must have at least 1 member ... found 0",
    ),
    "milestones negative": (
        "scheduler: {name: multistep, milestones: [-1]}",
        "scheduler.milestones.0: must be at least 0 ... found -1",
    ),
    "warmup longer than all": (
        "scheduler: {name: warmup_cosine, warmup_steps: 10, total_steps: 10}",
        "scheduler: ... total_steps",
    ),
    "pct_start 2": (
        "scheduler: {name: one_cycle, total_steps: 9, pct_start: 2}",
        "scheduler.pct_start: ",
    ),
    "anneal_strategy misspelled": (
        "scheduler: {name: one_cycle, total_steps: 9, anneal_strategy: coss}",
        "scheduler.anneal_strategy: unknown name 'coss': did you mean 'cos'?",
    ),
    "anneal_strategy null": (
        "scheduler: {name: one_cycle, total_steps: 9, anneal_strategy: }",
        "scheduler.anneal_strategy: ... null",
    ),
    "patience negative": (
        "scheduler: {name: plateau, patience: -1}",
        "scheduler.patience: must be at",
    ),
    "factor 1 of plateau": (
        "scheduler: {name: plateau, factor: 1}",
        "scheduler.factor: must be less",
    ),
    "scheduler with a wrong setting": (
        "scheduler: {name: constant, gamma: 1}",
        "unknown key 'gamma' ... Known: name",
    ),
    # training
    "train null": ("train:", "train: must be a block ... found null"),
    "train a number": ("train: 500", "train: must be a block ... found 500"),
    "steps 0": ("train: {steps: 0}", "train.steps: must be at least 1 ... found 0"),
    "steps negative": ("train: {steps: -5}", "train.steps: must be at least 1 ... found -5"),
    "steps 1e18": ("train: {steps: 1000000000000000000}", "train.steps: must be at most"),
    "steps a fraction": (
        "train: {steps: 1.5}",
        "train.steps: must be a whole number ... found 1.5",
    ),
    "steps 500.0": ("train: {steps: 500.0}", "train.steps: must be a whole number ... found 500.0"),
    "steps null": ("train: {steps: }", "train.steps: must be a whole number ... found null"),
    "steps inf": ("train: {steps: .inf}", "train.steps: must be a whole number ... found inf"),
    "batch_size 0": ("train: {batch_size: 0}", "train.batch_size: must be at least 1 ... found 0"),
    "batch_size all": ("train: {batch_size: all}", "train.batch_size: ... found 'all'"),
    "log_every 0": ("train: {log_every: 0}", "train.log_every: must be at least 1 ... found 0"),
    "engine unknown": ("train: {engine: egaer}", "train.engine: unknown name 'egaer' ... 'eager'?"),
    "clip_norm 0": ("train: {clip_norm: 0}", "train.clip_norm: must be greater than 0 ... found 0"),
    "clip_norm inf": ("train: {clip_norm: .inf}", "train.clip_norm: must be a finite number"),
    "clip_value -1": ("train: {clip_value: -1}", "train.clip_value: must be greater than 0"),
    "train key misspelled": (
        "train: {step: 5}",
        "unknown key 'step': did you mean 'steps'? Known: ",
    ),
    # what is expected
    "expect null": ("expect:", "expect: must be a block ... found null"),
    "expect a list": ("expect: [0, 1]", "expect: must be a block ... found [0, 1]"),
    "initial_loss a number": ("expect: {initial_loss: 1}", "expect.initial_loss: must be a list"),
    "initial_loss of one": (
        "expect: {initial_loss: [1]}",
        "expect.initial_loss: must have 2 members",
    ),
    "initial_loss of text": (
        "expect: {initial_loss: [a, 1]}",
        "expect.initial_loss.0: ... found 'a'",
    ),
    "initial_loss nan": ("expect: {initial_loss: [.nan, 1]}", "expect.initial_loss.0: ... finite"),
    "final_loss_below text": (
        "expect: {final_loss_below: low}",
        "expect.final_loss_below: ... 'low'",
    ),
    "final_loss_below nan": (
        "expect: {final_loss_below: .nan}",
        "expect.final_loss_below: ... finite",
    ),
    "expect key misspelled": (
        "expect: {final_loss_belw: 1}",
        "unknown key 'final_loss_belw': did you mean 'final_loss_below'?",
    ),
    # keys
    "key misspelled": ("sede: 1", "unknown key 'sede': did you mean 'seed'? Known: data, expect"),
    "key in capitals": ("Seed: 1", "unknown key 'Seed': did you mean 'seed'?"),
    "key empty": ("'': 1", "unknown key '' ... Known: data, expect"),
    "key with a dot": ("train.steps: 1", "unknown key 'train.steps' ... Known: data, expect"),
    "key of an escape": (r'"\e[31m": 1', r"unknown key '\x1b[31m' ... Known: data, expect"),
    "key of a newline": (r'"a\nb": 1', r"unknown key 'a\nb' ... Known: data, expect"),
    "key in another script": ("имя: 1", "unknown key 'имя' ... Known: data, expect"),
    "key a merge": ("<<: {seed: 1}", "unknown key '<<' ... Known: data, expect"),
    "key a merge within": ("train: {<<: {steps: 1}}", "unknown key '<<' ... Known: "),
    "key private": ("_places: 1", "unknown key '_places' ... Known: data, expect"),
    "key of pydantic": ("model_config: {}", "unknown key 'model_config' ... Known: data, expect"),
    "key a number": ("1: 2", "key must be text"),
    "key null": ("~: 2", "key must be text"),
    "key true": ("true: 2", "key must be text"),
    "key a list": ("train: {? [steps] : 2}", "key must be text"),
    "key a number within": ("train: {1: 2}", "key must be text"),
    "key twice": ("train: {steps: 1, steps: 2}", "duplicate key 'steps' ... line 7"),
    "key twice, once in quotes": ("train: {steps: 1, 'steps': 2}", "duplicate key 'steps'"),
    "key twice in a block": (
        "model:\n  hidden: [1]\n  hidden: [2]",
        "duplicate key 'hidden' ... 5",
    ),
    "key without a value": ("train: {steps}", "train.steps: must be a whole number ... found null"),
    # YAML that is more than plain data
    "tag of Python": ("name: !!python/object/apply:os.system ['true']", "tag ... plain data"),
    "tag of Python's names": ("name: !!python/name:os.system", "tag ... plain data"),
    "tag of an integer": ("seed: !!int '3'", "tag ... plain data"),
    "tag of text": ("name: !!str 3", "tag ... plain data"),
    "tag of one's own": ("data: !xor {name: xor}", "tag ... plain data"),
    "tag of a set": ("train: !!set {steps}", "tag ... plain data"),
    "tag of bytes": ("name: !!binary aGk=", "tag ... plain data"),
    "alias without an anchor": ("name: *nobody", "alias ... nobody ... no anchor"),
    "alias of itself": ("train: &t {steps: *t}", "alias ... t ... contains itself"),
    "alias as a key": ("name: &n tiny\nseed: {*n : 3}", "key must be text"),
    "anchor alone": ("name: &n", "name: must be text ... found null"),
    # syntax
    "list unclosed": ("model: {hidden: [8}", "not valid YAML"),
    "block unclosed": ("train: {steps: 3", "not valid YAML"),
    "quote unclosed": ("name: 'tiny", "not valid YAML"),
    "text after a quote": ("name: 'tiny' too", "not valid YAML"),
    "indented oddly": ("model:\n    hidden: [2]\n  init: he", "not valid YAML"),
    "tab as indentation": ("model:\n\thidden: [2]", "not valid YAML"),
    "value starts with an at sign": ("name: @tiny", "not valid YAML"),
    "value starts with a backtick": ("name: `tiny`", "not valid YAML"),
    "value starts with a percent sign": ("name: %tiny", "not valid YAML"),
    "two colons": ("name: a: b", "not valid YAML"),
    "escape unknown": (r'name: "\q"', "not valid YAML"),
    "escape cut": (r'name: "\u12"', "not valid YAML"),
    "list within a block": ("- a", "not valid YAML"),
}

TWO = "a: &a [1, 1, 1, 1, 1, 1, 1, 1, 1, 1]\n"
BOMB = TWO + "".join(
    f"{chr(n + 1)}: &{chr(n + 1)} [{', '.join([f'*{chr(n)}'] * 10)}]\n" for n in range(97, 106)
)

FILES: dict[str, tuple[str | bytes, Message]] = {
    "empty": ("", ":1:1: ... 'key: value'"),
    "blank lines": ("\n\n\n", ":1:1: ... 'key: value'"),
    "only comments": ("# a\n# b\n", ":1:1: ... 'key: value'"),
    "only a mark": ("---\n", ":1:1: ... 'key: value'"),
    "only marks": ("---\n...\n", ":1:1: ... 'key: value'"),
    "only a byte order mark": (b"\xef\xbb\xbf", ":1:1: ... 'key: value'"),
    "null": ("null\n", ":1:1: ... 'key: value'"),
    "a list": ("- name: tiny\n", ":1:1: ... 'key: value'"),
    "a number": ("3\n", ":1:1: ... 'key: value'"),
    "a sentence": ("this is no config\n", ":1:1: ... 'key: value'"),
    "JSON of a list": ("[1, 2]", ":1:1: ... 'key: value'"),
    "JSON of a text": ('"name: tiny"', ":1:1: ... 'key: value'"),
    "JSON cut": ('{"name": "tiny", ', "not valid YAML"),
    "JSON twice": ('{"name": "a", "name": "b"}', ":1:15: duplicate key 'name'"),
    "two documents": (MINIMAL + "---\n" + MINIMAL, ":8:1: ... second document"),
    "an empty second document": (MINIMAL + "---\n", ":8:1: ... second document"),
    "a key twice": (MINIMAL + "seed: 1\n", ":8:1: duplicate key 'seed' ... line 2"),
    "a NUL byte": (MINIMAL.encode() + b"\0", ":8:1: ... control character ... U+0000"),
    "an escape byte": (MINIMAL.replace("tiny", "\x1b[31m"), ":1:7: ... control character U+001B"),
    "a bell in a comment": ("# \x07\n" + MINIMAL, ":1:3: ... control character U+0007"),
    "a delete byte": (MINIMAL.replace("tiny", "\x7f"), ":1:7: ... control character U+007F"),
    "a non-character": (MINIMAL.replace("tiny", "\uffff"), ":1:7: ... U+FFFF"),
    "latin-1": (MINIMAL.replace("tiny", "größe").encode("latin-1"), ":1:9: not UTF-8"),
    "latin-1 in a comment": (MINIMAL.encode() + b"# gr\xf6\xdfe\n", ":8:5: not UTF-8"),
    "UTF-16": (MINIMAL.encode("utf-16"), ":1:1: not UTF-8"),
    "UTF-16 without a mark": (MINIMAL.encode("utf-16-le"), ":1:2: ... control character U+0000"),
    "UTF-32": (MINIMAL.encode("utf-32"), ":1:1: not UTF-8"),
    "a surrogate in UTF-8": (MINIMAL.encode() + b"# \xed\xa0\x80", ":8:3: not UTF-8"),
    "UTF-8 too long": (MINIMAL.encode() + b"# \xc0\xaf", ":8:3: not UTF-8"),
    "UTF-8 cut": (MINIMAL.encode() + b"# \xe2\x82", ":8:3: not UTF-8"),
    "a picture": (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", ":1:1: not UTF-8"),
    "gzip": (b"\x1f\x8b\x08\0\0\0\0\0\0\xff", ":1:2: not UTF-8"),
    "two megabytes": (MINIMAL + "#" * 2_000_000, ":1:1: larger than 1,000,000 bytes"),
    "a bomb": (BOMB, "more than 10,000 values"),
    "a bomb of blocks": (
        "a: &a {x: 1, y: 1}\n"
        + "".join(
            f"a{n}: &a{n} {{x: *a{n - 1 or ''}, y: *a{n - 1 or ''}}}\n" for n in range(1, 40)
        ),
        "more than 10,000 values",
    ),
    "values beyond number": ("a:\n" + "- 1\n" * 20_000, "more than 10,000 values"),
    "deep lists": ("a: " + "[" * 10_000 + "]" * 10_000, ":1:54: nested deeper than 50"),
    "deep lists never closed": ("[" * 10_000, ":1:52: nested deeper than 50"),
    "deep blocks": ("{a: " * 10_000 + "}" * 10_000, "nested deeper than 50"),
    "deep dashes": ("- " * 10_000, ":1:103: nested deeper than 50"),
    "deep lines": (
        "".join(" " * n + "a:\n" for n in range(1000)),
        ":52:52: nested deeper than 50",
    ),
    "deep keys": ("? " * 10_000, ":1:3: ... key must be text"),
    "deep keys in flow": ("[? " * 10_000, "key must be text"),
    "deep lists of blocks": ("[{a: " * 5000, "nested deeper than 50"),
    "YAML 2.0": ("%YAML 2.0\n---\n" + MINIMAL, ":1:1: not valid YAML"),
    "YAML twice": ("%YAML 1.2\n%YAML 1.2\n---\n" + MINIMAL, ":2:1: not valid YAML"),
    "tag handle unknown": ("name: !e!x 3\n", ":1:7: not valid YAML"),
    "a colon missing": ("name tiny\nseed: 0\n", "not valid YAML"),
    "a colon without a space": ("name:tiny\n", ":1:1: ... 'key: value'"),
    "INI": ("[train]\nsteps = 5\n", "not valid YAML"),
    "Python": ("import os\nprint(os.name)\n", ":1:1: ... 'key: value'"),
    "an object in CSV": ("name,seed\ntiny,0\n", ":1:1: ... 'key: value'"),
    "nothing needed": (
        "seed: 0\n",
        (":1:1: name: is missing", "data: is missing", "loss: is missing", "optimizer: is missing"),
    ),
    "no loss": (MINIMAL.replace("loss: bce\n", ""), ":1:1: loss: is missing"),
    "an empty block": ("{}\n", ("name: is missing", "data: is", "loss: is", "optimizer: is")),
    "everything wrong at once": (
        "name: 3\nsede: 1\ndata: {name: xro}\nmodel: {hidden: [0, x], init: 3}\nloss: bec\n"
        "optimizer: {name: sgd, lr: -1, momentm: 0.9}\ntrain: {steps: 0}\n"
        "expect: {initial_loss: [1]}\n",
        (
            ":1:7: name: must be text",
            ":3:7: data: unknown name 'xro'",
            ":4:18: model.hidden.0: must be at least 1",
            ":4:21: model.hidden.1: must be a whole number",
            ":4:31: model.init: must be text",
            ":5:7: loss: unknown name 'bec'",
            ":6:28: optimizer.lr: must be greater than 0",
            ":6:32: optimizer.momentm: unknown key 'momentm'",
            ":7:16: train.steps: must be at least 1",
            ":8:24: expect.initial_loss: must have 2 members",
            ":2:1: sede: unknown key 'sede'",
        ),
    ),
}

WRONG = {
    "null": "null",
    "true": "true",
    "whole": "7",
    "real": "1.5",
    "text": "seven",
    "number in quotes": "'7'",
    "empty text": "''",
    "list": "[7]",
    "list of lists": "[[], []]",
    "block": "{a: 7}",
    "empty block": "{}",
    "nan": ".nan",
    "infinite": "-1e999",
}
FITS = {
    "text": {"text", "number in quotes", "empty text"},
    "whole": {"whole"},
    "number": {"whole", "real"},
    "truth": {"true"},
    "list": {"list"},
    "block": {"block", "empty block", "text"},
}
SETTINGS = [
    ("name", "name: {}", "text"),
    ("seed", "seed: {}", "whole"),
    ("data", "data: {}", "block"),
    ("data.n", "data: {{name: moons, n: {}}}", "whole"),
    ("data.noise", "data: {{name: moons, noise: {}}}", "number"),
    ("data.val_fraction", "data: {{name: moons, val_fraction: {}}}", "number"),
    ("data.standardize", "data: {{name: moons, standardize: {}}}", "truth"),
    ("data.path", "data: {{name: csv, path: {}, target: y}}", "text"),
    ("data.target", "data: {{name: csv, path: a.csv, target: {}}}", "text"),
    ("model", "model: {}", "block"),
    ("model.hidden", "model: {{hidden: {}}}", "list"),
    ("model.init", "model: {{init: {}}}", "text"),
    ("loss", "loss: {}", "text"),
    ("optimizer", "optimizer: {}", "block"),
    ("optimizer.lr", "optimizer: {{name: sgd, lr: {}}}", "number"),
    ("optimizer.weight_decay", "optimizer: {{name: adamw, weight_decay: {}}}", "number"),
    ("optimizer.amsgrad", "optimizer: {{name: adam, amsgrad: {}}}", "truth"),
    ("optimizer.betas", "optimizer: {{name: adam, betas: {}}}", "list"),
    ("scheduler", "scheduler: {}", "block"),
    ("scheduler.T_max", "scheduler: {{name: cosine, T_max: {}}}", "whole"),
    ("scheduler.eta_min", "scheduler: {{name: cosine, T_max: 5, eta_min: {}}}", "number"),
    ("scheduler.milestones", "scheduler: {{name: multistep, milestones: {}}}", "list"),
    ("train", "train: {}", "block"),
    ("train.steps", "train: {{steps: {}}}", "whole"),
    ("train.batch_size", "train: {{batch_size: {}}}", "whole"),
    ("train.log_every", "train: {{log_every: {}}}", "whole"),
    ("train.engine", "train: {{engine: {}}}", "text"),
    ("train.clip_norm", "train: {{clip_norm: {}}}", "number"),
    ("train.clip_value", "train: {{clip_value: {}}}", "number"),
    ("expect", "expect: {}", "block"),
    ("expect.initial_loss", "expect: {{initial_loss: {}}}", "list"),
    ("expect.final_loss_below", "expect: {{final_loss_below: {}}}", "number"),
    ("plugins", "plugins: {}", "list"),
]
MAY_BE_NULL = {"train.batch_size", "train.clip_norm", "train.clip_value"} | {
    "expect.initial_loss",
    "expect.final_loss_below",
}
WRONG_KINDS = [
    (key, template, wrong)
    for key, template, kind in SETTINGS
    for wrong in WRONG
    if wrong not in FITS[kind] and not (wrong == "null" and key in MAY_BE_NULL)
]

# --- overrides ----------------------------------------------------------------------------------

OVERRIDES: dict[str, tuple[list[str], Message]] = {
    "no equals sign": (["optimizer.lr"], "'optimizer.lr' ... key=value"),
    "only an equals sign": (["="], "'=' ... key=value"),
    "no key": (["=3"], "'=3' ... key=value"),
    "empty argument": ([""], "'' ... key=value"),
    "an empty key within": (["optimizer..lr=1"], "'optimizer..lr=1' ... key=value"),
    "a dot first": ([".seed=1"], "'.seed=1' ... key=value"),
    "a dot last": (["seed.=1"], "'seed.=1' ... key=value"),
    "a key into a number": (["seed.x=1"], "seed has no keys of its own"),
    "a key into text": (["loss.name=bce"], "loss has no keys of its own"),
    "a key into a list": (["model.hidden.0=4"], "model.hidden has no keys of its own"),
    "a key into a name": (["data.name.x=1"], "data.name has no keys of its own"),
    "a key too deep": (["train.steps.a.b.c=1"], "train.steps has no keys of its own"),
    "unparsable": (["optimizer.lr=["], "'optimizer.lr=[' ... not valid YAML"),
    "unparsable quote": (["name='"], "not valid YAML"),
    "two documents": (["seed=1\n---\n2"], "second document"),
    "a tag": (["seed=!!int '3'"], "tag ... plain data"),
    "an alias": (["seed=*x"], "alias ... no anchor"),
    "a control character": (["name=\x1b[31m"], "control character U+001B"),
    "deep": (["name=" + "[" * 200], "nested deeper than 50"),
    "unknown key": (["sede=1"], "unknown key 'sede': did you mean 'seed'? Known: data"),
    "unknown key within": (["train.step=1"], "unknown key 'step': did you mean 'steps'?"),
    "unknown block": (["trian.steps=1"], "unknown key 'trian': did you mean 'train'?"),
    "unknown key of an escape": (["\x1b[31m=1"], r"unknown key '\x1b[31m'"),
    "unknown key of a newline": (["a\nb=1"], r"unknown key 'a\nb'"),
    "unknown name": (["data=mons"], "data: unknown name 'mons': did you mean 'moons'?"),
    "unknown name in full": (
        ["optimizer.name=adm"],
        "optimizer: unknown name 'adm' ... did you mean",
    ),
    "unknown activation": (["model.activation=rleu"], "model.activation: ... did you mean 'relu'?"),
    "unknown loss": (["loss=msee"], "loss: unknown name 'msee': did you mean 'mse'?"),
    "lr 0": (["optimizer.lr=0"], "optimizer.lr: must be greater than 0 ... found 0"),
    "lr nan": (["optimizer.lr=.nan"], "optimizer.lr: must be a finite number ... found nan"),
    "lr empty": (["optimizer.lr="], "optimizer.lr: must be a number ... found null"),
    "lr in quotes": (["optimizer.lr='1'"], "optimizer.lr: must be a number ... found '1'"),
    "of another optimizer": (
        ["optimizer.betas=[0.9, 0.9]"],
        "unknown key 'betas' ... Known: dampening",
    ),
    "the last of two": (["seed=1", "seed=-1"], "seed: must be at least 0 ... found -1"),
    "a name that needs more": (["data.name=csv"], ("data.path: is missing", "data.target: is")),
    "a block for a number": (["seed={a: 1}"], "seed: must be a whole number ... found {'a': 1}"),
    "a number for a block": (["train=5"], "train: must be a block ... found 5"),
    "a block null": (["optimizer=null"], "optimizer: must be a block ... found null"),
    "bce of 3 classes": (["data=spiral"], "loss: bce needs labels 0 and 1"),
    "too large a model": (["model.hidden=[1000000,1000000]"], "model.hidden: ... parameters"),
    "plugin missing": (["plugins=[nowhere.py]"], "nowhere.py ... cannot be read"),
    "two faults": (["seed=-1", "train.steps=0"], ("seed: must be", "train.steps: must be")),
}

# --- data files ---------------------------------------------------------------------------------

GOOD_CSV = "a,b,y\n1,2,0\n3,4,1\n"

CSVS: dict[str, tuple[str | bytes, str, Message]] = {
    "ragged": ("a,b,y\n1,2,0\n3,1\n", "bce", ":3: ... 3 cells ... found 2"),
    "too long a row": ("a,b,y\n1,2,0,9\n", "bce", ":2: ... 3 cells ... found 4"),
    "a word": ("a,b,y\n1,x,0\n", "bce", ":2: column 'b': must be a finite number, found 'x'"),
    "two words": (
        "a,b,y\nu,v,0\n",
        "bce",
        (":2: column 'a': must be a finite number", ":2: column 'b': must be a finite number"),
    ),
    "nan": ("a,b,y\n1,nan,0\n", "bce", ":2: column 'b': must be a finite number, found 'nan'"),
    "inf": ("a,b,y\n1,2,0\n1,inf,0\n", "bce", ":3: column 'b': must be a finite number"),
    "1e999": ("a,b,y\n1e999,2,0\n", "bce", ":2: column 'a': must be a finite number"),
    "an empty cell": ("a,b,y\n1,,0\n", "bce", ":2: column 'b': ... empty cell"),
    "underscores": ("a,b,y\n1_0,2,0\n", "bce", ":2: column 'a': must be ... found '1_0'"),
    "an escape": ("a,b,y\n\x1b[31m,2,0\n", "bce", r":2: column 'a': ... found '\x1b[31m'"),
    "an escape in a name": ("\x1b[31m,y\nx,0\n", "bce", r":2: column '\x1b[31m': must be"),
    "semicolons": ("a;b;y\n1;2;0\n", "bce", ":1: commas are expected ... found ';'"),
    "tabs": ("a\tb\ty\n1\t2\t0\n", "bce", ":1: commas are expected ... found tabs"),
    "target missing": ("a,b,z\n1,2,0\n", "bce", ":1: no column 'y' ... Known: a, b, z"),
    "target misspelled": ("a,b,Y \n1,2,0\n", "bce", ":1: no column 'y' ... Known: "),
    "no header": ("1,2,0\n3,4,1\n", "bce", ":1: no header row"),
    "header twice the same": ("a,a,y\n1,2,0\n", "bce", ":1: column name 'a' is used 2 times"),
    "column without a name": ("a,,y\n1,2,0\n", "bce", ":1: column 2 has no name"),
    "only a header": ("a,b,y\n", "bce", ": a header row alone"),
    "empty": ("", "bce", ": is empty"),
    "blank": ("\n\n \n", "bce", ": is empty"),
    "a NUL": ("a,b,y\n1,\x002,0\n", "bce", ":2: a NUL byte"),
    "quote unclosed": ('a,b,y\n1,"2,0\n3,4,1\n', "bce", ":2: a quote ... never closed"),
    "text after a quote": ('a,b,y\n1,"2"x,0\n', "bce", ":2: text after a closing quote"),
    "carriage returns": ("a,b,y\r1,2,0\r", "bce", ":1: a carriage return"),
    "a huge cell": ('a,b,y\n1,"' + "2" * 200_000 + '",0\n', "bce", ":2: a cell is longer than"),
    "a huge number": ("a,b,y\n1," + "2" * 5000 + ",0\n", "bce", ":2: column 'b': must be a finite"),
    "a huge row": ("a,b,y\n" + "1," * 600_000, "bce", ":2: the row is longer than"),
    "latin-1": ("größe,y\n1,0\n".encode("latin-1"), "bce", ":1: byte 0xf6 is not UTF-8"),
    "UTF-16": ("a,y\n1,0\n".encode("utf-16"), "bce", ":1: ... not ... UTF-8"),
    "a picture": (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "bce", ":1: byte 0x89 is not UTF-8"),
    "one text as the only label": (
        "a,b,y\n1,2,yes\n",
        "bce",
        ":2: column 'y' is 'yes' in every row: there is nothing to tell apart",
    ),
    "a text among numbers": (
        "a,b,y\n1,2,0\n1,3,yes\n",
        "bce",
        ":3: column 'y': must be ... found 'yes'",
    ),
    "target alone": ("y\n0\n1\n", "bce", ":1: column 'y' is the only one"),
    "a thousand columns and one": (
        ",".join(f"c{n}" for n in range(1000)) + ",y\n",
        "bce",
        ":1: 1,001 columns; the limit is 1,000",
    ),
    "too many rows": ("a,y\n" + "1,0\n" * 100_001, "bce", "more than 100,000 rows"),
}

# Labels that do not fit the loss: the fault is the config's.
LABELS: dict[str, tuple[str, str, Message]] = {
    "labels 1 and 2 with bce": ("a,y\n1,1\n3,2\n", "bce", "loss: bce needs labels 0 and 1 ... 2"),
    "labels -1 and 1 with hinge": ("a,y\n1,-1\n3,1\n", "hinge", "loss: hinge needs labels 0 and 1"),
    "measurements with bce": ("a,y\n1,0.5\n3,1\n", "bce", "loss: bce needs labels 0 and 1 ... 0.5"),
    "3 classes with bce": ("a,y\n1,0\n3,1\n4,2\n", "bce", "loss: bce needs ... 3 classes"),
    "measurements with cross_entropy": (
        "a,y\n1,0.5\n3,1\n",
        "cross_entropy",
        "loss: cross_entropy",
    ),
    "one label alone": ("a,y\n1,0\n3,0\n", "bce", "loss: bce needs labels 0 and 1"),
    "a label left out": ("a,y\n1,0\n3,2\n", "cross_entropy", "loss: cross_entropy needs labels"),
    "val_fraction of one row": ("a,y\n1,0\n", "mse", "data: ... val_fraction"),
}

CSV_PATHS: dict[str, tuple[str, str]] = {
    "missing": ("none.csv", "none.csv: cannot be read: No such file"),
    "a directory": (".", ": cannot be read: it is a directory"),
    "empty": ("''", ": cannot be read: it is a directory"),
    "a device": ("/dev/zero", "/dev/zero: cannot be read: it is not a regular file"),
    "a terminal": ("/dev/tty", "/dev/tty: cannot be read: "),
    "below a file": ("c.yaml/a.csv", "c.yaml/a.csv: cannot be read: Not a directory"),
    "a name too long": ("x" * 256, ": cannot be read: File name too long"),
    "a NUL": (r'"a\0b.csv"', r"a\x00b.csv: cannot be read"),
    "an escape and a newline": (r'"\e[31m\n.csv"', r"\x1b[31m\n.csv: cannot be read"),
    "a lone surrogate": (r'"\ud800.csv"', "half of a surrogate pair"),
    "a tilde": ("~/a.csv", "~/a.csv: cannot be read: No such file"),
    "a variable": ("$HOME/a.csv", "$HOME/a.csv: cannot be read: No such file"),
    "an address": ("https://example.org/a.csv", "a.csv: cannot be read: No such file"),
}

# --- plugins ------------------------------------------------------------------------------------

OPS = """
from nn.activations import ACTIVATIONS
@ACTIVATIONS.register
def {}(x):
    "a test's own"
    return x
"""

# Content of ops.py, the value of `plugins`, and what is told.
PLUGINS: dict[str, tuple[str | bytes, str, Message]] = {
    "missing": ("", "[nowhere.py]", "nowhere.py ... cannot be read ... No such file"),
    "second of two missing": ("", "[ops.py, nowhere.py]", "nowhere.py ... cannot be read"),
    "text for a list": ("", "ops.py", "plugins: must be a list ... found 'ops.py'"),
    "a number in the list": ("", "[3]", "plugins.0: must be text ... found 3"),
    "a list in the list": ("", "[[ops.py]]", "plugins.0: must be text ... found ['ops.py']"),
    "null in the list": ("", "[ops.py, null]", "plugins.1: must be text ... found null"),
    "a block": ("", "{ops.py: true}", "plugins: must be a list"),
    "syntax error": ("x = 1\ndef f(:\n", "[ops.py]", "ops.py:2: ... invalid syntax"),
    "indentation error": ("def f():\nreturn 1\n", "[ops.py]", "ops.py:2: ... indented block"),
    "not Python": ("name: tiny\nseed 0\n", "[ops.py]", "ops.py:2: ... invalid syntax"),
    "not text": (b"\x89PNG\r\n\x1a\n\xff\xfe", "[ops.py]", "ops.py"),
    "a NUL byte": (b"x = 1\n\0", "[ops.py]", "ops.py ... null byte"),
    "raises": ("x = 1\n\nx / 0\n", "[ops.py]", "ops.py:3: ZeroDivisionError: division by zero"),
    "raises in a function": (
        "def f():\n    raise KeyError('k')\n\nf()\n",
        "[ops.py]",
        "ops.py:2: KeyError: 'k'",
    ),
    "raises without a word": ("raise ValueError\n", "[ops.py]", "ops.py:1: ValueError"),
    "raises several lines": ("raise ValueError('a\\nb')\n", "[ops.py]", "ops.py:1: ValueError: a"),
    "fails an assertion": ("assert 1 == 2\n", "[ops.py]", "ops.py:1: AssertionError"),
    "imports what is not there": ("import nothing_here\n", "[ops.py]", "ops.py:1: ModuleNotFoundE"),
    "recurses": ("def f():\n    f()\nf()\n", "[ops.py]", "ops.py:2: RecursionError"),
    "a name that exists": (
        OPS.format("relu"),
        "[ops.py]",
        "ops.py:3: ValueError ... 'relu' exists",
    ),
    "a name used twice": (OPS.format("mine") * 2, "[ops.py]", "ops.py ... 'mine' exists already"),
    "a name by key": (
        "from nn.activations import ACTIVATIONS\nACTIVATIONS['nothing']\n",
        "[ops.py]",
        "ops.py:2: ValueError: unknown activation 'nothing'",
    ),
    "works, and the rest does not": (
        OPS.format("mine"),
        "[ops.py]\nmodel: {activation: mnie}",
        "model.activation: unknown name 'mnie': did you mean 'mine'?",
    ),
}

# --- --out, usage -------------------------------------------------------------------------------

STORES = {
    "a file": ("c.yaml", "File exists"),
    "below a file": ("c.yaml/runs", "Not a directory"),
    "a name too long": ("x" * 256, "File name too long"),
    "a place of the kernel": ("/proc/nothing/runs", "No such file or directory"),
    "a device": ("/dev/null", "File exists"),
}

USAGES = {
    "nothing": [],
    "an option": ["{config}", "--nonsense"],
    "an option's value missing": ["{config}", "--out"],
    "an option for a key": ["{config}", "--seed=3"],
    "a negative key": ["{config}", "-1=3"],
}

# --- as processes of their own: what could hang, or fill the memory -----------------------------


def zeros(path: Path, size: int) -> None:
    path.touch()
    os.truncate(path, size)  # a hole, which takes no room on the disk


def listen(path: Path) -> None:
    with contextlib.chdir(path.parent), socket.socket(socket.AF_UNIX) as made:
        made.bind(path.name)  # by its short name: the whole path may be longer than a socket's


CSV_LINE = "data: {name: csv, path: d.csv, target: y}"
ROWS = "a,b,c,d,e,f,g,h,i,y\n" + ("x," * 9 + "1\n") * 99_999

# How the file is made, which one it is, and what is told of it.
NASTY: dict[str, tuple[Callable[[Path], object], str, str]] = {
    "config a bomb": (lambda path: path.write_text(BOMB), "c.yaml", "more than 10,000 values"),
    "config deep in lists": (
        lambda path: path.write_text("[" * 900_000),
        "c.yaml",
        "nested deeper than 50",
    ),
    "config deep in dashes": (
        lambda path: path.write_text("- " * 400_000),
        "c.yaml",
        "nested deeper than 50",
    ),
    "config deep in keys": (
        lambda path: path.write_text("{a: " * 200_000),
        "c.yaml",
        "nested deeper than 50",
    ),
    "config with 900,000 digits": (
        lambda path: path.write_text(text_of("seed: " + "9" * 900_000)[0]),
        "c.yaml",
        "more than 400 digits",
    ),
    "config with 240,000 escapes": (
        lambda path: path.write_text(text_of('name: "' + r"\x41" * 240_000 + '"')[0]),
        "c.yaml",
        "name: ",
    ),
    "config with a name of 490,000 words": (
        lambda path: path.write_text(text_of("name: " + "n " * 490_000)[0]),
        "c.yaml",
        "name: ",
    ),
    "config with 240,000 lines of text": (
        lambda path: path.write_text(text_of("name: |\n" + "  a\n" * 240_000)[0]),
        "c.yaml",
        "name: ",
    ),
    "config of 2 MB": (lambda path: path.write_text("#" * 2_000_000), "c.yaml", "larger than"),
    "config a socket": (listen, "c.yaml", "cannot be read"),
    "model of a million a layer": (
        lambda path: path.write_text(text_of(f"model: {{hidden: {[1_000_000] * 20}}}")[0]),
        "c.yaml",
        "parameters",
    ),
    "model and batch too large together": (
        lambda path: path.write_text(
            text_of("data: {name: xor, n: 100000}\nmodel: {hidden: [200, 200]}")[0]
        ),
        "c.yaml",
        "train.batch_size: 100,000 samples",
    ),
    "data a pipe": (os.mkfifo, "d.csv", "cannot be read: it is not a regular file"),
    "data of 60 MB": (lambda path: zeros(path, 60_000_000), "d.csv", "larger than 50 MB"),
    "data of 40 MB of zeros": (lambda path: zeros(path, 40_000_000), "d.csv", "a NUL byte"),
    "data of a million words": (lambda path: path.write_text(ROWS), "d.csv", ":2: column 'a'"),
}

# --- the harder ones of each table ----------------------------------------------------------------

HARDER: dict[str, dict[str, tuple[Any, Message]]] = {
    "LINES": {
        "name with an escape beyond Unicode": (r'name: "\U00110000"', "not valid YAML"),
        "name with an escape of 32 bits": (r'name: "\UFFFFFFFF"', "not valid YAML"),
        "name with a bell": (r'name: "\a"', r"name: ... \x07"),
        "name with an escape": (r'name: "\e[31m"', r"name: ... \x1b[31m"),
        "name with a NUL": (r'name: "a\0b"', r"name: ... a\x00b"),
        "steps of 5000 hex digits": (f"train: {{steps: 0x{'f' * 5000}}}", "more than 400 digits"),
        "seed of 5000 hex digits": (f"seed: 0x{'f' * 5000}", "more than 400 digits"),
        "seed of 5000 octal digits": (f"seed: 0o{'7' * 5000}", "more than 400 digits"),
        "total_steps of 390 digits": (
            "scheduler: {name: one_cycle, total_steps: 1" + "0" * 389 + "}",
            "scheduler.total_steps: must be at most",
        ),
        "total_steps of 390 digits, warm": (
            f"scheduler: {{name: warmup_cosine, warmup_steps: 1{'0' * 389}, "
            f"total_steps: 2{'0' * 389}}}",
            ("scheduler.warmup_steps: must be", "scheduler.total_steps: must be at most"),
        ),
        "hidden of 390 digits": (
            "model: {hidden: [1" + "0" * 389 + "]}",
            "model.hidden: ... parameters",
        ),
        "hidden of 100 wide layers": (
            f"model: {{hidden: {[99_999_999] * 100}}}",
            "model.hidden: ... parameters",
        ),
        "loss of 100,000 letters": ("loss: " + "x" * 100_000, "loss: unknown name 'xxx"),
        "activation of 100,000 letters": (
            f"model: {{activation: {'x' * 100_000}}}",
            "model.activation: unknown name 'xxx",
        ),
        "key of 1000 letters": ("k" * 1000 + ": 1", "unknown key 'kkk"),
        "key of 1000 letters twice": (
            f"train: {{? {'k' * 1000} : 1, ? {'k' * 1000} : 2}}",
            "duplicate key 'kkk",
        ),
        "alias of 1000 letters": ("name: *" + "n" * 1000, "alias ... no anchor"),
        "tag of 1000 letters": ("name: !" + "n" * 1000 + " x", "tag ... plain data"),
        "tag with an escape": ("name: !%1b[31m%0a x", "tag ... plain data"),
        "tag with an escape in full": ("name: !<%1b%5b31m%0a> x", "tag ... plain data"),
        "tag with a mark alone": ("seed: ! 0", "tag ... plain data"),
        "milestones of 5000": (
            f"scheduler: {{name: multistep, milestones: {[5] * 5000}}}",
            "scheduler: ... milestones",
        ),
        "data val_fraction misspelled": (
            "data: {name: moons, val_frac: 0.1}",
            "unknown key 'val_frac': did you mean 'val_fraction'? Known: ",
        ),
        "key a lone surrogate": (r'"\ud800": 1', "half of a surrogate pair"),
        "key a lone surrogate within": (
            r'optimizer: {name: sgd, "\ud800": 1}',
            "half of a surrogate pair",
        ),
        "noise without bounds": (
            "data: {name: moons, noise: 1.7e308, standardize: true}",
            "data.noise: must be",
        ),
    },
    "OVERRIDES": {
        "deep and long": (["name=" + "[" * 1000], "nested deeper than 50"),
        "a long value": (["seed=" + "9" * 100_000], "more than 400 digits"),
        "a long key": (["k" * 5000 + "=1"], "unknown key 'kkk"),
        "two unreadable ones": (["a", "b"], ("'a' ... key=value", "'b' ... key=value")),
        "one unreadable and one bad": (["a", "seed=-1"], ("'a' ... key=value", "seed: must be")),
        "bytes that are not UTF-8": (["name=\udcff"], "not UTF-8"),
        "a key of bytes that are not UTF-8": (["\udcff=1"], r"unknown key '\udcff'"),
    },
    "PLUGINS": {
        "interrupts": (("raise KeyboardInterrupt\n", "[ops.py]"), "ops.py:1: KeyboardInterrupt"),
        "raises an escape": (("raise ValueError('\\x1b[31m')\n", "[ops.py]"), "ops.py:1: Value"),
        "raises a long sentence": (("raise ValueError('a' * 9999)\n", "[ops.py]"), "ops.py:1: Va"),
        "raises what cannot be told": (
            (
                "class E(Exception):\n    def __str__(self):\n        return 1 / 0\nraise E\n",
                "[ops.py]",
            ),
            "ops.py:4: E",
        ),
        "a directory": (("", "[.]"), "plugin ... cannot be read: ... directory"),
        "nothing": (("", "['']"), "plugin ... cannot be read: ... directory"),
        "an escape and a newline": (("", r'["\e[31m\n.py"]'), r"\x1b[31m\n.py cannot be read"),
        "a NUL in its name": (("", r'["a\0b.py"]'), r"a\x00b.py cannot be read"),
        "a lone surrogate in its name": (("", r'["\ud800.py"]'), "half of a surrogate pair"),
        "a long name": (("", f"[{'n' * 100_000}]"), "cannot be read: File name too long"),
        "data whose setting has no type": (
            (
                "from minigrad.data import DATASETS\n@DATASETS.register\n"
                "def mine(*, n=3, rng):\n    'x'\n",
                "[ops.py]\ndata: mine",
            ),
            "ops.py ... 'n'",
        ),
        "data that is none": (
            (
                "from minigrad.data import DATASETS\n@DATASETS.register\n"
                "def mine(*, n: int = 3, rng):\n    'x'\n",
                "[ops.py]\ndata: mine",
            ),
            "data: ... mine",
        ),
        "an optimizer that is none": (
            ("from optim import OPTIMIZERS\nOPTIMIZERS['mine'] = 3\n", "[ops.py]"),
            "ops.py",
        ),
    },
}

LINES |= HARDER["LINES"]
OVERRIDES |= HARDER["OVERRIDES"]
PLUGINS |= {name: (*first, message) for name, (first, message) in HARDER["PLUGINS"].items()}

COLUMNS = ",".join([*(f"c{i}" for i in range(999)), "y"])
NASTY |= {
    "config a pipe": (os.mkfifo, "c.yaml", "cannot be read: it is not a regular file"),
    "config of 3 GB": (lambda path: zeros(path, 3_000_000_000), "c.yaml", "larger than 1,000,000"),
}


# --- running them -------------------------------------------------------------------------------


@pytest.fixture(autouse=True)
def _contained() -> Iterator[None]:
    with contained():
        yield


@dataclass(frozen=True)
class Refuse:
    """The command in this process; gives the lines on stderr of a refusal that keeps the rules."""

    folder: Path
    capsys: pytest.CaptureFixture[str]

    @property
    def config(self) -> Path:
        return self.folder / "c.yaml"

    def write(self, content: str | bytes, name: str = "c.yaml") -> None:
        raw = content if isinstance(content, bytes) else content.encode()
        (self.folder / name).write_bytes(raw)

    def __call__(self, *overrides: str, starts: Sequence[str] = ()) -> list[str]:
        out = self.folder / "runs"
        before = sorted(self.folder.rglob("*"))
        code = train.main([str(self.config), *overrides, "--out", str(out)])
        printed = self.capsys.readouterr()
        assert code == 2
        assert printed.out == ""
        assert sorted(self.folder.rglob("*")) == before
        return lines_of(printed.err, starts or [f"{self.config}:"])


def lines_of(err: str, starts: Sequence[str]) -> list[str]:
    """The lines of stderr, if they are what a terminal should be sent."""
    assert err.endswith("\n")
    lines = err.removesuffix("\n").split("\n")
    if len(lines) > 1 and re.fullmatch(r"\.\.\. and [0-9,]+ more", lines[-1]):
        del lines[-1]
    for line in lines:
        assert line.isprintable()
        assert len(line) <= LONGEST_LINE
        assert line.startswith(tuple(starts))
        assert "Traceback" not in line
    return lines


def check_message(lines: Sequence[str], message: Message) -> None:
    expected = [message] if isinstance(message, str) else message
    assert len(lines) == len(expected), lines
    for line, sentence in zip(lines, expected, strict=True):
        rest = line
        for part in sentence.split(" ... "):
            assert part in rest, f"{part!r} is not, or not there, in {line!r}"
            rest = rest.partition(part)[2]


@pytest.fixture
def refuse(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Refuse:
    return Refuse(tmp_path, capsys)


@pytest.mark.parametrize(("change", "message"), LINES.values(), ids=list(LINES))
def test_a_bad_line_is_told_at_its_place(change: str, message: Message, refuse: Refuse) -> None:
    text, numbers = text_of(change)
    refuse.write(text)
    lines = refuse()
    check_message(lines, message)
    for line in lines:
        place = re.match(r":(\d+):(\d+): ", line.removeprefix(str(refuse.config)))
        assert place
        if "not valid YAML" not in line:  # which may be noticed later
            assert int(place[1]) in numbers


@pytest.mark.parametrize(("content", "message"), FILES.values(), ids=list(FILES))
def test_a_bad_file_is_told_at_its_place(
    content: str | bytes, message: Message, refuse: Refuse
) -> None:
    refuse.write(content)
    lines = refuse()
    check_message(lines, message)
    for line in lines:
        assert re.match(r":\d+:\d+: ", line.removeprefix(str(refuse.config)))


@pytest.mark.parametrize(("key", "template", "wrong"), WRONG_KINDS)
def test_a_value_of_the_wrong_kind_is_told_with_its_key(
    key: str, template: str, wrong: str, refuse: Refuse
) -> None:
    text, numbers = text_of(template.format(WRONG[wrong]))
    refuse.write(text)
    for line in refuse():
        number, _, message = line.removeprefix(f"{refuse.config}:").split(":", 2)
        assert int(number) in numbers
        assert re.match(rf" {re.escape(key)}(\.\d+)?: ", message)


@pytest.mark.parametrize(("key", "template", "wrong"), WRONG_KINDS[:: len(WRONG) + 1])
def test_an_override_of_the_wrong_kind_is_told_with_its_key(
    key: str, template: str, wrong: str, refuse: Refuse
) -> None:
    refuse.write(text_of(template.format("1"))[0])
    for line in refuse(f"{key}={WRONG[wrong]}", starts=["command line: "]):
        assert line.startswith(f"command line: {key}")


@pytest.mark.parametrize(("overrides", "message"), OVERRIDES.values(), ids=list(OVERRIDES))
def test_a_bad_override_is_told_as_such(
    overrides: list[str], message: Message, refuse: Refuse
) -> None:
    refuse.write(MINIMAL)
    check_message(refuse(*overrides, starts=["command line: ", f"{refuse.config}:"]), message)


@pytest.mark.parametrize(("content", "loss", "message"), CSVS.values(), ids=list(CSVS))
def test_bad_data_is_told_at_its_line(
    content: str | bytes, loss: str, message: Message, refuse: Refuse
) -> None:
    path = refuse.folder / "d.csv"
    refuse.write(content, "d.csv")
    refuse.write(text_of(f"data: {{name: csv, path: d.csv, target: y}}\nloss: {loss}")[0])
    check_message(refuse(starts=[f"{path}:"]), message)


@pytest.mark.parametrize(("content", "loss", "message"), LABELS.values(), ids=list(LABELS))
def test_labels_that_do_not_fit_are_told_at_the_config(
    content: str, loss: str, message: Message, refuse: Refuse
) -> None:
    refuse.write(content, "d.csv")
    share = 0.5 if "val_fraction" in message else 0
    data = f"data: {{name: csv, path: d.csv, target: y, val_fraction: {share}}}"
    refuse.write(text_of(f"{data}\nloss: {loss}")[0])
    check_message(refuse(), message)


@pytest.mark.parametrize(("path", "message"), CSV_PATHS.values(), ids=list(CSV_PATHS))
def test_a_path_that_leads_to_no_data_is_told(path: str, message: str, refuse: Refuse) -> None:
    refuse.write(text_of(f"data: {{name: csv, path: {path}, target: y}}")[0])
    check_message(refuse(starts=[str(refuse.folder), "/dev/"]), message)


@pytest.mark.parametrize(("content", "value", "message"), PLUGINS.values(), ids=list(PLUGINS))
def test_a_bad_plugin_is_told_in_one_line(
    content: str | bytes, value: str, message: Message, refuse: Refuse
) -> None:
    refuse.write(content, "ops.py")
    refuse.write(text_of(f"plugins: {value}")[0])
    check_message(refuse(), message)


@pytest.mark.parametrize(("store", "message"), STORES.values(), ids=list(STORES))
def test_a_store_that_cannot_be_written_is_told_in_one_line(
    store: str,
    message: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    config = tmp_path / "c.yaml"
    config.write_text(MINIMAL)
    assert train.main([str(config), "--out", str(tmp_path / store)]) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    (line,) = lines_of(printed.err, [f"--out {tmp_path / store}: "])
    assert message in line
    assert list(tmp_path.iterdir()) == [config]


@pytest.mark.parametrize("arguments", USAGES.values(), ids=list(USAGES))
def test_bad_usage_exits_2(
    arguments: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = tmp_path / "c.yaml"
    config.write_text(MINIMAL)
    with pytest.raises(SystemExit) as left:
        train.main([argument.format(config=config) for argument in arguments])
    assert left.value.code == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.startswith("python -m minigrad.train: ")
    assert printed.err.count("\n") == 1
    assert "Traceback" not in printed.err
    assert list(tmp_path.iterdir()) == [config]


@dataclass(frozen=True)
class Ended:
    code: int
    out: str
    err: str
    bytes_read: int
    megabytes: float


def measured(folder: Path, *arguments: str) -> Ended:
    """The command as a process of its own, with bounded memory, and what it used."""

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY_OF_ONE, MEMORY_OF_ONE))

    with (folder / "out").open("wb") as out, (folder / "err").open("wb") as err:
        process = subprocess.Popen(
            [sys.executable, "-m", "minigrad.train", *arguments],
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=err,
            env=unmeasured.environment(),
            preexec_fn=limit,
        )
        try:
            os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
        except TimeoutError:  # it hangs
            process.kill()
            raise
        read = bytes_read(process.pid)
        _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    unit = 1 if sys.platform == "darwin" else 1024
    return Ended(
        code=process.returncode,
        out=(folder / "out").read_text(),
        err=(folder / "err").read_text(),
        bytes_read=read,
        megabytes=usage.ru_maxrss * unit / 1e6,
    )


def bytes_read(pid: int) -> int:
    """By all reads of a process that has ended and was not yet waited for; 0 outside Linux."""
    try:
        return int(re.findall(r"rchar: (\d+)", Path(f"/proc/{pid}/io").read_text())[0])
    except OSError:
        return 0


def check_measured(folder: Path, config: Path | str, starts: Sequence[str], message: str) -> None:
    ended = measured(folder, str(config), "--out", str(folder / "runs"))
    assert (ended.code, ended.out) == (2, "")
    assert message in lines_of(ended.err, starts)[0]
    assert not (folder / "runs").exists()
    assert ended.bytes_read < READ_AT_MOST
    assert ended.megabytes < 300


@pytest.mark.parametrize(
    ("make", "name", "message"),
    [
        pytest.param(*case, id=kind, marks=[pytest.mark.slow] * bool(i % 3))
        for i, (kind, case) in enumerate(NASTY.items())
    ],
)
def test_what_could_hang_or_fill_the_memory_is_refused_early(
    make: Callable[[Path], object], name: str, message: str, tmp_path: Path
) -> None:
    config = tmp_path / "c.yaml"
    config.write_text(text_of(CSV_LINE)[0])
    if name == "c.yaml":
        config.unlink()
    make(tmp_path / name)
    starts = [f"{tmp_path / name}:"]
    check_measured(tmp_path, config, starts, message)


@pytest.mark.parametrize(
    "path",
    ["/dev/zero", *(pytest.param(p, marks=pytest.mark.slow) for p in ("/dev/urandom", "/dev/tty"))],
)
def test_a_device_is_no_data(path: str, tmp_path: Path) -> None:
    config = tmp_path / "c.yaml"
    config.write_text(text_of(f"data: {{name: csv, path: {path}, target: y}}")[0])
    check_measured(tmp_path, config, [f"{path}: "], "not a regular file")


def test_a_device_is_no_config(tmp_path: Path) -> None:
    check_measured(tmp_path, "/dev/zero", ["/dev/zero: "], "it is not a regular file")


def test_a_pipe_is_no_plugin(tmp_path: Path) -> None:
    config = tmp_path / "c.yaml"
    config.write_text(text_of("plugins: [ops.py]")[0])
    os.mkfifo(tmp_path / "ops.py")
    message = f"plugin {tmp_path}/ops.py cannot be read: it is not a regular file"
    check_measured(tmp_path, config, [f"{config}:"], message)


def test_a_model_too_large_for_the_datas_columns_is_refused_by_its_count(tmp_path: Path) -> None:
    (tmp_path / "d.csv").write_text(COLUMNS + "\n" + ("0," * 999 + "1\n") + ("1," * 999 + "0\n"))
    config = tmp_path / "c.yaml"
    config.write_text(text_of(f"{CSV_LINE}\nmodel: {{hidden: [990, 990]}}")[0])
    check_measured(tmp_path, config, [f"{config}:"], "1,972,081 parameters")


def test_a_folder_and_nothing_at_all_are_no_configs(refuse: Refuse) -> None:
    check_message(refuse(), "cannot be read ... No such file")
    refuse.config.mkdir()
    check_message(refuse(), "cannot be read ... directory")
