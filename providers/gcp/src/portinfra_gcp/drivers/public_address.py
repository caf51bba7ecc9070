"""Public addresses: static external addresses of the region.

A new one can bear no labels: until somebody changes its tags, its description says whose it is.
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
from portinfra_gcp.drivers.base import GcpDriver, Owned, Told, call, name_at_birth
from portinfra_gcp.drivers.reading import Answers, Record

ACCESS = "external-nat"
INTERFACE = "nic0"

_HOSTS = "instances.aggregatedList"


class PublicAddressDriver(GcpDriver[PublicAddress]):
    """An address that the internet can reach: made first, then bound to its host's interface."""

    spec = PublicAddress
    collection = "addresses"
    lists = "addresses.list"
    labelled = False

    def listing(self, scope: Scope) -> Call:
        """Those of the region."""
        return reading.list_owned(self.lists, scope, region=self.keyring.region)

    def survey(self, scope: Scope, only: Sequence[Observed[PublicAddress]] = ()) -> tuple[Call, ...]:
        """Addresses; and the instances, which tell by what name they have them."""
        return (*super().survey(scope, only), reading.list_owned(_HOSTS, scope))

    def relate_records(self, answers: Answers, names: Names) -> Mapping[str, str]:
        """External address → the name of the access configuration that gives it to a host."""
        return {
            access["natIP"]: access["name"]
            for record in reading.records(answers, _HOSTS)
            for interface in record["networkInterfaces"]
            for access in interface.get("accessConfigs") or ()
            if access.get("natIP")
        }

    def to_observed(self, owned: Owned, told: Told) -> Observed[PublicAddress]:
        """What binds it is a part of it."""
        seen = super().to_observed(owned, told)
        if told.under_way.get(seen.parts.get("user", "")) == "deleteAccessConfig":
            return evolve(seen, state="pending")
        access = told.related.get(seen.parts.get("ip"))
        return evolve(seen, parts={**seen.parts, "access": access}) if access else seen

    def to_spec(self, owned: Owned, told: Told) -> PublicAddress:
        """The host that it is bound to."""
        host = told.names.address_of(_user(owned.record))
        return PublicAddress(owned.mark.address.name, host, owned.mark.tags)

    def parts(self, record: Record) -> dict[str, str]:
        """The address itself, and who has it."""
        user = _user(record)
        found = {"ip": record.get("address", ""), "user": user}
        return {**super().parts(record), **{name: value for name, value in found.items() if value}}

    def takes(self, spec: PublicAddress, catalogue: Catalogue) -> Mapping[str, int]:
        """One in use, while a host has it."""
        return {"IN_USE_ADDRESSES": 1 if spec.instance else 0}

    def describe(self, want: PublicAddress, refs: Refs, name: str) -> str:
        """Its tags too, which labels cannot say yet."""
        return marks.description(want, refs, born=name_at_birth(want, refs, name), tags=dict(want.tags))

    def place(self, want: PublicAddress) -> dict[str, str]:
        """The region."""
        return {"region": self.keyring.region}

    def body(self, want: PublicAddress, refs: Refs) -> dict[str, Any]:
        """External; it is bound afterwards."""
        return {"addressType": "EXTERNAL", "networkTier": "PREMIUM"}

    def created_spec(self, want: PublicAddress) -> PublicAddress:
        """Bound to nothing."""
        return evolve(want, instance=None)

    def update(self, want: PublicAddress, seen: Observed[PublicAddress], refs: Refs) -> NextCall:
        """Bind it, where need be after letting go of what it is bound to, or the host of another."""
        user = seen.parts.get("user", "")
        host = refs.seen[want.instance] if want.instance else None
        if user and (host is None or user != host.id):
            return self._unbind(seen, user, seen.parts.get("access", ACCESS))
        assert host is not None, "it is bound to nothing, and wants to be"
        if host.parts.get("ip") not in (None, seen.parts.get("ip")):
            return self._unbind(seen, host.id, host.parts["access"])
        access = {"name": ACCESS, "type": "ONE_TO_ONE_NAT", "networkTier": "PREMIUM", "natIP": _ip(seen)}
        parameters = {**links.variables(host.id), "networkInterface": INTERFACE, "body": access}
        spec = evolve(seen.spec, instance=want.instance)
        after = evolve(seen, spec=spec, parts={**seen.parts, "user": host.id, "access": ACCESS})
        return call("instances.addAccessConfig", want.address, parameters, after)

    def delete(self, seen: Observed[PublicAddress]) -> Call:
        """Bound, it cannot be given back."""
        if "user" not in seen.parts:
            return super().delete(seen)
        return self._unbind(seen, seen.parts["user"], seen.parts.get("access", ACCESS))

    def absorb(
        self, seen: Observed[PublicAddress] | None, call: Call, answer: Answer | None
    ) -> Observed[PublicAddress] | None:
        """Which address it is, only the list tells."""
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
