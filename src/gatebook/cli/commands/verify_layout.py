"""``gatebook verify layout``: whether the steps of an in-toto layout were done as it says."""

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import msgspec

from gatebook.cli.options import Argument, asked, json_option, option, read_file

if TYPE_CHECKING:
    from gatebook.cli.commands.layout_report import FoundProduct
    from gatebook.clock import Instant
    from gatebook.digest import Digest
    from gatebook.errors import UsageError
    from gatebook.formats.layout.evidence import StepEvidence
    from gatebook.trust.keys import PublicKey
    from gatebook.trust.layout.verified import VerifiedLayout, VerifiedLayoutSteps

__all__ = ["command"]

_MAX_LAYOUT = 64 * 1024 * 1024
_MAX_KEY = 64 * 1024
_PIECE = 1024 * 1024
_INSPECTIONS = (
    "inspections are commands and are never run here; replace them by steps whose functionary "
    "signs what the inspection would find"
)
_FILE = click.Path(path_type=Path, dir_okay=False)


class _Question(msgspec.Struct, frozen=True, kw_only=True):
    """What is verified.

    Attributes:
        layout: its bytes.
        owners: the keys that have to have signed it; none for a layout over attestations.
        evidence: what was filed for its steps.
        at: the instant to judge for.
        parameters: values for its placeholders.
        product: digests of the artifact that has to have come out; empty if none was named.

    """

    layout: bytes
    owners: "tuple[PublicKey, ...]"
    evidence: "tuple[StepEvidence, ...]"
    at: "Instant"
    parameters: dict[str, str]
    product: "tuple[Digest, ...]"

    def verify(self) -> "VerifiedLayout":
        """Verify the layout as a whole.

        Raises:
            VerificationError: it does not hold.

        """
        if self.owners:
            from gatebook.trust.layout.verify import verify_layout

            return verify_layout(
                self.layout,
                owners=self.owners,
                evidence=self.evidence,
                at=self.at,
                parameters=self.parameters,
            )
        from gatebook.trust.layout.attestations import verify_attestation_layout

        return verify_attestation_layout(
            self.layout, evidence=self.evidence, at=self.at, parameters=self.parameters
        )

    def verify_steps(self) -> "VerifiedLayoutSteps | None":
        """Verify all but the inspections; ``None`` where the form of the layout has no such answer.

        Raises:
            VerificationError: the steps do not hold.

        """
        if not self.owners:
            return None
        from gatebook.trust.layout.verify import verify_layout_steps

        return verify_layout_steps(
            self.layout,
            owners=self.owners,
            evidence=self.evidence,
            at=self.at,
            parameters=self.parameters,
        )


@click.command()
@click.argument("layout", type=_FILE, cls=Argument)
@option(
    "--public-key",
    "--key",
    "keys",
    type=_FILE,
    multiple=True,
    help="The public key (PEM) of the layout's owner. May be repeated: all of them have to have "
    "signed it.",
)
@option(
    "--layout-digest",
    metavar="sha256:…",
    help="The digest of the layout. A layout over attestations (ITE-10) carries no signature, and "
    "is believed because it is this one.",
)
@option(
    "--links",
    type=click.Path(path_type=Path),
    required=True,
    help="Directory of the evidence: STEP.KEYID.link, STEP.KEYID.json, and a directory for each "
    "sublayout.",
)
@option(
    "--product",
    metavar="FILE|DIGEST",
    help="The artifact that has to have come out; without it, the answer is about none.",
)
@option("--step", help="The step the product has to have come out of; the last one if absent.")
@option(
    "--parameter",
    "parameters",
    metavar="NAME=VALUE",
    multiple=True,
    help="A value for a placeholder of the layout; may be repeated.",
)
@option("--at", metavar="TIME", help="Judge for this time (RFC 3339); now if absent.")
@json_option
@click.pass_context
def command(ctx: click.Context, /, *, as_json: bool, **given: Any) -> None:
    """Verify that the steps of an in-toto layout were done by whom and as it says.

    LAYOUT is a layout v0.1 (Metablock or DSSE), or a layout over attestations (ITE-10, YAML or
    JSON); a - stands for standard input. No book is needed, and no layout is believed by default:

    \b
    --key OWNER.pem           it is signed by its owner
    --layout-digest sha256:…  it is this one (ITE-10)

    A layout may hold for another artifact than yours: name yours with --product. Inspections are
    commands and are never run; a layout that has some is refused, and what holds of its steps is
    shown.

    Exit status 5 says with a code what is wrong.
    """
    from gatebook.cli.commands.layout_report import show_layout
    from gatebook.errors import VerificationError
    from gatebook.trust.layout.refusals import LayoutInspectionError

    done: VerifiedLayoutSteps | None = None
    product: FoundProduct | None = None
    try:
        question = _prepare(ctx, given)
        try:
            done = question.verify()
        except LayoutInspectionError as refusal:
            done = question.verify_steps()
            refusal.hint = refusal.hint or _INSPECTIONS
            raise
        if question.product:
            product = _find(done, question.product, given["step"])
    except VerificationError as refusal:
        show_layout(done, product, refusal, as_json=as_json)
        raise
    show_layout(done, product, None, as_json=as_json)


def _prepare(ctx: click.Context, given: dict[str, Any]) -> _Question:
    from gatebook.clock import SystemClock
    from gatebook.fingerprint.evidence_paths import evidence_at
    from gatebook.trust.layout.keys import layout_owner_key
    from gatebook.trust.layout.refusals import LayoutSignatureError

    # 1. What was asked has to make sense before anything is judged.
    why = asked(ctx, "keys", "layout_digest")
    if not why:
        raise _usage(
            "no layout is believed by default: name its owners or its digest",
            code="cli.signer-needed",
            hint="--key for each owner of a signed layout, --layout-digest for a layout over "
            "attestations (ITE-10)",
        )
    if given["step"] is not None and given["product"] is None:
        raise _usage("--step says where --product has to have come out; name the product")
    parameters = _parameters(given["parameters"])
    at = SystemClock().now() if given["at"] is None else _instant(given["at"])
    pinned = _digest(given["layout_digest"]) if "layout_digest" in why else None
    product = () if given["product"] is None else _product(given["product"])

    # 2. The layout is the one that was meant, and has an owner if one was named.
    layout = read_file(given["layout"], limit=_MAX_LAYOUT)
    if pinned is not None:
        _check_digest(layout, pinned)
    signed = _is_signed(layout)
    if "keys" in why and not signed:
        raise LayoutSignatureError(
            "the layout carries no signature, and owners are named who should have signed it",
            hint="a layout over attestations (ITE-10) is believed by its digest: name "
            "--layout-digest in place of --key",
        )
    if "keys" not in why and signed:
        raise _usage(
            "the layout is signed, and nobody is named who should have signed it",
            code="cli.signer-needed",
            hint="name the key of each owner with --key",
        )
    return _Question(
        layout=layout,
        owners=tuple(
            layout_owner_key(read_file(path, limit=_MAX_KEY))
            for path in (given["keys"] if "keys" in why else ())
        ),
        evidence=evidence_at(given["links"]),
        at=at,
        parameters=parameters,
        product=product,
    )


def _is_signed(layout: bytes) -> bool:
    """Whether a document has the outer form of a signed one: a Metablock or an envelope."""
    from gatebook import canonical

    if not layout.lstrip(b" \t\r\n").startswith(b"{"):
        return False
    decoded = canonical.loads(layout, what="layout", max_bytes=_MAX_LAYOUT)
    fields = canonical.as_object(decoded, what="layout")
    return "signed" in fields or "payload" in fields


def _check_digest(layout: bytes, pinned: "Digest") -> None:
    from gatebook.digest import digest_of
    from gatebook.errors import VerificationError

    found = digest_of(layout, pinned.algorithm)
    if found != pinned:
        raise VerificationError(
            f"the layout is {found}, expected {pinned}", code="cli.layout-digest"
        )


def _find(
    done: "VerifiedLayoutSteps", digests: "tuple[Digest, ...]", step: str | None
) -> "FoundProduct":
    """Find the artifact among the products of a step.

    Raises:
        LayoutProductError: it is not there, or what is there has another digest besides.

    """
    from gatebook.cli.commands.layout_report import FoundProduct
    from gatebook.trust.layout.refusals import LayoutProductError

    where = done.steps[-1].name if step is None else step
    refusal: LayoutProductError | None = None
    for digest in digests:
        try:
            name = done.find_product(digest, step=step)
        except LayoutProductError as error:
            refusal = refusal or error
        else:
            break
    else:
        assert refusal is not None  # noqa: S101  # for the type checker: there is a digest
        raise refusal
    claimed = next(each.products[name] for each in done.steps if each.name == where)
    for other in digests:
        # One file has one content: a second digest that differs is a lie about one of them.
        if claimed is not None and claimed.get(other.algorithm) not in {None, other.hex}:
            raise LayoutProductError(
                f"the product {name[:120]!r} of the step {where!r} is {digest.short} and not "
                f"{other.short}: it is not one file"
            )
    return FoundProduct(name=name, digest=digest, step=where)


def _product(text: str) -> "tuple[Digest, ...]":
    """Take a digest as it is; hash a file by every algorithm a link may use."""
    import hashlib

    from gatebook.digest import ALGORITHMS, Digest
    from gatebook.errors import UsageError

    if text.partition(":")[0] in ALGORITHMS and "/" not in text:
        return (_digest(text),)
    hashers = {name: hashlib.new(name) for name in ALGORITHMS}
    try:
        with Path(text).open("rb") as file:
            while piece := file.read(_PIECE):
                for each in hashers.values():
                    each.update(piece)
    except OSError as error:
        raise UsageError(f"{text} cannot be read: {error.strerror}", code="cli.file") from None
    except ValueError:  # a NUL byte, which a variable cannot hold but a caller can
        raise _usage(f"{text[:80]!r} is not the name of a file") from None
    return tuple(Digest(name, each.hexdigest()) for name, each in hashers.items())


def _digest(text: str) -> "Digest":
    from gatebook.digest import Digest
    from gatebook.errors import MalformedError

    try:
        return Digest.parse(text)
    except MalformedError as error:
        raise _usage(error.message) from None


def _instant(text: str) -> "Instant":
    from gatebook.clock import Instant
    from gatebook.errors import MalformedError

    try:
        return Instant.parse(text)
    except MalformedError as error:
        raise _usage(f"--at: {error.message}") from None


def _parameters(texts: Iterable[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if not name or not equals or name in found:
            raise _usage(f"--parameter {text[:80]!r} is not NAME=VALUE, or comes twice")
        found[name] = value
    return found


def _usage(
    message: str, *, code: str = "cli.layout-options", hint: str | None = None
) -> "UsageError":
    from gatebook.errors import UsageError

    return UsageError(message, code=code, hint=hint)
