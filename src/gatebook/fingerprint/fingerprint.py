"""The front door: what to do with a path, and what with the name of an image.

A file is hashed as a file, a directory with an ``oci-layout`` file as the image it holds, any other
directory by ``gatebook-dir-v1``. An archive of an image is a file unless the algorithm ``oci`` is
asked for: its own digest changes with every export.
"""

import os
import stat
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import assert_never

from gatebook.connectors.credentials import CredentialFiles
from gatebook.connectors.http import HttpClient
from gatebook.connectors.registry import RegistryClient
from gatebook.fingerprint.content import LayoutDirectory
from gatebook.fingerprint.docker_archive import identify_archive
from gatebook.fingerprint.file import FileReader, FileStamp
from gatebook.fingerprint.identity import Algorithm, Fingerprint, Kind
from gatebook.fingerprint.image_layout import MARKER, identify_layout
from gatebook.fingerprint.kosli import hash_kosli_tree
from gatebook.fingerprint.patterns import Excludes
from gatebook.fingerprint.refusals import (
    ChangedWhileReadError,
    MissingPathError,
    WrongAlgorithmError,
    from_os_error,
    shown,
    special,
)
from gatebook.fingerprint.tar_archive import TarArchive
from gatebook.fingerprint.tree import hash_tree, open_directory
from gatebook.formats.image_reference import ImageReference
from gatebook.formats.oci import Platform

__all__ = [
    "Algorithm",
    "Fingerprint",
    "Kind",
    "fingerprint",
    "fingerprint_image",
    "fingerprint_path",
]


def fingerprint(
    target: str,
    *,
    algorithm: Algorithm | None = None,
    exclude: Sequence[str] = (),
    image_name: str | None = None,
    platform: Platform | None = None,
    registry: RegistryClient | None = None,
) -> Fingerprint:
    """Fingerprint a path if there is one, else the image of that name.

    Args:
        target: a path that exists, or an image reference. What begins with ``/``, ``./`` or
            ``../`` is a path only.
        algorithm: instead of the one that fits.
        exclude: paths of a directory to leave out.
        image_name: which image of a layout or archive.
        platform: which platform of an image.
        registry: how to ask registries; by default with the credentials of this user.

    Raises:
        MissingPathError: a path that does not exist, or an algorithm for paths only.
        UsageError: an option that does not go with the target.
        GatebookError: as :func:`fingerprint_path` and :func:`fingerprint_image`.

    """
    if not target or "\0" in target:
        raise MissingPathError("a path or an image reference is needed, found an empty one")
    if os.path.lexists(target):
        return fingerprint_path(
            Path(target),
            algorithm=algorithm,
            exclude=exclude,
            image_name=image_name,
            platform=platform,
        )
    only_path = target.startswith(("/", "./", "../", "~")) or target in {".", ".."}
    if only_path or algorithm not in {None, Algorithm.OCI}:
        raise MissingPathError(f"{shown(target)} does not exist")
    if exclude or image_name is not None:
        raise WrongAlgorithmError(
            f"{shown(target)} does not exist, so it names an image, "
            "which has neither paths to exclude nor images to choose from"
        )
    return fingerprint_image(ImageReference.parse(target), registry=registry, platform=platform)


def fingerprint_image(
    reference: ImageReference,
    *,
    registry: RegistryClient | None = None,
    platform: Platform | None = None,
) -> Fingerprint:
    """Ask a registry for the digest of an image, and check it against the bytes.

    Raises:
        NotFoundError: there is no such image, or not for the platform.
        VerificationError: the registry's bytes are not what they must be.
        UnreachableError: the registry did not answer, or refused.

    """
    if registry is not None:
        found = registry.resolve(reference, platform=platform)
    else:
        credentials = CredentialFiles.of(os.environ, home=Path.home())
        with HttpClient() as http:
            found = RegistryClient(http, credentials).resolve(reference, platform=platform)
    return Fingerprint(
        digest=found.digest,
        algorithm=Algorithm.OCI,
        kind=Kind.IMAGE_INDEX if found.is_index else Kind.IMAGE_MANIFEST,
        size=found.size,
        media_type=found.media_type,
        index_digest=found.index_digest,
        reference=found.reference,
    )


def fingerprint_path(
    path: Path,
    *,
    algorithm: Algorithm | None = None,
    exclude: Sequence[str] = (),
    image_name: str | None = None,
    platform: Platform | None = None,
) -> Fingerprint:
    """Fingerprint what lies at ``path``; a path that is a link is resolved once.

    Raises:
        MissingPathError: there is nothing.
        UsageError: the algorithm or an option does not go with what is there, a special file, or
            an exclude pattern that cannot be read.
        UnreadableError: something cannot be read.
        ChangedWhileReadError: something changed meanwhile.
        MalformedError: an image layout or archive that cannot be read one way only.
        NotFoundError: no image of that name or platform.

    """
    called = shown(path)
    try:
        mode = path.stat().st_mode
        via_link = path.is_symlink()
        is_layout = stat.S_ISDIR(mode) and (path / MARKER).is_file()
    except (OSError, ValueError) as error:
        failure = error if isinstance(error, OSError) else FileNotFoundError(2, str(error))
        raise from_os_error(failure, called) from None
    if not stat.S_ISREG(mode) and not stat.S_ISDIR(mode):
        raise special(mode, called)
    if algorithm is None:
        algorithm = _fitting(is_directory=stat.S_ISDIR(mode), is_layout=is_layout)
    trees = {Algorithm.GATEBOOK_DIR_V1, Algorithm.KOSLI_DIR_V1}
    if exclude and algorithm not in trees:
        raise WrongAlgorithmError(f"the algorithm {algorithm} has nothing to exclude from {called}")
    if algorithm is not Algorithm.OCI and (image_name is not None or platform is not None):
        raise WrongAlgorithmError(f"the algorithm {algorithm} knows no images in {called}")
    found = _identify(
        path,
        algorithm,
        is_directory=stat.S_ISDIR(mode),
        exclude=exclude,
        image_name=image_name,
        platform=platform,
    )
    return replace(found, via_link=via_link)


def _identify(
    path: Path,
    algorithm: Algorithm,
    *,
    is_directory: bool,
    exclude: Sequence[str],
    image_name: str | None,
    platform: Platform | None,
) -> Fingerprint:
    called = shown(path)
    match algorithm:
        case Algorithm.FILE:
            hashed = FileReader().read(str(path), follow=True, what=called)
            return Fingerprint(
                digest=hashed.digest, algorithm=algorithm, kind=Kind.CONTENT, size=hashed.size
            )
        case Algorithm.GATEBOOK_DIR_V1 | Algorithm.KOSLI_DIR_V1:
            digest = (
                hash_tree(str(path), Excludes.parse(exclude))
                if algorithm is Algorithm.GATEBOOK_DIR_V1
                else hash_kosli_tree(str(path), exclude)
            )
            return Fingerprint(digest=digest, algorithm=algorithm, kind=Kind.TREE)
        case Algorithm.OCI if is_directory:
            descriptor = open_directory(str(path), what=called)
            try:
                return identify_layout(
                    LayoutDirectory(descriptor), name=image_name, platform=platform
                )
            finally:
                os.close(descriptor)
        case Algorithm.OCI:
            return _archive(path, called, image_name, platform)
        case _:
            assert_never(algorithm)


def _fitting(*, is_directory: bool, is_layout: bool) -> Algorithm:
    if not is_directory:
        return Algorithm.FILE
    return Algorithm.OCI if is_layout else Algorithm.GATEBOOK_DIR_V1


def _archive(
    path: Path, called: str, image_name: str | None, platform: Platform | None
) -> Fingerprint:
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except OSError as error:
        raise from_os_error(error, called) from None
    try:
        opened = os.fstat(descriptor)
        if not stat.S_ISREG(opened.st_mode):
            raise special(opened.st_mode, called)
        found = identify_archive(TarArchive(descriptor), name=image_name, platform=platform)
        if FileStamp.of(os.fstat(descriptor)) != FileStamp.of(opened):
            raise ChangedWhileReadError(f"{called} changed while it was read")
    except OSError as error:
        raise from_os_error(error, called) from None
    else:
        return found
    finally:
        os.close(descriptor)
