"""What cosign signed and attached, asked about on Gatebook's command line, without a book."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from gatebook.connectors.attestation_push import push_attestation
from gatebook.trust.signing.bundles import sign_bundle
from gatebook.trust.signing.signers import LocalSigner, generate_key_pair

pytestmark = pytest.mark.interop

APP = b"the application\n"
GATEBOOK = Path(sys.executable).with_name("gatebook")
REFUSED = 5

Ask = Callable[..., tuple[int, dict[str, Any]]]


@pytest.fixture
def cosign(cosign: Any) -> Any:
    cosign.accepts("generate-key-pair")
    cosign.write("app.bin", APP)
    cosign.write("other.bin", b"another application\n")
    cosign.write("somebody.pub", generate_key_pair()[1])
    cosign.write("predicate.json", b'{"result": "looked at"}')
    return cosign


@pytest.fixture
def ask(cosign: Any) -> Ask:
    """Verify in cosign's directory; the exit status and the answer."""

    def run(*arguments: str) -> tuple[int, dict[str, Any]]:
        done = subprocess.run(
            [GATEBOOK, "verify", "attestation", "--json", *arguments],
            cwd=cosign.place,
            env={"PATH": os.environ["PATH"], "HOME": str(cosign.place)},
            capture_output=True,
            check=False,
        )
        answer = json.loads(done.stdout)
        assert isinstance(answer, dict)
        return done.returncode, answer

    return run


def test_a_file_and_a_statement(cosign: Any, desk: Any, ask: Ask) -> None:
    cosign.signs("sign-blob", "--bundle", "file.json", "app.bin")
    cosign.signs(
        *("attest-blob", "--bundle", "statement.json", "--predicate", "predicate.json"),
        *("--type", desk.review, "app.bin"),
    )
    for bundle in ("file.json", "statement.json"):
        good = (bundle, "--subject", "app.bin", "--key", "cosign.pub")
        status, answer = ask(*good)
        assert (status, answer["verified"]) == (0, True)
        for bad in (
            (bundle, "--subject", "app.bin", "--key", "somebody.pub"),
            (bundle, "--subject", "other.bin", "--key", "cosign.pub"),
        ):
            status, answer = ask(*bad)
            assert (status, answer["verified"]) == (REFUSED, False)
            assert answer["reason"]["code"].startswith("trust.")


def test_what_is_attached_to_an_image(cosign: Any, desk: Any, registry: Any, ask: Ask) -> None:
    image, other = registry.image(), registry.image()
    cosign.signs("attest", "--predicate", "predicate.json", "--type", desk.review, str(image))
    asked = ("--from-registry", str(image), "--predicate-type", desk.review)

    status, answer = ask(*asked, "--subject", str(image.digest), "--key", "cosign.pub")
    assert (status, answer["verified"]) == (0, True)
    (document,) = [each for each in answer["documents"] if each["verified"]]
    assert document["predicate_type"] == desk.review
    status, answer = ask(*asked, "--subject", str(image.digest), "--key", "somebody.pub")
    assert (status, answer["verified"]) == (REFUSED, False)
    status, answer = ask(*asked, "--subject", str(other.digest), "--key", "cosign.pub")
    assert answer["verified"] is False
    assert status != 0


def test_both_ask_about_the_same_image(cosign: Any, desk: Any, registry: Any, ask: Ask) -> None:
    image = registry.image()
    signer = LocalSigner.from_pem(cosign.read("cosign.key"), password=lambda: desk.password)
    bundle = sign_bundle(desk.statement(image.digest), signer)
    push_attestation(registry.client, image, bundle, created=desk.now)

    cosign.accepts(
        *("verify-attestation", "--insecure-ignore-tlog", "--key", "cosign.pub"),
        *("--type", desk.review, str(image)),
    )
    status, _ = ask(
        *("--from-registry", str(image), "--subject", str(image.digest)),
        *("--key", "cosign.pub"),
    )
    assert status == 0


def test_a_holder_of_a_certificate(
    cosign: Any, desk: Any, deployment: Any, kit: Any, ask: Ask
) -> None:
    statement = desk.statement(desk.digest(APP))
    cosign.write("b.json", deployment.sign(statement, statement=True))
    cosign.write("root.json", deployment.trusted_root())
    issuer = ("--certificate-oidc-issuer", kit.ISSUER)
    ours = ("b.json", "--subject", "app.bin", "--trust-root", "root.json", *issuer)
    theirs = (
        *("verify-blob-attestation", "--bundle", "b.json", "--trusted-root", "root.json"),
        *("--type", desk.review, *issuer),
    )
    for identity, good in ((kit.IDENTITY, True), (kit.IDENTITY + "x", False)):
        status, answer = ask(*ours, "--certificate-identity", identity)
        assert (status == 0, answer["verified"]) == (good, good)
        ran = cosign(*theirs, "--certificate-identity", identity, "app.bin")
        assert (ran.status == 0) is good, ran.err
