"""slsa-verifier's descriptions of images built on Google Cloud Build.

Google's keys are not part of the test data. What would be Google's signature is made again with a
key of ours, so that every other rule is reached; a second pass leaves the signatures as they are.
"""

import base64
import binascii
import json
import re
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from gatebook.digest import Digest
from gatebook.errors import GatebookError
from gatebook.formats.dsse import pae
from gatebook.formats.intoto import PAYLOAD_TYPE
from gatebook.trust.keys import PublicKey
from gatebook.trust.slsa.expectations import ProvenanceExpectations
from gatebook.trust.slsa.gcb import verify_gcb

KEY = ec.generate_private_key(ec.SECP256R1())
PUBLIC = PublicKey.parse(
    KEY.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
)
REGIONS = ("us-west2", "us-central1", "global")
ATTESTOR = (
    "projects/verified-builder/locations/{}/keyRings/attestor/cryptoKeys/{}/cryptoKeyVersions/1"
)
KEYS = {ATTESTOR.format(region, "builtByGCB"): PUBLIC for region in REGIONS} | {
    ATTESTOR.format("global", name): PUBLIC for name in ("provenanceSigner", "google-hosted-worker")
}
UNSIGNED = "trust.no-valid-signature"

# By name, what remains to refuse a file once its well-formed signatures are Google's.
STATED = {
    "attest/slsa/gcb_v0.3": {
        "empty-keyid": UNSIGNED,
        "empty-signature": UNSIGNED,
        "empty-signature-region": UNSIGNED,
        "gcs": "pass",
        "github": "pass",
        "github-tag": "pass",
        "invalid-keyid": UNSIGNED,
        "invalid-signature-encoding": UNSIGNED,
        "invalid-signature-region": UNSIGNED,
        "mismatch-metadata-kind": "trust.gcb-kind",
        "mismatch-metadata-urisha256": "trust.gcb-resource",
        "mismatch-payload-builderid": "trust.slsa-build-type",
        "mismatch-payload-digest": "trust.subject-mismatch",
        "mismatch-summary-digest": "trust.gcb-summary",
        "mismatch-text-digest": "trust.gcb-text",
        "mismatch-text-steps": "trust.gcb-text",
        "multiple-provenance-2ndvalid": "pass",
        "multiple-provenance-3rdvalid": "pass",
        "multiple-signatures-2ndvalid": "pass",
        "multiple-signatures-3rdvalid": "pass",
        "no-keyid": UNSIGNED,
        "no-signature": "canonical.not-json",
    },
    "gates/provenance-gcb": {
        "empty-keyid": UNSIGNED,
        "empty-provenance": "trust.gcb-malformed",
        "empty-signature": UNSIGNED,
        "github": "pass",
        "github-v03-git": "pass",
        "invalid-builderv01": "trust.slsa-builder-untrusted",
        "invalid-keyid": UNSIGNED,
        "invalid-payload-encoding": UNSIGNED,
        "invalid-recipe.type": "trust.slsa-build-type",
        "invalid-recipetypestepsv02": "trust.slsa-build-type",
        "invalid-signature-encodingv03": UNSIGNED,
        "invalid-signature-payloadtype": UNSIGNED,
        "multiple-signatures-2ndvalid": "pass",
        "multiple-signatures-global-pae-valid": "pass",
        "no-payload": UNSIGNED,
        "no-signature": "canonical.not-json",
        "tag-notstring": "trust.slsa-malformed",
        "v1.0-github": "pass",
        "v1.0-github-nogit": "pass",
        "v1.0-github-sourcediff": "trust.slsa-source-mismatch",
        "v1.0-github-inline": "trust.slsa-source-mismatch",
        "v1.0-gitlabent": "pass",
        "v1.0-bb": "pass",
    },
}
SOURCES = {
    "v1.0-github": "https://github.com/khalkie/gcb-prod-prov",
    "v1.0-github-nogit": "https://github.com/khalkie/gcb-prod-prov",
    "v1.0-github-sourcediff": "https://github.com/khalkie/gcb-prod-prov",
    "v1.0-github-inline": "https://github.com/khalkie/gcb-prod-prov",
    "v1.0-gitlabent": "https://gle-us-central1.gcb-test.com/proctorprober/khalk-slsav1",
    "v1.0-bb": "https://bbs.gcb-test.com:8443/staging-qual-us-west1-push2",
}


def path_of(place: Path, name: str) -> Path:
    prefix, _, rest = name.rpartition("v1.0-")
    return place / f"{prefix}{'v1.0-' if name != rest else ''}gcloud-container-{rest}.json"


def decode(text: str) -> bytes:
    try:
        return base64.b64decode(text.replace("-", "+").replace("_", "/"), validate=True)
    except binascii.Error:
        return b""


def sign_again(document: Any) -> None:
    for provenance in document["provenance_summary"]["provenance"]:
        envelope = provenance["envelope"]
        payload = decode(envelope.get("payload", ""))
        for signature in envelope["signatures"]:
            old = decode(signature.get("sig", ""))
            well_formed = old[:1] == b"\x30" and len(old) == old[1] + 2
            if signature.get("keyid") in KEYS and well_formed:
                regional = signature["keyid"].endswith("builtByGCB/cryptoKeyVersions/1")
                signed = payload if regional else pae(PAYLOAD_TYPE, payload)
                made = KEY.sign(signed, ec.ECDSA(hashes.SHA256()))
                signature["sig"] = base64.b64encode(made).decode()


def verdict(data: bytes, name: str) -> str:
    # The qualified digest in the summary is the one thing no file of this set changes.
    found = re.search(rb"fully_qualified_digest[^@]*@(sha256:[0-9a-f]{64})", data)
    assert found is not None
    tag = {"source_tag": "v33.0.4"} if name in {"github-tag", "tag-notstring"} else {}
    try:
        verify_gcb(
            data,
            ProvenanceExpectations(source_uri=SOURCES.get(name), **tag),  # type: ignore[arg-type]
            subject=Digest.parse(found[1].decode()),
            keys=KEYS,
        )
    except GatebookError as error:
        return error.code
    return "pass"


@pytest.mark.parametrize("folder", sorted(STATED))
def test_every_description_gives_its_verdict_for_its_reason(vectors: Path, folder: str) -> None:
    wrong: list[str] = []
    for name, stated in STATED[folder].items():
        data = path_of(vectors / folder, name).read_bytes()
        if stated not in {"canonical.not-json", "trust.gcb-malformed"}:
            document = json.loads(data)
            sign_again(document)
            data = json.dumps(document).encode()
        found = verdict(data, name)
        if found != stated:
            wrong.append(f"{name}: {found}, stated {stated}")
    assert wrong == []


@pytest.mark.parametrize("folder", sorted(STATED))
def test_no_description_is_believed_without_googles_keys(vectors: Path, folder: str) -> None:
    files = sorted((vectors / folder).glob("*.json"))
    assert len(files) >= 20
    wrong = [path.name for path in files if verdict(path.read_bytes(), path.name) == "pass"]
    assert wrong == []
