"""Keys in services: AWS's interface served by moto, a PKCS #11 token if there is one, and names."""

import base64
import http.client
import json
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed

from gatebook.connectors.kms import KmsScheme, KmsUri, KmsUriError, is_kms_uri, open_kms_key
from gatebook.errors import GatebookError
from gatebook.formats.bundle import Bundle
from gatebook.formats.dsse import Envelope
from gatebook.trust.identity import KeyAlgorithm
from gatebook.trust.keys import PublicKey, public_key
from gatebook.trust.signing.bundles import sign_bundle
from gatebook.trust.signing.private_keys import generate_private_key

# The clouds' own libraries warn of themselves.
pytestmark = pytest.mark.filterwarnings("default")

STATEMENT = (
    b'{"_type":"https://in-toto.io/Statement/v1","subject":[{"name":"api","digest":{"sha256":"'
    + b"a" * 64
    + b'"}}],"predicateType":"https://cyclonedx.org/bom","predicate":{"bomFormat":"CycloneDX"}}'
)


def code_of(act: Callable[[], object]) -> str:
    with pytest.raises(GatebookError) as refused:
        act()
    return refused.value.code


REGION, ACCOUNT = "eu-central-1", "123456789012"


class _Front(BaseHTTPRequestHandler):
    """Hands everything on to moto, but answers ``Sign`` with ``MessageType: DIGEST`` itself.

    moto hashes a digest once more ("not yet implemented", says its model); here the same key signs
    it as AWS documents.
    """

    behind: tuple[str, int]

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self.headers.get("X-Amz-Target") == "TrentService.Sign":
            status, answer = 200, self._sign(json.loads(body))
        else:
            connection = http.client.HTTPConnection(*self.behind, timeout=10)
            connection.request("POST", self.path, body, dict(self.headers))
            response = connection.getresponse()
            status, answer = response.status, response.read()
            connection.close()
        self.send_response(status)
        self.send_header("Content-Type", "application/x-amz-json-1.1")
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def _sign(self, asked: dict[str, str]) -> bytes:
        from moto.kms.models import kms_backends

        assert asked["MessageType"] == "DIGEST"
        keys = kms_backends[ACCOUNT][REGION]
        name = asked["KeyId"].rpartition("key/")[2]
        if name.startswith("alias/"):
            name = keys.get_key_id_from_alias(name)
        key = keys.keys[name].private_key.private_key
        bits = asked["SigningAlgorithm"][-3:]
        hashed = {"256": hashes.SHA256(), "384": hashes.SHA384()}[bits]
        digest = base64.b64decode(asked["Message"])
        if asked["SigningAlgorithm"].startswith("ECDSA"):
            value = key.sign(digest, ec.ECDSA(Prehashed(hashed)))
        elif "PSS" in asked["SigningAlgorithm"]:
            pad = padding.PSS(padding.MGF1(hashed), padding.PSS.DIGEST_LENGTH)
            value = key.sign(digest, pad, Prehashed(hashed))
        else:
            value = key.sign(digest, padding.PKCS1v15(), Prehashed(hashed))
        answer = {**asked, "Signature": base64.b64encode(value).decode()}
        return json.dumps(
            {k: answer[k] for k in ("KeyId", "Signature", "SigningAlgorithm")}
        ).encode()

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture(scope="module")
def aws() -> Iterator[Any]:
    """A client of AWS KMS as moto serves it here, and the environment that leads there."""
    boto3 = pytest.importorskip("boto3", reason="the extra kms is not installed")
    moto = pytest.importorskip("moto.server", reason="moto[server] is not installed")
    pytest.importorskip("securesystemslib", reason="the extra kms is not installed")
    server = moto.ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    handler = type("Front", (_Front,), {"behind": server.get_host_and_port()})
    front = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=front.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    environment = {
        "AWS_ENDPOINT_URL": f"http://127.0.0.1:{front.server_address[1]}",
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_DEFAULT_REGION": REGION,
        "AWS_MAX_ATTEMPTS": "1",
        "AWS_EC2_METADATA_DISABLED": "true",
    }
    with pytest.MonkeyPatch.context() as patch:
        for name, text in environment.items():
            patch.setenv(name, text)
        yield boto3.client("kms")
    front.shutdown()
    thread.join()
    front.server_close()
    server.stop()


@pytest.mark.parametrize(
    ("spec", "algorithm"),
    [
        ("ECC_NIST_P256", KeyAlgorithm.ECDSA_P256),
        ("ECC_NIST_P384", KeyAlgorithm.ECDSA_P384),
        ("RSA_2048", KeyAlgorithm.RSA_PKCS1),
        ("RSA_2048", KeyAlgorithm.RSA_PSS),
    ],
    ids=str,
)
def test_a_key_of_aws_signs(aws: Any, spec: str, algorithm: KeyAlgorithm) -> None:
    made = aws.create_key(KeySpec=spec, KeyUsage="SIGN_VERIFY")["KeyMetadata"]
    alias = f"alias/{algorithm}"
    aws.create_alias(AliasName=alias, TargetKeyId=made["KeyId"])
    pss = algorithm is KeyAlgorithm.RSA_PSS
    der = aws.get_public_key(KeyId=made["KeyId"])["PublicKey"]
    expected = PublicKey.from_der(der, pss=pss)
    for name in (made["KeyId"], made["Arn"], alias, f"///{alias}"):
        key = open_kms_key(f"awskms:{name}", pss=pss)
        assert key.public_key == expected
        expected.check(key.sign(b"data"), b"data")
    known = open_kms_key(f"awskms:{alias}", public_key=expected)
    content = Bundle.parse(sign_bundle(STATEMENT, known)).content
    assert isinstance(content, Envelope)
    expected.check(content.signatures[0].sig, content.signed_bytes)


def test_another_key_than_expected_does_not_sign(aws: Any) -> None:
    made = aws.create_key(KeySpec="ECC_NIST_P256", KeyUsage="SIGN_VERIFY")["KeyMetadata"]["KeyId"]
    other = public_key(generate_private_key(KeyAlgorithm.ECDSA_P256).public_key())
    key = open_kms_key(f"awskms:{made}", public_key=other)
    assert code_of(lambda: key.sign(b"data")) == "connectors.kms-signature"


def test_a_key_that_is_not_there(aws: Any) -> None:
    assert aws is not None
    missing = "awskms:11111111-2222-3333-4444-555555555555"
    assert code_of(lambda: open_kms_key(missing)) == "connectors.kms"
    made = aws.create_key(KeySpec="SYMMETRIC_DEFAULT")["KeyMetadata"]["KeyId"]
    assert code_of(lambda: open_kms_key(f"awskms:{made}")) == "connectors.kms"


def test_a_service_that_is_not_there(aws: Any) -> None:
    assert aws is not None
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
        assert code_of(lambda: open_kms_key("awskms:alias/x")) == "connectors.kms"


@pytest.fixture(scope="module")
def token(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A PKCS #11 token in software, with one key on P-256 of the id 2."""
    pkcs11 = pytest.importorskip("pkcs11", reason="python-pkcs11 is not installed")
    libraries = [
        os.environ.get("SOFTHSM2_LIBRARY", ""),
        "/usr/lib/softhsm/libsofthsm2.so",
        "/usr/lib/x86_64-linux-gnu/softhsm/libsofthsm2.so",
    ]
    library = next((each for each in libraries if each and Path(each).exists()), None)
    program = shutil.which("softhsm2-util")
    if library is None or program is None:
        pytest.skip("SoftHSM (softhsm2) is not installed")
    place = tmp_path_factory.mktemp("token")
    (place / "tokens").mkdir()
    (place / "softhsm2.conf").write_text(f"directories.tokendir = {place / 'tokens'}\n")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SOFTHSM2_CONF", str(place / "softhsm2.conf"))
        patch.setenv("PYKCS11LIB", library)
        subprocess.run(
            [program, "--init-token", "--free", "--label", "release key", "--pin", "1234",
             "--so-pin", "4321", "--module", library],
            check=True, capture_output=True,
        )  # fmt: skip
        found = pkcs11.lib(library).get_token(token_label="release key")  # noqa: S106  # a label
        from pkcs11.util.ec import encode_named_curve_parameters

        with found.open(user_pin="1234", rw=True) as session:
            parameters = session.create_domain_parameters(
                pkcs11.KeyType.EC,
                {pkcs11.Attribute.EC_PARAMS: encode_named_curve_parameters("secp256r1")},
                local=True,
            )
            parameters.generate_keypair(
                id=b"\x02", store=True, mechanism=pkcs11.Mechanism.EC_KEY_PAIR_GEN
            )
        yield "hsm:2?label=release+key"


def test_a_key_on_a_token_signs(token: str) -> None:
    asked: list[str] = []

    def pin(name: str) -> str:
        asked.append(name)
        return "1234"

    key = open_kms_key(token, secret=pin)
    key.public_key.check(key.sign(b"data"), b"data")
    assert set(asked) == {"pin"}
    assert code_of(lambda: open_kms_key(token).sign(b"data")) == "connectors.kms-secret"
    wrong = open_kms_key(token, secret=lambda _: "0000")
    assert code_of(lambda: wrong.sign(b"data")) == "connectors.kms"
    assert code_of(lambda: open_kms_key("hsm:2?label=other", secret=pin)) == "connectors.kms"


GOOGLE = "projects/p/locations/global/keyRings/r/cryptoKeys/k/cryptoKeyVersions/1"
AZURE = "azurekms://acme-vault.vault.azure.net/keys/release"


@pytest.mark.parametrize(
    ("text", "scheme", "said"),
    [
        ("awskms:alias/release", KmsScheme.AWS, "awskms:alias/release"),
        ("awskms:///alias/release", KmsScheme.AWS, "awskms:alias/release"),
        ("awskms:arn:aws:kms:eu-1:1:key/1-2", KmsScheme.AWS, "awskms:arn:aws:kms:eu-1:1:key/1-2"),
        (f"gcpkms:{GOOGLE}", KmsScheme.GOOGLE, f"gcpkms:{GOOGLE}"),
        (f"gcpkms://{GOOGLE}", KmsScheme.GOOGLE, f"gcpkms:{GOOGLE}"),
        (f"{AZURE}/{'a' * 32}", KmsScheme.AZURE, f"{AZURE}/{'a' * 32}"),
        (AZURE, KmsScheme.AZURE, AZURE),
        ("hv:release/3", KmsScheme.VAULT, "hv:release/3"),
        ("hv:release", KmsScheme.VAULT, "hv:release"),
        ("hsm:", KmsScheme.PKCS11, "hsm:"),
        ("hsm:2?label=YubiKey+PIV+%2315835999", KmsScheme.PKCS11,
         "hsm:2?label=YubiKey+PIV+%2315835999"),
    ],
)  # fmt: skip
def test_names_of_keys(text: str, scheme: KmsScheme, said: str) -> None:
    parsed = KmsUri.parse(text)
    assert parsed.scheme is scheme
    assert str(parsed) == said
    assert is_kms_uri(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "key.pem",
        "file2:key.pem",
        "gnupg:",
        "awskms:",
        "awskms://elsewhere.example/alias/x",
        "awskms:////x",
        "awskms:a b",
        "gcpkms:projects/p/locations/l/keyRings/r/cryptoKeys/k",
        "azurekms://acme.example/keys/release",
        "azurekms://v.vault.azure.net.evil.example/keys/release",
        f"{AZURE}/not-a-version",
        "hv:release/0",
        "hv:release/3/4",
        "hsm:x",
        "hsm:2?label=a&pin=1234",
        "awskms:" + "a" * 3000,
    ],
)
def test_what_names_no_key_is_refused(text: str) -> None:
    with pytest.raises(KmsUriError) as refused:
        open_kms_key(text)
    assert refused.value.code == "connectors.kms-uri"


def test_a_known_key_needs_its_version() -> None:
    known = public_key(generate_private_key(KeyAlgorithm.ECDSA_P256).public_key())
    pytest.importorskip("securesystemslib", reason="the extra kms is not installed")
    for text in (AZURE, "hv:release"):
        assert code_of(lambda: open_kms_key(text, public_key=known)) == "connectors.kms-uri"  # noqa: B023  # at once


@pytest.mark.parametrize("text", [f"gcpkms:{GOOGLE}", AZURE, "hv:release/3"])
def test_a_service_whose_library_is_missing_names_the_extra(text: str) -> None:
    library = pytest.importorskip("securesystemslib.signer", reason="the extra is not installed")
    missing = {
        KmsScheme.GOOGLE: "google.cloud",
        KmsScheme.AZURE: "azure.identity",
        KmsScheme.VAULT: "hvac",
    }
    assert library is not None
    try:
        __import__(missing[KmsUri.parse(text).scheme])
    except ImportError:
        with pytest.raises(GatebookError) as refused:
            open_kms_key(text)
        assert refused.value.code == "connectors.extra-missing"
        assert refused.value.hint == "install gatebook[kms]"
    else:
        pytest.skip("the service's library is installed")


def test_without_the_extra_it_is_named(tmp_path: Path) -> None:
    # As in an installation without the extra: a program that cannot import it.
    code = (
        "import sys; sys.modules['securesystemslib'] = None\n"
        "from gatebook.connectors.kms import open_kms_key\n"
        "from gatebook.errors import UsageError\n"
        "try: open_kms_key('awskms:alias/x')\n"
        "except UsageError as error: print(error.code, error.hint)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert done.stdout == "connectors.extra-missing install gatebook[kms]\n"


def test_naming_a_key_loads_no_clouds(tmp_path: Path) -> None:
    code = (
        "import sys; from gatebook.connectors.kms import KmsUri; KmsUri.parse('awskms:alias/x')\n"
        "print(sorted({'boto3', 'securesystemslib', 'requests'} & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert done.stdout == "[]\n"
