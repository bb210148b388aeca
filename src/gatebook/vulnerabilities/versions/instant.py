"""Dates and times as versions: the general ``datetime`` of VERS, RFC 3339 §5.6.

``T`` and ``Z`` are upper-case, as VERS wants them. Key: the second, counted from the year 1, in
eight bytes; then the digits of its fraction without trailing zeros.
"""

import datetime as dt
import re
from typing import Final

from gatebook.vulnerabilities.versions.encoding import unordered

__all__ = ["key"]

_INSTANT: Final = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)T([01]\d|2[0-3]):([0-5]\d):([0-5]\d|60)(?:\.(\d{1,64}))?"
    r"(?:Z|([+-])([01]\d|2[0-3]):([0-5]\d))\Z",
    re.ASCII,
)
_DAY: Final = 86_400


def key(text: str) -> bytes:
    """The key of an instant.

    Raises:
        UnorderedVersionError: not an instant, or a day that no calendar has.

    """
    match = _INSTANT.match(text)
    if match is None:
        raise unordered(text, "an instant such as 2024-01-31T12:00:00Z (RFC 3339)")
    year, month, day, hour, minute, second, fraction, sign, offset_hour, offset_minute = (
        match.groups()
    )
    try:
        date = dt.date(int(year), int(month), int(day))
    except ValueError:
        raise unordered(text, "an instant: no calendar has that day") from None
    seconds = date.toordinal() * _DAY + int(hour) * 3600 + int(minute) * 60 + int(second)
    if sign is not None:
        offset = int(offset_hour) * 3600 + int(offset_minute) * 60
        seconds += offset if sign == "-" else -offset
    return seconds.to_bytes(8, "big") + (fraction or "").rstrip("0").encode("ascii")
