"""in-toto layouts: which steps there must be, who may do them, and what each may touch.

Layout v0.1, the one of the in-toto specification v1.0 §4.3. A layout is read as strictly as a trust
root: a misspelt field is refused, since to ignore it would widen what is allowed. Inspections are
commands that the specification wants run at verification; they are read, so that they can be
named, and never run.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from gatebook.canonical import Json, JsonObject
from gatebook.clock import Instant
from gatebook.errors import MalformedError
from gatebook.formats.fields import Fields
from gatebook.formats.layout.rules import ArtifactRule, MatchRule, read_rule, substitute

__all__ = [
    "MAX_STEPS",
    "Inspection",
    "Layout",
    "LayoutError",
    "LayoutKey",
    "LayoutStep",
    "only_fields",
    "read_names",
    "read_threshold",
]

MAX_STEPS: Final = 256
_MAX_KEYS: Final = 256
_MAX_RULES: Final = 1024
_MAX_WORDS: Final = 1024
_MAX_NAME: Final = 256
_EXPIRES: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ\Z", re.ASCII)
# Written by the Go implementation (ITE-7). They only add signers, by certificate, so that leaving
# them out narrows what is believed.
_CERTIFICATE_FIELDS: Final = {"rootcas", "intermediatecas", "cert_constraints"}


class LayoutError(MalformedError):
    """A layout is not one we would act on."""

    code = "formats.layout"


@dataclass(frozen=True, slots=True, kw_only=True)
class LayoutKey:
    """A functionary's public key as the layout writes it (in-toto spec §4.2.1).

    Attributes:
        keyid: its name in the layout; nothing is believed for its sake.
        keytype: ``ed25519``, ``ecdsa``, ``rsa`` …
        scheme: how it signs, such as ``rsassa-pss-sha256``.
        public: PEM, or hexadecimal for Ed25519; empty when the key has another form (OpenPGP).

    """

    keyid: str
    keytype: str
    scheme: str
    public: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LayoutStep:
    """One step, and what its link must show (in-toto spec §4.3.1).

    Attributes:
        name: unique among steps and inspections.
        threshold: how many different keys have to sign; at least 1.
        keyids: the functionaries who may sign, each once.
        command: the command expected; a difference is told and refuses nothing.
        materials: rules for what goes in.
        products: rules for what comes out.

    """

    name: str
    threshold: int
    keyids: tuple[str, ...]
    command: tuple[str, ...]
    materials: tuple[ArtifactRule, ...]
    products: tuple[ArtifactRule, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Inspection:
    """A command the layout wants run at verification (in-toto spec §4.3.2); it never is.

    Attributes:
        name: unique among steps and inspections.
        command: what would be run.

    """

    name: str
    command: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """A layout, unverified by itself.

    Attributes:
        expires: the last instant at which it holds.
        readme: for people.
        keys: the functionaries' keys.
        steps: at least one, in the order written.
        inspections: in the order written.

    """

    expires: Instant
    readme: str
    keys: tuple[LayoutKey, ...]
    steps: tuple[LayoutStep, ...]
    inspections: tuple[Inspection, ...]

    @classmethod
    def of(cls, content: JsonObject, *, parameters: Mapping[str, str] | None = None) -> "Layout":
        """Read the signed content of a layout.

        Args:
            content: the object with ``_type: layout``.
            parameters: values for the placeholders in rules and commands.

        Raises:
            MalformedError: an unknown field or one of the wrong type; no step; a name twice; a
                threshold below 1; a step that names an unknown key; a rule that is refused or
                names an unknown step; a placeholder without a value.

        """
        given = parameters or {}
        root = Fields.of(content, what="layout", code=LayoutError.code)
        only_fields(
            root,
            {"_type", "expires", "readme", "keys", "steps", "inspect"} | _CERTIFICATE_FIELDS,
        )
        if root.text("_type") != "layout":
            raise root.refuse("'_type' must be layout")
        expires = _expires(root)
        keys = tuple(_key(root, keyid) for keyid in _bounded(root.object("keys"), _MAX_KEYS))
        members = root.array("steps"), root.array("inspect")
        if not 0 < len(members[0]) <= MAX_STEPS or len(members[1]) > MAX_STEPS:
            raise root.refuse(f"a layout has from 1 to {MAX_STEPS} steps, and as many inspections")
        steps = tuple(_step(item, given) for item in root.objects("steps"))
        inspections = tuple(_inspection(item, given) for item in root.objects("inspect"))
        _refuse_twice(root, [step.name for step in steps] + [item.name for item in inspections])
        _check_references(root, steps, {key.keyid for key in keys})
        return cls(
            expires=expires,
            readme=root.optional_text("readme") or "",
            keys=keys,
            steps=steps,
            inspections=inspections,
        )


def only_fields(fields: Fields, known: set[str]) -> None:
    """Refuse a field that is not one of ``known``.

    Raises:
        MalformedError: there is one.

    """
    unknown = sorted(set(fields.values) - known)
    if unknown:
        raise fields.refuse(
            f"unknown field {unknown[0][:80]!r}", hint=f"known fields: {', '.join(sorted(known))}"
        )


def read_names(fields: Fields, name: str, limit: int = _MAX_WORDS) -> tuple[str, ...]:
    """The strings of the array ``name``; an absent one is empty.

    Raises:
        MalformedError: more than ``limit``, or a member that is not a string.

    """
    members = fields.array(name)
    if len(members) > limit:
        raise fields.refuse(f"{name!r} has {len(members)} members; at most {limit} are read")
    return _words(fields, name, members)


def read_threshold(fields: Fields, name: str = "threshold") -> int:
    """The whole number ``name``, at least 1; absent means 1.

    Raises:
        MalformedError: another type, or below 1: a threshold of nobody would be met by nobody.

    """
    value = fields.values.get(name)
    if value is None:
        return 1
    if type(value) is not int or not 0 < value <= _MAX_KEYS:
        raise fields.refuse(f"{name!r} must be a whole number from 1 to {_MAX_KEYS}")
    return value


def _expires(root: Fields) -> Instant:
    text = root.text("expires")
    if _EXPIRES.match(text) is None:  # in-toto spec §4.2.2
        raise root.refuse(f"'expires' is {text[:40]!r}; expected YYYY-MM-DDTHH:MM:SSZ")
    try:
        return Instant.parse(text)
    except MalformedError as error:
        raise root.refuse(f"'expires': {error.message}") from None


def _key(root: Fields, keyid: str) -> LayoutKey:
    fields = root.object("keys").object(keyid)
    if not 0 < len(keyid) <= _MAX_NAME or not keyid.isprintable():
        raise root.refuse("a key id has 1 to 256 printable characters")
    inner = fields.optional_text("keyid")
    if inner is not None and inner != keyid:
        raise fields.refuse(f"'keyid' is {inner[:80]!r}; the key stands under {keyid[:80]!r}")
    value = fields.object("keyval")
    if value.optional_text("private"):
        raise fields.refuse("holds a private key; treat that key as disclosed")
    public = value.values.get("public")
    return LayoutKey(
        keyid=keyid,
        keytype=fields.optional_text("keytype") or fields.optional_text("type") or "",
        scheme=fields.optional_text("scheme") or fields.optional_text("method") or "",
        public=public if isinstance(public, str) else "",
    )


def _step(fields: Fields, parameters: Mapping[str, str]) -> LayoutStep:
    only_fields(
        fields,
        {
            "_type",
            "name",
            "threshold",
            "pubkeys",
            "expected_command",
            "expected_materials",
            "expected_products",
        }
        | _CERTIFICATE_FIELDS,
    )
    _check_type(fields, "step")
    keyids = read_names(fields, "pubkeys", _MAX_KEYS)
    if not keyids:
        raise fields.refuse("'pubkeys' is empty: nobody may do this step")
    _refuse_twice(fields, keyids)
    return LayoutStep(
        name=_name(fields),
        threshold=read_threshold(fields),
        keyids=keyids,
        command=_command(fields, "expected_command", parameters),
        materials=_rules(fields, "expected_materials", parameters),
        products=_rules(fields, "expected_products", parameters),
    )


def _inspection(fields: Fields, parameters: Mapping[str, str]) -> Inspection:
    only_fields(fields, {"_type", "name", "run", "expected_materials", "expected_products"})
    _check_type(fields, "inspection")
    for side in ("expected_materials", "expected_products"):
        _rules(fields, side, parameters)
    return Inspection(name=_name(fields), command=_command(fields, "run", parameters))


def _check_type(fields: Fields, expected: str) -> None:
    found = fields.optional_text("_type")
    if found is not None and found != expected:
        raise fields.refuse(f"'_type' is {found[:40]!r}; expected {expected}")


def _name(fields: Fields) -> str:
    name = fields.text("name")
    if len(name) > _MAX_NAME or not name.isprintable():
        raise fields.refuse("'name' has 1 to 256 printable characters")
    return name


def _command(fields: Fields, name: str, parameters: Mapping[str, str]) -> tuple[str, ...]:
    return tuple(substitute(word, parameters) for word in read_names(fields, name))


def _rules(fields: Fields, name: str, parameters: Mapping[str, str]) -> tuple[ArtifactRule, ...]:
    members = fields.array(name)
    if len(members) > _MAX_RULES:
        raise fields.refuse(f"{name!r} has more than {_MAX_RULES} rules")
    rules: list[ArtifactRule] = []
    for member in members:
        if not isinstance(member, list):
            raise fields.refuse(f"{name!r} must list rules, each an array of words")
        words = _words(fields, name, member[:_MAX_WORDS])
        rules.append(read_rule([substitute(word, parameters) for word in words]))
    return tuple(rules)


def _words(fields: Fields, name: str, members: list[Json]) -> tuple[str, ...]:
    words = tuple(member for member in members if isinstance(member, str))
    if len(words) != len(members):
        raise fields.refuse(f"{name!r} must list strings")
    return words


def _check_references(root: Fields, steps: tuple[LayoutStep, ...], keyids: set[str]) -> None:
    names = {step.name for step in steps}
    for step in steps:
        strangers = sorted(set(step.keyids) - keyids)
        if strangers:
            raise root.refuse(
                f"the step {step.name!r} may be done by the key {strangers[0][:80]!r}, which the "
                "layout does not have"
            )
        for rule in (*step.materials, *step.products):
            # Such a rule would match nothing; without a final DISALLOW it would also deny nothing.
            if isinstance(rule, MatchRule) and rule.step not in names:
                raise root.refuse(
                    f"the step {step.name!r} has the rule '{rule}', and there is no such step"
                )


def _bounded(fields: Fields, limit: int) -> Iterable[str]:
    if len(fields.values) > limit:
        raise fields.refuse(f"has more than {limit} members")
    return fields.values


def _refuse_twice(fields: Fields, names: Iterable[str]) -> None:
    seen: set[str] = set()
    for name in names:
        if name in seen:
            raise fields.refuse(f"{name[:80]!r} comes twice")
        seen.add(name)
