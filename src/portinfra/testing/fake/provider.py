"""The simulator as a provider: one account in one region, with its drivers."""

from collections.abc import Mapping, Sequence
from typing import Any

from attrs import evolve

from portinfra import errors
from portinfra.model.catalogue import Capabilities, Catalogue, MachineType, Quota, Zone
from portinfra.model.resources import Spec
from portinfra.provider.abilities import ServerTime
from portinfra.provider.interface import Answer, Call, Driver
from portinfra.testing.fake.api.catalogue import SIZES
from portinfra.testing.fake.api.firewalls import RULES_MAX
from portinfra.testing.fake.clock import MachineClock
from portinfra.testing.fake.cloud import FakeCloud
from portinfra.testing.fake.drivers import drivers
from portinfra.testing.fake.drivers.records import FakeRecords
from portinfra.testing.fake.errors import AGAIN, KINDS, FakeError
from portinfra.testing.fake.shapes import Shape, rate_classes, usual_seconds

_TAG_LIMITS = {"tags": (128, 256), "labels": (63, 63)}
"""The carrier of the owner → the longest key and value of a tag."""


def capabilities_of(shape: Shape) -> Capabilities:
    """Return the capabilities of a cloud with this shape."""
    key_max, value_max = _TAG_LIMITS.get(shape.owner["instance"], (None, None))
    return Capabilities(
        rules_max=RULES_MAX,
        tag_key_max=key_max,
        tag_value_max=value_max,
        visibility_seconds=shape.visibility_seconds,
        rates=shape.rates,
        usual_seconds=usual_seconds(shape),
        zonal_subnets=shape.zonal_subnets,
        user_data_max_bytes=16_384,
        runs_user_data=False,
        names_principals=False,
        simulated=True,
    )


class FakeProvider(ServerTime):
    """One account in one region of the simulator. Several threads may use it."""

    name = "fake"

    def __init__(self, cloud: FakeCloud, account: str, region: str, *, closes: bool = False) -> None:
        self.cloud = cloud
        self.account = account
        self.region = region
        """The region of the location, with its shape if it names one."""
        self.shape: Shape = cloud.shape_of(region)
        self.capabilities: Capabilities = capabilities_of(self.shape)
        self.clock: MachineClock = MachineClock(cloud.clock)
        zones = tuple(region.rpartition("/")[2] + letter for letter in "abcd")
        self.drivers: Mapping[type[Spec], Driver[Any]] = drivers(self.shape, zones)
        self.records: FakeRecords = FakeRecords()
        self._closes = closes

    reports_time = True
    """Whether the answers contain the provider's time, as those of clouds do. Those of hypervisors do not."""

    def clock_offset(self) -> float | None:
        """Return the offset between the simulator's clock and this one, in seconds."""
        return self.cloud.clock.now() - self.clock.now() if self.reports_time else None

    def account_calls(self) -> tuple[Call, ...]:
        """Return one read: the description of the region has the account."""
        return (Call("DescribeRegion", rates=rate_classes("DescribeRegion", self.shape), safe=True),)

    def account_of(self, answers: Mapping[Call, Sequence[Answer]]) -> str:
        """Return the account of the credentials."""
        ((region,),) = answers.values()
        return str(region["account"])

    def principal_of(self, answers: Mapping[Call, Sequence[Answer]]) -> str:
        """Return the account, since the simulator has no users."""
        return f"fake:{self.account_of(answers)}"

    def catalogue_calls(self) -> tuple[Call, ...]:
        """Return two reads: the region and its images."""
        return tuple(
            Call(action, rates=rate_classes(action, self.shape), safe=True)
            for action in ("DescribeRegion", "ListImages")
        )

    def catalogue(self, answers: Mapping[Call, Sequence[Answer]]) -> Catalogue:
        """Return the offers of the region."""
        first_pages = {call.action: pages[0] for call, pages in answers.items()}
        region, images = first_pages["DescribeRegion"], first_pages["ListImages"]["images"]
        return Catalogue(
            region=region["region"],
            account=region["account"],
            zones=tuple(Zone(name) for name in region["zones"]),
            sizes=SIZES,
            machine_types={
                t["name"]: MachineType(t["name"], t["vcpus"], t["memory_gib"], frozenset(t["zones"]))
                for t in region["machine_types"]
            },
            images={image[name]: image["id"] for image in images for name in ("id", "family")},
            quotas=tuple(Quota(q["kind"], q["limit"], q["used"]) for q in region["quotas"]),
        )

    def perform(self, call: Call) -> Answer:
        """Make one request. Raises FakeError."""
        return self.cloud.request(self.account, self.region, call.action, call.parameters)

    def more(self, call: Call, answer: Answer) -> Call | None:
        """Return the call for the next page, which begins after the last record of this one."""
        if "next" not in answer:
            return None
        return evolve(call, parameters={**call.parameters, "after": answer["next"]})

    def silent(self, call: Call, answer: Answer) -> frozenset[str]:
        """Return the zones that a list reports as unreachable."""
        return frozenset(answer.get("unreachable", ()))

    def classify(self, error: Exception) -> errors.ProviderError:
        """Return the error class of a FakeError. Any other error is an unknown outcome."""
        if isinstance(error, errors.ProviderError):
            return error
        if not isinstance(error, FakeError):
            return errors.OutcomeUnknown(f"{type(error).__name__}: {error}", provider=self.name, fix=AGAIN)
        kind, fix = KINDS.get(error.code, (errors.InvalidRequest, ""))
        return kind(error.message, provider=self.name, fix=fix)

    def close(self) -> None:
        """Close the cloud's file, if it was opened for this provider alone."""
        if self._closes:
            self.cloud.store.close()
