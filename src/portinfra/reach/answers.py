"""Who can reach whom, directly and through others, each answer with a path that shows it."""

from collections.abc import Iterable, Iterator, Mapping
from itertools import pairwise

from attrs import field, frozen

from portinfra.model.resources import Rule
from portinfra.model.topology import INTERNET
from portinfra.reach.addresses import bounds, overlap
from portinfra.reach.parties import Party, RuleSets
from portinfra.reach.traffic import NOTHING, Traffic

Some = Mapping[int, frozenset[int]]
"""Some of those there are: the number of a party → the places of its hosts that are meant."""


@frozen
class Hop:
    """One step of a path, with the rules that let it."""

    source: str
    """A host; outside, `internet` or a CIDR."""
    target: str
    traffic: Traffic
    """All that passes from the one to the other."""
    source_role: str
    """The role, or the same as `source` outside."""
    target_role: str
    egress: Rule | None = None
    """A rule that lets it out of the source; None outside, where nobody asks."""
    ingress: Rule | None = None
    """A rule that lets it into the target; None outside."""


@frozen
class Edge:
    """What can pass from some host of one role to another host, or to or from outside."""

    source: str
    """A role, `internet`, or a CIDR outside that a rule names."""
    target: str
    traffic: Traffic
    witness: Hop
    """Two hosts between which some of it passes."""


@frozen
class Reach:
    """Exactly what the walls of one environment let through.

    A packet passes when the source's rules let it out, the target's let it in, and there is a route: both are
    in one network, or one is outside and the other has a public address and a subnet with a way to the
    internet. Outside is every address that is in none of our subnets. A rule for a CIDR holds for whoever has
    an address in it, our own hosts too. Hosts count whether they run or not; a host's way to itself is not
    asked about.

    Wherever a question names somebody, it is a host, a role, `internet`, an address or a CIDR (inside and
    outside alike); the answer is what passes from at least one of them to at least one other.
    """

    walls: RuleSets
    links: Mapping[int, Mapping[int, Traffic]] = field(repr=False)
    """From party to party, by their numbers."""
    _places: Mapping[str, tuple[int, int]] = field(init=False, repr=False, eq=False)

    @_places.default
    def _find_places(self) -> Mapping[str, tuple[int, int]]:
        return {
            host: (number, place)
            for number, party in enumerate(self.walls.parties)
            for place, host in enumerate(party.hosts)
        }

    @property
    def names(self) -> tuple[str, ...]:
        """Everybody that a question may name, CIDRs aside."""
        return (INTERNET, *self.walls.roles, *self._places, *self.walls.untold)

    def direct(self, source: str, target: str) -> Traffic:
        """What passes in one step. Raises KeyError for a name that is none."""
        found = NOTHING
        for _, _, traffic in self._between(self._some(source), self._some(target)):
            found |= traffic
        return found

    def path(self, source: str, target: str, through: Iterable[str] | None = None) -> tuple[Hop, ...]:
        """The shortest chain of hosts from source to target, each of which can reach the next; () if none.

        `through`: the only roles that it may lead through. Raises KeyError for a name that is none.
        """
        starts, ends = self._some(source), self._some(target)
        came = self._tree(starts, None if through is None else frozenset(through))
        for here, before in came.items():
            everybody = self.walls.parties[here].everybody
            chosen = starts[here] if before is None else everybody
            for _, there, _ in self._between({here: chosen}, ends):
                return self._chain(came, here, there, starts, ends)
        return ()

    def chains_from(self, source: str) -> dict[str, tuple[Hop, ...]]:
        """The shortest chain to every other role that the source reaches, in however many steps."""
        starts = self._some(source)
        came = self._tree(starts, None)
        chains: dict[str, tuple[Hop, ...]] = {}
        for there, before in came.items():
            party = self.walls.parties[there]
            if before is not None and party.role not in chains:
                chains[party.role] = self._chain(came, before, there, starts, {there: party.everybody})
        return chains

    def edges(self) -> tuple[Edge, ...]:
        """Everything that passes in one step, by role."""
        everybody = {number: party.everybody for number, party in enumerate(self.walls.parties)}
        found: dict[tuple[str, str], Edge] = {}
        for here, there, traffic in self._between(everybody, everybody):
            key = (self.walls.parties[here].label, self.walls.parties[there].label)
            if known := found.get(key):
                found[key] = Edge(*key, known.traffic | traffic, known.witness)
            else:
                found[key] = Edge(*key, traffic, self._hop(here, there, everybody[here], everybody[there]))
        return tuple(found.values())

    def outside(self) -> Iterator[tuple[Party, Party, Traffic]]:
        """What passes in one step from addresses outside to hosts."""
        for here, party in enumerate(self.walls.parties):
            if not party.hosts:
                for there, traffic in self.links.get(here, {}).items():
                    yield party, self.walls.parties[there], traffic

    def _some(self, name: str) -> Some:
        parties = self.walls.parties
        if name in self._places:
            number, place = self._places[name]
            return {number: frozenset((place,))}
        if name == INTERNET or name in self.walls.roles:
            role = "" if name == INTERNET else name
            return {i: party.everybody for i, party in enumerate(parties) if party.role == role}
        if name in self.walls.untold:
            return {}
        try:
            asked = [bounds(name)]
        except ValueError:
            raise KeyError(name) from None
        found = {}
        for number, party in enumerate(parties):
            if places := [i for i, own in enumerate(party.addresses) if overlap([own], asked)]:
                found[number] = frozenset(places) if party.hosts else party.everybody
        return found

    def _between(self, sources: Some, targets: Some) -> Iterator[tuple[int, int, Traffic]]:
        """The links from any of these to any other of those."""
        for here, chosen in sources.items():
            links = self.links.get(here, {})
            for there in (t for t in targets if t in links) if len(targets) < len(links) else links:
                if there in targets and (here != there or len(chosen | targets[there]) > 1):
                    yield here, there, links[there]

    def _tree(self, starts: Some, through: frozenset[str] | None) -> dict[int, int | None]:
        """Every party that is reached, nearest first, with the one before it; none through the outside."""
        came: dict[int, int | None] = dict.fromkeys(starts)
        queue = list(starts)
        for here in queue:
            for there in self.links.get(here, {}):
                party = self.walls.parties[there]
                if there not in came and party.hosts and (through is None or party.role in through):
                    came[there] = here
                    queue.append(there)
        return came

    def _chain(
        self, came: Mapping[int, int | None], here: int, there: int, starts: Some, ends: Some
    ) -> tuple[Hop, ...]:
        way = [there, here]
        while (before := came[way[-1]]) is not None:
            way.append(before)
        way.reverse()
        chosen = [starts[way[0]], *(self.walls.parties[step].everybody for step in way[1:-1]), ends[there]]
        steps = list(zip(way, chosen, strict=True))
        return tuple(self._hop(a, b, some, others) for (a, some), (b, others) in pairwise(steps))

    def _hop(self, here: int, there: int, some: frozenset[int], others: frozenset[int]) -> Hop:
        source, target = self.walls.parties[here], self.walls.parties[there]
        pairs = ((a, b) for a in sorted(some) for b in sorted(others) if here != there or a != b)
        first, second = next(pairs)
        traffic = self.links[here][there]
        return Hop(
            source.hosts[first] if source.hosts else source.label,
            target.hosts[second] if target.hosts else target.label,
            traffic,
            source.label,
            target.label,
            egress=self._rule(source, target, "egress", traffic),
            ingress=self._rule(target, source, "ingress", traffic),
        )

    def _rule(self, bearer: Party, other: Party, way: str, traffic: Traffic) -> Rule | None:
        spec = self.walls.rules.get(bearer.firewall) if bearer.firewall else None
        rules: tuple[Rule, ...] = getattr(spec, way) if spec else ()
        for rule in rules:
            if (rule.peer == other.firewall or rule.peer in other.ranges) and Traffic.of_rule(rule) & traffic:
                return rule
        return None
