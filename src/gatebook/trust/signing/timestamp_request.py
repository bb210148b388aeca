"""Trusted timestamps: what is asked of a time-stamping authority, and whether it answered that.

RFC 3161. Only that the answer belongs to the question is checked here: the nonce, the digest, the
status. Whether the authority is believed is the verifier's question, each time the timestamp is
used.
"""

from dataclasses import dataclass, field
from typing import Any, Final

from gatebook.digest import Digest, sha256
from gatebook.errors import UsageError, VerificationError

__all__ = ["MAX_RESPONSE_BYTES", "TimestampError", "TimestampRequest"]

MAX_RESPONSE_BYTES: Final = 64 * 1024
"""A longer answer is refused; one with a chain of certificates has about six thousand bytes."""

_GRANTED: Final = 0
_SHA256: Final = "2.16.840.1.101.3.4.2.1"  # RFC 8017 appendix B.1


class TimestampError(VerificationError):
    """An authority's answer is no timestamp, or not the one that was asked for."""

    code = "trust.timestamp"


@dataclass(frozen=True, slots=True, kw_only=True)
class TimestampRequest:
    """A question for one timestamp.

    Attributes:
        digest: SHA-256 of what is to be stamped.
        nonce: what the answer has to repeat, so that it cannot be an older one.
        der: the request itself.

    """

    digest: Digest
    nonce: int
    der: bytes = field(repr=False)

    @classmethod
    def over(cls, data: bytes) -> "TimestampRequest":
        """Ask for a timestamp over ``data``, with the authority's certificates in the answer.

        Raises:
            UsageError: there is nothing to stamp.

        """
        library = _library()
        if not data:
            raise UsageError("there is nothing to stamp", code="trust.timestamp-empty")
        builder = library.TimestampRequestBuilder().data(data)
        builder = builder.hash_algorithm(library.HashAlgorithm.SHA256)
        request = builder.nonce(nonce=True).cert_request(cert_request=True).build()
        if request.nonce is None:  # pragma: no cover  # it was asked for
            raise TimestampError("the request has no nonce")
        return cls(digest=sha256(data), nonce=int(request.nonce), der=bytes(request.as_bytes()))

    def check_response(self, response: bytes) -> bytes:
        """Check that an answer is one to this request, and return it unchanged.

        Raises:
            TimestampError: not a response (``trust.timestamp-malformed``), a refusal
                (``trust.timestamp-refused``), or an answer to something else
                (``trust.timestamp-nonce``, ``trust.timestamp-imprint``).

        """
        if len(response) > MAX_RESPONSE_BYTES:
            raise TimestampError(
                f"the answer has {len(response)} bytes; at most {MAX_RESPONSE_BYTES} are read",
                code="trust.timestamp-malformed",
            )
        decoded = _decode(response)
        # RFC 3161 §2.4.2. A timestamp "granted with modifications" is not what was asked for, and
        # verifiers refuse it.
        if decoded.status != _GRANTED:
            said = "; ".join(str(each) for each in decoded.status_string)[:200]
            raise TimestampError(
                f"the authority answered with status {decoded.status}"
                + (f": {said}" if said else ""),
                code="trust.timestamp-refused",
            )
        try:
            info = decoded.tst_info
            imprint = info.message_imprint
            algorithm, value, nonce = imprint.hash_algorithm, imprint.message, info.nonce
        except (ValueError, TypeError) as error:
            raise _malformed(error) from None
        if nonce != self.nonce:
            raise TimestampError(
                "the answer does not repeat the nonce: it is to another request",
                code="trust.timestamp-nonce",
            )
        if algorithm.dotted_string != _SHA256 or bytes(value) != self.digest.raw:
            raise TimestampError(
                "the timestamp is over something else", code="trust.timestamp-imprint"
            )
        return response


def _decode(response: bytes) -> Any:
    try:
        return _library().decode_timestamp_response(response)
    except (ValueError, TypeError) as error:
        raise _malformed(error) from None


def _malformed(error: Exception) -> TimestampError:
    return TimestampError(
        f"the answer is not a timestamp response: {str(error)[:120]}",
        code="trust.timestamp-malformed",
    )


def _library() -> Any:
    import rfc3161_client  # noqa: PLC0415  # start-up time: only who asks for the time pays

    return rfc3161_client
