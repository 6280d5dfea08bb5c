"""The model before its first step: its size, and its loss against that of a guess."""

from minigrad.doctor.finding import Finding, Status
from minigrad.doctor.patient import Patient

DOUBTFUL, TOO_HIGH = 4.0, 20.0
"""Ratios of the initial loss to the loss of a guess. The configs of this project reach 2.4 with
seeds 0 to 19, and moons 3.7 with weights from N(0, 1)."""


def check_model(patient: Patient) -> Finding:
    """Build the model and its optimizer."""
    trainer = patient.trainer()
    lr = trainer.optimizer.lr
    numbers = {"parameters": patient.parameters, "lr": lr}
    sentence = f"{patient.model()!r}; {patient.config.optimizer.name} with lr {lr:g}"
    return Finding("ok", sentence, numbers=numbers)


def check_start(patient: Patient) -> Finding:
    """Compare the untrained model with a guess, which should not be much better."""
    data = patient.sample
    loss = patient.trainer().engine.evaluate(data.inputs, data.targets)[0]
    guess = patient.guess(data)
    ratio = loss / guess if guess else 1.0
    sentence = f"initial loss {loss:.4g}, a guess costs {guess:.4g}"
    numbers = {"loss": loss, "guess": guess, "ratio": ratio}
    if ratio <= DOUBTFUL:
        return Finding("ok", sentence, numbers=numbers)
    if patient.loss_of(0.0, data) > DOUBTFUL * guess:
        advice = "the targets lie far from 0, where outputs start: take their mean off"
    else:
        scaling = "" if patient.is_standardized else "data.standardize=true or "
        advice = f"weights or inputs are too large: try {scaling}model.init=lecun"
    verdict: Status = "FAIL" if ratio > TOO_HIGH else "warn"
    return Finding(verdict, f"{sentence}: {ratio:.3g} times as much", advice, numbers)
