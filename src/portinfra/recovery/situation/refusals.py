"""The sentences of a refusal: what happened, where, and the right command. Pure."""

from collections.abc import Callable

from attrs import evolve

from portinfra import command_text
from portinfra.errors import OutcomeUnknown, PolicyError, PortinfraError, Unavailable
from portinfra.format import moment, silent_line
from portinfra.model.environment import Environment
from portinfra.model.finding import Finding
from portinfra.recovery.recovery import Recovery
from portinfra.recovery.situation.permissions import Refusal, Verb, may, next_verbs
from portinfra.recovery.situation.situation import ENDS, End, Situation, peer_of


def raise_if_refused(recovery: Recovery, verb: Verb, now: Situation) -> None:
    """Raise PolicyError where the verb is refused. Where an end does not answer, raise its error instead:
    Unavailable, with the command that needs no answer of that end.
    """
    recovery, refusal = recovery.as_declared, may(verb, now)
    if refusal is None:
        return
    found = explain(recovery, verb, refusal, now)
    zones = now.facts(now.waiting).silent_zones
    if refusal.rule == "not-fenced" and zones:
        name = _name(recovery, now.waiting)
        what = f"{silent_line(zones, of=name)}: portinfra does not know what runs there"
        fence = command(recovery, refusal.instead[0])
        fix = f"When {name} answers again, run {fence}, and then {command(recovery, verb)}."
        raise PolicyError(_title(recovery, verb), [evolve(found, message=what, fix=fix)])
    silent = next((end for end in ENDS if refusal.rule == f"{end}-silent"), None)
    if silent is None:
        raise PolicyError(_title(recovery, verb), [found])
    error = now.facts(silent).error
    if isinstance(error, PortinfraError) and not isinstance(error, Unavailable | OutcomeUnknown):
        raise error  # the end is reachable: the credentials are wrong, for example
    raise Unavailable(
        found.message, provider=_environment(recovery, silent).provider, fix=found.fix
    ) from error


def explain(recovery: Recovery, verb: Verb, refusal: Refusal, now: Situation) -> Finding:
    """Return a refusal as a finding."""
    recovery = recovery.as_declared
    message, fix = _SENTENCES[refusal.rule](recovery, verb, refusal, now)
    return Finding(f"recovery/{refusal.rule}", message, fix, subject=f"recovery.{recovery.plan.name}")


def command(recovery: Recovery, verb: Verb) -> str:
    """Return the command of a verb, as an operator types it."""
    recovery, plan = recovery.as_declared, recovery.plan.name
    if verb.name == "takeover":
        name = "failover" if verb.end == "target" else "failback"
        planned = ("--planned",) if verb.planned else ()
        lost = ("--lost", _name(recovery, peer_of(_end(verb)))) if verb.lost else ()
        return command_text.command("dr", name, plan, *planned, *lost)
    if verb.name == "abandon":
        return command_text.command("dr", "abandon", plan, *(("--older-data",) if verb.older_data else ()))
    if verb.name in ("apply", "destroy"):
        without = ("--without-peer",) if verb.without_peer else ()
        return command_text.command(verb.name, _name(recovery, _end(verb)), *without)
    return command_text.command("dr", verb.name, plan)


def next_step(recovery: Recovery, verbs: tuple[Verb, ...]) -> str:
    """Return a sentence with the commands that are right now, the best first; empty without any."""
    recovery = recovery.as_declared
    if not verbs:
        return ""
    first, *others = (command(recovery, verb) for verb in verbs)
    lead = "Stop it first" if verbs[0].name == "fence" else "Finish that"
    if verbs[0].name == "takeover":
        lead = "Continue it"
        if verbs[0].lost:
            name = _name(recovery, peer_of(_end(verbs[0])))
            return f"Wait until {name} answers; or, if {name} is lost: {first}."
    return f"{lead}: {first}" + "".join(f"; or abandon it: {other}" for other in others) + "."


Sentences = tuple[str, str]
"""What happened, and what to do next."""


def _silent(recovery: Recovery, verb: Verb, refusal: Refusal, now: Situation) -> Sentences:
    end: End = "source" if refusal.rule == "source-silent" else "target"
    return f"{_name(recovery, end)} does not answer{_why(now, end)}", _wait(recovery, refusal, end)


def _peer_silent(recovery: Recovery, verb: Verb, refusal: Refusal, now: Situation) -> Sentences:
    end = _end(verb)
    peer = _name(recovery, peer_of(end))
    return (
        f"portinfra cannot read whether {peer} has taken over from {_name(recovery, end)}"
        f"{_why(now, peer_of(end))}",
        f"Restore the connection to {peer}. If you are certain that it is not active, skip the check: "
        "--without-peer (in Python: guards=()).",
    )


def _open(recovery: Recovery, verb: Verb, refusal: Refusal, now: Situation) -> Sentences:
    name, other = _name(recovery, now.active), _name(recovery, now.waiting)
    since = f" (since {moment(now.authority.epoch)})" if now.authority else ""
    what = f"{name} takes over from {other}{since}, and that is not finished"
    if now.phase == "abandoning":
        what = f"the takeover by {other} is being abandoned{since}, and {name} is not active again yet"
    return what, next_step(recovery, refusal.instead)


def _unreadable(recovery: Recovery, verb: Verb, refusal: Refusal, now: Situation) -> Sentences:
    end = next(end for end in ENDS if now.facts(end).damaged)
    return (
        f"a takeover by {_name(recovery, end)} may not be finished, and its data may be old: "
        f"{now.facts(end).damaged[0]}",
        "Repair that entry, or delete it if you know that the takeover is finished or abandoned. Or take "
        f"over again, with the newest data there: {command(recovery, refusal.instead[0])}.",
    )


def _not_fenced(recovery: Recovery, verb: Verb, refusal: Refusal, now: Situation) -> Sentences:
    name, other = _name(recovery, now.active), _name(recovery, now.waiting)
    since = f"since {moment(now.authority.epoch)}" if now.authority else "now"
    return (
        f"{name} is active {since}, and {other} is not stopped: its hosts run, or it did not answer then",
        f"Stop it first: {command(recovery, refusal.instead[0])}.",
    )


def _source_waits(recovery: Recovery, verb: Verb, refusal: Refusal, now: Situation) -> Sentences:
    name, other = _name(recovery, now.active), _name(recovery, now.waiting)
    return (
        f"{name} is active, and the data of {other} is older",
        f"Run the same command again: {command(recovery, refusal.instead[0])} now carries data from {name} "
        f"to {other}.",
    )


def _active_end(recovery: Recovery, verb: Verb, refusal: Refusal, now: Situation) -> Sentences:
    return (
        f"{_name(recovery, now.active)} is active, and a drill runs in the waiting environment",
        f"Go back first: {command(recovery, Verb('takeover', now.waiting))}. Then run the drill.",
    )


def _refresh_active(recovery: Recovery, verb: Verb, refusal: Refusal, now: Situation) -> Sentences:
    return (
        f"{_name(recovery, now.active)} is active and has the newest data; only a standby can be refreshed",
        next_step(recovery, refusal.instead)
        or f"Go back first: {command(recovery, Verb('takeover', now.waiting))}. Then run the refresh.",
    )


def _already_active(recovery: Recovery, verb: Verb, refusal: Refusal, now: Situation) -> Sentences:
    name, other = _name(recovery, now.active), _name(recovery, now.waiting)
    since = f" since {moment(now.authority.epoch)}" if now.authority else ""
    if refusal.instead:
        fence = command(recovery, refusal.instead[0])
        return f"{name} is active already{since}, and {other} is not stopped", f"Stop it: {fence}."
    return (
        f"{name} is active already{since}: there is nothing left to do",
        f"To repair it: {command(recovery, Verb('apply', now.active))}. To make {other} "
        "active: "
        f"{command(recovery, Verb('takeover', now.waiting))}.",
    )


def _nothing_to_fence(recovery: Recovery, verb: Verb, refusal: Refusal, now: Situation) -> Sentences:
    name, other = _name(recovery, now.active), _name(recovery, now.waiting)
    if now.open:
        what, fix = _open(recovery, verb, evolve(refusal, instead=next_verbs(now)), now)
        return f"{other} is stopped already: {what}", fix
    is_standby = now.facts(now.waiting).hosts == "standby"
    runs = "runs as the declared standby" if is_standby else "has no host that must be stopped"
    return (
        f"{name} is active, and {other}, which waits, {runs}",
        f"{_status(recovery)} shows both environments. To make {other} active: "
        f"{command(recovery, Verb('takeover', now.waiting))}.",
    )


def _nothing_under_way(recovery: Recovery, verb: Verb, refusal: Refusal, now: Situation) -> Sentences:
    return (
        f"no takeover is under way: {_name(recovery, now.active)} is active",
        f"{_status(recovery)} shows both environments, and the command that finishes a takeover.",
    )


def _own_data(recovery: Recovery, verb: Verb, refusal: Refusal, now: Situation) -> Sentences:
    name, other = _name(recovery, now.active), _name(recovery, now.waiting)
    first, *others = (command(recovery, each) for each in refusal.instead)
    give_up = "".join(
        f" If it cannot continue, make {other} active with its older data: {each}. Data that only {name} has "
        "then stays on its volumes and in kept snapshots, and is copied nowhere."
        for each in others
    )
    what = f"{name}, which takes over, has the newest data, and {other} "
    return what + ("has older data" if others else "has no data"), f"Continue: {first}.{give_up}"


def _too_late(recovery: Recovery, verb: Verb, refusal: Refusal, now: Situation) -> Sentences:
    return (
        f"{_name(recovery, now.active)} takes over without a last point and has begun to change: "
        "no last point can be copied now",
        f"Remove --planned. {next_step(recovery, refusal.instead)}",
    )


_SENTENCES: dict[str, Callable[[Recovery, Verb, Refusal, Situation], Sentences]] = {
    "source-silent": _silent,
    "target-silent": _silent,
    "peer-silent": _peer_silent,
    "failover-under-way": _open,
    "failback-under-way": _open,
    "being-abandoned": _open,
    "takeover-unreadable": _unreadable,
    "not-fenced": _not_fenced,
    "superseded": _not_fenced,
    "source-waits": _source_waits,
    "active-end": _active_end,
    "refresh-active-end": _refresh_active,
    "stands-already": _already_active,
    "source-stands": _already_active,
    "nothing-to-fence": _nothing_to_fence,
    "nothing-under-way": _nothing_under_way,
    "own-data-is-newest": _own_data,
    "too-late-to-plan": _too_late,
}


def _title(recovery: Recovery, verb: Verb) -> str:
    end = verb.end
    scope = "" if end is None else recovery.source_scope if end == "source" else recovery.target_scope
    return {
        "takeover": f"{scope} cannot take over",
        "replicate": f"{scope} makes no new points now",
        "drill": f"the drill in {scope} was not started",
        "refresh": f"{scope} is not refreshed",
        "fence": "nothing is stopped",
        "abandon": "nothing is abandoned",
    }.get(verb.name, f"{scope} is not changed")


def _wait(recovery: Recovery, refusal: Refusal, end: End) -> str:
    if refusal.instead:
        return next_step(recovery, refusal.instead)
    return f"Wait until {_name(recovery, end)} answers, and run the same command again."


def _why(now: Situation, end: End) -> str:
    error = now.facts(end).error
    return f": {error.first_line}" if error else ""


def _status(recovery: Recovery) -> str:
    return command_text.command("dr", "status", recovery.plan.name)


def _name(recovery: Recovery, end: End) -> str:
    return _environment(recovery, end).name


def _environment(recovery: Recovery, end: End) -> Environment:
    return recovery.source if end == "source" else recovery.target


def _end(verb: Verb) -> End:
    assert verb.end is not None
    return verb.end
