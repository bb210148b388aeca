"""An npm package: two attestations that only count together.

The registry signs with a key that it accepted a package, the build signs with a certificate what it
built. Which half a document is follows from how it is signed; what it says has to agree with that.
"""

from collections.abc import Sequence
from enum import Enum
from typing import Final

import msgspec

from gatebook.digest import Digest
from gatebook.errors import UsageError, VerificationError
from gatebook.formats.attestations import AttestationDocument
from gatebook.formats.intoto import PREDICATE_TYPES, PredicateKind, Statement
from gatebook.formats.npm_publish import NPM_PUBLISH_V0_1, NpmPublish
from gatebook.trust.received import read_attestation
from gatebook.trust.request.build import judge_signers
from gatebook.trust.request.documents import DocumentVerdict, most_telling
from gatebook.trust.request.refusals import NothingToVerifyError
from gatebook.trust.request.report import VerificationReport
from gatebook.trust.request.verification import VerificationRequest, verify_statement
from gatebook.trust.signer import Signer
from gatebook.trust.slsa.expectations import ProvenanceExpectations
from gatebook.trust.slsa.npm import verify_npm
from gatebook.trust.slsa.refusals import NpmPackageError
from gatebook.trust.slsa.verified import SlsaBuild

__all__ = ["PackageRequest", "PackageVerdict", "verify_package"]

_MAX_OF_A_HALF: Final = 16
"""Every publication is compared with every build; a registry answers with one of each."""


class PackageRequest(msgspec.Struct, frozen=True, kw_only=True):
    """Everything a caller expects of an npm package.

    Attributes:
        request: the tarball, who is believed, and the build; both halves are judged by it.
        name: the package, with its scope; any on which both halves agree if ``None``.
        version: the version, likewise.

    """

    request: VerificationRequest
    name: str | None = None
    version: str | None = None

    def __post_init__(self) -> None:
        """Refuse a request that no pair could satisfy, or that asks too little.

        Raises:
            UsageError: no builder is expected, the tarball is not named by SHA-512, or something
                is asked of the statements that only one half could say.

        """
        build = self.build
        if build.builder_id is None:
            raise _usage("an npm package needs the builder that is expected")
        if self.request.summary is not None or self.request.predicate_types:
            raise _usage("the halves of a pair are of two types, and neither is chosen")
        if "" in {self.name, self.version}:
            raise _usage("the name or version of a package is empty")
        if self.tarball.algorithm != "sha512":
            raise UsageError(
                "npm names a package by the SHA-512 of its tarball",
                code="trust.request-subject",
                hint="give the .tgz itself, or its digest as sha512:…",
            )

    @property
    def build(self) -> ProvenanceExpectations:
        """What is expected of the build.

        Raises:
            UsageError: nothing is.

        """
        if self.request.build is None:
            raise _usage("an npm package needs the builder that is expected")
        return self.request.build

    @property
    def tarball(self) -> Digest:
        """The digest the pair has to be about."""
        if not self.request.subject.digests:
            raise _usage("npm names a package by the SHA-512 of its tarball")
        return self.request.subject.by("sha512")


class PackageVerdict(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a pair; a half counts as verified only when the pair is.

    Attributes:
        documents: each document with its report or refusal.
        published: the package, on the word of both halves; ``None`` when refused.
        refusal: why the pair is refused, or ``None``.

    """

    documents: tuple[DocumentVerdict, ...]
    published: NpmPublish | None = None
    refusal: VerificationError | None = None


class _Half(Enum):
    PROVENANCE = "provenance"
    PUBLISH = "publish attestation"
    UNREAD = "neither"


_TYPES: Final = {
    _Half.PROVENANCE: PREDICATE_TYPES[PredicateKind.PROVENANCE],
    _Half.PUBLISH: frozenset({NPM_PUBLISH_V0_1}),
}
_MISSING: Final = {
    _Half.PROVENANCE: "trust.npm-provenance-missing",
    _Half.PUBLISH: "trust.npm-publish-missing",
}


def verify_package(
    documents: Sequence[AttestationDocument], package: PackageRequest
) -> PackageVerdict:
    """Verify that documents hold a pair that satisfies everything that is asked.

    1. A document that a certificate signed is taken for provenance, any other for the registry's.
       Each is verified on its own: signature, signer, tarball, predicate type.
    2. Of both halves there is one that verified.
    3. The provenance is of the expected build, and both name one package, as
       :func:`gatebook.trust.slsa.npm.verify_npm` says.

    Raises:
        VerificationError: there are no documents.
        UsageError: an expectation is none that a build could satisfy.

    """
    if not documents:
        raise NothingToVerifyError("there is no attestation to verify")
    judged = [_judge(document, package) for document in documents]
    try:
        pair = _find_pair(judged, package)
    except VerificationError as refusal:
        return PackageVerdict(
            documents=tuple(_spoilt(verdict, refusal) for _, verdict in judged), refusal=refusal
        )
    publish, provenance = pair
    assert publish.report is not None  # noqa: S101  # for the type checker: found among reports
    verdicts = tuple(
        provenance if verdict.document is provenance.document else verdict for _, verdict in judged
    )
    return PackageVerdict(
        documents=verdicts, published=NpmPublish.from_statement(publish.report.statement)
    )


def _judge(document: AttestationDocument, package: PackageRequest) -> tuple[_Half, DocumentVerdict]:
    half = _Half.UNREAD
    try:
        received = read_attestation(document.data)
        half = _Half.PROVENANCE if received.has_certificate else _Half.PUBLISH
        request = msgspec.structs.replace(package.request, predicate_types=_TYPES[half])
        report = verify_statement(document.data, request)
    except VerificationError as refusal:
        return half, DocumentVerdict(document=document, refusal=refusal)
    return half, DocumentVerdict(document=document, report=report)


def _find_pair(
    judged: Sequence[tuple[_Half, DocumentVerdict]], package: PackageRequest
) -> tuple[DocumentVerdict, DocumentVerdict]:
    builds, publications = (_verified(judged, half) for half in (_Half.PROVENANCE, _Half.PUBLISH))
    refusals: list[VerificationError] = []
    for provenance, built in builds:
        for publish, published in publications:
            try:
                report = _judge_pair(published.statement, built, package)
            except VerificationError as refusal:
                refusals.append(refusal)
                continue
            return publish, msgspec.structs.replace(provenance, report=report)
    raise refusals[0]


def _verified(
    judged: Sequence[tuple[_Half, DocumentVerdict]], half: _Half
) -> list[tuple[DocumentVerdict, VerificationReport]]:
    """The documents of a half that verified on their own; at least one."""
    candidates = [verdict for each, verdict in judged if each in {half, _Half.UNREAD}]
    if not candidates:
        raise NpmPackageError(
            f"the attestations hold no {half.value}",
            code=_MISSING[half],
            hint="hand in the registry's answer as it is; a package counts by both together",
        )
    if (refusal := most_telling(candidates)) is not None:
        raise refusal
    found = [(verdict, verdict.report) for verdict in candidates if verdict.report is not None]
    if len(found) > _MAX_OF_A_HALF:
        raise NpmPackageError(f"more than {_MAX_OF_A_HALF} attestations are each a {half.value}")
    return found


def _judge_pair(
    publish: Statement, built: VerificationReport, package: PackageRequest
) -> VerificationReport:
    def judge(signer: Signer) -> SlsaBuild:
        if signer.certificate is None:
            raise NpmPackageError("no certificate signed", code=_MISSING[_Half.PROVENANCE])
        return verify_npm(
            publish,
            built.statement,
            signer.certificate,
            package.build,
            tarball=package.tarball,
            name=package.name,
            version=package.version,
        )

    return judge_signers(built, package.build, judge)


def _spoilt(verdict: DocumentVerdict, refusal: VerificationError) -> DocumentVerdict:
    """Let no half pass for verified when the pair is not."""
    if verdict.report is None:
        return verdict
    alone = NpmPackageError(f"sound by itself, but the pair is refused: {refusal.code}")
    return DocumentVerdict(document=verdict.document, refusal=alone)


def _usage(message: str) -> UsageError:
    return UsageError(message, code="trust.request-package")
