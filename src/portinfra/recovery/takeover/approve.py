"""`approve`: a person approves a takeover before it begins, or the manual step that one waits for."""

from portinfra.command_text import command
from portinfra.errors import PolicyError, UnknownNameError
from portinfra.execution.connection import Connection
from portinfra.format import suggestion
from portinfra.model.strict import strict
from portinfra.recovery.ledger.approvals import KIND, approval_entry, person_of
from portinfra.recovery.ledger.entry_lease import hold_entry_lease
from portinfra.recovery.ledger.points import new_id
from portinfra.recovery.ledger.takeovers import TakeoverEntry, data_id
from portinfra.recovery.recovery import Recovery
from portinfra.recovery.situation.facts import read_facts
from portinfra.recovery.situation.situation import Situation
from portinfra.recovery.watch.approvals import occasion_of
from portinfra.validation.arguments import check_arguments
from portinfra.value import frozen

APPROVAL_SECONDS = 3600.0
"""How long an approval of a takeover is valid."""


@frozen(field_transformer=strict)
class Approving:
    """An approval that was given."""

    what: str
    takeover: str
    """Of a manual step; empty: it is of a takeover that has not begun."""
    principal: str
    at: float
    """In seconds since 1970."""
    until: float | None
    """When it expires; None: with its takeover."""


@check_arguments
def approve(recovery: Recovery, what: str) -> Approving:
    """Approve a takeover (`failover`, `failback`) or the manual step that a takeover waits for, by its name.

    The ledger has the principal of the credentials. Raises PolicyError for what no takeover waits for,
    ProviderError where the end that takes over does not answer, and LeaseHeldError while another person
    approves something.
    """
    declared = recovery.as_declared
    ways: dict[str, Recovery] = {occasion_of(way): way for way in (declared, declared.reversed)}
    if what in declared.plan.approve:
        return _write(ways[what], what, None)
    now = read_facts(declared, hosts=False)
    turn = now.turn
    if turn is None or turn.waits != what:
        raise _nothing_waits(declared, what, now)
    return _write(ways[turn.occasion], what, turn)


def _write(way: Recovery, what: str, turn: TakeoverEntry | None) -> Approving:
    with Connection.to(way.target) as place:
        place.account()
        with hold_entry_lease(way, place) as ledger:
            now, person = place.now(), person_of(place)
            id = new_id(now, (str(entry.said["id"]) for entry in ledger.entries(KIND)))
            until = 0.0 if turn else now + APPROVAL_SECONDS
            takeover, data = (turn.id, data_id(turn)) if turn else ("", "")
            ledger.add(approval_entry(id, what, person, at=now, until=until, takeover=takeover, data=data))
    return Approving(what, takeover, person, now, until or None)


def _nothing_waits(recovery: Recovery, what: str, now: Situation) -> PolicyError:
    waits = now.turn.waits if now.turn else ""
    known = [*recovery.plan.approve, *([waits] if waits else [])]
    steps = [action.name for action in recovery.plan.actions if action.manual]
    message = f"no takeover waits for {what!r}"
    if what in steps and now.open:
        message += " yet"
    refused = recovery.refusal(
        f"{what} is not approved",
        "nothing-waits",
        message,
        suggestion(
            what,
            known,
            f"See what it waits for: {command('dr', 'status', recovery.plan.name)}.",
        ),
    )
    occasions = (occasion_of(recovery), occasion_of(recovery.reversed))
    return refused if what in (*steps, *occasions) else UnknownNameError(refused.findings)
