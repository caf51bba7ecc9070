"""Networks of custom mode, and the routes that come and go with them and with their subnetworks.

https://cloud.google.com/vpc/docs/create-modify-vpc-networks, https://cloud.google.com/vpc/docs/routes
"""

from typing import Any

from emulator.call import Call, freeing, gone, made, making, serves
from emulator.engine import change, settled
from emulator.errors import in_use, invalid
from emulator.links import link, name_of, parse
from emulator.project import Resource
from portinfra.testing.emulator import Unserved


def referred(call: Call, field: str, given: str) -> Resource:
    """The network that a body names. Raises GceError where there is none, or it is not ready yet."""
    project, scope, collection, name = parse(call.project.id, field, given, "networks")
    return settled(call.refer(project, scope, collection, name))


@making("networks")
def is_of_custom_mode(call: Call, body: dict[str, Any]) -> None:
    """The document: autoCreateSubnetworks "Must be set to create a VPC network. If not set, a legacy network
    is created", which can no longer be had: https://cloud.google.com/vpc/docs/legacy.
    """
    if "autoCreateSubnetworks" not in body or "IPv4Range" in body:
        why = "Legacy networks can no longer be created."
        raise invalid("resource.autoCreateSubnetworks", body.get("autoCreateSubnetworks", ""), why)
    if body["autoCreateSubnetworks"]:
        raise Unserved("networks of auto mode")
    if not 1300 <= body.setdefault("mtu", 1460) <= 8896:
        raise invalid("resource.mtu", body["mtu"], "MTU must be between 1300 and 8896.")
    routing = body.setdefault("routingConfig", {})
    routing.setdefault("routingMode", "REGIONAL")
    routing.setdefault("bgpBestPathSelectionMode", "LEGACY")
    body.setdefault("networkFirewallPolicyEnforcementOrder", "AFTER_CLASSIC_FIREWALL")


@made("networks")
def has_a_default_route(call: Call, network: Resource) -> None:
    """ "When you create a VPC network, it includes a system-generated IPv4 default route": VPC, Routes."""
    network.body["selfLinkWithId"] = link(f"projects/{network.project}/global/networks/{network.body['id']}")
    gateway = link(f"projects/{network.project}/global/gateways/default-internet-gateway")
    add_route(call, network, "Default route to the Internet.", destRange="0.0.0.0/0", nextHopGateway=gateway)


def add_route(call: Call, network: Resource, description: str, **more: Any) -> Resource:
    """A route that Compute Engine itself makes."""
    number = call.project.next_id()
    what = "r" if "nextHopNetwork" in more else "route"
    body = {
        "name": f"default-{what}-{number % 16**16:016x}",
        "description": description,
        "network": network.link,
        "priority": 0 if "nextHopNetwork" in more else 1000,
        **more,
    }
    route = call.project.add("routes", "global", body)
    route.state = "ready"
    call.project.touch(route)
    return route


@freeing("networks")
def network_is_free(call: Call, network: Resource) -> None:
    """ "You can delete a VPC network only if it's not used": Create and manage VPC networks."""
    for collection in ("subnetworks", "firewalls", "routes"):
        for each in call.project.all(collection):
            if each.body.get("network") == network.link and not each.name.startswith("default-r"):
                raise in_use("network", network.path, each.path)


@gone("networks")
def its_routes_go(call: Call, network: Resource) -> None:
    """Routes that came with it."""
    for route in call.project.all("routes"):
        if route.body["network"] == network.link:
            call.project.drop(route)


@serves("networks.patch")
def patch(call: Call) -> dict[str, Any]:
    """ "Only routingConfig can be modified." """
    network = call.target()
    for name, value in call.body.items():
        if name != "routingConfig" and value != network.body.get(name):
            raise invalid(f"resource.{name}", value, "Only routingConfig can be modified.")

    def act() -> None:
        network.body["routingConfig"] = network.body["routingConfig"] | call.body.get("routingConfig", {})

    return change(call, act)


@making("routes")
def route_leads_somewhere(call: Call, body: dict[str, Any]) -> None:
    """https://cloud.google.com/vpc/docs/using-routes."""
    body["network"] = referred(call, "resource.network", body["network"]).link
    hops = [name for name in body if name.startswith("nextHop")]
    if len(hops) != 1:
        raise invalid("resource", "", "Exactly one next hop must be specified.")
    if hops[0] != "nextHopGateway" or name_of(body["nextHopGateway"]) != "default-internet-gateway":
        raise Unserved(f"routes by {hops[0]}")
    body["nextHopGateway"] = link(f"projects/{call.project.id}/global/gateways/default-internet-gateway")
