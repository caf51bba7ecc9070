"""By CloudBridge: `create|again HOSTS`. What it cannot say is left out.

It knows no fixed addresses, no egress rules, no encryption, no tags at creation, no IMDSv2; labels are set
afterwards, one call each.
"""

import sys

from cloudbridge.factory import CloudProviderFactory
from cloudbridge.interfaces.resources import TrafficDirection
from on_aws import MACHINE, REGION, ZONES
from shape import FLOWS, FRONT_PORT, NETWORK, ROLES, hosts, subnet

provider = CloudProviderFactory().create_provider(
    "aws", {"aws_region_name": REGION, "aws_zone_name": ZONES[0]}
)
IMAGE = "ami-0a1b2c3d4e5f60012"


def create(count: int) -> None:
    """What it can of it."""
    network = provider.networking.networks.create(label="bench", cidr_block=NETWORK)
    gateway = network.gateways.get_or_create()
    router = provider.networking.routers.create(label="bench", network=network)
    router.attach_gateway(gateway)
    subnets, walls = {}, {}
    for role in ROLES:
        for number in range(len(ZONES)):
            made = network.subnets.create(label=f"{role}-{number}", cidr_block=subnet(role, number))
            subnets[role, number] = made
            if role == ROLES[0]:
                router.attach_subnet(made)
        walls[role] = provider.security.vm_firewalls.create(label=role, network=network, description=role)
    inbound = TrafficDirection.INBOUND
    walls[ROLES[0]].rules.create(inbound, "tcp", FRONT_PORT, FRONT_PORT, cidr="0.0.0.0/0")
    for source, target, port in FLOWS:
        walls[target].rules.create(inbound, "tcp", port, port, src_dest_fw=walls[source])
    for role, name, zone, _ in hosts(count):
        host = provider.compute.instances.create(
            label=name,
            image=IMAGE,
            vm_type=MACHINE,
            subnet=subnets[role, zone],
            vm_firewalls=[walls[role]],
        )
        if role == ROLES[0]:
            host.add_floating_ip(gateway.floating_ips.create())


def again(count: int) -> None:
    """Whether all of it is there, host by host as its lists give it."""
    found = [host.label for host in provider.compute.instances]
    assert len(found) == count, len(found)
    for network in provider.networking.networks:
        for made in network.subnets:
            assert made.cidr_block
    for wall in provider.security.vm_firewalls:
        assert list(wall.rules) is not None


{"create": create, "again": again}[sys.argv[1]](int(sys.argv[2]))
