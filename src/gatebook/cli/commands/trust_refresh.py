"""``gatebook trust refresh``: a newer Sigstore trusted root, when somebody asks for it."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from gatebook.cli.commands.trust_source import (
    ROOT_LIMIT,
    change_fields,
    show_changes,
    write_root,
)
from gatebook.cli.options import Argument, asked, flag, json_option, option, read_file

if TYPE_CHECKING:
    from gatebook.trust.root.any_root import AnyRoot
    from gatebook.trust.root.change import RootChange

__all__ = ["refresh"]

_FILE = click.Path(path_type=Path, dir_okay=False)


@click.command()
@click.argument("file", type=_FILE, required=False, cls=Argument)
@option("--output", "-o", type=_FILE, help="Write the Sigstore TrustedRoot to this file.")
@option("--authority", help="The authority in FILE whose trusted root is replaced.")
@flag("--installed", help="Take the root that the installed extra sigstore ships; no network.")
@option("--tuf", help="URL of another TUF repository than the public-good instance's.")
@option(
    "--bootstrap",
    type=_FILE,
    help="The first root.json of the TUF repository, from a source you believe.",
)
@option("--target", help="What to fetch from the TUF repository; trusted_root.json if absent.")
@option(
    "--tuf-state",
    type=click.Path(path_type=Path, file_okay=False),
    help="Where to keep what was seen of TUF repositories; the user's data directory if absent.",
)
@flag("--allow-older", help="Replace a root even if the new one's newest part is older.")
@json_option
@click.pass_context
def refresh(
    ctx: click.Context,
    *,
    file: Path | None,
    output: Path | None,
    authority: str | None,
    installed: bool,
    tuf: str | None,
    bootstrap: Path | None,
    target: str | None,
    tuf_state: Path | None,
    allow_older: bool,
    as_json: bool,
) -> None:
    """Fetch the newest Sigstore trusted root by TUF, and put it where it is used.

    FILE is a trust root in which --authority gets the new material, verbatim; or a Sigstore
    TrustedRoot, which is replaced. The file's differences are printed. Nothing else ever fetches a
    root: without this command, what FILE says stays. Needs the extra sigstore.
    """
    from gatebook.cli.output import print_json, told
    from gatebook.errors import UsageError
    from gatebook.trust.sigstore.root import SigstoreRoot

    if len(asked(ctx, "file", "output")) != 1:
        raise UsageError("name either FILE or --output", code="cli.trust-refresh")
    if installed and (tuf or bootstrap or target):
        raise UsageError(
            "--installed asks no TUF repository: it goes without --tuf, --bootstrap, --target",
            code="cli.trust-refresh",
        )
    # What can be refused is refused before anybody is asked.
    place = file if "file" in asked(ctx, "file", "output") else output
    if place is None:
        raise AssertionError("one of them is there")  # pragma: no cover
    old = _old_root(place, authority)
    material = _installed() if installed else _fetched(tuf, bootstrap, target, tuf_state)
    fresh = SigstoreRoot.parse(material)
    _refuse_older(old, authority, fresh, allowed=allow_older)
    changes: tuple[RootChange, ...]
    document, changes = _replaced(place, authority, old, material)
    write_root(place, document)
    if as_json:
        print_json(
            "gatebook/trust-root-refreshed/v1",
            file=str(place),
            authority=authority,
            trusted_root=str(fresh.digest),
            newest_start=str(fresh.newest_start),
            changes=change_fields(changes),
        )
        return
    told(f"wrote {place}: the trusted root {fresh.digest}")
    click.echo(f"  its newest part began {fresh.newest_start}")
    show_changes(changes)
    if old is not None and not changes:
        click.echo("  nothing has changed")


def _installed() -> bytes:
    from gatebook.workspace.trusted_roots import installed_trusted_root

    return installed_trusted_root()


def _fetched(
    url: str | None, bootstrap: Path | None, target: str | None, state: Path | None
) -> bytes:
    from gatebook.workspace.trusted_roots import (
        PUBLIC_TUF,
        TRUSTED_ROOT_TARGET,
        default_tuf_state,
        fetch_trusted_root,
    )

    return fetch_trusted_root(
        PUBLIC_TUF if url is None else url,
        state=default_tuf_state() if state is None else state,
        bootstrap=None if bootstrap is None else read_file(bootstrap, limit=ROOT_LIMIT),
        target=TRUSTED_ROOT_TARGET if target is None else target,
    )


def _old_root(place: Path, authority: str | None) -> "AnyRoot | None":
    """Read what stands in the place of the new root, and check that it can be replaced."""
    from gatebook.errors import UsageError
    from gatebook.trust.root.any_root import read_any_root
    from gatebook.trust.root.document import NoSuchMemberError
    from gatebook.trust.root.trust_root import TrustRoot

    old = read_any_root(read_file(place, limit=ROOT_LIMIT)) if place.exists() else None
    if isinstance(old, TrustRoot):
        known = ", ".join(each.id for each in old.authorities) or "none"
        if authority is None:
            raise UsageError(
                f"{place} is a trust root: say which --authority gets the new material",
                code="cli.trust-refresh",
                hint=f"authorities there: {known}",
            )
        if authority not in {each.id for each in old.authorities}:
            raise NoSuchMemberError(
                f"{place} has no authority {authority[:80]!r}", hint=f"there is: {known}"
            )
    elif authority is not None:
        raise UsageError(
            f"--authority is for trust roots of Gatebook, and {place} is none",
            code="cli.trust-refresh",
        )
    return old


def _refuse_older(
    old: "AnyRoot | None", authority: str | None, fresh: "AnyRoot", *, allowed: bool
) -> None:
    from gatebook.errors import ConflictError
    from gatebook.trust.root.trust_root import TrustRoot
    from gatebook.trust.sigstore.root import SigstoreRoot

    if isinstance(old, TrustRoot):
        material = next(each.material for each in old.authorities if each.id == authority)
    elif isinstance(old, SigstoreRoot):
        material = old
    else:
        return
    if not allowed and isinstance(fresh, SigstoreRoot):
        was, now = material.newest_start, fresh.newest_start
        if now < was:
            raise ConflictError(
                f"the newest part of the root at hand began {was}, of this one {now}",
                code="cli.trust-older",
                hint="if the older one is meant, say --allow-older",
            )


def _replaced(
    place: Path, authority: str | None, old: "AnyRoot | None", material: bytes
) -> "tuple[bytes, tuple[RootChange, ...]]":
    from gatebook.trust.root.any_root import read_any_root
    from gatebook.trust.root.diff import diff_any_roots
    from gatebook.trust.root.document import RootDocument
    from gatebook.trust.root.edits import replace_material

    if old is None:
        return material, ()
    if authority is None:
        return material, diff_any_roots(old, read_any_root(material))
    document = RootDocument.parse(read_file(place, limit=ROOT_LIMIT))
    made = replace_material(document, authority=authority, material=material)
    return made.data, diff_any_roots(old, made.root())
