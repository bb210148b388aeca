"""A small company for the tests of trust: keys, a trust root, and statements to sign."""

from collections.abc import Callable, Mapping
from types import ModuleType
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519

from gatebook.canonical import JsonObject
from gatebook.digest import DigestSet
from gatebook.formats.intoto import Statement, Subject, encode_statement
from gatebook.formats.provenance import LOCAL_BUILD_TYPE, SLSA_V1
from gatebook.trust.root.trust_root import TrustRoot
from gatebook.trust.signing.signers import LocalSigner

RootBuilder = Callable[..., bytes]


@pytest.fixture(scope="session")
def signers() -> Mapping[str, LocalSigner]:
    """One key of each kind, and a second one of the first kind."""
    return {
        "ed25519": LocalSigner(ed25519.Ed25519PrivateKey.generate()),
        "other": LocalSigner(ed25519.Ed25519PrivateKey.generate()),
        "p256": LocalSigner(ec.generate_private_key(ec.SECP256R1())),
        "p384": LocalSigner(ec.generate_private_key(ec.SECP384R1())),
    }


@pytest.fixture(scope="session")
def pem() -> Callable[[Any], str]:
    """The PEM block of any public key of the cryptography library."""

    def write(key: Any) -> str:
        return key.public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        ).decode()

    return write


@pytest.fixture(scope="session")
def root_bytes(signers: Mapping[str, LocalSigner]) -> RootBuilder:
    """Write a trust root with one key, ``ci``; named fields replace, ``None`` removes."""

    def build(signer: str = "ed25519", *, more: str = "", **changes: str | None) -> bytes:
        block = signers[signer].public_pem.decode().strip().replace("\n", "\n      ")
        fields: dict[str, str | None] = {
            "id": "ci",
            "public-key": f"|\n      {block}",
            "not-before": "2026-01-01T00:00:00Z",
            "not-after": "2027-01-01T00:00:00Z",
            "may-attest": "[provenance, sbom]",
            "repositories": '["https://github.com/acme/*"]',
            "environments": "[staging, prod]",
        }
        fields.update({name.replace("_", "-"): value for name, value in changes.items()})
        lines = [f"{name}: {value}" for name, value in fields.items() if value is not None]
        return (
            "trust-root: gatebook/trust-root/v1\nkeys:\n  - " + "\n    ".join(lines) + "\n" + more
        ).encode()

    return build


@pytest.fixture(scope="session")
def a_root(root_bytes: RootBuilder) -> Callable[..., TrustRoot]:
    def build(*args: Any, **changes: Any) -> TrustRoot:
        return TrustRoot.parse(root_bytes(*args, **changes))

    return build


@pytest.fixture(scope="session")
def a_provenance() -> Callable[..., bytes]:
    """Write a provenance statement of acme/api about the artifact ``a…a``."""

    def build(
        *,
        repository: str = "https://github.com/acme/api",
        build_type: str = LOCAL_BUILD_TYPE,
        predicate_type: str = SLSA_V1,
        digest: str = "a" * 64,
    ) -> bytes:
        predicate: JsonObject = {
            "buildDefinition": {
                "buildType": build_type,
                "externalParameters": {"repository": repository, "ref": "refs/heads/main"},
            },
            "runDetails": {"builder": {"id": "https://ci.acme.example"}},
        }
        subjects = (
            Subject(name="docs", digests=DigestSet.of({"sha256": "d" * 64})),
            Subject(name="api", digests=DigestSet.of({"sha256": digest})),
        )
        return encode_statement(
            Statement(subjects=subjects, predicate_type=predicate_type, predicate=predicate)
        )

    return build


@pytest.fixture(scope="session")
def an_sbom() -> bytes:
    subject = Subject(name="api", digests=DigestSet.of({"sha256": "a" * 64}))
    return encode_statement(
        Statement(
            subjects=(subject,),
            predicate_type="https://cyclonedx.org/bom",
            predicate={"bomFormat": "CycloneDX", "specVersion": "1.6"},
        )
    )


@pytest.fixture(scope="session")
def sigstore(sigstore_kit: ModuleType) -> Any:
    """One private Sigstore; its parts are not changed by stories."""
    return sigstore_kit.Sigstore()
