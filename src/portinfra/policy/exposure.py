"""Rules about traffic from and to the internet."""

from collections.abc import Iterator

from portinfra.model.finding import Severity
from portinfra.model.topology import INTERNET, Flow
from portinfra.policy.context import PolicyContext
from portinfra.policy.declared_traffic import traffic_of
from portinfra.policy.rules import About, Found, rule
from portinfra.reach.addresses import Interval, size_public
from portinfra.reach.traffic import Traffic

MANY = 1 << 16
"""More public addresses than this count as the whole internet: a /16 is the largest range that one company
usually has.
"""

LOGINS = {
    "ssh": Traffic((("tcp", 22, 22),)),
    "RDP": Traffic((("tcp", 3389, 3389), ("udp", 3389, 3389))),
}


@rule(
    "check/login-from-internet",
    Severity.ERROR,
    "Let it in from a bastion that is reached through the VPN, or from your office's own addresses.",
    enforces="R19",
)
def login_from_internet(context: PolicyContext) -> Iterator[Found]:
    """SSH (tcp 22) or RDP (3389) is open to more than 65,536 public addresses, together a /16."""
    exposed: dict[tuple[str, str], list[Interval]] = {}
    for outside, target, traffic in context.reach.outside():
        for name, login in LOGINS.items():
            if traffic & login:
                exposed.setdefault((target.role, name), []).extend(outside.addresses)
    for (role, name), addresses in exposed.items():
        number = size_public(set(addresses))
        if number > MANY:
            about = _flow(context, role, LOGINS[name]) or context.role(role) or f"firewall.{role}"
            yield about, f"{name} to {role} is open to {number:,} public addresses"


@rule(
    "check/data-with-way-out",
    Severity.NOTE,
    "Make it private, and let it out through an egress proxy of its own.",
    enforces="R5",
)
def data_with_way_out(context: PolicyContext) -> Iterator[Found]:
    """A role that stores data (it has volumes) and connects to the internet without a proxy."""
    for role in context.roles:
        if role.volumes and (traffic := context.reach.direct(role.name, INTERNET)):
            about: About = role
            yield about, f"it keeps data and reaches the internet by itself ({traffic})"


def _flow(context: PolicyContext, role: str, login: Traffic) -> Flow | None:
    """Return the flow that allows it."""
    for flow in context.topology.flows:
        outside = any(source == INTERNET or "/" in source for source in flow.sources)
        if outside and role in flow.targets and traffic_of(flow) & login:
            return flow
    return None


EXPOSURE = (login_from_internet, data_with_way_out)
