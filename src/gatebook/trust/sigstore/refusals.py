"""Why a Sigstore bundle is not believed: one class and one code for each reason.

``step`` is the step of :func:`~gatebook.trust.sigstore.verify.verify_bundle` that refused it.
"""

from gatebook.trust.refusals import AttestationRefusedError

__all__ = [
    "ArtifactNeededError",
    "AuthorityExpiredError",
    "CertificateExpiredError",
    "CertificateMalformedError",
    "CertificateUsageError",
    "ChainUnknownError",
    "CheckpointMalformedError",
    "CheckpointMismatchError",
    "CheckpointOriginError",
    "CheckpointSignatureError",
    "CriticalExtensionError",
    "EntryDigestError",
    "EntryDuplicateError",
    "EntryKeyError",
    "EntryKindError",
    "EntryMalformedError",
    "EntrySignatureError",
    "ExtraCertificatesError",
    "InclusionMissingError",
    "InclusionProofError",
    "KeyOutOfTimeError",
    "LogExpiredError",
    "LogThresholdError",
    "LogUnknownError",
    "MessageDigestError",
    "PromiseError",
    "SctExpiredError",
    "SctMalformedError",
    "SctSignatureError",
    "SctThresholdError",
    "SignerKindError",
    "TimeThresholdError",
    "TimestampDuplicateError",
    "TimestampExpiredError",
    "TimestampImprintError",
    "TimestampMalformedError",
    "TimestampThresholdError",
    "TimestampUnknownError",
    "TimestampUnverifiedError",
]


class SignerKindError(AttestationRefusedError):
    """Signed by a certificate where the profile wants a key, or the reverse."""

    code = "trust.sigstore-signer-kind"
    step = 2


class ExtraCertificatesError(AttestationRefusedError):
    """The bundle carries certificates besides the signer's; a bundle never brings its own CA."""

    code = "trust.sigstore-extra-certificates"
    step = 2


class CertificateMalformedError(AttestationRefusedError):
    """The signer's certificate, or its key, cannot be read or is of a kind not believed."""

    code = "trust.sigstore-certificate"
    step = 2


class ArtifactNeededError(AttestationRefusedError):
    """The signature is over the artifact, and neither it nor the digest that is needed is given."""

    code = "trust.artifact-needed"
    step = 3


class MessageDigestError(AttestationRefusedError):
    """The bundle names another digest than the artifact's."""

    code = "trust.sigstore-message-digest"
    step = 3


class TimestampMalformedError(AttestationRefusedError):
    """A timestamp is not an RFC 3161 response with one signature."""

    code = "trust.sigstore-timestamp"
    step = 4


class TimestampDuplicateError(AttestationRefusedError):
    """The same timestamp comes twice."""

    code = "trust.sigstore-timestamp-duplicate"
    step = 4


class TimestampUnknownError(AttestationRefusedError):
    """A timestamp was not made by a timestamp authority of the root."""

    code = "trust.sigstore-timestamp-unknown"
    step = 4


class TimestampImprintError(AttestationRefusedError):
    """A timestamp is over something else than the signature in the bundle."""

    code = "trust.sigstore-timestamp-imprint"
    step = 4


class TimestampUnverifiedError(AttestationRefusedError):
    """The signature of a timestamp, or its chain, does not verify."""

    code = "trust.sigstore-timestamp-signature"
    step = 4


class TimestampExpiredError(AttestationRefusedError):
    """A timestamp authority was not believed, or its certificates not valid, at its own time."""

    code = "trust.sigstore-timestamp-expired"
    step = 4


class EntryDuplicateError(AttestationRefusedError):
    """The same log entry comes twice."""

    code = "trust.sigstore-entry-duplicate"
    step = 6


class LogUnknownError(AttestationRefusedError):
    """A log entry is of a log that the root does not have."""

    code = "trust.sigstore-log-unknown"
    step = 6


class PromiseError(AttestationRefusedError):
    """A signed entry timestamp was not made by the log over this entry and time."""

    code = "trust.sigstore-promise"
    step = 6


class InclusionMissingError(AttestationRefusedError):
    """A log entry has no inclusion proof, or the proof no checkpoint."""

    code = "trust.sigstore-inclusion-missing"
    step = 6


class InclusionProofError(AttestationRefusedError):
    """An inclusion proof does not lead from the entry to the root hash."""

    code = "trust.sigstore-inclusion"
    step = 6


class CheckpointMalformedError(AttestationRefusedError):
    """A checkpoint is not a signed note with origin, size and root hash."""

    code = "trust.sigstore-checkpoint"
    step = 6


class CheckpointOriginError(AttestationRefusedError):
    """A checkpoint is that of another log."""

    code = "trust.sigstore-checkpoint-origin"
    step = 6


class CheckpointSignatureError(AttestationRefusedError):
    """The log's key has not signed the checkpoint."""

    code = "trust.sigstore-checkpoint-signature"
    step = 6


class CheckpointMismatchError(AttestationRefusedError):
    """A checkpoint states another size or root hash than the inclusion proof."""

    code = "trust.sigstore-checkpoint-mismatch"
    step = 6


class EntryMalformedError(AttestationRefusedError):
    """The body of a log entry is not of the kind it claims."""

    code = "trust.sigstore-entry"
    step = 5


class EntryKindError(AttestationRefusedError):
    """A log entry is of a kind or version that does not go with the content or the profile."""

    code = "trust.sigstore-entry-kind"
    step = 5


class EntryDigestError(AttestationRefusedError):
    """A log entry is about something else than what was signed."""

    code = "trust.sigstore-entry-digest"
    step = 5


class EntrySignatureError(AttestationRefusedError):
    """A log entry is about another signature."""

    code = "trust.sigstore-entry-signature"
    step = 5


class EntryKeyError(AttestationRefusedError):
    """A log entry is about another certificate or key."""

    code = "trust.sigstore-entry-key"
    step = 5


class TimeThresholdError(AttestationRefusedError):
    """There are fewer verified times than the profile demands."""

    code = "trust.sigstore-no-time"
    step = 7


class TimestampThresholdError(AttestationRefusedError):
    """Fewer timestamp authorities vouch for the time than the profile demands."""

    code = "trust.sigstore-no-timestamp"
    step = 7


class LogThresholdError(AttestationRefusedError):
    """Fewer log operators have the signature than the profile demands."""

    code = "trust.sigstore-no-log-entry"
    step = 7


class LogExpiredError(AttestationRefusedError):
    """The key of a log was not believed at a verified time."""

    code = "trust.sigstore-log-expired"
    step = 7


class KeyOutOfTimeError(AttestationRefusedError):
    """A managed key was not believed at a verified time."""

    code = "trust.sigstore-key-expired"
    step = 8


class CertificateUsageError(AttestationRefusedError):
    """The signer's certificate is not one for signing code."""

    code = "trust.sigstore-certificate-usage"
    step = 8


class CriticalExtensionError(AttestationRefusedError):
    """A certificate has a critical extension that is not understood."""

    code = "trust.sigstore-critical-extension"
    step = 8


class ChainUnknownError(AttestationRefusedError):
    """No certificate authority of the root issued the signer's certificate."""

    code = "trust.sigstore-chain"
    step = 8


class AuthorityExpiredError(AttestationRefusedError):
    """The certificate authority was not believed, or not valid, at a verified time."""

    code = "trust.sigstore-authority-expired"
    step = 8


class CertificateExpiredError(AttestationRefusedError):
    """The signer's certificate was not valid at a verified time."""

    code = "trust.sigstore-certificate-expired"
    step = 8


class SctMalformedError(AttestationRefusedError):
    """The signed certificate timestamps of the certificate cannot be read."""

    code = "trust.sigstore-sct"
    step = 9


class SctSignatureError(AttestationRefusedError):
    """A signed certificate timestamp was not made by the log it names over this certificate."""

    code = "trust.sigstore-sct-signature"
    step = 9


class SctExpiredError(AttestationRefusedError):
    """A log of certificates was not believed when it promised to log the certificate."""

    code = "trust.sigstore-sct-expired"
    step = 9


class SctThresholdError(AttestationRefusedError):
    """Fewer logs of certificates vouch for the certificate than the profile demands."""

    code = "trust.sigstore-no-sct"
    step = 9
