"""What the drivers of several kinds share."""

import hashlib
from abc import abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, ClassVar

from attrs import evolve, frozen

from portinfra.model.address import Address, Scope
from portinfra.model.observed import Foreign, Observed, S
from portinfra.provider.interface import DONE, Call, Driver, Names, NextCall, Refs, Refuse
from portinfra_libvirt.drivers import foreign, reading
from portinfra_libvirt.drivers.foreign import Everything
from portinfra_libvirt.drivers.reading import Answers, Record
from portinfra_libvirt.site import Hypervisor, Site


def part(at: str) -> str:
    """Return the name of an observed resource's part on a hypervisor."""
    return f"at {at}"


UNREACHABLE = "?"
"""The digest of a part on a hypervisor that did not answer."""


class LibvirtDriver(Driver[S]):
    """A kind that is read with all others: one read of each hypervisor returns everything of the scope."""

    def __init__(self, site: Site) -> None:
        self.site = site

    def zone_of(self, hypervisor: Hypervisor) -> str | None:
        """Return the zone of a hypervisor; None if it has all zones of its site."""
        return None if self.site.alone else hypervisor.zones[0]

    def survey(self, scope: Scope, only: Sequence[Observed[S]] = ()) -> tuple[Call, ...]:
        """Return one read of each hypervisor, which all kinds share."""
        return reading.survey(self.site, scope)

    def survey_foreign(self, seen: Mapping[Address, Observed[Any]]) -> tuple[Call, ...]:
        """Return one read of each hypervisor, which all kinds share."""
        return foreign.survey(self.site) if seen else ()

    def foreign(self, answers: Answers, names: Names) -> list[Foreign]:
        """Return the foreign resources of this kind, on each hypervisor that answered."""
        hypervisors = foreign.there(answers, names, self.site)
        return [found for each in hypervisors for found in self.others(each)]

    def others(self, there: Everything) -> Iterable[Foreign]:
        """Return the foreign resources of this kind on one hypervisor; by default none."""
        return ()


@frozen
class Part:
    """The part of a resource on one hypervisor."""

    address: Address
    name: str
    spec: Any
    digest: str
    """A hash. It differs from that of the wanted part if the part must change."""
    more: Mapping[str, str] = {}
    sound: bool = True
    """Whether everything outside of the spec is as it must be."""
    reason: str = ""
    """A change outside portinfra, because of which its spec is unknown."""


class EverywhereDriver(LibvirtDriver[S]):
    """A kind of which each hypervisor has a part: networks and filters."""

    nouns: ClassVar[str]
    """The plural for its parts in messages: `definitions`."""

    @abstractmethod
    def parts_at(self, answer: Record, answers: Answers, names: Names) -> Iterable[Part]:
        """Yield the parts on one hypervisor."""

    @abstractmethod
    def put(self, want: S, seen: Observed[S] | None, refs: Refs, at: str) -> NextCall:
        """Return the call that brings the part on one hypervisor to the wanted state."""

    @abstractmethod
    def drop(self, seen: Observed[S], refs: Refs, at: str) -> Call | None:
        """Return the call that removes the part on one hypervisor; None if it has none."""

    @abstractmethod
    def wanted_digest(self, want: S, refs: Refs) -> str:
        """Return the digest of the wanted part."""

    @property
    def hypervisors(self) -> tuple[str, ...]:
        """The names of all hypervisors."""
        return tuple(each.name for each in self.site.hypervisors)

    def assemble(self, answers: Answers, names: Names) -> list[Observed[S]]:
        """Return everything of the scope, assembled from the parts on each hypervisor."""
        answers_by_name = reading.answers_by_hypervisor(answers)
        there: dict[str, dict[str, Part]] = {}
        for at in self.hypervisors:
            for part in self.parts_at(answers_by_name[at], answers, names) if at in answers_by_name else ():
                there.setdefault(part.name, {})[at] = part
        return [self._to_observed(parts, set(answers_by_name)) for parts in there.values()]

    def _to_observed(self, parts: Mapping[str, Part], answered: set[str]) -> Observed[S]:
        # Parts change in this order, so a part that has not changed everywhere shows the earlier state.
        last = [
            each for each in parts.values() if not each.reason or parts.keys() == {*_damaged_parts(parts)}
        ][-1]
        same = len({part.digest for part in parts.values()}) == 1 and set(parts) == answered
        sound = all(part.sound for part in parts.values())
        reason = "" if same else f"its {self.nouns} differ from hypervisor to hypervisor"
        if same and not sound:
            reason = f"its {self.nouns} are not as portinfra created them"
        if damaged := _damaged_parts(parts):
            reason = " and ".join(f"{why} (on {at})" for at, why in damaged.items())
        digests = {at: each.digest for at, each in parts.items()}
        digests |= dict.fromkeys(set(self.hypervisors) - answered, UNREACHABLE)
        return Observed(
            last.address,
            last.spec,
            {"id": f"{last.address.kind}:{last.name}", "name": last.name, **last.more, **by_part(digests)},
            state="pending" if reason else "ready",
            reason=reason,
        )

    def next_call(self, want: S | None, seen: Observed[S] | None, refs: Refs) -> NextCall:
        """Return the next call: one hypervisor after the other, for a removal in reverse order."""
        if want is None:
            return DONE if seen is None else self._removal(seen, refs)
        digest = self.wanted_digest(want, refs)
        for at in self.hypervisors:
            if seen is None or seen.parts.get(part(at), "") not in (digest, UNREACHABLE):
                return self.put(want, seen, refs, at)
        return DONE

    def after(self, want: S, seen: Observed[S] | None, refs: Refs, at: str, name: str, **more: str) -> Any:
        """Return the resource after one more part is as wanted."""
        parts = dict(seen.parts) if seen else {}
        digest = self.wanted_digest(want, refs)
        parts |= {"id": f"{want.address.kind}:{name}", "name": name, **more, part(at): digest}
        whole = all(parts.get(part(each)) in (digest, UNREACHABLE) for each in self.hypervisors)
        reason = "" if whole else f"its {self.nouns} differ from hypervisor to hypervisor"
        return Observed(want.address, want, parts, state="ready" if whole else "pending", reason=reason)

    def _removal(self, seen: Observed[S], refs: Refs) -> NextCall:
        for at in reversed(self.hypervisors):
            if seen.parts.get(part(at)) == UNREACHABLE:
                return Refuse(
                    f"the hypervisor of {at}, which has a part of {seen.address}, does not answer",
                    "Run the same command again when it answers.",
                )
            if part(at) in seen.parts and (call := self.drop(seen, refs, at)) is not None:
                return call
        return DONE

    def less(self, seen: Observed[S], at: str) -> Observed[S] | None:
        """Return the resource after one of its parts is removed; None after the last."""
        parts = {name: value for name, value in seen.parts.items() if name != part(at)}
        return evolve(seen, parts=parts) if any(part(each) in parts for each in self.hypervisors) else None


def _damaged_parts(parts: Mapping[str, Part]) -> dict[str, str]:
    """Return hypervisor → the change of its part outside portinfra."""
    return {at: each.reason for at, each in parts.items() if each.reason}


def digest(*words: Any) -> str:
    """Return a short hash of values."""
    return hashlib.sha256(repr(words).encode()).hexdigest()[:12]


def call(action: str, address: Address, after: Observed[Any] | None, at: str, /, **parameters: Any) -> Call:
    """Return a write on one hypervisor. Each step of it can be repeated."""
    return Call(action, {"at": at, **parameters}, address, after, safe=True)


def by_part(digests: Mapping[str, str]) -> dict[str, str]:
    """Return digests by hypervisor, as parts of an observed resource."""
    return {part(at): digest for at, digest in sorted(digests.items())}
