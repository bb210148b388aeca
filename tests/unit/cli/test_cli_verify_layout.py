"""``gatebook verify layout``: a chain of steps, judged at the desk; and one change at a time."""

import hashlib
import importlib.util
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

BUILT = b"the release"
CODE = {"src/main.py": {"sha256": "1" * 64}, "src/util.py": {"sha256": "2" * 64}}
MADE = {"dist/app.tar": {"sha256": hashlib.sha256(BUILT).hexdigest()}}
AT = ("--at", "2026-11-20T12:00:00Z")


@pytest.fixture(scope="module")
def kit() -> ModuleType:
    """The people and documents of the tests of trust."""
    name = "gatebook_tests_layout_kit"
    if name not in sys.modules:
        place = Path(__file__).parents[1] / "trust" / "test_trust_layout.py"
        spec = importlib.util.spec_from_file_location(name, place)
        assert spec is not None
        assert spec.loader is not None
        sys.modules[name] = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(sys.modules[name])
    return sys.modules[name]


@pytest.fixture(scope="module")
def people(kit: ModuleType) -> Mapping[str, Any]:
    """Olga and Rolf own the layout, Ana writes code, Ben builds it, Eve is a stranger."""
    make = ed25519.Ed25519PrivateKey.generate
    return {
        "olga": kit.Person(make(), "ed25519", "00" * 32),
        "rolf": kit.Person(
            rsa.generate_private_key(public_exponent=65537, key_size=2048),
            "rsassa-pss-sha256",
            "11" * 32,
        ),
        "ana": kit.Person(make(), "ed25519", "aa" * 32),
        "ben": kit.Person(
            ec.generate_private_key(ec.SECP256R1()), "ecdsa-sha2-nistp256", "bb" * 32
        ),
        "eve": kit.Person(make(), "ed25519", "ee" * 32),
    }


@dataclass
class Chain:
    """Two steps, code and build. Change them, then judge them."""

    kit: ModuleType
    people: Mapping[str, Any]
    desk: Any
    wrap: Any
    layout: dict[str, Any]
    signed_by: list[str] = field(default_factory=lambda: ["olga"])

    def put(self, who: str, content: Mapping[str, Any], place: str = "links") -> Path:
        person = self.people[who]
        name = f"{place}/{content['name']}.{person.keyid[:8]}.link"
        (self.desk.directory / place).mkdir(exist_ok=True, parents=True)
        path: Path = self.desk.write(name, self.wrap(content, person))
        return path

    def write(self) -> tuple[str, ...]:
        signers = [self.people[name] for name in self.signed_by]
        self.desk.write("root.layout", self.wrap(self.layout, *signers))
        for name, person in self.people.items():
            self.desk.write(f"{name}.pem", person.pem)
        return ("verify", "layout", "root.layout", "--links", "links", *AT)

    def verify(self, *more: str | Path, keys: tuple[str, ...] = ("olga",)) -> Any:
        named = [part for key in keys for part in ("--key", f"{key}.pem")]
        return self.desk.run(*self.write(), *named, *more)

    def json(self, *more: str | Path, keys: tuple[str, ...] = ("olga",)) -> dict[str, Any]:
        ran = self.verify(*more, "--json", keys=keys)
        document: dict[str, Any] = ran.json()
        assert document["schema"] == "gatebook/verified-layout/v1"
        assert document["verified"] is (ran.status == 0)
        return document

    def refused(self, status: int, code: str, *more: str | Path, **given: Any) -> Any:
        ran = self.verify(*more, **given)
        assert (ran.status, f"[{code}]" in ran.err) == (status, True), ran
        assert "verified:" not in ran.out
        return ran


@pytest.fixture(params=["metablock", "envelope"])
def chain(
    request: pytest.FixtureRequest, kit: ModuleType, people: Mapping[str, Any], desk: Any
) -> Chain:
    ana, ben = people["ana"], people["ben"]
    layout = {
        "_type": "layout",
        "expires": "2026-12-31T00:00:00Z",
        "readme": "",
        "keys": {who.keyid: who.sslib for who in (ana, ben)},
        "steps": [
            kit.step("code", ana, expected_products=[["CREATE", "src/*"], ["DISALLOW", "*"]]),
            kit.step(
                "build",
                ben,
                expected_materials=[
                    ["MATCH", "src/*", "WITH", "PRODUCTS", "FROM", "code"],
                    ["DISALLOW", "*"],
                ],
                expected_products=[["CREATE", "dist/app.tar"], ["DISALLOW", "*"]],
            ),
        ],
        "inspect": [],
    }
    made = Chain(kit, people, desk, getattr(kit, request.param), layout)
    made.put("ana", kit.link("code", {}, CODE))
    made.put("ben", kit.link("build", CODE, MADE))
    desk.write("app.tar", BUILT)
    return made


class TestSigned:
    def test_the_answer_names_the_steps_and_the_product(self, chain: Chain) -> None:
        ran = chain.verify("--product", "app.tar")
        assert ran.status == 0, ran
        assert ran.out.startswith("verified: layout sha256:")
        rows = [line.split() for line in ran.out.splitlines()[5:]]
        signer = [chain.people[who].public.spki.short for who in ("ana", "ben")]
        assert rows == [
            ["step", "signers", "materials", "products", "predicates"],
            ["code", signer[0], "-", "src/main.py", "+1", "-"],
            ["build", signer[1], "src/main.py", "+1", "dist/app.tar", "-"],
        ]
        assert "product    dist/app.tar, sha256:" in ran.out
        assert "nothing was bound" not in ran.out

    def test_without_a_product_nothing_is_bound(self, chain: Chain) -> None:
        ran = chain.verify()
        assert ran.status == 0, ran
        assert "nothing was bound" in ran.out
        assert chain.json()["product"] is None

    def test_machines_read_everything(self, chain: Chain) -> None:
        found = chain.json("--product", "app.tar")
        ana, ben, olga = (chain.people[who] for who in ("ana", "ben", "olga"))
        layout = hashlib.sha256(chain.desk.read("root.layout")).hexdigest()
        link = hashlib.sha256(chain.desk.read(f"links/code.{'aa' * 4}.link")).hexdigest()
        assert found["layout"] == f"sha256:{layout}"
        assert found["owners"] == [str(olga.public.spki)]
        assert (found["expires"], found["judged_at"]) == ("2026-12-31T00:00:00Z", AT[1])
        assert found["product"] == {
            "name": "dist/app.tar",
            "digest": f"sha256:{MADE['dist/app.tar']['sha256']}",
            "step": "build",
        }
        code, build = found["steps"]
        assert code == {
            "name": "code",
            "signers": [{"keyid": ana.keyid, "key": str(ana.public.spki)}],
            "evidence": [f"sha256:{link}"],
            "materials": {},
            "products": CODE,
            "predicate_types": [],
        }
        assert (build["materials"], build["products"]) == (CODE, MADE)
        assert build["signers"][0]["key"] == str(ben.public.spki)
        assert (found["inspections"], found["remarks"]) == ([], [])
        assert "reason" not in found

    def test_a_product_is_named_by_its_digest_or_of_another_step(self, chain: Chain) -> None:
        digest = f"sha256:{MADE['dist/app.tar']['sha256']}"
        assert chain.json("--product", digest)["product"]["name"] == "dist/app.tar"
        found = chain.json("--product", "sha256:" + "2" * 64, "--step", "code")
        assert found["product"]["name"] == "src/util.py"

    def test_another_product_is_refused_and_the_steps_are_shown(self, chain: Chain) -> None:
        chain.desk.write("app.tar", BUILT + b"!")
        ran = chain.refused(5, "trust.layout-product", "--product", "app.tar")
        assert ran.out.startswith("refused: layout ")
        assert "dist/app.tar" in ran.out
        found = chain.json("--product", "app.tar")
        assert found["reason"]["code"] == "trust.layout-product"
        assert (len(found["steps"]), found["product"]) == (2, None)

    def test_a_product_of_another_step_is_refused(self, chain: Chain) -> None:
        chain.refused(5, "trust.layout-product", "--product", "app.tar", "--step", "code")
        chain.refused(5, "trust.layout-product", "--product", "app.tar", "--step", "deploy")

    def test_a_second_digest_that_differs_is_a_lie_about_one_of_them(self, chain: Chain) -> None:
        right = hashlib.sha512(BUILT).hexdigest()
        for value, status in ((right, 0), ("5" * 128, 5)):
            made = {"dist/app.tar": MADE["dist/app.tar"] | {"sha512": value}}
            chain.put("ben", chain.kit.link("build", CODE, made))
            assert chain.verify("--product", "app.tar").status == status
        chain.refused(5, "trust.layout-product", "--product", "app.tar")

    def test_every_owner_that_is_named_has_to_have_signed(self, chain: Chain) -> None:
        both = ("olga", "rolf")
        chain.refused(5, "trust.layout-signature", keys=both)
        chain.signed_by = list(both)
        assert chain.verify(keys=both).status == 0

    def test_another_owner(self, chain: Chain) -> None:
        chain.refused(5, "trust.layout-signature", keys=("eve",))
        found = chain.json(keys=("eve",))
        assert found["reason"]["code"] == "trust.layout-signature"
        assert found["steps"] == []

    def test_a_key_that_is_none(self, chain: Chain) -> None:
        for file in ("root.layout", "app.tar"):
            args = (*chain.write(), "--key", file)
            chain.desk.refused(5, "trust.malformed-key", *args)

    def test_the_layout_has_expired(self, chain: Chain) -> None:
        chain.refused(5, "trust.layout-expired", "--at", "2026-12-31T00:00:01Z")

    def test_it_is_judged_now_unless_a_time_is_named(self, chain: Chain) -> None:
        for year, status in (("2001", 5), ("2999", 0)):
            chain.layout["expires"] = f"{year}-01-01T00:00:00Z"
            args = [part for part in chain.write() if part not in AT]
            ran = chain.desk.run(*args, "--key", "olga.pem")
            assert ran.status == status, ran
        assert (
            "[trust.layout-expired]"
            in chain.desk.run(*args, "--key", "olga.pem", "--at", "3000-01-01T00:00:00Z").err
        )

    def test_a_link_is_missing(self, chain: Chain) -> None:
        (chain.desk.directory / f"links/build.{'bb' * 4}.link").unlink()
        chain.refused(5, "trust.layout-threshold")

    def test_a_stranger_did_the_step(self, chain: Chain) -> None:
        (chain.desk.directory / f"links/build.{'bb' * 4}.link").unlink()
        chain.put("eve", chain.kit.link("build", CODE, MADE))
        chain.refused(5, "trust.layout-threshold")

    def test_an_artifact_that_no_rule_allows(self, chain: Chain) -> None:
        chain.put("ben", chain.kit.link("build", CODE, MADE | {"dist/evil": {"sha256": "f" * 64}}))
        chain.refused(5, "trust.layout-disallowed")

    def test_remarks_are_told(self, chain: Chain) -> None:
        chain.desk.write("links/code.junk.link", b"{}")
        chain.layout["steps"][0]["expected_command"] = ["vi"]
        ran = chain.verify()
        assert ran.status == 0
        assert "remark: code: code.junk.link: " in ran.out
        kinds = {each["kind"] for each in chain.json()["remarks"]}
        assert kinds == {"evidence-ignored", "command-differs"}

    def test_parameters_fill_placeholders(self, chain: Chain) -> None:
        chain.layout["steps"][1]["expected_products"][0] = ["CREATE", "dist/{name}.tar"]
        chain.refused(5, "formats.layout-parameter")
        assert chain.verify("--parameter", "name=app").status == 0
        chain.refused(5, "trust.layout-disallowed", "--parameter", "name=other")
        chain.refused(5, "formats.layout-parameter", "--parameter", "name=*")

    def test_a_sublayout_has_a_directory_of_its_own(self, chain: Chain) -> None:
        ben, kit = chain.people["ben"], chain.kit
        inner = {
            **chain.layout,
            "keys": {ben.keyid: ben.sslib},
            "steps": [kit.step("compile", ben, expected_materials=[], expected_products=[])],
        }
        stem = f"build.{'bb' * 4}"
        chain.desk.write(f"links/{stem}.link", chain.wrap(inner, ben))
        chain.refused(5, "trust.layout-threshold")
        chain.put("ben", kit.link("compile", CODE, MADE), f"links/{stem}")
        assert chain.verify("--product", "app.tar").status == 0


class TestInspections:
    def test_they_are_never_run_and_what_holds_of_the_steps_is_shown(self, chain: Chain) -> None:
        trap = chain.desk.directory / "ran"
        chain.layout["inspect"] = [
            {
                "_type": "inspection",
                "name": "untar",
                "run": ["touch", str(trap)],
                "expected_materials": [],
                "expected_products": [],
            }
        ]
        ran = chain.refused(5, "trust.layout-inspection", "--product", "app.tar")
        assert "never run" in ran.err
        assert ran.out.startswith("refused: layout ")
        assert "the inspections untar; what follows is not the whole" in ran.out
        assert "src/main.py" in ran.out
        found = chain.json()
        assert [each["name"] for each in found["steps"]] == ["code", "build"]
        assert found["inspections"] == [{"name": "untar", "command": ["touch", str(trap)]}]
        assert found["reason"]["code"] == "trust.layout-inspection"
        assert not trap.exists()

    def test_steps_that_do_not_hold_come_first(self, chain: Chain) -> None:
        chain.layout["inspect"] = [{"_type": "inspection", "name": "x", "run": ["true"]}]
        chain.put("ben", chain.kit.link("build", CODE, MADE | {"dist/evil": {"sha256": "f" * 64}}))
        chain.refused(5, "trust.layout-disallowed")


class TestWhatIsAsked:
    @pytest.mark.parametrize(
        ("more", "code"),
        [
            (("--step", "build"), "cli.layout-options"),
            (("--parameter", "name"), "cli.layout-options"),
            (("--parameter", "=x"), "cli.layout-options"),
            (("--parameter", "a=1", "--parameter", "a=1"), "cli.layout-options"),
            (("--at", "yesterday"), "cli.layout-options"),
            (("--product", "sha256:12"), "cli.layout-options"),
            (("--layout-digest", "sha256:12"), "cli.layout-options"),
            (("--product", "absent.tar"), "cli.file"),
            (("--product", "links"), "cli.file"),
            (("--links", "absent"), "fingerprint.not-found"),
            (("--links", "root.layout"), "fingerprint.not-a-directory"),
            (("--key", "absent.pem"), "cli.file"),
            (("--product", ""), "cli.usage"),
        ],
    )
    def test_wrong_usage(self, chain: Chain, more: tuple[str, ...], code: str) -> None:
        assert chain.verify().status == 0
        chain.refused(2, code, *more)

    def test_no_layout_is_believed_by_default(self, chain: Chain) -> None:
        chain.refused(2, "cli.signer-needed", keys=())

    def test_a_signed_layout_needs_its_owners(self, chain: Chain) -> None:
        args = chain.write()
        digest = hashlib.sha256(chain.desk.read("root.layout")).hexdigest()
        pinned = ("--layout-digest", f"sha256:{digest}")
        chain.desk.refused(2, "cli.signer-needed", *args, *pinned)
        chain.desk.do(*args, *pinned, "--key", "olga.pem")
        other = ("--layout-digest", "sha256:" + "0" * 64)
        chain.desk.refused(5, "cli.layout-digest", *args, *other, "--key", "olga.pem")

    def test_the_private_key_of_other_commands_is_no_owner(self, chain: Chain) -> None:
        args = chain.write()
        chain.desk.refused(2, "cli.signer-needed", *args, env={"GATEBOOK_KEY": "olga.pem"})
        chain.desk.do(*args, env={"GATEBOOK_PUBLIC_KEY": "olga.pem"})

    def test_a_layout_from_standard_input(self, chain: Chain) -> None:
        args = chain.write()
        given = chain.desk.read("root.layout")
        ran = chain.desk.run(*args[:2], "-", *args[3:], "--key", "olga.pem", given=given)
        assert ran.status == 0

    @pytest.mark.parametrize("junk", [b"", b"{", b"[]", b"{}", b"\xff", b"a: [", b'{"signed":{}}'])
    def test_what_is_no_layout(self, chain: Chain, junk: bytes) -> None:
        args = chain.write()
        chain.desk.write("root.layout", junk)
        for why in (
            ("--key", "olga.pem"),
            ("--layout-digest", f"sha256:{hashlib.sha256(junk).hexdigest()}"),
        ):
            ran = chain.desk.run(*args, *why, "--json")
            usage = junk.startswith(b'{"signed') and why[0] != "--key"
            assert ran.status == (2 if usage else 5), ran
            assert usage or ran.json()["verified"] is False

    def test_the_group_still_reads_a_file_of_that_name(self, desk: Any) -> None:
        desk.write("layout", b"no receipt")
        ran = desk.run("verify", "./layout", "--entry", "app.bin", "--log-key", "x")
        assert "[cli.usage]" not in ran.err
        assert ran.status != 0
