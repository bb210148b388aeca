"""A bundle that was verified: what was signed, by whom, and when that was proved."""

from dataclasses import InitVar, dataclass
from enum import StrEnum
from typing import TypeAlias, final

import msgspec
from cryptography import x509

from gatebook.clock import Instant
from gatebook.digest import Digest
from gatebook.trust.keys import PublicKey
from gatebook.trust.seal import Seal
from gatebook.trust.sigstore._seal import SEAL
from gatebook.trust.sigstore.profile import ProfileName

__all__ = [
    "CertificateSigner",
    "Check",
    "KeySigner",
    "SignedDigest",
    "SignedPayload",
    "TimeSource",
    "VerifiedBundle",
    "VerifiedLogEntry",
    "VerifiedTime",
]


class SignedPayload(msgspec.Struct, frozen=True, kw_only=True):
    """An envelope's content: the type and the exact bytes that were signed."""

    payload_type: str
    payload: bytes


class SignedDigest(msgspec.Struct, frozen=True, kw_only=True):
    """An artifact that was signed, by the digest it was verified with."""

    digest: Digest


class CertificateSigner(msgspec.Struct, frozen=True, kw_only=True):
    """A signer with a certificate; whose it is, is read in another module.

    Attributes:
        certificate: the certificate, issued by an authority of the trusted root.
        der: its bytes.
        spki: SHA-256 of its key's SPKI.
        authority: the id of the authority in the root.

    """

    certificate: x509.Certificate
    der: bytes
    spki: Digest
    authority: str


class KeySigner(msgspec.Struct, frozen=True, kw_only=True):
    """A signer with a managed key, which the caller named."""

    public_key: PublicKey


Signer: TypeAlias = CertificateSigner | KeySigner


class TimeSource(StrEnum):
    """Who vouches for a time."""

    LOG = "transparency-log"
    TIMESTAMP_AUTHORITY = "timestamp-authority"


class VerifiedTime(msgspec.Struct, frozen=True, kw_only=True):
    """A time at which the signature existed.

    Attributes:
        at: the time.
        source: what kind of party vouches for it.
        authority: the id of that party in the root.
        operator: who runs it; the empty text when the root does not say.

    """

    at: Instant
    source: TimeSource
    authority: str
    operator: str


class VerifiedLogEntry(msgspec.Struct, frozen=True, kw_only=True):
    """An entry that a log of the root has, about this very signature.

    Attributes:
        log: the id of the log in the root.
        operator: who runs the log; the empty text when the root does not say.
        url: the URL that names the log.
        kind: the kind of the entry with its version.
        index: its place in the tree that the proof is for, or ``None`` without a proof.
        log_index: its index over all shards, when the log signed that; otherwise ``None``.
        integrated: when the log took it in, when the log signed that; otherwise ``None``.
        leaf_hash: the hash of the entry in the tree; identifies it.

    """

    log: str
    operator: str
    url: str
    kind: str
    index: int | None
    log_index: int | None
    integrated: Instant | None
    leaf_hash: bytes


class Check(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that was checked, and what was found."""

    name: str
    found: str


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class VerifiedBundle:
    """A bundle all of which verified and which satisfies a profile.

    Made by :mod:`gatebook.trust.sigstore.verify` and nowhere else: the constructor wants the seal,
    which is not kept. It says who signed what and when; whether that signer is wanted is not
    decided yet.

    Attributes:
        content: what was signed.
        signer: who signed.
        times: every verified time, oldest first; may be empty for a managed key only.
        log_entries: every entry of the bundle.
        profile: the profile that was demanded.
        root_digest: SHA-256 of the trusted root, or ``None`` when none was needed.
        bundle_digest: SHA-256 of the bundle as received.
        checks: what was checked, in order.

    """

    content: SignedPayload | SignedDigest
    signer: CertificateSigner | KeySigner
    times: tuple[VerifiedTime, ...]
    log_entries: tuple[VerifiedLogEntry, ...]
    profile: ProfileName
    root_digest: Digest | None
    bundle_digest: Digest
    checks: tuple[Check, ...]
    _seal: InitVar[Seal]

    def __post_init__(self, _seal: Seal) -> None:
        """Refuse to exist without the seal."""
        if _seal is not SEAL:
            raise TypeError("a verified bundle is made by the verifier only")
        if isinstance(self.signer, CertificateSigner) and not self.times:
            raise TypeError("a certificate is verified at a time")

    @property
    def earliest_time(self) -> Instant | None:
        """The first instant at which the signature is known to have existed."""
        return self.times[0].at if self.times else None
