"""Two releases compared, and the presented SBOM with the attested one."""

import json

from hypothesis import given, settings
from hypothesis import strategies as st

from gatebook.digest import sha256
from gatebook.formats.sbom.read import read_sbom
from gatebook.sboms.comparison import Likeness, compare_sboms
from gatebook.sboms.diff import ChangeKind, PackageKey, diff_sboms
from gatebook.sboms.vulnerability_changes import (
    Cause,
    KnownVulnerability,
    vulnerability_changes,
)


def numbers(_type, one, other):
    try:
        left, right = ([int(each) for each in text.split(".")] for text in (one, other))
    except ValueError:
        return None
    return (left > right) - (left < right)


def told(old, new, order=numbers):
    found = diff_sboms(old, new, order=order)
    return [(each.kind.value, each.package.name, each.before, each.after) for each in found.changes]


def versions(shelf, *texts):
    packages = [
        shelf.package("codec", text, **{"bom-ref": f"codec-{n}"}) for n, text in enumerate(texts)
    ]
    return shelf.of(*packages, shelf.package("other"))


def test_nothing_changed(shelf):
    found = diff_sboms(shelf.of(), shelf.of(), order=numbers)
    assert found.is_empty
    assert found.unchanged == 2
    assert found.new_direct == ()


def test_added_removed_upgraded_and_downgraded(shelf):
    old = shelf.of(*(shelf.package(n, v) for n, v in (("a", "1.0"), ("b", "1.9"), ("c", "2.0"))))
    new = shelf.of(*(shelf.package(n, v) for n, v in (("b", "1.10"), ("c", "1.0"), ("d", "1.0"))))
    assert told(old, new) == [
        ("added", "d", None, "1.0"),
        ("removed", "a", "1.0", None),
        ("upgraded", "b", "1.9", "1.10"),
        ("downgraded", "c", "2.0", "1.0"),
    ]
    found = diff_sboms(old, new, order=numbers)
    assert [each.major for each in found.changes] == [False, False, False, True]
    assert [each.name for each in found.new_direct or ()] == ["d"]


def test_without_an_order_a_version_changed(shelf):
    old, new = versions(shelf, "1.0"), versions(shelf, "1.1")
    assert told(old, new, lambda *_: None) == [("version-changed", "codec", "1.0", "1.1")]
    assert told(versions(shelf, "one"), versions(shelf, "two")) == [
        ("version-changed", "codec", "one", "two")
    ]


def test_a_package_in_several_versions_is_a_multiset(shelf):
    # Three versions of commons-codec of which one goes: not a removal of the package.
    old = versions(shelf, "1.0", "1.1", "1.2")
    assert told(old, versions(shelf, "1.0", "1.2")) == [("removed", "codec", "1.1", None)]
    assert told(old, versions(shelf, "1.2", "1.1", "1.0")) == []
    assert told(old, versions(shelf, "1.0", "1.1", "1.3")) == [("upgraded", "codec", "1.2", "1.3")]
    assert told(versions(shelf, "1.0", "1.0"), versions(shelf, "1.0")) == [
        ("removed", "codec", "1.0", None)
    ]


def test_the_architecture_is_part_of_a_package_and_other_qualifiers_are_not(shelf):
    def deb(qualifiers):
        return shelf.of(shelf.package("z", purl=f"pkg:deb/debian/z@1.0.0?{qualifiers}"))

    assert told(deb("arch=amd64"), deb("arch=amd64&distro=debian-12")) == []
    changed = [each[0] for each in told(deb("arch=amd64"), deb("arch=arm64"))]
    assert changed == ["added", "removed"]


def test_the_same_version_with_another_hash(shelf):
    def hashed(algorithm, text):
        return shelf.of(shelf.package("a", hashes=[{"alg": algorithm, "content": text}]))

    old = hashed("SHA-256", "a" * 64)
    (change,) = diff_sboms(old, hashed("SHA-256", "b" * 64), order=numbers).changes
    assert change.kind is ChangeKind.HASH_CHANGED
    assert change.version == "1.0.0"
    assert told(old, hashed("SHA-512", "b" * 128)) == []
    assert told(old, shelf.of(shelf.package("a", hashes=None))) == []


def test_licence_supplier_and_scope_changes(shelf):
    old = shelf.of(shelf.package("a"))
    for changes, kind, before, after in (
        ({"licenses": [{"license": {"id": "ISC"}}]}, "licence-changed", "MIT", "ISC"),
        ({"supplier": {"name": "Else"}}, "supplier-changed", "Acme", "Else"),
        ({"scope": "optional"}, "scope-changed", "required", "optional"),
        ({"scope": "required"}, None, None, None),
    ):
        found = told(old, shelf.of(shelf.package("a", **changes)))
        assert found == ([] if kind is None else [(kind, "a", before, after)])


def test_new_ecosystems_and_direct_dependencies(shelf):
    old = shelf.of(shelf.package("a"))
    new = shelf.of(shelf.package("a"), shelf.package("b", purl="pkg:pypi/b@1.0.0"))
    found = diff_sboms(old, new, order=numbers)
    assert found.new_ecosystems == ("pypi",)
    assert [str(each) for each in found.new_direct or ()] == ["pkg:pypi/b"]
    assert found.changes[0].direct
    assert diff_sboms(old, shelf.of(dependencies=[]), order=numbers).new_direct is None


@given(
    st.lists(st.sampled_from(["1.0", "1.1", "2.0", "3.5"]), max_size=6),
    st.lists(st.sampled_from(["1.0", "1.1", "2.0", "3.5"]), max_size=6),
)
@settings(deadline=None, max_examples=80)
def test_the_changes_lead_from_one_list_to_the_other(shelf, before, after):
    changes = diff_sboms(versions(shelf, *before), versions(shelf, *after), order=numbers).changes
    moved = sorted(before)
    for each in changes:
        if each.before is not None:
            moved.remove(each.before)
        if each.after is not None:
            moved.append(each.after)
    assert sorted(moved) == sorted(after)


KEY = PackageKey(type="npm", namespace="", name="a")


def known(identifier, version, key=KEY):
    return KnownVulnerability(vulnerability=identifier, package=key, version=version)


def causes(old, new, before, after, **more):
    return [
        (each.finding.vulnerability, each.introduced, each.cause)
        for each in vulnerability_changes(old, new, before=before, after=after, **more)
    ]


def test_why_a_vulnerability_came(shelf):
    one, two = shelf.of(shelf.package("a", "1.0")), shelf.of(shelf.package("a", "2.0"))
    none = shelf.of(shelf.package("b"))
    assert causes(one, one, [], [known("C-1", "1.0")]) == [("C-1", True, Cause.NEW_ADVISORY)]
    assert causes(none, one, [], [known("C-1", "1.0")]) == [("C-1", True, Cause.NEW_COMPONENT)]
    assert causes(one, two, [], [known("C-1", "2.0")]) == [("C-1", True, Cause.NEW_VERSION)]


def test_why_a_vulnerability_went(shelf):
    one, two = shelf.of(shelf.package("a", "1.0")), shelf.of(shelf.package("a", "2.0"))
    none, had = shelf.of(shelf.package("b")), [known("C-1", "1.0")]
    assert causes(one, none, had, []) == [("C-1", False, Cause.COMPONENT_REMOVED)]
    assert causes(one, two, had, []) == [("C-1", False, Cause.VERSION_CHANGED)]
    assert causes(one, one, had, []) == [("C-1", False, Cause.ADVISORY_CHANGED)]
    withdrawn = frozenset({"C-1"})
    assert causes(one, one, had, [], withdrawn=withdrawn) == [
        ("C-1", False, Cause.ADVISORY_WITHDRAWN)
    ]


def test_a_vulnerability_that_stays_through_an_upgrade_neither_came_nor_went(shelf):
    one, two = shelf.of(shelf.package("a", "1.0")), shelf.of(shelf.package("a", "2.0"))
    assert causes(one, two, [known("C-1", "1.0")], [known("C-1", "2.0")]) == []


def test_the_same_bytes_and_the_same_components(shelf):
    document = shelf.document()
    data = json.dumps(document).encode()
    indented = json.dumps(document, indent=1).encode()
    one, other = read_sbom(data), read_sbom(indented)
    same = compare_sboms(one, one, presented_bytes=data, attested_digest=sha256(data))
    assert same.likeness is Likeness.SAME_BYTES
    alike = compare_sboms(other, one, presented_bytes=indented, attested_digest=sha256(data))
    assert (alike.likeness, alike.shared) == (Likeness.SAME_COMPONENTS, 2)


def test_what_differs_is_named(shelf):
    attested = shelf.of()
    more = compare_sboms(shelf.of(*(shelf.package(n) for n in ("left", "right", "up"))), attested)
    assert more.likeness is Likeness.DIFFERENT
    assert [str(each) for each, _ in more.presented_only] == ["pkg:npm/up@1.0.0"]
    fewer = compare_sboms(shelf.of(shelf.package("left")), attested)
    assert [str(each) for each, _ in fewer.attested_only] == ["pkg:npm/right@1.0.0"]
    other = [{"alg": "SHA-256", "content": "b" * 64}]
    hashed = compare_sboms(
        shelf.of(shelf.package("left", hashes=other), shelf.package("right")), attested
    )
    assert [str(each.component) for each in hashed.hashes] == ["pkg:npm/left@1.0.0"]
    assert hashed.likeness is Likeness.DIFFERENT


def test_another_subject_is_another_sbom(shelf):
    document = shelf.document()
    document["metadata"]["component"]["hashes"][0]["content"] = "b" * 64
    document["metadata"]["component"]["purl"] = "pkg:oci/api@sha256%3A" + "b" * 64
    found = compare_sboms(shelf.read(document), shelf.of())
    assert found.likeness is Likeness.DIFFERENT
    assert found.other_subject is not None


def test_two_lists_without_components_are_not_alike(shelf):
    empty = shelf.read(shelf.document() | {"components": [], "dependencies": []})
    assert compare_sboms(empty, empty).likeness is Likeness.DIFFERENT


def test_the_same_components_in_another_format(shelf):
    cyclonedx = shelf.of(shelf.package("left"), shelf.package("etc", type="file", purl=None))
    spdx = {
        "spdxVersion": "SPDX-2.3",
        "SPDXID": "SPDXRef-DOCUMENT",
        "dataLicense": "CC0-1.0",
        "name": "api",
        "documentNamespace": "https://example.com/api",
        "creationInfo": {"created": "2026-11-20T14:30:00Z", "creators": ["Tool: syft-1.20.0"]},
        "packages": [
            {"SPDXID": "SPDXRef-root", "name": "api", "versionInfo": "2.0.0"},
            {
                "SPDXID": "SPDXRef-left",
                "name": "left",
                "versionInfo": "1.0.0",
                "externalRefs": [
                    {
                        "referenceCategory": "PACKAGE-MANAGER",
                        "referenceType": "purl",
                        "referenceLocator": "pkg:npm/left@1.0.0",
                    }
                ],
            },
        ],
        "relationships": [
            {
                "spdxElementId": "SPDXRef-DOCUMENT",
                "relationshipType": "DESCRIBES",
                "relatedSpdxElement": "SPDXRef-root",
            }
        ],
    }
    found = compare_sboms(shelf.read(spdx), cyclonedx)
    assert (found.likeness, found.shared, found.left_out) == (Likeness.SAME_COMPONENTS, 1, 1)
    spdx["packages"][1]["versionInfo"] = "1.0.1"
    spdx["packages"][1]["externalRefs"][0]["referenceLocator"] = "pkg:npm/left@1.0.1"
    assert compare_sboms(shelf.read(spdx), cyclonedx).likeness is Likeness.DIFFERENT
