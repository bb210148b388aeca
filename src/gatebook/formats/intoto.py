"""in-toto statements: a predicate bound to subjects by their digests.

Reads Statement v0.1 and v1 (in-toto attestation framework, spec/v0.1.0 and spec/v1). What a
predicate means is read elsewhere (:mod:`gatebook.formats.provenance` and its neighbours); here is
only the table of the types that Gatebook knows by name.
"""

import re
from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Final

import msgspec

from gatebook import canonical
from gatebook.canonical import Json, JsonObject
from gatebook.digest import Digest, DigestSet
from gatebook.errors import MalformedError
from gatebook.formats.fields import Fields

__all__ = [
    "MAX_DIGESTS",
    "MAX_SUBJECTS",
    "PAYLOAD_TYPE",
    "PREDICATE_TYPES",
    "PYPI_PUBLISH_V1",
    "PredicateKind",
    "Statement",
    "StatementError",
    "StatementVersion",
    "Subject",
    "encode_statement",
    "is_statement_payload_type",
    "predicate_kind",
    "read_digests",
]

PAYLOAD_TYPE: Final = "application/vnd.in-toto+json"
"""The DSSE payload type of a statement (in-toto spec/v1/envelope.md)."""

MAX_SUBJECTS: Final = 1024
MAX_DIGESTS: Final = 32
"""The limits of sigstore-go (``limitSubjects``), so that both refuse the same statements."""

_MAX_PREDICATE_TYPE: Final = 1024
_STATEMENT_KEYS: Final = frozenset({"_type", "subject", "predicateType", "predicate"})
_SUBJECT_KEYS: Final = frozenset({"name", "uri", "digest"})
_FOLDED: Final = {
    keys: frozenset(key.casefold() for key in keys) for keys in (_STATEMENT_KEYS, _SUBJECT_KEYS)
}
_SPECIFIC_PAYLOAD_TYPE: Final = re.compile(r"application/vnd\.in-toto\.[A-Za-z0-9._-]+\+json\Z")


class StatementError(MalformedError):
    """Bytes are not an in-toto statement; the code says which part of it is not.

    ``formats.statement`` is any field of the wrong form, ``formats.statement-type`` another
    ``_type``, ``formats.statement-subjects`` no subject or too many,
    ``formats.statement-digest`` a digest set that is missing, empty, too large or malformed,
    ``formats.statement-predicate`` no usable predicate type or, in v0.1, no predicate, and
    ``formats.statement-key-case`` a key that differs from one of ours in case only.
    """

    code = "formats.statement"


class StatementVersion(StrEnum):
    """The value of ``_type``."""

    V0_1 = "https://in-toto.io/Statement/v0.1"
    V1 = "https://in-toto.io/Statement/v1"


class PredicateKind(StrEnum):
    """Short names for families of predicate types, for people to write."""

    PROVENANCE = "provenance"
    SBOM = "sbom"
    TEST_RESULT = "test-result"
    TEST_REPORT = "test-report"
    REPORT = "report"
    VULNERABILITY_SCAN = "vulnerability-scan"
    VEX = "vex"
    VERIFICATION_SUMMARY = "verification-summary"
    VERIFICATION_RESULT = "verification-result"
    RELEASE = "release"
    REFERENCE = "reference"
    SCAI = "scai"
    LINK = "link"
    RUNTIME_TRACE = "runtime-trace"
    PUBLISH = "publish"
    WITNESS_COLLECTION = "witness-collection"
    IMAGE_SIGNATURE = "image-signature"
    COSIGN_CUSTOM = "cosign-custom"
    REVIEW = "review"
    APPROVAL = "approval"
    WAIVER = "waiver"
    DEPLOYMENT = "deployment"
    DECISION = "decision"


PYPI_PUBLISH_V1: Final = "https://docs.{}.org/attestations/publish/v1".format("pypi")
"""A name and no place to fetch from; PEP 740 fixes it."""

PREDICATE_TYPES: Final[Mapping[PredicateKind, frozenset[str]]] = MappingProxyType(
    {
        PredicateKind.PROVENANCE: frozenset(
            {
                "https://slsa.dev/provenance/v0.1",
                "https://slsa.dev/provenance/v0.2",
                "https://slsa.dev/provenance/v1",
            }
        ),
        PredicateKind.SBOM: frozenset(
            {
                "https://cyclonedx.org/bom",
                *(f"https://cyclonedx.org/bom/v1.{minor}" for minor in range(2, 8)),
                "https://spdx.dev/Document",
                "https://spdx.dev/Document/v2.2",
                "https://spdx.dev/Document/v2.3",
                "https://spdx.dev/Document/v3",
            }
        ),
        PredicateKind.TEST_RESULT: frozenset({"https://in-toto.io/attestation/test-result/v0.1"}),
        PredicateKind.TEST_REPORT: frozenset({"https://gatebook.dev/predicates/test-report/v1"}),
        PredicateKind.REPORT: frozenset({"https://gatebook.dev/predicates/report/v1"}),
        PredicateKind.VULNERABILITY_SCAN: frozenset(
            {
                "https://in-toto.io/attestation/vulns/v0.1",
                "https://in-toto.io/attestation/vulns/v0.2",
                "https://cosign.sigstore.dev/attestation/vuln/v1",
            }
        ),
        PredicateKind.VEX: frozenset({"https://openvex.dev/ns", "https://openvex.dev/ns/v0.2.0"}),
        PredicateKind.VERIFICATION_SUMMARY: frozenset(
            {
                "https://slsa.dev/verification_summary/v0.2",
                "https://slsa.dev/verification_summary/v1",
            }
        ),
        PredicateKind.VERIFICATION_RESULT: frozenset(
            {
                "https://in-toto.io/attestation/svr/v0.1",
                "https://in-toto.io/attestation/svr/v0.2",
            }
        ),
        PredicateKind.RELEASE: frozenset(
            {
                "https://in-toto.io/attestation/release/v0.1",
                "https://in-toto.io/attestation/release/v0.2",
            }
        ),
        PredicateKind.REFERENCE: frozenset({"https://in-toto.io/attestation/reference/v0.1"}),
        PredicateKind.SCAI: frozenset(
            {
                "https://in-toto.io/attestation/scai/attribute-report/v0.2",
                "https://in-toto.io/attestation/scai/v0.3",
            }
        ),
        PredicateKind.LINK: frozenset(
            {"https://in-toto.io/attestation/link/v0.3", "https://in-toto.io/Link/v1"}
        ),
        PredicateKind.RUNTIME_TRACE: frozenset(
            {"https://in-toto.io/attestation/runtime-trace/v0.1"}
        ),
        PredicateKind.PUBLISH: frozenset(
            {
                "https://github.com/npm/attestation/tree/main/specs/publish/v0.1",
                PYPI_PUBLISH_V1,
            }
        ),
        PredicateKind.WITNESS_COLLECTION: frozenset(
            {
                "https://witness.testifysec.com/attestation-collection/v0.1",
                "https://witness.dev/attestation-collection/v0.1",
                "https://aflock.ai/attestation-collection/v0.1",
            }
        ),
        PredicateKind.IMAGE_SIGNATURE: frozenset({"https://sigstore.dev/cosign/sign/v1"}),
        PredicateKind.COSIGN_CUSTOM: frozenset({"https://cosign.sigstore.dev/attestation/v1"}),
        PredicateKind.REVIEW: frozenset({"https://gatebook.dev/predicates/review/v1"}),
        PredicateKind.APPROVAL: frozenset({"https://gatebook.dev/predicates/approval/v1"}),
        PredicateKind.WAIVER: frozenset({"https://gatebook.dev/predicates/waiver/v1"}),
        PredicateKind.DEPLOYMENT: frozenset({"https://gatebook.dev/predicates/deployment/v1"}),
        PredicateKind.DECISION: frozenset({"https://gatebook.dev/predicates/decision/v1"}),
    }
)
"""Every predicate type known by name. Types are compared exactly: the URI carries the version."""

_KINDS: Final[Mapping[str, PredicateKind]] = MappingProxyType(
    {uri: kind for kind, uris in PREDICATE_TYPES.items() for uri in uris}
)


def predicate_kind(predicate_type: str) -> PredicateKind | None:
    """The family ``predicate_type`` belongs to, or ``None`` for a type not known by name."""
    return _KINDS.get(predicate_type)


def is_statement_payload_type(payload_type: str) -> bool:
    """Whether an envelope of this type carries a statement (in-toto spec/v1/envelope.md, v1.2)."""
    return payload_type == PAYLOAD_TYPE or _SPECIFIC_PAYLOAD_TYPE.match(payload_type) is not None


class Subject(msgspec.Struct, frozen=True, kw_only=True):
    """What a statement is about; matched purely by digest.

    Attributes:
        name: what the producer called it, for people.
        uri: where it is found, for people.
        digests: at least one; only those of known algorithms ever match.

    """

    name: str | None = None
    uri: str | None = None
    digests: DigestSet


class Statement(msgspec.Struct, frozen=True, kw_only=True):
    """A predicate about subjects; unsigned by itself.

    Attributes:
        version: the version of the statement layer.
        subjects: 1 to :data:`MAX_SUBJECTS`.
        predicate_type: the type URI, compared exactly.
        predicate: the claim; empty when the producer gave none (v1 allows it).

    """

    version: StatementVersion = StatementVersion.V1
    subjects: tuple[Subject, ...]
    predicate_type: str
    predicate: JsonObject

    @classmethod
    def parse(cls, data: bytes) -> "Statement":
        """Read a statement from the payload of an envelope.

        Unknown fields are ignored (spec/v1 "Parsing rules"); field names are compared exactly.
        A name that is one of ours but for its case is refused: Go's decoder takes ``Subject`` for
        ``subject``, so that two readers would see two statements.

        Raises:
            MalformedError: not strict JSON, another ``_type``, no subject or more than
                :data:`MAX_SUBJECTS`, a subject without a digest or with more than
                :data:`MAX_DIGESTS`, a malformed digest, or a field of the wrong type.

        """
        decoded = canonical.loads(data, what="statement")
        fields = Fields.of(decoded, what="statement", code=StatementError.code)
        _check_key_case(fields, _STATEMENT_KEYS)
        version = _version(fields.text("_type"))
        subjects = fields.array("subject")
        if not 0 < len(subjects) <= MAX_SUBJECTS:
            raise StatementError(
                f"statement has {len(subjects)} subjects; from 1 to {MAX_SUBJECTS} are read",
                code="formats.statement-subjects",
            )
        predicate_type = fields.optional_text("predicateType") or ""
        if not 0 < len(predicate_type) <= _MAX_PREDICATE_TYPE or not predicate_type.isprintable():
            raise StatementError(
                "statement: 'predicateType' is not a type URI", code="formats.statement-predicate"
            )
        if version is StatementVersion.V0_1 and not fields.has("predicate"):
            raise StatementError(
                "statement: 'predicate' is required in v0.1", code="formats.statement-predicate"
            )
        predicate = fields.optional_object("predicate")
        return cls(
            version=version,
            subjects=tuple(_subject(item, version) for item in fields.objects("subject")),
            predicate_type=predicate_type,
            predicate={} if predicate is None else predicate.values,
        )

    @property
    def kind(self) -> PredicateKind | None:
        """The family of the predicate, or ``None`` for a type not known by name."""
        return predicate_kind(self.predicate_type)

    def find_subject(self, digest: Digest) -> Subject | None:
        """The first subject that names exactly ``digest``, or ``None``."""
        return next((item for item in self.subjects if item.digests.matches(digest)), None)


def encode_statement(statement: Statement) -> bytes:
    """Write a statement in canonical JSON (RFC 8785); predicates may hold any JSON numbers.

    Raises:
        MalformedError: the predicate cannot be written canonically.

    """
    subjects: list[Json] = []
    for subject in statement.subjects:
        entry: JsonObject = {"digest": dict(subject.digests.values)}
        if subject.name is not None:
            entry["name"] = subject.name
        if subject.uri is not None:
            entry["uri"] = subject.uri
        subjects.append(entry)
    return canonical.canonicalize(
        {
            "_type": str(statement.version),
            "subject": subjects,
            "predicateType": statement.predicate_type,
            "predicate": statement.predicate,
        }
    )


def _version(text: str) -> StatementVersion:
    try:
        return StatementVersion(text)
    except ValueError:
        raise StatementError(
            f"statement: '_type' is {text[:80]!r}; expected {StatementVersion.V1} or v0.1",
            code="formats.statement-type",
        ) from None


def _check_key_case(fields: Fields, known: frozenset[str]) -> None:
    for key in fields.values:
        if key not in known and key.casefold() in _FOLDED[known]:
            raise StatementError(
                f"{fields.what} has the key {key!r}, which some readers take for another",
                code="formats.statement-key-case",
            )


def _subject(fields: Fields, version: StatementVersion) -> Subject:
    _check_key_case(fields, _SUBJECT_KEYS)
    name = fields.optional_text("name")
    if version is StatementVersion.V0_1 and name is None:
        raise fields.refuse("'name' is required in v0.1")
    uri = fields.optional_text("uri")
    digests = Fields(fields.values, fields.what, "formats.statement-digest")
    return Subject(name=name, uri=uri, digests=read_digests(digests))


def read_digests(fields: Fields) -> DigestSet:
    """Read the field ``digest`` of a subject or resource (in-toto spec/v1/digest_set.md).

    Raises:
        MalformedError: absent, empty, more than :data:`MAX_DIGESTS`, or a malformed value.

    """
    pairs: dict[str, str] = {}
    for algorithm, value in fields.object("digest").values.items():
        if not isinstance(value, str) or not value or not algorithm:
            raise fields.refuse(f"digest {algorithm!r} must be a non-empty string")
        pairs[algorithm] = value
    if not 0 < len(pairs) <= MAX_DIGESTS:
        raise fields.refuse(f"has {len(pairs)} digests; from 1 to {MAX_DIGESTS} are read")
    try:
        return DigestSet.of(pairs)
    except MalformedError as error:
        raise fields.refuse(error.message) from None
