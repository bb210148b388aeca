"""``gatebook trust show``: everything that a trust root believes, as tables."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from gatebook.cli.commands.trust_source import read_source
from gatebook.cli.options import Argument, json_option, ledger_option

if TYPE_CHECKING:
    from gatebook.clock import Instant
    from gatebook.trust.root.people import Person
    from gatebook.trust.root.scope import Scope
    from gatebook.trust.root.trust_root import TrustedAuthority, TrustedSigner, TrustRoot
    from gatebook.trust.sigstore.root import RootItem, SigstoreRoot

__all__ = ["may_attest", "show"]

_SCOPE = ("may_attest", "repositories", "environments")


@click.command()
@click.argument("file", required=False, cls=Argument)
@ledger_option
@json_option
def show(*, file: str | None, ledger: Path, as_json: bool) -> None:
    """Show who is believed: signers, authorities with their keys and logs, and people.

    FILE is a trust root, or a Sigstore TrustedRoot; without one, the book's trust root in force.
    """
    from gatebook.cli.output import print_json
    from gatebook.clock import SystemClock
    from gatebook.trust.root.trust_root import TrustRoot

    now = SystemClock().now()
    root = read_source(file, ledger).root
    if as_json:
        if isinstance(root, TrustRoot):
            print_json("gatebook/trust-root-shown/v1", **_root_fields(root, now))
        else:
            print_json("gatebook/sigstore-root-shown/v1", **_material_fields(root, now))
        return
    click.echo(str(root.digest))
    if isinstance(root, TrustRoot):
        _show_signers(_signers(root), now)
        for authority in root.authorities:
            _show_authority(authority, now)
        _show_people(root.people)
    else:
        _show_items(root, now)


def may_attest(scope: "Scope") -> list[str]:
    """Name the predicate types of a scope: by kind, where all types of the kind are in it."""
    from gatebook.formats.intoto import PREDICATE_TYPES
    from gatebook.trust.root.scope import Anywhere

    if isinstance(scope.predicate_types, Anywhere):
        return ["any"]
    left = set(scope.predicate_types)
    kinds = [kind.value for kind, types in PREDICATE_TYPES.items() if types and types <= left]
    for kind, types in PREDICATE_TYPES.items():
        if kind.value in kinds:
            left -= types
    return [*kinds, *sorted(left)]


def _words(values: object) -> list[str]:
    from gatebook.trust.root.scope import Anywhere

    if isinstance(values, Anywhere):
        return ["any"]
    return sorted(map(str, values)) if isinstance(values, tuple | frozenset) else []


def _text(instant: "Instant | None") -> str | None:
    return None if instant is None else str(instant)


def _signers(root: "TrustRoot") -> "list[TrustedSigner]":
    return [*root.keys, *root.identities]


def _signer_fields(signer: "TrustedSigner", now: "Instant") -> dict[str, Any]:
    from gatebook.trust.root.age import state_of
    from gatebook.trust.root.trust_root import TrustedKey

    scope = signer.scope
    fields: dict[str, Any] = {
        "kind": "key" if isinstance(signer, TrustedKey) else "identity",
        "id": signer.id,
        "holder": None if signer.holder is None else str(signer.holder),
        "authority": None if signer.authority is None else signer.authority.id,
        "not_before": _text(scope.not_before),
        "not_after": _text(scope.not_after),
        "state": state_of(scope.not_before, scope.not_after, now).value,
        "may_attest": may_attest(scope),
        "repositories": _words(scope.repositories),
        "environments": _words(scope.environments),
    }
    if isinstance(signer, TrustedKey):
        fields["person"] = signer.person
        fields["algorithm"] = signer.public_key.algorithm.value
        fields["spki"] = signer.public_key.spki.hex
    else:
        fields["certificate"] = signer.constraint.as_json()
    return fields


def _item_fields(item: "RootItem", now: "Instant") -> dict[str, Any]:
    from gatebook.trust.root.age import state_of

    return {
        "id": item.id,
        "kind": item.kind.value,
        "name": item.name,
        "operator": item.operator,
        "uri": item.uri,
        "algorithm": item.algorithm,
        "fingerprint": str(item.fingerprint),
        "start": str(item.validity.start),
        "end": _text(item.validity.end),
        "state": state_of(item.validity.start, item.validity.end, now).value,
    }


def _material_fields(root: "SigstoreRoot", now: "Instant") -> dict[str, Any]:
    return {
        "digest": str(root.digest),
        "newest_start": str(root.newest_start),
        "items": [_item_fields(item, now) for item in root.items],
    }


def _root_fields(root: "TrustRoot", now: "Instant") -> dict[str, Any]:
    return {
        "digest": str(root.digest),
        "signers": [_signer_fields(each, now) for each in _signers(root)],
        "authorities": [
            {
                "id": authority.id,
                "profile": authority.profile.name.value,
                "trusted_root": _material_fields(authority.material, now),
            }
            for authority in root.authorities
        ],
        "people": [
            {
                "id": person.id,
                "actors": [str(actor) for actor in person.actors],
                "emails": list(person.emails),
            }
            for person in root.people
        ],
    }


def _show_signers(signers: "Sequence[TrustedSigner]", now: "Instant") -> None:
    from gatebook.cli.output import heading, table, wrapped

    fields = [_signer_fields(each, now) for each in signers]
    heading("\nsigners")
    rows = [
        (
            each["id"],
            f"{each['kind']} {each.get('algorithm') or each['authority']}",
            each["holder"] or "as certified",
            each.get("person") or "",
            each["state"],
            each["not_before"] or "",
            each["not_after"] or "",
        )
        for each in fields
    ]
    table(("id", "what", "holder", "person", "now", "from", "until"), rows, shrink=(2, 1, 0))
    heading("\nwhat they are believed about")
    rows = [(each["id"], *(", ".join(each[name]) for name in _SCOPE)) for each in fields]
    table(("id", "may attest", "repositories", "environments"), rows, shrink=(2, 1, 3))
    certified = [each for each in fields if "certificate" in each]
    if certified:
        heading("\nwhat their certificates have to say")
    for each in certified:
        for name, value in _flat(each["certificate"]):
            click.echo(wrapped(f"{each['id']}  {name}  ", value, indent=0))


def _flat(constraint: dict[str, Any], prefix: str = "") -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    for name, value in constraint.items():
        if isinstance(value, dict):
            found += _flat(value, f"{prefix}{name}.")
        else:
            found.append((prefix + name, " or ".join(value) if isinstance(value, list) else value))
    return found


def _show_authority(authority: "TrustedAuthority", now: "Instant") -> None:
    from gatebook.cli.output import heading

    material = authority.material
    heading(f"\nauthority {authority.id}  profile {authority.profile.name}")
    click.echo(str(material.digest))
    _show_items(material, now)


def _show_items(root: "SigstoreRoot", now: "Instant") -> None:
    from gatebook.cli.output import table

    rows = []
    for item in root.items:
        fields = _item_fields(item, now)
        rows.append(
            (
                fields["kind"],
                fields["uri"] or fields["name"],
                fields["operator"] or "",
                fields["algorithm"],
                item.fingerprint.hex[:12],
                fields["state"],
                fields["start"],
                fields["end"] or "",
            )
        )
    head = ("kind", "where", "operator", "algorithm", "fingerprint", "now", "from", "until")
    table(head, rows, shrink=(1, 3, 2, 0))


def _show_people(people: "Sequence[Person]") -> None:
    from gatebook.cli.output import heading, table

    if not people:
        return
    heading("\npeople")
    rows = [
        (person.id, ", ".join(map(str, person.actors)), ", ".join(person.emails))
        for person in people
    ]
    table(("id", "actors", "emails"), rows, shrink=(1, 2))
