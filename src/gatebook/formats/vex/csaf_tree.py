"""The product tree of a CSAF document: local product ids, and what they stand for.

Source: OASIS, *Common Security Advisory Framework Version 2.0*, §3.1.2, §3.1.3 and §3.2.2; version
2.1 lists several package URLs for one product, and paths instead of relationships.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import msgspec

from gatebook.formats.fields import Fields
from gatebook.formats.vex.identifiers import component_of
from gatebook.formats.vex.statement import (
    VersionClaim,
    VersionStatus,
    VexComponent,
    VexError,
    VexProduct,
)

__all__ = ["ProductTree", "TreeProduct", "read_tree", "texts"]

_MAX_PRODUCTS: Final = 1_000_000
_MAX_CHAIN: Final = 32


class TreeProduct(msgspec.Struct, frozen=True, kw_only=True):
    """One product id.

    Attributes:
        product_id: the id, local to the document.
        identity: what names the product; its version is that of the branch it hangs on.
        version_range: the versions it stands for, where it stands for several; as written.
        component: the id of the part, for a product made by a relationship.
        platform: the id of what the part belongs to, likewise.

    """

    product_id: str
    identity: VexComponent
    version_range: str | None = None
    component: str | None = None
    platform: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ProductTree:
    """Every product and group of a document.

    Attributes:
        products: by product id.
        groups: product ids by group id.

    """

    products: dict[str, TreeProduct]
    groups: dict[str, tuple[str, ...]]

    def members(self, product_ids: list[str], group_ids: list[str]) -> Iterator[str]:
        """The products that ids and groups name, in order; one may come twice."""
        yield from product_ids
        for group in group_ids:
            yield from self.groups.get(group, ())

    def product(self, product_id: str, status: VersionStatus) -> VexProduct:
        """What a product id stands for; of versions given as a range, ``status`` is said.

        A product made by a relationship ("A as a component of B") is B with A as the part the
        statement is about, unless it has an identifier of its own (§3.2.2.4).

        Raises:
            VexError: ``formats.csaf-product`` an id that the tree does not define, or one that is
                defined by itself.

        """
        found = self._product(product_id)
        if found.component is None or found.platform is None or _is_identified(found.identity):
            return VexProduct(identity=found.identity, versions=_claims(found, status))
        platform = self._end(found.platform, of_platform=True)
        component = self._end(found.component, of_platform=False)
        return VexProduct(
            identity=platform.identity,
            subcomponents=(component.identity,),
            versions=_claims(platform, status),
            component_versions=_claims(component, status),
        )

    def _product(self, product_id: str) -> TreeProduct:
        found = self.products.get(product_id)
        if found is None:
            raise VexError(
                f"the product id {product_id[:80]!r} is not in the product tree",
                code="formats.csaf-product",
            )
        return found

    def _end(self, product_id: str, *, of_platform: bool) -> TreeProduct:
        found = self._product(product_id)
        for _ in range(_MAX_CHAIN):
            following = found.platform if of_platform else found.component
            if following is None or _is_identified(found.identity):
                return found
            found = self._product(following)
        raise VexError(
            f"the product id {product_id[:80]!r} is defined by itself, or by a chain of more than "
            f"{_MAX_CHAIN} relationships",
            code="formats.csaf-product",
        )


def read_tree(document: Fields) -> ProductTree:
    """Read ``product_tree`` of a document; an absent one defines nothing.

    Raises:
        MalformedError: a field of the wrong type, or a required one missing.
        VexError: ``formats.csaf-product`` a product id defined twice, ``formats.vex-limit`` too
            many.

    """
    products: dict[str, TreeProduct] = {}
    tree = document.optional_object("product_tree")
    if tree is None:
        return ProductTree(products=products, groups={})
    for product in _all_products(tree):
        if product.product_id in products:
            raise VexError(
                f"the product id {product.product_id[:80]!r} is defined twice",
                code="formats.csaf-product",
            )
        if len(products) >= _MAX_PRODUCTS:
            raise VexError(
                f"a product tree of more than {_MAX_PRODUCTS} products", code="formats.vex-limit"
            )
        products[product.product_id] = product
    groups: dict[str, tuple[str, ...]] = {}
    for group in tree.objects("product_groups"):
        members = texts(group, "product_ids")
        groups[group.text("group_id")] = (*groups.get(group.text("group_id"), ()), *members)
    return ProductTree(products=products, groups=groups)


def texts(fields: Fields, name: str) -> list[str]:
    """The strings of an array; an absent one has none.

    Raises:
        MalformedError: not an array, or a member is not a string.

    """
    found: list[str] = []
    for value in fields.array(name):
        if not isinstance(value, str):
            raise fields.refuse(f"{name!r} must hold strings")
        found.append(value)
    return found


def _all_products(tree: Fields) -> Iterator[TreeProduct]:
    for full_name in tree.objects("full_product_names"):
        yield _product(full_name)
    for branch in tree.objects("branches"):
        yield from _branch_products(branch)
    for relationship in tree.objects("relationships"):
        made = _product(relationship.object("full_product_name"))
        yield msgspec.structs.replace(
            made,
            component=relationship.text("product_reference"),
            platform=relationship.text("relates_to_product_reference"),
        )
    # CSAF 2.1: a path from the innermost part to what it ends up in.
    for path in tree.objects("product_paths"):
        steps = list(path.objects("subpaths"))
        if not steps:
            raise path.refuse("'subpaths' is required and must not be empty")
        yield msgspec.structs.replace(
            _product(path.object("full_product_name")),
            component=path.text("beginning_product_reference"),
            platform=steps[-1].text("next_product_reference"),
        )


def _branch_products(root: Fields) -> Iterator[TreeProduct]:
    pending: list[tuple[Fields, str | None, str | None]] = [(root, None, None)]
    while pending:
        branch, version, version_range = pending.pop()
        # §3.1.2.3: the name of such a branch is a version, or a range of versions.
        category = branch.text("category")
        if category == "product_version":
            version, version_range = branch.text("name"), None
        elif category == "product_version_range":
            version, version_range = None, branch.text("name")
        full_name = branch.optional_object("product")
        if full_name is not None:
            yield _product(full_name, version=version, version_range=version_range)
        below = [(each, version, version_range) for each in branch.objects("branches")]
        pending.extend(reversed(below))


def _product(
    full_name: Fields, *, version: str | None = None, version_range: str | None = None
) -> TreeProduct:
    helper = full_name.optional_object("product_identification_helper")
    ids: list[str] = []
    cpes: list[str] = []
    hashes: list[tuple[str, str]] = []
    if helper is not None:
        ids = [helper.text("purl")] if helper.has("purl") else []
        ids += texts(helper, "purls")
        cpes = [helper.text("cpe")] if helper.has("cpe") else []
        hashes = _hashes(helper)
        ids += [each.text("uri") for each in helper.objects("x_generic_uris")]
    return TreeProduct(
        product_id=full_name.text("product_id"),
        identity=component_of(
            ids, cpes=cpes, hashes=hashes, name=full_name.text("name"), version=version
        ),
        version_range=version_range,
    )


def _hashes(helper: Fields) -> list[tuple[str, str]]:
    files = list(helper.objects("hashes"))
    if len(files) != 1:
        # §3.1.3.3.2: one item for each file of the product; one file of many is not the product.
        return []
    return [
        (each.text("algorithm"), each.text("value")) for each in files[0].objects("file_hashes")
    ]


def _claims(product: TreeProduct, status: VersionStatus) -> tuple[VersionClaim, ...]:
    if product.version_range is None:
        return ()
    return (VersionClaim(range=product.version_range, status=status),)


def _is_identified(component: VexComponent) -> bool:
    return bool(component.purls or component.hashes or component.cpes or component.bom_links)
