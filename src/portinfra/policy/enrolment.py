"""Rules about the hosts that sign certificates: they are private, and every host reaches them."""

from collections.abc import Iterator

from portinfra.model.finding import Severity
from portinfra.model.topology import ENROLMENT_PORT, ENROLMENT_PROFILES, Role
from portinfra.policy.context import PolicyContext
from portinfra.policy.rules import Found, rule
from portinfra.reach.traffic import Traffic

_REQUESTS = Traffic((("tcp", ENROLMENT_PORT, ENROLMENT_PORT),))


@rule(
    "check/enrolment-public",
    Severity.ERROR,
    "Make the role private, or give the profile to another one.",
    enforces="R4",
    declaration_only=True,
)
def enrolment_public(context: PolicyContext) -> Iterator[Found]:
    """A public role whose profile signs the certificates of all hosts."""
    for role in _servers(context):
        if role.public:
            public = role.location.write("public", '""')
            message = f"its profile {role.profile!r} signs certificates, and its hosts have public addresses"
            yield role, message, f"Write {public}, or give the profile to a private role."


@rule(
    "check/enrolment-without-flow",
    Severity.ERROR,
    f"Allow tcp {ENROLMENT_PORT} from the role to the one that signs certificates.",
    enforces="R10",
    declaration_only=True,
)
def enrolment_without_flow(context: PolicyContext) -> Iterator[Found]:
    """A role whose hosts cannot reach the hosts that sign their certificates (tcp 8140)."""
    servers = _servers(context)
    if not servers or context.observation is not None:
        return
    names = " or ".join(repr(server.name) for server in servers)
    for role in context.roles:
        reached = [context.reach.direct(role.name, each.name) & _REQUESTS for each in servers]
        if role.count and role not in servers and not any(reached):
            message = f"its hosts get no certificate: no flow leads to {names} on tcp {ENROLMENT_PORT}"
            yield role, message, f"Add: {_flow(role, servers[0])}."


def _servers(context: PolicyContext) -> list[Role]:
    """Return the roles that sign certificates and have hosts in this environment."""
    return [role for role in context.roles if role.profile in ENROLMENT_PROFILES and role.count]


def _flow(role: Role, server: Role) -> str:
    """Return the flow that is missing, in the language of the declaration."""
    return role.location.choose(
        f'allow("{role.name}", "{server.name}", tcp={ENROLMENT_PORT}, why="certificates")',
        f'an allow block with from = "{role.name}", to = "{server.name}", tcp = {ENROLMENT_PORT}, '
        'why = "certificates"',
    )


ENROLMENT = (enrolment_public, enrolment_without_flow)
"""The rules of this module."""
