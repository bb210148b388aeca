"""The fields of CycloneDX's protobuf that a reader asks for, with the names JSON gives them.

The numbers are those of ``bom-1.3.proto`` to ``bom-1.7.proto``, which never gave one to another
field. Words of enumerations are written as in the JSON schema.
"""

from typing import Final

from gatebook.formats.sbom.protobuf_wire import Field, Kind, Message

__all__ = ["BOM"]


def _texts(**numbers: int) -> dict[int, Field]:
    return {number: Field(key=key.replace("__", "-")) for key, number in numbers.items()}


def _message(key: str, message: Message, *, many: bool = False) -> Field:
    return Field(key=key, kind=Kind.MESSAGE, message=message, many=many)


def _enum(key: str, *words: str | None, many: bool = False) -> Field:
    return Field(key=key, kind=Kind.ENUM, words=words, many=many)


def _listed(key: str) -> Field:
    return Field(key=key, many=True)


def _time(key: str) -> Field:
    return Field(key=key, kind=Kind.TIME)


_ACKNOWLEDGED: Final = _enum("acknowledgement", None, "declared", "concluded")

_CONTACT: Final = Message(fields=_texts(name=1, email=2, phone=3, bom__ref=4))
_ENTITY: Final = Message(
    fields=_texts(name=1, bom__ref=4)
    | {2: _listed("url"), 3: _message("contact", _CONTACT, many=True)}
)
_HASH: Final = Message(
    fields={
        1: _enum(
            "alg",
            *(None, "MD5", "SHA-1", "SHA-256", "SHA-384", "SHA-512", "SHA3-256", "SHA3-384"),
            *("SHA3-512", "BLAKE2b-256", "BLAKE2b-384", "BLAKE2b-512", "BLAKE3"),
            *("Streebog-256", "Streebog-512"),
        ),
        2: Field(key="content"),
    }
)
_PROPERTY: Final = Message(fields=_texts(name=1, value=2))
_LICENCE: Final = Message(
    fields=_texts(id=1, name=2, url=4, bom__ref=5)
    | {7: _message("properties", _PROPERTY, many=True), 8: _ACKNOWLEDGED}
)
_DETAILED: Final = Message(fields=_texts(expression=1, bom__ref=3) | {4: _ACKNOWLEDGED})
_LICENCE_CHOICE: Final = Message(
    fields=_texts(expression=2, bom__ref=4)
    | {1: _message("license", _LICENCE), 3: _ACKNOWLEDGED, 5: _message("detailed", _DETAILED)}
)
_REFERENCE: Final = Message(
    fields=_texts(url=2, comment=3)
    | {
        1: _enum(
            "type",
            *("other", "vcs", "issue-tracker", "website", "advisories", "bom", "mailing-list"),
            *("social", "chat", "documentation", "support", "distribution", "license"),
            *("build-meta", "build-system", "security-contact", "attestation", "threat-model"),
            *("adversary-model", "risk-assessment", "distribution-intake"),
            *("vulnerability-assertion", "exploitability-statement", "pentest-report"),
            *("static-analysis-report", "dynamic-analysis-report", "runtime-analysis-report"),
            *("component-analysis-report", "maturity-report", "certification-report"),
            *("quality-metrics", "codified-infrastructure", "model-card", "poam", "log"),
            *("configuration", "evidence", "formulation", "source-distribution"),
            *("electronic-signature", "digital-signature", "rfc-9116", "release-notes"),
            *("patent", "patent-family", "patent-assertion", "citation"),
        ),
        4: _message("hashes", _HASH, many=True),
        5: _message("properties", _PROPERTY, many=True),
    }
)
_EVIDENCE: Final = Message(fields={1: _message("licenses", _LICENCE_CHOICE, many=True)})
_SWID: Final = Message(fields=_texts(tagId=1, name=2, version=3))
_COMPONENT: Final = Message(
    fields=_texts(
        bom__ref=3,
        author=5,
        publisher=6,
        group=7,
        name=8,
        version=9,
        description=10,
        copyright=14,
        cpe=15,
        purl=16,
        versionRange=33,
    )
    | {
        1: _enum(
            "type",
            *(None, "application", "framework", "library", "operating-system", "device", "file"),
            *("container", "firmware", "device-driver", "platform", "machine-learning-model"),
            *("data", "cryptographic-asset"),
        ),
        2: Field(key="mime-type"),
        4: _message("supplier", _ENTITY),
        11: _enum("scope", None, "required", "optional", "excluded"),
        12: _message("hashes", _HASH, many=True),
        13: _message("licenses", _LICENCE_CHOICE, many=True),
        17: _message("swid", _SWID),
        18: Field(key="modified", kind=Kind.BOOLEAN),
        20: _message("externalReferences", _REFERENCE, many=True),
        22: _message("properties", _PROPERTY, many=True),
        23: _message("evidence", _EVIDENCE),
        28: _message("manufacturer", _ENTITY),
        29: _message("authors", _CONTACT, many=True),
        30: _listed("tags"),
        31: _listed("omniborId"),
        32: _listed("swhid"),
        34: Field(key="isExternal", kind=Kind.BOOLEAN),
    }
)
_COMPONENT.fields[21] = _message("components", _COMPONENT, many=True)
_SERVICE: Final = Message(
    fields=_texts(bom__ref=1, group=3, name=4, version=5) | {2: _message("provider", _ENTITY)}
)
_TOOL: Final = Message(
    fields=_texts(vendor=1, name=2, version=3)
    | {
        4: _message("hashes", _HASH, many=True),
        6: _message("components", _COMPONENT, many=True),
        7: _message("services", _SERVICE, many=True),
    }
)
_LIFECYCLE: Final = Message(
    fields=_texts(name=2, description=3)
    | {
        1: _enum(
            "phase",
            *("design", "pre-build", "build", "post-build", "operations", "discovery"),
            "decommission",
        )
    }
)
_METADATA: Final = Message(
    fields={
        1: _time("timestamp"),
        2: _message("tools", _TOOL, many=True),
        3: _message("authors", _CONTACT, many=True),
        4: _message("component", _COMPONENT),
        5: _message("manufacture", _ENTITY),
        6: _message("supplier", _ENTITY),
        7: _message("licenses", _LICENCE_CHOICE, many=True),
        8: _message("properties", _PROPERTY, many=True),
        9: _message("lifecycles", _LIFECYCLE, many=True),
        10: _message("manufacturer", _ENTITY),
    }
)
_DEPENDENCY: Final = Message(fields=_texts(ref=1) | {3: _listed("provides")})
_DEPENDENCY.fields[2] = _message("dependencies", _DEPENDENCY, many=True)
_COMPOSITION: Final = Message(
    fields={
        1: _enum(
            "aggregate",
            *("not_specified", "complete", "incomplete", "incomplete_first_party_only"),
            *("incomplete_third_party_only", "unknown"),
            *("incomplete_first_party_proprietary_only", "incomplete_first_party_opensource_only"),
            *("incomplete_third_party_proprietary_only", "incomplete_third_party_opensource_only"),
        ),
        2: _listed("assemblies"),
        3: _listed("dependencies"),
        4: _listed("vulnerabilities"),
        5: Field(key="bom-ref"),
    }
)
_SOURCE: Final = Message(fields=_texts(name=1, url=2))
_RATING: Final = Message(
    fields=_texts(vector=5, justification=6)
    | {
        1: _message("source", _SOURCE),
        2: Field(key="score", kind=Kind.DOUBLE),
        3: _enum("severity", "unknown", "critical", "high", "medium", "low", "info", "none"),
        4: _enum(
            "method",
            *(None, "CVSSv2", "CVSSv3", "CVSSv31", "OWASP", "other", "CVSSv4", "SSVC"),
        ),
    }
)
_ANALYSIS: Final = Message(
    fields={
        1: _enum(
            "state",
            *(None, "resolved", "resolved_with_pedigree", "exploitable", "in_triage"),
            *("false_positive", "not_affected"),
        ),
        2: _enum(
            "justification",
            *(None, "code_not_present", "code_not_reachable", "requires_configuration"),
            *("requires_dependency", "requires_environment", "protected_by_compiler"),
            *("protected_at_runtime", "protected_at_perimeter"),
            "protected_by_mitigating_control",
        ),
        3: _enum(
            "response",
            *(None, "can_not_fix", "will_not_fix", "update", "rollback", "workaround_available"),
            many=True,
        ),
        4: Field(key="detail"),
        5: _time("firstIssued"),
        6: _time("lastUpdated"),
    }
)
_AFFECTED_VERSION: Final = Message(
    fields=_texts(version=1, range=2) | {3: _enum("status", "unknown", "affected", "unaffected")}
)
_AFFECTS: Final = Message(
    fields={1: Field(key="ref"), 2: _message("versions", _AFFECTED_VERSION, many=True)}
)
_ALIAS: Final = Message(fields={1: Field(key="id"), 2: _message("source", _SOURCE)})
_VULNERABILITY: Final = Message(
    fields=_texts(bom__ref=1, id=2, description=7, detail=8, recommendation=9, workaround=21)
    | {
        3: _message("source", _SOURCE),
        4: _message("references", _ALIAS, many=True),
        5: _message("ratings", _RATING, many=True),
        6: Field(key="cwes", kind=Kind.INTEGER, many=True),
        11: _time("created"),
        12: _time("published"),
        13: _time("updated"),
        16: _message("analysis", _ANALYSIS),
        17: _message("affects", _AFFECTS, many=True),
        19: _time("rejected"),
    }
)
BOM: Final = Message(
    fields={
        1: Field(key="specVersion"),
        2: Field(key="version", kind=Kind.INTEGER),
        3: Field(key="serialNumber"),
        4: _message("metadata", _METADATA),
        5: _message("components", _COMPONENT, many=True),
        6: _message("services", _SERVICE, many=True),
        7: _message("externalReferences", _REFERENCE, many=True),
        8: _message("dependencies", _DEPENDENCY, many=True),
        9: _message("compositions", _COMPOSITION, many=True),
        10: _message("vulnerabilities", _VULNERABILITY, many=True),
        12: _message("properties", _PROPERTY, many=True),
    }
)
