"""The elements of an SPDX 3 graph, sorted by what they are."""

from collections.abc import Iterable, Iterator
from typing import Final

from gatebook.canonical import Json, JsonObject
from gatebook.formats.fields import Fields
from gatebook.formats.sbom.components import Defects, SbomError
from gatebook.formats.sbom.parts import Contact, ContactRole
from gatebook.formats.sbom.spdx3_artifacts import Artifact, artifact_of

__all__ = ["Elements", "Spdx3Error", "kind_of", "type_of"]

_PACKAGES: Final = frozenset({"Package", "AIPackage", "DatasetPackage"})
_AGENTS: Final = frozenset({"Person", "Organization", "SoftwareAgent", "Agent", "Tool"})
_LICENSES: Final = frozenset(
    {
        *("LicenseExpression", "SimpleLicensingText", "CustomLicense", "ListedLicense"),
        *("ConjunctiveLicenseSet", "DisjunctiveLicenseSet", "OrLaterOperator"),
        *("WithAdditionOperator", "CustomLicenseAddition", "ListedLicenseException"),
        *("IndividualLicensingInfo", "NoneLicense", "NoAssertionLicense"),
    }
)


class Spdx3Error(SbomError):
    """A document says it is SPDX 3 and is not."""

    code = "formats.spdx3"


def type_of(element: JsonObject) -> str:
    """The class of an element: of ``software_Package``, ``…/Software/Package`` the last word."""
    written = element.get("type", element.get("@type"))
    if isinstance(written, list):
        written = next((each for each in written if isinstance(each, str)), None)
    if not isinstance(written, str):
        return ""
    for separator in ("/", "#", ":", "_"):
        written = written.rpartition(separator)[2]
    return written


def kind_of(element_type: str) -> str:
    """What an element counts as."""
    if element_type == "Package":
        return "packages"
    if element_type == "File":
        return "files"
    if element_type.endswith("Relationship"):
        return "relationships"
    return "vulnerabilities" if element_type == "Vulnerability" else ""


class Elements:
    """Collects elements.

    Attributes:
        packages: packages, models and data sets.
        relationships: every kind of relationship.
        sboms: collections of elements that are SBOMs.
        licenses: licences, expressions and their parts, by identifier.
        artifacts: what files and sources say besides their names, by identifier.
        files: how many files there are.
        vulnerabilities: how many vulnerabilities there are.

    """

    def __init__(self, defects: Defects) -> None:
        self.defects = defects
        self.packages: list[Fields] = []
        self.relationships: list[Fields] = []
        self.sboms: list[Fields] = []
        self.licenses: dict[str, Fields] = {}
        self.artifacts: dict[str, Artifact] = {}
        self.files = 0
        self.vulnerabilities = 0
        self._agents: dict[str, Fields] = {}
        self._documents: list[Fields] = []
        self._creations: list[Fields] = []
        self._inside: list[Fields] = []

    def add(self, item: Json) -> None:
        """Take an element.

        Raises:
            MalformedError: not an object.

        """
        found = Fields.of(item, what="SPDX 3 element", code=Spdx3Error.code)
        element_type = type_of(found.values)
        if element_type in _PACKAGES:
            self.packages.append(found)
        elif element_type.endswith("Relationship"):
            self.relationships.append(found)
        elif element_type in ("File", "SoftwareArtifact"):
            self.files += element_type == "File"
            artifact, ref = artifact_of(found), self.id_of(found)
            if artifact is not None and ref is not None:
                self.artifacts[ref] = artifact
        elif element_type in _LICENSES:
            self.licenses[self.id_of(found) or ""] = found
        elif element_type in _AGENTS:
            self._agents[self.id_of(found) or ""] = found
        elif element_type == "CreationInfo":
            self._creations.append(found)
        elif element_type == "SpdxDocument":
            self._documents.append(found)
        elif element_type in ("Sbom", "Bom"):
            self.sboms.append(found)
        elif element_type == "Vulnerability":
            self.vulnerabilities += 1
        if isinstance(found.values.get("creationInfo"), dict):
            inside = found.object("creationInfo")
            if not self._inside:
                self._inside.append(inside)

    def id_of(self, element: Fields) -> str | None:
        """The identifier of an element."""
        return element.optional_text("spdxId") or element.optional_text("@id") or None

    def creation(self) -> Fields | None:
        """How the document was made: of what its document or SBOM says, else of anything."""
        by_id = {self.id_of(each): each for each in self._creations}
        for owner in (*self._documents, *self.sboms):
            said = owner.values.get("creationInfo")
            if isinstance(said, dict):
                return owner.object("creationInfo")
            if isinstance(said, str) and said in by_id:
                return by_id[said]
        return next(iter((*self._creations, *self._inside)), None)

    def document(self) -> Fields | None:
        """The first document of the graph."""
        return next(iter(self._documents), None)

    def documents(self) -> list[Fields]:
        """All documents of the graph."""
        return self._documents

    def texts(self, owner: Fields, name: str) -> tuple[str, ...]:
        """A field that holds one identifier or several, or the elements themselves.

        Raises:
            MalformedError: anything else.

        """
        value = owner.values.get(name)
        if value is None:
            return ()
        found = []
        for each in value if isinstance(value, list) else [value]:
            if isinstance(each, str):
                found.append(each)
            elif isinstance(each, dict):
                found.append(self._take_inside(each))
            else:
                raise owner.refuse(f"{name!r} must name elements")
        return tuple(found)

    def _take_inside(self, element: JsonObject) -> str:
        """An element that stands where its identifier could: keep it, and give its identifier."""
        inside = Fields.of(element, what="SPDX 3 element", code=Spdx3Error.code)
        ident = self.id_of(inside) or f"_:inside-{len(self._agents) + len(self.licenses)}"
        if type_of(element) in _LICENSES:
            self.licenses.setdefault(ident, inside)
        else:
            self._agents.setdefault(ident, inside)
        return ident

    def names(self, refs: Iterable[str]) -> Iterator[str]:
        """What agents and tools are called; their identifiers where they are not in the graph."""
        for ref in refs:
            agent = self._agents.get(ref)
            yield (agent.optional_text("name") if agent is not None else None) or ref

    def contact(self, ref: str, role: ContactRole) -> Contact | None:
        """A person or organisation of the graph."""
        agent = self._agents.get(ref)
        if agent is None:
            return None
        emails, urls = [], []
        for name in ("externalIdentifier", "externalIdentifiers"):
            for each in agent.objects(name):
                kind = (each.optional_text("externalIdentifierType") or "").rpartition("/")[2]
                text = each.optional_text("identifier")
                if text and kind == "email":
                    emails.append(text.removeprefix("mailto:"))
                elif text and kind == "urlScheme":
                    urls.append(text)
        return Contact(
            role=role,
            name=agent.optional_text("name") or None,
            organization=type_of(agent.values) == "Organization",
            emails=tuple(emails),
            urls=tuple(urls),
        )
