"""A book on disk whose CI signs evidence, and advisories to import into it."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ed25519

from gatebook.clock import Duration, FixedClock, Instant
from gatebook.digest import Digest, DigestSet, sha256
from gatebook.formats.intoto import Statement, Subject, encode_statement
from gatebook.trust.signing.signers import LocalSigner, sign_statement
from gatebook.workspace.book import Book

_NOON = Instant.parse("2026-11-20T12:00:00Z")
_CI = LocalSigner(ed25519.Ed25519PrivateKey.from_private_bytes(sha256(b"ci").raw))
_KINDS = ["provenance", "sbom", "test-result", "report", "waiver", "vex", "vulnerability-scan"]


class Shop:
    """A small organisation with a book on disk."""

    api = sha256(b"api 1.0")

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.clock = FixedClock(_NOON)
        self.book = Book.create(directory / "book", origin="book.example/acme", clock=self.clock)

    def trust(self, *may: str) -> "Shop":
        """Believe the CI's key, for every kind of evidence unless some are given."""
        key = {
            "id": "ci",
            "public-key": _CI.public_pem.decode(),
            "may-attest": list(may) or _KINDS,
            "repositories": "any",
            "environments": "any",
        }
        root = {"trust-root": "gatebook/trust-root/v1", "keys": [key]}
        self.book.publish_trust_root(json.dumps(root).encode())
        return self

    def demand(self, *controls: dict[str, Any]) -> "Shop":
        """Publish a contract of production."""
        contract = {
            "contract": "gatebook/contract/v1",
            "environment": "prod",
            "roles": {},
            "controls": list(controls) or [{"id": "sbom", "mode": "enforce"}],
        }
        self.book.publish_contract(json.dumps(contract).encode())
        return self

    def record(self, subject: Digest = api) -> "Shop":
        """Record an artifact."""
        self.book.record(subject, name="api")
        return self

    def later(self, duration: str) -> "Shop":
        """Let time pass."""
        self.clock.instant = self.clock.instant + Duration.parse(duration)
        return self

    def reopen(self) -> "Shop":
        """Close the book and open it again, as another process would."""
        self.book.close()
        self.book = Book.open(self.directory / "book", clock=self.clock)
        return self

    def signed(self, predicate_type: str, predicate: Any, subject: Digest = api) -> bytes:
        """A statement about an artifact, signed by the CI."""
        about = Subject(name="api", digests=DigestSet.of({subject.algorithm: subject.hex}))
        statement = Statement(subjects=(about,), predicate_type=predicate_type, predicate=predicate)
        return sign_statement(encode_statement(statement), _CI).encode()

    def sbom(self, *purls: str, serial: int = 0) -> dict[str, Any]:
        """A CycloneDX document with some components."""
        components = [
            {
                "type": "library",
                "name": purl.partition("@")[0].rpartition("/")[2],
                "version": purl.partition("@")[2],
                "purl": purl,
                "bom-ref": purl,
            }
            for purl in purls
        ]
        return {
            "bomFormat": "CycloneDX",
            "specVersion": "1.6",
            "version": serial + 1,
            "components": components,
        }

    def accept_sbom(self, *purls: str, subject: Digest = api, serial: int = 0) -> Digest:
        """Accept an SBOM; the digest of the attestation."""
        document = self.sbom(*purls, serial=serial)
        envelope = self.signed("https://cyclonedx.org/bom", document, subject)
        self.book.accept(envelope, subject)
        return sha256(envelope)

    def advisory(
        self,
        identifier: str,
        package: str,
        fixed: str,
        *,
        ecosystem: str = "PyPI",
        modified: str = "2026-11-01T00:00:00Z",
        **more: Any,
    ) -> dict[str, Any]:
        """An OSV record: every version before ``fixed`` is affected."""
        events = [{"introduced": "0"}, {"fixed": fixed}]
        return {
            "id": identifier,
            "modified": modified,
            "affected": [
                {
                    "package": {"ecosystem": ecosystem, "name": package},
                    "ranges": [{"type": "ECOSYSTEM", "events": events}],
                }
            ],
            **more,
        }

    def advise(self, *records: dict[str, Any]) -> Digest:
        """Import advisories; the digest of the snapshot."""
        file = self.directory / "advisories.jsonl"
        file.write_text("".join(json.dumps(record) + "\n" for record in records))
        _, made = self.book.import_advisories([file])
        return made.snapshot.digest


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    """A shop whose CI is believed, with an artifact on record."""
    made = Shop(tmp_path).trust().record()
    yield made
    made.book.close()
