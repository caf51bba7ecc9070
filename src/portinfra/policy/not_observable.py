"""The rule about what a cloud could not tell, so that a clean report is never taken for more than it is."""

from collections.abc import Iterator

from portinfra.model.finding import Severity
from portinfra.policy.context import PolicyContext
from portinfra.policy.rules import Found, rule


@rule(
    "check/not-told",
    Severity.WARNING,
    "Look at it in the cloud's own console; `portinfra apply` puts our own firewalls back on our own hosts.",
    enforces="R18",
)
def not_told(context: PolicyContext) -> Iterator[Found]:
    """A zone that did not answer, a host behind a firewall that is not ours, a rule for such a firewall."""
    if context.observation is None:
        return
    walls = context.reach.walls
    for place in sorted(context.observation.unknown):
        yield context.environment, f"{place} did not answer: what is there is not part of this report"
    for host in walls.untold:
        yield (
            f"instance.{host}",
            "its firewall, subnet or address is not ours: portinfra does not know who reaches it",
        )
    for firewall, one in walls.strangers:
        ports = f"{one.protocol} {one.first}-{one.last}"
        yield str(firewall), f"it lets {ports} through for {one.peer}, which is not ours"


TOLD = (not_told,)
