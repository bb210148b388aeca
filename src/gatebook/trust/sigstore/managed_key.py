"""Managed keys: a public key that somebody looks after, and when it is believed."""

import msgspec

from gatebook.clock import Instant
from gatebook.formats.trusted_root import Validity, read_key_list
from gatebook.trust.keys import PublicKey
from gatebook.trust.sigstore.root import read_key

__all__ = ["ManagedKey", "NamedKey", "read_managed_keys"]


class ManagedKey(msgspec.Struct, frozen=True, kw_only=True):
    """A public key and the window in which it is believed, both ends included.

    Attributes:
        public_key: the key.
        not_before: the first instant, or ``None`` for no beginning.
        not_after: the last instant, or ``None`` for no end.

    """

    public_key: PublicKey
    not_before: Instant | None = None
    not_after: Instant | None = None

    @property
    def is_bounded(self) -> bool:
        """Whether there is an instant at which it is not believed."""
        return self.not_before is not None or self.not_after is not None

    def covers(self, at: Instant) -> bool:
        """Whether it is believed at ``at``."""
        return (self.not_before is None or self.not_before <= at) and (
            self.not_after is None or at <= self.not_after
        )


class NamedKey(msgspec.Struct, frozen=True, kw_only=True):
    """A key of a list, what signatures name it by, and what it signs."""

    key_id: str
    usage: str
    key: ManagedKey


def read_managed_keys(data: bytes) -> tuple[NamedKey, ...]:
    """Read a list of keys as the npm registry publishes it; at least one.

    Raises:
        MalformedError: the list is malformed, or a key cannot be believed.

    """
    return tuple(
        NamedKey(
            key_id=item.key_id,
            usage=item.usage,
            key=_managed(read_key(item.key), item.key.validity),
        )
        for item in read_key_list(data)
    )


def _managed(key: PublicKey, validity: Validity) -> ManagedKey:
    return ManagedKey(public_key=key, not_before=validity.start, not_after=validity.end)
