"""Findings about a plan of one environment of a recovery plan: the other one has taken over, or does not
answer; or the plan creates resources in the target before any failover.
"""

from collections.abc import Iterator

from attrs import evolve

from portinfra.errors import PortinfraError
from portinfra.execution.connection import Connection
from portinfra.model.address import Scope
from portinfra.model.environment import Environment
from portinfra.model.finding import Finding, Severity
from portinfra.model.plan import Plan
from portinfra.words import moment


def peer_findings(plan: Plan, peer: Environment) -> Iterator[Finding]:
    """Return what forbids a plan: its peer has a later epoch, or does not answer.

    These are warnings for a plan that destroys: it starts no host, so two environments cannot become active.
    """
    if plan.fenced:
        return  # it starts no host either
    found = _finding(plan, peer)
    if found is not None:
        yield evolve(found, severity=Severity.WARNING) if plan.destroys else found


def turn_findings(plan: Plan, target_of: str) -> Iterator[Finding]:
    """Return a warning for a plan that creates resources in the target of recovery plan `target_of` before
    any failover: people may look for data there.
    """
    makes = any(change.action == "create" for change in plan.changes)
    if not makes or plan.destroys or plan.fenced or plan.epoch:
        return
    environment = plan.placed.environment
    yield Finding(
        "recovery/not-its-turn",
        f"{environment.name} is the target of recovery plan {target_of}, and has not taken over: "
        "what this makes is blank",
        "To take over: dr failover; to try it: dr drill.",
        Severity.WARNING,
        subject=f"environment.{environment.name}",
        location=environment.location,
    )


def _finding(plan: Plan, peer: Environment) -> Finding | None:
    name = plan.placed.environment.name
    subject = f"environment.{peer.name}"
    try:
        with Connection.to(peer) as there:
            there.account()  # in another account there is no lease, which would mean that it is not active
            leases = there.leases(Scope(plan.scope.topology, peer.name))
    except PortinfraError as error:
        what = str(error).partition("\n")[0]
        return Finding(
            "recovery/peer-silent",
            f"{peer.name} cannot be asked whether it has taken over from {name}: {what}",
            "Mend the way to it; or, if it surely has not, say --without-peer (in Python: guards=()).",
            subject=subject,
            location=peer.location,
        )
    if not leases or leases[-1].epoch <= plan.epoch:
        return None
    since = moment(leases[-1].epoch)
    if leases[-1].fenced:
        return Finding(
            "recovery/being-abandoned",
            f"{peer.name} was given up ({since}), and {name} was not let in again yet",
            "Finish that: dr failover --abandon, or dr failback --abandon, whichever had begun.",
            subject=subject,
            location=peer.location,
        )
    return Finding(
        "recovery/superseded",
        f"{peer.name} has taken over ({since}) while {name} could not be told",
        "Stop what runs here: dr fence. Then go back with: dr failback.",
        subject=subject,
        location=peer.location,
    )
