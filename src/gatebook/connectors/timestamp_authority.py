"""Time-stamping authorities, asked over HTTP (RFC 3161 §3.4)."""

from typing import Final

from gatebook.connectors.http import HttpClient
from gatebook.trust.signing.timestamp_request import MAX_RESPONSE_BYTES, TimestampRequest

__all__ = ["request_timestamp"]

_QUERY: Final = "application/timestamp-query"
_REPLY: Final = "application/timestamp-reply"


def request_timestamp(url: str, signature: bytes, *, http: HttpClient) -> bytes:
    """Ask an authority to stamp a signature.

    Args:
        url: where the authority answers.
        signature: what is stamped; bundles carry timestamps over the raw signature.
        http: sends the request.

    Returns:
        The response in DER, as bundles carry it. It belongs to this request; whether the authority
        is believed is not decided here.

    Raises:
        HttpError: the authority does not answer, or with too much.
        TimestampError: it refuses, or answers something else.

    """
    request = TimestampRequest.over(signature)
    response = http.request(
        "POST",
        url,
        headers={"Content-Type": _QUERY, "Accept": _REPLY},
        body=request.der,
        max_bytes=MAX_RESPONSE_BYTES,
    )
    return request.check_response(response.body)
