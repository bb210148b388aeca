"""The manifest: what a package is about, and what each file in it is."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from gatebook import canonical
from gatebook.audit.archive import PackageError
from gatebook.audit.contents import Contents
from gatebook.canonical import Json
from gatebook.digest import Digest, sha256
from gatebook.errors import GatebookError
from gatebook.formats.fields import Fields

__all__ = [
    "CHECKPOINT",
    "LOG_KEY",
    "MANIFEST",
    "PACKAGE_SCHEMA",
    "REPORT",
    "FileRecord",
    "Manifest",
    "blob_name",
    "contract_name",
    "entry_name",
    "handover_name",
    "proof_name",
]

PACKAGE_SCHEMA: Final = "gatebook/audit-package/v1"
MANIFEST: Final = "manifest.json"
CHECKPOINT: Final = "checkpoint"
LOG_KEY: Final = "keys/log.vkey"
REPORT: Final = "report.html"

_FIXED: Final = {
    CHECKPOINT: "the signed checkpoint every proof leads to",
    LOG_KEY: "the key the checkpoint is signed with; compare it with one from elsewhere",
    REPORT: "the report for people",
    "contract.yaml": "the contract the artifact was judged by",
    "contract.json": "the contract the artifact was judged by",
}
_MAX_BYTES: Final = 64 * 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class FileRecord:
    """One file of the package; the manifest itself is not listed."""

    name: str
    digest: Digest
    size: int
    what: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """What a package says about itself; nothing in it is believed before it is compared.

    Attributes:
        origin: the log.
        log_key: the key the checkpoint is signed with, as text.
        size: how many entries the checkpoint covers.
        decision: which entry is the decision.
        report: which form of report the package holds.
        files: every other file, by name.
        absent: documents that entries name and the book does not hold any more.

    """

    origin: str
    log_key: str
    size: int
    decision: int
    report: str
    files: tuple[FileRecord, ...]
    absent: tuple[Digest, ...] = ()

    @classmethod
    def of(cls, contents: Contents, files: Mapping[str, bytes], report: str) -> "Manifest":
        """Describe a package.

        Raises:
            PackageError: a file has no reason to be there.

        """
        named = contents.named_blobs()
        return cls(
            origin=contents.origin,
            log_key=contents.log_key.vkey,
            size=contents.size,
            decision=contents.index,
            report=report,
            files=tuple(
                FileRecord(
                    name=name,
                    digest=sha256(files[name]),
                    size=len(files[name]),
                    what=_what(name, contents, named),
                )
                for name in sorted(files)
                if name != MANIFEST
            ),
            absent=contents.absent_blobs(),
        )

    def encode(self) -> bytes:
        """Write ``manifest.json``: canonical JSON."""
        files: list[Json] = [
            {
                "name": record.name,
                "digest": str(record.digest),
                "size": record.size,
                "what": record.what,
            }
            for record in self.files
        ]
        absent: list[Json] = [str(digest) for digest in self.absent]
        return canonical.encode(
            {
                "schema": PACKAGE_SCHEMA,
                "origin": self.origin,
                "log_key": self.log_key,
                "size": self.size,
                "decision": self.decision,
                "report": self.report,
                "files": files,
                "absent": absent,
            }
        )

    @classmethod
    def parse(cls, data: bytes) -> "Manifest":
        """Read ``manifest.json`` strictly.

        Raises:
            PackageError: not the canonical form of a manifest of this schema.

        """
        try:
            manifest = _read(data)
            plain = manifest.encode() == data
        except PackageError:
            raise
        except GatebookError as error:
            raise PackageError(
                f"{MANIFEST}: {error.message}", code="audit.manifest-malformed"
            ) from None
        if not plain:
            raise PackageError(
                f"{MANIFEST} is not in canonical form", code="audit.manifest-malformed"
            )
        return manifest


def _read(data: bytes) -> Manifest:
    decoded = canonical.loads(data, what=MANIFEST, max_bytes=_MAX_BYTES, max_depth=8)
    root = Fields.of(decoded, what=MANIFEST, code="audit.manifest-malformed")
    schema = root.text("schema")
    if schema != PACKAGE_SCHEMA:
        raise PackageError(
            f"{MANIFEST} has the schema {schema[:80]!r}; this release reads {PACKAGE_SCHEMA}",
            code="audit.schema",
        )
    return Manifest(
        origin=root.text("origin"),
        log_key=root.text("log_key"),
        size=_whole(root, "size"),
        decision=_whole(root, "decision"),
        report=root.text("report"),
        files=tuple(
            FileRecord(
                name=item.text("name"),
                digest=Digest.parse(item.text("digest")),
                size=_whole(item, "size"),
                what=item.text("what"),
            )
            for item in root.objects("files")
        ),
        absent=tuple(Digest.parse(text) for text in _texts(root.array("absent"))),
    )


def _texts(items: Iterable[Json]) -> Iterable[str]:
    for item in items:
        yield item if isinstance(item, str) else ""


def _whole(fields: Fields, name: str) -> int:
    found = fields.values.get(name)
    if type(found) is not int or found < 0:
        raise fields.refuse(f"{name!r} must be a whole number")
    return found


def entry_name(index: int) -> str:
    """Where an entry stands in a package."""
    return f"entries/{index}.json"


def proof_name(index: int) -> str:
    """Where the proof of an entry stands."""
    return f"proofs/{index}.tlog-proof"


def handover_name(index: int) -> str:
    """Where the proof stands that the old key vouched for a change of the log's key."""
    return f"handovers/{index}.tlog-proof"


def blob_name(digest: Digest) -> str:
    """Where a document stands."""
    return f"blobs/{digest.algorithm}/{digest.hex}"


def contract_name(document: bytes) -> str:
    """Where the contract stands: as YAML, or as JSON when it begins with a brace."""
    is_json = document.lstrip(b" \t\r\n").startswith(b"{")
    return "contract.json" if is_json else "contract.yaml"


def _what(name: str, contents: Contents, named: Mapping[Digest, str]) -> str:
    if name in _FIXED:
        return _FIXED[name]
    directory, _, rest = name.partition("/")
    if directory == "blobs":
        found = named.get(Digest("sha256", rest.removeprefix("sha256/")))
        if found is None:
            raise PackageError(
                f"{name} is named by no entry of the package", code="audit.blob-unrelated"
            )
        return found
    index = int(rest.partition(".")[0])
    if index not in contents.entries:
        raise PackageError(f"{name} is for an entry that is missing", code="audit.entry-missing")
    match directory:
        case "entries":
            return contents.reason_for(index)
        case "handovers":
            return f"the old key vouches for entry {index}"
        case _:
            return f"proof that entry {index} is in the log"
