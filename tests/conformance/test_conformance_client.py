"""The client of sigstore-conformance: its protocol, and every public case through it."""

import hashlib
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from gatebook.cli import conformance

CODES = {
    "bundle-empty-certificate-chain_fail": "formats.bundle-material",
    "bundle-malformed-json_fail": "canonical.not-json",
    "bundle-unknown-version_fail": "formats.bundle-version",
    "checkpoint-bad-keyhint_fail": "trust.sigstore-checkpoint-signature",
    "dsse-invalid-sig_fail": "trust.no-valid-signature",
    "dsse-mismatch-sig_fail": "trust.sigstore-entry-signature",
    "inclusion-proof-corrupted-hash_fail": "trust.sigstore-inclusion",
    "incorrect-public-key_fail": "trust.sigstore-entry-key",
    "intoto-log-entry-mismatch_fail": "trust.sigstore-entry-signature",
    "intoto-set-outside-signing-cert-validity_fail": "trust.sigstore-certificate-expired",
    "invalid-checkpoint-signature_fail": "trust.sigstore-checkpoint-signature",
    # Made with another key than the one named.
    "managed-key-no-key_fail": "trust.no-valid-signature",
    "message-digest-mismatch_fail": "trust.sigstore-message-digest",
    "rekor2-checkpoint-missing-log-signature_fail": "trust.sigstore-checkpoint-signature",
    "rekor2-checkpoint-missing-size_fail": "trust.sigstore-checkpoint",
    "rekor2-checkpoint-no-matching-signature_fail": "trust.sigstore-checkpoint-origin",
    "rekor2-dsse-invalid-sig_fail": "trust.no-valid-signature",
    "rekor2-dsse-mismatch-envelope_fail": "trust.sigstore-entry-digest",
    "rekor2-no-inclusion-proof_fail": "trust.sigstore-inclusion-missing",
    "rekor2-no-timestamp_fail": "trust.sigstore-no-time",
    "rekor2-timestamp-outside-trust-root-tsa-validity_fail": "trust.sigstore-timestamp-expired",
    "rekor2-timestamp-untrusted-tsa-with-embedded-cert_fail": "trust.sigstore-timestamp",
    "rekor2-timestamp-with-incorrect-time_fail": "formats.not-base64",
    "set-invalid-signature_fail": "trust.sigstore-promise",
    "signature-mismatch_fail": "trust.no-valid-signature",
    "trust-root-tlog-missing-validity-start_fail": "formats.trusted-root-validity",
    "wrong-hashedrekord-artifact_fail": "trust.sigstore-entry-digest",
    "wrong-hashedrekord-cert-and-sig_fail": "trust.sigstore-entry-signature",
    "wrong-hashedrekord-entry_fail": "trust.sigstore-entry-digest",
    "wrong-material_fail": "trust.sigstore-message-digest",
}
EXECUTABLE = Path(sys.executable).with_name("gatebook-conformance")


@dataclass(frozen=True)
class Case:
    described: dict[str, Any]
    folder: Path

    @property
    def name(self) -> str:
        return str(self.described["case"])

    @property
    def artifact(self) -> Path:
        return (self.folder / self.described["artifact"]).resolve()

    @property
    def digest(self) -> str:
        return f"sha256:{hashlib.sha256(self.artifact.read_bytes()).hexdigest()}"

    @property
    def code(self) -> str | None:
        """Why it has to be refused, ``None`` if not; any reason will do if none is known."""
        return None if self.described["expect"] == "pass" else CODES.get(self.name, "")

    def arguments(self, artifact: str, *, root: bool = True) -> list[str]:
        """The arguments in the order in which the suite gives them."""
        said = self.described
        who = (
            ["--key", str(self.folder / said["key"])]
            if said["key"]
            else [
                *("--certificate-identity", said["identity"]),
                *("--certificate-oidc-issuer", said["issuer"]),
            ]
        )
        more = ["--trusted-root", str(self.folder / said["trusted_root"])] if root else []
        bundle = str(self.folder / "bundle.sigstore.json")
        return ["verify-bundle", "--bundle", bundle, *who, *more, artifact]


@pytest.fixture(scope="module")
def suite(vectors: Path) -> tuple[Case, ...]:
    place = vectors / "attest" / "sigstore-conformance"

    def load() -> Iterator[Case]:
        for described in json.loads((place / "cases.json").read_bytes()):
            yield Case(described, place / described["case"])

    return tuple(load())


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str]:
    """Run the client in this process: its status, and the code of the reason."""
    with pytest.raises(SystemExit) as ended:
        conformance.main(list(arguments))
    said = capsys.readouterr()
    assert isinstance(ended.value.code, int)
    if ended.value.code == 0:
        assert said.out.startswith("verified: sha256:")
        assert said.err == ""
        return 0, ""
    assert said.out == ""
    code = re.search(r"\[([a-z0-9.-]+)\]\Z", said.err.strip())
    return ended.value.code, code[1] if code else said.err


def find(suite: tuple[Case, ...], name: str) -> Case:
    return next(case for case in suite if case.name == name)


@pytest.mark.parametrize("by_digest", [False, True], ids=["artifact", "digest"])
def test_every_case_gives_its_verdict_and_its_reason(
    suite: tuple[Case, ...], capsys: pytest.CaptureFixture[str], *, by_digest: bool
) -> None:
    wrong: list[str] = []
    for case in suite:
        given = case.digest if by_digest else str(case.artifact)
        status, code = run(capsys, *case.arguments(given))
        if case.code is None:
            good = status == 0
        else:
            good = status != 0 and (not case.code or code == case.code)
        if not good:
            wrong.append(f"{case.name}: {status} {code}")
    assert wrong == []
    assert len(suite) >= 42
    assert sum(case.code is None for case in suite) >= 12


def test_the_installed_executable_speaks_the_protocol(suite: tuple[Case, ...]) -> None:
    if not EXECUTABLE.exists():
        pytest.skip(f"{EXECUTABLE.name} is not installed; install the package again")
    for name in ("happy-path-v0.3", "managed-key-happy-path", "signature-mismatch_fail"):
        case = find(suite, name)
        for given in (str(case.artifact), case.digest):
            done = subprocess.run(
                [EXECUTABLE, *case.arguments(given)], capture_output=True, check=False, timeout=60
            )
            assert (done.returncode == 0) is (case.code is None), done.stderr
            assert f"[{case.code or ''}]" in done.stderr.decode() or case.code is None
            assert b"Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("option", "code"),
    [
        ("--certificate-identity", "trust.identity-subject"),
        ("--certificate-oidc-issuer", "trust.identity-issuer"),
    ],
)
def test_another_holder_of_a_good_certificate_is_refused(
    suite: tuple[Case, ...], capsys: pytest.CaptureFixture[str], option: str, code: str
) -> None:
    case = find(suite, "happy-path-v0.3")
    arguments = case.arguments(str(case.artifact))
    assert run(capsys, *arguments) == (0, "")
    arguments[arguments.index(option) + 1] += "x"
    assert run(capsys, *arguments) == (5, code)


def test_another_artifact_is_refused(
    suite: tuple[Case, ...], capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    other = tmp_path / "b.txt"
    other.write_bytes(b"b")
    signed = find(suite, "happy-path-v0.3")
    stated = find(suite, "happy-path-intoto-in-dsse-v3")
    other_digest = f"sha256:{hashlib.sha256(b'b').hexdigest()}"
    for given in (str(other), other_digest):
        status, code = run(capsys, *signed.arguments(given))
        assert (status, code) == (5, "trust.sigstore-message-digest")
        assert run(capsys, *stated.arguments(given)) == (5, "trust.subject-mismatch")


def test_a_file_that_is_called_like_a_digest_is_a_file(
    suite: tuple[Case, ...],
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    case = find(suite, "happy-path-v0.3")
    monkeypatch.chdir(tmp_path)
    assert run(capsys, *case.arguments(case.digest)) == (0, "")
    Path(case.digest).write_bytes(b"something else")
    assert run(capsys, *case.arguments(case.digest)) == (5, "trust.sigstore-message-digest")
    # Too short to be a digest: then it is a path, and there is no such file.
    assert run(capsys, *case.arguments(case.digest[:-1])) == (2, "cli.file")


def test_without_a_trusted_root_the_installed_one_counts(
    suite: tuple[Case, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("sigstore")
    case = find(suite, "happy-path-v0.3")
    arguments = case.arguments(str(case.artifact), root=False)
    assert run(capsys, *arguments) == (0, "")
    # The staging instance did not issue it.
    staged = [arguments[0], "--staging", *arguments[1:]]
    assert run(capsys, *staged) == (5, "trust.sigstore-log-unknown")


def test_nobody_is_believed_by_default(
    suite: tuple[Case, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    case = find(suite, "happy-path-v0.3")
    whole = case.arguments(str(case.artifact))
    for option in ("--certificate-identity", "--certificate-oidc-issuer"):
        at = whole.index(option)
        assert run(capsys, *whole[:at], *whole[at + 2 :]) == (2, "cli.signer-needed")
    at = whole.index("--certificate-identity")
    assert run(capsys, *whole[:at], *whole[at + 4 :]) == (2, "cli.signer-needed")
    key = find(suite, "managed-key-happy-path")
    both = [*whole[:-1], "--key", str(key.folder / key.described["key"]), whole[-1]]
    assert run(capsys, *both) == (2, "cli.signer-needed")


def test_a_missing_file_and_a_wrong_option_are_no_acceptance(
    suite: tuple[Case, ...], capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    case = find(suite, "happy-path-v0.3")
    whole = case.arguments(str(case.artifact))
    absent = whole.copy()
    absent[absent.index("--bundle") + 1] = str(tmp_path / "none.json")
    assert run(capsys, *absent) == (2, "cli.file")
    status, _ = run(capsys, "verify-bundle", "--unheard-of")
    assert status == 2
    status, _ = run(capsys, "approve-bundle")
    assert status == 2


def test_signing_asks_for_a_whole_instance_and_a_good_token(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    pytest.importorskip("sigstore")
    artifact, made = tmp_path / "a.txt", tmp_path / "made.json"
    artifact.write_bytes(b"a")
    sign = ("sign-bundle", "--identity-token", "not-a-token", "--bundle", str(made))
    lonely = (*sign, "--trusted-root", str(artifact), str(artifact))
    assert run(capsys, *lonely) == (2, "cli.keyless-instance")
    assert run(capsys, *sign, str(artifact)) == (2, "connectors.identity-token")
    statement = ("sign-bundle", "--in-toto", *sign[1:], str(artifact))
    status, code = run(capsys, *statement)
    assert (status, code) == (5, "canonical.not-json")
    assert not made.exists()
