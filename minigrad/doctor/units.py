"""Are the hidden units useful? Those that are alike, dead or saturated learn nothing.

A unit is dead if its output and its slope are 0 for every sample, as for relu below 0; saturated if
its slope is under 0.01 for 95 % of the samples, as for tanh beyond 0.995. Two units of a layer are
alike if they have the same weights in and out: then their gradients stay the same at every step.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from minigrad.doctor.finding import Finding, Status
from minigrad.doctor.patient import Patient
from minigrad.terminal.text import counted
from minigrad.value import Value
from nn import MLP
from nn.mlp import Neuron

_FLAT, _NEARLY_ALL = 0.01, 0.95
MANY = 0.5
"""Share of a layer's units that is a doubt if more are idle; all of them are a fault. relu on the
four points of XOR starts with a quarter of its units dead, and learns."""


@dataclass(frozen=True)
class HiddenLayer:
    """Hidden layer `number`, counted from 1: its units, and how many of them learn nothing."""

    number: int
    units: int
    alike: int
    dead: int
    saturated: int

    @property
    def idle(self) -> float:
        return (self.dead + self.saturated) / self.units


def check_units(patient: Patient) -> Finding:
    """Examine the hidden units before the first step."""
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
            scaling = "" if patient.is_standardized else "data.standardize=true, or "
            advice = f"inputs or weights are too large: {scaling}model.init=glorot"
        return Finding(_verdict(worst), f"{_described(worst)} at the start", advice, numbers)
    if any(layer.alike for layer in layers):
        sentence = f"{max(layer.alike for layer in layers)} units of a layer are alike"
        return Finding("warn", sentence, "the initialiser must draw every weight", numbers)
    return Finding("ok", f"{_count(layers)}, no two alike", numbers=numbers)


def check_dying(patient: Patient) -> Finding:
    """Examine the hidden units after the short run: steps that are too large kill relu units."""
    run = patient.short_run
    layers = list(_layers(run.model, patient.sample.inputs))
    numbers = {"layers": [vars(layer) for layer in layers]}
    if not layers:
        return Finding("ok", "no hidden units", numbers=numbers)
    after = f"after {counted(run.steps, 'step')}"
    worst = max(layers, key=lambda layer: layer.dead / layer.units)
    if worst.dead > MANY * worst.units:
        advice = f"{run.gentler()}, or model.activation=leaky_relu, which cannot die"
        verdict: Status = "FAIL" if worst.dead == worst.units else "warn"
        return Finding(verdict, f"{_described(worst)} {after}", advice, numbers)
    return Finding("ok", f"{_count(layers)} {after}", numbers=numbers)


def _layers(model: MLP, inputs: Sequence[Sequence[float]]) -> Iterator[HiddenLayer]:
    signals = [list(features) for features in inputs]
    for number, layer in enumerate(model.layers[:-1], start=1):
        readers = model.layers[number].neurons
        copies = Counter(
            (*_numbers(neuron), *(reader.weights[j].data for reader in readers))
            for j, neuron in enumerate(layer.neurons)
        )
        outputs = [[_output(neuron, signal) for neuron in layer.neurons] for signal in signals]
        units = list(zip(*outputs, strict=True))
        dead = sum(all(y == 0 == slope for y, slope in unit) for unit in units)
        flat = sum(_is_flat([slope for _, slope in unit]) for unit in units)
        alike = max(copies.values())
        yield HiddenLayer(number, len(units), alike if alike > 1 else 0, dead, flat - dead)
        signals = [[y for y, _ in output] for output in outputs]


def _output(neuron: Neuron, signal: Sequence[float]) -> tuple[float, float]:
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


def _all_alike(patient: Patient, layer: HiddenLayer) -> tuple[str, str]:
    init = patient.config.model.init
    neurons = patient.model().layers[layer.number - 1].neurons
    weights = {weight.data for neuron in neurons for weight in neuron.weights}
    values = f", every weight {weights.pop():g}" if len(weights) == 1 else ""
    dead = ", and dead" if layer.dead == layer.units else ""
    sentence = f"all {layer.units} units of layer {layer.number} start alike{values}{dead}"
    better = f"take one that draws, as model.init={_random_init(patient)}"
    return f"{sentence}: by model.init={init} they never come to differ", better


def _random_init(patient: Patient) -> str:
    names = patient.config.model.activation
    return "he" if "relu" in (names if isinstance(names, list) else [names]) else "glorot"


def _verdict(layer: HiddenLayer) -> Status:
    return "FAIL" if layer.idle == 1 else "warn"


def _described(layer: HiddenLayer) -> str:
    parts = [f"{layer.dead} dead"] if layer.dead else []
    parts += [f"{layer.saturated} saturated"] if layer.saturated else []
    return f"{' and '.join(parts)} of {counted(layer.units, 'unit')} of layer {layer.number}"


def _count(layers: Sequence[HiddenLayer]) -> str:
    units = sum(layer.units for layer in layers)
    dead, flat = sum(x.dead for x in layers), sum(x.saturated for x in layers)
    return f"{counted(units, 'hidden unit')}: {dead or 'none'} dead, {flat or 'none'} saturated"
