"""Why an attestation is not believed: one class and one code for each reason."""

from typing import ClassVar

from gatebook.errors import VerificationError

__all__ = [
    "AttestationRefusedError",
    "EnvironmentNotAllowedError",
    "KeyExpiredError",
    "KeyNotYetValidError",
    "NoIdentityError",
    "NoValidSignatureError",
    "PayloadTypeError",
    "PredicateNotAllowedError",
    "RepositoryMismatchError",
    "RepositoryNotAllowedError",
    "RepositoryUnknownError",
    "SubjectMismatchError",
    "UnknownKeyError",
]


class AttestationRefusedError(VerificationError):
    """An attestation is not believed.

    Attributes:
        step: the step of :func:`verify_attestation` that refused it. When several keys signed and
            none satisfies everything, the one that got furthest gives the reason.

    """

    code = "trust.refused"
    step: ClassVar[int] = 0


class PayloadTypeError(AttestationRefusedError):
    """The envelope carries something else than an in-toto statement."""

    code = "trust.payload-type"
    step = 2


class UnknownKeyError(AttestationRefusedError):
    """The envelope names keys that the trust root does not have."""

    code = "trust.unknown-key"
    step = 3


class NoValidSignatureError(AttestationRefusedError):
    """No key of the trust root made any of the signatures over these bytes."""

    code = "trust.no-valid-signature"
    step = 3


class NoIdentityError(AttestationRefusedError):
    """A certificate signed, and the trust root names nobody it could belong to."""

    code = "trust.no-identity"
    step = 3


class KeyNotYetValidError(AttestationRefusedError):
    """The key that signed is not believed yet."""

    code = "trust.key-not-yet-valid"
    step = 4


class KeyExpiredError(AttestationRefusedError):
    """The key that signed is no longer believed."""

    code = "trust.key-expired"
    step = 4


class SubjectMismatchError(AttestationRefusedError):
    """The statement is about something else."""

    code = "trust.subject-mismatch"
    step = 6


class PredicateNotAllowedError(AttestationRefusedError):
    """The key may not attest this type of predicate."""

    code = "trust.predicate-not-allowed"
    step = 7


class RepositoryMismatchError(AttestationRefusedError):
    """The provenance names another repository than the artifact is recorded with."""

    code = "trust.repository-mismatch"
    step = 8


class RepositoryUnknownError(AttestationRefusedError):
    """The key may speak about some repositories, and nobody knows which one this is."""

    code = "trust.repository-unknown"
    step = 8


class RepositoryNotAllowedError(AttestationRefusedError):
    """The key may not speak about this repository."""

    code = "trust.repository-not-allowed"
    step = 8


class EnvironmentNotAllowedError(AttestationRefusedError):
    """The key may not speak for this environment."""

    code = "trust.environment-not-allowed"
    step = 9
