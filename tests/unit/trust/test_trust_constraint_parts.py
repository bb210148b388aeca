"""Who may have signed: constraints hold for every part they name, and open nothing by accident."""

from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gatebook.errors import MalformedError
from gatebook.formats.fields import Fields
from gatebook.trust.identities.build_reference import BuildReference, Run, parse_github_reference
from gatebook.trust.identities.certificate import (
    CertificateIdentity,
    CertificateSubject,
    Provider,
    SubjectKind,
)
from gatebook.trust.identities.constraint import IdentityConstraint, IdentityMismatchError
from gatebook.trust.identities.expectation import Expectation

ISSUER = "https://token.actions.githubusercontent.com"
WORKFLOW = "https://github.com/acme/api/.github/workflows/release.yml@refs/tags/v1.2.3"
SHARED = "https://github.com/acme/workflows/.github/workflows/build.yml@refs/tags/v3.0.0"
COMMIT = "0123456789abcdef0123456789abcdef01234567"


def release(**changes: Any) -> CertificateIdentity:
    """The identity of acme/api's own release workflow, at a tag."""
    signer = parse_github_reference(WORKFLOW)
    identity = CertificateIdentity(
        subject=CertificateSubject(kind=SubjectKind.URI, value=WORKFLOW),
        issuer=ISSUER,
        provider=Provider.GITHUB,
        signer=signer,
        signer_digest=COMMIT,
        source=signer.repository,
        source_digest=COMMIT,
        source_ref="refs/tags/v1.2.3",
        source_visibility="private",
        repository_id="1234",
        owner_id="99",
        build_config=signer,
        trigger="push",
        run=Run(uri="https://github.com/acme/api/actions/runs/7/attempts/1", id="7", attempt="1"),
        runner_environment="github-hosted",
        deployment_environment="production",
        token_subject="repo:acme/api:environment:production",  # noqa: S106
    )
    return msgspec.structs.replace(identity, **changes)


def reusable(uri: str = SHARED) -> CertificateIdentity:
    """The same source, signed by a reusable workflow of another repository."""
    return release(
        subject=CertificateSubject(kind=SubjectKind.URI, value=uri),
        signer=parse_github_reference(uri),
    )


def constraint(**fields: Any) -> IdentityConstraint:
    written = {name.replace("_", "-"): value for name, value in fields.items()}
    return IdentityConstraint.read(
        Fields({"issuer": ISSUER, **written}, "signer", "trust.malformed-root")
    )


def mismatch(wanted: IdentityConstraint, identity: CertificateIdentity) -> IdentityMismatchError:
    with pytest.raises(IdentityMismatchError) as caught:
        wanted.check(identity)
    return caught.value


FULL = {
    "identity": WORKFLOW,
    "host": "github.com",
    "owner": "acme",
    "repository": "acme/api",
    "workflow": ".github/workflows/release.yml",
    "ref": "refs/tags/v*",
    "commit": COMMIT,
    "repository-id": 1234,
    "owner-id": "99",
    "visibility": ["private", "internal"],
    "trigger": "push",
    "runner": "github-hosted",
    "environment": "production",
    "run": "https://github.com/acme/api/actions/runs/*/attempts/*",
    "token-subject": "repo:acme/api:environment:production",
    "source-host": "github.com",
    "source-owner": "acme",
    "source-repository": "https://github.com/acme/api",
    "source-ref": "refs/tags/v1.2.3",
    "build-signer": {"repository": "acme/api", "digest": COMMIT},
}


def test_a_constraint_may_name_every_part() -> None:
    wanted = constraint(**FULL)
    wanted.check(release())
    again = IdentityConstraint.read(Fields(wanted.as_json(), "signer", "x"))
    assert again == wanted


@pytest.mark.parametrize(
    ("part", "other", "code"),
    [
        ("identity", WORKFLOW.replace("v1.2.3", "v1.2.4"), "trust.identity-subject"),
        ("host", "github.example", "trust.identity-host"),
        ("owner", "evil", "trust.identity-owner"),
        ("repository", "acme/apis", "trust.identity-repository"),
        ("workflow", ".github/workflows/release.yaml", "trust.identity-workflow"),
        ("ref", "refs/heads/*", "trust.identity-ref"),
        ("commit", COMMIT[::-1], "trust.identity-commit"),
        ("repository-id", 1235, "trust.identity-repository-id"),
        ("owner-id", "9", "trust.identity-owner-id"),
        ("visibility", "public", "trust.identity-visibility"),
        ("trigger", "pull_request", "trust.identity-trigger"),
        ("runner", "self-hosted", "trust.identity-runner"),
        ("environment", "staging", "trust.identity-environment"),
        ("run", "https://github.com/acme/web/actions/runs/*/attempts/*", "trust.identity-run"),
        ("token-subject", "repo:acme/api", "trust.identity-token-subject"),
        ("source-host", "github.example", "trust.identity-source-host"),
        ("source-owner", "evil", "trust.identity-source-owner"),
        ("source-repository", "acme/web", "trust.identity-source-repository"),
        ("source-ref", "refs/heads/main", "trust.identity-source-ref"),
        ("build-signer", {"repository": "acme/web"}, "trust.identity-build-signer"),
        ("build-signer", {"digest": COMMIT[::-1]}, "trust.identity-build-signer"),
        ("issuer", "https://gitlab.com", "trust.identity-issuer"),
    ],
)
def test_the_part_that_differs_is_named(part: str, other: Any, code: str) -> None:
    error = mismatch(constraint(**{**FULL, part: other}), release())
    assert error.code == code
    assert error.part == part
    assert error.found is not None


@pytest.mark.parametrize(
    ("part", "absent"),
    [
        ("commit", {"source_digest": None}),
        ("repository-id", {"repository_id": None}),
        ("environment", {"deployment_environment": None}),
        ("runner", {"runner_environment": None}),
        ("ref", {"source_ref": None}),
        ("run", {"run": None}),
        ("owner", {"source": None, "signer": None}),
        ("source-owner", {"source": None}),
        ("workflow", {"signer": None, "build_config": None}),
    ],
)
def test_what_the_certificate_does_not_state_satisfies_nothing(
    part: str, absent: dict[str, None]
) -> None:
    wanted = constraint(**{"identity": WORKFLOW, part: FULL[part]})
    wanted.check(release())
    error = mismatch(wanted, release(**absent))
    assert error.part == part
    assert error.found is None


def test_case_counts() -> None:
    assert mismatch(constraint(repository="Acme/api"), release()).part == "repository"


@pytest.mark.parametrize(
    ("workflow", "holds"),
    [
        (".github/workflows/release.yml", True),
        (".github/workflows/*.yml", True),
        (".github/**", True),
        (".github/*", False),
        (".github/workflows/release.ym", False),
        (".github/workflows/release.y.l", False),
        ("release.yml", False),
    ],
)
def test_patterns_match_whole_and_stay_within_a_segment(workflow: str, *, holds: bool) -> None:
    wanted = constraint(repository="acme/api", workflow=workflow)
    if holds:
        wanted.check(release())
    else:
        assert mismatch(wanted, release()).part == "workflow"


def test_a_file_beside_the_release_workflow_is_another_workflow() -> None:
    # A regular expression without an end would accept it (bypass class 11).
    evil = WORKFLOW.replace("release.yml", "release.yml.evil.yml")
    reference = parse_github_reference(evil)
    other = release(signer=reference, build_config=reference)
    wanted = constraint(repository="acme/api", workflow=".github/workflows/release.yml")
    assert mismatch(wanted, other).part == "workflow"


def test_a_repository_alone_does_not_admit_a_reusable_workflow_of_another() -> None:
    error = mismatch(constraint(repository="acme/api"), reusable())
    assert (error.part, error.found) == ("repository", "acme/workflows")
    assert "build signer" in error.message


def test_a_repository_alone_does_not_admit_its_workflow_used_by_another_source() -> None:
    error = mismatch(constraint(repository="acme/workflows"), reusable())
    assert (error.part, error.found) == ("repository", "acme/api")


@pytest.mark.parametrize(
    "fields",
    [
        {"repository-id": "1234"},
        {"owner-id": "99"},
        {"token-subject": "repo:acme/api:environment:production"},
    ],
)
def test_numbers_alone_do_not_admit_a_reusable_workflow(fields: dict[str, str]) -> None:
    constraint(**fields).check(release())
    assert mismatch(constraint(**fields), reusable()).code == "trust.identity-build-signer"


@pytest.mark.parametrize(
    "signer",
    [
        SHARED,
        "https://github.com/acme/workflows/.github/workflows/*@refs/tags/v3.*",
        {"repository": "acme/workflows", "ref": "refs/tags/v3.0.0"},
        {"uri": SHARED},
        {"owner": "acme", "workflow": ".github/workflows/build.yml"},
    ],
)
def test_a_reusable_workflow_is_admitted_when_it_is_named(signer: Any) -> None:
    wanted = constraint(repository="acme/api", build_signer=signer)
    wanted.check(reusable())
    error = mismatch(wanted, reusable(SHARED.replace("acme/workflows", "evil/workflows")))
    assert error.code == "trust.identity-build-signer"


def test_the_build_signer_may_be_named_where_the_source_is_any_of_ours() -> None:
    wanted = constraint(source_repository="acme/*", build_signer={"repository": "acme/workflows"})
    wanted.check(reusable())


def test_an_absent_build_signer_satisfies_no_constraint_on_it() -> None:
    wanted = constraint(repository="acme/api", build_signer={"repository": "acme/api"})
    wanted.check(release())
    assert mismatch(wanted, release(signer=None)).part == "build-signer"


def test_a_ci_system_that_keeps_build_definitions_names_no_repository_for_them() -> None:
    pipeline = BuildReference(uri="https://circleci.com/api/v2/x", host="circleci.com", path="x")
    identity = release(signer=pipeline, provider=Provider.CIRCLECI, build_config=None)
    constraint(repository="acme/api").check(identity)


@pytest.mark.parametrize(
    ("fields", "word"),
    [
        ({"issuer": None, "repository": "acme/api"}, "issuer"),
        ({"issuer": "", "repository": "acme/api"}, "issuer"),
        ({"issuer": "**", "repository": "acme/api"}, "issuer"),
        ({}, "who the signer is"),
        ({"ref": "refs/heads/main"}, "who the signer is"),
        ({"host": "github.com"}, "who the signer is"),
        ({"workflow": ".github/workflows/release.yml"}, "who the signer is"),
        ({"runner": "github-hosted"}, "who the signer is"),
        ({"repository": "*/*"}, "literal"),
        ({"repository": ""}, "repository"),
        ({"repository": []}, "repository"),
        ({"repository": ["acme/api", ""]}, "repository"),
        ({"repository": True}, "repository"),
        ({"repository": None}, "repository"),
        ({"repository": {"glob": "acme/*"}}, "repository"),
        ({"repository": "acme/\u202eipa"}, "repository"),
        ({"repository": "acme/api", "reff": "refs/heads/main"}, "reff"),
        ({"source-repository": "acme/api"}, "source-repository"),
        ({"source-ref": "refs/heads/main", "repository": "acme/api"}, "source-ref"),
        ({"repository": "acme/api", "build-signer": {}}, "constrains nothing"),
        ({"repository": "acme/api", "build-signer": None}, "build-signer"),
        ({"repository": "acme/api", "build-signer": {"ref": "refs/tags/v1"}}, "build-signer"),
        ({"repository": "acme/api", "build-signer": {"workflow": "x.yml"}}, "build-signer"),
        ({"repository": "acme/api", "build-signer": {"repo": "acme/api"}}, "repo"),
        ({"issuer": "none", "repository": "acme/api"}, "identity"),
    ],
)
def test_a_constraint_that_would_be_open_or_unclear_is_refused(
    fields: dict[str, Any], word: str
) -> None:
    with pytest.raises(MalformedError) as caught:
        constraint(**fields)
    assert word in caught.value.message
    assert caught.value.code == "trust.malformed-root"


def test_exact_identity_and_issuer_mean_what_cosign_means() -> None:
    IdentityConstraint.exact(WORKFLOW, ISSUER).check(release())
    # cosign compares the subject alone, so a reusable workflow is what is named.
    IdentityConstraint.exact(SHARED, ISSUER).check(reusable())
    one_off = IdentityConstraint.exact(WORKFLOW[:-1], ISSUER)
    assert mismatch(one_off, release()).code == "trust.identity-subject"
    other = IdentityConstraint.exact(WORKFLOW, ISSUER + "/")
    assert mismatch(other, release()).code == "trust.identity-issuer"


def test_a_star_in_an_exact_identity_is_a_star() -> None:
    pattern = WORKFLOW.replace("v1.2.3", "*")
    assert mismatch(IdentityConstraint.exact(pattern, ISSUER), release()).part == "identity"
    for identity, issuer in (("", ISSUER), (WORKFLOW, "")):
        with pytest.raises(MalformedError):
            IdentityConstraint.exact(identity, issuer)


def test_a_certificate_without_issuer_is_admitted_only_by_the_word_none() -> None:
    releases = release(
        subject=CertificateSubject(
            kind=SubjectKind.URI, value="https://dotcom.releases.github.com"
        ),
        issuer=None,
        provider=Provider.OTHER,
        signer=None,
        source=None,
        build_config=None,
    )
    wanted = constraint(issuer="none", identity="https://dotcom.releases.github.com")
    wanted.check(releases)
    assert wanted.as_json()["issuer"] == "none"
    assert mismatch(wanted, msgspec.structs.replace(releases, issuer=ISSUER)).part == "issuer"
    named = constraint(identity="https://dotcom.releases.github.com")
    assert mismatch(named, releases).part == "issuer"


@given(st.text(min_size=1, max_size=40), st.text(max_size=40))
@settings(max_examples=100)
def test_an_exact_expectation_admits_its_own_text_and_no_other(text: str, other: str) -> None:
    expectation = Expectation.exact(text)
    assert expectation.admits(text)
    assert expectation.admits(other) == (other == text)
