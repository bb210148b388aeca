"""Signed notes: text with signatures by named keys (C2SP signed-note).

A note's text means nothing until a trusted key's signature over it has been checked:
:func:`parse_note` only takes it apart, :func:`open_note` checks. What the text says, and why a key
is trusted, is the caller's matter.
"""

import re
from collections.abc import Iterable, Sequence
from typing import Final

from gatebook.clock import Instant
from gatebook.errors import MalformedError, UsageError
from gatebook.tlog.cosignature import check_cosignature, sign_cosignature
from gatebook.tlog.keys import (
    ID_BYTES,
    KeyFormatError,
    NoteSigner,
    SignatureError,
    SignatureType,
    SignerKey,
    VerifierKey,
    check_key_name,
)
from gatebook.tlog.lines import decode_loose_base64, encode_base64
from gatebook.values import record

__all__ = [
    "MAX_NOTE_BYTES",
    "MAX_SIGNATURES",
    "KeyFormatError",
    "Note",
    "NoteError",
    "NoteSignature",
    "NoteSigner",
    "OpenedNote",
    "SignatureError",
    "SignatureType",
    "SignerKey",
    "VerifiedSignature",
    "VerifierKey",
    "add_signatures",
    "open_note",
    "parse_note",
    "sign_note",
    "signature_line",
]

# signed-note: a verifier accepts at least 16 signatures and should apply a limit.
MAX_SIGNATURES: Final = 100
MAX_NOTE_BYTES: Final = 1024 * 1024
_MARK: Final = "\u2014 "  # em dash, space
_CONTROL: Final = re.compile(r"[\x00-\x09\x0b-\x1f]")


class NoteError(MalformedError):
    """Bytes are not a signed note."""

    code = "tlog.note-malformed"


@record
class NoteSignature:
    """One signature line.

    Attributes:
        name: the name of the key that is said to have signed.
        key_id: the four bytes that identify the key among those of that name.
        signature: the signature's bytes, after the id.
        is_plain: whether the line spells these bytes the one way it should; the line of a
            stranger may be misspelt, that of a known key may not.

    """

    name: str
    key_id: bytes
    signature: bytes
    is_plain: bool = True

    @property
    def line(self) -> str:
        """The line in a note, its newline included."""
        return f"{_MARK}{self.name} {encode_base64(self.key_id + self.signature)}\n"


@record
class Note:
    """A note taken apart, nothing checked: the text must not be relied on."""

    text: str
    signatures: tuple[NoteSignature, ...]


@record
class VerifiedSignature:
    """A signature that verified.

    Attributes:
        key: the key that made it.
        signature: the line it stands in.
        at: the time a cosignature states; ``None`` for other types.

    """

    key: VerifierKey
    signature: NoteSignature
    at: Instant | None = None


@record
class OpenedNote:
    """A note whose text at least one of the given keys has signed.

    Attributes:
        text: the signed text, its final newline included.
        verified: the signatures by given keys; never empty.
        unverified: signatures by keys that were not given; they mean nothing.

    """

    text: str
    verified: tuple[VerifiedSignature, ...]
    unverified: tuple[NoteSignature, ...]

    def signed_by(self, key: VerifierKey) -> VerifiedSignature:
        """Return the first signature by ``key``.

        Raises:
            SignatureError: this key is not among those that signed.

        """
        for found in self.verified:
            if found.key == key:
                return found
        raise SignatureError(f"the note carries no signature by {key}", code="tlog.not-signed-by")


def parse_note(data: bytes) -> Note:
    """Take a signed note apart, without checking any signature.

    Raises:
        NoteError: not UTF-8, control characters, no blank line before the signatures, no signature,
            a line of another form, more than 100 signatures or more than 1 MiB.
        KeyFormatError: a signature line with a name no key can have.
        LineError: a signature that is not base64.

    """
    if len(data) > MAX_NOTE_BYTES:
        raise NoteError(f"note has {len(data)} bytes; at most {MAX_NOTE_BYTES} are read")
    try:
        content = data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise NoteError(f"note is not UTF-8 at byte {error.start}") from None
    _check_characters(content)
    # The text may hold empty lines: the last one is the separator.
    place = content.rfind("\n\n")
    if place < 0:
        raise NoteError("note has no blank line between text and signatures")
    text, rest = content[: place + 1], content[place + 2 :]
    if not rest:
        raise NoteError("note has no signature", code="tlog.note-unsigned")
    if not rest.endswith("\n"):
        raise NoteError("the last signature line of the note does not end")
    lines = rest[:-1].split("\n")
    if len(lines) > MAX_SIGNATURES:
        raise NoteError(f"note has {len(lines)} signatures; at most {MAX_SIGNATURES} are read")
    return Note(text=text, signatures=tuple(_parse_line(line) for line in lines))


def open_note(data: bytes, keys: Iterable[VerifierKey]) -> OpenedNote:
    """Check a note against the keys the caller trusts.

    1. Signatures by other keys are ignored, even under a known name or a known id.
    2. A signature under the name and id of a known key must verify, or the whole note is refused.
    3. At least one must have verified.

    Raises:
        SignatureError: a known key's signature does not verify, or no known key signed.
        MalformedError: the bytes are not a note, or a cosigned text is not a checkpoint.
        UsageError: two different keys share a name and id.

    """
    known: dict[tuple[str, bytes], VerifierKey] = {}
    for key in keys:
        if known.setdefault((key.name, key.key_id), key) != key:
            raise UsageError(f"two different keys are called {key}", code="tlog.key-collision")
    note = parse_note(data)
    verified: list[VerifiedSignature] = []
    unverified: list[NoteSignature] = []
    for signature in note.signatures:
        found = known.get((signature.name, signature.key_id))
        if found is None:
            unverified.append(signature)
            continue
        at = _check_signature(note.text, found, signature)
        verified.append(VerifiedSignature(key=found, signature=signature, at=at))
    if not verified:
        expected = ", ".join(str(key) for key in known.values()) or "none"
        found_names = ", ".join(signature.name for signature in note.signatures[:5])
        raise SignatureError(
            f"no trusted key signed the note; trusted: {expected}; signed by: {found_names}",
            code="tlog.no-trusted-signature",
        )
    return OpenedNote(text=note.text, verified=tuple(verified), unverified=tuple(unverified))


def sign_note(text: str, signers: Sequence[NoteSigner], *, at: Instant | None = None) -> bytes:
    """Sign ``text`` with each of ``signers``; return the note.

    ``at`` is the time that cosignatures state; plain signatures state none.

    Raises:
        NoteError: the text does not end with a newline, holds control characters, or nobody signs.
        UsageError: a cosigner signs and no time is given.

    """
    _check_text(text)
    if not signers:
        raise NoteError("a note needs a signature", code="tlog.note-unsigned")
    lines = "".join(signature_line(text, signer, at=at).line for signer in signers)
    return f"{text}\n{lines}".encode()


def signature_line(text: str, signer: NoteSigner, *, at: Instant | None = None) -> NoteSignature:
    """Sign ``text`` with one key; return its signature line.

    Raises:
        NoteError: the text cannot be a note's.
        UsageError: a cosigner signs and no time is given.

    """
    _check_text(text)
    key = signer.verifier
    if key.type.is_cosignature:
        if at is None:
            raise UsageError(f"{key} makes cosignatures, which state a time", code="tlog.no-time")
        signature = sign_cosignature(text, signer, at=at)
    else:
        signature = signer.sign(text.encode())
    return NoteSignature(name=key.name, key_id=key.key_id, signature=signature)


def add_signatures(data: bytes, signatures: Iterable[NoteSignature]) -> bytes:
    """Append signature lines to a note; those it has already are not repeated.

    Raises:
        NoteError: the bytes are not a note, or it would have too many signatures.

    """
    present = parse_note(data).signatures
    fresh = dict.fromkeys(found for found in signatures if found not in present)
    if len(present) + len(fresh) > MAX_SIGNATURES:
        raise NoteError(f"a note carries at most {MAX_SIGNATURES} signatures")
    return data + "".join(found.line for found in fresh).encode()


def _check_signature(text: str, key: VerifierKey, found: NoteSignature) -> Instant | None:
    if not found.is_plain:
        # Otherwise the line could be changed, and the note would still open.
        raise SignatureError(f"signature by {key} has bits beyond its end")
    if key.type.is_cosignature:
        return check_cosignature(text, key, found.signature)
    key.check(text.encode(), found.signature)
    return None


def _parse_line(line: str) -> NoteSignature:
    if not line.startswith(_MARK):
        raise NoteError(f"a signature line starts with an em dash and a space: {line[:60]!r}")
    name, _, encoded = line.removeprefix(_MARK).partition(" ")
    check_key_name(name)
    decoded = decode_loose_base64(encoded, what=f"signature by {name[:60]!r}")
    if len(decoded) <= ID_BYTES:
        raise NoteError(f"signature by {name[:60]!r} has {len(decoded)} bytes, too few for any")
    return NoteSignature(
        name=name,
        key_id=decoded[:ID_BYTES],
        signature=decoded[ID_BYTES:],
        is_plain=encode_base64(decoded) == encoded,
    )


def _check_text(text: str) -> None:
    if not text.endswith("\n"):
        raise NoteError("the text of a note ends with a newline")
    _check_characters(text)
    try:
        text.encode()
    except UnicodeEncodeError:
        raise NoteError("the text of a note is valid Unicode") from None


def _check_characters(content: str) -> None:
    found = _CONTROL.search(content)
    if found is not None:
        raise NoteError(f"note holds the control character {ord(found[0]):#04x}")
