"""Attestations on disk: files told apart by content, and what an image layout holds attached."""

import base64
import json
import os

import pytest

from gatebook.connectors.attestation_sources import AttestationLimits
from gatebook.digest import Digest, sha256
from gatebook.errors import GatebookError, NotFoundError, VerificationError
from gatebook.fingerprint.attestation_paths import attestations_at, attestations_in_layout
from gatebook.formats.attestations import AttestationKind
from gatebook.formats.oci import Platform

OCI_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
BUNDLE_TYPE = "application/vnd.dev.sigstore.bundle.v0.3+json"
DSSE_TYPE = "application/vnd.dsse.envelope.v1+json"
STATEMENT_TYPE = "application/vnd.in-toto+json"
CONTAINERD_NAME = "io.containerd.image.name"


def envelope(mark: str = "x") -> bytes:
    return json.dumps(
        {
            "payload": base64.b64encode(mark.encode()).decode(),
            "payloadType": STATEMENT_TYPE,
            "signatures": [{"sig": "AAAA"}],
        }
    ).encode()


def bundle(mark: str = "x") -> bytes:
    return json.dumps(
        {"mediaType": BUNDLE_TYPE, "dsseEnvelope": json.loads(envelope(mark))}
    ).encode()


def refused(ask) -> GatebookError:
    with pytest.raises(GatebookError) as caught:
        ask()
    return caught.value


# Files.


def test_a_file_is_read_whatever_it_is_called(make_tree):
    root = make_tree({"picture.png": bundle("a") + b"\n" + bundle("b") + b"\n"})
    first, second = attestations_at(root / "picture.png")

    assert (first.data, second.data) == (bundle("a"), bundle("b"))
    assert first.origin.endswith("picture.png, line 1")
    assert first.subject is None


def test_a_file_that_is_named_may_be_a_link(make_tree, tmp_path):
    make_tree({"x": bundle()}, "elsewhere")
    (tmp_path / "here").symlink_to(tmp_path / "elsewhere" / "x")

    assert attestations_at(tmp_path / "here")[0].data == bundle()


def test_a_directory_is_read_in_the_order_of_its_names(make_tree):
    root = make_tree({"b": bundle("2"), "a.json": envelope("1"), "c": bundle("3"), ".git": "x"})

    assert [item.data for item in attestations_at(root)] == [
        envelope("1"),
        bundle("2"),
        bundle("3"),
    ]


def test_a_volume_of_kubernetes_is_read_through_its_links(make_tree):
    root = make_tree(
        {
            "..2026_11/x.json": bundle(),
            "..data": {"symlink": "..2026_11"},
            "x.json": {"symlink": "..data/x.json"},
        }
    )

    assert [item.data for item in attestations_at(root)] == [bundle()]


@pytest.mark.parametrize("target", ["../outside/x", "/etc/hostname", ".", "..", "../tree"])
def test_a_link_that_leads_out_is_refused(make_tree, target):
    make_tree({"x": bundle()}, "outside")
    root = make_tree({"a": bundle(), "b": {"symlink": target}})

    assert refused(lambda: attestations_at(root)).code == "fingerprint.attestation-link"


@pytest.mark.parametrize(
    ("content", "code"),
    [
        ("no JSON", "canonical.not-json"),
        ("", "formats.attestation-none"),
        ({"symlink": "absent"}, "fingerprint.not-found"),
        ({"symlink": "b"}, "fingerprint.unreadable"),
    ],
)
def test_one_file_that_is_no_attestation_refuses_the_directory(make_tree, content, code):
    root = make_tree({"a": bundle(), "b": content})
    error = refused(lambda: attestations_at(root))

    assert error.code == code
    assert "b" in error.message


def test_a_subdirectory_is_not_overlooked_in_silence(make_tree):
    root = make_tree({"a": bundle(), "below/b": bundle()})

    assert refused(lambda: attestations_at(root)).code == "fingerprint.attestation-files"


def test_a_pipe_is_not_waited_for(make_tree):
    root = make_tree({"a": bundle()})
    os.mkfifo(root / "b")

    assert refused(lambda: attestations_at(root)).code == "fingerprint.special-file"
    assert refused(lambda: attestations_at(root / "b")).code == "fingerprint.special-file"


def test_an_empty_directory_and_an_absent_one_are_no_success(make_tree, tmp_path):
    root = make_tree({".hidden": bundle()})

    assert refused(lambda: attestations_at(root)).code == "connectors.no-attestation"
    assert refused(lambda: attestations_at(tmp_path / "x")).code == "fingerprint.not-found"
    assert refused(lambda: attestations_at(tmp_path / "x" / "y")).code == "fingerprint.not-found"


def test_a_directory_has_limits(make_tree):
    many = make_tree({f"{number:04}": b"" for number in range(1025)}, "many")
    some = make_tree({str(number): bundle(str(number)) for number in range(4)}, "some")
    limits = AttestationLimits(total_bytes=2 * len(bundle()))

    assert refused(lambda: attestations_at(many)).code == "fingerprint.attestation-files"
    assert refused(lambda: attestations_at(some, limits=limits)).code == (
        "fingerprint.attestation-files"
    )
    assert refused(lambda: attestations_at(some, limits=AttestationLimits(layers=3))).code == (
        "fingerprint.attestation-files"
    )


# Image layouts.


def attach(layout, subject, data: bytes, media_type: str = BUNDLE_TYPE, **more: object):
    document = {
        "schemaVersion": 2,
        "mediaType": OCI_MANIFEST,
        "config": layout.blob(b"{}", "application/vnd.oci.empty.v1+json"),
        "layers": [layout.blob(data, media_type)],
    }
    if subject is not None:
        named = {key: subject[key] for key in ("mediaType", "digest", "size")}
        document["subject"] = named
    return layout.blob(json.dumps(document | more).encode(), OCI_MANIFEST)


def digest(descriptor) -> Digest:
    return Digest.parse(descriptor["digest"])


def tag(descriptor, suffix: str = "") -> str:
    return descriptor["digest"].replace(":", "-") + suffix


def test_a_manifest_that_refers_to_the_image_is_found(layout, make_tree):
    image = layout.image()
    layout.enter(image).enter(attach(layout, image, bundle()))
    answer = attestations_in_layout(make_tree(layout.finished()))
    (found,) = answer.require()

    assert answer.subject == found.subject == digest(image)
    assert (found.kind, found.data) == (AttestationKind.BUNDLE, bundle())


def test_an_archive_of_a_layout_is_read_as_well(layout, archive, tmp_path):
    image = layout.image()
    layout.enter(image).enter(attach(layout, image, bundle()))
    path = archive.add_all(layout.finished()).write(tmp_path / "image.tar")

    assert len(attestations_in_layout(path, digest(image)).require()) == 1


def test_referrers_of_another_image_are_left_to_it(layout, make_tree):
    image, other = layout.image("amd64"), layout.image("arm64")
    layout.enter(image).enter(other).enter(attach(layout, other, bundle()))
    root = make_tree(layout.finished())

    assert attestations_in_layout(root, digest(image)).attestations == ()
    assert len(attestations_in_layout(root, digest(other)).require()) == 1
    with pytest.raises(NotFoundError):
        attestations_in_layout(root, digest(image)).require()


@pytest.mark.parametrize("name", ["org.opencontainers.image.ref.name", CONTAINERD_NAME])
def test_names_stand_for_tags(layout, make_tree, name):
    image = layout.image()
    prefix = "" if name != CONTAINERD_NAME else "registry.example/acme/api:"
    listed = layout.index(attach(layout, image, bundle("listed")))
    layout.enter(image)
    layout.enter(listed, **{name: prefix + tag(image)})
    att = attach(layout, None, envelope("att"), DSSE_TYPE)
    layout.enter(att, **{name: prefix + tag(image, ".att")})
    found = attestations_in_layout(make_tree(layout.finished()), digest(image)).require()

    assert [item.data for item in found] == [bundle("listed"), envelope("att")]


def test_what_cosign_saved_is_found(layout, make_tree):
    image = layout.image()
    kind = "dev.cosignproject.cosign/"
    layout.enter(image, kind=kind + "image")
    layout.enter(attach(layout, None, envelope(), DSSE_TYPE), kind=kind + "atts")
    root = make_tree(layout.finished())

    assert len(attestations_in_layout(root, digest(image)).require()) == 1


def test_what_cosign_saved_without_listing_it_is_found(layout, make_tree):
    image = layout.image()
    layout.enter(image, kind="dev.cosignproject.cosign/image")
    attach(layout, image, bundle())
    attach(layout, layout.image("arm64"), bundle("another"))
    answer = attestations_in_layout(make_tree(layout.finished()))

    assert answer.subject == digest(image)
    assert [item.data for item in answer.require()] == [bundle()]


def test_more_unlisted_blobs_than_allowed_are_refused(layout, make_tree):
    image = layout.image()
    layout.enter(image, kind="dev.cosignproject.cosign/image")
    for mark in "abcdef":
        layout.blob(mark.encode(), "application/x")
    limits = AttestationLimits(manifests=6)
    root = make_tree(layout.finished())

    assert attestations_in_layout(root).attestations == ()
    assert refused(lambda: attestations_in_layout(root, limits=limits)).code == (
        "connectors.attachments-too-many"
    )


def test_what_cosign_saved_with_one_image_is_not_that_of_another(layout, make_tree):
    image, other = layout.image(), layout.image("arm64")
    kind = "dev.cosignproject.cosign/"
    layout.enter(image, kind=kind + "image").enter(other)
    layout.enter(attach(layout, None, envelope(), DSSE_TYPE), kind=kind + "atts")

    root = make_tree(layout.finished())
    assert attestations_in_layout(root, digest(other)).attestations == ()


def test_statements_of_buildkit_are_unsigned_and_belong_to_their_platform(layout, make_tree):
    statement = b'{"_type":"https://in-toto.io/Statement/v0.1"}'
    image = layout.image()
    about = attach(layout, None, statement, STATEMENT_TYPE) | {
        "annotations": {
            "vnd.docker.reference.type": "attestation-manifest",
            "vnd.docker.reference.digest": image["digest"],
        }
    }
    layout.enter(layout.index(image, about))
    root = make_tree(layout.finished())

    for platform in (None, Platform.parse("linux/amd64")):
        answer = attestations_in_layout(root, platform=platform)
        assert answer.attestations == ()
        assert [(item.subject, item.data) for item in answer.unsigned] == [
            (digest(image), statement)
        ]


def test_other_bytes_than_named_are_refused(layout, make_tree):
    image = layout.image()
    layout.enter(image).enter(attach(layout, image, bundle()))
    place = f"blobs/sha256/{sha256(bundle()).hex}"
    files = layout.finished()
    root = make_tree(files | {place: bundle().replace(b'"AAAA"', b'"BBBB"')})

    with pytest.raises(VerificationError) as caught:
        attestations_in_layout(root, digest(image))
    assert caught.value.code == "formats.blob-digest"


def test_a_blob_behind_a_link_is_refused(layout, make_tree):
    image = layout.image()
    layout.enter(image).enter(attach(layout, image, bundle()))
    place = f"blobs/sha256/{sha256(bundle()).hex}"
    root = make_tree(layout.finished() | {place: {"symlink": "/etc/hostname"}})

    assert refused(lambda: attestations_in_layout(root, digest(image))).code == (
        "fingerprint.image-layout"
    )


def test_a_list_with_a_manifest_about_another_image_is_refused(layout, make_tree):
    image, other = layout.image(), layout.image("arm64")
    listed = layout.index(attach(layout, other, bundle()))
    layout.enter(image).enter(listed, **{"org.opencontainers.image.ref.name": tag(image)})
    root = make_tree(layout.finished())

    assert refused(lambda: attestations_in_layout(root, digest(image))).code == (
        "connectors.referrer-subject"
    )


def test_two_things_under_one_tag_are_refused(layout, make_tree):
    image = layout.image()
    layout.enter(image)
    for mark in "ab":
        att = attach(layout, None, envelope(mark), DSSE_TYPE)
        layout.enter(att, **{"org.opencontainers.image.ref.name": tag(image, ".att")})
    root = make_tree(layout.finished())

    assert refused(lambda: attestations_in_layout(root, digest(image))).code == (
        "connectors.layout"
    )


def test_more_manifests_than_allowed_are_refused(layout, make_tree):
    image = layout.image()
    layout.enter(image)
    for mark in "abc":
        layout.enter(attach(layout, image, bundle(mark)))
    root = make_tree(layout.finished())
    few = AttestationLimits(manifests=3)

    assert len(attestations_in_layout(root, digest(image)).require()) == 3
    assert refused(lambda: attestations_in_layout(root, digest(image), limits=few)).code == (
        "connectors.attachments-too-many"
    )


def test_what_is_no_layout_and_an_image_that_is_not_there_are_refused(layout, make_tree):
    image = layout.image()
    root = make_tree(layout.enter(image).finished())
    bare = make_tree({"x": "y"}, "bare")

    assert refused(lambda: attestations_in_layout(bare, digest(image))).code == (
        "fingerprint.image-layout"
    )
    assert refused(lambda: attestations_in_layout(root, sha256(b"other"))).code == (
        "connectors.image-not-found"
    )


def test_a_layout_without_a_list_and_one_whose_list_is_none_are_refused(layout, make_tree):
    image = layout.image()
    files = layout.enter(image).finished()
    without = make_tree({name: text for name, text in files.items() if name != "index.json"}, "a")
    manifest = files[f"blobs/sha256/{digest(image).hex}"]
    other = make_tree(files | {"index.json": manifest}, "b")

    for root in (without, other):
        assert refused(lambda root=root: attestations_in_layout(root, digest(image))).code == (
            "connectors.layout"
        )


def test_a_tag_in_place_of_a_list_must_be_one(layout, make_tree):
    image = layout.image()
    layout.enter(image)
    attached = attach(layout, image, bundle())
    layout.enter(attached, **{"org.opencontainers.image.ref.name": tag(image)})
    root = make_tree(layout.finished())

    assert refused(lambda: attestations_in_layout(root, digest(image))).code == (
        "connectors.referrers-tag"
    )


def test_a_list_under_a_tag_has_limits(layout, make_tree):
    image = layout.image()
    listed = layout.index(*(attach(layout, image, bundle(mark)) for mark in "abc"))
    layout.enter(image).enter(listed, **{"org.opencontainers.image.ref.name": tag(image)})
    root = make_tree(layout.finished())

    for limits, code in (
        (AttestationLimits(manifests=2), "connectors.attachments-too-many"),
        (AttestationLimits(total_bytes=300), "connectors.attachments-too-large"),
    ):
        found = refused(
            lambda limits=limits: attestations_in_layout(root, digest(image), limits=limits)
        )
        assert found.code == code


def test_a_layout_that_is_not_whole_is_read_as_far_as_it_goes(layout, make_tree):
    image = layout.image()
    gone = attach(layout, image, bundle("gone"))
    layout.enter(image).enter(gone).enter(attach(layout, image, bundle()))
    layout.enter(layout.blob(b"{}", "application/json"))
    files = layout.finished()
    del files[f"blobs/sha256/{digest(gone).hex}"]

    found = attestations_in_layout(make_tree(files), digest(image)).require()
    assert [item.data for item in found] == [bundle()]


def test_a_layout_that_is_not_there_is_said_to_be(tmp_path):
    assert refused(lambda: attestations_in_layout(tmp_path / "x", sha256(b""))).code == (
        "fingerprint.not-found"
    )
