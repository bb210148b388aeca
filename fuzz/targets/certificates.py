"""Certificates and the identities in them, and timestamps."""

import datetime as dt
from collections.abc import Iterator

from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from fuzz import kit
from fuzz.target import Target, expect
from gatebook.errors import GatebookError
from gatebook.trust.identities.certificate import CertificateIdentity, read_certificate_identity
from gatebook.trust.identities.constraint import IdentityConstraint
from gatebook.trust.signing.timestamp_request import TimestampRequest
from gatebook.trust.sigstore.certificates import check_code_signing, read_certificate

DIGITAL_SIGNATURE = x509.KeyUsage(
    digital_signature=True,
    content_commitment=False,
    key_encipherment=False,
    data_encipherment=False,
    key_agreement=False,
    key_cert_sign=False,
    crl_sign=False,
    encipher_only=False,
    decipher_only=False,
)
ISSUER = "https://token.actions.githubusercontent.com"
WORKFLOW = "https://github.com/acme/api/.github/workflows/build.yml@refs/heads/main"


def _certificate(data: bytes) -> None:
    """A certificate in DER as it stands in a bundle."""
    certificate = read_certificate(data)
    check_code_signing(certificate)


def _identity(data: bytes) -> None:
    """Extensions of the fuzzer's choice in a certificate that is otherwise good."""
    try:
        certificate = _issue(data)
    except (ValueError, OverflowError, UnicodeError, x509.DuplicateExtension):
        raise GatebookError("no such certificate can be made", code="fuzz.refused") from None
    identity = read_certificate_identity(certificate)
    expect(isinstance(identity, CertificateIdentity), "another type")
    expect(bool(identity.subject.value), "an identity without a name was read")
    constraint = IdentityConstraint.exact(WORKFLOW, ISSUER)
    try:
        constraint.check(identity)
    except GatebookError:
        return
    expect(identity.subject.value == WORKFLOW, "another identity was taken for the expected one")
    expect(identity.issuer == ISSUER, "another issuer was taken for the expected one")


def _issue(data: bytes) -> x509.Certificate:
    """Read ``kind, length, value`` again and again, and put each into the certificate."""
    key = kit.ed25519_key("ca")
    issuer = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "fuzz")])
    builder = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([]))
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(dt.datetime(2026, 1, 1, tzinfo=dt.UTC))
        .not_valid_after(dt.datetime(2026, 1, 2, tzinfo=dt.UTC))
        .add_extension(DIGITAL_SIGNATURE, critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CODE_SIGNING]), critical=False)
    )
    names: list[x509.GeneralName] = []
    position = 0
    while position + 2 <= len(data):
        kind, length = data[position], data[position + 1]
        value = data[position + 2 : position + 2 + length]
        position += 2 + length
        match kind % 32:
            case 28:
                names.append(x509.UniformResourceIdentifier(value.decode("ascii")))
            case 29:
                names.append(x509.RFC822Name(value.decode("ascii")))
            case 30:
                oid = x509.ObjectIdentifier("1.3.6.1.4.1.57264.1.7")
                names.append(x509.OtherName(oid, value))
            case 31:
                names.append(x509.DNSName(value.decode("ascii")))
            case number:
                oid = x509.ObjectIdentifier(f"1.3.6.1.4.1.57264.1.{number}")
                builder = builder.add_extension(
                    x509.UnrecognizedExtension(oid, value), critical=False
                )
    if names:
        builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=True)
    return builder.sign(key, None)


def _timestamp_response(data: bytes) -> None:
    request = TimestampRequest.over(b"signature")
    answer = request.check_response(data)
    expect(answer is None, "an answer to a nonce nobody has seen was taken")


def _utf8(text: str) -> bytes:
    return b"\x0c" + bytes([len(text)]) + text.encode()


def _field(kind: int, value: bytes) -> bytes:
    return bytes([kind, len(value)]) + value


def _identities() -> Iterator[bytes]:
    repository, commit = "https://github.com/acme/api", "c" * 40
    run = f"{repository}/actions/runs/1/attempts/1"
    values = {
        8: ISSUER,
        9: WORKFLOW,
        10: commit,
        11: "github-hosted",
        12: repository,
        13: commit,
        14: "refs/heads/main",
        15: "1",
        16: "https://github.com/acme",
        17: "2",
        18: WORKFLOW,
        19: commit,
        20: "push",
        21: run,
        22: "public",
    }
    new = b"".join(_field(number, _utf8(text)) for number, text in values.items())
    old = {1: ISSUER, 2: "push", 3: commit, 4: "build", 5: "acme/api", 6: "refs/heads/main"}
    twins = b"".join(_field(number, text.encode()) for number, text in old.items())
    yield _field(28, WORKFLOW.encode()) + new
    yield _field(28, WORKFLOW.encode()) + new + twins
    yield _field(29, b"ana@acme.example") + _field(8, _utf8("https://accounts.google.com"))
    yield _field(30, _utf8("foo!oidc.local")) + _field(8, _utf8("http://oidc.local:8080"))
    gitlab = "https://gitlab.com/acme/api//.gitlab-ci.yml@refs/heads/main"
    yield _field(28, gitlab.encode()) + _field(8, _utf8("https://gitlab.com"))


def _certificates() -> Iterator[bytes]:
    from cryptography.hazmat.primitives.serialization import Encoding

    for seed in _identities():
        yield _issue(seed).public_bytes(Encoding.DER)


TARGETS = (
    Target(name="certificate", check=_certificate, seeds=_certificates),
    Target(name="certificate-identity", check=_identity, seeds=_identities),
    Target(
        name="timestamp-response",
        check=_timestamp_response,
        seeds=lambda: [b"0\x05\x30\x03\x02\x01\x02", b"0\x80"],
    ),
)
