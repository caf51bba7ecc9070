"""Compute Engine in one process.

A request passes, in this order: faults, its token, the official document, permissions, rates, silent zones,
request ids, the rules, and at last the official document again, which checks the answer.
"""

import copy
import json
import threading
import traceback
from collections import Counter
from collections.abc import Collection, Mapping
from typing import Any
from urllib.parse import parse_qs, unquote

from attrs import define, field, frozen

from emulator import accounts, catalogue, engine, geography, images, mask, official, rules, validation
from emulator.books import books
from emulator.call import SERVED, Call
from emulator.clock import Clock
from emulator.errors import GceError, Unserved, not_found
from emulator.faults import Fault, Faults
from emulator.identities import PROJECT, Identities, Identity
from emulator.official import Method
from emulator.project import Project
from emulator.rules import permissions, rates, requests
from emulator.settings import Settings

assert rules  # imported for the rules that it registers

HTML = (
    "<!DOCTYPE html>\n<html lang=en>\n<title>Error 502 (Server Error)!!1</title>\n"
    "<p><b>502.</b> <ins>That’s an error.</ins>\n<p>Please try again in 30 seconds.\n"
)


@frozen
class Request:
    """What came over the wire."""

    method: str
    url: str
    headers: Mapping[str, str]
    """Names in lower case."""
    body: bytes


@frozen
class Response:
    """What goes back."""

    status: int
    body: str
    kind: str = "application/json; charset=UTF-8"
    headers: Mapping[str, str] = field(factory=dict)


class Dropped(Exception):
    """The connection breaks here."""


class Killed(Exception):
    """The client is to be killed here."""

    def __init__(self, pid: int) -> None:
        super().__init__(f"kill {pid}")
        self.pid = pid


@define(eq=False)
class Bed:
    """One Compute Engine of one's own: every project, every region."""

    settings: Settings = field(factory=Settings)
    clock: Clock = field(init=False)
    identities: Identities = field(init=False)
    faults: Faults = field(init=False)
    projects: dict[str, Project] = field(init=False)
    calls: Counter[str] = field(init=False)
    """How many requests came, by method: `instances.insert`."""
    log: list[tuple[str, dict[str, Any]]] = field(init=False)
    """Every request, in order: its method, and its parameters with the body as `body`."""
    violations: list[str] = field(init=False)
    """Every request that the official document refused, and why."""
    gaps: list[str] = field(init=False)
    """What was asked and the bed cannot serve, where it broke, and where its answer was not what the document
    says: faults of the bed, not of a client.
    """
    lock: Any = field(init=False, factory=threading.RLock)
    _numbers: int = field(init=False, default=0)
    _externals: int = field(init=False, default=0)

    def __attrs_post_init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """Forget everything but the settings."""
        with self.lock:
            self.clock = Clock(self.settings.live_clock, self.settings.request_seconds)
            self.identities = Identities()
            self.faults = Faults()
            self.projects = {}
            self.calls, self.log, self.violations, self.gaps = Counter(), [], [], []
            self._numbers = self._externals = 0
            for name in (PROJECT, *images.PROJECTS):
                self.add_project(name)

    def restore(self) -> None:
        """Forget everything, the settings too."""
        self.settings = Settings()
        self.reset()

    def configure(self, **settings: Any) -> None:
        """Change settings, by name."""
        with self.lock:
            for name, value in settings.items():
                if not hasattr(self.settings, name):
                    raise AttributeError(f"there is no setting {name!r}")
                setattr(self.settings, name, value)
            if not self.settings.live_clock:
                self.clock.stop()
            self.clock.latency = self.settings.request_seconds
            for there in self.projects.values():
                there.settings = self.settings

    def now(self) -> float:
        """Seconds since the epoch."""
        return self.clock.now()

    def advance(self, seconds: float) -> None:
        """Move time on."""
        with self.lock:
            self.clock.advance(seconds)

    def fault(self, mishap: Any, **where: Any) -> None:
        """Let something go wrong: `fault("dropped after", action="networks.insert", at=2)`; see `Fault`."""
        with self.lock:
            self.faults.add(Fault(mishap, **where))

    def calm(self) -> None:
        """Take all faults back."""
        with self.lock:
            self.faults.clear()

    def fail_next_instance(
        self, project: str, code: str = "INTERNAL_ERROR", message: str = "Internal error.", status: int = 500
    ) -> None:
        """Accept the next instance, and let its operation fail."""
        with self.lock:
            self.projects[project].fates.append({"code": code, "message": message, "status": status})

    def add_project(self, project: str) -> None:
        """One more project."""
        with self.lock:
            number = str(400_000_000_000 + len(self.projects))
            there = Project(project, number, self.clock, self.settings, self.next_id)
            self.projects[project] = there

    def add_identity(
        self,
        email: str,
        token: str,
        projects: Collection[str] | None = None,
        permissions: Collection[str] | None = None,
    ) -> None:
        """Somebody with a bearer token, who may do something in these projects only."""
        with self.lock:
            self.identities.add(
                Identity(
                    email,
                    token,
                    None if projects is None else frozenset(projects),
                    None if permissions is None else frozenset(permissions),
                )
            )

    def next_id(self) -> int:
        """A number that nothing else has."""
        self._numbers += 1
        return 4_000_000_000_000_000_000 + self._numbers * 1_000_003

    def next_external(self) -> int:
        """Which of Google's external addresses comes next."""
        self._externals += 1
        return self._externals

    def report(self) -> dict[str, Any]:
        """How many requests came by method, what the document refused and what the bed could not serve."""
        with self.lock:
            return {"calls": dict(self.calls), "violations": self.violations, "gaps": self.gaps}

    def act(self, method: str, body: Any = None, **params: Any) -> dict[str, Any]:
        """Do something as a person would, past the wire and the permissions, to its end.

        The project is that of the tests unless said otherwise: `act("networks.insert", {…})`.
        """
        with self.lock:
            found = official.methods()[method]
            project = params.setdefault("project", PROJECT)
            path = {name: params.pop(name) for name in list(params) if f"{{{name}}}" in found.path}
            query = {name: [_plain(value)] for name, value in params.items()}
            typed = validation.parameters(found, path, query)
            there = self.projects[project]
            self._settle()
            given = validation.body(found, body or {})
            owner = Identity("person@example.com", "", None, None)
            call = Call(self, found, typed, given, owner, there)
            told = self._do(call)
            if call.operation is not None:
                self.clock.advance(max(0.0, call.operation.ends - there.now))
                self._settle()
                if call.operation.error:
                    raise AssertionError(f"{method}: {call.operation.error}")
            return copy.deepcopy(told)

    def books(self, project: str | None = None, without: Collection[str] = ()) -> list[str]:
        """Everything that exists, by the bed's own word: a sorted line for each thing, without ids.

        `without` are the keys of labels, and of JSON in descriptions, that differ between worlds that are the
        same.
        """
        with self.lock:
            self._settle()
            return books(self.projects.values(), project, without)

    def serve(self, request: Request) -> Response:
        """Answer one request. Raises Dropped or Killed where the wire breaks or the client is to die."""
        url, _, asked = request.url.partition("?")
        path = unquote(url)
        if accounts.serves(path):
            return self._account(request, path)
        routed = official.route(request.method, path)
        method = routed[0] if routed else None
        action = method.name if method else f"{request.method} {path}"
        if action.endswith(".wait") and self.settings.live_clock:
            self._be_patient(request, path)
        with self.lock:
            self.clock.request()
            self.calls[action] += 1
            query = parse_qs(asked, keep_blank_values=True)
            self.log.append((action, _shown(routed[1] if routed else {}, query, request.body)))
            struck = {fault.mishap: fault for fault in self.faults.at(action)}
            early = self._early(struck)
            if early is not None:
                return early
            response = self._answer(request, method, routed[1] if routed else {}, query)
            if "dropped after" in struck:
                raise Dropped
            if "killed after" in struck:
                raise Killed(struck["killed after"].pid)
            return response

    def _be_patient(self, request: Request, path: str) -> None:
        """Wait for an operation without keeping others from being served."""
        routed = official.route(request.method, path)
        assert routed is not None
        there = self.projects.get(routed[1]["project"])
        if there is None:
            return
        owner = Identity("", "")
        try:
            catalogue.patience(Call(self, routed[0], routed[1], {}, owner, there))
        except GceError:
            return

    def _settle(self) -> None:
        for there in self.projects.values():
            there.settle()

    def _early(self, struck: Mapping[Any, Fault]) -> Response | None:
        if "slow" in struck:
            self.clock.advance(struck["slow"].seconds)
        if "killed before" in struck:
            raise Killed(struck["killed before"].pid)
        if "dropped before" in struck:
            raise Dropped
        if "html error" in struck:
            return Response(502, HTML, "text/html; charset=UTF-8")
        for mishap, error in _ERRORS.items():
            if mishap in struck:
                return _refusal(error)
        return None

    def _account(self, request: Request, path: str) -> Response:
        with self.lock:
            self.clock.request()
            try:
                told = accounts.serve(self.identities, path, request.headers, request.body, self.clock.now())
            except GceError as error:
                return _refusal(error)
            if isinstance(told, str):
                return Response(200, told, "application/text", accounts.FLAVOR)
            return Response(200, json.dumps(told), "application/json", accounts.FLAVOR)

    def _answer(
        self,
        request: Request,
        method: Method | None,
        path: dict[str, str],
        query: dict[str, list[str]],
    ) -> Response:
        try:
            caller = self.identities.of(request.headers.get("authorization", ""), self.clock.now())
            if method is None:
                self.violations.append(f"{request.method} {request.url}: no such method")
                raise GceError(404, "notFound", f"The requested URL {request.url} was not found.")
            call = self._understood(method, path, query, request.body, caller)
            told = self._serve(call)
            self._check(call, told)
            if call.params.get("fields"):
                told = mask.masked(told, call.params["fields"])
            return Response(200, json.dumps(told))
        except GceError as error:
            return _refusal(error)
        except Unserved as error:
            self.gaps.append(f"{method.name if method else ''}: {error}")
            return Response(501, f"the test bed cannot serve this: {error}\n", "text/plain")
        except Exception:
            self.gaps.append(f"{method.name if method else ''}: {traceback.format_exc()}")
            return Response(500, HTML, "text/html; charset=UTF-8")

    def _understood(
        self,
        method: Method,
        path: dict[str, str],
        query: dict[str, list[str]],
        body: bytes,
        caller: Identity,
    ) -> Call:
        try:
            params = validation.parameters(method, path, query)
            sent = _parsed(body)
            given = validation.body(method, sent)
        except GceError as error:
            self.violations.append(f"{method.name}: {error}")
            raise
        there = self.projects.get(params["project"])
        if there is None:
            there = next((each for each in self.projects.values() if each.number == params["project"]), None)
        if there is None:
            # "The resource 'projects/…' was not found": API errors
            raise not_found(f"projects/{params['project']}")
        params["project"] = there.id
        call = Call(self, method, params, given, caller, there)
        call.nulls = tuple(name for name in sent if sent[name] is None) if method.given else ()
        return call

    def _serve(self, call: Call) -> dict[str, Any]:
        self._settle()
        permissions.check(call)
        rates.take(call)
        self._reach(call)
        return requests.once(call, self._do)

    def _reach(self, call: Call) -> None:
        """Raises GceError where there is no such place, or it does not answer."""
        place, _, name = call.scope.partition("/")
        if place in ("zones", "regions") and name not in (
            geography.ZONES if place == "zones" else geography.REGIONS
        ):
            raise GceError(
                400, "invalid", f"Invalid value for field '{place[:-1]}': '{name}'. Unknown {place[:-1]}."
            )
        if place == "zones" and name in self.settings.silent:
            raise GceError(503, "backendError", f"Backend error: cannot reach zone {name}")

    def _do(self, call: Call) -> dict[str, Any]:
        act = SERVED.get(call.method.name) or engine.serve(call.collection, call.method.action)
        if act is None:
            raise Unserved(f"no {call.method.name}")
        return act(call)

    def _check(self, call: Call, told: dict[str, Any]) -> None:
        """The bed's own answer must be what the document says."""
        if not self.settings.answers_checked:
            return
        try:
            validation.answer(call.method, told)
        except GceError as error:
            self.gaps.append(f"{call.method.name}: its answer is wrong: {error.message}")


def _parsed(body: bytes) -> Any:
    if not body:
        return {}
    try:
        return json.loads(body)
    except ValueError:
        raise GceError(400, "parseError", "Parse Error") from None


def _plain(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _shown(path: Mapping[str, str], query: Mapping[str, list[str]], body: bytes) -> dict[str, Any]:
    told: dict[str, Any] = {**path, **{name: values[-1] for name, values in query.items()}}
    if body:
        told["body"] = body.decode(errors="replace")
    return told


def _refusal(error: GceError) -> Response:
    return Response(error.status, json.dumps(error.body))


_ERRORS = {
    # https://cloud.google.com/compute/docs/api-rate-limits: "a 403 error with the reason rateLimitExceeded"
    "throttled": GceError(403, "rateLimitExceeded", "Quota exceeded for quota metric 'Queries'."),
    "unavailable": GceError(503, "backendError", "Backend Error"),
    "internal error": GceError(500, "internalError", "Internal Error"),
}
