"""Subnetworks: their ranges, and which addresses in them can be had.

https://cloud.google.com/vpc/docs/subnets
"""

import ipaddress
from typing import Any

from emulator.call import Call, freeing, gone, made, making, serves
from emulator.engine import change, settled
from emulator.errors import GceError, changed, in_use, invalid
from emulator.fingerprints import fingerprint
from emulator.links import name_of, parse, path_of, region_of
from emulator.project import Project, Resource
from emulator.rules.networks import add_route, referred
from portinfra.testing.emulator import Unserved

Range = ipaddress.IPv4Network

_VALID = [
    Range(text)
    for text in (
        "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "192.0.0.0/24", "192.0.2.0/24",
        "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "240.0.0.0/4",
    )
]  # fmt: skip
"""The private ranges of https://cloud.google.com/vpc/docs/subnets#valid-ranges."""


def in_subnet(call: Call, field: str, given: str) -> Resource:
    """The subnetwork that a body names, in the region of the call. Raises GceError where it cannot be."""
    project, scope, collection, name = parse(call.project.id, field, given, "subnetworks")
    if region_of(scope) != region_of(call.scope):
        why = f"Subnetwork must be in the same region as the resource, {region_of(call.scope)}."
        raise invalid(field, given, why)
    return settled(call.refer(project, scope, collection, name))


def range_of(field: str, text: str) -> Range:
    """Raises GceError for what is no range."""
    try:
        found = Range(text)
    except ValueError:
        raise invalid(field, text, "Must be a CIDR address range.") from None
    # "The minimum size is /29": VPC, Subnets
    if found.prefixlen > 29 or not any(found.subnet_of(valid) for valid in _VALID):
        raise invalid(field, text, "Invalid IP CIDR range.")
    return found


@making("subnetworks")
def has_a_range_of_its_own(call: Call, body: dict[str, Any]) -> None:
    """ "Primary and secondary ranges can't overlap any allocated range in the same network": Subnets."""
    for name in ("network", "ipCidrRange"):
        if name not in body:
            raise invalid(f"resource.{name}", "", "The field is required.")
    network = referred(call, "resource.network", body["network"])
    wanted = range_of("resource.ipCidrRange", body["ipCidrRange"])
    for name in ("secondaryIpRanges", "ipv6AccessType", "reservedInternalRange"):
        if body.get(name):
            raise Unserved(f"subnetworks with {name}")
    if body.setdefault("purpose", "PRIVATE") != "PRIVATE":
        raise Unserved(f"subnetworks for {body['purpose']}")
    _clear(call.project, network, wanted, None)
    body["network"] = network.link
    body["gatewayAddress"] = str(wanted[1])
    body.setdefault("privateIpGoogleAccess", False)
    body.setdefault("privateIpv6GoogleAccess", "DISABLE_GOOGLE_ACCESS")
    body.setdefault("stackType", "IPV4_ONLY")
    body["fingerprint"] = _print(body)


def _print(body: dict[str, Any]) -> str:
    names = ("ipCidrRange", "privateIpGoogleAccess", "stackType", "logConfig", "enableFlowLogs")
    return fingerprint({name: body.get(name) for name in names})


def _clear(there: Project, network: Resource, wanted: Range, own: Resource | None) -> None:
    for each in there.all("subnetworks"):
        if each is own or each.body["network"] != network.link:
            continue
        if Range(each.body["ipCidrRange"]).overlaps(wanted):
            region = region_of(each.scope)
            why = f"conflicts with existing subnetwork '{each.name}' in region '{region}'."
            raise GceError(400, "invalidIPCidrRange", f"Invalid IPCidrRange: {wanted} {why}")


@made("subnetworks")
def network_knows_it(call: Call, subnet: Resource) -> None:
    """With a "subnet route" to it: VPC, Routes."""
    network = _network(call.project, subnet)
    if network is None:
        return
    network.body.setdefault("subnetworks", []).append(subnet.link)
    description = f"Default local route to the subnetwork {subnet.body['ipCidrRange']}."
    add_route(call, network, description, destRange=subnet.body["ipCidrRange"], nextHopNetwork=network.link)


def _network(there: Project, subnet: Resource) -> Resource | None:
    return there.seek("networks", "global", name_of(subnet.body["network"]))


@freeing("subnetworks")
def subnet_is_free(call: Call, subnet: Resource) -> None:
    """ "you must first delete any resources that use the subnet": Create and manage VPC networks."""
    for each in call.project.all("instances"):
        if any(nic["subnetwork"] == subnet.link for nic in each.body["networkInterfaces"]):
            raise in_use("subnetwork", subnet.path, each.path)
    for each in call.project.all("addresses"):
        if each.body.get("subnetwork") == subnet.link:
            raise in_use("subnetwork", subnet.path, each.path)


@gone("subnetworks")
def network_forgets_it(call: Call, subnet: Resource) -> None:
    """With the route to it."""
    network = _network(call.project, subnet)
    if network is not None and subnet.link in network.body.get("subnetworks", ()):
        network.body["subnetworks"].remove(subnet.link)
        if not network.body["subnetworks"]:
            del network.body["subnetworks"]
    for route in call.project.all("routes"):
        same = route.body["network"] == subnet.body["network"]
        if same and route.body["destRange"] == subnet.body["ipCidrRange"] and "nextHopNetwork" in route.body:
            call.project.drop(route)


@serves("subnetworks.patch")
def patch(call: Call) -> dict[str, Any]:
    """ "You must specify the current fingerprint"; a description is set only at creation: the document."""
    subnet = call.target()
    if call.body.get("fingerprint") != subnet.body["fingerprint"]:
        raise changed("Invalid fingerprint.")
    free = ("privateIpGoogleAccess", "logConfig", "enableFlowLogs", "fingerprint")
    for name, value in call.body.items():
        now = subnet.body.get(name)
        same = value == now or (name in ("network", "region") and path_of(call.project.id, value) in str(now))
        if name not in free and not same:
            raise invalid(f"resource.{name}", value, "The field cannot be patched.")

    def act() -> None:
        subnet.body.update({name: call.body[name] for name in free if name in call.body})
        subnet.body["fingerprint"] = _print(subnet.body)

    return change(call, act)


@serves("subnetworks.setPrivateIpGoogleAccess")
def set_private_access(call: Call) -> dict[str, Any]:
    """https://cloud.google.com/vpc/docs/configure-private-google-access."""
    subnet = call.target()

    def act() -> None:
        subnet.body["privateIpGoogleAccess"] = call.body.get("privateIpGoogleAccess", False)
        subnet.body["fingerprint"] = _print(subnet.body)

    return change(call, act)


@serves("subnetworks.expandIpCidrRange")
def expand(call: Call) -> dict[str, Any]:
    """ "You can expand the primary IPv4 range of an existing subnet": Create and manage VPC networks."""
    subnet = call.target()
    wanted = range_of("ipCidrRange", call.body.get("ipCidrRange", ""))
    if wanted.prefixlen >= Range(subnet.body["ipCidrRange"]).prefixlen or not Range(
        subnet.body["ipCidrRange"]
    ).subnet_of(wanted):
        raise invalid("ipCidrRange", str(wanted), "The new range must contain the old one.")
    network = _network(call.project, subnet)
    assert network is not None
    _clear(call.project, network, wanted, subnet)

    def act() -> None:
        network_forgets_it(call, subnet)
        subnet.body["ipCidrRange"] = str(wanted)
        subnet.body["gatewayAddress"] = str(wanted[1])
        subnet.body["fingerprint"] = _print(subnet.body)
        network_knows_it(call, subnet)

    return change(call, act)


def reserved(wanted: Range, address: ipaddress.IPv4Address) -> bool:
    """ "the first two and last two IP addresses in each primary range are unusable": VPC, Subnets."""
    return address in (wanted[0], wanted[1], wanted[-2], wanted[-1])


def taken(there: Project, subnet: Resource) -> dict[str, Resource]:
    """Internal address in a subnetwork → the instance or reserved address that has it."""
    found = {}
    for each in there.all("addresses"):
        if each.body.get("subnetwork") == subnet.link:
            found[each.body["address"]] = each
    for each in there.all("instances"):
        for nic in each.body["networkInterfaces"]:
            if nic["subnetwork"] == subnet.link and nic.get("networkIP") and each.state != "doomed":
                found[nic["networkIP"]] = each
    return found


def free_address(there: Project, subnet: Resource) -> str:
    """The first that nobody has. Raises GceError where there is none."""
    held, wanted = taken(there, subnet), Range(subnet.body["ipCidrRange"])
    for address in wanted:
        if not reserved(wanted, address) and str(address) not in held:
            return str(address)
    message = f"IP space of '{subnet.path}' is exhausted."
    raise GceError(400, "IP_SPACE_EXHAUSTED", message)


def inside(field: str, subnet: Resource, given: str) -> str:
    """An address that can be had in a subnetwork, taken or not. Raises GceError for any other."""
    wanted = Range(subnet.body["ipCidrRange"])
    try:
        address = ipaddress.IPv4Address(given)
    except ValueError:
        raise invalid(field, given, "Must be a valid IPv4 address.") from None
    if address not in wanted:
        raise invalid(field, given, "Requested internal IP address is outside the subnetwork range.")
    if reserved(wanted, address):
        raise invalid(field, given, "IP address is reserved by Google.")
    return str(address)
