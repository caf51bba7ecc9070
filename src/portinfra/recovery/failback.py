"""`failback`: the source takes over again, with what was written in the target since it stood in."""

from attrs import evolve

from portinfra.errors import PolicyError, PortinfraError, Unavailable
from portinfra.execution.connection import Connection
from portinfra.model.evidence import Evidence
from portinfra.model.finding import Finding
from portinfra.model.observed import Observation
from portinfra.model.resources import Instance
from portinfra.recovery.failover import How, failover
from portinfra.recovery.fencing import standing
from portinfra.recovery.ledger import Ledger
from portinfra.recovery.replicate import replicate
from portinfra.recovery.subject import Recovery
from portinfra.recovery.turn import Turn, turns, under_way
from portinfra.recovery.waves import Say


def failback(recovery: Recovery, how: How | None = None, *, say: Say = lambda line: None) -> Evidence:
    """Go back: a point of what was written since, the target stopped, a last point, the source brought up.

    The time from the stop to the last gate is the downtime that it measures. Run again, it goes on.
    Raises PolicyError where `may_fail_back` does.
    """
    how = evolve(how or How(), occasion="failback", last_point=True, source_is_lost=False)
    begun = may_fail_back(recovery)
    back = recovery.turned
    if not begun:  # else its hosts may be off, and no hook of theirs would answer
        say(f"carrying to {back.target.name} what was written since")
        first = replicate(back, pace=how.pace, say=say)
        if not first.succeeded:
            problems = [f"{group.group}: {group.problem}" for group in first.groups if group.problem]
            raise PortinfraError(
                f"nothing was stopped: {'; '.join(problems)}", fix="Mend what it names, and run it again."
            )
    return failover(back, how, say=say)


def may_fail_back(recovery: Recovery) -> bool:
    """Whether a way back has begun already.

    Raises PolicyError where the target has not taken over, or not whole (it holds older data than the source,
    which would be lost), or where the source may still be at work (what is written there would be lost).
    """
    source, target = recovery.source, recovery.target
    with Connection.to(source) as home:
        home.account()
        begun = _under_way(home, recovery.turned)
        here = standing(home, recovery.source_scope)
        hosts = home.observe(recovery.source_scope)
    with Connection.to(target) as away:
        away.account()
        half_way = _under_way(away, recovery) is not None
        there = standing(away, recovery.target_scope)
    if begun and begun.latest >= there.epoch:
        return True
    if half_way:
        raise _no_way_back(
            recovery,
            "failover-under-way",
            f"the failover to {target.name} has begun and is not done",
            "Finish it first: dr failover goes on where it stopped; dr failover --abandon gives it up.",
        )
    if not there.has_taken_over_from(here):
        raise _no_way_back(
            recovery,
            "source-stands",
            f"{target.name} has not taken over (epoch {there.epoch}; {source.name} has {here.epoch})",
            "There is no way back to go. To let it take over: dr failover.",
        )
    if hosts.unknown:
        silent = ", ".join(sorted(hosts.unknown))
        raise Unavailable(
            f"{silent} of {source.name} does not answer: what runs there is not known",
            provider=source.provider,
            fix="Wait until it answers, and run this again.",
        )
    if not here.fenced or _running(hosts):
        raise _no_way_back(
            recovery,
            "not-fenced",
            f"{source.name} is not stopped, and what is written there would be lost",
            "Stop it first: dr fence.",
        )
    return False


def _running(hosts: Observation) -> bool:
    """Whether any of them is on. A fence that was begun and not finished leaves some."""
    return any(
        isinstance(seen.spec, Instance) and seen.spec.power == "running" for seen in hosts.resources.values()
    )


def _under_way(target: Connection, recovery: Recovery) -> Turn | None:
    return under_way(turns(Ledger.settled(target, recovery.ledger).entries()))


def _no_way_back(recovery: Recovery, rule: str, message: str, fix: str) -> PolicyError:
    found = Finding(f"recovery/{rule}", message, fix, subject=f"recovery.{recovery.plan.name}")
    return PolicyError(f"{recovery.source_scope} cannot take over again", [found])
