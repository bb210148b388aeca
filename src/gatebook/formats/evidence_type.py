"""Custom evidence types: a JSON Schema and rules that documents of the type must meet.

::

    evidence-type: gatebook/evidence-type/v1
    name: person
    version: "2"
    description: A person who may work here
    schema:
      type: object
      required: [age]
      properties: {age: {type: integer}}
    rules:
      - id: of-age
        expression: .age >= 18
        message: younger than 18
        fix: wait
      - id: named
        engine: rego
        policy: |
          package person
          default allow := false
          allow if count(input.name) > 0
        query: data.person.allow
        requires: [/name]

A document complies when the schema and every rule hold; a rule that cannot be evaluated, or yields
anything but one boolean, does not hold. ``expect`` is what a rule has to yield, ``true`` unless it
is given. ``requires`` are JSON pointers (RFC 6901) to what must be there, and not ``null``, for a
rule to hold at all: in jq ``null < 65`` is true. The digest of the canonical form (RFC 8785)
identifies a version of the type; ``version`` is for people.
"""

import re
from typing import Final

from gatebook import canonical
from gatebook.canonical import Json, JsonObject
from gatebook.digest import Digest, sha256
from gatebook.errors import MalformedError
from gatebook.formats import strict_yaml
from gatebook.formats.fields import Fields
from gatebook.formats.type_evaluation import (
    EvidenceTypeError,
    RuleOutcome,
    RuleResult,
    SchemaError,
    TypeEvaluation,
)
from gatebook.programs.lint import check_program
from gatebook.programs.program import Engine, EvaluationError, Program
from gatebook.values import record

__all__ = [
    "EVIDENCE_TYPE_SCHEMA",
    "EvidenceTypeError",
    "Rule",
    "RuleOutcome",
    "RuleResult",
    "SchemaError",
    "TypeDefinition",
    "TypeEvaluation",
]

EVIDENCE_TYPE_SCHEMA: Final = "gatebook/evidence-type/v1"

_MAX_BYTES: Final = 1024 * 1024
_MAX_DEPTH: Final = 48
_MAX_RULES: Final = 200
_MAX_REQUIRES: Final = 100
_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._~-]{0,127}\Z")
_POINTER: Final = re.compile(r"(?:/(?:[^~/]|~[01])*)+\Z")
_DIALECTS: Final = frozenset(
    {
        "https://json-schema.org/draft/2020-12/schema",
        "https://json-schema.org/draft/2019-09/schema",
        "http://json-schema.org/draft-07/schema",
        "http://json-schema.org/draft-06/schema",
        "http://json-schema.org/draft-04/schema",
    }
)
_FIELDS: Final = frozenset({"evidence-type", "name", "version", "description", "schema", "rules"})
_RULE_FIELDS: Final = {
    Engine.JQ: frozenset({"expression"}),
    Engine.REGO: frozenset({"policy", "query"}),
}
_SHARED_FIELDS: Final = frozenset({"id", "engine", "expect", "message", "fix", "requires"})


@record
class Rule:
    """One rule of a type.

    Attributes:
        id: its name within the type.
        program: what is evaluated.
        expect: what it has to yield.
        message: what it means when it does not hold.
        fix: what to do then.
        requires: JSON pointers to what must be there for the rule to hold.

    """

    id: str
    program: Program
    expect: bool = True
    message: str | None = None
    fix: str | None = None
    requires: tuple[str, ...] = ()


@record
class TypeDefinition:
    """A version of a custom evidence type.

    Attributes:
        name: the type; starts with a letter or a digit, then also ``. _ ~ -``.
        version: what people call this version.
        description: what the evidence is.
        schema: the JSON Schema of documents: an object, ``False`` or ``True``; ``None`` if any
            document will do.
        rules: what must hold, in order.
        document: the canonical form, which is what is stored.

    """

    name: str
    version: str | None
    description: str | None
    schema: JsonObject | bool | None
    rules: tuple[Rule, ...]
    document: bytes

    @classmethod
    def parse(cls, data: bytes) -> "TypeDefinition":
        """Read a definition, YAML or JSON.

        That the schema is one, and that its patterns and the rules compile, only an engine can say:
        :func:`gatebook.formats.type_judging.check_definition` asks one.

        Raises:
            MalformedError: not a document, an unknown field, one of another type or too long, a
                rule that uses what is refused, or neither a schema nor a rule.

        """
        fields = Fields.of(_decoded(data), what="evidence type", code=EvidenceTypeError.code)
        _known(fields, _FIELDS)
        if fields.text("evidence-type") != EVIDENCE_TYPE_SCHEMA:
            raise fields.refuse(f"'evidence-type' must be {EVIDENCE_TYPE_SCHEMA}")
        name = fields.text("name")
        if _NAME.match(name) is None:
            raise fields.refuse(
                "'name' starts with a letter or a digit; up to 128 of those and . _ ~ - are read"
            )
        rules = tuple(_rule(each) for each in fields.objects("rules"))
        if len(rules) > _MAX_RULES or len({rule.id for rule in rules}) != len(rules):
            raise fields.refuse(f"at most {_MAX_RULES} rules, each with an 'id' of its own")
        schema = _schema(fields)
        if schema is None and not rules:
            raise fields.refuse("neither a 'schema' nor 'rules': everything would comply")
        try:
            document = canonical.canonicalize(fields.values)
        except MalformedError as error:
            raise fields.refuse(error.message) from None
        return cls(
            name=name,
            version=fields.optional_text("version"),
            description=fields.optional_text("description"),
            schema=schema,
            rules=rules,
            document=document,
        )

    def encode(self) -> bytes:
        """The canonical form: equal definitions give equal bytes, whatever they were written in."""
        return self.document

    @property
    def digest(self) -> Digest:
        """What identifies this version."""
        return sha256(self.document)

    @property
    def schema_program(self) -> Program | None:
        """The schema as something to evaluate."""
        if self.schema is None:
            return None
        text = canonical.canonicalize(self.schema).decode()
        return Program(engine=Engine.JSON_SCHEMA, text=text)


def _decoded(data: bytes) -> Json:
    what = "evidence type"
    if data.lstrip(b" \t\r\n").startswith(b"{"):
        return canonical.loads(data, what=what, max_bytes=_MAX_BYTES, max_depth=_MAX_DEPTH)
    return strict_yaml.loads(data, what=what, max_bytes=_MAX_BYTES, max_depth=_MAX_DEPTH)


def _known(fields: Fields, known: frozenset[str]) -> None:
    unknown = sorted(set(fields.values) - known)
    if unknown:
        raise fields.refuse(
            f"unknown field {unknown[0][:80]!r}; known are {', '.join(sorted(known))}"
        )


def _schema(fields: Fields) -> JsonObject | bool | None:
    schema = fields.values.get("schema")
    if schema is None or isinstance(schema, bool):
        return schema
    if not isinstance(schema, dict):
        raise fields.refuse("'schema' must be a JSON Schema: an object, true or false")
    dialect = schema.get("$schema")
    if dialect is not None and (
        not isinstance(dialect, str) or dialect.rstrip("#") not in _DIALECTS
    ):
        raise fields.refuse(
            f"'$schema' is {str(dialect)[:80]!r}, not a draft of JSON Schema from 4 to 2020-12"
        )
    return schema


def _rule(fields: Fields) -> Rule:
    name = fields.text("id")
    if _NAME.match(name) is None:
        raise fields.refuse("'id' starts with a letter or a digit; then also . _ ~ -")
    inside = Fields(fields.values, f"rule {name}", EvidenceTypeError.code)
    program = _program(inside)
    expect = inside.values.get("expect", True)
    if not isinstance(expect, bool):
        raise inside.refuse("'expect' must be true or false")
    return Rule(
        id=name,
        program=program,
        expect=expect,
        message=inside.optional_text("message"),
        fix=inside.optional_text("fix"),
        requires=_requires(inside),
    )


def _program(fields: Fields) -> Program:
    written = fields.optional_text("engine") or Engine.JQ
    if written not in {Engine.JQ, Engine.REGO}:
        raise fields.refuse(f"'engine' must be jq or rego, found {written[:80]!r}")
    engine = Engine(written)
    _known(fields, _SHARED_FIELDS | _RULE_FIELDS[engine])
    if engine is Engine.JQ:
        program = Program(engine=engine, text=fields.text("expression"))
    else:
        policy = fields.text("policy")
        name = f"{fields.text('id')}.rego"
        program = Program(engine=engine, modules=((name, policy),), query=fields.text("query"))
    try:
        check_program(program)
    except EvaluationError as error:
        raise EvidenceTypeError(f"{fields.what}: {error.message}", hint=error.hint) from None
    return program


def _requires(fields: Fields) -> tuple[str, ...]:
    pointers = fields.array("requires")
    texts = tuple(each for each in pointers if isinstance(each, str) and _POINTER.match(each))
    if len(texts) != len(pointers) or len(texts) > _MAX_REQUIRES:
        raise fields.refuse(
            f"'requires' lists at most {_MAX_REQUIRES} JSON pointers such as /person/age"
        )
    return texts
