"""Real attestations of other projects, judged as the book judges them: by a trust root."""

import base64
import json
from collections import Counter
from pathlib import Path

from gatebook.clock import Instant
from gatebook.digest import sha256
from gatebook.errors import GatebookError
from gatebook.formats.attestations import split_attestations
from gatebook.formats.intoto import PredicateKind
from gatebook.trust.identities.certificate import read_certificate_identity
from gatebook.trust.received import Received, read_attestation
from gatebook.trust.root.trust_root import TrustRoot
from gatebook.trust.sigstore.certificates import read_certificate
from gatebook.trust.sigstore.managed_key import read_managed_keys
from gatebook.trust.verify import verify_attestation

AT = Instant.parse("2026-11-20T00:00:00Z")
MADE_UP = "trust.slsa-builder-mismatch"
"""One sample of staging attests provenance with a builder that nobody is."""

UNBELIEVED = {
    "sigstore-python-assets/a.dsse.staging-rekor-v2.txt.sigstore.json": MADE_UP,
    "github/sigstoreBundle-invalid-signature.json": "trust.payload-type",
    "sigstore-go/othername.sigstore.json": "trust.sigstore-log-unknown",
    "sigstore-python-assets/bundle.txt.late_timestamp.sigstore": "trust.sigstore-chain",
    "sigstore-python-assets/bundle.txt.sigstore": "trust.sigstore-timestamp-unknown",
    "sigstore-python-assets/bundle_cve_2022_36056.txt.sigstore": "trust.sigstore-entry-signature",
    "sigstore-python-assets/bundle_no_log_entry.txt.sigstore": "trust.artifact-needed",
    **{
        f"slsa/npm/{name}-invalidsigprov.tgz.json": "trust.no-valid-signature"
        for name in (
            "gundam-visor-cli-v1-tag",
            "provenance-npm-test-cli-v02-prega",
            "provenance-npm-test-ossf",
        )
    },
}
"""Every other certificate-signed attestation among the vectors verifies; these do not, for this."""


def root_for(received: Received, material: str) -> TrustRoot:
    """A trust root that believes exactly the certificate's subject and issuer."""
    assert received.bundle is not None
    leaf = read_certificate(received.bundle.material.der)  # type: ignore[union-attr]
    identity = read_certificate_identity(leaf.certificate)
    document = {
        "trust-root": "gatebook/trust-root/v1",
        "authorities": [
            {
                "id": "authority",
                "profile": "private",
                "trusted-root": material,
                "allow": ["legacy-chain", "legacy-set-only"],
            }
        ],
        "identities": [
            {
                "id": "signer",
                "authority": "authority",
                "certificate": {
                    "issuer": identity.issuer or "none",
                    "identity": str(identity.subject),
                },
                "may-attest": [kind.value for kind in PredicateKind],
                "repositories": "any",
                "environments": "any",
            }
        ],
    }
    return TrustRoot.parse(json.dumps(document).encode())


def verdict(data: bytes, received: Received, material: str) -> str:
    try:
        statement = received.statement(None)
        subject = next(digest for each in statement.subjects for digest in each.digests.digests)
    except (GatebookError, StopIteration):
        subject = None
    try:
        root = root_for(received, material)
        if subject is None:
            # What is signed cannot be read: any artifact will do to learn who is believed.
            subject = sha256(b"")
        verify_attestation(data, subject=subject, root=root, at=AT)
    except GatebookError as refusal:
        return refusal.code
    return "verified"


def test_certificates_are_believed_under_the_root_they_belong_to(vectors: Path) -> None:
    attest = vectors / "attest"
    materials = {
        name: (attest / "trusted_roots" / f"{name}.json").read_text()
        for name in ("public-good", "staging", "github")
    }
    wrong: list[tuple[str, int, dict[str, str]]] = []
    counted: Counter[str] = Counter()
    for folder in ("slsa", "github", "pypi", "sigstore-go", "sigstore-python-assets"):
        for path in sorted(each for each in (attest / folder).rglob("*") if each.is_file()):
            name = str(path.relative_to(attest))
            try:
                documents = split_attestations(path.read_bytes())
            except GatebookError:
                continue
            for document in documents:
                try:
                    received = read_attestation(document.data)
                except GatebookError:
                    continue
                if not received.has_certificate:
                    continue
                found = {
                    root: verdict(document.data, received, material)
                    for root, material in materials.items()
                }
                believed = [root for root, how in found.items() if how == "verified"]
                counted[believed[0] if believed else "none"] += 1
                expected = UNBELIEVED.get(name)
                fine = len(believed) == 1 if expected is None else expected in found.values()
                if not fine or (expected is not None and believed):
                    wrong.append((name, document.position, found))
    assert wrong == []
    assert counted["none"] == len(UNBELIEVED)
    assert counted["public-good"] > 30
    assert counted["staging"] >= 5
    assert counted["github"] >= 2


def test_npm_publish_attestations_are_believed_by_the_registrys_keys(vectors: Path) -> None:
    attest = vectors / "attest"
    named = read_managed_keys((attest / "trusted_roots" / "npm-keys.json").read_bytes())
    keys = {
        key.key.public_key.spki.hex: "-----BEGIN PUBLIC KEY-----\n"
        + base64.b64encode(key.key.public_key.der).decode()
        + "\n-----END PUBLIC KEY-----\n"
        for key in named
        if key.usage == "npm:attestations"
    }
    root = TrustRoot.parse(
        json.dumps(
            {
                "trust-root": "gatebook/trust-root/v1",
                "keys": [
                    {
                        "id": f"npm-{number}",
                        "public-key": pem,
                        "may-attest": ["publish"],
                        "repositories": "any",
                        "environments": "any",
                    }
                    for number, pem in enumerate(keys.values())
                ],
            }
        ).encode()
    )
    found: Counter[str] = Counter()
    for path in sorted((attest / "slsa" / "npm").glob("*.json")):
        for document in split_attestations(path.read_bytes()):
            received = read_attestation(document.data)
            if received.has_certificate:
                continue
            broken = "invalidsigpub" in path.name
            try:
                subject = next(
                    digest
                    for each in received.statement(None).subjects
                    for digest in each.digests.digests
                )
                verify_attestation(document.data, subject=subject, root=root, at=AT)
                how = "verified"
            except GatebookError as refusal:
                how = refusal.code
            assert (how == "verified") is not broken, (path.name, how)
            found[how] += 1
    assert found["verified"] >= 6
    assert sum(found.values()) >= 9
