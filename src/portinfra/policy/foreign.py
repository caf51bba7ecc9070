"""Rules about foreign resources and changes in an environment that open no new path yet."""

from collections.abc import Iterator

from portinfra.model.finding import Severity
from portinfra.model.resources import FirewallRules, Rule
from portinfra.policy.context import PolicyContext
from portinfra.policy.declared_traffic import Declared, declaration_advice
from portinfra.policy.rules import Found, rule
from portinfra.reach import Party, Traffic
from portinfra.reach.traffic import NOTHING

WAYS = ("ingress", "egress")

REMOVE_IT = "Let `portinfra apply` remove it."


@rule(
    "check/foreign-resource",
    Severity.WARNING,
    "Find out who made it. portinfra neither changes nor deletes it: delete or move it by hand.",
    enforces="R18",
    observed_only=True,
)
def foreign_resource(context: PolicyContext) -> Iterator[Found]:
    """A foreign resource in a network, subnet or host of portinfra, or bound to one of its firewalls."""
    for each in (context.observation and context.observation.foreign) or ():
        yield str(each.inside), f"{each}: portinfra did not create it"


@rule(
    "check/undeclared-rule",
    Severity.WARNING,
    REMOVE_IT,
    enforces="R18",
    observed_only=True,
)
def undeclared_rule(context: PolicyContext) -> Iterator[Found]:
    """A firewall rule that no flow declares, and that allows no new traffic yet."""
    foreign_rules = {rule for _, rule in context.reach.rule_sets.foreign_rules}
    for address, there in context.resources.items():
        declared = context.placed.resources.get(address)
        if not isinstance(there, FirewallRules) or not isinstance(declared, FirewallRules):
            continue
        for way in WAYS:
            for one in getattr(there, way):
                beyond = Traffic.of_rule(one) - _allowed_traffic(getattr(declared, way), one.peer)
                if beyond and one not in foreign_rules and not _opens(context, there, way, one, beyond):
                    yield (
                        str(address),
                        _message(way, one, beyond),
                        f"{declaration_advice(context)}. Or {REMOVE_IT[0].lower()}{REMOVE_IT[1:]}",
                    )


def _allowed_traffic(rules: tuple[Rule, ...], peer: str) -> Traffic:
    allowed = NOTHING
    for one in rules:
        if one.peer == peer:
            allowed |= Traffic.of_rule(one)
    return allowed


def _opens(context: PolicyContext, there: FirewallRules, way: str, one: Rule, beyond: Traffic) -> bool:
    """Return whether undeclared traffic passes by a rule. `check/undeclared-…` names such traffic."""
    declared, sets = Declared.by(context.topology), context.reach.rule_sets
    for here, links in context.reach.links.items():
        for other, traffic in links.items():
            source, target = sets.parties[here], sets.parties[other]
            bearer, peer = (target, source) if way == "ingress" else (source, target)
            if bearer.firewall != there.firewall or not _is_peer(one.peer, peer):
                continue
            if traffic & (beyond - declared.between(source, target)):
                return True
    return False


def _is_peer(name: str, party: Party) -> bool:
    return name == party.firewall or name in party.ranges


def _message(way: str, one: Rule, beyond: Traffic) -> str:
    peer = one.peer_firewall.name if one.peer_firewall else one.peer
    direction = "from" if way == "ingress" else "to"
    return f"it allows {beyond} {direction} {peer}, which no flow declares; nothing new passes by it yet"


FOREIGN = (foreign_resource, undeclared_rule)
