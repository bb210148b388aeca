"""CycloneDX JSON against the published schema of its version.

The schemas are those that come with cyclonedx-python-lib, the strict ones where a version has two:
unknown fields are refused. Two keywords and a format are evaluated by us, with the same meaning:
``uniqueItems``, which the validator compares pair by pair (hours for a hundred thousand
components), ``enum``, which it searches from the start each time (the list of licences has 700),
and ``iri-reference`` (see :mod:`gatebook.formats.sbom.validity.iri`). What a schema cannot say
is checked beside it: no two components or services have one ``bom-ref``.
"""

import functools
from collections.abc import Callable, Iterator
from typing import Any, Final

import msgspec

from gatebook.canonical import Json, JsonObject
from gatebook.errors import MalformedError
from gatebook.formats.reading.document import Document
from gatebook.formats.sbom.validity.iri import is_iri, is_iri_reference
from gatebook.formats.sbom.validity.problems import MAX_NAMED, Problems, check_size

__all__ = ["CODE", "MAX_SCHEMA_BYTES", "check_cyclonedx_json"]

CODE: Final = "formats.cyclonedx-invalid"
MAX_SCHEMA_BYTES: Final = 32 * 1024 * 1024

_VERSIONS: Final = ("1.2", "1.3", "1.4", "1.5", "1.6", "1.7")
_ENCODE: Final = msgspec.json.Encoder(order="sorted").encode


def check_cyclonedx_json(document: Document, *, max_bytes: int = MAX_SCHEMA_BYTES) -> None:
    """Check a document against the strict schema of the version it claims.

    Raises:
        MalformedError: no JSON object, an unknown version, or not valid (code :data:`CODE`).
        NotCheckedError: larger than ``max_bytes``.

    """
    check_size(len(document.data), max_bytes, "CycloneDX JSON")
    root = document.root
    if root is None:
        raise MalformedError("CycloneDX JSON must be an object", code=CODE)
    version = root.get("specVersion")
    if version not in _VERSIONS:
        raise MalformedError(
            f"'specVersion' {str(version)[:20]!r} is none of {', '.join(_VERSIONS)}", code=CODE
        )
    problems = Problems()
    try:
        for error in _validator(str(version)).iter_errors(root):
            problems.add(_place(error), _reason(error))
            if problems.count > MAX_NAMED:
                break
    except RecursionError:
        problems.add("$", "nested deeper than the schema can be followed")
    for reference in _repeated_references(root):
        problems.add("bom-ref", f"{reference[:80]!r} names more than one object")
    problems.refuse(f"CycloneDX {version} JSON", CODE)


def _place(error: Any) -> str:
    return "$" + "".join(
        f"[{step}]" if isinstance(step, int) else f".{step}" for step in error.absolute_path
    )


def _reason(error: Any) -> str:
    """What the schema wanted, of the branch that came nearest where it had a choice."""
    from jsonschema.exceptions import best_match  # type: ignore[import-untyped]  # noqa: PLC0415

    if error.context:
        nearest = best_match(error.context)
        if nearest is not None:
            return f"{_shortened(error.message)} ({_shortened(nearest.message)})"
    return _shortened(error.message)


def _shortened(message: str) -> str:
    return message if len(message) <= 120 else f"{message[:70]} … {message[-40:]}"  # noqa: PLR2004  # a line


@functools.lru_cache(maxsize=len(_VERSIONS))
def _validator(version: str) -> Any:
    from cyclonedx.schema import SchemaVersion  # noqa: PLC0415  # heavy
    from cyclonedx.validation.json import JsonStrictValidator  # noqa: PLC0415
    from jsonschema import FormatChecker  # type: ignore[import-untyped]  # noqa: PLC0415
    from jsonschema.validators import Draft7Validator, extend  # type: ignore[import-untyped]  # noqa: PLC0415
    from referencing import Registry  # noqa: PLC0415
    from referencing.jsonschema import DRAFT7  # noqa: PLC0415

    published = JsonStrictValidator(SchemaVersion.from_version(version))
    made: Any = published._validator  # noqa: SLF001  # the library gives its schemas no other way
    ours = extend(Draft7Validator, {"uniqueItems": _unique_items, "enum": _Enum()})
    formats = FormatChecker(formats=())
    formats.checkers = {
        **made.format_checker.checkers,
        "iri": (_string_form(is_iri), ()),
        "uri": (_string_form(is_iri), ()),
        "iri-reference": (_string_form(is_iri_reference), ()),
    }
    # A schema that is referred to and names its draft would be followed by that draft's class.
    registry = Registry().with_resources(
        (uri, DRAFT7.create_resource(_without_draft(resource.contents)))
        for uri, resource in made._registry.items()  # noqa: SLF001
    )
    return ours(made.schema, registry=registry, format_checker=formats)


def _without_draft(schema: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in schema.items() if key != "$schema"}


def _string_form(check: Callable[[str], bool]) -> Callable[[object], bool]:
    return lambda instance: not isinstance(instance, str) or check(instance)


def _unique_items(validator: Any, wanted: Any, instance: Any, _: Any) -> Iterator[Any]:
    from jsonschema.exceptions import ValidationError  # noqa: PLC0415

    if not wanted or not validator.is_type(instance, "array"):
        return
    if len({_ENCODE(item) for item in instance}) != len(instance):
        yield ValidationError("an array has the same item twice")


class _Enum:
    """The keyword ``enum``, with the words of each list kept as a set."""

    def __init__(self) -> None:
        self._words: dict[int, frozenset[str]] = {}

    def __call__(self, _: Any, allowed: Any, instance: Any, __: Any) -> Iterator[Any]:
        from jsonschema.exceptions import ValidationError  # noqa: PLC0415

        words = self._words.get(id(allowed))
        if words is None:  # the lists live as long as the schema, so their ids stay theirs
            words = frozenset(word for word in allowed if isinstance(word, str))
            self._words[id(allowed)] = words
        if isinstance(instance, str):
            if instance in words:
                return
        elif any(type(instance) is type(each) and instance == each for each in allowed):
            return
        yield ValidationError(f"{str(instance)[:60]!r} is none of the {len(allowed)} words allowed")


def _repeated_references(root: JsonObject) -> Iterator[str]:
    """Each ``bom-ref`` that more than one component or service has.

    Annotations, workflows and others share the name space; the specification's own samples repeat
    names there, so only what dependencies can point to is looked at.
    """
    metadata = root.get("metadata")
    pending: list[Json] = [root.get("components"), root.get("services")]
    if isinstance(metadata, dict):
        pending.append(metadata.get("component"))
    seen: set[str] = set()
    while pending:
        value = pending.pop()
        if isinstance(value, list):
            pending.extend(value)
        elif isinstance(value, dict):
            reference = value.get("bom-ref")
            if isinstance(reference, str):
                if reference in seen:
                    yield reference
                seen.add(reference)
            pending += [value.get("components"), value.get("services")]
