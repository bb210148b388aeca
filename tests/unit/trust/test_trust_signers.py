"""Private keys from PEM bytes, and the envelopes they sign."""

from collections.abc import Mapping

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

from gatebook.errors import GatebookError, MalformedError
from gatebook.formats.dsse import Envelope
from gatebook.trust.keys import PublicKey, SignatureInvalidError
from gatebook.trust.signers import (
    LocalSigner,
    PasswordNeededError,
    generate_ed25519,
    sign_statement,
)


def _pem(key: object, password: bytes | None = None) -> bytes:
    assert isinstance(
        key, ed25519.Ed25519PrivateKey | ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey
    )
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption()
        if password is None
        else serialization.BestAvailableEncryption(password),
    )


def test_a_generated_pair_belongs_together() -> None:
    private, public = generate_ed25519()
    signer = LocalSigner.from_pem(private)
    assert PublicKey.parse(public) == signer.public_key
    assert signer.public_pem == public


@pytest.mark.parametrize("name", ["ed25519", "p256", "p384"])
def test_a_signature_is_that_of_the_key_over_the_bytes(
    name: str, signers: Mapping[str, LocalSigner]
) -> None:
    signer = signers[name]
    signature = signer.sign(b"data")
    signer.public_key.check(signature, b"data")
    for other, data in ((signer, b"date"), (signers["other"], b"data")):
        with pytest.raises(SignatureInvalidError):
            other.public_key.check(signature, data)
    with pytest.raises(SignatureInvalidError):
        signer.public_key.check(signature[:-1], b"data")
    with pytest.raises(SignatureInvalidError):
        signer.public_key.check(b"", b"data")


def test_an_encrypted_key_asks_for_its_password() -> None:
    encrypted = _pem(ec.generate_private_key(ec.SECP256R1()), b"secret")
    assert LocalSigner.from_pem(encrypted, password=lambda: b"secret").sign(b"x")
    with pytest.raises(PasswordNeededError):
        LocalSigner.from_pem(encrypted)
    for wrong in (b"wrong", b""):
        with pytest.raises(PasswordNeededError):
            LocalSigner.from_pem(encrypted, password=lambda wrong=wrong: wrong)  # type: ignore[misc]


def test_a_password_is_not_asked_for_a_plain_key() -> None:
    def never() -> bytes:
        raise AssertionError("asked for a password")

    LocalSigner.from_pem(generate_ed25519()[0], password=never)


def test_keys_of_other_algorithms_are_refused() -> None:
    for key in (rsa.generate_private_key(65537, 2048), ec.generate_private_key(ec.SECP521R1())):
        with pytest.raises(MalformedError):
            LocalSigner.from_pem(_pem(key))


@pytest.mark.parametrize("pem", [b"", b"x", b"-----BEGIN PRIVATE KEY-----\nAA==\n"])
def test_what_is_not_a_private_key_is_refused(pem: bytes) -> None:
    with pytest.raises(GatebookError):
        LocalSigner.from_pem(pem)
    with pytest.raises(GatebookError):
        LocalSigner.from_pem(generate_ed25519()[1])


def test_an_envelope_names_the_key_by_its_spki(
    signers: Mapping[str, LocalSigner], an_sbom: bytes
) -> None:
    envelope = sign_statement(an_sbom, signers["p256"])
    assert envelope.signatures[0].keyid == signers["p256"].public_key.spki.hex
    assert Envelope.parse(envelope.encode()) == envelope


def test_only_statements_are_signed(signers: Mapping[str, LocalSigner]) -> None:
    with pytest.raises(MalformedError):
        sign_statement(b"{}", signers["p256"])


def test_a_signer_does_not_print_its_key(signers: Mapping[str, LocalSigner]) -> None:
    assert "PRIVATE" not in repr(signers["p256"])
