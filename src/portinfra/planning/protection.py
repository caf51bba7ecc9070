"""Protection against deletion, and how to remove it.

Declared protection applies at once. Applied protection stays until an apply has removed it. So an edit that
removes both a host and its protection is refused, too.
"""

import re
from collections.abc import Iterable, Mapping

from portinfra.model.address import Address
from portinfra.model.change import Change
from portinfra.model.finding import Finding
from portinfra.model.location import Location
from portinfra.model.placed import Placed
from portinfra.model.plan import PlanOptions
from portinfra.model.resources import Instance, Spec, Volume
from portinfra.model.topology import Role
from portinfra.planning.roles import is_named_by, role_of


def protection_findings(
    decided: Mapping[Address, Change], placed: Placed, declared: Mapping[Address, Spec], options: PlanOptions
) -> Iterable[Finding]:
    """Yield a finding for each protected resource that the plan would delete or replace.

    A resource is protected if it is declared so or was applied so. No option of the command line overrides
    it. A role protects its hosts and volumes beyond its count, too.
    """
    for address, change in decided.items():
        if address in options.unprotected or change.action not in ("delete", "replace"):
            continue
        role = next((each for each in placed.topology.roles if _name_in(each, address)), None)
        blocks = _protecting_blocks(role, address)
        if blocks or _protects(change.before) or _protects(declared.get(address) or change.after):
            yield Finding(
                "plan/protected",
                f"it is protected and the plan would {change.action} it ({change.reason})",
                _way_to_unprotect(change, placed, role, decided, is_declared=address in declared),
                subject=address,
                location=_location(blocks, role, placed),
            )


def _location(blocks: Iterable[Role | Volume], role: Role | None, placed: Placed) -> Location:
    """Return the line that protects; else that of the role; else that of the topology."""
    for block in blocks:
        return block.location.attributes.get("deletion_protection", block.location)
    return (role or placed.topology).location


def _name_in(role: Role, address: Address) -> str:
    """Return the name of a role, present or former, that is in the name of a resource; empty: neither is."""
    names = filter(None, (role.name, role.renamed_from))
    return next((name for name in names if is_named_by(address, name)), "")


def _volume_name(role: Role, address: Address) -> str:
    return re.sub(r"^\d+-", "", address.name.removeprefix(_name_in(role, address)))


def _volume_of(role: Role, address: Address) -> Volume | None:
    """Return the declared volume of a role for a resource; None: the resource is no such volume."""
    if address.kind != Volume.kind:
        return None
    return next((each for each in role.volumes if each.name == _volume_name(role, address)), None)


def _protecting_blocks(role: Role | None, address: Address) -> list[Role | Volume]:
    """Return the declarations that protect a host or a volume, whether the count includes it or not."""
    if role is None or address.kind not in (Instance.kind, Volume.kind):
        return []
    return [
        each for each in (role, _volume_of(role, address)) if each is not None and each.deletion_protection
    ]


def _protects(given: Spec | None) -> bool:
    return bool(getattr(given, "deletion_protection", False))


def _way_to_unprotect(
    change: Change, placed: Placed, role: Role | None, decided: Iterable[Address], *, is_declared: bool
) -> str:
    """Return the steps after which a plan may delete or replace the resource."""
    line, address = placed.topology.location.write("deletion_protection", "False"), change.address
    if role is None:
        name = role_of(placed, address)
        return f"Declare its role {name!r} again, with {line}, apply that, and plan again."
    blocks = " and ".join(map(_describe, _protecting_blocks(role, address)))
    there = f"{line} in {blocks}" if blocks else line
    if not _protects(change.before):
        return f"Write {there}, and plan again."
    if address.kind == Volume.kind and _volume_of(role, address) is None:
        name = _volume_name(role, address)
        return (
            f"Declare its volume {name!r} again, with {there}, and apply that. Then remove the volume again."
        )
    if not is_declared:
        hosts = max(_number(role, each) for each in decided if _name_in(role, each))
        restore = f"Set the count of {role.name!r} to {hosts} again, with {there}"
        return f"{restore}, and apply that. Then reduce the count and plan again."
    unprotect = f"Write {there}, apply that" if blocks else f"Apply the declaration with {there}"
    alone = " without the change that replaces it" if change.after is not None else ""
    return f"{unprotect}{alone}, and plan again."


def _describe(block: Role | Volume) -> str:
    return "its role" if isinstance(block, Role) else f"its volume block {block.name!r}"


def _number(role: Role, address: Address) -> int:
    """Return the number of the host that a resource belongs to; 0: it belongs to none."""
    found = re.match(r"\d+", address.name.removeprefix(_name_in(role, address)))
    return int(found[0]) if found else 0
