"""Clair 4's vulnerability report of one manifest.

Source: quay/claircore, ``VulnerabilityReport``, ``Vulnerability``, ``Environment``; enrichment
``clair.cvss``. Which package has which vulnerability stands in ``package_vulnerabilities``.
"""

from collections.abc import Iterator, Mapping
from typing import Final

from gatebook.canonical import Json
from gatebook.formats.fields import Fields
from gatebook.formats.reading.document import Document
from gatebook.formats.reading.document_format import DocumentFormat, Family
from gatebook.formats.reading.reader import Reader
from gatebook.formats.scan.clair import ClairError
from gatebook.formats.scan.counting import count_words, listed, member, object_at
from gatebook.formats.scan.document_fields import each_of, fix_of, only_if_given, root_of
from gatebook.formats.scan.entries import assessment, digest_in, line, score, strings
from gatebook.formats.scan.report import Cvss, ReportedFinding, ReportedPackage, ScanReport
from gatebook.formats.scan.severity import severity_of_word
from gatebook.formats.scan.written_times import time_at

__all__ = ["READER"]

_WHAT: Final = "Clair report"
_CVSS: Final = "enricher=clair.cvss"
_UNKNOWN: Final = frozenset({None, "", "Unknown"})


def _recognises(document: Document) -> bool:
    root = document.root
    return root is not None and "manifest_hash" in root and "package_vulnerabilities" in root


def _read(document: Document) -> ScanReport:
    root = root_of(document, _WHAT, ClairError)
    manifest = root.text("manifest_hash")
    digest = digest_in(manifest)
    packages = root.optional_object("packages") or Fields({}, "packages", root.code)
    return ScanReport(
        format=DocumentFormat.CLAIR_V4,
        scanners=("Clair",),
        targets=(digest,) if digest is not None else (),
        target_names=(manifest,),
        findings=tuple(_findings(root, packages)),
        incomplete=() if packages.values else ("no package was found in the image",),
    )


def _findings(root: Fields, packages: Fields) -> Iterator[ReportedFinding]:
    flaws = root.optional_object("vulnerabilities") or Fields({}, "vulnerabilities", root.code)
    ratings = _ratings(root)
    pairs = root.optional_object("package_vulnerabilities")
    for package_id in pairs.values if pairs is not None else ():
        package = _package(root, packages, package_id)
        for flaw_id in strings(pairs, package_id) if pairs is not None else ():
            if flaw_id not in flaws.values:
                raise root.refuse(f"the vulnerability {flaw_id[:40]!r} of a package is not listed")
            yield _finding(flaws.object(flaw_id), package, ratings.get(flaw_id, ()))


def _package(root: Fields, packages: Fields, package_id: str) -> ReportedPackage | None:
    if package_id not in packages.values:
        raise root.refuse(f"the package {package_id[:40]!r} of a vulnerability is not listed")
    package = packages.object(package_id)
    environments = root.optional_object("environments")
    place = next(environments.objects(package_id), None) if environments is not None else None
    return ReportedPackage(
        name=package.text("name"),
        version=package.optional_text("version") or None,
        type=_distribution(root, place),
        location=(place.optional_text("package_db") or None) if place is not None else None,
        layer=digest_in(place.optional_text("introduced_in")) if place is not None else None,
    )


def _distribution(root: Fields, place: Fields | None) -> str | None:
    known_as = place.optional_text("distribution_id") if place is not None else None
    every = root.optional_object("distributions")
    found = every.optional_object(known_as) if every is not None and known_as else None
    if found is None:
        return None
    return " ".join(
        only_if_given(found.optional_text("did"), found.optional_text("version_id"))
    ) or found.optional_text("name")


def _ratings(root: Fields) -> dict[str, tuple[Cvss, ...]]:
    found: dict[str, tuple[Cvss, ...]] = {}
    enrichments = root.optional_object("enrichments")
    for name in enrichments.values if enrichments is not None else ():
        if enrichments is None or _CVSS not in name:
            continue
        for group in enrichments.objects(name):
            for flaw_id in group.values:
                found[flaw_id] = tuple(_assessments(group, flaw_id))
    return found


def _assessments(group: Fields, flaw_id: str) -> Iterator[Cvss]:
    for each in each_of(group.array(flaw_id), f"{group.what}.{flaw_id}", group.code):
        rated = assessment(
            each.optional_text("vectorString") or None, score(each, "baseScore"), "nvd"
        )
        if rated is not None:
            yield rated


def _finding(
    flaw: Fields, package: ReportedPackage | None, cvss: tuple[Cvss, ...]
) -> ReportedFinding:
    normalized = flaw.optional_text("normalized_severity")
    written = flaw.optional_text("severity") or None
    if normalized not in _UNKNOWN:
        written = normalized
    fixed = only_if_given(flaw.optional_text("fixed_in_version"))
    links = (flaw.optional_text("links") or "").split()
    return ReportedFinding(
        id=flaw.text("name"),
        package=package,
        severity=severity_of_word(written),
        severity_written=written,
        severity_source=flaw.optional_text("updater") or None,
        cvss=cvss,
        fix=fix_of(fixed),
        fixed_versions=fixed,
        title=line(flaw, "description"),
        url=links[0] if links else None,
        published=time_at(flaw, "issued"),
    )


def _describe(document: Document) -> Mapping[str, Json]:
    root = document.root
    flaws = object_at(root, "vulnerabilities")
    pairs = object_at(root, "package_vulnerabilities")
    found = [
        flaws.get(flaw_id) if isinstance(flaw_id, str) else None
        for package_id in pairs
        for flaw_id in listed(pairs, package_id)
    ]
    return {
        "findings": len(found),
        "severity": count_words(member(flaw, "normalized_severity") for flaw in found),
        "packages": len(object_at(root, "packages")),
        "vulnerabilities": len(flaws),
    }


READER: Final[Reader[ScanReport]] = Reader(
    format=DocumentFormat.CLAIR_V4,
    family=Family.SCAN,
    recognises=_recognises,
    read=_read,
    describe=_describe,
)
