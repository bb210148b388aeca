"""What a parsed value is: frozen, slotted, compared by its parts, opaque to serialisers.

A dataclass generates and compiles seven functions for each class, at every start; a command that
answers in a tenth of a second notices. Here one is, the constructor, and the others are shared.
"""

import operator
from collections.abc import Callable
from typing import Any, ClassVar, NoReturn, TypeVar, dataclass_transform, get_origin

__all__ = ["record", "value"]

_T = TypeVar("_T")


@dataclass_transform(frozen_default=True, order_default=True)
def value(cls: type[_T]) -> type[_T]:
    """Make ``cls`` a frozen, slotted, ordered class of its annotated fields, given by position.

    A parsed value is written in its own text form (``sha256:…``, RFC 3339), never as an object of
    its fields. Serialisers recognise a dataclass by ``__dataclass_fields__``; without it they ask
    their hooks. ``__post_init__`` is called, as a dataclass does.
    """
    made, parts = _made(cls, keywords=False)
    for compare in (operator.lt, operator.le, operator.gt, operator.ge):
        setattr(made, f"__{compare.__name__}__", _ordering(parts, compare))
    return made


@dataclass_transform(frozen_default=True, kw_only_default=True)
def record(cls: type[_T]) -> type[_T]:
    """Make ``cls`` a frozen, slotted class of its annotated fields, given by name, without order.

    For the records of the rooms that every command loads and that do not use ``msgspec``. A class
    may name fields that are never shown in its ``_hidden`` and such as are neither shown nor
    compared in its ``_private``.
    """
    return _made(cls, keywords=True)[0]


def _made(cls: type[_T], *, keywords: bool) -> tuple[type[_T], Callable[[Any], Any]]:
    names = tuple(name for name, kind in cls.__annotations__.items() if not _is_of_the_class(kind))
    inside = {k: v for k, v in cls.__dict__.items() if k not in {"__dict__", "__weakref__"}}
    defaults = {name: inside.pop(name) for name in names if name in inside}
    private = frozenset(inside.get("_private", ()))
    hidden = private.union(inside.get("_hidden", ()))
    inside["__slots__"] = names
    inside["__match_args__"] = () if keywords else names
    kind: Any = type(cls)
    made: Any = kind(cls.__name__, cls.__bases__, inside)
    made.__qualname__ = cls.__qualname__
    compared = tuple(name for name in names if name not in private)
    parts = _parts(compared)
    made.__init__ = _constructor(made, names, defaults, keywords=keywords)
    made.__eq__ = _equality(parts)
    made.__hash__ = _hash(parts)
    if "__repr__" not in inside:
        made.__repr__ = _shown(tuple(name for name in names if name not in hidden))
    made.__setattr__ = made.__delattr__ = _refuse
    made.__getstate__, made.__setstate__ = _get_state, _set_state
    return made, parts


def _is_of_the_class(annotation: Any) -> bool:
    origin: object = get_origin(annotation)
    return origin is ClassVar or annotation is ClassVar


def _parts(names: tuple[str, ...]) -> Callable[[Any], Any]:
    """What two of a class are compared by: always a tuple, as a dataclass compares."""
    if len(names) == 1:
        only = operator.attrgetter(names[0])
        return lambda self: (only(self),)
    return operator.attrgetter(*names)


def _constructor(
    cls: Any, names: tuple[str, ...], defaults: dict[str, Any], *, keywords: bool
) -> Any:
    scope: dict[str, Any] = {f"_set_{name}": getattr(cls, name).__set__ for name in names}
    scope.update({f"_default_{name}": given for name, given in defaults.items()})
    arguments = [f"{name}=_default_{name}" if name in defaults else name for name in names]
    lines = [f"_set_{name}(self,{name})" for name in names]
    if hasattr(cls, "__post_init__"):
        lines.append("self.__post_init__()")
    star = "*," if keywords else ""
    exec(  # noqa: S102  # names of fields, out of our own classes
        f"def __init__(self,{star}{','.join(arguments)}):\n {';'.join(lines)}", scope
    )
    made = scope["__init__"]
    made.__qualname__ = f"{cls.__qualname__}.__init__"
    return made


def _equality(parts: Callable[[Any], Any]) -> Callable[[Any, Any], Any]:
    def equal(self: Any, other: Any) -> Any:
        if other.__class__ is not self.__class__:
            return NotImplemented
        return parts(self) == parts(other)

    return equal


def _ordering(
    parts: Callable[[Any], Any], compare: Callable[[Any, Any], Any]
) -> Callable[[Any, Any], Any]:
    def ordered(self: Any, other: Any) -> Any:
        if other.__class__ is not self.__class__:
            return NotImplemented
        return compare(parts(self), parts(other))

    return ordered


def _hash(parts: Callable[[Any], Any]) -> Callable[[Any], int]:
    def hashed(self: Any) -> int:
        return hash(parts(self))

    return hashed


def _shown(names: tuple[str, ...]) -> Callable[[Any], str]:
    def shown(self: Any) -> str:
        fields = ", ".join(f"{name}={getattr(self, name)!r}" for name in names)
        return f"{self.__class__.__qualname__}({fields})"

    return shown


def _refuse(self: object, name: str, *_: object) -> NoReturn:
    raise AttributeError(f"{self.__class__.__qualname__} is frozen: {name!r} cannot be changed")


def _get_state(self: Any) -> tuple[Any, ...]:
    return tuple(getattr(self, name) for name in _names_of(self))


def _set_state(self: Any, state: tuple[Any, ...]) -> None:
    for name, given in zip(_names_of(self), state, strict=True):
        object.__setattr__(self, name, given)


def _names_of(self: Any) -> tuple[str, ...]:
    return tuple(name for cls in reversed(type(self).__mro__) for name in _slots(cls))


def _slots(cls: type) -> tuple[str, ...]:
    return tuple(cls.__dict__.get("__slots__", ()))
