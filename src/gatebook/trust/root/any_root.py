"""Whichever trust root a file holds: one of Gatebook's, or a Sigstore ``TrustedRoot``."""

from typing import Final, TypeAlias

from gatebook import canonical
from gatebook.trust.root.trust_root import TrustRoot
from gatebook.trust.sigstore.root import SigstoreRoot

__all__ = ["AnyRoot", "is_sigstore_root", "read_any_root"]

AnyRoot: TypeAlias = TrustRoot | SigstoreRoot
_MAX_BYTES: Final = 4 * 1024 * 1024


def is_sigstore_root(data: bytes) -> bool:
    """Whether a document is a Sigstore ``TrustedRoot``, not a trust root of ours.

    Ours may be JSON as well, and says what it is in its field ``trust-root``.

    Raises:
        MalformedError: it begins as JSON and is none.

    """
    if not data.lstrip(b" \t\r\n").startswith(b"{"):
        return False
    decoded = canonical.loads(data, what="trust root", max_bytes=_MAX_BYTES)
    return "trust-root" not in canonical.as_object(decoded, what="trust root")


def read_any_root(data: bytes) -> AnyRoot:
    """Read a trust root of either form, strictly.

    Raises:
        MalformedError: it is neither.

    """
    return SigstoreRoot.parse(data) if is_sigstore_root(data) else TrustRoot.parse(data)
