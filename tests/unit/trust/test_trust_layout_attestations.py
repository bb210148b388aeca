"""Layouts over attestations (ITE-10): the published example, and one change at a time."""

import base64
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ed25519

from gatebook.clock import Instant
from gatebook.digest import Digest
from gatebook.errors import GatebookError
from gatebook.formats.dsse import pae
from gatebook.formats.layout.evidence import StepEvidence, arrange_evidence
from gatebook.trust.layout.attestations import verify_attestation_layout
from gatebook.trust.layout.verified import RemarkKind, VerifiedLayout

AT = Instant.parse("2026-11-20T12:00:00Z")


class TestPublishedExample:
    """The layout and the attestations of in-toto/attestation-verifier."""

    @pytest.fixture
    def files(self, vectors: Path) -> dict[str, bytes]:
        place = vectors / "attest" / "in-toto-layout" / "test-data"
        found = {path.name: path.read_bytes() for path in sorted(place.iterdir())}
        assert len(found) == 3
        return found

    @pytest.fixture
    def layout(self, vectors: Path) -> bytes:
        return (vectors / "attest" / "in-toto-layout" / "layout.yml").read_bytes()

    def test_it_passes(self, layout: bytes, files: Mapping[str, bytes]) -> None:
        done = verify_attestation_layout(layout, evidence=arrange_evidence(files), at=AT)
        assert [step.name for step in done.steps] == ["clone", "test", "build"]
        assert all(len(step.signers) == 1 for step in done.steps)
        digest = dict(done.products)["bin/foo"].digests[0]  # type: ignore[union-attr]
        assert done.find_product(digest) == "bin/foo"
        assert done.remarks == ()

    @pytest.mark.parametrize(
        ("good", "bad", "code"),
        [
            (b"'PASSED'", b"'FAILED'", "trust.layout-attribute"),
            (b"failedTests) == 0", b"failedTests) == 1", "trust.layout-attribute"),
            (b"v1.7.0", b"v1.8.0", "trust.layout-attribute"),
            (b"builder.id ==", b"builder.url ==", "trust.layout-attribute"),
            (b"CREATE foo", b"CREATE fob", "trust.layout-disallowed"),
            (b"CREATE bin/foo", b"REQUIRE bin/fob", "trust.layout-required"),
            (b"products FROM clone", b"materials FROM clone", "trust.layout-disallowed"),
            (b"test-result/v0.1", b"test-result/v0.2", "trust.layout-threshold"),
            (b'public: "73', b'public: "74', "trust.layout-threshold"),
            (b'"2100-', b'"2025-', "trust.layout-expired"),
            (
                b"steps:",
                b"inspections: [{name: x, command: id}]\nsteps:",
                "trust.layout-inspection",
            ),
            (b"steps:", b"subjects: [{}]\nsteps:", "formats.layout-section"),
        ],
    )
    def test_one_change_of_the_layout(
        self, layout: bytes, files: Mapping[str, bytes], good: bytes, bad: bytes, code: str
    ) -> None:
        assert good in layout
        changed = layout.replace(good, bad, 1)
        with pytest.raises(GatebookError) as caught:
            verify_attestation_layout(changed, evidence=arrange_evidence(files), at=AT)
        assert caught.value.code == code, caught.value.message

    @pytest.mark.parametrize("step", ["build", "clone", "test"])
    def test_one_attestation_is_missing(
        self, layout: bytes, files: dict[str, bytes], step: str
    ) -> None:
        kept = {name: data for name, data in files.items() if not name.startswith(step)}
        with pytest.raises(GatebookError) as caught:
            verify_attestation_layout(layout, evidence=arrange_evidence(kept), at=AT)
        assert caught.value.code == "trust.layout-threshold"

    @pytest.mark.parametrize("step", ["build", "clone", "test"])
    def test_one_attestation_was_changed(
        self, layout: bytes, files: dict[str, bytes], step: str
    ) -> None:
        name = next(name for name in files if name.startswith(step))
        outer = json.loads(files[name])
        payload = base64.b64decode(outer["payload"]) + b" "
        files[name] = json.dumps(outer | {"payload": base64.b64encode(payload).decode()}).encode()
        with pytest.raises(GatebookError) as caught:
            verify_attestation_layout(layout, evidence=arrange_evidence(files), at=AT)
        assert caught.value.code == "trust.layout-threshold"

    def test_attestations_filed_under_each_others_steps(
        self, layout: bytes, files: dict[str, bytes]
    ) -> None:
        build, _, test = sorted(files)
        files[build], files[test] = files[test], files[build]
        with pytest.raises(GatebookError) as caught:
            verify_attestation_layout(layout, evidence=arrange_evidence(files), at=AT)
        assert caught.value.code == "trust.layout-threshold"


class Company:
    """Two steps of our own: a test of some source, and a build of it."""

    SOURCE = "1" * 64
    BUILT = "9" * 64

    def __init__(self) -> None:
        self.keys = {name: ed25519.Ed25519PrivateKey.generate() for name in ("ci", "qa", "eve")}
        self.rule = "predicate.result == 'PASSED'"
        self.options = ""
        self.testers = "[qa]"
        self.threshold = 1
        self.twin = ""
        self.evidence = [
            self.attest("test", "qa", "https://example.com/test/v1", {"result": "PASSED"}),
            self.attest("build", "ci", "https://slsa.dev/provenance/v1", self.provenance()),
        ]

    def provenance(self, name: str = "src", digest: str = "") -> dict[str, Any]:
        return {
            "buildDefinition": {
                "buildType": "https://example.com/build",
                "resolvedDependencies": [
                    {"uri": name, "digest": {"sha256": digest or self.SOURCE}}
                ],
            }
        }

    def attest(
        self,
        step: str,
        who: str,
        predicate_type: str,
        predicate: Mapping[str, Any],
        subject: tuple[str, str] | None = None,
    ) -> StepEvidence:
        name, digest = subject or (
            ("app", self.BUILT) if "provenance" in predicate_type else ("src", self.SOURCE)
        )
        statement = {
            "_type": "https://in-toto.io/Statement/v1",
            "subject": [{"name": name, "digest": {"sha256": digest}}],
            "predicateType": predicate_type,
            "predicate": predicate,
        }
        payload = json.dumps(statement).encode()
        kind = "application/vnd.in-toto+json"
        signature = self.keys[who].sign(pae(kind, payload))
        envelope = {
            "payload": base64.b64encode(payload).decode(),
            "payloadType": kind,
            "signatures": [{"sig": base64.b64encode(signature).decode()}],
        }
        return StepEvidence(name=f"{step} by {who}", data=json.dumps(envelope).encode(), step=step)

    @property
    def layout(self) -> bytes:
        keys = "".join(
            f"  {name}:\n    keyType: ed25519\n    scheme: ed25519\n    keyVal:\n"
            f'      public: "{self.keys[name].public_key().public_bytes_raw().hex()}"\n'
            for name in ("ci", "qa")
        )
        return (
            'expires: "2027-01-01T00:00:00Z"\nfunctionaries:\n'
            + keys
            + self.twin
            + f"""
steps:
  - name: test
    expectedMaterials: ["ALLOW src", "DISALLOW *"]
    expectedPredicates:
      - predicateType: https://example.com/test/v1
        functionaries: {self.testers}
        threshold: {self.threshold}
        expectedAttributes:
          - rule: "{self.rule}"
            {self.options}
  - name: build
    expectedMaterials: ["MATCH src WITH materials FROM test", "DISALLOW *"]
    expectedProducts: ["CREATE app", "DISALLOW *"]
    expectedPredicates:
      - predicateType: https://slsa.dev/provenance/v1
        functionaries: [ci]
"""
        ).encode()

    def verify(self) -> VerifiedLayout:
        return verify_attestation_layout(self.layout, evidence=self.evidence, at=AT)

    def refused(self, code: str) -> GatebookError:
        with pytest.raises(GatebookError) as caught:
            self.verify()
        assert caught.value.code == code, caught.value.message
        return caught.value


@pytest.fixture
def company() -> Company:
    return Company()


def test_what_was_tested_is_what_was_built(company: Company) -> None:
    done = company.verify()
    assert done.find_product(Digest("sha256", "9" * 64)) == "app"
    company.evidence[1] = company.attest(
        "build", "ci", "https://slsa.dev/provenance/v1", company.provenance(digest="2" * 64)
    )
    company.refused("trust.layout-disallowed")


def test_a_functionary_of_one_step_does_not_speak_for_another(company: Company) -> None:
    company.evidence[0] = company.attest(
        "test", "ci", "https://example.com/test/v1", {"result": "PASSED"}
    )
    company.refused("trust.layout-threshold")


def test_a_claim_of_somebody_else_does_not_feed_a_match(company: Company) -> None:
    """Only what counts for a step is seen by the rules of other steps."""
    company.evidence.append(
        company.attest(
            "test",
            "ci",
            "https://example.com/other/v1",
            {"result": "PASSED"},
            subject=("src", "2" * 64),
        )
    )
    company.evidence[1] = company.attest(
        "build", "ci", "https://slsa.dev/provenance/v1", company.provenance(digest="2" * 64)
    )
    company.refused("trust.layout-disallowed")


def test_one_key_under_two_names_counts_once(company: Company) -> None:
    public = company.keys["qa"].public_key().public_bytes_raw().hex()
    company.twin = (
        "  twin:\n    keyType: ed25519\n    scheme: ed25519\n    keyVal:\n"
        f'      public: "{public}"\n'
    )
    company.testers, company.threshold = "[qa, twin]", 2
    company.refused("trust.layout-threshold")


def test_every_attestation_that_counts_has_to_hold(company: Company) -> None:
    company.evidence.append(
        company.attest("test", "qa", "https://example.com/test/v1", {"result": "FAILED"})
    )
    company.refused("trust.layout-attribute")


def test_attestations_of_one_step_that_contradict_each_other(company: Company) -> None:
    company.evidence.append(
        company.attest(
            "test",
            "qa",
            "https://example.com/test/v1",
            {"result": "PASSED"},
            subject=("src", "2" * 64),
        )
    )
    company.refused("trust.layout-links-disagree")


class TestAttributes:
    def test_silence_passes_only_where_the_layout_allows_it(self, company: Company) -> None:
        company.rule = "predicate.verdict == 'PASSED'"
        company.refused("trust.layout-attribute")
        company.options = "allowIfNoClaim: true"
        company.verify()

    def test_allowing_silence_does_not_allow_the_opposite(self, company: Company) -> None:
        company.rule, company.options = "predicate.result == 'GOOD'", "allowIfNoClaim: true"
        company.refused("trust.layout-attribute")

    def test_a_warning_is_told(self, company: Company) -> None:
        company.rule, company.options = "predicate.result == 'GOOD'", "warn: true"
        kinds = [remark.kind for remark in company.verify().remarks]
        assert kinds == [RemarkKind.ATTRIBUTE_DIFFERS]

    def test_a_warning_does_not_cover_silence(self, company: Company) -> None:
        company.rule, company.options = "predicate.verdict == 'GOOD'", "warn: true"
        company.refused("trust.layout-attribute")

    @pytest.mark.parametrize("rule", ["predicate.result", "size(predicateType)"])
    def test_a_rule_that_is_neither_true_nor_false(self, company: Company, rule: str) -> None:
        company.rule = rule
        company.refused("trust.layout-attribute")

    def test_a_rule_outside_what_is_evaluated(self, company: Company) -> None:
        company.rule = "predicate.result.matches('P.*')"
        company.refused("formats.layout-expression")


def test_without_evidence_nothing_is_verified(company: Company) -> None:
    company.evidence = []
    company.refused("trust.layout-threshold")


def test_a_statement_that_spells_its_type_twice(company: Company) -> None:
    outer = json.loads(company.evidence[0].data)
    statement = json.loads(base64.b64decode(outer["payload"]))
    payload = json.dumps(statement | {"type": "https://in-toto.io/Statement/v0.1"}).encode()
    kind = outer["payloadType"]
    outer["payload"] = base64.b64encode(payload).decode()
    signature = company.keys["qa"].sign(pae(kind, payload))
    outer["signatures"] = [{"sig": base64.b64encode(signature).decode()}]
    company.evidence[0] = StepEvidence(name="twice", data=json.dumps(outer).encode(), step="test")
    company.refused("trust.layout-threshold")
