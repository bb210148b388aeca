"""OpenVEX documents, 0.0.1 to 0.2.0.

Source: OpenVEX specification, https://github.com/openvex/spec. Version 0.0.1 wrote a vulnerability
and products as bare strings and named subcomponents beside the products; documents that mix both
forms exist, so each form is read wherever it stands.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Final

from gatebook.canonical import Json, JsonObject
from gatebook.clock import Instant
from gatebook.formats.fields import Fields
from gatebook.formats.reading.document import Document
from gatebook.formats.reading.document_format import DocumentFormat, Family
from gatebook.formats.reading.reader import Reader
from gatebook.formats.vex.identifiers import component_of
from gatebook.formats.vex.statement import (
    MAX_STATEMENTS,
    Justification,
    VexComponent,
    VexDocument,
    VexError,
    VexProduct,
    VexStatement,
    VexStatus,
)

__all__ = ["READER", "check_openvex", "read_openvex"]

_CODE: Final = "formats.openvex"
_NAMESPACE: Final = "https://openvex.dev/ns"
_VERSION: Final = re.compile(r"/v(\d{1,6}\.\d{1,6}\.\d{1,6})/?\Z", re.ASCII)
_VERSIONS: Final = frozenset({"0.0.0", "0.0.1", "0.2.0"})

_STATUS: Final[Mapping[str, VexStatus]] = {
    "not_affected": VexStatus.NOT_AFFECTED,
    "affected": VexStatus.AFFECTED,
    "fixed": VexStatus.FIXED,
    "under_investigation": VexStatus.UNDER_INVESTIGATION,
}


def read_openvex(
    root: JsonObject,
    *,
    inherited_products: tuple[VexProduct, ...] = (),
    inherited_time: Instant | None = None,
) -> VexDocument:
    """Read a document.

    Args:
        root: the decoded document.
        inherited_products: what the envelope around the document is about, for statements that
            name no product ("Inheritance Flow").
        inherited_time: when the envelope was made, for a document without a time.

    Raises:
        MalformedError: ``formats.openvex`` a field of the wrong type or a required one missing.
        VexError: ``formats.openvex-version`` an unknown version, ``formats.openvex-status`` an
            unknown status, ``formats.openvex-empty`` no statements, ``formats.vex-limit`` too many.

    """
    fields = Fields.of(root, what="OpenVEX document", code=_CODE)
    defects: list[str] = []
    spec_version = _spec_version(fields, defects)
    created = fields.optional_instant("timestamp")
    updated = fields.optional_instant("last_updated")
    version = root.get("version")
    if version is not None and (isinstance(version, bool) or not isinstance(version, int | str)):
        raise fields.refuse("'version' must be a number")
    for name, value in (
        ("@id", fields.optional_text("@id")),
        ("author", fields.optional_text("author")),
        ("timestamp", created),
        ("version", version),
    ):
        # OpenVEX, "Document Struct Fields".
        if value in {None, "", 0}:
            defects.append(f"{name!r} is required")
    statements = fields.array("statements")
    if not statements:
        raise VexError("the OpenVEX document makes no statement", code="formats.openvex-empty")
    if len(statements) > MAX_STATEMENTS:
        raise VexError(
            f"an OpenVEX document of {len(statements)} statements; at most {MAX_STATEMENTS} are "
            "read",
            code="formats.vex-limit",
        )
    # "Timestamps": the statement's, else the document's, else that of what is around it.
    time = created or updated or inherited_time
    return VexDocument(
        format=DocumentFormat.OPENVEX,
        spec_version=spec_version,
        id=fields.optional_text("@id"),
        author=fields.optional_text("author"),
        role=fields.optional_text("role"),
        created=created,
        updated=updated,
        version=None if version is None else str(version),
        statements=tuple(
            _statement(each, number, time, inherited_products)
            for number, each in enumerate(fields.objects("statements"))
        ),
        defects=tuple(defects),
    )


def check_openvex(document: VexDocument) -> None:
    """Refuse a document with a statement that is not complete ("Data Inheritance").

    A time that the head leaves out is no fault where every statement has its own, as the tools of
    the specification's authors write it; what is missing in the head is among the defects.

    Raises:
        VexError: ``formats.openvex-invalid``, naming the first places.

    """
    found = [
        f"{statement.pointer}: {text}"
        for statement in document.statements
        for text in statement.defects
    ]
    if found:
        more = f" and {len(found) - 5} more" if len(found) > 5 else ""  # noqa: PLR2004  # shown
        raise VexError("; ".join(found[:5]) + more, code="formats.openvex-invalid")


def _spec_version(fields: Fields, defects: list[str]) -> str:
    contexts = fields.values.get("@context")
    texts = contexts if isinstance(contexts, list) else [contexts]
    ours = [each for each in texts if isinstance(each, str) and each.startswith(_NAMESPACE)]
    if not ours:
        # A merge by old tools writes an empty context; the fields tell what it is.
        defects.append("'@context' does not name OpenVEX")
        return "0.2.0"
    if ours[0].rstrip("/") == _NAMESPACE:
        return "0.0.1"  # "If the version is omitted, it defaults to v0.0.1."
    match = _VERSION.match(ours[0], len(_NAMESPACE))
    if match is None or match[1] not in _VERSIONS:
        raise VexError(
            f"OpenVEX context {ours[0][:80]!r} is of a version that is not read, only 0.0.1 and "
            "0.2.0",
            code="formats.openvex-version",
        )
    return match[1]


def _statement(
    fields: Fields, number: int, time: Instant | None, inherited: tuple[VexProduct, ...]
) -> VexStatement:
    defects: list[str] = []
    written = fields.text("status")
    status = _STATUS.get(written)
    if status is None:
        raise VexError(
            f"{fields.what}.status: {written[:40]!r} is not one of {', '.join(_STATUS)}",
            code="formats.openvex-status",
        )
    vulnerability, aliases = _vulnerability(fields)
    word = fields.optional_text("justification") or None
    justification = _justification(word)
    impact = fields.optional_text("impact_statement") or None
    action = fields.optional_text("action_statement") or None
    if word is not None and justification is None:
        defects.append(f"'justification' {word[:60]!r} is not in the vocabulary")
    # OpenVEX, "Statement Fields": both of the following are MUST.
    if status is VexStatus.NOT_AFFECTED and word is None and impact is None:
        defects.append("not_affected needs a justification or an impact_statement")
    if status is VexStatus.AFFECTED and action is None:
        defects.append("affected needs an action_statement")
    products = _products(fields) or inherited
    if not products:
        defects.append("it names no product, and nothing around it does")
    time = fields.optional_instant("last_updated") or fields.optional_instant("timestamp") or time
    if time is None:
        defects.append("neither the statement nor the document has a timestamp")
    return VexStatement(
        pointer=f"/statements/{number}",
        id=fields.optional_text("@id"),
        vulnerability=vulnerability,
        aliases=aliases,
        products=products,
        status=status,
        status_written=written,
        justification=justification,
        justification_written=word,
        impact=impact,
        action=action,
        notes=fields.optional_text("status_notes") or None,
        time=time,
        supplier=fields.optional_text("supplier") or None,
        defects=tuple(defects),
    )


def _justification(word: str | None) -> Justification | None:
    try:
        return None if word is None else Justification(word)
    except ValueError:
        return None


def _vulnerability(fields: Fields) -> tuple[str, tuple[str, ...]]:
    value = fields.values.get("vulnerability")
    if isinstance(value, str):
        return fields.text("vulnerability"), ()
    inner = fields.object("vulnerability")
    aliases = _texts(inner, "aliases")
    # 0.2.0 names it in "name"; documents written between the versions have only "@id".
    name = inner.optional_text("name") or inner.text("@id")
    return name, tuple(sorted(set(aliases) - {name}))


def _products(fields: Fields) -> tuple[VexProduct, ...]:
    # 0.0.1: subcomponents stand beside the products and belong to each of them.
    beside = _subcomponents(fields)
    return tuple(
        _product(each, fields, f"products[{number}]", beside)
        for number, each in enumerate(fields.array("products"))
    )


def _product(
    value: Json, fields: Fields, where: str, beside: tuple[VexComponent, ...]
) -> VexProduct:
    inside: tuple[VexComponent, ...] = ()
    if isinstance(value, dict):
        inside = _subcomponents(Fields.of(value, what=f"{fields.what}.{where}", code=_CODE))
    return VexProduct(
        identity=_component(value, fields, where),
        subcomponents=tuple(dict.fromkeys((*inside, *beside))),
    )


def _subcomponents(fields: Fields) -> tuple[VexComponent, ...]:
    return tuple(
        _component(each, fields, f"subcomponents[{number}]")
        for number, each in enumerate(fields.array("subcomponents"))
    )


def _component(value: Json, fields: Fields, where: str) -> VexComponent:
    if isinstance(value, str):
        if not value:
            raise fields.refuse(f"{where} must not be empty")
        return component_of([value])
    inner = Fields.of(value, what=f"{fields.what}.{where}", code=_CODE)
    ids = [text for text in (inner.optional_text("@id"),) if text]
    cpes: list[str] = []
    identifiers = inner.optional_object("identifiers")
    if identifiers is not None:
        for kind, text in _text_items(identifiers):
            (cpes if kind in {"cpe22", "cpe23"} else ids).append(text)
    hashes = inner.optional_object("hashes")
    return component_of(ids, cpes=cpes, hashes=list(_text_items(hashes)) if hashes else ())


def _text_items(fields: Fields) -> Iterator[tuple[str, str]]:
    for name in fields.values:
        text = fields.optional_text(name)
        if text:
            yield name, text


def _texts(fields: Fields, name: str) -> list[str]:
    found: list[str] = []
    for value in fields.array(name):
        if not isinstance(value, str):
            raise fields.refuse(f"{name!r} must hold strings")
        if value:
            found.append(value)
    return found


def _recognises(document: Document) -> bool:
    root = document.root
    if root is None:
        return False
    context = root.get("@context")
    texts = context if isinstance(context, list) else [context]
    if any(isinstance(each, str) and each.startswith(_NAMESPACE) for each in texts):
        return True
    # Without its context it is known by its statements alone.
    statements = root.get("statements")
    return (
        isinstance(statements, list)
        and "@graph" not in root
        and any(
            isinstance(each, dict) and "vulnerability" in each and "status" in each
            for each in statements[:8]
        )
    )


def _describe(document: Document) -> Mapping[str, Json]:
    root = document.root
    if root is None:
        raise VexError("an OpenVEX document is a JSON object", code=_CODE)
    statements = root.get("statements")
    listed = statements if isinstance(statements, list) else []
    status: dict[str, Json] = {}
    counted: dict[str, int] = {}
    for each in listed:
        word = each.get("status") if isinstance(each, dict) else None
        name = word if isinstance(word, str) else "unknown"
        counted[name] = counted.get(name, 0) + 1
    status.update(sorted(counted.items()))
    described: dict[str, Json] = {"statements": len(listed), "status": status}
    author = root.get("author")
    if isinstance(author, str):
        described["author"] = author
    return described


def _read(document: Document) -> VexDocument:
    root = document.root
    if root is None:
        raise VexError("an OpenVEX document is a JSON object", code=_CODE)
    return read_openvex(root)


def _check(document: Document) -> None:
    check_openvex(_read(document))


READER: Final = Reader(
    format=DocumentFormat.OPENVEX,
    family=Family.VEX,
    recognises=_recognises,
    read=_read,
    describe=_describe,
    check=_check,
)
