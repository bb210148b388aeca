"""``gatebook verify attestation`` with attestations that others made, and from a registry."""

import hashlib
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from gatebook.cli.main import cli
from gatebook.errors import GatebookError

GITHUB = "https://token.actions.githubusercontent.com"
PUBLISHER = (
    "https://github.com/trailofbits/pypi-attestation-models/.github/workflows/release.yml"
    "@refs/tags/v0.0.4a2"
)
REASONS = {
    "pass": {""},
    "fail:source": {"trust.slsa-source-mismatch"},
    "fail:tag": {"trust.slsa-tag-mismatch"},
    "fail:branch": {"trust.slsa-branch-mismatch"},
    "fail:versioned tag": {"trust.slsa-versioned-tag-mismatch"},
    "fail:not a tag ref": {"trust.slsa-invalid-ref"},
    "fail:builder": {"trust.slsa-builder-untrusted", "trust.slsa-builder-mismatch"},
}


def verify(*arguments: str | Path) -> tuple[str, str]:
    """Run the command: the code of the refusal, empty if none, and what was written."""
    ran = CliRunner().invoke(cli, ["verify", "attestation", *map(str, arguments)])
    if ran.exit_code == 0:
        return "", ran.output
    assert isinstance(ran.exception, GatebookError), ran.exception
    return ran.exception.code, ran.output


@pytest.fixture
def attest(vectors: Path) -> Path:
    return vectors / "attest"


@pytest.fixture
def public_good(attest: Path) -> Path:
    return attest / "trusted_roots" / "public-good.json"


def test_options_mean_what_they_mean_to_slsa_verifier(attest: Path, public_good: Path) -> None:
    wrong: list[str] = []
    done = 0
    for case in json.loads((attest / "slsa" / "cases.json").read_bytes()):
        sound = case["crypto_offline"].startswith("valid")
        for check in case.get("policy_checks", ()):
            options = [
                *("--subject", f"sha256:{case['subjects'][0]['sha256']}"),
                *("--trust-root", public_good, "--source-uri", check["source"]),
                *("--builder-id", check.get("builder_id", case["builder_id"])),
            ]
            for name, option in (
                ("tag", "--source-tag"),
                ("branch", "--source-branch"),
                ("versioned_tag", "--source-versioned-tag"),
            ):
                if name in check:
                    options += [option, check[name]]
            found, _ = verify(attest / "slsa" / case["file"], *options)
            # A bare envelope has no log entry: nothing proves when its certificate was used.
            good = REASONS[check["expect"]] if sound else {"trust.no-valid-signature"}
            done += 1
            if found not in good:
                wrong.append(f"{case['file']} {check}: {found}")
    assert wrong == []
    assert done >= 350


def test_a_trusted_builder_needs_no_name_and_others_do(attest: Path, public_good: Path) -> None:
    cases = json.loads((attest / "slsa" / "cases.json").read_bytes())
    place = "gha_generic/v2.1.0/binary-linux-amd64-push-v14.2.intoto.jsonl"
    case = next(each for each in cases if each["file"] == place)
    subject = ("--subject", f"sha256:{case['subjects'][0]['sha256']}")
    root = ("--trust-root", public_good)
    source = ("--source-uri", "github.com/slsa-framework/example-package")
    code, said = verify(attest / "slsa" / place, *subject, *root, *source, "--json")
    assert code == ""
    (document,) = json.loads(said)["documents"]
    assert document["builder"] == case["builder_id"]
    assert document["source"]["uri"] == "git+https://github.com/slsa-framework/example-package"
    assert document["source"]["ref"] == "refs/tags/v14.2"

    module = attest / "slsa" / "bcr" / "MODULE.bazel"
    bundle = attest / "slsa" / "bcr" / "MODULE.bazel.intoto.jsonl"
    asked = ("--subject", module, *root, "--source-uri", "github.com/aspect-build/rules_lint")
    assert verify(bundle, *asked)[0] == "trust.slsa-builder-untrusted"


def test_an_index_attestation_of_pypi(attest: Path, public_good: Path) -> None:
    dist = attest / "pypi" / "pypi_attestation_models-0.0.4a2.tar.gz"
    asked = (
        *("--trust-root", public_good, "--subject", dist),
        *("--certificate-identity", PUBLISHER, "--certificate-oidc-issuer", GITHUB),
    )
    for ending in (".attestation", ".sigstore"):
        assert verify(dist.with_name(dist.name + ending), *asked)[0] == ""
    other = attest / "pypi" / "rfc8785-0.1.2-py3-none-any.whl"
    code, _ = verify(dist.with_name(dist.name + ".attestation"), *asked, "--subject", other)
    assert code == "trust.subject-mismatch"


def test_githubs_own_authority_and_its_profile(attest: Path, public_good: Path) -> None:
    bundle = attest / "github" / "github_provenance_demo-0.0.12-py3-none-any-bundle.jsonl"
    dist = attest / "github" / "github_provenance_demo-0.0.12-py3-none-any.whl"
    github = attest / "trusted_roots" / "github.json"
    asked = (
        *("--subject", dist, "--certificate-oidc-issuer", GITHUB),
        "--certificate-identity",
        "https://github.com/aryanjeeDev/github_provenance_demo/.github/workflows/x.yml@refs/x",
    )
    code, _ = verify(bundle, *asked, "--trust-root", github, "--profile", "github")
    assert code == "trust.identity-subject"
    # A root with logs and the profile without them would let a bundle leave its entry out.
    code, _ = verify(bundle, *asked, "--trust-root", public_good, "--profile", "github")
    assert code == "trust.profile-root"
    code, _ = verify(bundle, *asked, "--trust-root", public_good)
    assert code.startswith("trust.sigstore-")


def test_the_installed_root_is_the_default(attest: Path) -> None:
    pytest.importorskip("sigstore")
    dist = attest / "pypi" / "pypi_attestation_models-0.0.4a2.tar.gz"
    code, said = verify(
        dist.with_name(f"{dist.name}.attestation"),
        *("--subject", dist, "--json"),
        *("--certificate-identity", PUBLISHER, "--certificate-oidc-issuer", GITHUB),
    )
    assert code == ""
    assert json.loads(said)["documents"][0]["profile"] == "public-good"


# -- from a registry -----------------------------------------------------------------------------


class Shelf:
    """What a registry on this machine hands out, by path."""

    def __init__(self) -> None:
        self.things: dict[str, tuple[str, bytes]] = {}
        self.host = ""

    def manifest(self, document: dict[str, Any], *tags: str) -> dict[str, Any]:
        data = json.dumps(document).encode()
        digest = f"sha256:{hashlib.sha256(data).hexdigest()}"
        for name in (digest, *tags):
            self.things[f"/v2/app/manifests/{name}"] = (document["mediaType"], data)
        return {"mediaType": document["mediaType"], "digest": digest, "size": len(data)}

    def blob(self, media_type: str, data: bytes) -> dict[str, Any]:
        digest = f"sha256:{hashlib.sha256(data).hexdigest()}"
        self.things[f"/v2/app/blobs/{digest}"] = ("application/octet-stream", data)
        return {"mediaType": media_type, "digest": digest, "size": len(data)}


MANIFEST = "application/vnd.oci.image.manifest.v1+json"
INDEX = "application/vnd.oci.image.index.v1+json"
BUNDLE = "application/vnd.dev.sigstore.bundle.v0.3+json"


@pytest.fixture
def shelf() -> Iterator[Shelf]:
    things = Shelf()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            found = things.things.get(self.path.partition("?")[0])
            media_type, data = found or ("application/json", b"{}")
            self.send_response(404 if found is None else 200)
            self.send_header("Content-Type", media_type)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data if self.command == "GET" else b"")

        do_HEAD = do_GET  # noqa: N815  # the name http.server asks for

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    things.host = f"127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield things
    server.shutdown()
    server.server_close()
    thread.join()


def image(shelf: Shelf) -> dict[str, Any]:
    empty = shelf.blob("application/vnd.oci.empty.v1+json", b"{}")
    config = {**empty, "mediaType": "application/vnd.oci.image.config.v1+json"}
    return shelf.manifest(
        {"schemaVersion": 2, "mediaType": MANIFEST, "config": config, "layers": []}, "v1"
    )


def attach(shelf: Shelf, subject: dict[str, Any], *documents: bytes) -> None:
    empty = shelf.blob("application/vnd.oci.empty.v1+json", b"{}")
    referrers = [
        {
            **shelf.manifest(
                {
                    "schemaVersion": 2,
                    "mediaType": MANIFEST,
                    "artifactType": BUNDLE,
                    "config": empty,
                    "layers": [shelf.blob(BUNDLE, document)],
                    "subject": subject,
                }
            ),
            "artifactType": BUNDLE,
        }
        for document in documents
    ]
    listed = {"schemaVersion": 2, "mediaType": INDEX, "manifests": referrers}
    place = f"/v2/app/referrers/{subject['digest']}"
    shelf.things[place] = (INDEX, json.dumps(listed).encode())


def signed(digest: str, tmp_path: Path) -> tuple[bytes, Path]:
    """A bundle by a key about an image, and the key."""
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import ed25519

    from gatebook.formats.bundle import Bundle, BundleVersion, KeyHint
    from gatebook.formats.dsse import Envelope, Signature

    statement = {
        "_type": "https://in-toto.io/Statement/v1",
        "subject": [{"digest": {"sha256": digest.removeprefix("sha256:")}}],
        "predicateType": "https://cyclonedx.org/bom",
        "predicate": {},
    }
    key = ed25519.Ed25519PrivateKey.generate()
    unsigned = Envelope(
        payload_type="application/vnd.in-toto+json",
        payload=json.dumps(statement).encode(),
        signatures=(Signature(sig=b"-"),),
    )
    envelope = Envelope(
        payload_type=unsigned.payload_type,
        payload=unsigned.payload,
        signatures=(Signature(sig=key.sign(unsigned.signed_bytes)),),
    )
    pem = tmp_path / "key.pem"
    pem.write_bytes(
        key.public_key().public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        )
    )
    bundle = Bundle(version=BundleVersion.V0_3, content=envelope, material=KeyHint(hint="k"))
    return bundle.encode(), pem


def test_what_is_attached_to_an_image(
    shelf: Shelf, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    subject = image(shelf)
    bundle, key = signed(subject["digest"], tmp_path)
    attach(shelf, subject, bundle)
    by_digest = f"oci://{shelf.host}/app@{subject['digest']}"
    code, said = verify("--from-registry", by_digest, "--key", key, "--json")
    assert code == ""
    assert json.loads(said)["subject"] == subject["digest"]
    # A tag is resolved once, and the digest to deploy is told.
    code, said = verify("--from-registry", f"{shelf.host}/app:v1", "--key", key)
    assert code == ""
    assert f"is {subject['digest']} now" in said
    # Attached to it, but about something else: the statement decides.
    other = ("--subject", "sha256:" + "0" * 64)
    assert verify("--from-registry", by_digest, "--key", key, *other)[0] == "trust.subject-mismatch"


def test_an_image_without_attestations_is_refused(
    shelf: Shelf, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    subject = image(shelf)
    _, key = signed(subject["digest"], tmp_path)
    attach(shelf, subject)
    ran = CliRunner().invoke(
        cli,
        [
            *("verify", "attestation", "--key", str(key), "--json"),
            *("--from-registry", f"{shelf.host}/app@{subject['digest']}"),
        ],
    )
    assert isinstance(ran.exception, GatebookError)
    assert (ran.exception.code, ran.exception.exit_status) == ("connectors.no-attestation", 5)
    assert json.loads(ran.stdout)["verified"] is False
