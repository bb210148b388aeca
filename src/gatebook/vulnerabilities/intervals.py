"""Ranges of versions as intervals of keys: whether a version is inside is two comparisons of bytes.

Every interval is half-open, ``lo <= key < hi``. The key that follows ``k`` directly is ``k`` and a
zero byte, so "later than k" is ``lo = k + 00`` and "up to and including k" is ``hi = k + 00``;
no flags are needed, neither here nor in a store. The empty key is before every version, which is
what ``introduced: "0"`` means.

Evaluation: ossf/osv-schema, ``docs/schema.md``, "Evaluation".
"""

import itertools
from collections.abc import Callable, Iterable, Sequence
from typing import Final, NamedTuple

from gatebook.vulnerabilities.osv import OsvEvent

__all__ = [
    "EVERY_VERSION",
    "Interval",
    "VersionKey",
    "covers",
    "following",
    "intervals_of",
    "point",
]

VersionKey = Callable[[str], bytes]
"""From a version to its key; raises ``MalformedError`` for text that has none."""

_FROM: Final = ">="
_BEFORE: Final = "<"
_UP_TO: Final = "<="
_BEFORE_ALL: Final = "0"
_INFINITY: Final = "*"


class Interval(NamedTuple):
    """Versions from ``lo`` on, before ``hi``.

    Attributes:
        lo: key of the first affected version; empty for "from the beginning".
        hi: key of the first version that is not affected any more; ``None`` for "without end".
        text: the range for people: ``>=3.0,<3.1.12``.
        fixed: the version that fixes it, as written; ``None`` where none is known.

    """

    lo: bytes
    hi: bytes | None
    text: str
    fixed: str | None = None

    def holds(self, key: bytes) -> bool:
        """Whether a version is inside."""
        return self.lo <= key and (self.hi is None or key < self.hi)


EVERY_VERSION: Final = Interval(b"", None, "every version")


def following(key: bytes) -> bytes:
    """Return the key directly after one."""
    return key + b"\x00"


def point(key: bytes, version: str) -> Interval:
    """Return the interval that holds one version."""
    return Interval(key, following(key), f"=={version}")


def covers(intervals: Iterable[Interval], key: bytes) -> bool:
    """Whether a version is inside any of several intervals."""
    return any(each.holds(key) for each in intervals)


class _Event(NamedTuple):
    key: bytes
    rank: int
    operator: str
    version: str

    @property
    def starts(self) -> bool:
        return self.operator == _FROM


def intervals_of(events: Sequence[OsvEvent], key: VersionKey) -> list[Interval]:
    """Return the affected versions of one range, in ascending order.

    The specification sorts the events and lets the last one that applies decide; it does not say
    in which order events of the same version stand. Events that are in order already stay as the
    record has them. Otherwise an end stands before a beginning of the same version, so that
    ``[2, 3)`` and ``[3, 4)`` join, unless it directly follows that beginning in the record: then it
    ends a range of just this version.

    Raises:
        MalformedError: of ``key``, for a version that cannot be ordered.

    """
    points = _ordered(events, key)
    limit = _limit(events, key)
    found: list[Interval] = []
    start: _Event | None = None
    for place, event in enumerate(points):
        # Of the events at one position, the last one decides.
        if place + 1 < len(points) and points[place + 1].key == event.key:
            continue
        if event.starts and start is None:
            start = event
        elif not event.starts and start is not None:
            _add(found, start, event, limit)
            start = None
    if start is not None:
        _add(found, start, None, limit)
    return found


def _ordered(events: Sequence[OsvEvent], key: VersionKey) -> list[_Event]:
    points: list[_Event] = []
    before: _Event | None = None
    for event in events:
        version = event.version
        if event.introduced is not None:
            made = _Event(b"" if version == _BEFORE_ALL else key(version), 1, _FROM, version)
        elif event.fixed is not None:
            made = _Event(key(version), 0, _BEFORE, version)
        elif event.last_affected is not None:
            made = _Event(key(version), 0, _UP_TO, version)
        else:
            continue
        if not made.starts and before is not None and before.starts and before.key == made.key:
            made = made._replace(rank=2)
        points.append(made)
        before = made
    if any(later.key < earlier.key for earlier, later in itertools.pairwise(points)):
        points.sort(key=lambda each: (each.key, each.rank))
    return _placed(points)


def _placed(points: list[_Event]) -> list[_Event]:
    """Move each "last affected" directly behind its version, where it takes effect.

    One that is followed by another event of the same version is overruled by that wherever it would
    apply, and goes.
    """
    placed: list[_Event] = []
    for place, event in enumerate(points):
        if event.operator != _UP_TO:
            placed.append(event)
        elif place + 1 == len(points) or points[place + 1].key != event.key:
            placed.append(event._replace(key=following(event.key)))
    return placed


def _limit(events: Sequence[OsvEvent], key: VersionKey) -> tuple[bytes, str] | None:
    # A version has to be before one of the limits, so the highest of them counts.
    limits = [event.limit for event in events if event.limit is not None]
    if not limits or any(_INFINITY in text for text in limits):
        return None
    return max((key(text), text) for text in limits)


def _add(
    found: list[Interval], start: _Event, end: _Event | None, limit: tuple[bytes, str] | None
) -> None:
    hi = None if end is None else end.key
    operator = None if end is None else end.operator
    until = None if end is None else end.version
    if limit is not None and (hi is None or limit[0] < hi):
        hi, operator, until = limit[0], _BEFORE, limit[1]
        end = None
    if hi is not None and hi <= start.key:
        return
    fixed = end.version if end is not None and operator == _BEFORE else None
    if start.key and operator == _UP_TO and hi == following(start.key):
        text = f"=={start.version}"
    else:
        parts = [f">={start.version}"] if start.key else []
        parts += [f"{operator}{until}"] if hi is not None else []
        text = ",".join(parts) or EVERY_VERSION.text
    found.append(Interval(start.key, hi, text, fixed))
