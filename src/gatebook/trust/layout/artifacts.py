"""Artifact rules applied to what a step took in and put out (in-toto spec v1.0 §4.3.3).

The rules of one list work like those of a firewall, on a queue of names: what a rule accounts for
leaves the queue, and only DISALLOW and REQUIRE can refuse. What is left at the end is allowed, as
the specification has it; the caller is told about it.
"""

from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import assert_never

from gatebook.digest import ALGORITHMS, DigestSet
from gatebook.formats.layout.links import Artifacts, Link
from gatebook.formats.layout.rules import (
    ArtifactRule,
    GlobPattern,
    MatchRule,
    PatternRule,
    RequireRule,
    RuleKind,
    Side,
)
from gatebook.trust.layout.refusals import LayoutDisallowedError, LayoutRequiredError

__all__ = ["StepArtifacts", "apply_rules"]


@dataclass(frozen=True, slots=True, kw_only=True)
class StepArtifacts:
    """What one step took in and put out, as those who signed for it agree.

    Attributes:
        materials: what went in.
        products: what came out.

    """

    materials: Artifacts
    products: Artifacts

    @classmethod
    def of(cls, link: Link) -> "StepArtifacts":
        """The artifacts of a link."""
        return cls(materials=link.materials, products=link.products)

    def side(self, side: Side) -> Artifacts:
        """The materials or the products."""
        return self.materials if side is Side.MATERIALS else self.products


def apply_rules(
    step: str, side: Side, rules: Iterable[ArtifactRule], steps: Mapping[str, StepArtifacts]
) -> frozenset[str]:
    """Apply the rules for one side of a step, and return the names no rule accounted for.

    Args:
        step: the step's name.
        side: which of its artifacts are judged.
        rules: in the order written.
        steps: the artifacts of every step, this one included.

    Raises:
        LayoutDisallowedError: a DISALLOW rule met a name that no earlier rule accounted for.
        LayoutRequiredError: the name of a REQUIRE rule is not there, or not any more.

    """
    own = steps[step]
    artifacts = own.side(side)
    queue = set(artifacts)
    for rule in rules:
        match rule:
            case MatchRule():
                queue -= _matched(rule, queue, artifacts, steps)
            case RequireRule():
                if rule.name not in queue:
                    raise LayoutRequiredError(
                        f"step {step!r}, {side}: the rule '{rule}' does not find it among "
                        f"{_some(queue)}"
                    )
            case PatternRule(kind=RuleKind.DISALLOW):
                found = _filter(rule.pattern, queue)
                if found:
                    raise LayoutDisallowedError(
                        f"step {step!r}, {side}: the rule '{rule}' finds {_some(found)}",
                        hint="no earlier rule accounts for it: it is new, changed or unexpected",
                    )
            case PatternRule():
                queue -= _accounted(rule, queue, own)
            case _:
                assert_never(rule)
    return frozenset(queue)


def _accounted(rule: PatternRule, queue: AbstractSet[str], own: StepArtifacts) -> AbstractSet[str]:
    materials, products = own.materials, own.products
    found = _filter(rule.pattern, queue)
    match rule.kind:
        case RuleKind.ALLOW | RuleKind.DISALLOW:
            return found
        case RuleKind.CREATE:
            return {name for name in found if name in products and name not in materials}
        case RuleKind.DELETE:
            return {name for name in found if name in materials and name not in products}
        case RuleKind.MODIFY:
            return {
                name
                for name in found
                if name in materials and name in products and materials[name] != products[name]
            }


def _matched(
    rule: MatchRule,
    queue: AbstractSet[str],
    artifacts: Artifacts,
    steps: Mapping[str, StepArtifacts],
) -> AbstractSet[str]:
    # in-toto spec §4.3.3.2. A step that is not there matches nothing.
    other = steps.get(rule.step)
    if other is None:
        return frozenset()
    targets = other.side(rule.side)
    source_prefix = f"{rule.source_prefix}/" if rule.source_prefix else ""
    target_prefix = f"{rule.target_prefix}/" if rule.target_prefix else ""
    found: set[str] = set()
    for name in queue:
        # The prefix is cut off as literal text before the pattern is looked at.
        if not name.startswith(source_prefix):
            continue
        rest = name[len(source_prefix) :]
        if rule.pattern.matches(rest) and _same(artifacts[name], targets.get(target_prefix + rest)):
            found.add(name)
    return found


def _same(first: DigestSet | None, second: DigestSet | None) -> bool:
    # Every digest has to agree, and one of them has to be worth something: two artifacts without
    # a digest, or with equal MD5 values, are not known to be the same.
    if first is None or second is None or first != second:
        return False
    return any(algorithm in ALGORITHMS for algorithm, _ in first.values)


def _filter(pattern: GlobPattern, names: Iterable[str]) -> set[str]:
    return {name for name in names if pattern.matches(name)}


def _some(names: Iterable[str]) -> str:
    ordered = sorted(names)
    if not ordered:
        return "nothing"
    more = len(ordered) - 3
    shown = ", ".join(repr(name[:120]) for name in ordered[:3])
    return shown + (f" and {more} more" if more > 0 else "")
