"""By CloudBridge: `create|again HOSTS`. What it cannot say is left out.

It knows no fixed addresses, no egress rules, no shielded hosts; its public addresses are forwarding rules,
which the bed has not, and are left out. It finds Compute Engine by Google's discovery client, which gets
the address of the bed here.
"""

import os
import sys
from functools import partial

import googleapiclient.discovery as discovery
from google.oauth2.credentials import Credentials
from on_gcp import MACHINE, PROJECT, REGION, ZONES

ENDPOINT = os.environ["BED"] + "/compute/v1/"
os.environ["GCP_PROJECT_NAME"] = PROJECT
discovery.build = partial(discovery.build, client_options={"api_endpoint": ENDPOINT}, static_discovery=True)

from cloudbridge.factory import CloudProviderFactory  # noqa: E402
from cloudbridge.interfaces.resources import TrafficDirection  # noqa: E402
from shape import FLOWS, FRONT_PORT, NETWORK, ROLES, hosts, subnet  # noqa: E402

provider = CloudProviderFactory().create_provider(
    "gcp",
    {
        "gcp_region_name": REGION,
        "gcp_zone_name": ZONES[0],
        "gcp_credentials_obj": Credentials(os.environ["GOOGLE_OAUTH_ACCESS_TOKEN"]),
    },
)
IMAGE = (
    "https://www.googleapis.com/compute/v1/projects/debian-cloud/global/images/debian-12-bookworm-v20251209"
)


def create(count: int) -> None:
    """What it can of it."""
    network = provider.networking.networks.create(label="bench", cidr_block=NETWORK)
    subnets, walls = {}, {}
    for role in ROLES:
        for number in range(len(ZONES)):
            subnets[role, number] = network.subnets.create(
                label=f"{role}-{number}", cidr_block=subnet(role, number)
            )
        walls[role] = provider.security.vm_firewalls.create(label=role, network=network, description=role)
    inbound = TrafficDirection.INBOUND
    walls[ROLES[0]].rules.create(inbound, "tcp", FRONT_PORT, FRONT_PORT, cidr="0.0.0.0/0")
    for source, target, port in FLOWS:
        walls[target].rules.create(inbound, "tcp", port, port, src_dest_fw=walls[source])
    for role, name, number, _ in hosts(count):
        provider.compute.instances.create(
            label=name,
            image=IMAGE,
            vm_type=MACHINE,
            subnet=subnets[role, number],
            vm_firewalls=[walls[role]],
        )


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
