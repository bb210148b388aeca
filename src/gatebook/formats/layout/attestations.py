"""Layouts over attestations (ITE-10), as the in-toto attestation verifier writes them.

A YAML document: functionaries, and for each step the predicate types expected, who may sign them,
artifact rules and attribute rules. It carries no signature of its own; whoever gives it to the
verifier trusts it as a document, like a trust root, and its digest names it. Sections that the
published verifier reads and then ignores (``subjects``) are refused here.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from gatebook import canonical
from gatebook.clock import Instant
from gatebook.digest import Digest, sha256
from gatebook.errors import MalformedError
from gatebook.formats import strict_yaml
from gatebook.formats.fields import Fields
from gatebook.formats.layout.document import (
    MAX_STEPS,
    Inspection,
    LayoutError,
    LayoutKey,
    only_fields,
    read_names,
    read_threshold,
)
from gatebook.formats.layout.expression import AttributeRule
from gatebook.formats.layout.rules import (
    ArtifactRule,
    MatchRule,
    PatternRule,
    RuleKind,
    Side,
    read_rule,
    resolve_parameters,
    substitute,
)

__all__ = ["AttestationLayout", "AttestationStep", "AttributeConstraint", "ExpectedPredicate"]

_MAX_BYTES: Final = 1024 * 1024
_MAX_LIST: Final = 256
_MAX_TYPE: Final = 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class AttributeConstraint:
    """Something a statement has to say.

    Attributes:
        rule: the expression that has to be true.
        allow_if_no_claim: a statement that says nothing about it passes.
        warn: a statement of which it is false passes, and is told about.
        explanation: what the layout says when it does not hold.

    """

    rule: AttributeRule
    allow_if_no_claim: bool
    warn: bool
    explanation: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ExpectedPredicate:
    """One type of attestation a step needs.

    Attributes:
        predicate_type: the type URI, compared exactly.
        keyids: who may sign it, each once.
        threshold: how many different keys have to; at least 1.
        constraints: what it has to say.

    """

    predicate_type: str
    keyids: tuple[str, ...]
    threshold: int
    constraints: tuple[AttributeConstraint, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class AttestationStep:
    """One step, and the attestations it needs.

    Attributes:
        name: unique among steps and inspections.
        command: the command expected; a difference is told and refuses nothing.
        materials: rules for what goes in.
        products: rules for what comes out.
        predicates: at least one.

    """

    name: str
    command: str
    materials: tuple[ArtifactRule, ...]
    products: tuple[ArtifactRule, ...]
    predicates: tuple[ExpectedPredicate, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class AttestationLayout:
    """A layout over attestations.

    Attributes:
        digest: SHA-256 of the bytes it was read from.
        expires: the last instant at which it holds.
        keys: the functionaries' keys.
        steps: at least one, in the order written.
        inspections: in the order written; never run.

    """

    digest: Digest
    expires: Instant
    keys: tuple[LayoutKey, ...]
    steps: tuple[AttestationStep, ...]
    inspections: tuple[Inspection, ...]

    @classmethod
    def parse(
        cls, data: bytes, *, parameters: Mapping[str, str] | None = None
    ) -> "AttestationLayout":
        """Read a layout from YAML, or from JSON when the first character is ``{``.

        Args:
            data: the document.
            parameters: values for the placeholders in rules; they may name each other.

        Raises:
            MalformedError: not strict YAML or JSON; an unknown field; a section that is not
                evaluated; no step, or one that expects no predicate; a name twice; a rule or an
                expression that is refused; a placeholder without a value.

        """
        if data.lstrip(b" \t\r\n").startswith(b"{"):
            decoded = canonical.loads(data, what="layout", max_bytes=_MAX_BYTES)
        else:
            decoded = strict_yaml.loads(data, what="layout", max_bytes=_MAX_BYTES)
        root = Fields.of(decoded, what="layout", code=LayoutError.code)
        only_fields(root, {"expires", "functionaries", "steps", "subjects", "inspections"})
        if root.array("subjects"):
            raise LayoutError(
                "layout: 'subjects' is not evaluated",
                code="formats.layout-section",
                hint="say what is expected of an artifact as a step",
            )
        expires = root.optional_instant("expires")
        if expires is None:
            raise root.refuse("'expires' is required")
        functionaries = root.object("functionaries")
        if len(functionaries.values) > _MAX_LIST or len(root.array("steps")) > MAX_STEPS:
            raise root.refuse("has too many functionaries or steps")
        given = resolve_parameters(parameters or {})
        steps = tuple(_step(item, given) for item in root.objects("steps"))
        if not steps:
            raise root.refuse("a layout has at least one step")
        inspections = tuple(
            Inspection(name=item.text("name"), command=((item.optional_text("command") or ""),))
            for item in root.objects("inspections")
        )
        names = [step.name for step in steps] + [item.name for item in inspections]
        if len(set(names)) != len(names):
            raise root.refuse("a name of a step or inspection comes twice")
        layout = cls(
            digest=sha256(data),
            expires=expires,
            keys=tuple(_key(functionaries, keyid) for keyid in functionaries.values),
            steps=steps,
            inspections=inspections,
        )
        _check_references(root, layout)
        return layout


def _key(functionaries: Fields, keyid: str) -> LayoutKey:
    fields = functionaries.object(keyid)
    only_fields(fields, {"keyType", "scheme", "keyIDHashAlgorithms", "keyVal", "keyID"})
    inner = fields.optional_text("keyID")
    if inner is not None and inner != keyid:
        raise fields.refuse(f"'keyID' is {inner[:80]!r}; the key stands under {keyid[:80]!r}")
    return LayoutKey(
        keyid=keyid,
        keytype=fields.text("keyType"),
        scheme=fields.text("scheme"),
        public=fields.object("keyVal").text("public"),
    )


def _step(fields: Fields, parameters: Mapping[str, str]) -> AttestationStep:
    only_fields(
        fields, {"name", "command", "expectedMaterials", "expectedProducts", "expectedPredicates"}
    )
    predicates = tuple(
        _predicate(item, parameters) for item in fields.objects("expectedPredicates")
    )
    if not 0 < len(predicates) <= _MAX_LIST:
        raise fields.refuse(f"expects {len(predicates)} predicates; from 1 to {_MAX_LIST} are read")
    return AttestationStep(
        name=fields.text("name"),
        command=fields.optional_text("command") or "",
        materials=_rules(fields, "expectedMaterials", Side.MATERIALS, parameters),
        products=_rules(fields, "expectedProducts", Side.PRODUCTS, parameters),
        predicates=predicates,
    )


def _predicate(fields: Fields, parameters: Mapping[str, str]) -> ExpectedPredicate:
    only_fields(fields, {"predicateType", "expectedAttributes", "functionaries", "threshold"})
    keyids = read_names(fields, "functionaries", _MAX_LIST)
    if not keyids or len(set(keyids)) != len(keyids):
        raise fields.refuse("'functionaries' must list who may sign, each once")
    predicate_type = fields.text("predicateType")
    if len(predicate_type) > _MAX_TYPE:
        raise fields.refuse(f"'predicateType' is longer than {_MAX_TYPE}")
    if len(fields.array("expectedAttributes")) > _MAX_LIST:
        raise fields.refuse(f"'expectedAttributes' has more than {_MAX_LIST} members")
    return ExpectedPredicate(
        predicate_type=predicate_type,
        keyids=keyids,
        threshold=read_threshold(fields),
        constraints=tuple(
            _constraint(item, parameters) for item in fields.objects("expectedAttributes")
        ),
    )


def _constraint(fields: Fields, parameters: Mapping[str, str]) -> AttributeConstraint:
    only_fields(fields, {"rule", "allowIfNoClaim", "warn", "debug"})
    rule = AttributeRule.parse(substitute(fields.text("rule"), parameters, expression=True))
    return AttributeConstraint(
        rule=rule,
        allow_if_no_claim=_flag(fields, "allowIfNoClaim"),
        warn=_flag(fields, "warn"),
        explanation=fields.optional_text("debug") or "",
    )


def _flag(fields: Fields, name: str) -> bool:
    value = fields.values.get(name)
    if value is not None and not isinstance(value, bool):
        raise fields.refuse(f"{name!r} must be true or false")
    return value is True


def _rules(
    fields: Fields, name: str, side: Side, parameters: Mapping[str, str]
) -> tuple[ArtifactRule, ...]:
    rules: list[ArtifactRule] = []
    for text in read_names(fields, name):
        # Split first, so that a value with a space stays one word.
        rule = read_rule([substitute(word, parameters) for word in text.split(" ") if word])
        wrong = {
            Side.MATERIALS: {RuleKind.CREATE, RuleKind.MODIFY},
            Side.PRODUCTS: {RuleKind.DELETE},
        }
        if isinstance(rule, PatternRule) and rule.kind in wrong[side]:
            raise fields.refuse(f"the rule '{rule}' says nothing about {side}")
        rules.append(rule)
    return tuple(rules)


def _check_references(root: Fields, layout: AttestationLayout) -> None:
    keyids = {key.keyid for key in layout.keys}
    names = {step.name for step in layout.steps}
    for step in layout.steps:
        for predicate in step.predicates:
            strangers = sorted(set(predicate.keyids) - keyids)
            if strangers:
                raise root.refuse(
                    f"the step {step.name!r} names the functionary {strangers[0][:80]!r}, whom the "
                    "layout does not have"
                )
        for rule in (*step.materials, *step.products):
            if isinstance(rule, MatchRule) and rule.step not in names:
                raise MalformedError(
                    f"layout: the step {step.name!r} has the rule '{rule}', and there is no such "
                    "step",
                    code=root.code,
                )
