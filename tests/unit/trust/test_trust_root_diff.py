"""What differs between two trust roots, and whether more or less is believed because of it."""

import json
from collections.abc import Callable, Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatebook.errors import UsageError
from gatebook.names import Pattern
from gatebook.trust.root.change import Effect, RootChange, compare_patterns, covers
from gatebook.trust.root.diff import diff_any_roots, diff_roots
from gatebook.trust.root.trust_root import TrustRoot
from gatebook.trust.sigstore.root import SigstoreRoot

WIDENS, NARROWS, BOTH, NEITHER = Effect.WIDENS, Effect.NARROWS, Effect.BOTH, Effect.NEITHER
MAY_ATTEST = "[provenance, sbom]"


def told(changes: tuple[RootChange, ...]) -> list[tuple[str, str | None, Effect]]:
    return [(f"{each.kind} {each.member}", each.field, each.effect) for each in changes]


@pytest.mark.parametrize(
    ("field", "value", "effect"),
    [
        ("not-before", "2025-01-01T00:00:00Z", WIDENS),
        ("not-before", None, WIDENS),
        ("not-before", "2026-02-01T00:00:00Z", NARROWS),
        ("not-after", "2028-01-01T00:00:00Z", WIDENS),
        ("not-after", None, WIDENS),
        ("not-after", "2026-12-01T00:00:00Z", NARROWS),
        ("may-attest", "[provenance]", NARROWS),
        ("may-attest", "[provenance, sbom, vex]", WIDENS),
        ("may-attest", "[vex]", BOTH),
        ("repositories", "any", WIDENS),
        ("repositories", '["https://github.com/acme/api"]', NARROWS),
        ("repositories", '["https://github.com/acme/**"]', WIDENS),
        ("repositories", '["https://github.com/acme/*", "https://github.com/acme/api"]', NEITHER),
        ("repositories", '["https://github.com/*/api"]', BOTH),
        ("environments", "any", WIDENS),
        ("environments", "[prod]", NARROWS),
        ("environments", "[test]", BOTH),
        ("holder", "key#other", BOTH),
    ],
)
def test_a_change_of_a_keys_field_says_its_effect(
    a_root: Callable[..., TrustRoot], field: str, value: str | None, effect: Effect
) -> None:
    changes = diff_roots(a_root(), a_root(**{field: value}))
    assert told(changes) == [("changed key ci", field, effect)]
    # The other way round it is the other way round.
    back = {WIDENS: NARROWS, NARROWS: WIDENS}.get(effect, effect)
    assert told(diff_roots(a_root(**{field: value}), a_root())) == [("changed key ci", field, back)]


def test_a_key_that_is_another_one_under_the_same_name(a_root: Callable[..., TrustRoot]) -> None:
    assert told(diff_roots(a_root(), a_root("p256"))) == [("changed key ci", "public-key", BOTH)]
    assert told(diff_roots(a_root(), a_root(id="ci-2", holder="key#ci"))) == [
        ("removed key ci", None, NARROWS),
        ("added key ci-2", None, WIDENS),
    ]


def test_nothing_differs_in_what_is_written_differently(a_root: Callable[..., TrustRoot]) -> None:
    assert diff_roots(a_root(), a_root()) == ()
    assert diff_roots(a_root(), a_root(more="# a comment\n")) == ()
    assert diff_roots(a_root(), a_root(may_attest="[sbom, provenance]")) == ()


def test_people_may_count_for_more_or_less(a_root: Callable[..., TrustRoot]) -> None:
    linked = a_root(more="people:\n  - {id: ana, actors: [key#ci]}\n")
    again = a_root(more="people:\n  - {id: ana, actors: [key#ci], emails: [a@b.example]}\n")
    assert told(diff_roots(a_root(), linked)) == [("added person ana", None, BOTH)]
    assert told(diff_roots(linked, a_root())) == [("removed person ana", None, BOTH)]
    assert told(diff_roots(linked, again)) == [("changed person ana", "emails", BOTH)]


# -- identities and authorities --------------------------------------------------------------------

CERTIFICATE: Mapping[str, Any] = {
    "issuer": "https://issuer.test",
    "repository": "acme/api",
    "ref": "refs/tags/v*",
}


@pytest.fixture
def certified(sigstore: Any) -> Callable[..., TrustRoot]:
    """Write a root with one identity, ``release``, of one authority, ``acme``."""

    def build(
        certificate: Mapping[str, Any] = CERTIFICATE,
        *,
        material: bytes | None = None,
        profile: str = "private",
        allow: tuple[str, ...] = (),
        **identity: Any,
    ) -> TrustRoot:
        document = {
            "trust-root": "gatebook/trust-root/v1",
            "authorities": [
                {
                    "id": "acme",
                    "profile": profile,
                    "allow": list(allow),
                    "trusted-root": (material or sigstore.trusted_root()).decode(),
                }
            ],
            "identities": [
                {
                    "id": "release",
                    "authority": "acme",
                    "certificate": dict(certificate),
                    "may-attest": ["provenance"],
                    "repositories": "any",
                    "environments": "any",
                    **identity,
                }
            ],
        }
        return TrustRoot.parse(json.dumps(document).encode())

    return build


@pytest.mark.parametrize(
    ("change", "field", "effect"),
    [
        ({"issuer": "https://other.test"}, "issuer", BOTH),
        ({"issuer": ["https://issuer.test", "https://other.test"]}, "issuer", WIDENS),
        ({"ref": "refs/tags/v1"}, "ref", NARROWS),
        ({"ref": "refs/**"}, "ref", WIDENS),
        ({"ref": None}, "ref", WIDENS),
        ({"runner": "github-hosted"}, "runner", NARROWS),
        ({"repository": "acme/*"}, "repository", WIDENS),
        # The owner allows less than nothing said, and nothing else changes for the signer.
        ({"owner": "acme"}, "owner", NARROWS),
    ],
)
def test_a_change_of_an_identitys_certificate_says_its_effect(
    certified: Callable[..., TrustRoot], change: Mapping[str, Any], field: str, effect: Effect
) -> None:
    after = {name: text for name, text in {**CERTIFICATE, **change}.items() if text is not None}
    changes = diff_roots(certified(), certified(after))
    assert told(changes) == [("changed identity release", f"certificate.{field}", effect)]


def test_what_changes_the_rules_for_the_signer_may_widen(
    certified: Callable[..., TrustRoot],
) -> None:
    # With repository-id alone the signer has to live in the source repository; an owner allows
    # every repository of that owner.
    alone = {"issuer": "https://issuer.test", "repository-id": "17"}
    owned = {**alone, "owner": "acme"}
    assert told(diff_roots(certified(alone), certified(owned))) == [
        ("changed identity release", "certificate.owner", BOTH)
    ]
    signed = {**alone, "build-signer": {"repository": "acme/workflows"}}
    assert told(diff_roots(certified(alone), certified(signed))) == [
        ("changed identity release", "certificate.build-signer.repository", BOTH)
    ]
    stricter = {**alone, "build-signer": {"repository": "acme/workflows", "ref": "refs/tags/v1"}}
    assert told(diff_roots(certified(signed), certified(stricter))) == [
        ("changed identity release", "certificate.build-signer.ref", NARROWS)
    ]


def test_demands_of_a_profile_are_compared_one_by_one(
    certified: Callable[..., TrustRoot],
) -> None:
    changes = diff_roots(certified(profile="rekor-v2"), certified(profile="public-good"))
    assert told(changes) == [
        ("changed authority acme", "profile", BOTH),
        ("changed authority acme", "profile.timestamp_operators", WIDENS),
        ("changed authority acme", "profile.rekor", WIDENS),
    ]
    lenient = certified(allow=("legacy-chain",))
    assert told(diff_roots(certified(), lenient)) == [
        ("changed authority acme", "allow.legacy_chain", WIDENS)
    ]
    assert told(diff_roots(lenient, certified())) == [
        ("changed authority acme", "allow.legacy_chain", NARROWS)
    ]


def a_change_of_the_root(sigstore: Any, **changes: Any) -> list[tuple[str, str | None, Effect]]:
    old = SigstoreRoot.parse(sigstore.trusted_root())
    new = SigstoreRoot.parse(sigstore.trusted_root(**changes))
    found = told(diff_any_roots(old, new))
    return [(each.split(":")[0], field, effect) for each, field, effect in found]


def test_parts_of_an_authority_come_and_go(sigstore: Any) -> None:
    first, second = sigstore.root()["tlogs"]
    assert a_change_of_the_root(sigstore, tlogs=[first]) == [
        ("removed transparency-log", None, NARROWS)
    ]
    other = type(sigstore)().root()
    assert a_change_of_the_root(sigstore, tlogs=[first, second, other["tlogs"][1]]) == [
        ("added transparency-log", None, WIDENS)
    ]
    moved = {**first, "baseUrl": "https://elsewhere.test"}
    assert a_change_of_the_root(sigstore, tlogs=[moved, second]) == [
        ("removed transparency-log", None, NARROWS),
        ("added transparency-log", None, WIDENS),
    ]
    assert a_change_of_the_root(sigstore, ctlogs=other["ctlogs"]) == [
        ("removed certificate-log", None, NARROWS),
        ("added certificate-log", None, WIDENS),
    ]


@pytest.mark.parametrize(
    ("window", "field", "effect"),
    [
        ({"start": "2020-01-01T00:00:00Z"}, "start", WIDENS),
        ({"start": "2026-01-01T00:00:00Z"}, "start", NARROWS),
        ({"end": "2027-01-01T00:00:00Z"}, "end", NARROWS),
    ],
)
def test_windows_move(sigstore: Any, window: dict[str, str], field: str, effect: Effect) -> None:
    first, second = sigstore.root()["tlogs"]
    key = {**first["publicKey"], "validFor": {**first["publicKey"]["validFor"], **window}}
    moved = [{**first, "publicKey": key}, second]
    assert a_change_of_the_root(sigstore, tlogs=moved) == [
        ("changed transparency-log", field, effect)
    ]
    (authority,) = sigstore.root()["certificateAuthorities"]
    moved = [{**authority, "validFor": {**authority["validFor"], **window}}]
    assert a_change_of_the_root(sigstore, certificateAuthorities=moved) == [
        ("changed certificate-authority", field, effect)
    ]


def test_operators_and_chains_may_count_either_way(sigstore: Any, sigstore_kit: Any) -> None:
    first, second = sigstore.root()["tlogs"]
    named = [{**first, "operator": "acme.test"}, second]
    assert a_change_of_the_root(sigstore, tlogs=named) == [
        ("changed transparency-log", "operator", BOTH)
    ]
    (authority,) = sigstore.root()["certificateAuthorities"]
    shorter = {
        **authority,
        "certChain": {"certificates": authority["certChain"]["certificates"][:1]},
    }
    assert a_change_of_the_root(sigstore, certificateAuthorities=[shorter]) == [
        ("changed certificate-authority", "chain", BOTH)
    ]
    renamed = {**authority, "uri": "https://other.test"}
    assert a_change_of_the_root(sigstore, certificateAuthorities=[renamed]) == [
        ("changed certificate-authority", "uri", NEITHER)
    ]
    hinted = [{**first, "checkpointKeyId": {"keyId": sigstore_kit.b64(b"abcd")}}, second]
    assert a_change_of_the_root(sigstore, tlogs=hinted) == [
        ("changed transparency-log", "ids", BOTH)
    ]


def test_a_key_that_comes_twice_is_told_apart_by_its_windows(sigstore: Any) -> None:
    first, second = sigstore.root()["tlogs"]
    earlier = {"start": "2020-01-01T00:00:00Z", "end": "2021-01-01T00:00:00Z"}
    again = {**first, "publicKey": {**first["publicKey"], "validFor": earlier}}
    assert a_change_of_the_root(sigstore, tlogs=[again, first, second]) == [
        ("added transparency-log", None, WIDENS)
    ]


def test_a_root_written_differently_believes_the_same(sigstore: Any) -> None:
    data = sigstore.trusted_root()
    spaced = json.dumps(json.loads(data), indent=3).encode()
    changes = diff_any_roots(SigstoreRoot.parse(data), SigstoreRoot.parse(spaced))
    assert [(each.field, each.effect) for each in changes] == [("trusted-root", NEITHER)]
    assert diff_any_roots(SigstoreRoot.parse(data), SigstoreRoot.parse(data)) == ()


def test_roots_of_two_forms_are_not_compared(
    a_root: Callable[..., TrustRoot], sigstore: Any
) -> None:
    with pytest.raises(UsageError) as refused:
        diff_any_roots(a_root(), SigstoreRoot.parse(sigstore.trusted_root()))
    assert refused.value.code == "trust.diff-kinds"


def test_a_key_that_gets_an_authority_may_count_either_way(
    a_root: Callable[..., TrustRoot], sigstore: Any
) -> None:
    block = json.dumps(sigstore.trusted_root().decode())
    more = f"authorities:\n  - id: acme\n    profile: managed-key\n    trusted-root: {block}\n"
    before, after = a_root(more=more), a_root(more=more, authority="acme")
    assert told(diff_roots(before, after)) == [("changed key ci", "authority", BOTH)]
    assert told(diff_roots(a_root(), before)) == [("added authority acme", None, WIDENS)]


def test_one_rsa_key_with_another_scheme(pem: Callable[[Any], str]) -> None:
    from cryptography.hazmat.primitives.asymmetric import rsa

    block = json.dumps(pem(rsa.generate_private_key(65537, 2048).public_key()))
    text = (
        "trust-root: gatebook/trust-root/v1\nkeys:\n  - id: k\n    public-key: "
        f"{block}\n    may-attest: [sbom]\n    repositories: any\n    environments: any\n"
    )
    plain = TrustRoot.parse(text.encode())
    pss = TrustRoot.parse((text + "    scheme: rsa-pss\n").encode())
    assert told(diff_roots(plain, pss)) == [("changed key k", "scheme", BOTH)]


# -- patterns --------------------------------------------------------------------------------------

PIECES = st.lists(st.sampled_from(["*", "**", "/", "a", "b"]), min_size=1, max_size=6)


def a_pattern(pieces: list[str]) -> str:
    text = "x" + "".join(pieces)
    while "***" in text:
        text = text.replace("***", "**")
    return text


@given(PIECES, PIECES, st.lists(st.sampled_from(["a", "b", "/", "x"]), min_size=1, max_size=8))
def test_what_a_covered_pattern_matches_the_covering_one_matches_too(
    wide: list[str], narrow: list[str], letters: list[str]
) -> None:
    outer, inner = a_pattern(wide), a_pattern(narrow)
    text = "x" + "".join(letters)
    if covers((outer, True), (inner, True)) and Pattern.parse(inner).matches(text):
        assert Pattern.parse(outer).matches(text)


@pytest.mark.parametrize(
    ("wide", "narrow", "covered"),
    [
        (("a/*", True), ("a/b", False), True),
        (("a/*", True), ("a/b*", True), True),
        (("a/**", True), ("a/*/c", True), True),
        (("a/*", True), ("a/**", True), False),
        (("a/*/*", True), ("a/**", True), False),
        (("a/*", True), ("a/b/c", False), False),
        (("a/b", False), ("a/b", False), True),
        (("a/b", False), ("a/b", True), False),
        (("a*", False), ("a*", False), True),
        (("a*", False), ("ab", False), False),
    ],
)
def test_covering(wide: tuple[str, bool], narrow: tuple[str, bool], *, covered: bool) -> None:
    assert covers(wide, narrow) is covered


def test_no_constraint_is_the_widest() -> None:
    assert compare_patterns(None, (("a", False),)) is NARROWS
    assert compare_patterns((("a", False),), None) is WIDENS
    assert compare_patterns(None, None) is NEITHER
