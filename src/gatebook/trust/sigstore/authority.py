"""Authorities of a trusted root: chains checked once, and asked who issued a certificate.

Certificate authorities issue the certificates of signers; timestamp authorities sign times. Both
are a chain of certificates with a window in which the whole chain is believed
(``sigstore_trustroot.proto``, CertificateAuthority).
"""

import functools
import itertools
from collections.abc import Iterable, Sequence
from enum import StrEnum
from typing import Final

import msgspec
from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm

from gatebook.clock import Instant
from gatebook.digest import Digest, sha256
from gatebook.formats.trusted_root import AuthorityRecord, Validity
from gatebook.trust.refusals import AttestationRefusedError
from gatebook.trust.sigstore.certificates import (
    CODE_SIGNING,
    TIME_STAMPING,
    AuthorityCertificate,
    AuthorityCertificateError,
    EndEntity,
    read_authority_certificate,
    read_certificate,
)
from gatebook.trust.sigstore.der import encoded_names
from gatebook.trust.sigstore.refusals import (
    AuthorityExpiredError,
    CertificateExpiredError,
    ChainUnknownError,
)

__all__ = ["Authority", "AuthorityKind", "Issued", "find_issuer", "forget_certificates"]

_REMEMBERED: Final = 1024


class AuthorityKind(StrEnum):
    """What an authority vouches for."""

    CERTIFICATES = "certificate-authority"
    TIMESTAMPS = "timestamp-authority"


class Authority(msgspec.Struct, frozen=True, kw_only=True):
    """One authority of a trusted root.

    Attributes:
        kind: what it vouches for.
        name: its name as the root writes it; may be empty.
        uri: where it answers, or ``None``.
        operator: who runs it; the empty text stands for one unnamed operator of the whole root.
        validity: when the whole chain is believed.
        chain: its certificates, each issued by the next; the last one is the anchor.
        signer: of a timestamp authority, the certificate that signs times, when the root has it.

    """

    kind: AuthorityKind
    name: str
    uri: str | None
    operator: str
    validity: Validity
    chain: tuple[AuthorityCertificate, ...]
    signer: EndEntity | None = None

    @classmethod
    def read(
        cls, record: AuthorityRecord, kind: AuthorityKind, *, held: set[tuple[bytes, bytes]]
    ) -> "Authority":
        """Read and check an authority of a trusted root.

        1. The first certificate of a timestamp authority may be that of the signer of times; all
           others are certificates of authorities.
        2. Each one is issued by the next; a self-issued anchor has signed itself.
        3. No chain is longer than its certificates allow (RFC 5280 §4.2.1.9).

        Args:
            record: the authority as the root writes it.
            kind: what it vouches for.
            held: pairs of certificates, issued and issuer, of which the same root has shown that
                the one issued the other; those found here are added.

        Raises:
            AuthorityCertificateError: it is not so.

        """
        purpose = CODE_SIGNING if kind is AuthorityKind.CERTIFICATES else TIME_STAMPING
        ders = record.certificates
        signer = None
        # (1) A lone certificate is an anchor, so that the signer's comes with the timestamp.
        if kind is AuthorityKind.TIMESTAMPS and len(ders) > 1 and not _is_authority(ders[0]):
            signer, ders = _read_signer(ders[0]), ders[1:]
        chain = tuple(read_authority_certificate(der, purpose=purpose) for der in ders)
        # (2) The root is trusted as data, yet a chain that does not hold is a mistake in it.
        if signer is not None:
            _check_issued(signer, chain[0], held)
        for issued, issuer in itertools.pairwise(chain):
            _check_issued(issued, issuer, held)
        _check_anchor(chain[-1], held)
        # (3) Authorities below one are those before it in the chain, itself excepted.
        _check_path_lengths(chain)
        return cls(
            kind=kind,
            name=record.name,
            uri=record.uri,
            operator=record.operator or "",
            validity=record.validity,
            chain=chain,
            signer=signer,
        )

    @property
    def fingerprint(self) -> Digest:
        """SHA-256 of its first certificate, which tells its generations apart."""
        return sha256(self.signer.der) if self.signer is not None else self.chain[0].fingerprint

    @property
    def id(self) -> str:
        """What it is called in results: its kind and the start of its fingerprint."""
        return f"{self.kind}:{self.fingerprint.hex[:12]}"

    def check_times(self, position: int, times: Iterable[Instant]) -> None:
        """Check that it is believed, and its chain from ``position`` on valid, at every time.

        Raises:
            AuthorityExpiredError: it is not.

        """
        for at in times:
            if not self.validity.covers(at):
                raise AuthorityExpiredError(
                    f"the authority {self.id} is believed from {self.validity}; the time is {at}"
                )
            for certificate in self.chain[position:]:
                if not certificate.covers(at):
                    raise AuthorityExpiredError(
                        f"the certificate {certificate.fingerprint.short} of the authority "
                        f"{self.id} is valid from {certificate.not_before} to "
                        f"{certificate.not_after}; the time is {at}"
                    )


class Issued(msgspec.Struct, frozen=True, kw_only=True):
    """Who issued a certificate: an authority, and which certificate of its chain."""

    authority: Authority
    position: int

    @property
    def issuer(self) -> AuthorityCertificate:
        """The certificate whose key signed."""
        return self.authority.chain[self.position]


def find_issuer(leaf: EndEntity, candidates: Sequence[Issued], times: Sequence[Instant]) -> Issued:
    """Find the authority that issued ``leaf`` and is good at every one of ``times``.

    1. The signature of an authority's certificate is on the leaf. Any certificate of a chain may
       have issued it: GitHub's releases are signed below the second one.
    2. The leaf is valid at every time (sigstore-python#1381: one time is not enough).
    3. The authority is believed, and each certificate up to the anchor valid, at every time
       (CVE-2026-24122: an expired intermediate must not do).

    Args:
        leaf: the certificate of a signer.
        candidates: the certificates of authorities whose name the leaf gives as its issuer.
        times: the verified times; at least one.

    Raises:
        ChainUnknownError: nobody in the root issued it.
        CertificateExpiredError: the leaf was not valid at one of the times.
        AuthorityExpiredError: those who issued it were not good at one of the times.

    """
    if not times:
        raise CertificateExpiredError("there is no verified time to judge a certificate by")
    refusal: AttestationRefusedError | None = None
    for candidate in candidates:
        # (1) The name alone says nothing.
        if not _has_issued(candidate.issuer, leaf):
            continue
        # (2), (3) Several generations of an authority may share a name and key.
        try:
            _check_leaf_times(leaf, times)
            candidate.authority.check_times(candidate.position, times)
        except AttestationRefusedError as found:
            refusal = refusal or found
            continue
        return candidate
    raise refusal or ChainUnknownError(
        "no authority of the trusted root issued the signer's certificate",
        hint="it may be of another Sigstore instance; name the trusted root of that one",
    )


def _check_leaf_times(leaf: EndEntity, times: Iterable[Instant]) -> None:
    for at in times:
        if not leaf.covers(at):
            raise CertificateExpiredError(
                f"the signer's certificate is valid from {leaf.not_before} to {leaf.not_after}; "
                f"the verified time is {at}"
            )


def _has_issued(issuer: AuthorityCertificate, issued: EndEntity | AuthorityCertificate) -> bool:
    return _signed(issuer.certificate, issued.certificate)


@functools.lru_cache(maxsize=_REMEMBERED)
def _signed(issuer: x509.Certificate, issued: x509.Certificate) -> bool:
    """Whether one certificate's key signed another; depends on the bytes of the two alone.

    Remembered for the certificates seen last: authorities sign with P-384, which costs more than
    everything else about a bundle, and gates see the same signers again. Nothing that depends on
    time, profile or root is remembered.
    """
    # The library compares the names too (RFC 5280 §6.1.3 (a)(1) and (4)).
    try:
        issued.verify_directly_issued_by(issuer)
    except (InvalidSignature, UnsupportedAlgorithm, ValueError, TypeError):
        return False
    return True


def _check_issued(
    issued: EndEntity | AuthorityCertificate,
    issuer: AuthorityCertificate,
    held: set[tuple[bytes, bytes]],
) -> None:
    # Generations of an authority share their upper certificates; each signature is checked once.
    pair = (issued.der, issuer.der)
    if pair in held:
        return
    if not _has_issued(issuer, issued):
        raise AuthorityCertificateError(
            f"a chain of the trusted root does not hold: {issuer.fingerprint.short} has not issued "
            f"{sha256(issued.der).short}"
        )
    held.add(pair)


def _check_anchor(anchor: AuthorityCertificate, held: set[tuple[bytes, bytes]]) -> None:
    # The proto file lets an anchor be a self-signed root or an intermediate.
    issuer, subject = encoded_names(anchor.certificate.tbs_certificate_bytes)
    if issuer == subject:
        _check_issued(anchor, anchor, held)


def _check_path_lengths(chain: Sequence[AuthorityCertificate]) -> None:
    for below, certificate in enumerate(chain):
        if certificate.path_length is not None and below > certificate.path_length:
            raise AuthorityCertificateError(
                f"the chain below {certificate.fingerprint.short} has {below} authorities; it "
                f"allows {certificate.path_length}"
            )


def _read_signer(der: bytes) -> EndEntity:
    # Whether it is one for time stamping is checked with each timestamp, so that one certificate of
    # an old authority does not make the whole root unusable.
    try:
        return read_certificate(der)
    except AttestationRefusedError as error:
        raise AuthorityCertificateError(
            f"the certificate of a timestamp authority in the trusted root: {error.message}"
        ) from None


def _is_authority(der: bytes) -> bool:
    try:
        read_authority_certificate(der, purpose=TIME_STAMPING)
    except AuthorityCertificateError:
        return False
    return True


def forget_certificates() -> None:
    """Forget which certificates were seen, as a new process would not know them."""
    _signed.cache_clear()
