"""Where ``gatebook accept`` finds documents: a file, a directory, a registry, an image layout."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from gatebook.cli.options import asked, read_file
from gatebook.errors import UsageError

if TYPE_CHECKING:
    from gatebook.connectors.attestation_sources import (
        AttachedDocuments,
        FoundAttestation,
        UnreadAttachment,
        UnsignedDocument,
    )
    from gatebook.digest import Digest
    from gatebook.errors import GatebookError

__all__ = ["Found", "read_source"]

_LAYOUT_MARKER = "oci-layout"


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """The documents of one source.

    Attributes:
        source: what people call it.
        subject: what the documents were attached to, or ``None`` for files.
        index_digest: of the index the subject was chosen from, or ``None``.
        attestations: what somebody claims to have signed.
        unsigned: what nobody signed.
        unread: what is attached and not read.
        whole: the one attestation is the whole file.
        malformed: why the file holds no attestations; its bytes are then ``rejected``.
        rejected: these bytes.

    """

    source: str
    subject: "Digest | None" = None
    index_digest: "Digest | None" = None
    attestations: "tuple[FoundAttestation, ...]" = ()
    unsigned: "tuple[UnsignedDocument, ...]" = ()
    unread: "tuple[UnreadAttachment, ...]" = ()
    whole: bool = False
    malformed: "GatebookError | None" = None
    rejected: bytes = b""


def read_source(ctx: click.Context, subject: "Digest | None") -> Found:
    """Read what the parameters ``source``, ``from_registry`` or ``from_layout`` name.

    Args:
        ctx: the command's.
        subject: what everything has to be about, if that was said.

    Raises:
        UsageError: not exactly one is given, or the documents are attached to something else.
        GatebookError: the source cannot be read.

    """
    ways = asked(ctx, "source", "from_registry", "from_layout")
    if len(ways) != 1:
        raise UsageError(
            "name one source: a file or directory, --from-registry or --from-layout",
            code="cli.accept-what",
        )
    named = ctx.params[ways[0]]
    if ways[0] != "from_registry" and ways[0] != "from_layout":
        if ctx.params["platform"] is not None:
            raise UsageError("--platform chooses in an index, not in files", code="cli.platform")
        return _files(Path(named))
    attached = (
        _registry(named, ctx.params["platform"])
        if ways[0] == "from_registry"
        else _layout(Path(named), ctx.params["platform"], subject)
    )
    if subject is not None and attached.subject != subject:
        raise UsageError(
            f"the documents are attached to {attached.subject}, not to {subject}",
            code="cli.subject-differs",
            hint="name the image by that digest, or leave out --subject",
        )
    return Found(
        source=f"{attached.place}@{attached.subject}",
        subject=attached.subject,
        index_digest=attached.index_digest,
        attestations=attached.attestations,
        unsigned=attached.unsigned,
        unread=attached.unread,
    )


def _files(path: Path) -> Found:
    from gatebook.connectors.attestation_sources import FoundAttestation
    from gatebook.errors import GatebookError
    from gatebook.formats.attestations import split_attestations

    if str(path) != "-" and path.is_dir():
        from gatebook.fingerprint.attestation_paths import attestations_at

        if (path / _LAYOUT_MARKER).is_file():
            raise UsageError(
                f"{path} is an image layout",
                code="cli.accept-what",
                hint=f"for what is attached in it: gatebook accept --from-layout {path}",
            )
        return Found(source=str(path), attestations=attestations_at(path))
    name = "standard input" if str(path) == "-" else str(path)
    data = read_file(path)
    try:
        documents = split_attestations(data)
    except GatebookError as error:
        return Found(source=name, malformed=error, rejected=data)
    whole = len(documents) == 1 and documents[0].place == "document"
    return Found(
        source=name,
        whole=whole,
        attestations=tuple(
            FoundAttestation(
                data=each.data, kind=each.kind, origin=name if whole else f"{name}, {each.place}"
            )
            for each in documents
        ),
    )


def _registry(named: str, platform: str | None) -> "AttachedDocuments":
    from gatebook.cli.registries import open_registries
    from gatebook.connectors.referrers import attestations_of
    from gatebook.formats.image_reference import ImageReference
    from gatebook.formats.oci import Platform

    wanted = None if platform is None else Platform.parse(platform)
    with open_registries() as registries:
        return attestations_of(registries, ImageReference.parse(named), platform=wanted)


def _layout(path: Path, platform: str | None, subject: "Digest | None") -> "AttachedDocuments":
    from gatebook.fingerprint.attestation_paths import attestations_in_layout
    from gatebook.formats.oci import Platform

    wanted = None if platform is None else Platform.parse(platform)
    return attestations_in_layout(path, None if wanted else subject, platform=wanted)
