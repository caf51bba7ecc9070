"""The check before a takeover: portinfra refuses a takeover that would fail, before its first write."""

from attrs import evolve

from portinfra.command_text import command
from portinfra.execution.connection import Look
from portinfra.planning.refusal import refusal_of
from portinfra.recovery.groups import check_names
from portinfra.recovery.ledger.ledger import Ledger
from portinfra.recovery.options import FailoverOptions
from portinfra.recovery.recovery import Recovery
from portinfra.recovery.situation.facts import read_facts
from portinfra.recovery.situation.refusals import raise_if_refused
from portinfra.recovery.situation.request import end_of, takeover_verb
from portinfra.recovery.situation.situation import Situation, peer_of
from portinfra.recovery.vault.data_selection import Selection
from portinfra.recovery.watch.approvals import approvals_by_others, needs_approval
from portinfra.recovery.watch.forecast import foresee, with_permissions
from portinfra.recovery.watch.readiness import NEVER_OVERRULED, errors_of
from portinfra.recovery.watch.status import status_of_way
from portinfra.validation.arguments import check_arguments
from portinfra.value import frozen


@frozen
class Permitted:
    """A takeover that is permitted."""

    situation: Situation
    overruled: tuple[str, ...] = ()
    """The errors that an operator overruled, as sentences."""


@check_arguments
def may_take_over(recovery: Recovery, options: FailoverOptions | None = None) -> Permitted:
    """Return the situation in which a takeover to the target is permitted. Raise PolicyError where it is not.

    Raise it, or ValidationError, with the errors of `make_forecast`, unless the operator insists, or the
    takeover may have stopped the other end already. A takeover that has selected its data is also refused
    where an edit of the topology means that this data does not restore everything that is declared now.
    """
    options = options or FailoverOptions()
    check_names(recovery, evolve(options, without=()))  # of points, once the ledger is read
    left = peer_of(end_of(recovery))
    now = read_facts(recovery, left if options.lost else None)
    raise_if_refused(recovery, takeover_verb(recovery, options), now)
    with Look.to(recovery.target, recovery.topology) as target:
        known = status_of_way(recovery, ask_source=not options.lost, through=target)
        check_names(recovery, options, known.known_points)
        if now.turn and now.restoring and now.active == end_of(recovery):
            Selection(recovery, options, target).of(now.turn, Ledger(target, recovery.ledger))
        if _has_stopped(recovery, options, now):
            return Permitted(now)
        if needs_approval(recovery) and not (now.open and now.active == end_of(recovery)):
            entries = Ledger.after_settling(target, recovery.ledger).entries()
            approvals_by_others(recovery, target, entries)
        errors = errors_of(
            with_permissions(foresee(recovery, options, known, target), options, target).findings
        )
    refusing = [each for each in errors if not options.insist or each.rule in NEVER_OVERRULED]
    if refusing:
        abandon = command("dr", "abandon", recovery.plan.name)
        fix = f"Correct the findings, and run the same command again; or abandon the takeover: {abandon}."
        what = f"{recovery.target_scope} cannot take over: nothing was changed"
        raise refusal_of(what, refusing, fix if now.open else "")
    return Permitted(now, tuple(dict.fromkeys(f"{each.rule}: {each.message}" for each in errors)))


def _has_stopped(recovery: Recovery, options: FailoverOptions, now: Situation) -> bool:
    """Return whether this continues a takeover that may have stopped the other end. To refuse it would
    protect nothing: each of its waves is checked again, and the waves before a failed one are up.
    """
    if not now.open or now.active != end_of(recovery):
        return now.open and options.lost
    return options.lost or now.facts(now.waiting).authority == now.authority
