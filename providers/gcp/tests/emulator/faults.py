"""Faults on the wire and in the service, at a chosen request or by the dozen."""

from typing import Literal

from attrs import define, field

Mishap = Literal[
    "throttled",
    "unavailable",
    "internal error",
    "html error",
    "dropped before",
    "dropped after",
    "slow",
    "killed before",
    "killed after",
]
"""What may happen: refused for the rate (403); 503 and 500 as Compute Engine words them; 502 in HTML, as
Google's front end words it; the connection broken before or after the effect; an answer that takes
`seconds`; the client, process `pid`, killed with SIGKILL before or after the effect."""


@define
class Fault:
    """One thing that goes wrong."""

    mishap: Mishap
    action: str = ""
    """Only at this method, `instances.insert`; at any where empty."""
    at: int = 1
    """At the so-manieth request that fits, counted from when the fault is set."""
    times: int = 1
    """How often in a row, from there."""
    seconds: float = 0.0
    pid: int = 0
    _seen: int = 0

    def strikes(self, action: str) -> bool:
        """Count a request; whether it is hit."""
        if self.action and self.action != action:
            return False
        self._seen += 1
        return self.at <= self._seen < self.at + self.times


@define
class Faults:
    """The faults that are set."""

    _set: list[Fault] = field(factory=list)

    def add(self, fault: Fault) -> None:
        """Set one more."""
        self._set.append(fault)

    def clear(self) -> None:
        """Fair weather again."""
        self._set.clear()

    def at(self, action: str) -> list[Fault]:
        """What strikes this request."""
        return [fault for fault in self._set if fault.strikes(action)]
