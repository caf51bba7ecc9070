"""A model of two environments and the verbs of a recovery, with the real decision table.

Each verb is a sequence of steps, and a run may end after each of them. Either end may not answer. There are
two groups of volumes, so that a takeover can end between them. With `standby`, hosts of the target run while
it waits, and write on its volumes what is in no point. Only the order of epochs, ledger numbers and data
matters: each world is renumbered, so that equal ones are found.
"""

from collections import deque
from functools import cache
from typing import Any, NamedTuple

from attrs import evolve, frozen
from situations import VERBS

from portinfra.recovery.situation.permissions import Verb, may, next_verbs
from portinfra.recovery.situation.situation import (
    ENDS,
    Authority,
    EndFacts,
    Takeover,
    classify,
    peer_of,
)

GROUPS = (0, 1)
ANSWERS = ((True, True), (False, True), (True, False))
INSISTING = (
    *(Verb("apply", end, without_peer=True) for end in ENDS),
    Verb("abandon", older_data=True),
)
"""Verbs of an operator who skips the check of the other end, or accepts its older data."""
FAULTS = {
    "replicate": "replication runs during a failback that stopped",
    "number": "a takeover prefers points, whatever the number of the volumes' own data",
    "apply": "apply starts the hosts of the end that takes over",
    "holder": "a last point is carried from an end whose data is not the newest",
    "start": "a standby starts on the newest data, and what its hosts have written counts as that data",
    "stand down": "the hosts of a standby run on while their end takes over",
}
STANDBY_FAULTS = ("start", "stand down")


class Place(NamedTuple):
    """One end: lease, hosts, ledger and volumes. A tuple: a search copies and compares millions of them."""

    authority: Authority | None = None
    on: frozenset[int] = frozenset()
    standby: bool = False
    """Whether the hosts that are on run as a standby: nothing from the internet reaches them."""
    takeover: Takeover | None = None
    agreed: tuple[Any, ...] = ()
    """Of an open takeover: the ledger number of the data of each group."""
    restored: frozenset = frozenset()
    own: tuple[Any, ...] = (0, 0)
    """The data on the volumes of each group; 0: none."""
    numbers: tuple[Any, ...] = (0, 0)
    """The ledger number of that data."""
    points: tuple[Any, ...] = ((0, 0), (0, 0))
    """Ledger number and data of the newest point of each group."""
    last: int = 0
    """The highest number in the ledger."""
    activated: Authority | None = None

    @property
    def serves(self):
        """Whether customers may reach its hosts."""
        return bool(self.on) and not self.standby

    @property
    def facts(self):
        """What the decision table reads of an end that answers."""
        hosts = "on" if self.serves else "standby" if self.on else "off"
        return self.authority, hosts, self.takeover, self.activated


@cache
def situation_of(answers, facts):
    return classify(
        *(
            EndFacts(answer, authority, hosts, takeover, activated)
            for answer, (authority, hosts, takeover, activated) in zip(answers, facts, strict=True)
        )
    )


@frozen
class World:
    places: tuple = (Place(on=frozenset(GROUPS), own=(1, 1)), Place())
    writes: int = 1
    excused: bool = False
    """Whether an end was called lost, and was not stopped since: both may run."""

    def __getitem__(self, end):
        return self.places[ENDS.index(end)]

    def but(self, end, **changes):
        at = ENDS.index(end)
        places = (*self.places[:at], self.places[at]._replace(**changes), *self.places[at + 1 :])
        return World(places, self.writes, self.excused)

    def situation(self, answers=(True, True)):
        return situation_of(answers, tuple(place.facts for place in self.places))

    @property
    def authorities(self):
        found = [place.authority for place in self.places]
        found += [place.takeover.authority for place in self.places if place.takeover]
        return [each for each in found if each]

    @property
    def newest(self):
        return max(self.authorities, default=None)


class LawBroken(Exception):
    """A law of the recovery does not hold."""


def require(holds, law):
    if not holds:
        raise LawBroken(law)


def renumbered(world):
    """Return the world with the smallest numbers that keep each order."""
    known = {each.epoch for each in world.authorities}
    known |= {place.activated.epoch for place in world.places if place.activated}
    epochs = {epoch: number for number, epoch in enumerate(sorted(known), 1)}
    data = {0}.union(*(place.own for place in world.places))
    data |= {value for place in world.places for _, value in place.points}
    ranks = {value: rank for rank, value in enumerate(sorted(data))}

    def dated(authority):
        return authority and Authority(epochs[authority.epoch], authority.active)

    places = (_with_smallest_numbers(place, dated, ranks) for place in world.places)
    return World(tuple(places), len(ranks) - 1, world.excused)


def _with_smallest_numbers(place, dated, ranks):
    used = {0, *place.numbers, *place.agreed, *(number for number, _ in place.points)}
    order = {number: at for at, number in enumerate(sorted(used))}
    takeover = place.takeover
    if takeover:
        takeover = (
            Takeover(dated(takeover.authority), "closed")
            if takeover.phase == "closed"
            else evolve(takeover, authority=dated(takeover.authority))
        )
    return place._replace(
        authority=dated(place.authority),
        takeover=takeover,
        agreed=tuple(order[each] for each in place.agreed),
        own=tuple(ranks[each] for each in place.own),
        numbers=tuple(order[each] for each in place.numbers),
        points=tuple((order[number], ranks[value]) for number, value in place.points),
        last=len(order),
        activated=dated(place.activated),
    )


class Model:
    """The verbs, step by step, with one `fault` or none, and with a declared standby or none. With
    `from_points`, takeovers use points though own data is newer, and others delete points of open takeovers.
    """

    def __init__(self, fault="", standby=False, from_points=False):
        self.fault = fault
        self.standby = standby
        self.from_points = from_points

    def may(self, verb, now):
        if self.fault == "replicate" and verb == VERBS["rT"] and now.phase == "taking over":
            return None if now.active == "source" else may(verb, now)
        if self.fault == "apply" and verb.name == "apply" and verb.end == now.active:
            return None if now.phase == "taking over" else may(verb, now)
        return may(verb, now)

    def run(self, world, verb, answers=(True, True)):
        """Return the worlds after each step of a verb."""
        steps = getattr(self, verb.name, None)
        return list(steps(world, verb, world.situation(answers))) if steps else [world]

    def has_data(self, world, verb):
        """Return whether a takeover has data of every group, or carries it; a refresh, newer points."""
        if verb.name == "refresh":
            return self.standby and all(map(self._is_older, (world["target"],) * len(GROUPS), GROUPS))
        place = world[verb.end] if verb.name == "takeover" else None
        if place and place.agreed:
            return all(place.agreed[g] in (place.numbers[g], place.points[g][0]) for g in GROUPS)
        if place is None or (verb.planned and not verb.lost):
            return True
        return all(max(place.numbers[g], place.points[g][0]) for g in GROUPS)

    def write(self, world):
        """Customers write to the active end, where its hosts run."""
        end = world.newest.active if world.newest else "source"
        place = world[end]
        takeover = place.takeover
        is_open = takeover and takeover.phase in ("begun", "restoring") and takeover.authority == world.newest
        written = [g for g in place.on if not is_open or g in place.restored]
        own = tuple(world.writes + 1 if g in written else place.own[g] for g in GROUPS)
        return evolve(world.but(end, own=own), writes=world.writes + 1)

    def replicate(self, world, verb, now):
        yield from self._carry(world, verb.end)

    def _carry(self, world, end):
        to = peer_of(end)
        for g in GROUPS:
            number = world[to].last + 1
            points = _set(world[to].points, g, (number, world[end].own[g]))
            world = world.but(to, points=points, last=number)
            yield world

    def apply(self, world, verb, now):
        if self.standby and verb.end == "target" and now.active == "source":
            yield from self._start_standby(world)
        elif verb.end == now.active or now.authority is None:
            yield world.but(verb.end, on=frozenset(GROUPS))

    def _is_older(self, place, g):
        """Return whether own data of a group, if any, is older than its newest point."""
        return place.points[g][0] > place.numbers[g]

    def _start_standby(self, world):
        place = world["target"]
        own = [g for g in GROUPS if place.numbers[g]]
        if self.fault != "start":
            if not all(self._is_older(place, g) for g in own):
                return  # its own volumes have the newest data: the hosts stay off
            world = world.but("target", numbers=(0, 0))
            yield world
        yield world.but("target", on=frozenset(GROUPS), standby=True, own=(0, 0))

    def refresh(self, world, verb, now):
        before = world
        world = world.but("target", numbers=(0, 0))
        yield world
        world = world.but("target", on=frozenset(), standby=True)
        yield world
        for g in GROUPS:
            own = _set(world["target"].own, g, world["target"].points[g][1])
            world = world.but("target", own=own, on=world["target"].on | {g})
            yield world
        require(world["source"] == before["source"], "a refresh changes nothing at the other end")
        require(world.newest == before.newest, "a refresh makes no end active")

    def fence(self, world, verb, now):
        world = world.but(now.waiting, authority=now.authority)
        yield world
        world = evolve(world.but(now.waiting, on=frozenset(), standby=False), excused=False)
        require(not all(place.serves for place in world.places), "after a fence, one end runs")
        yield world

    def abandon(self, world, verb, now):
        back = now.active if now.phase == "abandoning" else now.waiting
        left, before = peer_of(back), world[back].own
        takeover = world[left].takeover
        if takeover.phase != "abandoning":
            authority = Authority(_next_epoch(world), back)
            takeover = evolve(takeover, phase="abandoning", authority=authority)
            world = world.but(left, takeover=takeover)
            yield world
        for end, on in ((left, frozenset()), (back, frozenset(GROUPS))):
            world = world.but(end, authority=takeover.authority)
            yield world
            world = world.but(end, on=on, standby=False)
            yield world
        world = self._activated(world, back, takeover)
        require(world[back].own == before, "an abandon leaves the volumes as they are")
        world = world.but(left, takeover=evolve(takeover, phase="closed"), agreed=(), restored=frozenset())
        require(not all(place.serves for place in world.places), "after an abandon, one end runs")
        yield evolve(world, excused=False)

    def takeover(self, world, verb, now):
        to, left = verb.end, peer_of(verb.end)
        newest_here = _newest_data(world[to])
        world = self._begun(world, verb)
        takeover = world[to].takeover
        yield world
        if not verb.lost:
            world = world.but(left, authority=takeover.authority)
            yield world
            world = world.but(left, on=frozenset(), standby=False)
            yield world
            takeover = evolve(takeover, stopped_other=True, lost=False)
            world = evolve(world.but(to, takeover=takeover), excused=False)
            yield world
            if takeover.planned and takeover.phase == "begun":
                if now.holder == left or self.fault == "holder":
                    for carried in self._carry(world, left):
                        world = carried
                        yield world
                if now.holder == left:
                    newest_here = world[left].own
        if takeover.phase == "begun":
            takeover = evolve(takeover, phase="restoring")
            world = world.but(to, agreed=self._agree(world[to]), takeover=takeover)
            yield world
        if self.fault != "stand down":
            world = world.but(to, on=world[to].on & world[to].restored)
            yield world
        world = world.but(to, authority=takeover.authority)
        yield world
        world = world.but(to, standby=False)
        yield world
        for g in GROUPS:
            if g not in world[to].restored:
                world = self._restored(world, to, g)
                yield world
                world = world.but(to, on=world[to].on | {g})
                yield world
        world = self._activated(world, to, takeover)
        for g in GROUPS:
            is_newest = world[to].own[g] >= newest_here[g]
            require(is_newest or self.from_points, "a takeover never uses older data than its end has")
        world = world.but(to, takeover=evolve(takeover, phase="closed"), agreed=(), restored=frozenset())
        both = all(place.serves for place in world.places)
        require(verb.lost or not both, "after a takeover that stops the other end, one end runs")
        yield world

    def _begun(self, world, verb):
        """Return the world with the takeover that goes on, or with a new one."""
        to = verb.end
        place = world[to]
        found = place.takeover
        seen = [to] if verb.lost else ENDS
        known = [world[end].authority for end in seen]
        known += [world[end].takeover.authority for end in seen if world[end].takeover]
        newest = max((each for each in known if each), default=None)
        is_open = found and found.phase in ("begun", "restoring") and found.authority == newest
        if is_open and not verb.lost:
            planned = found.planned or (verb.planned and found.phase == "begun")
            return world.but(to, takeover=evolve(found, planned=planned))
        authority = Authority(_next_epoch(world), to)
        if verb.lost and found and (is_open or found.phase == "abandoning"):
            phase = "restoring" if place.agreed else "begun"
            takeover = Takeover(authority, phase, lost=True, stopped_other=found.stopped_other)
        else:
            takeover = Takeover(authority, lost=verb.lost, planned=verb.planned)
            world = world.but(to, agreed=(), restored=frozenset())
        return evolve(world.but(to, takeover=takeover), excused=world.excused or verb.lost)

    def _agree(self, place):
        if self.fault == "number" or self.from_points:
            agreed = tuple(place.points[g][0] or place.numbers[g] for g in GROUPS)
        else:
            agreed = tuple(max(place.numbers[g], place.points[g][0]) for g in GROUPS)
        require(all(agreed), "a takeover has data of every group")
        return agreed

    def _restored(self, world, to, g):
        place = world[to]
        if place.agreed[g] != place.numbers[g]:
            number, data = place.points[g]
            require(number == place.agreed[g], "a point that a takeover uses stays")
            world = world.but(to, own=_set(place.own, g, data), numbers=_set(place.numbers, g, number))
        return world.but(to, restored=place.restored | {g})

    def _activated(self, world, end, takeover):
        """The end is active with all its data. What the other one has more was given up knowingly."""
        number, other = world[end].last + 1, peer_of(end)
        world = world.but(end, last=number, numbers=(number,) * len(GROUPS), activated=takeover.authority)
        own = world[end].own
        return world.but(
            other,
            own=tuple(min(world[other].own[g], own[g]) for g in GROUPS),
            points=tuple((n, min(data, own[g])) for g, (n, data) in enumerate(world[other].points)),
        )

    # Laws.

    def check(self, world):
        """Raise LawBroken where a law does not hold in a world."""
        now = world.situation()
        place = world[now.active]
        require(not world["source"].standby, "the source is never a standby")
        if place.on and place.standby:
            require(now.phase != "active", "a standby is not active")
        if all(each.serves for each in world.places) and world.newest and not world.excused:
            stops = now.phase == "taking over" and now.takeover and not now.takeover.stopped_other
            require(stops or now.fenced is False, "where two ends run, a fact says so")
        if now.restoring and place.authority == now.authority and place.restored:
            require(not place.on - place.restored, "no host runs on data that its takeover has not given it")
        require(self._settles(world), "the command that status names leads to rest")

    def check_refusal(self, world, verb, answers, refusal):
        """Raise LawBroken where no command of a refusal is permitted, or leads there."""
        law = f"a command of each refusal is permitted ({verb}, {answers}, {refusal.rule})"
        require(self._leads_on(world, answers, refusal, 3), law)

    def _leads_on(self, world, answers, refusal, depth):
        now = world.situation(answers)
        if not refusal.instead:
            return True
        for verb in refusal.instead:
            answer = self.may(verb, now)
            if answer is None and (refusal.wait or self.has_data(world, verb)):
                return True
            if answer is not None and depth > 1 and self._leads_on(world, answers, answer, depth - 1):
                return True
        return False

    def _settles(self, world):
        for _ in range(4):
            now = world.situation()
            if now.is_calm:
                return True
            verbs = [verb for verb in next_verbs(now) if self.has_data(world, verb)]
            verbs = verbs or [INSISTING[-1]]  # a takeover without data is refused, with this one
            if may(verbs[0], now) is not None:
                return False
            world = self.run(world, verbs[0])[-1]
        return False

    # The search.

    def search(self, limit, *lead):
        """Check every world that the verbs reach, up to `limit` of them, the nearest first. Return how many;
        raise LawBroken with the way to the first world in which a law does not hold. The verbs of `lead` run
        first, and customers write after each.
        """
        first = World()
        for column in lead:
            first = self.write(self.run(first, VERBS[column])[-1])
        first = renumbered(first)
        before, todo = {first: None}, deque([first])
        while todo and len(before) < limit:
            world = todo.popleft()
            try:
                self.check(world)
                for what, after in self._steps(world):
                    reached = renumbered(after)
                    if reached not in before:
                        before[reached] = (world, what)
                        todo.append(reached)
            except LawBroken as broken:
                way = []
                while before[world]:
                    world, what = before[world]
                    way.append(what)
                raise LawBroken(f"{broken}\n" + "\n".join(reversed(way))) from None
        return len(before)

    def _steps(self, world):
        yield "customers write", self.write(world)
        for end in ENDS if self.from_points else ():
            if world[end].takeover and world[end].takeover.phase in ("begun", "restoring"):
                yield f"others delete the points of the {end}", world.but(end, points=((0, 0), (0, 0)))
        ran = set()  # a takeover without the other end does not depend on its answer
        for answers in ANSWERS:
            now = world.situation(answers)
            for verb in (*VERBS.values(), *INSISTING):
                refusal = self.may(verb, now)
                if refusal is not None:
                    self.check_refusal(world, verb, answers, refusal)
                elif self.has_data(world, verb) and (verb not in ran or not verb.lost):
                    ran.add(verb)
                    for number, after in enumerate(self.run(world, verb, answers), 1):
                        yield f"{_text(verb)}, {answers}: ends after step {number}", after


def _text(verb: Verb):
    options = [name for name in ("planned", "lost", "without_peer", "older_data") if getattr(verb, name)]
    return " ".join([verb.name, verb.end or "", *options])


def _set(values, at, value):
    return (*values[:at], value, *values[at + 1 :])


def _next_epoch(world):
    """An epoch is a moment, so it is later than the decisions of an end that does not answer."""
    return max((each.epoch for each in world.authorities), default=0) + 1


def _newest_data(place):
    return tuple(max(place.own[g] if place.numbers[g] else 0, place.points[g][1]) for g in GROUPS)
