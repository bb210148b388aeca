"""Why a layout is not satisfied: one class and one code for each reason.

The steps are those of :func:`gatebook.trust.layout.verify.verify_layout`.
"""

from gatebook.trust.refusals import AttestationRefusedError

__all__ = [
    "LayoutArtifactsDifferError",
    "LayoutAttributeError",
    "LayoutDisallowedError",
    "LayoutExpiredError",
    "LayoutInspectionError",
    "LayoutKeyError",
    "LayoutNestingError",
    "LayoutProductError",
    "LayoutRequiredError",
    "LayoutSignatureError",
    "LayoutThresholdError",
]


class LayoutSignatureError(AttestationRefusedError):
    """A key that must have signed the layout did not, or no key was given."""

    code = "trust.layout-signature"
    step = 1


class LayoutExpiredError(AttestationRefusedError):
    """The layout no longer holds."""

    code = "trust.layout-expired"
    step = 2


class LayoutKeyError(AttestationRefusedError):
    """A functionary's key is not one that can be believed."""

    code = "trust.layout-key"
    step = 3


class LayoutThresholdError(AttestationRefusedError):
    """Too few different keys signed for a step."""

    code = "trust.layout-threshold"
    step = 4


class LayoutNestingError(AttestationRefusedError):
    """Sublayouts are nested too deep, or there is too much metadata."""

    code = "trust.layout-nesting"
    step = 5


class LayoutArtifactsDifferError(AttestationRefusedError):
    """Those who did one step name different artifacts."""

    code = "trust.layout-links-disagree"
    step = 6


class LayoutDisallowedError(AttestationRefusedError):
    """A step has an artifact that no rule allowed before it was disallowed."""

    code = "trust.layout-disallowed"
    step = 7


class LayoutRequiredError(AttestationRefusedError):
    """A step lacks an artifact it must have."""

    code = "trust.layout-required"
    step = 7


class LayoutAttributeError(AttestationRefusedError):
    """What an attestation says about a step is not what the layout expects."""

    code = "trust.layout-attribute"
    step = 8


class LayoutInspectionError(AttestationRefusedError):
    """The layout has inspections, which are commands and are never run."""

    code = "trust.layout-inspection"
    step = 9


class LayoutProductError(AttestationRefusedError):
    """The artifact is not a product of the layout's last step."""

    code = "trust.layout-product"
    step = 10
