"""What the SPDX 3.0.1 model requires of each class, and the words of its vocabularies.

Source: spdx/spdx-3-model 3.0.1, ``Classes/*.md`` (properties with ``minCount: 1`` and the classes
they come from) and ``Vocabularies/*.md``, with the names that the JSON-LD context gives them.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

__all__ = ["INDIVIDUALS", "PARTS", "REFERENCES", "REQUIRED", "VOCABULARIES"]

_ELEMENT: Final = ("spdxId", "creationInfo")
_RELATION: Final = (*_ELEMENT, "from", "to", "relationshipType")

_ELEMENTS: Final[Mapping[str, tuple[str, ...]]] = {
    **dict.fromkeys(
        (
            *("Agent", "Person", "Organization", "SoftwareAgent", "Tool", "IndividualElement"),
            *("Bundle", "Bom", "SpdxDocument", "software_Sbom", "security_Vulnerability"),
            *("expandedlicensing_ConjunctiveLicenseSet", "expandedlicensing_DisjunctiveLicenseSet"),
            "expandedlicensing_IndividualLicensingInfo",
        ),
        (),
    ),
    "Annotation": ("annotationType", "subject"),
    "software_Package": ("name",),
    "software_File": ("name",),
    "software_Snippet": ("software_snippetFromFile",),
    "ai_AIPackage": (
        *("name", "releaseTime", "suppliedBy", "software_downloadLocation"),
        *("software_packageVersion", "software_primaryPurpose"),
    ),
    "dataset_DatasetPackage": (
        *("name", "dataset_datasetType", "builtTime", "originatedBy", "releaseTime"),
        *("software_downloadLocation", "software_primaryPurpose"),
    ),
    "build_Build": ("build_buildType",),
    "simplelicensing_LicenseExpression": ("simplelicensing_licenseExpression",),
    "simplelicensing_SimpleLicensingText": ("simplelicensing_licenseText",),
    "expandedlicensing_CustomLicense": ("simplelicensing_licenseText",),
    "expandedlicensing_ListedLicense": ("simplelicensing_licenseText",),
    "expandedlicensing_CustomLicenseAddition": ("expandedlicensing_additionText",),
    "expandedlicensing_ListedLicenseException": ("expandedlicensing_additionText",),
    "expandedlicensing_OrLaterOperator": ("expandedlicensing_subjectLicense",),
    "expandedlicensing_WithAdditionOperator": (
        "expandedlicensing_subjectAddition",
        "expandedlicensing_subjectExtendableLicense",
    ),
}
_RELATIONS: Final[Mapping[str, tuple[str, ...]]] = {
    "Relationship": (),
    "LifecycleScopedRelationship": (),
    "security_CvssV2VulnAssessmentRelationship": ("security_score", "security_vectorString"),
    **dict.fromkeys(
        (
            "security_CvssV3VulnAssessmentRelationship",
            "security_CvssV4VulnAssessmentRelationship",
        ),
        ("security_score", "security_severity", "security_vectorString"),
    ),
    "security_EpssVulnAssessmentRelationship": (
        "security_probability",
        "security_percentile",
        "security_publishedTime",
    ),
    "security_ExploitCatalogVulnAssessmentRelationship": (
        "security_catalogType",
        "security_exploited",
        "security_locator",
    ),
    "security_SsvcVulnAssessmentRelationship": ("security_decisionType",),
    "security_VexAffectedVulnAssessmentRelationship": ("security_actionStatement",),
    "security_VexFixedVulnAssessmentRelationship": (),
    "security_VexNotAffectedVulnAssessmentRelationship": (),
    "security_VexUnderInvestigationVulnAssessmentRelationship": (),
}
REQUIRED: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {name: (*_ELEMENT, *more) for name, more in _ELEMENTS.items()}
    | {name: (*_RELATION, *more) for name, more in _RELATIONS.items()}
)
"""The properties that an element of a class must have."""

PARTS: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        "CreationInfo": ("specVersion", "created", "createdBy"),
        "DictionaryEntry": ("key",),
        "ExternalIdentifier": ("externalIdentifierType", "identifier"),
        "ExternalMap": ("externalSpdxId",),
        "ExternalRef": (),
        "Hash": ("algorithm", "hashValue"),
        "NamespaceMap": ("prefix", "namespace"),
        "PackageVerificationCode": ("algorithm", "hashValue"),
        "PositiveIntegerRange": ("beginIntegerRange", "endIntegerRange"),
        "software_ContentIdentifier": (
            "software_contentIdentifierType",
            "software_contentIdentifierValue",
        ),
        "ai_EnergyConsumption": (),
        "ai_EnergyConsumptionDescription": ("ai_energyQuantity", "ai_energyUnit"),
        "extension_CdxPropertiesExtension": ("extension_cdxProperty",),
        "extension_CdxPropertyEntry": ("extension_cdxPropName",),
    }
)
"""The same for what is no element: it has no identifier of its own and stands inside one."""

REFERENCES: Final = frozenset(
    {
        *("from", "to", "createdBy", "createdUsing", "rootElement", "element", "subject"),
        *("originatedBy", "suppliedBy", "dataLicense", "software_snippetFromFile"),
        *("security_assessedElement", "expandedlicensing_member"),
        *("expandedlicensing_subjectAddition", "expandedlicensing_subjectExtendableLicense"),
        "expandedlicensing_subjectLicense",
    }
)
"""Properties whose values are elements."""

INDIVIDUALS: Final = (
    *("NoneElement", "NoAssertionElement"),
    *("expandedlicensing_NoneLicense", "expandedlicensing_NoAssertionLicense"),
    *("https://spdx.org/rdf/3.", "https://spdx.org/licenses/", "http://spdx.org/licenses/"),
)
"""How references to what SPDX itself defines begin."""

_PURPOSES: Final = frozenset(
    {
        *("application", "archive", "bom", "configuration", "container", "data", "device"),
        *("diskImage", "deviceDriver", "documentation", "evidence", "executable", "file"),
        *("filesystemImage", "firmware", "framework", "install", "library", "manifest", "model"),
        *("module", "operatingSystem", "other", "patch", "platform", "requirement", "source"),
        *("specification", "test"),
    }
)
VOCABULARIES: Final[Mapping[str, frozenset[str]]] = MappingProxyType(
    {
        "algorithm": frozenset(
            {
                *("adler32", "blake2b256", "blake2b384", "blake2b512", "blake3", "md2", "md4"),
                *("md5", "md6", "other", "sha1", "sha224", "sha256", "sha384", "sha512"),
                *("sha3_224", "sha3_256", "sha3_384", "sha3_512", "crystalsDilithium"),
                *("crystalsKyber", "falcon"),
            }
        ),
        "annotationType": frozenset({"other", "review"}),
        "completeness": frozenset({"incomplete", "complete", "noAssertion"}),
        "externalIdentifierType": frozenset(
            {
                *("cpe22", "cpe23", "cve", "email", "gitoid", "other", "packageUrl"),
                *("securityOther", "swhid", "swid", "urlScheme"),
            }
        ),
        "relationshipType": frozenset(
            {
                *("affects", "amendedBy", "ancestorOf", "availableFrom", "configures", "contains"),
                *("coordinatedBy", "copiedTo", "delegatedTo", "dependsOn", "descendantOf"),
                *("describes", "doesNotAffect", "expandsTo", "exploitCreatedBy", "fixedBy"),
                *("fixedIn", "foundBy", "generates", "hasAddedFile", "hasAssessmentFor"),
                *("hasAssociatedVulnerability", "hasConcludedLicense", "hasDataFile"),
                *("hasDeclaredLicense", "hasDeletedFile", "hasDependencyManifest"),
                *("hasDistributionArtifact", "hasDocumentation", "hasDynamicLink", "hasEvidence"),
                *("hasExample", "hasHost", "hasInput", "hasMetadata", "hasOptionalComponent"),
                *("hasOptionalDependency", "hasOutput", "hasPrerequisite"),
                *("hasProvidedDependency", "hasRequirement", "hasSpecification", "hasStaticLink"),
                *("hasTest", "hasTestCase", "hasVariant", "invokedBy", "modifiedBy", "other"),
                *("packagedBy", "patchedBy", "publishedBy", "reportedBy", "republishedBy"),
                *("serializedInArtifact", "testedOn", "trainedOn", "underInvestigationFor"),
                "usesTool",
            }
        ),
        "scope": frozenset({"design", "development", "build", "test", "runtime", "other"}),
        "software_primaryPurpose": _PURPOSES,
        "software_additionalPurpose": _PURPOSES,
        "software_sbomType": frozenset(
            {"design", "source", "build", "deployed", "runtime", "analyzed"}
        ),
    }
)
"""The words that a property's values are taken from."""
