"""Whether a second person has approved a takeover, where the plan requires that."""

from collections.abc import Iterable
from typing import Literal

from portinfra.command_text import command
from portinfra.execution.connection import Connection
from portinfra.recovery.ledger.approvals import Approval, person_of, valid_approvals
from portinfra.recovery.ledger.ledger import Entry
from portinfra.recovery.recovery import Recovery

Takeover = Literal["failover", "failback"]


def needs_approval(recovery: Recovery) -> bool:
    """Return whether the plan requires an approval of the takeover to the target of this recovery."""
    return occasion_of(recovery) in recovery.plan.approve


def occasion_of(recovery: Recovery) -> Takeover:
    """Return what the takeover to the target of this recovery is called."""
    return "failback" if recovery.is_reversed else "failover"


def approvals_by_others(recovery: Recovery, place: Connection, entries: Iterable[Entry]) -> list[Approval]:
    """Return the approvals of the takeover that may begin now. Raise PolicyError where the plan requires
    one, and no other person has given any. `place` and `entries` are of the end that takes over.
    """
    if not needs_approval(recovery):
        return []
    occasion, plan = occasion_of(recovery), recovery.plan.name
    person = person_of(place)
    given = valid_approvals(entries, occasion, place.provider.clock.now())
    others = [each for each in given if each.principal != person]
    if others:
        return others
    why = f"{person} approved it, and now runs it" if given else "no one has approved it"
    raise recovery.refusal(
        f"{recovery.target_scope} cannot take over: nothing was changed",
        "not-approved",
        f"recovery plan {plan} wants a {occasion} to be approved by a second person: {why}",
        f"Another person runs, with credentials of their own: {command('dr', 'approve', occasion, plan)}. "
        "Then run this again.",
    )
