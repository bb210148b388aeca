"""Why a build is not the one that was expected: one class and one code for each rule."""

from gatebook.errors import MalformedError, UsageError
from gatebook.trust.refusals import AttestationRefusedError

__all__ = [
    "BranchMismatchError",
    "BuildTypeError",
    "BuilderMismatchError",
    "BuilderRefError",
    "BuilderRequiredError",
    "BuilderUntrustedError",
    "CertificateMismatchError",
    "ExpectationError",
    "GcbMalformedError",
    "GcbMismatchError",
    "InvalidRefError",
    "IssuerUntrustedError",
    "NpmPackageError",
    "ProvenancePredicateError",
    "SlsaMalformedError",
    "SlsaRefusedError",
    "SourceMismatchError",
    "TagMismatchError",
    "UnverifiableClaimError",
    "VersionedTagInvalidError",
    "VersionedTagMismatchError",
    "WorkflowInputMismatchError",
]


class ExpectationError(UsageError):
    """An expectation is not one that a build could satisfy."""

    code = "trust.slsa-expectation"


class SlsaMalformedError(MalformedError):
    """A provenance lacks what the rules of its build type compare."""

    code = "trust.slsa-malformed"


class SlsaRefusedError(AttestationRefusedError):
    """A build is not the one that was expected."""

    code = "trust.slsa-refused"
    step = 8


class IssuerUntrustedError(SlsaRefusedError):
    """The signing certificate was issued on the word of an identity provider not expected here."""

    code = "trust.slsa-issuer"


class ProvenancePredicateError(SlsaRefusedError):
    """The statement is not SLSA provenance of a version the rules cover."""

    code = "trust.slsa-predicate"


class BuilderRequiredError(SlsaRefusedError):
    """Nothing but the caller can say which builder is believed, and the caller did not."""

    code = "trust.slsa-builder-required"


class BuilderUntrustedError(SlsaRefusedError):
    """The workflow that signed is neither a trusted builder nor the one expected."""

    code = "trust.slsa-builder-untrusted"


class BuilderMismatchError(SlsaRefusedError):
    """The provenance names another builder than was expected, or than signed it."""

    code = "trust.slsa-builder-mismatch"


class BuilderRefError(SlsaRefusedError):
    """The builder ran at something else than a released version."""

    code = "trust.slsa-builder-ref"


class BuildTypeError(SlsaRefusedError):
    """The builder does not make provenance of this build type."""

    code = "trust.slsa-build-type"


class SourceMismatchError(SlsaRefusedError):
    """The build was of another source than was expected."""

    code = "trust.slsa-source-mismatch"


class InvalidRefError(SlsaRefusedError):
    """The build was not of a ref of the kind that was asked for."""

    code = "trust.slsa-invalid-ref"


class BranchMismatchError(SlsaRefusedError):
    """The build was of another branch."""

    code = "trust.slsa-branch-mismatch"


class TagMismatchError(SlsaRefusedError):
    """The build was of another tag."""

    code = "trust.slsa-tag-mismatch"


class VersionedTagMismatchError(SlsaRefusedError):
    """The build was of a tag of another version."""

    code = "trust.slsa-versioned-tag-mismatch"


class VersionedTagInvalidError(SlsaRefusedError):
    """The build was of a tag that is not a semantic version."""

    code = "trust.slsa-versioned-tag-invalid"


class WorkflowInputMismatchError(SlsaRefusedError):
    """The workflow was not started by hand with the inputs expected."""

    code = "trust.slsa-workflow-input-mismatch"


class CertificateMismatchError(SlsaRefusedError):
    """The provenance claims something else than the signing certificate."""

    code = "trust.slsa-certificate-mismatch"


class UnverifiableClaimError(SlsaRefusedError):
    """A builder that is not trusted claims something nothing else confirms."""

    code = "trust.slsa-unverifiable-claim"


class NpmPackageError(SlsaRefusedError):
    """The attestations of an npm package are not a pair about the expected package."""

    code = "trust.npm-package"


class GcbMalformedError(MalformedError):
    """A document is not the description of an image that ``gcloud`` writes."""

    code = "trust.gcb-malformed"


class GcbMismatchError(SlsaRefusedError):
    """What stands around a signed provenance of Cloud Build says something else than it."""

    code = "trust.gcb-mismatch"
