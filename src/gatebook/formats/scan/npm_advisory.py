"""How the audits of npm, pnpm and Yarn name an advisory."""

import re
from typing import Final

from gatebook.formats.fields import Fields
from gatebook.formats.scan.report import ScanError

__all__ = ["NpmAuditError", "advisory_name", "ghsa_in"]

_GHSA: Final = re.compile(r"\bGHSA(?:-[0-9a-z]{4}){3}\b", re.IGNORECASE)


class NpmAuditError(ScanError):
    """A document is not the report of an npm audit that it seems to be."""

    code = "formats.npm-audit"


def ghsa_in(text: str | None) -> str | None:
    """The GHSA identifier in a URL, in GitHub's own spelling; ``None`` when there is none."""
    match = _GHSA.search(text or "")
    return None if match is None else "GHSA" + match[0][4:].lower()


def advisory_name(advisory: Fields) -> tuple[str, tuple[str, ...]]:
    """What an advisory is called, and its other names.

    The GHSA identifier where one is given, for the numbers that npm counts by mean nothing
    elsewhere; then the first CVE; then the number.

    Raises:
        MalformedError: it has no name, or a field is of the wrong type.

    """
    ghsa = ghsa_in(advisory.optional_text("github_advisory_id")) or ghsa_in(
        advisory.optional_text("url")
    )
    cves = [value for value in advisory.array("cves") if isinstance(value, str) and value]
    number = advisory.values.get("id", advisory.values.get("source"))
    if isinstance(number, bool) or not isinstance(number, int | str | None):
        raise advisory.refuse("'id' must be a number")
    names = [name for name in (ghsa, *cves) if name is not None]
    if not names and number in {None, ""}:
        raise advisory.refuse("'id' is required")
    return (names[0], tuple(names[1:])) if names else (str(number), ())
