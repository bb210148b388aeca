"""Whose word on the severity counts.

The precedence is configuration. A word of a distribution counts for packages of that distribution
alone: what Debian says of its build of a library says nothing of the library in an npm package.
"""

import functools
from collections.abc import Iterable, Mapping
from decimal import Decimal, InvalidOperation
from types import MappingProxyType
from typing import Final

from gatebook.formats.scan.report import Severity
from gatebook.policy.vulnerabilities.purls import parsed_purl
from gatebook.policy.vulnerabilities.weighed import ChosenSeverity
from gatebook.vulnerabilities.match_report import SourcedSeverity

__all__ = ["DEFAULT_SOURCES", "DISTRO", "SCANNER", "choose_severity", "score_of", "source_name"]

DISTRO: Final = "distro"
SCANNER: Final = "scanner"
DEFAULT_SOURCES: Final = (DISTRO, "ghsa", "nvd", SCANNER)

_BY_WORD: Final = {severity.value: severity for severity in Severity}

# The namespace of a package URL → what sources of severities call that distribution.
_DISTRIBUTIONS: Final[Mapping[str, frozenset[str]]] = MappingProxyType(
    {
        "debian": frozenset({"debian"}),
        "ubuntu": frozenset({"ubuntu"}),
        "echo": frozenset({"echo"}),
        "alpine": frozenset({"alpine"}),
        "wolfi": frozenset({"wolfi", "chainguard"}),
        "chainguard": frozenset({"chainguard", "wolfi"}),
        "minimos": frozenset({"minimos", "minimus"}),
        **dict.fromkeys(
            ("redhat", "rhel", "centos"),
            frozenset({"redhat", "redhat-oval", "rhel", "redhat-csaf"}),
        ),
        **dict.fromkeys(("almalinux", "alma"), frozenset({"almalinux", "alma"})),
        **dict.fromkeys(("rocky", "rockylinux", "rocky-linux"), frozenset({"rocky", "rockylinux"})),
        **dict.fromkeys(("amazon", "amzn"), frozenset({"amazon", "amzn", "alas"})),
        **dict.fromkeys(
            ("oracle", "oraclelinux", "ol"), frozenset({"oracle", "oracle-oval", "ol"})
        ),
        **dict.fromkeys(
            ("azurelinux", "azure-linux", "mariner", "cbl-mariner"),
            frozenset({"azurelinux", "azure", "mariner", "cbl-mariner"}),
        ),
        **dict.fromkeys(
            ("suse", "sles", "sled", "opensuse", "opensuse-leap", "opensuse-tumbleweed"),
            frozenset({"suse", "suse-cvrf", "opensuse", "sles"}),
        ),
        "fedora": frozenset({"fedora"}),
        "photon": frozenset({"photon"}),
        "mageia": frozenset({"mageia"}),
        "openeuler": frozenset({"openeuler"}),
        "arch": frozenset({"arch", "arch-linux"}),
    }
)
_ALL_DISTRIBUTIONS: Final = frozenset().union(*_DISTRIBUTIONS.values())
_DISTRO_TYPES: Final = frozenset({"deb", "rpm", "apk", "alpm"})


# What tools call the same source (Grype's namespaces, Trivy's and GitHub's words).
_SPELLINGS: Final = {"github": "ghsa", "github-advisory-database": "ghsa", "nist": "nvd"}


def source_name(written: str | None) -> str:
    """What a source that a scan names is called here: ``debian:distro:debian:12`` is Debian."""
    name = (written or SCANNER).casefold().strip().partition(":")[0].replace(" ", "-")
    return _SPELLINGS.get(name, name) or SCANNER


def choose_severity(
    severities: Iterable[SourcedSeverity], purl: str | None, precedence: Iterable[str]
) -> ChosenSeverity:
    """Choose the severity of the first source that says one.

    Where none of the named sources says any, the worst that anybody says counts; words of other
    distributions are nobody's.

    Args:
        severities: who says what.
        purl: the component's package URL.
        precedence: names of sources; ``distro`` is that of the component's distribution, and
            ``scanner`` whoever made a scan without naming another source.

    """
    own = _own_distribution(purl)
    known = [
        each
        for each in severities
        if _severity(each) is not Severity.UNKNOWN
        and (each.source not in _ALL_DISTRIBUTIONS or each.source in own)
    ]
    if not known:
        return ChosenSeverity(severity=Severity.UNKNOWN)
    for wanted in precedence:
        of_source = [
            each
            for each in known
            if (each.source in own if wanted == DISTRO else each.source == wanted)
        ]
        if of_source:
            worst = _worst(of_source)
            score = _highest(of_source)
            return ChosenSeverity(
                severity=_severity(worst),
                source=worst.source,
                score=_highest(known) if score is None else score,
            )
    worst = _worst(known)
    return ChosenSeverity(severity=_severity(worst), source=worst.source, score=_highest(known))


def score_of(severity: SourcedSeverity) -> Decimal | None:
    """The CVSS score, if there is one."""
    try:
        return None if severity.score is None else Decimal(severity.score)
    except InvalidOperation:
        return None


def _severity(each: SourcedSeverity) -> Severity:
    return _BY_WORD.get(each.severity, Severity.UNKNOWN)


def _worst(severities: list[SourcedSeverity]) -> SourcedSeverity:
    return max(
        severities,
        key=lambda each: (
            _severity(each).rank,
            score_of(each) or Decimal(-1),
            each.source,
            each.vector or "",
        ),
    )


def _highest(severities: list[SourcedSeverity]) -> Decimal | None:
    return max(
        (score for each in severities if (score := score_of(each)) is not None), default=None
    )


@functools.lru_cache(maxsize=16384)
def _own_distribution(purl: str | None) -> frozenset[str]:
    parsed = parsed_purl(purl)
    if parsed is None or parsed.type not in _DISTRO_TYPES or parsed.namespace is None:
        return frozenset()
    return _DISTRIBUTIONS.get(parsed.namespace, frozenset({parsed.namespace}))
