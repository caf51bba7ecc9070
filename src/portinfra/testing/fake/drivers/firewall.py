"""Firewalls, without their rules."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, ClassVar

from attrs import evolve

from portinfra.model.address import Address
from portinfra.model.observed import Observed
from portinfra.model.resources import Firewall
from portinfra.provider.interface import Answer, Call, Names, NextCall, Refs
from portinfra.testing.fake.drivers.base import FakeDriver, Record
from portinfra.testing.fake.drivers.instance import InstanceDriver
from portinfra.testing.fake.drivers.owner import Mark

DEFAULT_EGRESS: Mapping[str, Any] = {"protocol": "all", "first": 0, "last": 0, "peer": "0.0.0.0/0"}
"""The egress that a new firewall allows by the cloud's default."""


class FirewallDriver(FakeDriver[Firewall]):
    """A firewall, with a name that is unique in its network. A new one may allow all egress."""

    spec = Firewall
    noun = "Firewall"
    plural = "Firewalls"
    inside: ClassVar[tuple[str, ...]] = ("network",)
    replaces: frozenset[str] = frozenset({"network"})
    holds: frozenset[str] = frozenset({"network"})

    def to_spec(self, name: str, record: Record, mark: Mark, names: Names) -> Firewall:
        """Return the network of the firewall."""
        return Firewall(name, names.address_of(record["network"]), mark.tags)

    def to_observed(self, address: Any, record: Record, mark: Mark, names: Names) -> Observed[Firewall]:
        """Return one record. A firewall with only the cloud's default rule is not ready yet."""
        seen = super().to_observed(address, record, mark, names)
        return evolve(seen, state="pending") if _as_made(record) and seen.state == "ready" else seen

    def survey_foreign(self, seen: Mapping[Address, Observed[Any]]) -> tuple[Call, ...]:
        """Return the lists, with those of hosts: they show which host has a firewall of others."""
        return (*super().survey_foreign(seen), *InstanceDriver(self.shape, self.zones).survey_foreign(seen))

    def bound_addresses(
        self, record: Record, answers: Mapping[Call, Sequence[Answer]], names: Names
    ) -> Iterable[Address]:
        """Return the hosts that use it, and the firewalls that its rules name."""
        hosts = InstanceDriver(self.shape, self.zones).records(answers)
        ids = [host["id"] for host in hosts if host["firewall"] == record["id"]]
        ids += [rule["peer"] for direction in ("ingress", "egress") for rule in record[direction]]
        return {address for id in ids if (address := names.address_of(id))}

    def parts(self, record: Record) -> dict[str, str]:
        """Return its id, and whether it still has the default rule."""
        made = {"as-made": "yes"} if _as_made(record) else {}
        return {**super().parts(record), **made}

    def parameters(self, want: Firewall, refs: Refs) -> dict[str, Any]:
        """Return the network of the firewall."""
        return {"network": refs.id(want.network)}

    def create(self, want: Firewall, refs: Refs) -> Call:
        """Return the request that creates it. The new firewall may be open."""
        call = super().create(want, refs)
        assert call.after is not None
        if not self.shape.default_egress:
            return call
        return evolve(call, after=evolve(call.after, parts={**call.after.parts, "as-made": "yes"}))

    def finish(self, want: Firewall, seen: Observed[Firewall], refs: Refs) -> NextCall | None:
        """Return the call that closes a new firewall, before any other change."""
        if "as-made" not in seen.parts:
            return None
        parts = {name: id for name, id in seen.parts.items() if name != "as-made"}
        parameters = {"id": seen.id, "direction": "egress", "rules": [DEFAULT_EGRESS]}
        after = evolve(seen, parts=parts, state="ready")
        return self.call("RevokeTraffic", want.address, parameters, after)

    def absorb(
        self, seen: Observed[Firewall] | None, call: Call, answer: Answer | None
    ) -> Observed[Firewall] | None:
        """Return the resource after the call. A firewall that was just closed is ready."""
        if call.action == "RevokeTraffic":
            return call.after
        return super().absorb(seen, call, answer)


def _as_made(record: Record) -> bool:
    return record["egress"] == [DEFAULT_EGRESS] and not record["ingress"]
