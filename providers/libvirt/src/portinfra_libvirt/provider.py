"""One site of hypervisors, live."""

import threading
from collections.abc import Mapping, Sequence
from typing import Any

import libvirt

from portinfra import errors
from portinfra.errors import ProviderError
from portinfra.model.catalogue import Catalogue
from portinfra.model.environment import Environment
from portinfra.model.resources import Spec
from portinfra.provider.clock import SystemClock
from portinfra.provider.interface import Answer, Call, Driver
from portinfra_libvirt import catalogue
from portinfra_libvirt.actions import (
    all_hypervisors,
    all_resources,
    consoles,
    guests,
    networking,
    overlay,
    storage,
    survey,
)
from portinfra_libvirt.actions.all_hypervisors import Together
from portinfra_libvirt.actions.hypervisor import Action, Hand
from portinfra_libvirt.actions.pool_queue import PoolQueue
from portinfra_libvirt.connections import Connections
from portinfra_libvirt.drivers import drivers
from portinfra_libvirt.drivers.foreign import EVERYTHING
from portinfra_libvirt.drivers.reading import CONSOLE, SURVEY
from portinfra_libvirt.errors import AGAIN, NAME, limit_tries, to_provider_error
from portinfra_libvirt.published import CAPABILITIES
from portinfra_libvirt.records import LibvirtRecords
from portinfra_libvirt.site import Site

WHO = Call("Identify")

_CHANGES: Mapping[str, Action] = {**networking.ACTIONS, **storage.ACTIONS, **guests.ACTIONS}


class LibvirtProvider:
    """One site. Safe to use from several threads: libvirt's connections are, too."""

    name = NAME
    capabilities = CAPABILITIES

    def __init__(self, environment: Environment, site: Site) -> None:
        self.environment = environment
        self.site = site
        self.clock: SystemClock = SystemClock()
        self.drivers: Mapping[type[Spec], Driver[Any]] = drivers(site)
        self.records: LibvirtRecords = LibvirtRecords()
        self._connections = Connections(site)
        self._changing = {each.name: threading.RLock() for each in site.hypervisors}
        self._queues = {each.name: PoolQueue() for each in site.hypervisors}

    def account_calls(self) -> tuple[Call, ...]:
        """Return one read, which gets the name of any hypervisor that answers."""
        return (WHO,)

    def account_of(self, answers: Mapping[Call, Sequence[Answer]]) -> str:
        """Return the site's account in the file of sites; else the host name of the hypervisor."""
        return self.site.account or str(answers[WHO][0]["hostname"])

    def principal_of(self, answers: Mapping[Call, Sequence[Answer]]) -> str:
        """Return the URIs of the site's hypervisors, which name the user and the transport."""
        return ", ".join(each.uri for each in self.site.hypervisors)

    def catalogue_calls(self) -> tuple[Call, ...]:
        """Return two reads."""
        return (WHO, catalogue.DESCRIBE)

    def catalogue(self, answers: Mapping[Call, Sequence[Answer]]) -> Catalogue:
        """Return what the site offers."""
        return catalogue.assemble(self.environment, self.site, self.account_of(answers), answers)

    def perform(self, call: Call) -> Answer:
        """Make one read or one change on a hypervisor. Raises libvirtError, or one of our errors."""
        if call.action in all_hypervisors.ACTIONS:
            self._connections.begin()
            return self._together.perform(call.action, call.parameters)
        at = str(call.parameters["at"])
        connection, answering = self._connections.to(at), self._together.answering
        hand = Hand(connection, self.site, self._changing[at], answering, self._queues[at])
        if call.action == SURVEY:
            return survey.survey(hand.connection, call.parameters["scope"], hand.site.directory)
        if call.action == EVERYTHING:
            return all_resources.list_all(hand.connection)
        if call.action == CONSOLE:
            return consoles.read_console(hand, call.parameters["domain"])
        overlay.probe_overlay(hand, call)
        parameters = {name: value for name, value in call.parameters.items() if name != "at"}
        return _CHANGES[call.action](hand, **parameters) or {}

    def more(self, call: Call, answer: Answer) -> Call | None:
        """Return None: an answer has no further pages."""
        return None

    def silent(self, call: Call, answer: Answer) -> frozenset[str]:
        """Return no zones: a hypervisor returns everything or fails."""
        return frozenset()

    def classify(self, error: Exception) -> ProviderError:
        """Translate an error by libvirt's code. After any other error the outcome is unknown."""
        if isinstance(error, ProviderError):
            return limit_tries(error)
        if isinstance(error, libvirt.libvirtError):
            return to_provider_error(error)
        return errors.OutcomeUnknown(f"{type(error).__name__}: {error}", provider=NAME, fix=AGAIN)

    def close(self) -> None:
        """Close all connections."""
        self._connections.close()

    @property
    def _together(self) -> Together:
        return Together(self.site, self._connections.to)
