"""The extensions Fulcio writes into a signing certificate, read from their bytes.

``1.3.6.1.4.1.57264.1.1`` to ``.6`` are raw UTF-8; ``.8`` to ``.24`` are one DER UTF8String each
(fulcio docs/oid-info.md, "Extension values"). ``.7`` is the type of an OtherName in the subject
alternative name. What the values mean is for :mod:`gatebook.trust.identities.certificate`.
"""

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from cryptography import x509

from gatebook.trust.refusals import AttestationRefusedError

__all__ = [
    "OTHER_NAME",
    "CertificateIdentityError",
    "FulcioExtension",
    "decode_utf8_string",
    "has_control_characters",
    "read_fulcio_extensions",
]

OTHER_NAME: Final = "1.3.6.1.4.1.57264.1.7"
"""The type of an OtherName that holds a user name (oid-info.md, "OtherName SAN")."""

_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_ARC: Final = "1.3.6.1.4.1.57264.1."
_RAW: Final = range(1, 7)
_ENCODED: Final = range(8, 25)
_MAX_VALUE: Final = 8192
_UTF8_STRING: Final = 0x0C
_SHORT_FORM: Final = 0x80
_MAX_LENGTH_BYTES: Final = 2


class CertificateIdentityError(AttestationRefusedError):
    """A signing certificate does not say, in one way only, whom it was issued to."""

    code = "trust.identity-malformed"


class FulcioExtension:
    """The number of each extension below ``1.3.6.1.4.1.57264.1``, by its name in oid-info.md."""

    ISSUER_V1: Final = 1
    GITHUB_TRIGGER: Final = 2
    GITHUB_SHA: Final = 3
    GITHUB_NAME: Final = 4
    GITHUB_REPOSITORY: Final = 5
    GITHUB_REF: Final = 6
    ISSUER_V2: Final = 8
    BUILD_SIGNER_URI: Final = 9
    BUILD_SIGNER_DIGEST: Final = 10
    RUNNER_ENVIRONMENT: Final = 11
    SOURCE_URI: Final = 12
    SOURCE_DIGEST: Final = 13
    SOURCE_REF: Final = 14
    SOURCE_ID: Final = 15
    SOURCE_OWNER_URI: Final = 16
    SOURCE_OWNER_ID: Final = 17
    BUILD_CONFIG_URI: Final = 18
    BUILD_CONFIG_DIGEST: Final = 19
    BUILD_TRIGGER: Final = 20
    RUN_INVOCATION_URI: Final = 21
    SOURCE_VISIBILITY: Final = 22
    DEPLOYMENT_ENVIRONMENT: Final = 23
    TOKEN_SUBJECT: Final = 24


def read_fulcio_extensions(certificate: x509.Certificate) -> Mapping[int, str]:
    """Read every known extension, by its number; an empty value counts as absent.

    Numbers beyond 24 are left alone: Fulcio may add some, and nothing is believed because of them.

    Raises:
        CertificateIdentityError: ``trust.identity-certificate``: the extensions cannot be read;
            ``trust.identity-extension-twice``: one comes twice; and what
            :func:`decode_utf8_string` refuses.

    """
    values: dict[int, str] = {}
    for extension in _extensions(certificate):
        number = _number(extension.oid.dotted_string)
        if number is None or not isinstance(extension.value, x509.UnrecognizedExtension):
            continue
        data = extension.value.value
        if number in _RAW:
            text = _text(number, data)
        else:
            text = decode_utf8_string(data, what=f"extension .{number}")
        if text:
            values[number] = text
    return MappingProxyType(values)


def decode_utf8_string(data: bytes, *, what: str) -> str:
    """Decode one DER UTF8String and nothing after it (X.690 §8.1.3, §10.1, tag 0x0C).

    Raises:
        CertificateIdentityError: ``trust.identity-extension-encoding``: another tag, a length that
            is not the shortest form, or not UTF-8; ``trust.identity-extension-trailing``: bytes
            follow; ``trust.identity-extension-length``: the value is cut short or too long;
            ``trust.identity-extension-control``: control characters.

    """
    if len(data) < 2 or data[0] != _UTF8_STRING:  # noqa: PLR2004  # a tag and a length
        raise CertificateIdentityError(
            f"{what} is not a DER UTF8String", code="trust.identity-extension-encoding"
        )
    length, start = data[1], 2
    if length >= _SHORT_FORM:
        count = length - _SHORT_FORM
        digits = data[2 : 2 + count]
        length, start = int.from_bytes(digits, "big"), 2 + count
        # X.690 §10.1: DER uses the fewest octets; 0x80 alone is the indefinite form.
        shortest = 0 < count <= _MAX_LENGTH_BYTES and len(digits) == count and digits[0] != 0
        if not shortest or length < _SHORT_FORM:
            raise CertificateIdentityError(
                f"{what} has a length that is not DER", code="trust.identity-extension-encoding"
            )
    value = data[start : start + length]
    if len(value) < length:
        raise CertificateIdentityError(
            f"{what} is cut short: {len(value)} of {length} bytes",
            code="trust.identity-extension-length",
        )
    if len(data) > start + length:
        raise CertificateIdentityError(
            f"{what} is followed by {len(data) - start - length} more bytes",
            code="trust.identity-extension-trailing",
        )
    return _utf8(what, value)


def has_control_characters(text: str) -> bool:
    """Whether ``text`` holds a control character (Unicode category Cc), which no name may."""
    return _CONTROL.search(text) is not None


def _extensions(certificate: x509.Certificate) -> x509.Extensions:
    try:
        return certificate.extensions
    except x509.DuplicateExtension as error:
        raise CertificateIdentityError(
            f"the certificate has the extension {error.oid.dotted_string} twice",
            code="trust.identity-extension-twice",
        ) from None
    except (ValueError, x509.UnsupportedGeneralNameType) as error:
        raise CertificateIdentityError(
            f"the extensions of the certificate cannot be read: {error}",
            code="trust.identity-certificate",
        ) from None


def _number(oid: str) -> int | None:
    tail = oid.removeprefix(_ARC)
    if tail == oid or not tail.isdecimal():
        return None
    number = int(tail)
    return number if number in _RAW or number in _ENCODED else None


def _text(number: int, data: bytes) -> str:
    return _utf8(f"extension .{number}", data)


def _utf8(what: str, data: bytes) -> str:
    if len(data) > _MAX_VALUE:
        raise CertificateIdentityError(
            f"{what} has {len(data)} bytes; at most {_MAX_VALUE} are read",
            code="trust.identity-extension-length",
        )
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        raise CertificateIdentityError(
            f"{what} is not UTF-8", code="trust.identity-extension-encoding"
        ) from None
    if has_control_characters(text):
        raise CertificateIdentityError(
            f"{what} holds control characters", code="trust.identity-extension-control"
        )
    return text
