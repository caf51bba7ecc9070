"""The check of the guards of a plan.

The lease of a scope records the other environment of its recovery plan (`Lease.peer`). So a plan without
guards is refused there, whichever program makes it.
"""

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from attrs import evolve

from portinfra.command_text import command
from portinfra.format import moment
from portinfra.guards.call import call_guard
from portinfra.model.finding import Finding, Severity
from portinfra.model.lease import Lease
from portinfra.model.plan import Guard, Plan

if TYPE_CHECKING:
    from portinfra.execution.run import Run


def check_guards(plan: Plan, guards: Iterable[Guard] | None, lease: Lease | None) -> Plan:
    """Return the plan with its guards, the epoch and fence of its scope's lease, and the findings of the
    guards.

    A guard reads both environments. So its finding replaces that of the same rule and subject which the lease
    alone gave.

    It is a finding if the lease records a peer that no guard reads. So is the destruction of the environment
    that has taken over. These are errors; they are warnings where `guards` is empty, which means that the
    caller skips the check on purpose.
    """
    given = None if guards is None else tuple(guards)
    plan = evolve(plan, guards=given)
    if lease is not None:
        plan = evolve(plan, epoch=lease.epoch, fenced=lease.fenced, peer=lease.peer)
    found = [
        finding
        for guard in given or ()
        for finding in call_guard(guard, lambda one: list(one.findings(plan)))
    ]
    more = (*found, *_unchecked_peer(plan, lease), *_active_environment(plan, found))
    better = {(each.rule, each.subject) for each in found}
    own = [each for each in plan.findings if (each.rule, each.subject) not in better]
    return evolve(plan, findings=(*own, *more))


def check_guards_again(run: "Run", plan: Plan, guards: Iterable[Guard] | None) -> Plan:
    """Return the same for the lease of a run.

    The run renews its lease meanwhile, as another environment may take minutes to answer.
    """
    with run.keep_lease():
        return check_guards(plan, guards, run.lease)


def record_peer(run: "Run", plan: Plan) -> None:
    """Record in the lease of a run which environment the guards of a plan read."""
    if not is_recorded(plan):
        run.record_peer(peer_of(plan))


def peer_of(plan: Plan) -> str:
    """Return the name of the environment that the guards of a plan read; empty: none."""
    return next(filter(None, _peers(plan)), "")


def _peers(plan: Plan) -> list[str]:
    return [call_guard(guard, lambda one: one.peer_of(plan.scope)) for guard in plan.guards or ()]


def is_recorded(plan: Plan) -> bool:
    """Return whether the lease names the environment that the guards of a plan read.

    It need not for a plan that destroys, as that leaves nothing to guard.
    """
    return plan.destroys or peer_of(plan) in ("", plan.peer)


def _unchecked_peer(plan: Plan, lease: Lease | None) -> Iterator[Finding]:
    peer, name = lease.peer if lease else "", plan.scope.environment
    if not peer or peer in _peers(plan):
        return
    skipped = plan.guards == ()
    yield Finding(
        "recovery/peer-not-checked",
        f"a recovery plan pairs {name} with {peer}, and nothing checked whether {peer} is active",
        "Make sure yourself that it is not active; or make the plan with its guard."
        if skipped
        else f"{_ways_to_check(plan)} If the recovery plan no longer exists: "
        f"{command('lease', name, '--forget-peer')}.",
        Severity.WARNING if skipped else Severity.ERROR,
        subject=f"environment.{name}",
        location=plan.placed.environment.location,
    )


def _ways_to_check(plan: Plan) -> str:
    """Return how a plan gets its guard, or goes without it, in the language of the declaration."""
    location = plan.placed.environment.location
    from_files = (
        "Declare the recovery plan in the same file, or name the directory of both files with -f. If you use "
        "--on: write --source-on and --target-on instead. To skip the check: --without-peer."
    )
    in_python = (
        "Python: pass guards=[…] with the value of portinfra.dr.recovery. Command line: declare the recovery "
        "plan in the same file, and write --source-on and --target-on in place of --on. To skip the check: "
        "guards=() or --without-peer."
    )
    return location.choose(in_python, from_files) if location else in_python


def _active_environment(plan: Plan, found: Iterable[Finding]) -> Iterator[Finding]:
    """Return a finding for a plan that destroys the environment with the newer data.

    `found` has the findings of guards, which know whether the other environment has taken over since.
    """
    is_overtaken = any(finding.rule == "recovery/superseded" for finding in found)
    if not (plan.destroys and plan.epoch and plan.changes) or plan.fenced or is_overtaken:
        return
    name = plan.scope.environment
    yield Finding(
        "recovery/stands",
        f"{name} is active since {moment(plan.epoch)}, and the other environment has older data",
        f"Make the other environment active first: {command('dr', 'failback')}, or "
        f"{command('dr', 'failover', '--planned')} for the target of a recovery plan. To destroy this one "
        "all the same: --without-peer (in Python: guards=()).",
        Severity.WARNING if plan.guards == () else Severity.ERROR,
        subject=f"environment.{name}",
        location=plan.placed.environment.location,
    )
