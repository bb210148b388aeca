"""The kinds of entry that bring evidence, and what is known about it."""

from gatebook.clock import Instant
from gatebook.digest import Digest
from gatebook.ledger.kind import Body, Part
from gatebook.names import Actor

__all__ = [
    "AdvisoriesImported",
    "AdvisoriesMatched",
    "CertifiedAs",
    "EvidenceAccepted",
    "EvidenceEvaluated",
    "EvidenceRefused",
    "EvidenceReported",
    "EvidenceTypePublished",
    "ProvedSignature",
    "SignedBy",
]


class CertifiedAs(Part, frozen=True, kw_only=True):
    """Whom a signing certificate was issued to.

    Attributes:
        issuer: who vouched for the subject.
        subject: the subject alternative name.
        source: the repository that was built.
        ref: its ref.
        run: the run of the build.

    """

    issuer: str | None = None
    subject: str
    source: str | None = None
    ref: str | None = None
    run: str | None = None


class SignedBy(Part, frozen=True, kw_only=True):
    """Somebody whom the trust root names and who signed.

    Attributes:
        key: hex SHA-256 of the public key's SPKI.
        holder: the actor the trust root names for it, or the certificate's issuer and subject.
        person: the linked identity, where the trust root knows one.
        trusted_as: the id of the key or identity in the trust root.
        certificate: whom the certificate was issued to; absent for a plain key.

    """

    key: str
    holder: Actor
    person: str | None = None
    trusted_as: str | None = None
    certificate: CertifiedAs | None = None


class ProvedSignature(Part, frozen=True, kw_only=True):
    """What a bundle proved about the time and the publication of a signature.

    Attributes:
        profile: what was demanded.
        material: digest of the Sigstore trusted root it was judged with.
        times: the instants that were proved.
        logs: the log entries that were proved, as ``log/leaf hash``.

    """

    profile: str
    material: Digest | None = None
    times: tuple[Instant, ...] = ()
    logs: tuple[str, ...] = ()


class EvidenceAccepted(Body, frozen=True, kw_only=True):
    """An attestation about the subjects verified on reception.

    The first evidence reference is the document as received; others are documents it stands on.

    Attributes:
        predicate_type: the type of what was said.
        signers: who of the trust root signed it.
        root: digest of the trust root it was judged with.
        proved: what the bundle proved, when a certificate or an authority was judged.

    """

    kind = "evidence.accepted"
    cdevent = "dev.cdeventsx.gatebook-evidence.accepted.0.1.0"

    predicate_type: str
    signers: tuple[SignedBy, ...]
    root: Digest
    proved: ProvedSignature | None = None


class EvidenceReported(Body, frozen=True, kw_only=True):
    """An authenticated actor handed in a document that nobody signed."""

    kind = "evidence.reported"
    cdevent = "dev.cdeventsx.gatebook-evidence.reported.0.1.0"

    format: str


class EvidenceRefused(Body, frozen=True, kw_only=True):
    """Something was handed in and not accepted; only its digest and the reason's code are kept."""

    kind = "evidence.refused"
    cdevent = "dev.cdeventsx.gatebook-evidence.refused.0.1.0"

    bytes_digest: Digest
    code: str


class EvidenceEvaluated(Body, frozen=True, kw_only=True):
    """A document of a custom evidence type was judged by the type's schema and rules on reception.

    The first evidence reference is the evaluation; the document is that of the entry linked as
    ``evaluates``.

    Attributes:
        name: the type.
        definition: digest of the version of the type's definition.
        document: digest of the document that was judged.
        compliant: whether the schema and every rule held.

    """

    kind = "evidence.evaluated"
    cdevent = "dev.cdeventsx.gatebook-evidence.evaluated.0.1.0"

    name: str
    definition: Digest
    document: Digest
    compliant: bool


class EvidenceTypePublished(Body, frozen=True, kw_only=True):
    """From this entry on, documents of a custom type are judged by this definition.

    Attributes:
        name: the type.
        definition: digest of the definition's document, the first evidence reference.

    """

    kind = "evidence-type.published"
    cdevent = "dev.cdeventsx.gatebook-evidencetype.published.0.1.0"

    name: str
    definition: Digest


class AdvisoriesImported(Body, frozen=True, kw_only=True):
    """A snapshot of advisories was taken into the book.

    The first evidence reference is the snapshot's manifest; the others are the documents it names.

    Attributes:
        snapshot: digest of the manifest, which identifies the snapshot.
        records: how many advisories it holds.
        known: the newest change of any of them.

    """

    kind = "advisories.imported"
    cdevent = "dev.cdeventsx.gatebook-advisories.imported.0.1.0"

    snapshot: Digest
    records: int
    known: Instant | None = None


class AdvisoriesMatched(Body, frozen=True, kw_only=True):
    """The components of an artifact's SBOM were looked up in a snapshot of advisories.

    The first evidence reference is the report.

    Attributes:
        snapshot: the snapshot.
        sbom: digest of the document that held the SBOM.
        components: how many components were looked up.
        findings: how many vulnerabilities are known in them.
        unevaluated: how many components nobody can judge.

    """

    kind = "advisories.matched"
    cdevent = "dev.cdeventsx.gatebook-advisories.matched.0.1.0"

    snapshot: Digest
    sbom: Digest
    components: int
    findings: int
    unevaluated: int
