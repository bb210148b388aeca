"""Readers of the reports of platforms, package managers and registries, in the order to ask them.

No two of them recognise the same document; those that look at one key of the root come first.
"""

from typing import Final

from gatebook.formats.reading.reader import Reader
from gatebook.formats.scan import (
    aws_asff,
    aws_ecr,
    aws_inspector,
    black_duck,
    cargo_audit,
    checkmarx,
    clair,
    clair_v4,
    dependency_check_json,
    dependency_check_xml,
    dependency_track,
    detect_secrets,
    gcp,
    github_code_scanning,
    github_dependabot,
    github_graphql,
    github_secret_scanning,
    github_webhook,
    gitlab,
    gitleaks,
    govulncheck,
    govulncheck_legacy,
    harbor,
    npm_audit,
    npm_audit_tree,
    pip_audit,
    twistcli,
    yarn_audit,
)
from gatebook.formats.scan.report import ScanReport

__all__ = ["VENDOR_READERS"]

VENDOR_READERS: Final[tuple[Reader[ScanReport], ...]] = (
    dependency_check_xml.READER,
    govulncheck.READER,
    yarn_audit.READER,
    dependency_check_json.READER,
    npm_audit_tree.READER,
    npm_audit.READER,
    cargo_audit.READER,
    pip_audit.READER,
    dependency_track.READER,
    gitlab.READER,
    aws_ecr.READER,
    aws_inspector.READER,
    aws_asff.READER,
    harbor.READER,
    clair.READER,
    clair.KLAR_READER,
    clair_v4.READER,
    gcp.READER,
    govulncheck_legacy.READER,
    github_webhook.READER,
    github_graphql.READER,
    github_dependabot.READER,
    github_code_scanning.READER,
    github_secret_scanning.READER,
    pip_audit.LIST_READER,
    twistcli.READER,
    checkmarx.READER,
    black_duck.READER,
    detect_secrets.READER,
    gitleaks.READER,
)
