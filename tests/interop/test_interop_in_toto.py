"""Layouts and links that the in-toto library signs: it and Gatebook come to the same verdict."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from gatebook.clock import Instant
from gatebook.errors import GatebookError
from gatebook.formats.layout.evidence import arrange_evidence
from gatebook.trust.layout.keys import layout_owner_key
from gatebook.trust.layout.verify import verify_layout
from gatebook.trust.signing.signers import generate_key_pair

pytest.importorskip("in_toto", reason="the in-toto library is not installed")

NOW = Instant.parse("2026-11-20T12:00:00Z")
SOURCE = {"app.py": {"sha256": "a" * 64}}
BUILT = {"app.tar": {"sha256": "b" * 64}}


class Project:
    """Dan owns a layout of two steps, Alice writes the source, Bob builds it."""

    def __init__(self, place: Path, *, envelope: bool) -> None:
        from cryptography.hazmat.primitives.serialization import load_pem_private_key
        from in_toto.models.layout import Layout
        from securesystemslib.signer import CryptoSigner, SSlibKey

        self.place, self.envelope = place, envelope
        self.people: dict[str, Any] = {}
        self.pems: dict[str, bytes] = {}
        for name in ("dan", "alice", "bob", "mallory"):
            private, public = generate_key_pair()
            loaded = load_pem_private_key(private, None)
            key = SSlibKey.from_crypto(loaded.public_key())
            self.people[name] = CryptoSigner(loaded, key)
            self.pems[name] = public
        keys = {self.people[name].public_key.keyid: self.key(name) for name in ("alice", "bob")}
        self.layout = Layout.read(
            {
                "_type": "layout",
                "expires": "2030-01-01T00:00:00Z",
                "keys": keys,
                "steps": [
                    self.step("write", "alice", [], [["CREATE", "app.py"], ["DISALLOW", "*"]]),
                    self.step(
                        "build",
                        "bob",
                        [
                            ["MATCH", "app.py", "WITH", "PRODUCTS", "FROM", "write"],
                            ["DISALLOW", "*"],
                        ],
                        [["CREATE", "app.tar"], ["ALLOW", "app.py"], ["DISALLOW", "*"]],
                    ),
                ],
                "inspect": [],
                "readme": "",
            }
        )

    def key(self, name: str) -> dict[str, Any]:
        key = self.people[name].public_key
        return {"keyid": key.keyid, **key.to_dict()}

    def step(
        self, name: str, who: str, materials: list[list[str]], products: list[list[str]]
    ) -> dict[str, Any]:
        return {
            "_type": "step",
            "name": name,
            "expected_materials": materials,
            "expected_products": products,
            "pubkeys": [self.people[who].public_key.keyid],
            "expected_command": [],
            "threshold": 1,
        }

    def sign(self, content: Any, who: str) -> Any:
        from in_toto.models.metadata import Envelope, Metablock

        made = Envelope.from_signable(content) if self.envelope else Metablock(signed=content)
        made.create_signature(self.people[who])
        return made

    def link(self, step: str, who: str, materials: Any, products: Any) -> None:
        from in_toto.models.link import Link

        made = self.sign(Link(name=step, materials=materials, products=products), who)
        keyid = self.people[who].public_key.keyid
        made.dump(str(self.place / f"{step}.{keyid[:8]}.link"))

    def theirs(self, layout: Any) -> str | None:
        """The library's verdict: the name of its error, or ``None``."""
        from in_toto.verifylib import in_toto_verify
        from securesystemslib.exceptions import Error

        owner = {self.people["dan"].public_key.keyid: self.key("dan")}
        try:
            in_toto_verify(layout, owner, link_dir_path=str(self.place))
        except Error as error:
            return type(error).__name__
        return None

    def ours(self, layout: Any) -> str | None:
        """Gatebook's verdict: the code of its error, or ``None``."""
        file = self.place / "root.layout"
        layout.dump(str(file))
        files = {each.name: each.read_bytes() for each in self.place.glob("*.link")}
        try:
            verify_layout(
                file.read_bytes(),
                owners=[layout_owner_key(self.pems["dan"])],
                evidence=arrange_evidence(files),
                at=NOW,
            )
        except GatebookError as error:
            return error.code
        return None


def honest(project: Project) -> None:
    project.link("write", "alice", {}, SOURCE)
    project.link("build", "bob", SOURCE, {**SOURCE, **BUILT})


def another_builder(project: Project) -> None:
    project.link("write", "alice", {}, SOURCE)
    project.link("build", "mallory", SOURCE, {**SOURCE, **BUILT})


def other_source(project: Project) -> None:
    project.link("write", "alice", {}, SOURCE)
    project.link("build", "bob", {"app.py": {"sha256": "c" * 64}}, BUILT)


def something_more(project: Project) -> None:
    project.link("write", "alice", {}, SOURCE)
    project.link("build", "bob", SOURCE, {**BUILT, "backdoor": {"sha256": "d" * 64}})


def a_step_left_out(project: Project) -> None:
    project.link("build", "bob", SOURCE, BUILT)


def a_changed_link(project: Project) -> None:
    honest(project)
    (file,) = project.place.glob("build.*.link")
    document = json.loads(file.read_bytes())
    if project.envelope:
        text = document["payload"]
        document["payload"] = text[:40] + ("A" if text[40] != "A" else "B") + text[41:]
    else:
        document["signed"]["products"]["app.tar"]["sha256"] = "e" * 64
    file.write_text(json.dumps(document))


@pytest.mark.parametrize("form", ["envelope", "metablock"])
@pytest.mark.parametrize(
    ("story", "signer", "good"),
    [
        (honest, "dan", True),
        (honest, "mallory", False),
        (another_builder, "dan", False),
        (other_source, "dan", False),
        (something_more, "dan", False),
        (a_step_left_out, "dan", False),
        (a_changed_link, "dan", False),
    ],
)
def test_one_verdict(
    tmp_path: Path, story: Callable[[Project], None], signer: str, *, good: bool, form: str
) -> None:
    project = Project(tmp_path, envelope=form == "envelope")
    story(project)
    layout = project.sign(project.layout, signer)
    theirs, ours = project.theirs(layout), project.ours(layout)

    assert (theirs is None, ours is None) == (good, good), (theirs, ours)
