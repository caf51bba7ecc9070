"""One project in one region of Google Cloud, live."""

import threading
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import requests
from attrs import evolve

from portinfra import errors
from portinfra.errors import ProviderError
from portinfra.model.catalogue import Catalogue
from portinfra.model.environment import Environment
from portinfra.model.resources import Spec
from portinfra.provider.abilities import ServerTime
from portinfra.provider.clock import SystemClock
from portinfra.provider.interface import Answer, Call, Driver
from portinfra.provider.record_names import is_record_call
from portinfra_gcp import catalogue, links
from portinfra_gcp.drivers import drivers
from portinfra_gcp.drivers.base import DONE_STATUS
from portinfra_gcp.errors import AGAIN, NAME, GceError, NotSent, to_provider_error
from portinfra_gcp.keys import Keyring
from portinfra_gcp.methods import READ_KEY
from portinfra_gcp.published import CAPABILITIES
from portinfra_gcp.records import GcpRecords
from portinfra_gcp.transport import Transport


class GcpProvider(ServerTime):
    """One project in one region. Safe to use from several threads."""

    name = NAME
    capabilities = CAPABILITIES

    def __init__(
        self, environment: Environment, transport: Transport, principal: Callable[[], str] = lambda: ""
    ) -> None:
        self.environment = environment
        self.transport = transport
        self._principal = principal
        self.clock = SystemClock()
        self._keyring = Keyring(transport.project, environment.region)
        self.drivers: Mapping[type[Spec], Driver[Any]] = drivers(self._keyring)
        self.records = GcpRecords()
        self._begun: dict[Any, Call] = {}
        self._lock = threading.Lock()

    def account_calls(self) -> tuple[Call, ...]:
        """One read."""
        return (catalogue.PROJECT,)

    def account_of(self, answers: Mapping[Call, Sequence[Answer]]) -> str:
        """The project, as Compute Engine calls it."""
        return str(answers[catalogue.PROJECT][0]["name"])

    def principal_of(self, answers: Mapping[Call, Sequence[Answer]]) -> str:
        """The service account or user, where the credentials name it."""
        return self._principal()

    def catalogue_calls(self) -> tuple[Call, ...]:
        """Five reads, and the further pages of machine types."""
        return catalogue.calls(self.environment)

    def catalogue(self, answers: Mapping[Call, Sequence[Answer]]) -> Catalogue:
        """What the region offers."""
        return catalogue.assemble(self.environment, answers)

    def perform(self, call: Call) -> Answer:
        """One request. Raises GceError, NotSent, or what `requests` raises."""
        if is_record_call(call):
            return self._change_record(call)
        if call.action == READ_KEY:
            return self.transport.send(call.action, {"key": self._keyring.whole(call.parameters["key"])})
        if call.reads:
            return self.transport.send(call.action, call.parameters)
        if (answer := self._still_under_way(call)) is not None:
            return answer
        answer = self.transport.send(call.action, call.parameters)
        with self._lock:
            self._begun[_same(call)] = _asking(answer)
        return answer

    def clock_offset(self) -> float | None:
        """By the answers of Compute Engine; None where time is not this machine's, as in tests."""
        return None if self.clock.virtual else self.transport.server_clock.offset

    def more(self, call: Call, answer: Answer) -> Call | None:
        """The next page, while the answer says that there is one."""
        following = answer.get("nextPageToken")
        return evolve(call, parameters={**call.parameters, "pageToken": following}) if following else None

    def silent(self, call: Call, answer: Answer) -> frozenset[str]:
        """The zones of the region that an aggregated list could not reach, in either way of saying so."""
        items = answer.get("items")
        scopes = set(answer.get("unreachables") or ())
        if isinstance(items, Mapping):
            scopes |= {scope for scope, told in items.items() if _lacks(told.get("warning"))}
        zones = (links.name(scope) for scope in scopes)
        return frozenset(zone for zone in zones if zone.startswith(f"{self.environment.region}-"))

    def classify(self, error: Exception) -> ProviderError:
        """By Compute Engine's reason; of what broke on the way, nobody knows what it left behind."""
        if isinstance(error, ProviderError):
            return error
        if isinstance(error, GceError):
            return to_provider_error(error)
        if isinstance(error, NotSent):
            return errors.Unavailable(str(error), provider=NAME, fix="Check the network.")
        if isinstance(error, requests.exceptions.SSLError):
            fix = "Behind a proxy that decrypts, name its certificates: REQUESTS_CA_BUNDLE."
            return errors.PermissionDenied(f"no trusted connection: {error}", provider=NAME, fix=fix)
        told = (
            "the connection broke" if isinstance(error, requests.RequestException) else type(error).__name__
        )
        return errors.OutcomeUnknown(f"{told}: {error}", provider=NAME, fix=AGAIN)

    def close(self) -> None:
        """Let go of all connections."""
        self.transport.close()

    def _change_record(self, call: Call) -> Answer:
        """Return when a new record exists, so that the next run reads it: waiting is worth a call here."""
        answer = self.transport.send(call.action, call.parameters)
        if not call.action.endswith(".insert") or answer["status"] == DONE_STATUS:
            return answer
        while answer["status"] != DONE_STATUS:  # waiting ends by itself after two minutes
            answer = self.transport.send("globalOperations.wait", {"operation": answer["name"]})
        return answer

    # What was accepted may fail later, and leaves no trace but its operation. Whoever asks for the same
    # change again, because it does not show, is told how the first went.

    def _still_under_way(self, call: Call) -> Answer | None:
        """The operation of the same change, while it lasts. Raises what it failed of; None: ask anew."""
        with self._lock:
            asking = self._begun.pop(_same(call), None)
        if asking is None:
            return None
        try:
            operation = self.transport.send(asking.action, asking.parameters)
        except GceError as error:
            if error.status == 404:  # operations are kept for days, not for ever
                return None
            raise
        if operation["status"] == DONE_STATUS:
            return None
        with self._lock:
            self._begun[_same(call)] = asking
        return operation


def _same(call: Call) -> Any:
    """What tells one change of a resource from another."""
    named = {name: value for name, value in call.parameters.items() if isinstance(value, str)}
    named.pop("requestId", None)
    body = call.parameters.get("body") or {}
    return call.action, call.address, tuple(sorted(named.items())), body.get("name")


def _asking(operation: Answer) -> Call:
    """The read that tells how an operation goes."""
    path = links.path(operation["selfLink"])
    scope = path.partition("/")[0]
    method = {"global": "globalOperations", "regions": "regionOperations", "zones": "zoneOperations"}[scope]
    place = {} if scope == "global" else {scope.removesuffix("s"): links.place(path)}
    return Call(f"{method}.get", {**place, "operation": links.name(path)})


def _lacks(warning: Mapping[str, Any] | None) -> bool:
    return warning is not None and warning.get("code") == "UNREACHABLE"
