"""Rules about reasons in a declaration: what is open, and why."""

from collections.abc import Iterator
from ipaddress import IPv4Network

from portinfra.model.finding import Severity
from portinfra.model.topology import Flow
from portinfra.policy.context import PolicyContext
from portinfra.policy.rules import Found, rule

LETTERS_MIN = 3
"""A shorter text is no reason."""

PLACEHOLDERS = frozenset(
    (
        "because",
        "fixme",
        "foo",
        "none",
        "null",
        "public",
        "reason",
        "tbd",
        "test",
        "todo",
        "true",
        "why",
        "yes",
    )
)
"""Words that people write where a reason should be."""


def says_something(reason: str) -> bool:
    """Return whether a text could be a reason."""
    letters = "".join(letter for letter in reason.casefold() if letter.isalnum())
    return len(letters) >= LETTERS_MIN and letters not in PLACEHOLDERS


@rule(
    "check/public-without-reason",
    Severity.ERROR,
    "Say in a few words who needs to reach it. Or leave `public` out.",
    enforces="R4",
    declaration_only=True,
)
def public_without_reason(context: PolicyContext) -> Iterator[Found]:
    """A public role whose `public` is no reason: blank, or a placeholder such as `yes`."""
    for role in context.roles:
        if role.public and not says_something(role.public):
            write = role.location.write("public", '"customers"')
            fix = f"Say in a few words who needs to reach it: {write}. Or leave `public` out."
            yield role, f"{role.public!r} does not say why it is public", fix


@rule(
    "check/flow-without-why",
    Severity.ERROR,
    "Say in one line what it is for.",
    enforces="R18",
    declaration_only=True,
)
def flow_without_why(context: PolicyContext) -> Iterator[Found]:
    """A flow without a reason (`why`)."""
    for flow in context.topology.flows:
        if not any(letter.isalnum() for letter in flow.why):
            write = flow.location.write("why", '"the payment service stores its ledger"')
            yield flow, "it has no reason", f"Say in one line what it is for: {write}."


@rule(
    "check/leads-nowhere",
    Severity.WARNING,
    "Route it through a public role (an egress proxy, a bastion), or remove the flow.",
    enforces="R4",
    declaration_only=True,
)
def leads_nowhere(context: PolicyContext) -> Iterator[Found]:
    """A flow between a private role and addresses outside: there is no NAT, so nothing passes."""
    private = {role.name for role in context.roles if not role.public}
    own = IPv4Network(context.environment.cidr)
    for flow in context.topology.flows:
        for role, outside in _ends(flow):
            if role in private and not IPv4Network(outside).overlaps(own):
                yield flow, f"{role} is private and {outside} lies outside: nothing passes"


def _ends(flow: Flow) -> Iterator[tuple[str, str]]:
    """Yield each end with each range of addresses at the other end."""
    for ends, others in ((flow.sources, flow.targets), (flow.targets, flow.sources)):
        for end in ends:
            for other in others:
                if "/" in other:
                    yield end, other


REASONS = (public_without_reason, flow_without_why, leads_nowhere)
