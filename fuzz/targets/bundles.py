"""Sigstore bundles, trusted roots, and the verifier behind them."""

import base64
from collections.abc import Iterator

from fuzz import kit
from fuzz.target import Target, expect
from gatebook import canonical
from gatebook.digest import Digest
from gatebook.errors import GatebookError
from gatebook.formats.bundle import Bundle
from gatebook.formats.dsse import Envelope
from gatebook.formats.fields import Fields
from gatebook.formats.intoto import Statement
from gatebook.formats.log_entry import LogEntry, read_log_entry
from gatebook.formats.pep740 import read_pep740
from gatebook.trust.signing.bundles import bundle_envelope, sign_blob
from gatebook.trust.sigstore.managed_key import ManagedKey, NamedKey, read_managed_keys
from gatebook.trust.sigstore.profile import Profile, ProfileName
from gatebook.trust.sigstore.root import SigstoreRoot
from gatebook.trust.sigstore.verified import VerifiedBundle
from gatebook.trust.sigstore.verify import verify_bundle

ARTIFACT = Digest("sha256", "9" * 64)


def _key(who: str) -> ManagedKey:
    return ManagedKey(public_key=kit.signer(who).public_key)


def _verify(bundle: bytes | Bundle) -> None:
    """Verify with what is wanted; an answer is sealed."""
    profile = Profile.named(ProfileName.MANAGED_KEY, None)
    for artifact in (None, ARTIFACT):
        done = verify_bundle(bundle, artifact=artifact, root=None, profile=profile, key=_key("ana"))
        expect(isinstance(done, VerifiedBundle), "verification gave another type")


def _bundle(data: bytes) -> None:
    read = Bundle.parse(data)
    again = Bundle.parse(read.encode())
    expect(again.log_entries == read.log_entries, "entries changed when they were written again")
    expect(again.timestamps == read.timestamps, "timestamps changed when they were written again")
    _verify(data)


def _signed_payload(data: bytes) -> None:
    """What a believed key signs can still be anything."""
    bundle = bundle_envelope(Envelope.parse(kit.envelope(data, "ana")), _key("ana").public_key)
    profile = Profile.named(ProfileName.MANAGED_KEY, None)
    done = verify_bundle(bundle, artifact=ARTIFACT, root=None, profile=profile, key=_key("ana"))
    expect(isinstance(done, VerifiedBundle), "verification gave another type")
    # With an artifact, an accepted payload is a statement about it and about nothing less.
    found = Statement.parse(data).find_subject(ARTIFACT)
    expect(found is not None, "a bundle about something else was verified")


def _wrong_key(data: bytes) -> None:
    """No bytes make a bundle that a key never signed verify."""
    profile = Profile.named(ProfileName.MANAGED_KEY, None)
    done = verify_bundle(data, artifact=None, root=None, profile=profile, key=_key("nobody"))
    expect(done is None, "a bundle verified with a key that signed nothing")


def _pep740(data: bytes) -> None:
    for bundle in read_pep740(data):
        expect(isinstance(bundle, Bundle), "another type")


def _log_entry(data: bytes) -> None:
    fields = Fields.of(canonical.loads(data), what="entry", code="fuzz.entry")
    expect(isinstance(read_log_entry(fields), LogEntry), "another type")


def _trusted_root(data: bytes) -> None:
    root = SigstoreRoot.parse(data)
    expect(isinstance(root, SigstoreRoot), "another type")
    for name in ProfileName:
        try:
            profile = Profile.named(name, root)
        except GatebookError:
            continue
        if name is not ProfileName.MANAGED_KEY:
            expect(profile.times >= 1, "a profile for certificates demands no time")


def _key_list(data: bytes) -> None:
    keys = read_managed_keys(data)
    expect(bool(keys), "a list of no keys was read")
    expect(all(isinstance(key, NamedKey) for key in keys), "another type")


def _bundles() -> Iterator[bytes]:
    payload = kit.compact(kit.STATEMENT)
    key = _key("ana").public_key
    yield bundle_envelope(Envelope.parse(kit.envelope(payload, "ana")), key)
    yield sign_blob(b"artifact", kit.signer("ana"))


def _roots() -> Iterator[bytes]:
    der = kit.signer("ana").public_key.der
    raw = base64.b64encode(der).decode()
    key = {
        "rawBytes": raw,
        "keyDetails": "PKIX_ED25519",
        "validFor": {"start": "2026-01-01T00:00:00Z", "end": "2027-01-01T00:00:00Z"},
    }
    log = {
        "baseUrl": "https://log.example",
        "hashAlgorithm": "SHA2_256",
        "publicKey": key,
        "logId": {"keyId": "AAAA"},
    }
    yield kit.compact(
        {
            "mediaType": "application/vnd.dev.sigstore.trustedroot+json;version=0.1",
            "tlogs": [log],
            "certificateAuthorities": [],
            "ctlogs": [log],
            "timestampAuthorities": [],
        }
    )


def _key_lists() -> Iterator[bytes]:
    raw = base64.b64encode(kit.signer("ana").public_key.der).decode()
    yield kit.compact(
        {
            "keys": [
                {
                    "keyId": "SHA256:a",
                    "keyUsage": "npm:attestations",
                    "publicKey": {
                        "rawBytes": raw,
                        "keyDetails": "PKIX_ED25519",
                        "validFor": {"start": "2026-01-01T00:00:00Z"},
                    },
                }
            ]
        }
    )


_ENTRY = {
    "logIndex": "1",
    "logId": {"keyId": "AAAA"},
    "kindVersion": {"kind": "dsse", "version": "0.0.1"},
    "integratedTime": "1767225600",
    "inclusionPromise": {"signedEntryTimestamp": "AAAA"},
    "inclusionProof": {
        "logIndex": "1",
        "rootHash": "A" * 43 + "=",
        "treeSize": "2",
        "hashes": ["A" * 43 + "="],
        "checkpoint": {"envelope": "log.example\n2\nAAAA\n\n\u2014 log.example AAAA\n"},
    },
    "canonicalizedBody": "e30=",
}

BUNDLE_VECTORS = (
    "attest/sigstore-conformance/*/bundle.sigstore.json",
    "attest/github/*.sigstore.json",
    "attest/sigstore-python-assets/*.sigstore",
)
TARGETS = (
    Target(name="bundle", check=_bundle, seeds=_bundles, vectors=BUNDLE_VECTORS, max_len=65_536),
    Target(name="bundle-wrong-key", check=_wrong_key, seeds=_bundles, vectors=BUNDLE_VECTORS),
    Target(
        name="signed-payload",
        check=_signed_payload,
        seeds=lambda: [kit.compact(kit.STATEMENT), b"{}", b""],
    ),
    Target(
        name="pep740",
        check=_pep740,
        seeds=lambda: [
            kit.compact(
                {
                    "version": 1,
                    "verification_material": {"certificate": "AAAA", "transparency_entries": []},
                    "envelope": {"statement": "e30=", "signature": "AAAA"},
                }
            )
        ],
        vectors=("attest/pypi/*.attestation",),
    ),
    Target(name="log-entry", check=_log_entry, seeds=lambda: [kit.compact(_ENTRY)]),
    Target(
        name="trusted-root",
        check=_trusted_root,
        seeds=_roots,
        vectors=("attest/trusted_roots/*.json",),
        max_len=65_536,
    ),
    Target(
        name="key-list",
        check=_key_list,
        seeds=_key_lists,
        vectors=("attest/trusted_roots/npm-keys.json",),
    ),
)
