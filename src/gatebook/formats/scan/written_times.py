"""Times in the forms in which scanners write them beside RFC 3339.

A time that cannot be read is no time: whoever asks how old a report is gets no answer from it, and
no answer is not a pass.
"""

import re
from typing import Final

from gatebook.clock import Instant
from gatebook.errors import MalformedError
from gatebook.formats.fields import Fields

__all__ = ["time_at", "time_written"]

# Java's SimpleDateFormat writes +0000, Python and Dependency-Track a space for the T, and GitLab
# leaves the offset out (its schema says that UTC is meant).
_WRITTEN: Final = re.compile(
    r"(\d{4}-\d\d-\d\d)(?:[Tt ](\d\d:\d\d)(:\d\d)?([.,]\d{1,9})?\d*)?"
    r" ?(?:(Z|z|UTC|GMT)|([+-]\d\d):?(\d\d))?\Z",
    re.ASCII,
)
_MILLISECONDS_FROM: Final = 100_000_000_000  # as seconds, this is the year 5138
_LATEST: Final = 253_402_300_799_000


def time_written(text: str | None) -> Instant | None:
    """The instant a text names, in UTC where it names no offset; ``None`` when it is no time."""
    match = _WRITTEN.match(text.strip()) if text else None
    if match is None:
        return None
    day, minute, second, fraction, _, hours, minutes = match.groups()
    offset = f"{hours}:{minutes}" if hours is not None else "Z"
    digits = "." + fraction[1:] if fraction else ""
    try:
        found = Instant.parse(f"{day}T{minute or '00:00'}{second or ':00'}{digits}{offset}")
    except MalformedError:
        return None
    # Go and .NET write the first of January of the year 1 where they have no time.
    return None if day.startswith("0001-") else found


def time_at(fields: Fields, name: str) -> Instant | None:
    """The time ``name``: a text, or a number of seconds or milliseconds since 1970.

    Raises:
        MalformedError: neither a text nor a number.

    """
    value = fields.values.get(name)
    if isinstance(value, int | float) and not isinstance(value, bool):
        milliseconds = value if abs(value) >= _MILLISECONDS_FROM else value * 1000
        return Instant(int(milliseconds)) if 0 < milliseconds <= _LATEST else None
    return time_written(fields.optional_text(name))
