"""Image layouts: one image, every blob checked."""

import json
import os

import pytest

from gatebook.errors import GatebookError, MalformedError, NotFoundError
from gatebook.fingerprint.fingerprint import Algorithm, Kind, fingerprint_path
from gatebook.fingerprint.refusals import LayoutError, SpecialFileError, WrongAlgorithmError
from gatebook.formats.oci import Platform

NAME = "org.opencontainers.image.ref.name"
CONTAINERD = "io.containerd.image.name"


def test_a_layout_of_one_image(make_tree, layout):
    image = layout.image()
    found = fingerprint_path(make_tree(layout.enter(image).finished()))

    assert str(found.digest) == image["digest"]
    assert (found.algorithm, found.kind) == (Algorithm.OCI, Kind.IMAGE_MANIFEST)
    assert found.size == image["size"]
    assert not found.is_index


def test_a_layout_of_several_platforms(make_tree, layout):
    amd64, arm64 = layout.image("amd64"), layout.image("arm64")
    index = layout.index(amd64, arm64)
    root = make_tree(layout.enter(index).finished())

    found = fingerprint_path(root)
    assert str(found.digest) == index["digest"]
    assert found.kind is Kind.IMAGE_INDEX

    chosen = fingerprint_path(root, platform=Platform.parse("linux/arm64"))
    assert str(chosen.digest) == arm64["digest"]
    assert str(chosen.index_digest) == index["digest"]
    assert chosen.kind is Kind.IMAGE_MANIFEST
    with pytest.raises(NotFoundError):
        fingerprint_path(root, platform=Platform.parse("linux/s390x"))


def test_a_single_image_is_held_to_the_platform(make_tree, layout):
    root = make_tree(layout.enter(layout.image("amd64")).finished())

    fingerprint_path(root, platform=Platform.parse("linux/amd64"))
    with pytest.raises(NotFoundError):
        fingerprint_path(root, platform=Platform.parse("linux/arm64"))


def test_a_layout_of_several_images_wants_a_choice(make_tree, layout):
    one, two = layout.image("amd64"), layout.image("arm64")
    layout.enter(one, **{NAME: "v1"}).enter(
        two, **{NAME: "v2", CONTAINERD: "docker.io/acme/api:v2"}
    )
    root = make_tree(layout.finished())

    with pytest.raises(LayoutError, match=r"v1=sha256:.*acme/api:v2=sha256:") as error:
        fingerprint_path(root)
    assert error.value.code == "fingerprint.image-ambiguous"
    for name in ("v2", "acme/api:v2", "docker.io/acme/api:v2", two["digest"]):
        assert str(fingerprint_path(root, image_name=str(name)).digest) == two["digest"]
    with pytest.raises(NotFoundError):
        fingerprint_path(root, image_name="v3")


def test_one_name_for_two_images_is_refused(make_tree, layout):
    layout.enter(layout.image("amd64"), **{NAME: "v1"}).enter(layout.image("arm64"), **{NAME: "v1"})

    with pytest.raises(NotFoundError, match="several"):
        fingerprint_path(make_tree(layout.finished()), image_name="v1")


def test_an_index_listed_with_its_manifests_is_one_image(make_tree, layout):
    amd64, arm64 = layout.image("amd64"), layout.image("arm64")
    index = layout.index(amd64, arm64)
    layout.enter(amd64).enter(arm64).enter(index)

    assert str(fingerprint_path(make_tree(layout.finished())).digest) == index["digest"]


def test_one_image_under_two_names_is_one_image(make_tree, layout):
    image = layout.image()
    layout.enter(image, **{NAME: "v1"}).enter(image, **{NAME: "latest"})

    assert str(fingerprint_path(make_tree(layout.finished())).digest) == image["digest"]


def test_an_artifact_attached_to_an_image_is_no_image_of_its_own(make_tree, layout):
    image = layout.image()
    subject = {key: image[key] for key in ("mediaType", "digest", "size")}
    layout.enter(image).enter(layout.image("signature", subject=subject))

    assert str(fingerprint_path(make_tree(layout.finished())).digest) == image["digest"]


def test_layouts_of_other_tools_without_their_blobs_are_refused(vectors):
    layouts = sorted((vectors / "kosli" / "chainloop" / "oci-layouts").iterdir())

    assert layouts
    for place in layouts:
        with pytest.raises(LayoutError) as error:
            fingerprint_path(place)
        assert error.value.code == "fingerprint.blob-missing"


def blob(descriptor) -> str:
    return "blobs/sha256/" + str(descriptor["digest"])[7:]


def parts(layout, image) -> dict[str, str]:
    manifest = json.loads(layout.files[blob(image)])
    return {
        "manifest": blob(image),
        "config": blob(manifest["config"]),
        "layer": blob(manifest["layers"][0]),
    }


@pytest.mark.parametrize("part", ["manifest", "config", "layer"])
def test_every_blob_must_be_there_and_intact(make_tree, layout, part):
    image = layout.image()
    whole = layout.enter(image).finished()
    name = parts(layout, image)[part]
    damaged = {
        "missing": {key: content for key, content in whole.items() if key != name},
        "digest": whole | {name: whole[name][:-1] + b"?"},
        "size": whole | {name: whole[name] + b"\n"},
    }

    fingerprint_path(make_tree(whole, "whole"))
    for problem, files in damaged.items():
        with pytest.raises(MalformedError) as error:
            fingerprint_path(make_tree(files, problem))
        assert error.value.code.endswith(f".blob-{problem}")


def test_a_platform_whose_blobs_are_elsewhere_can_be_left(make_tree, layout):
    amd64, arm64 = layout.image("amd64"), layout.image("arm64")
    files = layout.enter(layout.index(amd64, arm64)).finished()
    del files[blob(arm64)]
    root = make_tree(files)

    with pytest.raises(LayoutError, match="not in the image layout"):
        fingerprint_path(root)
    chosen = fingerprint_path(root, platform=Platform.parse("linux/amd64"))
    assert str(chosen.digest) == amd64["digest"]


def test_a_layer_distributed_elsewhere_may_be_absent(make_tree, layout):
    layer = layout.blob(b"base", "application/vnd.docker.image.rootfs.foreign.diff.tar")
    del layout.files[blob(layer)]
    image = layout.image(layers=[layer | {"urls": ["https://cdn.example/base"]}])
    fingerprint_path(make_tree(layout.enter(image).finished(), "urls"))

    other = type(layout)()
    other.enter(other.image(layers=[layer]))
    with pytest.raises(LayoutError):
        fingerprint_path(make_tree(other.finished(), "no urls"))


def test_indexes_do_not_nest_for_ever(make_tree, layout):
    inner = layout.image()
    for _ in range(3):
        inner = layout.index(inner)
    fingerprint_path(make_tree(layout.enter(layout.index(inner)).finished(), "four"))
    layout.entries.clear()
    layout.enter(layout.index(layout.index(layout.index(inner))))
    with pytest.raises(LayoutError, match="nested"):
        fingerprint_path(make_tree(layout.finished(), "more"))


def test_an_image_of_very_many_blobs_is_refused(make_tree, layout):
    def image(start: int, count: int) -> dict[str, object]:
        elsewhere = {"mediaType": "a/b", "size": 1, "urls": ["https://cdn.example/x"]}
        layers = [elsewhere | {"digest": f"sha256:{start + n:064x}"} for n in range(count)]
        return layout.image(layers=layers)

    one, two, three = image(0, 9_000), image(10_000, 9_000), image(20_000, 9_000)
    layout.enter(layout.index(one, two))
    fingerprint_path(make_tree(layout.finished(), "many"))
    layout.entries.clear()
    layout.enter(layout.index(one, two, three))
    with pytest.raises(LayoutError, match="20000"):
        fingerprint_path(make_tree(layout.finished(), "too many"))


def test_links_and_special_files_in_a_layout_are_refused(make_tree, layout, tmp_path):
    image = layout.image()
    files = layout.enter(image).finished()
    name = parts(layout, image)["layer"]
    linked = make_tree(files, "linked")
    (linked / name).rename(tmp_path / "layer")
    (linked / name).symlink_to(tmp_path / "layer")
    with pytest.raises(LayoutError):
        fingerprint_path(linked)

    behind = make_tree(files, "behind")
    (behind / "blobs").rename(tmp_path / "blobs")
    (behind / "blobs").symlink_to(tmp_path / "blobs")
    with pytest.raises(LayoutError):
        fingerprint_path(behind)

    piped = make_tree(files, "piped")
    (piped / name).unlink()
    os.mkfifo(piped / name)
    with pytest.raises(SpecialFileError):
        fingerprint_path(piped)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("oci-layout", b'{"imageLayoutVersion":"2.0.0"}'),
        ("oci-layout", b"{}"),
        ("oci-layout", b"[]"),
        ("oci-layout", b"x"),
        ("oci-layout", b" " * 5000),
        ("index.json", b"{}"),
        ("index.json", b'{"schemaVersion":2,"manifests":[]}'),
        ("index.json", b'{"schemaVersion":2,"manifests":[],"manifests":[]}'),
        ("index.json", b'{"schemaVersion":2,"manifests":[{"mediaType":"a/b"}]}'),
        (
            "index.json",
            b'{"schemaVersion":2,"manifests":[{"mediaType":"a/b","size":1,"digest":"sha256:%s"}]}'
            % (b"0" * 64),
        ),
        ("index.json", b" " * (5 * 1024 * 1024)),
    ],
)
def test_what_is_no_layout_is_refused(make_tree, layout, name, content):
    files = layout.enter(layout.image()).finished() | {name: content}

    with pytest.raises(MalformedError):
        fingerprint_path(make_tree(files))


def test_a_layout_needs_its_two_files(make_tree, layout):
    files = layout.enter(layout.image()).finished()
    bare = {name: content for name, content in files.items() if name != "oci-layout"}

    assert fingerprint_path(make_tree(bare, "bare")).algorithm is Algorithm.GATEBOOK_DIR_V1
    with pytest.raises(LayoutError):
        fingerprint_path(make_tree({}, "other"), algorithm=Algorithm.OCI)
    del files["index.json"]
    with pytest.raises(LayoutError):
        fingerprint_path(make_tree(files, "half"))


def test_a_layout_may_be_hashed_as_a_directory_when_asked(make_tree, layout):
    root = make_tree(layout.enter(layout.image()).finished())

    assert fingerprint_path(root, algorithm=Algorithm.GATEBOOK_DIR_V1).kind is Kind.TREE
    with pytest.raises(WrongAlgorithmError):
        fingerprint_path(root, exclude=["blobs"])
    with pytest.raises(GatebookError):
        fingerprint_path(root, algorithm=Algorithm.GATEBOOK_DIR_V1, image_name="x")
