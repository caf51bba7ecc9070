"""Runs that may have to be run again, and worlds that may be compared."""

from collections.abc import Callable

from portinfra import Environment, PlanOptions, Topology, apply, destroy, plan
from portinfra.errors import StalePlanError
from portinfra.testing.fake import FakeCloud, plugin

LOSE_DATA = PlanOptions(allow_data_loss=frozenset({"all"}))

KEPT = (
    "account",
    "cidr",
    "disk_gib",
    "gib",
    "image_id",
    "key",
    "machine_type",
    "power",
    "private_address",
    "public",
)
"""What two worlds that are the same agree in; ids, and what is made of them, differ."""


def bring(topology: Topology, environment: Environment) -> object:
    """Make it so."""
    return _run(lambda: plan(topology, environment, LOSE_DATA))


def remove(topology: Topology, environment: Environment) -> object:
    """Leave nothing."""
    return _run(lambda: destroy(topology, environment, LOSE_DATA))


def _run(make_plan) -> object:
    """Plan and apply. Where even the list of claims lags, a first plan may not know of a run that just died;
    the apply finds out, refuses, and the next plan knows.
    """
    try:
        return apply(make_plan(), seed=0)
    except StalePlanError:
        return apply(make_plan(), seed=0)


def world(cloud: FakeCloud) -> list[str]:
    """The cloud's own books, without what differs between two worlds that are the same."""
    cloud.clock.sleep_until(cloud.clock.now() + 4 * 3600)
    return sorted(
        f"{record['kind']} {record['name']} " + str({name: record[name] for name in KEPT if name in record})
        for record in cloud.books()
        if record["kind"] != "claim"
    )


def dry(cloud: FakeCloud, work: Callable[[], object]) -> list[str]:
    """The world as it would be after some work that nothing disturbs."""
    twin = FakeCloud(cloud.store.copy(), cloud.shape)
    original, plugin.cloud = plugin.cloud, twin
    try:
        work()
        return world(twin)
    finally:
        plugin.cloud = original


def comes_to(cloud: FakeCloud, topology: Topology, environment: Environment, expected: list[str]):
    """Running again brings that world, and a plan that is empty."""

    def again() -> None:
        bring(topology, environment)
        assert plan(topology, environment, LOSE_DATA).empty
        assert world(cloud) == expected

    return again


def comes_to_nothing(cloud: FakeCloud, topology: Topology, environment: Environment):
    """Running again leaves nothing, not even the claim."""

    def again() -> None:
        remove(topology, environment)
        assert destroy(topology, environment, LOSE_DATA).empty
        cloud.clock.sleep_until(cloud.clock.now() + 4 * 3600)
        assert cloud.books() == []

    return again
