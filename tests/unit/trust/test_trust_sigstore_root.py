"""A trusted root is checked when it is loaded; a profile says what it makes us demand."""

import base64
import json
from types import ModuleType
from typing import Any

import msgspec
import pytest
from cryptography.x509.oid import ExtendedKeyUsageOID, ObjectIdentifier

from gatebook.digest import sha256
from gatebook.errors import GatebookError
from gatebook.trust.identity import KeyAlgorithm
from gatebook.trust.sigstore.managed_key import read_managed_keys
from gatebook.trust.sigstore.profile import Profile, ProfileName, SignedBy
from gatebook.trust.sigstore.root import SigstoreRoot

Kit = ModuleType


def code(data: bytes) -> str | None:
    try:
        SigstoreRoot.parse(data)
    except GatebookError as refusal:
        return refusal.code
    return None


def test_a_root_tells_what_it_holds(sigstore: Any) -> None:
    data = sigstore.trusted_root()
    root = SigstoreRoot.parse(data)
    assert root.digest == sha256(data)
    kinds = [str(item.kind) for item in root.items]
    assert kinds == [
        "certificate-authority",
        "timestamp-authority",
        "transparency-log",
        "transparency-log",
        "certificate-log",
    ]
    assert [item.algorithm for item in root.items][3] == KeyAlgorithm.ED25519
    assert len({item.id for item in root.items}) == 5
    assert str(root.newest_start) == "2025-07-01T00:00:00Z"
    assert root.items[2].name == "rekor.test"


def test_a_root_inside_a_client_configuration(sigstore: Any) -> None:
    config = {
        "mediaType": "application/vnd.dev.sigstore.clienttrustconfig.v0.1+json",
        "trustedRoot": sigstore.root(),
        "signingConfig": {},
    }
    data = json.dumps(config).encode()
    assert SigstoreRoot.parse(data).digest == sha256(data)


def test_a_root_may_leave_out_logs_or_authorities_but_not_everything(sigstore: Any) -> None:
    for absent in ("tlogs", "ctlogs", "timestampAuthorities", "certificateAuthorities"):
        assert code(sigstore.trusted_root(**{absent: None})) is None
    nothing = dict.fromkeys(("tlogs", "ctlogs", "timestampAuthorities", "certificateAuthorities"))
    assert code(sigstore.trusted_root(**nothing)) == "trust.sigstore-root-empty"


@pytest.mark.parametrize(
    ("knobs", "expected"),
    [
        ({}, None),
        ({"purpose": ExtendedKeyUsageOID.CODE_SIGNING}, None),
        ({"purpose": ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE}, None),
        ({"purpose": ExtendedKeyUsageOID.TIME_STAMPING}, "trust.sigstore-root-certificate"),
        ({"is_authority": False}, "trust.sigstore-root-certificate"),
        ({"critical_constraints": False}, "trust.sigstore-root-certificate"),
        ({"may_sign": False}, "trust.sigstore-root-certificate"),
        ({"may_sign": None}, "trust.sigstore-root-certificate"),
        ({"critical": ObjectIdentifier("2.5.29.30")}, "trust.sigstore-root-certificate"),
        ({"critical": ObjectIdentifier("1.2.3.4")}, "trust.sigstore-root-certificate"),
    ],
)
def test_certificates_of_authorities(
    sigstore: Any, sigstore_kit: Kit, knobs: Any, expected: str | None
) -> None:
    authority = sigstore_kit.an_authority("checked", by=sigstore.anchor, **knobs)
    record = sigstore.authority_record(authority.der, sigstore.anchor.der)
    assert code(sigstore.trusted_root(certificateAuthorities=[record])) == expected


def test_chains_hold(sigstore: Any, sigstore_kit: Kit) -> None:
    refused = "trust.sigstore-root-certificate"
    stranger = sigstore_kit.an_authority("acme root")

    def found(*ders: bytes) -> str | None:
        record = sigstore.authority_record(*ders)
        return code(sigstore.trusted_root(certificateAuthorities=[record]))

    assert found(sigstore.intermediate.der, stranger.der) == refused
    assert found(sigstore.anchor.der, sigstore.intermediate.der) == refused
    assert found(b"x") == refused
    # An intermediate may be the anchor itself.
    assert found(sigstore.intermediate.der) is None
    forged = bytearray(sigstore.anchor.der)
    forged[-1] ^= 1
    assert found(bytes(forged)) == refused


def test_a_chain_is_no_longer_than_it_allows(sigstore: Any, sigstore_kit: Kit) -> None:
    below = sigstore_kit.an_authority("below", by=sigstore.intermediate)
    record = sigstore.authority_record(below.der, sigstore.intermediate.der, sigstore.anchor.der)
    assert (
        code(sigstore.trusted_root(certificateAuthorities=[record]))
        == "trust.sigstore-root-certificate"
    )


def test_a_window_needs_a_start(sigstore: Any, sigstore_kit: Kit) -> None:
    for place in (
        lambda root: root["tlogs"][0]["publicKey"],
        lambda root: root["ctlogs"][0]["publicKey"],
        lambda root: root["certificateAuthorities"][0],
        lambda root: root["timestampAuthorities"][0],
    ):
        for window in (
            {},
            {"start": None},
            {"end": "2030-01-01T00:00:00Z"},
            {"start": "2026-01-02T00:00:00Z", "end": "2026-01-01T00:00:00Z"},
        ):
            written = sigstore.root()
            place(written)["validFor"] = window
            assert code(sigstore_kit.encode(written)) == "formats.trusted-root-validity"
        written = sigstore.root()
        del place(written)["validFor"]
        assert code(sigstore_kit.encode(written)) == "formats.trusted-root-validity"


def test_keys_are_what_they_are_said_to_be(sigstore: Any, sigstore_kit: Kit) -> None:
    def found(key: Any, details: str) -> str | None:
        written = sigstore.root()
        written["tlogs"][0]["publicKey"]["rawBytes"] = base64.b64encode(
            sigstore_kit.spki(key)
        ).decode()
        written["tlogs"][0]["publicKey"]["keyDetails"] = details
        return code(sigstore_kit.encode(written))

    p384, rsa, ed25519 = (sigstore_kit.make_key(kind) for kind in ("p384", "rsa", "ed25519"))
    assert found(p384, "PKIX_ECDSA_P384_SHA_384") is None
    assert found(rsa, "PKIX_RSA_PKCS1V15_2048_SHA256") is None
    assert found(rsa, "PKIX_RSA_PSS_2048_SHA256") is None
    assert found(ed25519, "PKIX_ED25519") is None
    assert found(p384, "PKIX_ECDSA_P256_SHA_256") == "trust.sigstore-root-key"
    assert found(p384, "PKIX_ED25519_PH") == "formats.trusted-root-key"
    assert found(sigstore_kit.make_key("secp256k1"), "PKIX_ECDSA_P256_SHA_256") == (
        "trust.unsupported-key"
    )


def test_a_published_list_of_keys(sigstore_kit: Kit) -> None:
    key = sigstore_kit.make_key()
    written = {
        "keys": [
            {
                "keyId": "SHA256:abc",
                "keyUsage": "npm:attestations",
                "publicKey": {
                    "rawBytes": base64.b64encode(sigstore_kit.spki(key)).decode(),
                    "keyDetails": "PKIX_ECDSA_P256_SHA_256",
                    "validFor": {"start": "2026-01-01T00:00:00Z"},
                },
            }
        ]
    }
    (named,) = read_managed_keys(json.dumps(written).encode())
    assert (named.key_id, named.usage) == ("SHA256:abc", "npm:attestations")
    assert named.key.is_bounded
    assert named.key.public_key.der == sigstore_kit.spki(key)
    with pytest.raises(GatebookError) as refusal:
        read_managed_keys(b'{"keys": []}')
    assert refusal.value.code == "formats.trusted-root"


# -- profiles --------------------------------------------------------------------------------------


def demands(profile: Profile) -> tuple[int, int, int, int]:
    return (
        profile.log_operators,
        profile.times,
        profile.timestamp_operators,
        profile.sct_operators,
    )


def test_what_each_profile_demands(sigstore: Any) -> None:
    whole = SigstoreRoot.parse(sigstore.trusted_root())
    github = SigstoreRoot.parse(sigstore.trusted_root(tlogs=None, ctlogs=None))
    assert demands(Profile.named(ProfileName.PUBLIC_GOOD, whole)) == (1, 1, 0, 1)
    assert demands(Profile.named(ProfileName.REKOR_V2, whole)) == (1, 1, 1, 1)
    assert demands(Profile.named(ProfileName.GITHUB, github)) == (0, 1, 1, 0)
    managed = Profile.named(ProfileName.MANAGED_KEY, None)
    assert (demands(managed), managed.signed_by) == ((0, 0, 0, 0), SignedBy.KEY)


@pytest.mark.parametrize(
    ("absent", "expected"),
    [
        ((), (1, 1, 0, 1)),
        (("ctlogs",), (1, 1, 0, 0)),
        (("timestampAuthorities",), (1, 1, 0, 1)),
        (("tlogs",), (0, 1, 1, 1)),
        (("tlogs", "ctlogs"), (0, 1, 1, 0)),
    ],
)
def test_the_private_profile_demands_what_the_root_offers(
    sigstore: Any, absent: tuple[str, ...], expected: tuple[int, int, int, int]
) -> None:
    root = SigstoreRoot.parse(sigstore.trusted_root(**dict.fromkeys(absent)))
    assert demands(Profile.named(ProfileName.PRIVATE, root)) == expected


@pytest.mark.parametrize(
    ("name", "absent"),
    [
        (ProfileName.PUBLIC_GOOD, ("tlogs",)),
        (ProfileName.PUBLIC_GOOD, ("ctlogs",)),
        (ProfileName.PUBLIC_GOOD, ("certificateAuthorities",)),
        (ProfileName.REKOR_V2, ("timestampAuthorities",)),
        (ProfileName.GITHUB, ()),
        (ProfileName.GITHUB, ("tlogs",)),
        (ProfileName.GITHUB, ("tlogs", "ctlogs", "timestampAuthorities")),
        (ProfileName.PRIVATE, ("tlogs", "timestampAuthorities")),
        (ProfileName.PRIVATE, ("certificateAuthorities",)),
    ],
)
def test_profiles_and_roots_that_do_not_go_together(
    sigstore: Any, name: ProfileName, absent: tuple[str, ...]
) -> None:
    root = SigstoreRoot.parse(sigstore.trusted_root(**dict.fromkeys(absent)))
    with pytest.raises(GatebookError) as refusal:
        Profile.named(name, root)
    assert refusal.value.code == "trust.profile-root"


@pytest.mark.parametrize(
    "name", [name for name in ProfileName if name is not ProfileName.MANAGED_KEY]
)
def test_certificates_need_a_root(name: ProfileName) -> None:
    with pytest.raises(GatebookError) as refusal:
        Profile.named(name, None)
    assert refusal.value.code == "trust.profile-root"


@pytest.mark.parametrize(
    "change",
    [
        {"times": 0},
        {"times": -1},
        {"log_operators": -1},
        {"sct_operators": -1},
        {"timestamp_operators": -1},
        {"rekor": frozenset()},
        {"rekor": frozenset({3})},
        {"root": None},
    ],
)
def test_a_profile_that_would_demand_nothing(sigstore: Any, change: Any) -> None:
    root = SigstoreRoot.parse(sigstore.trusted_root())
    profile = Profile.named(ProfileName.PRIVATE, root)
    with pytest.raises(GatebookError) as refusal:
        msgspec.structs.replace(profile, **change)
    assert refusal.value.code == "trust.profile"


def test_a_profile_is_for_the_root_it_was_made_for(sigstore: Any) -> None:
    """Otherwise a root without logs would lower the demands on one that has some."""
    from gatebook.trust.sigstore.verify import verify_bundle

    whole = SigstoreRoot.parse(sigstore.trusted_root())
    less = SigstoreRoot.parse(sigstore.trusted_root(tlogs=None))
    bundle = json.dumps(sigstore.sign_statement(b"{}", entries=(), stamps=1)).encode()
    profile = Profile.named(ProfileName.PRIVATE, less)
    verify_bundle(bundle, artifact=None, root=less, profile=profile)
    with pytest.raises(GatebookError) as refusal:
        verify_bundle(bundle, artifact=None, root=whole, profile=profile)
    assert refusal.value.code == "trust.profile-root"


def test_leniencies_are_off_unless_asked_for(sigstore: Any) -> None:
    profile = Profile.named(ProfileName.PUBLIC_GOOD, SigstoreRoot.parse(sigstore.trusted_root()))
    switches = [item.name for item in msgspec.structs.fields(profile) if item.type is bool]
    assert len(switches) == 4
    assert not any(getattr(profile, name) for name in switches)
