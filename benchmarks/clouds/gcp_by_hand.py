"""By hand, with google-cloud-compute, as tersely as can be: `create|again HOSTS`. It finds nothing again."""

import os
import sys
from typing import Any

from google.api_core.client_options import ClientOptions
from google.cloud import compute_v1
from google.oauth2.credentials import Credentials
from on_gcp import IMAGE_FAMILY, IMAGE_PROJECT, MACHINE, PROJECT, REGION, ZONES
from shape import FLOWS, FRONT_PORT, ROLES, hosts, subnet

NETWORK_PATH = "global/networks/hand-main"
TOKEN = os.environ["GOOGLE_OAUTH_ACCESS_TOKEN"]


def ask(service: str, method: str, project: str = PROJECT, **given: Any) -> Any:
    """One request, without repetition."""
    if service not in _CLIENTS:
        options = ClientOptions(api_endpoint=os.environ["BED"])
        make = getattr(compute_v1, f"{service}Client")
        _CLIENTS[service] = make(credentials=Credentials(TOKEN), client_options=options)
    return getattr(_CLIENTS[service], method)(request={"project": project, **given}, retry=None)


_CLIENTS: dict[str, Any] = {}


def wait(operations: list[Any]) -> None:
    """Until all of these are done; each is waited for by one call, which waits for as long as two minutes."""
    for operation in operations:
        place = "zone" if operation.zone else "region" if operation.region else ""
        where = {place: getattr(operation, place).rpartition("/")[2]} if place else {}
        done = ask(f"{place.title() or 'Global'}Operations", "wait", operation=operation.name, **where)
        assert not done.error.errors, done.error


def rule(name: str, **more: Any) -> Any:
    """One firewall rule."""
    resource = {"name": f"hand-{name}", "network": NETWORK_PATH, **more}
    return ask("Firewalls", "insert_unary", firewall_resource=resource)


def tcp(port: int) -> list[dict[str, Any]]:
    """One TCP port."""
    return [{"I_p_protocol": "tcp", "ports": [str(port)]}]


def cidrs(role: str) -> list[str]:
    """Where the hosts of a role are."""
    return [subnet(role, number) for number in range(len(ZONES))]


def create(count: int) -> None:
    """All of it."""
    image = ask("Images", "get_from_family", project=IMAGE_PROJECT, family=IMAGE_FAMILY).self_link
    network = {"name": "hand-main", "auto_create_subnetworks": False}
    wait([ask("Networks", "insert_unary", network_resource=network)])
    begun = []
    for role in ROLES:
        for number in range(len(ZONES)):
            resource = {
                "name": f"hand-{role}-{number}",
                "network": NETWORK_PATH,
                "ip_cidr_range": subnet(role, number),
            }
            begun.append(ask("Subnetworks", "insert_unary", region=REGION, subnetwork_resource=resource))
        begun.append(
            rule(
                role,
                direction="EGRESS",
                priority=65000,
                denied=[{"I_p_protocol": "all"}],
                target_tags=[role],
            )
        )
    begun.append(rule("front-in", allowed=tcp(FRONT_PORT), target_tags=[ROLES[0]]))
    for source, target, port in FLOWS:
        out = {"direction": "EGRESS", "destination_ranges": cidrs(target), "target_tags": [source]}
        begun.append(rule(f"{source}-out", allowed=tcp(port), **out))
        begun.append(rule(f"{target}-in", allowed=tcp(port), source_tags=[source], target_tags=[target]))
    public = [name for role, name, _, _ in hosts(count) if role == ROLES[0]]
    for name in public:
        resource = {"name": f"hand-{name}"}
        begun.append(ask("Addresses", "insert_unary", region=REGION, address_resource=resource))
    wait(begun)
    reserved = {each.name: each.address for each in ask("Addresses", "list", region=REGION)}
    for role, name, number, address in hosts(count):
        zone = ZONES[number]
        interface: dict[str, Any] = {
            "subnetwork": f"regions/{REGION}/subnetworks/hand-{role}-{number}",
            "network_i_p": address,
        }
        if role == ROLES[0]:
            access = {"name": "nat", "type_": "ONE_TO_ONE_NAT", "nat_i_p": reserved[f"hand-{name}"]}
            interface["access_configs"] = [access]
        resource = {
            "name": f"hand-{name}",
            "machine_type": f"zones/{zone}/machineTypes/{MACHINE}",
            "disks": [{"boot": True, "auto_delete": True, "initialize_params": {"source_image": image}}],
            "network_interfaces": [interface],
            "labels": {"by": "hand"},
            "tags": {"items": [role]},
        }
        ask("Instances", "insert_unary", zone=zone, instance_resource=resource)


def again(count: int) -> None:
    """Whether all of it is there: each list once."""
    ours = 'name eq "hand-.*"'
    for service, where in (
        ("Networks", {}),
        ("Subnetworks", {"region": REGION}),
        ("Firewalls", {}),
        ("Addresses", {"region": REGION}),
    ):
        assert list(ask(service, "list", filter=ours, max_results=500, **where))
    found = {}
    for service in ("Disks", "Instances"):
        listed = ask(service, "aggregated_list", filter=ours, max_results=500)
        found[service] = sum(len(getattr(scoped, service.lower())) for _, scoped in listed)
    assert found["Instances"] == found["Disks"] == count, found


{"create": create, "again": again}[sys.argv[1]](int(sys.argv[2]))
