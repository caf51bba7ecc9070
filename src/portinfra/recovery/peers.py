"""Whether the other environment of a recovery plan has taken over while this one could not be told."""

from collections.abc import Iterable

from portinfra.errors import PortinfraError
from portinfra.execution.connection import Connection
from portinfra.model.address import Scope
from portinfra.model.environment import Environment
from portinfra.model.finding import Finding
from portinfra.model.plan import Plan
from portinfra.recovery.fencing import standing
from portinfra.words import moment


def peer_findings(plan: Plan, peers: Iterable[Environment]) -> list[Finding]:
    """What forbids to apply a plan: a peer that stands in a higher epoch, or that cannot be asked."""
    if plan.fenced or plan.destroys:
        return []  # its hosts are off, or going
    return [finding for peer in peers if (finding := _finding(plan, peer))]


def _finding(plan: Plan, peer: Environment) -> Finding | None:
    name = plan.placed.environment.name
    subject = f"environment.{peer.name}"
    try:
        with Connection.to(peer) as there:
            epoch = standing(there, Scope(plan.scope.topology, peer.name)).epoch
    except PortinfraError as error:
        what = str(error).partition("\n")[0]
        return Finding(
            "recovery/peer-silent",
            f"{peer.name} cannot be asked whether it has taken over from {name}: {what}",
            "Mend the way to it; or, if it surely has not, say --without-peer.",
            subject=subject,
            location=peer.location,
        )
    if epoch <= plan.epoch:
        return None
    return Finding(
        "recovery/superseded",
        f"{peer.name} has taken over ({moment(epoch)}) while {name} could not be told",
        "Stop what runs here: dr fence. Then go back with: dr failback.",
        subject=subject,
        location=peer.location,
    )
