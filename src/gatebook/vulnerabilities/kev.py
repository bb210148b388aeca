"""CISA's catalogue of known exploited vulnerabilities (KEV), as its JSON feed gives it."""

from typing import Final

import msgspec

from gatebook import canonical
from gatebook.clock import Instant
from gatebook.errors import MalformedError
from gatebook.vulnerabilities.aliases import is_cve

__all__ = ["KevCatalogue", "KevEntry", "KevError", "is_kev", "read_kev"]

_MAX_BYTES: Final = 64 * 1024 * 1024


class KevError(MalformedError):
    """Bytes are not the KEV catalogue."""

    code = "vulnerabilities.kev"


class KevEntry(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """One vulnerability that is exploited.

    Attributes:
        cve_id: its CVE identifier.
        date_added: the day it entered the catalogue.
        due_date: the day by which US federal agencies have to act.
        known_ransomware_campaign_use: ``Known`` or ``Unknown``.

    """

    cve_id: str = msgspec.field(name="cveID")
    date_added: str
    due_date: str | None = None
    known_ransomware_campaign_use: str | None = None


class KevCatalogue(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """The catalogue.

    Attributes:
        catalog_version: as written: ``2025.08.25``.
        date_released: when it was published, as written.
        vulnerabilities: its entries.

    """

    catalog_version: str
    date_released: str | None = None
    vulnerabilities: tuple[KevEntry, ...]


_DECODER: Final = msgspec.json.Decoder(KevCatalogue)


def is_kev(root: canonical.JsonObject) -> bool:
    """Whether a JSON object claims to be the catalogue."""
    return "catalogVersion" in root and "vulnerabilities" in root


def read_kev(data: bytes) -> KevCatalogue:
    """Read the catalogue; one without entries is refused, because nothing would ever be in it.

    Raises:
        MalformedError: not strict JSON.
        KevError: ``vulnerabilities.kev`` another form, ``vulnerabilities.kev-empty`` no entries.

    """
    canonical.loads(data, what="KEV catalogue", max_bytes=_MAX_BYTES)
    try:
        catalogue = _DECODER.decode(data)
    except (msgspec.MsgspecError, UnicodeError, RecursionError) as error:
        raise KevError(f"not the KEV catalogue: {error}") from None
    if not catalogue.vulnerabilities:
        raise KevError("the KEV catalogue has no entries", code="vulnerabilities.kev-empty")
    for entry in catalogue.vulnerabilities:
        if not is_cve(entry.cve_id):
            raise KevError(f"the KEV catalogue lists {entry.cve_id[:40]!r}, which is no CVE id")
        for text in (entry.date_added, entry.due_date):
            if text is not None:
                _check_day(entry.cve_id, text)
    return catalogue


def _check_day(cve: str, text: str) -> None:
    try:
        Instant.parse(f"{text}T00:00:00Z")
    except MalformedError:
        raise KevError(f"the KEV catalogue gives {cve} the day {text[:40]!r}") from None
