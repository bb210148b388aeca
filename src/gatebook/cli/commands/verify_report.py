"""How the answer of ``gatebook verify attestation`` looks."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click

from gatebook.cli.output import print_json, style, table, wrapped
from gatebook.cli.plain import visible
from gatebook.errors import GatebookError
from gatebook.trust.identities.constraint import IdentityMismatchError

if TYPE_CHECKING:
    from gatebook.trust.request.documents import DocumentVerdict
    from gatebook.trust.request.report import VerificationReport
    from gatebook.trust.request.verification import VerificationRequest
    from gatebook.trust.signer import Signer
    from gatebook.trust.sigstore.verified import VerifiedBundle

__all__ = ["show_refusal", "show_verdicts"]


def show_refusal(refusal: GatebookError) -> None:
    """Write that nothing was verified, and why, as JSON."""
    print_json(
        "gatebook/verified-attestation/v1", verified=False, documents=[], reason=_reason(refusal)
    )


def show_verdicts(
    verdicts: "Sequence[DocumentVerdict]",
    request: "VerificationRequest",
    refusal: GatebookError | None,
    *,
    package: dict[str, str | None] | None = None,
    explain: bool,
    as_json: bool,
) -> None:
    """Write what became of each document; the refusal itself is for the caller to raise.

    Args:
        verdicts: what became of each.
        request: what was asked.
        refusal: why not everything that was asked is satisfied, or ``None``.
        package: the npm package: as verified, or as asked for when refused.
        explain: show each check.
        as_json: write for machines.

    """
    if as_json:
        more: dict[str, Any] = {} if package is None else {"package": package}
        if refusal is not None:
            more["reason"] = _reason(refusal)
        print_json(
            "gatebook/verified-attestation/v1",
            verified=refusal is None,
            subject=str(request.subject.names[0]),
            digests=[str(each) for each in request.subject.names],
            trust_root=str(request.root.trusted.digest),
            judged_at=str(request.at),
            **_first_verified(verdicts),
            documents=[_document(each) for each in verdicts],
            **more,
        )
        return
    if package is not None and refusal is None:
        text = f"{package['name']} {package['version']}"
        click.echo(f"package {visible(text)}")
    several = len(verdicts) > 1
    for verdict in verdicts:
        place = f"  {verdict.document.place}" if several else ""
        if verdict.report is not None:
            _show_report(verdict.report, place, explain=explain)
        elif verdict.refusal is not None and (several or explain):
            _show_refusal(verdict.refusal, place, explain=explain)


def _show_report(report: "VerificationReport", place: str, *, explain: bool) -> None:
    verified = style("verified", "good", bold=True)
    click.echo(f"{verified}: {report.subject.short}{visible(place)}")
    for signer in report.signers:
        click.echo(wrapped("signed by  ", _name(signer), indent=2))
    if report.bundle is not None and report.bundle.times:
        times = ", ".join(f"{each.at} ({each.source})" for each in report.bundle.times)
        click.echo(wrapped("at         ", times, indent=2))
    click.echo(wrapped("says       ", report.statement.predicate_type, indent=2))
    if report.build is not None:
        built = " ".join(
            part for part in (report.build.source, report.build.ref, report.build.commit) if part
        )
        click.echo(wrapped("built by   ", str(report.build.builder), indent=2))
        click.echo(wrapped("from       ", built, indent=2))
    if explain:
        click.echo()
        rows = [("✓", each.name, each.expected or "sound", each.found) for each in report.checks]
        table(("", "check", "expected", "found"), rows, shrink=(3, 2))


def _show_refusal(refusal: GatebookError, place: str, *, explain: bool) -> None:
    mark = style("refused", "bad", bold=True)
    click.echo(f"{mark}:{visible(place)}  [{refusal.code}]")
    if not explain:
        click.echo(wrapped("", refusal.message, indent=2))
        return
    expected, found = "", refusal.message
    if isinstance(refusal, IdentityMismatchError):
        expected, found = refusal.expected, refusal.found or "the certificate does not say"
    click.echo(wrapped("✗ check     ", refusal.code.partition(".")[2], indent=2))
    if expected:
        click.echo(wrapped("  expected  ", expected, indent=2))
    click.echo(wrapped("  found     ", found, indent=2))
    if refusal.hint:
        click.echo(wrapped("  fix       ", refusal.hint, indent=2))


def _name(signer: "Signer") -> str:
    identity = signer.certificate
    if identity is None:
        return f"{signer.id} {signer.algorithm} {signer.spki.short}"
    return str(identity)


def _first_verified(verdicts: "Sequence[DocumentVerdict]") -> dict[str, Any]:
    """Who signed what, of the first document that verified: what most callers want to know."""
    for verdict in verdicts:
        if verdict.report is not None:
            known = _report(verdict.report)
            names = ("signer", "predicate_type", "builder", "source", "build_judged", "checks")
            return {name: known[name] for name in names}
    return {}


def _document(verdict: "DocumentVerdict") -> dict[str, Any]:
    document = verdict.document
    about: dict[str, Any] = {
        "position": document.position,
        "place": document.place,
        "kind": document.kind.value,
        "digest": str(document.digest),
        "verified": verdict.report is not None,
    }
    if verdict.refusal is not None:
        about["reason"] = _reason(verdict.refusal)
    if verdict.report is not None:
        about.update(_report(verdict.report))
    return about


def _report(report: "VerificationReport") -> dict[str, Any]:
    build = report.build
    proved = _proved(report.bundle)
    return {
        "subject": str(report.subject),
        "signer": _signer(report.signers[0]),
        "other_signers": [_signer(each) for each in report.signers[1:]],
        **proved,
        "predicate_type": report.statement.predicate_type,
        "builder": _builder(report),
        "build_judged": build is not None,
        "build_type": None if build is None else build.build_type,
        "source": _source(report),
        "checks": [
            {"name": each.name, "expected": each.expected, "found": each.found}
            for each in report.checks
        ],
    }


def _builder(report: "VerificationReport") -> str | None:
    """The builder that was judged, or else the one the signer names."""
    from gatebook.formats.intoto import PredicateKind
    from gatebook.formats.provenance import Provenance

    if report.build is not None:
        return str(report.build.builder)
    if report.statement.kind is not PredicateKind.PROVENANCE:
        return None
    try:
        return Provenance.from_statement(report.statement).builder_id or None
    except GatebookError:
        return None


def _proved(bundle: "VerifiedBundle | None") -> dict[str, Any]:
    if bundle is None:
        return {"profile": None, "trusted_root": None, "times": [], "log_entries": []}
    return {
        "profile": bundle.profile.value,
        "trusted_root": None if bundle.root_digest is None else str(bundle.root_digest),
        "times": [
            {
                "at": str(each.at),
                "source": each.source.value,
                "authority": each.authority,
                "operator": each.operator,
            }
            for each in bundle.times
        ],
        "log_entries": [
            {
                "log": each.log,
                "operator": each.operator,
                "url": each.url,
                "kind": each.kind,
                "index": each.index,
                "log_index": each.log_index,
                "integrated": None if each.integrated is None else str(each.integrated),
                "leaf_hash": each.leaf_hash.hex(),
            }
            for each in bundle.log_entries
        ],
    }


def _signer(signer: "Signer") -> dict[str, Any]:
    identity = signer.certificate
    about: dict[str, Any] = {
        "kind": "key" if identity is None else "certificate",
        "id": signer.id,
        "key": str(signer.spki),
        "algorithm": signer.algorithm.value,
        "holder": str(signer.holder),
        "person": signer.person,
        "identity": None,
        "issuer": None,
        "certificate": None,
    }
    if identity is not None:
        about["identity"] = identity.subject.value
        about["issuer"] = identity.issuer
        about["certificate"] = identity.as_json()
    return about


def _source(report: "VerificationReport") -> dict[str, str | None] | None:
    """What was built, on the word of the certificate or of a build that was verified."""
    if report.build is not None:
        build = report.build
        return {"uri": build.source, "digest": build.commit, "ref": build.ref}
    identity = report.signers[0].certificate
    if identity is None or identity.source is None:
        return None
    return {
        "uri": identity.source.uri,
        "digest": identity.source_digest,
        "ref": identity.source_ref,
    }


def _reason(refusal: GatebookError) -> dict[str, str | None]:
    return {"code": refusal.code, "message": refusal.message, "hint": refusal.hint}
