"""Which metadata belongs to which step: the file names of the in-toto specification.

``STEP.KEYID.link`` holds a link or a sublayout of a step (spec v1.0 §4.4); what belongs to a
sublayout stands in a directory of its name without the suffix (§4.5.2). Attestations for ITE-10
layouts are ``STEP.KEYID.json``. The name says where to look and is believed for nothing: a link
also names its step under its signature.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from gatebook.errors import MalformedError

__all__ = ["MAX_EVIDENCE", "EvidenceNameError", "StepEvidence", "arrange_evidence"]

MAX_EVIDENCE: Final = 4096
_MAX_NESTING: Final = 16
_SUFFIXES: Final = (".link", ".json")


class EvidenceNameError(MalformedError):
    """A file of a layout's evidence is not named as the specification names it."""

    code = "formats.layout-evidence"


@dataclass(frozen=True, slots=True, kw_only=True)
class StepEvidence:
    """One piece of metadata, and the step it was filed under.

    Attributes:
        name: what it is called in messages, such as its file name.
        data: the bytes as received.
        step: the step it was filed under, or ``None`` to go by the name a link has inside.
        nested: the metadata of its own steps, when it is a sublayout.

    """

    name: str
    data: bytes = field(repr=False)
    step: str | None = None
    nested: tuple["StepEvidence", ...] = field(default=(), repr=False)


def arrange_evidence(files: Mapping[str, bytes]) -> tuple[StepEvidence, ...]:
    """Arrange files by the names the specification gives them, in the order of their names.

    Args:
        files: the contents by relative path, parts separated by ``/``.

    Raises:
        EvidenceNameError: more than :data:`MAX_EVIDENCE` files; another form of name; a directory
            that belongs to no file.

    """
    if len(files) > MAX_EVIDENCE:
        raise EvidenceNameError(
            f"found {len(files)} files of evidence; at most {MAX_EVIDENCE} are read"
        )
    return _arrange(files, "", 0)


def _arrange(files: Mapping[str, bytes], place: str, nesting: int) -> tuple[StepEvidence, ...]:
    if nesting > _MAX_NESTING:
        raise EvidenceNameError(f"evidence is nested deeper than {_MAX_NESTING} directories")
    directories: dict[str, dict[str, bytes]] = {}
    here: dict[str, bytes] = {}
    for path, data in files.items():
        directory, mark, rest = path.partition("/")
        if mark:
            directories.setdefault(directory, {})[rest] = data
        else:
            here[path] = data
    found: list[StepEvidence] = []
    for name in sorted(here):
        suffix = next((item for item in _SUFFIXES if name.endswith(item)), "")
        stem = name.removesuffix(suffix)
        step, _, keyid = stem.rpartition(".")
        if not suffix or not step or not keyid:
            raise EvidenceNameError(
                f"{(place + name)[:160]!r} is not named STEP.KEYID.link or STEP.KEYID.json"
            )
        nested = _arrange(directories.pop(stem, {}), f"{place}{stem}/", nesting + 1)
        found.append(StepEvidence(name=place + name, data=here[name], step=step, nested=nested))
    if directories:
        raise EvidenceNameError(
            f"the directory {(place + min(directories))[:160]!r} belongs to no sublayout beside it"
        )
    return tuple(found)
