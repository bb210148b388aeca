"""Package URLs: parsed, normalised and printed one way (ECMA-427, package-url/purl-spec).

The rules of a type (what is compared without regard to case, whether a namespace must or must not
be there) are those of the specification's type definitions.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final
from urllib.parse import quote, unquote_to_bytes

from gatebook.errors import MalformedError

__all__ = ["PackageUrl", "PackageUrlError"]

_MAX_LENGTH: Final = 8192
_TYPE: Final = re.compile(r"[A-Za-z][A-Za-z0-9.-]*\Z", re.ASCII)
_QUALIFIER_KEY: Final = re.compile(r"[a-z][a-z0-9._-]*\Z", re.ASCII)
_BROKEN_PERCENT: Final = re.compile(r"%(?![0-9A-Fa-f]{2})", re.ASCII)
_CHROME_NAME: Final = re.compile(r"[a-p]{32}\Z")
_CHROME_VERSION: Final = re.compile(r"\d+(?:\.\d+){0,3}\Z", re.ASCII)

# purl-spec types/*-definition.json, @ 16f3d0e.
_LOWER_NAMESPACE: Final = frozenset(
    {
        *("alpm", "apk", "bitbucket", "brew", "composer", "deb", "github", "hex"),
        *("luarocks", "qpkg", "rpm", "vscode-extension", "yocto"),
    }
)
_LOWER_NAME: Final = frozenset(
    {
        *("alpm", "apk", "bitbucket", "bitnami", "brew", "chrome-extension", "composer", "deb"),
        *("github", "hex", "luarocks", "oci", "otp", "pub", "pypi", "vscode-extension"),
    }
)
_LOWER_VERSION: Final = frozenset({"huggingface", "oci", "pypi", "vscode-extension"})
# "golang" is left out: every tool writes the standard library as pkg:golang/stdlib.
_NEEDS_NAMESPACE: Final = frozenset(
    {
        *("alpm", "apk", "bitbucket", "composer", "deb", "git", "github", "huggingface", "maven"),
        *("qpkg", "rpm", "swift", "vscode-extension"),
    }
)
_NO_NAMESPACE: Final = frozenset(
    {
        *("bazel", "bitnami", "cargo", "chrome-extension", "cocoapods", "conda", "cran", "gem"),
        *("hackage", "julia", "mlflow", "nuget", "oci", "opam", "otp", "pub", "pypi", "vcpkg"),
    }
)
_NEEDS_QUALIFIER: Final[Mapping[str, str]] = MappingProxyType({"julia": "uuid", "swid": "tag_id"})


class PackageUrlError(MalformedError):
    """Text is not a package URL."""

    code = "formats.purl"


@dataclass(frozen=True, slots=True, order=True)
class PackageUrl:
    """``pkg:type/namespace/name@version?qualifiers#subpath``, normalised.

    Attributes:
        type: the package type, lower-case.
        namespace: ``/``-separated, or ``None``.
        name: the package name.
        version: as the type normalises it, or ``None``.
        qualifiers: ``(key, value)`` pairs sorted by key, none empty.
        subpath: ``/``-separated, or ``None``.

    """

    type: str
    namespace: str | None
    name: str
    version: str | None = None
    qualifiers: tuple[tuple[str, str], ...] = ()
    subpath: str | None = None

    @classmethod
    def build(
        cls,
        *,
        type: str,  # noqa: A002  # the specification's word
        name: str,
        namespace: str | None = None,
        version: str | None = None,
        qualifiers: Mapping[str, str] | None = None,
        subpath: str | None = None,
    ) -> "PackageUrl":
        """Make a package URL from its parts, which are not percent-encoded.

        Raises:
            PackageUrlError: a part is missing, or not allowed by the specification or the type.

        """
        if _TYPE.match(type) is None:
            raise PackageUrlError(f"{type[:40]!r} is not a package type")
        kept: dict[str, str] = {}
        for key, value in (qualifiers or {}).items():
            lowered = key.lower()
            if _QUALIFIER_KEY.match(lowered) is None or lowered in kept:
                raise PackageUrlError(f"the qualifier {key[:40]!r} is malformed or comes twice")
            if value:
                kept[lowered] = value
        return _normalise(
            cls(
                type=type.lower(),
                namespace=_segments(namespace),
                name=name.strip("/"),
                version=version or None,
                qualifiers=tuple(sorted(kept.items())),
                subpath=_segments(subpath, skip=frozenset({".", ".."})),
            )
        )

    @classmethod
    def parse(cls, text: str) -> "PackageUrl":
        """Parse and normalise (purl-spec, "How to parse a purl string in its components").

        Raises:
            PackageUrlError: no scheme, type or name; broken percent-encoding; a qualifier twice;
                or something the type does not allow.

        """
        if len(text) > _MAX_LENGTH:
            raise PackageUrlError(f"a package URL has at most {_MAX_LENGTH} characters")
        rest, _, subpath = text.partition("#")
        rest, _, query = rest.partition("?")
        scheme, colon, rest = rest.partition(":")
        if scheme.lower() != "pkg" or not colon:
            raise PackageUrlError(f"{text[:80]!r} is not a package URL: it starts with pkg:")
        kind, slash, rest = rest.strip("/").partition("/")
        if not slash:
            raise PackageUrlError(f"{text[:80]!r} has no type or no name")
        rest, version = _split_version(rest)
        # A git package is a host and everything after it (git-definition.json).
        split = str.partition if kind.lower() == "git" else str.rpartition
        namespace, _, name = split(rest, "/")
        return cls.build(
            type=kind,
            namespace=_decode_segments(namespace),
            name=_decode(name),
            version=_decode(version),
            qualifiers=_qualifiers(query),
            subpath=_decode_segments(subpath),
        )

    def qualifier(self, key: str) -> str | None:
        """The value of a qualifier, or ``None``."""
        return dict(self.qualifiers).get(key)

    def __str__(self) -> str:
        text = f"pkg:{self.type}/"
        if self.namespace is not None:
            text += _encode_path(self.namespace) + "/"
        text += _encode_path(self.name) if self.type == "git" else _encode(self.name)
        if self.version is not None:
            text += f"@{_encode(self.version)}"
        if self.qualifiers:
            text += "?" + "&".join(f"{key}={_encode(value)}" for key, value in self.qualifiers)
        if self.subpath is not None:
            text += f"#{_encode_path(self.subpath)}"
        return text


def _split_version(rest: str) -> tuple[str, str]:
    # An unencoded scope, pkg:npm/@scope/name, has its "@" before the last "/": no version.
    place = rest.rfind("@")
    scope = place == 0 or (place > 0 and rest[place - 1] == "/")
    if place < 0 or (scope and "/" in rest[place:]):
        return rest.rstrip("/"), ""
    return rest[:place], rest[place + 1 :]


def _qualifiers(query: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for pair in query.split("&") if query else ():
        key, _, value = pair.partition("=")
        if key.lower() in found:
            raise PackageUrlError(f"the qualifier {key[:40]!r} comes twice")
        found[key.lower()] = _decode(value)
    return found


def _segments(text: str | None, skip: frozenset[str] = frozenset()) -> str | None:
    parts = [part for part in (text or "").split("/") if part and part not in skip]
    return "/".join(parts) or None


def _decode_segments(text: str) -> str:
    parts = [_decode(part) for part in text.split("/") if part]
    if any("/" in part for part in parts):
        raise PackageUrlError("a percent-encoded '/' inside a path segment")
    return "/".join(parts)


def _decode(text: str) -> str:
    if "%" not in text:
        return text
    if _BROKEN_PERCENT.search(text):
        raise PackageUrlError(f"{text[:80]!r} is not percent-encoded properly")
    try:
        return unquote_to_bytes(text).decode("utf-8")
    except UnicodeDecodeError:
        raise PackageUrlError(f"{text[:80]!r} does not decode to UTF-8") from None


def _encode_path(text: str) -> str:
    return "/".join(_encode(part) for part in text.split("/"))


def _encode(text: str) -> str:
    # purl-spec, "Character encoding": unreserved characters and ":" stand for themselves.
    try:
        return quote(text, safe="-._~:")
    except UnicodeEncodeError:
        raise PackageUrlError("a package URL holds an unpaired surrogate") from None


def _normalise(purl: PackageUrl) -> PackageUrl:
    kind, namespace, name, version = purl.type, purl.namespace, purl.name, purl.version
    _check_parts(purl)
    if namespace is not None and kind in _LOWER_NAMESPACE:
        namespace = namespace.lower()
    if kind in _LOWER_NAME:
        name = name.lower()
    if version is not None and kind in _LOWER_VERSION:
        version = version.lower()
    match kind:
        case "git" if (namespace or "").lower() in {"github", "github.com"}:
            namespace, name = (namespace or "").lower(), name.lower()  # that host ignores case
        case "mlflow" if "databricks" in (purl.qualifier("repository_url") or ""):
            name = name.lower()  # that registry ignores case, others do not
        case "pypi" | "hackage":
            name = name.replace("_", "-")
        case "pub":
            name = re.sub(r"[^a-z0-9]", "_", name)
        case _:
            pass
    return PackageUrl(kind, namespace, name, version, purl.qualifiers, purl.subpath)


def _check_parts(purl: PackageUrl) -> None:
    kind, name, version = purl.type, purl.name, purl.version
    if not name:
        raise PackageUrlError(f"a package URL of type {kind} needs a name")
    if purl.namespace is None and kind in _NEEDS_NAMESPACE:
        raise PackageUrlError(f"a package URL of type {kind} needs a namespace")
    if purl.namespace is not None and kind in _NO_NAMESPACE:
        raise PackageUrlError(f"a package URL of type {kind} has no namespace")
    needed = _NEEDS_QUALIFIER.get(kind)
    if needed is not None and purl.qualifier(needed) is None:
        raise PackageUrlError(f"a package URL of type {kind} needs the qualifier {needed}")
    if kind == "cpan" and "::" in name:
        raise PackageUrlError("a cpan package URL names a distribution, not a module")
    if kind == "chrome-extension" and (
        _CHROME_NAME.match(name.lower()) is None
        or (version is not None and _CHROME_VERSION.match(version) is None)
    ):
        raise PackageUrlError(
            "a chrome-extension has a name of 32 letters a to p, and a version of 1 to 4 numbers"
        )
