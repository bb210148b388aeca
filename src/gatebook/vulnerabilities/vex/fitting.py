"""Whether a statement is about the component of a finding in the product at hand."""

from collections.abc import Iterable
from typing import Final

import msgspec

from gatebook.formats.purl import PackageUrl
from gatebook.formats.vex.statement import (
    VersionClaim,
    VersionStatus,
    VexProduct,
    VexStatement,
    VexStatus,
)
from gatebook.vulnerabilities.vex.matching import (
    Match,
    Nearness,
    Software,
    digest_hashes,
    match_software,
)
from gatebook.vulnerabilities.vex.records import (
    ComponentIdentity,
    ProductIdentity,
    Reason,
    VersionRanges,
    VexFinding,
)

__all__ = ["Fit", "Target", "explain", "fit"]

_PRODUCT: Final = {
    Nearness.UNIDENTIFIED: Reason.PRODUCT_UNIDENTIFIED,
    Nearness.DIFFERS: Reason.PRODUCT_DIFFERS,
    Nearness.QUALIFIER_DIFFERS: Reason.PRODUCT_QUALIFIER_DIFFERS,
    Nearness.VERSION_DIFFERS: Reason.PRODUCT_VERSION_DIFFERS,
    Nearness.DIGEST_DIFFERS: Reason.PRODUCT_DIGEST_DIFFERS,
}
_COMPONENT: Final = {
    Nearness.UNIDENTIFIED: Reason.COMPONENT_UNIDENTIFIED,
    Nearness.DIFFERS: Reason.COMPONENT_DIFFERS,
    Nearness.QUALIFIER_DIFFERS: Reason.COMPONENT_QUALIFIER_DIFFERS,
    Nearness.VERSION_DIFFERS: Reason.COMPONENT_VERSION_DIFFERS,
    Nearness.DIGEST_DIFFERS: Reason.COMPONENT_VERSION_DIFFERS,
}
# What has to be said of a version so that a statement with this status covers it.
_COVERS: Final = {
    VexStatus.NOT_AFFECTED: frozenset({VersionStatus.UNAFFECTED}),
    VexStatus.FIXED: frozenset({VersionStatus.UNAFFECTED}),
    VexStatus.AFFECTED: frozenset({VersionStatus.AFFECTED}),
    VexStatus.UNDER_INVESTIGATION: frozenset(VersionStatus),
}
_SUPPRESSING: Final = frozenset({VexStatus.NOT_AFFECTED, VexStatus.FIXED})


class Fit(msgspec.Struct, frozen=True, kw_only=True):
    """How a statement fits.

    Attributes:
        reason: why it does not; ``None`` when it does.
        matches: what was compared, outermost first.
        told: what more there is to say, for people.
        versioned: whether it names the version, or the bytes, of what it is about.
        purls: the package URLs by which it names what it is about.

    """

    reason: Reason | None
    matches: tuple[Match, ...] = ()
    told: str = ""
    versioned: bool = False
    purls: tuple[PackageUrl, ...] = ()

    @property
    def detail(self) -> str:
        """What was compared, for people."""
        named = ": ".join(each.detail for each in self.matches) or "nothing"
        return f"{named}{self.told}"


class _Claims(msgspec.Struct, frozen=True, kw_only=True):
    """What a statement says of versions, and the versions at hand."""

    claims: tuple[VersionClaim, ...]
    versions: tuple[str, ...]
    status: VexStatus
    ranges: VersionRanges


class Target(msgspec.Struct, frozen=True, kw_only=True):
    """The product and the component, ready to be compared."""

    product: Software
    product_versions: tuple[str, ...]
    component: Software | None
    component_versions: tuple[str, ...]

    @classmethod
    def of(cls, finding: VexFinding, product: ProductIdentity) -> "Target":
        """Prepare a finding in a product."""
        component = finding.component
        # The version of an image's package URL is its digest, which has no place in an order.
        versions = [
            each.version for each in product.purls if each.version and ":" not in each.version
        ]
        versions += [version for _, version in product.names]
        versions += [product.version] if product.version else []
        return cls(
            product=_product(product),
            product_versions=tuple(dict.fromkeys(versions)),
            component=None if component is None else _component(component),
            component_versions=() if component is None else _versions(component),
        )


def explain(found: Fit, target: Target) -> str:
    """Say for people what a statement names, and what is at hand."""
    reason = found.reason or ""
    software: Software | None = None
    if reason.startswith("vex.product-"):
        software = target.product
    elif reason.startswith("vex.component-"):
        software = target.component
    if software is None:
        return f"the statement names {found.detail}"
    known = [str(each) for each in software.purls]
    known += [f"{name}:{value}" for name, value in sorted(software.hashes)]
    known += [f"{name} {version}" for name, version in software.names]
    more = f" and {len(known) - 3} more names" if len(known) > 3 else ""  # noqa: PLR2004  # shown
    here = ", ".join(known[:3]) or "something without a name"
    return f"the statement names {found.detail}; here is {here}{more}"


def fit(statement: VexStatement, target: Target, ranges: VersionRanges) -> Fit:
    """Find the product of a statement that fits, or the one that comes nearest.

    Of several products that fit, one with a version is preferred; of several reasons, that of the
    product that came furthest; of equals, the first.
    """
    if not statement.products:
        return Fit(reason=Reason.NO_PRODUCT)
    fits = (_fit_product(each, statement.status, target, ranges) for each in statement.products)
    return max(fits, key=lambda each: (each[0], each[1].versioned))[1]


def _fit_product(
    product: VexProduct, status: VexStatus, target: Target, ranges: VersionRanges
) -> tuple[int, Fit]:
    whole = match_software(product.identity, target.product)
    if whole.matches:
        return _fit_inside(product, whole, status, target, ranges)
    # A statement on a component by its own author names the component as the product.
    if target.component is not None and not product.subcomponents:
        itself = match_software(product.identity, target.component)
        if itself.matches:
            said = _Claims(
                claims=product.versions,
                versions=target.component_versions,
                status=status,
                ranges=ranges,
            )
            return _covered(said, (itself,), product.identity.purls)
        if itself.nearness > whole.nearness:
            return itself.nearness, Fit(reason=_COMPONENT[itself.nearness], matches=(itself,))
    return whole.nearness, Fit(reason=_PRODUCT[whole.nearness], matches=(whole,))


def _fit_inside(
    product: VexProduct, whole: Match, status: VexStatus, target: Target, ranges: VersionRanges
) -> tuple[int, Fit]:
    purls = product.identity.purls
    matches: tuple[Match, ...] = (whole,)
    if product.subcomponents:
        if target.component is None:
            told = ": the finding is of the product as a whole, the statement of a part"
            return 10, Fit(reason=Reason.COMPONENT_UNIDENTIFIED, matches=matches, told=told)
        parts = [(match_software(each, target.component), each) for each in product.subcomponents]
        part, named = max(parts, key=lambda each: each[0].nearness)
        matches = (whole, part)
        if not part.matches:
            return 10 + part.nearness, Fit(reason=_COMPONENT[part.nearness], matches=matches)
        purls = purls or named.purls
        said = _Claims(
            claims=product.component_versions,
            versions=target.component_versions,
            status=status,
            ranges=ranges,
        )
        rank, found = _covered(said, matches, purls)
        if found.reason is not None:
            return rank, found
    said = _Claims(
        claims=product.versions, versions=target.product_versions, status=status, ranges=ranges
    )
    return _covered(said, matches, purls)


def _covered(
    said: _Claims, matches: tuple[Match, ...], purls: tuple[PackageUrl, ...]
) -> tuple[int, Fit]:
    """Judge what is said of versions; without such claims the match is all there is."""
    if not said.claims:
        # The product counts: a part with a version says nothing of the product's.
        versioned = matches[0].versioned
        return 100, Fit(reason=None, matches=matches, versioned=versioned, purls=purls)
    wanted = _COVERS[said.status]
    covered, bounded, contradicted, unknown = False, False, False, not said.versions
    for claim in said.claims:
        inside = _inside(claim, said.versions, said.ranges)
        if inside is None:
            unknown = True
        elif inside:
            covered = covered or claim.status in wanted
            # "vers:npm/*" and "vers:all/*" hold every version, and so name none.
            bounded = bounded or not (claim.range or "").endswith("/*")
            contradicted = contradicted or claim.status not in wanted
    claimed = f": {_shown(said.claims)}"
    found = f"{claimed}, found {', '.join(said.versions) or 'no version'}"
    if said.status in _SUPPRESSING and unknown:
        told = f"{found}, which cannot be compared"
        return 30, Fit(reason=Reason.VERSION_NOT_EVALUABLE, matches=matches, told=told)
    # A warning stands where its versions cannot be compared, and falls where they differ.
    fits = covered and not contradicted if said.status in _SUPPRESSING else covered or unknown
    if not fits:
        return 20, Fit(reason=Reason.VERSION_NOT_COVERED, matches=matches, told=found)
    versioned = covered and bounded
    return 100, Fit(reason=None, matches=matches, told=claimed, versioned=versioned, purls=purls)


def _inside(claim: VersionClaim, versions: tuple[str, ...], ranges: VersionRanges) -> bool | None:
    if claim.version is not None:
        return claim.version in versions if versions else None
    found: bool | None = False
    for version in versions:
        held = ranges.contains(claim.range or "", version)
        if held:
            return True
        if held is None:
            found = None
    return found if versions else None


def _shown(claims: Iterable[VersionClaim]) -> str:
    texts = [f"{each.version or each.range} {each.status.value}" for each in claims]
    more = f" and {len(texts) - 3} more" if len(texts) > 3 else ""  # noqa: PLR2004  # shown
    return ", ".join(texts[:3]) + more


def _product(product: ProductIdentity) -> Software:
    hashes = {(each.algorithm, each.hex) for each in product.digests}
    return Software(
        purls=product.purls,
        hashes=frozenset({*hashes, *digest_hashes(product.purls)}),
        cpes=product.cpes,
        names=product.names,
        bom_links=frozenset(product.bom_links),
    )


def _component(component: ComponentIdentity) -> Software:
    purls = () if component.purl is None else (component.purl,)
    return Software(
        purls=purls,
        hashes=frozenset({*component.hashes, *digest_hashes(purls)}),
        cpes=component.cpes,
        bom_links=frozenset(component.bom_links),
    )


def _versions(component: ComponentIdentity) -> tuple[str, ...]:
    own = None if component.purl is None else component.purl.version
    return tuple(dict.fromkeys(each for each in (own, component.version) if each))
