"""The check before a takeover: portinfra refuses one that would fail, before the first write."""

from portinfra.errors import PolicyError
from portinfra.model.finding import Severity
from portinfra.recovery.options import How
from portinfra.recovery.recovery import Recovery, check_points
from portinfra.recovery.watch.forecast import foresee
from portinfra.recovery.watch.status import RecoveryStatus, status
from portinfra.validation.arguments import check_arguments


@check_arguments
def may_take_over(recovery: Recovery, how: How | None = None) -> None:
    """Raise PolicyError with the errors of `prospect`, unless this takeover may have stopped the source."""
    how = how or How()
    now = status(recovery, ask_source=not how.source_is_lost)
    check_points(recovery, how.without, now.known_points)
    if _is_decided(now, how):
        return
    errors = [each for each in foresee(recovery, how, now).findings if each.severity is Severity.ERROR]
    if errors:
        fix = f"Mend that, and run it again; or give it up: dr {how.occasion} --abandon." if now.turn else ""
        raise PolicyError(f"{recovery.target_scope} cannot take over: nothing was changed", errors, fix=fix)


def _is_decided(now: RecoveryStatus, how: How) -> bool:
    """Return whether this is no new decision: a takeover that goes on, or one that is refused when it begins.

    One that may have stopped the source goes on, whatever is found: to refuse it would protect nothing, each
    of its waves looks again, and those before the one that fails are up.
    """
    if turn := now.turn_by(how.occasion):
        return bool(how.source_is_lost or turn.abandoned or now.source_fenced is not False)
    return bool(now.turn or now.stands)
