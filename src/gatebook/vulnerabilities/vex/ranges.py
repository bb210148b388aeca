"""Ranges of versions that statements name, compared by the order of their ecosystem."""

import functools
from typing import Final

from gatebook.errors import MalformedError
from gatebook.vulnerabilities.versions.vers import VersRange

__all__ = ["VersRanges"]

_MAX_LENGTH: Final = 16_384


class VersRanges:
    """Judges ``vers:`` ranges; what is written in another way cannot be judged."""

    def contains(self, versions: str, version: str) -> bool | None:
        """Whether a range holds a version; ``None`` when one of them is not understood."""
        try:
            return _parse(versions).contains(version) if len(versions) <= _MAX_LENGTH else None
        except MalformedError:
            return None


@functools.lru_cache(maxsize=4096)
def _parse(text: str) -> VersRange:
    return VersRange.parse(text)
