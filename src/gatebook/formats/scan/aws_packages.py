"""What Amazon Inspector, ECR and Security Hub write alike: packages, versions, digests."""

import base64
import binascii
from typing import Final

from gatebook.digest import Digest
from gatebook.errors import MalformedError
from gatebook.formats.fields import Fields
from gatebook.formats.scan.entries import digest_in
from gatebook.formats.scan.report import FixState, ReportedPackage

__all__ = ["code_digest", "fix_by_word", "fixed_in", "joined_version", "vulnerable_package"]

_NO_VERSION: Final = frozenset({"", "notavailable", "not available", "n/a", "none"})
_SHA256_BYTES: Final = 32


def joined_version(epoch: str | int | None, version: str | None, release: str | None) -> str | None:
    """``epoch:version-release`` as package managers print it; an epoch of 0 is not printed."""
    if not version:
        return None
    start = "" if epoch in {None, "", 0, "0"} else f"{epoch}:"
    return f"{start}{version}-{release}" if release else f"{start}{version}"


def vulnerable_package(item: Fields, *, capital: bool) -> ReportedPackage:
    """Read a vulnerable package of Inspector, or with ``capital`` field names of Security Hub.

    Raises:
        MalformedError: it has no name, or a field is of the wrong type.

    """

    def name_of(field: str) -> str:
        return field[0].upper() + field[1:] if capital else field

    epoch = item.values.get(name_of("epoch"))
    if isinstance(epoch, bool) or not isinstance(epoch, str | int | None):
        raise item.refuse(f"{name_of('epoch')!r} must be a whole number")
    layer = digest_in(item.optional_text(name_of("sourceLayerHash")))
    return ReportedPackage(
        name=item.text(name_of("name")),
        version=joined_version(
            epoch,
            item.optional_text(name_of("version")),
            item.optional_text(name_of("release")),
        ),
        type=item.optional_text(name_of("packageManager")) or None,
        location=item.optional_text(name_of("filePath")) or None,
        layer=layer,
    )


def fixed_in(written: str | None) -> tuple[str, ...]:
    """The version without the flaw; ``NotAvailable`` is none."""
    if written is None or written.strip().lower() in _NO_VERSION:
        return ()
    return (written.strip(),)


def fix_by_word(written: str | None, versions: tuple[str, ...]) -> FixState:
    """Whether there is a fix, by ``YES``, ``NO`` or ``PARTIAL`` and the package's own version.

    ``PARTIAL`` means that only some of the packages of a finding have one.
    """
    word = (written or "").upper()
    if versions or word == "YES":
        return FixState.FIXED
    return FixState.NOT_FIXED if word in {"NO", "PARTIAL"} else FixState.UNKNOWN


def code_digest(written: str | None) -> Digest | None:
    """The digest of a Lambda function's package: SHA-256 in base64, or ``None`` if it is none."""
    if not written:
        return None
    try:
        raw = base64.b64decode(written, validate=True)
        return Digest("sha256", raw.hex()) if len(raw) == _SHA256_BYTES else None
    except (binascii.Error, ValueError, MalformedError):
        return None
