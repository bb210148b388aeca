"""Timestamps from a real authority: openssl's, behind a small HTTP server."""

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

import pytest
from cryptography import x509
from rfc3161_client import VerifierBuilder, decode_timestamp_response

from gatebook.connectors.http import HttpClient, HttpError
from gatebook.connectors.timestamp_authority import request_timestamp
from gatebook.errors import GatebookError, UsageError
from gatebook.trust.signing.timestamp_request import (
    MAX_RESPONSE_BYTES,
    TimestampError,
    TimestampRequest,
)

SIGNATURE = b"a signature of seventy bytes or so"

CONFIGURATION = """
[ req ]
distinguished_name = name
prompt = no
[ name ]
CN = time of the tests
[ ca ]
basicConstraints = critical,CA:true
keyUsage = critical,keyCertSign
[ stamp ]
basicConstraints = critical,CA:false
keyUsage = critical,digitalSignature
extendedKeyUsage = critical,timeStamping
[ tsa ]
default_tsa = authority
[ authority ]
serial = serial
signer_cert = tsa.pem
signer_key = tsa.key
signer_digest = sha256
default_policy = 1.2.3.4
digests = sha256, sha512
accuracy = secs:1
ordering = no
tsa_name = yes
ess_cert_id_chain = no
"""


class Authority:
    """A time-stamping authority as ``openssl ts`` runs one."""

    def __init__(self, place: Path) -> None:
        self.place = place
        (place / "ts.cnf").write_text(CONFIGURATION)
        (place / "serial").write_text("01\n")
        for name in ("ca", "tsa"):
            self.openssl("genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256",
                         "-out", f"{name}.key")  # fmt: skip
        self.openssl("req", "-x509", "-new", "-key", "ca.key", "-config", "ts.cnf", "-extensions",
                     "ca", "-days", "2", "-out", "ca.pem")  # fmt: skip
        self.openssl("req", "-new", "-key", "tsa.key", "-config", "ts.cnf", "-subj", "/CN=stamp",
                     "-out", "tsa.csr")  # fmt: skip
        self.openssl("x509", "-req", "-in", "tsa.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-days",
                     "2", "-extfile", "ts.cnf", "-extensions", "stamp", "-set_serial", "2",
                     "-out", "tsa.pem")  # fmt: skip

    def openssl(self, *arguments: str) -> None:
        subprocess.run(["openssl", *arguments], cwd=self.place, check=True, capture_output=True)

    def answer(self, query: bytes) -> bytes:
        (self.place / "query").write_bytes(query)
        self.openssl("ts", "-reply", "-config", "ts.cnf", "-queryfile", "query", "-out", "reply")
        return (self.place / "reply").read_bytes()


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    if shutil.which("openssl") is None:
        pytest.skip("openssl is not installed")
    return Authority(tmp_path_factory.mktemp("authority"))


class Asked(Protocol):
    method: str
    headers: dict[str, str]
    body: bytes


class Server(Protocol):
    url: str
    seen: list[Asked]
    answer: Callable[[Asked], tuple[int, dict[str, str], bytes]]


def replying(
    body: bytes, status: int = 200
) -> Callable[[Asked], tuple[int, dict[str, str], bytes]]:
    return lambda _: (status, {"Content-Type": "application/timestamp-reply"}, body)


def test_a_timestamp_of_a_real_authority(
    authority: Authority, server: Server, http_client: HttpClient
) -> None:
    server.answer = lambda asked: (200, {}, authority.answer(asked.body))
    response = request_timestamp(server.url, SIGNATURE, http=http_client)
    (asked,) = server.seen
    assert asked.method == "POST"
    assert asked.headers["content-type"] == "application/timestamp-query"
    decoded = decode_timestamp_response(response)
    certificate = x509.load_pem_x509_certificate((authority.place / "ca.pem").read_bytes())
    verifier = VerifierBuilder().add_root_certificate(certificate).build()
    assert verifier.verify_message(decoded, SIGNATURE)
    assert len(decoded.signed_data.certificates) > 0


def test_an_older_answer_is_refused(
    authority: Authority, server: Server, http_client: HttpClient
) -> None:
    older = authority.answer(TimestampRequest.over(SIGNATURE).der)
    server.answer = replying(older)
    with pytest.raises(TimestampError) as refused:
        request_timestamp(server.url, SIGNATURE, http=http_client)
    assert refused.value.code == "trust.timestamp-nonce"


def test_a_timestamp_over_something_else_is_refused(authority: Authority) -> None:
    request = TimestampRequest.over(SIGNATURE)
    other = TimestampRequest.over(b"something else")
    elsewhere = TimestampRequest(digest=request.digest, nonce=other.nonce, der=request.der)
    with pytest.raises(TimestampError) as refused:
        elsewhere.check_response(authority.answer(other.der))
    assert refused.value.code == "trust.timestamp-imprint"


def test_a_refusal_is_passed_on(
    authority: Authority, server: Server, http_client: HttpClient
) -> None:
    server.answer = replying(authority.answer(b"no request at all"))
    with pytest.raises(TimestampError) as refused:
        request_timestamp(server.url, SIGNATURE, http=http_client)
    assert refused.value.code == "trust.timestamp-refused"


@pytest.mark.parametrize(
    "body", [b"", b"<html>", b"\x30\x03\x02\x01\x00", b"\x30\x80", bytes(MAX_RESPONSE_BYTES)],
    ids=["nothing", "a page", "no status", "no end", "zeros"],
)  # fmt: skip
def test_what_is_no_response_is_refused(
    body: bytes, server: Server, http_client: HttpClient
) -> None:
    server.answer = replying(body)
    with pytest.raises(TimestampError) as refused:
        request_timestamp(server.url, SIGNATURE, http=http_client)
    assert refused.value.code == "trust.timestamp-malformed"


def test_granted_without_a_timestamp_is_refused() -> None:
    # TimeStampResp with the status "granted" and nothing else.
    with pytest.raises(TimestampError) as refused:
        TimestampRequest.over(SIGNATURE).check_response(b"\x30\x05\x30\x03\x02\x01\x00")
    assert refused.value.code == "trust.timestamp-malformed"


def test_a_cut_off_response_is_refused(authority: Authority) -> None:
    request = TimestampRequest.over(SIGNATURE)
    whole = authority.answer(request.der)
    assert request.check_response(whole) == whole
    for length in (1, len(whole) // 3, len(whole) // 2, len(whole) - 1):
        with pytest.raises(GatebookError):
            request.check_response(whole[:length])
    with pytest.raises(GatebookError):
        request.check_response(whole + b"\0")


def test_an_authority_that_does_not_answer(server: Server, http_client: HttpClient) -> None:
    for body, status, code in (
        (b"", 500, "connectors.http-status"),
        (bytes(MAX_RESPONSE_BYTES + 1), 200, "connectors.too-large"),
    ):
        server.answer = replying(body, status)
        with pytest.raises(HttpError) as refused:
            request_timestamp(server.url, SIGNATURE, http=http_client)
        assert refused.value.code == code


def test_nothing_is_not_stamped() -> None:
    with pytest.raises(UsageError) as refused:
        TimestampRequest.over(b"")
    assert refused.value.code == "trust.timestamp-empty"
