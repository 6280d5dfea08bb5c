"""Are the hidden units of use? Alike, dead or saturated ones learn nothing.

A unit is dead if it gives 0 with slope 0 for every sample, as relu below 0; saturated if its slope
is under 0.01 for 95 % of the samples, as that of tanh beyond 0.995. Two units of a layer are alike
if they have the same weights in and out: then their gradients are the same at every step to come.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from minigrad.doctor.finding import Finding, Verdict, counted
from minigrad.doctor.patient import Patient
from minigrad.value import Value
from nn import MLP
from nn.mlp import Neuron

_FLAT, _NEARLY_ALL = 0.01, 0.95
MANY = 0.5
"""Share of a layer's units: above it a doubt, at 1 a fault. relu on the four points of XOR starts
with a quarter of its units dead, and learns."""


@dataclass(frozen=True)
class Layer:
    """The hidden layer `number`, from 1 on: how many units, and how many of them are of no use."""

    number: int
    units: int
    alike: int
    dead: int
    saturated: int

    @property
    def idle(self) -> float:
        return (self.dead + self.saturated) / self.units


def check_units(patient: Patient) -> Finding:
    """The hidden units before the first step."""
    layers = list(_layers(patient.model(), patient.sample.inputs))
    numbers = {"layers": [vars(layer) for layer in layers]}
    if not layers:
        return Finding("ok", "no hidden units", numbers=numbers)
    for layer in layers:
        if 1 < layer.units == layer.alike:
            return Finding("FAIL", *_all_alike(patient, layer), numbers)
    worst = max(layers, key=lambda layer: layer.idle)
    if worst.idle > MANY:
        if worst.dead >= worst.saturated:
            advice = f"model.init={_random_init(patient)}, or model.activation=leaky_relu"
        else:
            advice = "inputs or weights are too large: data.standardize=true, or model.init=glorot"
        return Finding(_verdict(worst), f"{_told(worst)} at the start", advice, numbers)
    if any(layer.alike for layer in layers):
        said = f"{max(layer.alike for layer in layers)} units of a layer are alike"
        return Finding("warn", said, "the initialiser must draw each weight anew", numbers)
    return Finding("ok", f"{_count(layers)}, no two alike", numbers=numbers)


def check_dying(patient: Patient) -> Finding:
    """The hidden units after the short run: steps that are too large kill relu's."""
    run = patient.short_run
    layers = list(_layers(run.model, patient.sample.inputs))
    numbers = {"layers": [vars(layer) for layer in layers]}
    if not layers:
        return Finding("ok", "no hidden units", numbers=numbers)
    after = f"after {counted(run.steps, 'step')}"
    worst = max(layers, key=lambda layer: layer.dead / layer.units)
    if worst.dead > MANY * worst.units:
        advice = f"{run.gentler()}, or model.activation=leaky_relu, which cannot die"
        verdict: Verdict = "FAIL" if worst.dead == worst.units else "warn"
        return Finding(verdict, f"{_told(worst)} {after}", advice, numbers)
    return Finding("ok", f"{_count(layers)} {after}", numbers=numbers)


def _layers(model: MLP, inputs: Sequence[Sequence[float]]) -> Iterator[Layer]:
    signals = [list(features) for features in inputs]
    for number, layer in enumerate(model.layers[:-1], start=1):
        readers = model.layers[number].neurons
        kinds = Counter(
            (*_numbers(neuron), *(reader.weights[j].data for reader in readers))
            for j, neuron in enumerate(layer.neurons)
        )
        answers = [[_answer(neuron, signal) for neuron in layer.neurons] for signal in signals]
        units = list(zip(*answers, strict=True))
        dead = sum(all(y == 0 == slope for y, slope in unit) for unit in units)
        flat = sum(_is_flat([slope for _, slope in unit]) for unit in units)
        alike = max(kinds.values())
        yield Layer(number, len(units), alike if alike > 1 else 0, dead, flat - dead)
        signals = [[y for y, _ in answer] for answer in answers]


def _answer(neuron: Neuron, signal: Sequence[float]) -> tuple[float, float]:
    """The output for one sample, and the activation's slope there."""
    terms = [w.data * s for w, s in zip(neuron.weights, signal, strict=True)]
    x = Value(sum(terms, start=neuron.bias.data))
    y = neuron.activation(x)
    y.backward()
    return y.data, x.grad


def _is_flat(slopes: Sequence[float]) -> bool:
    return sum(abs(slope) < _FLAT for slope in slopes) >= _NEARLY_ALL * len(slopes)


def _numbers(neuron: Neuron) -> list[float]:
    return [parameter.data for parameter in neuron.parameters()]


def _all_alike(patient: Patient, layer: Layer) -> tuple[str, str]:
    init = patient.config.model.init
    drawn = {w.data for n in patient.model().layers[layer.number - 1].neurons for w in n.weights}
    values = f", every weight {drawn.pop():g}" if len(drawn) == 1 else ""
    dead = ", and dead" if layer.dead == layer.units else ""
    said = f"all {layer.units} units of layer {layer.number} start alike{values}{dead}"
    better = f"take one that draws, as model.init={_random_init(patient)}"
    return f"{said}: by model.init={init} they never come to differ", better


def _random_init(patient: Patient) -> str:
    names = patient.config.model.activation
    return "he" if "relu" in (names if isinstance(names, list) else [names]) else "glorot"


def _verdict(layer: Layer) -> Verdict:
    return "FAIL" if layer.idle == 1 else "warn"


def _told(layer: Layer) -> str:
    parts = [f"{layer.dead} dead"] if layer.dead else []
    parts += [f"{layer.saturated} saturated"] if layer.saturated else []
    return f"{' and '.join(parts)} of {counted(layer.units, 'unit')} of layer {layer.number}"


def _count(layers: Sequence[Layer]) -> str:
    units = sum(layer.units for layer in layers)
    dead, flat = sum(x.dead for x in layers), sum(x.saturated for x in layers)
    return f"{counted(units, 'hidden unit')}: {dead or 'none'} dead, {flat or 'none'} saturated"
