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
    "cut short",
    "damaged",
    "slow",
    "killed before",
    "killed after",
]
"""What may happen: refused for the rate (503); 503 and 500 as EC2 words them; 500 in HTML, as its front end
words it; the connection broken before or after the effect, or in the middle of the answer; a block of
which a byte has changed on its way; an answer that takes `seconds`; the client,
process `pid`, killed with SIGKILL before or after the effect."""


@define
class Fault:
    """One thing that goes wrong."""

    mishap: Mishap
    action: str = ""
    """Only at this action; at any where empty."""
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
