"""Versions that compare as texts: the general ``lexicographic`` of VERS, and nothing else's.

Key: the UTF-8 bytes, as they are.
"""

from gatebook.vulnerabilities.versions.encoding import MAX_LENGTH, unordered

__all__ = ["key"]


def key(text: str) -> bytes:
    """The key of a text.

    Raises:
        UnorderedVersionError: empty, too long, or not encodable.

    """
    if not 0 < len(text) <= MAX_LENGTH:
        raise unordered(text, "a version: it is empty")
    try:
        return text.encode("utf-8")
    except UnicodeEncodeError:
        raise unordered(text, "a version: it holds half a character") from None
