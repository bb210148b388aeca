"""What each format is called by people, and how it is recognised, in one line each.

For ``gatebook inspect`` and the reference; the readers themselves decide.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, NamedTuple

from gatebook.formats.reading.document_format import DocumentFormat

__all__ = ["RECOGNITION", "Recognition"]


class Recognition(NamedTuple):
    """One format in words.

    Attributes:
        title: what people call it.
        rule: what a document of it has.

    """

    title: str
    rule: str


_OPERATOR: Final = "`apiVersion` of `aquasecurity.github.io` and this `kind`"

RECOGNITION: Final[Mapping[DocumentFormat, Recognition]] = MappingProxyType(
    {
        DocumentFormat.CYCLONEDX_JSON: Recognition("CycloneDX JSON", "an object with `bomFormat`"),
        DocumentFormat.CYCLONEDX_XML: Recognition(
            "CycloneDX XML", "a root `bom` in a CycloneDX namespace, which says the version"
        ),
        DocumentFormat.CYCLONEDX_EXTENSION_XML: Recognition(
            "CycloneDX XML 1.0 or 1.1 with an extension",
            "a root `bom` of 1.0 or 1.1, and near it a namespace of the extensions for "
            "dependencies or vulnerabilities",
        ),
        DocumentFormat.CYCLONEDX_PROTOBUF: Recognition(
            "CycloneDX in Protocol Buffers",
            "the media type `application/x.vnd.cyclonedx+protobuf` alone",
        ),
        DocumentFormat.CYCLONEDX_TEXTPROTO: Recognition(
            "CycloneDX in the text form of Protocol Buffers",
            "fields as text, with `spec_version: …` or the header that names the message; "
            "named, and not read",
        ),
        DocumentFormat.SPDX2_JSON: Recognition(
            "SPDX 2 JSON",
            "an object with `spdxVersion`, at the root or in a `Document` at the root",
        ),
        DocumentFormat.SPDX2_TAG_VALUE: Recognition(
            "SPDX 2 tag-value", "a line `SPDXVersion:` at the start"
        ),
        DocumentFormat.SPDX2_YAML: Recognition(
            "SPDX 2 YAML", "a key `spdxVersion` with `SPDX-…` in YAML"
        ),
        DocumentFormat.SPDX2_RDF_XML: Recognition(
            "SPDX 2 RDF/XML", "a root `RDF` with terms of SPDX"
        ),
        DocumentFormat.SPDX2_XML: Recognition(
            "SPDX 2 XML", "a root `Document` with fields of SPDX"
        ),
        DocumentFormat.SPDX2_DOCUMENT_XML: Recognition(
            "early SPDX 2 XML", "a root `SpdxDocument` with fields of SPDX"
        ),
        DocumentFormat.SPDX3_JSON_LD: Recognition(
            "SPDX 3 JSON-LD", "an `@context` of `spdx.org/rdf/3…`"
        ),
        DocumentFormat.SYFT_JSON: Recognition(
            "Syft JSON",
            "`artifacts`, with `artifactRelationships` or a schema or descriptor of Syft",
        ),
        DocumentFormat.GITHUB_DEPENDENCY_SNAPSHOT: Recognition(
            "GitHub dependency snapshot", "`detector` and `manifests`"
        ),
        DocumentFormat.CSAF: Recognition("CSAF", "a `document` with `csaf_version`"),
        DocumentFormat.OPENVEX: Recognition(
            "OpenVEX",
            "an `@context` of `https://openvex.dev/ns…`, or statements with "
            "`vulnerability` and `status`",
        ),
        DocumentFormat.JUNIT_XML: Recognition("JUnit XML", "a root `testsuites` or `testsuite`"),
        DocumentFormat.TRX: Recognition("Visual Studio test results", "a root `TestRun`"),
        DocumentFormat.NUNIT3: Recognition("NUnit 3", "a root `test-run`"),
        DocumentFormat.NUNIT2: Recognition("NUnit 2", "a root `test-results`"),
        DocumentFormat.XUNIT2: Recognition(
            "xUnit.net 1 to 3", "a root `assemblies`, or `assembly` with attributes of xUnit.net"
        ),
        DocumentFormat.CTRF: Recognition(
            "Common Test Report Format",
            "`reportFormat` CTRF, or `results` with `tool`, `summary` and `tests`",
        ),
        DocumentFormat.CTRF_NORMATIVE_SUITE: Recognition(
            "test data of CTRF",
            "a `target` of CTRF and `tests` that say what is valid; no evidence, and "
            "refused as such",
        ),
        DocumentFormat.JEST_JSON: Recognition(
            "Jest or Vitest JSON", "`numTotalTests` and `testResults`"
        ),
        DocumentFormat.MOCHA_JSON: Recognition(
            "Mocha JSON", "`stats` with `passes` and `failures`, and `tests`"
        ),
        DocumentFormat.RSPEC_JSON: Recognition(
            "RSpec JSON", "`examples` and a `summary` with `example_count`"
        ),
        DocumentFormat.GO_TEST_JSON: Recognition(
            "`go test -json`", "a first line with an `Action` of `go test`"
        ),
        DocumentFormat.DART_JSON: Recognition(
            "Dart or Flutter JSON", "a first line of type `start` with `protocolVersion`"
        ),
        DocumentFormat.TAP: Recognition(
            "Test Anything Protocol 12 to 14",
            "a first line with a version, a plan or a numbered test",
        ),
        DocumentFormat.COBERTURA: Recognition(
            "Cobertura XML", "a root `coverage` with `line-rate` or `packages`"
        ),
        DocumentFormat.CLOVER: Recognition(
            "Clover XML", "a root `coverage` with `clover` or `project`"
        ),
        DocumentFormat.SONAR_GENERIC_COVERAGE: Recognition(
            "generic coverage of SonarQube", "a root `coverage` of version 1 with `lineToCover`"
        ),
        DocumentFormat.JACOCO: Recognition("JaCoCo XML", "a root `report` with what JaCoCo writes"),
        DocumentFormat.OPENCOVER: Recognition("OpenCover XML", "a root `CoverageSession`"),
        DocumentFormat.LCOV: Recognition("LCOV trace file", "a first line `TN:` or `SF:`"),
        DocumentFormat.COVERAGE_PY_JSON: Recognition(
            "coverage.py JSON", "`files`, and `totals` with `covered_lines`"
        ),
        DocumentFormat.GO_COVERPROFILE: Recognition(
            "Go cover profile", "a first line `mode:` with set, count or atomic"
        ),
        DocumentFormat.SONARQUBE_QUALITY_GATE: Recognition(
            "SonarQube quality gate", "an object `projectStatus`"
        ),
        DocumentFormat.SONARQUBE_WEBHOOK: Recognition(
            "SonarQube webhook", "`taskId`, a `project`, and `qualityGate` or `serverUrl`"
        ),
        DocumentFormat.SONARQUBE_REPORT: Recognition(
            "SonarQube report of issues",
            "`issues` and `rules`, with what sonar-report writes beside them",
        ),
        DocumentFormat.SONARQUBE_ISSUES: Recognition(
            "SonarQube issues API", "`issues` and how they are paged"
        ),
        DocumentFormat.SONARQUBE_HOTSPOTS: Recognition(
            "SonarQube hotspots API", "`hotspots` and how they are paged"
        ),
        DocumentFormat.SONARQUBE_ISSUE_LIST: Recognition(
            "list of SonarQube issues",
            "an array of objects with `key`, `rule`, `component` and `project`",
        ),
        DocumentFormat.OPENSSF_SCORECARD: Recognition(
            "OpenSSF Scorecard", "`scorecard`, `repo` and `checks`"
        ),
        DocumentFormat.TRIVY_K8S: Recognition(
            "Trivy Kubernetes", "`ClusterName` with resources or findings"
        ),
        DocumentFormat.TRIVY_JSON: Recognition(
            "Trivy JSON",
            "`SchemaVersion` with a field of Trivy's, or `ArtifactName` with `Results`",
        ),
        DocumentFormat.TRIVY_LEGACY_LIST: Recognition(
            "Trivy JSON before its version 0.20",
            "an array of which every member has `Target` and a list of findings",
        ),
        DocumentFormat.TRIVY_OPERATOR_VULNERABILITIES: Recognition(
            "Trivy Operator VulnerabilityReport", _OPERATOR
        ),
        DocumentFormat.TRIVY_OPERATOR_CLUSTER_VULNERABILITIES: Recognition(
            "Trivy Operator ClusterVulnerabilityReport", _OPERATOR
        ),
        DocumentFormat.TRIVY_OPERATOR_NODE_VULNERABILITIES: Recognition(
            "Trivy Operator NodeVulnerabilityReport", _OPERATOR
        ),
        DocumentFormat.TRIVY_OPERATOR_IMAGE_VULNERABILITIES: Recognition(
            "Trivy Operator ImageVulnerabilityReport", _OPERATOR
        ),
        DocumentFormat.TRIVY_OPERATOR_CONFIG_AUDIT: Recognition(
            "Trivy Operator ConfigAuditReport", _OPERATOR
        ),
        DocumentFormat.TRIVY_OPERATOR_CLUSTER_CONFIG_AUDIT: Recognition(
            "Trivy Operator ClusterConfigAuditReport", _OPERATOR
        ),
        DocumentFormat.TRIVY_OPERATOR_RBAC: Recognition(
            "Trivy Operator RbacAssessmentReport", _OPERATOR
        ),
        DocumentFormat.TRIVY_OPERATOR_CLUSTER_RBAC: Recognition(
            "Trivy Operator ClusterRbacAssessmentReport", _OPERATOR
        ),
        DocumentFormat.TRIVY_OPERATOR_INFRA: Recognition(
            "Trivy Operator InfraAssessmentReport", _OPERATOR
        ),
        DocumentFormat.TRIVY_OPERATOR_CLUSTER_INFRA: Recognition(
            "Trivy Operator ClusterInfraAssessmentReport", _OPERATOR
        ),
        DocumentFormat.TRIVY_OPERATOR_SECRETS: Recognition(
            "Trivy Operator ExposedSecretReport", _OPERATOR
        ),
        DocumentFormat.TRIVY_OPERATOR_COMPLIANCE: Recognition(
            "Trivy Operator ClusterComplianceReport", _OPERATOR
        ),
        DocumentFormat.TRIVY_OPERATOR_OTHER: Recognition(
            "several reports of Trivy Operator",
            "an array, a list or an object by resource of such reports",
        ),
        DocumentFormat.GRYPE_JSON: Recognition(
            "Grype JSON",
            "`matches`, with a descriptor of Grype or matches of a vulnerability and an artifact",
        ),
        DocumentFormat.SNYK_JSON: Recognition(
            "Snyk JSON",
            "`vulnerabilities` with Snyk's fields beside it, infrastructure issues, or "
            "Snyk's own error",
        ),
        DocumentFormat.SNYK_ALL_PROJECTS: Recognition(
            "Snyk JSON of several projects", "an array of what Snyk writes of one project"
        ),
        DocumentFormat.SNYK_ISSUES_REST: Recognition(
            "Snyk REST issues", "`jsonapi` and data of type issue"
        ),
        DocumentFormat.OSV_SCANNER_JSON: Recognition(
            "OSV-Scanner JSON", "`results` of a source and its packages"
        ),
        DocumentFormat.SARIF: Recognition(
            "SARIF 2.1.0", "`runs`, with a version or a schema of SARIF"
        ),
        DocumentFormat.DEPENDENCY_CHECK_XML: Recognition(
            "OWASP Dependency-Check XML", "a root `analysis` in its namespace"
        ),
        DocumentFormat.DEPENDENCY_CHECK_JSON: Recognition(
            "OWASP Dependency-Check JSON", "`reportSchema`, `scanInfo` and `dependencies`"
        ),
        DocumentFormat.GOVULNCHECK: Recognition(
            "govulncheck JSON",
            "first message with nothing but config, progress, osv, finding or SBOM",
        ),
        DocumentFormat.GOVULNCHECK_LEGACY: Recognition(
            "govulncheck JSON before 1.0",
            "`Vulns` with the call graph beside it, or members with `OSV`",
        ),
        DocumentFormat.YARN_AUDIT: Recognition(
            "Yarn 1 audit", "a first line of type auditAdvisory, auditSummary or auditAction"
        ),
        DocumentFormat.NPM_AUDIT_V2: Recognition(
            "npm 7 audit and later", "`auditReportVersion`, or npm's own error"
        ),
        DocumentFormat.NPM_AUDIT_V1: Recognition(
            "npm 6, pnpm and Yarn audit", "`advisories` with `metadata`, `actions` or `muted`"
        ),
        DocumentFormat.CARGO_AUDIT: Recognition(
            "cargo-audit JSON", "a `lockfile` with its dependency count, and `vulnerabilities`"
        ),
        DocumentFormat.PIP_AUDIT: Recognition(
            "pip-audit JSON", "`dependencies` with `name`, `version` and `vulns`"
        ),
        DocumentFormat.PIP_AUDIT_LEGACY_LIST: Recognition(
            "pip-audit JSON before 2.0",
            "an array of dependencies with `name`, `version` and `vulns`",
        ),
        DocumentFormat.DEPENDENCY_TRACK_FPF: Recognition(
            "Dependency-Track findings",
            "`findings` with `meta` of an application, or with `meta` and `project`",
        ),
        DocumentFormat.GITLAB_SECURITY_REPORT: Recognition(
            "GitLab security report",
            "`version` and `vulnerabilities` with `scan`, `remediations` or `dependency_files`",
        ),
        DocumentFormat.AWS_ECR: Recognition(
            "Amazon ECR scan findings", "`imageScanFindings`, or `imageScanStatus` with `imageId`"
        ),
        DocumentFormat.AWS_INSPECTOR2: Recognition(
            "Amazon Inspector findings", "findings with `findingArn`, in a list, a page or an event"
        ),
        DocumentFormat.AWS_ASFF: Recognition(
            "AWS Security Finding Format",
            "findings with `ProductArn` and `SchemaVersion` or `GeneratorId`",
        ),
        DocumentFormat.HARBOR_REPORT: Recognition(
            "Harbor scan report",
            "a media type of a vulnerability report as key, or the report itself",
        ),
        DocumentFormat.CLAIR_SCANNER: Recognition(
            "clair-scanner", "`image`, `unapproved` and `vulnerabilities`"
        ),
        DocumentFormat.CLAIR_KLAR: Recognition("Klar", "`LayerCount` and `Vulnerabilities`"),
        DocumentFormat.CLAIR_V4: Recognition(
            "Clair 4", "`manifest_hash` and `package_vulnerabilities`"
        ),
        DocumentFormat.GCP_ARTIFACT_ANALYSIS: Recognition(
            "Google Artifact Analysis",
            "a vulnerability or discovery summary, or occurrences of these kinds",
        ),
        DocumentFormat.GITHUB_WEBHOOK_ALERT: Recognition(
            "GitHub webhook about an alert", "`action` and an `alert` of a known kind"
        ),
        DocumentFormat.GITHUB_DEPENDABOT_GRAPHQL: Recognition(
            "Dependabot alerts by GraphQL", "`vulnerabilityAlerts` below data of a repository"
        ),
        DocumentFormat.GITHUB_DEPENDABOT_ALERTS: Recognition(
            "Dependabot alerts by REST",
            "an array whose first member has `security_advisory` and `state`",
        ),
        DocumentFormat.GITHUB_CODE_SCANNING_ALERTS: Recognition(
            "code scanning alerts by REST",
            "an array whose first member has `rule`, `number`, and `tool` or "
            "`most_recent_instance`",
        ),
        DocumentFormat.GITHUB_SECRET_SCANNING_ALERTS: Recognition(
            "secret scanning alerts by REST",
            "an array whose first member has `secret_type` and `number`",
        ),
        DocumentFormat.TWISTCLI: Recognition(
            "twistcli JSON", "`results` with `scanID` or distributions"
        ),
        DocumentFormat.CHECKMARX: Recognition(
            "Checkmarx One JSON", "`scanID`, `totalCount` and `results`"
        ),
        DocumentFormat.BLACK_DUCK: Recognition(
            "Black Duck JSON", "`aggregateBomViewEntries` or `detailedVulnerabilities`"
        ),
        DocumentFormat.DETECT_SECRETS: Recognition(
            "detect-secrets baseline", "`plugins_used` and `results`"
        ),
        DocumentFormat.GITLEAKS: Recognition(
            "gitleaks JSON", "an array whose first member has the rule, file and line of a leak"
        ),
        DocumentFormat.IN_TOTO_VULNS: Recognition(
            "in-toto vulns predicate",
            "`scanner` with `uri` and `result`, `metadata` with `scanStartedOn`, and no "
            "`invocation`",
        ),
        DocumentFormat.COSIGN_VULN: Recognition(
            "cosign vuln predicate", "`invocation`, `metadata`, and `scanner.result` or `scanners`"
        ),
        DocumentFormat.OSV_RECORD: Recognition(
            "OSV record", "`id` and `modified` with `affected`, `schema_version` or `aliases`"
        ),
        DocumentFormat.KEV_CATALOGUE: Recognition(
            "CISA's catalogue of exploited vulnerabilities",
            "`catalogVersion` and `vulnerabilities`",
        ),
        DocumentFormat.EPSS_SCORES: Recognition(
            "EPSS scores", "a comment at the start with `model_version:`"
        ),
        DocumentFormat.DSSE: Recognition(
            "DSSE envelope", "`payloadType`, or `payload` and `signatures`"
        ),
        DocumentFormat.SIGSTORE_BUNDLE: Recognition(
            "Sigstore bundle",
            "its media type, or `verificationMaterial`, `dsseEnvelope` or `messageSignature`",
        ),
        DocumentFormat.IN_TOTO_STATEMENT: Recognition(
            "in-toto statement", "`_type` of `https://in-toto.io/Statement/…`"
        ),
        DocumentFormat.PEP740_ATTESTATION: Recognition(
            "PEP 740 attestation", "`verification_material`, or `version` and `envelope`"
        ),
        DocumentFormat.COSIGN_BLOB_BUNDLE: Recognition(
            "bundle of cosign before version 3", "`base64Signature`"
        ),
        DocumentFormat.COSIGN_SIGNATURE: Recognition(
            "cosign signature out of a registry", "its media type"
        ),
        DocumentFormat.GCB_PROVENANCE: Recognition(
            "Google Cloud Build provenance", "`provenance_summary`"
        ),
        DocumentFormat.GZIP: Recognition("gzip", "its first bytes; taken off"),
        DocumentFormat.ZSTD: Recognition("Zstandard", "its first bytes; taken off"),
        DocumentFormat.BZIP2: Recognition("bzip2", "its first bytes; taken off"),
        DocumentFormat.ZIP: Recognition(
            "zip archive", "its first bytes; refused, because it has no one document in it"
        ),
        DocumentFormat.JSON_OTHER: Recognition("JSON object", "JSON of no format that is read"),
        DocumentFormat.JSON_ARRAY: Recognition("JSON array", "JSON of no format that is read"),
        DocumentFormat.JSON_STREAM: Recognition(
            "several JSON documents", "several values one after another, of no format that is read"
        ),
        DocumentFormat.YAML: Recognition(
            "YAML", "a mapping or a list in YAML, of no format that is read"
        ),
        DocumentFormat.XML_OTHER: Recognition("XML", "well-formed XML of no format that is read"),
        DocumentFormat.OTHER: Recognition("something else", "text, bytes or a single value"),
        DocumentFormat.UNPARSEABLE: Recognition(
            "nothing that can be decoded", "begins like JSON or XML and is not, or is empty"
        ),
    }
)
"""Of every format that is told apart."""
