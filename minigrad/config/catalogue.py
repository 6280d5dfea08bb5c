"""The names that a config may use, as text: `python -m minigrad.train --list`."""

from collections.abc import Callable
from typing import Any

from minigrad.config.models import BLOCKS
from minigrad.engines import ENGINES
from minigrad.registry import Registry
from minigrad.settings import settings_of
from nn.activations import ACTIVATIONS
from nn.initialisers import INITIALISERS
from nn.losses import LOSSES

_KINDS: dict[str, Registry[Any]] = {
    "data": BLOCKS["data"],
    "model.activation": ACTIVATIONS,
    "model.init": INITIALISERS,
    "loss": LOSSES,
    "optimizer": BLOCKS["optimizer"],
    "scheduler": BLOCKS["scheduler"],
    "train.engine": ENGINES,
}


def catalogue_text() -> str:
    """Every key that takes a name, each name with a line of what it is, and its settings."""
    blocks = []
    for key, registry in _KINDS.items():
        lines = [f"{key}:"]
        for name, item in sorted(registry.items()):
            lines.append(f"  {name:<14} {_summary(item)}")
            if key in BLOCKS and (settings := _settings(item)):
                lines.append(f"  {'':<14}   {settings}")
        blocks.append("\n".join(lines))
    return "\n\n".join(blocks)


def _summary(item: Callable[..., Any]) -> str:
    return (item.__doc__ or "").strip().split("\n")[0].rstrip(".")


def _settings(item: Callable[..., Any]) -> str:
    return ", ".join(
        name if parameter.default is parameter.empty else f"{name}: {_yaml(parameter.default)}"
        for name, parameter in settings_of(item).items()
    )


def _yaml(value: object) -> str:
    return {"True": "true", "False": "false", "None": "null"}.get(repr(value), str(value))
