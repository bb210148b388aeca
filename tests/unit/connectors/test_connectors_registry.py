"""Registries: a real one with each kind of access, and one that lies."""

import hashlib
import json

import pytest

from gatebook.connectors.credentials import Credential, FixedCredential
from gatebook.connectors.http import HttpError, HttpResponse
from gatebook.connectors.registry import RegistryClient
from gatebook.connectors.registry_auth import RegistryAuth, parse_challenges
from gatebook.digest import Digest
from gatebook.errors import MalformedError, NotFoundError, VerificationError
from gatebook.formats.oci import ImageReference, Platform

OCI_INDEX = "application/vnd.oci.image.index.v1+json"
OCI_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
EMPTY_INDEX = b'{"schemaVersion":2,"mediaType":"%s","manifests":[]}' % OCI_INDEX.encode()
AMD64 = Platform.parse("linux/amd64")


def sha256(content: bytes) -> Digest:
    return Digest("sha256", hashlib.sha256(content).hexdigest())


def ana(registry: str, password: str = "sesame") -> FixedCredential:  # noqa: S107  # a test's word
    return FixedCredential(
        registry=registry, credential=Credential(username="ana", password=password)
    )


def test_a_tag_stands_for_an_index(open_registry, image, http_client):
    found = RegistryClient(http_client).resolve(
        ImageReference.parse(f"{open_registry}/acme/api:v1")
    )

    assert found.digest == sha256(image.index)
    assert found.is_index
    assert found.media_type == OCI_INDEX
    assert found.size == len(image.index)
    assert str(found.pinned) == f"{open_registry}/acme/api@{sha256(image.index)}"


def test_a_tag_stands_for_one_platform(open_registry, image, http_client):
    reference = ImageReference.parse(f"{open_registry}/acme/api:arm64")
    found = RegistryClient(http_client).resolve(reference)

    assert found.digest == sha256(image.manifests["arm64"])
    assert not found.is_index
    assert found.media_type == OCI_MANIFEST


def test_a_digest_stands_for_itself(open_registry, image, http_client):
    digest = sha256(image.index)
    found = RegistryClient(http_client).resolve(
        ImageReference.parse(f"{open_registry}/acme/api@{digest}")
    )

    assert found.digest == digest


def test_a_platform_is_followed_and_both_digests_are_reported(open_registry, image, http_client):
    client = RegistryClient(http_client)
    reference = ImageReference.parse(f"{open_registry}/acme/api:v1")

    found = client.resolve(reference, platform=AMD64)
    assert found.digest == sha256(image.manifests["amd64"])
    assert found.index_digest == sha256(image.index)
    assert not found.is_index
    with pytest.raises(NotFoundError):
        client.resolve(reference, platform=Platform.parse("windows/amd64"))


def test_a_single_manifest_is_held_to_the_platform_of_its_configuration(
    open_registry, image, http_client
):
    client = RegistryClient(http_client)
    reference = ImageReference.parse(f"{open_registry}/acme/api:amd64")

    assert client.resolve(reference, platform=AMD64).digest == sha256(image.manifests["amd64"])
    with pytest.raises(NotFoundError, match="linux/amd64"):
        client.resolve(reference, platform=Platform.parse("linux/arm64"))


def test_a_blob_is_read_and_checked(open_registry, image, http_client):
    client = RegistryClient(http_client)
    reference = ImageReference.parse(f"{open_registry}/acme/api")

    assert client.blob(reference, sha256(image.layer), limit=10_000) == image.layer
    with pytest.raises(HttpError) as error:
        client.blob(reference, sha256(image.layer), limit=100)
    assert error.value.code == "connectors.too-large"


@pytest.mark.usefixtures("image")
@pytest.mark.usefixtures("image")
@pytest.mark.parametrize(
    "name", ["acme/api:absent", "acme/other:v1", "acme/api@sha256:" + "0" * 64]
)
def test_what_is_not_there_is_not_found(open_registry, http_client, name):
    with pytest.raises(NotFoundError) as error:
        RegistryClient(http_client).resolve(ImageReference.parse(f"{open_registry}/{name}"))
    assert error.value.code == "connectors.image-not-found"


@pytest.fixture
def basic_registry(start_registry, tmp_path) -> str:
    file = tmp_path / "htpasswd"
    # "ana" with the password "sesame", bcrypt with cost 4, as htpasswd -B writes it.
    file.write_text("ana:$2b$04$IP/US1/8UYaGdQ.ZLsS4/.pKCRi6w2E7nDzNRaQfSkhHUT8N/qM8K\n")
    return str(start_registry(auth={"htpasswd": {"realm": "test", "path": str(file)}}))


def test_a_password_opens_a_registry_that_asks_for_one(basic_registry, image, http_client):
    reference = ImageReference.parse(f"{basic_registry}/acme/api:v1")

    client = RegistryClient(http_client, ana(basic_registry))
    assert client.resolve(reference).digest == sha256(image.index)
    assert client.resolve(reference).digest == sha256(image.index)


@pytest.mark.usefixtures("image")
def test_no_password_or_a_wrong_one_opens_nothing(basic_registry, http_client):
    reference = ImageReference.parse(f"{basic_registry}/acme/api:v1")

    for client in (
        RegistryClient(http_client),
        RegistryClient(http_client, ana("other.example")),
        RegistryClient(http_client, ana(basic_registry, "wrong")),
    ):
        with pytest.raises(HttpError) as error:
            client.resolve(reference)
        assert error.value.code == "connectors.unauthorized"


@pytest.fixture
def token_registry(start_registry, token_server, certificate) -> str:
    return str(
        start_registry(
            auth={
                "token": {
                    "realm": token_server.url,
                    "service": "registry-test",
                    "issuer": "token-test",
                    "rootcertbundle": str(certificate.file),
                }
            }
        )
    )


def test_a_token_is_bought_once_for_one_right(token_registry, token_server, image, http_client):
    client = RegistryClient(http_client, ana(token_registry))
    reference = ImageReference.parse(f"{token_registry}/acme/api:v1")

    assert client.resolve(reference, platform=AMD64).index_digest == sha256(image.index)
    assert len(token_server.seen) == 1
    assert "scope=repository%3Aacme%2Fapi%3Apull" in token_server.seen[0].path


def test_an_identity_token_buys_a_token(token_registry, token_server, image, http_client):
    credential = FixedCredential(
        registry=token_registry,
        credential=Credential(identity_token="identity of ana"),  # noqa: S106  # a test's word
    )
    client = RegistryClient(http_client, credential)

    found = client.resolve(ImageReference.parse(f"{token_registry}/acme/api:v1"))
    assert found.digest == sha256(image.index)
    assert token_server.seen[0].method == "POST"


@pytest.mark.usefixtures("image")
def test_no_credential_buys_no_token(token_registry, http_client):
    with pytest.raises(HttpError) as error:
        RegistryClient(http_client).resolve(ImageReference.parse(f"{token_registry}/acme/api:v1"))
    assert error.value.code == "connectors.unauthorized"


def serve(server, body: bytes, **headers: str) -> ImageReference:
    named = {"Content-Type": OCI_INDEX} | {k.replace("_", "-"): v for k, v in headers.items()}
    server.answer = lambda _: (200, named, body)
    return ImageReference.parse(f"{server.host}/acme/api:v1")


def test_a_registry_that_tells_the_truth_is_believed(server, http_client):
    reference = serve(server, EMPTY_INDEX, Docker_Content_Digest=str(sha256(EMPTY_INDEX)))

    assert RegistryClient(http_client).resolve(reference).digest == sha256(EMPTY_INDEX)


def test_a_registry_that_claims_another_digest_is_not_believed(server, http_client):
    reference = serve(server, EMPTY_INDEX, Docker_Content_Digest="sha256:" + "0" * 64)

    with pytest.raises(VerificationError) as error:
        RegistryClient(http_client).resolve(reference)
    assert error.value.code == "connectors.digest-mismatch"


def test_a_registry_that_gives_other_bytes_than_asked_for_is_not_believed(server, http_client):
    claimed = "sha256:" + "0" * 64
    reference = serve(server, EMPTY_INDEX, Docker_Content_Digest=claimed)

    with pytest.raises(VerificationError):
        RegistryClient(http_client).resolve(reference.at(Digest.parse(claimed)))
    with pytest.raises(VerificationError):
        RegistryClient(http_client).blob(reference, Digest.parse(claimed), limit=1000)


def test_other_bytes_without_a_claim_are_not_believed_either(server, http_client):
    reference = serve(server, EMPTY_INDEX)

    assert RegistryClient(http_client).resolve(reference.at(sha256(EMPTY_INDEX))).is_index
    with pytest.raises(VerificationError) as error:
        RegistryClient(http_client).resolve(reference.at(sha256(b"other")))
    assert error.value.code == "connectors.digest-mismatch"


def test_a_digest_of_another_algorithm_is_checked_with_it(server, http_client):
    digest = Digest("sha512", hashlib.sha512(EMPTY_INDEX).hexdigest())
    reference = serve(server, EMPTY_INDEX, Docker_Content_Digest=str(digest)).at(digest)

    assert RegistryClient(http_client).resolve(reference).digest == digest


@pytest.mark.parametrize("claim", ["", "nonsense", "md5:" + "0" * 32])
def test_a_claim_that_is_no_digest_is_refused(server, http_client, claim):
    with pytest.raises(MalformedError):
        RegistryClient(http_client).resolve(serve(server, EMPTY_INDEX, Docker_Content_Digest=claim))


@pytest.mark.parametrize(
    ("body", "media_type"),
    [
        (EMPTY_INDEX, OCI_MANIFEST),
        (
            b'{"schemaVersion":1,"fsLayers":[]}',
            "application/vnd.docker.distribution.manifest.v1+json",
        ),
        (b"<html>", "text/html"),
        (b"", OCI_INDEX),
        (b"[" * 50_000, OCI_INDEX),
    ],
)
def test_what_is_no_manifest_is_refused(server, http_client, body, media_type):
    with pytest.raises(MalformedError):
        RegistryClient(http_client).resolve(serve(server, body, Content_Type=media_type))


def test_a_manifest_of_another_size_than_the_index_says_is_refused(server, http_client):
    child = EMPTY_INDEX.replace(b'"manifests":[]', b'"config":{},"layers":[]')
    entry = {
        "mediaType": OCI_MANIFEST,
        "digest": str(sha256(child)),
        "size": len(child) + 1,
        "platform": {"os": "linux", "architecture": "amd64"},
    }
    child = child.replace(
        b"{}", json.dumps({k: v for k, v in entry.items() if k != "platform"}).encode()
    )
    child = child.replace(OCI_INDEX.encode(), OCI_MANIFEST.encode())
    entry["digest"] = str(sha256(child))
    top = json.dumps({"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": [entry]}).encode()
    server.answer = lambda request: (
        (200, {"Content-Type": OCI_INDEX}, top)
        if request.path.endswith("/v1")
        else (200, {"Content-Type": OCI_MANIFEST}, child)
    )

    with pytest.raises(MalformedError) as error:
        RegistryClient(http_client).resolve(
            ImageReference.parse(f"{server.host}/acme/api:v1"), platform=AMD64
        )
    assert error.value.code == "formats.blob-size"


def test_plain_http_is_for_this_machine_and_named_hosts(http_client):
    client = RegistryClient(http_client, plain_http=["registry.example:5000"])

    assert client._base("registry.example:5000") == "http://registry.example:5000"
    assert client._base("registry.example") == "https://registry.example"
    assert client._base("localhost:5000") == "http://localhost:5000"
    assert client._base("[::1]:5000") == "http://[::1]:5000"
    assert client._base("docker.io") == "https://registry-1.docker.io"


def refusal(url: str, header: str) -> HttpResponse:
    return HttpResponse(url=url, status=401, headers={"www-authenticate": header}, body=b"")


@pytest.mark.parametrize(
    "realm",
    [
        "http://auth.example/token",
        "http://127.0.0.1:1/token",
        "file:///etc/passwd",
        "https://user:word@auth.example/token",
        "",
    ],
)
def test_no_token_is_bought_without_tls_for_a_registry_with_it(http_client, realm):
    url = "https://registry.example/v2/acme/api/manifests/v1"
    auth = RegistryAuth(http_client, ana("registry.example"))

    with pytest.raises(HttpError) as error:
        auth.answer(
            ImageReference.parse("registry.example/acme/api:v1"),
            url,
            refusal(url, f'Bearer realm="{realm}",service="s"'),
        )
    assert error.value.code in {"connectors.token-realm", "connectors.url"}


def test_a_server_redirected_to_is_given_no_credential(http_client):
    auth = RegistryAuth(http_client, ana("registry.example"))

    with pytest.raises(HttpError, match="another server"):
        auth.answer(
            ImageReference.parse("registry.example/acme/api:v1"),
            "https://registry.example/v2/",
            refusal("https://evil.example/v2/", "Basic"),
        )


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"[]",
        b"{}",
        b'{"token":7}',
        b'{"token":""}',
        b'{"token":"a b"}',
        b'{"token":"a\\r\\nX-Evil: 1"}',
        b'{"token":"' + b"a" * 40_000 + b'"}',
        b'{"token":"a","token":"b"}',
    ],
)
def test_a_token_that_cannot_be_sent_is_refused(server, other_server, http_client, answer):
    server.answer = lambda _: (
        401,
        {"WWW-Authenticate": f'Bearer realm="{other_server.url}/t"'},
        b"",
    )
    other_server.answer = lambda _: (200, {}, answer)

    with pytest.raises(MalformedError):
        RegistryClient(http_client).resolve(ImageReference.parse(f"{server.host}/acme/api:v1"))


def test_a_huge_token_answer_is_refused(server, other_server, http_client):
    challenge = {"WWW-Authenticate": f'Bearer realm="{other_server.url}/t"'}
    server.answer = lambda _: (401, challenge, b"")
    other_server.answer = lambda _: (200, {}, b'{"token":"' + b"a" * 10_000_000 + b'"}')

    with pytest.raises(HttpError) as error:
        RegistryClient(http_client).resolve(ImageReference.parse(f"{server.host}/acme/api:v1"))
    assert error.value.code == "connectors.too-large"


def test_a_token_that_ran_out_is_bought_again(server, other_server, http_client):
    challenge = {"WWW-Authenticate": f'Bearer realm="{other_server.url}/t",service="s"'}
    valid = ["Bearer first"]
    tokens = iter([b"first", b"second"])
    server.answer = lambda request: (
        (200, {"Content-Type": OCI_INDEX}, EMPTY_INDEX)
        if request.headers.get("authorization") in valid
        else (401, challenge, b"")
    )
    other_server.answer = lambda _: (200, {}, b'{"token":"%s"}' % next(tokens))
    client = RegistryClient(http_client)
    reference = ImageReference.parse(f"{server.host}/acme/api:v1")

    client.resolve(reference)
    valid[0] = "Bearer second"
    assert client.resolve(reference).digest == sha256(EMPTY_INDEX)


def test_challenges_are_read():
    found = parse_challenges(
        'Bearer realm="https://a.example/t?x=1,2",service="a \\"b\\"",scope=x, Basic realm="r"'
    )

    assert [item.scheme for item in found] == ["bearer", "basic"]
    assert dict(found[0].parameters) == {
        "realm": "https://a.example/t?x=1,2",
        "service": 'a "b"',
        "scope": "x",
    }
    assert parse_challenges("") == ()
    assert [item.scheme for item in parse_challenges("Negotiate, Basic")] == ["negotiate", "basic"]


@pytest.mark.parametrize(
    "header",
    ['Bearer realm="a', 'Bearer realm="a",realm="b"', "=", 'Bearer realm="a" x', "B " * 5000],
)
def test_a_challenge_with_two_readings_is_refused(header):
    with pytest.raises(MalformedError):
        parse_challenges(header)
