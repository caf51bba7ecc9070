"""The facts of both environments about takeovers, from their leases and ledgers."""

from collections.abc import Collection, Iterable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from typing import Literal

from attrs import evolve

from portinfra.errors import OutcomeUnknown, PortinfraError, Unavailable
from portinfra.execution.connection import Connection
from portinfra.model.internet import lets_internet_in
from portinfra.model.lease import Lease
from portinfra.model.observed import Observation
from portinfra.model.plan import Plan
from portinfra.model.resources import Instance, Volume
from portinfra.placement import place
from portinfra.records.lease import read_leases
from portinfra.recovery.groups import digest, groups
from portinfra.recovery.ledger.approvals import step_approvals
from portinfra.recovery.ledger.kept_snapshots import read_kept
from portinfra.recovery.ledger.ledger import Contents, Entry, Ledger
from portinfra.recovery.ledger.runs import read_runs
from portinfra.recovery.ledger.standbys import has_refreshed, has_replaceable_volumes
from portinfra.recovery.ledger.takeovers import ACTIVATED, TakeoverEntry, activated_number, list_takeovers
from portinfra.recovery.ledger.takeovers import KIND as TAKEOVER
from portinfra.recovery.recovery import Recovery
from portinfra.recovery.situation.host_starts import mark_starts
from portinfra.recovery.situation.situation import (
    ENDS,
    Authority,
    End,
    EndFacts,
    Situation,
    Takeover,
    classify,
    peer_of,
)


def read_facts(
    recovery: Recovery,
    lost: End | None = None,
    *,
    hosts: bool = True,
    through: Collection[Connection] = (),
) -> Situation:
    """Return the situation of a recovery plan, from fresh facts of both ends.

    portinfra makes no call to the end that is `lost`. The facts of an end that does not answer say so. With
    `hosts`, this also reads whether hosts run, and waits until lists show the last writes of other runs. It
    uses the connections `through` which a caller has.
    """
    ends = [end for end in ENDS if end != lost]
    return classify(*_read_ends(recovery, ends, hosts=hosts, through=through))


def _read_ends(
    recovery: Recovery,
    ends: Iterable[End],
    *,
    hosts: bool,
    planned: End | None = None,
    through: Collection[Connection] = (),
) -> tuple[EndFacts, EndFacts]:
    """Return the facts of source and target. Only `ends` are read. A plan may hold the lease of the end that
    is `planned`, so this does not wait for lists there.
    """
    found = {end: EndFacts(answers=False) for end in ENDS}
    with ExitStack() as connected:
        reached: dict[End, Connection] = {}
        for end in ends:
            target = _toward(recovery, end).target
            if there := [each for each in through if each.environment == target]:
                reached[end] = there[0]
                continue
            try:
                place = connected.enter_context(Connection.to(target))
                place.account()  # another account has no lease, which would mean that no takeover happened
                reached[end] = place
            except PortinfraError as error:
                found[end] = EndFacts(answers=False, error=error)
        if hosts:
            _settle(reached.values())
        for end, place in reached.items():
            try:
                way = _toward(recovery, end)
                if end != planned:
                    place.settle(way.target_scope)
                found[end] = _read_end(way, end, place, hosts=hosts)
            except PortinfraError as error:
                found[end] = EndFacts(answers=False, error=error)
    return found["source"], found["target"]


def read_facts_for_plan(recovery: Recovery, end: End, plan: Plan) -> Situation:
    """Return the situation for a plan of one end, whose lease the plan has read. It does not read whether
    hosts run: a plan of a fenced environment wants every host off.
    """
    source, target = _read_ends(recovery, ENDS, hosts=False, planned=end)
    known = Authority(plan.epoch, peer_of(end) if plan.fenced else end) if plan.epoch else None
    if end == "source":
        return classify(evolve(source, authority=known), target)
    return classify(source, evolve(target, authority=known))


def facts_of(
    end: End,
    lease: Lease | None,
    contents: Contents,
    there: Observation | None,
    *,
    standby: bool = False,
) -> EndFacts:
    """Return the facts of an end, from its newest lease, its ledger and the observed resources. With
    `standby`, its hosts may run while it waits. Pure.
    """
    known = list_takeovers(contents.entries)
    newest = max(known, key=lambda turn: turn.latest, default=None)
    closed = (turn.number for turn in known if not turn.open)
    since = max(activated_number(contents), *closed, 0)
    return EndFacts(
        authority=_authority(end, lease),
        hosts=_hosts(there, standby=standby),
        takeover=_takeover(end, newest) if newest else None,
        activated=_last_authority(end, known, contents.entries),
        damaged=tuple(
            each
            for each in contents.unreadable
            if each.kind == TAKEOVER and each.open and each.number > since
        ),
        silent_zones=tuple(sorted(there.unknown)) if there else (),
        complete=_complete(end, newest, contents.entries) if newest else None,
        brought=_list_brought(newest, contents.entries) if newest else frozenset(),
        kept=read_kept(contents.entries),
        runs=tuple(read_runs(contents.entries)),
        standby_is_refreshed=has_refreshed(contents),
        standby_is_replaceable=has_replaceable_volumes(contents),
        awaits_point=any(_is_in_transfer(entry) for entry in contents.entries),
        starts=mark_starts(there) if there else "",
        turn=newest,
        approved_steps=frozenset(each.what for each in step_approvals(contents.entries, newest))
        if newest
        else frozenset(),
    )


def _is_in_transfer(entry: Entry) -> bool:
    """Return whether an entry is of a point that transfer hosts carry or should carry."""
    return entry.kind == "point" and entry.open and entry.said.get("engine", "native") != "native"


def _toward(recovery: Recovery, end: End) -> Recovery:
    """Return the recovery whose target is this end: takeovers to it are in its ledger there."""
    declared = recovery.as_declared
    return declared if end == "target" else declared.reversed


def _settle(places: Iterable[Connection]) -> None:
    """Wait until lists show all earlier writes: the last writer may have died a moment ago."""
    pauses = [
        (place.provider.clock, place.provider.clock.now() + place.provider.capabilities.visibility_seconds)
        for place in places
    ]
    for clock, until in pauses:  # one common wait: each pause counts from now
        clock.sleep_until(until)


def _read_end(recovery: Recovery, end: End, place: Connection, *, hosts: bool) -> EndFacts:
    leases = read_leases(place.reader, recovery.target_scope)
    contents = Ledger(place, recovery.ledger).read()
    there = place.observe(recovery.target_scope) if hosts else None
    standby = recovery.has_standby and end == "target"
    found = facts_of(end, leases[-1] if leases else None, contents, there, standby=standby)
    if found.authority is not None:  # else no takeover has left it
        found = evolve(found, groups=_list_groups(recovery, there))
    held_by = _lease_holder(leases[-1], place.now()) if leases else ""
    has_volumes = _has_volumes(recovery, there)
    return evolve(found, held_by=held_by, clock_offset=place.clock_offset, has_volumes=has_volumes)


def _has_volumes(recovery: Recovery, there: Observation | None) -> bool:
    """Return whether volumes of roles in the waves may exist at the target. A volume of no role may be
    that of a renamed role, and a volume that was not read may exist.
    """
    if there is None or there.unknown:
        return True
    roles = place(recovery.topology, recovery.target).roles
    return any(roles.get(each) in {None, *recovery.plan.roles} for each in there.of(Volume))


def _list_groups(recovery: Recovery, there: Observation | None) -> frozenset[str]:
    """Return the declared groups that have volumes at the target, each as the digest of those volumes. Where
    the volumes were not read, or a zone does not answer, each declared volume may exist.
    """
    declared = groups(recovery, place(recovery.topology, recovery.target))
    if there is None or there.unknown:
        return frozenset(digest(group.volumes) for group in declared)
    exist = [[volume for volume in group.volumes if volume in there.resources] for group in declared]
    return frozenset(digest(volumes) for volumes in exist if volumes)


def _lease_holder(lease: Lease, now: float) -> str:
    """Return the holder of a lease; empty: no run renews it. `now` is the provider's time, as in the lease.
    Where the provider has no clock, both times are of machines, whose clocks may differ.
    """
    is_held = not lease.released and now - lease.renew_time < lease.lease_duration_seconds
    return str(lease.holder_identity) if is_held else ""


def _authority(end: End, lease: Lease | None) -> Authority | None:
    if lease is None or not lease.epoch:
        return None
    return Authority(lease.epoch, peer_of(end) if lease.fenced else end)


def _hosts(there: Observation | None, *, standby: bool) -> Literal["on", "off", "unknown", "standby"]:
    if there is None:
        return "off"
    on = any(
        isinstance(seen.spec, Instance) and seen.spec.power == "running" for seen in there.resources.values()
    )
    if on and standby and not there.unknown and not lets_internet_in(there):
        return "standby"
    return "on" if on else "unknown" if there.unknown else "off"


def _takeover(end: End, turn: TakeoverEntry) -> Takeover:
    active = peer_of(end) if turn.abandoned else end
    phase: Literal["begun", "restoring", "abandoning", "closed"] = "begun"
    if not turn.open:
        phase = "closed"
    elif turn.abandoned:
        phase = "abandoning"
    elif turn.restores:
        phase = "restoring"
    stopped = turn.fenced_at is not None and not turn.lost
    return Takeover(Authority(turn.latest, active), phase, turn.lost, stopped, turn.last_point)


def _complete(end: End, turn: TakeoverEntry, entries: Iterable[Entry]) -> Authority | None:
    """Return the decision of a finished takeover whose points were all made after it had begun. With a last
    point, the other end was stopped before.
    """
    came = {entry.said["id"] for entry in entries if entry.kind == "point" and entry.number > turn.number}
    stopped = turn.fenced_at is not None and turn.partly_fenced_at is None and not turn.lost
    planned = turn.last_point and stopped and turn.as_of is None
    whole = planned and not turn.own and turn.points and came.issuperset(turn.points)
    return Authority(turn.epoch, end) if whole and not turn.open and not turn.abandoned else None


def _list_brought(turn: TakeoverEntry, entries: Iterable[Entry]) -> frozenset[str]:
    """Return the groups that a takeover brought by points, each as the digest of its volumes."""
    came = (entry for entry in entries if entry.kind == "point" and entry.said["id"] in turn.points)
    return frozenset(entry.said["digest"] for entry in came)


def _last_authority(end: End, known: Iterable[TakeoverEntry], entries: Iterable[Entry]) -> Authority | None:
    """Return the decision that last made this end active with all of its data."""
    epochs = [turn.epoch for turn in known if not turn.open and not turn.abandoned]
    for entry in entries:
        if entry.kind == ACTIVATED:
            with suppress(ValueError):  # its id is the epoch at which its takeover began
                epochs.append(int(str(entry.said["id"]).removeprefix("alone-"), 16))
    return Authority(max(epochs), end) if epochs else None


@contextmanager
def connect_source(recovery: Recovery) -> Iterator[Connection]:
    """Connect to the source, which must answer: an end that cannot be stopped may continue to work."""
    with Connection.to(recovery.source) as source:
        try:
            source.account()
        except (Unavailable, OutcomeUnknown) as error:
            raise Unavailable(
                f"{recovery.source.name} does not answer, so it cannot be stopped first: {error}",
                provider=recovery.source.provider,
                fix=f"Wait until it answers. If it is lost, run this with --lost {recovery.source.name}.",
            ) from error
        yield source
