"""Image references, manifests and indexes: one reading only, and exact repositories."""

import contextlib
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatebook import canonical
from gatebook.digest import Digest, sha256
from gatebook.errors import GatebookError, MalformedError, NotFoundError
from gatebook.formats.oci import (
    Descriptor,
    ImageConfig,
    ImageReference,
    Index,
    Manifest,
    ManifestError,
    Platform,
    parse_document,
    select_platform,
    select_repo_digest,
)

A = "sha256:" + "a" * 64
B = "sha256:" + "b" * 64
OCI_INDEX = "application/vnd.oci.image.index.v1+json"
OCI_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
DOCKER_LIST = "application/vnd.docker.distribution.manifest.list.v2+json"
DOCKER_MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"


@pytest.mark.parametrize(
    ("written", "canonical"),
    [
        ("alpine", "docker.io/library/alpine"),
        ("library/alpine:3.20", "docker.io/library/alpine:3.20"),
        ("index.docker.io/alpine", "docker.io/library/alpine"),
        ("docker.io/acme/api", "docker.io/acme/api"),
        ("acme/api:v1", "docker.io/acme/api:v1"),
        ("localhost/api", "localhost/api"),
        ("registry:5000/acme/api:v1", "registry:5000/acme/api:v1"),
        ("GHCR.io/acme/api", "ghcr.io/acme/api"),
        ("[::1]:5000/a/b:x", "[::1]:5000/a/b:x"),
        ("[0:0:0::1]/a", "[::1]/a"),
        (f"ghcr.io/acme/api@{A}", f"ghcr.io/acme/api@{A}"),
        (f"ghcr.io/acme/api:v1@{A}", f"ghcr.io/acme/api:v1@{A}"),
        ("ghcr.io/a/b__c--d.e", "ghcr.io/a/b__c--d.e"),
    ],
)
def test_a_reference_is_written_one_way(written: str, canonical: str):
    reference = ImageReference.parse(written)

    assert str(reference) == canonical
    assert ImageReference.parse(canonical) == reference


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "alpine ",
        "Alpine",
        "acme/API",
        "Foo/api",
        "acme//api",
        "/api",
        "api/",
        "api:",
        "api:v1:v2",
        "api:-v1",
        "api:" + "v" * 129,
        "api@",
        "api@sha256:abc",
        f"api@{A}@{B}",
        "a" * 64,
        A,
        "registry:0/api",
        "registry:70000/api",
        "registry:/api",
        "[::1/api",
        "[nonsense]/api",
        "-registry.example/api",
        "https://ghcr.io/acme/api",
        "ghcr.io/" + "a/" * 130 + "b",
        "api\n",
        "äpi",
    ],
)
def test_what_is_no_reference_is_refused(text: str):
    with pytest.raises(MalformedError):
        ImageReference.parse(text)


def test_what_a_registry_is_asked_for():
    assert ImageReference.parse("alpine").selector == "latest"
    assert ImageReference.parse("alpine:3").selector == "3"
    assert ImageReference.parse(f"alpine:3@{A}").selector == A


@given(st.text(max_size=80))
def test_any_text_is_a_reference_or_refused(text: str):
    try:
        reference = ImageReference.parse(text)
    except GatebookError:
        return
    assert ImageReference.parse(str(reference)) == reference


def test_repository_digest_cases_of_another_system(vectors: Path):
    cases = canonical.loads((vectors / "kosli" / "fingerprint-vectors.json").read_bytes())[
        "image_repo_digest_selection"
    ]
    wrong = []
    for case in cases:
        try:
            found = select_repo_digest(case["image"], case["repo_digests"]).hex
        except GatebookError:
            found = None
        if found != case["sha256"]:
            wrong.append((case["image"], found))

    assert cases
    assert wrong == []


def test_a_port_is_part_of_the_registry():
    entries = [f"registry:5000/other@{A}", f"registry:5000/api@{B}"]

    assert select_repo_digest("registry:5000/api", entries) == Digest.parse(B)
    assert select_repo_digest("registry:5000/api:v1", entries) == Digest.parse(B)
    with pytest.raises(NotFoundError):
        select_repo_digest("registry:5001/api", entries)


def test_a_common_prefix_is_another_repository():
    with pytest.raises(NotFoundError):
        select_repo_digest("alpine", [f"alpine-tools@{A}"])


def test_one_repository_with_two_digests_selects_none():
    with pytest.raises(NotFoundError, match="2 different"):
        select_repo_digest("alpine", [f"alpine@{A}", f"alpine@{B}"])


def test_an_image_id_selects_only_where_all_repositories_agree():
    assert select_repo_digest("c" * 64, [f"alpine@{A}", f"r.io/x@{A}"]) == Digest.parse(A)
    with pytest.raises(NotFoundError):
        select_repo_digest("c" * 64, [f"alpine@{A}", f"r.io/x@{B}"])
    with pytest.raises(NotFoundError):
        select_repo_digest("c" * 64, [])


def test_a_digest_of_another_manifest_selects_none():
    with pytest.raises(NotFoundError):
        select_repo_digest(f"alpine@{B}", [f"alpine@{A}"])


def descriptor(digest: str = A, **more: object) -> dict[str, object]:
    return {"mediaType": OCI_MANIFEST, "digest": digest, "size": 7} | more


def index(*manifests: object, **more: object) -> dict[str, object]:
    return {"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": list(manifests)} | more


def manifest(**more: object) -> dict[str, object]:
    config = descriptor(mediaType="application/vnd.oci.image.config.v1+json")
    return {"schemaVersion": 2, "mediaType": OCI_MANIFEST, "config": config, "layers": []} | more


def encoded(document: object) -> bytes:
    return json.dumps(document).encode()


def without(document: dict[str, object], name: str) -> dict[str, object]:
    return {key: value for key, value in document.items() if key != name}


def test_an_index_and_a_manifest_are_told_apart():
    amd64 = descriptor(platform={"os": "linux", "architecture": "amd64"})

    found = parse_document(encoded(index(amd64)))
    assert isinstance(found, Index)
    assert found.manifests[0].platform == Platform.parse("linux/amd64")

    single = parse_document(encoded(manifest()), media_type=OCI_MANIFEST)
    assert isinstance(single, Manifest)
    assert single.config.digest == Digest.parse(A)


def test_docker_schema_2_is_read():
    assert isinstance(parse_document(encoded(manifest(mediaType=DOCKER_MANIFEST))), Manifest)
    assert isinstance(parse_document(encoded(index(mediaType=DOCKER_LIST))), Index)


def test_the_type_may_be_said_by_whoever_gave_the_bytes():
    bare = encoded(without(manifest(), "mediaType"))

    assert parse_document(bare).media_type == OCI_MANIFEST
    assert parse_document(bare, media_type=DOCKER_MANIFEST).media_type == DOCKER_MANIFEST


@pytest.mark.parametrize(
    ("document", "media_type"),
    [
        (manifest(manifests=[]), None),
        (index(layers=[]), None),
        (index(config=descriptor()), None),
        (without(index(), "manifests"), None),
        (without(manifest(), "layers"), None),
        (without(manifest(), "config"), None),
        (manifest(schemaVersion=1), None),
        (manifest(schemaVersion=True), None),
        (manifest(schemaVersion="2"), None),
        (without(manifest(), "schemaVersion"), None),
        (manifest(fsLayers=[]), None),
        (manifest(mediaType=OCI_INDEX), None),
        (manifest(), OCI_INDEX),
        (manifest(), DOCKER_MANIFEST),
        (without(manifest(), "mediaType"), OCI_INDEX),
        (without(manifest(), "mediaType"), "application/vnd.docker.distribution.manifest.v1+json"),
        (without(manifest(), "mediaType"), "application/json"),
        (manifest(config=[]), None),
        (manifest(layers={}), None),
        (manifest(layers=["x"]), None),
        (index(descriptor(size=-1)), None),
        (index(descriptor(size=1.5)), None),
        (index(descriptor(size=True)), None),
        (index(descriptor(size="7")), None),
        (index(descriptor(digest="sha256:" + "A" * 64)), None),
        (index(descriptor(digest="md5:" + "a" * 32)), None),
        (index(descriptor(mediaType="nonsense")), None),
        (index(descriptor(annotations={"a": 1})), None),
        (index(descriptor(platform={"os": "linux"})), None),
        (index(descriptor(platform={"os": "../x", "architecture": "amd64"})), None),
        (index(descriptor(urls=[1])), None),
        ([], None),
        ("x", None),
    ],
)
def test_a_document_with_two_readings_or_none_is_refused(document: object, media_type: str | None):
    with pytest.raises(MalformedError):
        parse_document(encoded(document), media_type=media_type)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"{",
        b"\xff\xfe{}",
        b'{"schemaVersion":2,"manifests":[],"manifests":[]}',
        b"[" * 100_000,
        b'{"schemaVersion":2,"manifests":[' + b"[" * 40 + b"]" * 40 + b"]}",
        b'{"schemaVersion":2,"x":"' + b"x" * (4 * 1024 * 1024) + b'"}',
    ],
)
def test_hostile_bytes_are_refused(data: bytes):
    with pytest.raises(MalformedError):
        parse_document(data)


def test_many_descriptors_are_refused():
    with pytest.raises(MalformedError, match="members"):
        parse_document(encoded(index(*[descriptor()] * 10_001)))


def test_one_platform_is_selected():
    found = parse_document(
        encoded(
            index(
                descriptor(A, platform={"os": "linux", "architecture": "amd64"}),
                descriptor(B, platform={"os": "linux", "architecture": "arm64", "variant": "v8"}),
                descriptor(B, platform={"os": "unknown", "architecture": "unknown"}),
            )
        )
    )
    assert isinstance(found, Index)

    assert str(select_platform(found, Platform.parse("linux/amd64")).digest) == A
    assert str(select_platform(found, Platform.parse("linux/arm64")).digest) == B
    with pytest.raises(NotFoundError, match="linux/amd64"):
        select_platform(found, Platform.parse("windows/amd64"))
    with pytest.raises(NotFoundError):
        select_platform(found, Platform.parse("linux/arm64/v9"))


def test_a_platform_that_comes_twice_selects_none():
    amd64 = {"os": "linux", "architecture": "amd64"}
    found = parse_document(
        encoded(index(descriptor(A, platform=amd64), descriptor(B, platform=amd64)))
    )
    assert isinstance(found, Index)

    with pytest.raises(ManifestError, match="2 manifests"):
        select_platform(found, Platform.parse("linux/amd64"))


@pytest.mark.parametrize("text", ["", "linux", "linux/", "/amd64", "a/b/c/d", "linux/amd 64"])
def test_what_is_no_platform_is_refused(text: str):
    with pytest.raises(MalformedError):
        Platform.parse(text)


def test_a_descriptor_knows_its_bytes():
    data = b"content"
    pointer = Descriptor(media_type="text/plain", digest=sha256(data), size=7)
    pointer.check(data)

    with pytest.raises(ManifestError) as other:
        pointer.check(b"Content")
    assert other.value.code == "formats.blob-digest"
    with pytest.raises(ManifestError) as longer:
        pointer.check(data + b"!")
    assert longer.value.code == "formats.blob-size"


def test_a_configuration_names_platform_and_layers():
    good = {"os": "linux", "architecture": "amd64", "rootfs": {"type": "layers", "diff_ids": [A]}}
    assert ImageConfig.parse(encoded(good)).diff_ids == (Digest.parse(A),)

    for bad in (
        good | {"rootfs": {"type": "other", "diff_ids": [A]}},
        good | {"rootfs": {"type": "layers", "diff_ids": [1]}},
        without(good, "rootfs"),
        without(good, "os"),
    ):
        with pytest.raises(MalformedError):
            ImageConfig.parse(encoded(bad))


def test_layouts_of_other_tools_name_their_images(vectors: Path):
    listed = "sha256:fa6d9058c3d65a33ff565c0e35172f2d99e76fbf8358d91ffaa2208eff2be400"
    layouts = sorted((vectors / "kosli" / "chainloop" / "oci-layouts").iterdir())
    found = {}
    for layout in layouts:
        entry = parse_document((layout / "index.json").read_bytes())
        assert isinstance(entry, Index)
        found[layout.name] = [
            (str(item.digest) == listed, item.is_index, item.ref_name) for item in entry.manifests
        ]

    assert found == {
        "crane": [(True, True, None)],
        "oras": [(False, False, None), (False, False, None), (True, True, None)],
        "skopeo": [(True, True, "v1.51.0")],
    }


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=8),
        lambda inner: (
            st.lists(inner, max_size=4)
            | st.dictionaries(
                st.sampled_from(
                    [
                        "schemaVersion",
                        "manifests",
                        "config",
                        "layers",
                        "mediaType",
                        "digest",
                        "size",
                    ]
                ),
                inner,
                max_size=5,
            )
        ),
        max_leaves=20,
    )
)
def test_any_json_is_an_image_document_or_refused(document: object):
    with contextlib.suppress(GatebookError):
        parse_document(encoded(document))
