"""Checks of recovery plans: hosts of the target that run as a standby."""

from collections.abc import Iterator

from portinfra.format import suggestion
from portinfra.model.finding import Finding, Severity
from portinfra.model.internet import describe_flows, flows_from_internet
from portinfra.model.recovery import STANDBYS, RecoveryPlan
from portinfra.model.topology import Topology
from portinfra.validation.recovery_part import whole


def standby_findings(recovery: RecoveryPlan, topology: Topology) -> Iterator[Finding]:
    """Yield what is wrong with a standby, and the flows from the internet that stay closed while it is
    one.
    """
    plan = whole(recovery)
    if recovery.standby not in STANDBYS:
        fix = suggestion(recovery.standby, STANDBYS, "")
        yield plan.wrong("unknown-standby", "standby", f"a standby is not {recovery.standby!r}", fix)
    if recovery.refresh_every and recovery.standby == "off":
        write = recovery.location.write("standby", '"running"')
        fix = f"Write {write}; or leave refresh_every out."
        yield plan.wrong("refresh-every", "refresh_every", "there is no standby to refresh", fix)
    flows = flows_from_internet(topology)
    if recovery.standby == "running" and flows:
        closed = "; ".join(describe_flows(flows))
        yield plan.wrong(
            "standby-closed",
            "standby",
            f"until {recovery.target} is active, its firewall has no flow from the internet to {closed}",
            "Reach a standby from a CIDR that a flow names, or from inside.",
            Severity.WARNING,
        )
