"""What scanners' reports need beyond :mod:`gatebook.formats.fields`: numbers, lists, digests.

Types are checked as strictly as there; what is written into a well-typed field is taken leniently
where nothing hangs on it: a date that is none is no date, and a text for people is cut to a line.
"""

import math
import re
from collections.abc import Iterable
from typing import Final

from gatebook.clock import Instant
from gatebook.digest import Digest
from gatebook.errors import MalformedError
from gatebook.formats.fields import Fields
from gatebook.formats.purl import PackageUrl
from gatebook.formats.scan.report import Cvss, ReportedPackage

__all__ = [
    "assessment",
    "cve_names",
    "cvss_version",
    "digest_in",
    "flag",
    "instant",
    "line",
    "names_of_flaw",
    "number",
    "package_of_purl",
    "percent_decoded",
    "probability",
    "score",
    "strings",
    "summed_up",
    "text_or_number",
    "whole",
]

_MAX_LINE: Final = 500
_MAX_SCORE: Final = 10.0
_DIGEST: Final = re.compile(r"\b(sha256:[0-9a-f]{64}|sha384:[0-9a-f]{96}|sha512:[0-9a-f]{128})\b")
_DATE: Final = re.compile(r"\d{4}-\d\d-\d\d\Z", re.ASCII)
_DATE_TIME: Final = re.compile(
    r"(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d:\d\d(?:\.\d{1,9})?)( ?UTC)?\Z", re.ASCII
)
_CVE: Final = re.compile(r"CVE-\d{4}-\d{4,19}\Z", re.ASCII | re.IGNORECASE)
_PERCENT: Final = re.compile(rb"%([0-9A-Fa-f]{2})")
_CVSS_PREFIX: Final = re.compile(r"CVSS:(\d\.\d)/")
_CVSS2: Final = re.compile(r"\(?AV:[LAN]/AC:[LMH]/Au:")
# Go writes the zero time where it has none.
_ZERO_TIME: Final = Instant.parse("0001-01-01T00:00:00Z")


def number(fields: Fields, name: str) -> float | None:
    """The finite number ``name``, or ``None``.

    Raises:
        MalformedError: not a number.

    """
    value = fields.values.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise fields.refuse(f"{name!r} must be a number")
    try:
        found = float(value)
    except OverflowError:
        raise fields.refuse(f"{name!r} is too large") from None
    if not math.isfinite(found):
        raise fields.refuse(f"{name!r} must be finite")
    return found


def text_or_number(fields: Fields, name: str) -> float | None:
    """A number that some versions of a tool write as a string; ``None`` for an empty string.

    Raises:
        MalformedError: neither a number nor the text of one.

    """
    value = fields.values.get(name)
    if not isinstance(value, str):
        return number(fields, name)
    if not value.strip():
        return None
    try:
        found = float(value)
    except ValueError:
        raise fields.refuse(f"{name!r} must be a number, found {value[:40]!r}") from None
    if not math.isfinite(found):
        raise fields.refuse(f"{name!r} must be finite")
    return found


def score(fields: Fields, name: str) -> float | None:
    """The CVSS score ``name``, or ``None``.

    Raises:
        MalformedError: not a number (or the text of one) between 0 and 10.

    """
    found = text_or_number(fields, name)
    if found is not None and not 0 <= found <= _MAX_SCORE:
        raise fields.refuse(f"{name!r} must lie between 0 and 10, found {found:g}")
    return found


def probability(fields: Fields, name: str) -> float | None:
    """A number between 0 and 1, or ``None``.

    Raises:
        MalformedError: anything else.

    """
    found = text_or_number(fields, name)
    if found is not None and not 0 <= found <= 1:
        raise fields.refuse(f"{name!r} must lie between 0 and 1, found {found:g}")
    return found


def whole(fields: Fields, name: str) -> int | None:
    """The whole number ``name``, or ``None``.

    Raises:
        MalformedError: not a whole number.

    """
    value = fields.values.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int):
        raise fields.refuse(f"{name!r} must be a whole number")
    return value


def flag(fields: Fields, name: str) -> bool | None:
    """The boolean ``name``, or ``None``.

    Raises:
        MalformedError: not a boolean.

    """
    value = fields.values.get(name)
    if value is not None and not isinstance(value, bool):
        raise fields.refuse(f"{name!r} must be true or false")
    return value


def strings(fields: Fields, name: str) -> tuple[str, ...]:
    """The non-empty strings of the array ``name``.

    Raises:
        MalformedError: not an array, or a member is not a string.

    """
    found = []
    for index, value in enumerate(fields.array(name)):
        if not isinstance(value, str):
            raise fields.refuse(f"'{name}[{index}]' must be a string")
        if value:
            found.append(value)
    return tuple(found)


def line(fields: Fields, name: str) -> str | None:
    """The text ``name`` for people, cut to its first line of 500 characters.

    Raises:
        MalformedError: not a string.

    """
    value = fields.values.get(name)
    if value is not None and not isinstance(value, str):
        raise fields.refuse(f"{name!r} must be a string")
    return summed_up(value)


def summed_up(text: str | None) -> str | None:
    """The first line of a text, at most 500 characters of it; ``None`` for an empty one."""
    if text is None:
        return None
    first, _, _ = text.strip().partition("\n")
    first = first.strip()
    return (first[: _MAX_LINE - 1] + "…" if len(first) > _MAX_LINE else first) or None


def instant(fields: Fields, name: str) -> Instant | None:
    """The time ``name``; ``None`` where it is absent, no time that is read, or Go's zero time.

    RFC 3339; a date alone is its midnight, and a time without an offset is taken as UTC.

    Raises:
        MalformedError: not a string.

    """
    text = fields.optional_text(name)
    if not text:
        return None
    if _DATE.match(text):
        text += "T00:00:00Z"
    elif bare := _DATE_TIME.match(text):
        text = f"{bare[1]}T{bare[2]}Z"
    try:
        found = Instant.parse(text)
    except MalformedError:
        return None
    return None if found == _ZERO_TIME else found


def digest_in(text: str | None) -> Digest | None:
    """The digest a text names (``sha256:…`` alone, or after the ``@`` of an image reference)."""
    if text is None:
        return None
    match = _DIGEST.search(text)
    return None if match is None else Digest.parse(match[1])


def percent_decoded(text: str) -> str:
    """A text with its percent-encoding (RFC 3986 §2.1) undone; what is no UTF-8 is replaced."""
    if "%" not in text:
        return text
    raw = _PERCENT.sub(lambda match: bytes((int(match[1], 16),)), text.encode())
    return raw.decode(errors="replace")


def package_of_purl(text: str) -> ReportedPackage:
    """The package that a package URL names; one known by the whole text where it is malformed."""
    try:
        purl = PackageUrl.parse(text)
    except MalformedError:
        return ReportedPackage(name=text, purl=text)
    name = f"{purl.namespace}/{purl.name}" if purl.namespace else purl.name
    return ReportedPackage(name=name, version=purl.version, purl=text, type=purl.type)


def cvss_version(vector: str | None) -> str | None:
    """The version of CVSS a vector is written in; ``None`` when it does not say."""
    if vector is None:
        return None
    if prefixed := _CVSS_PREFIX.match(vector):
        return prefixed[1]
    return "2.0" if _CVSS2.match(vector) else None


def cve_names(names: Iterable[str]) -> set[str]:
    """The CVE identifiers among some names, in upper case."""
    return {name.upper() for name in names if _CVE.match(name)}


def names_of_flaw(known_as: str, others: Iterable[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Divide the names a report gives beside an identifier into aliases and what it covers.

    Names with at most one CVE among them are names of one flaw, hence aliases. With several CVEs
    the entry bundles flaws: they are what it covers, and nothing is an alias, since a statement
    about one of them must not silence the others.

    Returns:
        ``(aliases, covers)``, each sorted and without ``known_as``; one of them is empty.

    """
    names = {name.strip() for name in others} - {"", known_as}
    if len(cve_names({known_as, *names})) <= 1:
        return tuple(sorted(names)), ()
    return (), tuple(sorted(names))


def assessment(vector: str | None, base: float | None, source: str | None) -> Cvss | None:
    """A CVSS assessment, or ``None`` when there is neither a vector nor a score."""
    if not vector and base is None:
        return None
    return Cvss(version=cvss_version(vector), vector=vector or None, score=base, source=source)
