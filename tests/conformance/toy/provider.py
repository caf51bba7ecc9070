"""One live project: makes one request at a time."""

from collections.abc import Mapping, Sequence
from typing import Any

from attrs import evolve

from portinfra import errors
from portinfra.model.catalogue import Capabilities, Catalogue, MachineType, Quota, Rate, Zone
from portinfra.model.resources import Spec
from portinfra.provider.interface import Answer, Call, Clock, Driver, RecordDriver

from .cloud import ToyCloud, ToyError
from .drivers.attachment import AttachmentDriver
from .drivers.common import ToyDriver
from .drivers.firewall import FirewallDriver
from .drivers.instance import InstanceDriver
from .drivers.network import NetworkDriver
from .drivers.public_address import PublicAddressDriver
from .drivers.rules import RulesDriver
from .drivers.snapshot import SnapshotDriver
from .drivers.subnet import SubnetDriver
from .drivers.volume import VolumeDriver
from .records import ToyRecords

SIZES = {"small": "s1", "medium": "s2", "large": "s4", "xlarge": "s8"}

CAPABILITIES = Capabilities(
    visibility_seconds=5.0, customer_keys=False, snapshot_copy=False, block_export=True
)

DRIVERS: tuple[ToyDriver[Any], ...] = (
    NetworkDriver(),
    SubnetDriver(),
    FirewallDriver(),
    RulesDriver(),
    InstanceDriver(),
    VolumeDriver(),
    AttachmentDriver(),
    PublicAddressDriver(),
    SnapshotDriver(),
)
KIND_OF = {driver.collection: driver.spec.kind for driver in DRIVERS}

MEANINGS: Mapping[str, tuple[type[errors.ProviderError], str]] = {
    "missing": (errors.NotFound, "Run it again: it looks for what is there."),
    "exists": (errors.AlreadyExists, "Choose another name, or remove what bears it."),
    "busy": (errors.Conflict, "Wait until nothing uses it, and run it again."),
    "slow-down": (errors.RateLimited, "Wait a second, and run it again."),
    "silent": (errors.Unavailable, "Wait until the zone answers, and run it again."),
    "quota": (errors.QuotaExceeded, "Ask for a higher limit of this project."),
    "sold-out": (errors.NoCapacity, "Choose another size or zone."),
    "bad": (errors.InvalidRequest, "Correct the value that it names."),
}


class ToyProvider:
    name = "toy"
    capabilities = CAPABILITIES

    def __init__(self, cloud: ToyCloud, region: str) -> None:
        self._cloud = cloud
        self._region = region
        self.clock: Clock = cloud.clock
        self.drivers: Mapping[type[Spec], Driver[Any]] = {driver.spec: driver for driver in DRIVERS}
        self.records: RecordDriver = ToyRecords()

    def account_calls(self) -> tuple[Call, ...]:
        return self.catalogue_calls()

    def account_of(self, answers: Mapping[Call, Sequence[Answer]]) -> str:
        return self.catalogue(answers).account

    def principal_of(self, answers: Mapping[Call, Sequence[Answer]]) -> str:
        return ""

    def catalogue_calls(self) -> tuple[Call, ...]:
        return (Call("GET /project", rates=("requests",)),)

    def catalogue(self, answers: Mapping[Call, Sequence[Answer]]) -> Catalogue:
        [[project]] = [pages for call, pages in answers.items() if call.action == "GET /project"]
        zones = frozenset(project["zones"])
        return Catalogue(
            region=self._region,
            account=project["project"],
            zones=tuple(Zone(name) for name in project["zones"]),
            sizes=SIZES,
            machine_types={
                name: MachineType(name, machine["cpus"], machine["gib"], zones)
                for name, machine in project["machines"].items()
            },
            images={image.rpartition("-v")[0]: image for image in sorted(project["images"])},
            quotas=tuple(
                Quota(KIND_OF[quota["collection"]], quota["limit"], quota["used"])
                for quota in project["quotas"]
            ),
            rates={"requests": Rate(50, 50)},
        )

    def perform(self, call: Call) -> Answer:
        """An action is a method and a path; `{id}` in the path is taken from the parameters."""
        method, _, path = call.action.partition(" ")
        body = {name: value for name, value in call.parameters.items() if name != "id"}
        answer: Answer = self._cloud.request(method, path.format(**call.parameters), body)
        return answer

    def more(self, call: Call, answer: Answer) -> Call | None:
        page = answer.get("next")
        return evolve(call, parameters={**call.parameters, "page": page}) if page else None

    def silent(self, call: Call, answer: Answer) -> frozenset[str]:
        return frozenset(answer.get("unreachable", ()))

    def classify(self, error: Exception) -> errors.ProviderError:
        unknown = (errors.OutcomeUnknown, "Run it again: it looks for what is there.")
        meaning, fix = MEANINGS.get(error.reason, unknown) if isinstance(error, ToyError) else unknown
        return meaning(str(error), provider=self.name, fix=fix)

    def close(self) -> None:
        pass
