"""Envelopes, statements and predicates, and the documents attestations come in."""

from collections.abc import Callable, Iterable, Iterator

from fuzz import kit
from fuzz.target import Target, expect
from gatebook import canonical
from gatebook.canonical import JsonObject, as_object
from gatebook.digest import DigestSet
from gatebook.errors import GatebookError
from gatebook.formats.attestations import AttestationDocument, split_attestations
from gatebook.formats.cosign_record import CosignSignature
from gatebook.formats.deployment import DeploymentPredicate
from gatebook.formats.dsse import Envelope
from gatebook.formats.intoto import (
    PREDICATE_TYPES,
    Statement,
    Subject,
    encode_statement,
)
from gatebook.formats.link import LinkPredicate
from gatebook.formats.npm_publish import NpmPublish
from gatebook.formats.provenance import Provenance
from gatebook.formats.pypi_publish import PyPiPublish
from gatebook.formats.reference import Reference
from gatebook.formats.release import Release
from gatebook.formats.scai import AttributeReport
from gatebook.formats.simple_signing import SimpleSigning, signed_images
from gatebook.formats.svr import SimpleVerificationResult
from gatebook.formats.test_result import TestResult
from gatebook.formats.vsa import VerificationSummary
from gatebook.formats.vulnerability_scan import VulnerabilityScan
from gatebook.formats.waiver import WaiverPredicate
from gatebook.formats.witness import WitnessCollection
from gatebook.trust.signing.bundles import bundle_envelope

READERS: tuple[Callable[[Statement], object], ...] = (
    Provenance.from_statement,
    VerificationSummary.from_statement,
    SimpleVerificationResult.from_statement,
    TestResult.from_statement,
    VulnerabilityScan.from_statement,
    Release.from_statement,
    Reference.from_statement,
    AttributeReport.from_statement,
    LinkPredicate.from_statement,
    NpmPublish.from_statement,
    PyPiPublish.from_statement,
    WaiverPredicate.from_statement,
    DeploymentPredicate.from_statement,
    WitnessCollection.from_statement,
    signed_images,
)
TYPES = tuple(sorted(uri for uris in PREDICATE_TYPES.values() for uri in uris))


def _envelope(data: bytes) -> None:
    read = Envelope.parse(data)
    expect(Envelope.parse(read.encode()) == read, "an envelope changed when it was written again")


def _statement(data: bytes) -> None:
    read = Statement.parse(data)
    expect(bool(read.subjects), "a statement about nothing was read")
    for subject in read.subjects:
        expect(isinstance(subject.digests, DigestSet), "a subject without digests was read")
    try:
        again = Statement.parse(encode_statement(read))
    except GatebookError:
        return  # not every number has a canonical form
    expect(again.subjects == read.subjects, "subjects changed when they were written again")


def _predicate(data: bytes) -> None:
    # One byte says which type, the rest is the predicate: the fuzzer spends itself on what matters.
    predicate_type = TYPES[data[0] % len(TYPES)] if data else TYPES[0]
    predicate: JsonObject = as_object(canonical.loads(data[1:]))
    subject = Subject(name="app", digests=DigestSet.of({"sha256": "9" * 64, "gitCommit": "c" * 40}))
    made = Statement(subjects=(subject,), predicate_type=predicate_type, predicate=predicate)
    accepted = 0
    for read in READERS:
        try:
            result = read(made)
        except GatebookError:
            continue
        accepted += 1
        expect(result is not None, f"{read.__qualname__} gave nothing and no error")
    if not accepted:
        raise GatebookError(f"no reader took {predicate_type}", code="fuzz.refused")


def _attestations(data: bytes) -> None:
    documents = split_attestations(data)
    expect(bool(documents), "no attestation was found, and that was no error")
    for number, document in enumerate(documents):
        expect(isinstance(document, AttestationDocument), "another type")
        expect(document.position == number, "positions are out of order")
        expect(document.data in data, "a document is not a part of what was received")


def _cosign_record(data: bytes) -> None:
    expect(isinstance(CosignSignature.parse(data), CosignSignature), "another type")


def _simple_signing(data: bytes) -> None:
    expect(isinstance(SimpleSigning.parse(data), SimpleSigning), "another type")


def _envelopes() -> Iterator[bytes]:
    payload = kit.compact(kit.STATEMENT)
    yield kit.envelope(payload, "ana")
    yield kit.envelope(b"", "ana", payload_type="text/plain")


def _bundles() -> Iterator[bytes]:
    envelope = Envelope.parse(next(_envelopes()))
    yield bundle_envelope(envelope, kit.signer("ana").public_key)


def _statements() -> Iterator[bytes]:
    yield kit.compact(kit.STATEMENT)
    yield kit.compact(kit.statement("https://example.com/v1", {}, version="v0.1"))


def _predicates() -> Iterator[bytes]:
    for number, predicate_type in enumerate(TYPES):
        if predicate_type == kit.STATEMENT["predicateType"]:
            yield bytes([number]) + kit.compact(kit.STATEMENT["predicate"])
        for sample in PREDICATES.get(predicate_type, ()):
            yield bytes([number]) + kit.compact(sample)
    yield b"\x00{}"


INSTANT = "2026-11-20T12:00:00Z"
PREDICATES: dict[str, Iterable[JsonObject]] = {
    "https://slsa.dev/provenance/v0.2": (
        {
            "buildType": "https://github.com/slsa-framework/slsa-github-generator/generic@v1",
            "builder": {"id": "https://github.com/acme/build/.github/workflows/b.yml@refs/tags/v1"},
            "invocation": {
                "configSource": {
                    "uri": "git+https://github.com/acme/api@refs/heads/main",
                    "digest": {"sha1": "c" * 40},
                    "entryPoint": "build.yml",
                },
                "parameters": {},
                "environment": {"github_event_name": "push"},
            },
            "materials": [
                {
                    "uri": "git+https://github.com/acme/api@refs/heads/main",
                    "digest": {"sha1": "c" * 40},
                }
            ],
        },
    ),
    "https://slsa.dev/verification_summary/v1": (
        {
            "verifier": {"id": "https://gate.acme.example"},
            "timeVerified": INSTANT,
            "resourceUri": "pkg:oci/app",
            "policy": {"uri": "https://acme.example/policy", "digest": {"sha256": "0" * 64}},
            "verificationResult": "PASSED",
            "verifiedLevels": ["SLSA_BUILD_LEVEL_3"],
        },
    ),
    "https://in-toto.io/attestation/svr/v0.2": (
        {
            "verifier": {"id": "https://gate.acme.example", "policies": [{"uri": "x"}]},
            "timeCreated": INSTANT,
            "properties": ["ACME_RELEASE_APPROVED"],
        },
    ),
    "https://in-toto.io/attestation/test-result/v0.1": (
        {
            "result": "PASSED",
            "configuration": [{"name": "ci.yml", "digest": {"sha256": "0" * 64}}],
            "passedTests": ["a"],
        },
    ),
    "https://in-toto.io/attestation/vulns/v0.2": (
        {
            "scanner": {
                "uri": "pkg:pypi/scanner",
                "version": "1",
                "db": {"uri": "x", "lastUpdate": INSTANT},
                "result": [{"id": "CVE-2026-1", "severity": [{"method": "cvss", "score": "7"}]}],
            },
            "metadata": {"scanStartedOn": INSTANT, "scanFinishedOn": INSTANT},
        },
    ),
    "https://in-toto.io/attestation/release/v0.2": ({"purl": "pkg:pypi/app@1.0"},),
    "https://in-toto.io/attestation/scai/v0.3": (
        {"attributes": [{"attribute": "X"}], "producer": {"uri": "y"}},
    ),
    "https://in-toto.io/attestation/link/v0.3": (
        {"name": "build", "command": ["make"], "materials": [], "byproducts": {}},
    ),
}


TARGETS = (
    Target(
        name="envelope",
        check=_envelope,
        seeds=_envelopes,
        vectors=("attest/in-toto-layout/test-data/*.json", "gates/provenance-*/*.json"),
    ),
    Target(name="statement", check=_statement, seeds=_statements),
    Target(name="predicate", check=_predicate, seeds=_predicates),
    Target(
        name="attestations",
        check=_attestations,
        seeds=lambda: [
            *_envelopes(),
            b"\n\r\n".join(_envelopes()),
            b'{"attestations":[{"bundle":' + next(_bundles()) + b"}]}",
            next(_bundles()),
            b"[" + next(_envelopes()) + b"]",
        ],
        vectors=("attest/github/*.json*", "attest/pypi/*.attestation"),
    ),
    Target(
        name="cosign-record",
        check=_cosign_record,
        seeds=lambda: [
            b'{"base64Signature":"AAAA"}',
            b'{"base64Signature":"AAAA","rekorBundle":{"SignedEntryTimestamp":"AAAA","Payload":'
            b'{"body":"eyJraW5kIjoiaGFzaGVkcmVrb3JkIn0=","integratedTime":1,"logIndex":1,'
            b'"logID":"' + b"0" * 64 + b'"}}}',
        ],
    ),
    Target(
        name="simple-signing",
        check=_simple_signing,
        seeds=lambda: [
            kit.compact(
                {
                    "critical": {
                        "identity": {"docker-reference": "registry.example/app"},
                        "image": {"docker-manifest-digest": "sha256:" + "9" * 64},
                        "type": "cosign container image signature",
                    },
                    "optional": None,
                }
            )
        ],
    ),
)
