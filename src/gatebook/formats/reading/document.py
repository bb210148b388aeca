"""One received document: its bytes, and what can be seen of its form without knowing its format."""

import functools
import re
from collections.abc import Callable
from typing import Any, Final, TypeVar

from gatebook import canonical
from gatebook.canonical import Json, JsonObject
from gatebook.errors import MalformedError
from gatebook.formats.reading.xml import XmlName, root_name

__all__ = ["MAX_DOCUMENT_BYTES", "Document", "DocumentError"]

MAX_DOCUMENT_BYTES: Final = 256 * 1024 * 1024
_MAX_DEPTH: Final = 128
_WHITESPACE: Final = b" \t\r\n"
# The longer marks first: the mark of UTF-32 begins with that of UTF-16.
_MARKS: Final = (
    (b"\xef\xbb\xbf", "utf-8"),
    (b"\xff\xfe\x00\x00", "utf-32-le"),
    (b"\x00\x00\xfe\xff", "utf-32-be"),
    (b"\xff\xfe", "utf-16-le"),
    (b"\xfe\xff", "utf-16-be"),
)
# What an XML declaration says of the encoding is no longer so once the bytes are UTF-8.
_XML_ENCODING: Final = re.compile(r"""\A(<\?xml\b[^>]*?)\s+encoding\s*=\s*("[^"]*"|'[^']*')""")

T = TypeVar("T")


class DocumentError(MalformedError):
    """A document cannot be read as what it seems to be."""

    code = "formats.document"


class Document:
    """A document as received, after compression and envelopes were taken off.

    Bytes in UTF-16 or UTF-32 with a byte-order mark are turned into UTF-8 and the mark of UTF-8 is
    cut off, so that a reader sees UTF-8 whenever the document is text. Nothing is decoded before
    somebody asks, and what was decoded is kept.

    Attributes:
        data: the bytes to read.
        media_type: what the sender called it, if anything; only CycloneDX's protobuf needs it.

    """

    def __init__(self, data: bytes, *, media_type: str | None = None) -> None:
        """Take the bytes.

        Raises:
            DocumentError: a byte-order mark promises an encoding that the bytes are not in.

        """
        self.data = _as_utf8(data)
        self.media_type = media_type
        self._made: dict[Callable[[Document], Any], Any] = {}
        self._undecodable: MalformedError | None = None

    def once(self, make: "Callable[[Document], T]") -> T:
        """What ``make`` makes of this document, made once; reading and describing share it.

        Raises:
            MalformedError: as ``make`` does; nothing is kept then.

        """
        if make not in self._made:
            self._made[make] = make(self)
        made: T = self._made[make]
        return made

    @functools.cached_property
    def start(self) -> bytes:
        """The first 4 KiB without leading white space."""
        return self.data[:8192].lstrip(_WHITESPACE)[:4096]

    @functools.cached_property
    def json(self) -> Json:
        """The JSON value the document is.

        Raises:
            MalformedError: it is not one strict JSON value (see :func:`gatebook.canonical.loads`).

        """
        if self._undecodable is not None:
            # Every reader asks; that it is none is found out once.
            raise self._undecodable.with_traceback(None)
        try:
            return canonical.loads(
                self.data, what="document", max_bytes=MAX_DOCUMENT_BYTES, max_depth=_MAX_DEPTH
            )
        except MalformedError as error:
            self._undecodable = error
            raise

    @functools.cached_property
    def root(self) -> JsonObject | None:
        """The JSON object the document is; ``None`` when it is anything else.

        Raises:
            MalformedError: it begins as an object and is not strict JSON.

        """
        if not self.start.startswith(b"{"):
            return None
        value = self.json
        return value if isinstance(value, dict) else None

    @functools.cached_property
    def items(self) -> list[Json] | None:
        """The JSON array the document is; ``None`` when it is anything else.

        Raises:
            MalformedError: it begins as an array and is not strict JSON.

        """
        if not self.start.startswith(b"["):
            return None
        value = self.json
        return value if isinstance(value, list) else None

    @functools.cached_property
    def xml_root(self) -> XmlName | None:
        """The name of the XML root element; ``None`` when the document is not XML so far."""
        return root_name(self.data) if self.start.startswith(b"<") else None


def _as_utf8(data: bytes) -> bytes:
    for mark, encoding in _MARKS:
        if not data.startswith(mark):
            continue
        if encoding == "utf-8":
            return data[len(mark) :]
        try:
            text = data[len(mark) :].decode(encoding)
            return _XML_ENCODING.sub(r"\1", text, count=1).encode()
        except UnicodeError:
            raise DocumentError(
                f"the document begins with the byte-order mark of {encoding} and is not in it",
                code="formats.document-encoding",
            ) from None
    return data
