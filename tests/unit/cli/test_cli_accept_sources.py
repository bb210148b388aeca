"""Evidence from everywhere: files of one or many, directories, registries, image layouts."""

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from gatebook.digest import sha256

BUNDLE_TYPE = "application/vnd.dev.sigstore.bundle.v0.3+json"
IN_TOTO = "application/vnd.in-toto+json"
INDEX_TYPE = "application/vnd.oci.image.index.v1+json"
NOTATION = "application/vnd.cncf.notary.signature"


@pytest.fixture
def desk(desk: Any) -> Any:
    """A book that believes CI, and a stranger with a key."""
    for name in ("ci", "stranger"):
        desk.do("key", "generate", "-o", name)
    desk.open_book(("ci", "ci.pub"))
    return desk


def attest(
    desk: Any, subject: str = "app.bin", *, by: str = "ci", form: str = "envelope", mark: str = "x"
) -> bytes:
    """Evidence about something, signed and handed in nowhere."""
    desk.write("predicate.json", json.dumps({**json.loads(desk.read("sbom.json")), "mark": mark}))
    desk.do(
        *("attest", subject, "--type", "sbom", "--predicate", "predicate.json", "--key", by),
        *("--format", form, "--no-accept", "-o", "signed.json"),
    )
    signed: bytes = desk.read("signed.json")
    return signed


def verdicts(answer: dict[str, Any]) -> list[str]:
    return [each["verdict"] for each in answer["documents"]]


def kinds(desk: Any, count: int) -> list[str]:
    return [entry["kind"] for entry in desk.entries()[:count]]


# -- files -----------------------------------------------------------------------------------------


def test_one_document_is_accepted_as_ever(desk: Any) -> None:
    desk.write("one.json", attest(desk, form="bundle"))
    ran = desk.do("accept", "one.json", "--receipt", "one.tlog-proof")
    assert ran.out.startswith("accepted sbom about sha256:")
    assert desk.json("accept", "one.json")["schema"] == "gatebook/appended/v1"
    assert desk.json("accept", "-", given=desk.read("one.json"))["duplicate"] is True
    assert (desk.directory / "one.tlog-proof").exists()


@pytest.mark.parametrize("layout", ["lines", "array", "api"])
def test_many_documents_in_a_file_are_accepted_one_by_one(desk: Any, layout: str) -> None:
    bundles = [attest(desk, form="bundle", mark=mark) for mark in "abc"]
    files = {
        "lines": b"\r\n\r\n".join(bundles) + b"\n",
        "array": b"[" + b", ".join(bundles) + b"]",
        "api": b'{"attestations":['
        + b",".join(b'{"bundle":%b}' % each for each in bundles)
        + b"]}",
    }
    desk.write("many", files[layout])
    answer = desk.json("accept", "many")
    assert answer["schema"] == "gatebook/accepted/v1"
    assert verdicts(answer) == ["accepted"] * 3
    assert (answer["accepted"], answer["refused"], answer["subject"]) == (3, 0, None)
    assert [each["digest"] for each in answer["documents"]] == [str(sha256(b)) for b in bundles]
    assert kinds(desk, 3) == ["evidence.accepted"] * 3
    desk.do("verify", "--book", ".gatebook")

    again = desk.json("accept", "-", given=desk.read("many"))
    assert [each["duplicate"] for each in again["documents"]] == [True] * 3
    entries = [each["entry"] for each in answer["documents"]]
    assert [each["entry"] for each in again["documents"]] == entries


def test_what_is_refused_does_not_keep_the_others_out(desk: Any) -> None:
    lines = [attest(desk, mark="a"), attest(desk, by="stranger"), attest(desk, mark="b")]
    desk.write("many.jsonl", b"\n".join(lines))
    ran = desk.refused(5, "cli.documents-refused", "accept", "many.jsonl")
    assert "1 of 3 attestations was refused: many.jsonl, line 2:" in ran.err
    assert "[trust.unknown-key]" in ran.err
    head, first, second, third = ran.out.splitlines()
    assert head.split() == ["document", "predicate", "signer", "verdict"]
    assert first.split()[:5] == ["line", "1", "sbom", "key#ci", "accepted,"]
    assert "refused trust.unknown-key" in second
    assert "accepted" in third
    assert kinds(desk, 3) == ["evidence.accepted", "evidence.refused", "evidence.accepted"]

    ran = desk.refused(5, "cli.documents-refused", "accept", "many.jsonl", "--json")
    refused = ran.json()["documents"][1]
    assert refused["reason"]["code"] == "trust.unknown-key"
    assert refused["digest"] == str(sha256(lines[1]))
    assert (refused["signers"], refused["predicate_type"]) == ([], "https://cyclonedx.org/bom")
    assert desk.entries()[0]["index"] == refused["entry"]


def test_every_refusal_is_named(desk: Any) -> None:
    lines = [attest(desk, by="stranger", mark=str(number)) for number in range(7)]
    desk.write("many.jsonl", b"\n".join(lines))
    ran = desk.refused(5, "cli.documents-refused", "accept", "many.jsonl")
    assert "7 of 7 attestations were refused" in ran.err
    assert "; and 2 more" in ran.err
    assert kinds(desk, 7) == ["evidence.refused"] * 7


@pytest.mark.parametrize(
    ("damage", "code"),
    [
        (b"{", "canonical.not-json"),
        (b'{"a":1,"a":2}', "canonical.duplicate-key"),
        (b'{"a":1}', "formats.attestation-unknown"),
    ],
)
def test_a_line_that_cannot_be_read_refuses_the_whole_file(
    desk: Any, damage: bytes, code: str
) -> None:
    desk.write("many.jsonl", b"\n".join((attest(desk, mark="a"), damage, attest(desk, mark="b"))))
    ran = desk.refused(5, code, "accept", "many.jsonl")
    assert "line 2" in ran.err
    (newest,) = desk.entries()[:1]
    assert (newest["kind"], newest["body"]["code"]) == ("evidence.refused", code)
    assert newest["body"]["bytes_digest"] == str(sha256(desk.read("many.jsonl")))


def test_a_subject_that_is_named_holds_for_all(desk: Any) -> None:
    desk.write("other.bin", "other")
    desk.write("many", attest(desk) + b"\n" + attest(desk, "other.bin"))
    assert verdicts(desk.json("accept", "many")) == ["accepted", "accepted"]
    ran = desk.refused(
        5, "trust.subject-mismatch", "accept", "many", "--subject", "app.bin", "--json"
    )
    assert verdicts(ran.json()) == ["accepted", "refused"]


def test_nobody_is_believed_before_there_is_a_trust_root(desk: Any) -> None:
    many = attest(desk, mark="a") + b"\n" + attest(desk, mark="b")
    desk.write("many", many)
    desk.write("broken", b"{\n{\n")
    desk.do("init", "--origin", "ledger.example.com/new", "--ledger", "new")
    for name in ("many", "broken"):
        desk.refused(4, "intake.no-trust-root", "accept", name, "--ledger", "new")
    assert desk.json("log", "--ledger", "new")["size"] == 1


def test_a_book_that_fails_has_not_refused_anything(desk: Any) -> None:
    desk.write("many", attest(desk, mark="a") + b"\n" + attest(desk, mark="b"))
    before = desk.entries()
    root = sha256(desk.read("trust.json")).hex
    (desk.directory / ".gatebook" / "blobs" / "sha256" / root[:2] / root).unlink()
    ran = desk.refused(2, "stores.blob-missing", "accept", "many")
    assert "refused" not in ran.err
    assert ran.out == ""
    assert desk.entries() == before


def test_wrong_usage(desk: Any) -> None:
    (desk.directory / "image").mkdir()
    desk.write("image/oci-layout", '{"imageLayoutVersion":"1.0.0"}')
    desk.write("many", attest(desk) + b"\n" + attest(desk, mark="b"))
    size = len(desk.entries())
    for code, options in (
        ("cli.accept-what", ()),
        ("cli.accept-what", ("many", "--from-layout", "image")),
        ("cli.accept-what", ("image",)),
        ("cli.accept-what", ("--from-layout", "image", "--from-registry", "x/y")),
        ("cli.platform", ("many", "--platform", "linux/amd64")),
        ("cli.receipt-of-several", ("many", "--receipt", "r")),
        ("cli.unsigned", ("--unsigned", "--subject", "app.bin", "--format", "x")),
        ("cli.unsigned", ("many", "--unsigned", "--format", "x", "--subject", "app.bin",
                          "--from-layout", "image")),
        ("cli.file", ("missing",)),
    ):  # fmt: skip
        desk.refused(2, code, "accept", *options)
    assert len(desk.entries()) == size


def test_a_source_on_the_command_line_wins_over_a_variable(desk: Any) -> None:
    desk.write("one.json", attest(desk))
    desk.do("accept", "one.json", env={"GATEBOOK_FROM_REGISTRY": "registry.invalid/x/y"})


# -- directories -----------------------------------------------------------------------------------


def test_a_directory_of_documents(desk: Any) -> None:
    place = desk.directory / "evidence"
    place.mkdir()
    (place / "b.json").write_bytes(attest(desk, mark="b"))
    (place / "a.jsonl").write_bytes(attest(desk, mark="1") + b"\n" + attest(desk, by="stranger"))
    (place / ".hidden").write_bytes(b"not looked at")
    ran = desk.refused(5, "cli.documents-refused", "accept", "evidence", "--json")
    answer = ran.json()
    assert verdicts(answer) == ["accepted", "refused", "accepted"]
    assert [each["document"] for each in answer["documents"]] == [
        "evidence/a.jsonl, line 1",
        "evidence/a.jsonl, line 2",
        "evidence/b.json",
    ]

    size = len(desk.entries())
    (place / "c.txt").write_bytes(b"notes")
    desk.refused(5, "canonical.not-json", "accept", "evidence")
    for each in list(place.iterdir()):
        each.unlink()
    desk.refused(2, "connectors.no-attestation", "accept", "evidence")
    assert len(desk.entries()) == size


# -- registries ------------------------------------------------------------------------------------


class Shop:
    """A registry with an image of two platforms as ``acme/api``, and what is attached to it."""

    def __init__(self, desk: Any, registry: Any) -> None:
        self.desk = desk
        self.registry = registry
        self.amd64 = registry.image("amd64")
        self.arm64 = registry.image("arm64")

    @property
    def name(self) -> str:
        return f"{self.registry.host}/acme/api"

    def attach(self, subject: dict[str, Any], data: bytes, kind: str = BUNDLE_TYPE) -> None:
        layer = self.registry.blob(data, kind)
        self.registry.attach(subject, layer, artifact_type=kind)

    def signed_for(self, subject: dict[str, Any], **more: Any) -> bytes:
        return attest(self.desk, subject["digest"], form="bundle", **more)


@pytest.fixture
def shop(desk: Any, referrers_registry: Any) -> Shop:
    return Shop(desk, referrers_registry)


def test_what_is_attached_to_an_image_is_accepted(shop: Shop) -> None:
    index = shop.registry.index(shop.amd64, shop.arm64, tag="v1")
    for mark in "ab":
        shop.attach(index, shop.signed_for(index, mark=mark))
    shop.attach(shop.arm64, shop.signed_for(shop.arm64))

    answer = shop.desk.json("accept", "--from-registry", f"{shop.name}:v1")
    assert verdicts(answer) == ["accepted", "accepted"]
    assert answer["subject"] == index["digest"]
    assert answer["source"] == f"{shop.name}@{index['digest']}"
    assert [entry["subjects"] for entry in shop.desk.entries()[:2]] == [[index["digest"]]] * 2

    platform = ("--platform", "linux/arm64")
    answer = shop.desk.json("accept", "--from-registry", f"{shop.name}:v1", *platform)
    assert verdicts(answer) == ["accepted"]
    assert (answer["subject"], answer["index_digest"]) == (shop.arm64["digest"], index["digest"])

    ran = shop.desk.do("accept", "--from-registry", f"{shop.name}@{shop.arm64['digest']}")
    assert ran.out.splitlines()[0] == f"{shop.name}@{shop.arm64['digest']}"
    assert "was there already" in ran.out


def test_a_tag_is_resolved_once(shop: Shop) -> None:
    image = shop.registry.image("amd64", "latest")
    shop.attach(image, shop.signed_for(image))
    shop.desk.do("accept", "--from-registry", f"{shop.name}:latest")
    asked = [each.path for each in shop.registry.server.seen]
    assert [path.endswith("/manifests/latest") for path in asked].count(True) == 1


def test_an_attestation_of_another_image_is_refused(shop: Shop) -> None:
    shop.attach(shop.amd64, shop.signed_for(shop.amd64))
    shop.attach(shop.amd64, shop.signed_for(shop.arm64))
    ran = shop.desk.refused(
        5, "cli.documents-refused", "accept", "--json",
        "--from-registry", f"{shop.name}@{shop.amd64['digest']}",
    )  # fmt: skip
    assert sorted(verdicts(ran.json())) == ["accepted", "refused"]
    assert "[trust.subject-mismatch]" in ran.err


def test_a_registry_that_lists_what_belongs_elsewhere_is_not_believed(shop: Shop) -> None:
    shop.attach(shop.arm64, shop.signed_for(shop.arm64))
    lie = shop.registry.answer

    def answer(request: Any) -> Any:
        other = (shop.amd64["digest"], shop.arm64["digest"])
        if "/referrers/" in request.path:
            request.path = request.path.replace(*other)
        return lie(request)

    shop.registry.server.answer = answer
    size = len(shop.desk.entries())
    shop.desk.refused(
        5, "connectors.referrer-subject", "accept",
        "--from-registry", f"{shop.name}@{shop.amd64['digest']}",
    )  # fmt: skip
    assert len(shop.desk.entries()) == size


def test_what_nobody_signed_is_kept_as_reported_and_nothing_more(shop: Shop) -> None:
    statement = json.dumps(
        {
            "_type": "https://in-toto.io/Statement/v0.1",
            "subject": [{"name": "api", "digest": {"sha256": shop.amd64["digest"][7:]}}],
            "predicateType": "https://spdx.dev/Document",
            "predicate": {},
        }
    ).encode()
    layer = shop.registry.blob(
        statement, IN_TOTO, annotations={"in-toto.io/predicate-type": "https://spdx.dev/Document"}
    )
    buildkit = shop.registry.attach(None, layer) | {
        "annotations": {
            "vnd.docker.reference.type": "attestation-manifest",
            "vnd.docker.reference.digest": shop.amd64["digest"],
        }
    }
    index = shop.registry.index(shop.amd64, buildkit, tag="v1")
    shop.attach(index, b"{}", NOTATION)
    source = ("accept", "--from-registry", f"{shop.name}:v1")

    ran = shop.desk.refused(2, "connectors.no-attestation", *source, "--json")
    answer = ran.json()
    assert verdicts(answer) == ["reported", "unread"]
    assert answer["documents"][0]["predicate_type"] == "https://spdx.dev/Document"
    assert answer["documents"][1]["reason"]["code"] == "connectors.notation-signature"
    (newest,) = shop.desk.entries()[:1]
    assert newest["kind"] == "evidence.reported"
    assert newest["subjects"] == [shop.amd64["digest"]]

    shop.attach(index, shop.signed_for(index))
    ran = shop.desk.do(*source)
    assert "reported, unsigned" in ran.out
    assert "not read connectors.notation-signature" in ran.out


def test_an_image_that_nothing_is_attached_to(shop: Shop) -> None:
    index = shop.registry.index(shop.amd64, shop.arm64, tag="v1")
    shop.attach(index, shop.signed_for(index))
    source = ("accept", "--from-registry", f"{shop.name}:v1", "--platform", "linux/amd64")
    ran = shop.desk.refused(2, "connectors.no-attestation", *source)
    assert str(index["digest"]) in ran.err
    missing = ("accept", "--from-registry", f"{shop.name}:missing")
    assert shop.desk.run(*missing).status == 2


def test_another_subject_than_the_image_is_not_asked_for(shop: Shop) -> None:
    shop.attach(shop.amd64, shop.signed_for(shop.amd64))
    source = ("accept", "--from-registry", f"{shop.name}@{shop.amd64['digest']}", "--subject")
    shop.desk.refused(2, "cli.subject-differs", *source, shop.arm64["digest"])
    shop.desk.do(*source, shop.amd64["digest"])


def test_a_real_registry_gives_back_what_was_pushed(
    desk: Any, open_registry: str, image: Any
) -> None:
    digest = image.digest(image.manifests["amd64"])
    target = f"{open_registry}/acme/api@{digest}"
    about = ("attest", target, "--type", "sbom", "--predicate", "sbom.json")
    for key in ("ci", "stranger"):
        desk.do(*about, "--key", key, "--push", target, "--no-accept")
    ran = desk.refused(
        5, "cli.documents-refused", "accept", "--from-registry",
        f"{open_registry}/acme/api:amd64", "--json",
    )  # fmt: skip
    answer = ran.json()
    assert sorted(verdicts(answer)) == ["accepted", "refused"]
    assert answer["subject"] == digest


# -- image layouts ---------------------------------------------------------------------------------


def a_layout(place: Path, *bundles: bytes) -> str:
    """An image layout of one image, and what refers to it; the image's digest is returned."""

    def put(content: bytes, media_type: str, **more: Any) -> dict[str, Any]:
        name = hashlib.sha256(content).hexdigest()
        (place / "blobs" / "sha256").mkdir(parents=True, exist_ok=True)
        (place / "blobs" / "sha256" / name).write_bytes(content)
        return {"mediaType": media_type, "digest": f"sha256:{name}", "size": len(content)} | more

    def manifest(**parts: Any) -> dict[str, Any]:
        kind = "application/vnd.oci.image.manifest.v1+json"
        document = {"schemaVersion": 2, "mediaType": kind, **parts}
        return put(json.dumps(document).encode(), kind)

    config = put(
        b'{"os":"linux","architecture":"amd64","rootfs":{"type":"layers","diff_ids":[]}}',
        "application/vnd.oci.image.config.v1+json",
    )
    image = manifest(config=config, layers=[])
    attached = [
        manifest(
            artifactType=BUNDLE_TYPE,
            config=put(b"{}", "application/vnd.oci.empty.v1+json"),
            layers=[put(bundle, BUNDLE_TYPE)],
            subject={key: image[key] for key in ("mediaType", "digest", "size")},
        )
        for bundle in bundles
    ]
    index = {"schemaVersion": 2, "mediaType": INDEX_TYPE, "manifests": [image, *attached]}
    (place / "index.json").write_text(json.dumps(index))
    (place / "oci-layout").write_text('{"imageLayoutVersion":"1.0.0"}')
    return str(image["digest"])


def test_what_an_image_layout_holds_is_accepted(desk: Any) -> None:
    digest = a_layout(desk.directory / "bare")
    bundles = [attest(desk, digest, form="bundle", mark=mark) for mark in "ab"]
    strange = attest(desk, digest, form="bundle", by="stranger")
    assert a_layout(desk.directory / "image", *bundles, strange) == digest
    ran = desk.refused(
        5, "cli.documents-refused", "accept", "--from-layout", "image", "--subject", digest,
        "--json",
    )  # fmt: skip
    answer = ran.json()
    assert sorted(verdicts(answer)) == ["accepted", "accepted", "refused"]
    assert answer["subject"] == digest
    assert [entry["subjects"] for entry in desk.entries()[:3]] == [[digest]] * 3
    desk.refused(
        2, "connectors.no-attestation", "accept", "--from-layout", "bare", "--subject", digest
    )
