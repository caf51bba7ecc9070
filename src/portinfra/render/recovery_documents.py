"""The results of recovery commands as JSON documents and as Prometheus text (docs/recovery-json.md)."""

from collections.abc import Iterable
from datetime import datetime

from portinfra.format import iso
from portinfra.model.address import Scope
from portinfra.model.finding import Finding, Severity
from portinfra.model.plain import Document, plain
from portinfra.recovery.drills.history import RunHistory
from portinfra.recovery.drills.sweep import Swept
from portinfra.recovery.ledger.drills import DrillEntry
from portinfra.recovery.ledger.runs import Run
from portinfra.recovery.recovery import Recovery
from portinfra.recovery.replication.replicate import Replicated
from portinfra.recovery.situation.leftovers import Leftover
from portinfra.recovery.situation.situation import End, peer_of
from portinfra.recovery.takeover.abandon import Abandoned
from portinfra.recovery.takeover.approve import Approving
from portinfra.recovery.watch.forecast import Forecast
from portinfra.recovery.watch.recovery_status import RecoveryStatus
from portinfra.render.documents import finding_document


def prospect_document(found: Forecast) -> Document:
    """Return the forecast of a takeover."""
    return {
        "schema": "portinfra.recovery-plan/1",
        "recovery": found.recovery.plan.name,
        "source": str(found.recovery.source_scope),
        "target": str(found.recovery.target_scope),
        "waves": plain(found.waves),
        "rto_seconds": found.rto,
        "estimate_seconds": found.estimate,
        "floor_seconds": found.floor_seconds,
        "measured_seconds": found.measured,
        "measured_in": found.measured_in or None,
        "as_of": found.as_of,
        "data": plain(found.data),
        "status": status_document(found.status),
        "findings": [finding_document(finding) for finding in found.findings],
    }


def replicated_document(recovery: Recovery, made: Replicated) -> Document:
    """Return the outcome of a replication."""
    return {
        "schema": "portinfra.replicated/1",
        "recovery": recovery.plan.name,
        "succeeded": made.succeeded,
        "from": str(_scope(recovery, made.end)),
        "to": str(_scope(recovery, peer_of(made.end))),
        "groups": plain(made.groups),
        "pruned": made.pruned,
        "calls": made.calls,
    }


def _scope(recovery: Recovery, end: End) -> Scope:
    return recovery.source_scope if end == "source" else recovery.target_scope


def status_document(found: RecoveryStatus) -> Document:
    """Return the age of the newest restorable data, and the state of both environments."""
    return {
        "schema": "portinfra.recovery-status/1",
        "recovery": found.recovery,
        "level": found.level,
        "reasons": list(found.reasons),
        "points_in": found.points_in,
        "rpo_seconds": found.rpo,
        "volumes": plain(found.volumes),
        "roles": plain(found.roles),
        "points": plain(found.points),
        "last_drill": plain(found.last_drill),
        "drills_to_sweep": list(found.drills),
        "left_behind": [_leftover(each) for each in found.left_behind],
        "left_behind_unseen": list(found.left_unseen),
        "failover_under_way": found.turn.id if found.turn and found.turn.occasion == "failover" else None,
        "failback_under_way": found.turn.id if found.turn and found.turn.occasion == "failback" else None,
        "last_refresh": _refresh(found.last_refresh),
        "refresh_overdue": found.refresh_overdue,
        "standby_runs": found.standby_runs,
        "target_untold": found.untold,
        "target_stands_since": iso(found.active_since) if found.active_since else None,
        "source_stopped": found.source_stopped,
        "silent": list(found.silent),
        "readiness": None
        if found.readiness is None
        else [finding_document(finding) for finding in found.readiness],
        "vault_unseen": found.vault_unseen or None,
        "locks_unread": found.locks_unread or None,
        "dated_ahead": list(found.dated_ahead),
        "unreadable_entries": [str(each) for each in found.unreadable],
        "kept": plain(found.kept),
        "kept_unseen": list(found.kept_unseen),
        "waits_for_step": found.turn.waits or None if found.turn else None,
    }


def _leftover(each: Leftover) -> Document:
    return {
        "what": each.what,
        "environment": each.environment,
        "id": each.id or None,
        "command": each.command,
    }


def _refresh(run: Run | None) -> Document | None:
    return None if run is None else {"id": run.id, "began": run.began, "result": run.result}


def swept_document(recovery: Recovery, found: Iterable[Swept]) -> Document:
    """Return what a sweep deleted and what it could not."""
    found = list(found)
    return {
        "schema": "portinfra.swept/1",
        "recovery": recovery.plan.name,
        "drills": [_swept_drill(each) for each in found if each.what == "drill"],
        "others": [_swept_hosts(each) for each in found if each.what != "drill"],
    }


def _swept_drill(each: Swept) -> Document:
    return {"id": each.id, "began": each.began, "fate": each.fate, "resources": each.resources}


def _swept_hosts(each: Swept) -> Document:
    return {
        "what": each.what,
        "environment": each.environment,
        "fate": each.fate,
        "resources": each.resources,
    }


def runs_document(recovery: Recovery, found: Iterable[RunHistory]) -> Document:
    """Return the runs that the ledgers number, with their evidence."""
    return {
        "schema": "portinfra.drills/1",
        "recovery": recovery.plan.name,
        "runs": plain(tuple(found)),
    }


def abandoned_document(recovery: Recovery, done: Abandoned) -> Document:
    """Return the outcome of an abandoned takeover."""
    return {
        "schema": "portinfra.abandoned/1",
        "stands": str(recovery.source_scope),
        "fenced": None if done.stopped is None else str(recovery.target_scope),
        **plain(done),
    }


def approved_document(recovery: Recovery, given: Approving) -> Document:
    """Return an approval."""
    return {
        "schema": "portinfra.approved/1",
        "recovery": recovery.plan.name,
        "what": given.what,
        "takeover": given.takeover or None,
        "principal": given.principal,
        "at": iso(given.at),
        "until": None if given.until is None else iso(given.until),
    }


def level(recovery: str, number: int) -> str:
    """Return the level as Prometheus text: the exit code of `dr status`. Every output has this metric."""
    return "\n".join(
        [
            "# HELP portinfra_recovery_level 0 good, 1 late, 2 too old or not ready, 3 no answer.",
            "# TYPE portinfra_recovery_level gauge",
            f'portinfra_recovery_level{{recovery="{recovery}"}} {number}',
        ]
    )


def prometheus(found: RecoveryStatus) -> str:
    """Return the status as Prometheus text.

    A volume without any point has no age: alert on its level, or on its absence.
    """
    name = found.recovery
    is_active = bool(found.active_since or found.turn)
    lines = [
        "# HELP portinfra_recovery_rpo_seconds The most data that may be lost, as time.",
        "# TYPE portinfra_recovery_rpo_seconds gauge",
        f'portinfra_recovery_rpo_seconds{{recovery="{name}"}} {found.rpo}',
        "# HELP portinfra_recovery_point_age_seconds Age of a volume's newest restorable data.",
        "# TYPE portinfra_recovery_point_age_seconds gauge",
    ]
    for volume in found.volumes:
        if volume.age is not None:
            labels = f'recovery="{name}",group="{volume.group}",volume="{volume.volume.name}"'
            lines.append(f"portinfra_recovery_point_age_seconds{{{labels}}} {volume.age:.0f}")
    lines += [
        level(name, found.exit_code),
        "# HELP portinfra_recovery_drills_to_sweep Drills that have not ended, or left something behind.",
        "# TYPE portinfra_recovery_drills_to_sweep gauge",
        f'portinfra_recovery_drills_to_sweep{{recovery="{name}"}} {len(found.drills)}',
        "# HELP portinfra_recovery_left_behind Drills, hosts and refreshes that runs left behind.",
        "# TYPE portinfra_recovery_left_behind gauge",
        f'portinfra_recovery_left_behind{{recovery="{name}"}} {len(found.left_behind)}',
        *_readiness(name, found.readiness),
        *_last_drill(name, found.last_drill),
        "# HELP portinfra_recovery_refresh_overdue 1 where no refresh of the standby passed in time.",
        "# TYPE portinfra_recovery_refresh_overdue gauge",
        f'portinfra_recovery_refresh_overdue{{recovery="{name}"}} {int(found.refresh_overdue)}',
        "# HELP portinfra_recovery_target_stands 1 where the target has taken over, or has begun to.",
        "# TYPE portinfra_recovery_target_stands gauge",
        f'portinfra_recovery_target_stands{{recovery="{name}"}} {int(is_active)}',
        "# HELP portinfra_recovery_source_may_run 1 where the target is active, and the source may run too.",
        "# TYPE portinfra_recovery_source_may_run gauge",
        f'portinfra_recovery_source_may_run{{recovery="{name}"}} {int(found.source_may_run)}',
    ]
    return "\n".join(lines)


def _readiness(recovery: str, found: Iterable[Finding] | None) -> Iterable[str]:
    """Yield the number of errors that would refuse a takeover; nothing if it was not checked."""
    if found is not None:
        errors = sum(each.severity is Severity.ERROR for each in found)
        yield "# HELP portinfra_recovery_readiness_errors Errors that would refuse a takeover now."
        yield "# TYPE portinfra_recovery_readiness_errors gauge"
        yield f'portinfra_recovery_readiness_errors{{recovery="{recovery}"}} {errors}'


def _last_drill(recovery: str, drill: DrillEntry | None) -> Iterable[str]:
    """Yield the last drill; nothing if there was none: alert on its absence, too."""
    if drill is None:
        return
    labels = f'{{recovery="{recovery}"}}'
    began, passed = datetime.fromisoformat(drill.began).timestamp(), int(drill.result == "passed")
    yield "# HELP portinfra_recovery_last_drill_timestamp_seconds When the last drill that has ended began."
    yield "# TYPE portinfra_recovery_last_drill_timestamp_seconds gauge"
    yield f"portinfra_recovery_last_drill_timestamp_seconds{labels} {began:.0f}"
    yield "# HELP portinfra_recovery_last_drill_passed 1 where it passed, else 0."
    yield "# TYPE portinfra_recovery_last_drill_passed gauge"
    yield f"portinfra_recovery_last_drill_passed{labels} {passed}"
