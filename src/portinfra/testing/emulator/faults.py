"""Faults on the wire and in the service, at one request or at several in a row."""

from typing import Literal, get_args

from attrs import field

from portinfra.value import define

Refusal = Literal["throttled", "unavailable", "internal error", "html error"]
"""The refusals of a request, all without effect.

They are: throttled, unavailable, an internal error, and an internal error of the front end in HTML.
"""

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
"""What may happen: a refusal, a broken connection, a damaged or slow answer, or a killed client.

The connection breaks before or after the effect, or in the middle of the answer. `damaged` changes a byte of
a binary answer. `slow` takes `seconds`. SIGKILL kills the client, process `pid`, before or after the effect.
"""

REFUSALS: tuple[Refusal, ...] = ("html error", "throttled", "unavailable", "internal error")
MISHAPS: tuple[Mishap, ...] = get_args(Mishap)


@define
class Fault:
    """One fault. Raises ValueError for an unknown mishap."""

    mishap: Mishap = field()
    action: str = ""
    """The only action that it strikes; empty: any action."""
    at: int = 1
    """The number of the first matching request that it strikes, counted from 1 after the fault is added."""
    times: int = 1
    """The number of requests in a row that it strikes."""
    seconds: float = 0.0
    """The duration of `slow`, in seconds."""
    pid: int = 0
    """The process that `killed before` and `killed after` kill."""
    _seen: int = 0

    @mishap.validator
    def _is_known(self, attribute: object, mishap: str) -> None:
        if mishap not in MISHAPS:
            raise ValueError(f"there is no mishap {mishap!r}; there are {', '.join(MISHAPS)}")

    def strikes(self, action: str) -> bool:
        """Count a request, and return whether the fault strikes it."""
        if self.action and self.action != action:
            return False
        self._seen += 1
        return self.at <= self._seen < self.at + self.times


@define
class Faults:
    """The current faults."""

    _set: list[Fault] = field(factory=list)

    def add(self, fault: Fault) -> None:
        """Add one fault."""
        self._set.append(fault)

    def clear(self) -> None:
        """Remove all faults."""
        self._set.clear()

    def at(self, action: str) -> dict[Mishap, Fault]:
        """Count a request, and return the faults that strike it: the latest of each mishap."""
        return {fault.mishap: fault for fault in self._set if fault.strikes(action)}
