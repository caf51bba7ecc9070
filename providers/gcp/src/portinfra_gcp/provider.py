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
        self.clock: SystemClock = SystemClock()
        self._keyring = Keyring(transport.project, environment.region)
        self.drivers: Mapping[type[Spec], Driver[Any]] = drivers(self._keyring)
        self.records: GcpRecords = GcpRecords()
        self._begun: dict[Any, Call] = {}
        self._lock = threading.Lock()

    def account_calls(self) -> tuple[Call, ...]:
        """Return one read."""
        return (catalogue.PROJECT,)

    def account_of(self, answers: Mapping[Call, Sequence[Answer]]) -> str:
        """Return the project, by Compute Engine's name for it."""
        return str(answers[catalogue.PROJECT][0]["name"])

    def principal_of(self, answers: Mapping[Call, Sequence[Answer]]) -> str:
        """Return the service account or user, if the credentials name it."""
        return self._principal()

    def catalogue_calls(self) -> tuple[Call, ...]:
        """Return five reads. Machine types have further pages."""
        return catalogue.calls(self.environment)

    def catalogue(self, answers: Mapping[Call, Sequence[Answer]]) -> Catalogue:
        """Return what the region offers."""
        return catalogue.assemble(self.environment, answers)

    def perform(self, call: Call) -> Answer:
        """Make one request. Raises GceError, NotSent, or an exception of `requests`."""
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
            self._begun[_same(call)] = _operation_read(answer)
        return answer

    def clock_offset(self) -> float | None:
        """Return the clock offset by the times of Compute Engine's answers, in seconds; None if time is
        simulated.
        """
        return None if self.clock.virtual else self.transport.server_clock.offset

    def more(self, call: Call, answer: Answer) -> Call | None:
        """Return the read of the next page; None after the last page."""
        following = answer.get("nextPageToken")
        return evolve(call, parameters={**call.parameters, "pageToken": following}) if following else None

    def silent(self, call: Call, answer: Answer) -> frozenset[str]:
        """Return the zones of the region that an aggregated list reports as unreachable, in either form."""
        items = answer.get("items")
        scopes = set(answer.get("unreachables") or ())
        if isinstance(items, Mapping):
            scopes |= {scope for scope, listed in items.items() if _is_unreachable(listed.get("warning"))}
        zones = (links.name(scope) for scope in scopes)
        return frozenset(zone for zone in zones if zone.startswith(f"{self.environment.region}-"))

    def classify(self, error: Exception) -> ProviderError:
        """Translate an error by Compute Engine's reason. If the connection broke, the outcome is unknown."""
        if isinstance(error, ProviderError):
            return error
        if isinstance(error, GceError):
            return to_provider_error(error)
        if isinstance(error, NotSent):
            return errors.Unavailable(
                str(error),
                provider=NAME,
                fix="Check the network. Check that this machine reaches that address.",
            )
        if isinstance(error, requests.exceptions.SSLError):
            fix = "If a proxy decrypts the traffic, set REQUESTS_CA_BUNDLE to the file of its certificates."
            return errors.PermissionDenied(
                f"the server's certificate is not trusted: {error}", provider=NAME, fix=fix
            )
        reason = (
            "the connection broke" if isinstance(error, requests.RequestException) else type(error).__name__
        )
        return errors.OutcomeUnknown(f"{reason}: {error}", provider=NAME, fix=AGAIN)

    def close(self) -> None:
        """Close all connections."""
        self.transport.close()

    def _change_record(self, call: Call) -> Answer:
        """Return when a new record exists, so that the next run reads it. Here, waiting is worth a call."""
        answer = self.transport.send(call.action, call.parameters)
        if not call.action.endswith(".insert") or answer["status"] == DONE_STATUS:
            return answer
        while answer["status"] != DONE_STATUS:  # a wait request returns after at most two minutes
            answer = self.transport.send("globalOperations.wait", {"operation": answer["name"]})
        return answer

    # An accepted change may fail later, and only its operation shows that. A caller that repeats a change,
    # because no list shows it, gets the result of the first.

    def _still_under_way(self, call: Call) -> Answer | None:
        """Return the running operation of the same change; None if there is none. Raises its failure."""
        with self._lock:
            read = self._begun.pop(_same(call), None)
        if read is None:
            return None
        try:
            operation = self.transport.send(read.action, read.parameters)
        except GceError as error:
            if error.status == 404:  # operations are kept for days only
                return None
            raise
        if operation["status"] == DONE_STATUS:
            return None
        with self._lock:
            self._begun[_same(call)] = read
        return operation


def _same(call: Call) -> Any:
    """Return what identifies one change of a resource."""
    named = {name: value for name, value in call.parameters.items() if isinstance(value, str)}
    named.pop("requestId", None)
    body = call.parameters.get("body") or {}
    return call.action, call.address, tuple(sorted(named.items())), body.get("name")


def _operation_read(operation: Answer) -> Call:
    """Return the read of the state of an operation."""
    path = links.path(operation["selfLink"])
    scope = path.partition("/")[0]
    method = {"global": "globalOperations", "regions": "regionOperations", "zones": "zoneOperations"}[scope]
    place = {} if scope == "global" else {scope.removesuffix("s"): links.place(path)}
    return Call(f"{method}.get", {**place, "operation": links.name(path)})


def _is_unreachable(warning: Mapping[str, Any] | None) -> bool:
    return warning is not None and warning.get("code") == "UNREACHABLE"
