"""The rules for the packages, files and snippets of SPDX 2 (chapters 7 to 9, 12)."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from gatebook.canonical import Json, JsonObject
from gatebook.formats.sbom.validity.licence_expression import check_expression
from gatebook.formats.sbom.validity.problems import Problems
from gatebook.formats.sbom.validity.spdx2_values import (
    FILE_TYPES,
    NO_VALUES,
    PURPOSES,
    actor_problem,
    checksum_problem,
    date_problem,
    download_problem,
    locator_problem,
    url_problem,
)

__all__ = ["Context", "check_elements"]

_CODE_VALUE: Final = re.compile(r"[0-9a-f]{40}\Z")
_SHOWN: Final = 60
_TEXTS: Final = (
    *("versionInfo", "packageFileName", "sourceInfo", "licenseComments", "copyrightText"),
    *("summary", "description", "comment"),
)
_OF_2_3: Final = ("primaryPackagePurpose", "releaseDate", "builtDate", "validUntilDate")


@dataclass(slots=True, kw_only=True)
class Context:
    """What is known of a document while it is checked.

    Attributes:
        problems: where what is wrong is noted.
        since_2_3: whether the rules of 2.3 apply, or those of 2.2 and before.
        elements: the list each identifier was found in.
        licences: the licences the document defines.
        documents: the other documents it names.
        without_files: the packages whose files were not analysed.

    """

    problems: Problems
    since_2_3: bool
    elements: dict[str, str] = field(default_factory=dict)
    licences: set[str] = field(default_factory=set)
    documents: set[str] = field(default_factory=set)
    without_files: set[str] = field(default_factory=set)

    def note(self, place: str, problem: str | None) -> None:
        """Note a problem, if there is one."""
        if problem is not None:
            self.problems.add(place, problem)

    def text(
        self, element: JsonObject, name: str, place: str, *, required: bool = False
    ) -> str | None:
        """A text field; that it is missing, empty or something else is noted."""
        value = element.get(name)
        if value is None or (required and value == ""):
            if required:
                self.problems.add(place, f"{name!r} is required")
            return None
        if not isinstance(value, str):
            self.problems.add(place, f"{name!r} is no text")
            return None
        return value

    def items(self, element: JsonObject, name: str, place: str) -> list[Json]:
        """A list field; that it is something else is noted."""
        value = element.get(name)
        if value is None:
            return []
        if not isinstance(value, list):
            self.problems.add(place, f"{name!r} is no list")
            return []
        return value

    def objects(
        self, element: JsonObject, name: str, place: str
    ) -> Iterator[tuple[int, JsonObject]]:
        """The objects of a list field; that an item is something else is noted."""
        for number, value in enumerate(self.items(element, name, place)):
            if isinstance(value, dict):
                yield number, value
            else:
                self.problems.add(f"{place}.{name}[{number}]", "is no object")

    def refer(self, place: str, identifier: Json) -> None:
        """Note a reference to nothing (§11.1)."""
        if not isinstance(identifier, str):
            self.problems.add(place, "names no element")
            return
        document, colon, rest = identifier.partition(":")
        if colon and document.startswith("DocumentRef-"):
            known = document in self.documents and rest.startswith("SPDXRef-")
        else:
            known = identifier in self.elements or identifier == "SPDXRef-DOCUMENT"
        if not known:
            self.problems.add(place, f"{identifier[:_SHOWN]!r} is not in the document")

    def licence(self, place: str, value: Json) -> None:
        """Note what is wrong with a licence expression, and licences that nothing defines."""
        if not isinstance(value, str):
            self.problems.add(place, "is no text")
            return
        if value in NO_VALUES:
            return
        problem, references = check_expression(value)
        self.note(place, problem)
        for reference in references:
            document, colon, _ = reference.rpartition(":")
            known = document in self.documents if colon else reference in self.licences
            if not known:
                self.problems.add(place, f"nothing defines {reference[:_SHOWN]!r}")


def check_elements(shape: JsonObject, context: Context) -> None:
    """Note every rule that packages, files, snippets and annotations break."""
    for number, package in context.objects(shape, "packages", "document"):
        _package(package, f"packages[{number}]", context)
    for number, file in context.objects(shape, "files", "document"):
        _file(file, f"files[{number}]", context)
    for number, snippet in context.objects(shape, "snippets", "document"):
        _snippet(snippet, f"snippets[{number}]", context)
    _annotations(shape, "document", context)


def _package(package: JsonObject, place: str, context: Context) -> None:
    context.text(package, "name", place, required=True)
    download = context.text(package, "downloadLocation", place, required=True)
    if download:
        context.note(f"{place}.downloadLocation", download_problem(download))
    for name in _TEXTS:
        context.text(package, name, place)
    for name in ("supplier", "originator"):
        actor = context.text(package, name, place)
        if actor is not None and actor != "NOASSERTION":
            context.note(f"{place}.{name}", actor_problem(actor, tool=False))
    homepage = context.text(package, "homepage", place)
    if homepage and homepage not in NO_VALUES:
        context.note(f"{place}.homepage", url_problem(homepage))
    _licences(package, place, context, ("licenseConcluded", "licenseDeclared"))
    _checksums(package, place, context)
    for number, reference in context.objects(package, "externalRefs", place):
        context.note(
            f"{place}.externalRefs[{number}]",
            locator_problem(
                reference.get("referenceCategory"),
                reference.get("referenceType"),
                reference.get("referenceLocator"),
                since_2_3=context.since_2_3,
            ),
        )
    _analysed(package, place, context)
    _since_2_3(package, place, context)
    for name in ("hasFiles",):
        for identifier in context.items(package, name, place):
            context.refer(f"{place}.{name}", identifier)
    _annotations(package, place, context)


def _analysed(package: JsonObject, place: str, context: Context) -> None:
    """§7.8, §7.9, §7.14: what depends on whether the files were looked at."""
    problems = context.problems
    analysed = package.get("filesAnalyzed")
    if analysed is not None and not isinstance(analysed, bool):
        problems.add(place, "'filesAnalyzed' is neither true nor false")
        return
    code = package.get("packageVerificationCode")
    found = context.items(package, "licenseInfoFromFiles", place)
    if analysed is False:
        identifier = package.get("SPDXID")
        if isinstance(identifier, str):
            context.without_files.add(identifier)
        for name, value in (
            ("packageVerificationCode", code),
            ("licenseInfoFromFiles", found),
            ("hasFiles", package.get("hasFiles")),
        ):
            if value:
                problems.add(place, f"has {name!r} and 'filesAnalyzed' is false")
        return
    for licence in found:
        context.licence(f"{place}.licenseInfoFromFiles", licence)
    if code is None:
        if analysed and not context.since_2_3:
            problems.add(place, "'packageVerificationCode' is required when files were analysed")
        return
    value = code.get("packageVerificationCodeValue") if isinstance(code, dict) else None
    if not isinstance(value, str) or _CODE_VALUE.match(value) is None:
        problems.add(place, "the package verification code is no SHA-1 value")


def _since_2_3(package: JsonObject, place: str, context: Context) -> None:
    if not context.since_2_3:
        for name in _OF_2_3:
            if package.get(name) is not None:
                context.problems.add(place, f"{name!r} came with 2.3")
        for name in ("licenseConcluded", "licenseDeclared", "copyrightText"):
            context.text(package, name, place, required=True)
        return
    purpose = context.text(package, "primaryPackagePurpose", place)
    if purpose is not None and purpose not in PURPOSES:
        context.problems.add(place, f"{purpose[:_SHOWN]!r} is no purpose of a package")
    for name in ("releaseDate", "builtDate", "validUntilDate"):
        date = context.text(package, name, place)
        if date is not None:
            context.note(f"{place}.{name}", date_problem(date))


def _file(file: JsonObject, place: str, context: Context) -> None:
    name = context.text(file, "fileName", place, required=True)
    if name and name.startswith("/"):
        context.problems.add(place, f"{name[:_SHOWN]!r} is an absolute path")
    if "SHA1" not in _checksums(file, place, context):  # §8.4
        context.problems.add(place, "has no SHA1 checksum")
    for kind in context.items(file, "fileTypes", place):
        if str(kind) not in FILE_TYPES:
            context.problems.add(place, f"{str(kind)[:_SHOWN]!r} is no type of file")
    for field_name in ("licenseComments", "comment", "noticeText"):
        context.text(file, field_name, place)
    found = context.items(file, "licenseInfoInFiles", place)
    for licence in found:
        context.licence(f"{place}.licenseInfoInFiles", licence)
    _licences(file, place, context, ("licenseConcluded",))
    context.text(file, "copyrightText", place, required=not context.since_2_3)
    if not context.since_2_3:
        context.text(file, "licenseConcluded", place, required=True)
        if not found:
            context.problems.add(place, "'licenseInfoInFiles' is required")
    _annotations(file, place, context)


def _snippet(snippet: JsonObject, place: str, context: Context) -> None:
    source = snippet.get("snippetFromFile")
    context.refer(f"{place}.snippetFromFile", source)
    if context.elements.get(str(source)) not in {None, "files"}:
        context.problems.add(place, f"{str(source)[:_SHOWN]!r} is no file")
    ranges = context.items(snippet, "ranges", place)
    if not any(_range(each, "offset") for each in ranges):  # §9.3
        context.problems.add(place, "has no range of bytes")
    for found in ranges:
        for unit in ("offset", "lineNumber"):
            bounds = _range(found, unit)
            if bounds is not None and not 1 <= bounds[0] <= bounds[1]:
                context.problems.add(place, "a range ends before it starts, or starts before 1")
    for licence in context.items(snippet, "licenseInfoInSnippets", place):
        context.licence(f"{place}.licenseInfoInSnippets", licence)
    _licences(snippet, place, context, ("licenseConcluded",))
    if not context.since_2_3:
        context.text(snippet, "licenseConcluded", place, required=True)
        context.text(snippet, "copyrightText", place, required=True)


def _range(value: Json, unit: str) -> tuple[int, int] | None:
    if not isinstance(value, dict):
        return None
    found: list[int] = []
    for name in ("startPointer", "endPointer"):
        pointer = value.get(name)
        number = pointer.get(unit) if isinstance(pointer, dict) else None
        if isinstance(number, int) and not isinstance(number, bool):
            found.append(number)
    return (found[0], found[1]) if len(found) == 2 else None  # noqa: PLR2004  # start and end


def _licences(element: JsonObject, place: str, context: Context, names: tuple[str, ...]) -> None:
    for name in names:
        value = element.get(name)
        if value is not None and value != "":
            context.licence(f"{place}.{name}", value)


def _checksums(element: JsonObject, place: str, context: Context) -> set[str]:
    found: set[str] = set()
    for number, checksum in context.objects(element, "checksums", place):
        algorithm = checksum.get("algorithm")
        context.note(
            f"{place}.checksums[{number}]",
            checksum_problem(algorithm, checksum.get("checksumValue"), since_2_3=context.since_2_3),
        )
        if isinstance(algorithm, str):
            found.add(algorithm)
    return found


def _annotations(element: JsonObject, place: str, context: Context) -> None:
    for number, annotation in context.objects(element, "annotations", place):
        where = f"{place}.annotations[{number}]"
        annotator = context.text(annotation, "annotator", where, required=True)
        if annotator:
            context.note(where, actor_problem(annotator, tool=True))
        date = context.text(annotation, "annotationDate", where, required=True)
        if date:
            context.note(where, date_problem(date))
        if str(annotation.get("annotationType")) not in {"REVIEW", "OTHER"}:
            context.problems.add(where, "'annotationType' is neither REVIEW nor OTHER")
        context.text(annotation, "comment", where, required=True)
