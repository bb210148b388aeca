"""The neutral component list that every SBOM format is read into.

A document with no components is readable: whether an empty list is acceptable is for the gate to
say. The formats are read in modules of their own; :mod:`gatebook.formats.sbom` finds the right one.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

import msgspec

from gatebook.clock import Instant
from gatebook.digest import ALGORITHMS, Digest
from gatebook.errors import MalformedError
from gatebook.formats.purl import PackageUrl

__all__ = ["MAX_DEFECTS", "Component", "Defects", "Sbom", "SbomError", "SbomFormat"]


MAX_DEFECTS: Final = 50


class SbomError(MalformedError):
    """Bytes are not an SBOM that can be read."""

    code = "formats.sbom"


class SbomFormat(StrEnum):
    """The family of formats a component list was read from."""

    CYCLONEDX = "cyclonedx"
    SPDX = "spdx"


class Defects:
    """Collects where a readable document breaks the rules of its format.

    The first :data:`MAX_DEFECTS` are kept in words; the rest are counted in the last one.
    """

    __slots__ = ("_count", "_texts")

    def __init__(self) -> None:
        self._texts: list[str] = []
        self._count = 0

    def add(self, text: str) -> None:
        """Note one more."""
        self._count += 1
        if len(self._texts) < MAX_DEFECTS:
            self._texts.append(text)

    def texts(self) -> tuple[str, ...]:
        """What was collected."""
        more = self._count - len(self._texts)
        return (*self._texts, f"and {more} more") if more else tuple(self._texts)


class Component(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One component of an SBOM.

    A ``msgspec.Struct``, because a document may hold a hundred thousand of them.

    Attributes:
        name: its name, with the group or namespace in ``group``; empty when none is given, which is
            a defect.
        group: the group, vendor or scope it belongs to.
        version: as written; ``None`` when the document gives none.
        purl: the package URL as written; :meth:`package_url` parses it.
        type: ``library``, ``application``, … in the words of the format, lower case.
        licenses: identifiers, names or expressions as written; NOASSERTION and NONE are absent.
        hashes: ``(algorithm, lower-case hex)`` pairs with in-toto's algorithm names.
        supplier: who supplies it, as written.
        ref: its identifier within the document (``bom-ref``, ``SPDXID``).

    """

    name: str
    group: str | None = None
    version: str | None = None
    purl: str | None = None
    type: str | None = None
    licenses: tuple[str, ...] = ()
    hashes: tuple[tuple[str, str], ...] = ()
    supplier: str | None = None
    ref: str | None = None

    def package_url(self) -> PackageUrl | None:
        """Parse the package URL, or ``None`` when there is none.

        Raises:
            MalformedError: there is one, and it is not a package URL.

        """
        return None if self.purl is None else PackageUrl.parse(self.purl)

    @property
    def digests(self) -> tuple[Digest, ...]:
        """The hashes that identify an artifact."""
        return tuple(Digest(name, text) for name, text in self.hashes if name in ALGORITHMS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sbom:
    """A component list and what it is a list of.

    Attributes:
        format: the family of formats.
        spec_version: the version of the format, as the document says.
        serial: the document's own identifier.
        created: when it was made.
        tools: what made it, ``name version``.
        subject: the component the document is about, when it says so.
        components: every component, nested ones included. CycloneDX keeps the subject apart; in
            SPDX it is one of the packages, and stays in the list.
        relationships: how many relationships the document lists.
        defects: where the document breaks the rules of its format in what was read; such a value
            is left out. Empty for a sound document. Whether defects are acceptable is for the gate
            to say.

    """

    format: SbomFormat
    spec_version: str
    serial: str | None = None
    created: Instant | None = None
    tools: tuple[str, ...] = ()
    subject: Component | None = None
    components: tuple[Component, ...] = ()
    relationships: int = 0
    defects: tuple[str, ...] = ()

    @property
    def subject_digests(self) -> tuple[Digest, ...]:
        """What the document says it describes, by digest; empty when it does not say.

        From the subject's hashes, and for images from its version or package URL version
        (``pkg:oci/name@sha256:…``), where tools put the manifest digest.
        """
        if self.subject is None:
            return ()
        found = list(self.subject.digests)
        texts = [self.subject.version]
        try:
            purl = self.subject.package_url()
        except MalformedError:
            purl = None
        if purl is not None:
            texts.append(purl.version)
        for text in texts:
            try:
                digest = Digest.parse(text or "")
            except MalformedError:
                continue
            if digest not in found:
                found.append(digest)
        return tuple(found)
