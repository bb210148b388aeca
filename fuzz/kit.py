"""What the targets are fed with: keys made from their names, and documents signed by them.

The keys have to be the same in every run, so that recorded inputs still verify; they are derived
from a label and protect nothing.
"""

import base64
import functools
import hashlib
import json
from collections.abc import Mapping
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec, ed25519

from gatebook.formats.dsse import pae
from gatebook.formats.intoto import PAYLOAD_TYPE
from gatebook.formats.layout.json_text import encode_olpc
from gatebook.trust.signing.signers import LocalSigner

__all__ = [
    "BUILT",
    "SOURCE",
    "STATEMENT",
    "compact",
    "ed25519_key",
    "envelope",
    "layout",
    "link",
    "metablock",
    "p256_key",
    "signer",
    "sslib_key",
    "statement",
]

SOURCE = {"src/main.py": {"sha256": "1" * 64}}
BUILT = {"dist/app.tar": {"sha256": "9" * 64}}


def _number(label: str) -> bytes:
    return hashlib.sha256(b"gatebook fuzzing " + label.encode()).digest()


@functools.cache
def ed25519_key(label: str) -> ed25519.Ed25519PrivateKey:
    return ed25519.Ed25519PrivateKey.from_private_bytes(_number(label))


@functools.cache
def p256_key(label: str) -> ec.EllipticCurvePrivateKey:
    return ec.derive_private_key(int.from_bytes(_number(label)) >> 1, ec.SECP256R1())


@functools.cache
def signer(label: str) -> LocalSigner:
    return LocalSigner(ed25519_key(label))


def compact(value: Any) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode()


def statement(predicate_type: str, predicate: Any, *, version: str = "v1") -> dict[str, Any]:
    return {
        "_type": f"https://in-toto.io/Statement/{version}",
        "subject": [{"name": "app", "digest": {"sha256": "9" * 64}}],
        "predicateType": predicate_type,
        "predicate": predicate,
    }


STATEMENT = statement(
    "https://slsa.dev/provenance/v1",
    {
        "buildDefinition": {
            "buildType": "https://actions.github.io/buildtypes/workflow/v1",
            "externalParameters": {
                "workflow": {
                    "ref": "refs/heads/main",
                    "repository": "https://github.com/acme/api",
                    "path": ".github/workflows/build.yml",
                }
            },
            "resolvedDependencies": [
                {
                    "uri": "git+https://github.com/acme/api@refs/heads/main",
                    "digest": {"gitCommit": "c" * 40},
                }
            ],
        },
        "runDetails": {
            "builder": {"id": "https://github.com/actions/runner/github-hosted"},
            "metadata": {"invocationId": "https://github.com/acme/api/actions/runs/1/attempts/1"},
        },
    },
)


def envelope(payload: bytes, who: str, *, payload_type: str = PAYLOAD_TYPE) -> bytes:
    signature = ed25519_key(who).sign(pae(payload_type, payload))
    return compact(
        {
            "payload": base64.b64encode(payload).decode(),
            "payloadType": payload_type,
            "signatures": [
                {
                    "keyid": signer(who).public_key.spki.hex,
                    "sig": base64.b64encode(signature).decode(),
                }
            ],
        }
    )


def sslib_key(who: str) -> dict[str, Any]:
    return {
        "keytype": "ed25519",
        "scheme": "ed25519",
        "keyval": {"public": ed25519_key(who).public_key().public_bytes_raw().hex()},
    }


def metablock(content: Mapping[str, Any], who: str) -> bytes:
    signature = ed25519_key(who).sign(encode_olpc(dict(content)))
    return compact({"signed": content, "signatures": [{"keyid": who, "sig": signature.hex()}]})


def link(name: str, materials: Any, products: Any) -> dict[str, Any]:
    return {
        "_type": "link",
        "name": name,
        "materials": materials,
        "products": products,
        "command": ["make"],
        "byproducts": {"return-value": 0},
        "environment": {},
    }


def layout() -> dict[str, Any]:
    return {
        "_type": "layout",
        "expires": "2100-01-01T00:00:00Z",
        "readme": "",
        "keys": {"ana": sslib_key("ana"), "ben": sslib_key("ben")},
        "steps": [
            {
                "_type": "step",
                "name": "code",
                "threshold": 1,
                "pubkeys": ["ana"],
                "expected_command": ["make"],
                "expected_materials": [["DISALLOW", "*"]],
                "expected_products": [["CREATE", "src/*"], ["DISALLOW", "*"]],
            },
            {
                "_type": "step",
                "name": "build",
                "threshold": 1,
                "pubkeys": ["ben"],
                "expected_command": ["make"],
                "expected_materials": [
                    ["MATCH", "src/*", "WITH", "PRODUCTS", "FROM", "code"],
                    ["DISALLOW", "*"],
                ],
                "expected_products": [["REQUIRE", "dist/app.tar"], ["ALLOW", "[a-d]*"]],
            },
        ],
        "inspect": [],
    }
