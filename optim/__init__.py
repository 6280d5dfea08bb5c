"""Optimizers and learning-rate schedules."""

from optim import schedules
from optim.optimizer import OPTIMIZERS, Optimizer
from optim.sgd import SGD

__all__ = ["OPTIMIZERS", "SGD", "Optimizer", "schedules"]
