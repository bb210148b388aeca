"""Trust roots: what is believed, and every way in which a root is refused."""

import contextlib
import json
from collections.abc import Callable, Mapping
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, rsa
from hypothesis import given, settings
from hypothesis import strategies as st

from gatebook.clock import Instant
from gatebook.digest import sha256
from gatebook.errors import GatebookError, MalformedError
from gatebook.names import Actor, EnvironmentName, RepositoryUri
from gatebook.trust.root.scope import Anywhere
from gatebook.trust.root.trust_root import TrustRoot
from gatebook.trust.signing.signers import LocalSigner

Build = Callable[..., bytes]
PEOPLE = """people:
  - id: ana
    actors: ["key#ci", "local#ana"]
    emails: [Ana@example.com]
  - id: ben
    actors: ["local#ben"]
"""


def test_a_root_is_read(root_bytes: Build, signers: Mapping[str, LocalSigner]) -> None:
    data = root_bytes(more=PEOPLE)
    root = TrustRoot.parse(data)
    (key,) = root.keys
    assert root.digest == sha256(data)
    assert key.public_key.spki == signers["ed25519"].public_key.spki
    assert key.holder == Actor("key", "ci")
    assert key.person == "ana"
    assert key.scope.not_after == Instant.parse("2027-01-01T00:00:00Z")
    assert "https://slsa.dev/provenance/v0.2" in key.scope.predicate_types
    assert "https://spdx.dev/Document" in key.scope.predicate_types
    assert key.scope.covers_repository(RepositoryUri.parse("https://github.com/acme/api"))
    assert not key.scope.covers_repository(RepositoryUri.parse("https://github.com/acme/api/evil"))
    assert not key.scope.covers_repository(RepositoryUri.parse("https://github.com/acme-evil/api"))
    assert key.scope.covers_environment(EnvironmentName.parse("prod"))
    assert not key.scope.covers_environment(EnvironmentName.parse("prod-eu"))


def test_json_means_the_same(signers: Mapping[str, LocalSigner]) -> None:
    document = {
        "trust-root": "gatebook/trust-root/v1",
        "keys": [
            {
                "id": "ci",
                "public-key": signers["p256"].public_pem.decode(),
                "may-attest": ["https://example.com/predicate/v1"],
                "repositories": "any",
                "environments": "any",
            }
        ],
    }
    (key,) = TrustRoot.parse(json.dumps(document).encode()).keys
    assert key.scope.repositories is Anywhere.ANY
    assert key.scope.environments is Anywhere.ANY
    assert key.scope.predicate_types == {"https://example.com/predicate/v1"}
    assert key.scope.not_before is None
    twice = json.dumps(document).replace('"keys"', '"keys": [], "keys"').encode()
    with pytest.raises(MalformedError):
        TrustRoot.parse(twice)


def test_linked_identities_are_one_person(root_bytes: Build) -> None:
    root = TrustRoot.parse(root_bytes(more=PEOPLE))
    assert root.person_of(Actor.parse("key#ci")) == "ana"
    assert root.person_of(Actor.parse("local#ana")) == "ana"
    assert root.person_of("ANA@example.com") == "ana"
    assert root.person_of(Actor.parse("local#ben")) == "ben"
    assert root.person_of(Actor.parse("local#Ana")) is None
    assert root.person_of("local#ana") is None
    assert root.person_of("eve@example.com") is None


def test_a_holder_may_be_named(root_bytes: Build) -> None:
    root = TrustRoot.parse(root_bytes(holder="local#ben", more=PEOPLE))
    assert root.keys[0].holder == Actor("local", "ben")
    assert root.keys[0].person == "ben"


@pytest.mark.parametrize(
    "changes",
    [
        {"id": None},
        {"id": '""'},
        {"id": '"a b"'},
        {"id": "7"},
        {"public_key": None},
        {"public_key": "[]"},
        {"may_attest": None},
        {"may_attest": "[]"},
        {"may_attest": "provenance"},
        {"may_attest": "[any]"},
        {"may_attest": "[provenence]"},
        {"may_attest": "[7]"},
        {"repositories": None},
        {"repositories": "[]"},
        {"repositories": "all"},
        {"repositories": "[any]"},
        {"repositories": '["**"]'},
        {"repositories": "{}"},
        {"environments": None},
        {"environments": "[]"},
        {"environments": "[any]"},
        {"environments": "[Prod]"},
        {"environments": "[null]"},
        {"not_before": "2028-01-01T00:00:00Z"},  # after not-after
        {"not_after": "2027-01-01"},
        {"not_after": "7"},
        {"holder": '"#"'},
        {"repositorys": "any"},  # a misspelt field
        {"not_befor": "2026-01-01T00:00:00Z"},
    ],
)
def test_a_root_with_one_thing_wrong_is_refused(
    root_bytes: Build, changes: dict[str, str | None]
) -> None:
    TrustRoot.parse(root_bytes())
    with pytest.raises(MalformedError):
        TrustRoot.parse(root_bytes(**changes))


@pytest.mark.parametrize(
    "more",
    [
        "persons: []\n",
        "people: {}\n",
        "people:\n  - id: ana\n",
        "people:\n  - {id: ana, actors: []}\n",
        "people:\n  - {id: ana, actors: [local#a], email: a@b}\n",
        "people:\n  - {id: ana, emails: [ana]}\n",
        "people:\n  - {id: ana, actors: ['local#a', 'local#a']}\n",
        "people:\n  - {id: ana, actors: ['local#a']}\n  - {id: ben, actors: ['local#a']}\n",
        "people:\n  - {id: ana, emails: [a@b]}\n  - {id: ben, emails: [A@B]}\n",
        "people:\n  - {id: ana, emails: [a@b]}\n  - {id: ana, emails: [c@d]}\n",
        # "local" is the issuer of an actor without one: the same actor twice
        "people:\n  - {id: ana, actors: ['local#a']}\n  - {id: ben, actors: [a]}\n",
    ],
)
def test_people_described_wrongly_are_refused(root_bytes: Build, more: str) -> None:
    with pytest.raises(MalformedError) as refusal:
        TrustRoot.parse(root_bytes(more=more))
    assert refusal.value.code == "trust.malformed-root"


def test_a_root_needs_its_schema_and_a_key(root_bytes: Build) -> None:
    for data in (
        root_bytes().replace(b"trust-root/v1", b"trust-root/v2"),
        root_bytes().replace(b"trust-root: gatebook", b"trust: gatebook"),
        b"trust-root: gatebook/trust-root/v1\nkeys: []\n",
        b"trust-root: gatebook/trust-root/v1\n",
        b"",
        b"[]",
    ):
        with pytest.raises(MalformedError):
            TrustRoot.parse(data)


def test_a_key_or_an_id_comes_once(root_bytes: Build) -> None:
    def two(first: bytes, second: bytes) -> bytes:
        return first + second.split(b"keys:\n")[1]

    TrustRoot.parse(two(root_bytes(), root_bytes("p256", id="two")))
    with pytest.raises(MalformedError, match="signer id"):
        TrustRoot.parse(two(root_bytes(), root_bytes("p256")))
    with pytest.raises(MalformedError, match="public key"):
        TrustRoot.parse(two(root_bytes(), root_bytes(id="two")))


def _as_field(text: str) -> str:
    return "|\n      " + text.strip().replace("\n", "\n      ")


def test_keys_that_are_not_believed(root_bytes: Build, pem: Callable[[Any], str]) -> None:
    for key in (
        rsa.generate_private_key(65537, 1024),  # noqa: S505  # the point of the test
        ec.generate_private_key(ec.SECP256K1()),
        ec.generate_private_key(ec.SECP192R1()),
        ed448.Ed448PrivateKey.generate(),
    ):
        with pytest.raises(MalformedError) as refusal:
            TrustRoot.parse(root_bytes(public_key=_as_field(pem(key.public_key()))))
        assert refusal.value.code == "trust.unsupported-key"


def test_a_private_key_pasted_in_is_named_as_such(root_bytes: Build) -> None:
    private = ed25519.Ed25519PrivateKey.generate().private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    with pytest.raises(MalformedError) as refusal:
        TrustRoot.parse(root_bytes(public_key=_as_field(private.decode())))
    assert refusal.value.code == "trust.private-key"
    assert refusal.value.hint is not None
    assert "disclosed" in refusal.value.hint


@pytest.mark.parametrize(
    "change",
    [
        lambda _: "",
        lambda block: block + block,
        lambda block: "a comment\n" + block,
        lambda block: block.replace("PUBLIC KEY", "CERTIFICATE"),
        lambda block: block.replace("MCow", "MCox"),
        lambda block: block.replace("MCow", "MC*w"),
        lambda block: block[:60],
    ],
    ids=["nothing", "two", "comment", "certificate", "wrong-der", "wrong-base64", "cut"],
)
def test_what_is_not_one_public_key_is_refused(
    root_bytes: Build, signers: Mapping[str, LocalSigner], change: Callable[[str], str]
) -> None:
    block = change(signers["ed25519"].public_pem.decode())
    with pytest.raises(MalformedError) as refusal:
        TrustRoot.parse(root_bytes(public_key=_as_field(block) if block else '"x"'))
    assert refusal.value.code == "trust.malformed-key"


@settings(max_examples=100)
@given(place=st.integers(0, 10_000), value=st.binary(min_size=1, max_size=3))
def test_changed_bytes_give_a_root_or_an_error_of_ours(
    root_bytes: Build, place: int, value: bytes
) -> None:
    data = root_bytes(more=PEOPLE)
    place %= len(data)
    with contextlib.suppress(GatebookError):
        TrustRoot.parse(data[:place] + value + data[place + len(value) :])
