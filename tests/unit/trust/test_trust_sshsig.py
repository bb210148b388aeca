"""SSH signatures: those of the real ssh-keygen, ours, and those that must not count."""

import base64
import hashlib
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from hypothesis import given, settings
from hypothesis import strategies as st

from gatebook.errors import GatebookError, MalformedError, UsageError
from gatebook.formats.dsse import Envelope
from gatebook.trust.identity import KeyAlgorithm
from gatebook.trust.keys import KeyMalformedError, PublicKey, SignatureInvalidError, public_key
from gatebook.trust.signing.password import PasswordNeededError
from gatebook.trust.signing.private_keys import (
    KeyFileForm,
    LocalKey,
    encode_private_key,
    generate_private_key,
    load_private_key,
)
from gatebook.trust.ssh.keys import (
    SshFormatError,
    SshKey,
    public_key_from_ssh,
    ssh_line,
    ssh_number,
    ssh_string,
)
from gatebook.trust.ssh.signature import (
    GATEBOOK,
    GIT,
    SshSignature,
    check_ssh_signature,
    signed_data,
)
from gatebook.trust.ssh.signer import SshSigner, envelope_signed_outside, statement_to_sign

DATA = b"the release of acme/api 1.4.2"
ALGORITHMS = [
    KeyAlgorithm.ED25519,
    KeyAlgorithm.ECDSA_P256,
    KeyAlgorithm.ECDSA_P384,
    KeyAlgorithm.ECDSA_P521,
    KeyAlgorithm.RSA_PKCS1,
]
SK_ED25519 = "sk-ssh-ed25519@openssh.com"
SK_ECDSA = "sk-ecdsa-sha2-nistp256@openssh.com"


@pytest.fixture(scope="session")
def keys() -> dict[KeyAlgorithm, LocalKey]:
    return {each: generate_private_key(each) for each in ALGORITHMS}


@pytest.fixture
def ana(keys: dict[KeyAlgorithm, LocalKey]) -> SshSigner:
    return SshSigner(keys[KeyAlgorithm.ED25519])


def code_of(act: Callable[[], object]) -> str:
    with pytest.raises(GatebookError) as refused:
        act()
    return refused.value.code


class Keygen:
    """The real ssh-keygen, in a directory of its own."""

    def __init__(self, place: Path) -> None:
        self.place = place

    def run(self, *arguments: str, given: bytes = b"") -> subprocess.CompletedProcess[bytes]:
        return subprocess.run(
            ["ssh-keygen", *arguments],
            cwd=self.place,
            input=given,
            capture_output=True,
            check=False,
            env={"PATH": "/usr/bin:/bin", "HOME": str(self.place)},
        )

    def make(self, *kind: str, password: str = "") -> tuple[bytes, PublicKey]:
        done = self.run("-q", "-t", *kind, "-N", password, "-C", "ana@example.com", "-f", "id")
        assert done.returncode == 0, done.stderr
        line = (self.place / "id.pub").read_text()
        return (self.place / "id").read_bytes(), public_key_from_ssh(line)

    def sign(self, data: bytes, namespace: str, *options: str) -> bytes:
        (self.place / "file").write_bytes(data)
        (self.place / "file.sig").unlink(missing_ok=True)
        done = self.run("-Y", "sign", "-n", namespace, *options, "-f", "id", "file")
        assert done.returncode == 0, done.stderr
        return (self.place / "file.sig").read_bytes()

    def verifies(self, armored: bytes, data: bytes, namespace: str, line: str) -> bool:
        (self.place / "sig").write_bytes(armored)
        (self.place / "allowed").write_text(f"ana@example.com {line}\n")
        arguments = ("-f", "allowed", "-I", "ana@example.com", "-n", namespace, "-s", "sig")
        return self.run("-Y", "verify", *arguments, given=data).returncode == 0


@pytest.fixture
def keygen(tmp_path: Path) -> Keygen:
    if shutil.which("ssh-keygen", path="/usr/bin:/bin") is None:
        pytest.skip("ssh-keygen (openssh-client) is not installed")
    return Keygen(tmp_path)


@pytest.mark.parametrize(
    "kind",
    [("ed25519",), ("ecdsa", "-b", "256"), ("ecdsa", "-b", "384"), ("ecdsa", "-b", "521"),
     ("rsa", "-b", "2048")],
    ids="-".join,
)  # fmt: skip
def test_what_ssh_keygen_signs_is_verified_and_what_we_sign_it_verifies(
    keygen: Keygen, kind: tuple[str, ...]
) -> None:
    private, public = keygen.make(*kind)
    for option in ("hashalg=sha512", "hashalg=sha256"):
        check_ssh_signature(keygen.sign(DATA, GATEBOOK, "-O", option), DATA, public, GATEBOOK)
    signer = SshSigner.from_key_file(private)
    assert signer.public_key == public
    ours = signer.sign_armored(DATA)
    check_ssh_signature(ours, DATA, public, GATEBOOK)
    assert keygen.verifies(ours, DATA, GATEBOOK, ssh_line(public))
    assert not keygen.verifies(ours, DATA, GIT, ssh_line(public))


def test_armor_is_written_as_ssh_keygen_writes_it(keygen: Keygen) -> None:
    keygen.make("ed25519")
    theirs = keygen.sign(DATA, GATEBOOK)
    assert SshSignature.parse(theirs).armor() == theirs


def test_an_approval_is_signed_outside(
    keygen: Keygen, a_provenance: Callable[..., bytes], ana: SshSigner
) -> None:
    _, public = keygen.make("ed25519")
    statement = a_provenance()
    armored = keygen.sign(statement_to_sign(statement), GATEBOOK)
    envelope = envelope_signed_outside(statement, armored)
    assert Envelope.parse(envelope.encode()) == envelope
    check_ssh_signature(envelope.signatures[0].sig, envelope.signed_bytes, public, GATEBOOK)
    # Another statement, another namespace, another file format: each shows at once.
    with pytest.raises(SignatureInvalidError):
        envelope_signed_outside(a_provenance(digest="b" * 64), armored)
    elsewhere = keygen.sign(statement_to_sign(statement), "file")
    assert code_of(lambda: envelope_signed_outside(statement, elsewhere)) == "trust.ssh-namespace"
    with pytest.raises(MalformedError):
        envelope_signed_outside(b"{}", ana.sign(b"{}"))


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_a_signature_counts_for_its_key_data_and_namespace_only(
    keys: dict[KeyAlgorithm, LocalKey], algorithm: KeyAlgorithm
) -> None:
    signer = SshSigner(keys[algorithm])
    blob = signer.sign(DATA)
    check_ssh_signature(blob, DATA, signer.public_key, GATEBOOK)
    with pytest.raises(SignatureInvalidError):
        check_ssh_signature(blob, DATA + b".", signer.public_key, GATEBOOK)
    assert (
        code_of(lambda: check_ssh_signature(blob, DATA, signer.public_key, GIT))
        == "trust.ssh-namespace"
    )
    other = public_key(generate_private_key().public_key())
    assert (
        code_of(lambda: check_ssh_signature(blob, DATA, other, GATEBOOK)) == "trust.ssh-other-key"
    )


def test_the_namespace_is_signed(ana: SshSigner) -> None:
    blob = ana.sign(DATA)
    renamed = blob.replace(ssh_string(GATEBOOK), ssh_string(GIT))
    assert renamed != blob
    assert (
        code_of(lambda: check_ssh_signature(renamed, DATA, ana.public_key, GIT))
        == "trust.no-valid-signature"
    )


def test_the_key_within_is_no_authority(ana: SshSigner) -> None:
    mallory = SshSigner(generate_private_key())
    claimed = mallory.sign(DATA).replace(
        SshKey.of(mallory.public_key).blob, SshKey.of(ana.public_key).blob
    )
    assert (
        code_of(lambda: check_ssh_signature(claimed, DATA, ana.public_key, GATEBOOK))
        == "trust.no-valid-signature"
    )


def test_an_rsa_key_that_signs_with_pss_makes_no_ssh_signatures(
    keys: dict[KeyAlgorithm, LocalKey],
) -> None:
    signer = SshSigner(keys[KeyAlgorithm.RSA_PKCS1])
    pss = PublicKey.from_der(signer.public_key.der, pss=True)
    blob = signer.sign(DATA)
    assert code_of(lambda: check_ssh_signature(blob, DATA, pss, GATEBOOK)) == "trust.ssh-other-key"


def test_sha1_is_not_believed(keys: dict[KeyAlgorithm, LocalKey]) -> None:
    key = keys[KeyAlgorithm.RSA_PKCS1]
    assert isinstance(key, rsa.RSAPrivateKey)
    public = SshKey.of(public_key(key.public_key()))
    data = signed_data(GATEBOOK, "sha512", DATA)
    good = signature(
        public.blob, "rsa-sha2-256", key.sign(data, padding.PKCS1v15(), hashes.SHA256())
    )
    check_ssh_signature(good, DATA, public.public_key, GATEBOOK)
    for bad in (
        signature(public.blob, "ssh-rsa", key.sign(data, padding.PKCS1v15(), hashes.SHA1())),  # noqa: S303  # the point
        good.replace(ssh_string("sha512"), ssh_string("sha1")),
    ):
        assert (
            code_of(
                lambda bad=bad: check_ssh_signature(bad, DATA, public.public_key, GATEBOOK)  # type: ignore[misc]
            )
            == "trust.ssh-algorithm"
        )


def test_an_algorithm_of_another_key_is_not_believed(ana: SshSigner) -> None:
    blob = ana.sign(DATA)
    inner = ssh_string("ssh-ed25519") + ssh_string(blob[-64:])
    swapped = blob.removesuffix(ssh_string(inner)) + ssh_string(
        ssh_string("rsa-sha2-512") + ssh_string(blob[-64:])
    )
    assert code_of(lambda: SshSignature.parse(swapped)) == "trust.ssh-algorithm"


def signature(key_blob: bytes, algorithm: str, value: bytes, ending: bytes = b"") -> bytes:
    """An SSH signature put together by hand."""
    inner = ssh_string(algorithm) + ssh_string(value) + ending
    fields = (key_blob, GATEBOOK, b"", "sha512", inner)
    return b"SSHSIG" + (1).to_bytes(4) + b"".join(ssh_string(each) for each in fields)


class SecurityKey:
    """What a FIDO token does when ssh-keygen asks it to sign (OpenSSH PROTOCOL.u2f)."""

    def __init__(self, kind: str, application: str = "ssh:") -> None:
        self.kind, self.application = kind, application
        self.key: Any
        if kind == SK_ED25519:
            self.key = ed25519.Ed25519PrivateKey.generate()
            public = ssh_string(self.key.public_key().public_bytes_raw())
        else:
            self.key = ec.generate_private_key(ec.SECP256R1())
            point = self.key.public_key().public_bytes(
                serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint
            )
            public = ssh_string("nistp256") + ssh_string(point)
        self.blob = ssh_string(kind) + public + ssh_string(application)
        self.line = f"{kind} {base64.b64encode(self.blob).decode()}"

    def sign(self, data: bytes, *, flags: int = 0x01) -> bytes:
        ending = bytes([flags]) + (7).to_bytes(4)
        application = hashlib.sha256(self.application.encode()).digest()
        message = hashlib.sha256(signed_data(GATEBOOK, "sha512", data)).digest()
        signed = application + ending + message
        if self.kind == SK_ED25519:
            value = self.key.sign(signed)
        else:
            r, s = decode_dss_signature(self.key.sign(signed, ec.ECDSA(hashes.SHA256())))
            value = ssh_number(r) + ssh_number(s)
        return signature(self.blob, self.kind, value, ending)


@pytest.mark.parametrize("kind", [SK_ED25519, SK_ECDSA])
def test_a_security_key_signs_when_it_is_touched(keygen: Keygen, kind: str) -> None:
    token = SecurityKey(kind)
    public = public_key_from_ssh(token.line)
    blob = token.sign(DATA)
    check_ssh_signature(blob, DATA, public, GATEBOOK)
    assert keygen.verifies(SshSignature.parse(blob).armor(), DATA, GATEBOOK, token.line)
    assert not SshSignature.parse(blob).user_verified
    assert SshSignature.parse(token.sign(DATA, flags=0x05)).user_verified
    with pytest.raises(SignatureInvalidError):
        check_ssh_signature(blob, b"something else", public, GATEBOOK)
    untouched = token.sign(DATA, flags=0x00)
    assert (
        code_of(lambda: check_ssh_signature(untouched, DATA, public, GATEBOOK))
        == "trust.ssh-presence"
    )
    # The flags are signed: they cannot be set afterwards.
    set_later = untouched[:-5] + b"\x01" + untouched[-4:]
    assert (
        code_of(lambda: check_ssh_signature(set_later, DATA, public, GATEBOOK))
        == "trust.no-valid-signature"
    )


def test_a_key_pair_of_a_web_site_signs_nothing() -> None:
    assert SecurityKey(SK_ED25519, "ssh:work").sign(DATA)
    for application, code in (("ssh:work", None), ("https://login.example.com", "application")):
        token = SecurityKey(SK_ED25519, application)
        public, blob = public_key_from_ssh(token.line), token.sign(DATA)
        if code is None:
            check_ssh_signature(blob, DATA, public, GATEBOOK)
            continue
        refused = code_of(lambda: check_ssh_signature(blob, DATA, public, GATEBOOK))  # noqa: B023  # at once
        assert refused == "trust.ssh-application"


@pytest.mark.parametrize(
    "change",
    [
        lambda _: b"",
        lambda _: b"SSHSIG",
        lambda blob: blob[:-1],
        lambda blob: blob + b"\0",
        lambda blob: b"sshsig" + blob[6:],
        lambda blob: blob[:6] + (2).to_bytes(4) + blob[10:],
        lambda blob: blob.replace(ssh_string(GATEBOOK), ssh_string("")),
        lambda blob: blob.replace(ssh_string(GATEBOOK), ssh_string("gate\0ook")),
        lambda blob: blob.replace(b"\0\0\0\x40", b"\0\0\0\x3f"),
        lambda blob: blob + bytes(40_000),
    ],
    ids=[
        "nothing",
        "magic only",
        "cut off",
        "a byte more",
        "another magic",
        "another version",
        "no namespace",
        "not printable",
        "a length less",
        "too long",
    ],
)
def test_a_signature_written_otherwise_is_refused(
    ana: SshSigner, change: Callable[[bytes], bytes]
) -> None:
    changed = change(ana.sign(DATA))
    with pytest.raises(SshFormatError):
        SshSignature.parse(changed)


@pytest.mark.parametrize(
    "change",
    [
        lambda text: b"\n" + text,
        lambda text: b"text before\n" + text,
        lambda text: text + b"text after\n",
        lambda text: text + text,
        lambda text: text.replace(b"SSH SIGNATURE", b"PGP SIGNATURE"),
        lambda text: text.replace(b"-----END SSH SIGNATURE-----\n", b""),
        lambda text: text.replace(b"U1NI", b"U1N*", 1),
        lambda text: text.replace(b"U1NI", b"U1N ", 1),
        lambda text: text.replace(b"U1NI", b"U1N=", 1),
    ],
    ids=[
        "line before",
        "text before",
        "text after",
        "twice",
        "another label",
        "no end",
        "not base64",
        "a space",
        "padding within",
    ],
)
def test_armor_written_otherwise_is_refused(
    ana: SshSigner, change: Callable[[bytes], bytes]
) -> None:
    armored = ana.sign_armored(DATA)
    SshSignature.parse(armored)
    SshSignature.parse(armored.replace(b"\n", b"\r\n"))
    with pytest.raises(SshFormatError):
        SshSignature.parse(change(armored))


def test_numbers_have_one_form(keys: dict[KeyAlgorithm, LocalKey]) -> None:
    key = keys[KeyAlgorithm.ECDSA_P256]
    assert isinstance(key, ec.EllipticCurvePrivateKey)
    public = SshKey.of(public_key(key.public_key()))
    data = signed_data(GATEBOOK, "sha512", DATA)
    r, s = decode_dss_signature(key.sign(data, ec.ECDSA(hashes.SHA256())))
    good = signature(public.blob, public.kind, ssh_number(r) + ssh_number(s))
    check_ssh_signature(good, DATA, public.public_key, GATEBOOK)
    longer = ssh_string(b"\0" + ssh_number(r)[4:])
    for value in (longer + ssh_number(s), ssh_number(r), ssh_number(r) + ssh_string(b"")):
        bad = signature(public.blob, public.kind, value)
        with pytest.raises(SshFormatError):
            check_ssh_signature(bad, DATA, public.public_key, GATEBOOK)


def test_lines_of_authorized_keys(ana: SshSigner) -> None:
    line = ssh_line(ana.public_key)
    for written in (line, line + "\n", f"{line} ana@example.com", f"{line} a b c"):
        assert public_key_from_ssh(written) == ana.public_key
    kind, text = line.split()
    for bad in (
        "",
        kind,
        text,
        f"restrict {line}",
        f'command="sh" {line}',
        f"ana@example.com {line}",
        f"{line}\n{line}",
        f"{kind} {text[:-4]}",
        f"{kind} {text}AAAA",
        f"ssh-rsa {text}",
        f"ecdsa-sha2-nistp256 {text}",
        f"{kind} {text[:-2]}*=",
        f"{line} {'x' * 40_000}",
    ):
        with pytest.raises(MalformedError):
            public_key_from_ssh(bad)


def test_keys_that_are_not_believed_are_refused(keygen: Keygen) -> None:
    small = rsa.generate_private_key(65537, 1024)  # noqa: S505  # the point
    line = small.public_key().public_bytes(
        serialization.Encoding.OpenSSH, serialization.PublicFormat.OpenSSH
    )
    dss = ssh_string("ssh-dss") + ssh_number(3) * 4
    for written in (line.decode(), f"ssh-dss {base64.b64encode(dss).decode()}"):
        with pytest.raises(KeyMalformedError):
            public_key_from_ssh(written)
    keygen.make("ed25519")
    (keygen.place / "ca").write_bytes((keygen.place / "id").read_bytes())
    (keygen.place / "ca").chmod(0o600)
    assert keygen.run("-q", "-s", "ca", "-I", "ana", "-n", "ana", "id.pub").returncode == 0
    certificate = (keygen.place / "id-cert.pub").read_text()
    with pytest.raises(KeyMalformedError):
        public_key_from_ssh(certificate)


@pytest.mark.parametrize(
    "blob",
    [
        ssh_string("ssh-ed25519") + ssh_string(bytes(31)),
        ssh_string("ssh-ed25519") + ssh_string(bytes(32)) + b"\0",
        ssh_string("ecdsa-sha2-nistp256") + ssh_string("nistp384") + ssh_string(b"\4" + bytes(96)),
        ssh_string("ecdsa-sha2-nistp256") + ssh_string("nistp256") + ssh_string(b"\4" + bytes(64)),
        ssh_string("ecdsa-sha2-nistp256") + ssh_string("nistp256") + ssh_string(b"\2" + bytes(32)),
        ssh_string("ssh-rsa") + ssh_number(1) + ssh_number(2**2048 + 1),
        ssh_string("ssh-rsa") + ssh_string(b"") + ssh_number(2**2048 + 1),
        ssh_string("ssh-rsa") + ssh_string(b"\x80") + ssh_number(2**2048 + 1),
        ssh_string(SK_ED25519) + ssh_string(bytes(32)),
        ssh_string("none"),
        (2**32 - 1).to_bytes(4),
        bytes(20_000),
        b"",
    ],
)
def test_blobs_that_are_no_keys_are_refused(blob: bytes) -> None:
    with pytest.raises(MalformedError):
        SshKey.parse(blob)


def test_a_key_on_a_security_key_says_where_to_sign() -> None:
    # The form that ssh-keygen -t ed25519-sk writes: only a handle, no private key.
    public = ssh_string(SK_ED25519) + ssh_string(bytes(32)) + ssh_string("ssh:")
    secret = bytes(8) + public + b"\1" + ssh_string(b"handle") + ssh_string(b"") + ssh_string(b"c")
    secret += bytes(range(1, 9))[: -len(secret) % 8]
    body = b"openssh-key-v1\0" + b"".join(
        (ssh_string("none"), ssh_string("none"), ssh_string(b""), (1).to_bytes(4),
         ssh_string(public), ssh_string(secret))
    )  # fmt: skip
    text = base64.encodebytes(body).decode()
    data = f"-----BEGIN OPENSSH PRIVATE KEY-----\n{text}-----END OPENSSH PRIVATE KEY-----\n"
    with pytest.raises(UsageError) as refused:
        SshSigner.from_key_file(data.encode())
    assert refused.value.code == "trust.security-key"
    assert refused.value.hint is not None
    assert "ssh-keygen -Y sign" in refused.value.hint


def test_an_encrypted_openssh_key(keygen: Keygen) -> None:
    private, public = keygen.make("ed25519", password="sesame")  # noqa: S106  # of the test
    with pytest.raises(PasswordNeededError) as refused:
        SshSigner.from_key_file(private)
    assert refused.value.code == "trust.password-needed"
    try:
        import bcrypt  # type: ignore[import-not-found]  # noqa: F401  # not one of our dependencies
    except ImportError:
        opened = lambda: SshSigner.from_key_file(private, password=lambda: b"sesame")  # noqa: E731
        assert code_of(opened) == "trust.bcrypt-missing"
        return
    assert SshSigner.from_key_file(private, password=lambda: b"sesame").public_key == public
    wrong = lambda: SshSigner.from_key_file(private, password=lambda: b"simsim")  # noqa: E731
    assert code_of(wrong) == "trust.password-wrong"


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_our_keys_in_openssh_form_are_openssh_keys(
    keygen: Keygen, keys: dict[KeyAlgorithm, LocalKey], algorithm: KeyAlgorithm
) -> None:
    written = encode_private_key(keys[algorithm], form=KeyFileForm.OPENSSH)
    file = keygen.place / "ours"
    file.write_bytes(written)
    file.chmod(0o600)
    line = keygen.run("-y", "-f", "ours").stdout.decode()
    assert public_key_from_ssh(line) == public_key(keys[algorithm].public_key())
    again = load_private_key(written).public_key()
    assert public_key(again) == public_key(keys[algorithm].public_key())


@given(st.binary(max_size=300))
@settings(max_examples=200)
def test_no_bytes_are_a_signature_by_chance(data: bytes) -> None:
    key = public_key(ed25519.Ed25519PrivateKey.from_private_bytes(bytes(32)).public_key())
    for given_bytes in (data, b"SSHSIG" + data, b"SSHSIG\0\0\0\1" + data):
        with pytest.raises(GatebookError):
            check_ssh_signature(given_bytes, DATA, key, GATEBOOK)


@given(st.integers(0, 400), st.integers(1, 255))
@settings(max_examples=300)
def test_a_changed_byte_is_never_believed(position: int, flip: int) -> None:
    key = ed25519.Ed25519PrivateKey.from_private_bytes(bytes(32))
    signer = SshSigner(key)
    blob = bytearray(signer.sign(DATA))
    blob[position % len(blob)] ^= flip
    with pytest.raises(GatebookError):
        check_ssh_signature(bytes(blob), DATA, signer.public_key, GATEBOOK)
