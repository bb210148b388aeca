"""How long the verifier and the readers of evidence take.

Run: python benchmarks/trust.py [--quick]
Prints the machine, and for every size the time and the rate; best of several runs.
"""

import json
import os
import platform
import sys
import timeit
from collections.abc import Callable

from cryptography.hazmat.primitives.asymmetric import ec, ed25519

from gatebook.clock import Instant
from gatebook.digest import Digest, DigestSet
from gatebook.formats.intoto import Statement, Subject, encode_statement
from gatebook.formats.provenance import LOCAL_BUILD_TYPE, SLSA_V1
from gatebook.formats.sbom.read import read_sbom
from gatebook.formats.test_reports.junit import read_junit
from gatebook.names import EnvironmentName, RepositoryUri
from gatebook.trust.root.trust_root import TrustRoot
from gatebook.trust.signing.signers import LocalSigner, sign_statement
from gatebook.trust.verify import verify_attestation

ARTIFACT = "a" * 64
QUICK = "--quick" in sys.argv


def best(call: Callable[[], object], number: int = 1) -> float:
    return min(timeit.repeat(call, number=number, repeat=3 if QUICK else 7)) / number


def a_root(signers: list[LocalSigner]) -> bytes:
    keys = [
        {
            "id": f"key-{number}",
            "public-key": signer.public_pem.decode(),
            "may-attest": ["provenance", "sbom"],
            "repositories": ["https://github.com/acme/*"],
            "environments": ["prod"],
        }
        for number, signer in enumerate(signers)
    ]
    return json.dumps({"trust-root": "gatebook/trust-root/v1", "keys": keys}).encode()


def a_provenance() -> bytes:
    location = "https://github.com/acme/api"
    predicate = {
        "buildDefinition": {
            "buildType": LOCAL_BUILD_TYPE,
            "externalParameters": {"repository": location, "ref": "refs/heads/main"},
            "resolvedDependencies": [
                {"uri": f"git+{location}@refs/heads/main", "digest": {"gitCommit": "c" * 40}}
            ],
        },
        "runDetails": {"builder": {"id": "https://ci.acme.example"}},
    }
    subject = Subject(name="api", digests=DigestSet.of({"sha256": ARTIFACT}))
    return encode_statement(
        Statement(subjects=(subject,), predicate_type=SLSA_V1, predicate=predicate)
    )


def verification() -> None:
    others = [LocalSigner(ed25519.Ed25519PrivateKey.generate()) for _ in range(63)]
    for name, signer in {
        "Ed25519": LocalSigner(ed25519.Ed25519PrivateKey.generate()),
        "P-256": LocalSigner(ec.generate_private_key(ec.SECP256R1())),
        "P-384": LocalSigner(ec.generate_private_key(ec.SECP384R1())),
    }.items():
        envelope = sign_statement(a_provenance(), signer).encode()
        for keys in ([signer], [*others, signer]):
            root = TrustRoot.parse(a_root(keys))

            def verify(root: TrustRoot = root, envelope: bytes = envelope) -> object:
                return verify_attestation(
                    envelope,
                    subject=Digest("sha256", ARTIFACT),
                    root=root,
                    at=Instant.parse("2026-11-20T12:00:00Z"),
                    repository=RepositoryUri("github.com", "acme/api"),
                    environment=EnvironmentName("prod"),
                )

            seconds = best(verify, number=50)
            print(f"verify provenance, {name:8} root of {len(keys):2} keys {seconds * 1e6:8.0f} µs")
    data = a_root(others)
    print(f"read a root of {len(others)} keys {best(lambda: TrustRoot.parse(data)) * 1e3:26.1f} ms")


def a_cyclonedx(components: int) -> bytes:
    listed = [
        {
            "type": "library",
            "bom-ref": f"pkg:npm/%40acme/library-{n}@1.{n}.0",
            "group": "@acme",
            "name": f"library-{n}",
            "version": f"1.{n}.0",
            "description": "Does what a library of its kind is expected to do, and no more. " * 3,
            "purl": f"pkg:npm/%40acme/library-{n}@1.{n}.0",
            "licenses": [{"license": {"id": "MIT"}}],
            "hashes": [
                {"alg": "SHA-256", "content": f"{n:064x}"},
                {"alg": "SHA-512", "content": f"{n:0128x}"},
            ],
            "externalReferences": [
                {"type": "vcs", "url": f"git+https://github.com/acme/library-{n}.git"},
                {"type": "website", "url": f"https://acme.example/library-{n}#readme"},
            ],
        }
        for n in range(components)
    ]
    graph = [
        {"ref": item["bom-ref"], "dependsOn": [other["bom-ref"] for other in listed[n - 3 : n]]}
        for n, item in enumerate(listed)
    ]
    return json.dumps(
        {
            "bomFormat": "CycloneDX",
            "specVersion": "1.6",
            "version": 1,
            "components": listed,
            "dependencies": graph,
        }
    ).encode()


def an_spdx(packages: int) -> bytes:
    listed = [
        {
            "SPDXID": f"SPDXRef-{n}",
            "name": f"library-{n}",
            "versionInfo": f"1.{n}.0",
            "supplier": "Organization: Acme",
            "downloadLocation": "NOASSERTION",
            "licenseConcluded": "NOASSERTION",
            "licenseDeclared": "MIT",
            "copyrightText": "NOASSERTION",
            "checksums": [{"algorithm": "SHA256", "checksumValue": f"{n:064x}"}],
            "externalRefs": [
                {
                    "referenceCategory": "PACKAGE-MANAGER",
                    "referenceType": "purl",
                    "referenceLocator": f"pkg:npm/library-{n}@1.{n}.0",
                }
            ],
        }
        for n in range(packages)
    ]
    files = [
        {
            "SPDXID": f"SPDXRef-file-{n}",
            "fileName": f"/usr/lib/library-{n}.so",
            "checksums": [{"algorithm": "SHA1", "checksumValue": f"{n:040x}"}],
        }
        for n in range(packages * 8)
    ]
    relationships = [
        {
            "spdxElementId": "SPDXRef-0",
            "relationshipType": "CONTAINS",
            "relatedSpdxElement": f"SPDXRef-file-{n}",
        }
        for n in range(packages * 8)
    ]
    return json.dumps(
        {
            "spdxVersion": "SPDX-2.3",
            "SPDXID": "SPDXRef-DOCUMENT",
            "creationInfo": {"created": "2026-11-20T12:00:00Z"},
            "packages": listed,
            "files": files,
            "relationships": relationships,
        }
    ).encode()


def a_junit(cases: int) -> bytes:
    body = "".join(
        f'<testcase classname="acme.api.Test{n % 50}" name="case_{n}" time="0.0{n % 10}1"/>\n'
        for n in range(cases)
    )
    return (
        f'<testsuites><testsuite name="s" tests="{cases}">{body}</testsuite></testsuites>'.encode()
    )


def readers() -> None:
    for what, make, read, sizes in (
        ("CycloneDX", a_cyclonedx, read_sbom, (100, 1_000, 10_000)),
        ("SPDX", an_spdx, read_sbom, (100, 1_000, 10_000)),
        ("JUnit", a_junit, read_junit, (1_000, 10_000, 100_000)),
    ):
        for size in sizes:
            document = make(size)
            seconds = best(lambda read=read, document=document: read(document))
            megabytes = len(document) / 1e6
            print(
                f"read {what:9} {size:7} items {megabytes:6.2f} MB {seconds * 1e3:8.1f} ms "
                f"{megabytes / seconds:6.0f} MB/s"
            )


def main() -> None:
    print(f"Python {platform.python_version()}, {platform.machine()}, {os.cpu_count()} cores")
    verification()
    readers()


if __name__ == "__main__":
    main()
