"""The built-in controls by name."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from gatebook.policy.control import Control
from gatebook.policy.controls.approval import ApprovalControl
from gatebook.policy.controls.artifact_identified import ArtifactIdentified
from gatebook.policy.controls.attestation import AttestationControl
from gatebook.policy.controls.build_age import BuildAge
from gatebook.policy.controls.provenance import ProvenanceControl
from gatebook.policy.controls.sbom import SbomControl
from gatebook.policy.controls.tests_passed import TestsPassed

__all__ = ["CATALOGUE"]

_CONTROLS: tuple[type[Control], ...] = (
    ArtifactIdentified,
    ProvenanceControl,
    AttestationControl,
    SbomControl,
    TestsPassed,
    ApprovalControl,
    BuildAge,
)
CATALOGUE: Final[Mapping[str, type[Control]]] = MappingProxyType(
    {control.name: control for control in _CONTROLS}
)
"""Control name to class; a contract that uses another name is refused."""
