"""What the alerts of GitHub have in common: what became of them, by whom and why.

Source: GitHub REST API, "Dependabot alerts", "Code scanning" and "Secret scanning". One sample in
the wild holds the text ``None`` where the API gives ``null``; both are nothing.
"""

from typing import Final

from gatebook.formats.fields import Fields
from gatebook.formats.scan.report import FindingState

__all__ = ["FULL_PAGES", "full_page_note", "outcome", "person", "said"]

FULL_PAGES: Final = frozenset({30, 100})
"""How many alerts the API gives on one page: when nothing else is asked for, and at most."""

_STATES: Final = {
    "open": FindingState.OPEN,
    "fixed": FindingState.RESOLVED,
    "dismissed": FindingState.DISMISSED,
    "auto_dismissed": FindingState.DISMISSED,
}
_NOTHING: Final = frozenset({"", "None", "null"})


def said(fields: Fields, name: str) -> str | None:
    """The text ``name``, or ``None``.

    Raises:
        MalformedError: not a string.

    """
    text = fields.optional_text(name)
    return None if text is None or text in _NOTHING else text


def person(fields: Fields, name: str) -> str | None:
    """The login of the person ``name``, or ``None``.

    Raises:
        MalformedError: neither an object nor a string.

    """
    if isinstance(fields.values.get(name), str):
        return said(fields, name)
    someone = fields.optional_object(name)
    return said(someone, "login") if someone is not None else None


def outcome(
    state: str, *, reason: str | None, comment: str | None, who: str | None
) -> tuple[FindingState, str | None]:
    """What became of an alert, and why it is not open.

    A state that is not known leaves the alert open.
    """
    known = _STATES.get(state.strip().lower(), FindingState.OPEN)
    if known is FindingState.OPEN:
        return known, None
    text = ": ".join(part for part in (state.strip().lower(), reason, comment) if part)
    return known, f"{text} (by {who})" if who else text


def full_page_note(items: list[Fields]) -> tuple[str, ...]:
    """What is to be said of a list that is exactly as long as a page of the API."""
    if len(items) not in FULL_PAGES:
        return ()
    length = f"the list holds exactly {len(items)} alerts, the length of a full page"
    return (f"{length}: whether more follow is not said",)
