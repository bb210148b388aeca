"""Builds on GitHub Actions signed with a workflow's certificate (slsa-verifier, verifiers/gha).

The generators of slsa-github-generator, builders that use its delegators, and reusable workflows
that sign with GitHub's own attestation action.
"""

from typing import Final

from gatebook.digest import Digest
from gatebook.formats.intoto import Statement
from gatebook.trust.identities.certificate import CertificateIdentity, Provider
from gatebook.trust.refusals import SubjectMismatchError
from gatebook.trust.slsa.builders import (
    BUILD_TYPES,
    DELEGATORS,
    GENERATOR_WORKFLOWS,
    NPM_HOSTED,
    NPM_SELF_HOSTED,
    TRUSTED_WORKFLOWS,
    WORKFLOW_BUILD_TYPES,
    BuilderId,
    BuildStyle,
    check_builder_tag,
)
from gatebook.trust.slsa.claims import GithubClaims, ProvenanceClaims, split_git_uri
from gatebook.trust.slsa.expectations import ProvenanceExpectations
from gatebook.trust.slsa.refusals import (
    BuilderMismatchError,
    BuilderRefError,
    BuilderUntrustedError,
    BuildTypeError,
    CertificateMismatchError,
    IssuerUntrustedError,
    SourceMismatchError,
    WorkflowInputMismatchError,
)
from gatebook.trust.slsa.verified import SlsaBuild
from gatebook.trust.slsa.versions import check_branch, check_tag, check_versioned_tag

__all__ = [
    "check_certificate_source",
    "check_commit",
    "check_issuer",
    "check_options",
    "check_source_and_ref",
    "verify_github",
]

_MAIN: Final = "refs/heads/main"
_COMMIT_LENGTHS: Final = frozenset({40, 64})
_OWN_PROJECTS: Final = frozenset(
    {
        "https://github.com/slsa-framework/slsa-github-generator",
        "https://github.com/slsa-framework/example-package",
    }
)
"""The generator project itself and its end-to-end test repository, which run it unreleased."""

# npm before general availability, and delegated builds of another commit, name no ref there.
_NO_SOURCE_REF: Final = frozenset(
    {
        "https://github.com/npm/cli/gha@v1",
        "https://github.com/slsa-framework/slsa-github-generator/delegator-generic@v0",
    }
)


def verify_github(
    statement: Statement,
    signer: CertificateIdentity,
    expectations: ProvenanceExpectations,
    *,
    subject: Digest,
) -> SlsaBuild:
    """Verify a build on GitHub Actions.

    1. The certificate was issued for a GitHub workflow.
    2. The workflow that signed is a trusted builder, or the one expected.
    3. The builder ran at a release.
    4. The certificate was issued for the expected source.
    5. The provenance is of a build type this builder makes.
    6. It names the builder: the signer, or whom the signer delegates for.
    7. Trigger and material are the expected source, at one ref, the certificate's.
    8. A subject has the digest asked for.
    9. Branch, tag, version and inputs are as expected.

    Raises:
        MalformedError: the provenance lacks something.
        AttestationRefusedError: one class and code for each other reason.

    """
    checks: list[tuple[str, str]] = []

    # (1) Nothing in the certificate means anything before its issuer is known.
    check_issuer(signer, expectations)
    checks.append(("issuer", str(signer.issuer)))

    # (2) and (3) builder.go VerifyBuilderIdentity.
    workflow = _check_builder(signer, expectations)
    delegated = workflow.name in DELEGATORS
    checks.append(("signer", str(workflow)))

    # (4) builder.go VerifyCertficateSourceRepository.
    check_certificate_source(signer, expectations)
    checks.append(("certificate source", str(signer.source)))

    # (5) slsaprovenance/{v0.2,v1.0}/provenance.go.
    claims = ProvenanceClaims.read(statement)
    style = _style(claims, workflow, expectations)
    checks.append(("build type", claims.build_type))

    # (6) provenance.go VerifyProvenance.
    builder = BuilderId.parse(claims.builder_id)
    if delegated:
        _check_delegated(builder, expectations)
    elif expectations.signer_is_expected:
        _check_own_builder(builder, workflow, signer, expectations)
    elif builder != workflow:
        raise BuilderMismatchError(f"{workflow} signed, but the provenance names {builder}")
    checks.append(("builder", str(builder)))

    # (7) to (9)
    github = GithubClaims(claims, style)
    source, ref = check_source_and_ref(github, signer, expectations)
    checks.append(("source", source))
    if statement.find_subject(subject) is None:
        raise SubjectMismatchError(f"the provenance is not about {subject.short}")
    checks.append(("subject", str(subject)))
    checks.extend(check_options(github, expectations))
    return SlsaBuild(
        builder=builder,
        build_type=claims.build_type,
        source=source,
        ref=ref,
        commit=check_commit(github, signer),
        subject=subject,
        checks=tuple(checks),
    )


def check_issuer(signer: CertificateIdentity, expectations: ProvenanceExpectations) -> None:
    """Check that a GitHub workflow signed, on the word of an expected issuer.

    Raises:
        IssuerUntrustedError: it was somebody else.

    """
    if signer.provider is not Provider.GITHUB or signer.issuer not in expectations.issuers:
        raise IssuerUntrustedError(
            f"expected a GitHub workflow of {' or '.join(sorted(expectations.issuers))}, "
            f"found {signer.subject.value[:200]!r} of {signer.issuer}"
        )


def check_certificate_source(
    signer: CertificateIdentity, expectations: ProvenanceExpectations
) -> None:
    """Check that the certificate was issued for the expected source.

    Raises:
        SourceMismatchError: it names another one, or none.

    """
    if signer.source is None:
        raise SourceMismatchError("the certificate names no source repository")
    expected = expectations.git_source
    if expected is not None and f"git+{signer.source.uri}" != expected:
        raise SourceMismatchError(
            f"expected the source {expected}, the certificate says {signer.source}"
        )


def check_source_and_ref(
    github: GithubClaims, signer: CertificateIdentity, expectations: ProvenanceExpectations
) -> tuple[str, str | None]:
    """Check trigger and material against the expected source and the certificate.

    Returns the source, and the ref that was built where it is stated.

    Raises:
        SlsaMalformedError: one is missing, or the trigger names no ref.
        SourceMismatchError: one is another repository, or their refs differ.
        CertificateMismatchError: the certificate was issued for another ref.

    """
    claims = github.claims
    expected = expectations.git_source or f"git+{signer.source}"
    trigger, material = github.trigger_uri, claims.source_uri
    for what, uri in (("trigger", trigger), ("source", material)):
        found, _ = split_git_uri(uri)
        if found != expected:
            raise SourceMismatchError(f"expected the {what} {expected}, found {found[:200]}")
    _, trigger_ref = split_git_uri(trigger)
    _, material_ref = split_git_uri(material)
    if trigger_ref is None:
        raise claims.predicate.refuse(f"the trigger {trigger[:200]!r} names no ref")
    if material_ref is None and claims.build_type not in _NO_SOURCE_REF:
        raise claims.predicate.refuse(f"the source {material[:200]!r} names no ref")
    if material_ref is not None and material_ref != trigger_ref:
        raise SourceMismatchError(
            f"{trigger_ref!r} started the build, but {material_ref!r} was built"
        )
    # Stricter than slsa-verifier: the token the certificate was issued for names the ref as well.
    if signer.source_ref is not None and signer.source_ref != trigger_ref:
        raise CertificateMismatchError(
            f"the provenance is of {trigger_ref!r}, the certificate of {signer.source_ref!r}"
        )
    return expected, material_ref or (None if github.style.delegated else trigger_ref)


def check_commit(github: GithubClaims, signer: CertificateIdentity) -> str | None:
    """Check the commit of the source against the certificate, and return it.

    Stricter than slsa-verifier, which does not compare it. A delegated build may be of another
    commit than the one that started it, when the builder says so (BYOB, ``slsa-checkout-sha1``).

    Raises:
        CertificateMismatchError: the provenance is of another commit than the certificate.

    """
    digest = github.claims.materials[0].optional_object("digest")
    stated = set()
    if digest is not None:
        stated = {digest.optional_text(name) for name in ("sha1", "gitCommit")} - {None}
    if len(stated) > 1:
        raise github.claims.predicate.refuse("the source has two commits")
    commit = stated.pop() if stated else signer.source_digest
    if not github.style.delegated and commit != (signer.source_digest or commit):
        raise CertificateMismatchError(
            f"the provenance is of the commit {commit}, the certificate of {signer.source_digest}"
        )
    return commit


def _check_builder(signer: CertificateIdentity, expectations: ProvenanceExpectations) -> BuilderId:
    reference = signer.signer
    if reference is None or reference.ref is None:
        raise BuilderUntrustedError("the certificate names no workflow that signed")
    # The name ends at the last "@" (bypass: a ref that holds another builder's name).
    workflow = BuilderId(reference.name, reference.ref)
    if expectations.signer_is_expected:
        return workflow
    expected = expectations.builder
    if workflow.name in DELEGATORS:
        # Whom the caller expects is compared with the provenance, step 6.
        pass
    elif expected is None:
        if workflow.name not in TRUSTED_WORKFLOWS:
            raise BuilderUntrustedError(
                f"{workflow.name} is not a builder that is trusted without being named",
                hint="name the builder that is expected, if it is",
            )
    else:
        try:
            workflow.check_loosely(expected)
        except BuilderMismatchError as error:
            raise BuilderUntrustedError(error.message) from None
    _check_builder_ref(workflow, signer, expected)
    return workflow


def _check_builder_ref(
    workflow: BuilderId, signer: CertificateIdentity, expected: BuilderId | None
) -> None:
    # A caller who names a full commit names exactly what ran; it cannot move.
    version = workflow.version or ""
    pinned = len(version) in _COMMIT_LENGTHS and set(version) <= set("0123456789abcdef")
    if pinned and expected is not None and expected.version == version:
        return
    try:
        check_builder_tag(workflow)
    except BuilderRefError:
        # builder.go verifyTrustedBuilderRef: the project tests its own builders at main.
        own = signer.source is not None and signer.source.uri in _OWN_PROJECTS
        if own and workflow.name in TRUSTED_WORKFLOWS and workflow.version == _MAIN:
            return
        raise


def _style(
    claims: ProvenanceClaims, workflow: BuilderId, expectations: ProvenanceExpectations
) -> BuildStyle:
    known = BUILD_TYPES.get((claims.version, workflow.name), {})
    style = known.get(claims.build_type)
    if style is not None:
        return style
    # Any workflow the caller named may use GitHub's attestation action.
    named = expectations.builder_id is not None or expectations.signer_is_expected
    generator = workflow.name in TRUSTED_WORKFLOWS
    if named and not generator and claims.build_type in WORKFLOW_BUILD_TYPES:
        return BuildStyle(environment=None)
    raise BuildTypeError(
        f"{workflow.name} does not make SLSA {claims.version} provenance of the build type "
        f"{claims.build_type[:200]!r}"
    )


def _check_delegated(builder: BuilderId, expectations: ProvenanceExpectations) -> None:
    # provenance.go isValidDelegatorBuilderID: the delegator vouches for name and tag.
    expected = expectations.builder
    if expected is None:
        if not builder.name.startswith(GENERATOR_WORKFLOWS):
            raise BuilderMismatchError(
                f"{builder.name} is not a builder that is trusted without being named",
                hint="name the builder that is expected, if it is",
            )
    else:
        builder.check_loosely(expected)
    check_builder_tag(builder)


def _check_own_builder(
    builder: BuilderId,
    workflow: BuilderId,
    signer: CertificateIdentity,
    expectations: ProvenanceExpectations,
) -> None:
    """The signer was compared by identity: the builder is the signer, or the runner it ran on."""
    runner = {"github-hosted": NPM_HOSTED, "self-hosted": NPM_SELF_HOSTED}.get(
        signer.runner_environment or ""
    )
    if builder != workflow and str(builder) != runner:
        raise BuilderMismatchError(f"{workflow} signed, but the provenance names {builder}")
    if expectations.builder is not None:
        builder.check_loosely(expectations.builder)


def check_options(
    github: GithubClaims, expectations: ProvenanceExpectations
) -> list[tuple[str, str]]:
    """Check branch, tag, version and workflow inputs, as far as they are expected.

    Raises:
        SlsaMalformedError: the provenance does not state what is compared.
        SlsaRefusedError: a class and code for each that differs.

    """
    checked: list[tuple[str, str]] = []
    if expectations.source_branch is not None:
        github.check_ref_type()
        check_branch(github.branch, expectations.source_branch)
        checked.append(("branch", expectations.source_branch))
    if expectations.source_tag is not None:
        github.check_ref_type()
        check_tag(github.ref, expectations.source_tag)
        checked.append(("tag", expectations.source_tag))
    if expectations.source_versioned_tag is not None:
        github.check_ref_type()
        check_versioned_tag(github.ref, expectations.source_versioned_tag)
        checked.append(("versioned tag", str(github.ref)))
    if expectations.workflow_inputs:
        inputs = github.workflow_inputs()
        for name, expected in sorted(expectations.workflow_inputs.items()):
            found = inputs.values.get(name)
            if not isinstance(found, str) or found != expected:
                raise WorkflowInputMismatchError(
                    f"expected the workflow input {name}={expected!r}, found {found!r}"
                )
        checked.append(("workflow inputs", ", ".join(sorted(expectations.workflow_inputs))))
    return checked
