"""Why an encrypted private key does not open."""

from gatebook.errors import UsageError

__all__ = ["PasswordNeededError", "PasswordWrongError"]


class PasswordNeededError(UsageError):
    """The private key is encrypted, and no password was given."""

    code = "trust.password-needed"


class PasswordWrongError(PasswordNeededError):
    """The private key is encrypted with another password."""

    code = "trust.password-wrong"
