"""How the answer of ``gatebook verify layout`` looks."""

import sys
from typing import TYPE_CHECKING, Any

import click
import msgspec

from gatebook.cli.output import note, print_json, style, table, terminal_width, without, wrapped
from gatebook.cli.plain import visible

if TYPE_CHECKING:
    from gatebook.digest import Digest
    from gatebook.errors import GatebookError
    from gatebook.formats.layout.links import Artifacts
    from gatebook.trust.layout.verified import LayoutRemark, VerifiedLayoutSteps, VerifiedStep

__all__ = ["FoundProduct", "show_layout"]

_TOLD = 20
_VERY_NARROW = 60


class FoundProduct(msgspec.Struct, frozen=True, kw_only=True):
    """The artifact the verdict is about.

    Attributes:
        name: what the step that made it calls it.
        digest: the digest it was found by.
        step: the step it came out of.

    """

    name: str
    digest: "Digest"
    step: str


def show_layout(
    done: "VerifiedLayoutSteps | None",
    product: FoundProduct | None,
    refusal: "GatebookError | None",
    *,
    as_json: bool,
) -> None:
    """Write what was verified; the refusal itself is for the caller to raise.

    Args:
        done: the steps, as far as there is an answer about all of them.
        product: the artifact the answer is about, if one was named and found.
        refusal: why the layout is not verified, or ``None`` when it is.
        as_json: write one JSON document.

    """
    if as_json:
        print_json(
            "gatebook/verified-layout/v1",
            verified=refusal is None,
            **({} if done is None else _layout(done)),
            steps=[] if done is None else [_step(each) for each in done.steps],
            product=None if product is None else _found(product),
            **({} if refusal is None else {"reason": _reason(refusal)}),
        )
    elif done is not None:
        _show(done, product, refusal)


def _show(
    done: "VerifiedLayoutSteps", product: FoundProduct | None, refusal: "GatebookError | None"
) -> None:
    word = ("verified", "good") if refusal is None else ("refused", "bad")
    click.echo(f"{style(*word, bold=True)}: layout {done.layout_digest.short}")
    signed = ", ".join(each.short for each in done.owners) or "nobody: it was named by its digest"
    click.echo(wrapped("signed by  ", signed, indent=2))
    click.echo(
        wrapped("holds      ", f"until {done.expires}, judged at {done.verified_at}", indent=2)
    )
    if product is not None:
        text = f"{product.name}, {product.digest.short}, of the step {product.step}"
        click.echo(wrapped("product    ", text, indent=2))
    if done.inspections:
        names = ", ".join(each.name for each in done.inspections)
        text = f"the inspections {names}; what follows is not the whole, but the steps alone"
        click.echo(wrapped("not run    ", text, indent=2))
    click.echo()
    _show_steps(done.steps)
    if done.remarks:
        click.echo()
    for remark in done.remarks[:_TOLD]:
        click.echo(wrapped("remark: ", _told(remark), indent=0))
    if len(done.remarks) > _TOLD:
        click.echo(f"and {len(done.remarks) - _TOLD:,} more remarks")
    if product is None and refusal is None:
        click.echo()
        click.echo("nothing was bound: the steps were done for some artifact, and none was named")
        note("name yours with --product")


def _show_steps(steps: "tuple[VerifiedStep, ...]") -> None:
    head: tuple[str, ...] = ("step", "signers", "materials", "products", "predicates")
    rows = [
        tuple(
            map(
                _line,
                (
                    each.name,
                    ", ".join(signer.spki.short for signer in each.signers),
                    _some(each.materials),
                    _some(each.products),
                    ", ".join(each.predicate_types) or "-",
                ),
            )
        )
        for each in steps
    ]
    shrink = [4, 2, 3, 1, 0]
    if sys.stdout.isatty() and terminal_width() < _VERY_NARROW:
        head, rows, shrink = without(2, head), [without(2, row) for row in rows], [3, 2, 1, 0]
    table(head, rows, shrink=shrink)


def _some(artifacts: "Artifacts") -> str:
    """The first name, and how many more there are."""
    if not artifacts:
        return "-"
    more = len(artifacts) - 1
    return min(artifacts) + (f" +{more}" if more else "")


def _line(text: str) -> str:
    """Keep a text of others to its cell: a line of its own would look like a row."""
    return visible(text).replace("\n", "\\n")


def _told(remark: "LayoutRemark") -> str:
    return remark.message if remark.step is None else f"{remark.step}: {remark.message}"


def _layout(done: "VerifiedLayoutSteps") -> dict[str, Any]:
    return {
        "layout": str(done.layout_digest),
        "owners": [str(each) for each in done.owners],
        "expires": str(done.expires),
        "judged_at": str(done.verified_at),
        "inspections": [
            {"name": each.name, "command": list(each.command)} for each in done.inspections
        ],
        "remarks": [
            {"kind": each.kind.value, "step": each.step, "message": each.message}
            for each in done.remarks
        ],
    }


def _step(step: "VerifiedStep") -> dict[str, Any]:
    return {
        "name": step.name,
        "signers": [{"keyid": each.keyid, "key": str(each.spki)} for each in step.signers],
        "evidence": [str(each) for each in step.evidence],
        "materials": _artifacts(step.materials),
        "products": _artifacts(step.products),
        "predicate_types": list(step.predicate_types),
    }


def _artifacts(artifacts: "Artifacts") -> dict[str, dict[str, str] | None]:
    return {
        name: None if digests is None else dict(digests.values)
        for name, digests in artifacts.items()
    }


def _found(product: FoundProduct) -> dict[str, str]:
    return {"name": product.name, "digest": str(product.digest), "step": product.step}


def _reason(refusal: "GatebookError") -> dict[str, str | None]:
    return {"code": refusal.code, "message": refusal.message, "hint": refusal.hint}
