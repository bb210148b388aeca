"""Keys: made in every form, shown, and read again by the programs they are for."""

import json
import os
import pty
import shutil
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from gatebook.trust.keys import PublicKey
from gatebook.trust.ssh.keys import public_key_from_ssh, ssh_line

ALGORITHMS = {
    "ed25519": "ed25519",
    "ecdsa-p256": "ecdsa-p256-sha256",
    "ecdsa-p384": "ecdsa-p384-sha384",
    "ecdsa-p521": "ecdsa-p521-sha512",
    "rsa-3072": "rsa-pkcs1v15-sha256",
}
SECRET = {"GATEBOOK_KEY_PASSWORD": "correct horse"}


@pytest.mark.parametrize("algorithm", ALGORITHMS)
@pytest.mark.parametrize("form", ["pem", "openssh", "cosign"])
def test_a_key_is_made_and_shown_again(desk: Any, algorithm: str, form: str) -> None:
    made = desk.json(
        *("key", "generate", "-o", "k", "--algorithm", algorithm, "--format", form), env=SECRET
    )
    assert made["schema"] == "gatebook/key/v1"
    assert made["algorithm"] == ALGORITHMS[algorithm]
    assert made["encrypted"] is (form == "cosign")
    assert stat.S_IMODE((desk.directory / "k").stat().st_mode) == 0o600

    shown = desk.json("key", "public", "k", env=SECRET)
    assert (shown["key_id"], shown["algorithm"]) == (made["key_id"], made["algorithm"])
    key = PublicKey.parse(shown["pem"].encode())
    assert key.spki.hex == made["key_id"]
    assert public_key_from_ssh(shown["ssh"]).spki == key.spki
    assert desk.json("key", "public", "k.pub") == shown


def test_only_one_of_three_ways_to_show_a_key(desk: Any) -> None:
    desk.do("key", "generate", "-o", "k")
    whole = desk.json("key", "public", "k")
    assert desk.do("key", "public", "k", "--format", "pem").out == whole["pem"]
    assert desk.do("key", "public", "k", "--format", "id").out == whole["key_id"] + "\n"
    assert desk.do("key", "public", "k", "--format", "ssh").out == whole["ssh"] + "\n"
    # What is redirected into a file is the key and nothing else.
    assert desk.do("key", "public", "k").out == whole["pem"]


def test_openssh_reads_what_is_made_for_it(desk: Any, ssh_keygen: Any) -> None:
    desk.do("key", "generate", "-o", "id", "--algorithm", "ecdsa-p256", "--format", "openssh")
    again = ssh_keygen("-y", "-f", "id").decode().split()
    assert desk.read("id.pub").decode().split()[:2] == again[:2]


def test_a_key_made_by_openssh_is_read(desk: Any, ssh_keygen: Any) -> None:
    ssh_keygen("-q", "-t", "ed25519", "-N", "", "-C", "ana's laptop", "-f", "id")
    shown = desk.json("key", "public", "id")
    assert shown == desk.json("key", "public", "id.pub")
    assert ssh_line(PublicKey.parse(shown["pem"].encode())) == shown["ssh"]


@pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl is not installed")
def test_openssl_reads_an_encrypted_key_with_the_password(desk: Any) -> None:
    made = desk.do("key", "generate", "-o", "k", "--encrypt", env=SECRET)
    assert b"ENCRYPTED PRIVATE KEY" in desk.read("k")
    assert "correct horse" not in made.out + made.err
    done = subprocess.run(
        ["openssl", "pkey", "-in", "k", "-passin", "env:P", "-pubout"],
        env={"P": "correct horse"},
        cwd=desk.directory,
        capture_output=True,
        check=True,
    )
    assert done.stdout == desk.read("k.pub")


def test_a_password_is_needed_and_has_to_be_the_right_one(desk: Any) -> None:
    desk.refused(2, "cli.password", "key", "generate", "-o", "k", "--encrypt")
    desk.refused(2, "cli.password", "key", "generate", "-o", "k", "--format", "cosign")
    assert not (desk.directory / "k").exists()
    for form in ("pem", "cosign"):
        desk.do("key", "generate", "-o", form, "--format", form, "--encrypt", env=SECRET)
        desk.refused(2, "cli.password", "key", "public", form)
        wrong = {"GATEBOOK_KEY_PASSWORD": "wrong"}
        desk.refused(2, "trust.password-wrong", "key", "public", form, env=wrong)
        desk.do("key", "public", form, env=SECRET)


def at_a_terminal(desk: Any, *arguments: str, types: tuple[str, ...]) -> tuple[int, str]:
    """Run a command with a person at the terminal, who types a line at every question."""
    ours, theirs = pty.openpty()
    running = subprocess.Popen(
        [Path(sys.executable).with_name("gatebook"), *arguments],
        cwd=desk.directory,
        env={"HOME": str(desk.directory), "TERM": "dumb"},
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        start_new_session=True,
    )
    os.close(theirs)
    seen = b""
    answers = list(types)
    try:
        while chunk := os.read(ours, 4096):
            seen += chunk
            if answers and chunk.rstrip().endswith(b":"):
                os.write(ours, answers.pop(0).encode() + b"\n")
    except OSError:  # how a terminal says that nobody is at the other end any more
        pass
    finally:
        os.close(ours)
    return running.wait(30), seen.decode()


def test_a_person_is_asked_for_the_password_and_does_not_see_it(desk: Any) -> None:
    made = ("key", "generate", "-o", "k", "--encrypt")
    status, seen = at_a_terminal(desk, *made, types=("sesame", "sesame"))
    assert (status, "sesame" in seen) == (0, False), seen
    desk.do("key", "public", "k", env={"GATEBOOK_KEY_PASSWORD": "sesame"})
    status, seen = at_a_terminal(desk, "key", "public", "k", types=("sesame",))
    assert (status, "BEGIN PUBLIC KEY" in seen) == (0, True), seen
    status, seen = at_a_terminal(desk, "key", "public", "k", types=("simsim",))
    assert (status, "[trust.password-wrong]" in seen) == (2, True), seen


def test_a_person_may_leave_the_password_of_a_cosign_key_empty(desk: Any) -> None:
    made = ("key", "generate", "-o", "k", "--format", "cosign")
    status, seen = at_a_terminal(desk, *made, types=("", ""))
    assert status == 0, seen
    desk.do("key", "public", "k", env={"COSIGN_PASSWORD": ""})
    status, seen = at_a_terminal(desk, "key", "public", "k", types=("",))
    assert status == 0, seen


def test_cosigns_variable_is_for_cosigns_keys(desk: Any) -> None:
    cosign = {"COSIGN_PASSWORD": "correct horse"}
    desk.do("key", "generate", "-o", "c", "--format", "cosign", env=cosign)
    desk.do("key", "public", "c", env=cosign)
    desk.do("key", "public", "c", env=SECRET)
    desk.refused(2, "cli.password", "key", "generate", "-o", "k", "--encrypt", env=cosign)

    empty = {"COSIGN_PASSWORD": ""}
    desk.do("key", "generate", "-o", "e", "--format", "cosign", env=empty)
    desk.do("key", "public", "e", env=empty)
    desk.refused(
        *(2, "cli.password", "key", "generate", "-o", "f", "--format", "cosign", "--encrypt"),
        env=empty,
    )


def test_a_key_is_never_overwritten(desk: Any) -> None:
    desk.do("key", "generate", "-o", "k")
    before = desk.read("k"), desk.read("k.pub")
    desk.refused(2, "workspace.key-exists", "key", "generate", "-o", "k")
    assert (desk.read("k"), desk.read("k.pub")) == before


def test_a_private_key_that_others_can_read_is_not_read(desk: Any) -> None:
    desk.do("key", "generate", "-o", "k")
    (desk.directory / "k").chmod(0o640)
    desk.refused(2, "workspace.key-readable", "key", "public", "k")
    assert (desk.directory / "k.pub").stat().st_mode & 0o044
    desk.do("key", "public", "k.pub")


@pytest.mark.parametrize("content", [b"", b"x", b"ssh-ed25519 AAAA", b"ssh-\xff", b"\0" * 100])
def test_what_is_no_key_is_refused(desk: Any, content: bytes) -> None:
    desk.write("k", content)
    ran = desk.run("key", "public", "k")
    assert (ran.status, ran.out) == (5, "")


@pytest.mark.filterwarnings("default")  # the clouds' own libraries warn of themselves
def test_a_key_in_a_service_is_shown(desk: Any, aws: Any) -> None:
    made = aws.create_key(KeySpec="ECC_NIST_P256", KeyUsage="SIGN_VERIFY")["KeyMetadata"]["KeyId"]
    shown = desk.json("key", "public", f"awskms:{made}")
    expected = PublicKey.from_der(aws.get_public_key(KeyId=made)["PublicKey"])
    assert shown["key_id"] == expected.spki.hex


def test_a_uri_that_names_no_key(desk: Any) -> None:
    desk.refused(2, "connectors.kms-uri", "key", "public", "gcpkms:nonsense")
    desk.refused(2, "cli.file", "key", "public", "nonsense:nonsense")


def test_the_public_half_goes_into_a_trust_root(desk: Any) -> None:
    for form in ("pem", "openssh"):
        desk.do("key", "generate", "-o", form, "--format", form)
    keys = [
        {
            "id": name,
            "public-key": desk.read(f"{name}.pub").decode(),
            "may-attest": ["sbom"],
            "repositories": "any",
            "environments": "any",
        }
        for name in ("pem", "openssh")
    ]
    desk.write("root.json", json.dumps({"trust-root": "gatebook/trust-root/v1", "keys": keys}))
    desk.do("trust", "check", "root.json")
