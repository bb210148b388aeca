"""What every kind of entry is made of."""

from typing import ClassVar

import msgspec

__all__ = ["Body", "Part"]


class Part(
    msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True
):
    """A record on the wire: absent rather than null, unknown fields refused."""


class Body(Part, frozen=True, kw_only=True):
    """What an entry of one kind says, beyond the envelope every entry has."""

    kind: ClassVar[str]
    cdevent: ClassVar[str]
