"""Syft JSON, read into the neutral component list.

The documents of Syft's schema 1 to 16 differ in where they keep the source, in how they write
licences and CPEs, and in whether they name their schema at all; all are read.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from gatebook.canonical import Json, JsonObject
from gatebook.digest import Digest
from gatebook.errors import MalformedError
from gatebook.formats.fields import Fields
from gatebook.formats.reading.document import Document
from gatebook.formats.reading.document_format import DocumentFormat, Family
from gatebook.formats.reading.reader import Reader
from gatebook.formats.sbom.component import ConvertedComponent
from gatebook.formats.sbom.components import (
    Defects,
    Distribution,
    Sbom,
    SbomError,
    SbomFormat,
    Tool,
)
from gatebook.formats.sbom.counting import has_members, length_of, members_of, value_of
from gatebook.formats.sbom.hashes import known_pairs
from gatebook.formats.sbom.package_urls import is_package_url
from gatebook.formats.sbom.parts import LicenseClaim, LicenseForm, LicenseSource, Property
from gatebook.formats.sbom.strict_json import collection_paused, encode, members_strictly

__all__ = ["READER", "SyftError", "is_syft", "read_syft", "read_syft_bytes"]

_WHAT: Final = "Syft"
_TYPES: Final[Mapping[str, str]] = {
    "image": "container",
    "directory": "file",
    "snap": "application",
}
_SOURCES: Final = {
    "declared": LicenseSource.DECLARED,
    "concluded": LicenseSource.CONCLUDED,
}
_DEPENDENCY: Final = "dependency-of"
_CONTAINS: Final = "contains"
_DIGEST: Final = re.compile(r"(?:sha256:)+(?=[0-9a-f])")


class SyftError(SbomError):
    """A document says it is Syft JSON and is not."""

    code = "formats.syft"


def is_syft(document: JsonObject) -> bool:
    """Whether a JSON document claims to be Syft's."""
    return "artifacts" in document and (
        "artifactRelationships" in document or _has_schema(document)
    )


def _has_schema(document: JsonObject) -> bool:
    schema, descriptor = document.get("schema"), document.get("descriptor")
    return (isinstance(schema, dict) and "syft" in str(schema.get("url"))) or (
        isinstance(descriptor, dict) and descriptor.get("name") == "syft"
    )


def read_syft(document: JsonObject) -> Sbom:
    """Read a decoded document.

    Raises:
        MalformedError: a field of another JSON type than it must have.

    """
    return read_syft_bytes(encode(document, what=_WHAT))


def read_syft_bytes(data: bytes) -> Sbom:
    """Read a document.

    A missing name and a malformed package URL are defects of the document that is read
    nevertheless.

    Raises:
        MalformedError: not strict JSON, or a field of another JSON type than it must have.

    """
    builder = SyftBuilder()
    with collection_paused():
        root = members_strictly(
            data,
            what=_WHAT,
            code=SyftError.code,
            arrays={
                "artifacts": builder.add_artifact,
                "artifactRelationships": builder.add_relationship,
                "files": builder.add_file,
            },
        )
        return builder.finish(root)


class SyftBuilder:
    """Puts a component list together from the parts of a document, in whatever order they come.

    Attributes:
        files: how many the document lists.

    """

    def __init__(self) -> None:
        self.files = 0
        self._defects = Defects()
        self._components: list[ConvertedComponent] = []
        self._related: list[tuple[str, str, str]] = []
        self._relationships = 0

    def add_artifact(self, item: Json) -> None:
        """Take a package.

        Raises:
            MalformedError: a field of another JSON type than it must have.

        """
        found = Fields.of(item, what="Syft.artifacts", code=SyftError.code)
        name = found.optional_text("name") or ""
        if not name:
            self._defects.add("an artifact has no 'name'")
        purl = found.optional_text("purl") or None
        if purl is not None and not is_package_url(purl):
            self._defects.add(f"the artifact {name[:80]!r}: {purl[:200]!r} is not a package URL")
        kind = found.optional_text("type")
        self._components.append(
            ConvertedComponent(
                type=kind.lower() if kind else None,
                ref=found.optional_text("id") or None,
                name=name,
                version=found.optional_text("version") or None,
                purl=purl,
                claims=tuple(_licenses(found)),
                all_cpes=tuple(_cpes(found)),
                hash_pairs=_hashes(found.values.get("metadata")),
                notes=tuple(_notes(found)),
                source=_source_package(found),
            )
        )

    def add_relationship(self, item: Json) -> None:
        """Take a relationship.

        Raises:
            MalformedError: a field of another JSON type than it must have.

        """
        found = Fields.of(item, what="Syft.artifactRelationships", code=SyftError.code)
        self._relationships += 1
        kind = found.optional_text("type")
        if kind in (_DEPENDENCY, _CONTAINS):
            parent, child = found.optional_text("parent"), found.optional_text("child")
            if parent and child:
                self._related.append((kind, parent, child))

    def add_file(self, _: Json) -> None:
        """Count a file."""
        self.files += 1

    def finish(self, root: JsonObject) -> Sbom:
        """What all of it is.

        Raises:
            MalformedError: a field of another JSON type than it must have.

        """
        fields = Fields(root, "Syft", SyftError.code)
        if "artifacts" not in root:
            raise fields.refuse("'artifacts' is required")
        for name in ("artifacts", "artifactRelationships", "files"):
            fields.array(name)
        descriptor = fields.optional_object("descriptor")
        schema = fields.optional_object("schema")
        subject = self._subject(fields.optional_object("source"))
        known = {each.ref for each in self._components}
        edges: dict[str, list[str]] = {}
        contains: dict[str, list[str]] = {}
        for kind, parent, child in self._related:
            if kind == _DEPENDENCY:  # parent is a dependency of child
                if parent in known and child in known:
                    edges.setdefault(child, []).append(parent)
            elif child in known:
                contains.setdefault(parent, []).append(child)
        return Sbom(
            format=SbomFormat.SYFT,
            spec_version=(schema.optional_text("version") if schema is not None else None) or "",
            generators=_tools(descriptor),
            subject=subject,
            roots=(subject.ref,) if subject is not None and subject.ref else (),
            components=tuple(self._components),
            top_level=len(self._components),
            edges={ref: tuple(dict.fromkeys(refs)) for ref, refs in edges.items()},
            contains={ref: tuple(dict.fromkeys(refs)) for ref, refs in contains.items()},
            relationships=self._relationships,
            files=self.files,
            distribution=_distribution(fields),
            defects=self._defects.texts(),
        )

    def _subject(self, source: Fields | None) -> ConvertedComponent | None:
        """What was catalogued: an image, a directory or a file."""
        if source is None:
            return None
        kind = source.optional_text("type") or ""
        # "target" until schema 9; a text for directories and files in the old ones.
        target = source.values.get("metadata", source.values.get("target"))
        values: JsonObject = target if isinstance(target, dict) else {}
        inner = Fields(values, "Syft.source", SyftError.code)
        name = (
            source.optional_text("name")
            or inner.optional_text("userInput")
            or inner.optional_text("path")
            or (target if isinstance(target, str) else None)
            or ""
        )
        version = source.optional_text("version") or inner.optional_text("manifestDigest") or None
        if version is not None:
            version = _DIGEST.sub("sha256:", version)  # some versions of Syft wrote it twice
        return ConvertedComponent(
            type=_TYPES.get(kind, kind.lower() or None),
            ref=source.optional_text("id") or None,
            name=name,
            version=version,
            hash_pairs=tuple(_image_digests(inner)),
            notes=tuple(
                Property(name=f"syft:image:{key}", value=value)
                for key in ("userInput", "imageID", "manifestDigest", "architecture", "os")
                if isinstance(value := values.get(key), str) and value
            ),
        )


def _image_digests(inner: Fields) -> Iterator[tuple[str, str]]:
    """The digests under which the subject is known: its manifest's, or those of the file."""
    try:
        digest = Digest.parse(inner.optional_text("manifestDigest") or "")
    except MalformedError:
        pass
    else:
        yield digest.algorithm, digest.hex
    digests = inner.values.get("digests")
    if isinstance(digests, list):
        yield from known_pairs(
            (each.get("algorithm"), each.get("value")) for each in digests if isinstance(each, dict)
        )


def _licenses(found: Fields) -> Iterator[LicenseClaim]:
    # Texts until schema 7, objects since.
    for each in found.array("licenses"):
        if isinstance(each, str):
            if each:
                yield LicenseClaim(text=each, form=LicenseForm.NAME)
            continue
        entry = Fields.of(each, what="Syft.licenses", code=SyftError.code)
        source = _SOURCES.get(entry.optional_text("type") or "", LicenseSource.UNSTATED)
        expression = entry.optional_text("spdxExpression")
        text = expression or entry.optional_text("value")
        if text:
            form = LicenseForm.EXPRESSION if expression else LicenseForm.NAME
            yield LicenseClaim(text=text, form=form, source=source)


def _cpes(found: Fields) -> Iterator[str]:
    # Texts until schema 16.0.3, objects since.
    for each in found.array("cpes"):
        cpe = each.get("cpe") if isinstance(each, dict) else each
        if isinstance(cpe, str) and cpe:
            yield cpe


def _hashes(metadata: Json) -> tuple[tuple[str, str], ...]:
    """The digests that some ecosystems know their packages by."""
    if not isinstance(metadata, dict):
        return ()
    digests: Any = metadata.get("digest") or metadata.get("digests")
    if not isinstance(digests, list):
        return ()
    return known_pairs(
        (each.get("algorithm"), each.get("value")) for each in digests if isinstance(each, dict)
    )


def _notes(found: Fields) -> Iterator[Property]:
    for name, key in (
        ("syft:package:type", "type"),
        ("syft:package:language", "language"),
        ("syft:package:foundBy", "foundBy"),
        ("syft:package:metadataType", "metadataType"),
    ):
        value = found.values.get(key)
        if isinstance(value, str) and value:
            yield Property(name=name, value=value)
    for number, location in enumerate(found.array("locations")):
        if isinstance(location, dict):
            for key in ("path", "layerID"):
                value = location.get(key)
                if isinstance(value, str) and value:
                    yield Property(name=f"syft:location:{number}:{key}", value=value)
        elif isinstance(location, str):
            yield Property(name=f"syft:location:{number}:path", value=location)
    metadata = found.values.get("metadata")
    if isinstance(metadata, dict):
        for key in ("source", "sourceVersion", "sourceRpm", "originPackage", "epoch", "release"):
            value = metadata.get(key)
            if isinstance(value, str | int) and value not in ("", None) and value is not True:
                yield Property(name=f"syft:metadata:{key}", value=str(value))


def _source_package(found: Fields) -> str | None:
    """The package a distribution built it from: ``upstreams``, or the metadata of its format."""
    upstreams = found.values.get("upstreams")
    if isinstance(upstreams, list):
        for each in upstreams:
            name = each.get("name") if isinstance(each, dict) else None
            if isinstance(name, str) and name:
                version = each.get("version") if isinstance(each, dict) else None
                return f"{name} {version}" if isinstance(version, str) and version else name
    metadata = found.values.get("metadata")
    if isinstance(metadata, dict):
        for key in ("source", "sourceRpm", "originPackage"):
            value = metadata.get(key)
            if isinstance(value, str) and value:
                return value
    return None


def _tools(descriptor: Fields | None) -> tuple[Tool, ...]:
    name = descriptor.optional_text("name") if descriptor is not None else None
    if descriptor is None or not name:
        return ()
    return (Tool(name=name, version=descriptor.optional_text("version") or None),)


def _distribution(root: Fields) -> Distribution | None:
    distro = root.optional_object("distro")
    # "name" and a text in "idLike" in the first schemas.
    ident = (distro.optional_text("id") or distro.optional_text("name")) if distro else None
    if distro is None or not ident:
        return None
    like = distro.values.get("idLike")
    likes = [like] if isinstance(like, str) else (like if isinstance(like, list) else [])
    return Distribution(
        id=ident,
        version=distro.optional_text("versionID") or distro.optional_text("version") or None,
        like=tuple(each for each in likes if isinstance(each, str) and each),
    )


def _recognises(document: Document) -> bool:
    if not has_members(document, "artifacts"):
        return False
    members = members_of(document)
    named = {key: value_of(members, key) for key in ("schema", "descriptor") if key in members}
    return "artifactRelationships" in members or _has_schema(named)


def _describe(document: Document) -> Mapping[str, Json]:
    members = members_of(document)
    return {
        "artifacts": length_of(members, "artifacts"),
        "relationships": length_of(members, "artifactRelationships"),
    }


READER: Final = Reader(
    format=DocumentFormat.SYFT_JSON,
    family=Family.SBOM,
    recognises=_recognises,
    read=lambda document: read_syft_bytes(document.data),
    describe=_describe,
)
"""Syft JSON: ``artifacts`` with ``artifactRelationships``, or with Syft's schema or name."""
