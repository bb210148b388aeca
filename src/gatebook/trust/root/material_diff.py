"""What differs between two Sigstore trusted roots, and between the demands of two profiles."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from gatebook.formats.trusted_root import Validity
from gatebook.trust.root.change import ChangeKind, Effect, RootChange, compare_window
from gatebook.trust.sigstore.authority import Authority
from gatebook.trust.sigstore.profile import Profile
from gatebook.trust.sigstore.root import Log, SigstoreRoot

__all__ = ["diff_materials", "diff_profiles"]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Item:
    """One authority or log: how it is recognised, and what may differ."""

    identity: tuple[str, ...]
    told: str
    validity: Validity
    chain: tuple[str, ...]
    ids: str
    operator: str
    uri: str
    name: str


def diff_profiles(member: str, old: Profile, new: Profile) -> Iterator[RootChange]:
    """List what two profiles demand differently."""
    if old.signed_by is not new.signed_by:
        yield _changed(member, "profile", old.name, new.name, Effect.BOTH)
        return
    numbers: list[RootChange] = []
    for field in ("log_operators", "times", "timestamp_operators", "sct_operators"):
        was, now = getattr(old, field), getattr(new, field)
        if was != now:
            effect = Effect.of(widens=now < was, narrows=now > was)
            numbers.append(_changed(member, f"profile.{field}", was, now, effect))
    if old.rekor != new.rekor:
        effect = Effect.of(widens=not new.rekor <= old.rekor, narrows=not old.rekor <= new.rekor)
        numbers.append(
            _changed(member, "profile.rekor", sorted(old.rekor), sorted(new.rekor), effect)
        )
    for field in ("legacy_chain", "legacy_set_only", "ignore_unverifiable_timestamps"):
        was, now = getattr(old, field), getattr(new, field)
        if was != now:
            effect = Effect.of(widens=now, narrows=was)
            numbers.append(_changed(member, f"allow.{field}", was, now, effect))
    if old.name is not new.name:
        # What the names stand for is listed; contracts may ask for the name itself.
        yield _changed(member, "profile", old.name, new.name, Effect.BOTH)
    yield from numbers


def diff_materials(member: str, old: SigstoreRoot, new: SigstoreRoot) -> Iterator[RootChange]:
    """List what two Sigstore trusted roots hold differently.

    An item is known by its kind and by the fingerprint of its certificate or key; logs by their URL
    besides. Several of the same are told apart by their validity.
    """
    if old.digest == new.digest:
        return
    olds, news = _grouped(old), _grouped(new)
    found = False
    for identity in [*olds, *(each for each in news if each not in olds)]:
        for change in _compare(member, olds.get(identity, []), news.get(identity, [])):
            found = True
            yield change
    if not found:
        yield _changed(member, "trusted-root", old.digest.short, new.digest.short, Effect.NEITHER)


def _compare(member: str, old: list[_Item], new: list[_Item]) -> Iterator[RootChange]:
    was, now = [each for each in old if each not in new], [each for each in new if each not in old]
    while was and now:
        yield from _fields(member, was.pop(0), now.pop(0))
    for kind, items in ((ChangeKind.REMOVED, was), (ChangeKind.ADDED, now)):
        for item in items:
            told = f"{item.validity}; {item.uri or item.name}"
            added = kind is ChangeKind.ADDED
            yield RootChange(
                kind=kind,
                member=f"{member} {item.told}".strip(),
                old=None if added else told,
                new=told if added else None,
                effect=Effect.WIDENS if added else Effect.NARROWS,
            )


def _fields(member: str, was: _Item, now: _Item) -> Iterator[RootChange]:
    where = f"{member} {was.told}".strip()
    begin, end = compare_window(
        (was.validity.start, was.validity.end), (now.validity.start, now.validity.end)
    )
    for field, old, new, effect in (
        ("start", was.validity.start, now.validity.start, begin),
        ("end", was.validity.end or "open", now.validity.end or "open", end),
        ("chain", was.chain, now.chain, Effect.BOTH),
        ("ids", was.ids, now.ids, Effect.BOTH),
        # Operators are counted: what several of them vouch for counts for more.
        ("operator", was.operator, now.operator, Effect.BOTH),
        ("uri", was.uri, now.uri, Effect.NEITHER),
        ("name", was.name, now.name, Effect.NEITHER),
    ):
        if old != new:
            yield _changed(where, field, old, new, effect)


def _grouped(root: SigstoreRoot) -> dict[tuple[str, ...], list[_Item]]:
    groups: defaultdict[tuple[str, ...], list[_Item]] = defaultdict(list)
    for item in sorted(_items(root), key=lambda each: (each.validity.start, each.told)):
        groups[item.identity].append(item)
    return dict(groups)


def _items(root: SigstoreRoot) -> Iterator[_Item]:
    yield from map(_authority, (*root.authorities, *root.timestamp_authorities))
    yield from map(_log, (*root.logs, *root.ct_logs))


def _authority(authority: Authority) -> _Item:
    return _Item(
        identity=(authority.kind, authority.fingerprint.hex),
        told=authority.id,
        validity=authority.validity,
        chain=tuple(str(each.fingerprint) for each in authority.chain),
        ids="",
        operator=authority.operator,
        uri=authority.uri or "",
        name=authority.name,
    )


def _log(log: Log) -> _Item:
    return _Item(
        identity=(log.kind, log.key.spki.hex, log.base_url),
        told=log.id,
        validity=log.validity,
        chain=(),
        ids=f"{log.log_id.hex()} {log.key_hint.hex()} {log.key.algorithm}",
        operator=log.operator,
        uri=log.base_url,
        name=log.origin,
    )


def _changed(member: str, field: str, old: object, new: object, effect: Effect) -> RootChange:
    return RootChange(
        kind=ChangeKind.CHANGED,
        member=member,
        field=field,
        old=_text(old),
        new=_text(new),
        effect=effect,
    )


def _text(value: object) -> str | None:
    if isinstance(value, Iterable) and not isinstance(value, str):
        return ", ".join(map(str, value))
    return None if value in {None, ""} else str(value)
