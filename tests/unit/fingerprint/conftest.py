"""Trees on disk from a description, images in a layout, and archives of them."""

import contextlib
import gzip
import hashlib
import io
import json
import os
import sys
import tarfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest

OCI_INDEX = "application/vnd.oci.image.index.v1+json"
OCI_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
OCI_CONFIG = "application/vnd.oci.image.config.v1+json"
OCI_LAYER = "application/vnd.oci.image.layer.v1.tar"


def plant(root: Path, tree: Mapping[str, object]) -> Path:
    """Make ``tree``: path → text, bytes, ``{"symlink": target}`` or ``{"executable": text}``."""
    root.mkdir(parents=True, exist_ok=True)
    for name, content in tree.items():
        path = root / name
        if name.endswith("/"):
            path.mkdir(parents=True, exist_ok=True)
            continue
        path.parent.mkdir(parents=True, exist_ok=True)
        match content:
            case {"symlink": target}:
                path.symlink_to(str(target))
            case {"executable": text}:
                path.write_text(str(text))
                path.chmod(0o755)
            case bytes():
                path.write_bytes(content)
            case _:
                path.write_text(str(content))
    return root


@pytest.fixture
def make_tree(tmp_path: Path):
    def make(tree: Mapping[str, object], name: str = "tree") -> Path:
        return plant(tmp_path / name, tree)

    return make


def encoded(document: object) -> bytes:
    return json.dumps(document).encode()


def digest_of(content: bytes) -> str:
    return "sha256:" + hashlib.sha256(content).hexdigest()


@dataclass
class Layout:
    """The files of an image layout, not yet written anywhere."""

    files: dict[str, bytes] = field(
        default_factory=lambda: {"oci-layout": b'{"imageLayoutVersion":"1.0.0"}'}
    )
    entries: list[dict[str, object]] = field(default_factory=list)

    def blob(self, content: bytes, media_type: str, **more: object) -> dict[str, object]:
        digest = digest_of(content)
        self.files[f"blobs/sha256/{digest[7:]}"] = content
        return {"mediaType": media_type, "digest": digest, "size": len(content)} | more

    def image(self, architecture: str = "amd64", **more: object) -> dict[str, object]:
        layer = b"layer for " + architecture.encode()
        platform = {"os": "linux", "architecture": architecture}
        config = encoded(platform | {"rootfs": {"type": "layers", "diff_ids": [digest_of(layer)]}})
        manifest = {
            "schemaVersion": 2,
            "mediaType": OCI_MANIFEST,
            "config": self.blob(config, OCI_CONFIG),
            "layers": [self.blob(layer, OCI_LAYER)],
        } | more
        return self.blob(encoded(manifest), OCI_MANIFEST, platform=platform)

    def index(self, *manifests: dict[str, object]) -> dict[str, object]:
        document = {"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": list(manifests)}
        return self.blob(encoded(document), OCI_INDEX)

    def enter(self, descriptor: dict[str, object], **annotations: str) -> "Layout":
        named = {"annotations": annotations} if annotations else {}
        self.entries.append(descriptor | named)
        return self

    def finished(self) -> dict[str, bytes]:
        document = {"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": self.entries}
        return {"index.json": encoded(document)} | self.files


@pytest.fixture
def layout() -> Layout:
    return Layout()


@dataclass
class Archive:
    """A tar archive in the making."""

    stream: io.BytesIO = field(default_factory=io.BytesIO)
    format: int = tarfile.PAX_FORMAT

    def __post_init__(self) -> None:
        self.tar = tarfile.open(fileobj=self.stream, mode="w", format=self.format)  # noqa: SIM115  # closed when written

    def add(self, name: str, content: bytes = b"", **more: object) -> "Archive":
        member = tarfile.TarInfo(name)
        member.size = len(content)
        for attribute, given in more.items():
            setattr(member, attribute, given)
        self.tar.addfile(member, io.BytesIO(content))
        return self

    def add_all(self, files: Mapping[str, bytes]) -> "Archive":
        for name, content in files.items():
            self.add(name, content)
        return self

    def finished(self) -> bytes:
        self.tar.close()
        return self.stream.getvalue()

    def write(self, path: Path, *, compressed: bool = False) -> Path:
        content = self.finished()
        path.write_bytes(gzip.compress(content) if compressed else content)
        return path


@pytest.fixture
def archive() -> Archive:
    return Archive()


@pytest.fixture
def make_archive():
    return Archive


def _is_open(path: Path) -> bool:
    for descriptor in Path("/proc/self/fd").iterdir():
        with contextlib.suppress(OSError):
            if descriptor.readlink() == path:
                return True
    return False


@pytest.fixture
def while_read() -> Iterator[Callable[[Path, Callable[[], object]], None]]:
    """Do something once a file is being read; the file is made a hole large enough to be slow."""
    threads: list[threading.Thread] = []

    def meddle(path: Path, deed: Callable[[], object]) -> None:
        with path.open("wb") as stream:
            stream.truncate(600_000_000)

        def run() -> None:
            end = time.monotonic() + 5
            while not _is_open(path) and time.monotonic() < end:
                time.sleep(0.001)
            time.sleep(0.005)
            deed()

        threads.append(threading.Thread(target=run))
        threads[0].start()

    yield meddle
    for thread in threads:
        thread.join()


_AT_OPEN: dict[str, Callable[[], object]] = {}


def _watch(event: str, arguments: tuple[object, ...]) -> None:
    if _AT_OPEN and event == "open":
        name = arguments[0]
        deed = _AT_OPEN.pop(os.fsdecode(name), None) if isinstance(name, str | bytes) else None
        if deed is not None:
            deed()


@pytest.fixture
def at_open() -> Iterator[Callable[[str, Callable[[], object]], None]]:
    """Do something at the very moment at which a name is about to be opened (PEP 578)."""
    if not _watching:
        sys.addaudithook(_watch)
        _watching.append(True)
    yield _AT_OPEN.__setitem__
    _AT_OPEN.clear()


_watching: list[bool] = []
