"""One SARIF result read into a finding.

Source: SARIF 2.1.0, §3.27 (result), §3.28 (location), §3.35 (suppression). ``security-severity`` is
GitHub's property of a rule, a score from 0 to 10; a level alone says little of how bad a
vulnerability is, as some scanners write ``note`` for all of them. Snyk writes its own word into
``problem.severity`` of a rule.
"""

import re
from typing import Final

from gatebook.canonical import Json, JsonObject
from gatebook.formats.fields import Fields
from gatebook.formats.scan.counting import listed, member, object_at
from gatebook.formats.scan.entries import names_of_flaw, summed_up, whole
from gatebook.formats.scan.report import (
    FindingKind,
    FindingState,
    FixState,
    ReportedFinding,
    ScanError,
    Severity,
)
from gatebook.formats.scan.sarif_packages import flaw_names, kind_of, package_of
from gatebook.formats.scan.sarif_rules import (
    NOT_AGAINST,
    RuleTable,
    effective_kind,
    is_suppressed,
)
from gatebook.formats.scan.severity import severity_of_score, severity_of_word

__all__ = ["SarifError", "finding_of", "security_severity", "severity_of_result"]

_SCORE: Final = re.compile(r"\s*(\d{1,2}(?:\.\d{1,9})?)\s*\Z", re.ASCII)
_MAX_SCORE: Final = 10.0
_WORDS: Final = frozenset({"low", "medium", "high", "critical"})


class SarifError(ScanError):
    """A document is not the SARIF log that it seems to be."""

    code = "formats.sarif"


def finding_of(
    result: Fields, rules: RuleTable, run: JsonObject, tool: str | None
) -> ReportedFinding | None:
    """Read a result; ``None`` for one that holds nothing against the target (it passed).

    Raises:
        SarifError: a field is absent or of another type than SARIF allows.

    """
    values = result.values
    _check_types(result)
    if effective_kind(values) in NOT_AGAINST:
        return None
    rule = rules.rule_of(values)
    rule_id = rules.rule_id_of(values)
    if rule_id is None and not isinstance(values.get("message"), dict):
        raise result.refuse("neither a rule nor a message says what was found")
    severity, written, source = severity_of_result(values, rule, rules)
    kind = kind_of(rule_id, rule, tool)
    package, fixed = package_of(values, rule, kind)
    known_as = rule_id or "unnamed rule"
    aliases, covers = names_of_flaw(known_as, flaw_names(known_as, rule))
    state, reason = _state(result)
    return ReportedFinding(
        id=known_as,
        kind=kind,
        aliases=aliases,
        covers=covers,
        package=package,
        severity=severity,
        severity_written=written,
        severity_source=source,
        fix=FixState.FIXED if fixed else FixState.UNKNOWN,
        fixed_versions=fixed,
        state=state,
        state_reason=reason,
        title=_title(result, rule, kind),
        url=_text(rule, "helpUri"),
        locations=_locations(result, run),
        fingerprint=_fingerprint(result),
        occurrences=whole(result, "occurrenceCount") or 1,
    )


def _check_types(result: Fields) -> None:
    # Words outside of the standard are let be: none of them takes a result away, and a level that
    # is not known is a severity that is not known.
    for name in ("kind", "level", "baselineState", "ruleId"):
        result.optional_text(name)
    whole(result, "ruleIndex")
    result.optional_object("rule")
    tuple(result.objects("suppressions"))


def security_severity(rule: JsonObject | None) -> Json:
    """The ``security-severity`` of a rule or a result, as written; ``None`` without one."""
    return member(rule, "properties", "security-severity")


def severity_of_result(
    result: JsonObject, rule: JsonObject | None, rules: RuleTable
) -> tuple[Severity, str | None, str | None]:
    """How bad a result is: the severity, the word or score for it, and where that is from."""
    for holder in (rule, result):
        written = security_severity(holder)
        if written is not None and written != "":
            # What cannot be read as a score is unknown: the level must not make it less.
            return _scored(written), str(written)[:100], "security-severity"
    stated = _stated(rule)
    if stated is not None:
        return severity_of_word(stated), stated, "problem.severity"
    level, source = rules.level_of(result, rule)
    if effective_kind(result) != "fail" and source == "kind":
        # "review" and "open": somebody has to look before it is known how bad it is.
        return Severity.UNKNOWN, None, None
    return severity_of_word(level), level, source


def _stated(rule: JsonObject | None) -> str | None:
    """Snyk's own word for how bad a rule's results are; its levels are coarser."""
    word = member(rule, "properties", "problem", "severity")
    return word if isinstance(word, str) and word.lower() in _WORDS else None


def _scored(written: Json) -> Severity:
    if isinstance(written, int | float) and not isinstance(written, bool):
        base = float(written)
    elif isinstance(written, str):
        match = _SCORE.match(written)
        if match is None:
            return severity_of_word(written)
        base = float(match[1])
    else:
        return Severity.UNKNOWN
    return severity_of_score(base) if 0 <= base <= _MAX_SCORE else Severity.UNKNOWN


def _state(result: Fields) -> tuple[FindingState, str | None]:
    if result.values.get("baselineState") == "absent":
        return FindingState.RESOLVED, "absent: in the baseline and no longer found"
    if not is_suppressed(result.values):
        return FindingState.OPEN, None
    reasons: dict[str, None] = {}
    for each in result.objects("suppressions"):
        said = (each.optional_text("kind"), summed_up(each.optional_text("justification")))
        reasons[": ".join(part for part in said if part)] = None
    return FindingState.SUPPRESSED, "; ".join(each for each in reasons if each) or "suppressed"


def _title(result: Fields, rule: JsonObject | None, kind: FindingKind) -> str | None:
    described = summed_up(_text(rule, "shortDescription", "text") or _text(rule, "name"))
    # What a vulnerability is about, the rule says better; what is wrong with code, the result.
    if kind is FindingKind.VULNERABILITY and described is not None:
        return described
    message = result.optional_object("message")
    text = message.values.get("text") if message is not None else None
    if not isinstance(text, str) and message is not None:
        text = _message_string(message, rule)
    return summed_up(text) if isinstance(text, str) and text.strip() else described


def _message_string(message: Fields, rule: JsonObject | None) -> str | None:
    """The rule's text that a message names, with its arguments put in (§3.11.5, §3.11.7)."""
    named = message.optional_text("id")
    text = _text(rule, "messageStrings", named, "text") if named is not None else None
    if text is None:
        return None
    arguments = [each for each in message.array("arguments") if isinstance(each, str)]
    for index, argument in enumerate(arguments[:10]):
        text = text.replace("{" + str(index) + "}", argument[:200])
    return text


def _text(value: Json, *names: str) -> str | None:
    found = member(value, *names)
    return found if isinstance(found, str) and found else None


def _locations(result: Fields, run: JsonObject) -> tuple[str, ...]:
    found: dict[str, None] = {}
    for location in result.objects("locations"):
        physical = object_at(location.values, "physicalLocation")
        uri = _uri(object_at(physical, "artifactLocation"), run)
        start = member(physical, "region", "startLine")
        if uri is not None:
            numbered = isinstance(start, int) and not isinstance(start, bool) and start > 0
            found[f"{uri}:{start}" if numbered else uri] = None
            continue
        for logical in listed(location.values, "logicalLocations"):
            name = _text(logical, "fullyQualifiedName") or _text(logical, "name")
            if name is not None:
                found[name] = None
    return tuple(found)


def _uri(location: JsonObject, run: JsonObject) -> str | None:
    uri = _text(location, "uri")
    index = location.get("index")
    if uri is not None or not isinstance(index, int):
        return uri
    # §3.4.5: the location may be given by its place in the run's artifacts only.
    artifacts = listed(run, "artifacts")
    return _text(artifacts[index], "location", "uri") if 0 <= index < len(artifacts) else None


def _fingerprint(result: Fields) -> str | None:
    for name in ("fingerprints", "partialFingerprints"):
        prints = result.optional_object(name)
        if prints is None:
            continue
        for key in ("primaryLocationLineHash", *sorted(prints.values)):
            value = prints.values.get(key)
            if isinstance(value, str) and value:
                return f"{key}:{value}"
    return result.optional_text("correlationGuid") or result.optional_text("guid")
