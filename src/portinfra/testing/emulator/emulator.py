"""An emulator: what all clouds have in common when they are played in a process of one's own.

A request passes, in this order: `understand`, which names its action; the faults that are set; `answer`,
which serves it; the faults again. A subclass writes `answer`, and overrides what differs in its cloud.
"""

import threading
import traceback
from collections import Counter
from collections.abc import Mapping
from typing import Any, ClassVar, Generic, TypeVar
from urllib.parse import parse_qsl

from attrs import define, evolve, field

from portinfra.testing.emulator.clock import Clock
from portinfra.testing.emulator.faults import REFUSALS, Fault, Faults, Mishap, Refusal
from portinfra.testing.emulator.wire import Asked, CutShort, Dropped, Killed, Request, Response, Unserved


@define
class Settings:
    """What may be set about every emulator; a subclass adds what its cloud has besides."""

    live_clock: bool = True
    """Whether time passes by itself; if not, `advance` moves it."""
    request_seconds: float = 0.0
    """How much time a request takes, where time does not pass by itself."""


A = TypeVar("A", bound=Asked)


@define(eq=False)
class Emulator(Generic[A]):
    """One cloud of one's own. Safe to use from several threads: requests are served one at a time."""

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
    """The methods that may be called over HTTP: their arguments and results are JSON, bytes as base64."""

    settings: Settings = field(factory=Settings)
    clock: Clock = field(init=False)
    faults: Faults = field(init=False)
    calls: Counter[str] = field(init=False)
    """How many requests came, by action."""
    log: list[tuple[str, dict[str, Any]]] = field(init=False)
    """Every request, in order: its action and its parameters as sent."""
    violations: list[str] = field(init=False)
    """Every request that the cloud's official description refuses, and why. Subclasses add to it."""
    gaps: list[str] = field(init=False)
    """What was asked for and the emulator cannot serve, and where it broke: no fault of a client."""
    lock: Any = field(init=False, factory=threading.RLock)

    def __attrs_post_init__(self) -> None:
        self.reset()

    # What a subclass writes

    def understand(self, request: Request) -> A:
        """Return what a request asks for: by default method and path, with the query as parameters."""
        path, _, query = request.url.partition("?")
        parameters = dict(parse_qsl(query, keep_blank_values=True))
        return Asked(f"{request.method} {path}", parameters)  # type: ignore[return-value]

    def answer(self, request: Request, asked: A) -> Response:
        """Serve a request that no fault keeps away. Raises Unserved for what the emulator cannot do."""
        raise Unserved(asked.action)

    def refuse(self, asked: A, refusal: Refusal) -> Response:
        """Return the response to a request that a fault refuses, in the cloud's own words."""
        if refusal == "html error":
            return Response(500, "<html><body><h1>500 Server Error</h1></body></html>", "text/html")
        status = {"throttled": 429, "unavailable": 503}.get(refusal, 500)
        return Response(status, f"{refusal}\n", "text/plain")

    # What a test calls

    def reset(self) -> None:
        """Forget everything but the settings. A subclass forgets its world, too."""
        with self.lock:
            self.clock = Clock(self.settings.live_clock, self.settings.request_seconds)
            self.faults = Faults()
            self.calls, self.log, self.violations, self.gaps = Counter(), [], [], []

    def restore(self) -> None:
        """Forget everything, the settings too."""
        self.settings = type(self.settings)()
        self.reset()

    def configure(self, **settings: Any) -> None:
        """Change settings, by name. Raises AttributeError for one that there is not."""
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
        """Move time on."""
        with self.lock:
            self.clock.advance(seconds)

    def fault(self, mishap: Mishap, **where: Any) -> None:
        """Let something go wrong: `fault("dropped after", action="CreateVpc", at=2)`; see `Fault`."""
        with self.lock:
            self.faults.add(Fault(mishap, **where))

    def calm(self) -> None:
        """Take all faults back."""
        with self.lock:
            self.faults.clear()

    def report(self) -> dict[str, Any]:
        """Return how many requests came by action, the violations and the gaps."""
        with self.lock:
            return {"calls": dict(self.calls), "violations": self.violations, "gaps": self.gaps}

    # What a server calls

    def serve(self, request: Request) -> Response:
        """Answer one request. Raises Dropped, CutShort or Killed where a fault breaks it."""
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
        """Return the answer; where the emulator has a gap or breaks, a response that no cloud would give."""
        try:
            return self.answer(request, asked)
        except Unserved as error:
            self.gaps.append(f"{asked.action}: {error}")
            return Response(501, f"the emulator cannot serve this: {error}\n", "text/plain")
        except Exception:
            self.gaps.append(f"{asked.action}: {traceback.format_exc()}")
            return evolve(self.refuse(asked, "html error"), status=500)
