"""The built-in controls by name."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from gatebook.policy.control import Control
from gatebook.policy.controls.approval import ApprovalControl
from gatebook.policy.controls.artifact_identified import ArtifactIdentified
from gatebook.policy.controls.attestation import AttestationControl
from gatebook.policy.controls.base_image import BaseImageControl
from gatebook.policy.controls.build_age import BuildAge
from gatebook.policy.controls.code_scanning import CodeScanning
from gatebook.policy.controls.coverage import CoverageControl
from gatebook.policy.controls.custom_evidence import CustomEvidence
from gatebook.policy.controls.denied_packages import DeniedPackages
from gatebook.policy.controls.ecosystems import EcosystemsControl
from gatebook.policy.controls.licenses import LicensesControl
from gatebook.policy.controls.provenance import ProvenanceControl
from gatebook.policy.controls.quality_gate import QualityGate
from gatebook.policy.controls.sbom import SbomControl
from gatebook.policy.controls.sbom_fresh import SbomFresh
from gatebook.policy.controls.sbom_quality import SbomQuality
from gatebook.policy.controls.scan import ScanControl
from gatebook.policy.controls.tests_passed import TestsPassed
from gatebook.policy.controls.vulnerabilities import VulnerabilitiesControl

__all__ = ["CATALOGUE"]

_CONTROLS: tuple[type[Control], ...] = (
    ArtifactIdentified,
    ProvenanceControl,
    AttestationControl,
    SbomControl,
    SbomFresh,
    SbomQuality,
    LicensesControl,
    EcosystemsControl,
    DeniedPackages,
    BaseImageControl,
    ScanControl,
    VulnerabilitiesControl,
    CodeScanning,
    TestsPassed,
    CoverageControl,
    QualityGate,
    CustomEvidence,
    ApprovalControl,
    BuildAge,
)
CATALOGUE: Final[Mapping[str, type[Control]]] = MappingProxyType(
    {control.name: control for control in _CONTROLS}
)
"""Control name to class; a contract that uses another name is refused."""
