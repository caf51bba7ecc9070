"""One live location: it performs one request at a time."""

from attrs import evolve

from portinfra import errors
from portinfra.model.catalogue import Capabilities, Catalogue, MachineType, Rate, Zone
from portinfra.provider.clock import SystemClock
from portinfra.provider.interface import Call

from .drivers import DRIVERS
from .records import AcmeRecords

CAPABILITIES = Capabilities(visibility_seconds=0.0, snapshot_copy=False)
SIZES = {"small": "a1", "medium": "a2", "large": "a4", "xlarge": "a8"}  # never change an entry
IMAGES = {"debian-12": "debian-12-v7", "ubuntu-24.04": "ubuntu-24.04-v2"}
AGAIN = (errors.OutcomeUnknown, "Run it again.")
MEANINGS = {
    "NotFound": (errors.NotFound, "Plan again."),
    "Conflict": (errors.Conflict, "Plan again."),
    "AlreadyExists": (errors.AlreadyExists, "Plan again."),
    "Unavailable": (errors.Unavailable, "Wait for the zone, and run it again."),
    "RateLimited": (errors.RateLimited, "Wait a second, and run it again."),
    "NoCapacity": (errors.NoCapacity, "Choose another zone or size."),
    "QuotaExceeded": (errors.QuotaExceeded, "Ask for a higher quota."),
}


class AcmeProvider:
    name = "acme"
    capabilities = CAPABILITIES
    clock = SystemClock()
    drivers = DRIVERS  # {Network: NetworkDriver(), …}, in the order of the kinds of the reference
    records = AcmeRecords()

    def __init__(self, client, region):
        self._client, self._region = client, region

    def perform(self, call):  # one request: never sleep, never repeat; raise the native error
        return self._client.request(call.action, call.parameters)

    def more(self, call, answer):  # the call for the next page
        page = answer.get("next")
        return evolve(call, parameters={**call.parameters, "page": page}) if page else None

    def silent(self, call, answer):  # zones that a successful answer reports as unreachable
        return frozenset(answer.get("silent", ()))

    def classify(self, error):
        kind, fix = MEANINGS.get(getattr(error, "code", ""), AGAIN)
        return kind(str(error), provider=self.name, fix=fix)

    def account_calls(self):  # every plan begins with them: as few as can be
        return (Call("Project", rates=("read",)),)

    def account_of(self, answers):
        (project,) = [pages[0] for call, pages in answers.items() if call.action == "Project"]
        return project["id"]

    def principal_of(self, answers):
        return ""  # Acme does not say who the credentials speak for

    def catalogue_calls(self):
        return self.account_calls()

    def catalogue(self, answers):
        zones = (Zone("zone-a"), Zone("zone-b"))
        everywhere = frozenset(zone.name for zone in zones)
        machines = {name: MachineType(name, 1, 2.0, everywhere) for name in SIZES.values()}
        rates = {"read": Rate(20, 10), "write": Rate(5, 1)}  # every name in Call.rates is here
        account = self.account_of(answers)
        return Catalogue(self._region, account, zones, SIZES, machines, IMAGES, rates=rates)

    def close(self):
        self._client.close()
