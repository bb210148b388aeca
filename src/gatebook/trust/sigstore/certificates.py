"""X.509 certificates as Sigstore uses them, checked by hand (RFC 5280).

Two kinds only: certificates of authorities, which come from the trusted root and are checked once
when it is loaded, and end-entity certificates, which come with a bundle or a timestamp. What is not
understood is refused: unknown critical extensions, name constraints, weak hashes.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

import msgspec
from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.x509.oid import ExtendedKeyUsageOID, ExtensionOID, SignatureAlgorithmOID

from gatebook.clock import Instant
from gatebook.digest import Digest, sha256
from gatebook.errors import MalformedError
from gatebook.trust.sigstore.der import encoded_names
from gatebook.trust.sigstore.refusals import (
    CertificateMalformedError,
    CertificateUsageError,
    CriticalExtensionError,
)

__all__ = [
    "CODE_SIGNING",
    "TIME_STAMPING",
    "AuthorityCertificate",
    "AuthorityCertificateError",
    "EndEntity",
    "check_code_signing",
    "check_time_stamping",
    "read_authority_certificate",
    "read_certificate",
]

CODE_SIGNING: Final = ExtendedKeyUsageOID.CODE_SIGNING
TIME_STAMPING: Final = ExtendedKeyUsageOID.TIME_STAMPING

# SHA-1 and MD5 can be collided; whoever signs with them vouches for nothing.
_SIGNATURES: Final = frozenset(
    {
        SignatureAlgorithmOID.ECDSA_WITH_SHA256,
        SignatureAlgorithmOID.ECDSA_WITH_SHA384,
        SignatureAlgorithmOID.ECDSA_WITH_SHA512,
        SignatureAlgorithmOID.RSA_WITH_SHA256,
        SignatureAlgorithmOID.RSA_WITH_SHA384,
        SignatureAlgorithmOID.RSA_WITH_SHA512,
        SignatureAlgorithmOID.RSASSA_PSS,
        SignatureAlgorithmOID.ED25519,
    }
)
# RFC 5280 §4.2: a critical extension that is not processed must lead to refusal. Name constraints
# and policy constraints are not processed.
_PROCESSED: Final = frozenset(
    {
        ExtensionOID.BASIC_CONSTRAINTS,
        ExtensionOID.KEY_USAGE,
        ExtensionOID.EXTENDED_KEY_USAGE,
        ExtensionOID.SUBJECT_ALTERNATIVE_NAME,
    }
)


class AuthorityCertificateError(MalformedError):
    """A certificate of the trusted root is not one of an authority that can be believed."""

    code = "trust.sigstore-root-certificate"


class EndEntity(msgspec.Struct, frozen=True, kw_only=True):
    """A certificate of a signer, read but not believed.

    Attributes:
        certificate: the certificate.
        der: its bytes.
        extensions: its extensions by their object identifiers; each at most once.
        issuer: the encoded name of who is said to have issued it.
        not_before: the first instant of its validity.
        not_after: the last one; both belong to it (RFC 5280 §4.1.2.5).

    """

    certificate: x509.Certificate
    der: bytes
    extensions: Mapping[x509.ObjectIdentifier, x509.Extension[x509.ExtensionType]]
    issuer: bytes
    not_before: Instant
    not_after: Instant

    def covers(self, at: Instant) -> bool:
        """Whether ``at`` lies in its validity, ends included."""
        return self.not_before <= at <= self.not_after


class AuthorityCertificate(msgspec.Struct, frozen=True, kw_only=True):
    """A certificate of an authority, checked to be one.

    Attributes:
        certificate: the certificate.
        der: its bytes.
        subject: its encoded name, as the certificates it issued write it.
        issuer_key_hash: SHA-256 of its key's SPKI, as signed certificate timestamps name it.
        not_before: the first instant of its validity.
        not_after: the last one.
        path_length: how many authorities may stand below it, or ``None`` for any number.

    """

    certificate: x509.Certificate
    der: bytes
    subject: bytes
    issuer_key_hash: bytes
    not_before: Instant
    not_after: Instant
    path_length: int | None

    def covers(self, at: Instant) -> bool:
        """Whether ``at`` lies in its validity, ends included."""
        return self.not_before <= at <= self.not_after

    @property
    def fingerprint(self) -> Digest:
        """SHA-256 of the certificate."""
        return sha256(self.der)


def read_certificate(der: bytes) -> EndEntity:
    """Read the certificate of a signer.

    Raises:
        CertificateMalformedError: not a certificate of version 3 in DER, an extension that cannot
            be read or comes twice, or a signature by an algorithm that is not believed.

    """
    try:
        certificate, extensions = _load(der)
        issuer, _ = encoded_names(certificate.tbs_certificate_bytes)
    except ValueError as error:
        raise CertificateMalformedError(
            f"the signer's certificate cannot be read: {error}"
        ) from None
    if certificate.signature_algorithm_oid not in _SIGNATURES:
        raise CertificateMalformedError(
            "the signer's certificate is signed by an algorithm that is not believed, "
            f"{certificate.signature_algorithm_oid.dotted_string}"
        )
    return EndEntity(
        certificate=certificate,
        der=der,
        extensions=MappingProxyType({item.oid: item for item in extensions}),
        issuer=issuer,
        not_before=_instant(certificate.not_valid_before_utc.timestamp()),
        not_after=_instant(certificate.not_valid_after_utc.timestamp()),
    )


def read_authority_certificate(
    der: bytes, *, purpose: x509.ObjectIdentifier
) -> AuthorityCertificate:
    """Read a certificate of the trusted root and check that it is one of an authority.

    1. Version 3, signed by an algorithm that is believed.
    2. Basic constraints are there, critical, and say that it is an authority (RFC 5280 §4.2.1.9).
    3. Key usage is there and allows to sign certificates (§4.2.1.3).
    4. Extended key usage, where there is one, includes ``purpose`` (as the web's verifiers demand).
    5. No critical extension that is not understood (§4.2).

    Raises:
        AuthorityCertificateError: it is not.

    """
    try:
        certificate, extensions = _load(der)
    except ValueError as error:
        raise AuthorityCertificateError(
            f"a certificate of the trusted root cannot be read: {error}"
        ) from None
    name = sha256(der).short
    # (1) Versions 1 and 2 have no extensions that would say what it is, and are not read at all.
    if certificate.signature_algorithm_oid not in _SIGNATURES:
        raise AuthorityCertificateError(
            f"the certificate {name} is signed by an algorithm that is not believed"
        )
    known = {item.oid: item for item in extensions}
    # (2) Without it any certificate could issue others.
    constraints = known.get(ExtensionOID.BASIC_CONSTRAINTS)
    if (
        constraints is None
        or not constraints.critical
        or not isinstance(constraints.value, x509.BasicConstraints)
        or not constraints.value.ca
    ):
        raise AuthorityCertificateError(
            f"the certificate {name} has no critical basic constraints of an authority"
        )
    # (3) Absent key usage would allow everything; a root says what it is for.
    usage = known.get(ExtensionOID.KEY_USAGE)
    if usage is None or not isinstance(usage.value, x509.KeyUsage) or not usage.value.key_cert_sign:
        raise AuthorityCertificateError(
            f"the certificate {name} has no key usage that lets it sign certificates"
        )
    # (4) Nested purposes: an authority for time stamping issues no signers of code.
    extended = known.get(ExtensionOID.EXTENDED_KEY_USAGE)
    if extended is not None and not (
        isinstance(extended.value, x509.ExtendedKeyUsage)
        and (
            purpose in extended.value
            or ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE in extended.value
        )
    ):
        raise AuthorityCertificateError(f"the certificate {name} is for another purpose")
    # (5) What is not understood could narrow what it may issue.
    for item in extensions:
        if item.critical and item.oid not in _PROCESSED:
            raise AuthorityCertificateError(
                f"the certificate {name} has the critical extension "
                f"{item.oid.dotted_string}, which is not understood"
            )
    try:
        _, subject = encoded_names(certificate.tbs_certificate_bytes)
        spki = certificate.public_key().public_bytes(
            serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
        )
    except (UnsupportedAlgorithm, ValueError, TypeError) as error:
        raise AuthorityCertificateError(f"the certificate {name} cannot be read: {error}") from None
    return AuthorityCertificate(
        certificate=certificate,
        der=der,
        subject=subject,
        issuer_key_hash=sha256(spki).raw,
        not_before=_instant(certificate.not_valid_before_utc.timestamp()),
        not_after=_instant(certificate.not_valid_after_utc.timestamp()),
        path_length=constraints.value.path_length,
    )


def check_code_signing(leaf: EndEntity) -> None:
    """Check that a certificate is one for signing code.

    1. No critical extension that is not understood; that includes the poison of a precertificate
       (RFC 6962 §3.1).
    2. Not an authority.
    3. Key usage is there and allows digital signatures.
    4. Extended key usage is there and includes code signing.

    Raises:
        CriticalExtensionError: (1).
        CertificateUsageError: one of the others.

    """
    _check_critical(leaf)
    _check_not_authority(leaf)
    _check_digital_signature(leaf)
    extended = leaf.extensions.get(ExtensionOID.EXTENDED_KEY_USAGE)
    if (
        extended is None
        or not isinstance(extended.value, x509.ExtendedKeyUsage)
        or CODE_SIGNING not in extended.value
    ):
        raise CertificateUsageError(
            "the signer's certificate has no extended key usage for code signing"
        )


def check_time_stamping(leaf: EndEntity) -> None:
    """Check that a certificate is one for signing timestamps.

    As for code signing, but extended key usage has to be critical and name time stamping and
    nothing else (RFC 3161 §2.3).

    Raises:
        CriticalExtensionError: a critical extension that is not understood.
        CertificateUsageError: it is for something else.

    """
    _check_critical(leaf)
    _check_not_authority(leaf)
    _check_digital_signature(leaf)
    extended = leaf.extensions.get(ExtensionOID.EXTENDED_KEY_USAGE)
    if (
        extended is None
        or not extended.critical
        or not isinstance(extended.value, x509.ExtendedKeyUsage)
        or list(extended.value) != [TIME_STAMPING]
    ):
        raise CertificateUsageError(
            "the certificate of the timestamp is not for time stamping alone, and critically so"
        )


def _check_critical(leaf: EndEntity) -> None:
    for oid, item in leaf.extensions.items():
        if item.critical and oid not in _PROCESSED:
            raise CriticalExtensionError(
                f"the certificate has the critical extension {oid.dotted_string}, which is not "
                "understood"
            )


def _check_not_authority(leaf: EndEntity) -> None:
    constraints = leaf.extensions.get(ExtensionOID.BASIC_CONSTRAINTS)
    if constraints is not None and not (
        isinstance(constraints.value, x509.BasicConstraints) and not constraints.value.ca
    ):
        raise CertificateUsageError("the certificate is one of an authority, not of a signer")


def _check_digital_signature(leaf: EndEntity) -> None:
    usage = leaf.extensions.get(ExtensionOID.KEY_USAGE)
    if (
        usage is None
        or not isinstance(usage.value, x509.KeyUsage)
        or not usage.value.digital_signature
        or usage.value.key_cert_sign
    ):
        raise CertificateUsageError("the certificate has no key usage for digital signatures")


class _UnreadableError(ValueError):
    """The library could not read a certificate."""


def _load(der: bytes) -> tuple[x509.Certificate, list[x509.Extension[x509.ExtensionType]]]:
    try:
        certificate = x509.load_der_x509_certificate(der)
        if certificate.version is not x509.Version.v3:
            raise _UnreadableError("it is not of version 3")
        return certificate, list(certificate.extensions)
    except Exception as error:  # noqa: BLE001  # the library raises many kinds, KeyError included
        raise _UnreadableError(str(error).partition("\n")[0][:120]) from None


def _instant(seconds: float) -> Instant:
    return Instant.from_unix_seconds(int(seconds))
