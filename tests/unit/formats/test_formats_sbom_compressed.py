"""Compressed documents: one layer or two are taken off, bombs and broken data are refused."""

import bz2
import contextlib
import gzip
import io
import zipfile
import zlib
from pathlib import Path

import pytest
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st

from gatebook.formats.reading.compressed import CompressedError, compression_of, unwrap
from gatebook.formats.reading.document_format import DocumentFormat

SBOM = b'{"bomFormat":"CycloneDX","specVersion":"1.6"}' * 20
COMPRESSORS = {
    DocumentFormat.GZIP: gzip.compress,
    DocumentFormat.ZSTD: zstandard.compress,
    DocumentFormat.BZIP2: bz2.compress,
}


def code_of(data: bytes, **limits: int) -> str:
    with pytest.raises(CompressedError) as refused:
        unwrap(data, **limits)
    return refused.value.code


@pytest.mark.parametrize("name", COMPRESSORS)
def test_each_compression_is_taken_off_and_named(name: DocumentFormat) -> None:
    assert unwrap(COMPRESSORS[name](SBOM)) == (SBOM, (name,))


def test_a_document_that_is_not_compressed_stays_as_it_is() -> None:
    assert unwrap(SBOM) == (SBOM, ())


@pytest.mark.parametrize("name", COMPRESSORS)
def test_several_members_are_one_document(name: DocumentFormat) -> None:
    compress = COMPRESSORS[name]
    assert unwrap(compress(SBOM) + compress(b"") + compress(SBOM))[0] == SBOM + SBOM


def test_a_skippable_frame_holds_nothing() -> None:
    skippable = b"\x53\x2a\x4d\x18" + (5).to_bytes(4, "little") + b"index"
    assert unwrap(skippable + zstandard.compress(SBOM) + skippable)[0] == SBOM


def test_two_layers_are_named_from_outside_in() -> None:
    assert unwrap(gzip.compress(bz2.compress(SBOM))) == (
        SBOM,
        (DocumentFormat.GZIP, DocumentFormat.BZIP2),
    )


def test_a_third_layer_is_refused() -> None:
    assert code_of(gzip.compress(gzip.compress(gzip.compress(SBOM)))) == (
        "formats.compressed-layers"
    )


@pytest.mark.parametrize("name", COMPRESSORS)
def test_every_truncation_is_refused(name: DocumentFormat) -> None:
    whole = COMPRESSORS[name](SBOM)
    recognised = next(n for n in range(len(whole)) if compression_of(whole[:n]) is not None)
    codes = {code_of(whole[:length]) for length in range(recognised, len(whole))}
    assert codes == {"formats.compressed-truncated"}


@pytest.mark.parametrize("name", COMPRESSORS)
@pytest.mark.parametrize("trailing", [b"\0", b"{}", b"\x1f", b"BZh9x"])
def test_anything_after_the_end_is_refused(name: DocumentFormat, trailing: bytes) -> None:
    assert code_of(COMPRESSORS[name](SBOM) + trailing) == "formats.compressed-trailing"


@pytest.mark.parametrize("name", [DocumentFormat.GZIP, DocumentFormat.BZIP2])
def test_a_wrong_check_sum_is_refused(name: DocumentFormat) -> None:
    whole = bytearray(COMPRESSORS[name](SBOM))
    whole[-6] ^= 1
    assert code_of(bytes(whole)) == "formats.compressed"


def test_a_wrong_check_sum_of_zstandard_is_refused() -> None:
    whole = bytearray(zstandard.ZstdCompressor(write_checksum=True).compress(SBOM))
    whole[-1] ^= 1
    assert code_of(bytes(whole)) == "formats.compressed"


@pytest.mark.parametrize("name", COMPRESSORS)
def test_a_document_of_exactly_the_limit_is_read_and_one_byte_more_is_not(
    name: DocumentFormat,
) -> None:
    data = COMPRESSORS[name](SBOM)
    assert unwrap(data, max_bytes=len(SBOM))[0] == SBOM
    assert code_of(data, max_bytes=len(SBOM) - 1) == "formats.compressed-size"


@pytest.mark.parametrize("name", COMPRESSORS)
def test_a_bomb_costs_no_more_than_its_limit(name: DocumentFormat) -> None:
    bomb = COMPRESSORS[name](bytes(40 * 1024 * 1024))
    assert code_of(bomb, max_bytes=8 * 1024 * 1024) in {
        "formats.compressed-size",
        "formats.compressed-ratio",
    }


def test_a_document_that_grows_beyond_the_ratio_is_refused() -> None:
    assert code_of(bz2.compress(bytes(40 * 1024 * 1024))) == "formats.compressed-ratio"


def test_a_frame_that_lies_about_its_size_is_refused() -> None:
    honest = zstandard.compress(SBOM)
    lying = bytearray(honest)
    lying[5] ^= 0x40  # the content size in the frame header
    assert code_of(bytes(lying)).startswith("formats.compressed")


def test_more_members_than_anybody_writes_are_refused() -> None:
    member = zlib.compressobj(wbits=31)
    empty = member.compress(b"") + member.flush()
    assert code_of(empty * 10_001) == "formats.compressed-size"


def test_a_zip_archive_is_refused_with_a_reason() -> None:
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as members:
        members.writestr("sbom.json", SBOM)
    assert code_of(archive.getvalue()) == "formats.compressed-archive"


@given(
    document=st.binary(max_size=2000),
    layers=st.lists(st.sampled_from(list(COMPRESSORS)), max_size=2),
)
@settings(max_examples=60)
def test_what_was_compressed_comes_back(document: bytes, layers: list[DocumentFormat]) -> None:
    if compression_of(document) is not None:
        return
    data = document
    for name in reversed(layers):
        data = COMPRESSORS[name](data)
    assert unwrap(data) == (document, tuple(layers))


@given(
    name=st.sampled_from(list(COMPRESSORS)),
    place=st.integers(0, 200),
    replacement=st.binary(min_size=1, max_size=3),
)
@settings(max_examples=150)
def test_damage_is_refused_with_our_error_or_gives_a_bounded_document(
    name: DocumentFormat, place: int, replacement: bytes
) -> None:
    data = bytearray(COMPRESSORS[name](SBOM))
    data[place : place + len(replacement)] = replacement
    with contextlib.suppress(CompressedError):
        document, _ = unwrap(bytes(data), max_bytes=1024 * 1024)
        assert len(document) <= 1024 * 1024


def test_the_compressed_sbom_of_the_vectors(vectors: Path) -> None:
    data = (vectors / "sbom/cyclonedx-compressed/busybox-cyclonedx.json.bz2").read_bytes()
    document, layers = unwrap(data)
    assert layers == (DocumentFormat.BZIP2,)
    assert b"CycloneDX" in document
