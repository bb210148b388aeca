"""GitHub dependency snapshots, read into the neutral component list.

The body of GitHub's "Create a snapshot of dependencies for a repository" (REST API, dependency
submission): manifests, each with the packages it resolves to.
"""

from collections.abc import Mapping
from typing import Final

from gatebook.canonical import Json, JsonObject
from gatebook.clock import Instant
from gatebook.errors import MalformedError
from gatebook.formats.fields import Fields
from gatebook.formats.purl import PackageUrl
from gatebook.formats.reading.document import Document
from gatebook.formats.reading.document_format import DocumentFormat, Family
from gatebook.formats.reading.reader import Reader
from gatebook.formats.sbom.component import ConvertedComponent
from gatebook.formats.sbom.components import Defects, Sbom, SbomError, SbomFormat, Tool
from gatebook.formats.sbom.counting import has_members, members_of, value_of
from gatebook.formats.sbom.parts import ExternalReference, Property
from gatebook.formats.sbom.strict_json import encode, members_strictly

__all__ = ["READER", "SnapshotError", "is_snapshot", "read_snapshot", "read_snapshot_bytes"]

_SCOPES: Final = {"runtime": "runtime", "development": "dev"}


class SnapshotError(SbomError):
    """A document says it is a dependency snapshot and is not."""

    code = "formats.github-snapshot"


def is_snapshot(document: JsonObject) -> bool:
    """Whether a JSON document claims to be a dependency snapshot."""
    return "detector" in document and "manifests" in document


def read_snapshot(document: JsonObject) -> Sbom:
    """Read a decoded document.

    Raises:
        MalformedError: a field of another JSON type than it must have.

    """
    return read_snapshot_bytes(encode(document, what="snapshot"))


def read_snapshot_bytes(data: bytes) -> Sbom:
    """Read a document.

    A malformed package URL is a defect of the document that is read nevertheless.

    Raises:
        MalformedError: not strict JSON, or a field of another JSON type than it must have.

    """
    root = Fields(
        members_strictly(data, what="snapshot", code=SnapshotError.code, arrays={}),
        "snapshot",
        SnapshotError.code,
    )
    defects = Defects()
    detector = root.object("detector")
    name = detector.text("name")
    components: list[ConvertedComponent] = []
    edges: dict[str, tuple[str, ...]] = {}
    manifests = root.object("manifests")
    for manifest in manifests.values:
        entry = manifests.object(manifest)
        _read_manifest(manifest, entry, components, edges, defects)
    commit, ref = root.optional_text("sha"), root.optional_text("ref")
    return Sbom(
        format=SbomFormat.GITHUB_SNAPSHOT,
        spec_version=_version(root),
        created=_scanned(root, defects),
        generators=(Tool(name=name, version=detector.optional_text("version") or None),),
        components=tuple(components),
        top_level=len(components),
        edges=edges,
        relationships=sum(len(needed) for needed in edges.values()),
        external_references=_urls(detector),
        properties=tuple(
            Property(name=name, value=value)
            for name, value in (("sha", commit), ("ref", ref))
            if value
        ),
        defects=defects.texts(),
    )


def _read_manifest(
    manifest: str,
    entry: Fields,
    components: list[ConvertedComponent],
    edges: dict[str, tuple[str, ...]],
    defects: Defects,
) -> None:
    resolved = entry.optional_object("resolved")
    if resolved is None:
        return
    # Dependencies are named by the keys of this object, or by package URL, or name@version.
    refs: dict[str, str] = {}
    pending: list[tuple[str, list[str]]] = []
    for key in resolved.values:
        package = resolved.object(key)
        purl = package.optional_text("package_url") or None
        ref = f"{manifest}#{key}"
        name, version, group = _coordinates(key, purl, defects)
        for alias in (key, purl, f"{name}@{version}", f"{group}/{name}@{version}"):
            if alias is not None:
                refs.setdefault(alias, ref)
        relationship = package.optional_text("relationship")
        components.append(
            ConvertedComponent(
                ref=ref,
                name=name,
                group=group,
                version=version,
                purl=purl,
                scope=_SCOPES.get(package.optional_text("scope") or ""),
                notes=(Property(name="github:relationship", value=relationship),)
                if relationship
                else (),
            )
        )
        needed = package.values.get("dependencies")
        if needed is not None:
            texts = [each for each in package.array("dependencies") if isinstance(each, str)]
            pending.append((ref, texts))
    for ref, texts in pending:
        edges[ref] = tuple(dict.fromkeys(refs[text] for text in texts if text in refs))


def _coordinates(
    key: str, purl: str | None, defects: Defects
) -> tuple[str, str | None, str | None]:
    """Name, version and group of a package: of its package URL, else of its key."""
    if purl is not None:
        try:
            parsed = PackageUrl.parse(purl)
        except MalformedError as error:
            defects.add(f"the package {key[:80]!r}: {error.message}")
        else:
            return parsed.name, parsed.version, parsed.namespace
    if not key:
        defects.add("a package has no name")
    return key, None, None


def _version(root: Fields) -> str:
    version = root.values.get("version")
    return str(version) if type(version) is int else ""


def _scanned(root: Fields, defects: Defects) -> Instant | None:
    try:
        return Instant.parse(root.optional_text("scanned") or "")
    except MalformedError as error:
        defects.add(f"'scanned': {error.message}")
        return None


def _urls(detector: Fields) -> tuple[ExternalReference, ...]:
    url = detector.optional_text("url")
    return (ExternalReference(type="website", url=url),) if url else ()


def _recognises(document: Document) -> bool:
    return has_members(document, "detector", "manifests")


def _describe(document: Document) -> Mapping[str, Json]:
    manifests = value_of(members_of(document), "manifests")
    count = 0
    for manifest in manifests.values() if isinstance(manifests, dict) else ():
        resolved = manifest.get("resolved") if isinstance(manifest, dict) else None
        count += len(resolved) if isinstance(resolved, dict) else 0
    return {"resolved": count}


READER: Final = Reader(
    format=DocumentFormat.GITHUB_DEPENDENCY_SNAPSHOT,
    family=Family.SBOM,
    recognises=_recognises,
    read=lambda document: read_snapshot_bytes(document.data),
    describe=_describe,
)
"""A dependency snapshot: ``detector`` and ``manifests`` at the top."""
