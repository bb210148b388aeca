"""A package or a summary that ``gatebook verify attestation`` is asked for."""

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

import click

from gatebook.cli.options import asked

if TYPE_CHECKING:
    from gatebook.errors import UsageError
    from gatebook.trust.request.package import PackageRequest
    from gatebook.trust.request.root import RequestRoot
    from gatebook.trust.request.subject import RequestSubject
    from gatebook.trust.request.verification import VerificationRequest
    from gatebook.trust.vsa import VsaExpectations

__all__ = ["expected_package", "expected_summary", "is_package", "named_subject", "package_root"]

_SUMMARY: Final = {
    "verifier_id": "--verifier-id",
    "resource_uri": "--resource-uri",
    "verified_levels": "--verified-level",
}
_PACKAGE: Final = ("package_name", "package_version")
_NOT_WITH_PACKAGE: Final = {
    **_SUMMARY,
    "predicate_type": "--predicate-type",
    "from_registry": "--from-registry",
}
_NOT_WITH_SUMMARY: Final = {
    "predicate_type": "--predicate-type",
    "source_uri": "--source-uri",
    "source_branch": "--source-branch",
    "source_tag": "--source-tag",
    "source_versioned_tag": "--source-versioned-tag",
    "builder_id": "--builder-id",
    "workflow_inputs": "--workflow-input",
}
_NAMED: Final = re.compile(r"[A-Za-z][A-Za-z0-9_.+-]*:[^/\\]*\Z")


def expected_summary(given: Mapping[str, Any]) -> "VsaExpectations | None":
    """Say what is expected of a verification summary, or ``None`` when none is asked for.

    Raises:
        UsageError: only a part of it is said, or something is asked that no summary says.

    """
    missing = [option for name, option in _SUMMARY.items() if given[name] in {None, ()}]
    if len(missing) == len(_SUMMARY):
        return None
    if missing:
        raise _usage(
            f"a verification summary is judged by all three; {' and '.join(missing)} is missing",
            code="cli.summary-incomplete",
        )
    _refuse(given, _NOT_WITH_SUMMARY, "a verification summary")
    from gatebook.trust.vsa import VsaExpectations

    return VsaExpectations(
        verifier_id=given["verifier_id"],
        resource_uri=given["resource_uri"],
        levels=given["verified_levels"],
    )


def named_subject(text: str) -> "RequestSubject | None":
    """Read what else a summary may call an artifact, or ``None`` for a digest, file or image.

    Raises:
        MalformedError: the algorithm is weak, or the value malformed.

    """
    from gatebook.digest import ALGORITHMS
    from gatebook.trust.request.subject import RequestSubject
    from gatebook.trust.vsa import ExpectedDigest

    if _NAMED.match(text) is None or text.partition(":")[0] in ALGORITHMS:
        return None
    return RequestSubject(named=ExpectedDigest.parse(text))


def is_package(given: Mapping[str, Any]) -> bool:
    """Whether an npm package is asked for.

    Raises:
        UsageError: something is asked as well that no package has.

    """
    if all(given[name] is None for name in _PACKAGE):
        return False
    _refuse(given, _NOT_WITH_PACKAGE, "an npm package")
    return True


def package_root(ctx: click.Context, given: Mapping[str, Any]) -> "RequestRoot":
    """Say who is believed about a package: the registry by its keys, the build by certificate.

    Raises:
        UsageError: one of them is not named, or options contradict each other.
        MalformedError: a root or key cannot be read.

    """
    from gatebook.cli.commands.verify_trust import (
        believe_certificate_named,
        believe_keys,
        installed_root,
        read_key,
        read_roots,
        root_of_document,
    )
    from gatebook.trust.request.root import RequestRoot

    roots = read_roots(given["trust_roots"])
    if roots.document is not None:
        return root_of_document(roots.document, given)
    keys = roots.keys
    if keys and "key" in asked(ctx, "key", "trust_roots"):
        raise _usage("of --key and a list of keys one says how the registry signs")
    if not keys and given["key"] is not None:
        keys = (read_key(given["key"]),)
    if not keys:
        raise _usage(
            "a package is published by its registry: name the registry's keys",
            code="cli.signer-needed",
            hint="--trust-root npm-keys.json, beside a Sigstore trusted root if you name one",
        )
    if given["builder_id"] is None:
        raise _usage(
            "a package is built by whom you say: --builder-id",
            code="cli.builder-needed",
            hint="the npm command's is https://github.com/actions/runner/github-hosted",
        )
    builds = believe_certificate_named(given, roots.sigstore)
    # Registries change keys: when one signed is proved by the log, which somebody has to vouch for.
    registry = believe_keys(keys, roots.sigstore or installed_root(), allow=given["allow"])
    return RequestRoot.of_package(registry, builds)


def expected_package(given: Mapping[str, Any], request: "VerificationRequest") -> "PackageRequest":
    """Say which package is expected.

    Raises:
        UsageError: no pair of attestations could satisfy that.

    """
    from gatebook.trust.request.package import PackageRequest

    return PackageRequest(
        request=request, name=given["package_name"], version=given["package_version"]
    )


def _refuse(given: Mapping[str, Any], options: Mapping[str, str], what: str) -> None:
    named = [option for name, option in options.items() if given[name] not in {None, ()}]
    if named:
        raise _usage(f"{what} is asked for, which does not go with {', '.join(named)}")


def _usage(
    message: str, *, code: str = "cli.attestation-options", hint: str | None = None
) -> "UsageError":
    from gatebook.errors import UsageError

    return UsageError(message, code=code, hint=hint)
