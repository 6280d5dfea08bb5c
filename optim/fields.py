"""Fields: a class lists its settings in its body, once, and they make its constructor.

    class SGD(Optimizer):
        lr: Rate = 1e-3
        momentum: Fraction = 0.0

is constructed as SGD(parameters, lr=0.1, momentum=0.9). It resembles a data class, but a default
may be a list, and the parameters, which come first, are no field of the object.
"""

import functools
import inspect
from collections.abc import Callable, Mapping
from typing import Any, ClassVar, dataclass_transform

from optim.groups import Parameters

_KIND = inspect.Parameter.POSITIONAL_OR_KEYWORD
_FIRST = [
    inspect.Parameter("self", _KIND),
    inspect.Parameter("parameters", _KIND, annotation=Parameters),
]


def argument(*, alias: str) -> Any:
    """For type checkers alone: a field that every constructor takes as `alias`."""
    raise NotImplementedError(f"{alias} has no value in a class")


@dataclass_transform(field_specifiers=(argument,))
class Fields:
    """Base of Optimizer, whose subclasses have the fields of their bases and those in their body.

    Read from an object, a field has the value of the first group's setting.
    """

    _fields: ClassVar[Mapping[str, inspect.Parameter]] = {}

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        own = _fields_in(cls)
        cls._fields = {**cls._fields, **own}
        for name, field in own.items():
            if name in vars(cls):
                delattr(cls, name)
            if not hasattr(cls, name):
                read = functools.partial(_of_first_group, name)
                setattr(cls, name, property(read, doc=_description(field)))
        if own and "__init__" not in vars(cls):
            base: Any = next(base for base in cls.__mro__ if Fields in base.__bases__)
            setattr(cls, "__init__", _constructor(cls, base.__init__))  # noqa: B010


def _fields_in(cls: type) -> dict[str, inspect.Parameter]:
    # Annotations may be strings. A plugin's module, which has their names, is not in sys.modules.
    functions = (getattr(member, "__func__", member) for member in vars(cls).values())
    names = next((f.__globals__ for f in functions if inspect.isfunction(f)), None)
    return {
        name: inspect.Parameter(
            name,
            _KIND,
            default=vars(cls).get(name, inspect.Parameter.empty),
            annotation=annotation,
        )
        for name, annotation in inspect.get_annotations(cls, globals=names, eval_str=True).items()
        if getattr(annotation, "__origin__", None) is not ClassVar
    }


def _description(field: inspect.Parameter) -> str:
    ranges = getattr(field.annotation, "__metadata__", ())
    interval = "".join(f", in {r.interval}" for r in ranges if hasattr(r, "interval"))
    return f"a setting{interval}; by default {field.default!r}"


def _of_first_group(name: str, made: Any) -> Any:
    return getattr(made.groups[0].settings, name)


def _constructor(cls: type[Fields], base: Callable[..., None]) -> Callable[..., None]:
    """An `__init__` that takes (self, parameters, *fields) and passes them to `base` by name."""
    fields = cls._fields.values()
    signature = inspect.Signature([*_FIRST, *fields], return_annotation=None)

    def __init__(*positional: Any, **named: Any) -> None:  # noqa: N807
        try:
            arguments = signature.bind(*positional, **named)
        except TypeError as error:
            raise TypeError(f"{cls.__name__}: {error}") from None
        arguments.apply_defaults()
        base(**arguments.arguments)

    __init__.__module__, __init__.__qualname__ = cls.__module__, f"{cls.__qualname__}.__init__"
    __init__.__annotations__ = {f.name: f.annotation for f in [_FIRST[1], *fields]}
    __init__.__signature__ = signature  # type: ignore[attr-defined]
    return __init__
