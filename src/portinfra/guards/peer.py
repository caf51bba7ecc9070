"""The check of the guards that a plan was given.

The claim of a scope records the other environment of its recovery plan (`Claim.peer`). So a plan without
guards is refused there, whichever program makes it.
"""

from collections.abc import Iterable, Iterator

from attrs import evolve

from portinfra.execution.run import Run
from portinfra.model.claim import Claim
from portinfra.model.finding import Finding, Severity
from portinfra.model.plan import Guard, Plan


def check_guards(plan: Plan, guards: Iterable[Guard] | None, claim: Claim | None) -> Plan:
    """Return the plan with its guards, with the epoch and fence of its scope's claim, and with the findings
    of the guards.

    Where the claim records a peer that no guard reads, that is a finding, too: an error, and a warning where
    `guards` is empty, which says that the caller skips the check on purpose.
    """
    given = None if guards is None else tuple(guards)
    plan = evolve(plan, guards=given)
    if claim is not None:
        plan = evolve(plan, epoch=claim.epoch, fenced=claim.fenced, peer=claim.peer)
    found = [finding for guard in given or () for finding in guard.findings(plan)]
    return evolve(plan, findings=(*plan.findings, *found, *_not_checked(plan, claim)))


def check_guards_again(run: Run, plan: Plan, guards: Iterable[Guard] | None) -> Plan:
    """Return the same, by the claim that a run holds, while it holds it: another environment may take minutes
    to answer.
    """
    with run.living():
        return check_guards(plan, guards, run.claim)


def record_peer(run: Run, plan: Plan) -> None:
    """Record in the claim that a run holds which environment the guards of a plan read."""
    if not is_recorded(plan):
        run.record_peer(peer_of(plan))


def peer_of(plan: Plan) -> str:
    """Return the name of the environment that the guards of a plan read; empty: none."""
    return next((peer for guard in plan.guards or () if (peer := guard.peer_of(plan.scope))), "")


def is_recorded(plan: Plan) -> bool:
    """Return whether the claim names the environment that the guards of a plan read, or need not: a plan that
    destroys leaves nothing to guard.
    """
    return plan.destroys or peer_of(plan) in ("", plan.peer)


def _not_checked(plan: Plan, claim: Claim | None) -> Iterator[Finding]:
    peer, name = claim.peer if claim else "", plan.scope.environment
    if not peer or peer in {guard.peer_of(plan.scope) for guard in plan.guards or ()}:
        return
    skipped = plan.guards == ()
    yield Finding(
        "recovery/peer-not-checked",
        f"a recovery plan pairs {name} with {peer}, and nothing checked whether {peer} is active",
        "Make sure yourself that it is not active; or make the plan with its guard."
        if skipped
        else "Command line: declare the recovery plan in the same file, and leave --on out. Python: pass "
        "guards=[…] with the value of portinfra.dr.recovery. To skip the check: --without-peer or guards=(). "
        f"If the recovery plan no longer exists: claim {name} --forget-peer.",
        Severity.WARNING if skipped else Severity.ERROR,
        subject=f"environment.{name}",
        location=plan.placed.environment.location,
    )
