"""Trusted timestamps (RFC 3161): an authority of the root says when a signature existed.

The library ``rfc3161-client`` checks the response, its signature and its chain; that the
certificate which signed is the one meant, and believed at that time, is checked here as well.
"""

import datetime as dt
import hashlib
import warnings
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final, NoReturn

from gatebook.clock import Instant
from gatebook.errors import GatebookError
from gatebook.trust.refusals import AttestationRefusedError
from gatebook.trust.sigstore.authority import Authority, Issued, find_issuer
from gatebook.trust.sigstore.certificates import EndEntity, check_time_stamping, read_certificate
from gatebook.trust.sigstore.refusals import (
    TimestampExpiredError,
    TimestampImprintError,
    TimestampMalformedError,
    TimestampUnknownError,
    TimestampUnverifiedError,
)

if TYPE_CHECKING:
    from rfc3161_client import TimeStampResponse

__all__ = ["verify_timestamp"]

_EPOCH: Final = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
_GRANTED: Final = 0
_MAX_CERTIFICATES: Final = 8
_HASHES: Final = {
    "2.16.840.1.101.3.4.2.1": "sha256",
    "2.16.840.1.101.3.4.2.2": "sha384",
    "2.16.840.1.101.3.4.2.3": "sha512",
}


def verify_timestamp(
    response: bytes, signature: bytes, authorities: Sequence[Authority]
) -> tuple[Authority, Instant]:
    """Verify that an authority of the root vouches for a time of ``signature``.

    1. The response is granted, and holds one signature and at most eight certificates.
    2. Its imprint is the hash, SHA-256 or stronger, of the signature in the bundle
       (``sigstore_bundle.proto``: "Clients MUST verify the hashed message").
    3. The signer it names, by issuer and serial number, is one of an authority of the root. No
       other certificate in the response may carry that name and number (CVE-2026-39984).
    4. That certificate is for time stamping alone, and critically so (RFC 3161 §2.3).
    5. The authority is believed, and every certificate up to its anchor valid, at that time; the
       windows are closed.
    6. The signature and the chain verify. The library takes a certificate as expired in the last
       second of its validity already.

    Raises:
        TimestampMalformedError: (1).
        TimestampImprintError: (2).
        TimestampUnknownError: (3).
        TimestampUnverifiedError: (4), (6).
        TimestampExpiredError: (5).

    """
    # (1) The protocol's status and CMS SignedData (RFC 5652 §5.1).
    parsed = _parse(response)
    embedded = _embedded(parsed)

    # (2) Otherwise a timestamp of anything else would do.
    imprint = parsed.tst_info.message_imprint
    algorithm = _HASHES.get(imprint.hash_algorithm.dotted_string)
    if algorithm is None:
        raise TimestampImprintError(
            "the timestamp's hash is not SHA-256, SHA-384 or SHA-512: "
            f"{imprint.hash_algorithm.dotted_string}"
        )
    if bytes(imprint.message) != hashlib.new(algorithm, signature).digest():
        raise TimestampImprintError("the timestamp is over something else than the signature")
    at = Instant((parsed.tst_info.gen_time - _EPOCH) // dt.timedelta(milliseconds=1))

    # (3) The signer's identifier is the only thing that says which certificate signed.
    refusal: GatebookError | None = None
    for authority in authorities:
        signer = _signer(parsed, embedded, authority)
        if signer is None:
            continue
        try:
            # (4) to (6) Several authorities, or windows of one, may have this signer.
            _verify_by(parsed, signature, authority, signer, at)
        except AttestationRefusedError as found:
            refusal = refusal or found
            continue
        return authority, at
    raise refusal or TimestampUnknownError(
        "the timestamp was not signed by a timestamp authority of the trusted root"
    )


def _parse(response: bytes) -> "TimeStampResponse":
    # Here, because most bundles have no timestamp and the library takes time to load.
    from rfc3161_client import decode_timestamp_response  # noqa: PLC0415

    try:
        parsed = decode_timestamp_response(response)
        if parsed.status != _GRANTED:
            raise TimestampMalformedError(f"the timestamp's status is {parsed.status}, not granted")
        signers = len(parsed.signed_data.signer_infos)
        if signers != 1:
            raise TimestampMalformedError(f"the timestamp has {signers} signatures; expected one")
        parsed.tst_info.message_imprint  # noqa: B018  # parts are decoded when asked for
        parsed.tst_info.gen_time  # noqa: B018
        parsed.signed_data.certificates  # noqa: B018
    except GatebookError:
        raise
    except BaseException as error:  # noqa: BLE001  # the library's panics derive from it
        _refuse(error, "is not an RFC 3161 response")
    return parsed


def _refuse(error: BaseException, what: str) -> NoReturn:
    if isinstance(error, Exception) or type(error).__name__ == "PanicException":
        line = str(error).partition("\n")[0][:120]
        raise TimestampMalformedError(f"the timestamp {what}: {line}") from None
    raise error


def _embedded(parsed: "TimeStampResponse") -> tuple[EndEntity, ...]:
    ders = sorted(parsed.signed_data.certificates)
    if len(ders) > _MAX_CERTIFICATES:
        raise TimestampMalformedError(
            f"the timestamp carries {len(ders)} certificates; at most {_MAX_CERTIFICATES} are read"
        )
    try:
        return tuple(read_certificate(bytes(der)) for der in ders)
    except AttestationRefusedError as error:
        raise TimestampMalformedError(f"in the timestamp: {error.message}") from None


def _signer(
    parsed: "TimeStampResponse", embedded: Sequence[EndEntity], authority: Authority
) -> EndEntity | None:
    matching = [candidate for candidate in embedded if _is_named(parsed, candidate)]
    if authority.signer is not None:
        if not _is_named(parsed, authority.signer):
            return None
        if any(candidate.der != authority.signer.der for candidate in matching):
            raise TimestampUnknownError(
                "the timestamp carries another certificate under the name and number of "
                f"the signer of {authority.id}"
            )
        return authority.signer
    # The root has the authority's certificates but not its signer's: that one must come along.
    if len(matching) != 1:
        return None
    (signer,) = matching
    return signer if any(c.subject == signer.issuer for c in authority.chain) else None


def _is_named(parsed: "TimeStampResponse", candidate: EndEntity) -> bool:
    (named,) = parsed.signed_data.signer_infos
    with warnings.catch_warnings():
        # Real authorities have names such as C=USA, which the library remarks upon.
        warnings.simplefilter("ignore", UserWarning)
        try:
            return (
                candidate.certificate.serial_number == named.serial_number
                and candidate.certificate.issuer == named.issuer
            )
        except BaseException as error:  # noqa: BLE001  # the library raises what its parts raise
            _refuse(error, "names its signer in a way that cannot be read")


def _verify_by(
    parsed: "TimeStampResponse",
    signature: bytes,
    authority: Authority,
    signer: EndEntity,
    at: Instant,
) -> None:
    from rfc3161_client import VerificationError, VerifierBuilder  # noqa: PLC0415

    # (4) RFC 3161 §2.3: the only purpose, and no verifier may overlook it.
    try:
        check_time_stamping(signer)
    except AttestationRefusedError as error:
        raise TimestampUnverifiedError(error.message) from None
    # (5) The time is not proved yet, so that nothing but a refusal follows from it.
    candidates = [
        Issued(authority=authority, position=position)
        for position, certificate in enumerate(authority.chain)
        if certificate.subject == signer.issuer
    ]
    try:
        find_issuer(signer, candidates, (at,))
    except AttestationRefusedError as error:
        raise TimestampExpiredError(f"the timestamp is of {at}: {error.message}") from None
    # (6) The chain is that of the root; certificates in the response are not believed.
    *intermediates, anchor = (item.certificate for item in authority.chain)
    builder = VerifierBuilder(
        tsa_certificate=signer.certificate, intermediates=intermediates, roots=[anchor]
    )
    try:
        builder.build().verify_message(parsed, signature)
    except (VerificationError, ValueError) as error:
        raise TimestampUnverifiedError(
            f"the timestamp by {authority.id} does not verify: {str(error)[:160]}"
        ) from None
    except BaseException as error:  # noqa: BLE001  # the library raises what its parts raise
        _refuse(error, "cannot be verified")
