"""`failback`: the source takes over again, with what was written in the target since it stood in."""

from attrs import evolve

from portinfra.errors import PolicyError, PortinfraError, Unavailable
from portinfra.execution.connection import Connection
from portinfra.model.evidence import Evidence
from portinfra.recovery.options import How
from portinfra.recovery.recovery import Recovery
from portinfra.recovery.replication.replicate import replicate
from portinfra.recovery.situation.facts import hosts_on, read_takeovers, standing
from portinfra.recovery.takeover.failover import failover
from portinfra.recovery.watch.readiness import may_take_over
from portinfra.rollout.waves import Say
from portinfra.validation.arguments import check_arguments


@check_arguments
def failback(recovery: Recovery, how: How | None = None, *, say: Say = lambda line: None) -> Evidence:
    """Go back: a point of what was written since, the target stopped, a last point, the source brought up.

    The time from the stop to the last gate is the downtime that it measures. Run again, it goes on. Where who
    is to be left is lost (`How.source_is_lost`), no call is made to it, and the newest data that came from it
    is what there is. Raises PolicyError where `may_fail_back` or `may_take_over` does.
    """
    how = evolve(how or How(), occasion="failback")
    back = recovery.turned
    if how.source_is_lost:
        return failover(back, evolve(how, last_point=False), say=say)
    how = evolve(how, last_point=True)
    if not may_fail_back(recovery):  # else its hosts may be off, and no hook of theirs would answer
        may_take_over(back, how)
        say(f"carrying to {back.target.name} what was written since")
        first = replicate(back, pace=how.pace, say=say)
        if not first.succeeded:
            problems = [f"{group.group}: {group.problem}" for group in first.groups if group.problem]
            raise PortinfraError(
                f"nothing was stopped: {'; '.join(problems)}", fix="Mend what it names, and run it again."
            )
    return failover(back, how, say=say)


@check_arguments
def may_fail_back(recovery: Recovery) -> bool:
    """Whether a way back has begun already.

    Raises PolicyError where the target has not taken over, or not whole (it holds older data than the source,
    which would be lost), or where the source may still be at work (what is written there would be lost).
    """
    source, target = recovery.source, recovery.target
    with Connection.to(source) as home, Connection.to(target) as away:
        home.account()
        away.account()
        turn = read_takeovers(recovery, home, away).under_way
        here, there = standing(home, recovery.source_scope), standing(away, recovery.target_scope)
        hosts = home.observe(recovery.source_scope)
    if turn and turn.occasion == "failback":
        return True
    if turn:
        begun = f"the failover to {target.name} has begun and is not done"
        raise _no_way_back(
            recovery, "failover-under-way", begun, "Continue it: dr failover; or abandon it: dr abandon."
        )
    if not there.has_taken_over_from(here):
        told = there.fenced or here.epoch <= there.epoch
        raise _no_way_back(
            recovery,
            "source-stands",
            f"{target.name} has not taken over, or {source.name} has been let in again since",
            "There is no way back to go. To let it take over: dr failover."
            if told
            else f"First of all, stop what runs in {target.name}, which has not been told: dr fence.",
        )
    if hosts.unknown:
        silent = ", ".join(sorted(hosts.unknown))
        raise Unavailable(
            f"{silent} of {source.name} does not answer: what runs there is not known",
            provider=source.provider,
            fix="Wait until it answers, and run this again.",
        )
    if not here.fenced or hosts_on(hosts):
        raise _no_way_back(
            recovery,
            "not-fenced",
            f"{source.name} is not stopped, and what is written there would be lost",
            "Stop it first: dr fence.",
        )
    return False


def _no_way_back(recovery: Recovery, rule: str, message: str, fix: str) -> PolicyError:
    return recovery.refusal(f"{recovery.source_scope} cannot take over again", rule, message, fix)
