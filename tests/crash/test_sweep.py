import random

import pytest
from attrs import evolve
from minimal import AFTER, BEFORE, ENVIRONMENT, EVERYTHING
from sweep import sweep

from portinfra import apply, destroy, plan
from portinfra.errors import StalePlanError
from portinfra.testing.fake import SHAPES, FakeCloud, plugin


@pytest.fixture(autouse=True)
def journals(tmp_path, monkeypatch):
    monkeypatch.setenv("PORTINFRA_HOME", str(tmp_path))


@pytest.fixture(params=sorted(SHAPES))
def cloud(request, monkeypatch):
    cloud = FakeCloud(shape=evolve(SHAPES[request.param], rates={}))
    monkeypatch.setattr(plugin, "cloud", cloud)
    return cloud


def bring(topology):
    return run(lambda: plan(topology, ENVIRONMENT, EVERYTHING))


def remove(topology):
    return run(lambda: destroy(topology, ENVIRONMENT, EVERYTHING))


def run(make_plan):
    """Plan and apply. Where even the list of claims lags, a first plan may not know of a run that just died;
    the apply finds out, refuses, and the next plan knows.
    """
    try:
        return apply(make_plan(), seed=0)
    except StalePlanError:
        return apply(make_plan(), seed=0)


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


def world(cloud):
    """The cloud's own books, without what differs between two worlds that are the same."""
    cloud.clock.sleep_until(cloud.clock.now() + 4 * 3600)
    return sorted(
        f"{record['kind']} {record['name']} " + str({name: record[name] for name in KEPT if name in record})
        for record in cloud.books()
        if record["kind"] != "claim"
    )


def ends(cloud, topology, expected):
    """Running again brings the right world, and a plan that is empty."""

    def again():
        bring(topology)
        assert plan(topology, ENVIRONMENT, EVERYTHING).empty
        assert world(cloud) == expected

    return again


def dry(cloud, work):
    """The world as it would be after some work that nothing disturbs."""
    twin = FakeCloud(cloud.store.copy(), cloud.shape)
    original, plugin.cloud = plugin.cloud, twin
    try:
        work()
        return world(twin)
    finally:
        plugin.cloud = original


def test_creating(cloud):
    expected = dry(cloud, lambda: bring(BEFORE))
    assert expected
    assert sweep(cloud, lambda: bring(BEFORE), ends(cloud, BEFORE, expected)) > 100


def test_changing_one_of_each_kind(cloud):
    bring(BEFORE)
    expected = dry(cloud, lambda: bring(AFTER))
    assert sweep(cloud, lambda: bring(AFTER), ends(cloud, AFTER, expected)) > 100


def test_destroying(cloud):
    bring(BEFORE)

    def again():
        remove(BEFORE)
        assert destroy(BEFORE, ENVIRONMENT, EVERYTHING).empty
        cloud.clock.sleep_until(cloud.clock.now() + 4 * 3600)
        assert cloud.books() == []

    assert sweep(cloud, lambda: remove(BEFORE), again) > 100


@pytest.mark.parametrize("seed", range(3))
def test_the_order_of_what_could_go_in_any_order_does_not_matter(cloud, seed):
    expected = dry(cloud, lambda: bring(BEFORE))
    apply(plan(BEFORE, ENVIRONMENT), seed=random.Random(seed).randrange(10**6))
    assert world(cloud) == expected
