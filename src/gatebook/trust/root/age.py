"""How old a trust root is, member by member: since when, until when, and what ends soon.

Something that has ended is no finding where something else has taken its place: old keys and logs
stay in a root so that old signatures can be checked. What ends without a successor is one.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

from gatebook.clock import Duration, Instant
from gatebook.trust.root.any_root import AnyRoot
from gatebook.trust.root.trust_root import TrustedKey, TrustedSigner, TrustRoot
from gatebook.trust.sigstore.authority import Authority
from gatebook.trust.sigstore.root import Log, SigstoreRoot

__all__ = [
    "AgeReport",
    "AgedItem",
    "Finding",
    "ItemState",
    "MaterialAge",
    "age_of",
    "state_of",
]

_DAY: Final = 86_400_000
_NO_TIME: Final = Duration(0)


class ItemState(StrEnum):
    """Whether something is believed at an instant."""

    CURRENT = "current"
    FUTURE = "future"
    RETIRED = "retired"


class Finding(StrEnum):
    """What somebody should see to."""

    EXPIRED = "expired"
    EXPIRES = "expires"
    TOO_OLD = "too-old"
    AGE_UNKNOWN = "age-unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class AgedItem:
    """One member of a trust root, and when it is believed.

    Attributes:
        kind: ``key``, ``identity``, ``certificate-authority`` and so on.
        name: what it is called.
        where: the name or address people know it by.
        authority: the authority it belongs to, if it is part of one.
        since: the first instant, or ``None`` when there is no beginning.
        until: the last instant, or ``None`` when there is no end. For a certificate authority also
            its certificates count, and the one that ends first.
        state: whether it is believed now.
        days_left: whole days until the end, negative after it; ``None`` without one.
        finding: what is to be seen to, or ``None``.

    """

    kind: str
    name: str
    where: str
    authority: str | None = None
    since: Instant | None
    until: Instant | None
    state: ItemState
    days_left: int | None
    finding: Finding | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MaterialAge:
    """How old a Sigstore trusted root is at most.

    Attributes:
        authority: whose it is; ``None`` for a root of its own.
        newest_start: the latest beginning of any validity in it that is past.
        days: how many whole days that is ago; ``None`` when everything begins in the future.
        finding: what is to be seen to, or ``None``.

    """

    authority: str | None
    newest_start: Instant | None
    days: int | None
    finding: Finding | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AgeReport:
    """The ages of everything in a trust root.

    Attributes:
        items: keys and identities first, then the parts of authorities.
        materials: the age of each Sigstore root; of the root itself if it has none.

    """

    items: tuple[AgedItem, ...]
    materials: tuple[MaterialAge, ...]

    @property
    def has_findings(self) -> bool:
        """Whether anything is to be seen to."""
        return any(each.finding for each in self.items) or any(
            each.finding for each in self.materials
        )


@dataclass(frozen=True, slots=True)
class _Role:
    """An item, and what another item must have to take its place."""

    item: AgedItem
    place: tuple[str, ...]
    operator: str = ""


def state_of(since: Instant | None, until: Instant | None, now: Instant) -> ItemState:
    """Whether something with this validity, ends included, is believed at ``now``."""
    if since is not None and now < since:
        return ItemState.FUTURE
    return ItemState.RETIRED if until is not None and now > until else ItemState.CURRENT


def age_of(
    root: AnyRoot,
    *,
    now: Instant,
    within: Duration = _NO_TIME,
    max_age: Duration | None = None,
    published: Instant | None = None,
) -> AgeReport:
    """Say how old a trust root is.

    Args:
        root: one of ours, or a Sigstore root.
        now: the present instant.
        within: how far to look ahead for ends.
        max_age: how old a root may be.
        published: when the root was published, if a book says so; the age of one that holds no
            Sigstore root.

    """
    roles: list[_Role] = []
    materials: list[MaterialAge] = []
    if isinstance(root, SigstoreRoot):
        roles += _material_roles(root, None, now)
        materials.append(_material(root, None, now, max_age))
    else:
        roles += _signer_roles(root, now)
        for authority in root.authorities:
            roles += _material_roles(authority.material, authority.id, now)
            materials.append(_material(authority.material, authority.id, now, max_age))
        if not materials:
            materials.append(_own(root, now, max_age, published))
    horizon = now + within
    items = tuple(replace(each.item, finding=_finding(each, roles, now, horizon)) for each in roles)
    return AgeReport(items=items, materials=tuple(materials))


def _finding(role: _Role, roles: Sequence[_Role], now: Instant, horizon: Instant) -> Finding | None:
    until = role.item.until
    if until is None or until >= horizon or role.item.state is ItemState.FUTURE:
        return None
    # What has ended is judged for now, what will end for the first instant after it.
    at = now if until < now else Instant(until.unix_ms + 1)
    for other in roles:
        alike = other.place == role.place and (
            other.operator == role.operator or not other.operator or not role.operator
        )
        if alike and state_of(other.item.since, other.item.until, at) is ItemState.CURRENT:
            return None
    if role.item.state is ItemState.CURRENT:
        return Finding.EXPIRES
    # Of several that have ended, the last one is what is missing.
    later = (
        other.item.until
        for other in roles
        if other.place == role.place and other.item.until is not None
    )
    return Finding.EXPIRED if until == max(later) else None


def _signer_roles(root: TrustRoot, now: Instant) -> Iterator[_Role]:
    signers: tuple[TrustedSigner, ...] = (*root.keys, *root.identities)
    for signer in signers:
        kind: str
        place: tuple[str, ...]
        if isinstance(signer, TrustedKey):
            kind, place = "key", ("key", str(signer.holder))
        elif signer.holder is not None:
            kind, place = "identity", ("identity", str(signer.holder))
        else:
            meant = repr(signer.constraint.as_json())
            kind, place = "identity", ("identity", signer.authority.id, meant)
        scope = signer.scope
        item = _item(kind, (signer.id, signer.id), None, (scope.not_before, scope.not_after), now)
        yield _Role(item, place)


def _material_roles(root: SigstoreRoot, owner: str | None, now: Instant) -> Iterator[_Role]:
    for authority in (*root.authorities, *root.timestamp_authorities):
        names = (authority.id, authority.uri or authority.name)
        item = _item(authority.kind, names, owner, _window(authority), now)
        yield _Role(item, (authority.kind, owner or ""), authority.operator)
    for log in (*root.logs, *root.ct_logs):
        yield _log_role(log, owner, now)


def _log_role(log: Log, owner: str | None, now: Instant) -> _Role:
    item = _item(
        log.kind, (log.id, log.base_url), owner, (log.validity.start, log.validity.end), now
    )
    return _Role(item, (log.kind, owner or ""), log.operator)


def _window(authority: Authority) -> tuple[Instant, Instant]:
    """When an authority can be used: while it is believed and its whole chain valid."""
    certificates = [(each.not_before, each.not_after) for each in authority.chain]
    if authority.signer is not None:
        certificates.append((authority.signer.not_before, authority.signer.not_after))
    ends = [each for _, each in certificates]
    if authority.validity.end is not None:
        ends.append(authority.validity.end)
    return max(authority.validity.start, *(each for each, _ in certificates)), min(ends)


def _item(
    kind: str,
    names: tuple[str, str],
    owner: str | None,
    window: tuple[Instant | None, Instant | None],
    now: Instant,
) -> AgedItem:
    since, until = window
    return AgedItem(
        kind=str(kind),
        name=names[0],
        where=names[1],
        authority=owner,
        since=since,
        until=until,
        state=state_of(since, until, now),
        days_left=None if until is None else (until.unix_ms - now.unix_ms) // _DAY,
    )


def _material(
    root: SigstoreRoot, owner: str | None, now: Instant, max_age: Duration | None
) -> MaterialAge:
    starts = [item.validity.start for item in root.items]
    return _aged(owner, starts, now, max_age)


def _own(
    root: TrustRoot, now: Instant, max_age: Duration | None, published: Instant | None
) -> MaterialAge:
    signers: tuple[TrustedSigner, ...] = (*root.keys, *root.identities)
    starts = [each.scope.not_before for each in signers if each.scope.not_before is not None]
    return _aged(None, [published] if published is not None else starts, now, max_age)


def _aged(
    owner: str | None, starts: Iterable[Instant], now: Instant, max_age: Duration | None
) -> MaterialAge:
    # A beginning in the future says nothing about when the root was made.
    newest = max((each for each in starts if each <= now), default=None)
    finding: Finding | None = None
    if max_age is not None and newest is None:
        finding = Finding.AGE_UNKNOWN
    elif max_age is not None and newest is not None and (now - newest) > max_age:
        finding = Finding.TOO_OLD
    return MaterialAge(
        authority=owner,
        newest_start=newest,
        days=None if newest is None else (now - newest).milliseconds // _DAY,
        finding=finding,
    )
