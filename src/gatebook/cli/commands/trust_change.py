"""``gatebook trust add`` and ``gatebook trust rotate``: change a trust root's file."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from gatebook.cli.commands.trust_source import (
    ROOT_LIMIT,
    change_fields,
    show_changes,
    write_root,
)
from gatebook.cli.options import Argument, asked, json_option, option, read_file

if TYPE_CHECKING:
    from gatebook.trust.root.document import RootDocument
    from gatebook.trust.root.edits import WrittenScope

__all__ = ["add", "rotate"]

_KEY_LIMIT = 65_536
_FILE = click.Path(path_type=Path, dir_okay=False)


@click.command()
@click.argument("file", type=_FILE, cls=Argument)
@option(
    "--public-key",
    "--key",
    type=_FILE,
    help="Add a key: a file with a PEM block PUBLIC KEY, or an SSH public key.",
)
@option(
    "--scheme",
    type=click.Choice(["rsa-pss"]),
    help="How an RSA key signs, if not by PKCS #1 v1.5.",
)
@option(
    "--sigstore",
    type=_FILE,
    help="Add an authority: a Sigstore TrustedRoot in JSON, kept verbatim.",
)
@option(
    "--profile",
    help="What a bundle has to prove under the authority that is added, such as public-good.",
)
@option(
    "--allow",
    multiple=True,
    help="What the added authority lets pass that is refused otherwise, such as legacy-chain.",
)
@option("--issuer", help="Add an identity: who has to vouch for it, or none.")
@option(
    "--identity",
    help="Its name, as the certificate's subject alternative name has it; * in it is a wildcard.",
)
@option(
    "--certificate",
    "parts",
    multiple=True,
    metavar="FIELD=VALUE",
    help="Another part of the identity, such as repository=acme/api or build-signer.ref=refs/*.",
)
@option("--authority", help="Whose certificates count; who vouches for a key's bundles.")
@option("--id", "name", help="What the key or identity is called; of an authority alone, its id.")
@option("--holder", help="The actor it belongs to, as issuer#subject.")
@option("--may-attest", multiple=True, help="A kind of predicate, or a predicate type's URI.")
@option("--repositories", multiple=True, help="A pattern of repositories, or any.")
@option("--environments", multiple=True, help="An environment, or any.")
@option("--not-before", help="From when it is believed.")
@option("--not-after", help="Until when it is believed.")
@json_option
@click.pass_context
def add(ctx: click.Context, /, *, file: Path, as_json: bool, **given: Any) -> None:
    """Add a key, an authority, or an identity to the trust root in FILE.

    The comments and the order of the file stay. The result is read again; if it is no trust root,
    or says anything else besides, nothing is written. FILE is made if it is not there. An authority
    and an identity can be added at once; then --authority names the authority.
    """
    from gatebook.errors import UsageError
    from gatebook.trust.root.edits import add_authority, add_identity, add_key

    chosen = [
        each
        for each, names in (
            ("key", ("public_key",)),
            ("authority", ("sigstore",)),
            ("identity", ("issuer", "identity", "parts")),
        )
        if asked(ctx, *names)
    ]
    if not chosen or ("key" in chosen and len(chosen) > 1):
        raise UsageError(
            "say what to add: --public-key, or --sigstore, or --issuer with an identity",
            code="cli.trust-add",
        )
    _refuse_stray(ctx, chosen)
    document = before = _document(file)
    name, authority = given["name"], given["authority"]
    if name is None:
        raise UsageError("a member of a trust root needs an --id", code="cli.trust-add")
    if "authority" in chosen:
        owner = name if chosen == ["authority"] else authority
        if owner is None or given["profile"] is None:
            raise UsageError(
                "an authority needs a --profile, and with an identity its own id in --authority",
                code="cli.trust-add",
                hint="the profile says what a bundle has to prove; it is never taken from one",
            )
        document = add_authority(
            document,
            name=owner,
            profile=given["profile"],
            material=read_file(given["sigstore"], limit=ROOT_LIMIT),
            allow=given["allow"],
        )
    if "key" in chosen:
        document = add_key(
            document,
            name=name,
            public_key=read_file(given["public_key"], limit=_KEY_LIMIT),
            pss=given["scheme"] is not None,
            scope=_scope(given),
            holder=given["holder"],
            authority=authority,
        )
    if "identity" in chosen:
        if authority is None:
            raise UsageError(
                "an identity needs the --authority whose certificates count", code="cli.trust-add"
            )
        document = add_identity(
            document,
            name=name,
            authority=authority,
            certificate=_certificate(given),
            scope=_scope(given),
            holder=given["holder"],
        )
    _finish(file, before, document, f"added {' and '.join(chosen)} to {file}", as_json=as_json)


_ONLY_FOR = {
    "scheme": {"key"},
    "profile": {"authority"},
    "allow": {"authority"},
    "holder": {"key", "identity"},
    "may_attest": {"key", "identity"},
    "repositories": {"key", "identity"},
    "environments": {"key", "identity"},
    "not_before": {"key", "identity"},
    "not_after": {"key", "identity"},
    "authority": {"key", "identity"},
}


def _refuse_stray(ctx: click.Context, chosen: Sequence[str]) -> None:
    """Refuse an option that nothing would read: somebody meant something by it."""
    from gatebook.errors import UsageError

    for name, users in _ONLY_FOR.items():
        if ctx.params[name] not in {None, ()} and not users & set(chosen):
            option_name = "--" + name.replace("_", "-")
            raise UsageError(
                f"{option_name} does not go with adding an {chosen[0]}"
                if chosen[0] == "authority"
                else f"{option_name} does not go with adding a {chosen[0]}",
                code="cli.trust-add",
            )


def _document(file: Path) -> "RootDocument":
    from gatebook.trust.root.document import RootDocument

    if not file.exists():
        return RootDocument.blank()
    return RootDocument.parse(read_file(file, limit=ROOT_LIMIT))


def _scope(given: Mapping[str, Any]) -> "WrittenScope":
    from gatebook.clock import Instant
    from gatebook.trust.root.edits import WrittenScope

    start, end = given["not_before"], given["not_after"]
    return WrittenScope(
        may_attest=given["may_attest"],
        repositories=given["repositories"],
        environments=given["environments"],
        not_before=None if start is None else Instant.parse(start),
        not_after=None if end is None else Instant.parse(end),
    )


def _certificate(given: Mapping[str, Any]) -> dict[str, Any]:
    """Collect the parts of an identity; a part that is given twice may be either."""
    from gatebook.errors import UsageError

    found: dict[str, Any] = {}
    parts = [("issuer", given["issuer"]), ("identity", given["identity"])]
    for text in given["parts"]:
        field, mark, value = text.partition("=")
        if not mark or not field or not value:
            raise UsageError(f"{text[:80]!r} is not FIELD=VALUE", code="cli.trust-add")
        parts.append((field, value))
    for field, value in parts:
        if value is None:
            continue
        outer, dot, inner = field.partition(".")
        place = found.setdefault(outer, {}) if dot else found
        if not isinstance(place, dict):
            raise UsageError(f"{outer!r} is given as a text and with parts", code="cli.trust-add")
        key = inner if dot else outer
        known = place.get(key)
        if isinstance(known, dict):
            raise UsageError(f"{key!r} is given as a text and with parts", code="cli.trust-add")
        if known is None:
            place[key] = value
        else:
            place[key] = [*known, value] if isinstance(known, list) else [known, value]
    return found


def _finish(
    file: Path, before: "RootDocument", document: "RootDocument", said: str, *, as_json: bool
) -> None:
    """Read the result, compare it with what was, write it, and say what became of it."""
    from gatebook.cli.output import print_json, told
    from gatebook.trust.root.diff import diff_roots

    root = document.root()
    made = not file.exists()
    changes = () if made else diff_roots(before.root(), root)
    write_root(file, document.data)
    if as_json:
        print_json(
            "gatebook/trust-root-changed/v1",
            file=str(file),
            created=made,
            old=None if made else str(before.root().digest),
            new=str(root.digest),
            changes=change_fields(changes),
        )
        return
    told(said)
    click.echo(f"  {root.digest}")
    show_changes(changes)


@click.command()
@click.argument("file", type=_FILE, cls=Argument)
@option("--id", "name", required=True, help="The key that is to be followed.")
@option(
    "--new-key",
    type=_FILE,
    required=True,
    help="The key that follows: a file with a PEM block PUBLIC KEY, or an SSH public key.",
)
@option("--overlap", required=True, help="How long both are believed, such as 30d.")
@option("--new-id", help="What the new key is called; the old id with a number if absent.")
@option("--not-after", help="Until when the new key is believed; without end if absent.")
@json_option
def rotate(
    *,
    file: Path,
    name: str,
    new_key: Path,
    overlap: str,
    new_id: str | None,
    not_after: str | None,
    as_json: bool,
) -> None:
    """Let a new key follow a key of the trust root in FILE; both are believed for a while.

    The new key has the old one's scope, holder and authority, and is believed from now. The old one
    is believed until the overlap is over, or until its own end if that is earlier.
    """
    from gatebook.clock import Duration, Instant, SystemClock
    from gatebook.errors import UsageError
    from gatebook.trust.root.document import RootDocument
    from gatebook.trust.root.edits import rotate_key

    if not file.exists():
        raise UsageError(f"{file} does not exist", code="cli.file")
    document = RootDocument.parse(read_file(file, limit=ROOT_LIMIT))
    rotated = rotate_key(
        document,
        name=name,
        public_key=read_file(new_key, limit=_KEY_LIMIT),
        now=SystemClock().now(),
        overlap=Duration.parse(overlap),
        new_name=new_id,
        not_after=None if not_after is None else Instant.parse(not_after),
    )
    end = "without end" if not_after is None else f"until {not_after}"
    said = (
        f"{rotated.new} follows {rotated.old}: believed from {rotated.since} {end}; "
        f"{rotated.old} until {rotated.until}"
    )
    _finish(file, document, rotated.document, said, as_json=as_json)
