"""slsa-verifier's own cases: the stated verdict, for the stated reason."""

import base64
import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509

from gatebook.digest import Digest
from gatebook.errors import GatebookError
from gatebook.formats.intoto import Statement
from gatebook.trust.identities.certificate import CertificateIdentity, read_certificate_identity
from gatebook.trust.sigstore.managed_key import read_managed_keys
from gatebook.trust.sigstore.profile import Profile, ProfileName
from gatebook.trust.sigstore.root import SigstoreRoot
from gatebook.trust.sigstore.verified import CertificateSigner, SignedPayload
from gatebook.trust.sigstore.verify import verify_bundle
from gatebook.trust.slsa.builders import DELEGATORS
from gatebook.trust.slsa.expectations import ProvenanceExpectations
from gatebook.trust.slsa.npm import verify_npm
from gatebook.trust.slsa.verify import verify_provenance

REASONS: Mapping[str, frozenset[str]] = {
    "pass": frozenset({"pass"}),
    "fail:source": frozenset({"trust.slsa-source-mismatch"}),
    "fail:tag": frozenset({"trust.slsa-tag-mismatch"}),
    "fail:branch": frozenset({"trust.slsa-branch-mismatch"}),
    "fail:versioned tag": frozenset({"trust.slsa-versioned-tag-mismatch"}),
    "fail:not a tag ref": frozenset({"trust.slsa-invalid-ref"}),
}
HOSTED = "https://github.com/actions/runner/github-hosted"


@dataclass(frozen=True)
class Case:
    described: dict[str, Any]
    data: bytes
    statement: Statement
    signer: CertificateIdentity

    @property
    def subject(self) -> Digest:
        return Digest("sha256", self.described["subjects"][0]["sha256"])

    def verdict(self, subject: Digest | None = None, **expected: Any) -> str:
        try:
            verify_provenance(
                self.statement,
                self.signer,
                ProvenanceExpectations(**expected),
                subject=subject or self.subject,
            )
        except GatebookError as error:
            return error.code
        return "pass"


def read(document: dict[str, Any]) -> tuple[Statement, CertificateIdentity | None]:
    """Statement and certificate of a bundle or of a bare envelope, not verified."""
    envelope = document.get("dsseEnvelope", document)
    statement = Statement.parse(base64.b64decode(envelope["payload"]))
    if envelope is document:
        pem = document["signatures"][0]["cert"].encode()
        return statement, read_certificate_identity(x509.load_pem_x509_certificate(pem))
    material = document["verificationMaterial"]
    if "certificate" in material:
        raw = material["certificate"]["rawBytes"]
    elif "x509CertificateChain" in material:
        raw = material["x509CertificateChain"]["certificates"][0]["rawBytes"]
    else:
        return statement, None
    return statement, read_certificate_identity(
        x509.load_der_x509_certificate(base64.b64decode(raw))
    )


@pytest.fixture(scope="module")
def cases(vectors: Path) -> tuple[Case, ...]:
    place = vectors / "attest" / "slsa"

    def load() -> Iterator[Case]:
        for described in json.loads((place / "cases.json").read_bytes()):
            data = (place / described["file"]).read_bytes()
            statement, signer = read(json.loads(data))
            assert signer is not None
            yield Case(described, data, statement, signer)

    return tuple(load())


def expected_of(check: Mapping[str, str], builder: str | None) -> dict[str, str | None]:
    return {
        "source_uri": check["source"],
        "source_tag": check.get("tag"),
        "source_branch": check.get("branch"),
        "source_versioned_tag": check.get("versioned_tag"),
        "builder_id": check.get("builder_id", builder),
    }


def reasons(case: Case, stated: str) -> frozenset[str]:
    if stated != "fail:builder":
        return REASONS[stated]
    # A delegator signs for any builder, so that the provenance decides; else the certificate does.
    signer = case.signer.signer
    delegated = signer is not None and signer.name in DELEGATORS
    return frozenset(
        {"trust.slsa-builder-mismatch" if delegated else "trust.slsa-builder-untrusted"}
    )


def test_every_policy_check_gives_its_verdict_for_its_reason(cases: tuple[Case, ...]) -> None:
    wrong: list[str] = []
    done = 0
    for case in cases:
        for check in case.described.get("policy_checks", ()):
            done += 1
            named = expected_of(check, case.described["builder_id"])
            found = case.verdict(**named)
            if found not in reasons(case, check["expect"]):
                wrong.append(f"{case.described['file']} {check}: {found}")
    assert wrong == []
    assert done >= 350


def test_trusted_builders_need_not_be_named(cases: tuple[Case, ...]) -> None:
    wrong: list[str] = []
    done = 0
    for case in cases:
        for check in case.described.get("policy_checks", ()):
            own = "/slsa-github-generator/" in case.described["builder_id"]
            if "builder_id" in check:
                continue
            done += 1
            found = case.verdict(**expected_of(check, None))
            # The builder of a delegated build is checked before tag and branch, not before source.
            good = reasons(case, check["expect"])
            if not own and check["expect"] != "fail:source":
                good = frozenset({"trust.slsa-builder-mismatch"})
            if found not in good:
                wrong.append(f"{case.described['file']} {check}: {found}")
    assert wrong == []
    assert done > 0


def test_builds_that_verify_as_bundles_satisfy_the_policy_end_to_end(
    vectors: Path, cases: tuple[Case, ...]
) -> None:
    place = vectors / "attest" / "trusted_roots" / "public-good.json"
    root = SigstoreRoot.parse(place.read_bytes())
    profile = Profile.named(ProfileName.PUBLIC_GOOD, root)
    wrong: list[str] = []
    verified = 0
    for case in cases:
        file = case.described["file"]
        valid = case.described["crypto_offline"].startswith("valid")
        try:
            bundle = verify_bundle(case.data, artifact=case.subject, root=root, profile=profile)
        except GatebookError as error:
            # A bare envelope with a certificate and no log entry proves no time: it is no bundle.
            if valid or error.code != "formats.bundle":
                wrong.append(f"{file}: {error.code}")
            continue
        assert isinstance(bundle.content, SignedPayload)
        assert isinstance(bundle.signer, CertificateSigner)
        expectations = ProvenanceExpectations(
            source_uri="github.com/slsa-framework/example-package",
            builder_id=case.described["builder_id"],
        )
        build = verify_provenance(
            Statement.parse(bundle.content.payload),
            read_certificate_identity(bundle.signer.certificate),
            expectations,
            subject=case.subject,
        )
        verified += 1
        if not valid or str(build.builder) != case.described["builder_id"]:
            wrong.append(f"{file}: {build.builder}")
    assert wrong == []
    assert verified == sum(c.described["crypto_offline"].startswith("valid") for c in cases) > 0


def find(cases: tuple[Case, ...], name: str) -> Case:
    return next(case for case in cases if case.described["file"].endswith(name))


def test_builders_of_somebody_else_are_not_trusted(cases: tuple[Case, ...]) -> None:
    for name in ("untrusted-builder.intoto.jsonl", "no-tlog-upload.intoto.jsonl"):
        case = find(cases, name)
        source = "github.com/asraa/slsa-on-github-test"
        assert case.verdict(source_uri=source) == "trust.slsa-builder-untrusted"


def test_workflow_inputs_of_a_real_build(cases: tuple[Case, ...]) -> None:
    case = find(cases, "workflow-inputs.intoto.jsonl")
    source = "github.com/laurentsimon/slsa-on-github-test"
    invocation = case.statement.predicate["invocation"]
    assert isinstance(invocation, dict)
    environment: Any = invocation["environment"]
    inputs: dict[str, str] = environment["github_event_payload"]["inputs"]
    assert inputs
    assert case.verdict(source_uri=source, workflow_inputs=inputs) == "pass"
    for name, value in inputs.items():
        for other in ({name: value + "x"}, {name + "x": value}):
            found = case.verdict(source_uri=source, workflow_inputs={**inputs, **other})
            assert found == "trust.slsa-workflow-input-mismatch"


def test_every_subject_of_a_build_counts_and_no_other(cases: tuple[Case, ...]) -> None:
    case = find(cases, "multi-subject-first.intoto.jsonl")
    source = "github.com/slsa-framework/example-package"
    assert len(case.statement.subjects) > 1
    for subject in case.statement.subjects:
        for digest in subject.digests.digests:
            assert case.verdict(digest, source_uri=source) == "pass"
    other = Digest("sha256", hashlib.sha256(b"another artifact").hexdigest())
    assert case.verdict(other, source_uri=source) == "trust.subject-mismatch"


def test_the_publisher_of_the_bazel_registry_has_to_be_named(vectors: Path) -> None:
    place = vectors / "attest" / "slsa" / "bcr"
    statement, signer = read(json.loads((place / "MODULE.bazel.intoto.jsonl").read_bytes()))
    assert signer is not None
    artifact = Digest("sha256", hashlib.sha256((place / "MODULE.bazel").read_bytes()).hexdigest())
    publisher = "https://github.com/bazel-contrib/publish-to-bcr/.github/workflows/publish.yaml"
    case = Case({"subjects": [{"sha256": artifact.hex}]}, b"", statement, signer)
    source = "https://github.com/aspect-build/rules_lint"
    assert case.verdict(source_uri=source, builder_id=publisher) == "pass"
    assert case.verdict(source_uri=source) == "trust.slsa-builder-untrusted"
    found = case.verdict(source_uri=source + "x", builder_id=publisher)
    assert found == "trust.slsa-source-mismatch"


def npm_verdict(
    document: dict[str, Any], source: str, *, tarball: Digest | None = None, **expected: Any
) -> str:
    publish: Statement | None = None
    provenance: Statement | None = None
    signer: CertificateIdentity | None = None
    names = {part: expected.pop(part, None) for part in ("name", "version")}
    try:
        for attestation in document["attestations"]:
            statement, identity = read(attestation["bundle"])
            if identity is None:
                publish = statement
            else:
                provenance, signer = statement, identity
        assert provenance is not None
        assert signer is not None
        digest = tarball or next(iter(provenance.subjects[0].digests.digests))
        expectations = ProvenanceExpectations(source_uri=source, **expected)
        verify_npm(publish, provenance, signer, expectations, tarball=digest, **names)
    except GatebookError as error:
        return error.code
    return "pass"


NODEJS = (
    "https://github.com/slsa-framework/slsa-github-generator/.github/workflows/"
    "builder_nodejs_slsa3.yml"
)


NPM_PACKAGES = {
    "gundam-visor-cli-v1-tag": {
        "source": "github.com/ramonpetgrave64/gundam-visor",
        "name": "gundam-visor",
        "version": "1.0.1",
        "builder_id": HOSTED,
    },
    "provenance-npm-test-cli-v02-prega": {
        "source": "github.com/laurentsimon/provenance-npm-test",
        "name": "@laurentsimon/provenance-npm-test",
        "version": "1.0.3",
        "builder_id": HOSTED,
    },
    "provenance-npm-test-ossf": {
        "source": "github.com/laurentsimon/provenance-npm-test",
        "name": "@laurentsimon/provenance-npm-test",
        "version": "1.0.5",
        "builder_id": NODEJS,
    },
}


@pytest.mark.parametrize("file", sorted(NPM_PACKAGES))
def test_npm_pairs(vectors: Path, file: str) -> None:
    place = vectors / "attest" / "slsa" / "npm"
    document = json.loads((place / f"{file}.tgz.json").read_bytes())
    tarball = hashlib.sha512((place / f"{file}.tgz").read_bytes()).hexdigest()
    good: dict[str, Any] = {**NPM_PACKAGES[file], "tarball": Digest("sha512", tarball)}
    assert npm_verdict(document, **good) == "pass"
    for change, code in (
        ({"version": "9.9.9"}, "trust.npm-version-mismatch"),
        ({"name": good["name"] + "S"}, "trust.npm-name-mismatch"),
        ({"builder_id": None}, "trust.slsa-builder-required"),
        ({"tarball": Digest("sha512", "0" * 128)}, "trust.subject-mismatch"),
        ({"source": good["source"] + "2"}, "trust.slsa-source-mismatch"),
    ):
        assert npm_verdict(document, **{**good, **change}) == code
    document["attestations"] = [
        each for each in document["attestations"] if "publish" not in each["predicateType"]
    ]
    assert npm_verdict(document, **good) == "trust.npm-publish-missing"


def test_npm_pairs_end_to_end(vectors: Path) -> None:
    attest = vectors / "attest"
    root = SigstoreRoot.parse((attest / "trusted_roots" / "public-good.json").read_bytes())
    # npm's bundles before 0.3 carry the chain, root included, and no inclusion proof.
    legacy = {"legacy_chain": True, "legacy_set_only": True}
    by_certificate = Profile.named(ProfileName.PUBLIC_GOOD, root, **legacy)
    by_key = Profile.named(ProfileName.MANAGED_KEY, root, **legacy)
    npm = read_managed_keys((attest / "trusted_roots" / "npm-keys.json").read_bytes())
    wrong: list[str] = []
    done = 0
    for path in sorted((attest / "slsa" / "npm").glob("*.tgz.json")):
        for attestation in json.loads(path.read_bytes())["attestations"]:
            bundle = json.dumps(attestation["bundle"]).encode()
            published = "publish" in attestation["predicateType"]
            done += 1
            verdicts = set()
            for key in [named.key for named in npm] if published else [None]:
                try:
                    verify_bundle(
                        bundle,
                        artifact=None,
                        root=root,
                        profile=by_key if published else by_certificate,
                        key=key,
                    )
                except GatebookError as error:
                    verdicts.add(error.code)
                else:
                    verdicts.add("pass")
            broken = "invalidsigpub" if published else "invalidsigprov"
            if ("pass" in verdicts) == (broken in path.name):
                wrong.append(f"{path.name} {attestation['predicateType']}: {sorted(verdicts)}")
    assert wrong == []
    assert done == 18


@pytest.mark.parametrize(
    ("file", "builder", "code"),
    [
        ("gundam-visor-cli-v1-tag", f"{HOSTED}2", "trust.slsa-builder-untrusted"),
        (
            "gundam-visor-cli-v1-tag",
            HOSTED.removesuffix("/github-hosted"),
            "trust.slsa-builder-mismatch",
        ),
        ("provenance-npm-test-cli-v02-prega", HOSTED.removesuffix("/github-hosted"), "pass"),
        (
            "provenance-npm-test-ossf",
            NODEJS.replace("slsa3", "slsa"),
            "trust.slsa-builder-mismatch",
        ),
    ],
)
def test_npm_builders(vectors: Path, file: str, builder: str, code: str) -> None:
    place = vectors / "attest" / "slsa" / "npm" / f"{file}.tgz.json"
    source = (
        "github.com/ramonpetgrave64/gundam-visor"
        if file.startswith("gundam")
        else "github.com/laurentsimon/provenance-npm-test"
    )
    assert npm_verdict(json.loads(place.read_bytes()), source, builder_id=builder) == code


def test_provenance_bundles_by_what_their_names_say(vectors: Path) -> None:
    place = vectors / "gates" / "provenance-bundle"
    source = "github.com/laurentsimon/provenance-npm-test"
    # The certificates of these first npm attestations do not say which machine ran the build.
    unknown_runner = "trust.slsa-builder-mismatch"
    stated = {
        "npm-attestations": unknown_runner,
        "npm-att-prov-invalid-signature": unknown_runner,
        "npm-att-mismatch-prov-payloadtype": unknown_runner,
        "npm-att-mismatch-pub-payloadtype": unknown_runner,
        "npm-att-publish-nodigest": "formats.statement",
        "npm-stmt-mismatch-prov-type": "formats.statement",
        "npm-stmt-mismatch-pub-type": "formats.statement",
    }
    for name, code in stated.items():
        document = json.loads((place / f"{name}.intoto.sigstore").read_bytes())
        found = npm_verdict(document, source, builder_id=HOSTED)
        assert found.startswith(code), name
    valid, signer = read(json.loads((place / "bundle.valid-v0.3.intoto.sigstore").read_bytes()))
    assert signer is not None
    subject = next(iter(valid.subjects[0].digests.digests))
    case = Case({"subjects": [{"sha256": subject.hex}]}, b"", valid, signer)
    source = "github.com/slsa-framework/example-package"
    assert case.verdict(source_uri=source, source_branch="main") == "pass"
    assert case.verdict(source_uri=source, source_branch="mai") == "trust.slsa-branch-mismatch"
    # A draft of the predicate is not the predicate.
    for name in ("bundle.attestation", "bundle.invalid-set"):
        data = (place / f"{name}.intoto.sigstore").read_bytes()
        statement, identity = read(json.loads(data))
        assert identity is not None
        draft = Case({"subjects": [{"sha256": "0" * 64}]}, b"", statement, identity)
        assert draft.verdict().startswith("trust.slsa-"), name
