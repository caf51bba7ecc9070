"""Queries about reach: who can reach whom, directly and through others, each with a path as its proof."""

from collections.abc import Iterable, Iterator, Mapping
from itertools import pairwise

from attrs import field

from portinfra.model.resources import Rule
from portinfra.model.topology import INTERNET
from portinfra.reach.addresses import bounds, overlap
from portinfra.reach.parties import Party, RuleSets
from portinfra.reach.traffic import NOTHING, Traffic
from portinfra.value import frozen

Some = Mapping[int, frozenset[int]]
"""A selection: the number of a party → the places of its selected hosts."""


@frozen
class Hop:
    """One step of a path, with the rules that allow it."""

    source: str
    """A host; for the outside, `internet` or a CIDR."""
    target: str
    traffic: Traffic
    """All traffic that passes from the source to the target."""
    source_role: str
    """The role; for the outside, the same as `source`."""
    target_role: str
    egress: Rule | None = None
    """A rule that allows it to leave the source. None for the outside, which has no rules."""
    ingress: Rule | None = None
    """A rule that allows it to enter the target. None for the outside."""


@frozen
class Edge:
    """The traffic from some host of one role to another host, or to or from the outside."""

    source: str
    """A role, `internet`, or a CIDR outside that a rule names."""
    target: str
    traffic: Traffic
    witness: Hop
    """Two hosts between which some of it passes."""


@frozen
class Reach:
    """Exactly what the rule sets of one environment allow.

    A packet passes if the source's rules allow it, the target's rules allow it, and there is a route. Two
    hosts have a route if they are in one network. A host and the outside have one if the host has a public
    address and a subnet with a route to the internet.

    The outside is every address that is in none of our subnets. A rule for a CIDR applies to every address in
    it, also to those of our own hosts. Hosts count whether they run or not. A host's connection to itself
    does not count.

    A name in a query is a host, a role, `internet`, an address or a CIDR, inside or outside. The answer is
    what passes from at least one host of the one name to at least one of the other.
    """

    rule_sets: RuleSets
    links: Mapping[int, Mapping[int, Traffic]] = field(repr=False)
    """Party → party → traffic, by their numbers."""
    _places: Mapping[str, tuple[int, int]] = field(init=False, repr=False, eq=False)

    @_places.default
    def _find_places(self) -> Mapping[str, tuple[int, int]]:
        return {
            host: (number, place)
            for number, party in enumerate(self.rule_sets.parties)
            for place, host in enumerate(party.hosts)
        }

    @property
    def names(self) -> tuple[str, ...]:
        """All names that a query may use, except CIDRs."""
        return (INTERNET, *self.rule_sets.roles, *self._places, *self.rule_sets.unknown_hosts)

    def direct(self, source: str, target: str) -> Traffic:
        """Return what passes in one step. Raise KeyError for an unknown name."""
        found = NOTHING
        for _, _, traffic in self._between(self._some(source), self._some(target)):
            found |= traffic
        return found

    def path(self, source: str, target: str, through: Iterable[str] | None = None) -> tuple[Hop, ...]:
        """Return the shortest chain of hosts from source to target, each of which can reach the next; () if
        none.

        `through` has the only roles that the chain may contain. Raise KeyError for an unknown name.
        """
        starts, ends = self._some(source), self._some(target)
        came = self._tree(starts, None if through is None else frozenset(through))
        for here, before in came.items():
            members = self.rule_sets.parties[here].members
            chosen = starts[here] if before is None else members
            for _, there, _ in self._between({here: chosen}, ends):
                return self._chain(came, here, there, starts, ends)
        return ()

    def chains_from(self, source: str) -> dict[str, tuple[Hop, ...]]:
        """Return the shortest chain to every other role that the source reaches, in any number of steps."""
        starts = self._some(source)
        came = self._tree(starts, None)
        chains: dict[str, tuple[Hop, ...]] = {}
        for there, before in came.items():
            party = self.rule_sets.parties[there]
            if before is not None and party.role not in chains:
                chains[party.role] = self._chain(came, before, there, starts, {there: party.members})
        return chains

    def edges(self) -> tuple[Edge, ...]:
        """Return all traffic that passes in one step, by role."""
        members = {number: party.members for number, party in enumerate(self.rule_sets.parties)}
        found: dict[tuple[str, str], Edge] = {}
        for here, there, traffic in self._between(members, members):
            key = (self.rule_sets.parties[here].label, self.rule_sets.parties[there].label)
            if known := found.get(key):
                found[key] = Edge(*key, known.traffic | traffic, known.witness)
            else:
                found[key] = Edge(*key, traffic, self._hop(here, there, members[here], members[there]))
        return tuple(found.values())

    def outside(self) -> Iterator[tuple[Party, Party, Traffic]]:
        """Yield what passes in one step from addresses outside to hosts."""
        for here, party in enumerate(self.rule_sets.parties):
            if not party.hosts:
                for there, traffic in self.links.get(here, {}).items():
                    yield party, self.rule_sets.parties[there], traffic

    def _some(self, name: str) -> Some:
        parties = self.rule_sets.parties
        if name in self._places:
            number, place = self._places[name]
            return {number: frozenset((place,))}
        if name == INTERNET or name in self.rule_sets.roles:
            role = "" if name == INTERNET else name
            return {i: party.members for i, party in enumerate(parties) if party.role == role}
        if name in self.rule_sets.unknown_hosts:
            return {}
        try:
            wanted = [bounds(name)]
        except ValueError:
            raise KeyError(name) from None
        found = {}
        for number, party in enumerate(parties):
            if places := [i for i, own in enumerate(party.addresses) if overlap([own], wanted)]:
                found[number] = frozenset(places) if party.hosts else party.members
        return found

    def _between(self, sources: Some, targets: Some) -> Iterator[tuple[int, int, Traffic]]:
        """Yield the links from any of these to any other of those."""
        for here, chosen in sources.items():
            links = self.links.get(here, {})
            for there in (t for t in targets if t in links) if len(targets) < len(links) else links:
                if there in targets and (here != there or len(chosen | targets[there]) > 1):
                    yield here, there, links[there]

    def _tree(self, starts: Some, through: frozenset[str] | None) -> dict[int, int | None]:
        """Return every party that is reached, nearest first, with its predecessor. No path leads through the
        outside.
        """
        came: dict[int, int | None] = dict.fromkeys(starts)
        queue = list(starts)
        for here in queue:
            for there in self.links.get(here, {}):
                party = self.rule_sets.parties[there]
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
        chosen = [starts[way[0]], *(self.rule_sets.parties[step].members for step in way[1:-1]), ends[there]]
        steps = list(zip(way, chosen, strict=True))
        return tuple(self._hop(a, b, some, others) for (a, some), (b, others) in pairwise(steps))

    def _hop(self, here: int, there: int, some: frozenset[int], others: frozenset[int]) -> Hop:
        source, target = self.rule_sets.parties[here], self.rule_sets.parties[there]
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
        spec = self.rule_sets.rules.get(bearer.firewall) if bearer.firewall else None
        rules: tuple[Rule, ...] = getattr(spec, way) if spec else ()
        for rule in rules:
            if (rule.peer == other.firewall or rule.peer in other.ranges) and Traffic.of_rule(rule) & traffic:
                return rule
        return None
