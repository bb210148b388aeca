"""A package to take apart, and what somebody can do to it."""

from collections.abc import Callable
from typing import Any

import pytest

from gatebook import canonical
from gatebook.audit.archive import PackageError, write_archive
from gatebook.audit.verify import verify_package
from gatebook.digest import sha256


@pytest.fixture
def deployed(approved):
    """A book with a decision that allowed, a deployment under it, and refusals on the way."""
    approved.refuse_evidence()
    approved.refuse_approval()
    approved.decision = approved.judge()
    approved.deploy(approved.decision)
    return approved


@pytest.fixture
def package(deployed) -> bytes:
    return deployed.package(deployed.decision)


@pytest.fixture
def key(deployed):
    return deployed.log_signer.verifier


@pytest.fixture(scope="session")
def refusal() -> Callable[[bytes, Any], PackageError]:
    """Why a package is refused; it has to be."""

    def refuse(data: bytes, key: Any) -> PackageError:
        with pytest.raises(PackageError) as refused:
            verify_package(data, log_key=key)
        return refused.value

    return refuse


@pytest.fixture(scope="session")
def relisted() -> Callable[..., bytes]:
    """The package somebody makes who may write whatever they like, the manifest included."""

    def relist(files: dict[str, bytes], **changes: Any) -> bytes:
        manifest = canonical.as_object(canonical.loads(files["manifest.json"]))
        known = {record["name"]: record["what"] for record in manifest["files"]}
        manifest["files"] = [
            {
                "name": name,
                "digest": str(sha256(data)),
                "size": len(data),
                "what": known.get(name, "something"),
            }
            for name, data in sorted(files.items())
            if name != "manifest.json"
        ]
        return write_archive({**files, "manifest.json": canonical.encode({**manifest, **changes})})

    return relist


@pytest.fixture(scope="session")
def changed() -> Callable[[bytes, int, int], bytes]:
    """The package with one byte changed."""

    def change(package: bytes, place: int, mask: int) -> bytes:
        data = bytearray(package)
        data[place] ^= mask
        return bytes(data)

    return change
