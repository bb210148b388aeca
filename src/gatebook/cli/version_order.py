"""How versions of a package type are ordered, for the rooms that know no order themselves."""

from gatebook.errors import MalformedError
from gatebook.vulnerabilities.versions.ecosystem import scheme_of_purl_type
from gatebook.vulnerabilities.versions.scheme import compare_versions
from gatebook.vulnerabilities.versions.vers import VersRange

__all__ = ["in_range", "version_order"]


def version_order(purl_type: str, one: str, other: str) -> int | None:
    """Compare two versions; ``None`` when the type or one of them is not known."""
    scheme = scheme_of_purl_type(purl_type)
    if scheme is None:
        return None
    try:
        return compare_versions(scheme, one, other)
    except MalformedError:
        return None


def in_range(text: str, purl_type: str, version: str) -> bool | None:
    """Whether a ``vers:`` range has a version; ``None`` when nobody can tell."""
    del purl_type
    try:
        return VersRange.parse(text).contains(version)
    except MalformedError:
        return None
