"""An operator's request, as the decision table has it. Pure."""

from portinfra.recovery.groups import data_digest
from portinfra.recovery.ledger.takeovers import TakeoverEntry
from portinfra.recovery.options import FailoverOptions
from portinfra.recovery.recovery import Recovery
from portinfra.recovery.situation.permissions import Verb
from portinfra.recovery.situation.situation import End, Situation


def end_of(recovery: Recovery) -> End:
    """Return the end that becomes active: the target, or on the way back the source."""
    return "source" if recovery.is_reversed else "target"


def takeover_verb(recovery: Recovery, options: FailoverOptions) -> Verb:
    """Return the verb, as the decision table has it."""
    return Verb("takeover", end_of(recovery), planned=options.planned is True, lost=options.lost)


def is_planned(recovery: Recovery, options: FailoverOptions, now: Situation) -> bool:
    """Return whether a takeover carries a last point, where its ledger does not say so yet. Without a choice
    the way back does, while nothing is restored.
    """
    wanted = recovery.is_reversed if options.planned is None else options.planned
    return wanted and not options.lost and not now.restoring


def other_end_has_data(recovery: Recovery, turn: TakeoverEntry) -> bool:
    """Return whether the other end had all data of the volumes that are declared now, as a takeover found
    when it began. It judged the volumes that were declared then, so an edit of them leaves nothing known.
    """
    return turn.contained_data == data_digest(recovery)
