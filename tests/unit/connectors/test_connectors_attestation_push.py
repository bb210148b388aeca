"""A bundle attached to an image is found again by whoever looks for it."""

import base64
import json

import pytest

from gatebook.clock import Instant
from gatebook.connectors.attestation_push import push_attestation
from gatebook.connectors.attestation_sources import AttachmentError
from gatebook.connectors.credentials import Credential, FixedCredential
from gatebook.connectors.http import HttpError
from gatebook.connectors.referrers import attestations_of, referrers_tag
from gatebook.connectors.registry import RegistryClient
from gatebook.digest import Digest, sha256
from gatebook.errors import ConflictError, MalformedError, NotFoundError, UsageError
from gatebook.formats.oci import ImageReference

OCI_INDEX = "application/vnd.oci.image.index.v1+json"
OCI_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
BUNDLE_TYPE = "application/vnd.dev.sigstore.bundle.v0.3+json"
NOW = Instant.parse("2026-11-20T12:00:00Z")
PREDICATE = "https://slsa.dev/provenance/v1"


def bundle(mark: str = "x", **more: object) -> bytes:
    statement = {
        "_type": "https://in-toto.io/Statement/v1",
        "subject": [{"name": mark, "digest": {"sha256": "0" * 64}}],
        "predicateType": PREDICATE,
        "predicate": {},
    }
    document = {
        "mediaType": BUNDLE_TYPE,
        "verificationMaterial": {"publicKey": {"hint": mark}},
        "dsseEnvelope": {
            "payload": base64.b64encode(json.dumps(statement).encode()).decode(),
            "payloadType": "application/vnd.in-toto+json",
            "signatures": [{"sig": "AAAA"}],
        },
    }
    return json.dumps(document | more, indent=1).encode()


@pytest.fixture
def registry(referrers_registry):
    return referrers_registry


@pytest.fixture
def target(registry):
    made = registry.image()
    return ImageReference.parse(f"{registry.host}/acme/api@{made['digest']}")


@pytest.fixture
def client(http_client):
    return RegistryClient(http_client)


def listed(registry, target: ImageReference) -> list[dict[str, object]]:
    assert target.digest is not None
    content = registry.manifests[registry.tags[referrers_tag(target.digest)]]
    return json.loads(content)["manifests"]


def test_a_bundle_is_attached_as_cosign_attaches_it(registry, target, client):
    pushed = push_attestation(client, target, bundle(), created=NOW)
    manifest = json.loads(registry.manifests[str(pushed.manifest)])

    assert manifest["artifactType"] == BUNDLE_TYPE
    assert manifest["config"] == {
        "mediaType": "application/vnd.oci.empty.v1+json",
        "digest": "sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a",
        "size": 2,
    }
    (layer,) = manifest["layers"]
    assert layer["mediaType"] == BUNDLE_TYPE
    assert registry.blobs[layer["digest"]] == bundle()
    assert manifest["subject"]["digest"] == str(target.digest)
    assert manifest["annotations"] == {
        "dev.sigstore.bundle.content": "dsse-envelope",
        "dev.sigstore.bundle.predicateType": PREDICATE,
        "org.opencontainers.image.created": str(NOW),
    }
    assert (pushed.subject, pushed.bundle, pushed.tag) == (target.digest, sha256(bundle()), None)
    assert registry.tags == {}

    (found,) = attestations_of(client, target).require()
    assert found.data == bundle()


def test_a_signature_over_a_file_says_so(registry, target, client):
    document = json.loads(bundle())
    del document["dsseEnvelope"]
    signed = json.dumps(document | {"messageSignature": {"signature": "AAAA"}}).encode()
    pushed = push_attestation(client, target, signed, created=NOW)
    manifest = json.loads(registry.manifests[str(pushed.manifest)])

    assert manifest["annotations"]["dev.sigstore.bundle.content"] == "message-signature"


def test_where_the_registry_lists_nothing_the_tag_is_kept(registry, target, client):
    registry.lists = False
    for mark in ("a", "b"):
        pushed = push_attestation(client, target, bundle(mark), created=NOW)
        assert pushed.tag == referrers_tag(pushed.subject)
    entries = listed(registry, target)

    assert len(entries) == 2
    assert entries[1]["digest"] == str(pushed.manifest)
    assert entries[1]["artifactType"] == BUNDLE_TYPE
    assert entries[1]["annotations"]["dev.sigstore.bundle.predicateType"] == PREDICATE
    assert {item.data for item in attestations_of(client, target).require()} == {
        bundle("a"),
        bundle("b"),
    }


def test_what_others_listed_stays_as_it_was(registry, target, client):
    registry.lists = False
    other = {"mediaType": OCI_MANIFEST, "digest": "sha256:" + "1" * 64, "size": 7, "new": {"x": 1}}
    document = {"mediaType": OCI_INDEX, "manifests": [other], "annotations": {"odd key": "ü"}}
    registry.manifest(document, referrers_tag(target.digest))
    push_attestation(client, target, bundle(), created=NOW)
    content = registry.manifests[registry.tags[referrers_tag(target.digest)]]

    assert json.loads(content)["annotations"] == {"odd key": "ü"}
    assert listed(registry, target)[0] == other


def test_doing_it_twice_is_doing_it_once(registry, target, client):
    registry.lists = False
    first = push_attestation(client, target, bundle(), created=NOW)
    manifests = dict(registry.manifests)

    assert push_attestation(client, target, bundle(), created=NOW) == first
    assert registry.manifests == manifests


def test_an_entry_that_another_writer_removed_is_written_again(registry, target, client):
    registry.lists = False
    lost = []

    def answer(request):
        given = registry.answer(request)
        if request.method == "PUT" and referrers_tag(target.digest) in request.path and not lost:
            lost.append(request.path)
            del registry.tags[referrers_tag(target.digest)]
        return given

    registry.server.answer = answer
    pushed = push_attestation(client, target, bundle(), created=NOW)

    assert lost
    assert [item["digest"] for item in listed(registry, target)] == [str(pushed.manifest)]


def test_a_list_that_others_keep_changing_is_given_up(registry, target, client):
    registry.lists = False

    def answer(request):
        given = registry.answer(request)
        registry.tags.pop(referrers_tag(target.digest), None)
        return given

    registry.server.answer = answer
    with pytest.raises(ConflictError) as caught:
        push_attestation(client, target, bundle(), created=NOW)
    assert caught.value.code == "connectors.referrers-busy"


def test_a_tag_that_is_no_list_is_left_alone(registry, target, client):
    registry.lists = False
    tag = referrers_tag(target.digest)
    registry.image("arm64", tag)
    before = registry.tags[tag]

    with pytest.raises(AttachmentError) as caught:
        push_attestation(client, target, bundle(), created=NOW)
    assert caught.value.code == "connectors.referrers-tag"
    assert registry.tags[tag] == before


def test_a_list_that_is_full_is_left_alone(registry, target, client):
    registry.lists = False
    entry = {"mediaType": OCI_MANIFEST, "digest": "sha256:" + "1" * 64, "size": 7}
    long = {"mediaType": OCI_INDEX, "manifests": [entry], "annotations": {"x": "y" * 4_193_800}}
    registry.manifest(long, referrers_tag(target.digest))
    before = registry.tags[referrers_tag(target.digest)]

    with pytest.raises(AttachmentError) as caught:
        push_attestation(client, target, bundle(), created=NOW)
    assert caught.value.code == "connectors.attachments-too-many"
    assert registry.tags[referrers_tag(target.digest)] == before


def test_nothing_is_attached_to_a_tag(registry, client):
    registry.image("amd64", "v1")
    with pytest.raises(UsageError) as caught:
        push_attestation(
            client,
            ImageReference.parse(f"{registry.host}/acme/api:v1"),
            bundle(),
            created=NOW,
        )
    assert caught.value.code == "connectors.push-without-digest"
    assert registry.server.seen == []


def test_nothing_is_attached_to_an_image_that_is_not_there(registry, target, client):
    absent = target.at(Digest("sha256", "0" * 64))
    with pytest.raises(NotFoundError):
        push_attestation(client, absent, bundle(), created=NOW)
    assert {item.method for item in registry.server.seen} == {"GET"}


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"no JSON",
        json.dumps(json.loads(bundle())["dsseEnvelope"]).encode(),
        bundle(mediaType="application/vnd.dev.sigstore.bundle+json;version=0.1"),
        bundle(dsseEnvelope={"payload": "", "payloadType": "x", "signatures": []}),
        bundle(dsseEnvelope="text"),
    ],
)
def test_only_a_bundle_of_the_current_version_is_attached(registry, target, client, data):
    with pytest.raises((MalformedError, UsageError)):
        push_attestation(client, target, data, created=NOW)
    assert registry.server.seen == []


@pytest.mark.parametrize(
    ("asked", "given", "code"),
    [
        ("POST /uploads/", (202, {}, b""), "connectors.upload"),
        ("POST /uploads/", (202, {"Location": "http://[x"}, b""), "connectors.upload"),
        (
            "POST /uploads/",
            (202, {"Location": "http://127.0.0.1:9/"}, b""),
            "connectors.foreign-url",
        ),
        ("POST /uploads/", (403, {}, b""), "connectors.unauthorized"),
        (
            "PUT /manifests/",
            (201, {"Docker-Content-Digest": "sha256:00"}, b""),
            "connectors.push-changed",
        ),
        ("PUT /manifests/", (400, {}, b"no"), "connectors.http-status"),
        ("PUT /blobs/", (500, {}, b""), "connectors.http-status"),
        ("HEAD /blobs/", (500, {}, b""), "connectors.http-status"),
    ],
)
def test_a_registry_that_does_not_keep_it_is_an_error(registry, target, client, asked, given, code):  # noqa: PLR0917  # three fixtures, three parameters
    method, _, part = asked.partition(" ")

    def answer(request):
        if request.method == method and part in request.path:
            return given
        return registry.answer(request)

    registry.server.answer = answer
    with pytest.raises(HttpError) as caught:
        push_attestation(client, target, bundle(), created=NOW)
    assert caught.value.code == code


def test_the_right_to_push_is_asked_for_only_when_pushing(
    start_registry, image, token_server, certificate, http_client
):
    host = start_registry(
        auth={
            "token": {
                "realm": token_server.url,
                "service": "test",
                "issuer": "token-test",
                "rootcertbundle": str(certificate.file),
            }
        }
    )
    ana = FixedCredential(registry=host, credential=Credential(username="ana", password="sesame"))  # noqa: S106  # a test's word
    client = RegistryClient(http_client, ana)
    reference = ImageReference.parse(f"{host}/acme/api@{sha256(image.manifests['amd64'])}")
    assert attestations_of(client, reference).attestations == ()
    assert ["push" in item.path for item in token_server.seen] == [False]

    pushed = push_attestation(client, reference, bundle(), created=NOW)

    assert ["push" in item.path for item in token_server.seen] == [False, True]
    assert "repository%3Aacme%2Fapi%3Apull%2Cpush" in token_server.seen[1].path
    assert pushed.tag == referrers_tag(pushed.subject)
    (found,) = attestations_of(client, reference).require()
    assert found.data == bundle()
    with pytest.raises(HttpError) as caught:
        push_attestation(RegistryClient(http_client), reference, bundle("y"), created=NOW)
    assert caught.value.code == "connectors.unauthorized"
