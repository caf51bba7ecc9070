"""Whether the rules of a firewall fit into it at the widest moment of a change: with old and new ones."""

from collections.abc import Iterable, Iterator

from portinfra.model.catalogue import Catalogue
from portinfra.model.change import Change
from portinfra.model.finding import Finding
from portinfra.model.placed import Placed
from portinfra.model.resources import FirewallRules, Rule
from portinfra.planning.quotas import widest

FIX = (
    "Leave some flows of this role out, apply, then declare them again: their traffic is closed meanwhile. "
    "Or change the flows a few at a time."
)


def rule_limit_findings(decided: Iterable[Change], placed: Placed, catalogue: Catalogue) -> Iterator[Finding]:
    """Return an error for each way of a firewall that gets new rules and has no room for them.

    Existing rules above the limit stay, and may become fewer.
    """
    limit = catalogue.rules_max
    for change in decided:
        after = widest(change)
        if limit is None or change.action == "keep" or not isinstance(after, FirewallRules):
            continue
        for way in ("ingress", "egress"):
            together: tuple[Rule, ...] = getattr(after, way)
            before: tuple[Rule, ...] = getattr(change.before, way, ()) if change.action == "update" else ()
            new = [rule for rule in together if rule not in before]
            if not new or len(together) <= limit:
                continue
            default = ", by default: the account's own quota was not read" * catalogue.rules_max_is_default
            yield Finding(
                "plan/refused",
                f"the firewall keeps {len(together) - len(new)} {way} rules until {len(new)} new ones exist: "
                f"that is {len(together)} together, and {limit} is the most{default}",
                FIX,
                subject=change.address,
                location=placed.location(change.address) if change.address in placed.roles else None,
            )
