"""Whether a text is a package URL, told at the speed of a scan for the usual ones."""

import re
from typing import Final

from gatebook.errors import MalformedError
from gatebook.formats.purl import PackageUrl

__all__ = ["is_package_url"]

# A part of :meth:`PackageUrl.parse`'s language: the types most documents are full of, characters
# that stand for themselves, and escapes of ASCII other than "/". What it does not match is parsed.
_PLAIN: Final = "[A-Za-z0-9._~:+-]"
_PART: Final = rf"(?:{_PLAIN}++|%(?!2[Ff])[2-7][0-9A-Fa-f])++"
_VALUE: Final = r"(?:[A-Za-z0-9._~:/+,-]++|%[2-7][0-9A-Fa-f])*+"
_PACKAGE: Final = (
    rf"pkg:(?:(?:npm|golang|generic)/(?:{_PART}/)*+|(?:maven|deb|rpm|apk|composer)/(?:{_PART}/)++"
    rf"|(?:pypi|cargo|nuget|gem)/){_PART}(?:@{_PART})?+"
)
# Qualifiers in the order the specification sorts them in cannot be there twice.
_DISTRO: Final = (
    rf"arch={_VALUE}(?:&distro={_VALUE})?+(?:&epoch={_VALUE})?+(?:&upstream={_VALUE})?+"
)
_QUALIFIERS: Final = rf"(?:\?(?:{_DISTRO}|[a-z_]++={_VALUE})(?=\n|\Z))?+"
_USUAL: Final = re.compile(rf"(?:{_PACKAGE}{_QUALIFIERS}\n)*+", re.ASCII).fullmatch
_LONGEST: Final = 2000


def are_usual(texts: list[str]) -> bool:
    """Whether all of them are package URLs, for sure; otherwise each must be asked about."""
    together = "\n".join([*texts, ""])
    return (
        together.count("\n") == len(texts)
        and (len(together) < _LONGEST or max(map(len, texts)) < _LONGEST)
        and _USUAL(together) is not None
    )


def is_package_url(text: str) -> bool:
    """Whether :class:`~gatebook.formats.purl.PackageUrl` would take it, and it is all one line."""
    if not text.isprintable():
        return False
    try:
        PackageUrl.parse(text)
    except MalformedError:
        return False
    return True
