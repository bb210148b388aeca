"""One vulnerability of a CycloneDX document, its rating, and what it affects."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

import msgspec

from gatebook.formats.fields import Fields
from gatebook.formats.scan.entries import (
    cvss_version,
    instant,
    line,
    names_of_flaw,
    package_of_purl,
    percent_decoded,
    score,
    summed_up,
)
from gatebook.formats.scan.report import (
    Cvss,
    FindingState,
    FixState,
    ReportedFinding,
    ReportedPackage,
    ScanError,
    Severity,
)
from gatebook.formats.scan.severity import (
    severity_of_score,
    severity_of_vector,
    severity_of_word,
)

__all__ = ["VdrError", "components_of", "findings_of"]

_METHODS: Final[Mapping[str, str]] = {
    "CVSSv2": "2.0",
    "CVSSv3": "3.0",
    "CVSSv31": "3.1",
    "CVSSv4": "4.0",
}
# "exploitable" and "in_triage" leave a vulnerability standing, and so does a word not known.
_STATES: Final[Mapping[str, FindingState]] = {
    "resolved": FindingState.RESOLVED,
    "resolved_with_pedigree": FindingState.RESOLVED,
    "false_positive": FindingState.SUPPRESSED,
    "not_affected": FindingState.SUPPRESSED,
}


class VdrError(ScanError):
    """A CycloneDX document's vulnerabilities cannot be read."""

    code = "formats.cyclonedx-vdr"


def components_of(document: Fields) -> Mapping[str, ReportedPackage]:
    """All components that can be referred to, by ``bom-ref``, nested ones and the subject as well.

    Raises:
        VdrError: a field is of another type than CycloneDX allows.

    """
    found: dict[str, ReportedPackage] = {}
    metadata = document.optional_object("metadata")
    subject = metadata.optional_object("component") if metadata is not None else None
    stack = [*document.objects("components"), *(() if subject is None else (subject,))]
    while stack:
        component = stack.pop()
        reference = component.optional_text("bom-ref")
        if reference:
            found[reference] = _package(component)
        stack.extend(component.objects("components"))
    return found


def _package(component: Fields) -> ReportedPackage:
    group = component.optional_text("group")
    name = component.optional_text("name") or ""
    return ReportedPackage(
        name=f"{group}/{name}" if group else name,
        version=component.optional_text("version") or None,
        purl=component.optional_text("purl") or None,
        type=component.optional_text("type"),
    )


def findings_of(
    vulnerability: Fields,
    components: Mapping[str, ReportedPackage],
    severity_sources: Sequence[str],
) -> Iterator[ReportedFinding]:
    """One finding per affected component; one without a package where none is named.

    Raises:
        VdrError: a field is absent or of another type than CycloneDX allows.

    """
    known_as = vulnerability.optional_text("id") or vulnerability.optional_text("bom-ref")
    if not known_as:
        raise vulnerability.refuse("neither 'id' nor 'bom-ref' names the vulnerability")
    others = [
        name
        for each in vulnerability.objects("references")
        if (name := each.optional_text("id")) is not None
    ]
    aliases, covers = names_of_flaw(known_as, others)
    severity, written, source = _severity(vulnerability, severity_sources)
    state, reason = _state(vulnerability)
    origin = vulnerability.optional_object("source")
    finding = ReportedFinding(
        id=known_as,
        aliases=aliases,
        covers=covers,
        severity=severity,
        severity_written=written,
        severity_source=source,
        cvss=tuple(_assessments(vulnerability)),
        state=state,
        state_reason=reason,
        title=line(vulnerability, "description") or line(vulnerability, "detail"),
        url=origin.optional_text("url") or None if origin is not None else None,
        published=instant(vulnerability, "published"),
        fingerprint=vulnerability.optional_text("bom-ref") or None,
    )
    affected = [_affected(finding, each, components) for each in vulnerability.objects("affects")]
    yield from affected or [finding]


def _state(vulnerability: Fields) -> tuple[FindingState, str | None]:
    rejected = vulnerability.optional_text("rejected")
    if rejected:
        return FindingState.SUPPRESSED, f"rejected {rejected}"
    analysis = vulnerability.optional_object("analysis")
    if analysis is None:
        return FindingState.OPEN, None
    word = analysis.optional_text("state") or ""
    state = _STATES.get(word, FindingState.OPEN)
    if state is FindingState.OPEN:
        return state, None
    said = (
        word,
        analysis.optional_text("justification"),
        summed_up(analysis.optional_text("detail")),
    )
    return state, ": ".join(part for part in said if part)


def _severity(
    vulnerability: Fields, severity_sources: Sequence[str]
) -> tuple[Severity, str | None, str | None]:
    ratings = [(_rated(each), each) for each in vulnerability.objects("ratings")]
    if not ratings:
        return Severity.UNKNOWN, None, None
    for wanted in severity_sources:
        chosen = [
            each
            for each in ratings
            if (_source(each[1]) or "").lower() == wanted.lower()
            and each[0] is not Severity.UNKNOWN
        ]
        if chosen:
            ratings = chosen
            break
    severity, rating = max(ratings, key=lambda each: each[0].rank)
    return severity, rating.optional_text("severity"), _source(rating)


def _source(rating: Fields) -> str | None:
    source = rating.optional_object("source")
    return source.optional_text("name") if source is not None else None


def _rated(rating: Fields) -> Severity:
    word = severity_of_word(rating.optional_text("severity"))
    if word is not Severity.UNKNOWN:
        return word
    version = _METHODS.get(rating.optional_text("method") or "")
    base = score(rating, "score") if version is not None else None
    if base is not None:
        return severity_of_score(base, version=version)
    return severity_of_vector(rating.optional_text("vector"))


def _assessments(vulnerability: Fields) -> Iterator[Cvss]:
    for rating in vulnerability.objects("ratings"):
        version = _METHODS.get(rating.optional_text("method") or "")
        vector = rating.optional_text("vector") or None
        if version is None and cvss_version(vector) is None:
            continue  # OWASP, SSVC and others
        yield Cvss(
            version=cvss_version(vector) or version,
            vector=vector,
            score=score(rating, "score"),
            source=_source(rating),
        )


def _affected(
    finding: ReportedFinding, affects: Fields, components: Mapping[str, ReportedPackage]
) -> ReportedFinding:
    reference = affects.text("ref")
    package = _referred(reference, components)
    fixed: list[str] = []
    statuses: list[str] = []
    for entry in affects.objects("versions"):
        version = entry.optional_text("version")
        status = entry.optional_text("status") or "affected"
        if package is None or version is None or version == package.version:
            statuses.append(status)
        if version and status == "unaffected":
            fixed.append(version)
    # Nothing but "unaffected" was said of the version that is there.
    unaffected = bool(statuses) and all(status == "unaffected" for status in statuses)
    clear = unaffected and finding.state is FindingState.OPEN
    return msgspec.structs.replace(
        finding,
        package=package,
        locations=() if package is not None else (reference,),
        fix=FixState.FIXED if fixed else finding.fix,
        fixed_versions=tuple(fixed),
        state=FindingState.SUPPRESSED if clear else finding.state,
        state_reason="unaffected" if clear else finding.state_reason,
    )


def _referred(reference: str, components: Mapping[str, ReportedPackage]) -> ReportedPackage | None:
    """The component a ``bom-ref`` or BOM-Link (``urn:cdx:serial/version#ref``) leads to."""
    known = components.get(reference)
    if known is not None:
        return known
    if reference.startswith("urn:cdx:") and "#" in reference:
        reference = percent_decoded(reference.partition("#")[2])
        known = components.get(reference)
        if known is not None:
            return known
    return package_of_purl(reference) if reference.startswith("pkg:") else None
