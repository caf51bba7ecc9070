"""The same platform as Terraform would have it, in `terraform_data`: the resource that needs no provider."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from portinfra.model.address import Address
from portinfra.model.placed import Placed
from portinfra.model.resources import FirewallRules, Spec, public_fields

FOR_EACH = """\
locals {{
  roles   = {roles}
  volumes = {volumes}
  # Roles' subnets, by role and zone: a slot of four for each role.
  subnets = {{ for pair in setproduct(range(length(local.roles)), range(3)) :
    "${{local.roles[pair[0]]}}-${{pair[1]}}" => {{
      zone = pair[1]
      cidr = cidrsubnet("10.0.0.0/8", 10, pair[0] * 4 + pair[1])
    }}
  }}
  hosts = {{ for pair in setproduct(local.roles, range(1, {count} + 1)) :
    "${{pair[0]}}${{pair[1]}}" => {{
      role   = pair[0]
      zone   = (pair[1] - 1) % 3
      subnet = "${{pair[0]}}-${{(pair[1] - 1) % 3}}"
      # The address lies in its role's subnet of the zone.
      address = cidrhost(
        cidrsubnet("10.0.0.0/8", 10, index(local.roles, pair[0]) * 4 + (pair[1] - 1) % 3),
        4 + floor((pair[1] - 1) / 3)
      )
    }}
  }}
  disks = merge([for device in local.volumes : {{
    for host, placed in local.hosts : "${{host}}-${{device}}" => {{
      host = host, zone = placed.zone, device = device
    }}
  }}]...)
}}

resource "terraform_data" "network" {{
  input = {{ cidr = "10.0.0.0/8" }}
}}

resource "terraform_data" "subnet" {{
  for_each = local.subnets
  input = {{
    network = terraform_data.network.id
    cidr    = each.value.cidr
    zone    = each.value.zone
    public  = false
  }}
}}

resource "terraform_data" "firewall" {{
  for_each = toset(local.roles)
  input    = {{ network = terraform_data.network.id }}
}}

resource "terraform_data" "firewall_rules" {{
  for_each = toset(local.roles)
  input = {{
    firewall = terraform_data.firewall[each.key].id
    ingress = [for role in local.roles :
      {{ protocol = "tcp", first = 443, last = 443, peer = terraform_data.firewall[role].id }}]
    egress = [for role in local.roles :
      {{ protocol = "tcp", first = 443, last = 443, peer = terraform_data.firewall[role].id }}]
  }}
}}

resource "terraform_data" "instance" {{
  for_each = local.hosts
  input = {{
    subnet          = terraform_data.subnet[each.value.subnet].id
    firewall        = terraform_data.firewall[each.value.role].id
    zone            = each.value.zone
    private_address = each.value.address
    machine_type    = "small"
    image           = "debian-12"
    disk_gib        = 20
    power           = "running"
    protect         = false
  }}
}}

resource "terraform_data" "volume" {{
  for_each = local.disks
  input = {{
    gib     = 10
    zone    = each.value.zone
    protect = false
  }}
}}

resource "terraform_data" "attachment" {{
  for_each = local.disks
  input = {{
    instance = terraform_data.instance[each.value.host].id
    volume   = terraform_data.volume[each.key].id
    device   = each.value.device
  }}
}}
"""


def for_each(roles: list[str], volumes: list[str], count: int) -> str:
    """As a user would write it: one block for each kind."""
    return FOR_EACH.format(roles=json.dumps(roles), volumes=json.dumps(volumes), count=count)


def blocks(placed: Placed) -> str:
    """One block for each resource, with its attributes and references; nothing else to compute."""
    return "\n".join(_block(spec) for spec in placed.resources.values())


def _block(spec: Spec) -> str:
    lines = [f"    {name} = {value}" for name, value in _attributes(spec)]
    body = "\n".join(["  input = {", *lines, "  }"])
    return f'resource "terraform_data" "{_label(spec.address)}" {{\n{body}\n}}\n'


def _attributes(spec: Spec) -> Iterator[tuple[str, str]]:
    references = {str(address) for address in spec.references()}
    for name, value in public_fields(spec).items():
        if name in ("ingress", "egress") and isinstance(spec, FirewallRules):
            yield name, "[" + ", ".join(_rule(rule._asdict()) for rule in value) + "]"
        elif str(value) in references:
            yield name, _id(value)
        elif value is not None and value not in ("", (), {}):
            yield name, json.dumps(dict(value) if isinstance(value, Mapping) else value)


def _rule(rule: dict[str, Any]) -> str:
    peer = _id(rule.pop("peer"))
    return (
        "{"
        + ", ".join(f"{name} = {json.dumps(value)}" for name, value in rule.items())
        + f", peer = {peer}}}"
    )


def _id(address: str) -> str:
    return f"terraform_data.{_label(Address(address))}.id"


def _label(address: Address) -> str:
    return f"{address.kind}-{address.name}"
