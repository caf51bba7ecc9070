"""Worlds of the simulator, each in one situation of the decision table, by the names that `situations` has.

The topology is as small as can be: one host with one volume.
"""

from contextlib import contextmanager
from datetime import UTC, datetime
from functools import partial

import pytest
from attrs import evolve, frozen
from begun import begun
from turning import HOW, LOST, lost, passed_later
from worlds import FEW, ONE, PRODUCTION, RECOVERY, recovery, write

from portinfra import workflow
from portinfra.execution.connection import Connection
from portinfra.model.record import Record
from portinfra.model.recovery import Wave
from portinfra.model.topology import Role, Topology, Volume
from portinfra.recovery.ledger.ledger import Ledger
from portinfra.recovery.replication.replicate import replicate
from portinfra.recovery.situation.situation import ENDS, peer_of
from portinfra.recovery.takeover.abandon import abandon
from portinfra.recovery.takeover.steps import Step
from portinfra.recovery.takeover.takeover import takeover
from portinfra.testing.simulation import apply_and_check

TINY = Topology("shop", [Role("db", count=1, volumes=[Volume("data", gib=10)], waive=FEW)], [])
ENVIRONMENTS = {"source": PRODUCTION, "target": RECOVERY}
STANDBY = {"standby": "running"}
NEVER = Wave(["db"], gates=lambda inventory: False, limit="10s")


class Ended(BaseException):
    """The end of a run."""


def tiny(**more):
    return recovery(topology=TINY, **{"waves": [["db"]], "rto": "4h", "rpo": "9h", **more})


def ending_at(step, options=HOW):
    """Return options of a run that ends before a step."""

    def at(reached):
        if reached is step:
            raise Ended

    return evolve(options, at=at)


def lose_takeover(to, *, garbled):
    """Delete the entry of the takeover to an end, or write what no version can read over it."""
    about = tiny() if to == "target" else tiny().reversed
    with Connection.to(about.target) as there:
        ledger = Ledger.after_settling(there, about.ledger)
        entry = max(ledger.entries("failover"), key=lambda entry: entry.number)
        records = there.provider.records
        broken = records.write(about.ledger, Record(entry.number, "rubbish"))
        there.caller.with_retries(broken if garbled else records.delete(about.ledger, entry.number))
        ledger.settle()


# How the world of each situation is made.


def _new(cloud, **plan):
    apply_and_check(TINY, PRODUCTION)
    write(cloud, PRODUCTION, "old")
    assert replicate(tiny(**plan), run_options=ONE).succeeded


def _at_rest(cloud, active, **plan):
    _new(cloud)
    for end in ("target", "source")[: 1 if active == "target" else 2]:
        assert takeover(tiny(**plan), end, HOW).result == "passed"
        write(cloud, ENVIRONMENTS[end], f"new in {end}")


def _not_fenced(cloud, active):
    _at_rest(cloud, peer_of(active))
    assert takeover(tiny(), active, LOST).result == "passed"


def _ended_before_the_fence(cloud, to, **plan):
    with pytest.raises(Ended):
        takeover(tiny(**plan), to, ending_at(Step.FENCE))


def _begun(cloud, to):
    _at_rest(cloud, peer_of(to))
    _ended_before_the_fence(cloud, to)


def _restoring(cloud, to, options=HOW):
    _at_rest(cloud, peer_of(to))
    assert takeover(tiny(waves=[NEVER]), to, options).result == "failed"


def _abandoning(cloud, back):
    _restoring(cloud, peer_of(back))
    with pytest.raises(Ended):
        abandon(tiny(), ending_at(Step.RETURN))


def _standby(cloud):
    _at_rest(cloud, "source", **STANDBY)
    assert replicate(tiny(**STANDBY), now=True, run_options=ONE).succeeded
    passed_later(cloud, 60)
    assert workflow.apply(workflow.plan(TINY, RECOVERY, guards=[tiny(**STANDBY)]), seed=0).succeeded


def _from_standby(cloud):
    _standby(cloud)
    _ended_before_the_fence(cloud, "target", **STANDBY)


def _damaged(cloud, to):
    _restoring(cloud, to)
    lose_takeover(to, garbled=True)


def _with_own_data(cloud, to):
    _at_rest(cloud, to)
    with lost(ENVIRONMENTS[peer_of(to)]):
        assert takeover(tiny(waves=[NEVER]), to, LOST).result == "failed"


def _with_the_only_data(cloud):
    """The source takes over with its own data, and the target was never active."""
    _new(cloud)
    _ended_before_the_fence(cloud, "target")
    with lost(RECOVERY):
        assert takeover(tiny(waves=[NEVER]), "source", LOST).result == "failed"


def _points_deleted(cloud, to, option):
    """A takeover has begun with points though own volumes have newer data; then others delete the points."""
    _at_rest(cloud, to)
    now = datetime.fromtimestamp(cloud.clock.now(), UTC)
    options = evolve(LOST, **({"as_of": now} if option == "--as-of" else {"from_points": True}))
    with lost(ENVIRONMENTS[peer_of(to)]), pytest.raises(Ended):
        takeover(tiny(), to, ending_at(Step.STAND_DOWN, options))
    environment = ENVIRONMENTS[to]
    for each in cloud.ground_truth(environment.account):
        if each["kind"] == "snapshot" and "-points-" in each["name"]:
            cloud.request(environment.account, environment.region, "DeleteSnapshot", {"id": each["id"]})
    passed_later(cloud, 60)


@frozen
class SituationWorld:
    """How the world of one situation is made."""

    make: object
    silent: tuple = ()
    """The ends that do not answer."""
    standby: bool = False
    """Whether the recovery plan declares a standby."""

    @contextmanager
    def copy(self):
        """A copy of the world, of its own."""
        with begun(self.make) as cloud:
            yield cloud

    def silence(self):
        """No call to the silent ends gets through."""
        return lost(*(ENVIRONMENTS[end] for end in self.silent), untouched=False)


def _worlds(active):
    name, other = ("S", "T") if active == "source" else ("T", "S")
    waiting = peer_of(active)
    rest = partial(_at_rest, active=active)
    restoring = partial(_restoring, to=active)
    abandoning = partial(_abandoning, back=active)
    return {
        f"{name} active": SituationWorld(rest),
        f"{name} active, {other} unfenced": SituationWorld(partial(_not_fenced, active=active)),
        f"{name} active, {other} silent": SituationWorld(rest, (waiting,)),
        f"{name} silent, {other} waits": SituationWorld(rest, (active,)),
        f"{name} takes over, begun": SituationWorld(partial(_begun, to=active)),
        f"{name} takes over, restoring": SituationWorld(restoring),
        f"{name} takes over, {other} silent": SituationWorld(restoring, (waiting,)),
        f"{name} takes over, lost {other} back": SituationWorld(partial(_restoring, to=active, options=LOST)),
        f"{name} comes back (abandon)": SituationWorld(abandoning),
        f"{name} comes back, silent": SituationWorld(abandoning, (active,)),
    }


WORLDS = {
    "NEW: no takeover ever": SituationWorld(_new),
    **_worlds("source"),
    **_worlds("target"),
    "S active, T standby": SituationWorld(_standby, standby=True),
    "S silent, T standby": SituationWorld(_standby, ("source",), standby=True),
    "T takes over from standby": SituationWorld(_from_standby, standby=True),
}
WORLDS["both silent"] = SituationWorld(WORLDS["S active"].make, ENDS)
"""Situation of the decision table → its world."""


def _besides(end):
    name = "S" if end == "source" else "T"
    return {
        f"{name} takes over, entry damaged": SituationWorld(partial(_damaged, to=end)),
        f"{name} takes over with its own data": SituationWorld(partial(_with_own_data, to=end)),
    }


def _without_points(end):
    name = "S" if end == "source" else "T"
    return {
        f"{name} takes over with {option}": SituationWorld(partial(_points_deleted, to=end, option=option))
        for option in ("--from-points", "--as-of")
    }


WITHOUT_POINTS = {**_without_points("source"), **_without_points("target")}
"""Worlds whose takeover may go on, and has no data to go on with."""

BESIDES = {
    **_besides("source"),
    **_besides("target"),
    "S takes over with the only data": SituationWorld(_with_the_only_data),
}
"""Worlds of situations that the table has no row for, as its columns say the same of most cells."""
