"""The check before a takeover: portinfra refuses one that would fail, before the first write."""

from portinfra.command_text import command
from portinfra.execution.connection import Connection
from portinfra.model.finding import Severity
from portinfra.planning.refusal import refusal_of
from portinfra.recovery.ledger.ledger import Ledger
from portinfra.recovery.options import How
from portinfra.recovery.recovery import Recovery, check_points
from portinfra.recovery.situation.facts import read_facts
from portinfra.recovery.situation.refusals import raise_if_refused
from portinfra.recovery.situation.situation import Situation, peer_of
from portinfra.recovery.situation.wish import end_of, takeover_verb
from portinfra.recovery.watch.approvals import approvals_by_others, needs_approval
from portinfra.recovery.watch.forecast import foresee
from portinfra.recovery.watch.status import status_of_way
from portinfra.validation.arguments import check_arguments


@check_arguments
def may_take_over(recovery: Recovery, how: How | None = None) -> Situation:
    """Return the situation in which a takeover to the target is permitted. Raise PolicyError where it is not.
    Raise it, or ValidationError, with the errors of `prospect`, unless the takeover may have stopped the
    other end already.
    """
    how = how or How()
    left = peer_of(end_of(recovery))
    now = read_facts(recovery, left if how.lost else None)
    raise_if_refused(recovery, takeover_verb(recovery, how), now)
    known = status_of_way(recovery, ask_source=not how.lost)
    check_points(recovery, how.without, known.known_points)
    if _has_stopped(recovery, how, now):
        return now
    if needs_approval(recovery) and not (now.open and now.active == end_of(recovery)):
        with Connection.to(recovery.target) as place:
            approvals_by_others(recovery, place, Ledger.settled(place, recovery.ledger).entries())
    found = foresee(recovery, how, now, known).findings
    if errors := [each for each in found if each.severity is Severity.ERROR]:
        abandon = command("dr", "abandon", recovery.plan.name)
        fix = f"Correct that, and run it again; or abandon it: {abandon}." if now.open else ""
        raise refusal_of(f"{recovery.target_scope} cannot take over: nothing was changed", errors, fix)
    return now


def _has_stopped(recovery: Recovery, how: How, now: Situation) -> bool:
    """Return whether a takeover goes on that may have stopped the other end. To refuse it would protect
    nothing: each of its waves looks again, and those before the one that fails are up.
    """
    if not now.open or now.active != end_of(recovery):
        return now.open and how.lost
    return how.lost or now.facts(now.waiting).authority == now.authority
