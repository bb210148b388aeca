"""Tests of what is said of the document itself: 6.1.12, 6.1.15, 6.1.26, 6.1.28."""

import unicodedata
from collections.abc import Iterator
from typing import Final

from msgspec import UNSET

from gatebook.formats.vex.csaf_validity.languages import check_language
from gatebook.formats.vex.csaf_validity.violation import Violation
from gatebook.formats.vex.csaf_validity.wire import Csaf, Head

__all__ = ["PROFILES", "check_head"]

PROFILES: Final = (
    "csaf_base",
    "csaf_security_incident_response",
    "csaf_informational_advisory",
    "csaf_security_advisory",
    "csaf_vex",
)
"""The categories that name a profile (CSAF 2.0 §4)."""

_PREFIX: Final = "csaf_"
# The minus sign, the soft hyphen and the combining low line have classes of their own.
_ALSO_DASHES: Final = frozenset({"\u2212", "\u00ad", "\u0332"})


def check_head(csaf: Csaf) -> Iterator[Violation]:
    """Run the tests of languages, translation and the category."""
    head = csaf.document
    for name, tag in (("lang", head.lang), ("source_lang", head.source_lang)):
        if tag is not UNSET and (wrong := check_language(tag)) is not None:
            yield Violation(test="6.1.12", pointer=f"/document/{name}", message=wrong)
    if head.publisher.category == "translator" and head.source_lang is UNSET:
        yield Violation(
            test="6.1.15",
            pointer="/document/source_lang",
            message="a translator has to say which language the original is in",
        )
    if (
        head.lang is not UNSET
        and head.source_lang is not UNSET
        and head.lang.lower() == head.source_lang.lower()
    ):
        yield Violation(
            test="6.1.28",
            pointer="/document/source_lang",
            message=f"the document and its original are both in {head.lang!r}",
        )
    yield from _category(head)


def _category(head: Head) -> Iterator[Violation]:
    category = head.category
    if category in PROFILES:
        return
    plain = _plain(category)
    names = {_plain(each) for each in PROFILES[1:]}
    names |= {_plain(each.removeprefix(_PREFIX)) for each in PROFILES[1:]}
    if plain in names or category.lower().startswith(_PREFIX):
        yield Violation(
            test="6.1.26",
            pointer="/document/category",
            message=f"{category[:80]!r} reads like the name of a profile, and is none",
        )


def _plain(text: str) -> str:
    """A name without dashes, white space, underscores and case, however they are drawn."""
    return "".join(
        letter
        for letter in text.casefold()
        if not letter.isspace()
        and letter not in _ALSO_DASHES
        and unicodedata.category(letter) not in {"Pd", "Pc"}
    )
