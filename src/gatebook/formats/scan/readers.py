"""Every scanner's format that is read, in the order in which they are to be asked."""

from typing import Final

from gatebook.formats.reading.reader import Reader
from gatebook.formats.scan import (
    cosign_vuln,
    cyclonedx_vdr,
    grype,
    osv_scanner,
    sarif,
    snyk,
    snyk_issues,
    trivy,
    trivy_k8s,
    trivy_legacy,
    trivy_operator,
    vulns,
)
from gatebook.formats.scan.report import ScanReport
from gatebook.formats.scan.vendor_readers import VENDOR_READERS

__all__ = ["NATIVE_READERS", "SCAN_READERS"]

NATIVE_READERS: Final[tuple[Reader[ScanReport], ...]] = (
    trivy_k8s.READER,
    trivy.READER,
    trivy_legacy.READER,
    *trivy_operator.READERS,
    trivy_operator.LIST_READER,
    grype.READER,
    snyk.READER,
    snyk.ALL_PROJECTS_READER,
    snyk_issues.READER,
    osv_scanner.READER,
    sarif.READER,
    cyclonedx_vdr.READER,
    cyclonedx_vdr.XML_READER,
    *VENDOR_READERS,
)
"""Scanners' own reports, as they may also be found inside of a predicate."""

SCAN_READERS: Final[tuple[Reader[ScanReport], ...]] = (
    *NATIVE_READERS,
    vulns.READER,
    cosign_vuln.reader_over(NATIVE_READERS),
)
