"""Images in a real registry: what one of cosign and Gatebook attaches, the other believes.

The registry has no referrers API, so both keep the tag that stands in its place. The old tags
``.sig`` and ``.att`` are written by cosign only.
"""

import json
from collections.abc import Sequence
from typing import Any

import pytest

from gatebook.connectors.attestation_push import push_attestation
from gatebook.connectors.attestation_sources import AttachmentError, NoAttestationError
from gatebook.connectors.referrers import attestations_of, referrers_tag
from gatebook.errors import VerificationError
from gatebook.formats.image_reference import ImageReference
from gatebook.trust.received import SIGNATURE_TYPE
from gatebook.trust.refusals import NoValidSignatureError, SubjectMismatchError
from gatebook.trust.signing.bundles import sign_bundle
from gatebook.trust.signing.signers import LocalSigner, generate_key_pair

pytestmark = pytest.mark.interop

NO_LOG = "--insecure-ignore-tlog"
OLD = (
    *("--key", "cosign.key", "--use-signing-config=false", "--tlog-upload=false"),
    *("--new-bundle-format=false", "--yes"),
)


@pytest.fixture
def cosign(cosign: Any) -> Any:
    """cosign in a directory that has its key pair, somebody else's public key, and a predicate."""
    cosign.accepts("generate-key-pair")
    cosign.write("somebody.pub", generate_key_pair()[1])
    cosign.write("predicate.json", b'{"result": "looked at"}')
    return cosign


@pytest.fixture
def image(registry: Any) -> ImageReference:
    made = registry.image()
    assert isinstance(made, ImageReference)
    return made


@pytest.fixture
def other(registry: Any) -> ImageReference:
    made = registry.image()
    assert isinstance(made, ImageReference)
    return made


def our_signer(cosign: Any, desk: Any) -> LocalSigner:
    return LocalSigner.from_pem(cosign.read("cosign.key"), password=lambda: desk.password)


def verified(desk: Any, documents: Sequence[bytes], image: ImageReference, root: Any) -> list[str]:
    """The predicate types of what verifies; every document has to."""
    found = [desk.verify(each, image.digest, root) for each in documents]
    return sorted(each.statement.predicate_type for each in found)


def verify_attestation(desk: Any, *, key: str = "cosign.pub") -> tuple[str, ...]:
    return ("verify-attestation", NO_LOG, "--key", key, "--type", desk.review)


class TestWhatWeAttach:
    def test_cosign_finds_and_verifies_it(
        self, cosign: Any, desk: Any, registry: Any, image: Any, other: Any
    ) -> None:
        bundle = sign_bundle(desk.statement(image.digest), our_signer(cosign, desk))
        pushed = push_attestation(registry.client, image, bundle, created=desk.now)
        assert pushed.tag is not None

        cosign.accepts(*verify_attestation(desk), str(image))
        cosign.refuses(
            *verify_attestation(desk, key="somebody.pub"), str(image), because="signature"
        )
        cosign.refuses(*verify_attestation(desk), str(other), because="no matching attestations")
        assert registry.attached(image) == [bundle]

    def test_beside_what_cosign_attached(
        self, cosign: Any, desk: Any, registry: Any, image: Any
    ) -> None:
        attest = ("attest", "--predicate", "predicate.json", "--type", desk.review)
        cosign.signs(*attest, str(image))
        bundle = sign_bundle(desk.statement(image.digest), our_signer(cosign, desk))
        push_attestation(registry.client, image, bundle, created=desk.now)
        cosign.signs("sign", str(image))

        documents = registry.attached(image)
        root = desk.root(cosign.read("cosign.pub"))
        assert verified(desk, documents, image, root) == [desk.review, desk.review, SIGNATURE_TYPE]
        cosign.accepts(*verify_attestation(desk), str(image))
        cosign.accepts("verify", NO_LOG, "--key", "cosign.pub", str(image))
        tree = cosign("tree", str(image))
        assert str(pushed_digest(registry, image, bundle)) in tree.out

    def test_a_statement_about_another_image_is_refused_by_both(
        self, cosign: Any, desk: Any, registry: Any, image: Any, other: Any
    ) -> None:
        bundle = sign_bundle(desk.statement(other.digest), our_signer(cosign, desk))
        push_attestation(registry.client, image, bundle, created=desk.now)

        cosign.refuses(*verify_attestation(desk), str(image), because="does not match any digest")
        (found,) = registry.attached(image)
        with pytest.raises(SubjectMismatchError):
            desk.verify(found, image.digest, desk.root(cosign.read("cosign.pub")))


def pushed_digest(registry: Any, image: ImageReference, bundle: bytes) -> str:
    """The digest of ``bundle`` as the registry lists it."""
    assert image.digest is not None
    index = json.loads(registry.manifest(referrers_tag(image.digest)))
    for entry in index["manifests"]:
        (layer,) = json.loads(registry.manifest(entry["digest"]))["layers"]
        if layer["size"] == len(bundle):
            return str(layer["digest"])
    raise AssertionError("not listed")


class TestWhatCosignAttaches:
    def test_bundles(self, cosign: Any, desk: Any, registry: Any, image: Any, other: Any) -> None:
        cosign.signs("sign", str(image))
        cosign.signs("attest", "--predicate", "predicate.json", "--type", desk.review, str(image))
        documents = registry.attached(image)
        root = desk.root(cosign.read("cosign.pub"))

        assert verified(desk, documents, image, root) == [desk.review, SIGNATURE_TYPE]
        nobody = desk.root(cosign.read("somebody.pub"))
        for document in documents:
            with pytest.raises(SubjectMismatchError):
                desk.verify(document, other.digest, root)
            with pytest.raises(NoValidSignatureError):
                desk.verify(document, image.digest, nobody)
        with pytest.raises(NoAttestationError):
            registry.attached(other)

    def test_the_old_tags(
        self, cosign: Any, desk: Any, registry: Any, image: Any, other: Any
    ) -> None:
        cosign.accepts("sign", *OLD, str(image))
        cosign.accepts(
            *("attest", *OLD, "--predicate", "predicate.json", "--type", desk.review, str(image))
        )
        documents = registry.attached(image)
        root = desk.root(cosign.read("cosign.pub"))

        assert verified(desk, documents, image, root) == [desk.review, SIGNATURE_TYPE]
        nobody = desk.root(cosign.read("somebody.pub"))
        for document in documents:
            with pytest.raises(SubjectMismatchError):
                desk.verify(document, other.digest, root)
            with pytest.raises(NoValidSignatureError):
                desk.verify(document, image.digest, nobody)

    def test_both_forms_side_by_side(
        self, cosign: Any, desk: Any, registry: Any, image: Any
    ) -> None:
        attest = ("attest", "--predicate", "predicate.json", "--type", desk.review)
        cosign.accepts(*attest, *OLD, str(image))
        cosign.signs(*attest, str(image))
        root = desk.root(cosign.read("cosign.pub"))

        assert verified(desk, registry.attached(image), image, root) == [desk.review] * 2


class TestARegistryThatLies:
    def test_changed_bytes(self, cosign: Any, desk: Any, registry: Any, image: Any) -> None:
        cosign.signs("attest", "--predicate", "predicate.json", "--type", desk.review, str(image))
        (bundle,) = registry.attached(image)
        digest = str(desk.digest(bundle))
        registry.damage(digest, lambda data: data.replace(b'"sig":"M', b'"sig":"N', 1))

        cosign.refuses(*verify_attestation(desk), str(image), because="no matching attestations")
        with pytest.raises(VerificationError):
            registry.attached(image)

    @pytest.mark.parametrize("suffix", [".sig", ".att"])
    def test_tags_of_one_image_moved_to_another(
        self, cosign: Any, desk: Any, registry: Any, image: Any, suffix: str
    ) -> None:
        other = registry.image()
        cosign.accepts("sign", *OLD, str(image))
        cosign.accepts(
            *("attest", *OLD, "--predicate", "predicate.json", "--type", desk.review, str(image))
        )
        moved = registry.manifest(f"sha256-{image.digest.hex}{suffix}")
        registry.put(moved, tag=f"sha256-{other.digest.hex}{suffix}")
        check, reason = verify_attestation(desk), "no matching subject digest"
        if suffix == ".sig":
            check, reason = ("verify", NO_LOG, "--key", "cosign.pub"), "missing digest in claim"

        cosign.accepts(*check, str(image))
        cosign.refuses(*check, str(other), because=reason)
        (found,) = registry.attached(other)
        with pytest.raises(SubjectMismatchError):
            desk.verify(found, other.digest, desk.root(cosign.read("cosign.pub")))

    def test_the_list_of_one_image_given_for_another(
        self, cosign: Any, desk: Any, registry: Any, image: Any, other: Any
    ) -> None:
        cosign.signs("attest", "--predicate", "predicate.json", "--type", desk.review, str(image))
        listed = registry.manifest(referrers_tag(image.digest))
        registry.put(listed, tag=referrers_tag(other.digest))

        cosign.refuses(*verify_attestation(desk), str(other), because="does not match any digest")
        with pytest.raises(AttachmentError) as refused:
            attestations_of(registry.client, other)
        assert refused.value.code == "connectors.referrer-subject"

    def test_a_manifest_that_claims_to_refer_to_another_image(
        self, cosign: Any, desk: Any, registry: Any, image: Any, other: Any
    ) -> None:
        cosign.signs("attest", "--predicate", "predicate.json", "--type", desk.review, str(image))
        index = json.loads(registry.manifest(referrers_tag(image.digest)))
        (entry,) = index["manifests"]
        forged = json.loads(registry.manifest(entry["digest"]))
        forged["subject"]["digest"] = str(other.digest)
        forged["subject"]["size"] = len(registry.manifest(str(other.digest)))
        content = json.dumps(forged).encode()
        placed = registry.put(content)
        entry |= {"digest": str(placed.digest), "size": len(content)}
        registry.put(json.dumps(index).encode(), tag=referrers_tag(other.digest))

        cosign.refuses(*verify_attestation(desk), str(other), because="does not match any digest")
        (found,) = registry.attached(other)
        with pytest.raises(SubjectMismatchError):
            desk.verify(found, other.digest, desk.root(cosign.read("cosign.pub")))
