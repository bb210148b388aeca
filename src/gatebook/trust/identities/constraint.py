"""Who may have signed: constraints on the parts of an identity, exact or by explicit pattern.

Written in trust roots and contracts as a mapping::

    issuer: https://token.actions.githubusercontent.com
    repository: acme/api
    workflow: .github/workflows/release.yml
    ref: refs/tags/v*
    runner: github-hosted

A value is compared whole and case by case; in a value with ``*`` each ``*`` stands for one or more
characters other than ``/``, each ``**`` for any. There are no regular expressions. A list means any
of its members. Unknown fields are refused, an issuer is always needed, and something must say who
the signer is.

Case: GitHub and GitLab ignore it in the names of owners and repositories but put the one true
spelling into every token, so that comparing exactly loses nothing. A name may pass to somebody
else when its owner gives it up; ``repository-id`` and ``owner-id`` may not.

**The signer is not always the source.** With a reusable workflow another repository's build
definition signs for the source. Unless ``build-signer`` says whom to expect there, ``host``,
``owner``, ``repository``, ``workflow`` and ``ref`` have to hold for the signer *and* for the
source; and when none of ``identity``, ``owner`` and ``repository`` is given, the signer has to live
in the source repository itself. ``source-…`` fields look at the source alone and need
``build-signer`` or ``identity`` beside them.
"""

from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType
from typing import Final

import msgspec

from gatebook.canonical import Json, JsonObject
from gatebook.errors import MalformedError
from gatebook.formats.fields import Fields
from gatebook.trust.identities.build_reference import BuildReference
from gatebook.trust.identities.certificate import CertificateIdentity
from gatebook.trust.identities.expectation import Expectation, IdentityConstraintError
from gatebook.trust.refusals import AttestationRefusedError

__all__ = [
    "Expectation",
    "IdentityConstraint",
    "IdentityConstraintError",
    "IdentityMismatchError",
]

_NO_ISSUER: Final = "none"


class IdentityMismatchError(AttestationRefusedError):
    """The signer is not who was expected; the code ends in the part that differs.

    Attributes:
        part: the field of the constraint that is not satisfied.
        expected: what the constraint wants.
        found: what the certificate says, or ``None`` when it does not say it.

    """

    code = "trust.identity-mismatch"

    def __init__(self, part: str, expected: str, found: str | None, *, whose: str = "") -> None:
        self.part = part
        self.expected = expected
        self.found = found
        said = "the certificate does not say" if found is None else f"found {found[:200]!r}"
        super().__init__(
            f"{part}{whose}: expected {expected[:300]}, {said}",
            code=f"trust.identity-{_CODES.get(part, part)}",
            hint=_HINTS.get(part),
        )


_CODES: Final[Mapping[str, str]] = MappingProxyType({"identity": "subject"})
_HINTS: Final[Mapping[str, str]] = MappingProxyType(
    {"build-signer": "say 'build-signer' if a reusable workflow of another repository may sign"}
)


_Parts = Mapping[str, Expectation]


class IdentityConstraint(msgspec.Struct, frozen=True, kw_only=True):
    """Which identities are meant; made by :meth:`read` or :meth:`exact`.

    Attributes:
        issuer: who has to vouch; ``None`` stands for the word ``none``: a certificate without
            issuer, as GitHub's own release attestations have.
        parts: what else has to hold, by the field's name.
        build_signer: what has to hold for the build signer, when it is constrained separately.

    """

    issuer: Expectation | None
    parts: _Parts
    build_signer: _Parts = msgspec.field(default_factory=lambda: MappingProxyType({}))

    @classmethod
    def exact(cls, identity: str, issuer: str) -> "IdentityConstraint":
        """The meaning of cosign's ``--certificate-identity`` and ``--certificate-oidc-issuer``.

        Both are compared whole with the subject alternative name and the issuer.

        Raises:
            IdentityConstraintError: one is empty.

        """
        return cls(
            issuer=Expectation.exact(issuer),
            parts=MappingProxyType({"identity": Expectation.exact(identity)}),
        )

    @classmethod
    def read(cls, fields: Fields) -> "IdentityConstraint":
        """Read a constraint from a trust root or contract.

        Raises:
            MalformedError: with the code of ``fields``: an unknown field; no issuer; nothing that
                says who the signer is; ``source-…`` without ``build-signer`` or ``identity``; or a
                value that is empty or a pattern of wildcards only.

        """
        _refuse_unknown(fields, {"issuer", "build-signer", *_READERS})
        if not fields.has("issuer"):
            raise fields.refuse("'issuer' is required: a name means nothing without who gave it")
        parts = _read_parts(fields, _READERS)
        signer = _read_signer(fields)
        constraint = cls(
            issuer=_read_issuer(fields), parts=MappingProxyType(parts), build_signer=signer
        )
        constraint._refuse_open(fields)
        return constraint

    def check(self, identity: CertificateIdentity) -> None:
        """Check that ``identity`` is meant.

        1. The issuer is the one expected.
        2. Every constrained part is stated and is what is expected, for the signer too where the
           constraint does not tell the two apart.
        3. The build signer is the one expected, or lives in the source repository.

        Raises:
            IdentityMismatchError: the first part that differs.

        """
        # (1) A subject is a name within its issuer (CVE-2022-36056, second part).
        if self.issuer is None:
            if identity.issuer is not None:
                raise IdentityMismatchError("issuer", "a certificate without one", identity.issuer)
        elif identity.issuer is None or not self.issuer.admits(identity.issuer):
            raise IdentityMismatchError("issuer", str(self.issuer), identity.issuer)

        # (2) What a certificate does not state satisfies nothing.
        for part, expectation in self.parts.items():
            _check_values(part, expectation, _READERS[part](identity))
            if part in _SHARED and not self.build_signer and identity.signer is not None:
                theirs = _SIGNER_READERS[part](identity.signer)
                # A CI system that keeps its build definitions itself names no repository there.
                if theirs:
                    _check_values(part, expectation, theirs, whose=" of the build signer")

        # (3) Whoever may change a reusable workflow may sign for all of its callers.
        if self.build_signer:
            self._check_signer(identity)
        elif not self.parts.keys() & _NAMES_SIGNER and identity.is_reusable_workflow:
            raise IdentityMismatchError(
                "build-signer",
                f"a build definition of the source repository {identity.source}",
                None if identity.signer is None else identity.signer.uri,
            )

    def as_json(self) -> JsonObject:
        """The form it is written in, with sorted fields."""
        written: JsonObject = {
            "issuer": _NO_ISSUER if self.issuer is None else self.issuer.as_json(),
            **{part: self.parts[part].as_json() for part in sorted(self.parts)},
        }
        if self.build_signer:
            written["build-signer"] = {
                part: self.build_signer[part].as_json() for part in sorted(self.build_signer)
            }
        return written

    def _check_signer(self, identity: CertificateIdentity) -> None:
        for part, expectation in self.build_signer.items():
            if part == "digest":
                found = _values(identity.signer_digest)
            else:
                found = () if identity.signer is None else _SIGNER_READERS[part](identity.signer)
            try:
                _check_values(part, expectation, found)
            except IdentityMismatchError as error:
                raise IdentityMismatchError(
                    "build-signer", f"{part} {error.expected}", error.found
                ) from None

    def _refuse_open(self, fields: Fields) -> None:
        named = self.parts.keys()
        if self.issuer is None and "identity" not in named:
            raise fields.refuse("'issuer: none' needs an 'identity'")
        alone = sorted(part for part in named if part.startswith("source-"))
        if alone and not self.build_signer and "identity" not in named:
            raise fields.refuse(
                f"{alone[0]!r} says nothing about who signed",
                hint="add 'build-signer', or use the field without 'source-' if the source's own "
                "workflow signs",
            )
        if not self.build_signer and not named & _SAYS_WHO:
            raise fields.refuse(
                "nothing says who the signer is",
                hint=f"add one of {', '.join(sorted(_SAYS_WHO))} or build-signer",
            )
        weak = {"host", "ref", "workflow"}
        if self.build_signer and not self.build_signer.keys() - weak:
            raise fields.refuse("'build-signer' needs a uri, an owner, a repository or a digest")


def _values(*texts: str | None) -> tuple[str, ...]:
    return tuple(text for text in texts if text is not None)


def _source_host(identity: CertificateIdentity) -> tuple[str, ...]:
    if identity.source is not None:
        return (identity.source.host,)
    return () if identity.signer is None else (identity.signer.host,)


def _source_owner(identity: CertificateIdentity) -> tuple[str, ...]:
    if identity.source is not None:
        return (identity.source.owner,)
    return () if identity.signer is None else _values(identity.signer.owner)


def _source_repository(identity: CertificateIdentity) -> tuple[str, ...]:
    source = identity.source
    return () if source is None else (source.path, source.uri)


def _workflow(identity: CertificateIdentity) -> tuple[str, ...]:
    # Certificates of before 2023 name no top-level build definition; then only the signer counts.
    reference = identity.build_config or identity.signer
    return () if reference is None else _values(reference.path)


def _signer_repository(signer: BuildReference) -> tuple[str, ...]:
    repository = signer.repository
    return () if repository is None else (repository.path, repository.uri)


_Reader = Callable[[CertificateIdentity], tuple[str, ...]]

_READERS: Final[Mapping[str, _Reader]] = MappingProxyType(
    {
        "identity": lambda identity: (identity.subject.value,),
        "host": _source_host,
        "owner": _source_owner,
        "repository": _source_repository,
        "workflow": _workflow,
        "ref": lambda identity: _values(identity.source_ref),
        "commit": lambda identity: _values(identity.source_digest),
        "repository-id": lambda identity: _values(identity.repository_id),
        "owner-id": lambda identity: _values(identity.owner_id),
        "visibility": lambda identity: _values(identity.source_visibility),
        "trigger": lambda identity: _values(identity.trigger),
        "runner": lambda identity: _values(identity.runner_environment),
        "environment": lambda identity: _values(identity.deployment_environment),
        "run": lambda identity: () if identity.run is None else (identity.run.uri,),
        "token-subject": lambda identity: _values(identity.token_subject),
        "source-host": lambda identity: () if identity.source is None else (identity.source.host,),
        "source-owner": lambda identity: (
            () if identity.source is None else (identity.source.owner,)
        ),
        "source-repository": _source_repository,
        "source-ref": lambda identity: _values(identity.source_ref),
    }
)
"""The fields of a constraint. A part may be written in several ways; one that fits is enough."""

_SIGNER_READERS: Final[Mapping[str, Callable[[BuildReference], tuple[str, ...]]]] = (
    MappingProxyType(
        {
            "uri": lambda signer: (signer.uri,),
            "host": lambda signer: (signer.host,),
            "owner": lambda signer: _values(signer.owner),
            "repository": _signer_repository,
            "workflow": lambda signer: _values(signer.path),
            "ref": lambda signer: _values(signer.ref),
        }
    )
)

_SHARED: Final = frozenset({"host", "owner", "repository", "workflow", "ref"})
_NAMES_SIGNER: Final = frozenset({"identity", "owner", "repository"})
_SAYS_WHO: Final = frozenset(
    {"identity", "owner", "repository", "repository-id", "owner-id", "token-subject"}
)


def _check_values(
    part: str, expectation: Expectation, found: Iterable[str], *, whose: str = ""
) -> None:
    spellings = tuple(found)
    if not any(expectation.admits(text) for text in spellings):
        raise IdentityMismatchError(
            part, str(expectation), spellings[0] if spellings else None, whose=whose
        )


def _read_issuer(fields: Fields) -> Expectation | None:
    value = fields.values.get("issuer")
    return None if value == _NO_ISSUER else _expectation(fields, "issuer", value)


def _read_parts(fields: Fields, known: Iterable[str]) -> dict[str, Expectation]:
    return {
        part: _expectation(fields, part, fields.values[part])
        for part in known
        if part in fields.values
    }


def _read_signer(fields: Fields) -> _Parts:
    if "build-signer" not in fields.values:
        return MappingProxyType({})
    value = fields.values["build-signer"]
    if not isinstance(value, dict):
        return MappingProxyType({"uri": _expectation(fields, "build-signer", value)})
    known = {*_SIGNER_READERS, "digest"}
    signer = fields.object("build-signer")
    _refuse_unknown(signer, known)
    parts = _read_parts(signer, (*_SIGNER_READERS, "digest"))
    if not parts:
        raise signer.refuse("constrains nothing")
    return MappingProxyType(parts)


def _expectation(fields: Fields, part: str, value: Json) -> Expectation:
    try:
        return Expectation.parse(value, what=repr(part))
    except MalformedError as error:
        raise fields.refuse(f"{part!r}: {error.message}", hint=error.hint) from None


def _refuse_unknown(fields: Fields, known: set[str]) -> None:
    unknown = sorted(set(fields.values) - known)
    if unknown:
        raise fields.refuse(
            f"unknown field {unknown[0][:80]!r}", hint=f"known fields: {', '.join(sorted(known))}"
        )
