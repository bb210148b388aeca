"""SPDX 2.2 and 2.3 JSON, read into the neutral component list.

Files are skipped: they are most of a document and no control asks for them. The package that the
document describes is the subject and stays in the list, because it is a package like the others.
"""

from collections.abc import Iterable, Mapping
from typing import Final

import msgspec

from gatebook.canonical import Json, JsonObject
from gatebook.clock import Instant
from gatebook.errors import MalformedError
from gatebook.formats.reading.document import Document
from gatebook.formats.reading.document_format import DocumentFormat, Family
from gatebook.formats.reading.reader import Reader
from gatebook.formats.sbom.components import Defects, Sbom, SbomFormat, Tool
from gatebook.formats.sbom.counting import count_spdx2, inside_member, members_of
from gatebook.formats.sbom.opaque import Opaque
from gatebook.formats.sbom.parts import ContactRole, LicenseClaim, LicenseForm
from gatebook.formats.sbom.spdx2_packages import PackageList, SpdxError, creator
from gatebook.formats.sbom.spdx2_relationships import Graph
from gatebook.formats.sbom.spdx2_wire import (
    WireCreation,
    WireDocument,
    WireFile,
    WirePackage,
    WireRelationship,
)
from gatebook.formats.sbom.strict_json import (
    Reading,
    TypedDecoder,
    check_duplicates,
    collection_paused,
    encode,
)

__all__ = [
    "READER",
    "SPEC_VERSIONS",
    "SpdxBuilder",
    "SpdxError",
    "is_spdx",
    "read_spdx",
    "read_spdx_bytes",
]

SPEC_VERSIONS: Final = ("2.2", "2.3")

_DOCUMENT: Final = "SPDXRef-DOCUMENT"
_WRAPPER: Final = "Document"
_CODE: Final = SpdxError.code
_WHAT: Final = "SPDX"
_ROOT: Final = TypedDecoder(WireDocument)
_FILE: Final = TypedDecoder(WireFile)


def is_spdx(document: JsonObject) -> bool:
    """Whether a JSON document claims to be SPDX 2."""
    return "spdxVersion" in document


def read_spdx(document: JsonObject) -> Sbom:
    """Read a decoded document.

    A missing name, identifier or time, and a malformed checksum are defects of the document that is
    read nevertheless.

    Raises:
        MalformedError: an unsupported version, or a field of another JSON type than it must have.

    """
    return read_spdx_bytes(encode(document, what=_WHAT))


def read_spdx_bytes(data: bytes) -> Sbom:
    """Read a document.

    Raises:
        MalformedError: not strict JSON, an unsupported version, or a field of another JSON type
            than it must have.

    """
    with collection_paused():
        reading = Reading(data, what=_WHAT, code=_CODE)
        root = reading.decode(_ROOT)
        builder = SpdxBuilder()
        builder.check_version(root)
        packages, relationships = root.packages or [], root.relationships or []
        files = root.files or []
        # What is taken out leaves an empty array, whose key is counted as it was.
        root.packages = root.packages and []
        root.relationships = root.relationships and []
        root.files = root.files and []
        reading.count(root)
        for batch in reading.batches(packages):
            builder.add_packages(batch)
        builder.all_packages_known()
        for related in reading.batches(relationships):
            builder.add_relationships(related)
        builder.files = reading.skim_typed(files, _FILE, "$.files")
        reading.finish()
        return builder.finish(root)


class SpdxBuilder:
    """Puts a component list together from the parts of a document, in whatever order they come.

    Attributes:
        files: how many the document lists.

    """

    def __init__(self) -> None:
        self.files = 0
        self._defects = Defects()
        self._list = PackageList(self._defects)
        self._graph = Graph()

    def check_version(self, root: WireDocument) -> None:
        """Refuse what is not SPDX of a known version.

        Raises:
            MalformedError: it is not.

        """
        claimed = root.spdx_version
        if not claimed:
            raise SpdxError("SPDX: 'spdxVersion' is required and must not be empty")
        version = claimed.removeprefix("SPDX-")
        if not claimed.startswith("SPDX-") or version not in SPEC_VERSIONS:
            raise SpdxError(
                f"SPDX version {claimed[:20]!r} is not read; "
                + ", ".join(f"SPDX-{known}" for known in SPEC_VERSIONS)
                + " are",
                code="formats.sbom-version",
            )

    def add_packages(self, found: Iterable[WirePackage]) -> None:
        """Take packages."""
        self._list.add(found)

    def all_packages_known(self) -> None:
        """Tell that all packages were given, so that relationships to files can be forgotten."""
        self._graph.known = self._list.refs

    def add_relationships(self, found: list[WireRelationship]) -> None:
        """Take relationships."""
        self._graph.add(found)

    def finish(self, root: WireDocument) -> Sbom:
        """What all of it is.

        Raises:
            MalformedError: a field is malformed beyond use.

        """
        defects = self._defects
        if root.spdx_id != _DOCUMENT:
            defects.add(f"'SPDXID' of the document is not {_DOCUMENT}")
        self._list.note_refs()
        creation = root.creation_info or WireCreation()
        creators = _texts(creation.creators, "creationInfo.creators")
        self._graph.known = self._list.refs
        graph = self._graph.finish()
        components = self._list.finish(graph.scopes)
        roots = tuple(
            dict.fromkeys((*_texts(root.document_describes, "documentDescribes"), *graph.described))
        )
        described = set(roots)
        subjects = [each for each in components if each.ref in described]
        extracted = root.has_extracted_licensing_infos
        return Sbom(
            format=SbomFormat.SPDX,
            spec_version=(root.spdx_version or "").removeprefix("SPDX-"),
            serial=root.document_namespace,
            name=root.name or None,
            created=_created(creation, defects),
            generators=tuple(_tool(each) for each in creators if each.startswith("Tool:")),
            authors=tuple(
                contact
                for each in creators
                if (contact := creator(each, ContactRole.AUTHOR)) is not None
            ),
            data_licenses=(LicenseClaim(text=root.data_license, form=LicenseForm.EXPRESSION),)
            if root.data_license
            else (),
            subject=subjects[0] if len(subjects) == 1 else None,
            roots=roots,
            components=components,
            top_level=len(components),
            edges=graph.edges,
            contains=graph.contains,
            relationships=graph.listed,
            files=self.files,
            licenses_defined=_defined(extracted.value if extracted is not None else None),
            defects=defects.texts(),
        )


def _texts(found: Opaque | None, name: str) -> tuple[str, ...]:
    """The strings of an array in which old documents have objects too."""
    value = found.value if found is not None else None
    if value is not None and not isinstance(value, list):
        raise SpdxError(f"SPDX: {name!r} must be an array")
    return tuple(each for each in value or () if isinstance(each, str))


def _defined(extracted: Json) -> tuple[str, ...]:
    """The licences whose text the document brings."""
    return tuple(
        ident
        for each in (extracted if isinstance(extracted, list) else ())
        if isinstance(each, dict) and isinstance(ident := each.get("licenseId"), str)
    )


def _created(creation: WireCreation, defects: Defects) -> Instant | None:
    try:
        return Instant.parse(creation.created or "")
    except MalformedError as error:
        defects.add(f"'creationInfo.created': {error.message}")
        return None


def _tool(creator: str) -> Tool:
    # SPDX 2.3 §6.8: "Tool: toolidentifier-version"; the identifier may have hyphens itself.
    written = creator.removeprefix("Tool:").strip()
    name, hyphen, version = written.rpartition("-")
    if hyphen and version.removeprefix("v")[:1].isdigit():
        return Tool(name=name, version=version, written=written)
    return Tool(name=written, written=written)


def _members(document: Document) -> Mapping[str, msgspec.Raw]:
    """The members of the document, out of the ``Document`` that early tools wrapped it in."""
    members = members_of(document)
    if "spdxVersion" not in members and _WRAPPER in members and b'"Document"' in document.start:
        return inside_member(members, _WRAPPER)
    return members


def _recognises(document: Document) -> bool:
    return "spdxVersion" in document.once(_members)


def _read(document: Document) -> Sbom:
    if b'"Document"' in document.start:
        members = members_of(document)
        if "spdxVersion" not in members and _WRAPPER in members:
            check_duplicates(document.data, what=_WHAT)
            return read_spdx_bytes(bytes(members[_WRAPPER]))
    return read_spdx_bytes(document.data)


def _describe(document: Document) -> Mapping[str, Json]:
    return count_spdx2(document.once(_members))


READER: Final = Reader(
    format=DocumentFormat.SPDX2_JSON,
    family=Family.SBOM,
    recognises=_recognises,
    read=_read,
    describe=_describe,
)
"""SPDX 2 JSON: ``spdxVersion`` at the top, or inside a ``Document`` at the top."""
