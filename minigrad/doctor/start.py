"""The model before its first step: its size, and its loss against that of a guess."""

from minigrad.doctor.finding import Finding, Verdict
from minigrad.doctor.patient import Patient

DOUBTFUL, TOO_HIGH = 4.0, 20.0
"""Initial loss over the loss of a guess. The configs of this project reach 2.4 over seeds from 0 to
19, and moons 3.7 with weights from N(0, 1)."""


def check_model(patient: Patient) -> Finding:
    """Whether it can be built at all, with its optimizer."""
    trainer = patient.trainer()
    lr = trainer.optimizer.lr
    numbers = {"parameters": patient.parameters, "lr": lr}
    said = f"{patient.model()!r}; {patient.config.optimizer.name} with lr {lr:g}"
    return Finding("ok", said, numbers=numbers)


def check_start(patient: Patient) -> Finding:
    """An untrained model should do about as badly as a guess, not much worse."""
    data = patient.sample
    loss = patient.trainer().engine.evaluate(data.inputs, data.targets)[0]
    guess = patient.guess(data)
    ratio = loss / guess if guess else 1.0
    said = f"initial loss {loss:.4g}, a guess costs {guess:.4g}"
    numbers = {"loss": loss, "guess": guess, "ratio": ratio}
    if ratio <= DOUBTFUL:
        return Finding("ok", said, numbers=numbers)
    if patient.loss_of(0.0, data) > DOUBTFUL * guess:
        advice = "the targets lie far from 0, where outputs start: take their mean off"
    else:
        advice = "weights or inputs are too large: try data.standardize=true or model.init=lecun"
    verdict: Verdict = "FAIL" if ratio > TOO_HIGH else "warn"
    return Finding(verdict, f"{said}: {ratio:.3g} times as much", advice, numbers)
