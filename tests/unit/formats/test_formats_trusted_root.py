"""Trusted roots and key lists are read strictly; what they vouch for is another room's matter."""

import base64
import json
from typing import Any

import pytest

from gatebook.clock import Instant
from gatebook.errors import GatebookError
from gatebook.formats.trusted_root import KeyDetails, Validity, read_key_list, read_trusted_root

Json = dict[str, Any]
TYPE = "application/vnd.dev.sigstore.trustedroot+json;version=0.1"


def b64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def a_key(**changes: Any) -> Json:
    key: Json = {
        "rawBytes": b64(b"key"),
        "keyDetails": "PKIX_ED25519",
        "validFor": {"start": "2026-01-01T00:00:00Z"},
    }
    return {**key, **changes}


def a_log(**changes: Any) -> Json:
    log: Json = {
        "baseUrl": "https://log.test",
        "hashAlgorithm": "SHA2_256",
        "publicKey": a_key(),
        "logId": {"keyId": b64(bytes(32))},
    }
    return {**log, **changes}


def an_authority(**changes: Any) -> Json:
    authority: Json = {
        "subject": {"organization": "acme", "commonName": "ca"},
        "uri": "https://ca.test",
        "certChain": {"certificates": [{"rawBytes": b64(b"der")}]},
        "validFor": {"start": "2026-01-01T00:00:00Z", "end": "2027-01-01T00:00:00.999Z"},
    }
    return {**authority, **changes}


def a_root(**changes: Any) -> bytes:
    root: Json = {
        "mediaType": TYPE,
        "tlogs": [a_log()],
        "certificateAuthorities": [an_authority()],
        "ctlogs": [a_log()],
        "timestampAuthorities": [an_authority()],
    }
    return json.dumps({**root, **changes}).encode()


def code(data: bytes) -> str | None:
    try:
        read_trusted_root(data)
    except GatebookError as refusal:
        return refusal.code
    return None


@pytest.mark.parametrize(
    "media_type",
    [
        TYPE,
        "application/vnd.dev.sigstore.trustedroot.v0.1+json",
        "application/vnd.dev.sigstore.trustedroot.v0.2+json",
    ],
)
def test_everything_is_read(media_type: str) -> None:
    log = a_log(operator="log.test", checkpointKeyId={"keyId": b64(b"abcd")})
    record = read_trusted_root(a_root(mediaType=media_type, tlogs=[log]))
    (read,) = record.logs
    assert (read.operator, read.checkpoint_key_id) == ("log.test", b"abcd")
    assert read.key.details is KeyDetails.PKIX_ED25519
    (authority,) = record.authorities
    assert authority.name == "ca, acme"
    assert str(authority.validity) == "2026-01-01T00:00:00Z to 2027-01-01T00:00:00.999Z"
    assert record.ct_logs[0].operator is None


def test_a_window_includes_its_ends() -> None:
    start, end = Instant.parse("2026-01-01T00:00:00Z"), Instant.parse("2026-01-02T00:00:00Z")
    window = Validity(start=start, end=end)
    assert window.covers(start)
    assert window.covers(end)
    assert not window.covers(Instant(start.unix_ms - 1))
    assert not window.covers(Instant(end.unix_ms + 1))
    assert Validity(start=start).covers(end)


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (a_root(mediaType="application/json"), "formats.trusted-root-version"),
        (a_root(media_type=TYPE), "formats.field-spelling"),
        (a_root(tlogs=[a_log(base_url="x")]), "formats.field-spelling"),
        (a_root(tlogs=[a_log(hashAlgorithm="SHA2_512")]), "formats.trusted-root"),
        (a_root(tlogs=[a_log(baseUrl="")]), "formats.trusted-root"),
        (a_root(tlogs=[a_log(logId={})]), "formats.trusted-root"),
        (a_root(tlogs=[a_log()] * 257), "formats.trusted-root"),
        (
            a_root(tlogs=[a_log(publicKey=a_key(keyDetails="LMS_SHA256"))]),
            "formats.trusted-root-key",
        ),
        (a_root(tlogs=[a_log(publicKey=a_key(rawBytes="a b="))]), "formats.not-base64"),
        (a_root(tlogs=[a_log(publicKey=a_key(validFor={}))]), "formats.trusted-root-validity"),
        (
            a_root(certificateAuthorities=[an_authority(certChain={"certificates": []})]),
            "formats.trusted-root",
        ),
        (
            a_root(certificateAuthorities=[an_authority(validFor={"end": "2026-01-01T00:00:00Z"})]),
            "formats.trusted-root-validity",
        ),
        (
            a_root(certificateAuthorities=[an_authority(validFor={"start": "yesterday"})]),
            "formats.trusted-root",
        ),
        (a_root(certificateAuthorities=[an_authority(uri="u" * 2049)]), "formats.trusted-root"),
        (b"null", "formats.trusted-root"),
        (b"{", "canonical.not-json"),
        (a_root()[:-1] + b', "tlogs": []}', "canonical.duplicate-key"),
    ],
)
def test_one_thing_is_wrong(data: bytes, expected: str) -> None:
    assert code(data) == expected


def test_a_key_list() -> None:
    item = {"keyId": "SHA256:x", "keyUsage": "npm:attestations", "publicKey": a_key()}
    (key,) = read_key_list(json.dumps({"keys": [item]}).encode())
    assert (key.key_id, key.usage, key.key.raw) == ("SHA256:x", "npm:attestations", b"key")
    for bad in ({"keys": []}, {}, {"keys": [{**item, "keyId": ""}]}, {"Keys": [item]}):
        with pytest.raises(GatebookError):
            read_key_list(json.dumps(bad).encode())
