"""Optimizers, learning-rate schedules and gradient clipping."""

from optim import plateau, schedules
from optim.adadelta import Adadelta
from optim.adagrad import Adagrad
from optim.adam import Adam
from optim.adamax import Adamax
from optim.adamw import AdamW
from optim.clipping import clip_grad_norm, clip_grad_value, grad_norm
from optim.groups import Settings, State
from optim.nadam import NAdam
from optim.optimizer import OPTIMIZERS, Optimizer
from optim.radam import RAdam
from optim.rmsprop import RMSprop
from optim.schedules import SCHEDULES
from optim.sgd import SGD

__all__ = [
    "OPTIMIZERS",
    "SCHEDULES",
    "SGD",
    "Adadelta",
    "Adagrad",
    "Adam",
    "AdamW",
    "Adamax",
    "NAdam",
    "Optimizer",
    "RAdam",
    "RMSprop",
    "Settings",
    "State",
    "clip_grad_norm",
    "clip_grad_value",
    "grad_norm",
    "plateau",
    "schedules",
]
