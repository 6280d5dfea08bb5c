"""Neural networks out of scalar Values: modules, activations, initialisers and losses."""

from nn import activations, initialisers, losses
from nn.mlp import MLP, Layer, Neuron
from nn.module import Module

__all__ = ["MLP", "Layer", "Module", "Neuron", "activations", "initialisers", "losses"]
