"""Whose turn it is, told to a plan of one environment: that the other one of its recovery plan has taken over
while this one could not be told, or that its own turn has not come.
"""

from collections.abc import Iterable

from portinfra.errors import PortinfraError
from portinfra.execution.connection import Connection
from portinfra.model.address import Scope
from portinfra.model.environment import Environment
from portinfra.model.finding import Finding, Severity
from portinfra.model.plan import Plan
from portinfra.recovery.fencing import standing
from portinfra.words import moment


def peer_findings(plan: Plan, peers: Iterable[Environment]) -> list[Finding]:
    """What forbids to apply a plan: a peer that stands in a higher epoch, or that cannot be asked."""
    if plan.fenced or plan.destroys:
        return []  # its hosts are off, or going
    return [finding for peer in peers if (finding := _finding(plan, peer))]


def turn_findings(plan: Plan, target_of: str) -> list[Finding]:
    """That a plan makes something in a recovery's target before its turn, where people may look for data.
    `target_of` is that recovery plan's name; empty: it is no target.
    """
    makes = any(change.action == "create" for change in plan.changes)
    if not target_of or not makes or plan.destroys or plan.fenced or plan.epoch:
        return []
    environment = plan.placed.environment
    return [
        Finding(
            "recovery/not-its-turn",
            f"{environment.name} is the target of recovery plan {target_of}, and has not taken over: "
            "what this makes is blank",
            "To take over: dr failover; to try it: dr drill.",
            Severity.WARNING,
            subject=f"environment.{environment.name}",
            location=environment.location,
        )
    ]


def _finding(plan: Plan, peer: Environment) -> Finding | None:
    name = plan.placed.environment.name
    subject = f"environment.{peer.name}"
    try:
        with Connection.to(peer) as there:
            known = standing(there, Scope(plan.scope.topology, peer.name))
    except PortinfraError as error:
        what = str(error).partition("\n")[0]
        return Finding(
            "recovery/peer-silent",
            f"{peer.name} cannot be asked whether it has taken over from {name}: {what}",
            "Mend the way to it; or, if it surely has not, say --without-peer.",
            subject=subject,
            location=peer.location,
        )
    if known.epoch <= plan.epoch:
        return None
    if known.fenced:
        return Finding(
            "recovery/being-abandoned",
            f"{peer.name} was given up ({moment(known.epoch)}), and {name} was not let in again yet",
            "Finish that: dr failover --abandon, or dr failback --abandon, whichever had begun.",
            subject=subject,
            location=peer.location,
        )
    return Finding(
        "recovery/superseded",
        f"{peer.name} has taken over ({moment(known.epoch)}) while {name} could not be told",
        "Stop what runs here: dr fence. Then go back with: dr failback.",
        subject=subject,
        location=peer.location,
    )
