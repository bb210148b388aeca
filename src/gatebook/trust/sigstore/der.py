"""The names in a certificate as they are encoded, without reading what they say.

Authorities are looked up by the encoded name of the issuer. The library would decode the name
first, which is slow and remarks upon names that real authorities have.
"""

from typing import Final

__all__ = ["DerError", "encoded_names"]

_SEQUENCE: Final = 0x30
_INTEGER: Final = 0x02
_VERSION: Final = 0xA0
_LONG: Final = 0x80
_MULTIPLE_TAG: Final = 0x1F


class DerError(ValueError):
    """Bytes are not the DER of what is looked for."""


def encoded_names(certificate: bytes) -> tuple[bytes, bytes]:
    """The encoded issuer and subject of a TBSCertificate of version 3 (RFC 5280 §4.1).

    Raises:
        DerError: the bytes are not one.

    """
    start, end = _enter(certificate, 0, _SEQUENCE)
    place = _skip(certificate, start, end, _VERSION)
    place = _skip(certificate, place, end, _INTEGER)  # the serial number
    place = _skip(certificate, place, end, _SEQUENCE)  # the algorithm of the signature
    after_issuer = _skip(certificate, place, end, _SEQUENCE)
    issuer = certificate[place:after_issuer]
    place = _skip(certificate, after_issuer, end, _SEQUENCE)  # the validity
    return issuer, certificate[place : _skip(certificate, place, end, _SEQUENCE)]


def _skip(data: bytes, place: int, end: int, tag: int) -> int:
    after = _enter(data, place, tag)[1]
    if after > end:
        raise DerError("an element is longer than the one around it")
    return after


def _enter(data: bytes, place: int, tag: int) -> tuple[int, int]:
    # X.690 §8.1: one byte of tag, then the length in one byte, or how many bytes it has.
    header = data[place : place + 2]
    if len(header) != 2 or header[0] != tag or tag & _MULTIPLE_TAG == _MULTIPLE_TAG:  # noqa: PLR2004
        raise DerError("another element than expected")
    length = header[1]
    start = place + 2
    if length >= _LONG:
        count = length - _LONG
        encoded = data[start : start + count]
        if not 0 < count <= 4 or len(encoded) != count:  # noqa: PLR2004  # more is no certificate
            raise DerError("a length that cannot be")
        length = int.from_bytes(encoded)
        start += count
    if start + length > len(data):
        raise DerError("an element is longer than what is left")
    return start, start + length
