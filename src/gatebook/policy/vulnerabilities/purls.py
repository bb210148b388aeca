"""Package URLs, parsed once for as many findings as are in the same component."""

import functools

from gatebook.errors import MalformedError
from gatebook.formats.purl import PackageUrl

__all__ = ["bare_purl", "parsed_purl"]


@functools.lru_cache(maxsize=16384)
def parsed_purl(text: str | None) -> PackageUrl | None:
    """Parse a package URL; ``None`` when there is none, or it is none."""
    try:
        return None if text is None else PackageUrl.parse(text)
    except MalformedError:
        return None


@functools.lru_cache(maxsize=16384)
def bare_purl(text: str) -> str | None:
    """The package URL without qualifiers and subpath; ``None`` when the text is none."""
    purl = parsed_purl(text)
    if purl is None:
        return None
    try:
        return str(PackageUrl(purl.type, purl.namespace, purl.name, purl.version))
    except MalformedError:
        return None
