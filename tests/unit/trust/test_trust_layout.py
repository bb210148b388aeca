"""A layout says who may do which step and what each may touch; nothing else gets through."""

import base64
import copy
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa

from gatebook.clock import Instant
from gatebook.digest import Digest
from gatebook.errors import GatebookError
from gatebook.formats.dsse import pae
from gatebook.formats.layout.evidence import StepEvidence, arrange_evidence
from gatebook.formats.layout.json_text import encode_olpc
from gatebook.trust.keys import PublicKey
from gatebook.trust.layout.keys import layout_owner_key
from gatebook.trust.layout.refusals import LayoutProductError
from gatebook.trust.layout.verified import RemarkKind, VerifiedLayout, VerifiedLayoutSteps
from gatebook.trust.layout.verify import verify_layout, verify_layout_steps

AT = Instant.parse("2026-11-20T12:00:00Z")
PAYLOAD_TYPE = "application/vnd.in-toto+json"


def sha(letter: str) -> dict[str, str]:
    return {"sha256": letter * 64}


class Person:
    """Somebody with a key, as securesystemslib writes keys and signatures."""

    def __init__(self, key: Any, scheme: str, keyid: str) -> None:
        self.key, self.scheme, self.keyid = key, scheme, keyid

    @property
    def pem(self) -> str:
        return (
            self.key.public_key()
            .public_bytes(
                serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
            )
            .decode()
        )

    @property
    def public(self) -> PublicKey:
        return layout_owner_key(self.pem.encode())

    @property
    def sslib(self) -> dict[str, Any]:
        kind = {"e": "ecdsa", "r": "rsa"}.get(self.scheme[0], "ed25519")
        public = self.pem
        if self.scheme == "ed25519":
            kind = "ed25519"
            public = self.key.public_key().public_bytes_raw().hex()
        return {
            "keyid": self.keyid,
            "keytype": kind,
            "scheme": self.scheme,
            "keyval": {"public": public},
        }

    def sign(self, data: bytes) -> bytes:
        match self.key:
            case ed25519.Ed25519PrivateKey():
                return self.key.sign(data)
            case ec.EllipticCurvePrivateKey():
                algorithm = hashes.SHA256() if self.key.curve.key_size == 256 else hashes.SHA384()
                return self.key.sign(data, ec.ECDSA(algorithm))
            case rsa.RSAPrivateKey():
                salt = padding.PSS(padding.MGF1(hashes.SHA256()), padding.PSS.DIGEST_LENGTH)
                scheme = salt if "pss" in self.scheme else padding.PKCS1v15()
                return self.key.sign(data, scheme, hashes.SHA256())
        raise AssertionError

    def known_as(self, keyid: str) -> "Person":
        return Person(self.key, self.scheme, keyid)


def metablock(content: Mapping[str, Any], *people: Person) -> bytes:
    signed = encode_olpc(content)
    signatures = [{"keyid": who.keyid, "sig": who.sign(signed).hex()} for who in people]
    return json.dumps({"signed": content, "signatures": signatures}).encode()


def envelope(
    content: Mapping[str, Any], *people: Person, payload_type: str = PAYLOAD_TYPE
) -> bytes:
    payload = json.dumps(content).encode()
    signatures = [
        {
            "keyid": who.keyid,
            "sig": base64.b64encode(who.sign(pae(payload_type, payload))).decode(),
        }
        for who in people
    ]
    body = base64.b64encode(payload).decode()
    return json.dumps(
        {"payload": body, "payloadType": payload_type, "signatures": signatures}
    ).encode()


def link(
    name: str,
    materials: Mapping[str, dict[str, str]],
    products: Mapping[str, dict[str, str]],
    *,
    command: Sequence[str] = (),
) -> dict[str, Any]:
    return {
        "_type": "link",
        "name": name,
        "materials": dict(materials),
        "products": dict(products),
        "command": list(command),
        "byproducts": {"return-value": 0, "stdout": 'a "quoted" \\ word, naïve\n'},
        "environment": {},
    }


def step(name: str, *people: Person, **changes: Any) -> dict[str, Any]:
    return {
        "_type": "step",
        "name": name,
        "threshold": 1,
        "pubkeys": [who.keyid for who in people],
        "expected_command": [],
        "expected_materials": [],
        "expected_products": [],
    } | changes


@pytest.fixture(scope="session")
def people() -> Mapping[str, Person]:
    return {
        "ana": Person(ed25519.Ed25519PrivateKey.generate(), "ed25519", "aa" * 32),
        "ben": Person(ec.generate_private_key(ec.SECP256R1()), "ecdsa-sha2-nistp256", "bb" * 32),
        "cleo": Person(
            rsa.generate_private_key(public_exponent=65537, key_size=2048),
            "rsassa-pss-sha256",
            "cc" * 32,
        ),
        "dan": Person(ec.generate_private_key(ec.SECP384R1()), "ecdsa-sha2-nistp384", "dd" * 32),
        "eve": Person(ed25519.Ed25519PrivateKey.generate(), "ed25519", "ee" * 32),
    }


@dataclass
class Chain:
    """A chain of two steps: Ana writes code, Ben and Cleo build it. Change it, then judge it."""

    people: Mapping[str, Person]
    layout: dict[str, Any]
    owners: list[Person]
    signed_by: list[Person]
    files: dict[str, bytes] = field(default_factory=dict)
    wrap: Callable[..., bytes] = metablock
    parameters: dict[str, str] = field(default_factory=dict)
    at: Instant = AT

    def verify(self) -> VerifiedLayout:
        return verify_layout(self.bytes, **self._given())

    def verify_steps(self) -> VerifiedLayoutSteps:
        return verify_layout_steps(self.bytes, **self._given())

    @property
    def bytes(self) -> bytes:
        return self.wrap(self.layout, *self.signed_by)

    def _given(self) -> Any:
        return {
            "owners": [who.public for who in self.owners],
            "evidence": arrange_evidence(self.files),
            "at": self.at,
            "parameters": self.parameters,
        }

    def refused(self, code: str) -> GatebookError:
        with pytest.raises(GatebookError) as caught:
            self.verify()
        assert caught.value.code == code, caught.value.message
        return caught.value

    def put(
        self, who: str, content: Mapping[str, Any], *, wrap: Any = None, name: str = ""
    ) -> None:
        person = self.people[who]
        file = f"{name or content['name']}.{person.keyid[:8]}.link"
        self.files[file] = (wrap or self.wrap)(content, person)

    def step(self, number: int) -> dict[str, Any]:
        found: dict[str, Any] = self.layout["steps"][number]
        return found


SOURCE = {"src/main.py": sha("1"), "src/util.py": sha("2")}
BUILT = {"dist/app.tar": sha("9")}


@pytest.fixture(params=[metablock, envelope], ids=["metablock", "dsse"])
def chain(request: pytest.FixtureRequest, people: Mapping[str, Person]) -> Chain:
    ana, ben, cleo, dan = (people[name] for name in ("ana", "ben", "cleo", "dan"))
    layout = {
        "_type": "layout",
        "expires": "2026-12-31T00:00:00Z",
        "readme": "code, then a build",
        "keys": {who.keyid: who.sslib for who in (ana, ben, cleo)},
        "steps": [
            step(
                "code",
                ana,
                expected_command=["git", "commit"],
                expected_products=[["CREATE", "src/*"], ["DISALLOW", "*"]],
            ),
            step(
                "build",
                ben,
                cleo,
                threshold=2,
                expected_materials=[
                    ["MATCH", "src/*", "WITH", "PRODUCTS", "FROM", "code"],
                    ["DISALLOW", "*"],
                ],
                expected_products=[
                    ["CREATE", "dist/app.tar"],
                    ["ALLOW", "src/*"],
                    ["DISALLOW", "*"],
                ],
            ),
        ],
        "inspect": [],
    }
    made = Chain(people, layout, [dan], [dan], wrap=request.param)
    made.put("ana", link("code", {}, SOURCE, command=["git", "commit"]))
    for who in ("ben", "cleo"):
        made.put(who, link("build", SOURCE, {**SOURCE, **BUILT}))
    return made


def test_a_chain_that_was_kept_is_verified_with_who_did_what(chain: Chain) -> None:
    done = chain.verify()
    assert [entry.name for entry in done.steps] == ["code", "build"]
    assert [len(entry.signers) for entry in done.steps] == [1, 2]
    people = chain.people
    assert {signer.spki for signer in done.steps[1].signers} == {
        people["ben"].public.spki,
        people["cleo"].public.spki,
    }
    assert done.owners == (people["dan"].public.spki,)
    assert done.find_product(Digest("sha256", "9" * 64)) == "dist/app.tar"
    assert done.remarks == ()


def test_an_artifact_the_chain_did_not_make_is_not_its_product(chain: Chain) -> None:
    with pytest.raises(LayoutProductError) as caught:
        chain.verify().find_product(Digest("sha256", "8" * 64))
    assert caught.value.code == "trust.layout-product"
    with pytest.raises(LayoutProductError):
        chain.verify().find_product(Digest("sha256", "9" * 64), step="code")
    assert chain.verify().find_product(Digest("sha256", "1" * 64), step="code") == "src/main.py"


def test_a_verified_layout_cannot_be_made_by_hand(chain: Chain) -> None:
    done = chain.verify()
    with pytest.raises(ValueError, match="_seal"):
        replace(done, steps=())
    with pytest.raises(TypeError, match="verifier only"):
        replace(done, _seal=object())  # type: ignore[call-arg]


class TestOwners:
    def test_nobody_to_ask_is_no_signature(self, chain: Chain) -> None:
        chain.owners = []
        chain.refused("trust.layout-signature")

    def test_another_owner_did_not_sign(self, chain: Chain) -> None:
        chain.owners = [chain.people["eve"]]
        chain.refused("trust.layout-signature")

    def test_every_owner_has_to_sign(self, chain: Chain) -> None:
        chain.owners = [chain.people["dan"], chain.people["cleo"]]
        chain.refused("trust.layout-signature")
        chain.signed_by = [chain.people["dan"], chain.people["cleo"]]
        assert len(chain.verify().owners) == 2

    def test_the_same_owner_twice_is_one(self, chain: Chain) -> None:
        chain.owners = [chain.people["dan"], chain.people["dan"]]
        assert len(chain.verify().owners) == 1

    def test_a_layout_changed_after_it_was_signed(self, chain: Chain) -> None:
        good = chain.bytes
        if chain.wrap is metablock:
            bad = good.replace(b'"threshold": 2', b'"threshold": 1')
        else:
            outer = json.loads(good)
            payload = base64.b64decode(outer["payload"]).replace(b'd": 2', b'd": 1')
            bad = json.dumps(outer | {"payload": base64.b64encode(payload).decode()}).encode()
        assert bad != good
        with pytest.raises(GatebookError) as caught:
            verify_layout(bad, owners=[chain.people["dan"].public], evidence=(), at=AT)
        assert caught.value.code == "trust.layout-signature"

    def test_a_link_is_no_layout(self, chain: Chain) -> None:
        chain.layout = link("code", {}, SOURCE)
        chain.refused("formats.layout-metadata")


class TestTime:
    def test_the_last_instant_still_holds(self, chain: Chain) -> None:
        chain.at = Instant.parse("2026-12-31T00:00:00Z")
        chain.verify()

    def test_after_it_the_layout_has_expired(self, chain: Chain) -> None:
        chain.at = Instant.parse("2026-12-31T00:00:00.001Z")
        chain.refused("trust.layout-expired")


class TestThreshold:
    def test_one_of_two_is_not_enough(self, chain: Chain) -> None:
        del chain.files[f"build.{'cc' * 4}.link"]
        chain.refused("trust.layout-threshold")

    def test_nobody_at_all(self, chain: Chain) -> None:
        chain.files.clear()
        chain.refused("trust.layout-threshold")

    def test_the_same_key_under_two_names_counts_once(self, chain: Chain) -> None:
        """CVE class 6: one compromised key must not be two functionaries."""
        twin = chain.people["ben"].known_as("b2" * 32)
        chain.layout["keys"][twin.keyid] = twin.sslib
        chain.step(1)["pubkeys"].append(twin.keyid)
        del chain.files[f"build.{'cc' * 4}.link"]
        content = link("build", SOURCE, {**SOURCE, **BUILT})
        chain.files[f"build.{'b2' * 4}.link"] = chain.wrap(content, twin)
        chain.refused("trust.layout-threshold")

    def test_two_signatures_of_one_key_count_once(self, chain: Chain) -> None:
        del chain.files[f"build.{'cc' * 4}.link"]
        ben = chain.people["ben"]
        content = link("build", SOURCE, {**SOURCE, **BUILT})
        chain.files["build.second.link"] = chain.wrap(content, ben, ben)
        chain.refused("trust.layout-threshold")

    def test_one_document_signed_by_both_is_enough(self, chain: Chain) -> None:
        content = link("build", SOURCE, {**SOURCE, **BUILT})
        ben, cleo = chain.people["ben"], chain.people["cleo"]
        del chain.files[f"build.{'cc' * 4}.link"]
        chain.files[f"build.{'bb' * 4}.link"] = chain.wrap(content, ben, cleo)
        assert len(chain.verify().steps[1].signers) == 2

    def test_a_functionary_of_another_step(self, chain: Chain) -> None:
        del chain.files[f"build.{'cc' * 4}.link"]
        chain.put("ana", link("build", SOURCE, {**SOURCE, **BUILT}))
        chain.refused("trust.layout-threshold")

    def test_a_stranger(self, chain: Chain) -> None:
        del chain.files[f"build.{'cc' * 4}.link"]
        chain.put("eve", link("build", SOURCE, {**SOURCE, **BUILT}))
        chain.refused("trust.layout-threshold")

    def test_a_link_filed_under_another_step(self, chain: Chain) -> None:
        """The name under the signature counts, not the name of the file."""
        chain.files[f"code.{'aa' * 4}.link"] = chain.wrap(
            link("other", {}, SOURCE), chain.people["ana"]
        )
        error = chain.refused("trust.layout-threshold")
        assert "other" in error.message

    def test_a_link_changed_after_it_was_signed(self, chain: Chain) -> None:
        name = f"code.{'aa' * 4}.link"
        outer = json.loads(chain.files[name])
        if chain.wrap is metablock:
            outer["signed"]["products"]["src/evil.py"] = sha("f")
        else:
            payload = json.loads(base64.b64decode(outer["payload"]))
            payload["products"]["src/evil.py"] = sha("f")
            outer["payload"] = base64.b64encode(json.dumps(payload).encode()).decode()
        chain.files[name] = json.dumps(outer).encode()
        chain.refused("trust.layout-threshold")

    def test_a_signature_under_another_key_id_is_not_looked_at(self, chain: Chain) -> None:
        chain.files[f"code.{'aa' * 4}.link"] = chain.wrap(
            link("code", {}, SOURCE), chain.people["ana"].known_as("ff" * 32)
        )
        chain.refused("trust.layout-threshold")

    @pytest.mark.parametrize("threshold", [0, -1, True, "1", 10**15])
    def test_a_threshold_nobody_has_to_meet(self, chain: Chain, threshold: Any) -> None:
        chain.step(1)["threshold"] = threshold
        chain.refused("formats.layout")

    @pytest.mark.parametrize("threshold", [1.0, 10**30])
    def test_a_threshold_no_canonical_form_has(self, chain: Chain, threshold: Any) -> None:
        chain.wrap = envelope
        chain.step(1)["threshold"] = threshold
        chain.refused("formats.layout")
        block = json.dumps({"signed": chain.layout, "signatures": [{"keyid": "aa", "sig": "00"}]})
        with pytest.raises(GatebookError) as caught:
            verify_layout(block.encode(), owners=[chain.people["dan"].public], evidence=(), at=AT)
        assert caught.value.code == "formats.layout-canonical"

    def test_junk_beside_enough_good_links_is_told_and_does_no_harm(self, chain: Chain) -> None:
        chain.files["code.junk.link"] = b"{}"
        done = chain.verify()
        assert [remark.kind for remark in done.remarks] == [RemarkKind.EVIDENCE_IGNORED]


class TestAgreement:
    def test_functionaries_who_name_different_products(self, chain: Chain) -> None:
        chain.put("cleo", link("build", SOURCE, {**SOURCE, "dist/app.tar": sha("8")}))
        chain.refused("trust.layout-links-disagree")

    def test_functionaries_who_name_different_materials(self, chain: Chain) -> None:
        chain.put("cleo", link("build", {"src/main.py": sha("1")}, {**SOURCE, **BUILT}))
        chain.refused("trust.layout-links-disagree")

    def test_with_a_threshold_of_one_too(self, chain: Chain) -> None:
        chain.step(1)["threshold"] = 1
        chain.put("cleo", link("build", SOURCE, {**SOURCE, "dist/app.tar": sha("8")}))
        chain.refused("trust.layout-links-disagree")


class TestRules:
    def both_build(self, chain: Chain, materials: Any, products: Any) -> None:
        for who in ("ben", "cleo"):
            chain.put(who, link("build", materials, products))

    def test_source_changed_between_the_steps(self, chain: Chain) -> None:
        changed = {**SOURCE, "src/main.py": sha("f")}
        self.both_build(chain, changed, {**changed, **BUILT})
        error = chain.refused("trust.layout-disallowed")
        assert "src/main.py" in error.message

    def test_source_that_nobody_wrote(self, chain: Chain) -> None:
        more = {**SOURCE, "src/evil.py": sha("f")}
        self.both_build(chain, more, {**more, **BUILT})
        chain.refused("trust.layout-disallowed")

    def test_a_product_nobody_expects(self, chain: Chain) -> None:
        self.both_build(chain, SOURCE, {**BUILT, "dist/extra": sha("f")})
        chain.refused("trust.layout-disallowed")

    def test_a_required_product_is_missing(self, chain: Chain) -> None:
        chain.step(1)["expected_products"].insert(0, ["REQUIRE", "dist/app.tar"])
        chain.verify()
        self.both_build(chain, SOURCE, SOURCE)
        chain.refused("trust.layout-required")

    def test_without_a_final_disallow_the_rest_is_allowed_and_told(self, chain: Chain) -> None:
        chain.step(1)["expected_products"] = [["CREATE", "dist/app.tar"]]
        done = chain.verify()
        assert [remark.kind for remark in done.remarks] == [RemarkKind.NOT_ACCOUNTED]

    def test_directories_of_both_steps(self, chain: Chain) -> None:
        moved = {"in/main.py": sha("1"), "in/util.py": sha("2")}
        chain.step(1)["expected_materials"][0] = [
            "MATCH",
            "*",
            "IN",
            "in",
            "WITH",
            "PRODUCTS",
            "IN",
            "src/",
            "FROM",
            "code",
        ]
        chain.step(1)["expected_products"][1] = ["ALLOW", "in/*"]
        self.both_build(chain, moved, {**moved, **BUILT})
        chain.verify()
        moved["inner.py"] = sha("1")  # the prefix is a directory, not the start of a word
        self.both_build(chain, moved, {**moved, **BUILT})
        chain.refused("trust.layout-disallowed")

    def test_weak_digests_match_nothing(self, chain: Chain) -> None:
        weak = {"src/main.py": {"md5": "0" * 32}}
        chain.put("ana", link("code", {}, weak, command=["git", "commit"]))
        self.both_build(chain, weak, BUILT)
        chain.refused("trust.layout-disallowed")

    def test_digests_have_to_agree_in_every_algorithm(self, chain: Chain) -> None:
        both = {"src/main.py": {"sha256": "1" * 64, "sha512": "2" * 128}}
        other = {"src/main.py": {"sha256": "1" * 64, "sha512": "3" * 128}}
        chain.put("ana", link("code", {}, both, command=["git", "commit"]))
        self.both_build(chain, both, BUILT)
        chain.verify()
        self.both_build(chain, other, BUILT)
        chain.refused("trust.layout-disallowed")

    @pytest.mark.parametrize(
        "pattern", ["[!a]*", "[^a]*", "a\\*", "[a", "[]", "[z-a]", "[a[b]]", ""]
    )
    def test_a_pattern_that_is_read_in_two_ways(self, chain: Chain, pattern: str) -> None:
        """GHSA-pmwq-pjrm-6p5r: ``[!a]`` disallows in one implementation and not in another."""
        chain.step(1)["expected_products"].insert(0, ["DISALLOW", pattern])
        chain.refused("formats.layout-pattern" if pattern else "formats.layout-rule")

    def test_a_rule_about_a_step_that_is_not_there(self, chain: Chain) -> None:
        chain.step(1)["expected_materials"][0][-1] = "cod"
        chain.refused("formats.layout")

    @pytest.mark.parametrize("name", ["./src/x", "src/../x", "src//x", "a\nb", ""])
    def test_a_name_two_readers_would_compare_differently(self, chain: Chain, name: str) -> None:
        chain.put("ana", link("code", {}, {name: sha("1")}))
        chain.refused("trust.layout-threshold")  # such a link counts for nothing


class TestCommands:
    def test_another_command_is_told_and_refuses_nothing(self, chain: Chain) -> None:
        chain.put("ana", link("code", {}, SOURCE, command=["vi"]))
        done = chain.verify()
        assert [remark.kind for remark in done.remarks] == [RemarkKind.COMMAND_DIFFERS]


class TestInspections:
    INSPECTION: Mapping[str, Any] = {
        "_type": "inspection",
        "name": "unpack",
        "run": ["tar", "xf", "dist/app.tar"],
        "expected_materials": [["MATCH", "*", "WITH", "PRODUCTS", "FROM", "build"]],
        "expected_products": [],
    }

    def test_a_layout_with_inspections_is_refused_as_a_whole(self, chain: Chain) -> None:
        chain.layout["inspect"] = [self.INSPECTION]
        error = chain.refused("trust.layout-inspection")
        assert "unpack" in error.message

    def test_its_steps_are_verified_on_request_and_say_what_was_left_out(
        self, chain: Chain
    ) -> None:
        chain.layout["inspect"] = [self.INSPECTION]
        done = chain.verify_steps()
        assert not isinstance(done, VerifiedLayout)
        assert [item.name for item in done.inspections] == ["unpack"]

    def test_the_steps_still_have_to_be_right(self, chain: Chain) -> None:
        chain.layout["inspect"] = [self.INSPECTION]
        chain.files.clear()
        with pytest.raises(GatebookError) as caught:
            chain.verify_steps()
        assert caught.value.code == "trust.layout-threshold"


class TestKeys:
    def test_a_key_of_openpgp_counts_for_nobody(self, chain: Chain) -> None:
        ben = chain.people["ben"]
        chain.layout["keys"][ben.keyid] = {
            "keyid": ben.keyid,
            "type": "rsa",
            "method": "pgp+rsa-pkcsv1.5",
            "keyval": {"public": {"e": "010001", "n": "00"}},
            "hashes": ["pgp+SHA2"],
        }
        error = chain.refused("trust.layout-threshold")
        assert "1 of 2" in error.message
        chain.step(1)["threshold"] = 1
        assert RemarkKind.KEY_IGNORED in {remark.kind for remark in chain.verify().remarks}

    def test_a_key_that_says_it_is_of_another_kind(self, chain: Chain) -> None:
        ben = chain.people["ben"]
        chain.layout["keys"][ben.keyid]["scheme"] = "ecdsa-sha2-nistp384"
        chain.refused("trust.layout-threshold")

    def test_an_rsa_key_signs_as_it_says(self, chain: Chain) -> None:
        cleo = chain.people["cleo"]
        chain.layout["keys"][cleo.keyid]["scheme"] = "rsa-pkcs1v15-sha256"
        chain.refused("trust.layout-threshold")

    def test_a_private_key_in_a_layout(self, chain: Chain) -> None:
        chain.layout["keys"][chain.people["ana"].keyid]["keyval"]["private"] = "00" * 32
        chain.refused("formats.layout")

    def test_a_step_for_a_key_the_layout_does_not_have(self, chain: Chain) -> None:
        chain.step(0)["pubkeys"].append("12" * 32)
        chain.refused("formats.layout")


class TestSublayouts:
    @pytest.fixture
    def delegated(self, chain: Chain) -> Chain:
        """Ana's step is done by two of her own: Eve drafts, Ana reviews."""
        ana, eve = chain.people["ana"], chain.people["eve"]
        inner = {
            "_type": "layout",
            "expires": "2026-12-01T00:00:00Z",
            "readme": "",
            "keys": {who.keyid: who.sslib for who in (ana, eve)},
            "steps": [
                step("draft", eve, expected_products=[["CREATE", "src/*"], ["DISALLOW", "*"]]),
                step(
                    "review",
                    ana,
                    expected_materials=[
                        ["MATCH", "*", "WITH", "PRODUCTS", "FROM", "draft"],
                        ["DISALLOW", "*"],
                    ],
                ),
            ],
            "inspect": [],
        }
        self.inner = inner
        place = f"code.{ana.keyid[:8]}"
        chain.files[f"{place}.link"] = chain.wrap(inner, ana)
        chain.files[f"{place}/draft.{eve.keyid[:8]}.link"] = chain.wrap(
            link("draft", {}, SOURCE), eve
        )
        chain.files[f"{place}/review.{ana.keyid[:8]}.link"] = chain.wrap(
            link("review", SOURCE, SOURCE), ana
        )
        return chain

    def put_inner(self, chain: Chain) -> None:
        ana = chain.people["ana"]
        chain.files[f"code.{ana.keyid[:8]}.link"] = chain.wrap(self.inner, ana)

    def test_a_sublayout_stands_for_a_link(self, delegated: Chain) -> None:
        done = delegated.verify()
        assert set(done.steps[0].products) == set(SOURCE)
        assert dict(done.steps[0].materials) == {}

    def test_a_sublayout_that_is_not_satisfied(self, delegated: Chain) -> None:
        ana = delegated.people["ana"]
        changed = {**SOURCE, "src/main.py": sha("f")}
        delegated.files[f"code.{ana.keyid[:8]}/review.{ana.keyid[:8]}.link"] = delegated.wrap(
            link("review", changed, SOURCE), ana
        )
        error = delegated.refused("trust.layout-disallowed")
        assert "sublayout" in error.message

    def test_a_sublayout_by_somebody_who_may_not(self, delegated: Chain) -> None:
        ana, eve = delegated.people["ana"], delegated.people["eve"]
        delegated.files[f"code.{ana.keyid[:8]}.link"] = delegated.wrap(self.inner, eve)
        delegated.refused("trust.layout-threshold")

    def test_a_sublayout_that_has_expired(self, delegated: Chain) -> None:
        delegated.at = Instant.parse("2026-12-02T00:00:00Z")
        delegated.refused("trust.layout-expired")

    def test_inspections_of_a_sublayout_are_not_run_either(self, delegated: Chain) -> None:
        self.inner["inspect"] = [dict(TestInspections.INSPECTION, expected_materials=[])]
        self.put_inner(delegated)
        delegated.refused("trust.layout-inspection")
        assert [item.name for item in delegated.verify_steps().inspections] == ["code/unpack"]

    def test_the_rules_of_the_step_judge_what_the_sublayout_made(self, delegated: Chain) -> None:
        delegated.step(0)["expected_products"] = [["ALLOW", "src/main.py"], ["DISALLOW", "*"]]
        delegated.refused("trust.layout-disallowed")

    def test_sublayouts_nested_without_end(self, chain: Chain) -> None:
        ana = chain.people["ana"]
        layout = {
            "_type": "layout",
            "expires": "2026-12-01T00:00:00Z",
            "keys": {ana.keyid: ana.sslib},
            "steps": [step("code", ana)],
            "inspect": [],
        }
        signed = chain.wrap(layout, ana)
        evidence: tuple[StepEvidence, ...] = ()
        for _ in range(12):
            evidence = (StepEvidence(name="code.link", data=signed, step="code", nested=evidence),)
        with pytest.raises(GatebookError) as caught:
            verify_layout(signed, owners=[ana.public], evidence=evidence, at=AT)
        assert caught.value.code == "trust.layout-nesting"

    def test_more_evidence_than_is_read(self, chain: Chain) -> None:
        evidence = tuple(StepEvidence(name=str(n), data=b"", step="code") for n in range(5000))
        with pytest.raises(GatebookError) as caught:
            verify_layout(
                chain.bytes, owners=[chain.people["dan"].public], evidence=evidence, at=AT
            )
        assert caught.value.code == "trust.layout-nesting"


class TestParameters:
    @pytest.fixture
    def open_chain(self, chain: Chain) -> Chain:
        chain.step(1)["expected_products"][0] = ["CREATE", "dist/{name}.tar"]
        chain.parameters = {"name": "app"}
        return chain

    def test_a_parameter_fills_its_place(self, open_chain: Chain) -> None:
        open_chain.verify()
        open_chain.parameters = {"name": "other"}
        open_chain.refused("trust.layout-disallowed")

    def test_a_parameter_nobody_gave(self, open_chain: Chain) -> None:
        open_chain.parameters = {}
        open_chain.refused("formats.layout-parameter")

    @pytest.mark.parametrize("value", ["*", "[a]", "?", "{name}", "", "a\\b", "a\nb"])
    def test_a_value_that_is_more_than_text(self, open_chain: Chain, value: str) -> None:
        open_chain.parameters = {"name": value}
        open_chain.refused("formats.layout-parameter")

    def test_braces_that_are_read_in_two_ways(self, open_chain: Chain) -> None:
        open_chain.step(1)["expected_products"][0] = ["CREATE", "dist/{{name}}.tar"]
        open_chain.refused("formats.layout-parameter")


class TestStatements:
    """ITE-6: links as predicates of statements, signed in envelopes."""

    @pytest.mark.parametrize("form", ["v0.3", "ite-6"])
    def test_a_statement_with_a_link_predicate_counts_as_a_link(
        self, chain: Chain, form: str
    ) -> None:
        resources = [{"name": name, "digest": digest} for name, digest in SOURCE.items()]
        new = form == "v0.3"
        statement = {
            "_type": "https://in-toto.io/Statement/v1",
            "subject": [
                {"name": name, "digest": digest} for name, digest in {**SOURCE, **BUILT}.items()
            ],
            "predicateType": "https://in-toto.io/attestation/link/v0.3"
            if new
            else "https://in-toto.io/Link/v1",
            "predicate": {
                "name": "build",
                "command": [],
                "materials": resources if new else SOURCE,
                "byproducts": {},
                "environment": {},
            },
        }
        for who in ("ben", "cleo"):
            chain.put(who, statement, wrap=envelope, name="build")
        assert chain.verify().steps[1].predicate_types == (statement["predicateType"],)
        other = copy.deepcopy(statement)
        other["predicate"]["name"] = "code"  # type: ignore[index]
        chain.put("cleo", other, wrap=envelope, name="build")
        chain.refused("trust.layout-threshold")

    def test_a_statement_with_another_predicate_does_not(self, chain: Chain) -> None:
        statement = {
            "_type": "https://in-toto.io/Statement/v1",
            "subject": [{"name": "x", "digest": sha("1")}],
            "predicateType": "https://slsa.dev/provenance/v1",
            "predicate": {"buildDefinition": {}, "runDetails": {}},
        }
        chain.put("cleo", statement, wrap=envelope, name="build")
        chain.refused("trust.layout-threshold")

    def test_another_payload_type(self, chain: Chain) -> None:
        content = link("code", {}, SOURCE)
        chain.files[f"code.{'aa' * 4}.link"] = envelope(
            content, chain.people["ana"], payload_type="text/plain"
        )
        chain.refused("trust.layout-threshold")


def test_metadata_that_was_not_filed_goes_by_the_name_it_has_inside(chain: Chain) -> None:
    loose = tuple(StepEvidence(name=name, data=data) for name, data in chain.files.items())
    done = verify_layout(chain.bytes, owners=[chain.people["dan"].public], evidence=loose, at=AT)
    assert [len(entry.signers) for entry in done.steps] == [1, 2]


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (lambda layout: layout.update(steps=[]), "formats.layout"),
        (lambda layout: layout.pop("expires"), "formats.layout"),
        (lambda layout: layout.update(expires="2026-12-31T00:00:00+01:00"), "formats.layout"),
        (lambda layout: layout.update(expires="2026-02-30T00:00:00Z"), "formats.layout"),
        (lambda layout: layout.update(expected_product=[]), "formats.layout"),
        (lambda layout: layout["steps"][0].update(expected_product=[]), "formats.layout"),
        (lambda layout: layout["steps"][1].update(name="code"), "formats.layout"),
        (lambda layout: layout["steps"][0].update(pubkeys=[]), "formats.layout"),
        (lambda layout: layout["steps"][0].update(_type="inspection"), "formats.layout"),
        (
            lambda layout: layout["steps"][0].update(expected_products=[["PERMIT", "*"]]),
            "formats.layout-rule",
        ),
        (
            lambda layout: layout["steps"][0].update(expected_products=[["ALLOW"]]),
            "formats.layout-rule",
        ),
        (
            lambda layout: layout["steps"][0].update(expected_products=["ALLOW *"]),
            "formats.layout",
        ),
    ],
    ids=[
        "no-steps",
        "no-expiry",
        "expiry-with-offset",
        "expiry-no-date",
        "misspelt-in-layout",
        "misspelt-in-step",
        "name-twice",
        "nobody-may",
        "wrong-type",
        "unknown-rule",
        "short-rule",
        "rule-as-text",
    ],
)
def test_a_layout_that_says_something_else_than_it_seems(
    chain: Chain, change: Callable[[dict[str, Any]], None], code: str
) -> None:
    change(chain.layout)
    chain.refused(code)


def test_a_layout_that_is_both_wrappings_at_once(chain: Chain) -> None:
    both = json.loads(metablock(chain.layout, chain.people["dan"])) | json.loads(
        envelope(chain.layout, chain.people["dan"])
    )
    with pytest.raises(GatebookError) as caught:
        verify_layout(
            json.dumps(both).encode(), owners=[chain.people["dan"].public], evidence=(), at=AT
        )
    assert caught.value.code == "formats.layout-metadata"


class TestReferenceImplementation:
    """The same layouts and links, judged by in-toto's own verifier as well."""

    def judge(self, chain: Chain, place: Path) -> tuple[bool, bool]:
        verifylib = pytest.importorskip("in_toto.verifylib")
        metadata = pytest.importorskip("in_toto.models.metadata")
        chain.layout["expires"] = "2999-12-31T00:00:00Z"  # it asks the clock
        for name, data in chain.files.items():
            (place / name).write_bytes(data)
        dan = chain.people["dan"]
        try:
            verifylib.in_toto_verify(
                metadata.Metadata.from_dict(json.loads(chain.bytes)),
                {dan.keyid: dan.sslib},
                link_dir_path=str(place),
                substitution_parameters=chain.parameters or None,
            )
            theirs = True
        except Exception:  # noqa: BLE001  # it has errors of several libraries
            theirs = False
        try:
            chain.verify()
            ours = True
        except GatebookError:
            ours = False
        return ours, theirs

    def test_both_verify_a_good_chain(self, chain: Chain, tmp_path: Path) -> None:
        assert self.judge(chain, tmp_path) == (True, True)

    def test_both_refuse_changed_source(self, chain: Chain, tmp_path: Path) -> None:
        changed = {**SOURCE, "src/main.py": sha("f")}
        for who in ("ben", "cleo"):
            chain.put(who, link("build", changed, {**changed, **BUILT}))
        assert self.judge(chain, tmp_path) == (False, False)

    def test_both_refuse_a_missed_threshold(self, chain: Chain, tmp_path: Path) -> None:
        del chain.files[f"build.{'cc' * 4}.link"]
        assert self.judge(chain, tmp_path) == (False, False)

    def test_both_put_parameters_in_their_places(self, chain: Chain, tmp_path: Path) -> None:
        chain.step(1)["expected_products"][0] = ["CREATE", "dist/{name}.tar"]
        chain.parameters = {"name": "app"}
        assert self.judge(chain, tmp_path) == (True, True)

    def test_only_we_count_one_key_under_two_names_once(self, chain: Chain, tmp_path: Path) -> None:
        twin = chain.people["ben"].known_as("b2" * 32)
        chain.layout["keys"][twin.keyid] = twin.sslib
        chain.step(1)["pubkeys"] = [chain.people["ben"].keyid, twin.keyid]
        content = link("build", SOURCE, {**SOURCE, **BUILT})
        chain.files[f"build.{'b2' * 4}.link"] = chain.wrap(content, twin)
        assert self.judge(chain, tmp_path) == (False, True)
