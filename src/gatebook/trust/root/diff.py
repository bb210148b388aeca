"""What differs between two trust roots, member by member, and what it does to what is believed.

Members are known by their ids. Where it cannot be told whether a difference lets more or less be
believed, both is said: whoever asks for no widening must not be told "no" by mistake.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from typing import Final, TypeVar

from gatebook.errors import UsageError
from gatebook.names import Pattern
from gatebook.trust.identities.constraint import IdentityConstraint
from gatebook.trust.identities.expectation import Expectation
from gatebook.trust.root.any_root import AnyRoot
from gatebook.trust.root.change import (
    ChangeKind,
    Effect,
    RootChange,
    compare_patterns,
    compare_sets,
    compare_window,
)
from gatebook.trust.root.material_diff import diff_materials, diff_profiles
from gatebook.trust.root.people import Person
from gatebook.trust.root.scope import Anywhere, Scope
from gatebook.trust.root.trust_root import TrustedAuthority, TrustedIdentity, TrustedKey, TrustRoot
from gatebook.trust.sigstore.root import SigstoreRoot

__all__ = ["RootKindsDifferError", "diff_any_roots", "diff_roots"]

_NAMES_SIGNER: Final = frozenset({"identity", "owner", "repository"})
"""Parts of a constraint without which the signer has to live in the source repository."""

_Member = TypeVar("_Member", TrustedKey, TrustedIdentity, TrustedAuthority, Person)
_Texts = tuple[tuple[str, bool], ...]


class RootKindsDifferError(UsageError):
    """A trust root of Gatebook and a Sigstore root have nothing to compare."""

    code = "trust.diff-kinds"


def diff_any_roots(old: AnyRoot, new: AnyRoot) -> tuple[RootChange, ...]:
    """List every difference between two roots of the same form.

    Raises:
        RootKindsDifferError: one is a Sigstore root, the other is not.

    """
    match old, new:
        case TrustRoot(), TrustRoot():
            return diff_roots(old, new)
        case SigstoreRoot(), SigstoreRoot():
            return tuple(diff_materials("", old, new))
        case _:
            raise RootKindsDifferError(
                "one is a trust root of Gatebook, the other a Sigstore trusted root",
                hint="compare two of the same form",
            )


def diff_roots(old: TrustRoot, new: TrustRoot) -> tuple[RootChange, ...]:
    """List every difference: keys first, then identities, authorities and people."""
    return (
        *_differences("key", old.keys, new.keys, _key),
        *_differences("identity", old.identities, new.identities, _identity),
        *_differences("authority", old.authorities, new.authorities, _authority),
        *_differences("person", old.people, new.people, _person),
    )


def _differences(
    kind: str,
    old: Iterable[_Member],
    new: Iterable[_Member],
    compare: Callable[[str, _Member, _Member], Iterable[RootChange]],
) -> Iterator[RootChange]:
    olds: Mapping[str, _Member] = {each.id: each for each in old}
    news: Mapping[str, _Member] = {each.id: each for each in new}
    for name in [*olds, *(name for name in news if name not in olds)]:
        member, was, now = f"{kind} {name}", olds.get(name), news.get(name)
        if was is not None and now is not None:
            yield from compare(member, was, now)
        else:
            yield _whole(member, was, now)


def _whole(member: str, was: _Member | None, now: _Member | None) -> RootChange:
    """A member that came or went."""
    kind = ChangeKind.ADDED if was is None else ChangeKind.REMOVED
    effect = Effect.WIDENS if was is None else Effect.NARROWS
    if isinstance(was or now, Person):
        # Who is linked counts as one approver, and who is not linked as none.
        effect = Effect.BOTH
    return RootChange(
        kind=kind,
        member=member,
        old=None if was is None else _summary(was),
        new=None if now is None else _summary(now),
        effect=effect,
    )


def _summary(member: TrustedKey | TrustedIdentity | TrustedAuthority | Person) -> str:
    match member:
        case TrustedKey():
            return f"{member.public_key.algorithm} {member.public_key.spki.short}"
        case TrustedIdentity():
            return _constraint_text(member.constraint)
        case TrustedAuthority():
            return f"{member.profile.name} {member.material.digest.short}"
        case Person():
            return ", ".join([*map(str, member.actors), *member.emails])


def _changed(
    member: str, field: str, old: object, new: object, effect: Effect = Effect.BOTH
) -> Iterator[RootChange]:
    """A field that differs, if it does."""
    if old != new:
        yield RootChange(
            kind=ChangeKind.CHANGED,
            member=member,
            field=field,
            old=None if old is None else str(old),
            new=None if new is None else str(new),
            effect=effect,
        )


def _key(member: str, was: TrustedKey, now: TrustedKey) -> list[RootChange]:
    old_key, new_key = was.public_key, now.public_key
    changes = [
        *_changed(member, "public-key", old_key.spki, new_key.spki),
        *_changed(member, "holder", was.holder, now.holder),
        *_changed(member, "authority", _authority_id(was), _authority_id(now)),
    ]
    if old_key.spki == new_key.spki:
        changes += _changed(member, "scheme", old_key.algorithm.value, new_key.algorithm.value)
    return [*changes, *_scope(member, was.scope, now.scope)]


def _authority_id(key: TrustedKey) -> str | None:
    return None if key.authority is None else key.authority.id


def _identity(member: str, was: TrustedIdentity, now: TrustedIdentity) -> list[RootChange]:
    return [
        *_changed(member, "authority", was.authority.id, now.authority.id),
        *_constraint(member, was.constraint, now.constraint),
        *_changed(member, "holder", was.holder, now.holder),
        *_scope(member, was.scope, now.scope),
    ]


def _scope(member: str, was: Scope, now: Scope) -> Iterator[RootChange]:
    begin, end = compare_window((was.not_before, was.not_after), (now.not_before, now.not_after))
    yield from _changed(member, "not-before", was.not_before, now.not_before, begin)
    yield from _changed(member, "not-after", was.not_after, now.not_after, end)
    yield from _names(member, "may-attest", was.predicate_types, now.predicate_types)
    olds, news = _patterns(was), _patterns(now)
    if olds != news:
        yield from _changed(
            member,
            "repositories",
            _listed(None if olds is None else [text for text, _ in olds]),
            _listed(None if news is None else [text for text, _ in news]),
            compare_patterns(olds, news),
        )
    yield from _names(member, "environments", was.environments, now.environments)


def _names(
    member: str,
    field: str,
    was: Collection[object] | Anywhere,
    now: Collection[object] | Anywhere,
) -> Iterator[RootChange]:
    old = None if isinstance(was, Anywhere) else {str(each) for each in was}
    new = None if isinstance(now, Anywhere) else {str(each) for each in now}
    yield from _changed(member, field, _listed(old), _listed(new), compare_sets(old, new))


def _patterns(scope: Scope) -> _Texts | None:
    if isinstance(scope.repositories, Anywhere):
        return None
    # Every text of a scope is a pattern: without wildcards it is compared whole.
    return tuple(sorted((str(each), True) for each in scope.repositories))


def _listed(words: Iterable[str] | None) -> str:
    return "any" if words is None else ", ".join(sorted(words))


def _constraint(
    member: str, was: IdentityConstraint, now: IdentityConstraint
) -> Iterator[RootChange]:
    yield from _changed(
        member,
        "certificate.issuer",
        _expected(was.issuer) or "none",
        _expected(now.issuer) or "none",
        Effect.BOTH
        if was.issuer is None or now.issuer is None
        else compare_patterns(_texts(was.issuer), _texts(now.issuer)),
    )
    # With a build signer, and with a name for it, other rules hold for the signer than without.
    other_rules = bool(was.build_signer) != bool(now.build_signer) or bool(
        was.parts.keys() & _NAMES_SIGNER
    ) != bool(now.parts.keys() & _NAMES_SIGNER)
    yield from _parts(member, "certificate.", was.parts, now.parts, other_rules=other_rules)
    yield from _parts(
        member,
        "certificate.build-signer.",
        was.build_signer,
        now.build_signer,
        other_rules=other_rules,
    )


def _parts(
    member: str,
    prefix: str,
    was: Mapping[str, Expectation],
    now: Mapping[str, Expectation],
    *,
    other_rules: bool,
) -> Iterator[RootChange]:
    for part in sorted(was.keys() | now.keys()):
        old, new = was.get(part), now.get(part)
        effect = compare_patterns(
            None if old is None else _texts(old), None if new is None else _texts(new)
        )
        yield from _changed(
            member,
            prefix + part,
            _expected(old),
            _expected(new),
            Effect.BOTH if other_rules else effect,
        )


def _texts(expectation: Expectation) -> _Texts:
    return tuple((str(each), isinstance(each, Pattern)) for each in expectation.alternatives)


def _expected(expectation: Expectation | None) -> str | None:
    return None if expectation is None else str(expectation)


def _constraint_text(constraint: IdentityConstraint) -> str:
    parts = [f"issuer {_expected(constraint.issuer) or 'none'}"]
    parts += [f"{part} {each}" for part, each in sorted(constraint.parts.items())]
    parts += [
        f"build-signer {part} {each}" for part, each in sorted(constraint.build_signer.items())
    ]
    return "; ".join(parts)


def _authority(member: str, was: TrustedAuthority, now: TrustedAuthority) -> list[RootChange]:
    return [
        *diff_profiles(member, was.profile, now.profile),
        *diff_materials(member, was.material, now.material),
    ]


def _person(member: str, was: Person, now: Person) -> list[RootChange]:
    return [
        *_changed(member, "actors", _sorted(was.actors), _sorted(now.actors)),
        *_changed(member, "emails", _sorted(was.emails), _sorted(now.emails)),
    ]


def _sorted(values: Sequence[object]) -> str:
    return ", ".join(sorted(map(str, values)))
