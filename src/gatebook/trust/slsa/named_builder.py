"""Builds of platforms whose builder only the caller can vouch for.

A key of the trust root signed, or a certificate of another system than GitHub. The caller has to
name the builder, and for a certificate to have compared the identity; the rest is read from the
provenance as every other part of Gatebook reads it.
"""

from gatebook import canonical
from gatebook.digest import Digest
from gatebook.errors import MalformedError
from gatebook.formats.intoto import Statement
from gatebook.formats.provenance import Provenance
from gatebook.names import RepositoryUri
from gatebook.trust.identities.certificate import CertificateIdentity
from gatebook.trust.refusals import SubjectMismatchError
from gatebook.trust.slsa.builders import BuilderId
from gatebook.trust.slsa.expectations import ProvenanceExpectations
from gatebook.trust.slsa.refusals import (
    BuilderRequiredError,
    CertificateMismatchError,
    ExpectationError,
    IssuerUntrustedError,
    SourceMismatchError,
    WorkflowInputMismatchError,
)
from gatebook.trust.slsa.verified import SlsaBuild
from gatebook.trust.slsa.versions import check_branch, check_tag, check_versioned_tag

__all__ = ["verify_named_builder"]


def verify_named_builder(
    statement: Statement,
    signer: CertificateIdentity | None,
    expectations: ProvenanceExpectations,
    *,
    subject: Digest,
) -> SlsaBuild:
    """Verify a build by the builder the caller names.

    1. The caller names the builder, and knows the signer when a certificate signed.
    2. The provenance names that builder.
    3. It is of the expected source, and of the certificate's.
    4. A subject has the digest asked for.
    5. Branch, tag, version and inputs are as expected.

    Raises:
        MalformedError: the provenance cannot be read, or contradicts itself.
        AttestationRefusedError: one class and code for each other reason.

    """
    # (1) Any holder of any certificate could claim any builder.
    if signer is not None and not expectations.signer_is_expected:
        raise IssuerUntrustedError(
            f"nothing says that {signer.subject.value[:200]!r} of {signer.issuer} may build",
            hint="constrain the identity",
        )
    expected = expectations.builder
    if expected is None:
        raise BuilderRequiredError("the builder that is expected has to be named")

    # (2) SLSA v1.0, "Verifying artifacts": the builder is the root of trust.
    provenance = Provenance.from_statement(statement)
    builder = _builder(provenance.builder_id, expectations.builder_id or "", expected)

    # (3) The certificate was issued for one repository, ref and commit.
    ref, commit = _check_source(provenance, signer, expectations)

    # (4) in-toto spec/v1: subjects are matched by digest.
    if statement.find_subject(subject) is None:
        raise SubjectMismatchError(f"the provenance is not about {subject.short}")

    # (5) As for every other platform.
    checks = _check_options(provenance, ref, expectations)
    source = None if provenance.source is None else f"git+{provenance.source.repository}"
    return SlsaBuild(
        builder=builder,
        build_type=provenance.build_type,
        source=source,
        ref=ref,
        commit=commit,
        subject=subject,
        checks=(
            ("builder", str(builder)),
            ("build type", provenance.build_type),
            ("source", str(source)),
            ("subject", str(subject)),
            *checks,
        ),
    )


def _builder(found: str, wanted: str, expected: BuilderId) -> BuilderId:
    if found == wanted:
        return expected
    builder = BuilderId.parse(found)
    builder.check_loosely(expected)
    return builder


def _check_source(
    provenance: Provenance,
    signer: CertificateIdentity | None,
    expectations: ProvenanceExpectations,
) -> tuple[str | None, str | None]:
    source = provenance.source
    if expectations.source_uri is not None:
        try:
            wanted = RepositoryUri.parse(expectations.source_uri)
        except MalformedError as error:
            raise ExpectationError(error.message) from None
        if source is None or source.repository != wanted:
            found = "none that can be read" if source is None else str(source.repository)
            raise SourceMismatchError(f"expected the source {wanted}, the provenance has {found}")
        if signer is not None and signer.source is None:
            raise SourceMismatchError("the certificate names no source repository")
    ref = None if source is None else source.ref
    commit = None if source is None or source.commit is None else str(source.commit)
    if signer is None:
        return ref, commit
    for what, stated, certified in (
        (
            "source",
            None if source is None else str(source.repository),
            None if signer.source is None else signer.source.uri,
        ),
        ("ref", ref, signer.source_ref),
        ("commit", commit, signer.source_digest),
    ):
        if stated is not None and certified is not None and stated != certified:
            raise CertificateMismatchError(
                f"the {what} is {stated!r} in the provenance and {certified!r} in the certificate"
            )
    return ref or signer.source_ref, commit or signer.source_digest


def _check_options(
    provenance: Provenance, ref: str | None, expectations: ProvenanceExpectations
) -> list[tuple[str, str]]:
    checks: list[tuple[str, str]] = []
    if expectations.source_branch is not None:
        check_branch(ref, expectations.source_branch)
        checks.append(("branch", expectations.source_branch))
    if expectations.source_tag is not None:
        check_tag(ref, expectations.source_tag)
        checks.append(("tag", expectations.source_tag))
    if expectations.source_versioned_tag is not None:
        check_versioned_tag(ref, expectations.source_versioned_tag)
        checks.append(("versioned tag", str(ref)))
    if expectations.workflow_inputs:
        parameters = canonical.as_object(canonical.loads(provenance.parameters.encode("utf-8")))
        inputs = parameters.get("inputs", parameters)
        for name, expected in sorted(expectations.workflow_inputs.items()):
            found = inputs.get(name) if isinstance(inputs, dict) else None
            if not isinstance(found, str) or found != expected:
                raise WorkflowInputMismatchError(
                    f"expected the input {name}={expected!r}, found {found!r}"
                )
        checks.append(("workflow inputs", ", ".join(sorted(expectations.workflow_inputs))))
    return checks
