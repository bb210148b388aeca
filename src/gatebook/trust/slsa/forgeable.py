"""Claims of a builder that is not trusted: each has to be one the certificate confirms.

Whoever may edit the workflow writes this provenance. What the certificate, issued from GitHub's own
token, says as well is believed; anything else is refused, so that nobody relies on it
(slsa-verifier, verifiers/internal/gha/provenance_forgeable.go).
"""

from collections.abc import Iterable, Mapping
from typing import Final

from gatebook.formats.fields import Fields
from gatebook.formats.intoto import Statement
from gatebook.trust.identities.certificate import CertificateIdentity
from gatebook.trust.slsa.claims import ProvenanceClaims
from gatebook.trust.slsa.refusals import CertificateMismatchError, UnverifiableClaimError

__all__ = ["check_forgeable_claims"]

_FIELDS_V0_2: Final[Mapping[str, frozenset[str]]] = {
    "": frozenset({"builder", "buildType", "invocation", "buildConfig", "metadata", "materials"}),
    "builder": frozenset({"id"}),
    "invocation": frozenset({"configSource", "parameters", "environment"}),
    "invocation.configSource": frozenset({"uri", "digest", "entryPoint"}),
    "metadata": frozenset(
        {
            *("buildInvocationId", "buildInvocationID", "buildStartedOn", "buildFinishedOn"),
            *("completeness", "reproducible"),
        }
    ),
    "metadata.completeness": frozenset({"parameters", "environment", "materials"}),
}
_FIELDS_V1: Final[Mapping[str, frozenset[str]]] = {
    "": frozenset({"buildDefinition", "runDetails"}),
    "buildDefinition": frozenset(
        {"buildType", "externalParameters", "internalParameters", "resolvedDependencies"}
    ),
    "buildDefinition.externalParameters": frozenset({"workflow"}),
    "buildDefinition.externalParameters.workflow": frozenset({"ref", "repository", "path"}),
    "buildDefinition.internalParameters": frozenset({"github"}),
    "runDetails": frozenset({"builder", "metadata"}),
    "runDetails.builder": frozenset({"id"}),
    "runDetails.metadata": frozenset({"invocationId", "startedOn", "finishedOn"}),
}
_MATERIAL: Final = frozenset({"uri", "digest"})


def check_forgeable_claims(
    statement: Statement, claims: ProvenanceClaims, signer: CertificateIdentity
) -> None:
    """Check every claim of an untrusted builder on GitHub Actions.

    1. There is no field that is not looked at.
    2. Event, repository, ref, ids, commits, workflow and run are those of the certificate.
    3. The workflow that started the build is the certificate's.
    4. Nothing is claimed that the certificate cannot confirm: times, completeness, parameters,
       dependencies other than the source, subjects other than the package.

    Raises:
        CertificateMismatchError: the certificate says something else, or nothing.
        UnverifiableClaimError: a claim nothing confirms.
        MalformedError: a field of another type.

    """
    # (1) slsaprovenance/*/provenance.go, DisallowUnknownFields.
    known = _FIELDS_V0_2 if claims.version == "v0.2" else _FIELDS_V1
    for path, names in known.items():
        _only(claims.predicate, path, names)
    for material in claims.materials:
        _refuse_others(material, _MATERIAL)

    # (2) verifySystemParameters, verifyCommonMetadata.
    if claims.version == "v0.2":
        _check_variables(claims.environment, _variables(signer))
        _check_run_v0_2(claims.metadata, signer)
    else:
        github = claims.environment.optional_object("github")
        if github is not None:
            _check_variables(github, _github_parameters(signer))
        _check_run_v1(claims.metadata, signer)

    # (3) verifyBuildConfig.
    config = signer.build_config
    stated: str | None
    if claims.version == "v0.2":
        stated = claims.external.object("configSource").optional_text("entryPoint")
    else:
        stated = claims.external.object("workflow").text("path")
    # npm 9 wrote the whole workflow reference, owner/name/path@ref, where the path belongs.
    whole = _variables(signer)["GITHUB_WORKFLOW_REF"]
    workflow_path = None if config is None else config.path
    _agree("the workflow", stated, whole if stated == whole else workflow_path)

    # (4) verifyV02Metadata, verifyV02Parameters, verifyV02BuildConfig, verifyResolvedDependencies.
    _refuse_unconfirmed(statement, claims)


def _variables(signer: CertificateIdentity) -> dict[str, str | None]:
    workflow = signer.build_config or signer.signer
    run = signer.run
    return {
        "GITHUB_EVENT_NAME": signer.trigger,
        "GITHUB_REF": signer.source_ref,
        "GITHUB_REPOSITORY": None if signer.source is None else signer.source.path,
        "GITHUB_REPOSITORY_ID": signer.repository_id,
        "GITHUB_REPOSITORY_OWNER_ID": signer.owner_id,
        "GITHUB_RUN_ATTEMPT": None if run is None else run.attempt,
        "GITHUB_RUN_ID": None if run is None else run.id,
        "GITHUB_SHA": signer.source_digest,
        "GITHUB_WORKFLOW_REF": (
            None if workflow is None else workflow.uri.removeprefix(f"https://{workflow.host}/")
        ),
        "GITHUB_WORKFLOW_SHA": signer.build_config_digest or signer.signer_digest,
    }


def _github_parameters(signer: CertificateIdentity) -> dict[str, str | None]:
    return {
        "event_name": signer.trigger,
        "repository_id": signer.repository_id,
        "repository_owner_id": signer.owner_id,
        "runner_environment": signer.runner_environment,
    }


def _check_variables(fields: Fields, certified: Mapping[str, str | None]) -> None:
    for name in sorted(fields.values):
        if name not in certified:
            raise UnverifiableClaimError(f"{fields.what}: the certificate cannot confirm {name!r}")
        _agree(name, fields.text(name), certified[name])


def _check_run_v0_2(metadata: Fields, signer: CertificateIdentity) -> None:
    for name in ("buildInvocationId", "buildInvocationID"):
        stated = metadata.optional_text(name)
        if stated:
            run = signer.run
            known = run is not None and run.id is not None and run.attempt is not None
            _agree("the run", stated, f"{run.id}-{run.attempt}" if run and known else None)


def _check_run_v1(metadata: Fields, signer: CertificateIdentity) -> None:
    stated = metadata.optional_text("invocationId")
    if stated:
        _agree("the run", stated, None if signer.run is None else signer.run.uri)


def _refuse_unconfirmed(statement: Statement, claims: ProvenanceClaims) -> None:
    metadata = claims.metadata
    times = {"buildStartedOn", "buildFinishedOn", "startedOn", "finishedOn"}
    for name in sorted(times & metadata.values.keys()):
        if metadata.has(name):
            raise UnverifiableClaimError(f"{metadata.what}: nothing confirms {name!r}")
    if metadata.values.get("reproducible"):
        raise UnverifiableClaimError(f"{metadata.what}: nothing confirms that it is reproducible")
    completeness = metadata.optional_object("completeness")
    if completeness is not None and any(completeness.values.values()):
        raise UnverifiableClaimError(f"{completeness.what}: nothing confirms completeness")
    if claims.version == "v0.2":
        for parent, name in ((claims.external, "parameters"), (claims.predicate, "buildConfig")):
            if parent.values.get(name) not in (None, {}):
                raise UnverifiableClaimError(f"{parent.what}: nothing confirms {name!r}")
    if len(claims.materials) != 1:
        raise UnverifiableClaimError(
            f"{len(claims.materials)} materials; only the source can be confirmed"
        )
    subjects = statement.subjects
    if len(subjects) != 1 or subjects[0].digests.get("sha512") is None:
        raise UnverifiableClaimError(
            f"{len(subjects)} subjects; expected one package with its sha512"
        )


def _agree(what: str, stated: str | None, certified: str | None) -> None:
    if certified is None or stated != certified:
        said = "does not say" if certified is None else f"says {certified[:200]!r}"
        raise CertificateMismatchError(
            f"{what} is {str(stated)[:200]!r} in the provenance; the certificate {said}"
        )


def _only(predicate: Fields, path: str, known: frozenset[str]) -> None:
    fields = predicate
    for name in path.split(".") if path else ():
        if not fields.has(name):
            return
        fields = fields.object(name)
    _refuse_others(fields, known)


def _refuse_others(fields: Fields, known: Iterable[str]) -> None:
    unknown = sorted(set(fields.values) - set(known))
    if unknown:
        raise UnverifiableClaimError(f"{fields.what}: nothing confirms {unknown[0][:80]!r}")
