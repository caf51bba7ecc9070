"""Every request that the simulator serves."""

from collections.abc import Callable, Mapping

from portinfra.model.resources import Network, PublicAddress, Spec, Subnet
from portinfra.testing.fake.account_records import Answer, Book, Given
from portinfra.testing.fake.api import (
    account,
    admission,
    catalogue,
    claims,
    console,
    firewalls,
    instances,
    keys,
    networks,
    public_addresses,
    snapshots,
    volumes,
)
from portinfra.testing.fake.errors import FakeError

Handler = Callable[[Book, Given], Answer]


def _list(kind: str) -> Handler:
    def listing(book: Book, given: Given) -> Answer:
        if given.get("zone") in book.settings("unreachable"):
            raise FakeError("ServiceUnavailable", f"{given['zone']} does not answer")
        return book.page(kind, given)

    return listing


ACTIONS: Mapping[str, Handler] = {
    "DescribeRegion": catalogue.describe_region,
    "ListImages": catalogue.list_images,
    "ListNetworks": _list("network"),
    "CreateNetwork": networks.create_network,
    "DeleteNetwork": networks.delete_network,
    "ListSubnets": _list("subnet"),
    "CreateSubnet": networks.create_subnet,
    "SetSubnetPublic": networks.set_subnet_public,
    "DeleteSubnet": networks.delete_subnet,
    "ListFirewalls": _list("firewall"),
    "CreateFirewall": firewalls.create_firewall,
    "AllowTraffic": firewalls.allow_traffic,
    "RevokeTraffic": firewalls.revoke_traffic,
    "DeleteFirewall": firewalls.delete_firewall,
    "ListInstances": _list("instance"),
    "CreateInstance": instances.create_instance,
    "StartInstance": instances.start_instance,
    "StopInstance": instances.stop_instance,
    "ResizeInstance": instances.resize_instance,
    "SetInstanceFirewall": instances.set_instance_firewall,
    "DeleteInstance": instances.delete_instance,
    "ReadConsole": console.read_console,
    "ListVolumes": _list("volume"),
    "CreateVolume": volumes.create_volume,
    "GrowVolume": volumes.grow_volume,
    "AttachVolume": volumes.attach_volume,
    "DetachVolume": volumes.detach_volume,
    "DeleteVolume": volumes.delete_volume,
    "ListPublicAddresses": _list("public-address"),
    "CreatePublicAddress": public_addresses.create_public_address,
    "AssociatePublicAddress": public_addresses.associate_public_address,
    "DeletePublicAddress": public_addresses.delete_public_address,
    "ListSnapshots": _list("snapshot"),
    "CreateSnapshot": snapshots.create_snapshot,
    "CopySnapshot": snapshots.copy_snapshot,
    "ShareSnapshot": snapshots.share_snapshot,
    "LockSnapshot": snapshots.lock_snapshot,
    "ListLocks": snapshots.list_locks,
    "DeleteSnapshot": snapshots.delete_snapshot,
    "SetOwner": admission.set_owner,
    "ListClaims": _list("claim"),
    "CreateClaim": claims.create_claim,
    "WriteClaim": claims.write_claim,
    "DeleteClaim": claims.delete_claim,
    "DescribeKey": keys.describe_key,
    "ReadPermissions": account.read_permissions,
}

_READS = ("Describe", "List", "Read")
_OF_REPLICATION = ("LockSnapshot", "ShareSnapshot")

WRITES_OF_TAKEOVERS = tuple(
    sorted(each for each in ACTIONS if not each.startswith(_READS) and each not in _OF_REPLICATION)
)
"""The writes that a takeover calls at the end that takes over."""

CREATED_ONCE: Mapping[str, type[Spec]] = {
    "CreateNetwork": Network,
    "CreateSubnet": Subnet,
    "CreatePublicAddress": PublicAddress,
}
"""Writes of a takeover → the kind that it creates, for kinds that may already exist."""
