"""What a step took in and put out: links, and statements read as links.

* Link metadata, ``{"_type": "link", …}`` (in-toto spec v1.0 §4.4).
* Statements with a link predicate, whose subjects are the products (ITE-6; in-toto attestation
  spec, ``predicates/link.md``).
* For layouts over attestations (ITE-10), statements of any type: of SLSA provenance the
  dependencies are the materials, of any other type the subjects are.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final, TypeAlias

from gatebook import canonical
from gatebook.canonical import JsonObject
from gatebook.digest import DigestSet
from gatebook.errors import MalformedError
from gatebook.formats.fields import Fields
from gatebook.formats.intoto import Statement
from gatebook.formats.layout.metadata import MetadataKind, SignedMetadata

__all__ = ["LINK_PREDICATES", "Artifacts", "Link", "LinkError", "read_claim", "read_link"]

LINK_V0_3: Final = "https://in-toto.io/attestation/link/v0.3"
LINK_ITE_6: Final = "https://in-toto.io/Link/v1"
LINK_PREDICATES: Final = frozenset({LINK_V0_3, LINK_ITE_6})
"""Predicate types that are links (ITE-6 and the in-toto attestation spec)."""

_PROVENANCE_V1: Final = "https://slsa.dev/provenance/v1"
_PROVENANCE_V0_2: Final = "https://slsa.dev/provenance/v0.2"
_MAX_ARTIFACTS: Final = 65_536
_MAX_NAME: Final = 4096

Artifacts: TypeAlias = Mapping[str, DigestSet | None]
"""Names with their digests; ``None`` where the producer gave none, which never matches anything."""


class LinkError(MalformedError):
    """Metadata is not a link, or names artifacts in a way two readers could understand."""

    code = "formats.layout-link"


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """What a step took in and put out.

    Attributes:
        name: the step it says it is of, or ``None`` where a statement has no place for it.
        command: what was run, or ``None`` when it does not say.
        materials: what went in.
        products: what came out.
        statement: the statement it was read from, if it was one.

    """

    name: str | None
    command: tuple[str, ...] | None
    materials: Artifacts
    products: Artifacts
    statement: Statement | None = field(default=None, repr=False)


def read_link(metadata: SignedMetadata) -> Link:
    """Read a link, or a statement with a link predicate.

    Raises:
        MalformedError: another kind of metadata or of predicate, or a malformed one.

    """
    if metadata.kind is MetadataKind.LINK:
        return _metadata_link(Fields.of(metadata.content, what="link", code=LinkError.code))
    if metadata.kind is not MetadataKind.STATEMENT:
        raise LinkError("expected a link, found a layout")
    statement = _statement(metadata)
    if statement.predicate_type not in LINK_PREDICATES:
        raise LinkError(
            f"expected a link predicate, found {statement.predicate_type[:120]!r}",
            hint="other predicates are verified by layouts over attestations",
        )
    return _statement_link(statement)


def read_claim(metadata: SignedMetadata) -> Link:
    """Read a statement of any predicate type as ITE-10 layouts see it.

    Raises:
        MalformedError: not a statement, or its artifacts cannot be told.

    """
    if metadata.kind is not MetadataKind.STATEMENT:
        raise LinkError(f"expected a statement, found a {metadata.kind}")
    statement = _statement(metadata)
    if statement.predicate_type in LINK_PREDICATES:
        return _statement_link(statement)
    subjects = _subjects(statement)
    predicate = Fields.of(statement.predicate, what="predicate", code=LinkError.code)
    match statement.predicate_type:
        case "https://slsa.dev/provenance/v1":
            definition = predicate.object("buildDefinition")
            materials = _resources(definition, "resolvedDependencies")
        case "https://slsa.dev/provenance/v0.2":
            materials = _resources(predicate, "materials")
        case _:
            return Link(
                name=None, command=None, materials=subjects, products={}, statement=statement
            )
    return Link(
        name=None, command=None, materials=materials, products=subjects, statement=statement
    )


def _metadata_link(fields: Fields) -> Link:
    command = fields.array("command")
    return Link(
        name=fields.text("name"),
        command=_words(fields, command),
        materials=_by_name(fields.object("materials")),
        products=_by_name(fields.object("products")),
    )


def _statement(metadata: SignedMetadata) -> Statement:
    content: JsonObject = metadata.content
    if "_type" in content:
        return Statement.parse(metadata.payload)
    # Protocol Buffers JSON accepts a field's original name, 'type', beside '_type', and published
    # attestations have it. One of the two is there (layout_metadata.py), and means the same.
    renamed = {"_type": content["type"]} | {k: v for k, v in content.items() if k != "type"}
    return Statement.parse(canonical.canonicalize(renamed))


def _statement_link(statement: Statement) -> Link:
    fields = Fields.of(statement.predicate, what="link", code=LinkError.code)
    if isinstance(fields.values.get("materials"), dict):  # ITE-6: as in link metadata
        materials = _by_name(fields.object("materials"))
    else:
        materials = _resources(fields, "materials")
    return Link(
        name=fields.text("name"),
        command=_words(fields, fields.array("command")),
        materials=materials,
        products=_subjects(statement),
        statement=statement,
    )


def _subjects(statement: Statement) -> Artifacts:
    return _collect((item.name or item.uri, item.digests) for item in statement.subjects)


def _resources(fields: Fields, name: str) -> Artifacts:
    if len(fields.array(name)) > _MAX_ARTIFACTS:
        raise fields.refuse(f"{name!r} has more than {_MAX_ARTIFACTS} members")
    return _collect(
        (
            item.optional_text("name") or item.optional_text("uri"),
            _digests(item.object("digest")) if item.has("digest") else None,
        )
        for item in fields.objects(name)
    )


def _by_name(fields: Fields) -> Artifacts:
    if len(fields.values) > _MAX_ARTIFACTS:
        raise fields.refuse(f"has more than {_MAX_ARTIFACTS} members")
    return _collect((name, _digests(fields.object(name))) for name in fields.values)


def _collect(pairs: Iterable[tuple[str | None, DigestSet | None]]) -> Artifacts:
    found: dict[str, DigestSet | None] = {}
    for name, digests in pairs:
        if name is None:
            raise LinkError("an artifact has neither a name nor a URI")
        _check_name(name)
        if name in found and found[name] != digests:
            raise LinkError(f"the artifact {name[:120]!r} comes twice, with different digests")
        found[name] = digests
    return MappingProxyType(found)


def _check_name(name: str) -> None:
    # One implementation normalises paths before it compares them and another does not: './secret'
    # would pass a DISALLOW for 'secret' with one of them. Abstract names (ITE-4) keep their scheme.
    if not 0 < len(name) <= _MAX_NAME or not name.isprintable():
        raise LinkError("the name of an artifact has 1 to 4096 printable characters")
    _, mark, rest = name.rpartition("://")
    parts = (rest if mark else name).split("/")
    inner = parts[1:-1] if len(parts) > 1 else []
    if any(part in {".", ".."} for part in parts) or "" in inner:
        raise LinkError(
            f"the artifact name {name[:120]!r} is not in its shortest form",
            code="formats.layout-artifact-name",
        )


def _digests(fields: Fields) -> DigestSet:
    pairs: dict[str, str] = {}
    for algorithm, value in fields.values.items():
        if not isinstance(value, str) or not value or not algorithm:
            raise fields.refuse(f"the digest {algorithm[:40]!r} must be a non-empty string")
        pairs[algorithm] = value
    try:
        return DigestSet.of(pairs)
    except MalformedError as error:
        raise fields.refuse(error.message) from None


def _words(fields: Fields, members: list[canonical.Json]) -> tuple[str, ...]:
    words = tuple(member for member in members if isinstance(member, str))
    if len(words) != len(members):
        raise fields.refuse("'command' must list strings")
    return words
