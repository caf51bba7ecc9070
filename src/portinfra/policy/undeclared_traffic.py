"""Rules about possible traffic that no flow declares.

In a declaration its cause is a CIDR that contains hosts of the topology. In existing resources it is a change
by hand.
"""

from collections.abc import Iterator

from portinfra.model.finding import Severity
from portinfra.model.topology import INTERNET
from portinfra.policy.context import PolicyContext
from portinfra.policy.declared_traffic import Declared, declaration_advice
from portinfra.policy.rules import About, Found, rule
from portinfra.reach import Hop, Traffic
from portinfra.reach.traffic import NOTHING
from portinfra.value import frozen

NAME_ROLES = "Name the roles that are meant in the flows instead of CIDRs."


@frozen
class Shortcut:
    """Traffic between two roles, or a role and the outside, that no flow declares."""

    source: str
    target: str
    traffic: Traffic
    outside: bool
    """Whether its source is outside."""
    chain: tuple[Hop, ...]
    """The path from the internet to the source. Empty where there is none, or where the source is outside."""


def shortcuts(context: PolicyContext) -> list[Shortcut]:
    """Return all possible traffic that no flow declares."""
    declared = Declared.by(context.topology)
    reach = context.reach
    found: dict[tuple[str, str, bool], Traffic] = {}
    for here, links in reach.links.items():
        for there, traffic in links.items():
            source, target = reach.rule_sets.parties[here], reach.rule_sets.parties[there]
            if here == there and len(source.hosts) == 1:
                continue
            if beyond := traffic - declared.between(source, target):
                key = (source.label, target.label, not source.hosts)
                found[key] = found[key] | beyond if key in found else beyond
    for (some, role, outside), traffic in found.items():
        # What all of the internet can do is not repeated for a part of it.
        if outside and some != INTERNET:
            found[some, role, outside] = traffic - found.get((INTERNET, role, True), NOTHING)
        elif "/" in role:
            found[some, role, outside] = traffic - found.get((some, INTERNET, False), NOTHING)
    chains = reach.chains_from(INTERNET) if found else {}
    return [
        Shortcut(some, role, traffic, outside, () if outside else chains.get(some, ()))
        for (some, role, outside), traffic in found.items()
        if traffic
    ]


@rule(
    "check/undeclared-from-internet",
    Severity.ERROR,
    "Name the roles that are meant in the flows instead of CIDRs; `portinfra apply` removes what was added "
    "by hand.",
    enforces="R18",
)
def undeclared_from_internet(context: PolicyContext) -> Iterator[Found]:
    """The internet reaches a role, or a private role through others, by a path that no flow declares."""
    for one in shortcuts(context):
        if _from_internet(context, one):
            yield _about(context, one), _message(one)


@rule(
    "check/undeclared-way",
    Severity.WARNING,
    NAME_ROLES,
    enforces="R18",
)
def undeclared_way(context: PolicyContext) -> Iterator[Found]:
    """A role reaches another role, or an outside address, by a path that no flow declares."""
    for one in shortcuts(context):
        if not _from_internet(context, one):
            fix = f"{declaration_advice(context)}. Or {NAME_ROLES[0].lower()}{NAME_ROLES[1:]}"
            yield _about(context, one), _message(one), fix


def _from_internet(context: PolicyContext, one: Shortcut) -> bool:
    target = context.role(one.target)
    private = target is not None and not target.public
    return one.outside or bool(private and one.chain)


def _about(context: PolicyContext, one: Shortcut) -> About:
    return context.role(one.target) or context.role(one.source) or f"firewall.{one.target}"


def _message(one: Shortcut) -> str:
    way = [hop.source_role for hop in one.chain] + [one.source, one.target]
    return f"{' → '.join(way)}: no flow declares {one.traffic} from {one.source} to {one.target}"


UNDECLARED = (undeclared_from_internet, undeclared_way)
