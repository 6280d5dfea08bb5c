"""Module: anything with parameters that can be listed, saved and loaded."""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, TypeAlias

from minigrad.value import Value

if TYPE_CHECKING:
    from minigrad.tensor import Tensor

Parameter: TypeAlias = "Value | Tensor"


class Module:
    """Base of all modules. Its parameters are the Values and Tensors found in its attributes, in
    the order in which they were set, and in the modules and lists among them.

    >>> class Line(Module):
    ...     def __init__(self):
    ...         self.slope, self.offset = Value(2.0), Value(1.0)
    >>> Line().state_dict()
    {'slope': 2.0, 'offset': 1.0}
    """

    def named_parameters(self, prefix: str = "") -> Iterator[tuple[str, Any]]:
        """Pairs of dotted name and parameter, as ("layers.0.neurons.1.bias", Value(0.0))."""
        for name, attribute in vars(self).items():
            yield from _named(prefix + name, attribute)

    def parameters(self) -> list[Any]:
        return [parameter for _, parameter in self.named_parameters()]

    def __len__(self) -> int:
        """The number of parameters; a Tensor counts with every number in it."""
        return sum(getattr(parameter, "size", 1) for parameter in self.parameters())

    def __bool__(self) -> bool:
        return True  # a module without parameters is true as well

    def zero_grad(self) -> None:
        """Set every parameter's gradient to 0, before the next `backward()` adds to it."""
        for parameter in self.parameters():
            parameter.grad = 0.0

    def state_dict(self) -> dict[str, Any]:
        """Every parameter's number, or a copy of its array, by its name."""
        return {name: _copied(parameter) for name, parameter in self.named_parameters()}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Take the numbers that `state_dict()` gave; all of them, or none at an error.

        An array may also come as nested lists. Raises ValueError where names are missing or
        unknown and where an array has another shape, TypeError where one is no number.
        """
        own = dict(self.named_parameters())
        missing, unknown = own.keys() - state.keys(), state.keys() - own.keys()
        if missing or unknown:
            raise ValueError(
                f"this state does not fit {self!r}: {_listed('missing', missing)}; "
                f"{_listed('unknown', unknown)}"
            )
        numbers = {name: _fitting(name, own[name], state[name]) for name in own}
        for name, parameter in own.items():
            parameter.data = numbers[name]


def _named(name: str, attribute: object) -> Iterator[tuple[str, Any]]:
    if hasattr(attribute, "data") and hasattr(attribute, "grad"):  # a Value or a Tensor
        yield name, attribute
    elif isinstance(attribute, Module):
        yield from attribute.named_parameters(f"{name}.")
    elif isinstance(attribute, (list, tuple)):
        for index, member in enumerate(attribute):
            yield from _named(f"{name}.{index}", member)


def _copied(parameter: Parameter) -> Any:
    return parameter.data if isinstance(parameter, Value) else parameter.numpy()


def _fitting(name: str, parameter: Parameter, data: Any) -> Any:
    """`data` as the parameter would hold it."""
    new = type(parameter)(data, name)
    if not isinstance(new, Value) and new.shape != parameter.shape:  # type: ignore[union-attr]
        raise ValueError(
            f"{name} has the shape {parameter.shape}, not {new.shape}"  # type: ignore[union-attr]
        )
    return new.data


def _listed(what: str, names: set[str]) -> str:
    first = ", ".join(sorted(names)[:3])
    return f"{what} {first}{' and more' if len(names) > 3 else ''}" if names else f"none {what}"
