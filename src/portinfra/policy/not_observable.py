"""The rule about what a cloud did not return, so that a clean report is not taken for a complete one."""

from collections.abc import Iterator

from portinfra.model.finding import Severity
from portinfra.policy.context import PolicyContext
from portinfra.policy.rules import Found, rule


@rule(
    "check/not-told",
    Severity.WARNING,
    "Check it in the cloud's own console. `portinfra apply` puts portinfra's firewalls back on its hosts.",
    enforces="R18",
    observed_only=True,
)
def not_observable(context: PolicyContext) -> Iterator[Found]:
    """A zone that did not answer, a host with a foreign firewall, a rule for such a firewall."""
    sets = context.reach.rule_sets
    for place in sorted(context.observation.unknown if context.observation else ()):
        yield context.environment, f"{place} did not answer: its resources are not in this report"
    for host in sets.unknown_hosts:
        yield (
            f"instance.{host}",
            "its firewall, subnet or address is not portinfra's, so portinfra does not know who reaches it",
        )
    for firewall, one in sets.foreign_rules:
        ports = f"{one.protocol} {one.first}-{one.last}"
        yield str(firewall), f"it allows {ports} for {one.peer}, which is not portinfra's"


NOT_OBSERVABLE = (not_observable,)
