"""Whom a certificate was issued to: every part read, every contradiction refused."""

import contextlib
import datetime as dt
from collections.abc import Callable, Mapping
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from hypothesis import given, settings
from hypothesis import strategies as st

from gatebook.trust.identities.certificate import (
    CertificateIdentity,
    CertificateIdentityError,
    Provider,
    SubjectKind,
    read_certificate_identity,
)
from gatebook.trust.identities.fulcio import OTHER_NAME, decode_utf8_string

ARC = "1.3.6.1.4.1.57264.1"
WORKFLOW = "https://github.com/acme/api/.github/workflows/release.yml@refs/tags/v1.2.3"
ISSUER = "https://token.actions.githubusercontent.com"
COMMIT = "0123456789abcdef0123456789abcdef01234567"
KEY = ec.generate_private_key(ec.SECP256R1())

GITHUB: Mapping[int, str] = {
    1: ISSUER,
    2: "push",
    3: COMMIT,
    4: "Release ✨",
    5: "acme/api",
    6: "refs/tags/v1.2.3",
    8: ISSUER,
    9: WORKFLOW,
    10: COMMIT,
    11: "github-hosted",
    12: "https://github.com/acme/api",
    13: COMMIT,
    14: "refs/tags/v1.2.3",
    15: "1234",
    16: "https://github.com/acme",
    17: "99",
    18: WORKFLOW,
    19: COMMIT,
    20: "push",
    21: "https://github.com/acme/api/actions/runs/777/attempts/2",
    22: "private",
    23: "production",
    24: "repo:acme/api:environment:production",
}


def der(text: str, tag: int = 0x0C) -> bytes:
    data = text.encode()
    if len(data) < 128:
        return bytes([tag, len(data)]) + data
    size = (len(data).bit_length() + 7) // 8
    return bytes([tag, 0x80 | size]) + len(data).to_bytes(size, "big") + data


def issue(
    values: Mapping[int, str | bytes],
    *names: x509.GeneralName,
    other: Mapping[str, bytes] | None = None,
) -> x509.Certificate:
    """A certificate with these extensions; text is encoded as Fulcio encodes it."""
    name = x509.Name([])
    start = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
    builder = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(KEY.public_key())
        .serial_number(1)
        .not_valid_before(start)
        .not_valid_after(start + dt.timedelta(minutes=10))
    )
    if names:
        builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=True)
    for number, value in values.items():
        encode = der if number >= 8 else str.encode
        data = encode(value) if isinstance(value, str) else value
        oid = x509.ObjectIdentifier(f"{ARC}.{number}")
        builder = builder.add_extension(x509.UnrecognizedExtension(oid, data), critical=False)
    for dotted, value in (other or {}).items():
        oid = x509.ObjectIdentifier(dotted)
        builder = builder.add_extension(x509.UnrecognizedExtension(oid, value), critical=False)
    return builder.sign(KEY, hashes.SHA256())


def read(values: Mapping[int, str | bytes], san: str = WORKFLOW) -> CertificateIdentity:
    return read_certificate_identity(issue(values, x509.UniformResourceIdentifier(san)))


def refusal(make: Callable[[], Any]) -> str:
    with pytest.raises(CertificateIdentityError) as caught:
        make()
    return caught.value.code


def test_every_extension_of_a_github_certificate_is_read() -> None:
    identity = read(GITHUB)
    assert identity.provider is Provider.GITHUB
    assert (identity.subject.kind, identity.subject.value) == (SubjectKind.URI, WORKFLOW)
    assert identity.issuer == ISSUER
    signer, config = identity.signer, identity.build_config
    assert signer is not None
    assert config == signer
    assert (signer.host, signer.owner, signer.path) == (
        "github.com",
        "acme",
        ".github/workflows/release.yml",
    )
    assert signer.ref == "refs/tags/v1.2.3"
    assert signer.name == WORKFLOW.rpartition("@")[0]
    assert str(identity.source) == "https://github.com/acme/api"
    assert identity.source is not None
    assert identity.source.path == "acme/api"
    assert (identity.source_ref, identity.source_digest) == ("refs/tags/v1.2.3", COMMIT)
    assert (identity.repository_id, identity.owner_id) == ("1234", "99")
    assert identity.run is not None
    assert (identity.run.id, identity.run.attempt) == ("777", "2")
    assert (identity.trigger, identity.runner_environment) == ("push", "github-hosted")
    assert (identity.deployment_environment, identity.source_visibility) == (
        "production",
        "private",
    )
    assert identity.token_subject == "repo:acme/api:environment:production"  # noqa: S105
    assert identity.workflow_name == "Release ✨"
    assert not identity.is_reusable_workflow
    assert identity.as_json()["source"] == "https://github.com/acme/api"
    assert len(identity.as_json()) == 20


def test_a_certificate_of_before_2023_has_only_the_deprecated_extensions() -> None:
    identity = read({number: GITHUB[number] for number in range(1, 7)})
    assert identity.issuer == ISSUER
    assert str(identity.source) == "https://github.com/acme/api"
    assert identity.source_ref == "refs/tags/v1.2.3"
    assert identity.signer is not None
    assert identity.build_config is None
    assert identity.run is None


def test_signer_and_source_of_a_reusable_workflow_are_kept_apart() -> None:
    shared = "https://github.com/acme/workflows/.github/workflows/build.yml@refs/tags/v3.0.0"
    identity = read({**GITHUB, 9: shared}, shared)
    assert identity.is_reusable_workflow
    assert identity.signer is not None
    assert str(identity.signer.repository) == "https://github.com/acme/workflows"
    assert str(identity.source) == "https://github.com/acme/api"
    assert identity.build_config is not None
    assert identity.build_config.uri == WORKFLOW


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({8: "https://evil.example"}, "trust.identity-issuer-conflict"),
        ({20: "pull_request"}, "trust.identity-claim-conflict"),
        ({13: COMMIT[::-1]}, "trust.identity-claim-conflict"),
        ({14: "refs/heads/main"}, "trust.identity-claim-conflict"),
        ({5: "evil/api"}, "trust.identity-claim-conflict"),
        ({9: WORKFLOW.replace("release", "other")}, "trust.identity-signer-conflict"),
        ({16: "https://github.com/evil"}, "trust.identity-owner-conflict"),
        (
            {21: "https://github.com/evil/api/actions/runs/777/attempts/2"},
            "trust.identity-run-conflict",
        ),
        ({21: "https://github.com/acme/api/actions"}, "trust.identity-run-conflict"),
        ({12: "https://ghe.example/acme/api"}, "trust.identity-host-conflict"),
        ({12: "github.com/acme/api"}, "trust.identity-repository-uri"),
        ({12: "https://github.com/acme/.."}, "trust.identity-repository-uri"),
        ({18: "https://github.com/acme/api/release.yml"}, "trust.identity-workflow-uri"),
        (
            {18: "https://github.com/acme/api/../x.yml@refs/heads/main"},
            "trust.identity-workflow-uri",
        ),
        ({20: b"\x0c\x04push\x00"}, "trust.identity-extension-trailing"),
        ({20: b"\x0c\x05push"}, "trust.identity-extension-length"),
        ({20: b"\x13\x04push"}, "trust.identity-extension-encoding"),
        ({20: b"\x0c\x81\x04push"}, "trust.identity-extension-encoding"),
        ({20: b"\x0c\x82\x00\x04push"}, "trust.identity-extension-encoding"),
        ({20: b"\x0c\x80push\x00\x00"}, "trust.identity-extension-encoding"),
        ({20: b"push"}, "trust.identity-extension-encoding"),
        ({20: b"\x0c\x02\xff\xfe"}, "trust.identity-extension-encoding"),
        ({20: der("pu\x00sh")}, "trust.identity-extension-control"),
        ({4: b"\xff"}, "trust.identity-extension-encoding"),
        ({4: "a\nb"}, "trust.identity-extension-control"),
        ({24: der("x" * 8193)}, "trust.identity-extension-length"),
    ],
)
def test_one_changed_extension_is_refused(change: dict[int, Any], code: str) -> None:
    read(GITHUB)
    assert refusal(lambda: read({**GITHUB, **change})) == code


def test_an_extension_that_comes_twice_is_refused() -> None:
    good = issue(GITHUB, x509.UniformResourceIdentifier(WORKFLOW)).public_bytes(Encoding.DER)
    oid = bytes.fromhex("060a2b0601040183bf3001")
    assert good.count(oid + b"\x17") == 1
    twice = x509.load_der_x509_certificate(good.replace(oid + b"\x17", oid + b"\x18"))
    assert refusal(lambda: read_certificate_identity(twice)) == "trust.identity-extension-twice"


def test_an_extension_beyond_those_known_is_left_alone() -> None:
    san = x509.UniformResourceIdentifier(WORKFLOW)
    more = issue(GITHUB, san, other={f"{ARC}.25": b"\xff", f"{ARC}.7": b"x", f"{ARC}.9.1": b""})
    assert read_certificate_identity(more) == read(GITHUB)


def test_an_empty_extension_counts_as_absent() -> None:
    assert read({**GITHUB, 23: ""}).deployment_environment is None


@pytest.mark.parametrize(
    ("names", "code"),
    [
        ((), "trust.identity-san-missing"),
        (
            (x509.RFC822Name("a@example.com"), x509.RFC822Name("b@example.com")),
            "trust.identity-san-count",
        ),
        ((x509.DNSName("example.com"),), "trust.identity-san-kind"),
        (
            (x509.OtherName(x509.ObjectIdentifier("1.3.6.1.4.1.57264.1.8"), der("ana")),),
            "trust.identity-san-kind",
        ),
        ((x509.RFC822Name("nobody"),), "trust.identity-san-malformed"),
        ((x509.UniformResourceIdentifier("not-a-uri"),), "trust.identity-san-malformed"),
        ((x509.UniformResourceIdentifier("https://a b"),), "trust.identity-san-malformed"),
        (
            (x509.OtherName(x509.ObjectIdentifier(OTHER_NAME), der("")),),
            "trust.identity-san-malformed",
        ),
        (
            (x509.OtherName(x509.ObjectIdentifier(OTHER_NAME), der("ana", tag=0x16)),),
            "trust.identity-extension-encoding",
        ),
    ],
)
def test_the_subject_is_exactly_one_name_fulcio_issues(
    names: tuple[x509.GeneralName, ...], code: str
) -> None:
    assert refusal(lambda: read_certificate_identity(issue({8: "https://x"}, *names))) == code


@pytest.mark.parametrize(
    ("name", "issuer", "kind", "provider"),
    [
        (x509.RFC822Name("ana@acme.example"), "https://accounts.google.com", "email", "google"),
        (x509.RFC822Name("ana@acme.example"), "https://github.com/login/oauth", "email", "email"),
        (
            x509.OtherName(x509.ObjectIdentifier(OTHER_NAME), der("ana!acme.example")),
            "https://id.acme.example",
            "username",
            "other",
        ),
        (
            x509.UniformResourceIdentifier("spiffe://acme.example/ns/prod/sa/api"),
            "https://oidc.acme.example",
            "uri",
            "spiffe",
        ),
        (
            x509.UniformResourceIdentifier(
                "https://kubernetes.io/namespaces/prod/serviceaccounts/api"
            ),
            "https://oidc.eks.eu-west-1.amazonaws.com/id/ABC",
            "uri",
            "kubernetes",
        ),
        (
            x509.UniformResourceIdentifier("https://dotcom.releases.github.com"),
            "",
            "uri",
            "other",
        ),
    ],
)
def test_people_and_machines(name: x509.GeneralName, issuer: str, kind: str, provider: str) -> None:
    values = {8: issuer} if issuer else {}
    identity = read_certificate_identity(issue(values, name))
    assert (identity.subject.kind, identity.provider) == (kind, provider)
    assert identity.issuer == (issuer or None)
    assert identity.signer is None
    assert identity.source is None


def test_gitlab_keeps_nested_groups_and_its_own_host() -> None:
    signer = "https://gitlab.acme.example/bank/core/api//.gitlab-ci.yml@refs/heads/main"
    identity = read(
        {
            8: "https://gitlab.acme.example",
            9: signer,
            12: "https://gitlab.acme.example/bank/core/api",
            16: "https://gitlab.acme.example/bank/core",
            18: signer,
            21: "https://gitlab.acme.example/bank/core/api/-/jobs/42",
        },
        signer,
    )
    assert identity.provider is Provider.GITLAB
    assert identity.signer is not None
    assert (identity.signer.owner, identity.signer.path) == ("bank/core", ".gitlab-ci.yml")
    assert identity.source is not None
    assert identity.source.path == "bank/core/api"
    assert identity.run is not None
    assert (identity.run.id, identity.run.attempt) == ("42", None)


@pytest.mark.parametrize(
    "issuer",
    [
        "https://ghes.acme.example/_services/token",
        "https://token.actions.acme.ghe.com",
        "https://fulcio-federation.acme.example",
    ],
)
def test_github_enterprise_keeps_its_own_host(issuer: str) -> None:
    values = {
        number: text.replace("https://github.com", "https://ghes.acme.example")
        for number, text in GITHUB.items()
    }
    identity = read(
        {**values, 1: issuer, 8: issuer},
        WORKFLOW.replace("https://github.com", "https://ghes.acme.example"),
    )
    assert identity.provider is Provider.GITHUB
    assert identity.source is not None
    assert identity.source.host == "ghes.acme.example"


@pytest.mark.parametrize(
    ("san", "issuer", "provider", "owner", "path"),
    [
        (
            "https://buildkite.com/acme/release-api",
            "https://agent.buildkite.com",
            "buildkite",
            "acme",
            "release-api",
        ),
        (
            "https://circleci.com/api/v2/projects/p-1/pipeline-definitions/d-2",
            "https://oidc.circleci.com/org/0f1e",
            "circleci",
            None,
            "projects/p-1/pipeline-definitions/d-2",
        ),
        (
            "https://g.codefresh.io/acme/api/build:64f/77a",
            "https://oidc.codefresh.io",
            "codefresh",
            "acme",
            "api/build:64f/77a",
        ),
        (
            "https://app.buddy.works/acme/api/pipelines/pipeline/9",
            "https://eu-oidc.buddyusercontent.com",
            "buddy",
            "acme",
            "api/pipelines/pipeline/9",
        ),
    ],
)
def test_ci_systems_that_keep_their_build_definitions(
    san: str, issuer: str, provider: str, owner: str | None, path: str
) -> None:
    identity = read({8: issuer, 11: "self-hosted"}, san)
    assert identity.provider == provider
    assert identity.signer is not None
    assert (identity.signer.owner, identity.signer.path) == (owner, path)
    assert identity.signer.repository is None


@pytest.mark.parametrize(
    ("origin", "source"),
    [
        ("https://github.com/acme/api.git", "https://github.com/acme/api"),
        ("git@github.com:acme/api", None),
    ],
)
def test_a_ci_system_names_a_repository_of_somewhere_else(origin: str, source: str | None) -> None:
    definition = "https://circleci.com/api/v2/projects/p-1/pipeline-definitions/d-2"
    config = "https://circleci.com/api/v2/pipeline/9/config"
    run = "https://app.circleci.com//workflow/w/job/j"
    values = {8: "https://oidc.circleci.com", 12: origin, 16: "x", 18: config, 21: run}
    identity = read(values, definition)
    assert (None if identity.source is None else str(identity.source)) == source
    assert identity.build_config is not None
    assert identity.build_config.path == "api/v2/pipeline/9/config"
    assert str(identity.run) == run
    assert identity.run is not None
    assert identity.run.id is None
    assert read({**values, 18: "pipeline 9"}, definition).build_config is None


def test_a_ci_subject_that_is_no_page_is_refused() -> None:
    san = "urn://buildkite?x"
    assert refusal(lambda: read({8: "https://agent.buildkite.com"}, san)) == (
        "trust.identity-workflow-uri"
    )


def test_a_certificate_whose_extensions_cannot_be_read_is_refused() -> None:
    good = issue(GITHUB, x509.UniformResourceIdentifier(WORKFLOW)).public_bytes(Encoding.DER)
    place = good.index(b"\x86" + bytes([len(WORKFLOW)])) + 2
    bad = x509.load_der_x509_certificate(good[:place] + b"\xff" + good[place + 1 :])
    assert refusal(lambda: read_certificate_identity(bad)) == "trust.identity-certificate"


def test_percent_signs_that_give_no_utf8_stay_as_they_are() -> None:
    odd = WORKFLOW.replace("v1.2.3", "%FF")
    identity = read({**GITHUB, 9: odd, 18: odd}, odd)
    assert identity.signer is not None
    assert identity.signer.ref == "refs/tags/%FF"
    assert str(identity) == str(identity.subject) == odd
    assert str(identity.signer) == odd


def test_the_reference_is_split_at_its_last_at_sign() -> None:
    # A branch named like a tag of the same file: the path is then no path anyone would name.
    san = "https://github.com/acme/api/.github/workflows/release.yml@refs/heads/x@refs/tags/v1.2.3"
    identity = read({**GITHUB, 9: san, 18: san}, san)
    assert identity.signer is not None
    assert identity.signer.ref == "refs/tags/v1.2.3"
    assert identity.signer.path == ".github/workflows/release.yml@refs/heads/x"


def test_a_ref_beyond_ascii_is_percent_encoded_in_the_subject_only() -> None:
    plain = WORKFLOW.replace("v1.2.3", "fête")
    identity = read({**GITHUB, 9: plain, 18: plain}, WORKFLOW.replace("v1.2.3", "f%C3%AAte"))
    assert identity.signer is not None
    assert identity.signer.ref == "refs/tags/fête"


@given(st.text(max_size=300))
@settings(max_examples=80)
def test_a_utf8_string_is_read_back(text: str) -> None:
    clean = "".join(each for each in text if each.isprintable())
    assert decode_utf8_string(der(clean), what="it") == clean


@given(st.binary(max_size=300))
@settings(max_examples=150)
def test_any_bytes_in_an_extension_are_read_or_refused(data: bytes) -> None:
    with contextlib.suppress(CertificateIdentityError):
        assert read({**GITHUB, 4: data}).workflow_name == (data.decode() or None)
    with contextlib.suppress(CertificateIdentityError):
        read({**GITHUB, 20: data})
