"""Archives of images: new and old, damaged and hostile. Nothing is extracted."""

import contextlib
import json
import tarfile

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gatebook.digest import sha256
from gatebook.errors import GatebookError, MalformedError, NotFoundError
from gatebook.fingerprint.fingerprint import Algorithm, Kind, fingerprint_path
from gatebook.fingerprint.refusals import ArchiveError, LayoutError
from gatebook.formats.oci import Platform

LAYERS = (b"bottom layer", b"top layer")


def identify(path, **more):
    return fingerprint_path(path, algorithm=Algorithm.OCI, **more)


def config(*layers: bytes, architecture: str = "amd64") -> bytes:
    diff_ids = [str(sha256(layer)) for layer in layers]
    rootfs = {"type": "layers", "diff_ids": diff_ids}
    return json.dumps({"os": "linux", "architecture": architecture, "rootfs": rootfs}).encode()


def older(*images: tuple[str, tuple[bytes, ...]]) -> dict[str, bytes]:
    """A ``docker save`` archive without an image layout: tags and layers of each image."""
    files: dict[str, bytes] = {}
    listed = []
    for tag, layers in images:
        document = config(*layers)
        name = sha256(document).hex + ".json"
        files[name] = document
        names = []
        for number, layer in enumerate(layers):
            place = f"{sha256(tag.encode() + bytes([number])).hex}/layer.tar"
            files[place] = layer
            names.append(place)
        listed.append({"Config": name, "RepoTags": [tag], "Layers": names})
    return files | {"manifest.json": json.dumps(listed).encode()}


@pytest.mark.parametrize("form", [tarfile.PAX_FORMAT, tarfile.GNU_FORMAT, tarfile.USTAR_FORMAT])
@pytest.mark.parametrize("prefix", ["", "./"])
def test_an_archive_with_a_layout(tmp_path, layout, make_archive, form, prefix):
    image = layout.image()
    files = {prefix + name: content for name, content in layout.enter(image).finished().items()}
    archive = make_archive(format=form).add("blobs/", type=tarfile.DIRTYPE).add_all(files)
    path = archive.write(tmp_path / "image.tar")

    found = identify(path)
    assert str(found.digest) == image["digest"]
    assert found.kind is Kind.IMAGE_MANIFEST
    assert fingerprint_path(path).algorithm is Algorithm.FILE


def test_a_newer_docker_save_holds_both_forms_and_the_layout_counts(tmp_path, layout, archive):
    image = layout.image()
    files = layout.enter(image, **{"io.containerd.image.name": "docker.io/acme/api:v1"}).finished()
    files["manifest.json"] = b'[{"Config":"x","RepoTags":["acme/api:v1"],"Layers":[]}]'
    path = archive.add_all(files).write(tmp_path / "image.tar")

    assert str(identify(path).digest) == image["digest"]
    assert str(identify(path, image_name="acme/api:v1").digest) == image["digest"]


def test_an_older_docker_save_has_an_image_id_only(tmp_path, archive):
    path = archive.add_all(older(("acme/api:v1", LAYERS))).write(tmp_path / "image.tar")

    found = identify(path)
    assert found.digest == sha256(config(*LAYERS))
    assert found.kind is Kind.IMAGE_ID
    assert identify(path, platform=Platform.parse("linux/amd64")).digest == found.digest
    with pytest.raises(NotFoundError):
        identify(path, platform=Platform.parse("linux/arm64"))


def test_of_several_images_one_is_chosen_by_its_tag(tmp_path, archive):
    files = older(("acme/api:v1", LAYERS), ("acme/web:v1", LAYERS[:1]))
    path = archive.add_all(files).write(tmp_path / "image.tar")

    assert identify(path, image_name="docker.io/acme/web:v1").digest == sha256(config(LAYERS[0]))
    with pytest.raises(ArchiveError) as error:
        identify(path)
    assert error.value.code == "fingerprint.image-ambiguous"
    with pytest.raises(NotFoundError):
        identify(path, image_name="acme/api:v2")


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE])
def test_a_layer_that_occurs_twice_may_be_a_link(tmp_path, make_archive, kind):
    files = older(("acme/api:v1", (LAYERS[0], LAYERS[0])))
    first, second = json.loads(files["manifest.json"])[0]["Layers"]
    del files[second]
    target = f"../{first}" if kind == tarfile.SYMTYPE else first
    good = make_archive().add_all(files).add(second, type=kind, linkname=target)
    assert identify(good.write(tmp_path / "good.tar")).kind is Kind.IMAGE_ID

    for number, wrong in enumerate(("/etc/passwd", "../../../etc/passwd", "../absent", second)):
        bad = make_archive().add_all(files).add(second, type=kind, linkname=wrong)
        with pytest.raises(MalformedError):
            identify(bad.write(tmp_path / f"{number}.tar"))


def test_other_links_are_refused_where_they_matter(tmp_path, make_archive, layout):
    files = layout.enter(layout.image()).finished()
    for number, name in enumerate(files):
        rest = {key: content for key, content in files.items() if key != name}
        linked = (
            make_archive()
            .add_all(rest)
            .add("elsewhere", files[name])
            .add(name, type=tarfile.SYMTYPE, linkname="elsewhere")
        )
        with pytest.raises((LayoutError, ArchiveError)):
            identify(linked.write(tmp_path / f"{number}.tar"))


def damaged_older() -> dict[str, dict[str, bytes]]:
    good = older(("acme/api:v1", LAYERS))
    listed = json.loads(good["manifest.json"])
    layers, name = listed[0]["Layers"], listed[0]["Config"]

    def changed(**more: object) -> bytes:
        return json.dumps([listed[0] | more]).encode()

    return {
        "another layer": good | {layers[0]: b"other"},
        "no layer": {key: content for key, content in good.items() if key != layers[0]},
        "layers in another order": good | {"manifest.json": changed(Layers=layers[::-1])},
        "a layer less": good | {"manifest.json": changed(Layers=layers[:1])},
        "another configuration": good | {name: config(*LAYERS, architecture="arm64")},
        "no configuration": {key: content for key, content in good.items() if key != name},
        "a configuration by another name": good
        | {"config.json": good[name], "manifest.json": changed(Config="config.json")},
        "no images": good | {"manifest.json": b"[]"},
        "no list": good | {"manifest.json": b"{}"},
        "a key twice": good | {"manifest.json": b'[{"Config":"a","Config":"b"}]'},
        "deep": good | {"manifest.json": b"[" * 1000},
        "no manifest": {key: content for key, content in good.items() if key != "manifest.json"},
        "layers that are numbers": good | {"manifest.json": changed(Layers=[1, 2])},
    }


@pytest.mark.parametrize("problem", damaged_older())
def test_an_older_archive_must_be_whole(tmp_path, archive, problem):
    path = archive.add_all(damaged_older()[problem]).write(tmp_path / "image.tar")

    with pytest.raises(MalformedError):
        identify(path)


@pytest.fixture
def good(layout) -> dict[str, bytes]:
    return layout.enter(layout.image()).finished()


@pytest.mark.parametrize(
    "name",
    ["../evil", "/etc/passwd", "a/../../evil", "a/./b", "a//b", "..", "file/", "x\udcff"],
)
def test_names_that_lead_out_or_are_ambiguous_are_refused(tmp_path, make_archive, good, name):
    archive = make_archive(format=tarfile.GNU_FORMAT).add_all(good).add(name, b"x")

    with pytest.raises(ArchiveError):
        identify(archive.write(tmp_path / "image.tar"))


def test_two_members_of_one_name_are_refused(tmp_path, make_archive, good):
    for number, name in enumerate(("index.json", "./index.json")):
        archive = make_archive().add_all(good).add(name, b"{}")
        with pytest.raises(ArchiveError, match="twice"):
            identify(archive.write(tmp_path / f"{number}.tar"))
    twice = make_archive().add("blobs/", type=tarfile.DIRTYPE).add("blobs", type=tarfile.DIRTYPE)
    identify(twice.add_all(good).write(tmp_path / "directories.tar"))


@pytest.mark.parametrize("kind", [tarfile.FIFOTYPE, tarfile.CHRTYPE, tarfile.BLKTYPE, b"S", b"V"])
def test_devices_and_odd_members_are_refused(tmp_path, archive, good, kind):
    with pytest.raises(ArchiveError):
        identify(archive.add_all(good).add("odd", type=kind).write(tmp_path / "image.tar"))


@pytest.mark.parametrize(
    "headers", [{"GNU.sparse.major": "1"}, {"size": "-1"}, {"size": "x"}, {"size": "9" * 30}]
)
def test_extended_headers_that_lie_are_refused(tmp_path, archive, good, headers):
    member = tarfile.TarInfo("odd")
    member.pax_headers = headers
    archive.add_all(good).tar.addfile(member)

    with pytest.raises(ArchiveError):
        identify(archive.write(tmp_path / "image.tar"))


def test_a_long_name_is_read(tmp_path, make_archive, good):
    for form in (tarfile.PAX_FORMAT, tarfile.GNU_FORMAT):
        archive = make_archive(format=form).add_all(good).add("n" * 300, b"x")
        identify(archive.write(tmp_path / "image.tar"))


def test_an_extended_header_of_a_gigabyte_is_refused(tmp_path, make_archive, good):
    content = make_archive().add_all(good).finished().rstrip(b"\0")
    content += bytes(-len(content) % 512)
    header = tarfile.TarInfo("././@LongLink")
    header.type = tarfile.GNUTYPE_LONGNAME
    header.size = 1 << 30
    path = tmp_path / "image.tar"
    path.write_bytes(content + header.tobuf(tarfile.GNU_FORMAT))

    with pytest.raises(ArchiveError, match="extended header"):
        identify(path)


def test_negative_and_huge_numbers_are_refused(tmp_path, make_archive, good):
    content = bytearray(make_archive().add("first", b"x").add_all(good).finished())
    for number, field in enumerate(
        (b"\xff" * 12, b"\x80" + b"\xff" * 11, b"9" * 12, b"-1" + bytes(10))
    ):
        content[124:136] = field
        content[148:156] = b" " * 8
        content[148:156] = b"%06o\0 " % sum(content[:512])
        path = tmp_path / f"{number}.tar"
        path.write_bytes(content)
        with pytest.raises(ArchiveError):
            identify(path)


def test_a_damaged_header_is_refused(tmp_path, make_archive, good):
    content = bytearray(make_archive().add_all(good).finished())
    content[0] ^= 1
    path = tmp_path / "image.tar"
    path.write_bytes(content)

    with pytest.raises(ArchiveError, match="damaged"):
        identify(path)


def test_another_archive_behind_the_end_is_refused(tmp_path, make_archive, good):
    content = make_archive().add_all(good).finished()
    end = len(content.rstrip(b"\0"))
    end += -end % 512
    path = tmp_path / "image.tar"
    path.write_bytes(content[:end] + bytes(512) + content)

    with pytest.raises(ArchiveError, match="behind its end"):
        identify(path)


def test_a_million_members_are_not_read(tmp_path, good, make_archive):
    header = tarfile.TarInfo("x").tobuf(tarfile.USTAR_FORMAT)
    blocks = bytearray()
    for number in range(70_000):
        name = b"%07d" % number
        block = bytearray(header)
        block[0:7] = name
        block[148:156] = b" " * 8
        block[148:156] = b"%06o\0 " % sum(block)
        blocks += block
    path = tmp_path / "image.tar"
    path.write_bytes(bytes(blocks) + make_archive().add_all(good).finished())

    with pytest.raises(ArchiveError, match="65536"):
        identify(path)


def test_what_is_no_archive_is_refused(tmp_path, make_archive, good):
    path = tmp_path / "image.tar"
    for content in (b"", b"x", b"x" * 5000, bytes(512), bytes(10_240)):
        path.write_bytes(content)
        with pytest.raises(ArchiveError):
            identify(path)
    with pytest.raises(ArchiveError, match="gzip"):
        identify(make_archive().add_all(good).write(path, compressed=True))
    with pytest.raises(ArchiveError, match="no image"):
        identify(make_archive().add("readme", b"x").write(path))


def test_an_archive_cut_off_anywhere_is_refused(tmp_path, make_archive, good):
    content = make_archive().add_all(good).finished()
    end = len(content.rstrip(b"\0"))
    path = tmp_path / "image.tar"
    for length in range(0, end, 97):
        path.write_bytes(content[:length])
        with pytest.raises(MalformedError):
            identify(path)


@given(data=st.data())
@settings(max_examples=60)
def test_an_archive_with_a_wrong_byte_is_the_same_image_or_refused(
    tmp_path_factory, make_archive, good, data
):
    content = bytearray(make_archive().add_all(good).finished())
    place = data.draw(st.integers(0, len(content.rstrip(b"\0")) - 1))
    path = tmp_path_factory.mktemp("archive") / "image.tar"
    path.write_bytes(content)
    expected = identify(path).digest
    content[place] ^= data.draw(st.integers(1, 255))
    path.write_bytes(content)

    with contextlib.suppress(GatebookError):
        assert identify(path).digest == expected
