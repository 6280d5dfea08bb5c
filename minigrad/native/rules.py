"""The optimizers' settings and states, as the machine's update rules take them.

The formulas are in optim/, and once more in rules.h; here is what each setting is called there, in
the order of rule_numbers() in rules.h.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

SETTINGS = 8  # numbers of each rule, as rules.h has it

Settings = Mapping[str, Any]


@dataclass(frozen=True)
class UpdateRule:
    """Number and states of a rule in rules.h, and how its settings become numbers.

    `states` names them in the machine's order. `product` says whether the rule carries NAdam's.
    """

    number: int
    states: tuple[str, ...]
    numbers: Callable[[Settings], list[float]]
    product: bool = False

    def settings(self, settings: Settings) -> list[float]:
        """The numbers of an optimizer's settings, its rate aside."""
        numbers = self.numbers(settings)
        return numbers + [0.0] * (SETTINGS - len(numbers))


def _named(*names: str) -> Callable[[Settings], list[float]]:
    return lambda settings: [float(settings[name]) for name in names]


def _moments(*names: str) -> Callable[[Settings], list[float]]:
    """Weight decay, decoupled or not, both betas, and what is named."""

    def numbers(settings: Settings) -> list[float]:
        decay = float(settings["weight_decay"])
        decays = [0.0, decay] if settings.get("decoupled_weight_decay") else [decay, 0.0]
        return [*decays, *settings["betas"], *_named(*names)(settings)]

    return numbers


def _adamw(settings: Settings) -> list[float]:
    return _moments("eps", "amsgrad")({**settings, "decoupled_weight_decay": True})


def _adamax(settings: Settings) -> list[float]:
    return [float(settings["weight_decay"]), *settings["betas"], float(settings["eps"])]


RULES = {
    "SGD": UpdateRule(0, ("v",), _named("weight_decay", "momentum", "dampening", "nesterov")),
    "Adam": UpdateRule(1, ("m", "v", "largest_v"), _moments("eps", "amsgrad")),
    "AdamW": UpdateRule(1, ("m", "v", "largest_v"), _adamw),
    "RMSprop": UpdateRule(
        2, ("v", "m", "d"), _named("weight_decay", "alpha", "eps", "momentum", "centered")
    ),
    "Adagrad": UpdateRule(3, ("s",), _named("weight_decay", "lr_decay", "eps")),
    "Adadelta": UpdateRule(4, ("v", "u"), _named("weight_decay", "rho", "eps")),
    "Adamax": UpdateRule(5, ("m", "u"), _adamax),
    "NAdam": UpdateRule(6, ("m", "v"), _moments("eps", "momentum_decay"), product=True),
    "RAdam": UpdateRule(7, ("m", "v"), _moments("eps")),
}
"""By the name of the optimizer's class."""
