"""Envelopes come off, whatever they are in, and say what they are about."""

import base64
import json
from typing import Any

import pytest

from gatebook.formats.reading.detect import Identified, identify
from gatebook.formats.reading.document_format import Family
from gatebook.formats.reading.inspection import inspect

DIGEST = {"sha256": "0" * 64}
SBOM = {"bomFormat": "CycloneDX", "specVersion": "1.6", "components": []}
SYFT = {"artifacts": [], "artifactRelationships": [], "schema": {"version": "16.0.0"}}
VEX = {
    "@context": "https://openvex.dev/ns/v0.2.0",
    "@id": "https://acme.example/vex/1",
    "author": "Acme",
    "timestamp": "2026-01-01T00:00:00Z",
    "version": 1,
    "statements": [],
}
CYCLONEDX = "https://cyclonedx.org/bom"


def written(value: Any) -> bytes:
    return json.dumps(value).encode()


def statement(predicate: Any, kind: str = CYCLONEDX, **changed: Any) -> dict[str, Any]:
    return {
        "_type": "https://in-toto.io/Statement/v1",
        "subject": [{"name": "api", "digest": DIGEST}],
        "predicateType": kind,
        "predicate": predicate,
        **changed,
    }


def envelope(payload: Any, **changed: Any) -> dict[str, Any]:
    data = payload if isinstance(payload, bytes) else written(payload)
    return {
        "payloadType": "application/vnd.in-toto+json",
        "payload": base64.b64encode(data).decode(),
        "signatures": [{"sig": "AAAA"}],
        **changed,
    }


def bundle(payload: Any) -> dict[str, Any]:
    return {
        "mediaType": "application/vnd.dev.sigstore.bundle.v0.3+json",
        "verificationMaterial": {"publicKey": {"hint": "x"}, "tlogEntries": []},
        "dsseEnvelope": envelope(payload),
    }


def layers(found: Identified) -> list[str]:
    return [layer.format.value for layer in found.layers]


@pytest.mark.parametrize("wrap", [lambda inside: inside, envelope, bundle])
@pytest.mark.parametrize(
    ("predicate", "name"),
    [
        (SBOM, "cyclonedx-json"),
        ({"Data": SBOM, "Timestamp": "2026-01-01T00:00:00Z"}, "cyclonedx-json"),
        ({"Data": json.dumps(SYFT)}, "syft-json"),
        (SYFT, "syft-json"),
        (VEX, "openvex"),
    ],
)
def test_what_is_signed_is_found(wrap: Any, predicate: Any, name: str) -> None:
    found = identify(written(wrap(statement(predicate))))
    assert found.format == name
    assert layers(found)[-1] == "in-toto-statement"
    assert all(layer.error is None for layer in found.layers)
    assert found.layers[0].counts == {"predicateType": CYCLONEDX, "subjects": 1}


def test_a_predicate_that_is_a_text_is_looked_into_and_refused() -> None:
    """Syft wrote such once; a predicate is an object (in-toto spec/v1/statement.md)."""
    told = inspect(written(envelope(statement(json.dumps(SYFT)))))
    assert told.inner is not None
    assert told.inner.format == "syft-json"
    assert (told.valid, told.reason and told.reason.code) == (False, "formats.statement")


def test_a_predicate_that_nobody_reads_is_a_statement_all_the_same() -> None:
    found = identify(written(envelope(statement({"buildType": "x"}, "https://slsa.dev/x"))))
    assert (found.format, found.family) == ("in-toto-statement", Family.ATTESTATION)
    assert layers(found) == ["dsse", "in-toto-statement"]
    told = inspect(written(envelope(statement({"buildType": "x"}, "https://slsa.dev/x"))))
    assert told.to_json() == {
        "format": "dsse",
        "family": "attestation",
        "predicateType": "https://slsa.dev/x",
        "subjects": 1,
        "valid": True,
        "parses": True,
        "notes": ["only its form was judged; no signature was verified"],
    }
    assert told.is_known
    assert not told.is_refused


def test_a_wrapper_with_anything_else_in_it_is_no_wrapper() -> None:
    wrapped = {"Data": SBOM, "Timestamp": "2026-01-01T00:00:00Z"}
    assert identify(written(statement(wrapped))).format == "cyclonedx-json"
    assert identify(written(statement({**wrapped, "more": 1}))).format == "in-toto-statement"


def test_an_object_that_is_an_envelope_is_opened_whatever_else_it_holds() -> None:
    found = identify(written({**SBOM, **envelope(statement(VEX))}))
    assert found.format == "openvex"


def test_an_envelope_may_hold_a_document_without_a_statement() -> None:
    found = identify(written(envelope(SBOM, payloadType="application/vnd.cyclonedx+json")))
    assert (layers(found), found.format) == (["dsse"], "cyclonedx-json")


@pytest.mark.parametrize(
    ("document", "code"),
    [
        (envelope(statement(SBOM), signatures=[]), "formats.envelope"),
        (envelope(statement(SBOM), payloadType="text/plain"), "formats.statement-payload-type"),
        (envelope(statement(SBOM, subject=[])), "formats.statement-subjects"),
        (envelope(SBOM), "formats.statement-type"),
        (envelope(b"no JSON"), "formats.statement-type"),
        (envelope(statement(SBOM)) | {"payload": "%%%"}, "formats.envelope"),
        (statement(SBOM, subject=[{"name": "api"}]), "formats.statement-digest"),
        (
            bundle(statement(SBOM)) | {"mediaType": "application/vnd.dev.sigstore.bundle.v9+json"},
            "formats.bundle-version",
        ),
    ],
)
def test_an_envelope_that_is_not_well_formed_is_refused_and_described(
    document: dict[str, Any], code: str
) -> None:
    told = inspect(written(document))
    assert (told.valid, told.reason and told.reason.code) == (False, code)
    assert told.family is Family.ATTESTATION
    assert told.is_refused


def test_a_refused_document_inside_refuses_the_whole() -> None:
    told = inspect(written(envelope(statement({**SBOM, "specVersion": "9.9"}))))
    assert told.valid is True
    assert told.inner is not None
    assert told.inner.valid is False
    assert told.is_refused


@pytest.mark.parametrize("several", ["lines", "array", "answer"])
def test_several_attestations_are_each_told(several: str) -> None:
    bundles = [bundle(statement(SBOM)), bundle(statement({"unknown": 1}))]
    match several:
        case "lines":
            document = b"\n".join(map(written, bundles)) + b"\n"
        case "array":
            document = written(bundles)
        case _:
            document = written({"attestations": [{"bundle": each} for each in bundles]})
    found = identify(document)
    assert [part.format.value for part in found.parts] == ["cyclonedx-json", "in-toto-statement"]
    told = inspect(document)
    assert told.family is Family.ATTESTATION
    assert [each.format.value for each in told.parts] == ["sigstore-bundle"] * 2
    assert told.is_known
    documents = told.to_json()["documents"]
    assert isinstance(documents, list)
    assert len(documents) == 2


@pytest.mark.parametrize(
    "document",
    [
        {"attestations": 5},
        {"payload": "x"},
        {"mediaType": "application/vnd.oci.image.manifest.v1+json", "layers": []},
        {"_type": "https://example.com/Statement/v1", "subject": []},
        {"_type": 5},
        [{"payload": "x"}],
    ],
)
def test_what_only_looks_like_an_envelope_is_left_alone(document: Any) -> None:
    told = inspect(written(document))
    assert (told.family, told.valid) == (Family.OTHER, True)


@pytest.mark.parametrize(
    ("document", "name"),
    [
        ({"base64Signature": "AA==", "cert": "x"}, "cosign-blob-bundle"),
        ({"provenance_summary": {}}, "gcb-provenance"),
        ({"version": 1, "verification_material": {}, "envelope": {}}, "pep740-attestation"),
    ],
)
def test_what_only_its_verifier_opens_is_named_and_not_judged(
    document: dict[str, Any], name: str
) -> None:
    told = inspect(written(document))
    assert (told.format, told.family, told.valid) == (name, Family.ATTESTATION, None)


def test_envelopes_in_envelopes_come_to_an_end() -> None:
    document: Any = SBOM
    for _ in range(12):
        document = envelope(statement(document))
    found = identify(written(document))
    assert found.reader is None
    assert 8 <= len(found.layers) <= 18
