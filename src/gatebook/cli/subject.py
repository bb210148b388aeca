"""The subject of a command: a digest, or something that has one."""

from typing import TYPE_CHECKING

import click

from gatebook.cli.options import Argument

if TYPE_CHECKING:
    from gatebook.digest import Digest
    from gatebook.fingerprint.identity import Fingerprint

__all__ = ["is_number", "resolve_digest", "resolve_fingerprint", "subject_argument"]

subject_argument = click.argument("subject", metavar="SUBJECT", cls=Argument)


_DIGITS = 16


def is_number(text: str) -> bool:
    """Whether a text is the number of an entry."""
    return text.isascii() and text.isdecimal() and len(text) <= _DIGITS


def resolve_digest(subject: str) -> "Digest":
    """Turn ``sha256:…``, a path or an image reference into a digest.

    Raises:
        GatebookError: it is none of these, or cannot be read.

    """
    from gatebook.digest import Digest

    found = resolve_fingerprint(subject)
    return found if isinstance(found, Digest) else found.digest


def resolve_fingerprint(subject: str) -> "Digest | Fingerprint":
    """Turn a subject into its digest, or into the fingerprint of the thing it names."""
    from gatebook.digest import ALGORITHMS, Digest

    if subject.partition(":")[0] in ALGORITHMS and "/" not in subject:
        return Digest.parse(subject)
    from gatebook.fingerprint.fingerprint import fingerprint

    return fingerprint(subject)
