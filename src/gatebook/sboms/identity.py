"""What a component says of its identity: is its version one, is its package URL its own."""

import re
from typing import Final

from gatebook.formats.purl import PackageUrl
from gatebook.formats.sbom.components import Component

__all__ = ["PURL_TYPES", "agreement_problem", "has_identifier", "version_problem"]

# purl-spec, types/*-definition.json.
PURL_TYPES: Final = frozenset(
    {
        *("alpm", "apk", "bazel", "bioconductor", "bitbucket", "bitnami", "brew", "cargo"),
        *("chrome-extension", "cocoapods", "composer", "conan", "conda", "cpan", "cran", "deb"),
        *("docker", "ebuild", "gem", "generic", "git", "github", "gitlab", "golang", "hackage"),
        *("hex", "huggingface", "julia", "luarocks", "maven", "mlflow", "npm", "nuget", "oci"),
        *("opam", "otp", "pub", "pypi", "qpkg", "rpm", "swid", "swift", "vcpkg"),
        *("vscode-extension", "yocto", "githubactions"),
    }
)

_PLACEHOLDERS: Final = frozenset(
    {
        *("latest", "unknown", "noassertion", "none", "null", "undefined", "unspecified", "n/a"),
        *("(devel)", "devel", "dev", "head", "master", "main", "trunk", "stable", "current"),
        *("next", "edge", "nightly", "0.0.0-unknown", "v0.0.0-unknown", "0.0.0-dev", "*", "-"),
        *("unversioned", "${project.version}", "workspace:*", "0.0.0-semantically-released"),
    }
)
_MOVING: Final = re.compile(r"(?i)(?:[.-]snapshot|-latest)\Z")
_RANGE: Final = re.compile(
    r"\A\s*(?:[\^<>=~]|!=|vers:|[\[(][^\])]*,)|\|\||\s-\s|(?:^|[.\s])[xX*](?:\.|$)|,\s*[<>=!~]"
)
_TEMPLATE: Final = re.compile(r"\$\{|\{\{|@[A-Z_]+@")
_SEPARATORS: Final = re.compile(r"[-_.]+")


def version_problem(version: str | None) -> str | None:
    """What keeps a text from naming one released version; ``None`` for nothing."""
    text = (version or "").strip()
    if not text:
        return "no version"
    if text.lower() in _PLACEHOLDERS:
        return f"{text!r} names no version"
    if _TEMPLATE.search(text):
        return f"{text[:60]!r} was not filled in"
    if _MOVING.search(text):
        return f"{text[:60]!r} is overwritten by later builds"
    if _RANGE.search(text):
        return f"{text[:60]!r} is a range"
    return None


def has_identifier(component: Component) -> bool:
    """Whether it has a name that databases can be asked with: package URL, CPE or another."""
    return bool(component.purl or component.cpes or component.identifiers)


def agreement_problem(component: Component, purl: PackageUrl) -> str | None:
    """In what a component and its package URL contradict each other; ``None`` for nothing."""
    ours, theirs = _names(component), _purl_names(purl)
    if ours and ours.isdisjoint(theirs):
        return f"the name is {component.name[:60]!r}, that of the package URL {purl.name[:60]!r}"
    if not component.version or not purl.version:
        return None
    if _versions(component.version).isdisjoint(_purl_versions(purl)):
        return (
            f"the version is {component.version[:60]!r}, "
            f"that of the package URL {purl.version[:60]!r}"
        )
    return None


def _names(component: Component) -> frozenset[str]:
    if not component.name:
        return frozenset()
    plain = component.name
    joined = (f"{component.group}/{plain}",) if component.group else ()
    last = re.split(r"[/:]", plain)[-1]
    return frozenset(map(_plain, (plain, last, *joined)))


def _purl_names(purl: PackageUrl) -> frozenset[str]:
    found = [purl.name]
    if purl.namespace:
        found += [f"{purl.namespace}/{purl.name}", f"{purl.namespace}:{purl.name}"]
    if purl.subpath:
        found.append(f"{purl.name}/{purl.subpath}")
        found.append(purl.subpath.rpartition("/")[2])
    # Module paths of Go and images have their last segments as names, too.
    found.append(purl.name.rpartition("/")[2])
    return frozenset(map(_plain, found))


def _plain(name: str) -> str:
    return _SEPARATORS.sub("-", name.lower()).strip("@-/")


def _versions(text: str) -> frozenset[str]:
    plain = text.strip().lower().removeprefix("v")
    return frozenset({plain, plain.partition(":")[2] or plain})


def _purl_versions(purl: PackageUrl) -> frozenset[str]:
    plain = (purl.version or "").lower().removeprefix("v")
    epoch = dict(purl.qualifiers).get("epoch")
    found = {plain, plain.partition(":")[2] or plain}
    if epoch:
        found.add(f"{epoch}:{plain}")
    return frozenset(found)
