"""``gatebook verify attestation``: who is believed, what is asked, and what the answer says."""

import hashlib
import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from click.testing import CliRunner

from gatebook.cli.main import cli, main

ARTIFACT = b"the artifact"
SBOM = "https://cyclonedx.org/bom"


@dataclass(frozen=True)
class Ran:
    status: int
    out: str
    err: str

    @property
    def code(self) -> str:
        found = re.search(r"\[([a-z0-9.-]+)\]", self.err)
        return found[1] if found else ""

    @property
    def answer(self) -> tuple[int, str]:
        return self.status, self.code

    def json(self) -> dict[str, Any]:
        document = json.loads(self.out)
        assert isinstance(document, dict)
        assert document["schema"] == "gatebook/verified-attestation/v1"
        assert document["verified"] is (self.status == 0)
        return document


Run = Callable[..., Ran]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run the command line in this process."""
    monkeypatch.setenv("NO_COLOR", "1")

    def start(*arguments: str | Path) -> Ran:
        with pytest.raises(SystemExit) as ended:
            main(["verify", "attestation", *map(str, arguments)])
        said = capsys.readouterr()
        assert isinstance(ended.value.code, int)
        assert "Traceback" not in said.err
        return Ran(ended.value.code, said.out, said.err)

    return start


@pytest.fixture(scope="module")
def kit(sigstore_kit: ModuleType) -> ModuleType:
    """The kit of the tests of trust."""
    return sigstore_kit


@pytest.fixture(scope="module")
def sigstore(kit: ModuleType) -> Any:
    """One private Sigstore."""
    return kit.Sigstore()


def statement(predicate_type: str = SBOM, *subjects: dict[str, str]) -> bytes:
    """A statement about the artifact, or about other digests."""
    digests = subjects or ({"sha256": hashlib.sha256(ARTIFACT).hexdigest()},)
    return json.dumps(
        {
            "_type": "https://in-toto.io/Statement/v1",
            "subject": [{"name": "app.bin", "digest": each} for each in digests],
            "predicateType": predicate_type,
            "predicate": {"bomFormat": "CycloneDX", "specVersion": "1.6"},
        }
    ).encode()


@dataclass(frozen=True)
class Bench:
    """Files for one story: the artifact, the trusted root, and a bundle by certificate."""

    place: Path
    kit: Any
    sigstore: Any

    def write(self, name: str, content: bytes | str | dict[str, Any]) -> Path:
        path = self.place / name
        if isinstance(content, dict):
            content = json.dumps(content)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    @property
    def artifact(self) -> Path:
        return self.write("app.bin", ARTIFACT)

    @property
    def root(self) -> Path:
        return self.write("root.json", self.sigstore.trusted_root())

    def bundle(self, content: bytes | None = None, **knobs: Any) -> dict[str, Any]:
        made: dict[str, Any] = self.sigstore.sign_statement(
            statement() if content is None else content, **knobs
        )
        return made

    @property
    def holder(self) -> list[str]:
        return [
            *("--certificate-identity", self.kit.IDENTITY),
            *("--certificate-oidc-issuer", self.kit.ISSUER),
        ]

    @property
    def asked(self) -> list[str]:
        return [
            *("--subject", str(self.artifact)),
            *("--trust-root", str(self.root)),
            *self.holder,
        ]


@pytest.fixture
def bench(tmp_path: Path, kit: ModuleType, sigstore: Any) -> Bench:
    return Bench(tmp_path, kit, sigstore)


def replaced(arguments: Sequence[str], option: str, value: str | Path | None) -> list[str]:
    """The arguments with another value for an option, or without the option."""
    at = list(arguments).index(option)
    middle = [] if value is None else [option, str(value)]
    return [*arguments[:at], *middle, *arguments[at + 2 :]]


# -- the signer -----------------------------------------------------------------------------------


def test_the_holder_of_a_certificate_signed(run: Run, bench: Bench) -> None:
    file = bench.write("sbom.json", bench.bundle())
    ran = run(file, *bench.asked)
    assert ran.answer == (0, "")
    assert ran.out.startswith("verified: sha256:")
    assert bench.kit.IDENTITY in ran.out
    assert SBOM in ran.out


def test_the_answer_for_machines_says_what_was_proved(run: Run, bench: Bench) -> None:
    file = bench.write("sbom.json", bench.bundle())
    said = run(file, *bench.asked, "--json").json()
    digest = f"sha256:{hashlib.sha256(ARTIFACT).hexdigest()}"
    assert said["subject"] == digest
    assert len(said["digests"]) == 3
    assert "reason" not in said
    (document,) = said["documents"]
    assert document["verified"] is True
    assert document["position"] == 0
    assert document["kind"] == "sigstore-bundle"
    assert document["digest"] == f"sha256:{hashlib.sha256(file.read_bytes()).hexdigest()}"
    assert document["subject"] == digest
    assert document["signer"]["kind"] == "certificate"
    assert document["signer"]["identity"] == bench.kit.IDENTITY
    assert document["signer"]["issuer"] == bench.kit.ISSUER
    assert document["other_signers"] == []
    assert document["profile"] == "private"
    root = hashlib.sha256(bench.root.read_bytes()).hexdigest()
    assert document["trusted_root"] == f"sha256:{root}"
    assert document["predicate_type"] == SBOM
    assert document["builder"] is None
    assert [each["source"] for each in document["times"]] == ["transparency-log"]
    assert len(document["log_entries"]) == 1
    names = [check["name"] for check in document["checks"]]
    assert names[0] == "form"
    assert {"signature", "log", "certificate chain", "identity", "subject"} <= set(names)


@pytest.mark.parametrize(
    ("option", "value", "code"),
    [
        ("--certificate-identity", "https://github.com/acme/api", "trust.identity-subject"),
        ("--certificate-oidc-issuer", "https://accounts.example", "trust.identity-issuer"),
        ("--subject", "sha256:" + "0" * 64, "trust.subject-mismatch"),
    ],
)
def test_one_expectation_that_is_missed_refuses(
    run: Run, bench: Bench, option: str, value: str, code: str
) -> None:
    file = bench.write("sbom.json", bench.bundle())
    assert run(file, *bench.asked).answer == (0, "")
    ran = run(file, *replaced(bench.asked, option, value), "--json")
    assert ran.answer == (5, code)
    said = ran.json()
    assert said["reason"]["code"] == code
    assert said["documents"][0]["reason"]["code"] == code
    assert said["documents"][0]["verified"] is False
    assert "signer" not in said["documents"][0]


def test_another_sigstore_is_not_believed(run: Run, bench: Bench) -> None:
    file = bench.write("sbom.json", bench.bundle())
    other = bench.write("other.json", bench.kit.Sigstore().trusted_root())
    ran = run(file, *replaced(bench.asked, "--trust-root", other))
    assert ran.answer == (5, "trust.sigstore-log-unknown")


def test_nobody_is_believed_by_default(run: Run, bench: Bench) -> None:
    file = bench.write("sbom.json", bench.bundle())
    nobody = ("--subject", bench.artifact, "--trust-root", bench.root)
    assert run(file, *nobody).answer == (2, "cli.signer-needed")
    assert run(file, *nobody, *bench.holder).answer == (0, "")


def test_a_subject_needs_its_issuer_and_an_issuer_its_subject(run: Run, bench: Bench) -> None:
    file = bench.write("sbom.json", bench.bundle())
    for option in ("--certificate-identity", "--certificate-oidc-issuer"):
        ran = run(file, *replaced(bench.asked, option, None))
        assert ran.answer == (2, "cli.signer-needed")


def test_a_builder_is_no_signer_without_a_source(run: Run, bench: Bench) -> None:
    file = bench.write("sbom.json", bench.bundle())
    builder = "https://github.com/acme/api/.github/workflows/release.yml"
    options = ("--subject", bench.artifact, "--trust-root", bench.root, "--builder-id", builder)
    assert run(file, *options).answer == (2, "cli.signer-needed")


# -- keys -----------------------------------------------------------------------------------------


def test_a_key_signed(run: Run, bench: Bench) -> None:
    key = bench.kit.make_key()
    file = bench.write("sbom.json", bench.bundle(managed=key, entries=()))
    pem = bench.write("key.pem", bench.kit.pem(key))
    subject = ("--subject", bench.artifact)
    ran = run(file, *subject, "--key", pem, "--json")
    assert ran.answer == (0, "")
    (document,) = ran.json()["documents"]
    assert document["signer"]["kind"] == "key"
    assert document["signer"]["identity"] is None
    assert document["profile"] is None
    assert document["times"] == []

    other = bench.write("other.pem", bench.kit.pem(bench.kit.make_key()))
    assert run(file, *subject, "--key", other).status == 5


def test_a_bare_envelope_and_a_key(run: Run, bench: Bench) -> None:
    key = bench.kit.make_key("ed25519")
    envelope = bench.bundle(managed=key, entries=())["dsseEnvelope"]
    pem = bench.write("key.pem", bench.kit.pem(key))
    asked = ("--subject", bench.artifact, "--public-key", pem)
    assert run(bench.write("sbom.dsse", envelope), *asked).answer == (0, "")
    envelope["payloadType"] = "text/plain"
    assert run(bench.write("text.dsse", envelope), *asked).answer == (5, "trust.payload-type")


def test_a_key_with_a_root_has_everything_in_the_bundle_verified(run: Run, bench: Bench) -> None:
    key = bench.kit.make_key()
    bundle = bench.bundle(managed=key)
    pem = bench.write("key.pem", bench.kit.pem(key))
    asked = ("--subject", bench.artifact, "--key", pem)
    rooted = (*asked, "--trust-root", bench.root)
    (document,) = run(bench.write("good.json", bundle), *rooted, "--json").json()["documents"]
    assert document["profile"] == "managed-key"
    assert len(document["times"]) == 1
    # Nobody vouches for the log without a root: only the signature counts then.
    unlogged = json.loads(json.dumps(bundle))
    entry = unlogged["verificationMaterial"]["tlogEntries"][0]
    entry["inclusionProof"]["hashes"] = ["AAAA" * 10 + "AAA="]
    file = bench.write("changed.json", unlogged)
    assert run(file, *asked).answer == (0, "")
    assert run(file, *rooted).answer == (5, "trust.sigstore-inclusion")


def test_a_list_of_keys_says_when_each_is_believed(run: Run, bench: Bench) -> None:
    key = bench.kit.make_key()
    file = bench.write("sbom.json", bench.bundle(managed=key))
    window = {"start": "2020-01-01T00:00:00.000Z"}

    def listed(**ends: str) -> Path:
        return bench.write(
            "keys.json",
            {
                "keys": [
                    {
                        "keyId": "SHA256:one",
                        "keyUsage": "npm:attestations",
                        "publicKey": {
                            "rawBytes": bench.kit.b64(bench.kit.spki(key)),
                            "keyDetails": "PKIX_ECDSA_P256_SHA_256",
                            "validFor": {**window, **ends},
                        },
                    }
                ]
            },
        )

    asked = ("--subject", bench.artifact, "--trust-root")
    assert run(file, *asked, listed()).answer == (0, "")
    # Ended since: the time of signing counts, where a root proves it.
    ended = listed(end="2026-06-01T00:00:00.000Z")
    assert run(file, *asked, ended).answer == (5, "trust.key-expired")
    assert run(file, *asked, ended, "--trust-root", bench.root).answer == (0, "")
    before = listed(end="2026-02-01T00:00:00.000Z")
    ran = run(file, *asked, before, "--trust-root", bench.root)
    assert ran.answer == (5, "trust.key-expired")


# -- what does not go together --------------------------------------------------------------------


def test_options_that_contradict_each_other_are_wrong_usage(run: Run, bench: Bench) -> None:
    key = bench.kit.make_key()
    file = bench.write("sbom.json", bench.bundle())
    pem = bench.write("key.pem", bench.kit.pem(key))
    by_key = ("--subject", bench.artifact, "--key", pem)
    wrong = "cli.attestation-options"
    for arguments, code in (
        ((file, *bench.asked, "--key", pem), wrong),
        ((file, *bench.asked, "--profile", "managed-key"), wrong),
        ((file, *by_key, "--profile", "public-good"), wrong),
        ((file, *by_key, "--profile", "managed-key"), wrong),
        ((file, *by_key, "--allow", "legacy-chain"), wrong),
        ((file, *by_key, "--certificate-oidc-issuer", "x"), wrong),
        ((file, *bench.asked, "--trust-root", bench.root), wrong),
        ((file, *bench.asked, "--environment", "prod"), wrong),
        ((file, *bench.asked, "--repository", "https://github.com/acme/api"), wrong),
        ((file, *bench.asked, "--workflow-input", "release"), wrong),
        ((file, *bench.asked, "--predicate-type", "bill"), "cli.predicate-type"),
        ((file, *by_key, "--source-uri", "github.com/acme/api"), "cli.builder-needed"),
        ((file, *bench.asked, "--profile", "github"), "trust.profile-root"),
        ((*bench.asked,), "cli.verify-what"),
        ((file, *bench.asked, "--from-registry", "r.test/a"), "cli.verify-what"),
        ((file, *replaced(bench.asked, "--subject", None)), "cli.subject-needed"),
    ):
        assert run(*arguments).answer == (2, code), arguments


def test_variables_of_other_commands_do_not_disturb(
    run: Run, bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GATEBOOK_ENVIRONMENT", "prod")
    monkeypatch.setenv("GATEBOOK_KEY", str(bench.place / "private.pem"))
    assert run(bench.write("sbom.json", bench.bundle()), *bench.asked).answer == (0, "")


# -- the subject ----------------------------------------------------------------------------------


def test_the_strongest_digest_that_both_sides_know_is_compared(run: Run, bench: Bench) -> None:
    good = {name: hashlib.new(name, ARTIFACT).hexdigest() for name in ("sha256", "sha512")}
    both = bench.write("both.json", bench.bundle(statement(SBOM, good)))
    (document,) = run(both, *bench.asked, "--json").json()["documents"]
    assert document["subject"] == f"sha512:{good['sha512']}"
    only = bench.write("only.json", bench.bundle(statement(SBOM, {"sha512": good["sha512"]})))
    assert run(only, *bench.asked).answer == (0, "")
    # Only SHA-256 is given: SHA-512 of something is not comparable.
    by_digest = replaced(bench.asked, "--subject", f"sha256:{good['sha256']}")
    assert run(both, *by_digest).answer == (0, "")
    assert run(only, *by_digest).answer == (5, "trust.subject-mismatch")


def test_all_digests_of_a_subject_have_to_agree(run: Run, bench: Bench) -> None:
    good = hashlib.sha256(ARTIFACT).hexdigest()
    lie = {"sha256": good, "sha512": "0" * 128}
    lying = bench.write("lie.json", bench.bundle(statement(SBOM, lie)))
    assert run(lying, *bench.asked).answer == (5, "trust.subject-mismatch")
    honest = bench.write("two.json", bench.bundle(statement(SBOM, lie, {"sha256": good})))
    assert run(honest, *bench.asked).answer == (0, "")


def test_a_signature_over_the_artifact_itself(run: Run, bench: Bench) -> None:
    file = bench.write("signed.json", bench.sigstore.sign_artifact(ARTIFACT))
    digest = f"sha256:{hashlib.sha256(ARTIFACT).hexdigest()}"
    assert run(file, *bench.asked).answer == (0, "")
    assert run(file, *replaced(bench.asked, "--subject", digest)).answer == (0, "")
    other = bench.write("other.bin", b"another artifact")
    ran = run(file, *replaced(bench.asked, "--subject", other))
    assert ran.answer == (5, "trust.sigstore-message-digest")


def test_a_subject_that_does_not_exist(run: Run, bench: Bench) -> None:
    file = bench.write("sbom.json", bench.bundle())
    ran = run(file, *replaced(bench.asked, "--subject", "./none.bin"))
    assert ran.status == 2
    assert run(file, *replaced(bench.asked, "--subject", "sha256:12")).status == 5


def test_the_predicate_type_is_compared_exactly(run: Run, bench: Bench) -> None:
    file = bench.write("sbom.json", bench.bundle())
    for good in (SBOM, "sbom"):
        assert run(file, *bench.asked, "--predicate-type", good).answer == (0, "")
    for bad in (f"{SBOM}/v1.4", "https://spdx.dev/Document", "provenance"):
        ran = run(file, *bench.asked, "--predicate-type", bad)
        assert ran.answer == (5, "trust.predicate-type")


# -- many documents, and none ---------------------------------------------------------------------


def lines(*bundles: dict[str, Any]) -> str:
    return "\n".join(json.dumps(each) for each in bundles)


def test_one_of_many_is_enough_and_each_has_its_verdict(run: Run, bench: Bench) -> None:
    elsewhere = bench.bundle(statement(SBOM, {"sha256": "0" * 64}))
    file = bench.write("all.jsonl", lines(elsewhere, bench.bundle()))
    said = run(file, *bench.asked, "--json").json()
    assert [each["verified"] for each in said["documents"]] == [False, True]
    assert [each["place"] for each in said["documents"]] == ["line 1", "line 2"]
    assert said["documents"][0]["reason"]["code"] == "trust.subject-mismatch"
    assert "reason" not in said
    ran = run(file, *bench.asked)
    assert "line 1" in ran.out
    assert "trust.subject-mismatch" in ran.out


def test_of_many_refusals_the_one_that_came_furthest_is_told(run: Run, bench: Bench) -> None:
    elsewhere = bench.bundle(statement(SBOM, {"sha256": "0" * 64}))
    stranger = bench.sigstore.leaf(identity="eve@example.com")
    by_stranger = bench.bundle(leaf=stranger)
    broken = bench.bundle()
    broken["dsseEnvelope"]["signatures"][0]["sig"] = "AAAA"
    other_type = bench.bundle(statement("https://spdx.dev/Document"))
    asked = (*bench.asked, "--predicate-type", "https://cyclonedx.org/bom")
    for documents, code in (
        ((elsewhere,), "trust.subject-mismatch"),
        ((elsewhere, broken), "trust.no-valid-signature"),
        ((by_stranger, broken, elsewhere), "trust.identity-subject"),
        ((by_stranger, other_type, elsewhere), "trust.predicate-type"),
    ):
        ran = run(bench.write("all.jsonl", lines(*documents)), *asked, "--json")
        assert ran.answer == (5, code)
        assert ran.json()["reason"]["code"] == code


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "formats.attestation-none"),
        (b"[]", "formats.attestation-none"),
        (b'{"attestations": []}', "formats.attestation-none"),
        (b"{", "canonical.not-json"),
        (b"\xff", "canonical.not-utf8"),
        (statement(), "formats.attestation-unsigned"),
        (b'{"a": 1}', "formats.attestation-unknown"),
    ],
)
def test_nothing_that_could_be_verified_is_never_a_success(
    run: Run, bench: Bench, content: bytes, code: str
) -> None:
    ran = run(bench.write("file", content), *bench.asked, "--json")
    assert ran.answer == (5, code)
    said = ran.json()
    assert said["documents"] == []
    assert said["reason"]["code"] == code


def test_standard_input(bench: Bench) -> None:
    content = json.dumps(bench.bundle())
    ran = CliRunner().invoke(cli, ["verify", "attestation", "-", *bench.asked], input=content)
    assert ran.exit_code == 0, ran.output
    ran = CliRunner().invoke(cli, ["verify", "attestation", "-", *bench.asked], input="")
    assert ran.exit_code != 0


# -- leniencies and profiles ----------------------------------------------------------------------


def test_what_old_bundles_do_is_refused_unless_allowed(run: Run, bench: Bench) -> None:
    bundle = bench.bundle(version="0.2")
    chain = bundle["verificationMaterial"]["x509CertificateChain"]["certificates"]
    chain.append({"rawBytes": bench.kit.b64(bench.sigstore.anchor.der)})
    file = bench.write("old.json", bundle)
    assert run(file, *bench.asked).answer == (5, "trust.sigstore-extra-certificates")
    assert run(file, *bench.asked, "--allow", "legacy-chain").answer == (0, "")
    ran = run(file, *bench.asked, "--allow", "legacy-set-only")
    assert ran.answer == (5, "trust.sigstore-extra-certificates")


def test_the_profile_is_the_callers_and_not_the_bundles(run: Run, bench: Bench) -> None:
    first = bench.write("first.json", bench.bundle())
    second = bench.write("second.json", bench.bundle(entries=("dsse-v2",)))
    for file in (first, second):
        assert run(file, *bench.asked, "--profile", "public-good").answer == (0, "")
    assert run(second, *bench.asked, "--profile", "rekor-v2").answer == (0, "")
    ran = run(first, *bench.asked, "--profile", "rekor-v2")
    assert ran.answer == (5, "trust.sigstore-entry-kind")


# -- explanations ---------------------------------------------------------------------------------


def test_an_explanation_tells_expected_and_found(run: Run, bench: Bench) -> None:
    file = bench.write("sbom.json", bench.bundle())
    ran = run(file, *bench.asked, "--explain")
    assert re.search(r"check +expected +found", ran.out)
    assert re.search(r"✓ +subject +sha256:", ran.out)
    assert bench.kit.ISSUER in ran.out
    wrong = replaced(bench.asked, "--certificate-identity", "eve@example.com")
    ran = run(file, *wrong, "--explain")
    assert ran.answer == (5, "trust.identity-subject")
    assert re.search(r"✗ check +identity-subject", ran.out)
    assert re.search(r"expected +'eve@example.com'", ran.out)
    assert re.search(rf"found +{re.escape(bench.kit.IDENTITY)}", ran.out)


def test_an_explanation_of_a_refusal_says_how_to_fix_it(run: Run, bench: Bench) -> None:
    bundle = bench.bundle(version="0.2")
    chain = bundle["verificationMaterial"]["x509CertificateChain"]["certificates"]
    chain.append({"rawBytes": bench.kit.b64(bench.sigstore.anchor.der)})
    ran = run(bench.write("old.json", bundle), *bench.asked, "--explain")
    assert re.search(r"fix +bundles of npm", ran.out)
    assert "hint: " in ran.err


# -- a Gatebook trust root ------------------------------------------------------------------------


def trust_root(bench: Bench, **scope: str) -> Path:
    """A Gatebook trust root that believes the workflow; ``scope`` replaces parts of its scope."""
    fields = {"may-attest": "[sbom]", "repositories": "any", "environments": "any"} | {
        name.replace("_", "-"): value for name, value in scope.items()
    }
    written = "\n".join(f"    {name}: {value}" for name, value in fields.items())
    return bench.write(
        "trust.yaml",
        f"""trust-root: gatebook/trust-root/v1
authorities:
  - id: acme
    profile: private
    trusted-root: |
      {bench.sigstore.trusted_root().decode()}
identities:
  - id: release
    authority: acme
    certificate:
      issuer: {bench.kit.ISSUER}
      identity: {bench.kit.IDENTITY}
{written}
""",
    )


def test_a_gatebook_trust_root_says_itself_who_is_believed(run: Run, bench: Bench) -> None:
    file = bench.write("sbom.json", bench.bundle())
    asked = ("--subject", bench.artifact, "--trust-root", trust_root(bench))
    (document,) = run(file, *asked, "--json").json()["documents"]
    assert document["signer"]["id"] == "release"
    ran = run(file, *asked, *bench.holder)
    assert ran.answer == (2, "cli.attestation-options")
    ran = run(file, *asked, "--trust-root", bench.root)
    assert ran.answer == (2, "cli.attestation-options")
    asked = ("--subject", bench.artifact, "--trust-root", trust_root(bench, may_attest="[vex]"))
    assert run(file, *asked).answer == (5, "trust.predicate-not-allowed")


def test_its_scopes_count(run: Run, bench: Bench) -> None:
    file = bench.write("sbom.json", bench.bundle())
    root = trust_root(bench, repositories='["https://github.com/acme/*"]', environments="[prod]")
    asked = (file, "--subject", bench.artifact, "--trust-root", root)
    ours = ("--repository", "https://github.com/acme/api")
    assert run(*asked).answer == (5, "trust.repository-unknown")
    assert run(*asked, *ours).answer == (0, "")
    theirs = ("--repository", "https://github.com/eve/api")
    assert run(*asked, *theirs).answer == (5, "trust.repository-not-allowed")
    assert run(*asked, *ours, "--environment", "prod").answer == (0, "")
    ran = run(*asked, *ours, "--environment", "staging")
    assert ran.answer == (5, "trust.environment-not-allowed")


# -- the group ------------------------------------------------------------------------------------


def test_verify_is_a_command_and_a_group(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    runner = CliRunner()
    shown = runner.invoke(cli, ["verify", "--help"])
    assert shown.exit_code == 0
    assert "[RECEIPT|PACKAGE]" in shown.output
    assert re.search(r"attestation +Verify attestations", shown.output)
    inner = runner.invoke(cli, ["verify", "attestation", "--help"])
    assert "Usage: cli verify attestation [OPTIONS] [FILE]" in inner.output
    # A file of that name is a receipt, when it is written as a path.
    monkeypatch.chdir(tmp_path)
    Path("attestation").write_bytes(b"no receipt")
    with pytest.raises(SystemExit) as ended:
        main(["verify", "./attestation", "--entry", "attestation", "--log-key", "x"])
    assert ended.value.code == 5
    with pytest.raises(SystemExit) as ended:
        main(["verify"])
    assert ended.value.code == 2


def test_the_answer_names_signer_and_builder_at_the_top(run: Run, bench: Bench) -> None:
    payload = json.loads(statement("https://slsa.dev/provenance/v1"))
    payload["predicate"] = {
        "buildDefinition": {"buildType": "https://example.com/b", "externalParameters": {}},
        "runDetails": {"builder": {"id": "https://ci.example.com/runner"}},
    }
    good = bench.write("good.json", bench.bundle(json.dumps(payload).encode()))
    said = run(good, *bench.asked, "--json").json()
    assert said["signer"] == said["documents"][0]["signer"]
    assert said["checks"] == said["documents"][0]["checks"]
    # Nobody asked for a builder, so that it is the signer's word.
    assert (said["builder"], said["build_judged"]) == ("https://ci.example.com/runner", False)
    refused = run(good, *replaced(bench.asked, "--certificate-identity", "x@y.z"), "--json").json()
    assert "signer" not in refused
    assert refused["reason"]["code"] == "trust.identity-subject"
