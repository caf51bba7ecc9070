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
    """Return the name of the takeover to the target of this recovery."""
    return "failback" if recovery.is_reversed else "failover"


def is_approved(recovery: Recovery, place: Connection, entries: Iterable[Entry]) -> bool:
    """Return whether the takeover may begin now: another person has approved it, or the plan requires no
    approval. `place` and `entries` are of the end that becomes active.
    """
    return not needs_approval(recovery) or bool(_by_others(place, _valid(recovery, place, entries)))


def approvals_by_others(recovery: Recovery, place: Connection, entries: Iterable[Entry]) -> list[Approval]:
    """Return the approvals of the takeover that may begin now. `place` and `entries` are of the end that
    becomes active. Raise PolicyError where the plan requires an approval, and none of another person is
    valid.
    """
    if not needs_approval(recovery):
        return []
    occasion, plan = occasion_of(recovery), recovery.plan.name
    given = _valid(recovery, place, entries)
    if others := _by_others(place, given):
        return others
    why = f"{person_of(place)} approved it, and now runs it" if given else "no approval is valid now"
    raise recovery.refusal(
        f"{recovery.target_scope} cannot take over: nothing was changed",
        "not-approved",
        f"recovery plan {plan} wants a {occasion} to be approved by a second person: {why}",
        f"Another person runs, with credentials of their own: {command('dr', 'approve', occasion, plan)}. "
        "Then run the same command again.",
    )


def _valid(recovery: Recovery, place: Connection, entries: Iterable[Entry]) -> list[Approval]:
    return valid_approvals(entries, occasion_of(recovery), place.now())


def _by_others(place: Connection, given: Iterable[Approval]) -> list[Approval]:
    """Return the approvals of persons other than the one who runs this."""
    given = list(given)
    person = person_of(place) if given else ""  # it may need a call
    return [each for each in given if each.principal != person]
