"""Profiles: the elements a standard asks an SBOM for, and how much of them is there.

Sources: NTIA "The Minimum Elements For a Software Bill of Materials" (2021); CISA "2025 Minimum
Elements for a Software Bill of Materials" (draft, 22 August 2025); CISA "Framing Software
Component Transparency", third edition (2024); BSI TR-03183-2 versions 2.0.0 (2024) and 2.1.0
(2025). For SPDX, NTIA and FSCT are read as SPDX's own conformance checker reads them.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Final

from gatebook.errors import UsageError
from gatebook.formats.sbom.components import Sbom
from gatebook.sboms import elements as element
from gatebook.sboms.elements import ComponentElement, DocumentElement
from gatebook.sboms.examination import MAX_AFFECTED, Affected, CheckStatus, Examination
from gatebook.sboms.inventory import described

__all__ = [
    "PROFILES",
    "ElementResult",
    "Profile",
    "ProfileError",
    "ProfileResult",
    "judge_profile",
    "profile_named",
]


class ProfileError(UsageError):
    """There is no profile of that name."""

    code = "sboms.profile-unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """What a standard asks for.

    Attributes:
        name: stable.
        title: what the standard is called.
        required: elements without which the SBOM does not conform.
        additional: elements that have to be there where they exist, which only the author knows;
            with :meth:`strict` they are required.
        optional: elements that are looked at and decide nothing.

    """

    name: str
    title: str
    required: tuple[DocumentElement | ComponentElement, ...]
    additional: tuple[DocumentElement | ComponentElement, ...] = ()
    optional: tuple[DocumentElement | ComponentElement, ...] = ()

    def strict(self) -> "Profile":
        """The same profile with its additional elements required."""
        return replace(
            self,
            name=f"{self.name}+additional",
            required=(*self.required, *self.additional),
            additional=(),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class ElementResult:
    """How much of one element is there.

    Attributes:
        id: of the element.
        required: whether the profile's verdict depends on it.
        applicable: of how many things it is asked: 1 for the document, or the components it
            applies to.
        present: how many have it.
        lacking: the first :data:`~gatebook.sboms.examination.MAX_AFFECTED` that have not.
        fix: what to do.

    """

    id: str
    required: bool
    applicable: int
    present: int
    lacking: tuple[Affected, ...] = ()
    fix: str = ""

    @property
    def complete(self) -> bool:
        """Whether nothing lacks it."""
        return self.present == self.applicable

    @property
    def percent(self) -> int:
        """How much of it is there; 100 only when nothing lacks it."""
        return 100 * self.present // self.applicable if self.applicable else 100


@dataclass(frozen=True, slots=True, kw_only=True)
class ProfileResult:
    """What a profile says of an SBOM.

    Attributes:
        profile: its name.
        status: whether every required element is there; not evaluable without a component.
        elements: each element of the profile.

    """

    profile: str
    status: CheckStatus
    elements: tuple[ElementResult, ...]

    @property
    def missing(self) -> tuple[ElementResult, ...]:
        """Required elements that something lacks."""
        return tuple(each for each in self.elements if each.required and not each.complete)

    @property
    def percent(self) -> int:
        """The mean of the required elements; 100 only when all are complete."""
        required = [each.percent for each in self.elements if each.required]
        return sum(required) // len(required)


_BSI_COMPONENT: Final = (
    element.NAME,
    element.ANY_VERSION,
    element.FILENAME,
    element.DEPLOYABLE_HASH,
    element.EXECUTABLE,
    element.ARCHIVE,
    element.STRUCTURED,
)
_NTIA: Final = (
    element.SBOM_CREATOR_OR_TOOL,
    element.TIMESTAMP,
    element.RELATIONSHIPS,
    element.NAME,
    element.VERSION,
    element.UNIQUE_IDENTIFIER,
    element.SUPPLIER,
)

_ALL: Final = (
    Profile(name="ntia-2021", title="NTIA Minimum Elements (2021)", required=_NTIA),
    Profile(
        name="cisa-2025",
        title="CISA 2025 Minimum Elements (draft)",
        required=(
            element.SBOM_AUTHOR,
            element.TIMESTAMP,
            element.TOOL_NAME,
            element.GENERATION_CONTEXT,
            element.RELATIONSHIPS,
            element.NAME,
            element.VERSION,
            element.PRODUCER,
            element.SOFTWARE_IDENTIFIER,
            element.HASH,
            element.LICENCE,
        ),
        optional=(element.TOOL_VERSION,),
    ),
    Profile(
        name="fsct-3",
        title="Framing Software Component Transparency, third edition",
        required=(
            *_NTIA,
            element.PRIMARY_COMPONENT,
            element.CONCLUDED_LICENCE,
            element.COPYRIGHT,
        ),
        additional=(element.HASH,),
    ),
    Profile(
        name="bsi-2.0",
        title="BSI TR-03183-2 version 2.0.0",
        required=(
            element.FORMAT_BSI_20,
            element.SBOM_CREATOR_CONTACT,
            element.TIMESTAMP,
            element.GRAPH,
            element.CREATOR_CONTACT,
            element.ASSOCIATED_LICENCE,
            *_BSI_COMPONENT,
        ),
        additional=(
            element.SBOM_URI,
            element.SOURCE_URI,
            element.DEPLOYABLE_URI,
            element.OTHER_IDENTIFIER,
        ),
        optional=(element.SOURCE_HASH,),
    ),
    Profile(
        name="bsi-2.1",
        title="BSI TR-03183-2 version 2.1.0",
        required=(
            element.FORMAT_BSI_21,
            element.NO_VULNERABILITIES,
            element.SBOM_CREATOR_CONTACT,
            element.TIMESTAMP,
            element.CREATOR_CONTACT,
            element.COMPONENT_DEPENDENCIES,
            element.DISTRIBUTION_LICENCE,
            *_BSI_COMPONENT,
        ),
        additional=(
            element.SBOM_URI,
            element.SOURCE_URI,
            element.DEPLOYABLE_URI,
            element.OTHER_IDENTIFIER,
            element.ORIGINAL_LICENCE,
        ),
        optional=(element.EFFECTIVE_LICENCE, element.SOURCE_HASH, element.SECURITY_TXT),
    ),
    Profile(
        name="gatebook",
        title="What the other checks need",
        required=(
            element.TIMESTAMP,
            element.TOOL_NAME,
            element.TOOL_VERSION,
            element.PRIMARY_COMPONENT,
            element.RELATIONSHIPS,
            element.NAME,
            element.VERSION,
            element.PURL,
        ),
        additional=(element.LICENCE, element.HASH),
        optional=(element.PRODUCER,),
    ),
)

PROFILES: Final[Mapping[str, Profile]] = MappingProxyType(
    {
        profile.name: profile
        for each in _ALL
        for profile in ((each, each.strict()) if each.additional else (each,))
    }
)
"""By name; ``NAME+additional`` requires the additional elements, too."""


def profile_named(name: str) -> Profile:
    """Find a profile.

    Raises:
        ProfileError: there is none of that name.

    """
    found = PROFILES.get(name)
    if found is None:
        raise ProfileError(
            f"{name[:60]!r} is not a profile", hint=f"profiles: {', '.join(PROFILES)}"
        )
    return found


def judge_profile(profile: Profile, sbom: Sbom) -> ProfileResult:
    """Say how much of each element is there.

    A document without a component has nothing that could lack anything: not evaluable, and a
    failure when the document itself lacks a required element.
    """
    examination = Examination(sbom=sbom)
    results = tuple(
        _judge(each, examination, required=required)
        for group, required in (
            (profile.required, True),
            (profile.additional, False),
            (profile.optional, False),
        )
        for each in group
    )
    if any(each.required and not each.complete for each in results):
        status = CheckStatus.FAIL
    elif not described(sbom):
        status = CheckStatus.NOT_EVALUABLE
    else:
        status = CheckStatus.PASS
    return ProfileResult(profile=profile.name, status=status, elements=results)


def _judge(
    asked: DocumentElement | ComponentElement, examination: Examination, *, required: bool
) -> ElementResult:
    sbom = examination.sbom
    if isinstance(asked, DocumentElement):
        answer = asked.ask(sbom)
        return ElementResult(
            id=asked.id,
            required=required,
            applicable=int(answer is not None),
            present=int(answer is True),
            fix=asked.fix,
        )
    ask = asked.about(sbom)
    answers = [(each, ask(each)) for each in described(sbom)]
    lacking = [each for each, answer in answers if answer is False]
    applicable = sum(answer is not None for _, answer in answers)
    return ElementResult(
        id=asked.id,
        required=required,
        applicable=applicable,
        present=applicable - len(lacking),
        lacking=tuple(examination.affected(each) for each in lacking[:MAX_AFFECTED]),
        fix=asked.fix,
    )
