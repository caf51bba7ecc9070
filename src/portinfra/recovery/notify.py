"""Events for the user's own program: a run begins, waits, ends or is refused; a replication fails.

A failed call does not fail the run. A run waits for each call only up to a limit.
"""

from datetime import UTC, datetime
from typing import Literal

from attrs import asdict, field

from portinfra.execution.questions import ask
from portinfra.hooks.calls import name_of
from portinfra.model.hook import Hook
from portinfra.model.plain import Document
from portinfra.provider.own_code import describe
from portinfra.recovery.recovery import Recovery
from portinfra.value import frozen

SCHEMA = "portinfra.event/1"

LIMIT_SECONDS = 10.0
"""The time limit of one call, in seconds."""


@frozen
class Event:
    """One event of a run."""

    event: Literal["begun", "waits", "ended", "refused", "failed"]
    """`waits`: for a person. `failed`: it ended with an error, and has no evidence."""
    verb: str
    """`drill`, `failover`, `failback`, `refresh` or `replicate`."""
    id: str = ""
    """The id of the drill or takeover, once it has one."""
    result: str = ""
    """The result of a run that has ended: `passed`, `inconclusive` or `failed`."""
    reasons: tuple[str, ...] = field(default=())
    """Why it did not pass, or was refused; or what it waits for."""


def event_document(recovery: Recovery, event: Event) -> Document:
    """Return an event as JSON has it, with its recovery and the time of this machine."""
    return {
        "schema": SCHEMA,
        **asdict(event),
        "reasons": list(event.reasons),
        "recovery": recovery.plan.name,
        "source": recovery.source.name,
        "target": recovery.target.name,
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
    }


def notify(recovery: Recovery, event: Event) -> tuple[str, ...]:
    """Call the `notify` hooks of the plan with an event. Return a sentence for each call that failed."""
    document = event_document(recovery, event)
    problems = [(hook, _call(hook, document)) for hook in recovery.plan.notify]
    return tuple(f"notify {name_of(hook)!r} failed: {why}" for hook, why in problems if why)


def _call(hook: Hook, event: Document) -> str:
    try:
        answer = ask(hook, event, seconds=LIMIT_SECONDS, file="event", function_seconds_min=0)
    except OSError as error:
        return str(error)
    except KeyboardInterrupt:
        raise
    except (
        BaseException
    ) as error:  # of a function: `asyncio.CancelledError`, for example, is not an Exception
        return describe(error, hook if callable(hook) else None)
    return "" if answer.passed else answer.problem or answer.told or "it returned False"
