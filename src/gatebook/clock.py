"""Instants, and the one way to ask what time it is.

A judgement reads the clock once and stores the reading, so that it can be replayed. Nothing below
the adapters calls the system clock; it receives an :class:`Instant` or a :class:`Clock`.
"""

import datetime as dt
import functools
import re
import time
from typing import Final, Protocol

from gatebook.errors import MalformedError
from gatebook.values import value

__all__ = ["Clock", "Duration", "FixedClock", "Instant", "SystemClock"]

_RFC3339: Final = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)[Tt](\d\d):(\d\d):(\d\d)(?:\.(\d{1,9}))?([Zz]|[+-]\d\d:\d\d)\Z",
    re.ASCII,
)
_DURATION: Final = re.compile(r"(\d{1,9})(s|m|h|d|w)\Z", re.ASCII)
_SECONDS: Final = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 7 * 86400}
_EPOCH: Final = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
_MILLISECONDS_PER_DAY: Final = 86_400_000


@value
class Duration:
    """A length of time, whole milliseconds."""

    milliseconds: int

    @classmethod
    def parse(cls, text: str) -> "Duration":
        """Parse ``30d``, ``12h``, ``45m``, ``90s`` or ``2w``.

        Raises:
            MalformedError: another form.

        """
        match = _DURATION.match(text)
        if match is None:
            raise MalformedError(
                f"expected a duration such as 30d, 12h, 45m, 90s or 2w, found {text[:40]!r}",
                code="clock.malformed-duration",
            )
        return cls(int(match[1]) * _SECONDS[match[2]] * 1000)

    def __str__(self) -> str:
        seconds = self.milliseconds // 1000
        for unit in ("d", "h", "m"):
            if seconds and seconds % _SECONDS[unit] == 0:
                return f"{seconds // _SECONDS[unit]}{unit}"
        return f"{seconds}s"


@value
class Instant:
    """A point in time, UTC, to the millisecond; written as RFC 3339 with ``Z``.

    Attributes:
        unix_ms: milliseconds since 1970-01-01T00:00:00Z.

    """

    unix_ms: int

    @classmethod
    def parse(cls, text: str) -> "Instant":
        """Parse RFC 3339 with an explicit offset; digits below the millisecond are cut off.

        Raises:
            MalformedError: no offset, a date that does not exist, or another form. A leap second
                (``:60``) is refused, as most writers' libraries do.

        """
        match = _RFC3339.match(text)
        if match is None:
            raise MalformedError(
                f"expected an RFC 3339 time such as 2026-11-20T14:30:00Z, found {text[:40]!r}",
                code="clock.malformed-instant",
            )
        year, month, day, hour, minute, second = (int(part) for part in match.groups()[:6])
        try:
            moment = dt.datetime(year, month, day, hour, minute, second, tzinfo=dt.UTC)
            moment -= _offset(match[8])
        except (ValueError, OverflowError) as error:
            raise MalformedError(
                f"{text!r} is not a time: {error}", code="clock.malformed-instant"
            ) from None
        milliseconds = int((match[7] or "0")[:3].ljust(3, "0"))
        return cls((moment - _EPOCH) // dt.timedelta(milliseconds=1) + milliseconds)

    @classmethod
    def from_unix_seconds(cls, seconds: int) -> "Instant":
        """The instant ``seconds`` after the epoch."""
        return cls(seconds * 1000)

    def __str__(self) -> str:
        days, rest = divmod(self.unix_ms, _MILLISECONDS_PER_DAY)
        seconds, milliseconds = divmod(rest, 1000)
        minutes, second = divmod(seconds, 60)
        hour, minute = divmod(minutes, 60)
        fraction = f".{milliseconds:03d}" if milliseconds else ""
        return f"{_date(days)}T{hour:02d}:{minute:02d}:{second:02d}{fraction}Z"

    def __add__(self, other: Duration) -> "Instant":
        return Instant(self.unix_ms + other.milliseconds)

    def __sub__(self, other: "Instant") -> Duration:
        return Duration(self.unix_ms - other.unix_ms)


@functools.lru_cache(maxsize=64)
def _date(days: int) -> str:
    return (dt.date(1970, 1, 1) + dt.timedelta(days=days)).isoformat()


def _offset(text: str) -> dt.timedelta:
    if text in "Zz":
        return dt.timedelta()
    hours, minutes = int(text[1:3]), int(text[4:6])
    if hours > 23 or minutes > 59:  # noqa: PLR2004  # RFC 3339 §5.6
        raise ValueError("offset out of range")
    delta = dt.timedelta(hours=hours, minutes=minutes)
    return delta if text[0] == "+" else -delta


class Clock(Protocol):
    """Whoever may be asked for the time."""

    def now(self) -> Instant:
        """Return the present instant."""
        ...


class SystemClock:
    """The machine's clock."""

    def now(self) -> Instant:
        """Return the present instant by the machine's clock."""
        return Instant(time.time_ns() // 1_000_000)


class FixedClock:
    """A clock that says what it was told; for replays and tests."""

    def __init__(self, instant: Instant) -> None:
        self.instant = instant

    def now(self) -> Instant:
        """Return the instant it was set to."""
        return self.instant
