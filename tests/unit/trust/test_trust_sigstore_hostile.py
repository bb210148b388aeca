"""No bytes make the verifier do anything but return a sealed result or raise an error of ours."""

import base64
import contextlib
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gatebook.errors import GatebookError
from gatebook.trust.sigstore.certificates import read_certificate
from gatebook.trust.sigstore.profile import Profile, ProfileName
from gatebook.trust.sigstore.refusals import CertificateMalformedError
from gatebook.trust.sigstore.root import SigstoreRoot
from gatebook.trust.sigstore.verified import CertificateSigner, VerifiedBundle
from gatebook.trust.sigstore.verify import verify_bundle

ARTIFACT = b"acme/api 1.0"


@pytest.fixture(scope="module")
def root(sigstore: Any) -> SigstoreRoot:
    return SigstoreRoot.parse(sigstore.trusted_root())


@pytest.fixture(scope="module")
def samples(sigstore: Any) -> list[dict[str, Any]]:
    statement = b'{"_type":"https://in-toto.io/Statement/v1"}'
    return [
        sigstore.sign_artifact(ARTIFACT, stamps=1),
        sigstore.sign_artifact(ARTIFACT, entries=("hashedrekord-v2",)),
        sigstore.sign_statement(statement),
        sigstore.sign_statement(statement, entries=("intoto",), version="0.2"),
        sigstore.sign_statement(statement, entries=("dsse-v2",)),
    ]


def outcome(data: bytes, root: SigstoreRoot) -> VerifiedBundle | None:
    profile = Profile.named(ProfileName.PRIVATE, root)
    # Envelopes are not about the artifact; they are verified without it.
    artifact = None if b"dsseEnvelope" in data else ARTIFACT
    try:
        return verify_bundle(data, artifact=artifact, root=root, profile=profile)
    except GatebookError:
        return None


@settings(max_examples=200)
@given(st.binary(max_size=300))
def test_arbitrary_bytes(root: SigstoreRoot, data: bytes) -> None:
    assert outcome(data, root) is None


@settings(max_examples=300)
@given(data=st.data())
def test_one_changed_byte_of_a_good_bundle(
    root: SigstoreRoot, samples: list[dict[str, Any]], data: st.DataObject
) -> None:
    good = bytearray(json.dumps(data.draw(st.sampled_from(samples))).encode())
    good[data.draw(st.integers(0, len(good) - 1))] ^= data.draw(st.integers(1, 255))
    assert isinstance(outcome(bytes(good), root), VerifiedBundle | None)


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    found = [path] if path else []
    items = value.items() if isinstance(value, dict) else enumerate(value)
    if isinstance(value, dict | list):
        for key, item in items:
            found.extend(places(item, (*path, key)))
    return found


ODD = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**70), 2**70),
    st.text(max_size=20),
    st.binary(max_size=60).map(lambda raw: base64.b64encode(raw).decode()),
    st.just([]),
    st.just({}),
    st.just("9" * 30),
    st.just("-1"),
    st.just("\ud800"),
)


@settings(max_examples=400)
@given(data=st.data())
def test_one_changed_value_of_a_good_bundle(
    root: SigstoreRoot, samples: list[dict[str, Any]], data: st.DataObject
) -> None:
    good = data.draw(st.sampled_from(samples))
    bundle = json.loads(json.dumps(good))
    *way, last = data.draw(st.sampled_from(places(bundle)))
    place = bundle
    for key in way:
        place = place[key]
    old = place[last]
    place[last] = data.draw(ODD)
    verified = outcome(json.dumps(bundle).encode(), root)
    if verified is not None and place[last] != old:
        # What may change: fields that nothing depends on, such as an index nobody signed.
        assert isinstance(verified.signer, CertificateSigner)


@settings(max_examples=400)
@given(data=st.data())
def test_one_changed_bit_below_the_base64(
    root: SigstoreRoot, samples: list[dict[str, Any]], data: st.DataObject
) -> None:
    good = data.draw(st.sampled_from(samples))
    bundle = json.loads(json.dumps(good))
    texts = [path for path in places(bundle) if _is_bytes(_at(bundle, path))]
    path = data.draw(st.sampled_from(texts))
    raw = bytearray(base64.b64decode(_at(bundle, path)))
    raw[data.draw(st.integers(0, len(raw) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    _at(bundle, path[:-1])[path[-1]] = base64.b64encode(bytes(raw)).decode()
    verified = outcome(json.dumps(bundle).encode(), root)
    # Every byte is under a signature or compared with one that is, but for the parts of a
    # timestamp's outer structure.
    assert verified is None or "signedTimestamp" in path


@settings(max_examples=300)
@given(data=st.data())
def test_one_changed_byte_of_a_certificate_is_an_error_of_ours(
    sigstore: Any, data: st.DataObject
) -> None:
    der = bytearray(sigstore.intermediate.der)
    der[data.draw(st.integers(0, len(der) - 1))] ^= data.draw(st.integers(1, 255))
    with contextlib.suppress(CertificateMalformedError):
        read_certificate(bytes(der))


@settings(max_examples=200)
@given(data=st.data())
def test_one_changed_value_of_a_root_is_an_error_of_ours(
    sigstore: Any, data: st.DataObject
) -> None:
    written = json.loads(json.dumps(sigstore.root()))
    *way, last = data.draw(st.sampled_from(places(written)))
    place = written
    for key in way:
        place = place[key]
    place[last] = data.draw(ODD)
    with contextlib.suppress(GatebookError):
        SigstoreRoot.parse(json.dumps(written).encode())


def _at(value: Any, path: tuple[Any, ...]) -> Any:
    for key in path:
        value = value[key]
    return value


def _is_bytes(value: Any) -> bool:
    if not isinstance(value, str) or len(value) < 40:
        return False
    try:
        return base64.b64encode(base64.b64decode(value, validate=True)).decode() == value
    except ValueError:
        return False
