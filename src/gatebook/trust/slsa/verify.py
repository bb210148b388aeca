"""Verify the provenance of a build: the front door of the SLSA rules."""

from gatebook.digest import Digest
from gatebook.formats.intoto import Statement
from gatebook.trust.identities.certificate import CertificateIdentity, Provider
from gatebook.trust.slsa.expectations import ProvenanceExpectations
from gatebook.trust.slsa.gcb import GCB_BUILDER, GCB_V0_1, verify_gcb_statement
from gatebook.trust.slsa.github import verify_github
from gatebook.trust.slsa.named_builder import verify_named_builder
from gatebook.trust.slsa.verified import SlsaBuild

__all__ = ["verify_provenance"]


def verify_provenance(
    statement: Statement,
    signer: CertificateIdentity | None,
    expectations: ProvenanceExpectations,
    *,
    subject: Digest,
) -> SlsaBuild:
    """Verify that a *verified* statement is provenance of the build that was expected.

    Which rules apply follows from who signed, and for a key from the builder the caller names; the
    statement has no say in it.

    Args:
        statement: what was signed; its signature has been verified.
        signer: the identity of the certificate that signed, or ``None`` when a key did, which the
            trust root allows to attest provenance.
        expectations: what the caller expects.
        subject: the digest of the artifact; another algorithm than SHA-256 serves as well.

    Raises:
        MalformedError: the provenance lacks something, or contradicts itself.
        AttestationRefusedError: one class and code for each other reason.

    """
    if signer is not None and signer.provider is Provider.GITHUB:
        return verify_github(statement, signer, expectations, subject=subject)
    if signer is None and expectations.builder is not None:
        cloud_build = expectations.builder.name == GCB_BUILDER
        if cloud_build or statement.predicate_type == GCB_V0_1:
            return verify_gcb_statement(statement, expectations, subject=subject)
    return verify_named_builder(statement, signer, expectations, subject=subject)
