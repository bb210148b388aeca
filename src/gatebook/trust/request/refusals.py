"""Why a request is refused that nobody's signature is to blame for."""

from gatebook.errors import VerificationError
from gatebook.trust.refusals import AttestationRefusedError

__all__ = ["NothingToVerifyError", "PredicateTypeError"]


class PredicateTypeError(AttestationRefusedError):
    """The statement is of another predicate type than the caller asked for."""

    code = "trust.predicate-type"
    step = 7


class NothingToVerifyError(VerificationError):
    """There is no attestation to verify; that is never a success."""

    code = "trust.no-attestation"
