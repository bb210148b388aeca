"""Lists of licences, and what they say of an expression and of a component."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from typing import Final, assert_never

from gatebook.errors import MalformedError, UsageError
from gatebook.formats.sbom.components import Component
from gatebook.formats.sbom.parts import LicenseClaim, LicenseForm, LicenseSource
from gatebook.sboms.licences.expression import (
    AllOf,
    AnyOf,
    Expression,
    ExpressionError,
    LeafKind,
    Licence,
    WithException,
    leaves,
    parse_expression,
)
from gatebook.sboms.licences.known import LATER_VERSIONS, id_of_name

__all__ = [
    "LicenceError",
    "LicenceJudgement",
    "LicencePolicy",
    "LicenceRules",
    "LicenceVerdict",
    "claimed_expression",
    "effective_claims",
]

_SHOWN: Final = 80
_OR_LATER: Final = re.compile(
    r"(AGPL|GFDL|GPL|LGPL)-(\d\.\d)(-invariants|-no-invariants)?-or-later\Z"
)
_DEFAULT_SCOPE: Final = "required"  # CycloneDX: a component without a scope is required
_ABSENT: Final = frozenset({"NOASSERTION", "NONE"})


class LicenceError(UsageError):
    """A list of licences names something that no licence can be."""

    code = "sboms.licence-list"


class LicenceVerdict(StrEnum):
    """What the lists say."""

    ALLOWED = "allowed"
    DENIED = "denied"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class LicenceJudgement:
    """What the lists say of a licence, and which part of it decided.

    Attributes:
        verdict: the answer.
        branch: the part of the expression that decided, as written today.
        reason: why, in words.
        deprecated: identifiers in it that are out of use.

    """

    verdict: LicenceVerdict
    branch: str
    reason: str
    deprecated: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class LicenceRules:
    """The lists for components of some scopes, in some ways of distribution.

    An entry is an identifier, ``identifier WITH exception``, or the beginning of one and ``*``. The
    denied ones are asked first. With a list of allowed ones, whatever is not on it is denied.

    Attributes:
        allowed: what may be used; ``None`` allows whatever is on the SPDX list and not denied.
        denied: what may not.
        exceptions: exceptions that make any licence acceptable they are added to.
        missing: what a component without a licence, with NOASSERTION or NONE, is.
        unknown: what a name or reference is that no list has.
        scopes: the scopes it is for; ``None`` for all. ``required`` is also what has no scope.
        modes: the ways of distribution it is for, such as ``binary`` or ``service``; ``None`` for
            all.

    """

    allowed: frozenset[str] | None = None
    denied: frozenset[str] = frozenset()
    exceptions: frozenset[str] = frozenset()
    missing: LicenceVerdict = LicenceVerdict.UNKNOWN
    unknown: LicenceVerdict = LicenceVerdict.UNKNOWN
    scopes: frozenset[str] | None = None
    modes: frozenset[str] | None = None

    def __post_init__(self) -> None:
        if self.allowed is None and not self.denied:
            raise LicenceError(
                "a rule about licences needs a list of allowed or of denied ones",
                code="sboms.licence-list-empty",
            )
        for entry in (*(self.allowed or ()), *self.denied):
            _matcher(entry)

    def judge(self, expression: Expression) -> LicenceJudgement:
        """Say what the lists say of an expression."""
        found = _judge(expression, self)
        old = tuple(
            dict.fromkeys(
                licence.written
                for each in leaves(expression)
                for licence in (each.licence if isinstance(each, WithException) else each,)
                if licence.deprecated
            )
        )
        return LicenceJudgement(
            verdict=found.verdict, branch=found.branch, reason=found.reason, deprecated=old
        )

    def judge_component(self, component: Component) -> LicenceJudgement:
        """Say what the lists say of a component, by the claims that count for it."""
        try:
            expression = claimed_expression(component)
        except ExpressionError as error:
            return LicenceJudgement(
                verdict=self.unknown, branch=_written(component), reason=error.message
            )
        if expression is None:
            return LicenceJudgement(
                verdict=self.missing, branch="", reason="no licence is stated for it"
            )
        return self.judge(expression)


@dataclass(frozen=True, slots=True, kw_only=True)
class LicencePolicy:
    """Rules in the order in which they are asked; the first for a scope and a mode decides.

    Attributes:
        rules: at least one.
        mode: how the artifact is distributed; ``None`` where rules for a mode are not to be asked.

    """

    rules: tuple[LicenceRules, ...]
    mode: str | None = None

    def __post_init__(self) -> None:
        if not self.rules:
            raise LicenceError(
                "a licence policy has at least one rule", code="sboms.licence-list-empty"
            )

    def rules_for(self, component: Component) -> LicenceRules | None:
        """Find what is asked about a component; ``None`` where no rule is for its scope."""
        scope = component.scope or _DEFAULT_SCOPE
        for each in self.rules:
            if each.modes is not None and self.mode not in each.modes:
                continue
            if each.scopes is None or scope in each.scopes:
                return each
        return None


def effective_claims(component: Component) -> tuple[LicenseClaim, ...]:
    """The claims that count: those concluded, else declared, else without a source, else observed.

    NOASSERTION and NONE are none.
    """
    claims = [each for each in component.license_claims if each.text.strip() not in _ABSENT]
    order = (
        LicenseSource.CONCLUDED,
        LicenseSource.DECLARED,
        LicenseSource.UNSTATED,
        LicenseSource.OBSERVED,
    )
    for source in order:
        found = tuple(each for each in claims if each.source is source and each.text.strip())
        if found:
            return found
    return ()


def claimed_expression(component: Component) -> Expression | None:
    """The licence of a component as one expression; several claims all hold.

    CycloneDX does not say whether licences in a list are alternatives; only an expression is.

    Raises:
        ExpressionError: an expression cannot be read.

    """
    parts = [_claimed(each) for each in effective_claims(component)]
    if not parts:
        return None
    unique = tuple(dict.fromkeys(parts))
    return unique[0] if len(unique) == 1 else AllOf(parts=unique)


def _claimed(claim: LicenseClaim) -> Expression:
    if claim.form is LicenseForm.EXPRESSION:
        return parse_expression(claim.text)
    known = id_of_name(claim.text)
    if known is not None:
        return parse_expression(known)
    try:
        found = parse_expression(claim.text)
    except ExpressionError:
        found = None
    # A name is an expression only when each word of it is an identifier.
    if found is not None and all(_is_known(each) for each in leaves(found)):
        return found
    text = claim.text.strip()
    return Licence(id=text, written=text, kind=LeafKind.UNKNOWN)


def _is_known(leaf: Licence | WithException) -> bool:
    if isinstance(leaf, WithException):
        return leaf.known and leaf.licence.kind is not LeafKind.UNKNOWN
    return leaf.kind is not LeafKind.UNKNOWN


def _written(component: Component) -> str:
    return " AND ".join(each.text[:_SHOWN] for each in effective_claims(component))


def _judge(expression: Expression, rules: LicenceRules) -> LicenceJudgement:
    match expression:
        case AnyOf(parts=parts):
            # Whoever receives it may choose: one allowed branch is enough.
            return _strongest(
                [_judge(each, rules) for each in parts],
                (LicenceVerdict.ALLOWED, LicenceVerdict.UNKNOWN, LicenceVerdict.DENIED),
            )
        case AllOf(parts=parts):
            return _strongest(
                [_judge(each, rules) for each in parts],
                (LicenceVerdict.DENIED, LicenceVerdict.UNKNOWN, LicenceVerdict.ALLOWED),
                whole=str(expression),
            )
        case WithException():
            return _judge_with(expression, rules)
        case Licence():
            return _judge_licence(expression, rules)
    assert_never(expression)


def _strongest(
    found: list[LicenceJudgement], order: tuple[LicenceVerdict, ...], *, whole: str | None = None
) -> LicenceJudgement:
    for verdict in order:
        deciding = [each for each in found if each.verdict is verdict]
        if not deciding:
            continue
        if verdict is order[-1] and whole is not None:
            return LicenceJudgement(verdict=verdict, branch=whole, reason="every part is allowed")
        return deciding[0]
    raise AssertionError("an operator has parts")  # pragma: no cover


def _judge_with(found: WithException, rules: LicenceRules) -> LicenceJudgement:
    text = str(found)
    if _on(text, rules.denied):
        return _said(LicenceVerdict.DENIED, text, f"{text} is on the list of denied licences")
    if rules.allowed is not None and _on(text, rules.allowed, exact=True):
        return _said(LicenceVerdict.ALLOWED, text, f"{text} is on the list of allowed licences")
    if _on(found.exception, rules.exceptions):
        return _said(LicenceVerdict.ALLOWED, text, f"the exception {found.exception} is accepted")
    if not found.known:
        return _said(rules.unknown, text, f"{found.exception} is not on the SPDX list")
    # An exception permits more than the licence alone does.
    alone = _judge_licence(found.licence, rules)
    return _said(alone.verdict, text, alone.reason)


def _judge_licence(licence: Licence, rules: LicenceRules) -> LicenceJudgement:
    literal = _judge_literal(licence, rules)
    if literal is not None:
        return literal
    # "or later" is a choice between the version and all later ones.
    found = [
        judged for each in _choices(licence) if (judged := _judge_literal(each, rules)) is not None
    ]
    allowed = next((each for each in found if each.verdict is LicenceVerdict.ALLOWED), None)
    text = str(licence)
    if allowed is not None:
        return _said(LicenceVerdict.ALLOWED, text, f"as {allowed.branch}: {allowed.reason}")
    choices = _choices(licence)
    if choices and len(found) == len(choices):
        return _said(LicenceVerdict.DENIED, text, "each version one may choose is denied")
    if rules.allowed is not None and licence.kind is LeafKind.LISTED:
        return _said(LicenceVerdict.DENIED, text, f"{text} is not on the list of allowed licences")
    if licence.kind is not LeafKind.LISTED:
        return _said(rules.unknown, text, f"{text[:_SHOWN]} is not on the SPDX list")
    return _said(LicenceVerdict.ALLOWED, text, f"{text} is not denied")


def _judge_literal(licence: Licence, rules: LicenceRules) -> LicenceJudgement | None:
    text = str(licence)
    if _on(text, rules.denied):
        return _said(LicenceVerdict.DENIED, text, f"{text} is on the list of denied licences")
    if rules.allowed is not None and _on(text, rules.allowed):
        return _said(LicenceVerdict.ALLOWED, text, f"{text} is on the list of allowed licences")
    return None


def _choices(licence: Licence) -> tuple[Licence, ...]:
    match = _OR_LATER.match(licence.id)
    if match is None:
        if not licence.or_later:
            return ()
        # Of other families no later version is known; the version itself may be chosen.
        return (Licence(id=licence.id, written=licence.written, kind=licence.kind),)
    family, version, variant = match[1], match[2], match[3] or ""
    versions = LATER_VERSIONS[family]
    later = versions[versions.index(version) :] if version in versions else (version,)
    return tuple(
        Licence(id=text, written=text, kind=LeafKind.LISTED)
        for text in (f"{family}-{each}{variant}-only" for each in later)
    )


def _said(verdict: LicenceVerdict, branch: str, reason: str) -> LicenceJudgement:
    return LicenceJudgement(verdict=verdict, branch=branch, reason=reason)


def _on(text: str, entries: frozenset[str], *, exact: bool = False) -> bool:
    lower = text.lower()
    return any(_matcher(each)(lower) for each in entries if not (exact and each.endswith("*")))


@lru_cache(maxsize=4_096)
def _matcher(entry: str) -> Callable[[str], bool]:
    """What an entry of a list matches.

    Raises:
        LicenceError: it is no licence, and no beginning of one.

    """
    text = entry.strip()
    if text.endswith("*"):
        start = text[:-1].lower()
        if not start or "*" in start:
            raise LicenceError(f"{entry[:_SHOWN]!r}: '*' stands at the end of a beginning")
        return lambda lower: lower.startswith(start)
    try:
        parsed = parse_expression(text)
    except MalformedError as error:
        raise LicenceError(f"an entry of a licence list: {error.message}") from error
    if isinstance(parsed, AllOf | AnyOf):
        raise LicenceError(
            f"{entry[:_SHOWN]!r} is several licences; a list has one in each entry",
            hint="write each licence as an entry of its own",
        )
    listed = str(parsed).lower()
    return lambda lower: lower == listed
