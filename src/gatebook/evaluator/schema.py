"""JSON Schemas: compiled without ever leaving the schema, and what is wrong with a document.

Source: JSON Schema 2020-12 (core §8.2.3, validation); drafts 4 to 2019-09 where ``$schema`` names
them. ``format`` is an annotation, as 2020-12 says. Patterns are Python's regular expressions.
"""

import re
from typing import Any, Final

import jsonschema  # type: ignore[import-untyped]
import msgspec
import referencing
import referencing.exceptions
import referencing.jsonschema

from gatebook.canonical import Json
from gatebook.evaluator.failures import ProgramError

__all__ = ["compile_schema", "violations"]

_MAX_VIOLATIONS: Final = 100
_MAX_MESSAGE: Final = 500
_MAX_SUBSCHEMAS: Final = 10_000


def compile_schema(text: str) -> Any:
    """Check a schema by its dialect's metaschema, its references and its patterns.

    Raises:
        ProgramError: ``programs.compile-error``: it is not a schema, a reference leaves it or leads
            nowhere, or a pattern is none.

    """
    try:
        schema = msgspec.json.decode(text)
        kind = _dialect(schema)
        kind.check_schema(schema)
        _check_parts(schema, kind)
    except jsonschema.SchemaError as error:
        raise _refused(f"at {_pointer(error.absolute_path) or '/'}: {error.message}") from None
    except referencing.exceptions.Unresolvable as error:
        raise _refused(f"the reference {error.ref[:200]!r} is not within the schema") from None
    except msgspec.DecodeError as error:
        raise _refused(str(error)) from None
    except ValueError as error:  # an $id that is no URI
        raise _refused(str(error)) from None
    except RecursionError:
        raise _refused("it is nested too deeply") from None
    return kind(schema, registry=referencing.Registry())


def violations(validator: Any, document: bytes) -> Json:
    """List what is wrong with a document, by place; at most 100.

    Raises:
        ProgramError: ``programs.runtime-error``: the schema refers to itself without end.

    """
    value = msgspec.json.decode(document)
    found: list[tuple[str, str, str]] = []
    try:
        for error in validator.iter_errors(value):
            at, keyword = _pointer(error.absolute_path), _pointer(error.absolute_schema_path)
            found.append((at, keyword, _short(error.message)))
            if len(found) >= _MAX_VIOLATIONS:
                break
    except RecursionError:
        raise ProgramError("programs.runtime-error", "the schema never comes to an end") from None
    except referencing.exceptions.Unresolvable as error:
        message = f"the reference {error.ref[:200]!r} is not within the schema"
        raise ProgramError("programs.compile-error", message) from None
    return [
        {"at": at, "keyword": keyword, "message": message} for at, keyword, message in sorted(found)
    ]


def _dialect(schema: Any) -> Any:
    """The validator of the draft that ``$schema`` names; of 2020-12 if it names none."""
    if not isinstance(schema, dict | bool):
        raise _refused("a schema is an object, true or false")
    named = schema.get("$schema") if isinstance(schema, dict) else None
    if named is None:
        return jsonschema.Draft202012Validator
    kind = jsonschema.validators.validator_for(schema, None) if isinstance(named, str) else None
    if kind is None:
        raise _refused(f"$schema is {str(named)[:200]!r}, which is no draft of JSON Schema")
    return kind


def _check_parts(schema: Any, kind: Any) -> None:
    """Follow every reference and compile every pattern, also where no document would lead to."""
    dialect = kind.META_SCHEMA.get("$schema") or kind.META_SCHEMA.get("id")
    specification = referencing.jsonschema.specification_with(str(dialect))
    root = specification.create_resource(schema)
    base = root.id() or ""
    registry: Any = referencing.Registry().with_resource(base, root).crawl()
    pending: list[tuple[Any, Any]] = [(root, registry.resolver(base))]
    seen = 0
    while pending:
        resource, resolver = pending.pop()
        seen += 1
        if seen > _MAX_SUBSCHEMAS:
            raise _refused(f"it has more than {_MAX_SUBSCHEMAS} parts")
        contents = resource.contents
        if isinstance(contents, dict):
            _check_part(contents, resolver)
        pending.extend((part, resolver.in_subresource(part)) for part in resource.subresources())


def _check_part(part: dict[str, Any], resolver: Any) -> None:
    for keyword in ("$ref", "$dynamicRef", "$recursiveRef"):
        reference = part.get(keyword)
        if isinstance(reference, str):
            resolver.lookup(reference)
    patterns = [part.get("pattern"), *_keys(part.get("patternProperties"))]
    for pattern in patterns:
        if not isinstance(pattern, str):
            continue
        try:
            re.compile(pattern)
        except (re.error, OverflowError, RecursionError) as error:
            raise _refused(f"the pattern {pattern[:200]!r} is none: {error}") from None


def _keys(value: Any) -> list[str]:
    return list(value) if isinstance(value, dict) else []


def _pointer(path: Any) -> str:
    """Write a path as a JSON pointer (RFC 6901 §3)."""
    return "".join("/" + str(each).replace("~", "~0").replace("/", "~1") for each in path)


def _short(message: str) -> str:
    text = message.encode("utf-8", "replace").decode()
    return text if len(text) <= _MAX_MESSAGE else f"{text[:_MAX_MESSAGE]}…"


def _refused(message: str) -> ProgramError:
    return ProgramError("programs.compile-error", _short(f"the JSON Schema is none: {message}"))
