"""npm packages: the registry's publish attestation and the build's provenance, as a pair.

Packages are published by the npm CLI in any workflow, or by a builder that uses a delegator of
slsa-github-generator. The npm CLI is no trusted builder: whoever writes the workflow can write the
provenance too, so that every claim has to be one the certificate confirms
(slsa-verifier, verifiers/internal/gha/{npm,provenance_forgeable}.go).
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from gatebook.digest import Digest
from gatebook.errors import MalformedError
from gatebook.formats.intoto import Statement
from gatebook.formats.npm_publish import NPM_PUBLISH_V0_1, NpmPublish
from gatebook.formats.purl import PackageUrl
from gatebook.trust.identities.certificate import CertificateIdentity
from gatebook.trust.refusals import SubjectMismatchError
from gatebook.trust.slsa.builders import (
    DELEGATORS,
    NPM_BUILDERS,
    NPM_HOSTED,
    NPM_LEGACY,
    NPM_SELF_HOSTED,
    WORKFLOW_BUILD_TYPES,
    BuilderId,
    BuildStyle,
)
from gatebook.trust.slsa.claims import GithubClaims, ProvenanceClaims
from gatebook.trust.slsa.expectations import ProvenanceExpectations
from gatebook.trust.slsa.forgeable import check_forgeable_claims
from gatebook.trust.slsa.github import (
    check_certificate_source,
    check_commit,
    check_issuer,
    check_options,
    check_source_and_ref,
    verify_github,
)
from gatebook.trust.slsa.refusals import (
    BuilderMismatchError,
    BuilderRequiredError,
    BuilderUntrustedError,
    BuildTypeError,
    NpmPackageError,
)
from gatebook.trust.slsa.verified import SlsaBuild

__all__ = ["verify_npm"]

_WORKFLOW: Final = BuildStyle(environment=None)
_NPM_BUILD_TYPES: Final[Mapping[tuple[str, str], frozenset[str]]] = MappingProxyType(
    {
        ("v0.2", NPM_LEGACY): frozenset(
            {"https://github.com/npm/cli/gha@v1", "https://github.com/npm/cli/gha/v2"}
        ),
        ("v0.2", NPM_HOSTED): frozenset(
            {"https://github.com/npm/cli/gha@v1", "https://github.com/npm/cli/gha/v2"}
        ),
        ("v1", NPM_HOSTED): WORKFLOW_BUILD_TYPES,
    }
)
"""The npm CLI names the runner in full since it writes v1."""


def verify_npm(
    publish: Statement | None,
    provenance: Statement | None,
    signer: CertificateIdentity,
    expectations: ProvenanceExpectations,
    *,
    tarball: Digest,
    name: str | None = None,
    version: str | None = None,
) -> SlsaBuild:
    """Verify an npm package's pair of attestations, each verified by its signature before.

    1. Both are there: a registry that publishes vouches for nothing that was built (GHSA-r2xv).
    2. The provenance is of the expected builder, source, ref and tarball.
    3. The publish attestation is about the same tarball.
    4. Both name one package at one version, and those expected.

    Args:
        publish: what the registry signed.
        provenance: what the build signed.
        signer: the certificate the provenance was signed with.
        expectations: as for any build; the builder id is required.
        tarball: the SHA-512 of the package.
        name: the expected package name, with its scope.
        version: the expected version.

    Raises:
        MalformedError: one of them lacks something.
        AttestationRefusedError: one class and code for each other reason.

    """
    # (1) npm.go extractAttestations.
    if provenance is None:
        raise NpmPackageError("no provenance", code="trust.npm-provenance-missing")
    if publish is None:
        raise NpmPackageError("no publish attestation", code="trust.npm-publish-missing")
    if publish.predicate_type != NPM_PUBLISH_V0_1:
        raise NpmPackageError(
            f"{publish.predicate_type[:120]!r} is not npm's publish predicate",
            code="trust.npm-publish-predicate",
        )

    # (2) verifier.go verifyNpmEnvAndCert.
    build = _verify_build(provenance, signer, expectations, tarball)

    # (3) npm.go verifyPublishAttestationSubjectDigest.
    if publish.find_subject(tarball) is None:
        raise SubjectMismatchError(f"the publish attestation is not about {tarball.short}")

    # (4) npm.go verifyPackageName, verifyPackageVersion.
    published = NpmPublish.from_statement(publish)
    built = _package(provenance, tarball)
    for part, wanted, in_publish, in_provenance in (
        ("name", name, published.name, built[0]),
        ("version", version, published.version, built[1]),
    ):
        expected = in_publish if wanted is None else wanted
        for where, found in (("publish", in_publish), ("provenance", in_provenance)):
            if found != expected:
                raise NpmPackageError(
                    f"expected the package {part} {expected[:120]!r}, the {where} attestation "
                    f"says {found[:120]!r}",
                    code=f"trust.npm-{part}-mismatch",
                )
    return build


def _verify_build(
    provenance: Statement,
    signer: CertificateIdentity,
    expectations: ProvenanceExpectations,
    tarball: Digest,
) -> SlsaBuild:
    check_issuer(signer, expectations)
    check_certificate_source(signer, expectations)
    if expectations.builder is None:
        raise BuilderRequiredError("an npm package needs the builder that is expected")
    if signer.signer is not None and signer.signer.name in DELEGATORS:
        if signer.runner_environment not in {None, "github-hosted"}:
            raise BuilderMismatchError(
                f"a delegated builder ran on a {signer.runner_environment} runner"
            )
        return verify_github(provenance, signer, expectations, subject=tarball)
    return _verify_cli(provenance, signer, expectations, tarball)


def _verify_cli(
    provenance: Statement,
    signer: CertificateIdentity,
    expectations: ProvenanceExpectations,
    tarball: Digest,
) -> SlsaBuild:
    expected = expectations.builder_id or ""
    if expected not in NPM_BUILDERS:
        raise BuilderUntrustedError(
            f"the npm CLI's builder is one of {', '.join(sorted(NPM_BUILDERS))}, not "
            f"{expected[:200]!r}"
        )
    hosted = "self-hosted" if expected == NPM_SELF_HOSTED else "github-hosted"
    if signer.runner_environment != hosted:
        raise BuilderMismatchError(
            f"expected a {hosted} runner, the certificate says {signer.runner_environment!r}"
        )
    claims = ProvenanceClaims.read(provenance)
    types = _NPM_BUILD_TYPES.get((claims.version, expected))
    if types is None:
        raise BuilderMismatchError(
            f"SLSA {claims.version} provenance of the npm CLI is never of the builder {expected}"
        )
    if claims.build_type not in types:
        raise BuildTypeError(f"the npm CLI does not make {claims.build_type[:200]!r}")
    # Older provenance leaves the hosting out and means GitHub's.
    if _in_full(claims.builder_id) != _in_full(expected):
        raise BuilderMismatchError(
            f"expected the builder {expected}, found {claims.builder_id[:200]!r}"
        )
    github = GithubClaims(claims, _WORKFLOW)
    source, ref = check_source_and_ref(github, signer, expectations)
    if provenance.find_subject(tarball) is None:
        raise SubjectMismatchError(f"the provenance is not about {tarball.short}")
    commit = check_commit(github, signer)
    check_forgeable_claims(provenance, claims, signer)
    options = check_options(github, expectations)
    return SlsaBuild(
        builder=BuilderId(claims.builder_id),
        build_type=claims.build_type,
        source=source,
        ref=ref,
        commit=commit,
        subject=tarball,
        checks=(
            ("issuer", str(signer.issuer)),
            ("certificate source", str(signer.source)),
            ("build type", claims.build_type),
            ("builder", claims.builder_id),
            ("source", source),
            ("subject", str(tarball)),
            ("claims confirmed by the certificate", claims.version),
            *options,
        ),
    )


def _in_full(builder: str) -> str:
    return NPM_HOSTED if builder == NPM_LEGACY else builder


def _package(statement: Statement, tarball: Digest) -> tuple[str, str]:
    """Name and version of the one package a statement is about."""
    subject = statement.find_subject(tarball)
    if subject is None or len(statement.subjects) != 1:
        raise NpmPackageError(
            f"expected one subject, found {len(statement.subjects)}", code="trust.npm-subject"
        )
    try:
        purl = PackageUrl.parse(subject.name or "")
    except MalformedError as error:
        raise NpmPackageError(error.message, code="trust.npm-subject") from None
    if purl.type != "npm" or purl.version is None:
        raise NpmPackageError(
            f"{(subject.name or '')[:120]!r} is not pkg:npm/name@version", code="trust.npm-subject"
        )
    name = purl.name if purl.namespace is None else f"{purl.namespace}/{purl.name}"
    return name, purl.version
