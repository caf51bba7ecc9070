"""Compute Engine in one process.

A request passes, in this order: faults, its token, the official document, permissions, rates, silent zones,
request ids, the rules, and at last the official document again, which checks the answer.
"""

import copy
import json
from collections.abc import Collection, Mapping
from typing import Any, ClassVar
from urllib.parse import parse_qs, unquote

from attrs import define, field, frozen

from emulator import (
    accounts,
    answers,
    catalogue,
    engine,
    geography,
    images,
    mask,
    official,
    rules,
    services,
    validation,
)
from emulator.call import SERVED, Call
from emulator.errors import GceError, not_found
from emulator.ground_truth import ground_truth
from emulator.identities import PROJECT, Identities, Identity
from emulator.official import Method
from emulator.project import Operation, Project, Resource
from emulator.rules import console, permissions, rates, requests
from emulator.settings import Settings
from portinfra.testing.emulator import Asked, Emulator, Request, Response, Unserved

assert rules  # imported for the rules that it registers

HTML = (
    "<!DOCTYPE html>\n<html lang=en>\n<title>Error 502 (Server Error)!!1</title>\n"
    "<p><b>502.</b> <ins>That’s an error.</ins>\n<p>Please try again in 30 seconds.\n"
)


LENGTH_REQUIRED = (
    "<!DOCTYPE html>\n<html lang=en>\n<title>Error 411 (Length Required)!!1</title>\n"
    "<p><b>411.</b> <ins>That’s an error.</ins>\n<p>POST requests require a Content-length header.\n"
)
"""As abdolence/gcloud-sdk-rs#121 quotes it."""


KIND = "application/json; charset=UTF-8"


@frozen
class GceAsked(Asked):
    """A request to Compute Engine, before it is checked."""

    method: Method | None = None
    """None: there is no such method."""
    path: dict[str, str] = field(factory=dict)
    query: dict[str, list[str]] = field(factory=dict)


@define(eq=False)
class Bed(Emulator[GceAsked]):
    """One Compute Engine of one's own: every project, every region."""

    verbs: ClassVar[tuple[str, ...]] = (
        *Emulator.verbs,
        "fail_next_instance",
        "fail_later",
        "enforce",
        "ground_truth",
        "add_project",
        "add_identity",
        "act",
        "print_console",
    )

    settings: Settings = field(factory=Settings)
    identities: Identities = field(init=False)
    projects: dict[str, Project] = field(init=False)
    enforced: tuple[str, ...] = field(init=False, default=())
    """The names of firewall rules that another actor enables again whenever they are disabled."""
    _numbers: int = field(init=False, default=0)
    _externals: int = field(init=False, default=0)

    def reset(self) -> None:
        """Forget everything but the settings."""
        with self.lock:
            super().reset()
            self.identities = Identities()
            self.projects = {}
            self.enforced = ()
            self._numbers = self._externals = 0
            for name in (PROJECT, *images.PROJECTS):
                self.add_project(name)

    def configure(self, **settings: Any) -> None:
        """Change settings, by name."""
        with self.lock:
            super().configure(**settings)
            for there in self.projects.values():
                there.settings = self.settings

    def fail_next_instance(
        self, project: str, code: str = "INTERNAL_ERROR", message: str = "Internal error.", status: int = 500
    ) -> None:
        """Accept the next instance, and let its operation fail."""
        with self.lock:
            self.projects[project].fates.append({"code": code, "message": message, "status": status})

    def fail_later(self, method: str, code: str, message: str, status: int = 400, times: int = 1) -> None:
        """Accept the next calls of a method (`networks.delete`), and let their operations fail."""
        with self.lock:
            error = {"code": code, "message": message, "status": status}
            self.projects[PROJECT].failing[method] = [error] * times

    def enforce(self, rule: dict[str, Any]) -> None:
        """Add a firewall rule as an organisation's enforcer does, which enables it after each change."""
        self.act("firewalls.insert", rule)
        with self.lock:
            self.enforced = (*self.enforced, rule["name"])

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

    def act(self, method: str, body: Any = None, **params: Any) -> dict[str, Any]:
        """Do something as a person would, past the wire and the permissions, to its end.

        The project is that of the tests unless said otherwise: `act("networks.insert", {…})`.
        """
        with self.lock:
            told, operation = self._begin(method, body, params)
            if operation is not None:
                self.clock.advance(max(0.0, operation.ends - self.clock.now()))
                self._settle()
                if operation.error:
                    raise AssertionError(f"{method}: {operation.error}")
            return told

    def print_console(self, project: str, instance: str, text: str) -> None:
        """Let an instance, by its name, print on its first serial port."""
        with self.lock:
            there = self.projects[project]
            console.print_on(next(each for each in there.all("instances") if each.name == instance), text)

    def write(self, disk: str, data: bytes) -> None:
        """Write to the beginning of a disk, as its host does."""
        with self.lock:
            self._settle()
            self._disk(disk).data = data

    def read(self, disk: str) -> bytes:
        """Return what a host wrote to the beginning of a disk."""
        with self.lock:
            self._settle()
            return self._disk(disk).data

    def _disk(self, name: str) -> Resource:
        return next(each for each in self.projects[PROJECT].all("disks") if each.name == name)

    def begin(self, method: str, **params: Any) -> None:
        """Begin something as `act` does it, and leave its operation under way."""
        with self.lock:
            self._begin(method, None, params)

    def _begin(
        self, method: str, body: Any, params: dict[str, Any]
    ) -> tuple[dict[str, Any], Operation | None]:
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
        return copy.deepcopy(told), call.operation

    def ground_truth(self, project: str | None = None, without: Collection[str] = ()) -> list[str]:
        """Everything that exists, by the bed's own word: a sorted line for each thing, without ids.

        `without` are the keys of labels, and of JSON in descriptions, that differ between worlds that are the
        same.
        """
        with self.lock:
            self._settle()
            return ground_truth(self.projects.values(), project, without)

    def serve(self, request: Request) -> Response:
        """Answer one request. Raises Dropped, CutShort or Killed where a fault breaks it."""
        if request.method in ("POST", "PUT", "PATCH") and "content-length" not in request.headers:
            return Response(411, LENGTH_REQUIRED, "text/html; charset=UTF-8")
        path = _path(request)
        if accounts.serves(path) and not services.asked(request.method, path):
            return self._account(request, path)
        if path.endswith("/wait") and self.settings.live_clock:
            self._be_patient(request, path)
        return super().serve(request)

    def understand(self, request: Request) -> GceAsked:
        """Return the method of the official document, and what it is given."""
        path, query = _path(request), parse_qs(request.url.partition("?")[2], keep_blank_values=True)
        if action := services.asked(request.method, path):
            return GceAsked(action, {"path": path})
        method, given = official.route(request.method, path) or (None, {})
        action = method.name if method else f"{request.method} {path}"
        return GceAsked(action, _shown(given, query, request.body), method, given, query)

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
        for name in self.enforced:
            rule = self.projects[PROJECT].seek("firewalls", "global", name)
            if rule is not None:
                rule.body["disabled"] = False

    def refuse(self, asked: GceAsked, refusal: str) -> Response:
        """Return the response to a request that a fault refuses."""
        if refusal == "html error":
            return Response(502, HTML, "text/html; charset=UTF-8")
        return _refusal(_ERRORS[refusal])

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

    def answer(self, request: Request, asked: GceAsked) -> Response:
        """Serve a request, or refuse it as Compute Engine does. Raises Unserved."""
        try:
            caller = self.identities.of(request.headers.get("authorization", ""), self.clock.now())
            if services.asked(request.method, _path(request)):
                return services.serve(_path(request), request.body, caller, self.settings)
            if asked.method is None:
                self.violations.append(f"{request.method} {request.url}: no such method")
                raise GceError(404, "notFound", f"The requested URL {request.url} was not found.")
            call = self._understood(asked.method, asked.path, asked.query, request.body, caller)
            return Response(200, self._write(call, self._serve(call)), KIND)
        except GceError as error:
            return _refusal(error)

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
        if call.method.name not in answers.FIXED:
            return act(call)
        settings = self.settings
        state = (sorted(settings.silent), settings.partial, settings.answers_checked)
        key = f"{call.method.name} {sorted(call.params.items())} {state}"
        if key not in _offers:
            _offers[key] = answers.Fixed(act(call))
        return _offers[key]

    def _write(self, call: Call, told: dict[str, Any]) -> str:
        """Return an answer as JSON, with the fields that are asked for."""
        fixed = isinstance(told, answers.Fixed)
        if fixed and told.text:
            return told.text
        correct = self._is_correct(call, told)
        shown = mask.masked(told, call.params["fields"]) if call.params.get("fields") else told
        text = json.dumps(shown)
        if fixed and correct:
            told.text = text
        return text

    def _is_correct(self, call: Call, told: dict[str, Any]) -> bool:
        """Whether the bed's own answer is what the document says; else it is a gap."""
        if self.settings.answers_checked:
            try:
                answers.check(call.method, told)
            except GceError as error:
                self.gaps.append(f"{call.method.name}: its answer is wrong: {error.message}")
                return False
        return True


_offers: dict[str, answers.Fixed] = {}
"""What the methods of `answers.FIXED` were answered: the same in every bed."""


def _parsed(body: bytes) -> Any:
    if not body:
        return {}
    try:
        return json.loads(body)
    except ValueError:
        raise GceError(400, "parseError", "Parse Error") from None


def _path(request: Request) -> str:
    return unquote(request.url.partition("?")[0])


def _plain(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _shown(path: Mapping[str, str], query: Mapping[str, list[str]], body: bytes) -> dict[str, Any]:
    told: dict[str, Any] = {**path, **{name: values[-1] for name, values in query.items()}}
    if body:
        told["body"] = body.decode(errors="replace")
    return told


def _refusal(error: GceError) -> Response:
    return Response(error.status, json.dumps(error.body), KIND)


_ERRORS = {
    # https://cloud.google.com/compute/docs/api-rate-limits: "a 403 error with the reason rateLimitExceeded"
    "throttled": GceError(403, "rateLimitExceeded", "Quota exceeded for quota metric 'Queries'."),
    "unavailable": GceError(503, "backendError", "Backend Error"),
    "internal error": GceError(500, "internalError", "Internal Error"),
}
