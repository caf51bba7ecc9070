"""Checks of recovery plans: durations, each by itself and compared with the others."""

from collections.abc import Iterator

from portinfra.model.duration import seconds, why_no_duration
from portinfra.model.finding import Finding, Severity
from portinfra.model.recovery import RecoveryPlan, Wave
from portinfra.validation.recovery_part import Part, drill_part, policy_part, wave_parts, whole

DAY = 86_400

USUAL = Wave(()).limit
"""A wave's limit that the user did not set."""

LOCK_FIX = "Write whole days: 7d, for example."


def length(text: str) -> int | None:
    """Return a duration in seconds; None for any other text."""
    try:
        return seconds(text)
    except ValueError:
        return None


def time_findings(recovery: RecoveryPlan) -> Iterator[Finding]:
    """Yield findings for texts that are no durations, points too seldom for the rpo, and waves longer than
    the rto.
    """
    for part, attribute, text in _list_durations(recovery):
        if length(text) is None:
            message = f"{text!r} {why_no_duration(text)}"
            fix = LOCK_FIX if attribute == "lock" else "Write 30m, 4h or 1d, for example."
            yield part.wrong("duration", attribute, message, fix)
    if recovery.lock and (length(recovery.lock) or DAY) % DAY:
        message = f"a lock of {recovery.lock} is no number of whole days"
        yield whole(recovery).wrong("lock", "lock", message, LOCK_FIX)
    rpo, rto = length(recovery.rpo), length(recovery.rto)
    part, attribute, limit = drill_part(recovery, "limit")
    if rto and (length(limit) or rto) < rto:
        message = f"hosts stop after {limit}, and recovery may take {recovery.rto}"
        fix = "Give a drill as long as the rto, or longer."
        yield part.wrong("drill-limit", attribute, message, fix)
    for each in recovery.data:
        if rpo and (length(each.schedule) or 0) > rpo:
            message = f"a point every {each.schedule} cannot meet an rpo of {recovery.rpo}"
            fix = "Make points more often than the rpo; by default it is twice as often."
            yield policy_part(recovery, each).wrong("schedule", "schedule", message, fix)
    for part, wave in zip(wave_parts(recovery), recovery.waves, strict=True):
        if rto and wave.limit != USUAL and (length(wave.limit) or 0) > rto:
            message = f"it may take {wave.limit}, and the whole recovery {recovery.rto}"
            fix = "Shorten the limit, or allow a longer rto."
            yield part.wrong("limit", "limit", message, fix, Severity.WARNING)


def _list_durations(recovery: RecoveryPlan) -> Iterator[tuple[Part, str, str]]:
    """Yield every duration: its owner, its attribute, and the text."""
    for attribute in ("rpo", "rto"):
        yield whole(recovery), attribute, getattr(recovery, attribute)
    yield drill_part(recovery, "limit")
    if recovery.drill and recovery.drill.every:
        yield drill_part(recovery, "every")
    for attribute in ("lock", "keep_overwritten", "refresh_every"):
        if text := getattr(recovery, attribute):
            yield whole(recovery), attribute, text
    for part, wave in zip(wave_parts(recovery), recovery.waves, strict=True):
        yield part, "limit", wave.limit
    for action in recovery.actions:
        part = Part(f"recovery.{recovery.name}.action.{action.name}", action.location)
        yield part, "limit", action.limit
    for each in recovery.data:
        if each.schedule:
            yield policy_part(recovery, each), "schedule", each.schedule
        yield policy_part(recovery, each), "freeze_limit", each.freeze_limit
