"""Where packages are: a fold of every SBOM in the book, for the questions that go backwards.

"Who has this version?", "whom does this advisory touch?", "what is under that licence?" are
answered without reading an SBOM again. The rows depend on entries and documents alone: neither on
who is believed today, nor on advisories. A document that is lost or cannot be read has no rows.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Final

from gatebook.digest import Digest
from gatebook.errors import GatebookError, MalformedError
from gatebook.facts.content import Beside, read_content, read_document
from gatebook.facts.documents import evidence_type_of
from gatebook.facts.opened import fetch
from gatebook.formats.intoto import PredicateKind, predicate_kind
from gatebook.formats.purl import PackageUrl
from gatebook.formats.sbom.components import Sbom
from gatebook.ledger.entry import Entry
from gatebook.ledger.kinds import EvidenceAccepted, EvidenceReported
from gatebook.ledger.store import StoreError
from gatebook.sboms.inventory import described, label
from gatebook.sboms.licences.expression import WithException, leaves, parse_expression
from gatebook.sboms.licences.known import id_of_name
from gatebook.stores.files import FileBlobs
from gatebook.stores.license_store import Followed, LicenseRow, SqliteLicenses
from gatebook.stores.occurrence_store import SqliteOccurrences
from gatebook.stores.sqlite_errors import StoreCorruptError
from gatebook.trust.received import read_attestation
from gatebook.vulnerabilities.component_identity import identify_components
from gatebook.vulnerabilities.exposure import exposed_to, having_package
from gatebook.vulnerabilities.occurrences import Occurrence, RangeQuestion, package_versions
from gatebook.vulnerabilities.package_identity import Identified, Unidentified, identify_purl
from gatebook.vulnerabilities.versions.vers import VersRange

if TYPE_CHECKING:
    from gatebook.vulnerabilities.index import AdvisoryIndex

__all__ = ["Contained", "Inventory", "Licensed", "UnknownPackageError"]

_MAY_HOLD_SBOMS: Final = frozenset(
    {PredicateKind.SBOM, PredicateKind.REPORT, PredicateKind.COSIGN_CUSTOM, None}
)
_ANY_VERSION: Final = "0"
_AT_ONCE: Final = 200


class UnknownPackageError(MalformedError):
    """A package URL of a type for which versions cannot be looked up."""

    code = "workspace.unknown-package"


@dataclass(frozen=True, slots=True, kw_only=True)
class Contained:
    """A component of an artifact, by one of its SBOMs.

    Attributes:
        subject: the artifact.
        document: digest of the evidence with the SBOM, as an evidence entry names it first.
        purl: the component, as the SBOM writes it.
        version: the version that was asked for; empty where only the package URL was.
        certain: whether it is inside of what was asked for; if not, nobody can say.

    """

    subject: Digest
    document: Digest
    purl: str
    version: str = ""
    certain: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Licensed:
    """A component of an artifact under a licence.

    Attributes:
        subject: the artifact.
        document: digest of the evidence with the SBOM.
        component: its package URL, or what it is called.
        license: the licence that was asked for.
        written: the whole claim, as the SBOM writes it.

    """

    subject: Digest
    document: Digest
    component: str
    license: str
    written: str


class Inventory:
    """Which artifact has which components.

    Args:
        packages: the file of packages.
        licenses: the file of licences.
        entries: returns index and entry of the log between two indexes.
        blobs: the book's documents.

    """

    def __init__(
        self,
        packages: Path,
        licenses: Path,
        *,
        entries: Callable[[int, int], Iterable[tuple[int, Entry]]],
        blobs: FileBlobs,
    ) -> None:
        self._paths = (packages, licenses)
        if not all(path.exists() for path in self._paths):
            self._remove()  # one says how far the other goes
        self._entries = entries
        self._blobs = blobs
        try:
            self._open()
        except StoreCorruptError:
            self._remove()
            self._open()

    def close(self) -> None:
        """Close the files."""
        self._packages.close()
        self._licenses.close()

    def clear(self) -> None:
        """Forget everything."""
        self.close()
        self._remove()
        self._open()

    # -- following -----------------------------------------------------------------------------

    def catch_up(self, size: int) -> int:
        """Fold in the SBOMs of the first ``size`` entries; return how many SBOMs were new.

        An inventory of another log, or of one that was longer, is forgotten and made anew.
        """
        followed = self._licenses.followed()
        if followed.applied and not self._is_at(followed, size):
            self.clear()
            followed = Followed(0, "")
        count = 0
        last = followed
        for index, entry in self._entries(followed.applied, size):
            count += self._fold(entry)
            last = Followed(index + 1, entry.id)
            if last.applied % _AT_ONCE == 0:
                self._settle(last)
        if last != followed:
            self._settle(last)
        return count

    def _is_at(self, followed: Followed, size: int) -> bool:
        if followed.applied > size:
            return False
        found = self._entries(followed.applied - 1, followed.applied)
        return any(entry.id == followed.entry for _, entry in found)

    def _settle(self, followed: Followed) -> None:
        # 1. The rows, durable. 2. That they are there.
        self._packages.settle()
        self._licenses.set_followed(followed)

    def _fold(self, entry: Entry) -> int:
        body = entry.body
        if not isinstance(body, EvidenceAccepted | EvidenceReported) or not entry.evidence:
            return 0
        named = body.predicate_type if isinstance(body, EvidenceAccepted) else body.format
        if predicate_kind(named) not in _MAY_HOLD_SBOMS or evidence_type_of(named) is not None:
            return 0
        count = 0
        for subject in entry.subjects:
            sbom: Sbom | None = None
            # What cannot be read has no rows; that it is evidence of nothing is said by the gate.
            with suppress(GatebookError):
                sbom = self._read(entry, subject)
            if sbom is not None:
                owner = _owner(subject, entry.evidence[0].digest)
                self._packages.put(owner, identify_components(sbom))
                self._licenses.put(owner, _license_rows(owner, sbom))
                count += 1
        return count

    def _read(self, entry: Entry, subject: Digest) -> Sbom | None:
        first, *others = entry.evidence
        data = fetch(self._blobs, first.digest)
        if isinstance(entry.body, EvidenceAccepted):
            statement = read_attestation(data).statement(subject)
            beside = [
                Beside(media_type=each.media_type, data=fetch(self._blobs, each.digest))
                for each in others
            ]
            content = read_content(statement, beside).content
        else:
            content = read_document(data, media_type=first.media_type).content
        return content if isinstance(content, Sbom) else None

    # -- asking --------------------------------------------------------------------------------

    def containing(self, purl: str, *, within: VersRange | None = None) -> tuple[Contained, ...]:
        """Find who has a package: in the version of the purl, else in a range, else in any.

        A version nobody can compare is answered as not certain, never left out.

        Raises:
            MalformedError: not a package URL.
            UnknownPackageError: packages of its type cannot be looked up by version, and a version
                or a range is asked for, or no version to be found literally.

        """
        parsed = PackageUrl.parse(purl)
        if parsed.version is not None and within is None:
            return self._with_version(purl)
        component = identify_purl(purl if parsed.version is not None else _with_any_version(purl))
        if not isinstance(component, Identified):
            raise UnknownPackageError(
                f"packages cannot be looked up by {purl[:200]!r}: {component.reason}",
                hint="give the package URL exactly as an SBOM writes it, with its version",
            )
        found: dict[Occurrence, None] = {}
        for lookup in component.lookups:
            asked = having_package(lookup.ecosystem, lookup.name, self._packages, within=within)
            found.update(dict.fromkeys(asked))
        return _contained(found)

    def touched_by(self, identifier: str, advisories: "AdvisoryIndex") -> tuple[Contained, ...]:
        """Find who has a component that a vulnerability touches, by any of its identifiers.

        Components whose version or release nobody can judge are answered as not certain.
        """
        return _contained(exposed_to(identifier, advisories, self._packages))

    def mentioning(self, purl: str) -> tuple[Contained, ...]:
        """Find whose SBOM holds exactly this package URL."""
        return tuple(_of(owner, purl) for owner in self._packages.mentioning(purl))

    def of_package(self, purl: str) -> tuple[Contained, ...]:
        """Find who lists a package in any version, by its package URL without one, as written.

        This finds packages of types that no advisories are published for, and those of a
        distribution by their own names rather than their source's.
        """
        return tuple(_of(owner, found) for owner, found in self._packages.beginning(purl))

    def named(self, name: str, *, within: VersRange | None = None) -> tuple[Contained, ...]:
        """Find who has a package of a name, in every ecosystem, whatever the case.

        A name is also found without the group or path before it. A version nobody can compare is
        answered as not certain, never left out.
        """
        found: dict[Occurrence, None] = {}
        for ecosystem, package in self._packages.packages_named(name):
            asked = having_package(ecosystem, package, self._packages, within=within)
            found.update(dict.fromkeys(asked))
        return _contained(found)

    def licensed(self, license: str) -> tuple[Licensed, ...]:  # noqa: A002  # the word for it
        """Find what is under a licence, by its SPDX identifier or its name, in any expression.

        Of an expression, everything under any of its licences is found.
        """
        rows: list[LicenseRow] = []
        for name in _names_of(license, exactly=True):
            rows += self._licenses.under(name)
        return tuple(
            Licensed(
                subject=subject,
                document=document,
                component=row.component,
                license=row.name,
                written=row.written,
            )
            for row in dict.fromkeys(rows)
            for subject, document in (_parts(row.owner),)
        )

    def components_of(self, subject: Digest, document: Digest) -> tuple[str, ...]:
        """The package URLs of an SBOM's components, sorted."""
        return self._packages.components_of(_owner(subject, document))

    def _with_version(self, purl: str) -> tuple[Contained, ...]:
        component = identify_purl(purl)
        if isinstance(component, Unidentified):
            return self.mentioning(purl)
        questions = [
            RangeQuestion(
                each.coordinate,
                each.package,
                # The keys from this one on, up to the one directly after it.
                lo=each.key,
                hi=None if each.key is None else each.key + b"\x00",
                version=each.version,
                listed=True,
            )
            for each in package_versions(component)
        ]
        return _contained(self._packages.having(questions))

    # -- files ---------------------------------------------------------------------------------

    def _open(self) -> None:
        packages, licenses = self._paths
        self._packages = SqliteOccurrences(packages)
        try:
            self._licenses = SqliteLicenses(licenses)
        except BaseException:
            self._packages.close()
            raise

    def _remove(self) -> None:
        for path in self._paths:
            for suffix in ("-wal", "-shm", ""):
                try:
                    path.with_name(path.name + suffix).unlink(missing_ok=True)
                except OSError as error:
                    raise StoreError(f"{path} cannot be removed: {error.strerror}") from error


def _with_any_version(purl: str) -> str:
    cut = min((at for at in (purl.find("?"), purl.find("#")) if at >= 0), default=len(purl))
    return f"{purl[:cut]}@{_ANY_VERSION}{purl[cut:]}"


def _owner(subject: Digest, document: Digest) -> str:
    return f"{subject} {document}"


@lru_cache(maxsize=65_536)
def _parts(owner: str) -> tuple[Digest, Digest]:
    subject, _, document = owner.partition(" ")
    return Digest.parse(subject), Digest.parse(document)


def _of(owner: str, purl: str) -> Contained:
    subject, document = _parts(owner)
    return Contained(subject=subject, document=document, purl=purl)


def _contained(found: Iterable[Occurrence]) -> tuple[Contained, ...]:
    return tuple(
        Contained(
            subject=subject,
            document=document,
            purl=each.purl,
            version=each.version,
            certain=each.certain,
        )
        for each in found
        for subject, document in (_parts(each.owner),)
    )


def _license_rows(owner: str, sbom: Sbom) -> Iterator[LicenseRow]:
    for component in described(sbom):
        called = label(component)
        for claim in component.license_claims:
            for name in _names_of(claim.text):
                yield LicenseRow(name, owner, called, claim.text)


@lru_cache(maxsize=4096)
def _names_of(text: str, *, exactly: bool = False) -> Sequence[str]:
    """Under which names a licence claim is found: of an expression, every licence in it.

    A licence with an exception is found under both, unless it is asked for exactly.
    """
    listed = id_of_name(text)
    names = [] if listed is None else [listed]
    with suppress(MalformedError):
        for leaf in leaves(parse_expression(text)):
            names.append(str(leaf))
            if isinstance(leaf, WithException) and not exactly:
                names.append(str(leaf.licence))
    return tuple(dict.fromkeys(names or [text]))
