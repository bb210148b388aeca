"""Signed certificate timestamps: a log of certificates promised to publish the certificate.

RFC 6962 §3: the promise is embedded in the certificate, and made over the certificate without it.
"""

import datetime as dt
from collections.abc import Sequence
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.x509.certificate_transparency import (
    LogEntryType,
    SignatureAlgorithm,
    SignedCertificateTimestamp,
)
from cryptography.x509.oid import ExtensionOID

from gatebook.clock import Instant
from gatebook.trust.keys import SignatureInvalidError
from gatebook.trust.refusals import AttestationRefusedError
from gatebook.trust.sigstore.certificates import AuthorityCertificate, EndEntity
from gatebook.trust.sigstore.refusals import (
    SctExpiredError,
    SctMalformedError,
    SctSignatureError,
)
from gatebook.trust.sigstore.root import Log, SigstoreRoot

__all__ = ["MAX_SCTS", "verify_scts"]

MAX_SCTS: Final = 16
"""More promises in one certificate are refused before any is looked at."""

_EPOCH: Final = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
_MAX_U24: Final = 2**24
_MAX_U16: Final = 2**16


def verify_scts(
    leaf: EndEntity, issuer: AuthorityCertificate, root: SigstoreRoot
) -> tuple[tuple[Log, Instant], ...]:
    """Verify every promise in ``leaf`` by a log of the root.

    Promises by logs that the root does not have say nothing and count for nothing. One by a log
    that it has must be good: the log signed it, and was believed when it did.

    Returns:
        The logs and when they promised; each log once.

    Raises:
        SctMalformedError: the promises cannot be read, or are of another form than RFC 6962's.
        SctSignatureError: a log of the root did not make the promise over this certificate.
        SctExpiredError: that log was not believed at the time of the promise.

    """
    found: dict[str, tuple[Log, Instant]] = {}
    for promise in _promises(leaf):
        logs = root.find_ct_logs(promise.log_id)
        if logs:
            log, at = _verify(promise, leaf, issuer, logs)
            found.setdefault(log.id, (log, at))
    return tuple(found.values())


def _promises(leaf: EndEntity) -> tuple[SignedCertificateTimestamp, ...]:
    extension = leaf.extensions.get(ExtensionOID.PRECERT_SIGNED_CERTIFICATE_TIMESTAMPS)
    if extension is None:
        return ()
    if not isinstance(extension.value, x509.PrecertificateSignedCertificateTimestamps):
        raise SctMalformedError("the signed certificate timestamps cannot be read")
    promises = tuple(extension.value)
    if len(promises) > MAX_SCTS:
        raise SctMalformedError(
            f"the certificate has {len(promises)} signed certificate timestamps; at most "
            f"{MAX_SCTS} are read"
        )
    return promises


def _verify(
    promise: SignedCertificateTimestamp,
    leaf: EndEntity,
    issuer: AuthorityCertificate,
    logs: Sequence[Log],
) -> tuple[Log, Instant]:
    at = _promised_at(promise)
    signed = _signed_bytes(promise, leaf, issuer, at)
    refusal: AttestationRefusedError | None = None
    for log in logs:
        try:
            log.key.check(promise.signature, signed)
        except SignatureInvalidError:
            refusal = refusal or SctSignatureError(
                f"the signed certificate timestamp was not made by {log.id} over this certificate"
            )
            continue
        if log.validity.covers(at):
            return log, at
        refusal = SctExpiredError(f"{log.id} is believed from {log.validity}; it promised at {at}")
    raise refusal or SctSignatureError("no log of certificates made the promise")


def _promised_at(promise: SignedCertificateTimestamp) -> Instant:
    """When a promise was made, if it is of a form that is read."""
    try:
        entry_type = promise.entry_type
        # RFC 6962 §2.1.4: SHA-256 with ECDSA or RSA. Keys and claims that differ do not verify.
        hashed = isinstance(promise.signature_hash_algorithm, hashes.SHA256)
        signs = promise.signature_algorithm is not SignatureAlgorithm.ANONYMOUS
        moment = promise.timestamp.replace(tzinfo=dt.UTC)
    except (ValueError, OverflowError, KeyError) as error:  # decoded when asked for
        raise SctMalformedError(
            f"a signed certificate timestamp cannot be read: {str(error)[:120]}"
        ) from None
    if entry_type is not LogEntryType.PRE_CERTIFICATE:
        raise SctMalformedError("a signed certificate timestamp is not one of a precertificate")
    if not hashed or not signs:
        raise SctMalformedError("a signed certificate timestamp is not signed with SHA-256")
    return Instant((moment - _EPOCH) // dt.timedelta(milliseconds=1))


def _signed_bytes(
    promise: SignedCertificateTimestamp, leaf: EndEntity, issuer: AuthorityCertificate, at: Instant
) -> bytes:
    try:
        certificate = leaf.certificate.tbs_precertificate_bytes
    except ValueError as error:
        raise SctMalformedError(
            f"the certificate without its timestamps cannot be rebuilt: {error}"
        ) from None
    extensions = promise.extension_bytes
    if len(certificate) >= _MAX_U24 or len(extensions) >= _MAX_U16 or at.unix_ms < 0:
        raise SctMalformedError("the certificate is longer than a log takes")
    # RFC 6962 §3.2, "digitally-signed struct" with a precert_entry: version, signature type,
    # timestamp, entry type, issuer_key_hash, TBSCertificate, extensions.
    return b"".join(
        (
            b"\x00\x00",
            at.unix_ms.to_bytes(8),
            b"\x00\x01",
            issuer.issuer_key_hash,
            len(certificate).to_bytes(3),
            certificate,
            len(extensions).to_bytes(2),
            extensions,
        )
    )
