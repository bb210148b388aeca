"""A trust root's file is changed in one place; its comments, its order and all else stay."""

import json
import re
from collections.abc import Callable, Mapping
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ed25519, rsa
from hypothesis import given
from hypothesis import strategies as st

from gatebook.clock import Duration, Instant
from gatebook.digest import sha256
from gatebook.errors import ConflictError, GatebookError, MalformedError, UsageError
from gatebook.formats import strict_yaml
from gatebook.trust.root.document import DocumentEditError, NoSuchMemberError, RootDocument
from gatebook.trust.root.edits import (
    WrittenScope,
    add_authority,
    add_identity,
    add_key,
    replace_material,
    rotate_key,
)
from gatebook.trust.root.yaml_text import append_member, set_field
from gatebook.trust.signing.signers import LocalSigner, generate_ed25519
from gatebook.trust.ssh.keys import ssh_line

SCOPE = WrittenScope(
    may_attest=["provenance", "sbom"],
    repositories=["https://github.com/acme/*"],
    environments=["any"],
)
NOW = Instant.parse("2026-06-01T12:00:00.250Z")
MONTH = Duration.parse("30d")

COMMENTED = """\
# Who acme believes.
trust-root: gatebook/trust-root/v1   # the only version

keys:  # asked about in the weekly meeting
  # CI, see runbook 7
  - id: ci   # the runner
    public-key: |  # on the HSM
      {pem}

    not-before: 2026-01-01T00:00:00Z
    may-attest: [provenance]   # nothing else
    repositories:
      - https://github.com/acme/*   # all of them
    environments: any
    # ends when the runner does

  # - id: commented-out
people:
- id: ana
  actors: [key#ana]  # since 2020
# The end.
"""


@pytest.fixture
def commented(signers: Mapping[str, LocalSigner]) -> str:
    pem = signers["ed25519"].public_pem.decode().strip().replace("\n", "\n      ")
    return COMMENTED.replace("{pem}", pem)


def added_lines(before: str, after: str) -> list[str]:
    """The lines that were added; every line from before is there still, in its order."""
    rest = iter(after.splitlines(keepends=True))
    added: list[str] = []
    for line in before.splitlines(keepends=True):
        for found in rest:
            if found == line:
                break
            added.append(found)
        else:
            pytest.fail(f"the line {line!r} is gone, or elsewhere")
    return [*added, *rest]


def test_a_key_is_added_and_every_line_stays(
    commented: str, signers: Mapping[str, LocalSigner]
) -> None:
    document = RootDocument.parse(commented.encode())
    key = signers["p256"].public_pem
    made = add_key(document, name="other", public_key=key, scope=SCOPE, holder="key#o")
    lines = added_lines(commented, made.data.decode())
    assert lines[0] == "  - id: other\n"
    assert lines[-1] == "    environments: any\n"
    root = made.root()
    assert [each.id for each in root.keys] == ["ci", "other"]
    assert root.keys[1].public_key == signers["p256"].public_key
    assert str(root.keys[1].holder) == "key#o"
    # A comment below the last member, indented as its fields are, stays with it.
    text = made.data.decode()
    assert text.index("# ends when the runner does") < text.index("- id: other")
    assert text.index("- id: other") < text.index("# - id: commented-out")


def test_a_first_authority_and_identity_get_sections_of_their_own(
    commented: str, sigstore: Any
) -> None:
    document = RootDocument.parse(commented.encode())
    material = sigstore.trusted_root()
    made = add_authority(document, name="acme", profile="private", material=material)
    made = add_identity(
        made,
        name="release",
        authority="acme",
        certificate={
            "issuer": "https://issuer.test",
            "repository": ["acme/api", "acme/web"],
            "build-signer": {"repository": "acme/workflows"},
        },
        scope=SCOPE,
    )
    added_lines(commented, made.data.decode())
    root = made.root()
    assert root.authorities[0].material.digest == sha256(material)
    assert root.identities[0].constraint.as_json()["build-signer"] == {
        "repository": "acme/workflows"
    }


def test_a_document_is_made_from_nothing(signers: Mapping[str, LocalSigner]) -> None:
    made = add_key(
        RootDocument.blank(), name="ci", public_key=signers["ed25519"].public_pem, scope=SCOPE
    )
    assert made.data.decode().startswith("trust-root: gatebook/trust-root/v1\nkeys:\n  - id: ci\n")
    assert made.root().keys[0].scope.environments.__class__.__name__ == "Anywhere"


def test_an_ssh_key_is_added_as_its_line(signers: Mapping[str, LocalSigner]) -> None:
    line = ssh_line(signers["ed25519"].public_key) + " ana@laptop\n"
    made = add_key(RootDocument.blank(), name="ana", public_key=line.encode(), scope=SCOPE)
    assert made.root().keys[0].public_key == signers["ed25519"].public_key


def test_an_rsa_key_may_sign_with_pss(pem: Callable[[Any], str]) -> None:
    key = pem(rsa.generate_private_key(65537, 2048).public_key()).encode()
    made = add_key(RootDocument.blank(), name="kms", public_key=key, scope=SCOPE, pss=True)
    assert made.root().keys[0].public_key.algorithm == "rsa-pss-sha256"


FORMS = {
    "flow": "trust-root: gatebook/trust-root/v1\nkeys: [ {KEY} ]  # all\npeople: []\n",
    "flow with a comma": "trust-root: gatebook/trust-root/v1\nkeys: [\n  {KEY}, # one\n  ]\n",
    "flow members": "trust-root: gatebook/trust-root/v1\nkeys:\n  - {KEY}   # one\n  # none\n",
    "JSON": '{"trust-root": "gatebook/trust-root/v1", "keys": [{KEY}], "people": []}',
    "flow document": '# c\n{"trust-root": gatebook/trust-root/v1, keys: [{KEY}]}\n',
    "started and ended": "---\ntrust-root: gatebook/trust-root/v1\nkeys:\n- {KEY}\n...\n",
    "no last line feed": "trust-root: gatebook/trust-root/v1\nkeys:\n- {KEY}",
}


@pytest.mark.parametrize("form", FORMS)
def test_every_way_of_writing_a_root_can_be_changed(
    form: str, signers: Mapping[str, LocalSigner], sigstore: Any
) -> None:
    key = json.dumps(
        {
            "id": "ci",
            "public-key": signers["ed25519"].public_pem.decode(),
            "may-attest": ["sbom"],
            "repositories": "any",
            "environments": "any",
        }
    )
    document = RootDocument.parse(FORMS[form].replace("{KEY}", key).encode())
    made = add_key(document, name="b", public_key=signers["p256"].public_pem, scope=SCOPE)
    made = add_authority(made, name="a", profile="private", material=sigstore.trusted_root())
    made = rotate_key(
        made, name="ci", public_key=signers["other"].public_pem, now=NOW, overlap=MONTH
    ).document
    fresh = sigstore.trusted_root(tlogs=sigstore.root()["tlogs"][:1])
    made = replace_material(made, authority="a", material=fresh)
    root = made.root()
    assert [each.id for each in root.keys] == ["ci", "b", "ci-2"]
    assert str(root.keys[0].scope.not_after) == "2026-07-01T12:00:00Z"
    assert len(root.authorities[0].material.logs) == 1
    for comment in re.findall(r"# \w+", FORMS[form]):
        assert comment in made.data.decode()


@pytest.mark.parametrize(
    "nothing", ["keys:", "keys: []", "keys: ~", "keys: null  # yet", "keys: []  # yet"]
)
def test_an_empty_section_is_filled(nothing: str, signers: Mapping[str, LocalSigner]) -> None:
    text = f"trust-root: gatebook/trust-root/v1\n{nothing}\npeople: []\n"
    member = {"id": "ci", "public-key": signers["ed25519"].public_pem.decode()}
    made = strict_yaml.loads(append_member(text, "keys", member).encode())
    assert made == {"trust-root": "gatebook/trust-root/v1", "keys": [member], "people": []}


def test_line_ends_of_other_systems_stay(
    commented: str, signers: Mapping[str, LocalSigner]
) -> None:
    document = RootDocument.parse(commented.replace("\n", "\r\n").encode())
    made = add_key(document, name="b", public_key=signers["p256"].public_pem, scope=SCOPE)
    assert b"\n" not in made.data.replace(b"\r\n", b"")
    assert len(made.root().keys) == 2


# -- rotation --------------------------------------------------------------------------------------


def test_a_rotated_key_overlaps_with_its_successor(
    commented: str, signers: Mapping[str, LocalSigner]
) -> None:
    document = RootDocument.parse(commented.encode())
    rotated = rotate_key(
        document, name="ci", public_key=signers["p256"].public_pem, now=NOW, overlap=MONTH
    )
    lines = added_lines(commented, rotated.document.data.decode())
    assert lines[0] == "    not-after: 2026-07-01T12:00:00Z\n"
    old, new = rotated.document.root().keys
    assert (old.id, new.id) == ("ci", "ci-2")
    assert old.scope.not_after == rotated.until == Instant.parse("2026-07-01T12:00:00Z")
    assert new.scope.not_before == rotated.since == Instant.parse("2026-06-01T12:00:00Z")
    assert new.scope.not_after is None
    assert new.holder == old.holder
    assert new.scope.predicate_types == old.scope.predicate_types
    assert new.scope.repositories == old.scope.repositories
    again = rotate_key(
        rotated.document,
        name="ci-2",
        public_key=signers["other"].public_pem,
        now=NOW,
        overlap=MONTH,
        not_after=Instant.parse("2027-01-01T00:00:00Z"),
    )
    assert (again.new, str(again.document.root().keys[2].scope.not_after)) == (
        "ci-3",
        "2027-01-01T00:00:00Z",
    )


def test_a_rotation_never_believes_a_key_for_longer(
    root_bytes: Callable[..., bytes], signers: Mapping[str, LocalSigner]
) -> None:
    document = RootDocument.parse(root_bytes(not_after="2026-06-05T00:00:00Z"))
    rotated = rotate_key(
        document, name="ci", public_key=signers["p256"].public_pem, now=NOW, overlap=MONTH
    )
    assert str(rotated.until) == "2026-06-05T00:00:00Z"


@pytest.mark.parametrize("now", ["2025-12-31T23:59:59Z", "2027-01-01T00:00:01Z"])
def test_a_key_out_of_its_time_is_not_rotated(
    now: str, root_bytes: Callable[..., bytes], signers: Mapping[str, LocalSigner]
) -> None:
    with pytest.raises(UsageError) as refused:
        rotate_key(
            RootDocument.parse(root_bytes()),
            name="ci",
            public_key=signers["p256"].public_pem,
            now=Instant.parse(now),
            overlap=MONTH,
        )
    assert refused.value.code == "trust.rotate-not-current"


def test_what_cannot_follow_a_key_is_refused(
    root_bytes: Callable[..., bytes], signers: Mapping[str, LocalSigner]
) -> None:
    document = RootDocument.parse(root_bytes())

    def refused(kind: type[GatebookError], **changes: Any) -> str:
        good = {"name": "ci", "public_key": signers["p256"].public_pem, "overlap": MONTH}
        with pytest.raises(kind) as error:
            rotate_key(document, now=NOW, **{**good, **changes})
        return error.value.code

    assert refused(NoSuchMemberError, name="who") == "trust.no-such-member"
    assert refused(ConflictError, new_name="ci") == "trust.member-exists"
    # The same key again would be no rotation.
    assert (
        refused(MalformedError, public_key=signers["ed25519"].public_pem) == "trust.malformed-root"
    )
    assert refused(MalformedError, public_key=b"nothing") == "trust.malformed-key"
    eternal = RootDocument.parse(root_bytes(not_after=None))
    with pytest.raises(UsageError) as beyond:
        rotate_key(
            eternal,
            name="ci",
            public_key=signers["p256"].public_pem,
            now=NOW,
            overlap=Duration.parse("999999999w"),
        )
    assert beyond.value.code == "trust.rotate-overlap"


def test_pss_stays_with_rsa_keys_only(
    pem: Callable[[Any], str], signers: Mapping[str, LocalSigner]
) -> None:
    def rsa_pem() -> bytes:
        return pem(rsa.generate_private_key(65537, 2048).public_key()).encode()

    document = add_key(
        RootDocument.blank(), name="kms", public_key=rsa_pem(), scope=SCOPE, pss=True
    )
    rotated = rotate_key(document, name="kms", public_key=rsa_pem(), now=NOW, overlap=MONTH)
    assert rotated.document.root().keys[1].public_key.algorithm == "rsa-pss-sha256"
    other = signers["ed25519"].public_pem
    rotated = rotate_key(document, name="kms", public_key=other, now=NOW, overlap=MONTH)
    assert rotated.document.root().keys[1].public_key.algorithm == "ed25519"


# -- refusals --------------------------------------------------------------------------------------


def test_a_member_is_not_added_twice(
    root_bytes: Callable[..., bytes], signers: Mapping[str, LocalSigner], sigstore: Any
) -> None:
    document = RootDocument.parse(root_bytes())
    with pytest.raises(ConflictError):
        add_key(document, name="ci", public_key=signers["p256"].public_pem, scope=SCOPE)
    document = add_authority(
        document, name="a", profile="private", material=sigstore.trusted_root()
    )
    with pytest.raises(ConflictError):
        add_authority(document, name="a", profile="private", material=sigstore.trusted_root())
    # Keys and identities share their names.
    with pytest.raises(ConflictError):
        add_identity(document, name="ci", authority="a", certificate={"issuer": "i"}, scope=SCOPE)


def test_a_private_key_is_not_put_into_a_root() -> None:
    private, _ = generate_ed25519()
    with pytest.raises(MalformedError) as refused:
        add_key(RootDocument.blank(), name="ci", public_key=private, scope=SCOPE)
    assert refused.value.code == "trust.private-key"


def test_what_makes_no_trust_root_is_seen_when_it_is_read_again(
    root_bytes: Callable[..., bytes], pem: Callable[[Any], str], sigstore: Any
) -> None:
    document = RootDocument.parse(root_bytes())
    key = pem(ed25519.Ed25519PrivateKey.generate().public_key()).encode()
    bad = WrittenScope(may_attest=["provenence"], repositories=["any"], environments=["any"])
    with pytest.raises(MalformedError, match="provenence"):
        add_key(document, name="b", public_key=key, scope=bad).root()
    with pytest.raises(MalformedError, match="no authority"):
        add_key(document, name="b", public_key=key, scope=SCOPE, authority="who").root()
    with pytest.raises(MalformedError, match="profile"):
        add_authority(document, name="a", profile="easy", material=sigstore.trusted_root()).root()
    held = add_authority(document, name="a", profile="private", material=sigstore.trusted_root())
    with pytest.raises(MalformedError):
        replace_material(held, authority="a", material=b"{}")
    with pytest.raises(MalformedError, match="UTF-8"):
        replace_material(held, authority="a", material=b"\xff")
    with pytest.raises(NoSuchMemberError):
        replace_material(held, authority="b", material=sigstore.trusted_root())
    with pytest.raises(MalformedError):
        RootDocument.parse(b"trust-root: gatebook/trust-root/v1\n")


def test_names_cannot_smuggle_other_fields_in(root_bytes: Callable[..., bytes]) -> None:
    document = RootDocument.parse(root_bytes())
    sly = {"issuer: x\n      identity": "y\n  - id: evil", "a: [": "]"}
    made = document.added("identities", {"id": "i", "authority": "a", "certificate": sly})
    assert made.member("identities", "i")["certificate"] == sly
    with pytest.raises(MalformedError):
        made.root()
    in_json = RootDocument.parse(json.dumps(strict_yaml.loads(root_bytes(), what="root")).encode())
    with pytest.raises(DocumentEditError):
        in_json.added("people", {"id": "\udcff"})


# -- properties ------------------------------------------------------------------------------------

TEXTS = st.text(
    st.characters(exclude_categories=("Cs",)) | st.sampled_from("\n \t#:|>'\"[]{},&*!%@`-~"),
    max_size=60,
)


@given(first=TEXTS, second=TEXTS, flow=st.booleans())
def test_any_text_is_read_back_as_it_was(first: str, second: str, *, flow: bool) -> None:
    text = "a: 1\nlist: []  # nothing\n" if not flow else '{"a": "1", "list": [ ]}\n'
    member = {"id": first, "words": [second, first], "in": {"x": second}}
    made = append_member(text, "list", member)
    made = append_member(made, "list", {"id": "2"})
    assert strict_yaml.loads(made.encode())["list"] == [member, {"id": "2"}]  # type: ignore[index, call-overload]
    changed = set_field(made, "list", 0, "id", second, after=())
    changed = set_field(changed, "list", 1, "more", first, after=("id",))
    assert strict_yaml.loads(changed.encode())["list"] == [  # type: ignore[index, call-overload]
        {**member, "id": second},
        {"id": "2", "more": first},
    ]


@given(TEXTS, TEXTS, st.sampled_from(["|", "|-", "|+", "|2-", ">", '"', "'"]))
def test_any_field_is_replaced_and_its_neighbours_stay(old: str, new: str, style: str) -> None:
    words = " ".join(old.split()).replace("'", "").replace('"', "").replace("\\", "")
    words = "".join(each for each in words if each.isprintable()) or "x"
    value = f"{style}{words}{style}" if style in "\"'" else f"{style}  # note\n      {words}\n"
    text = f"list:\n  - id: 1\n    field: {value}\n\n    last: z  # end\n  # tail\n"
    before = strict_yaml.loads(text.encode())
    made = set_field(text, "list", 0, "field", new, after=())
    before["list"][0]["field"] = new  # type: ignore[index, call-overload]
    assert strict_yaml.loads(made.encode()) == before
    assert "  # end\n  # tail\n" in made
    if style not in "\"'":
        assert "  # note" in made
