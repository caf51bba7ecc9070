"""Checks that related resources agree: a host with its subnet, a subnet with its network.

Placement makes the resources of a topology agree. This module checks those that a script ensures one by one.
"""

from collections.abc import Iterator, Mapping
from ipaddress import IPv4Address, IPv4Network

from portinfra.model.address import Address
from portinfra.model.finding import Finding
from portinfra.model.plan import Plan
from portinfra.model.resources import Attachment, Instance, Network, Snapshot, Spec, Subnet, Volume
from portinfra.placement import FIRST_HOST, LAST_HOSTS


def relation_findings(plan: Plan, *, zonal_subnets: bool) -> Iterator[Finding]:
    """Yield a finding where a resource that the plan changes does not agree with one that it refers to.

    `zonal_subnets`: whether a subnet is in one zone, as its hosts then are.
    """
    for change in plan.changes:
        spec = change.after
        if isinstance(spec, Subnet):
            yield from _subnet_findings(spec, plan.wanted)
        elif isinstance(spec, Instance):
            yield from _address_findings(spec, plan.wanted)
            subnet = plan.wanted.get(spec.subnet) if spec.subnet else None
            if zonal_subnets and isinstance(subnet, Subnet) and subnet.zone != spec.zone:
                message = f"it lies in {spec.zone}, and {subnet.address} in {subnet.zone}"
                yield _wrong(spec, "zone", message, "Give both the same zone.")
        elif isinstance(spec, Attachment):
            yield from _attachment_findings(spec, plan.wanted)
        elif isinstance(spec, Volume) and change.action != "update":
            yield from _source_findings(spec, plan.wanted, replaces=change.action == "replace")


def _subnet_findings(spec: Subnet, wanted: Mapping[Address, Spec]) -> Iterator[Finding]:
    network = wanted.get(spec.network) if spec.network else None
    # Some clouds show no cidr of a network, and no address of a host that is being created.
    if not (isinstance(network, Network) and network.cidr and spec.cidr):
        return
    if not IPv4Network(spec.cidr).subnet_of(IPv4Network(network.cidr)):
        yield _wrong(
            spec,
            "cidr",
            f"{spec.cidr} lies outside of {network.address}, which is {network.cidr}",
            "Choose a part of the network, or keep the network's cidr.",
        )


def _address_findings(spec: Instance, wanted: Mapping[Address, Spec]) -> Iterator[Finding]:
    subnet = wanted.get(spec.subnet) if spec.subnet else None
    if isinstance(subnet, Subnet) and subnet.cidr and spec.private_address:
        network = IPv4Network(subnet.cidr)
        first, last = network[0] + FIRST_HOST, network[-1] - LAST_HOSTS
        if not first <= IPv4Address(spec.private_address) <= last:
            message = f"{spec.private_address} is no address for a host of {subnet.address} ({subnet.cidr})"
            yield _wrong(spec, "private_address", message, f"Choose one from {first} to {last}.")
    others = (other for other in wanted.values() if isinstance(other, Instance) and other != spec)
    for other in others:
        if (other.subnet, other.private_address) == (spec.subnet, spec.private_address):
            message = f"{spec.private_address} is the address of {other.address}"
            yield _wrong(spec, "private_address", message, "Choose another address.")


def _attachment_findings(spec: Attachment, wanted: Mapping[Address, Spec]) -> Iterator[Finding]:
    host = wanted.get(spec.instance) if spec.instance else None
    volume = wanted.get(spec.volume) if spec.volume else None
    if isinstance(host, Instance) and isinstance(volume, Volume) and host.zone != volume.zone:
        message = f"{volume.address} lies in {volume.zone}, and {host.address} in {host.zone}"
        yield _wrong(spec, "volume", message, "Attach a volume to a host of its own zone.")


def _source_findings(spec: Volume, wanted: Mapping[Address, Spec], *, replaces: bool) -> Iterator[Finding]:
    """Yield a finding for a missing snapshot of the scope.

    The plan knows nothing about a snapshot by the provider's own id, so it deletes no volume for one.
    """
    source = Address(spec.source or "")
    if source.kind == Snapshot.kind and source.name:
        if source not in wanted:
            message = f"it would be created from {source}, which does not exist"
            yield _wrong(spec, "source", message, f"Ensure {source} first.")
    elif source and replaces:
        message = (
            f"{source} is not a snapshot of this scope, so nothing is known of it before the volume is lost"
        )
        fix = f"Remove {spec.address} yourself, then ensure it; or name a snapshot of this scope."
        yield _wrong(spec, "source", message, fix)


def _wrong(spec: Spec, attribute: str, message: str, fix: str) -> Finding:
    return Finding("resource/relation", message, fix, subject=f"{spec.address}.{attribute}")
