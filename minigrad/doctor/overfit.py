"""Can the model memorise a few samples? If not, more data will not help.

If it cannot with the config's optimizer, a robust optimizer is tried: if that one succeeds, the
fault is the optimizer's, else the model's.
"""

import math
from dataclasses import replace

from minigrad.doctor.finding import Finding, Status
from minigrad.doctor.patient import Patient
from minigrad.terminal.text import counted
from minigrad.training.batches import Batches
from minigrad.training.trainer import Trainer
from optim import Adam
from optim.schedules import constant

BY_HEART, HALFWAY, NO_BETTER = 0.05, 0.5, 0.9
"""Shares of the loss of a guess. The configs of this project need 16 to 280 steps to reach the
first, with seeds 0 to 19."""
MOST, LEAST = 1000, 50
_ROBUST = 0.03


def check_overfit(patient: Patient) -> Finding:
    """Full-batch steps on a few samples until the loss is nearly 0."""
    few = patient.handful
    guess, samples = patient.guess(few), counted(len(few.inputs), "sample")
    most = patient.steps(len(few.inputs), least=LEAST, most=MOST)
    enough = BY_HEART * guess
    loss, steps = _fit(_trainer(patient), most, enough)
    numbers = {"samples": len(few.inputs), "loss": loss, "guess": guess, "steps": steps}
    if loss <= enough:
        sentence = f"{samples} memorised: loss {loss:.3g} after {counted(steps, 'step')}"
        return Finding("ok", sentence, numbers=numbers)
    if most < MOST and loss < HALFWAY * guess:  # a large model, for which more steps take too long
        sentence = f"{samples} half learnt in {counted(steps, 'step')}: loss {loss:.3g}"
        return Finding("ok", f"{sentence}, a guess costs {guess:.4g}", numbers=numbers)
    result = f"{samples} keep a loss of {loss:.4g} after {counted(steps, 'step')}"
    trainer = _trainer(patient)
    adam = Adam(trainer.engine.parameters, lr=_ROBUST)
    robust = replace(trainer, optimizer=adam, clip_norm=None, clip_value=None)
    adam_loss, adam_steps = _fit(robust, most, enough)
    numbers |= {"loss_by_adam": adam_loss, "steps_by_adam": adam_steps}
    if adam_loss <= enough:
        bound, cause, advice = _optimizer(patient, adam_loss, adam_steps)
    else:
        bound, cause, advice = _too_simple(patient)
    verdict: Status = "FAIL" if loss > bound * guess and most == MOST else "warn"
    return Finding(verdict, f"{cause}: {result}, a guess costs {guess:.4g}", advice, numbers)


def _trainer(patient: Patient) -> Trainer:
    few, trainer = patient.handful, patient.trainer()
    batches = Batches(few, len(few.inputs), trainer.batches.rng)
    return replace(trainer, dataset=few, batches=batches, schedule=constant())


def _fit(trainer: Trainer, most: int, enough: float) -> tuple[float, int]:
    """The first loss that is low enough, or the one after `most` steps, and the number of steps."""
    try:
        for record in trainer.train(most):
            if record.loss <= enough:
                return record.loss, record.step
        return trainer.evaluate().loss, trainer.step
    except ArithmeticError:
        return math.inf, trainer.step


def _optimizer(patient: Patient, loss: float, steps: int) -> tuple[float, str, str]:
    """The share of a guess's loss above which it is a fault, the cause, and the advice."""
    optimizer = patient.config.optimizer
    settings = optimizer.changed() or f"lr {optimizer.settings()['lr']:g}"
    cause = f"{optimizer.name} with {settings} does not get there"
    took = f"which takes {counted(steps, 'step')} to {loss:.2g}"
    return NO_BETTER, cause, f"try optimizer=adam optimizer.lr={_ROBUST}, {took}"


def _too_simple(patient: Patient) -> tuple[float, str, str]:
    """The same three, if the model is to blame."""
    hidden, activation = patient.config.model.hidden, patient.config.model.activation
    if not hidden:
        cause = "the model is too simple, with no hidden layer"
        return NO_BETTER, cause, "add one, as model.hidden=[8]"
    if {"linear"} == set(activation if isinstance(activation, list) else [activation]):
        cause = "the model is too simple, for linear layers together are one linear layer"
        return NO_BETTER, cause, "make them nonlinear, as by model.activation=tanh"
    wider = ",".join(str(2 * width) for width in hidden)
    advice = f"try more units, as model.hidden=[{wider}]"
    return HALFWAY, "the model is too simple, or stuck", advice
