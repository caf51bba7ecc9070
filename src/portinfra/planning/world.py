"""The existing resources while they change, in the dry run and in the apply."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Self

from attrs import evolve

from portinfra.model.address import Address
from portinfra.model.observed import Observed
from portinfra.model.resources import Spec


class World(Mapping[Address, Observed[Spec]]):
    """The existing resources, by address. References to a deleted resource are removed. What ends with it is
    being deleted.
    """

    def __init__(self, resources: Mapping[Address, Observed[Spec]], before: Self | None = None) -> None:
        """`before` is the world at the end of the last apply of the same run."""
        self._resources = dict(resources)
        self.removals: Counter[Address] = Counter(before.removals if before else ())
        """How often the run has seen each resource deleted."""
        self.removals.update(address for address in before or () if address not in resources)
        self._referrers: dict[Address, set[Address]] = {}
        for address, seen in self._resources.items():
            self._refer(address, seen.spec.references())

    def __getitem__(self, address: Address) -> Observed[Spec]:
        return self._resources[address]

    def __iter__(self) -> Iterator[Address]:
        return iter(self._resources)

    def __len__(self) -> int:
        return len(self._resources)

    def snapshot(self) -> dict[Address, Observed[Spec]]:
        """Return a copy that does not change, so that another thread may read it."""
        return dict(self._resources)

    def record(self, address: Address, seen: Observed[Spec] | None) -> None:
        """Record the existing resource of an address; None: it does not exist."""
        before = self._resources.get(address)
        if seen is None:
            if before is not None:
                del self._resources[address]
                self.removals[address] += 1
                self._forget(address)
            return
        self._resources[address] = seen
        if before is None or before.spec is not seen.spec:
            self._refer(address, seen.spec.references())

    def _refer(self, address: Address, references: Iterable[Address]) -> None:
        for reference in references:
            self._referrers.setdefault(reference, set()).add(address)

    def _forget(self, gone: Address) -> None:
        for referrer in self._referrers.pop(gone, ()):
            seen = self._resources.get(referrer)
            if seen is not None and gone in seen.spec.references():
                ending = seen.spec.ends_with(gone)
                state = "deleting" if ending else seen.state
                self._resources[referrer] = evolve(seen, spec=seen.spec.without(gone), state=state)
