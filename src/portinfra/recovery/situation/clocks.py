"""The difference between the clock of this machine and the time of the providers, which recovery uses."""

from collections.abc import Iterable

from portinfra.execution.connection import Connection
from portinfra.format import duration
from portinfra.recovery.recovery import Recovery
from portinfra.rollout.waves import Say

SAY_SECONDS = 60.0
"""A run reports a larger difference, in seconds."""

REFUSE_SECONDS = 300.0
"""Replication and takeovers are refused for a larger difference, in seconds, unless an operator insists."""

FIX = "Set the clock of this machine (NTP); or use the time of the provider: --insist."


def clock_line(environment: str, offset: float | None) -> str:
    """Return that the clock of this machine is wrong; empty: it is right, or no provider has a clock.

    `offset` is how far the provider of an environment is ahead of this machine, in seconds.
    """
    if offset is None or abs(offset) <= SAY_SECONDS:
        return ""
    way = "behind" if offset > 0 else "ahead of"
    return f"the clock of this machine is {duration(abs(offset))} {way} the time of {environment}'s provider"


def say_clocks(ends: Iterable[Connection], say: Say) -> None:
    """Report once where the clock of this machine is wrong."""
    for line in _lines(ends)[:1]:
        say(f"{line}: portinfra uses the time of the provider")


def check_clocks(recovery: Recovery, ends: Iterable[Connection], *, insist: bool) -> None:
    """Raise PolicyError where the clock of this machine is too wrong to make points."""
    wrong = [end for end in ends if abs(end.clock_offset or 0.0) > REFUSE_SECONDS]
    if wrong and not insist:
        what = f"no points of {recovery.source_scope} are made"
        raise recovery.refusal(what, "clock-offset", _lines(wrong)[0], FIX)


def _lines(ends: Iterable[Connection]) -> list[str]:
    lines = (clock_line(end.environment.name, end.clock_offset) for end in ends)
    return [line for line in lines if line]
