"""A JSON SBOM put together from pieces: items of its long arrays, and the members of its root.

The root says which format it is, and may say so last; until then every array goes to the reader of
the format that has one of that name.
"""

from collections.abc import Callable
from typing import Any, Final

from gatebook.canonical import Json, JsonObject
from gatebook.errors import MalformedError
from gatebook.formats.sbom import cyclonedx_json, spdx2_json, spdx3, syft
from gatebook.formats.sbom.components import Sbom
from gatebook.formats.sbom.cyclonedx_component import CycloneDxComponent, let_go
from gatebook.formats.sbom.cyclonedx_wire import WireDependency
from gatebook.formats.sbom.cyclonedx_wire import WireDocument as CycloneDxDocument
from gatebook.formats.sbom.decoded import sbom_from
from gatebook.formats.sbom.spdx2_wire import WireDocument as SpdxDocument
from gatebook.formats.sbom.spdx2_wire import WirePackage, WireRelationship
from gatebook.formats.sbom.strict_json import TypedDecoder, decode_plainly, encode

__all__ = ["ARRAYS", "Pieces"]

ARRAYS: Final = frozenset(
    {
        *("components", "dependencies", "vulnerabilities"),
        *("packages", "relationships", "files"),
        *("@graph", "artifacts", "artifactRelationships"),
    }
)
"""The arrays of a root that may be long."""

_BATCH: Final = 64
_CYCLONEDX: Final = TypedDecoder(CycloneDxDocument)
_SPDX: Final = TypedDecoder(SpdxDocument)
_COMPONENTS: Final = TypedDecoder(list[CycloneDxComponent])
_DEPENDENCIES: Final = TypedDecoder(list[WireDependency])
_PACKAGES: Final = TypedDecoder(list[WirePackage])
_RELATIONSHIPS: Final = TypedDecoder(list[WireRelationship])


class _Taker:
    """Hands items of an array to a builder, some at a time, and remembers what went wrong.

    Nobody knows yet whether the builder is the right one.
    """

    def __init__(self, take: Callable[[list[Json]], None]) -> None:
        self._take = take
        self._waiting: list[Json] = []
        self._error: MalformedError | None = None

    def add(self, item: Json) -> None:
        self._waiting.append(item)
        if len(self._waiting) >= _BATCH:
            self._flush()

    def finish(self) -> None:
        """Hand on the rest.

        Raises:
            MalformedError: one of the items was malformed.

        """
        self._flush()
        if self._error is not None:
            raise self._error

    def _flush(self) -> None:
        if self._error is None and self._waiting:
            try:
                self._take(self._waiting)
            except MalformedError as error:
                self._error = error
        self._waiting = []


def _typed(
    decoder: TypedDecoder[list[Any]], take: Callable[[list[Any]], None], what: str, code: str
) -> _Taker:
    return _Taker(
        lambda items: take(decode_plainly(decoder, encode(items, what=what), what=what, code=code))
    )


def _each(take: Callable[[Json], None]) -> _Taker:
    def take_all(items: list[Json]) -> None:
        for item in items:
            take(item)

    return _Taker(take_all)


class Pieces:
    """Collects the pieces of one document."""

    def __init__(self) -> None:
        self._root: JsonObject = {}
        self._counts = dict.fromkeys(ARRAYS, 0)
        self._cyclonedx = cyclonedx_json.CycloneDxBuilder()
        self._spdx = spdx2_json.SpdxBuilder()
        self._spdx3 = spdx3.Spdx3Builder()
        self._syft = syft.SyftBuilder()
        cyclonedx, spdx = cyclonedx_json.CycloneDxError.code, spdx2_json.SpdxError.code
        self._takers = {
            "components": _typed(_COMPONENTS, self._add_components, "CycloneDX", cyclonedx),
            "dependencies": _typed(
                _DEPENDENCIES, self._cyclonedx.add_dependencies, "CycloneDX", cyclonedx
            ),
            "packages": _typed(_PACKAGES, self._spdx.add_packages, "SPDX", spdx),
            "relationships": _typed(_RELATIONSHIPS, self._spdx.add_relationships, "SPDX", spdx),
            "@graph": _each(self._spdx3.add_element),
            "artifacts": _each(self._syft.add_artifact),
            "artifactRelationships": _each(self._syft.add_relationship),
        }

    def add_member(self, name: str, value: Json) -> None:
        """Take a member of the root; of a long array an empty one."""
        self._root[name] = value

    def add_item(self, array: str, item: Json) -> None:
        """Take an item of one of :data:`ARRAYS`."""
        self._counts[array] += 1
        taker = self._takers.get(array)
        if taker is not None:
            taker.add(item)

    def finish(self) -> Sbom:
        """What the document is.

        Raises:
            MalformedError: of no format that is read, an unsupported version, or broken.

        """
        root = self._root
        if cyclonedx_json.is_cyclonedx(root):
            document = decode_plainly(
                _CYCLONEDX,
                encode(root, what="CycloneDX"),
                what="CycloneDX",
                code=cyclonedx_json.CycloneDxError.code,
            )
            self._cyclonedx.check_version(document)
            self._finish("components", "dependencies")
            self._cyclonedx.vulnerabilities = self._counts["vulnerabilities"]
            return self._cyclonedx.finish(document)
        if spdx2_json.is_spdx(root):
            spdx = decode_plainly(
                _SPDX, encode(root, what="SPDX"), what="SPDX", code=spdx2_json.SpdxError.code
            )
            self._spdx.check_version(spdx)
            self._finish("packages", "relationships")
            self._spdx.files = self._counts["files"]
            return self._spdx.finish(spdx)
        if spdx3.is_spdx3(root):
            self._finish("@graph")
            return self._spdx3.finish(root)
        if syft.is_syft(root):
            self._finish("artifacts", "artifactRelationships")
            self._syft.files = self._counts["files"]
            return self._syft.finish(root)
        return sbom_from(root)

    def _add_components(self, found: list[CycloneDxComponent]) -> None:
        self._cyclonedx.add_components(found)
        let_go(found)

    def _finish(self, *arrays: str) -> None:
        for array in arrays:
            self._takers[array].finish()
