"""Large documents, read piece by piece and bounded."""

import gc
import io
import json
from collections.abc import Iterator

import pytest

from gatebook.errors import MalformedError
from gatebook.formats.sbom.read import read_sbom
from gatebook.formats.sbom.streaming import stream_sbom
from gatebook.formats.sbom.surrogates import Surrogates

COMPONENT = {"type": "library", "name": "x", "version": "1", "purl": "pkg:npm/x@1"}


def a_bom(count: int) -> bytes:
    components = [{**COMPONENT, "bom-ref": str(number)} for number in range(count)]
    dependencies = [{"ref": str(number), "dependsOn": ["0"]} for number in range(count)]
    return json.dumps(
        {
            # The format is named last, as programs do that sort their keys.
            "components": components,
            "dependencies": dependencies,
            "bomFormat": "CycloneDX",
            "specVersion": "1.5",
        }
    ).encode()


class Endless:
    """A source that never ends, and knows how much was taken from it."""

    def __init__(self) -> None:
        self.taken = 0
        self._pieces = self._make()

    def read(self, size: int, /) -> bytes:
        piece = next(self._pieces)[:size]
        self.taken += len(piece)
        return piece

    def _make(self) -> Iterator[bytes]:
        yield b'{"bomFormat":"CycloneDX","specVersion":"1.5","components":['
        while True:
            yield b'{"type":"library","name":"x"},' * 100


def test_above_a_size_documents_are_streamed_and_give_the_same() -> None:
    data = a_bom(500)
    assert read_sbom(data, stream_above=1000) == read_sbom(data)


def test_pieces_may_be_cut_anywhere() -> None:
    class Dribbling(io.BytesIO):
        def read(self, size: int | None = -1, /) -> bytes:
            return super().read(7 if size is None else min(size, 7))

    data = a_bom(20)
    assert stream_sbom(Dribbling(data)) == read_sbom(data)


def test_a_document_beyond_the_limit_is_refused() -> None:
    for read in (
        lambda: read_sbom(a_bom(100), max_bytes=1000),
        lambda: stream_sbom(a_bom(100), max_bytes=1000),
    ):
        with pytest.raises(MalformedError) as refusal:
            read()
        assert refusal.value.code == "canonical.too-large"


def test_an_endless_document_is_given_up() -> None:
    source = Endless()
    with pytest.raises(MalformedError) as refusal:
        stream_sbom(source, max_bytes=1_000_000)
    assert refusal.value.code == "canonical.too-large"
    assert source.taken < 1_200_000


@pytest.mark.parametrize("document", [b"", b"[]", b"1", b'{"a":1}', b'{"components":[]}', b"{} {}"])
def test_what_is_no_sbom_is_refused(document: bytes) -> None:
    with pytest.raises(MalformedError):
        stream_sbom(document)


@pytest.mark.parametrize("number", [b"1e999", b"NaN", b"01", b"1" * 400])
def test_numbers_that_cannot_be_kept_are_refused(number: bytes) -> None:
    document = a_bom(1).replace(b'"specVersion"', b'"other": ' + number + b', "specVersion"')
    with pytest.raises(MalformedError):
        stream_sbom(document)


@pytest.mark.parametrize(
    "space", [b"\x0b", b"\x0c", b"\xa0", b"\xc2\xa0", b"/**/", b"\xef\xbb\xbf"]
)
@pytest.mark.parametrize("place", [1, 50])
def test_only_the_white_space_of_json_is_taken(space: bytes, place: int) -> None:
    document = (
        a_bom(1).replace(b": ", b":" + space, 1) if place > 1 else b"{" + space + a_bom(1)[1:]
    )
    with pytest.raises(MalformedError):
        stream_sbom(document)
    with pytest.raises(MalformedError):
        read_sbom(document)


def test_a_mark_of_utf_8_at_the_start_is_cut_off() -> None:
    data = a_bom(2)
    assert stream_sbom(b"\xef\xbb\xbf" + data) == read_sbom(b"\xef\xbb\xbf" + data)


def test_an_array_of_another_format_does_not_matter() -> None:
    document = a_bom(3)[:-1] + b', "packages": [{"name": 1}], "artifacts": [5]}'
    assert stream_sbom(document) == read_sbom(document)


def test_reading_leaves_the_garbage_collector_as_it_was() -> None:
    assert gc.isenabled()
    read_sbom(a_bom(10))
    with pytest.raises(MalformedError):
        read_sbom(a_bom(10)[:-5])
    assert gc.isenabled()
    gc.disable()
    try:
        read_sbom(a_bom(10))
        assert not gc.isenabled()
    finally:
        gc.enable()


@pytest.mark.parametrize(
    ("text", "sound"),
    [
        (rb"\ud83d\ude00", True),
        (rb"\\ud83d", True),
        (rb"\ud83d", False),
        (rb"\\\ud83d", False),
        (rb"\ud83d\\ude00", False),
        (rb"\uD83D\uDE00", True),
    ],
)
def test_half_a_character_is_found_wherever_the_pieces_are_cut(text: bytes, sound: bool) -> None:  # noqa: FBT001  # a row of the table
    data = b'"a: ' + text + b' b, and more text after it"'
    for cut in range(len(data)):
        surrogates = Surrogates()
        try:
            for piece in (data[:cut], data[cut:], b""):
                surrogates.look_at(piece)
        except MalformedError:
            assert not sound
        else:
            assert sound
