"""Elastic addresses: what they may be put on, and that they are let go before they are given back.

https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_AssociateAddress.html
"""

import itertools

import moto.ec2.models.elastic_ip_addresses as moto_addresses

from bed.call import Call, before
from bed.errors import EC2Error
from bed.kinds import KINDS
from bed.rules.life import instance

_numbers = itertools.count(1)


def _public_ip() -> str:
    """moto draws from 127.0.0.0/8, twice the same at times; these are of the benchmark range of RFC 2544."""
    number = next(_numbers)
    return f"198.{18 + (number >> 16) % 2}.{(number >> 8) % 256}.{number % 256}"


moto_addresses.random_ip = _public_ip


@before("AssociateAddress")
def address_and_host_fit(call: Call) -> None:
    """Not on a pending instance, and not in a network without an internet gateway.

    "If the Elastic IP address is already associated with a different instance, it is disassociated from that
    instance […] AllowReassociation: you can specify false to ensure the operation fails".
    """
    params, backend = call.params, call.backend
    address = KINDS["eipalloc"].find(backend, params.get("AllocationId", ""))
    if address is None:
        raise EC2Error("MissingParameter", "Either public IP or allocation id must be specified")
    if "InstanceId" in params:
        host = instance(call, params["InstanceId"])
        if host.state not in ("running", "stopped", "stopping"):
            raise EC2Error(
                "InvalidInstanceID",
                f"The {host.state} instance '{host.id}' is not in a valid state for this operation.",
            )
        nic = host.nics[0]
    else:
        nic = KINDS["eni"].find(backend, params.get("NetworkInterfaceId", ""))
        if nic is None:
            raise EC2Error("MissingParameter", "Either instance ID or network interface id must be specified")
    if not any(
        gateway.vpc and gateway.vpc.id == nic.vpc_id for gateway in backend.internet_gateways.values()
    ):
        raise EC2Error("Gateway.NotAttached", f"Network {nic.vpc_id} is not attached to any internet gateway")
    if address.eni is nic:
        return
    if address.eni and params.get("AllowReassociation") is False:
        raise EC2Error(
            "Resource.AlreadyAssociated",
            f"resource {address.allocation_id} is already associated "
            f"with associate-id {address.association_id}",
        )
    for other in backend.addresses:
        if other.eni is nic or other is address:
            backend.disassociate_address(address=other.public_ip)


@before("ReleaseAddress")
def address_is_free(call: Call) -> None:
    """ "You must use DisassociateAddress […] before you try to release it"."""
    address = KINDS["eipalloc"].find(call.backend, call.params.get("AllocationId", ""))
    if address is not None and address.association_id:
        raise EC2Error("InvalidIPAddress.InUse", f"Address {address.public_ip} is in use.")
