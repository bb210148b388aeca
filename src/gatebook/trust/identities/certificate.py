"""Whom a signing certificate was issued to, in parts that can be compared.

A Fulcio certificate names one subject (subject alternative name) and, for a CI job, the build: who
signed (build signer), what was built (source), which top-level definition asked for it (build
config). The three are kept apart: with a reusable workflow the signer is not the source.

Nothing here says whether it is believed: :mod:`gatebook.trust.identities.constraint` does.
"""

import re
from collections.abc import Mapping
from typing import Final

import msgspec
from cryptography import x509

from gatebook.canonical import JsonObject
from gatebook.trust.identities.build_reference import (
    BuildReference,
    Run,
    SourceRepository,
    parse_repository,
    parse_run,
    percent_decode,
)
from gatebook.trust.identities.fulcio import (
    OTHER_NAME,
    CertificateIdentityError,
    FulcioExtension,
    decode_utf8_string,
    has_control_characters,
    read_fulcio_extensions,
)
from gatebook.trust.identities.provider import (
    GITHUB_ISSUER,
    CertificateSubject,
    Provider,
    SubjectKind,
    identify_provider,
    split_page,
    split_reference,
)

__all__ = [
    "GITHUB_ISSUER",
    "CertificateIdentity",
    "CertificateIdentityError",
    "CertificateSubject",
    "Provider",
    "SubjectKind",
    "read_certificate_identity",
]

_MAX_SUBJECT: Final = 8192
_EMAIL: Final = re.compile(r"[^@\s]{1,256}@[^@\s]{1,255}\Z")
_URI: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://[^\s]+\Z")


class CertificateIdentity(msgspec.Struct, frozen=True, kw_only=True):
    """Everything a signing certificate says about who signed and what was built.

    A part the certificate does not state is ``None``.

    Attributes:
        subject: the subject alternative name.
        issuer: who vouched for the subject (``.8``, ``.1``).
        provider: how the other parts are written.
        signer: the build instructions that signed (``.9``, else the subject).
        signer_digest: their commit (``.10``).
        source: the repository that was built (``.12``, ``.5``).
        source_digest: the commit that was built (``.13``, ``.3``).
        source_ref: the ref that was built (``.14``, ``.6``).
        source_visibility: ``public``, ``private`` … at the time of signing (``.22``).
        repository_id: the repository's lasting number (``.15``).
        owner_id: the owner's lasting number (``.17``).
        build_config: the top-level build definition (``.18``).
        build_config_digest: its commit (``.19``).
        workflow_name: the workflow's display name (``.4``).
        trigger: the event that started the build (``.20``, ``.2``).
        run: the execution (``.21``).
        runner_environment: such as ``github-hosted`` or ``self-hosted`` (``.11``).
        deployment_environment: the protected environment the job ran for (``.23``).
        token_subject: ``sub`` of the token as issued (``.24``).

    """

    subject: CertificateSubject
    issuer: str | None
    provider: Provider
    signer: BuildReference | None = None
    signer_digest: str | None = None
    source: SourceRepository | None = None
    source_digest: str | None = None
    source_ref: str | None = None
    source_visibility: str | None = None
    repository_id: str | None = None
    owner_id: str | None = None
    build_config: BuildReference | None = None
    build_config_digest: str | None = None
    workflow_name: str | None = None
    trigger: str | None = None
    run: Run | None = None
    runner_environment: str | None = None
    deployment_environment: str | None = None
    token_subject: str | None = None

    @property
    def is_reusable_workflow(self) -> bool:
        """Whether the signer lives in another repository than the source."""
        theirs = None if self.signer is None else self.signer.repository
        return theirs is not None and self.source is not None and theirs != self.source

    def as_json(self) -> JsonObject:
        """The stated parts, for people and machines to read; absent parts are left out."""
        stated: dict[str, object | None] = {
            "subject": self.subject.value,
            "subject_kind": self.subject.kind.value,
            "issuer": self.issuer,
            "provider": self.provider.value,
            "signer": self.signer,
            "signer_digest": self.signer_digest,
            "source": self.source,
            "source_digest": self.source_digest,
            "source_ref": self.source_ref,
            "source_visibility": self.source_visibility,
            "repository_id": self.repository_id,
            "owner_id": self.owner_id,
            "build_config": self.build_config,
            "build_config_digest": self.build_config_digest,
            "workflow_name": self.workflow_name,
            "trigger": self.trigger,
            "run": self.run,
            "runner_environment": self.runner_environment,
            "deployment_environment": self.deployment_environment,
            "token_subject": self.token_subject,
        }
        return {name: str(value) for name, value in stated.items() if value is not None}

    def __str__(self) -> str:
        return self.subject.value


def read_certificate_identity(certificate: x509.Certificate) -> CertificateIdentity:
    """Read whom ``certificate`` was issued to.

    1. The extensions are read strictly; none comes twice.
    2. There is exactly one subject alternative name, of a kind Fulcio issues.
    3. A deprecated extension and its successor say the same.
    4. For GitHub and GitLab the subject, the signer, the source, its owner and the run belong
       together.

    The certificate itself is not verified here.

    Raises:
        CertificateIdentityError: one code for each reason; the module's functions name them.

    """
    # (1) fulcio docs/oid-info.md.
    values = read_fulcio_extensions(certificate)

    # (2) RFC 5280 §4.2.1.6; Fulcio issues one name per certificate.
    subject = _subject(certificate)

    # (3) oid-info.md: .1 to .6 are deprecated in favour of .8 and later.
    ext = FulcioExtension
    issuer = _twins(values, ext.ISSUER_V1, ext.ISSUER_V2, "trust.identity-issuer-conflict")
    provider = identify_provider(subject, issuer)
    signer = _signer(values, subject, provider)
    source = _source(values, provider, signer)
    identity = CertificateIdentity(
        subject=subject,
        issuer=issuer,
        provider=provider,
        signer=signer,
        signer_digest=values.get(ext.BUILD_SIGNER_DIGEST),
        source=source,
        source_digest=_twins(values, ext.GITHUB_SHA, ext.SOURCE_DIGEST),
        source_ref=_twins(values, ext.GITHUB_REF, ext.SOURCE_REF),
        source_visibility=values.get(ext.SOURCE_VISIBILITY),
        repository_id=values.get(ext.SOURCE_ID),
        owner_id=values.get(ext.SOURCE_OWNER_ID),
        build_config=_build_config(values, provider),
        build_config_digest=values.get(ext.BUILD_CONFIG_DIGEST),
        workflow_name=values.get(ext.GITHUB_NAME),
        trigger=_twins(values, ext.GITHUB_TRIGGER, ext.BUILD_TRIGGER),
        run=_run(values, provider, source),
        runner_environment=values.get(ext.RUNNER_ENVIRONMENT),
        deployment_environment=values.get(ext.DEPLOYMENT_ENVIRONMENT),
        token_subject=values.get(ext.TOKEN_SUBJECT),
    )

    # (4) fulcio config/identity/config.yaml writes them from claims of one token.
    _check_owner(values, identity)
    return identity


def _subject(certificate: x509.Certificate) -> CertificateSubject:
    try:
        names = list(
            certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        )
    except x509.ExtensionNotFound:
        raise CertificateIdentityError(
            "the certificate has no subject alternative name", code="trust.identity-san-missing"
        ) from None
    if len(names) != 1:
        raise CertificateIdentityError(
            f"the certificate has {len(names)} subject alternative names; it must have one",
            code="trust.identity-san-count",
        )
    (name,) = names
    match name:
        case x509.RFC822Name():
            subject = CertificateSubject(kind=SubjectKind.EMAIL, value=name.value)
            well_formed = _EMAIL.match(name.value) is not None
        case x509.UniformResourceIdentifier():
            subject = CertificateSubject(kind=SubjectKind.URI, value=name.value)
            well_formed = _URI.match(name.value) is not None
        case x509.OtherName() if name.type_id.dotted_string == OTHER_NAME:
            text = decode_utf8_string(name.value, what="the OtherName")
            subject = CertificateSubject(kind=SubjectKind.USERNAME, value=text)
            well_formed = bool(text)
        case _:
            raise CertificateIdentityError(
                f"the subject alternative name is a {type(name).__name__}; an email address, a URI "
                "or Fulcio's OtherName is expected",
                code="trust.identity-san-kind",
            )
    too_long = len(subject.value) > _MAX_SUBJECT
    if not well_formed or too_long or has_control_characters(subject.value):
        raise CertificateIdentityError(
            f"the subject {subject.value[:120]!r} is not a well-formed {subject.kind}",
            code="trust.identity-san-malformed",
        )
    return subject


def _twins(
    values: Mapping[int, str], old: int, new: int, code: str = "trust.identity-claim-conflict"
) -> str | None:
    deprecated, current = values.get(old), values.get(new)
    if deprecated is not None and current is not None and deprecated != current:
        raise CertificateIdentityError(
            f"extension .{old} says {deprecated[:120]!r} and .{new} says {current[:120]!r}",
            code=code,
        )
    return current if current is not None else deprecated


def _signer(
    values: Mapping[int, str], subject: CertificateSubject, provider: Provider
) -> BuildReference | None:
    stated = values.get(FulcioExtension.BUILD_SIGNER_URI)
    match provider:
        case Provider.GITHUB | Provider.GITLAB:
            # Both templates write the same claim into the subject and into .9.
            plain = percent_decode(subject.value)
            if stated is not None and stated not in {subject.value, plain}:
                raise CertificateIdentityError(
                    f"the subject is {subject.value[:160]!r}, the build signer {stated[:160]!r}",
                    code="trust.identity-signer-conflict",
                )
            return split_reference(provider, plain if stated is None else stated)
        case Provider.BUILDKITE | Provider.CIRCLECI | Provider.CODEFRESH | Provider.BUDDY:
            return split_reference(provider, subject.value)
        case _:
            return None


def _source(
    values: Mapping[int, str], provider: Provider, signer: BuildReference | None
) -> SourceRepository | None:
    stated = values.get(FulcioExtension.SOURCE_URI)
    old = values.get(FulcioExtension.GITHUB_REPOSITORY)
    if stated is None and old is not None and signer is not None:
        # Certificates of before 2023 have .5 only, "owner/name" on the signer's host.
        return parse_repository(f"https://{signer.host}/{old}")
    if stated is None:
        return None
    if provider not in {Provider.GITHUB, Provider.GITLAB, Provider.BUDDY}:
        # A repository of somewhere else, in whatever form its owner configured.
        try:
            return parse_repository(stated.removesuffix(".git"))
        except CertificateIdentityError:
            return None
    source = parse_repository(stated)
    if old is not None and old != source.path:
        raise CertificateIdentityError(
            f"extension .5 says {old[:120]!r} and .12 says {stated[:120]!r}",
            code="trust.identity-claim-conflict",
        )
    # Not for GitLab: public-good Fulcio writes gitlab.com into .12 for other instances as well.
    if provider is Provider.GITHUB and signer is not None and signer.host != source.host:
        raise CertificateIdentityError(
            f"the signer is on {signer.host}, the source on {source.host}",
            code="trust.identity-host-conflict",
        )
    return source


def _build_config(values: Mapping[int, str], provider: Provider) -> BuildReference | None:
    stated = values.get(FulcioExtension.BUILD_CONFIG_URI)
    if stated is None:
        return None
    if provider in {Provider.GITHUB, Provider.GITLAB}:
        return split_reference(provider, stated)
    return split_page(stated)


def _run(
    values: Mapping[int, str], provider: Provider, source: SourceRepository | None
) -> Run | None:
    stated = values.get(FulcioExtension.RUN_INVOCATION_URI)
    if stated is None:
        return None
    run, repository = parse_run(stated)
    if provider in {Provider.GITHUB, Provider.GITLAB} and source is not None:
        host, _, path = (repository or "").removeprefix("https://").partition("/")
        if (host.lower(), path) != (source.host, source.path):
            raise CertificateIdentityError(
                f"the run {stated[:160]!r} is not one of {source}",
                code="trust.identity-run-conflict",
            )
    return run


def _check_owner(values: Mapping[int, str], identity: CertificateIdentity) -> None:
    stated = values.get(FulcioExtension.SOURCE_OWNER_URI)
    source = identity.source
    if stated is None or source is None:
        return
    if identity.provider not in {Provider.GITHUB, Provider.GITLAB}:
        return
    host, _, owner = stated.removeprefix("https://").partition("/")
    if (host.lower(), owner) != (source.host, source.owner):
        raise CertificateIdentityError(
            f"the owner {stated[:160]!r} is not that of {source}",
            code="trust.identity-owner-conflict",
        )
