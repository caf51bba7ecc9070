"""The part of an emulator that all clouds share, in a process of its own or in a thread.

A request passes these steps: `understand` names its action, faults strike it, `answer` serves it, faults
strike it again. A subclass writes `answer`, and overrides what differs in its cloud.
"""

import threading
import traceback
from collections import Counter
from collections.abc import Mapping
from typing import Any, ClassVar, Generic, TypeVar
from urllib.parse import parse_qsl

from attrs import evolve, field

from portinfra.testing.emulator.clock import Clock
from portinfra.testing.emulator.faults import REFUSALS, Fault, Faults, Mishap, Refusal
from portinfra.testing.emulator.wire import Asked, CutShort, Dropped, Killed, Request, Response, Unserved
from portinfra.value import define


@define
class Settings:
    """The settings of every emulator. A subclass adds those of its cloud."""

    live_clock: bool = True
    """Whether time passes by itself. Otherwise `advance` moves it."""
    request_seconds: float = 0.0
    """The seconds that a request takes, if time does not pass by itself."""


A = TypeVar("A", bound=Asked)


@define(eq=False)
class Emulator(Generic[A]):
    """One emulated cloud. Several threads may use it: it serves requests one at a time."""

    verbs: ClassVar[tuple[str, ...]] = (
        "reset",
        "restore",
        "configure",
        "now",
        "advance",
        "fault",
        "calm",
        "report",
    )
    """The methods that clients may call over HTTP. Their arguments and results are JSON, and bytes are
    base64.
    """

    settings: Settings = field(factory=Settings)
    clock: Clock = field(init=False)
    faults: Faults = field(init=False)
    calls: Counter[str] = field(init=False)
    """Action → the number of requests."""
    log: list[tuple[str, dict[str, Any]]] = field(init=False)
    """Every request, in order: its action, and its parameters as they were sent."""
    violations: list[str] = field(init=False)
    """Every request that the cloud's official description refuses, and why. Subclasses add to it."""
    gaps: list[str] = field(init=False)
    """The requests that the emulator cannot serve, or at which it broke."""
    lock: Any = field(init=False, factory=threading.RLock)

    def __attrs_post_init__(self) -> None:
        self.reset()

    # What a subclass writes

    def understand(self, request: Request) -> A:
        """Return the action and parameters of a request. By default: method and path, with the query as
        parameters.
        """
        path, _, query = request.url.partition("?")
        parameters = dict(parse_qsl(query, keep_blank_values=True))
        return Asked(f"{request.method} {path}", parameters)  # type: ignore[return-value]

    def answer(self, request: Request, asked: A) -> Response:
        """Serve a request that no fault stops. Raises Unserved if the emulator cannot serve it."""
        raise Unserved(asked.action)

    def refuse(self, asked: A, refusal: Refusal) -> Response:
        """Return the response to a request that a fault refuses, in the form of this cloud."""
        if refusal == "html error":
            return Response(500, "<html><body><h1>500 Server Error</h1></body></html>", "text/html")
        status = {"throttled": 429, "unavailable": 503}.get(refusal, 500)
        return Response(status, f"{refusal}\n", "text/plain")

    # What a test calls

    def reset(self) -> None:
        """Forget everything except the settings. A subclass also forgets its resources."""
        with self.lock:
            self.clock = Clock(self.settings.live_clock, self.settings.request_seconds)
            self.faults = Faults()
            self.calls, self.log, self.violations, self.gaps = Counter(), [], [], []

    def restore(self) -> None:
        """Forget everything, and restore the settings."""
        self.settings = type(self.settings)()
        self.reset()

    def configure(self, **settings: Any) -> None:
        """Change settings, by name. Raises AttributeError for an unknown one."""
        with self.lock:
            for name, value in settings.items():
                if not hasattr(self.settings, name):
                    raise AttributeError(f"there is no setting {name!r}")
                setattr(self.settings, name, value)
            if not self.settings.live_clock:
                self.clock.stop()
            self.clock.latency = self.settings.request_seconds

    def now(self) -> float:
        """Return seconds since the epoch, by this cloud's clock."""
        return self.clock.now()

    def advance(self, seconds: float) -> None:
        """Move time forward."""
        with self.lock:
            self.clock.advance(seconds)

    def fault(self, mishap: Mishap, **where: Any) -> None:
        """Add a fault: `fault("dropped after", action="CreateVpc", at=2)`; see `Fault`."""
        with self.lock:
            self.faults.add(Fault(mishap, **where))

    def calm(self) -> None:
        """Remove all faults."""
        with self.lock:
            self.faults.clear()

    def report(self) -> dict[str, Any]:
        """Return the number of requests by action, the violations and the gaps."""
        with self.lock:
            return {"calls": dict(self.calls), "violations": self.violations, "gaps": self.gaps}

    # What a server calls

    def serve(self, request: Request) -> Response:
        """Answer one request. Raises Dropped, CutShort or Killed if a fault breaks it."""
        with self.lock:
            self.clock.request()
            asked = self.understand(request)
            self.calls[asked.action] += 1
            self.log.append((asked.action, asked.parameters))
            struck = self.faults.at(asked.action)
            refused = self._before(asked, struck)
            return refused or self._after(self._answer(request, asked), struck)

    def _before(self, asked: A, struck: Mapping[Mishap, Fault]) -> Response | None:
        if "slow" in struck:
            self.clock.advance(struck["slow"].seconds)
        if "killed before" in struck:
            raise Killed(struck["killed before"].pid)
        if "dropped before" in struck:
            raise Dropped
        return next((self.refuse(asked, each) for each in REFUSALS if each in struck), None)

    def _after(self, response: Response, struck: Mapping[Mishap, Fault]) -> Response:
        if "dropped after" in struck:
            raise Dropped
        if "cut short" in struck:
            raise CutShort(response)
        if "killed after" in struck:
            raise Killed(struck["killed after"].pid)
        return response.damage() if "damaged" in struck else response

    def _answer(self, request: Request, asked: A) -> Response:
        """Return the answer. For a gap or a defect of the emulator, return a response that no cloud would
        give.
        """
        try:
            return self.answer(request, asked)
        except Unserved as error:
            self.gaps.append(f"{asked.action}: {error}")
            return Response(501, f"the emulator cannot serve this: {error}\n", "text/plain")
        except Exception:
            self.gaps.append(f"{asked.action}: {traceback.format_exc()}")
            return evolve(self.refuse(asked, "html error"), status=500)
