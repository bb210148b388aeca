"""Provenance is of the build that its certificate was issued to, whatever its build type.

A workflow can write any builder, repository and commit into a predicate; its certificate was
issued for what really ran (SLSA v1.0, "Verifying artifacts"; slsa-verifier, VerifyProvenance). This
is what holds for every certificate; what a caller expects beyond it is judged by the other modules.
"""

from gatebook.errors import MalformedError
from gatebook.formats.provenance import Provenance
from gatebook.names import RepositoryUri
from gatebook.trust.identities.certificate import CertificateIdentity, Provider
from gatebook.trust.slsa.builders import (
    DELEGATORS,
    NPM_HOSTED,
    NPM_LEGACY,
    NPM_SELF_HOSTED,
    BuilderId,
    check_builder_tag,
)
from gatebook.trust.slsa.refusals import BuilderMismatchError, CertificateMismatchError

__all__ = ["check_certified_build"]

_RUNNERS = {
    "github-hosted": frozenset({NPM_HOSTED, NPM_LEGACY}),
    "self-hosted": frozenset({NPM_SELF_HOSTED}),
}


def check_certified_build(provenance: Provenance, signer: CertificateIdentity) -> None:
    """Compare provenance with the build its certificate was issued to.

    1. The builder is the workflow that signed, or the runner it ran on. A delegator of the SLSA
       generators names the builder it works for, at a release. Certificates of other systems than
       GitHub do not name the builder: it is the signer's word, as with a key.
    2. The source is the certificate's repository.
    3. Its ref and commit are the certificate's, unless the build was delegated: that one may be of
       another commit than the one that started it.

    What either side does not state is not compared.

    Raises:
        BuilderMismatchError: (1).
        CertificateMismatchError: (2), (3).
        AttestationRefusedError: a delegated builder is not at a release.

    """
    # (1) The certificate names the workflow in .9, the runner in .11.
    delegated = _check_builder(provenance.builder_id, signer)
    source = provenance.source
    if source is None:
        return
    # (2) .12
    certified = None if signer.source is None else _repository(signer.source.uri)
    if certified is not None and source.repository != certified:
        raise CertificateMismatchError(
            f"the provenance is of {source.repository}, the certificate of {certified}"
        )
    # (3) .14 and .13
    if delegated:
        return
    commit = None if source.commit is None else str(source.commit)
    for what, stated, known in (
        ("ref", source.ref, signer.source_ref),
        ("commit", commit, signer.source_digest),
    ):
        if stated is not None and known is not None and stated != known:
            raise CertificateMismatchError(
                f"the {what} is {stated[:200]!r} in the provenance and {known[:200]!r} in the "
                "certificate"
            )


def _check_builder(builder: str, signer: CertificateIdentity) -> bool:
    """Check the builder; tell whether the signer works for it rather than being it."""
    if signer.provider is not Provider.GITHUB or signer.signer is None:
        return False
    if signer.signer.name in DELEGATORS:
        check_builder_tag(BuilderId.parse(builder))
        return True
    runners = _RUNNERS.get(signer.runner_environment or "", frozenset())
    if builder != signer.signer.uri and builder not in runners:
        raise BuilderMismatchError(
            f"{signer.signer.uri} signed, but the provenance names {builder[:200] or 'no builder'}"
        )
    return False


def _repository(uri: str) -> RepositoryUri | None:
    try:
        return RepositoryUri.parse(uri)
    except MalformedError:
        return None
