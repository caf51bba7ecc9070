"""Public addresses: elastic addresses."""

from collections.abc import Sequence
from typing import Any

from attrs import evolve

from portinfra.model.observed import Observed
from portinfra.model.resources import PublicAddress
from portinfra.provider.interface import Call, NextCall, Refs
from portinfra_aws.drivers import reading
from portinfra_aws.drivers.base import AwsDriver, Observation, Owned
from portinfra_aws.drivers.reading import Record
from portinfra_aws.query import where


class PublicAddressDriver(AwsDriver[PublicAddress]):
    """An address that the internet can reach. portinfra allocates it first, then binds it to its host."""

    spec = PublicAddress
    lists = "DescribeAddresses"
    id_key = "allocationId"
    id_path = "allocationId"
    id_parameter = "AllocationId"
    creates = "AllocateAddress"
    deletes = "ReleaseAddress"
    resource = "elastic-ip"
    doubled = True

    def used_ids(self, observation: Observation) -> set[str]:
        """Return the addresses that are bound."""
        records = reading.records(observation.answers, self.lists)
        return {record["allocationId"] for record in records if record.get("associationId")}

    def lists_within(self, networks: Sequence[str]) -> tuple[Call, ...]:
        """Return the list of all addresses on hosts: an address is in no network."""
        return (reading.list_all(self.lists, where("instance-id", "i-*")),)

    def homes(self, record: Record) -> list[str]:
        """Return its host."""
        return [record.get("instanceId", "")]

    def to_spec(self, owned: Owned, observation: Observation) -> PublicAddress:
        """Return the address of a record, with the host to which it is bound."""
        instance = observation.names.address_of(owned.record.get("instanceId"))
        return PublicAddress(owned.mark.address.name, instance, owned.mark.tags)

    def parts(self, record: Record) -> dict[str, str]:
        """Return the address itself, and its binding."""
        bound = {"association": record["associationId"]} if record.get("associationId") else {}
        return {"id": record["allocationId"], "ip": record.get("publicIp", ""), **bound}

    def parameters(self, want: PublicAddress, refs: Refs) -> dict[str, Any]:
        """Return the parameters of an address for a VPC. portinfra binds it afterwards."""
        return {"Domain": "vpc"}

    def created_spec(self, want: PublicAddress) -> PublicAddress:
        """Return the address without a host."""
        return evolve(want, instance=None)

    def update(self, want: PublicAddress, seen: Observed[PublicAddress], refs: Refs) -> NextCall:
        """Return the call that binds it, or that ends its binding."""
        if want.instance is None:
            return self._unbind(seen)
        after = evolve(seen, spec=evolve(seen.spec, instance=want.instance))
        parameters = {
            "AllocationId": seen.id,
            "InstanceId": refs.id(want.instance),
            "AllowReassociation": True,
        }
        fills = {"association": "associationId"}
        return self.call("AssociateAddress", want.address, parameters, after, fills=fills, safe=True)

    def delete(self, seen: Observed[PublicAddress]) -> Call:
        """Return the next call of its release. A bound address cannot be released."""
        return self._unbind(seen) if "association" in seen.parts else super().delete(seen)

    def _unbind(self, seen: Observed[PublicAddress]) -> Call:
        parts = {name: id for name, id in seen.parts.items() if name != "association"}
        after = evolve(seen, parts=parts, spec=evolve(seen.spec, instance=None))
        parameters = {"AssociationId": seen.parts["association"]}
        return self.call("DisassociateAddress", seen.address, parameters, after, safe=True)
