"""Which rule a SARIF result is about, and how bad that makes it.

Source: SARIF 2.1.0, §3.27.5-3.27.10 (ruleId, ruleIndex, rule, kind, level), §3.52 (references to
rules), §3.19 (tool components). Tables are built leniently, so that a report that is refused can
be counted as well.
"""

from collections.abc import Iterator
from typing import Final

from gatebook.canonical import Json, JsonObject
from gatebook.formats.scan.counting import listed, member, object_at, objects_in

__all__ = ["NOT_AGAINST", "RuleTable", "effective_kind", "is_suppressed"]

# §3.27.9: results that hold nothing against the target.
NOT_AGAINST: Final = frozenset({"pass", "notApplicable", "informational"})
_DEFAULT_LEVEL: Final = "warning"


def effective_kind(result: JsonObject) -> str:
    """The kind of a result; ``fail`` when it does not say (§3.27.9)."""
    kind = result.get("kind")
    return kind if isinstance(kind, str) else "fail"


def is_suppressed(result: JsonObject) -> bool:
    """Whether a result is suppressed: some suppression is there and none is in doubt.

    §3.27.23 and §3.35.3: ``underReview`` and ``rejected`` ones suppress nothing; a suppression that
    does not say has been accepted. A status that is not known suppresses nothing either.
    """
    suppressions = listed(result, "suppressions")
    statuses = [
        each.get("status") if isinstance(each, dict) else "malformed" for each in suppressions
    ]
    return bool(statuses) and all(each is None or each == "accepted" for each in statuses)


class _Component:
    """The rules of one tool component, by position, identifier and GUID."""

    def __init__(self, component: JsonObject) -> None:
        self.name = component.get("name")
        self.guid = component.get("guid")
        self.rules = [each if isinstance(each, dict) else {} for each in listed(component, "rules")]
        self.by_id: dict[str, JsonObject] = {}
        for rule in self.rules:
            for key in (rule.get("id"), rule.get("guid")):
                if isinstance(key, str):
                    self.by_id.setdefault(key, rule)

    def find(self, rule_id: str | None, guid: Json, index: int) -> JsonObject | None:
        indexed = self.rules[index] if 0 <= index < len(self.rules) else None
        if rule_id is None:
            if isinstance(guid, str) and guid in self.by_id:
                return self.by_id[guid]
            return indexed
        if indexed is not None and _names(indexed.get("id"), rule_id):
            return indexed
        # §3.27.5: a rule's identifier with one more component after a slash names a part of it.
        named = self.by_id.get(rule_id) or self.by_id.get(rule_id.rpartition("/")[0])
        return indexed if named is None else named


def _names(rule: Json, rule_id: str) -> bool:
    return isinstance(rule, str) and (rule_id == rule or rule_id.startswith(f"{rule}/"))


class RuleTable:
    """The rules of one run, in its driver and its extensions."""

    def __init__(self, run: JsonObject) -> None:
        """Collect the rules of ``run``."""
        self._driver = _Component(object_at(run, "tool", "driver"))
        self._extensions = [
            _Component(each if isinstance(each, dict) else {})
            for each in listed(run, "tool", "extensions")
        ]
        self._overrides = list(_overrides(run))
        self._levels: dict[int, str] = {}
        for descriptor, level in self._overrides:
            rule = self._referred(descriptor, None, -1)
            if rule is not None:
                self._levels[id(rule)] = level

    def rule_of(self, result: JsonObject) -> JsonObject | None:
        """The rule a result is about; ``None`` where the run does not describe it."""
        reference = object_at(result, "rule")
        named = result.get("ruleId", reference.get("id"))
        index = result.get("ruleIndex", reference.get("index", -1))
        return self._referred(
            reference,
            named if isinstance(named, str) else None,
            index if isinstance(index, int) and not isinstance(index, bool) else -1,
        )

    def rule_id_of(self, result: JsonObject) -> str | None:
        """The identifier of the rule a result is about, as the result or else the rule has it."""
        named = result.get("ruleId", member(result, "rule", "id"))
        if isinstance(named, str) and named:
            return named
        rule = self.rule_of(result)
        found = rule.get("id") if rule is not None else None
        return found if isinstance(found, str) and found else None

    def level_of(self, result: JsonObject, rule: JsonObject | None) -> tuple[str, str]:
        """How bad a result is by its level, and where the level is from (§3.27.10)."""
        level = result.get("level")
        if isinstance(level, str):
            return level, "level"
        if effective_kind(result) != "fail":
            return "none", "kind"
        return self.default_level(rule)

    def default_level(self, rule: JsonObject | None) -> tuple[str, str]:
        """The level of results of ``rule`` that have none of their own."""
        if rule is not None:
            overridden = self._levels.get(id(rule))
            if overridden is not None:
                return overridden, "override"
            level = member(rule, "defaultConfiguration", "level")
            if isinstance(level, str):
                return level, "rule"
        return _DEFAULT_LEVEL, "default"

    def _referred(self, reference: JsonObject, named: str | None, index: int) -> JsonObject | None:
        if named is None:
            written = reference.get("id")
            named = written if isinstance(written, str) else None
        position = reference.get("index")
        if index < 0 and isinstance(position, int) and not isinstance(position, bool):
            index = position
        guid = reference.get("guid")
        component = self._component(object_at(reference, "toolComponent"))
        if component is not None:
            return component.find(named, guid, index)
        found = self._driver.find(named, guid, index)
        if found is not None and (named is None or _names(found.get("id"), named)):
            return found
        # Some tools describe their rules in an extension and do not refer to it.
        if named is not None:
            for extension in self._extensions:
                elsewhere = extension.find(named, guid, -1)
                if elsewhere is not None:
                    return elsewhere
        return found

    def _component(self, reference: JsonObject) -> _Component | None:
        index = reference.get("index")
        if isinstance(index, int) and not isinstance(index, bool):
            return self._extensions[index] if 0 <= index < len(self._extensions) else None
        for key in ("guid", "name"):
            wanted = reference.get(key)
            if isinstance(wanted, str):
                for component in (self._driver, *self._extensions):
                    if getattr(component, key) == wanted:
                        return component
        return None


def _overrides(run: JsonObject) -> Iterator[tuple[JsonObject, str]]:
    """The levels that the invocation of the tool gave rules (§3.20.5).

    With several invocations a result's own says which; then the rules keep their defaults.
    """
    invocations = list(objects_in(run, "invocations"))
    if len(invocations) != 1:
        return
    for override in objects_in(invocations[0], "ruleConfigurationOverrides"):
        level = member(override, "configuration", "level")
        if isinstance(level, str):
            yield object_at(override, "descriptor"), level
