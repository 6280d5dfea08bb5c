"""Neural networks out of Values or Tensors: modules, activations, initialisers and losses."""

from nn import activations, initialisers, losses
from nn.linear import Linear, Sequential
from nn.mlp import MLP, Layer, Neuron
from nn.module import Module

__all__ = [
    "MLP",
    "Layer",
    "Linear",
    "Module",
    "Neuron",
    "Sequential",
    "activations",
    "initialisers",
    "losses",
]
