"""The verbs as users call them. Each validates the recovery, and calls the `notify` hooks of the plan when it
begins and when it ends.
"""

from collections.abc import Callable
from contextlib import suppress
from functools import wraps
from inspect import signature
from typing import Final, ParamSpec, TypeVar

from portinfra.declaration.declared import Declared
from portinfra.errors import LeaseHeldError, PolicyError, StalePlanError, ValidationError
from portinfra.hooks.listeners import SafeListener
from portinfra.model.evidence import Evidence
from portinfra.placement import place
from portinfra.provider import registry
from portinfra.recovery.drills import drill as drills
from portinfra.recovery.notify import Event, notify
from portinfra.recovery.options import FailoverOptions
from portinfra.recovery.points.locks import lock_findings
from portinfra.recovery.recovery import Recovery
from portinfra.recovery.replication import replicate as replication
from portinfra.recovery.replication.replicate import Replicated
from portinfra.recovery.situation.situation import End
from portinfra.recovery.takeover import refresh as refreshes
from portinfra.recovery.takeover import takeover as takeovers
from portinfra.recovery.vault.readiness import unfit_findings
from portinfra.recovery.watch.probers import prober_support_findings
from portinfra.rollout.waves import Say
from portinfra.validation import validate, validate_declared, validate_helpers
from portinfra.validation.arguments import check_arguments

P = ParamSpec("P")
T = TypeVar("T")

REFUSALS = (PolicyError, ValidationError, LeaseHeldError, StalePlanError)
"""The errors of a run that has changed nothing."""


def validate_recovery(recovery: Recovery) -> None:
    """Check a recovery as the command line does. Raises ValidationError or PlacementError, with all findings.

    A limit that applies only to new resources raises nothing.
    """
    recovery = recovery.as_declared
    topology, plan, ends = recovery.topology, recovery.plan, (recovery.source, recovery.target)
    validate_declared(Declared((topology,), ends, (plan,)), existing=True)
    native = {}
    for environment in ends:
        plugin = registry.plugin_of(environment)
        native[plugin.name] = plugin.native
        validate(topology, environment, plugin.capabilities, native, existing=True)
        place(topology, environment)
    found = [*unfit_findings(recovery), *prober_support_findings(recovery), *lock_findings(recovery)]
    validate_helpers(plan, native, found)


def _announce(
    verb: str, run: Callable[P, T], end: Callable[[T], Event | None], *, begins: bool
) -> Callable[P, T]:
    """Return a verb that notifies. `end` returns the event for a result of the verb, or None for no event."""

    @wraps(run)
    def notifying(*args: P.args, **more: P.kwargs) -> T:
        given = signature(run).bind(*args, **more).arguments
        validate_recovery(given["recovery"])
        recovery, say = given["recovery"], SafeListener(given.get("say", lambda line: None))

        def send(event: Event | None) -> None:
            for problem in notify(recovery, event) if event else ():
                say(problem)

        send(Event("begun", verb) if begins else None)
        try:
            done = run(*args, **more)
        except (Exception, KeyboardInterrupt) as error:
            send(_end_event(verb, error))
            raise
        with suppress(KeyboardInterrupt):  # the run is over, and its evidence must not be lost
            send(end(done))
        return done

    return check_arguments(notifying)


def _end_event(verb: str, error: BaseException) -> Event:
    reason = "interrupted" if isinstance(error, KeyboardInterrupt) else str(error)
    return Event("refused" if isinstance(error, REFUSALS) else "failed", verb, reasons=(reason,))


def _evidence(evidence: Evidence) -> Event:
    return Event("ended", evidence.kind, evidence.id, evidence.result, evidence.reasons)


def _trouble(made: Replicated) -> Event | None:
    """Return the event of a failed replication. A successful one has none: a timer starts many."""
    problems = tuple(f"{group.group}: {group.problem}" for group in made.groups if group.problem)
    return None if made.succeeded else Event("ended", "replicate", result="failed", reasons=problems)


drill: Final = _announce("drill", drills.drill, _evidence, begins=True)
failover: Final = _announce("failover", takeovers.failover, _evidence, begins=True)
failback: Final = _announce("failback", takeovers.failback, _evidence, begins=True)
refresh: Final = _announce("refresh", refreshes.refresh, _evidence, begins=True)
replicate: Final = _announce("replicate", replication.replicate, _trouble, begins=False)


@check_arguments
@wraps(takeovers.takeover)
def takeover(
    recovery: Recovery, to: End, options: FailoverOptions | None = None, *, say: Say = lambda line: None
) -> Evidence:
    """Make one end active, with the events of the command that leads to it."""
    return (failover if to == "target" else failback)(recovery, options, say=say)
