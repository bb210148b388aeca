"""The public surface: what is promised, documented and typed."""

import importlib
import inspect
import re
from pathlib import Path
from typing import Any

import pytest

import gatebook

TABLE: dict[str, str] = vars(gatebook)["_PUBLIC"]


def test_the_table_is_the_promise() -> None:
    assert sorted(gatebook.__all__) == list(gatebook.__all__)
    assert set(gatebook.__all__) == {*TABLE, "__version__"}
    assert set(dir(gatebook)) == set(gatebook.__all__)


@pytest.mark.parametrize("name", sorted(TABLE))
def test_a_name_is_public_where_it_comes_from(name: str) -> None:
    module = importlib.import_module(TABLE[name])
    assert getattr(gatebook, name) is getattr(module, name)
    assert name in module.__all__


def members(thing: Any) -> dict[str, Any]:
    if not inspect.isclass(thing):
        return {}
    return {
        name: each
        for name, each in vars(thing).items()
        if not name.startswith("_")
        and (inspect.isfunction(each) or isinstance(each, property | classmethod | staticmethod))
    }


@pytest.mark.parametrize("name", sorted(TABLE))
def test_what_is_public_is_documented(name: str) -> None:
    thing = getattr(gatebook, name)
    silent = [] if inspect.getdoc(thing) else [name]
    for base in thing.__mro__ if inspect.isclass(thing) else ():
        if base.__module__.startswith("gatebook."):
            silent += [
                f"{base.__name__}.{member}"
                for member, each in members(base).items()
                if not inspect.getdoc(getattr(each, "__func__", each))
            ]
    assert silent == []


@pytest.mark.parametrize("name", sorted(TABLE))
def test_what_is_public_is_typed(name: str) -> None:
    thing = getattr(gatebook, name)
    functions = [thing] if inspect.isfunction(thing) else []
    functions += [each for each in members(thing).values() if inspect.isfunction(each)]
    untyped = [
        f"{function.__qualname__}({parameter.name})"
        for function in functions
        for parameter in inspect.signature(function).parameters.values()
        if parameter.annotation is inspect.Parameter.empty and parameter.name not in {"self", "cls"}
    ]
    assert untyped == []
    assert all("return" in function.__annotations__ for function in functions)


def test_what_is_public_stands_in_the_reference(repository: Path) -> None:
    page = repository / "docs" / "reference" / "python-api.md"
    assert page.is_file(), "the reference of the library is docs/reference/python-api.md"
    words = set(re.findall(r"\w+", page.read_text()))
    assert sorted(set(TABLE) - words) == []


def test_the_package_says_that_it_is_typed() -> None:
    assert (Path(gatebook.__file__).parent / "py.typed").is_file()


def test_an_unknown_name_is_no_attribute() -> None:
    assert not hasattr(gatebook, "certify")


@pytest.mark.parametrize(
    ("error", "status"),
    [
        ("GatebookError", 1),
        ("UsageError", 2),
        ("NotFoundError", 2),
        ("ConflictError", 2),
        ("DeniedError", 3),
        ("UndecidedError", 4),
        ("VerificationError", 5),
        ("MalformedError", 5),
        ("UnreachableError", 6),
    ],
)
def test_exit_statuses_are_promised(error: str, status: int) -> None:
    assert getattr(gatebook, error).exit_status == status
