"""cosign's key files: ours read back, the same box made by other means, and hostile ones."""

import base64
import hashlib
import json
from collections.abc import Callable
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from hypothesis import given, settings
from hypothesis import strategies as st
from nacl.secret import SecretBox

from gatebook.errors import GatebookError, MalformedError
from gatebook.trust.identity import KeyAlgorithm
from gatebook.trust.signing.cosign_key import (
    CosignKeyError,
    decrypt_cosign_key,
    encrypt_cosign_key,
    is_cosign_key,
)
from gatebook.trust.signing.password import PasswordNeededError, PasswordWrongError
from gatebook.trust.signing.private_keys import (
    KeyFileForm,
    encode_private_key,
    generate_private_key,
)
from gatebook.trust.signing.signers import LocalSigner, generate_key_pair

SALT, NONCE = bytes(range(32)), bytes(range(24))


def pem(content: bytes, label: str = "ENCRYPTED SIGSTORE PRIVATE KEY") -> bytes:
    lines = base64.encodebytes(content).decode()
    return f"-----BEGIN {label}-----\n{lines}-----END {label}-----\n".encode()


def text(data: bytes) -> str:
    return base64.b64encode(data).decode()


def document(secret: bytes = b"plain", password: bytes = b"sesame", cost: int = 2**15) -> Any:
    """The JSON of go-securesystemslib, made with another library's scrypt and box."""
    key = hashlib.scrypt(password, salt=SALT, n=cost, r=8, p=1, dklen=32, maxmem=2**28)
    box = SecretBox(key).encrypt(secret, NONCE).ciphertext
    return {
        "kdf": {"name": "scrypt", "params": {"N": cost, "r": 8, "p": 1}, "salt": text(SALT)},
        "cipher": {"name": "nacl/secretbox", "nonce": text(NONCE)},
        "ciphertext": text(box),
    }


@pytest.mark.parametrize(
    "label", ["ENCRYPTED SIGSTORE PRIVATE KEY", "ENCRYPTED COSIGN PRIVATE KEY"]
)
@pytest.mark.parametrize("cost", [2**15, 2**16, 2**17])
def test_boxes_made_by_others_open(label: str, cost: int) -> None:
    data = pem(json.dumps(document(cost=cost)).encode(), label)
    assert is_cosign_key(data)
    assert decrypt_cosign_key(data, b"sesame") == b"plain"


@pytest.mark.parametrize("algorithm", [KeyAlgorithm.ECDSA_P256, KeyAlgorithm.ED25519])
def test_a_key_pair_in_cosigns_form(algorithm: KeyAlgorithm) -> None:
    private, public = generate_key_pair(algorithm, form=KeyFileForm.COSIGN, password=b"sesame")
    assert private.startswith(b"-----BEGIN ENCRYPTED SIGSTORE PRIVATE KEY-----\n")
    signer = LocalSigner.from_pem(private, password=lambda: b"sesame")
    assert signer.public_pem == public
    with pytest.raises(PasswordNeededError) as needed:
        LocalSigner.from_pem(private)
    assert needed.value.code == "trust.password-needed"
    for wrong in (b"", b"simsim"):
        with pytest.raises(PasswordWrongError) as refused:
            LocalSigner.from_pem(private, password=lambda wrong=wrong: wrong)  # type: ignore[misc]
        assert refused.value.code == "trust.password-wrong"


def test_an_empty_password_is_one() -> None:
    private, public = generate_key_pair(KeyAlgorithm.ECDSA_P256, form=KeyFileForm.COSIGN)
    assert LocalSigner.from_pem(private, password=lambda: b"").public_pem == public


def test_salt_and_nonce_are_never_used_twice() -> None:
    key = generate_private_key()
    first, second = (encode_private_key(key, form=KeyFileForm.COSIGN) for _ in range(2))
    assert first != second


def test_what_is_in_the_box_must_be_a_key() -> None:
    with pytest.raises(MalformedError):
        LocalSigner.from_pem(encrypt_cosign_key(b"no key", b"x"), password=lambda: b"x")


def put(place: str, value: object) -> Callable[[Any], None]:
    def change(content: Any) -> None:
        *path, last = place.split(".")
        for name in path:
            content = content[name]
        content[last] = value

    return change


HOSTILE = {
    "all memory": put("kdf.params.N", 2**30),
    "a cheap guess": put("kdf.params.N", 2),
    "no power of two": put("kdf.params.N", 65537),
    "wide blocks": put("kdf.params.r", 2**20),
    "many lanes": put("kdf.params.p", 2**20),
    "a boolean": put("kdf.params.p", True),  # noqa: FBT003  # the value of a JSON field
    "a float": put("kdf.params.N", 32768.0),
    "a text": put("kdf.params.N", "32768"),
    "nothing": put("kdf.params", {}),
}
BROKEN = {
    "another kdf": put("kdf.name", "pbkdf2"),
    "another cipher": put("cipher.name", "aes"),
    "short nonce": put("cipher.nonce", text(NONCE[:-1])),
    "short salt": put("kdf.salt", text(SALT[:-1])),
    "short box": put("ciphertext", text(bytes(15))),
    "no base64": put("ciphertext", "*"),
    "loose base64": put("cipher.nonce", text(NONCE) + "\n"),
    "no kdf": put("kdf", None),
    "kdf is a list": put("kdf", []),
    "ciphertext is a number": put("ciphertext", 1),
}


@pytest.mark.parametrize("change", HOSTILE.values(), ids=HOSTILE.keys())
def test_costs_that_cosign_never_writes_are_refused(change: Callable[[Any], None]) -> None:
    content = document()
    change(content)
    with pytest.raises(CosignKeyError) as refused:
        decrypt_cosign_key(pem(json.dumps(content).encode()), b"sesame")
    assert refused.value.code == "trust.cosign-key-cost"


@pytest.mark.parametrize("change", BROKEN.values(), ids=BROKEN.keys())
def test_other_documents_are_refused(change: Callable[[Any], None]) -> None:
    content = document()
    change(content)
    with pytest.raises(MalformedError) as refused:
        decrypt_cosign_key(pem(json.dumps(content).encode()), b"sesame")
    assert refused.value.code == "trust.cosign-key"


def test_changed_boxes_do_not_open() -> None:
    content = document()
    box = bytearray(base64.b64decode(content["ciphertext"]))
    box[-1] ^= 1
    content["ciphertext"] = text(bytes(box))
    with pytest.raises(PasswordWrongError):
        decrypt_cosign_key(pem(json.dumps(content).encode()), b"sesame")


def test_other_blocks_are_refused() -> None:
    good = pem(json.dumps(document()).encode())
    twice = json.dumps(document()).replace('{"kdf"', '{"kdf": {}, "kdf"', 1).encode()
    for bad in (
        b"",
        good + good,
        b"text\n" + good,
        good.replace(b"-----END ENCRYPTED SIGSTORE", b"-----END ENCRYPTED COSIGN"),
        pem(b"[]"),
        pem(b"{"),
        pem(twice),
        pem(b" " * 100_000),
        good.replace(b"eyJ", b"e*J", 1),
    ):
        with pytest.raises(MalformedError):
            decrypt_cosign_key(bad, b"sesame")


def test_other_keys_are_not_taken_for_cosigns() -> None:
    key = generate_private_key()
    plain = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.BestAvailableEncryption(b"x"),
    )
    assert not is_cosign_key(plain)


@given(st.binary(max_size=200))
@settings(max_examples=100)
def test_no_bytes_open_by_chance(data: bytes) -> None:
    for given_bytes in (data, pem(data)):
        with pytest.raises(GatebookError):
            decrypt_cosign_key(given_bytes, b"")
