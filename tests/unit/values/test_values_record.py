"""What a value and a record are, whatever their fields."""

import copy
import pickle
from typing import ClassVar

import pytest

from gatebook.values import record, value


@value
class Span:
    """Two numbers."""

    start: int
    end: int = 10

    unit: ClassVar[str] = "ms"


class Longer(Span):
    """A value of another class with the same fields."""

    __slots__ = ()


@record
class Secret:
    """A name, something long and something private."""

    name: str
    body: bytes
    key: str = "k"

    _hidden: ClassVar = ("body",)
    _private: ClassVar = ("key",)

    def __post_init__(self) -> None:
        if not self.name:
            raise ValueError("no name")


def test_a_value_is_what_its_parts_are():
    assert Span(1) == Span(1, 10)
    assert hash(Span(1)) == hash(Span(1, 10))
    assert Span(1, 2) != Span(1, 3)
    assert Span(1, 2) != (1, 2)
    assert sorted([Span(2), Span(1, 11), Span(1)]) == [Span(1), Span(1, 11), Span(2)]
    assert repr(Span(1, 2)) == "Span(start=1, end=2)"
    match Span(3, 4):
        case Span(start, end):
            assert (start, end) == (3, 4)


def test_values_of_another_class_are_never_equal_nor_ordered():
    assert Longer(1, 2) != Span(1, 2)
    assert Longer(1, 2) < Longer(1, 3)
    with pytest.raises(TypeError):
        _ = Longer(1, 2) < Span(1, 3)


def test_a_value_never_changes():
    span = Span(1)
    with pytest.raises(AttributeError, match="frozen"):
        span.start = 2  # type: ignore[misc]
    with pytest.raises(AttributeError, match="frozen"):
        del span.start
    with pytest.raises(AttributeError):
        span.other = 2  # type: ignore[attr-defined]


def test_a_value_survives_copying_and_another_process():
    for made in (Span(1, 2), Longer(3, 4), Secret(name="a", body=b"b", key="c")):
        assert copy.deepcopy(made) == made
        again = pickle.loads(pickle.dumps(made))  # noqa: S301  # what was written just now
        assert again == made
        assert type(again) is type(made)


def test_a_record_is_given_by_name_and_checks_itself():
    with pytest.raises(TypeError):
        Secret("a", b"b")  # type: ignore[misc]
    with pytest.raises(TypeError):
        Secret(name="a")  # type: ignore[call-arg]
    with pytest.raises(ValueError, match="no name"):
        Secret(name="", body=b"b")


def test_a_record_shows_and_compares_only_what_it_may():
    assert repr(Secret(name="a", body=b"b")) == "Secret(name='a')"
    assert Secret(name="a", body=b"b", key="c") == Secret(name="a", body=b"b", key="d")
    assert Secret(name="a", body=b"b") != Secret(name="a", body=b"c")
