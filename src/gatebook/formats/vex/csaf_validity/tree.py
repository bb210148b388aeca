"""Tests of product ids, groups and products: 6.1.1 to 6.1.5, 6.1.13, 6.1.25, 6.1.31."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Final

from msgspec import UNSET, UnsetType

from gatebook.errors import MalformedError
from gatebook.formats.purl import PackageUrl
from gatebook.formats.vex.csaf_validity.violation import Violation
from gatebook.formats.vex.csaf_validity.wire import Branch, Csaf, FullProductName, ProductTree

__all__ = ["check_tree", "group_members"]

_EMPTY: Final = ProductTree()
# §6.1.31. The signs are looked for anywhere, the words as words: "after-eight" is a name.
_SIGNS: Final = re.compile(r"[<>]")
_WORDS: Final = frozenset({"after", "all", "before", "earlier", "later", "prior", "versions"})
_BETWEEN_WORDS: Final = re.compile(r"[\s,;:()\[\]{}/]+")
# The prose of §6.1.25 makes no exception. The suite of OASIS does: its data for the optional test
# 6.2.8 gives one file two values of md5, and calls the document valid. Neither identifies anything.
_BROKEN: Final = frozenset({"md5", "sha1"})
_PURL: Final = re.compile(r"pkg:(?:/{0,2})([A-Za-z][A-Za-z0-9.+-]*)/", re.IGNORECASE)


def check_tree(csaf: Csaf) -> Iterator[Violation]:
    """Run the tests of the product tree and of what refers to it."""
    tree = _EMPTY if isinstance(csaf.product_tree, UnsetType) else csaf.product_tree
    names = list(_names(tree))
    yield from _defined_once(names)
    yield from _circles(tree)
    yield from _groups_defined_once(tree)
    yield from _undefined(csaf, tree, {each.product_id for _, each in names})
    for pointer, name in names:
        yield from _helper(pointer, name)
    for pointer, branch in _branches(tree):
        yield from _version_range(pointer, branch)


def group_members(csaf: Csaf) -> dict[str, list[str]]:
    """The products of each group."""
    if isinstance(csaf.product_tree, UnsetType):
        return {}
    members: dict[str, list[str]] = {}
    for group in csaf.product_tree.product_groups or ():
        members.setdefault(group.group_id, []).extend(group.product_ids)
    return members


def _branches(tree: ProductTree) -> Iterator[tuple[str, Branch]]:
    pending = [
        (f"/product_tree/branches/{number}", each)
        for number, each in enumerate(tree.branches or ())
    ]
    while pending:
        pointer, branch = pending.pop()
        yield pointer, branch
        pending.extend(
            (f"{pointer}/branches/{number}", each)
            for number, each in enumerate(branch.branches or ())
        )


def _names(tree: ProductTree) -> Iterator[tuple[str, FullProductName]]:
    for number, name in enumerate(tree.full_product_names or ()):
        yield f"/product_tree/full_product_names/{number}", name
    for pointer, branch in _branches(tree):
        if branch.product is not UNSET:
            yield f"{pointer}/product", branch.product
    for number, relationship in enumerate(tree.relationships or ()):
        place = f"/product_tree/relationships/{number}/full_product_name"
        yield place, relationship.full_product_name


def _defined_once(names: Iterable[tuple[str, FullProductName]]) -> Iterator[Violation]:
    seen: set[str] = set()
    for pointer, name in names:
        if name.product_id in seen:
            yield Violation(
                test="6.1.2",
                pointer=f"{pointer}/product_id",
                message=f"{name.product_id!r} was defined before",
            )
        seen.add(name.product_id)


def _circles(tree: ProductTree) -> Iterator[Violation]:
    parts: dict[str, set[str]] = {}
    for each in tree.relationships or ():
        ends = {each.product_reference, each.relates_to_product_reference}
        parts.setdefault(each.full_product_name.product_id, set()).update(ends)
    # Take away what is made of finished parts, again and again: circles are left.
    waiting = {name: {part for part in made_of if part in parts} for name, made_of in parts.items()}
    users: dict[str, list[str]] = {}
    for name, made_of in waiting.items():
        for part in made_of:
            users.setdefault(part, []).append(name)
    ready = [name for name, made_of in waiting.items() if not made_of]
    while ready:
        done = ready.pop()
        del waiting[done]
        for user in users.get(done, ()):
            waiting[user].discard(done)
            if not waiting[user]:
                ready.append(user)
    for name in sorted(waiting):
        yield Violation(
            test="6.1.3",
            pointer="/product_tree/relationships",
            message=f"{name!r} is made of itself, or of something that is",
        )


def _groups_defined_once(tree: ProductTree) -> Iterator[Violation]:
    seen: set[str] = set()
    for number, group in enumerate(tree.product_groups or ()):
        if group.group_id in seen:
            yield Violation(
                test="6.1.5",
                pointer=f"/product_tree/product_groups/{number}/group_id",
                message=f"{group.group_id!r} was defined before",
            )
        seen.add(group.group_id)


def _undefined(csaf: Csaf, tree: ProductTree, products: set[str]) -> Iterator[Violation]:
    for pointer, product_id in _references(csaf, tree):
        if product_id not in products:
            yield Violation(
                test="6.1.1", pointer=pointer, message=f"{product_id!r} is not in the product tree"
            )
    groups = {group.group_id for group in tree.product_groups or ()}
    for number, vulnerability in enumerate(csaf.vulnerabilities or ()):
        for name in ("flags", "remediations", "threats"):
            for place, item in enumerate(getattr(vulnerability, name) or ()):
                for group_id in item.group_ids or ():
                    if group_id not in groups:
                        yield Violation(
                            test="6.1.4",
                            pointer=f"/vulnerabilities/{number}/{name}/{place}/group_ids",
                            message=f"{group_id!r} is not in the product tree",
                        )


def _references(csaf: Csaf, tree: ProductTree) -> Iterator[tuple[str, str]]:
    for number, group in enumerate(tree.product_groups or ()):
        for product_id in group.product_ids:
            yield f"/product_tree/product_groups/{number}/product_ids", product_id
    for number, relationship in enumerate(tree.relationships or ()):
        pointer = f"/product_tree/relationships/{number}"
        yield f"{pointer}/product_reference", relationship.product_reference
        other = relationship.relates_to_product_reference
        yield f"{pointer}/relates_to_product_reference", other
    for number, vulnerability in enumerate(csaf.vulnerabilities or ()):
        pointer = f"/vulnerabilities/{number}"
        status = vulnerability.product_status
        if not isinstance(status, UnsetType):
            for name in status.__struct_fields__:
                for product_id in getattr(status, name) or ():
                    yield f"{pointer}/product_status/{name}", product_id
        for name in ("flags", "remediations", "threats"):
            for place, item in enumerate(getattr(vulnerability, name) or ()):
                for product_id in item.product_ids or ():
                    yield f"{pointer}/{name}/{place}/product_ids", product_id
        for place, score in enumerate(vulnerability.scores or ()):
            for product_id in score.products:
                yield f"{pointer}/scores/{place}/products", product_id


def _helper(pointer: str, name: FullProductName) -> Iterator[Violation]:
    helper = name.product_identification_helper
    if isinstance(helper, UnsetType):
        return
    place = f"{pointer}/product_identification_helper"
    if helper.purl is not UNSET and (wrong := _wrong_purl(helper.purl)) is not None:
        yield Violation(test="6.1.13", pointer=f"{place}/purl", message=wrong)
    for number, file in enumerate(helper.hashes or ()):
        counted = Counter(each.algorithm.lower() for each in file.file_hashes)
        for algorithm in sorted(each for each, count in counted.items() if count > 1):
            if algorithm in _BROKEN:
                continue
            yield Violation(
                test="6.1.25",
                pointer=f"{place}/hashes/{number}/file_hashes",
                message=f"more than one value of {algorithm}",
            )


def _wrong_purl(text: str) -> str | None:
    match = _PURL.match(text)
    if match is None:
        return f"{text[:80]!r} is not a package URL"
    # The rules that a type adds have changed since CSAF 2.0; a name of any type must stand.
    try:
        PackageUrl.parse(f"pkg:generic/{text[match.end() :]}")
    except MalformedError as error:
        return f"{text[:80]!r} is not a package URL: {error.message}"
    return None


def _version_range(pointer: str, branch: Branch) -> Iterator[Violation]:
    if branch.category != "product_version":
        return
    lowered = branch.name.lower()
    if _SIGNS.search(lowered) or not _WORDS.isdisjoint(_BETWEEN_WORDS.split(lowered)):
        yield Violation(
            test="6.1.31",
            pointer=f"{pointer}/name",
            message=f"{branch.name[:80]!r} is a range of versions, not a version",
        )
