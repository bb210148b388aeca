"""Attestations beside an image: every custom of keeping them, and registries that lie about it."""

import base64
import hashlib
import http.client
import json
from urllib.parse import urlsplit

import pytest

from gatebook.connectors.attestation_sources import AttachmentError, AttestationLimits
from gatebook.connectors.http import HttpError
from gatebook.connectors.referrers import attestations_of, referrers_tag
from gatebook.connectors.registry import RegistryClient
from gatebook.digest import Digest
from gatebook.errors import MalformedError, NotFoundError, VerificationError
from gatebook.formats.attestations import AttestationKind
from gatebook.formats.cosign_record import CosignSignature
from gatebook.formats.oci import ImageReference, Platform

OCI_INDEX = "application/vnd.oci.image.index.v1+json"
OCI_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
BUNDLE_TYPE = "application/vnd.dev.sigstore.bundle.v0.3+json"
DSSE_TYPE = "application/vnd.dsse.envelope.v1+json"
SIMPLE_TYPE = "application/vnd.dev.cosign.simplesigning.v1+json"
STATEMENT_TYPE = "application/vnd.in-toto+json"
NOTATION_TYPE = "application/vnd.cncf.notary.signature"
AMD64 = Platform.parse("linux/amd64")
STATEMENT = b'{"_type":"https://in-toto.io/Statement/v0.1","predicateType":"x","subject":[]}'


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
        {
            "mediaType": BUNDLE_TYPE,
            "verificationMaterial": {"publicKey": {"hint": mark}},
            "dsseEnvelope": json.loads(envelope(mark)),
        }
    ).encode()


def digest(descriptor: dict[str, object]) -> Digest:
    return Digest.parse(str(descriptor["digest"]))


def tag_of(descriptor: dict[str, object], suffix: str = "") -> str:
    return str(descriptor["digest"]).replace(":", "-") + suffix


@pytest.fixture
def registry(referrers_registry):
    return referrers_registry


@pytest.fixture
def read(registry, http_client):
    """Read what is attached to an image named by its descriptor, or by a tag."""

    def ask(image, **options):
        selector = f":{image}" if isinstance(image, str) else f"@{image['digest']}"
        reference = ImageReference.parse(f"{registry.host}/acme/api{selector}")
        return attestations_of(RegistryClient(http_client), reference, **options)

    return ask


def refused(ask, code: str) -> None:
    with pytest.raises(VerificationError) as caught:
        ask()
    assert caught.value.code == code, caught.value


# The customs.


def test_a_bundle_that_refers_to_the_image_is_found_byte_for_byte(registry, read):
    image = registry.image()
    made = registry.attach(
        image,
        registry.blob(bundle(), BUNDLE_TYPE),
        artifact_type=BUNDLE_TYPE,
        annotations={"dev.sigstore.bundle.predicateType": "https://slsa.dev/provenance/v1"},
    )
    answer = read(image)
    (found,) = answer.require()

    assert found.data == bundle()
    assert found.kind is AttestationKind.BUNDLE
    assert found.subject == answer.subject == digest(image)
    assert found.artifact_type == BUNDLE_TYPE
    assert found.annotations["dev.sigstore.bundle.predicateType"].startswith("https://slsa.dev")
    assert str(made["digest"]) in found.origin
    assert f"{registry.host}/acme/api" in found.origin


def test_all_pages_of_the_list_are_read(registry, read):
    image = registry.image()
    for number in range(7):
        registry.attach(image, registry.blob(bundle(str(number)), BUNDLE_TYPE))
    registry.page = 2

    assert {item.data for item in read(image).attestations} == {bundle(str(n)) for n in range(7)}


@pytest.mark.parametrize("filters", [True, False])
def test_one_artifact_type_is_asked_for_and_checked_where_the_registry_does_not(
    registry, read, filters
):
    registry.filters = filters
    image = registry.image()
    registry.attach(image, registry.blob(bundle("a"), BUNDLE_TYPE), artifact_type=BUNDLE_TYPE)
    registry.attach(image, registry.blob(envelope(), DSSE_TYPE), artifact_type=DSSE_TYPE)
    registry.attach(None, registry.blob(envelope("tag"), DSSE_TYPE), tag=tag_of(image, ".att"))
    found = read(image, artifact_type=BUNDLE_TYPE)

    assert [item.data for item in found.attestations] == [bundle("a")]
    assert len(read(image).attestations) == 3


@pytest.mark.parametrize("status", [404, 400, 405, 406, 200])
def test_without_the_api_the_tag_in_its_place_is_read(registry, read, status):
    image = registry.image()
    attached = registry.attach(image, registry.blob(bundle(), BUNDLE_TYPE))
    lie = attached | {"artifactType": "application/of.something.else"}
    registry.index(lie, tag=referrers_tag(digest(image)))

    def answer(request):
        if "/referrers/" in request.path:
            return status, {"Content-Type": "text/html"}, b"<html>"
        return registry.answer(request)

    registry.server.answer = answer
    assert [item.data for item in read(image).attestations] == [bundle()]


def test_neither_api_nor_tag_is_nothing_found_and_that_is_no_success(registry, read):
    image = registry.image()
    registry.lists = False
    answer = read(image)

    assert answer.attestations == ()
    with pytest.raises(NotFoundError) as caught:
        answer.require()
    assert caught.value.code == "connectors.no-attestation"


def test_the_signatures_of_cosign_are_found_with_all_that_verifies_them(registry, read):
    image = registry.image()
    payload = b'{"critical":{"image":{"docker-manifest-digest":"sha256:00"}}}'
    layers = [
        registry.blob(
            payload,
            SIMPLE_TYPE,
            annotations={"dev.cosignproject.cosign/signature": signature, "org.example": "x"},
        )
        for signature in ("AAAA", "BBBB")
    ]
    registry.attach(None, *layers, tag=tag_of(image, ".sig"))
    found = read(image).require()

    assert {item.kind for item in found} == {AttestationKind.COSIGN_RECORD}
    parsed = [CosignSignature.parse(item.data) for item in found]
    assert [item.content for item in parsed] == [payload, payload]
    assert {item.signature for item in parsed} == {b"\0\0\0", b"\4\x10\x41"}


def test_the_attestations_of_cosign_are_envelopes_or_records(registry, read):
    image = registry.image()
    stamp = json.dumps({"SignedRFC3161Timestamp": "AAAA"})
    registry.attach(
        None,
        registry.blob(envelope("key"), DSSE_TYPE, annotations={"predicateType": "a lie"}),
        registry.blob(
            envelope("keyless"),
            DSSE_TYPE,
            annotations={
                "dev.cosignproject.cosign/signature": "",
                "dev.sigstore.cosign/rfc3161timestamp": stamp,
            },
        ),
        tag=tag_of(image, ".att"),
    )
    first, second = read(image).require()

    assert (first.kind, first.data) == (AttestationKind.ENVELOPE, envelope("key"))
    assert first.annotations["predicateType"] == "a lie"
    assert second.kind is AttestationKind.COSIGN_RECORD
    record = CosignSignature.parse(second.data)
    assert (record.content, record.timestamps) == (envelope("keyless"), (b"\0\0\0",))


def test_an_envelope_under_the_type_of_its_statement_is_what_its_content_says(registry, read):
    image = registry.image()
    registry.attach(
        image,
        registry.blob(envelope(), STATEMENT_TYPE),
        registry.blob(STATEMENT, STATEMENT_TYPE),
        artifact_type=STATEMENT_TYPE,
    )
    answer = read(image)

    assert [item.data for item in answer.attestations] == [envelope()]
    assert [item.data for item in answer.unsigned] == [STATEMENT]


def test_an_sbom_beside_the_image_is_data_that_nobody_signed(registry, read):
    image = registry.image()
    sbom = b'{"spdxVersion":"SPDX-2.3"}'
    registry.attach(None, registry.blob(sbom, "text/spdx+json"), tag=tag_of(image, ".sbom"))
    registry.attach(image, registry.blob(sbom + b" ", "application/spdx+json"))
    answer = read(image)

    assert answer.attestations == ()
    assert [item.data for item in answer.unsigned] == [sbom + b" ", sbom]
    with pytest.raises(NotFoundError, match="2 unsigned documents"):
        answer.require()


def test_the_statements_of_buildkit_are_data_about_the_platform_they_name(registry, read):
    amd64, arm64 = registry.image("amd64"), registry.image("arm64")

    def described(about, statement):
        made = registry.attach(None, registry.blob(statement, STATEMENT_TYPE))
        return made | {
            "platform": {"os": "unknown", "architecture": "unknown"},
            "annotations": {
                "vnd.docker.reference.type": "attestation-manifest",
                "vnd.docker.reference.digest": about["digest"],
            },
        }

    other = STATEMENT + b" "
    foreign = described({"digest": "sha256:" + "0" * 64}, STATEMENT + b"  ")
    index = registry.index(
        amd64, arm64, described(amd64, STATEMENT), described(arm64, other), foreign, tag="v1"
    )
    whole = read("v1")
    one = read("v1", platform=AMD64)

    assert whole.subject == digest(index)
    assert {(item.subject, item.data) for item in whole.unsigned} == {
        (digest(amd64), STATEMENT),
        (digest(arm64), other),
    }
    assert [item.code for item in whole.unread] == ["connectors.attachment-type"]
    assert [item.data for item in one.unsigned] == [STATEMENT]
    assert whole.attestations == one.attestations == ()


def test_an_index_and_its_manifests_have_different_attestations(registry, read):
    amd64 = registry.image("amd64")
    index = registry.index(amd64, registry.image("arm64"), tag="v1")
    registry.attach(index, registry.blob(bundle("index"), BUNDLE_TYPE))

    assert [item.data for item in read("v1").require()] == [bundle("index")]
    of_platform = read("v1", platform=AMD64)
    assert of_platform.subject == digest(amd64)
    assert of_platform.index_digest == digest(index)
    with pytest.raises(NotFoundError) as caught:
        of_platform.require()
    assert str(digest(index)) in caught.value.hint

    registry.attach(amd64, registry.blob(bundle("amd64"), BUNDLE_TYPE))
    assert [item.data for item in read("v1", platform=AMD64).require()] == [bundle("amd64")]


def test_what_is_not_supported_is_named(registry, read):
    image = registry.image()
    notation = registry.blob(b"{}", "application/jose+json")
    registry.attach(image, notation, artifact_type=NOTATION_TYPE)
    registry.attach(image, registry.blob(b"x", "application/vnd.example.report"))
    codes = {item.artifact_type: item.code for item in read(image).unread}

    assert codes == {
        NOTATION_TYPE: "connectors.notation-signature",
        "application/vnd.example.report": "connectors.attachment-type",
    }


def test_an_unreadable_attachment_is_named_and_the_others_are_read(registry, read):
    image = registry.image()
    registry.attach(image, registry.blob(b"no JSON", BUNDLE_TYPE))
    registry.attach(image, registry.blob(envelope("wrong type"), BUNDLE_TYPE))
    registry.attach(image, registry.blob(b"{}", SIMPLE_TYPE))
    registry.attach(image, registry.blob(bundle(), BUNDLE_TYPE))
    answer = read(image)

    assert [item.data for item in answer.attestations] == [bundle()]
    assert [item.code for item in answer.unread] == [
        "canonical.not-json",
        "connectors.attachment-content",
        "connectors.attachment-content",
    ]


def test_the_same_attestation_in_two_places_counts_once(registry, read):
    image = registry.image()
    for mark in ("a", "b"):
        layer = registry.blob(bundle(), BUNDLE_TYPE)
        registry.attach(image, layer, annotations={"mark": mark})

    assert len(read(image).attestations) == 1


def test_attestations_may_be_kept_in_another_repository(registry, read):
    image = registry.image()
    registry.attach(image, registry.blob(bundle(), BUNDLE_TYPE))

    def answer(request):
        path = request.path.replace("/acme/signatures/", "/acme/api/")
        if "/referrers/" in request.path and path == request.path:
            return 404, {}, b""
        request.path = path
        return registry.answer(request)

    registry.server.answer = answer
    kept_in = ImageReference.parse(f"{registry.host}/acme/signatures")
    assert read(image).attestations == ()
    assert len(read(image, kept_in=kept_in).require()) == 1


# Registries that lie.


def test_a_manifest_about_another_image_is_refused(registry, read):
    image, other = registry.image(), registry.image("arm64")
    attached = registry.attach(other, registry.blob(bundle(), BUNDLE_TYPE))
    registry.lists = False
    registry.index(attached, tag=referrers_tag(digest(image)))

    refused(lambda: read(image), "connectors.referrer-subject")


def test_a_manifest_about_nothing_is_refused(registry, read):
    image = registry.image()
    attached = registry.attach(None, registry.blob(bundle(), BUNDLE_TYPE))
    registry.lists = False
    registry.index(attached, tag=referrers_tag(digest(image)))

    refused(lambda: read(image), "connectors.referrer-subject")


def test_a_list_that_leads_back_to_the_image_is_refused(registry, read):
    index = registry.index(registry.image())
    registry.lists = False
    registry.index(index, tag=referrers_tag(digest(index)))

    refused(lambda: read(index), "connectors.referrer-subject")


def test_an_index_of_attachments_is_not_followed(registry, read):
    image = registry.image()
    inner = registry.attach(image, registry.blob(bundle(), BUNDLE_TYPE))
    registry.manifests.pop(str(inner["digest"]))
    registry.manifest({"mediaType": OCI_INDEX, "manifests": [inner], "subject": image})
    answer = read(image)

    assert answer.attestations == ()
    assert [item.code for item in answer.unread] == ["connectors.attachment-type"]


def test_other_bytes_than_named_are_refused(registry, read):
    image = registry.image()
    attached = registry.attach(image, registry.blob(bundle(), BUNDLE_TYPE))
    good = dict(registry.blobs), dict(registry.manifests)
    assert read(image).require()

    (layer,) = json.loads(registry.manifests[str(attached["digest"])])["layers"]
    registry.blobs[layer["digest"]] = bundle().replace(b"x", b"y")
    refused(lambda: read(image), "connectors.digest-mismatch")

    registry.blobs, registry.manifests = good
    key = str(attached["digest"])
    content = registry.manifests[key]
    document = content.replace(b'"schemaVersion":2', b'"schemaVersion":2 ')
    del registry.manifests[key]
    registry.lists = False
    registry.index(attached, tag=referrers_tag(digest(image)))
    registry.tags[key] = PushedDigest.of(document)
    registry.manifests[PushedDigest.of(document)] = document
    refused(lambda: read(image), "connectors.digest-mismatch")


class PushedDigest:
    @staticmethod
    def of(content: bytes) -> str:
        return "sha256:" + hashlib.sha256(content).hexdigest()


def test_a_size_that_is_not_that_of_the_bytes_is_refused(registry, read):
    image = registry.image()
    layer = registry.blob(bundle(), BUNDLE_TYPE)
    registry.attach(image, layer | {"size": len(bundle()) + 1})

    refused(lambda: read(image), "formats.blob-size")


def test_more_bytes_than_announced_are_not_even_received(registry, read):
    image = registry.image()
    layer = registry.blob(bundle(), BUNDLE_TYPE)
    registry.attach(image, layer | {"size": len(bundle()) - 1})

    with pytest.raises(HttpError) as caught:
        read(image)
    assert caught.value.code == "connectors.too-large"


def test_what_is_listed_but_gone_is_named(registry, read):
    image = registry.image()
    gone = registry.attach(image, registry.blob(bundle("gone"), BUNDLE_TYPE))
    kept = registry.attach(image, registry.blob(bundle("kept"), BUNDLE_TYPE))
    empty = registry.attach(image, registry.blob(bundle("lost"), BUNDLE_TYPE))
    registry.lists = False
    registry.index(gone, kept, empty, tag=referrers_tag(digest(image)))
    del registry.manifests[str(gone["digest"])]
    del registry.blobs[PushedDigest.of(bundle("lost"))]
    answer = read(image)

    assert [item.data for item in answer.attestations] == [bundle("kept")]
    assert [item.code for item in answer.unread] == ["connectors.image-not-found"] * 2


def test_a_tag_in_place_of_the_api_must_be_an_index(registry, read):
    image = registry.image()
    registry.lists = False
    registry.attach(image, registry.blob(bundle(), BUNDLE_TYPE), tag=referrers_tag(digest(image)))

    refused(lambda: read(image), "connectors.referrers-tag")


def test_an_answer_that_is_no_list_is_refused(registry, read):
    image = registry.image()

    def answer(request):
        if "/referrers/" in request.path:
            manifest = registry.manifests[str(image["digest"])]
            return 200, {"Content-Type": OCI_INDEX}, manifest
        return registry.answer(request)

    registry.server.answer = answer
    with pytest.raises(MalformedError):
        read(image)


def test_an_index_under_a_tag_of_cosign_is_not_followed(registry, read):
    image = registry.image()
    inner = registry.attach(None, registry.blob(envelope(), DSSE_TYPE))
    registry.index(inner, tag=tag_of(image, ".att"))
    answer = read(image)

    assert answer.attestations == ()
    assert [item.code for item in answer.unread] == ["connectors.attachment-type"]


def test_a_referring_manifest_that_is_tagged_as_well_counts_once(registry, read):
    image = registry.image()
    registry.attach(image, registry.blob(envelope(), DSSE_TYPE), tag=tag_of(image, ".att"))

    assert len(read(image).attestations) == 1


@pytest.mark.parametrize("about", ["no digest", "sha256:" + "0" * 64, None])
def test_an_attestation_manifest_about_nothing_in_the_index_is_named(registry, read, about):
    annotations = {"vnd.docker.reference.type": "attestation-manifest"}
    if about is not None:
        annotations["vnd.docker.reference.digest"] = about
    made = registry.attach(None, registry.blob(STATEMENT, STATEMENT_TYPE))
    registry.index(registry.image(), made | {"annotations": annotations}, tag="v1")
    answer = read("v1")

    assert answer.unsigned == ()
    assert [item.code for item in answer.unread] == ["connectors.attachment-type"]


def test_an_index_in_place_of_an_attestation_manifest_is_not_followed(registry, read):
    image = registry.image()
    inner = registry.index(registry.attach(None, registry.blob(STATEMENT, STATEMENT_TYPE)))
    annotations = {
        "vnd.docker.reference.type": "attestation-manifest",
        "vnd.docker.reference.digest": image["digest"],
    }
    registry.index(image, inner | {"annotations": annotations}, tag="v1")
    answer = read("v1")

    assert answer.unsigned == ()
    assert [item.code for item in answer.unread] == ["connectors.attachment-type"]


def test_an_sbom_and_an_attestation_manifest_that_are_gone_are_named(registry, read):
    image = registry.image()
    registry.attach(None, registry.blob(b"x", "text/spdx"), tag=tag_of(image, ".sbom"))
    del registry.blobs[PushedDigest.of(b"x")]
    gone = registry.attach(None, registry.blob(STATEMENT, STATEMENT_TYPE))
    del registry.manifests[str(gone["digest"])]
    annotations = {
        "vnd.docker.reference.type": "attestation-manifest",
        "vnd.docker.reference.digest": image["digest"],
    }
    registry.index(image, gone | {"annotations": annotations}, tag="v1")

    assert [item.code for item in read(image).unread] == ["connectors.image-not-found"]
    assert [item.code for item in read("v1").unread] == ["connectors.image-not-found"]


def test_a_later_page_that_is_no_list_is_refused(registry, read):
    image = registry.image()
    path = f"/v2/acme/api/referrers/{image['digest']}"
    manifest = registry.manifests[str(image["digest"])]

    def answer(request):
        if request.path.endswith("?page=2"):
            return 200, {"Content-Type": OCI_MANIFEST}, manifest
        if "/referrers/" in request.path:
            empty = b'{"schemaVersion":2,"manifests":[]}'
            headers = {"Content-Type": OCI_INDEX, "Link": f'<{path}?page=2>; rel="next"'}
            return 200, headers, empty
        return registry.answer(request)

    registry.server.answer = answer
    refused(lambda: read(image), "connectors.referrers-list")


# Registries that never end.


def paging(registry, link):
    """Make each page of the list lead to another one."""
    empty = json.dumps({"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": []}).encode()

    def answer(request):
        if "/referrers/" in request.path:
            return 200, {"Content-Type": OCI_INDEX, "Link": link(request)}, empty
        return registry.answer(request)

    registry.server.answer = answer


def test_pages_without_end_are_refused(registry, read):
    image = registry.image()
    path = f"/v2/acme/api/referrers/{image['digest']}"
    paging(registry, lambda _: f'<{path}?n={len(registry.server.seen)}>; rel="next"')

    refused(lambda: read(image, limits=AttestationLimits(pages=5)), "connectors.referrers-pages")
    assert sum("/referrers/" in item.path for item in registry.server.seen) <= 6


def test_pages_in_a_circle_are_refused(registry, read):
    image = registry.image()
    paging(registry, lambda request: f"<{request.path}>; rel=next")

    refused(lambda: read(image), "connectors.referrers-pages")
    assert sum("/referrers/" in item.path for item in registry.server.seen) == 2


def test_a_page_on_another_server_is_not_asked_for(registry, read, other_server):
    image = registry.image()
    paging(registry, lambda request: f'<{other_server.url}{request.path}>; rel="next"')

    refused(lambda: read(image), "connectors.referrers-link")
    assert other_server.seen == []


@pytest.mark.parametrize(
    "target",
    ["/v2/acme/api/referrers/sha256:" + "0" * 64, "/v2/acme/other/tags/list", "http://[broken"],
)
def test_a_page_of_another_list_is_not_asked_for(registry, read, target):
    image = registry.image()
    paging(registry, lambda _: f'<{target}>; rel="next"')

    with pytest.raises(VerificationError) as caught:
        read(image)
    assert caught.value.code in {"connectors.referrers-link", "connectors.link"}


@pytest.mark.parametrize(
    "link", ["next", "<", "<a>; rel=next b", '<a>; rel="next', "<a>; rel=next, <b>; rel=next"]
)
def test_a_link_that_cannot_be_read_is_refused(registry, read, link):
    image = registry.image()
    paging(registry, lambda _: link)

    refused(lambda: read(image), "connectors.link")


@pytest.mark.parametrize(
    "link",
    ['<x>; rel="prev"', '<x>; title="a, b"; rel="first", <y>; rel=last', "<x>"],
)
def test_other_links_are_no_next_page(registry, read, link):
    image = registry.image()
    paging(registry, lambda _: link)

    assert read(image).attestations == ()


def test_thousands_of_referrers_are_refused_before_any_is_read(registry, read):
    image = registry.image()
    for number in range(6):
        registry.attach(image, registry.blob(bundle(str(number)), BUNDLE_TYPE))
    registry.page = 2
    limits = AttestationLimits(manifests=5)

    refused(lambda: read(image, limits=limits), "connectors.attachments-too-many")
    assert sum("/blobs/" in item.path for item in registry.server.seen) == 0


@pytest.mark.parametrize("suffix", [".sig", ".att", ".sbom"])
def test_thousands_of_layers_are_refused_before_any_is_read(registry, read, suffix):
    image = registry.image()
    layer = registry.blob(envelope(), DSSE_TYPE)
    registry.attach(None, *([layer] * 5000), tag=tag_of(image, suffix))

    refused(lambda: read(image), "connectors.attachments-too-many")
    assert sum("/blobs/" in item.path for item in registry.server.seen) == 0


def test_a_layer_of_gigabytes_is_named_and_not_asked_for(registry, read):
    image = registry.image()
    layer = registry.blob(bundle(), BUNDLE_TYPE)
    registry.attach(image, layer | {"size": 1 << 40})
    answer = read(image)

    assert [item.code for item in answer.unread] == ["connectors.attachment-too-large"]
    assert sum("/blobs/" in item.path for item in registry.server.seen) == 0
    with pytest.raises(NotFoundError, match="attachment-too-large"):
        answer.require()


def test_a_manifest_of_gigabytes_is_named_and_not_asked_for(registry, read):
    image = registry.image()
    attached = registry.attach(image, registry.blob(bundle(), BUNDLE_TYPE))
    registry.lists = False
    registry.index(attached | {"size": 1 << 40}, tag=referrers_tag(digest(image)))

    assert [item.code for item in read(image).unread] == ["connectors.attachment-too-large"]


def test_all_attestations_together_have_a_limit(registry, read):
    image = registry.image()
    for number in range(4):
        registry.attach(image, registry.blob(bundle(str(number)), BUNDLE_TYPE))
    assert len(read(image).attestations) == 4
    limits = AttestationLimits(total_bytes=3 * len(bundle()))

    refused(lambda: read(image, limits=limits), "connectors.attachments-too-large")


# Tags that move.


def test_a_tag_that_moves_while_it_is_read_changes_nothing(registry, read):
    first, second = registry.image("amd64", "v1"), registry.image("arm64")
    registry.attach(first, registry.blob(bundle("first"), BUNDLE_TYPE))
    registry.attach(second, registry.blob(bundle("second"), BUNDLE_TYPE))

    def answer(request):
        given = registry.answer(request)
        registry.tags["v1"] = str(second["digest"])  # from the first answer on
        return given

    registry.server.answer = answer
    found = read("v1")

    assert found.subject == digest(first)
    assert [item.data for item in found.attestations] == [bundle("first")]
    asked = [item.path for item in registry.server.seen if item.path.endswith("/v1")]
    assert len(asked) == 1


# Debian's registry, which lists nothing.


def push(host: str, path: str, content: bytes, media_type: str) -> None:
    connection = http.client.HTTPConnection(host, timeout=10)
    try:
        connection.request("PUT", path, body=content, headers={"Content-Type": media_type})
        response = connection.getresponse()
        assert response.status < 300, response.read()
    finally:
        connection.close()


def push_blob(host: str, content: bytes) -> dict[str, object]:
    connection = http.client.HTTPConnection(host, timeout=10)
    try:
        connection.request("POST", "/v2/acme/api/blobs/uploads/")
        response = connection.getresponse()
        response.read()
        parts = urlsplit(response.headers["Location"])
    finally:
        connection.close()
    named = PushedDigest.of(content)
    push(host, f"{parts.path}?{parts.query}&digest={named}", content, "application/octet-stream")
    return {"digest": named, "size": len(content)}


def test_a_real_registry_without_the_api_is_read_through_tags(open_registry, image, http_client):
    host = open_registry
    subject = image.manifests["arm64"]
    named = PushedDigest.of(subject)
    config = push_blob(host, b"{}") | {"mediaType": "application/vnd.oci.empty.v1+json"}

    def manifest(layer: bytes, media_type: str, **more: object) -> bytes:
        layers = [push_blob(host, layer) | {"mediaType": media_type}]
        document = {"schemaVersion": 2, "mediaType": OCI_MANIFEST, "config": config}
        return json.dumps(document | {"layers": layers} | more).encode()

    attached = manifest(
        bundle(),
        BUNDLE_TYPE,
        artifactType=BUNDLE_TYPE,
        subject={"mediaType": OCI_MANIFEST, "digest": named, "size": len(subject)},
    )
    at = f"/v2/acme/api/manifests/{PushedDigest.of(attached)}"
    push(host, at, attached, OCI_MANIFEST)
    entry = {
        "mediaType": OCI_MANIFEST,
        "digest": PushedDigest.of(attached),
        "size": len(attached),
    }
    index = json.dumps({"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": [entry]})
    tag = named.replace(":", "-")
    push(host, f"/v2/acme/api/manifests/{tag}", index.encode(), OCI_INDEX)
    att = manifest(envelope(), DSSE_TYPE)
    push(host, f"/v2/acme/api/manifests/{tag}.att", att, OCI_MANIFEST)

    found = attestations_of(
        RegistryClient(http_client), ImageReference.parse(f"{host}/acme/api:arm64")
    )
    assert str(found.subject) == named
    assert [(item.kind, item.data) for item in found.require()] == [
        (AttestationKind.BUNDLE, bundle()),
        (AttestationKind.ENVELOPE, envelope()),
    ]


def test_the_tag_in_place_of_the_api_is_cut_as_specified():
    assert referrers_tag(Digest("sha256", "ab" * 32)) == "sha256-" + "ab" * 32
    assert referrers_tag(Digest("sha512", "ab" * 64)) == "sha512-" + "ab" * 32


def test_an_unreadable_list_is_our_own_error(registry, read):
    image = registry.image()
    for body in (b"", b"{", b"[]", b'{"schemaVersion":2,"manifests":[{}]}', b"\xff"):
        registry.server.answer = lambda request, body=body: (
            (200, {"Content-Type": OCI_INDEX}, body)
            if "/referrers/" in request.path
            else registry.answer(request)
        )
        with pytest.raises((AttachmentError, MalformedError)):
            read(image)
