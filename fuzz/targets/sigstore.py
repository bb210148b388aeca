"""The whole Sigstore verifier, over a private deployment made for the run.

The deployment is the one of the tests of trust. Its keys are new in every process, so that the
first target, which knows everything that was ever signed, cannot be recorded; the second carries
its trusted root with it.
"""

import functools
import importlib.util
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

from fuzz import kit
from fuzz.target import Target, expect
from gatebook.digest import Digest, sha256
from gatebook.errors import GatebookError
from gatebook.trust.sigstore.profile import Profile, ProfileName
from gatebook.trust.sigstore.root import SigstoreRoot
from gatebook.trust.sigstore.timestamps import verify_timestamp
from gatebook.trust.sigstore.verified import (
    CertificateSigner,
    SignedDigest,
    SignedPayload,
    VerifiedBundle,
)
from gatebook.trust.sigstore.verify import verify_bundle

ARTIFACT = b"artifact"
PAYLOAD = kit.compact(kit.STATEMENT)


@functools.cache
def _module() -> ModuleType:
    name = "sigstore_kit"
    if name not in sys.modules:
        tests = Path(__file__).resolve().parents[2] / "tests" / "unit" / "trust"
        spec = importlib.util.spec_from_file_location(name, tests / f"{name}.py")
        if spec is None or spec.loader is None:
            raise RuntimeError(f"{name} is not there")
        module = importlib.util.module_from_spec(spec)
        sys.modules[name] = module
        spec.loader.exec_module(module)
    return sys.modules[name]


@functools.cache
def _deployment() -> Any:
    return _module().Sigstore()


@functools.cache
def _leaf() -> Any:
    return _deployment().leaf()


@functools.cache
def _root() -> SigstoreRoot:
    return SigstoreRoot.parse(_deployment().trusted_root())


def _sigstore(data: bytes) -> None:
    """Only what was signed verifies, and only as what it is."""
    profile = Profile.named(ProfileName.PRIVATE, _root())
    done = verify_bundle(data, artifact=None, root=_root(), profile=profile)
    expect(isinstance(done, VerifiedBundle), "another type")
    expect(bool(done.times) and bool(done.log_entries), "a bundle verified without time or log")
    match done.content:
        case SignedPayload(payload=payload):
            expect(payload == PAYLOAD, "a payload that nobody signed was verified")
        case SignedDigest(digest=digest):
            expect(digest == sha256(ARTIFACT), "an artifact that nobody signed was verified")
    signer = done.signer
    expect(
        isinstance(signer, CertificateSigner) and signer.certificate == _leaf().certificate,
        "a signer to whom no certificate was issued",
    )


def _sigstore_artifact(data: bytes) -> None:
    """The same, for a bundle that comes without the artifact."""
    profile = Profile.named(ProfileName.PRIVATE, _root())
    verify_bundle(data, artifact=ARTIFACT, root=_root(), profile=profile)
    other = Digest("sha256", "0" * 64)
    try:
        verify_bundle(data, artifact=other, root=_root(), profile=profile)
    except GatebookError:
        return
    expect(not data, "a bundle verified for two artifacts")


def _sigstore_pair(data: bytes) -> None:
    """A trusted root and a bundle, each on its line."""
    first, _, second = data.partition(b"\n")
    root = SigstoreRoot.parse(first)
    for name in (ProfileName.PRIVATE, ProfileName.PUBLIC_GOOD, ProfileName.GITHUB):
        try:
            profile = Profile.named(name, root)
        except GatebookError:
            continue
        done = verify_bundle(second, artifact=None, root=root, profile=profile)
        expect(isinstance(done, VerifiedBundle), "another type")
        expect(done.root_digest == root.digest, "another root than the one given")
        expect(bool(done.times), "a certificate was believed without a time")


def _timestamp(data: bytes) -> None:
    at = verify_timestamp(data, b"signature", _root().timestamp_authorities)
    expect(at is not None, "a timestamp without a time")


def _bundles() -> Iterator[bytes]:
    module, made = _module(), _deployment()
    for entries in (("default",), ("intoto",), ("dsse-v2",)):
        yield module.encode(made.sign_statement(PAYLOAD, leaf=_leaf(), entries=entries))
    yield module.encode(made.sign_statement(PAYLOAD, leaf=_leaf(), version="0.2"))
    yield module.encode(made.sign_statement(PAYLOAD, leaf=_leaf(), stamps=1))


def _artifacts() -> Iterator[bytes]:
    module, made = _module(), _deployment()
    for entries in (("hashedrekord",), ("hashedrekord-v2",)):
        yield module.encode(made.sign_artifact(ARTIFACT, leaf=_leaf(), entries=entries))


def _pairs() -> Iterator[bytes]:
    for bundle in _bundles():
        yield _deployment().trusted_root() + b"\n" + bundle


def _stamps() -> Iterator[bytes]:
    made = _deployment()
    yield made.timestamps.stamp(b"signature", made.at)
    yield made.timestamps.stamp(b"signature", made.at, embed=[made.timestamps.signer.der])


TARGETS = (
    Target(name="sigstore", check=_sigstore, seeds=_bundles, max_len=65_536, recordable=False),
    Target(
        name="sigstore-artifact",
        check=_sigstore_artifact,
        seeds=_artifacts,
        max_len=65_536,
        recordable=False,
    ),
    Target(name="sigstore-pair", check=_sigstore_pair, seeds=_pairs, max_len=65_536),
    Target(name="timestamp", check=_timestamp, seeds=_stamps, recordable=False),
)
