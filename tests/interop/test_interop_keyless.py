"""Keyless bundles of the tests' private Sigstore: three verifiers, one verdict.

The unit tests change good bundles in one point and look that they are refused. This is worth
something because cosign and sigstore-python take the same bundles, unchanged, for good.

What a peer cannot read at all is upstream's limit and listed with its reason.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from gatebook.errors import GatebookError, VerificationError
from gatebook.trust.identities.certificate import read_certificate_identity
from gatebook.trust.sigstore.profile import Profile, ProfileName
from gatebook.trust.sigstore.root import SigstoreRoot
from gatebook.trust.sigstore.verified import CertificateSigner
from gatebook.trust.sigstore.verify import verify_bundle

APP = b"the application\n"
OTHER = b"another application\n"
SOMEBODY = "https://github.com/mallory/api/.github/workflows/release.yml@refs/heads/main"


@dataclass(frozen=True)
class Form:
    """A form of bundle, and which peers cannot read it and why."""

    name: str
    statement: bool
    entries: tuple[str, ...]
    stamps: int | None = None
    promise: bool = True
    cosign: str | None = None
    sigstore_python: str | None = None

    def sign(self, deployment: Any, desk: Any, **knobs: Any) -> bytes:
        content = desk.statement(desk.digest(APP)) if self.statement else APP
        signed = deployment.sign(
            content,
            statement=self.statement,
            entries=self.entries,
            stamps=self.stamps,
            promise=self.promise,
            **knobs,
        )
        assert isinstance(signed, bytes)
        return signed

    @property
    def timed_by_authority(self) -> bool:
        return bool(self.stamps) or any(entry.endswith("-v2") for entry in self.entries)


FORMS = [
    Form("statement, dsse of Rekor v1", statement=True, entries=("dsse",)),
    Form(
        "statement, intoto of Rekor v1",
        statement=True,
        entries=("intoto",),
        sigstore_python="Integrated time only supported for dsse/hashedrekord",
    ),
    Form("statement, dsse and a timestamp", statement=True, entries=("dsse",), stamps=1),
    Form(
        "statement, dsse, time by timestamp only",
        statement=True,
        entries=("dsse",),
        stamps=1,
        promise=False,
    ),
    Form(
        "statement, dsse of Rekor v2",
        statement=True,
        entries=("dsse-v2",),
        # Neither peer reads dsse 0.0.2: to log envelopes there, clients write hashedrekord.
        cosign="--trusted-root only supported with --new-bundle-format",
        sigstore_python="Unsupported DSSE log entry type",
    ),
    Form(
        "statement, hashedrekord of Rekor v2",
        statement=True,
        entries=("hashedrekord-v2",),
    ),
    Form("file, hashedrekord of Rekor v1", statement=False, entries=("hashedrekord",)),
    Form(
        "file, hashedrekord of Rekor v1 and a timestamp",
        statement=False,
        entries=("hashedrekord",),
        stamps=1,
    ),
    Form("file, hashedrekord of Rekor v2", statement=False, entries=("hashedrekord-v2",)),
]
EACH_FORM = pytest.mark.parametrize("form", FORMS, ids=lambda form: form.name)


@pytest.fixture(scope="session")
def identity(kit: Any) -> tuple[str, str]:
    return kit.IDENTITY, kit.ISSUER


def take_out(name: str, *, of: str = "tlogEntries") -> Callable[[Any], None]:
    def change(document: Any) -> None:
        for entry in document["verificationMaterial"][of]:
            del entry[name]

    return change


def another_signature(document: Any) -> None:
    content = document.get("dsseEnvelope") or document["messageSignature"]
    place, name = (
        (content["signatures"][0], "sig") if "signatures" in content else (content, "signature")
    )
    # The last but one group of base64 lies in the number s; the encoding stays whole.
    text = place[name]
    at = len(text) - 8
    place[name] = text[:at] + ("A" if text[at] != "A" else "B") + text[at + 1 :]


def another_root_hash(document: Any) -> None:
    proof = document["verificationMaterial"]["tlogEntries"][0]["inclusionProof"]
    proof["hashes"] = proof["hashes"][::-1]


def without_entries(document: Any) -> None:
    del document["verificationMaterial"]["tlogEntries"]


CHANGES = [another_signature, another_root_hash, without_entries]


def changed(bundle: bytes, change: Callable[[Any], None]) -> bytes:
    document = json.loads(bundle)
    change(document)
    return json.dumps(document).encode()


class Ours:
    """Gatebook, asked as its book asks it."""

    def __init__(self, trusted_root: bytes, identity: tuple[str, str]) -> None:
        self.root = SigstoreRoot.parse(trusted_root)
        self.profile = Profile.named(ProfileName.PUBLIC_GOOD, self.root)
        self.identity = identity

    def accepts(self, bundle: bytes, artifact: bytes) -> bool:
        try:
            verified = verify_bundle(
                bundle, artifact=artifact, root=self.root, profile=self.profile
            )
        except GatebookError:
            return False
        assert isinstance(verified.signer, CertificateSigner)
        found = read_certificate_identity(verified.signer.certificate)
        return (found.subject.value, found.issuer) == self.identity


class SigstorePython:
    """The reference verifier in Python."""

    def __init__(self, trusted_root: bytes, identity: tuple[str, str], place: Any) -> None:
        from sigstore.models import TrustedRoot
        from sigstore.verify import Verifier, policy

        (place / "root.json").write_bytes(trusted_root)
        self.verifier = Verifier(trusted_root=TrustedRoot.from_file(str(place / "root.json")))
        subject, issuer = identity
        self.policy = policy.Identity(identity=subject, issuer=issuer)
        self.last = ""

    def accepts(self, bundle: bytes, artifact: bytes) -> bool:
        from sigstore.errors import Error
        from sigstore.models import Bundle

        try:
            read = Bundle.from_json(bundle)
            if b"dsseEnvelope" in bundle:
                self.verifier.verify_dsse(read, self.policy)
            else:
                self.verifier.verify_artifact(artifact, read, self.policy)
        except Error as error:
            self.last = str(error)
            return False
        return True


class CosignVerifier:
    """cosign, a process for each question."""

    def __init__(self, cosign: Any, trusted_root: bytes, identity: tuple[str, str]) -> None:
        self.cosign = cosign
        cosign.write("root.json", trusted_root)
        subject, issuer = identity
        self.wanted = (
            *("--trusted-root", "root.json", "--certificate-identity", subject),
            *("--certificate-oidc-issuer", issuer, "--bundle", "b.json"),
        )
        self.last = ""

    def accepts(self, bundle: bytes, artifact: bytes, form: Form, review: str) -> bool:
        self.cosign.write("b.json", bundle)
        self.cosign.write("app.bin", artifact)
        how = ("--use-signed-timestamps",) if form.timed_by_authority else ()
        what = ("verify-blob-attestation", "--type", review) if form.statement else ("verify-blob",)
        ran = self.cosign(*what, *how, *self.wanted, "app.bin")
        self.last = ran.err
        return bool(ran.status == 0)


@pytest.fixture(scope="session")
def ours(deployment: Any, identity: tuple[str, str]) -> Ours:
    return Ours(deployment.trusted_root(), identity)


@pytest.fixture
def sigstore_python(deployment: Any, identity: tuple[str, str], tmp_path: Any) -> SigstorePython:
    pytest.importorskip("sigstore", reason="the extra sigstore is not installed")
    return SigstorePython(deployment.trusted_root(), identity, tmp_path)


@pytest.fixture
def with_cosign(cosign: Any, deployment: Any, identity: tuple[str, str]) -> CosignVerifier:
    return CosignVerifier(cosign, deployment.trusted_root(), identity)


class TestBesideSigstorePython:
    @EACH_FORM
    def test_one_verdict(
        self, deployment: Any, desk: Any, ours: Ours, sigstore_python: SigstorePython, form: Form
    ) -> None:
        bundle = form.sign(deployment, desk)
        assert ours.accepts(bundle, APP)
        if form.sigstore_python is not None:
            assert not sigstore_python.accepts(bundle, APP)
            assert form.sigstore_python in sigstore_python.last
            return
        assert sigstore_python.accepts(bundle, APP), sigstore_python.last
        for change in CHANGES:
            bad = changed(bundle, change)
            verdicts = (ours.accepts(bad, APP), sigstore_python.accepts(bad, APP))
            assert verdicts == (False, False), change.__name__

    @EACH_FORM
    def test_somebody_else_has_signed(
        self, deployment: Any, desk: Any, ours: Ours, sigstore_python: SigstorePython, form: Form
    ) -> None:
        bundle = form.sign(deployment, desk, leaf=deployment.leaf(identity=SOMEBODY))
        assert not ours.accepts(bundle, APP)
        assert not sigstore_python.accepts(bundle, APP)

    def test_another_file(
        self, deployment: Any, desk: Any, ours: Ours, sigstore_python: SigstorePython
    ) -> None:
        for form in FORMS:
            if form.statement:
                continue  # who asks sigstore-python about a statement compares the subject himself
            bundle = form.sign(deployment, desk)
            assert not ours.accepts(bundle, OTHER), form.name
            assert not sigstore_python.accepts(bundle, OTHER), form.name


@pytest.mark.interop
class TestBesideCosign:
    @EACH_FORM
    def test_one_verdict(
        self, deployment: Any, desk: Any, ours: Ours, with_cosign: CosignVerifier, form: Form
    ) -> None:
        bundle = form.sign(deployment, desk)
        assert ours.accepts(bundle, APP)
        accepted = with_cosign.accepts(bundle, APP, form, desk.review)
        if form.cosign is not None:
            assert not accepted
            assert form.cosign in with_cosign.last
            return
        assert accepted, with_cosign.last
        for change in CHANGES:
            bad = changed(bundle, change)
            verdicts = (
                ours.accepts(bad, APP),
                with_cosign.accepts(bad, APP, form, desk.review),
            )
            assert verdicts == (False, False), change.__name__
        assert not ours.accepts(bundle, OTHER)
        assert not with_cosign.accepts(bundle, OTHER, form, desk.review)

    @EACH_FORM
    def test_somebody_else_has_signed(
        self, deployment: Any, desk: Any, ours: Ours, with_cosign: CosignVerifier, form: Form
    ) -> None:
        bundle = form.sign(deployment, desk, leaf=deployment.leaf(identity=SOMEBODY))
        assert not ours.accepts(bundle, APP)
        assert not with_cosign.accepts(bundle, APP, form, desk.review)
        if form.cosign is None:
            assert "identit" in with_cosign.last

    def test_a_certificate_the_log_of_certificates_never_saw(
        self, deployment: Any, desk: Any, ours: Ours, with_cosign: CosignVerifier
    ) -> None:
        form = FORMS[0]
        bundle = form.sign(deployment, desk, leaf=deployment.leaf(promised=False))
        assert not ours.accepts(bundle, APP)
        assert not with_cosign.accepts(bundle, APP, form, desk.review)
        assert "SCT" in with_cosign.last

    @pytest.mark.parametrize("what", ["statement", "file"])
    def test_a_key_whose_signature_is_logged(
        self, cosign: Any, kit: Any, deployment: Any, desk: Any, what: str
    ) -> None:
        key, other = kit.make_key(), kit.make_key()
        statement = what == "statement"
        content = desk.statement(desk.digest(APP)) if statement else APP
        bundle = deployment.sign(content, statement=statement, managed=key)
        unlogged = changed(bundle, without_entries)
        cosign.write("app.bin", APP)
        cosign.write("root.json", deployment.trusted_root())
        cosign.write("key.pub", kit.pem(key))
        cosign.write("other.pub", kit.pem(other))
        command = (
            ("verify-blob-attestation", "--type", desk.review) if statement else ("verify-blob",)
        )
        verify = (*command, "--trusted-root", "root.json", "--bundle", "b.json", "app.bin")

        cosign.write("b.json", bundle)
        cosign.accepts(*verify, "--key", "key.pub")
        cosign.refuses(*verify, "--key", "other.pub", because="certificate does not match")
        root = desk.root(kit.pem(key), authority=deployment.trusted_root())
        verified = desk.verify(bundle, desk.digest(APP), root)
        assert verified.bundle is not None
        assert len(verified.bundle.log_entries) == 1
        with pytest.raises(VerificationError):
            desk.verify(
                bundle,
                desk.digest(APP),
                desk.root(kit.pem(other), authority=deployment.trusted_root()),
            )

        # cosign wants a log entry unless told otherwise; to us the key is enough, and no time is
        # proved then.
        cosign.write("b.json", unlogged)
        cosign.refuses(*verify, "--key", "key.pub", because="log")
        without = desk.verify(unlogged, desk.digest(APP), root)
        assert without.bundle is not None
        assert without.bundle.times == ()
