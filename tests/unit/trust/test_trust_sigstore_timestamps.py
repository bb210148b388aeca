"""A timestamp counts when an authority of the root made it over the signature, and only then."""

import datetime as dt
from types import ModuleType
from typing import Any

import msgspec
import pytest
from cryptography.x509.oid import ExtendedKeyUsageOID
from hypothesis import given, settings
from hypothesis import strategies as st

from gatebook.errors import GatebookError
from gatebook.trust.sigstore.root import SigstoreRoot
from gatebook.trust.sigstore.timestamps import verify_timestamp

Kit = ModuleType
NOON = dt.datetime(2026, 3, 1, 12, tzinfo=dt.UTC)
SECOND = dt.timedelta(seconds=1)
SIGNATURE = b"a signature"


@pytest.fixture
def authority(sigstore_kit: Kit) -> Any:
    return sigstore_kit.TimestampAuthority.make()


def a_root(sigstore: Any, *records: Any) -> SigstoreRoot:
    return SigstoreRoot.parse(sigstore.trusted_root(timestampAuthorities=list(records)))


def record_of(sigstore: Any, authority: Any, **window: str) -> Any:
    return sigstore.authority_record(authority.signer.der, authority.anchor.der, **window)


def code(response: bytes, root: SigstoreRoot, signature: bytes = SIGNATURE) -> str | None:
    try:
        verify_timestamp(response, signature, root.timestamp_authorities)
    except GatebookError as refusal:
        return refusal.code
    return None


def test_a_good_one_says_when_and_who(sigstore: Any, authority: Any) -> None:
    root = a_root(sigstore, record_of(sigstore, authority))
    who, at = verify_timestamp(
        authority.stamp(SIGNATURE, NOON), SIGNATURE, root.timestamp_authorities
    )
    assert str(at) == "2026-03-01T12:00:00Z"
    assert who == root.timestamp_authorities[0]


def test_it_may_carry_its_certificates(sigstore: Any, authority: Any) -> None:
    root = a_root(sigstore, record_of(sigstore, authority))
    carried = (authority.signer.der, authority.anchor.der)
    assert code(authority.stamp(SIGNATURE, NOON, embed=carried), root) is None


def test_the_signer_may_come_along_when_the_root_has_the_authority_only(
    sigstore: Any, authority: Any
) -> None:
    root = a_root(sigstore, sigstore.authority_record(authority.anchor.der))
    carried = (authority.signer.der,)
    assert code(authority.stamp(SIGNATURE, NOON, embed=carried), root) is None
    assert code(authority.stamp(SIGNATURE, NOON), root) == "trust.sigstore-timestamp-unknown"


def test_it_is_over_something_else(sigstore: Any, authority: Any) -> None:
    root = a_root(sigstore, record_of(sigstore, authority))
    stamped = authority.stamp(b"another", NOON)
    assert code(stamped, root) == "trust.sigstore-timestamp-imprint"
    weak = authority.stamp(SIGNATURE, NOON, algorithm="sha1")
    assert code(weak, root) == "trust.sigstore-timestamp-imprint"


def test_the_authority_is_unknown(sigstore: Any, authority: Any, sigstore_kit: Kit) -> None:
    root = a_root(sigstore, record_of(sigstore, authority))
    stranger = sigstore_kit.TimestampAuthority.make("stranger")
    for carried in ((), (stranger.signer.der, stranger.anchor.der)):
        stamped = stranger.stamp(SIGNATURE, NOON, embed=carried)
        assert code(stamped, root) == "trust.sigstore-timestamp-unknown"
    assert code(authority.stamp(SIGNATURE, NOON), a_root(sigstore)) == (
        "trust.sigstore-timestamp-unknown"
    )


def test_another_key_signed_under_the_authoritys_name(
    sigstore: Any, authority: Any, sigstore_kit: Kit
) -> None:
    root = a_root(sigstore, record_of(sigstore, authority))
    stranger = sigstore_kit.TimestampAuthority.make("stranger")
    stamped = authority.stamp(
        SIGNATURE, NOON, signer=stranger.signer, named=authority.signer.certificate
    )
    assert code(stamped, root) == "trust.sigstore-timestamp-signature"


def test_a_certificate_out_of_the_bag(sigstore: Any, authority: Any, sigstore_kit: Kit) -> None:
    """CVE-2026-39984: the purpose was looked up on another certificate than the one that signed.

    The authority has issued a certificate for signing code. Its holder signs a time, and puts the
    real certificate for time stamping beside his own.
    """
    root = a_root(sigstore, record_of(sigstore, authority))
    coder = sigstore_kit.timestamp_signer(
        authority.anchor, "coder", purposes=(ExtendedKeyUsageOID.CODE_SIGNING,)
    )
    bag = (coder.der, authority.signer.der)
    stamped = authority.stamp(SIGNATURE, NOON, signer=coder, embed=bag)
    assert code(stamped, root) == "trust.sigstore-timestamp-unknown"
    # The same where the root leaves the signer's certificate to the timestamp.
    open_root = a_root(sigstore, sigstore.authority_record(authority.anchor.der))
    assert code(stamped, open_root) == "trust.sigstore-timestamp-signature"


def test_a_second_certificate_under_the_signers_name_and_number(
    sigstore: Any, authority: Any, sigstore_kit: Kit
) -> None:
    root = a_root(sigstore, record_of(sigstore, authority))
    twin = sigstore_kit.timestamp_signer(
        authority.anchor, "twin", serial=authority.signer.certificate.serial_number
    )
    stamped = authority.stamp(SIGNATURE, NOON, signer=twin, embed=(twin.der,))
    assert code(stamped, root) == "trust.sigstore-timestamp-unknown"
    both = authority.stamp(SIGNATURE, NOON, embed=(authority.signer.der, twin.der))
    assert code(both, root) == "trust.sigstore-timestamp-unknown"


@pytest.mark.parametrize(
    "knobs",
    [
        {"purposes": (ExtendedKeyUsageOID.CODE_SIGNING,)},
        {"purposes": (ExtendedKeyUsageOID.TIME_STAMPING, ExtendedKeyUsageOID.CODE_SIGNING)},
        {"critical_purpose": False},
    ],
)
def test_the_signers_certificate_is_for_something_else(
    sigstore: Any, sigstore_kit: Kit, knobs: Any
) -> None:
    authority = sigstore_kit.TimestampAuthority.make(**knobs)
    root = a_root(sigstore, record_of(sigstore, authority))
    stamped = authority.stamp(SIGNATURE, NOON)
    assert code(stamped, root) == "trust.sigstore-timestamp-signature"


def test_the_authority_is_believed_in_its_window_ends_included(
    sigstore: Any, authority: Any, sigstore_kit: Kit
) -> None:
    stamped = authority.stamp(SIGNATURE, NOON)
    for start, end, expected in (
        (NOON, NOON, None),
        (NOON - SECOND, NOON - SECOND / 1000, "trust.sigstore-timestamp-expired"),
        (NOON + SECOND / 1000, NOON + SECOND, "trust.sigstore-timestamp-expired"),
    ):
        window = {"start": sigstore_kit.instant(start), "end": sigstore_kit.instant(end)}
        root = a_root(sigstore, record_of(sigstore, authority, **window))
        assert code(stamped, root) == expected


def test_the_certificates_are_valid_at_that_time(sigstore: Any, sigstore_kit: Kit) -> None:
    ended = sigstore_kit.TimestampAuthority.make(not_after=NOON - SECOND)
    root = a_root(sigstore, record_of(sigstore, ended))
    assert code(ended.stamp(SIGNATURE, NOON), root) == "trust.sigstore-timestamp-expired"
    assert code(ended.stamp(SIGNATURE, NOON - 2 * SECOND), root) is None
    anchor = sigstore_kit.an_authority("short", not_after=NOON - SECOND)
    short = sigstore_kit.TimestampAuthority(anchor, sigstore_kit.timestamp_signer(anchor))
    root = a_root(sigstore, record_of(sigstore, short))
    assert code(short.stamp(SIGNATURE, NOON), root) == "trust.sigstore-timestamp-expired"


def test_windows_of_one_authority_may_follow_each_other(
    sigstore: Any, authority: Any, sigstore_kit: Kit
) -> None:
    old = record_of(sigstore, authority, end=sigstore_kit.instant(NOON - SECOND))
    new = record_of(sigstore, authority, start=sigstore_kit.instant(NOON))
    assert code(authority.stamp(SIGNATURE, NOON), a_root(sigstore, old, new)) is None
    assert (
        code(authority.stamp(SIGNATURE, NOON), a_root(sigstore, old))
        == "trust.sigstore-timestamp-expired"
    )


def test_a_response_that_was_not_granted_or_is_no_response(sigstore: Any, authority: Any) -> None:
    root = a_root(sigstore, record_of(sigstore, authority))
    good = authority.stamp(SIGNATURE, NOON)
    for bad in (
        authority.stamp(SIGNATURE, NOON, status=2),
        authority.stamp(SIGNATURE, NOON, signatures=2),
        authority.stamp(SIGNATURE, NOON, signatures=0),
        good[:-1],
        good + b"\0",
        b"",
        b"\x30\x80",
    ):
        assert code(bad, root) == "trust.sigstore-timestamp"


def test_more_certificates_than_anybody_needs(
    sigstore: Any, authority: Any, sigstore_kit: Kit
) -> None:
    root = a_root(sigstore, record_of(sigstore, authority))
    carried = [sigstore_kit.timestamp_signer(authority.anchor, f"n{n}").der for n in range(9)]
    stamped = authority.stamp(SIGNATURE, NOON, embed=carried)
    assert code(stamped, root) == "trust.sigstore-timestamp"


def test_a_timestamp_of_the_bundle_twice(sigstore: Any) -> None:
    from gatebook.trust.sigstore.profile import Profile, ProfileName
    from gatebook.trust.sigstore.verify import verify_bundle

    root = SigstoreRoot.parse(sigstore.trusted_root())
    bundle = sigstore.sign_artifact(b"artifact", stamps=1)
    stamps = bundle["verificationMaterial"]["timestampVerificationData"]["rfc3161Timestamps"]
    stamps *= 2
    import json

    with pytest.raises(GatebookError) as refusal:
        verify_bundle(
            json.dumps(bundle).encode(),
            artifact=b"artifact",
            root=root,
            profile=msgspec.structs.replace(
                Profile.named(ProfileName.PUBLIC_GOOD, root), ignore_unverifiable_timestamps=True
            ),
        )
    assert refusal.value.code == "trust.sigstore-timestamp-duplicate"


@settings(max_examples=300)
@given(data=st.data())
def test_any_change_is_refused_by_an_error_of_ours(sigstore: Any, data: st.DataObject) -> None:
    authority = sigstore.timestamps
    root = SigstoreRoot.parse(sigstore.trusted_root())
    good = bytearray(authority.stamp(SIGNATURE, NOON, embed=(authority.signer.der,)))
    # Signatures differ in length from one to the next, places must not.
    place = data.draw(st.integers(0, 2000)) % len(good)
    good[place] ^= data.draw(st.integers(1, 255))
    found = code(bytes(good), root)
    if found is None:
        # Some bytes are not covered by any signature, such as the version of the structure.
        who, at = verify_timestamp(bytes(good), SIGNATURE, root.timestamp_authorities)
        assert (who.id, str(at)) == (root.timestamp_authorities[0].id, "2026-03-01T12:00:00Z")


@settings(max_examples=200)
@given(st.binary(max_size=400))
def test_arbitrary_bytes_are_refused_by_an_error_of_ours(sigstore: Any, data: bytes) -> None:
    root = SigstoreRoot.parse(sigstore.trusted_root())
    assert code(data, root) == "trust.sigstore-timestamp"
