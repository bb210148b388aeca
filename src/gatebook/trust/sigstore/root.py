"""A Sigstore trusted root: whom to believe about signers, logs and times, and when.

A root is data and known by the digest of its bytes, which goes into every verification. Everything
that needs no bundle is checked when it is loaded: keys, certificates, chains, validity windows.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType

import msgspec

from gatebook.clock import Instant
from gatebook.digest import Digest, sha256
from gatebook.errors import MalformedError
from gatebook.formats.trusted_root import (
    KeyDetails,
    KeyRecord,
    LogRecord,
    Validity,
    read_trusted_root,
)
from gatebook.trust.identity import KeyAlgorithm
from gatebook.trust.keys import KeyMalformedError, PublicKey, public_key
from gatebook.trust.sigstore.authority import Authority, AuthorityKind, Issued

__all__ = ["Log", "LogKind", "RootItem", "SigstoreRoot", "SigstoreRootError", "read_key"]

_ALGORITHMS: Mapping[KeyDetails, KeyAlgorithm] = MappingProxyType(
    {
        KeyDetails.PKIX_ECDSA_P256_SHA_256: KeyAlgorithm.ECDSA_P256,
        KeyDetails.PKIX_ECDSA_P384_SHA_384: KeyAlgorithm.ECDSA_P384,
        KeyDetails.PKIX_ECDSA_P521_SHA_512: KeyAlgorithm.ECDSA_P521,
        KeyDetails.PKIX_ED25519: KeyAlgorithm.ED25519,
        KeyDetails.PKIX_RSA_PSS: KeyAlgorithm.RSA_PSS,
        KeyDetails.PKIX_RSA_PSS_2048_SHA256: KeyAlgorithm.RSA_PSS,
        KeyDetails.PKIX_RSA_PSS_3072_SHA256: KeyAlgorithm.RSA_PSS,
        KeyDetails.PKIX_RSA_PSS_4096_SHA256: KeyAlgorithm.RSA_PSS,
    }
)


class SigstoreRootError(MalformedError):
    """A trusted root is not one we would act on."""

    code = "trust.sigstore-root"


class LogKind(StrEnum):
    """What a log records."""

    SIGNATURES = "transparency-log"
    CERTIFICATES = "certificate-log"


class Log(msgspec.Struct, frozen=True, kw_only=True):
    """One log of a trusted root.

    Attributes:
        kind: what it records.
        base_url: the URL that names it.
        origin: that URL as its checkpoints write it, without scheme.
        operator: who runs it; the empty text stands for one unnamed operator of the whole root.
        key: its key.
        validity: when the key is believed.
        log_id: what entries and signed certificate timestamps name it by.
        key_hint: the four bytes its checkpoints name the key by.

    """

    kind: LogKind
    base_url: str
    origin: str
    operator: str
    key: PublicKey
    validity: Validity
    log_id: bytes
    key_hint: bytes

    @property
    def id(self) -> str:
        """What it is called in results: its kind and the start of its key's fingerprint."""
        return f"{self.kind}:{self.key.spki.hex[:12]}"


class RootItem(msgspec.Struct, frozen=True, kw_only=True):
    """One line of what a root holds, for people.

    Attributes:
        id: what results call it.
        kind: what it vouches for.
        name: its name, or the URL of a log.
        operator: who runs it, or ``None`` when the root does not say.
        uri: where it answers, or ``None``.
        validity: when it is believed.
        algorithm: how its key signs.
        fingerprint: SHA-256 of its first certificate, or of its key's SPKI.

    """

    id: str
    kind: AuthorityKind | LogKind
    name: str
    operator: str | None
    uri: str | None
    validity: Validity
    algorithm: str
    fingerprint: Digest


@dataclass(frozen=True, slots=True, kw_only=True)
class SigstoreRoot:
    """A trusted root that was read and checked.

    Attributes:
        digest: SHA-256 of the bytes it was read from.
        authorities: who issues certificates to signers.
        logs: the transparency logs.
        ct_logs: the logs of certificates.
        timestamp_authorities: who signs times.

    """

    digest: Digest
    authorities: tuple[Authority, ...]
    logs: tuple[Log, ...]
    ct_logs: tuple[Log, ...]
    timestamp_authorities: tuple[Authority, ...]
    _issuers: Mapping[bytes, tuple[Issued, ...]] = field(repr=False, compare=False)

    @classmethod
    def parse(cls, data: bytes) -> "SigstoreRoot":
        """Read a ``TrustedRoot`` or ``ClientTrustConfig``.

        Logs, logs of certificates and timestamp authorities may each be absent; what a verification
        then may demand is decided by its profile.

        Raises:
            MalformedError: the document is malformed; a validity has no start; a key or certificate
                cannot be believed; a chain does not hold; there is nothing in it at all.

        """
        record = read_trusted_root(data)
        held: set[tuple[bytes, bytes]] = set()
        authorities = tuple(
            Authority.read(item, AuthorityKind.CERTIFICATES, held=held)
            for item in record.authorities
        )
        root = cls(
            digest=sha256(data),
            authorities=authorities,
            logs=tuple(_log(item, LogKind.SIGNATURES) for item in record.logs),
            ct_logs=tuple(_log(item, LogKind.CERTIFICATES) for item in record.ct_logs),
            timestamp_authorities=tuple(
                Authority.read(item, AuthorityKind.TIMESTAMPS, held=held)
                for item in record.timestamp_authorities
            ),
            _issuers=_index(authorities),
        )
        if not any((root.authorities, root.logs, root.ct_logs, root.timestamp_authorities)):
            raise SigstoreRootError("the trusted root is empty", code="trust.sigstore-root-empty")
        return root

    def issuers(self, name: bytes) -> tuple[Issued, ...]:
        """The certificates of authorities with the encoded name ``name``."""
        return self._issuers.get(name, ())

    def find_logs(self, log_id: bytes) -> tuple[Log, ...]:
        """The transparency logs with this id."""
        return tuple(log for log in self.logs if log.log_id == log_id)

    def find_ct_logs(self, log_id: bytes) -> tuple[Log, ...]:
        """The logs of certificates with this id."""
        return tuple(log for log in self.ct_logs if log.log_id == log_id)

    @property
    def items(self) -> tuple[RootItem, ...]:
        """Everything in it, for people."""
        return tuple(self._items())

    @property
    def newest_start(self) -> Instant:
        """The latest start of any validity: how old the root is at most."""
        return max(item.validity.start for item in self.items)

    def _items(self) -> Iterator[RootItem]:
        for authority in (*self.authorities, *self.timestamp_authorities):
            key = (authority.signer or authority.chain[0]).certificate.public_key()
            yield RootItem(
                id=authority.id,
                kind=authority.kind,
                name=authority.name,
                operator=authority.operator or None,
                uri=authority.uri,
                validity=authority.validity,
                algorithm=_describe(key),
                fingerprint=authority.fingerprint,
            )
        for log in (*self.logs, *self.ct_logs):
            yield RootItem(
                id=log.id,
                kind=log.kind,
                name=log.origin,
                operator=log.operator or None,
                uri=log.base_url,
                validity=log.validity,
                algorithm=log.key.algorithm,
                fingerprint=log.key.spki,
            )


def read_key(record: KeyRecord) -> PublicKey:
    """Read a key of a trusted root or key list, and check that it is what its record says.

    Raises:
        MalformedError: it cannot be read, or is of another algorithm.

    """
    expected = _ALGORITHMS.get(record.details, KeyAlgorithm.RSA_PKCS1)
    key = PublicKey.from_der(record.raw, pss=expected is KeyAlgorithm.RSA_PSS)
    if key.algorithm is not expected:
        raise SigstoreRootError(
            f"a key is said to be {record.details}, and is {key.algorithm}",
            code="trust.sigstore-root-key",
        )
    return key


def _log(record: LogRecord, kind: LogKind) -> Log:
    _, scheme, rest = record.base_url.partition("://")
    # C2SP tlog-checkpoint: the origin is "a schema-less URL containing no parameters".
    origin = (rest if scheme else record.base_url).rstrip("/")
    key = read_key(record.key)
    return Log(
        kind=kind,
        base_url=record.base_url,
        origin=origin,
        operator=record.operator or "",
        key=key,
        validity=record.key.validity,
        log_id=record.log_id,
        # sigstore_trustroot.proto, checkpoint_key_id: "When not set, clients MUST use log_id."
        key_hint=(record.checkpoint_key_id or record.log_id)[:4],
    )


def _index(authorities: Iterable[Authority]) -> Mapping[bytes, tuple[Issued, ...]]:
    found: dict[bytes, tuple[Issued, ...]] = {}
    for authority in authorities:
        for position, certificate in enumerate(authority.chain):
            issued = Issued(authority=authority, position=position)
            found[certificate.subject] = (*found.get(certificate.subject, ()), issued)
    return MappingProxyType(found)


def _describe(key: object) -> str:
    try:
        return public_key(key).algorithm
    except KeyMalformedError:
        return type(key).__name__
