"""Public addresses."""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from attrs import evolve

from portinfra.model.observed import Observed
from portinfra.model.resources import PublicAddress
from portinfra.provider.interface import Answer, Call, Names, NextCall, Refs
from portinfra.testing.fake.drivers.base import FakeDriver, Record
from portinfra.testing.fake.drivers.owner import Mark


class PublicAddressDriver(FakeDriver[PublicAddress]):
    """An address that the internet can reach. It is created first, then bound to its host."""

    spec = PublicAddress
    noun = "PublicAddress"
    plural = "PublicAddresses"
    inside: ClassVar[tuple[str, ...]] = ("instance",)

    def used_ids(self, answers: Mapping[Call, Sequence[Answer]]) -> set[str]:
        """Return the bound addresses."""
        return {record["id"] for record in self.records(answers) if record["instance"]}

    def to_spec(self, name: str, record: Record, mark: Mark, names: Names) -> PublicAddress:
        """Return the host of the address."""
        return PublicAddress(name, names.address_of(record["instance"]), mark.tags)

    def parts(self, record: Record) -> dict[str, str]:
        """Return its id and its address."""
        return {**super().parts(record), "ip": record["ip"]}

    def parameters(self, want: PublicAddress, refs: Refs) -> dict[str, Any]:
        """Return nothing: the address is bound afterwards."""
        return {}

    def as_made(self, want: PublicAddress) -> PublicAddress:
        """Return the spec without a host."""
        return evolve(want, instance=None)

    def update(self, want: PublicAddress, seen: Observed[PublicAddress], refs: Refs) -> NextCall:
        """Return the call that binds it."""
        after = evolve(seen, spec=evolve(seen.spec, instance=want.instance))
        parameters = {"id": seen.id, "instance": refs.id(want.instance)}
        return self.call("AssociatePublicAddress", want.address, parameters, after, safe=True)
