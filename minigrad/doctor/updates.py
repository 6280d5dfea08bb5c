"""Is the learning rate right? It compares steps with weights, and the loss before and after.

A rule of thumb for large networks is an update of 1e-3 of the weights a step. The small networks
here, with few steps, train well with more: 0.005 to 0.47, the mean of the first ten steps over all
configs of this project and seeds 0 to 19. With a rate of 100 in place of 0.03 to 1 it is 1.3 to 44,
with 1000 it is 6 to 440. Small steps are a fault if all steps of the training together change
little.
"""

import statistics

from minigrad.doctor.finding import Finding, Status
from minigrad.doctor.patient import Patient
from minigrad.doctor.short_run import GOOD, ShortRun
from minigrad.terminal.text import counted

DOUBTFUL, TOO_LARGE = 1.0, 3.0
TOO_SMALL = 0.1
"""Share of the weights, over all steps of the training together."""
VANISHING = 1e-3
"""Ratio of a layer's update to the largest of all layers."""
RISEN = 1.25
LEARNT = 0.05
"""Share of the loss of a guess: below it steps are small because nothing is left to learn."""
_FIRST = 10


def check_updates(patient: Patient) -> Finding:
    """Compare the updates of each layer with its weights, in the first steps of the training."""
    run = patient.short_run
    if not run.ratios:
        return Finding("FAIL", f"{_rate(run)} may be too large: {run.broke}", run.gentler())
    layers = list(zip(*run.ratios, strict=True))
    means, largest = [statistics.fmean(layer[:_FIRST]) for layer in layers], [*map(max, layers)]
    numbers = {"mean_by_layer": means, "largest_by_layer": largest, "steps": run.steps}
    sentence = f"a step moves the weights by {_span(means)} of their size"
    if max(means) > DOUBTFUL:
        verdict: Status = "FAIL" if max(means) > TOO_LARGE else "warn"
        return Finding(verdict, f"{_rate(run)} is too large: {sentence}", run.gentler(), numbers)
    if run.end <= LEARNT * patient.guess(patient.sample):
        return Finding("ok", sentence, numbers=numbers)
    if not max(largest):
        advice = "see that the loss depends on the model's outputs"
        return Finding("FAIL", "no step moves any weight, the gradient is 0", advice, numbers)
    steps = patient.config.train.steps
    if (path := steps * max(largest)) < TOO_SMALL:
        sentence = f"{sentence}, all {counted(steps, 'step')} by {path:.1g} at most"
        return Finding("FAIL", f"{_rate(run)} is too small: {sentence}", _bolder(run), numbers)
    if min(largest) < VANISHING * max(largest):
        slow = f"layer {largest.index(min(largest)) + 1} hardly learns: {sentence}"
        return Finding("warn", slow, "its gradient vanishes: fewer layers, or relu", numbers)
    return Finding("ok", sentence, numbers=numbers)


def check_training(patient: Patient) -> Finding:
    """Compare the loss after the short run with the loss before it: it must not have risen."""
    run = patient.short_run
    numbers = {"start": run.start, "end": run.end, "steps": run.steps}
    if run.broke:
        return Finding("FAIL", f"{_rate(run)} is too large: {run.broke}", run.gentler(), numbers)
    sentence = f"loss {run.start:.4g} -> {run.end:.4g} in {counted(run.steps, 'step')}"
    if run.end > RISEN * max(run.start, LEARNT * patient.guess(patient.sample)):
        return Finding("FAIL", f"{_rate(run)} is too large: {sentence}", run.gentler(), numbers)
    return Finding("ok", sentence, numbers=numbers)


def _rate(run: ShortRun) -> str:
    return f"the learning rate of {max(run.rates, default=run.lr):g}"


def _bolder(run: ShortRun) -> str:
    size = max(max(layers) for layers in run.ratios)
    return f"try optimizer.lr={max(run.rates) * GOOD / size:.1g}"


def _span(sizes: list[float]) -> str:
    low, high = f"{min(sizes):.2g}", f"{max(sizes):.2g}"
    return low if low == high else f"{low} to {high}"
