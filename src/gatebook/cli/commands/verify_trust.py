"""Who is believed and what is expected, as the options of ``gatebook verify attestation`` say."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import msgspec

from gatebook.cli.options import asked, read_file

if TYPE_CHECKING:
    from gatebook.errors import UsageError
    from gatebook.trust.request.root import RequestRoot
    from gatebook.trust.root.trust_root import TrustedAuthority, TrustRoot
    from gatebook.trust.sigstore.managed_key import ManagedKey
    from gatebook.trust.sigstore.root import SigstoreRoot
    from gatebook.trust.slsa.expectations import ProvenanceExpectations

__all__ = [
    "believe_certificate",
    "believe_certificate_named",
    "believe_keys",
    "expected_build",
    "expected_types",
    "installed_root",
    "read_key",
    "read_roots",
    "request_root",
    "root_of_document",
]

_MAX_ROOT = 4 * 1024 * 1024
_MAX_KEY = 64 * 1024
_SSH = (b"ssh-", b"ecdsa-sha2-", b"sk-")
_SIGNER = {
    "key": "--key",
    "certificate_identity": "--certificate-identity",
    "certificate_oidc_issuer": "--certificate-oidc-issuer",
    "profile": "--profile",
    "allow": "--allow",
}
_BUILD = (
    "source_uri",
    "source_branch",
    "source_tag",
    "source_versioned_tag",
    "builder_id",
    "workflow_inputs",
)
_MANAGED = "managed-key"
_OTHER_USAGE = "npm:signatures"


class Roots(msgspec.Struct, frozen=True, kw_only=True):
    """What the files named with ``--trust-root`` hold."""

    sigstore: "SigstoreRoot | None" = None
    keys: "tuple[ManagedKey, ...]" = ()
    document: "TrustRoot | None" = None


def request_root(ctx: click.Context, given: Mapping[str, Any]) -> "RequestRoot":
    """Say who is believed; nobody is by default.

    Raises:
        UsageError: nobody is named, or options contradict each other.
        MalformedError: a root or key cannot be read.

    """
    roots = read_roots(given["trust_roots"])
    if roots.document is not None:
        return root_of_document(roots.document, given)
    who = asked(ctx, "key", "certificate_identity")
    keys = roots.keys
    if len(who) + bool(keys) > 1:
        raise _usage(
            "of --key, --certificate-identity and a list of keys one says who signed",
            hint="an attestation is signed by a key or by the holder of a certificate",
        )
    if who == ["key"]:
        keys = (read_key(given["key"]),)
    if keys and given["certificate_oidc_issuer"] is not None:
        raise _usage("--certificate-oidc-issuer is for certificates, and a key is named")
    if keys:
        return believe_keys(keys, roots.sigstore, given["profile"], given["allow"])
    return believe_certificate_named(given, roots.sigstore)


def root_of_document(document: "TrustRoot", given: Mapping[str, Any]) -> "RequestRoot":
    """Believe whom a Gatebook trust root names, and nobody else.

    Raises:
        UsageError: somebody else is named too.

    """
    from gatebook.trust.request.root import RequestRoot

    named = [option for name, option in _SIGNER.items() if given[name] not in {None, ()}]
    if named:
        raise _usage(
            "a Gatebook trust root says itself who is believed; it does not go with "
            + ", ".join(named)
        )
    return RequestRoot.of_document(document)


def believe_certificate_named(
    given: Mapping[str, Any], material: "SigstoreRoot | None"
) -> "RequestRoot":
    """Believe the holder of the certificate that the options name, or a trusted builder.

    Raises:
        UsageError: they name nobody, or half of somebody.
        MalformedError: a name is malformed.

    """
    identity, issuer, source = (
        given["certificate_identity"],
        given["certificate_oidc_issuer"],
        given["source_uri"],
    )
    if identity is None and source is None:
        raise _usage(
            "nobody is believed by default: say who has to have signed",
            code="cli.signer-needed",
            hint="name --certificate-identity and --certificate-oidc-issuer, or --key, or "
            "--source-uri for a trusted builder, or a Gatebook --trust-root",
        )
    if identity is not None and issuer is None:
        raise _usage(
            "a subject means nothing without who vouched for it: --certificate-oidc-issuer",
            code="cli.signer-needed",
        )
    return believe_certificate(
        identity,
        issuer,
        material,
        profile=given["profile"],
        allow=given["allow"],
        source=source,
    )


def believe_keys(
    keys: "tuple[ManagedKey, ...]",
    material: "SigstoreRoot | None",
    profile: str | None = None,
    allow: Iterable[str] = (),
) -> "RequestRoot":
    """Believe keys; with a trusted root, all that their bundles carry has to verify too.

    Raises:
        UsageError: the profile is one for certificates, or nothing of it would be judged.

    """
    from gatebook.trust.request.root import RequestRoot

    if profile not in {None, _MANAGED}:
        raise _usage(f"the profile {profile} is for certificates, and a key is named")
    if material is None and (profile is not None or tuple(allow)):
        raise _usage(
            "--profile and --allow are about log entries and times, which nobody vouches for here",
            hint="name the --trust-root that does",
        )
    vouching = None if material is None else _authority(_MANAGED, material, allow)
    return RequestRoot.of_keys(keys, vouching=vouching)


def believe_certificate(
    identity: str | None,
    issuer: str | None,
    material: "SigstoreRoot | None",
    *,
    profile: str | None = None,
    allow: Iterable[str] = (),
    source: str | None = None,
) -> "RequestRoot":
    """Believe the holder of a certificate, or for want of a name whom the rules of builds do.

    Raises:
        UsageError: the profile is for keys, or does not go with the trusted root.
        MalformedError: a name is malformed.

    """
    from gatebook.trust.identities.constraint import IdentityConstraint
    from gatebook.trust.identities.provider import GITHUB_ISSUER
    from gatebook.trust.request.root import RequestRoot, SignerChoice, open_constraint

    if profile == _MANAGED:
        raise _usage("the profile managed-key needs the key: --key FILE")
    issuer = issuer or GITHUB_ISSUER
    if identity is not None:
        choice, constraint = SignerChoice.CALLER, IdentityConstraint.exact(identity, issuer)
    else:
        choice, constraint = SignerChoice.BUILD, open_constraint(source or "", issuer)
    name = profile or ("public-good" if material is None else "private")
    return RequestRoot.of_certificates(
        constraint, _authority(name, material or installed_root(), allow), choice=choice
    )


def expected_build(
    given: Mapping[str, Any], root: "RequestRoot"
) -> "ProvenanceExpectations | None":
    """Say what is expected of the build, or ``None`` when nothing is.

    Raises:
        UsageError: an expectation is none that a build could satisfy.

    """
    if all(given[name] in {None, ()} for name in _BUILD):
        return None
    from gatebook.trust.request.root import SignerChoice
    from gatebook.trust.slsa.expectations import ProvenanceExpectations

    by_key = not root.trusted.identities
    if by_key and given["builder_id"] is None:
        raise _usage(
            "with a key only the caller can say which builder is believed: --builder-id",
            code="cli.builder-needed",
        )
    issuers = frozenset(
        text
        for identity in root.trusted.identities
        if identity.constraint.issuer is not None
        for text in map(str, identity.constraint.issuer.alternatives)
    )
    more = {"issuers": issuers} if issuers else {}
    return ProvenanceExpectations(
        source_uri=given["source_uri"],
        source_branch=given["source_branch"],
        source_tag=given["source_tag"],
        source_versioned_tag=given["source_versioned_tag"],
        builder_id=given["builder_id"],
        workflow_inputs=_inputs(given["workflow_inputs"]),
        signer_is_expected=root.choice is not SignerChoice.BUILD,
        **more,
    )


def expected_types(text: str | None) -> frozenset[str]:
    """Say which predicate types will do: a URI, or all of a family; any if empty.

    Raises:
        UsageError: it is neither.

    """
    from gatebook.formats.intoto import PREDICATE_TYPES, PredicateKind

    if text is None:
        return frozenset()
    if "://" in text:
        return frozenset({text})
    try:
        return PREDICATE_TYPES[PredicateKind(text)]
    except ValueError:
        raise _usage(
            f"{text[:80]!r} is no predicate type",
            code="cli.predicate-type",
            hint=f"use its URI or one of {', '.join(PredicateKind)}",
        ) from None


def read_key(path: Path) -> "ManagedKey":
    """Read a public key in PEM or as a line of SSH.

    Raises:
        UsageError: the file cannot be read.
        MalformedError: it is not a public key.

    """
    from gatebook.trust.keys import PublicKey
    from gatebook.trust.sigstore.managed_key import ManagedKey
    from gatebook.trust.ssh.keys import public_key_from_ssh

    data = read_file(path, limit=_MAX_KEY)
    if data.startswith(_SSH):
        return ManagedKey(public_key=public_key_from_ssh(data.decode("utf-8", "replace").strip()))
    return ManagedKey(public_key=PublicKey.parse(data))


def _authority(name: str, material: "SigstoreRoot", allow: Iterable[str]) -> "TrustedAuthority":
    from gatebook.trust.request.root import authority
    from gatebook.trust.root.trust_root import LENIENCIES
    from gatebook.trust.sigstore.profile import ProfileName

    return authority(ProfileName(name), material, **{LENIENCIES[word]: True for word in allow})


def installed_root() -> "SigstoreRoot":
    """Read the public-good instance's root that the extra sigstore installs.

    Raises:
        UsageError: it is not installed.

    """
    from gatebook.trust.sigstore.root import SigstoreRoot
    from gatebook.workspace.trusted_roots import installed_trusted_root

    return SigstoreRoot.parse(installed_trusted_root())


def read_roots(paths: Iterable[Path]) -> Roots:
    """Read the files named with ``--trust-root``, each kind at most once.

    Raises:
        UsageError: a file cannot be read, or two do not go together.
        MalformedError: one is no root.

    """
    found: dict[str, Any] = {}
    for path in paths:
        kind, value = _read_root(read_file(path, limit=_MAX_ROOT))
        if kind in found:
            raise _usage(f"{path} is another {_KINDS[kind]}; one is read")
        found[kind] = value
    if "document" in found and len(found) > 1:
        raise _usage("a Gatebook trust root holds all that is believed; give no other with it")
    return Roots(**found)


_KINDS = {
    "sigstore": "Sigstore trusted root",
    "keys": "list of keys",
    "document": "Gatebook trust root",
}


def _read_root(data: bytes) -> tuple[str, Any]:
    """Tell by content what a trust root is, and read it."""
    from gatebook import canonical

    fields: canonical.JsonObject = {}
    if data.lstrip(b" \t\r\n").startswith(b"{"):
        decoded = canonical.loads(data, what="trust root", max_bytes=_MAX_ROOT)
        fields = canonical.as_object(decoded, what="trust root")
    if not fields or "trust-root" in fields:
        from gatebook.trust.root.trust_root import TrustRoot

        return "document", TrustRoot.parse(data)
    if "keys" in fields:
        return "keys", _listed_keys(data)
    from gatebook.trust.sigstore.root import SigstoreRoot

    return "sigstore", SigstoreRoot.parse(data)


def _listed_keys(data: bytes) -> "tuple[ManagedKey, ...]":
    from gatebook.trust.sigstore.managed_key import read_managed_keys

    # npm lists the same keys for signatures of another form as well; those are not for this.
    keys = tuple(each.key for each in read_managed_keys(data) if each.usage != _OTHER_USAGE)
    if not keys:
        raise _usage("the list has no key that is for attestations")
    return keys


def _inputs(texts: Iterable[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if not name or not equals or name in found:
            raise _usage(f"--workflow-input {text[:80]!r} is not NAME=VALUE, or comes twice")
        found[name] = value
    return found


def _usage(
    message: str, *, code: str = "cli.attestation-options", hint: str | None = None
) -> "UsageError":
    from gatebook.errors import UsageError

    return UsageError(message, code=code, hint=hint)
