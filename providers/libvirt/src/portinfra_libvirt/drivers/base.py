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
    """Under which name an observed resource has its part on a hypervisor, whatever that is called."""
    return f"at {at}"


SILENT = "?"
"""What is said of the part on a hypervisor that did not answer."""


class LibvirtDriver(Driver[S]):
    """All kinds read the same: everything of the scope, once a hypervisor."""

    def __init__(self, site: Site) -> None:
        self.site = site

    def zone_of(self, hypervisor: Hypervisor) -> str | None:
        """Return the zone that a hypervisor is; None where it is all zones of its site."""
        return None if self.site.alone else hypervisor.zones[0]

    def survey(self, scope: Scope, only: Sequence[Observed[S]] = ()) -> tuple[Call, ...]:
        """One read a hypervisor, shared with all other kinds."""
        return reading.survey(self.site, scope)

    def survey_foreign(self, seen: Mapping[Address, Observed[Any]]) -> tuple[Call, ...]:
        """Return one read of each hypervisor, which all kinds share."""
        return foreign.survey(self.site) if seen else ()

    def foreign(self, answers: Answers, names: Names) -> list[Foreign]:
        """Return what of this kind is not ours, on each hypervisor that answered."""
        told = foreign.there(answers, names, self.site)
        return [found for each in told for found in self.others(each)]

    def others(self, there: Everything) -> Iterable[Foreign]:
        """Return what of this kind is not ours on one hypervisor; by default nothing."""
        return ()


@frozen
class Part:
    """What is there of a resource on one hypervisor."""

    address: Address
    name: str
    spec: Any
    digest: str
    """Tells a part that is as it should be from one that is not."""
    more: Mapping[str, str] = {}
    sound: bool = True
    """Whether all of it that is in no spec is as it must be."""
    reason: str = ""
    """What was done to it outside portinfra, so that its spec is not known."""


class EverywhereDriver(LibvirtDriver[S]):
    """A kind that each hypervisor has its part of: networks and filters."""

    nouns: ClassVar[str]
    """In words, for whoever reads that its parts differ: `definitions`."""

    @abstractmethod
    def parts_at(self, told: Record, answers: Answers, names: Names) -> Iterable[Part]:
        """The parts on one hypervisor."""

    @abstractmethod
    def put(self, want: S, seen: Observed[S] | None, refs: Refs, at: str) -> NextCall:
        """The call that makes the part on one hypervisor as it should be."""

    @abstractmethod
    def drop(self, seen: Observed[S], refs: Refs, at: str) -> Call | None:
        """The call that removes the part on one hypervisor; None where nothing is to be removed."""

    @abstractmethod
    def wanted_digest(self, want: S, refs: Refs) -> str:
        """The digest of a part that is as it should be."""

    @property
    def hypervisors(self) -> tuple[str, ...]:
        """The names of all of them."""
        return tuple(each.name for each in self.site.hypervisors)

    def assemble(self, answers: Answers, names: Names) -> list[Observed[S]]:
        """Everything of the scope, of the parts that are there."""
        told = reading.answers_by_hypervisor(answers)
        there: dict[str, dict[str, Part]] = {}
        for at in self.hypervisors:
            for part in self.parts_at(told[at], answers, names) if at in told else ():
                there.setdefault(part.name, {})[at] = part
        return [self._to_observed(parts, set(told)) for parts in there.values()]

    def _to_observed(self, parts: Mapping[str, Part], answered: set[str]) -> Observed[S]:
        # They are changed in this order: what has not changed everywhere is what it was.
        last = [
            each for each in parts.values() if not each.reason or parts.keys() == {*_damaged_parts(parts)}
        ][-1]
        same = len({part.digest for part in parts.values()}) == 1 and set(parts) == answered
        sound = all(part.sound for part in parts.values())
        reason = "" if same else f"its {self.nouns} differ from hypervisor to hypervisor"
        if same and not sound:
            reason = f"its {self.nouns} are not as they were made"
        if damaged := _damaged_parts(parts):
            reason = " and ".join(f"{why} (on {at})" for at, why in damaged.items())
        digests = {at: each.digest for at, each in parts.items()}
        digests |= dict.fromkeys(set(self.hypervisors) - answered, SILENT)
        return Observed(
            last.address,
            last.spec,
            {"id": f"{last.address.kind}:{last.name}", "name": last.name, **last.more, **by_part(digests)},
            state="pending" if reason else "ready",
            reason=reason,
        )

    def next_call(self, want: S | None, seen: Observed[S] | None, refs: Refs) -> NextCall:
        """One hypervisor after the other; gone in the opposite order."""
        if want is None:
            return DONE if seen is None else self._removal(seen, refs)
        digest = self.wanted_digest(want, refs)
        for at in self.hypervisors:
            if seen is None or seen.parts.get(part(at), "") not in (digest, SILENT):
                return self.put(want, seen, refs, at)
        return DONE

    def after(self, want: S, seen: Observed[S] | None, refs: Refs, at: str, name: str, **more: str) -> Any:
        """What is there once one part more is as it should be."""
        parts = dict(seen.parts) if seen else {}
        digest = self.wanted_digest(want, refs)
        parts |= {"id": f"{want.address.kind}:{name}", "name": name, **more, part(at): digest}
        whole = all(parts.get(part(each)) in (digest, SILENT) for each in self.hypervisors)
        reason = "" if whole else f"its {self.nouns} differ from hypervisor to hypervisor"
        return Observed(want.address, want, parts, state="ready" if whole else "pending", reason=reason)

    def _removal(self, seen: Observed[S], refs: Refs) -> NextCall:
        for at in reversed(self.hypervisors):
            if seen.parts.get(part(at)) == SILENT:
                return Refuse(
                    f"the hypervisor of {at} does not answer, and has its part of {seen.address}",
                    "Run it again when it answers.",
                )
            if part(at) in seen.parts and (call := self.drop(seen, refs, at)) is not None:
                return call
        return DONE

    def less(self, seen: Observed[S], at: str) -> Observed[S] | None:
        """What is there once a part is gone."""
        parts = {name: value for name, value in seen.parts.items() if name != part(at)}
        return evolve(seen, parts=parts) if any(part(each) in parts for each in self.hypervisors) else None


def _damaged_parts(parts: Mapping[str, Part]) -> dict[str, str]:
    """Hypervisor → what was done to its part outside portinfra."""
    return {at: each.reason for at, each in parts.items() if each.reason}


def digest(*words: Any) -> str:
    """A short word that tells equal things from others."""
    return hashlib.sha256(repr(words).encode()).hexdigest()[:12]


def call(action: str, address: Address, after: Observed[Any] | None, at: str, /, **parameters: Any) -> Call:
    """A write on one hypervisor. Each is made of steps that may be made again."""
    return Call(action, {"at": at, **parameters}, address, after, safe=True)


def by_part(digests: Mapping[str, str]) -> dict[str, str]:
    """Digests by hypervisor, as parts of what is observed."""
    return {part(at): digest for at, digest in sorted(digests.items())}
