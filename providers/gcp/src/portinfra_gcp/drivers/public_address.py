"""Public addresses: static external addresses of the region.

A new address cannot have labels. Until its tags change, its description holds its owner.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from attrs import evolve

from portinfra.model.address import Scope
from portinfra.model.catalogue import Catalogue
from portinfra.model.observed import Observed
from portinfra.model.resources import PublicAddress
from portinfra.provider.interface import Answer, Call, Names, NextCall, Refs
from portinfra_gcp import links, marks
from portinfra_gcp.drivers import reading
from portinfra_gcp.drivers.base import GcpDriver, Observation, Owned, call, creation_name
from portinfra_gcp.drivers.reading import Answers, Record

ACCESS = "external-nat"
INTERFACE = "nic0"

_HOSTS = "instances.aggregatedList"


class PublicAddressDriver(GcpDriver[PublicAddress]):
    """An address that the internet can reach. portinfra reserves it first, then binds it to a host's
    interface.
    """

    spec = PublicAddress
    collection = "addresses"
    lists = "addresses.list"
    labelled = False

    def listing(self, scope: Scope) -> Call:
        """Return the list of addresses of the region."""
        return reading.list_owned(self.lists, scope, region=self.keyring.region)

    def survey(self, scope: Scope, only: Sequence[Observed[PublicAddress]] = ()) -> tuple[Call, ...]:
        """Return the lists of addresses and of instances, which show the access configurations."""
        return (*super().survey(scope, only), reading.list_owned(_HOSTS, scope))

    def relate_records(self, answers: Answers, names: Names) -> Mapping[str, str]:
        """Return external address → the name of the access configuration that binds it to a host."""
        return {
            access["natIP"]: access["name"]
            for record in reading.records(answers, _HOSTS)
            for interface in record["networkInterfaces"]
            for access in interface.get("accessConfigs") or ()
            if access.get("natIP")
        }

    def to_observed(self, owned: Owned, observation: Observation) -> Observed[PublicAddress]:
        """Return the address, with its binding as a part."""
        seen = super().to_observed(owned, observation)
        if observation.under_way.get(seen.parts.get("user", "")) == "deleteAccessConfig":
            return evolve(seen, state="pending")
        access = observation.related.get(seen.parts.get("ip"))
        return evolve(seen, parts={**seen.parts, "access": access}) if access else seen

    def to_spec(self, owned: Owned, observation: Observation) -> PublicAddress:
        """Return the address of a record, with the host to which it is bound."""
        host = observation.names.address_of(_user(owned.record))
        return PublicAddress(owned.mark.address.name, host, owned.mark.tags)

    def parts(self, record: Record) -> dict[str, str]:
        """Return the address itself, and the host that has it."""
        user = _user(record)
        found = {"ip": record.get("address", ""), "user": user}
        return {**super().parts(record), **{name: value for name, value in found.items() if value}}

    def takes(self, spec: PublicAddress, catalogue: Catalogue) -> Mapping[str, int]:
        """Return one address in use, while a host has it."""
        return {"IN_USE_ADDRESSES": 1 if spec.instance else 0}

    def describe(self, want: PublicAddress, refs: Refs, name: str) -> str:
        """Return its description with its tags, which labels cannot hold yet."""
        return marks.description(want, refs, born=creation_name(want, refs, name), tags=dict(want.tags))

    def place(self, want: PublicAddress) -> dict[str, str]:
        """Return the region."""
        return {"region": self.keyring.region}

    def body(self, want: PublicAddress, refs: Refs) -> dict[str, Any]:
        """Return the body of an external address. portinfra binds it afterwards."""
        return {"addressType": "EXTERNAL", "networkTier": "PREMIUM"}

    def created_spec(self, want: PublicAddress) -> PublicAddress:
        """Return the address without a host."""
        return evolve(want, instance=None)

    def update(self, want: PublicAddress, seen: Observed[PublicAddress], refs: Refs) -> NextCall:
        """Return the call that binds it.

        First, calls end its own binding, or that of another address to the host.
        """
        user = seen.parts.get("user", "")
        host = refs.seen[want.instance] if want.instance else None
        if user and (host is None or user != host.id):
            return self._unbind(seen, user, seen.parts.get("access", ACCESS))
        assert host is not None, "an unbound address without a wanted host does not differ"
        if host.parts.get("ip") not in (None, seen.parts.get("ip")):
            return self._unbind(seen, host.id, host.parts["access"])
        access = {"name": ACCESS, "type": "ONE_TO_ONE_NAT", "networkTier": "PREMIUM", "natIP": _ip(seen)}
        parameters = {**links.variables(host.id), "networkInterface": INTERFACE, "body": access}
        spec = evolve(seen.spec, instance=want.instance)
        after = evolve(seen, spec=spec, parts={**seen.parts, "user": host.id, "access": ACCESS})
        return call("instances.addAccessConfig", want.address, parameters, after)

    def delete(self, seen: Observed[PublicAddress]) -> Call:
        """Return the next call of its release. A bound address cannot be released."""
        if "user" not in seen.parts:
            return super().delete(seen)
        return self._unbind(seen, seen.parts["user"], seen.parts.get("access", ACCESS))

    def absorb(
        self, seen: Observed[PublicAddress] | None, call: Call, answer: Answer | None
    ) -> Observed[PublicAddress] | None:
        """Return the expected state. Only the list shows the new address."""
        after = super().absorb(seen, call, answer)
        made = answer is not None and call.action == self.creates
        return evolve(after, state="pending") if made and after is not None else after

    def _unbind(self, seen: Observed[PublicAddress], host: str, access: str) -> Call:
        parts = {name: value for name, value in seen.parts.items() if name not in ("user", "access")}
        after = evolve(seen, parts=parts, spec=evolve(seen.spec, instance=None))
        parameters = {**links.variables(host), "networkInterface": INTERFACE, "accessConfig": access}
        return call("instances.deleteAccessConfig", seen.address, parameters, after)


def _user(record: Record) -> str:
    return links.path(next(iter(record.get("users") or ()), ""))


def _ip(seen: Observed[PublicAddress]) -> str:
    return seen.parts.get("ip", "(its address)")
