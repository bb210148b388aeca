"""Keys and signatures of SSH, git and cosign."""

from collections.abc import Iterator

from cryptography.hazmat.primitives import serialization

from fuzz import kit
from fuzz.target import Target, expect
from gatebook.names import CommitId
from gatebook.trust.keys import PublicKey
from gatebook.trust.layout.keys import layout_owner_key
from gatebook.trust.signing.cosign_key import decrypt_cosign_key, encrypt_cosign_key
from gatebook.trust.signing.private_keys import load_private_key
from gatebook.trust.ssh.git import GitKind, GitObject, verify_git_object
from gatebook.trust.ssh.keys import SshKey, public_key_from_ssh, ssh_line
from gatebook.trust.ssh.signature import (
    SshSignature,
    check_ssh_signature,
    encode_armor,
    signed_data,
)

NAMESPACE = "gatebook"
MESSAGE = b"a message"
PASSWORD = b"password"


def _public_key(data: bytes) -> None:
    read = PublicKey.parse(data)
    expect(PublicKey.from_der(read.der).spki == read.spki, "a key changed when it was read again")
    expect(layout_owner_key(data).spki == read.spki, "a key differs by who reads it")
    read.may_have_made(data)


def _ssh_key(data: bytes) -> None:
    key = public_key_from_ssh(data.decode("utf-8", "replace"))
    expect(public_key_from_ssh(ssh_line(key)).spki == key.spki, "a key changed on the way")


def _ssh_key_blob(data: bytes) -> None:
    expect(isinstance(SshKey.parse(data), SshKey), "another type")


def _sshsig(data: bytes) -> None:
    read = SshSignature.parse(data)
    expect(isinstance(read, SshSignature), "another type")
    check_ssh_signature(data, MESSAGE, kit.signer("ana").public_key, NAMESPACE)
    expect(read.namespace == NAMESPACE, "a signature for another namespace was taken")


def _sshsig_blob(data: bytes) -> None:
    _sshsig(encode_armor(data))


def _sshsig_wrong_key(data: bytes) -> None:
    check_ssh_signature(data, MESSAGE, kit.signer("nobody").public_key, NAMESPACE)
    expect(not data, "a signature was taken for that of a key that signed nothing")


def _git_object(data: bytes) -> None:
    kind = GitKind.TAG if data[:1] == b"o" else GitKind.COMMIT
    read = GitObject.parse(data, kind=kind)
    expect(isinstance(read.id, CommitId), "another type")
    done = verify_git_object(data, expected=read.id, kind=kind, keys=[kit.signer("ana").public_key])
    expect(done.key == kit.signer("ana").public_key, "another key")


def _cosign_key(data: bytes) -> None:
    expect(bool(decrypt_cosign_key(data, PASSWORD)), "an empty key was read")


def _private_key(data: bytes) -> None:
    load_private_key(data, password=lambda: PASSWORD)


def _pem(who: str) -> bytes:
    return kit.signer(who).public_pem


def _ssh(who: str) -> bytes:
    return ssh_line(kit.signer(who).public_key).encode()


def _signature_blob(namespace: str, message: bytes) -> bytes:
    def word(value: bytes) -> bytes:
        return len(value).to_bytes(4) + value

    public = word(b"ssh-ed25519") + word(kit.ed25519_key("ana").public_key().public_bytes_raw())
    made = kit.ed25519_key("ana").sign(signed_data(namespace, "sha512", message))
    signature = word(b"ssh-ed25519") + word(made)
    head = b"SSHSIG" + (1).to_bytes(4) + word(public) + word(namespace.encode())
    return head + word(b"") + word(b"sha512") + word(signature)


def _commits() -> Iterator[bytes]:
    person = b"Ana <ana@acme.example> 1767225600 +0000"
    head = b"tree " + b"a" * 40 + b"\nparent " + b"b" * 40 + b"\nauthor " + person
    head += b"\ncommitter " + person
    message = b"\n\nA change\n"
    armor = encode_armor(_signature_blob("git", head + message)).strip().replace(b"\n", b"\n ")
    yield head + b"\ngpgsig " + armor + message
    yield head + message
    tag = b"object " + b"a" * 40 + b"\ntype commit\ntag v1\ntagger " + person + b"\n\nRelease\n"
    yield tag + encode_armor(_signature_blob("git", tag))
    yield tag


def _private_keys() -> Iterator[bytes]:
    for key in (kit.ed25519_key("ana"), kit.p256_key("ben")):
        yield key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )


def _cosign_keys() -> Iterator[bytes]:
    der = kit.p256_key("ben").private_bytes(
        serialization.Encoding.DER,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    yield encrypt_cosign_key(der, PASSWORD)


TARGETS = (
    Target(name="public-key", check=_public_key, seeds=lambda: [_pem("ana")], max_len=4096),
    Target(name="ssh-key", check=_ssh_key, seeds=lambda: [_ssh("ana")], max_len=4096),
    Target(
        name="ssh-key-blob",
        check=_ssh_key_blob,
        seeds=lambda: [SshKey.of(kit.signer("ana").public_key).blob],
        max_len=4096,
    ),
    Target(
        name="sshsig",
        check=_sshsig,
        seeds=lambda: [encode_armor(_signature_blob(NAMESPACE, MESSAGE))],
        max_len=4096,
    ),
    Target(
        name="sshsig-blob",
        check=_sshsig_blob,
        seeds=lambda: [_signature_blob(NAMESPACE, MESSAGE)],
        max_len=4096,
    ),
    Target(
        name="sshsig-wrong-key",
        check=_sshsig_wrong_key,
        seeds=lambda: [encode_armor(_signature_blob(NAMESPACE, MESSAGE))],
        max_len=4096,
    ),
    Target(name="git-object", check=_git_object, seeds=_commits),
    # Private keys are never kept, not even these.
    Target(
        name="cosign-key", check=_cosign_key, seeds=_cosign_keys, max_len=4096, recordable=False
    ),
    Target(
        name="private-key", check=_private_key, seeds=_private_keys, max_len=4096, recordable=False
    ),
)
