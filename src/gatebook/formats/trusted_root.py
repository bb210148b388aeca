"""Sigstore trusted roots: which authorities and logs a deployment of Sigstore has, and when.

The form is ``TrustedRoot`` of ``sigstore_trustroot.proto``, alone or in a ``ClientTrustConfig``,
and the list of keys the npm registry publishes, in Protocol Buffers JSON read strictly. Only the
wire: keys and certificates are read, and believed, in another room.
"""

from enum import StrEnum
from typing import Final

import msgspec

from gatebook import canonical
from gatebook.clock import Instant
from gatebook.errors import MalformedError
from gatebook.formats.fields import Fields
from gatebook.formats.protobuf_json import KnownFields, raw_bytes

__all__ = [
    "AuthorityRecord",
    "KeyDetails",
    "KeyRecord",
    "ListedKey",
    "LogRecord",
    "TrustedRootError",
    "TrustedRootRecord",
    "Validity",
    "read_key_list",
    "read_trusted_root",
]

_MAX_BYTES: Final = 4 * 1024 * 1024
_MAX_DEPTH: Final = 16
_MAX_ITEMS: Final = 256
_MAX_CHAIN: Final = 10
_MAX_KEY: Final = 8192
_MAX_CERTIFICATE: Final = 64 * 1024
_MAX_LOG_ID: Final = 32
_MAX_TEXT: Final = 2048

_ROOT_TYPES: Final = frozenset(
    {
        "application/vnd.dev.sigstore.trustedroot+json;version=0.1",
        "application/vnd.dev.sigstore.trustedroot.v0.1+json",
        "application/vnd.dev.sigstore.trustedroot.v0.2+json",
    }
)
_CONFIG_TYPES: Final = frozenset({"application/vnd.dev.sigstore.clienttrustconfig.v0.1+json"})

_CONFIG: Final = KnownFields(("mediaType", "trustedRoot"))
_ROOT: Final = KnownFields(
    ("mediaType", "tlogs", "certificateAuthorities", "ctlogs", "timestampAuthorities")
)
_LOG: Final = KnownFields(
    ("baseUrl", "hashAlgorithm", "publicKey", "logId", "checkpointKeyId", "operator")
)
_KEY: Final = KnownFields(("rawBytes", "keyDetails", "validFor"))
_LOG_ID: Final = KnownFields(("keyId",))
_AUTHORITY: Final = KnownFields(("subject", "uri", "certChain", "validFor", "operator"))
_SUBJECT: Final = KnownFields(("organization", "commonName"))
_CHAIN: Final = KnownFields(("certificates",))
_CERTIFICATE: Final = KnownFields(("rawBytes",))
_RANGE: Final = KnownFields(("start", "end"))
_LIST: Final = KnownFields(("keys",))
_LISTED: Final = KnownFields(("keyId", "keyUsage", "publicKey"))


class TrustedRootError(MalformedError):
    """Bytes are not a trusted root."""

    code = "formats.trusted-root"


class KeyDetails(StrEnum):
    """The key and signature algorithms that are read (``PublicKeyDetails``).

    The others of that list are deprecated forms, or post-quantum ones that no deployment has yet.
    """

    PKCS1_RSA_PKCS1V5 = "PKCS1_RSA_PKCS1V5"
    PKIX_RSA_PKCS1V5 = "PKIX_RSA_PKCS1V5"
    PKIX_RSA_PSS = "PKIX_RSA_PSS"
    PKIX_RSA_PKCS1V15_2048_SHA256 = "PKIX_RSA_PKCS1V15_2048_SHA256"
    PKIX_RSA_PKCS1V15_3072_SHA256 = "PKIX_RSA_PKCS1V15_3072_SHA256"
    PKIX_RSA_PKCS1V15_4096_SHA256 = "PKIX_RSA_PKCS1V15_4096_SHA256"
    PKIX_RSA_PSS_2048_SHA256 = "PKIX_RSA_PSS_2048_SHA256"
    PKIX_RSA_PSS_3072_SHA256 = "PKIX_RSA_PSS_3072_SHA256"
    PKIX_RSA_PSS_4096_SHA256 = "PKIX_RSA_PSS_4096_SHA256"
    PKIX_ECDSA_P256_SHA_256 = "PKIX_ECDSA_P256_SHA_256"
    PKIX_ECDSA_P384_SHA_384 = "PKIX_ECDSA_P384_SHA_384"
    PKIX_ECDSA_P521_SHA_512 = "PKIX_ECDSA_P521_SHA_512"
    PKIX_ED25519 = "PKIX_ED25519"


class Validity(msgspec.Struct, frozen=True, kw_only=True):
    """When something is believed; both ends belong to it.

    ``TimeRange`` of ``sigstore_common.proto`` is a closed interval whose start is required; without
    an end it is open towards the future.
    """

    start: Instant
    end: Instant | None = None

    def covers(self, at: Instant) -> bool:
        """Whether ``at`` lies inside, ends included."""
        return self.start <= at and (self.end is None or at <= self.end)

    def __str__(self) -> str:
        return f"{self.start} to {self.end or 'open'}"


class KeyRecord(msgspec.Struct, frozen=True, kw_only=True):
    """A public key as written, and when it is believed."""

    raw: bytes
    details: KeyDetails
    validity: Validity


class LogRecord(msgspec.Struct, frozen=True, kw_only=True):
    """A transparency log, or a log of certificates.

    Attributes:
        base_url: the URL that names the log; may have no scheme.
        key: its key.
        log_id: the id that entries and signed certificate timestamps name it by.
        checkpoint_key_id: the four bytes its checkpoints name the key by, or ``None``.
        operator: who runs it, or ``None``.

    """

    base_url: str
    key: KeyRecord
    log_id: bytes
    checkpoint_key_id: bytes | None
    operator: str | None


class AuthorityRecord(msgspec.Struct, frozen=True, kw_only=True):
    """A certificate authority, or a timestamp authority.

    Attributes:
        name: common name and organization, as far as written.
        uri: where it answers, or ``None``.
        certificates: its chain in DER; the last one is the anchor.
        validity: when the whole chain is believed.
        operator: who runs it, or ``None``.

    """

    name: str
    uri: str | None
    certificates: tuple[bytes, ...]
    validity: Validity
    operator: str | None


class TrustedRootRecord(msgspec.Struct, frozen=True, kw_only=True):
    """What a trusted root lists; every list may be empty."""

    authorities: tuple[AuthorityRecord, ...]
    logs: tuple[LogRecord, ...]
    ct_logs: tuple[LogRecord, ...]
    timestamp_authorities: tuple[AuthorityRecord, ...]


class ListedKey(msgspec.Struct, frozen=True, kw_only=True):
    """One key of a list such as the npm registry's.

    Attributes:
        key_id: what signatures name it by.
        usage: what it signs, such as ``npm:attestations``.
        key: the key and when it is believed.

    """

    key_id: str
    usage: str
    key: KeyRecord


def read_trusted_root(data: bytes) -> TrustedRootRecord:
    """Read a ``TrustedRoot``, or the one inside a ``ClientTrustConfig``.

    Raises:
        MalformedError: not strict JSON; another media type; a field is missing or of another type;
            a validity without a start (``formats.trusted-root-validity``).

    """
    fields = _load(data, "trusted root")
    media_type = fields.text("mediaType")
    if media_type in _CONFIG_TYPES:
        _CONFIG.check_spelling(fields)
        fields = fields.object("trustedRoot")
        media_type = fields.text("mediaType")
    if media_type not in _ROOT_TYPES:
        raise TrustedRootError(
            f"the media type {media_type[:80]!r} is not that of a trusted root",
            code="formats.trusted-root-version",
        )
    _ROOT.check_spelling(fields)
    return TrustedRootRecord(
        authorities=tuple(_authority(item) for item in _list(fields, "certificateAuthorities")),
        logs=tuple(_log(item) for item in _list(fields, "tlogs")),
        ct_logs=tuple(_log(item) for item in _list(fields, "ctlogs")),
        timestamp_authorities=tuple(
            _authority(item) for item in _list(fields, "timestampAuthorities")
        ),
    )


def read_key_list(data: bytes) -> tuple[ListedKey, ...]:
    """Read a list of keys, as the npm registry publishes it through TUF; at least one.

    Raises:
        MalformedError: not strict JSON, no key, or a field is missing or of another type.

    """
    fields = _load(data, "key list")
    _LIST.check_spelling(fields)
    keys: list[ListedKey] = []
    for item in _list(fields, "keys"):
        _LISTED.check_spelling(item)
        keys.append(
            ListedKey(
                key_id=_text(item, "keyId"),
                usage=_text(item, "keyUsage"),
                key=_key(item.object("publicKey")),
            )
        )
    if not keys:
        raise fields.refuse("there is no key in it")
    return tuple(keys)


def _load(data: bytes, what: str) -> Fields:
    decoded = canonical.loads(data, what=what, max_bytes=_MAX_BYTES, max_depth=_MAX_DEPTH)
    return Fields.of(decoded, what=what, code=TrustedRootError.code)


def _list(fields: Fields, name: str) -> list[Fields]:
    if len(fields.array(name)) > _MAX_ITEMS:
        raise fields.refuse(f"{name!r} has more than {_MAX_ITEMS} members")
    return list(fields.objects(name))


def _log(fields: Fields) -> LogRecord:
    _LOG.check_spelling(fields)
    algorithm = fields.text("hashAlgorithm")
    # The Merkle trees of all these logs are those of RFC 6962 with SHA-256.
    if algorithm != "SHA2_256":
        raise fields.refuse(f"'hashAlgorithm' must be SHA2_256, found {algorithm[:40]!r}")
    checkpoint = fields.optional_object("checkpointKeyId")
    return LogRecord(
        base_url=_text(fields, "baseUrl"),
        key=_key(fields.object("publicKey")),
        log_id=_log_id(fields.object("logId")),
        checkpoint_key_id=None if checkpoint is None else _log_id(checkpoint),
        operator=_optional_text(fields, "operator"),
    )


def _log_id(fields: Fields) -> bytes:
    _LOG_ID.check_spelling(fields)
    return raw_bytes(fields, "keyId", limit=_MAX_LOG_ID)


def _key(fields: Fields) -> KeyRecord:
    _KEY.check_spelling(fields)
    details = fields.text("keyDetails")
    try:
        known = KeyDetails(details)
    except ValueError:
        raise TrustedRootError(
            f"{fields.what}: keys of type {details[:60]!r} are not supported",
            code="formats.trusted-root-key",
        ) from None
    return KeyRecord(
        raw=raw_bytes(fields, "rawBytes", limit=_MAX_KEY),
        details=known,
        validity=_validity(fields),
    )


def _authority(fields: Fields) -> AuthorityRecord:
    _AUTHORITY.check_spelling(fields)
    chain = fields.object("certChain")
    _CHAIN.check_spelling(chain)
    certificates: list[bytes] = []
    for item in chain.objects("certificates"):
        _CERTIFICATE.check_spelling(item)
        certificates.append(raw_bytes(item, "rawBytes", limit=_MAX_CERTIFICATE))
    if not 0 < len(certificates) <= _MAX_CHAIN:
        raise chain.refuse(f"a chain has 1 to {_MAX_CHAIN} certificates, found {len(certificates)}")
    return AuthorityRecord(
        name=_name(fields),
        uri=_optional_text(fields, "uri"),
        certificates=tuple(certificates),
        validity=_validity(fields),
        operator=_optional_text(fields, "operator"),
    )


def _name(fields: Fields) -> str:
    subject = fields.optional_object("subject")
    if subject is None:
        return ""
    _SUBJECT.check_spelling(subject)
    parts = (_optional_text(subject, "commonName"), _optional_text(subject, "organization"))
    return ", ".join(part for part in parts if part)


def _validity(fields: Fields) -> Validity:
    written = fields.optional_object("validFor")
    if written is not None:
        _RANGE.check_spelling(written)
    start = None if written is None else written.optional_instant("start")
    # sigstore_common.proto, TimeRange: the start is required. To take a missing one as "always"
    # would believe a key before it existed.
    if written is None or start is None:
        raise TrustedRootError(
            f"{fields.what}: 'validFor' has no start", code="formats.trusted-root-validity"
        )
    end = written.optional_instant("end")
    if end is not None and end < start:
        raise TrustedRootError(
            f"{fields.what}: 'validFor' ends before it starts",
            code="formats.trusted-root-validity",
        )
    return Validity(start=start, end=end)


def _text(fields: Fields, name: str) -> str:
    found = _optional_text(fields, name)
    if not found:
        raise fields.refuse(f"{name!r} is required and must not be empty")
    return found


def _optional_text(fields: Fields, name: str) -> str | None:
    found = fields.optional_text(name)
    if found is not None and len(found) > _MAX_TEXT:
        raise fields.refuse(f"{name!r} is longer than {_MAX_TEXT} characters")
    return found or None
