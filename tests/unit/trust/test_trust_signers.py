"""Private keys from PEM bytes, and the envelopes they sign."""

import base64
import hashlib
from collections.abc import Mapping

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa, x25519

from gatebook.digest import Digest
from gatebook.errors import GatebookError, MalformedError, UsageError
from gatebook.formats.bundle import Bundle, KeyHint, MessageSignature
from gatebook.formats.dsse import Envelope
from gatebook.trust.identity import KeyAlgorithm
from gatebook.trust.keys import KeyMalformedError, PublicKey, SignatureInvalidError, public_key
from gatebook.trust.signing.bundles import bundle_envelope, key_hint, sign_blob, sign_bundle
from gatebook.trust.signing.private_keys import LocalKey, generate_private_key
from gatebook.trust.signing.signers import (
    LocalSigner,
    PasswordNeededError,
    PasswordWrongError,
    generate_ed25519,
    generate_key_pair,
    sign_statement,
)
from gatebook.trust.ssh.signer import SshSigner

ALGORITHMS = [*KeyAlgorithm]


def _pem(
    key: LocalKey,
    password: bytes | None = None,
    form: serialization.PrivateFormat = serialization.PrivateFormat.PKCS8,
) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM,
        form,
        serialization.NoEncryption()
        if password is None
        else serialization.BestAvailableEncryption(password),
    )


@pytest.fixture(scope="session")
def every_signer() -> Mapping[KeyAlgorithm, LocalSigner]:
    """One key of each algorithm."""
    return {
        each: LocalSigner(generate_private_key(each), pss=each is KeyAlgorithm.RSA_PSS)
        for each in ALGORITHMS
    }


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


@pytest.mark.parametrize(
    ("key", "form"),
    [
        (KeyAlgorithm.ECDSA_P256, serialization.PrivateFormat.TraditionalOpenSSL),
        (KeyAlgorithm.ECDSA_P521, serialization.PrivateFormat.TraditionalOpenSSL),
        (KeyAlgorithm.RSA_PKCS1, serialization.PrivateFormat.TraditionalOpenSSL),
        (KeyAlgorithm.RSA_PKCS1, serialization.PrivateFormat.PKCS8),
        (KeyAlgorithm.ED25519, serialization.PrivateFormat.OpenSSH),
    ],
)
def test_the_forms_of_key_files(key: KeyAlgorithm, form: serialization.PrivateFormat) -> None:
    private = generate_private_key(key)
    signer = LocalSigner.from_pem(_pem(private, form=form))
    assert signer.public_key == public_key(private.public_key())
    if form is not serialization.PrivateFormat.OpenSSH:
        encrypted = _pem(private, b"secret", form)
        assert LocalSigner.from_pem(encrypted, password=lambda: b"secret").sign(b"x")
        with pytest.raises(PasswordWrongError) as refused:
            LocalSigner.from_pem(encrypted, password=lambda: b"wrong")
        assert refused.value.code == "trust.password-wrong"


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_every_algorithm_signs_bytes_and_digests(
    algorithm: KeyAlgorithm, every_signer: Mapping[KeyAlgorithm, LocalSigner]
) -> None:
    signer = every_signer[algorithm]
    assert signer.public_key.algorithm is algorithm
    signer.public_key.check(signer.sign(b"data"), b"data")
    hashed = signer.public_key.digest_algorithm
    for name in ("sha256", "sha384", "sha512"):
        digest = Digest(name, hashlib.new(name, b"data").hexdigest())
        if name == hashed:
            signer.public_key.check(signer.sign_digest(digest), b"data")
            continue
        with pytest.raises(UsageError) as refused:
            signer.sign_digest(digest)
        assert refused.value.code == "trust.artifact-needed"


def test_padding_is_the_keys_and_not_the_signatures(
    every_signer: Mapping[KeyAlgorithm, LocalSigner],
) -> None:
    pss, plain = every_signer[KeyAlgorithm.RSA_PSS], every_signer[KeyAlgorithm.RSA_PKCS1]
    same = PublicKey.from_der(pss.public_key.der)
    with pytest.raises(SignatureInvalidError):
        same.check(pss.sign(b"data"), b"data")
    with pytest.raises(SignatureInvalidError):
        PublicKey.from_der(plain.public_key.der, pss=True).check(plain.sign(b"data"), b"data")
    with pytest.raises(KeyMalformedError):
        LocalSigner(generate_private_key(), pss=True)


def test_keys_that_are_not_believed_are_refused() -> None:
    small = rsa.generate_private_key(65537, 1024)  # noqa: S505  # the point
    for key in (small, ec.generate_private_key(ec.SECP256K1())):
        with pytest.raises(KeyMalformedError):
            LocalSigner.from_pem(_pem(key))
    exchange = x25519.X25519PrivateKey.generate().private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    with pytest.raises(KeyMalformedError):
        LocalSigner.from_pem(exchange)
    with pytest.raises(KeyMalformedError):
        LocalSigner.from_pem(bytes(100_000))


@pytest.mark.parametrize("algorithm", [KeyAlgorithm.ED25519, KeyAlgorithm.ECDSA_P384])
def test_generated_keys_are_encrypted_on_request(algorithm: KeyAlgorithm) -> None:
    private, public = generate_key_pair(algorithm, password=b"secret")
    assert private.startswith(b"-----BEGIN ENCRYPTED PRIVATE KEY-----")
    with pytest.raises(PasswordNeededError) as refused:
        LocalSigner.from_pem(private)
    assert refused.value.code == "trust.password-needed"
    assert LocalSigner.from_pem(private, password=lambda: b"secret").public_pem == public


@pytest.mark.parametrize("pem", [b"", b"x", b"-----BEGIN PRIVATE KEY-----\nAA==\n"])
def test_what_is_not_a_private_key_is_refused(pem: bytes) -> None:
    with pytest.raises(GatebookError):
        LocalSigner.from_pem(pem)
    with pytest.raises(GatebookError):
        LocalSigner.from_pem(generate_ed25519()[1])


@pytest.mark.parametrize("algorithm", [b"\x2b\x65\x6f", b"\x2b\x65\x71"], ids=["x448", "ed448"])
def test_a_key_too_short_for_its_algorithm_is_refused(algorithm: bytes) -> None:
    # The library raises an internal error here, which is neither of its own kinds of refusal.
    der = ed25519.Ed25519PrivateKey.generate().private_bytes(
        serialization.Encoding.DER,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    assert der.count(b"\x2b\x65\x70") == 1
    text = base64.b64encode(der.replace(b"\x2b\x65\x70", algorithm)).decode()
    with pytest.raises(GatebookError):
        LocalSigner.from_pem(
            f"-----BEGIN PRIVATE KEY-----\n{text}\n-----END PRIVATE KEY-----\n".encode()
        )


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


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_a_bundle_hints_at_its_key_and_carries_its_times(
    algorithm: KeyAlgorithm, every_signer: Mapping[KeyAlgorithm, LocalSigner], an_sbom: bytes
) -> None:
    signer = every_signer[algorithm]
    asked: list[bytes] = []

    def stamp(signature: bytes) -> bytes:
        asked.append(signature)
        return b"\x30\x00"

    bundle = Bundle.parse(sign_bundle(an_sbom, signer, timestampers=[stamp]))
    assert isinstance(bundle.content, Envelope)
    assert bundle.content.payload == an_sbom
    (signature,) = bundle.content.signatures
    signer.public_key.check(signature.sig, bundle.content.signed_bytes)
    assert asked == [signature.sig]
    assert bundle.timestamps == (b"\x30\x00",)
    assert bundle.material == KeyHint(hint=key_hint(signer.public_key))
    assert bundle.log_entries == ()


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_an_artifact_is_signed_by_itself_or_its_digest(
    algorithm: KeyAlgorithm, every_signer: Mapping[KeyAlgorithm, LocalSigner]
) -> None:
    signer = every_signer[algorithm]
    name = signer.public_key.digest_algorithm or "sha256"
    digest = Digest(name, hashlib.new(name, b"the artifact").hexdigest())
    made = [sign_blob(b"the artifact", signer)]
    if algorithm is KeyAlgorithm.ED25519:
        with pytest.raises(UsageError) as refused:
            sign_blob(digest, signer)
        assert refused.value.code == "trust.artifact-needed"
    else:
        made.append(sign_blob(digest, signer))
    for each in made:
        content = Bundle.parse(each).content
        assert isinstance(content, MessageSignature)
        assert content.digest == digest
        signer.public_key.check(content.signature, b"the artifact")


def test_a_signer_without_digests_says_so() -> None:
    signer = SshSigner(generate_private_key())
    with pytest.raises(UsageError) as refused:
        sign_blob(Digest("sha256", "a" * 64), signer)
    assert refused.value.code == "trust.artifact-needed"


def test_an_envelope_becomes_a_bundle_of_its_key_only(
    signers: Mapping[str, LocalSigner], an_sbom: bytes
) -> None:
    envelope = sign_statement(an_sbom, signers["p256"])
    bundle = Bundle.parse(bundle_envelope(envelope, signers["p256"].public_key))
    assert isinstance(bundle.content, Envelope)
    assert bundle.content.signatures[0].keyid is None
    with pytest.raises(SignatureInvalidError):
        bundle_envelope(envelope, signers["p384"].public_key)
    twice = Envelope(
        payload_type=envelope.payload_type,
        payload=envelope.payload,
        signatures=envelope.signatures * 2,
    )
    with pytest.raises(UsageError) as refused:
        bundle_envelope(twice, signers["p256"].public_key)
    assert refused.value.code == "trust.one-signature"
