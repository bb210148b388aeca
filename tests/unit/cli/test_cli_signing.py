"""Signing on the command line: with every kind of key, with a time, outside, by identity."""

import base64
import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from rfc3161_client import VerifierBuilder, decode_timestamp_response

from gatebook.digest import sha256
from gatebook.formats.bundle import Bundle, KeyHint, MessageSignature
from gatebook.formats.dsse import Envelope
from gatebook.trust.keys import PublicKey
from gatebook.trust.ssh.signature import MAGIC

SECRET = {"GATEBOOK_KEY_PASSWORD": "correct horse"}
ATTEST = ("attest", "app.bin", "--type", "sbom", "--predicate", "sbom.json")
ONLY_SIGN = (*ATTEST, "--no-accept", "--output", "signed.json")
APPROVE = ("approve", "app.bin", "-e", "prod")


def kinds(desk: Any) -> list[str]:
    return [entry["kind"] for entry in desk.entries()]


def key_of(desk: Any, name: str) -> PublicKey:
    return PublicKey.parse(desk.json("key", "public", f"{name}.pub")["pem"].encode())


# -- keys ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("form", ["pem", "openssh", "cosign"])
@pytest.mark.parametrize("written", ["envelope", "bundle"])
def test_evidence_signed_with_any_form_of_key_is_accepted(
    desk: Any, form: str, written: str
) -> None:
    desk.do("key", "generate", "-o", "ci", "--format", form, "--algorithm", "ecdsa-p256",
            env=SECRET)  # fmt: skip
    desk.open_book(("ci", "ci.pub"))
    desk.do(*ATTEST, "--key", "ci", "--format", written, "-o", "signed.json", env=SECRET)
    assert desk.entries()[0]["body"]["signers"][0]["holder"] == "key#ci"
    desk.do("verify", "--book", ".gatebook")

    signed = desk.read("signed.json")
    key = key_of(desk, "ci")
    if written == "bundle":
        bundle = Bundle.parse(signed)
        assert json.loads(signed)["mediaType"].endswith(".v0.3+json")
        assert bundle.material == KeyHint(hint=base64.b64encode(key.spki.raw).decode())
        content = bundle.content
    else:
        content = Envelope.parse(signed)
        assert content.signatures[0].keyid == key.spki.hex
    assert isinstance(content, Envelope)
    # An OpenSSH key signs evidence like any other key, so that others can verify it too.
    key.check(content.signatures[0].sig, content.signed_bytes)


@pytest.mark.filterwarnings("default")  # the clouds' own libraries warn of themselves
def test_evidence_signed_in_a_service_is_accepted(desk: Any, aws: Any) -> None:
    made = aws.create_key(KeySpec="ECC_NIST_P256", KeyUsage="SIGN_VERIFY")["KeyMetadata"]["KeyId"]
    aws.create_alias(AliasName="alias/cli", TargetKeyId=made)
    desk.write("ci.pub", desk.do("key", "public", "awskms:alias/cli", "--format", "pem").out)
    desk.open_book(("ci", "ci.pub"))
    desk.do(*ATTEST, "--key", "awskms:alias/cli")
    assert kinds(desk)[0] == "evidence.accepted"
    desk.do(*ATTEST, env={"GATEBOOK_KEY": "awskms:alias/cli"})
    desk.refused(6, "connectors.kms", *ATTEST, "--key", "awskms:alias/nobody")
    desk.refused(2, "connectors.kms-uri", *ATTEST, "--key", "hv:")


def test_a_key_that_others_can_read_signs_nothing(desk: Any) -> None:
    for form in ("pem", "openssh", "cosign"):
        desk.do("key", "generate", "-o", form, "--format", form, env=SECRET)
        (desk.directory / form).chmod(0o604)
        desk.refused(2, "workspace.key-readable", *ONLY_SIGN, "--key", form, env=SECRET)
    assert not (desk.directory / "signed.json").exists()


def test_a_password_is_taken_from_a_variable_only(desk: Any) -> None:
    desk.do("key", "generate", "-o", "k", "--encrypt", env=SECRET)
    desk.refused(2, "cli.password", *ONLY_SIGN, "--key", "k", given=b"correct horse\n")
    desk.refused(2, "cli.usage", *ONLY_SIGN, "--key", "k", "--password", "correct horse")
    desk.do(*ONLY_SIGN, "--key", "k", env=SECRET)


# -- timestamps ------------------------------------------------------------------------------------


def test_a_bundle_carries_the_time_of_an_authority(desk: Any, server: Any, authority: Any) -> None:
    server.answer = lambda asked: (200, {}, authority.answer(asked.body))
    desk.do("key", "generate", "-o", "k")
    desk.do(*ONLY_SIGN, "--key", "k", "--timestamp-url", server.url)
    (timestamp,) = check_times(desk.read("signed.json"), authority)
    assert len(server.seen) == 1
    desk.do(*ONLY_SIGN, "--key", "k", "--timestamp-url", server.url, "--timestamp-url", server.url)
    assert timestamp not in check_times(desk.read("signed.json"), authority)
    assert len(server.seen) == 3

    desk.do("sign", "app.bin", "--key", "k", "-o", "blob.json", "--timestamp-url", server.url)
    check_times(desk.read("blob.json"), authority)


def check_times(signed: bytes, authority: Any) -> tuple[bytes, ...]:
    from cryptography import x509

    bundle = Bundle.parse(signed)
    content = bundle.content
    signature = (
        content.signature if isinstance(content, MessageSignature) else content.signatures[0].sig
    )
    certificate = x509.load_pem_x509_certificate((authority.place / "ca.pem").read_bytes())
    verifier = VerifierBuilder().add_root_certificate(certificate).build()
    assert bundle.timestamps
    for each in bundle.timestamps:
        assert verifier.verify_message(decode_timestamp_response(each), signature)
    return bundle.timestamps


def test_without_the_time_that_was_asked_for_nothing_is_signed(desk: Any, server: Any) -> None:
    desk.do("key", "generate", "-o", "k")
    stamped = (*ONLY_SIGN, "--key", "k", "--timestamp-url", server.url)
    desk.refused(6, "connectors.http-status", *stamped)
    server.answer = lambda _: (200, {}, b"later")
    desk.refused(5, "trust.timestamp-malformed", *stamped)
    desk.refused(2, "cli.bundle-needed", *stamped, "--format", "envelope")
    assert not (desk.directory / "signed.json").exists()


# -- pushing ---------------------------------------------------------------------------------------


def test_an_attestation_is_pushed_and_found_by_another_book(
    desk: Any, open_registry: str, image: Any
) -> None:
    digest = image.digest(image.manifests["arm64"])
    target = f"{open_registry}/acme/api@{digest}"
    desk.do("key", "generate", "-o", "ci")
    desk.open_book(("ci", "ci.pub"))
    about = ("attest", target, "--type", "sbom", "--predicate", "sbom.json", "--key", "ci")
    ran = desk.do(*about, "--push", target, "-o", "bundle.json", "--json")
    assert ran.json()["schema"] == "gatebook/appended/v1"
    assert "attached to" in ran.err

    (desk.directory / ".gatebook").rename(desk.directory / "first")
    desk.open_book(("ci", "ci.pub"))
    answer = desk.json("accept", "--from-registry", target)
    assert [each["verdict"] for each in answer["documents"]] == ["accepted"]
    assert answer["documents"][0]["digest"] == str(sha256(desk.read("bundle.json")))

    pushed = desk.json(*about, "--push", target, "--no-accept")
    assert (pushed["file"], pushed["subject"]) == (None, digest)
    assert pushed["pushed"].startswith("sha256:")


def test_an_attestation_is_pushed_only_to_what_it_is_about(
    desk: Any, open_registry: str, image: Any
) -> None:
    desk.do("key", "generate", "-o", "ci")
    one, other = (image.digest(each) for each in image.manifests.values())
    about = ("attest", one, "--type", "sbom", "--predicate", "sbom.json", "--key", "ci")
    name = f"{open_registry}/acme/api"
    signed = (*about, "--no-accept", "-o", "signed.json", "--push")
    desk.refused(2, "cli.push-subject", *signed, f"{name}@{other}")
    desk.refused(2, "cli.push-subject", *signed, f"{name}:v1")
    desk.refused(2, "cli.bundle-needed", *signed, f"{name}@{one}", "--format", "envelope")
    assert not (desk.directory / "signed.json").exists()


def test_what_the_book_refuses_is_not_pushed(desk: Any, open_registry: str, image: Any) -> None:
    digest = image.digest(image.index)
    target = f"{open_registry}/acme/api@{digest}"
    for name in ("ci", "stranger"):
        desk.do("key", "generate", "-o", name)
    desk.open_book(("ci", "ci.pub"))
    about = ("attest", target, "--type", "sbom", "--predicate", "sbom.json", "--key", "stranger")
    desk.refused(5, "trust.no-valid-signature", *about, "--push", target)
    desk.refused(2, "connectors.no-attestation", "accept", "--from-registry", target)


# -- artifacts -------------------------------------------------------------------------------------


def test_an_artifact_is_signed_by_itself(desk: Any) -> None:
    desk.do("key", "generate", "-o", "k", "--algorithm", "ecdsa-p384")
    signed = desk.json("sign", "app.bin", "--key", "k", "-o", "by-file.json")
    digest = signed["digest"]
    assert signed["schema"] == "gatebook/signed-artifact/v1"
    assert digest.startswith("sha384:")
    desk.do("sign", digest, "--key", "k", "-o", "by-digest.json")
    desk.do("sign", "-", "--key", "k", "-o", "by-input.json", given=b"hello")
    for name in ("by-file.json", "by-digest.json", "by-input.json"):
        content = Bundle.parse(desk.read(name)).content
        assert isinstance(content, MessageSignature)
        assert str(content.digest) == digest
        key_of(desk, "k").check(content.signature, b"hello")


def test_not_every_key_signs_a_digest(desk: Any) -> None:
    desk.do("key", "generate", "-o", "k")
    digest = str(sha256(b"hello"))
    desk.do("sign", "app.bin", "--key", "k", "-o", "blob.json")
    desk.refused(2, "trust.artifact-needed", "sign", digest, "--key", "k", "-o", "other.json")
    desk.refused(5, "digest.malformed", "sign", "sha256:00", "--key", "k", "-o", "other.json")
    desk.refused(2, "cli.file", "sign", "missing", "--key", "k", "-o", "other.json")
    desk.refused(2, "cli.key-needed", "sign", "app.bin", "-o", "other.json")
    assert not (desk.directory / "other.json").exists()


def test_a_signature_over_an_artifact_is_accepted_as_evidence(desk: Any) -> None:
    desk.do("key", "generate", "-o", "ci", "--algorithm", "ecdsa-p256")
    desk.open_book(("ci", "ci.pub"))
    desk.do("sign", "app.bin", "--key", "ci", "-o", "blob.json")
    assert "accepted image-signature" in desk.do("accept", "blob.json", "--subject", "app.bin").out
    desk.write("other.bin", "other")
    ran = desk.run("accept", "blob.json", "--subject", "other.bin")
    assert ran.status == 5


# -- approvals -------------------------------------------------------------------------------------


@pytest.fixture
def waiting(desk: Any, ssh_keygen: Any) -> Any:
    """A book in which Ana's SSH key may approve, and an artifact that waits for it."""
    ssh_keygen("-q", "-t", "ed25519", "-N", "", "-C", "ana", "-f", "ana")
    ssh_keygen("-q", "-t", "ed25519", "-N", "", "-C", "eve", "-f", "eve")
    desk.open_book(("ana", "ana.pub"))
    desk.record()
    return desk


def test_a_person_approves_with_the_key_they_log_in_with(waiting: Any) -> None:
    waiting.do(*APPROVE, "--key", "ana", "-o", "approval.json")
    (signature,) = Envelope.parse(waiting.read("approval.json")).signatures
    assert signature.sig.startswith(MAGIC)
    assert waiting.entries()[0]["body"]["approver"]["person"] == "ana"
    waiting.do("gate", "app.bin", "-e", "prod")
    waiting.refused(5, "trust.unknown-key", *APPROVE, "--key", "eve")


def test_an_approval_is_signed_outside_by_ssh_keygen(waiting: Any, ssh_keygen: Any) -> None:
    waiting.do(
        *(*APPROVE, "--print-statement", "--reason", "tested by hand", "--expires", "7d"),
        *("-o", "approval"),
    )
    assert kinds(waiting)[0] == "artifact.recorded"
    ssh_keygen("-Y", "sign", "-n", "gatebook", "-f", "ana", "approval")
    waiting.do(*APPROVE, "--signature", "approval.sig", "-o", "envelope.json")
    assert kinds(waiting)[0] == "approval.granted"
    statement = json.loads(Envelope.parse(waiting.read("envelope.json")).payload)
    assert statement["predicate"]["reason"] == "tested by hand"
    assert "expires" in statement["predicate"]
    waiting.do("gate", "app.bin", "-e", "prod")


def test_what_is_to_be_signed_is_written_to_the_last_byte(waiting: Any) -> None:
    waiting.do(*APPROVE, "--print-statement", "-o", "approval")
    assert waiting.do(*APPROVE, "--print-statement").raw == waiting.read("approval")
    answer = waiting.json(*APPROVE, "--print-statement", "-o", "approval")
    assert (answer["schema"], answer["namespace"]) == ("gatebook/to-sign/v1", "gatebook")
    waiting.refused(2, "cli.output-needed", *APPROVE, "--print-statement", "--json")


def test_what_was_signed_outside_has_to_be_what_was_printed(waiting: Any, ssh_keygen: Any) -> None:
    waiting.do(*APPROVE, "--print-statement", "-o", "approval")
    printed = waiting.read("approval")
    waiting.write("git", printed)
    ssh_keygen("-Y", "sign", "-n", "git", "-f", "ana", "git")
    waiting.refused(5, "trust.ssh-namespace", *APPROVE, "--signature", "git.sig")

    ssh_keygen("-Y", "sign", "-n", "gatebook", "-f", "ana", "approval")
    signed = ("--signature", "approval.sig", "--statement")
    for other in (printed + b"\n", b"x" + printed, printed[7:], b"", printed.replace(b" ", b"  ")):
        waiting.write("other", other)
        waiting.refused(5, "cli.not-to-sign", *APPROVE, *signed, "other")
    waiting.do(*APPROVE, "--print-statement", "--reason", "another", "-o", "other")
    waiting.refused(5, "trust.no-valid-signature", *APPROVE, *signed, "other")
    assert kinds(waiting)[0] == "artifact.recorded"

    waiting.write("eve-signs", printed)
    ssh_keygen("-Y", "sign", "-n", "gatebook", "-f", "eve", "eve-signs")
    waiting.refused(5, "trust.unknown-key", *APPROVE, "--signature", "eve-signs.sig")
    assert kinds(waiting)[0] == "approval.refused"


def test_one_way_to_approve_at_a_time(waiting: Any) -> None:
    waiting.write("a.sig", b"")
    waiting.write("a.txt", b"")
    for code, options in (
        ("cli.approve-how", ("--signature", "a.sig", "--attestation", "a.sig")),
        ("cli.approve-how", ("--signature", "a.sig", "--print-statement")),
        ("cli.approve-how", ("--statement", "a.sig", "--key", "ana")),
        ("cli.approve-how", ("--signature", "a.txt")),
        ("cli.signed-elsewhere", ("--signature", "a.sig", "--reason", "x")),
        ("cli.signed-elsewhere", ("--attestation", "a.sig", "--role", "x")),
        ("cli.file", ("--signature", "missing.sig")),
    ):
        waiting.refused(2, code, *APPROVE, *options)


# -- identities ------------------------------------------------------------------------------------


def a_token(**claims: Any) -> str:
    def part(document: Any) -> str:
        return base64.urlsafe_b64encode(json.dumps(document).encode()).decode().rstrip("=")

    return f"{part({'alg': 'RS256'})}.{part(claims)}.{part({})}"


def test_signing_by_identity_needs_a_token_and_an_instance(desk: Any) -> None:
    pytest.importorskip("sigstore", reason="the extra sigstore is not installed")
    desk.write("token", "nonsense")
    desk.write("expired", a_token(iss="https://ci.example", aud="sigstore", iat=1, exp=2))
    desk.write("binary", b"\xff")
    desk.write("config.json", "{}")
    desk.write("broken.json", '{"a":1,"a":1}')
    keyless = (*ONLY_SIGN, "--keyless", "--trust-config", "config.json")
    for code, options in (
        ("connectors.no-identity-token", ()),
        ("connectors.identity-token", ("--identity-token-file", "token")),
        ("connectors.identity-token", ("--identity-token-file", "expired")),
        ("connectors.identity-token", ("--identity-token-file", "binary")),
        ("cli.file", ("--identity-token-file", "missing")),
    ):
        desk.refused(2, code, *keyless, *options)
    token = ("--identity-token-file", "expired")
    config = ("--keyless", "--trust-config")
    desk.refused(5, "canonical.duplicate-key", *ONLY_SIGN, *config, "broken.json", *token)
    desk.refused(2, "connectors.keyless-file", *ONLY_SIGN, *config, "missing", *token)
    desk.refused(
        2, "cli.artifact-needed", "sign", str(sha256(b"x")), *config, "config.json", "-o", "x"
    )
    assert not (desk.directory / "signed.json").exists()


def test_a_key_or_an_identity_and_not_both(desk: Any) -> None:
    desk.do("key", "generate", "-o", "k")
    for options in (
        ("--key", "k", "--keyless"),
        ("--key", "k", "--identity-token-file", "token"),
        ("--key", "k", "--trust-config", "config.json"),
        ("--keyless", "--timestamp-url", "http://127.0.0.1:9"),
    ):
        desk.refused(2, "cli.keyless", *ONLY_SIGN, *options)
    desk.refused(2, "cli.bundle-needed", *ONLY_SIGN, "--keyless", "--format", "envelope")
    desk.refused(2, "cli.nothing-to-do", *ATTEST, "--key", "k", "--no-accept")
    both = {"GATEBOOK_KEY": "k", "GATEBOOK_KEYLESS": "1"}
    desk.refused(2, "cli.keyless", *ONLY_SIGN, env=both)
    assert not (desk.directory / "signed.json").exists()


def test_what_is_typed_wins_over_a_variable(desk: Any) -> None:
    desk.do("key", "generate", "-o", "k")
    desk.write("config.json", "{}")
    keyless = (*ONLY_SIGN, "--keyless", "--trust-config", "config.json")
    assert "[connectors." in desk.run(*keyless, env={"GATEBOOK_KEY": "k"}).err
    variables = {"GATEBOOK_KEYLESS": "1", "GATEBOOK_TRUST_CONFIG": "config.json"}
    desk.do(*ONLY_SIGN, "--key", "k", env=variables)


# -- other programs --------------------------------------------------------------------------------


def test_cosign_verifies_what_is_signed_here(desk: Any) -> None:
    cosign = shutil.which("cosign")
    if cosign is None:
        pytest.skip("cosign is not installed")
    desk.do("key", "generate", "-o", "k", "--format", "cosign", "--algorithm", "ecdsa-p256",
            env=SECRET)  # fmt: skip
    desk.do("sign", "app.bin", "--key", "k", "-o", "blob.json", env=SECRET)
    desk.do(*ONLY_SIGN, "--key", "k", "--format", "bundle", env=SECRET)
    common = ("--key", "k.pub", "--private-infrastructure", "--bundle")
    for arguments in (
        ("verify-blob", *common, "blob.json", "app.bin"),
        ("verify-blob-attestation", *common, "signed.json", "--type", "cyclonedx", "app.bin"),
    ):
        done = subprocess.run(
            [cosign, *arguments],
            cwd=desk.directory,
            env={"HOME": str(desk.directory), "PATH": str(Path(cosign).parent)},
            capture_output=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr.decode()
