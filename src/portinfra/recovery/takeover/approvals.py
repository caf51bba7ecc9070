"""The approvals of one takeover and of its manual steps."""

from portinfra.recovery.ledger.approvals import KIND, Approval, read_approvals, step_approvals
from portinfra.recovery.ledger.ledger import Ledger
from portinfra.recovery.ledger.takeovers import TakeoverEntry


def list_approvals(ledger: Ledger, turn: TakeoverEntry, what: str = "") -> list[Approval]:
    """Return the approvals of a takeover and of its manual steps; with `what`, those of one step."""
    known = read_approvals(ledger.entries(KIND))
    of_steps = step_approvals(ledger.entries(KIND), turn)
    if what:
        return [each for each in of_steps if each.what == what]
    return [each for each in known if each.id in turn.approvals or each in of_steps]


def remove_spent_approvals(ledger: Ledger, turn: TakeoverEntry) -> None:
    """Remove approvals that were given before a takeover began, and that it did not begin with."""
    for each in read_approvals(ledger.entries(KIND)):
        if each.entry.number < turn.number and each.id not in turn.approvals:
            ledger.remove(each.entry)
