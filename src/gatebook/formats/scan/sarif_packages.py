"""What a SARIF result is about when it came from a scanner of packages.

SARIF has no place for packages. Scanners write them into properties (Docker Scout), labelled lines
of text (Trivy, Grype) or the rule's description (Snyk); without any of these no package is named.
"""

import re
from collections.abc import Iterator
from typing import Final

from gatebook.canonical import Json, JsonObject
from gatebook.formats.scan.counting import listed, member
from gatebook.formats.scan.entries import package_of_purl
from gatebook.formats.scan.report import FindingKind, ReportedPackage

__all__ = ["flaw_names", "kind_of", "package_of"]

_NAME_WITHIN: Final = re.compile(
    r"\bCVE-\d{4}-\d{4,19}(?!\d)|\bGHSA(?:-[0-9a-z]{4}){3}(?![0-9a-z])", re.ASCII
)
_NAME: Final = re.compile(
    r"(?:CVE-\d{4}-\d{4,19}|GHSA(?:-[0-9a-z]{4}){3}|(?:GO|PYSEC|RUSTSEC|OSV|MAL)-\d{4}-\d{1,9})\Z",
    re.ASCII,
)
_FLAW: Final = re.compile(
    r"(?:CVE|GHSA|GO|PYSEC|RUSTSEC|OSV|MAL|DSA|DLA|USN|ALAS2?|ELSA|RHSA|TEMP|SNYK|BDSA|OSVDB|NSWG)-"
    r"|npm:",
    re.ASCII,
)
# Snyk: "(CVE-2011-3374) apt/libapt-pkg6.0@2.6.1".
_DESCRIBED: Final = re.compile(r"(?:\(([^()]{1,500})\) )?(\S{1,300})@([^@\s]{1,200})\Z")
_LABELLED: Final = re.compile(r"^\**([A-Za-z ]{1,30})\**: ?(.{0,300})$", re.MULTILINE)
_MAX_TEXT: Final = 4000
_SECRET_TOOLS: Final = frozenset({"gitleaks", "trufflehog", "detect-secrets", "ggshield"})
_CONFIGURATION_TOOLS: Final = frozenset(
    {
        "checkov",
        "cfn-lint",
        "hadolint",
        "kics",
        "kube-linter",
        "kubescape",
        "snyk iac",
        "terrascan",
        "tfsec",
    }
)


def _text(value: Json, *names: str) -> str | None:
    found = member(value, *names)
    return found if isinstance(found, str) and found else None


def _tags(rule: JsonObject | None) -> Iterator[str]:
    return (tag for tag in listed(rule, "properties", "tags") if isinstance(tag, str))


def kind_of(rule_id: str | None, rule: JsonObject | None, tool: str | None) -> FindingKind:
    """What a rule finds, by its tags, the tool, or the form of its identifier."""
    tags = {tag.lower() for tag in _tags(rule)}
    for kind, words in (
        (FindingKind.SECRET, {"secret", "secrets"}),
        (FindingKind.MISCONFIGURATION, {"misconfiguration", "misconfigurations"}),
        (FindingKind.LICENSE, {"license", "licenses"}),
        (FindingKind.VULNERABILITY, {"vulnerability", "vulnerabilities"}),
    ):
        if tags & words:
            return kind
    name = (tool or "").lower()
    if name in _SECRET_TOOLS:
        return FindingKind.SECRET
    if name in _CONFIGURATION_TOOLS or (rule_id or "").startswith("SNYK-CC-"):
        return FindingKind.MISCONFIGURATION
    if rule_id is not None and _FLAW.match(rule_id):
        return FindingKind.VULNERABILITY
    return FindingKind.CODE


def flaw_names(rule_id: str, rule: JsonObject | None) -> Iterator[str]:
    """Other names a rule gives the flaw it finds.

    From its identifier (``CVE-2008-0732-geronimo``), its tags, its former identifiers and, with
    Snyk, the names in brackets before the package.
    """
    yield from _NAME_WITHIN.findall(rule_id[:_MAX_TEXT])
    former = (each for each in listed(rule, "deprecatedIds") if isinstance(each, str))
    yield from (name for name in (*_tags(rule), *former) if _NAME.match(name))
    described = _described(rule)
    if described is not None and described[1]:
        yield from (name.strip() for name in described[1].split(",") if _NAME.match(name.strip()))


def package_of(
    result: JsonObject, rule: JsonObject | None, kind: FindingKind
) -> tuple[ReportedPackage | None, tuple[str, ...]]:
    """The package a result is about and the versions that fix it, as far as the report says."""
    if kind not in {FindingKind.VULNERABILITY, FindingKind.LICENSE, FindingKind.MALWARE}:
        return None, ()
    fixed = _text(rule, "properties", "fixed_version")
    fixed_versions = (fixed,) if fixed and fixed.lower() != "not fixed" else ()
    for holder in (result, rule):
        for purl in (*listed(holder, "properties", "purls"), member(holder, "properties", "purl")):
            if isinstance(purl, str) and purl.startswith("pkg:"):
                return package_of_purl(purl), fixed_versions
    for text in (_text(result, "message", "text"), _text(rule, "help", "text")):
        labels = _labels(text)
        if "package" in labels:
            version = labels.get("installed version") or labels.get("version")
            fix = labels.get("fixed version") or labels.get("fix version") or ""
            return (
                ReportedPackage(
                    name=labels["package"], version=version, location=labels.get("location")
                ),
                tuple(each.strip() for each in fix.split(",") if each.strip()),
            )
    described = _described(rule)
    if described is not None:
        return ReportedPackage(name=described[2], version=described[3]), fixed_versions
    return None, fixed_versions


def _described(rule: JsonObject | None) -> re.Match[str] | None:
    text = _text(rule, "fullDescription", "text")
    return None if text is None or len(text) > _MAX_TEXT else _DESCRIBED.match(text)


def _labels(text: str | None) -> dict[str, str]:
    if text is None:
        return {}
    found: dict[str, str] = {}
    for label, value in _LABELLED.findall(text[:_MAX_TEXT]):
        if value.strip():
            found.setdefault(label.strip().lower(), value.strip())
    return found
