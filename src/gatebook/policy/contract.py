"""Contracts: what one environment demands, as YAML or JSON.

::

    contract: gatebook/contract/v1
    environment: prod
    description: What production demands
    roles:
      release-manager: [ana, ben]
    controls:
      - id: artifact-identified
      - id: provenance
        with:
          builders: ["https://ci.example.com/runner"]
          repositories: ["https://git.example.com/acme/api"]
      - id: signed-off
        use: approval
        mode: enforce
        with: {role: release-manager}

``use`` is the control and defaults to the id; ``mode`` defaults to ``enforce``. Role members are
ids of people in the trust root, or actors written ``issuer#subject``. Unknown fields are refused.
"""

from dataclasses import dataclass
from typing import Final

from gatebook import canonical
from gatebook.canonical import Json, JsonObject
from gatebook.digest import Digest, sha256
from gatebook.errors import GatebookError
from gatebook.facts.facts import Identity
from gatebook.formats import strict_yaml
from gatebook.names import Actor, ControlId, EnvironmentName, RoleName
from gatebook.policy.catalogue import CATALOGUE
from gatebook.policy.control import Control, Roles
from gatebook.policy.outcome import Mode
from gatebook.policy.parameters import ContractError, Parameters

__all__ = ["CONTRACT_SCHEMA", "Contract", "ContractError", "Demand"]

CONTRACT_SCHEMA: Final = "gatebook/contract/v1"
_MAX_BYTES: Final = 1024 * 1024
_MAX_CONTROLS: Final = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Demand:
    """One use of a control."""

    id: ControlId
    mode: Mode
    control: Control


@dataclass(frozen=True, slots=True, kw_only=True)
class Contract:
    """What an environment demands.

    Attributes:
        environment: which one.
        description: for people.
        roles: who holds which role.
        demands: the controls, in the order of the document; at least one.
        digest: SHA-256 of the document as received.

    """

    environment: EnvironmentName
    description: str
    roles: Roles
    demands: tuple[Demand, ...]
    digest: Digest

    @classmethod
    def parse(cls, data: bytes) -> "Contract":
        """Read a contract.

        Raises:
            ContractError: not strict YAML or JSON, another schema, an unknown field, control or
                parameter, a control id used twice, a role without members, or no control.

        """
        try:
            if data.lstrip(b" \t\r\n").startswith(b"{"):
                document = canonical.loads(data, what="contract", max_bytes=_MAX_BYTES)
            else:
                document = strict_yaml.loads(data, what="contract", max_bytes=_MAX_BYTES)
        except GatebookError as error:
            raise ContractError(error.message, code=error.code, hint=error.hint) from None
        root = _object(document, "contract")
        _only(root, {"contract", "environment", "description", "roles", "controls"}, "contract")
        if root.get("contract") != CONTRACT_SCHEMA:
            raise ContractError(
                f"expected 'contract: {CONTRACT_SCHEMA}', found {str(root.get('contract'))[:60]!r}",
                code="policy.contract-schema",
            )
        roles = _roles(root.get("roles", {}))
        controls = root.get("controls")
        if not isinstance(controls, list) or not 0 < len(controls) <= _MAX_CONTROLS:
            raise ContractError(
                f"a contract lists 1 to {_MAX_CONTROLS} controls",
                code="policy.contract-empty",
                hint="an environment that demands nothing would allow everything",
            )
        demands = tuple(_demand(item, roles) for item in controls)
        ids = [demand.id for demand in demands]
        if len(set(ids)) != len(ids):
            raise ContractError("two controls have the same id", code="policy.duplicate-control")
        description = root.get("description", "")
        if not isinstance(description, str):
            raise ContractError("'description' must be a text")
        return cls(
            environment=_environment(_text(root, "environment", "contract")),
            description=description,
            roles=roles,
            demands=demands,
            digest=sha256(data),
        )

    def demands_using(self, control: type[Control]) -> tuple[Demand, ...]:
        """The demands that use a control."""
        return tuple(demand for demand in self.demands if isinstance(demand.control, control))


def _demand(value: Json, roles: Roles) -> Demand:
    item = _object(value, "control")
    _only(item, {"id", "use", "mode", "with"}, "control")
    text = _text(item, "id", "control")
    try:
        control_id = ControlId.parse(text)
    except GatebookError as error:
        raise ContractError(error.message, code="policy.control-id") from None
    uses = _text(item, "use", f"control {text}") if "use" in item else text
    control = CATALOGUE.get(uses)
    if control is None:
        raise ContractError(
            f"control {text}: there is no control {uses[:60]!r}",
            code="policy.unknown-control",
            hint=f"known controls: {', '.join(sorted(CATALOGUE))}",
        )
    try:
        mode = Mode(_text(item, "mode", f"control {text}") if "mode" in item else "enforce")
    except ValueError:
        raise ContractError(
            f"control {text}: 'mode' must be enforce, warn or audit", code="policy.mode"
        ) from None
    values = _object(item.get("with", {}), f"control {text}")
    parameters = Parameters(values, f"control {text}", control_id)
    read = control.read(parameters, roles)
    parameters.done()
    return Demand(id=control_id, mode=mode, control=read)


def _roles(value: Json) -> Roles:
    members: dict[RoleName, frozenset[Identity]] = {}
    for name, people in _object(value, "roles").items():
        try:
            role = RoleName.parse(name)
            if not isinstance(people, list) or not people:
                raise ContractError(f"role {name}: needs at least one member")
            members[role] = frozenset(_member(person, name) for person in people)
        except ContractError:
            raise
        except GatebookError as error:
            raise ContractError(f"role {name[:60]!r}: {error.message}") from None
    return Roles(members)


def _member(value: Json, role: str) -> Identity:
    if not isinstance(value, str) or not value or not value.isprintable():
        raise ContractError(f"role {role}: a member is a text")
    if "#" not in value:
        return Identity(f"person:{value}")
    return Identity(str(Actor.parse(value)))


def _environment(text: str) -> EnvironmentName:
    try:
        return EnvironmentName.parse(text)
    except GatebookError as error:
        raise ContractError(f"contract: {error.message}") from None


def _object(value: Json, what: str) -> JsonObject:
    if not isinstance(value, dict):
        raise ContractError(f"{what}: must be a mapping")
    return value


def _text(item: JsonObject, name: str, what: str) -> str:
    found = item.get(name)
    if not isinstance(found, str) or not found:
        raise ContractError(f"{what}: {name!r} must be a text")
    return found


def _only(item: JsonObject, known: set[str], what: str) -> None:
    for name in item:
        if name not in known:
            raise ContractError(
                f"{what}: unknown field {name[:60]!r}",
                code="policy.unknown-field",
                hint=f"known fields: {', '.join(sorted(known))}",
            )
