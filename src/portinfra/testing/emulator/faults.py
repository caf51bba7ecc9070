"""Faults on the wire and in the service, at a chosen request or at several in a row."""

from typing import Literal, get_args

from attrs import define, field

Refusal = Literal["throttled", "unavailable", "internal error", "html error"]
"""A request that is refused and has no effect: for its rate; because the cloud cannot serve now; by an
internal error; by an internal error of the front end, which tells it in HTML."""

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
"""What may happen: a refusal; the connection broken before or after the effect, or in the middle of the
answer; a byte of a binary answer changed on its way; an answer that takes `seconds`; the client, process
`pid`, killed with SIGKILL before or after the effect."""

REFUSALS: tuple[Refusal, ...] = ("html error", "throttled", "unavailable", "internal error")
MISHAPS: tuple[Mishap, ...] = get_args(Mishap)


@define
class Fault:
    """One thing that goes wrong. Raises ValueError for a mishap that there is not."""

    mishap: Mishap = field()
    action: str = ""
    """Only at this action; empty: at any."""
    at: int = 1
    """At which of the requests that fit, counted from 1 when the fault is set."""
    times: int = 1
    """At how many requests in a row, from there."""
    seconds: float = 0.0
    """How long `slow` takes."""
    pid: int = 0
    """The process that `killed before` and `killed after` kill."""
    _seen: int = 0

    @mishap.validator
    def _is_known(self, attribute: object, mishap: str) -> None:
        if mishap not in MISHAPS:
            raise ValueError(f"there is no mishap {mishap!r}; there are {', '.join(MISHAPS)}")

    def strikes(self, action: str) -> bool:
        """Count a request; return whether the fault strikes it."""
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
        """Take all back."""
        self._set.clear()

    def at(self, action: str) -> dict[Mishap, Fault]:
        """Count a request; return what strikes it, the latest fault of each mishap."""
        return {fault.mishap: fault for fault in self._set if fault.strikes(action)}
