"""Does backward() give the slopes of the whole model's loss? Compare with central differences."""

import random

from minigrad.doctor.finding import Finding
from minigrad.doctor.patient import Patient
from minigrad.gradcheck import GradcheckReport, GradientError, gradcheck
from minigrad.value import Value, topological_order
from nn import MLP
from nn.activations import Activation
from nn.losses import LOSSES

_VISITS = 600_000
"""Of graph nodes, which take about a second; each slope needs three graphs."""
_POINTS = [-2.0, -1.1, -0.4, 0.3, 0.9, 2.2]


def check_gradient(patient: Patient) -> Finding:
    """Check as many parameters, of every layer, as there is time for."""
    model = patient.model()
    rng = random.Random(f"gradient {patient.config.seed}")
    for name, parameter in model.named_parameters():
        parameter.label = name
        parameter.data += rng.gauss(0.0, 0.1)  # away from kinks, to which zeros and symmetry lead
    few = patient.handful
    chosen = [0, len(few.inputs) // 2, -1] if patient.parameters < 1000 else [0]
    loss = LOSSES[patient.config.loss]

    def f() -> Value:
        total = Value(0.0)
        for i in chosen:
            total = total + loss(model(few.inputs[i]), few.targets[i])
        return total

    parameters = _chosen(model, _VISITS // (3 * len(topological_order(f())) + 1))
    try:
        report = gradcheck(f, parameters)
    except GradientError as error:
        return _wrong(model, error)
    return _agrees(report, patient.parameters)


def _agrees(report: GradcheckReport, parameters: int) -> Finding:
    numbers = {"checked": report.checked, "worst": report.worst, "kinks": len(report.kinks)}
    if not report.checked:
        advice = "a smooth activation, as tanh, can be checked"
        return Finding("warn", f"no slope can be checked: {report.kinks[0]}", advice, numbers)
    all_of_them = report.checked == parameters
    count = f"{report.checked:,} slopes" + ("" if all_of_them else f" checked, of {parameters:,},")
    sentence = f"all {count} agree with central differences"
    if report.kinks:
        sentence += f", {len(report.kinks)} are at a kink"
    sentence += f", to {report.worst:.0e}" if report.worst else ", to within rounding"
    return Finding("ok", sentence, numbers=numbers)


def _wrong(model: MLP, error: GradientError) -> Finding:
    """The finding blames the activation if its slope is wrong, else it is gradcheck's message."""
    numbers = {"error": str(error)}
    for activation in dict.fromkeys(layer.neurons[0].activation for layer in model.layers):
        for point in _POINTS:
            if slopes := _slopes_apart(activation, point):
                name = getattr(activation, "__name__", repr(activation))
                sentence = (
                    f"activation {name} has a wrong slope: at x = {point:g} backward() gives "
                )
                sentence += "{:.4g}, central differences give {:.4g}".format(*slopes)
                return Finding("FAIL", sentence, "mend its local rule", numbers)
    return Finding("FAIL", str(error), "mend that operation's local rule", numbers)


def _slopes_apart(activation: Activation, point: float) -> tuple[float, float] | None:
    """The slopes by backward() and by central differences, if they disagree."""
    x, step = Value(point), 1e-5
    try:
        gradcheck(activation, [x])
    except GradientError:
        activation(x).backward()
        below, above = activation(Value(point - step)).data, activation(Value(point + step)).data
        return x.grad, (above - below) / (2 * step)
    return None


def _chosen(model: MLP, most: int) -> list[Value]:
    """At most so many parameters, but at least one a layer, at equal distances within it."""
    chosen = []
    each = max(1, most // len(model.layers))
    for layer in model.layers:
        own = layer.parameters()
        count = min(each, len(own))
        chosen += [own[i * len(own) // count] for i in range(count)]
    return chosen
