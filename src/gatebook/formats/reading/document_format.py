"""The names of the formats that are told apart."""

from enum import StrEnum

__all__ = ["DocumentFormat", "Family"]


class Family(StrEnum):
    """What a document is evidence of."""

    SBOM = "sbom"
    SCAN = "scan"
    VEX = "vex"
    TESTS = "tests"
    COVERAGE = "coverage"
    QUALITY = "quality"
    ATTESTATION = "attestation"
    ADVISORY = "advisory"
    CONTAINER = "container"
    OTHER = "other"


class DocumentFormat(StrEnum):
    """One format, by the name that ``gatebook inspect`` prints."""

    # Component lists.
    CYCLONEDX_JSON = "cyclonedx-json"
    CYCLONEDX_XML = "cyclonedx-xml"
    CYCLONEDX_EXTENSION_XML = "cyclonedx-1.0-extension-xml"
    CYCLONEDX_PROTOBUF = "cyclonedx-protobuf"
    CYCLONEDX_TEXTPROTO = "cyclonedx-textproto"
    SPDX2_JSON = "spdx2-json"
    SPDX2_TAG_VALUE = "spdx2-tagvalue"
    SPDX2_YAML = "spdx2-yaml"
    SPDX2_RDF_XML = "spdx2-rdfxml"
    SPDX2_XML = "spdx2-xml"
    SPDX2_DOCUMENT_XML = "xml:SpdxDocument"
    SPDX3_JSON_LD = "spdx3-jsonld"
    SYFT_JSON = "syft-json"
    GITHUB_DEPENDENCY_SNAPSHOT = "github-dependency-snapshot"

    # Vulnerability and code scans.
    TRIVY_JSON = "trivy-json"
    TRIVY_LEGACY_LIST = "trivy-legacy-list"
    TRIVY_K8S = "trivy-k8s"
    TRIVY_OPERATOR_VULNERABILITIES = "trivy-operator-vulnerabilityreport"
    TRIVY_OPERATOR_CONFIG_AUDIT = "trivy-operator-configauditreport"
    TRIVY_OPERATOR_COMPLIANCE = "trivy-operator-clustercompliancereport"
    TRIVY_OPERATOR_SECRETS = "trivy-operator-exposedsecretreport"
    TRIVY_OPERATOR_OTHER = "trivy-operator-report"
    GRYPE_JSON = "grype-json"
    SNYK_JSON = "snyk-json"
    SNYK_ALL_PROJECTS = "snyk-json-all-projects"
    SNYK_ISSUES_REST = "snyk-issues-rest"
    OSV_SCANNER_JSON = "osv-scanner-json"
    SARIF = "sarif-2.1.0"
    GITHUB_DEPENDABOT_GRAPHQL = "github-dependabot-graphql"
    GITHUB_DEPENDABOT_ALERTS = "github-dependabot-alerts"
    GITHUB_CODE_SCANNING_ALERTS = "github-code-scanning-alerts"
    GITHUB_WEBHOOK_ALERT = "github-webhook-alert"
    AWS_INSPECTOR2 = "aws-inspector2"
    AWS_ECR = "aws-ecr-scan-findings"
    AWS_ASFF = "aws-asff"
    GITLAB_SECURITY_REPORT = "gitlab-security-report"
    NPM_AUDIT_V1 = "npm-audit-v1"
    NPM_AUDIT_V2 = "npm-audit-v2"
    PIP_AUDIT = "pip-audit"
    PIP_AUDIT_LEGACY_LIST = "pip-audit-legacy-list"
    CARGO_AUDIT = "cargo-audit"
    GOVULNCHECK = "govulncheck"
    GOVULNCHECK_LEGACY = "govulncheck-legacy"
    DEPENDENCY_TRACK_FPF = "dependency-track-fpf"
    DEPENDENCY_CHECK_XML = "dependency-check-xml"
    DEPENDENCY_CHECK_JSON = "dependency-check-json"
    HARBOR_REPORT = "harbor-report"
    CLAIR_SCANNER = "clair-scanner"
    CLAIR_KLAR = "clair-klar"
    CLAIR_V4 = "clair-v4"
    GCP_ARTIFACT_ANALYSIS = "gcp-artifact-analysis"

    # Statements about exploitability.
    OPENVEX = "openvex"
    CSAF = "csaf"

    # Test reports.
    JUNIT_XML = "junit-xml"
    TRX = "trx"
    NUNIT2 = "nunit2"
    NUNIT3 = "nunit3"
    XUNIT2 = "xunit2"
    CTRF = "ctrf"
    CTRF_NORMATIVE_SUITE = "ctrf-normative-suite"
    GO_TEST_JSON = "go-test-json"
    DART_JSON = "dart-json"
    TAP = "tap"
    MOCHA_JSON = "mocha-json"
    RSPEC_JSON = "rspec-json"
    JEST_JSON = "jest-json"

    # Coverage and code quality.
    COBERTURA = "cobertura"
    JACOCO = "jacoco"
    LCOV = "lcov"
    CLOVER = "clover"
    OPENCOVER = "opencover"
    SONAR_GENERIC_COVERAGE = "sonar-generic-coverage"
    COVERAGE_PY_JSON = "coverage-py-json"
    GO_COVERPROFILE = "go-coverprofile"
    SONARQUBE_ISSUES = "sonarqube-issues-api"
    SONARQUBE_QUALITY_GATE = "sonarqube-quality-gate"
    SONARQUBE_WEBHOOK = "sonarqube-webhook"

    # Advisories and enrichment.
    OSV_RECORD = "osv-record"
    KEV_CATALOGUE = "kev-catalogue"
    EPSS_SCORES = "epss-scores"

    # What other documents come in.
    DSSE = "dsse"
    SIGSTORE_BUNDLE = "sigstore-bundle"
    IN_TOTO_STATEMENT = "in-toto-statement"
    GZIP = "gzip"
    ZSTD = "zstd"
    BZIP2 = "bzip2"
    ZIP = "zip"

    # Nothing that is read.
    JSON_OTHER = "json-other"
    JSON_ARRAY = "json-array"
    JSON_STREAM = "json-stream"
    YAML = "yaml"
    XML_OTHER = "xml-other"
    OTHER = "other"
    UNPARSEABLE = "unparseable"
