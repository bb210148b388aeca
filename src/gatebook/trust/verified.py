"""A statement that was verified: the only form in which evidence counts."""

from dataclasses import InitVar, dataclass
from typing import final

from gatebook.clock import Instant
from gatebook.digest import Digest
from gatebook.formats.intoto import PredicateKind, Statement, Subject
from gatebook.names import EnvironmentName, RepositoryUri
from gatebook.trust._seal import SEAL
from gatebook.trust.seal import Seal
from gatebook.trust.signer import Signer
from gatebook.trust.sigstore.verified import VerifiedBundle

__all__ = ["VerifiedStatement"]


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class VerifiedStatement:
    """A statement about an artifact, and who is believed to have made it.

    Made by :mod:`gatebook.trust.verify` and nowhere else: the constructor wants the seal, which is
    not kept, so that :func:`dataclasses.replace` cannot make a second one either.

    Attributes:
        statement: what was said.
        subject: the subject that names the digest asked for.
        digest: the digest asked for.
        document_digest: SHA-256 of the attestation's bytes as received.
        signers: every key that signed and satisfies the whole trust root entry; at least one, each
            once, in the order of the trust root.
        bundle: what was proved of a bundle's signature, log entries and times; ``None`` when only
            a key's signature was checked.
        root_digest: SHA-256 of the bytes of the trust root.
        repository: the repository the statement was judged for, when known.
        environment: the environment it was judged for, when one was given.
        verified_at: the instant the judgement was made for.

    """

    statement: Statement
    subject: Subject
    digest: Digest
    document_digest: Digest
    signers: tuple[Signer, ...]
    bundle: VerifiedBundle | None
    root_digest: Digest
    repository: RepositoryUri | None
    environment: EnvironmentName | None
    verified_at: Instant
    _seal: InitVar[Seal]

    def __post_init__(self, _seal: Seal) -> None:
        if _seal is not SEAL:
            raise TypeError("a verified statement is made by the verifier only")
        if not self.signers:
            raise TypeError("a verified statement has at least one signer")

    @property
    def predicate_type(self) -> str:
        """The type URI of the predicate."""
        return self.statement.predicate_type

    @property
    def kind(self) -> PredicateKind | None:
        """The family of the predicate, or ``None`` for a type not known by name."""
        return self.statement.kind

    @property
    def subjects(self) -> tuple[Subject, ...]:
        """Everything the statement is about, the subject asked for included."""
        return self.statement.subjects
