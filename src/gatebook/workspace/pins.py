"""Which trust roots a book's owner has pinned: a file beside the log, not in it.

While anything is pinned, no other trust root is published, and no decision is made under one. The
log cannot say so itself: whoever could append a trust root could append its pin as well.
"""

from collections.abc import Iterable
from pathlib import Path
from typing import Final

from gatebook import canonical
from gatebook.digest import Digest
from gatebook.errors import MalformedError, NotFoundError, VerificationError
from gatebook.formats.fields import Fields
from gatebook.ledger.store import StoreError
from gatebook.stores.files import sync_directory, write_durably
from gatebook.workspace.layout import Layout

__all__ = ["PINS_FORMAT", "PinsFileError", "TrustRootNotPinnedError", "TrustRootPins"]

PINS_FORMAT: Final = "gatebook/trust-pins/v1"
_MAX_BYTES: Final = 65_536
_MAX_PINS: Final = 64


class PinsFileError(MalformedError):
    """The file of pins is not one; nothing is decided until it is."""

    code = "workspace.pins-file"


class TrustRootNotPinnedError(VerificationError):
    """A trust root is used, or about to be, that is not one of those pinned."""

    code = "workspace.trust-root-not-pinned"


class TrustRootPins:
    """The pins of one book; read anew at each question, because others may change them."""

    def __init__(self, layout: Layout) -> None:
        self._file: Path = layout.directory / "trust-pins.json"

    def read(self) -> tuple[Digest, ...]:
        """Return the pinned digests, in the order they were pinned; none if nothing is pinned.

        Raises:
            PinsFileError: the file is malformed, or pins nothing.
            StoreError: it cannot be read.

        """
        try:
            data = self._file.read_bytes()
        except FileNotFoundError:
            return ()
        except OSError as error:
            raise StoreError(f"{self._file} cannot be read: {error.strerror}") from error
        fields = Fields.of(
            canonical.loads(data, what=self._file.name, max_bytes=_MAX_BYTES),
            what=self._file.name,
            code=PinsFileError.code,
        )
        unknown = sorted(set(fields.values) - {"format", "trust_roots"})
        if unknown or fields.optional_text("format") != PINS_FORMAT:
            raise PinsFileError(f"{self._file} is not of the form {PINS_FORMAT}")
        pins = [_pin(each) for each in fields.array("trust_roots")]
        if not 0 < len(pins) <= _MAX_PINS or len(set(pins)) != len(pins):
            raise PinsFileError(
                f"{self._file} must pin 1 to {_MAX_PINS} trust roots, each once",
                hint="`gatebook trust pin --clear` takes all pins away",
            )
        return tuple(pins)

    def add(self, digest: Digest) -> tuple[Digest, ...]:
        """Pin a further trust root; return all pins.

        Raises:
            MalformedError: it is no SHA-256 digest, or there are too many.

        """
        _pin(str(digest))
        pins = self.read()
        if digest not in pins:
            pins = (*pins, digest)
            if len(pins) > _MAX_PINS:
                raise PinsFileError(f"at most {_MAX_PINS} trust roots can be pinned")
            self._write(pins)
        return pins

    def remove(self, digest: Digest) -> tuple[Digest, ...]:
        """Take one pin away; return those that are left.

        Raises:
            NotFoundError: it is not pinned.

        """
        pins = self.read()
        if digest not in pins:
            raise NotFoundError(f"{digest} is not pinned", code="workspace.no-such-pin")
        left = tuple(each for each in pins if each != digest)
        if left:
            self._write(left)
        else:
            self.clear()
        return left

    def clear(self) -> None:
        """Take all pins away, also those of a malformed file."""
        try:
            self._file.unlink(missing_ok=True)
        except OSError as error:
            raise StoreError(f"{self._file} cannot be removed: {error.strerror}") from error
        sync_directory(self._file.parent)

    def check(self, digest: Digest | None, *, expected: Iterable[Digest] = ()) -> None:
        """Check that a trust root may be used.

        Args:
            digest: the trust root; ``None`` for none.
            expected: what the caller allows besides the pins; both have to hold.

        Raises:
            TrustRootNotPinnedError: it may not.

        """
        for allowed, whose in ((self.read(), "pinned"), (tuple(expected), "expected")):
            if allowed and digest not in allowed:
                found = "no trust root is published" if digest is None else f"found {digest}"
                raise TrustRootNotPinnedError(
                    f"the trust root is not one that is {whose}: {found}, {whose} "
                    f"{' or '.join(map(str, allowed[:3]))}",
                    hint="look at what differs with `gatebook trust diff`; if it is meant, pin it "
                    "with `gatebook trust pin`"
                    if whose == "pinned"
                    else None,
                )

    def _write(self, pins: Iterable[Digest]) -> None:
        document = {"format": PINS_FORMAT, "trust_roots": [str(each) for each in pins]}
        write_durably(self._file, canonical.encode(document), mode=0o644)


def _pin(value: object) -> Digest:
    digest = Digest.parse(value) if isinstance(value, str) else None
    if digest is None or digest.algorithm != "sha256":
        raise PinsFileError(f"a trust root is pinned by its sha256 digest, not {str(value)[:80]!r}")
    return digest
