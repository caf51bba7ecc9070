"""Reads that tell nothing new are left out."""

from collections import Counter

import pytest
from fake_bed import FakeBed

from portinfra import Role, Topology, Volume, apply, plan
from portinfra.execution.connection import Connection
from portinfra.execution.options import RunOptions
from portinfra.placement import place
from portinfra.testing.fake import plugin

SHOP = Topology("shop", roles=[Role("web", count=2)])
WITH_DATA = Topology("shop", roles=[Role("web", count=2, volumes=[Volume("data", gib=1)])])
ONE = RunOptions(seed=0)


@pytest.fixture
def bed(tmp_path, monkeypatch):
    monkeypatch.setenv("PORTINFRA_HOME", str(tmp_path))
    yield FakeBed("aws")
    plugin.cloud = None


def reads_after_the_last_write(bed, made):
    """Return how often an apply reads each list after its last write of a resource."""
    actions = []
    bed.cloud.after_request = lambda action, given, answer: actions.append(action)
    apply(made, seed=0)
    bed.cloud.after_request = None
    writes = [n for n, each in enumerate(actions) if not each.startswith("List") and "Claim" not in each]
    return Counter(each for each in actions[writes[-1] :] if each.startswith("List"))


def test_a_verification_lists_no_kind_that_never_had_a_resource(bed):
    found = reads_after_the_last_write(bed, plan(SHOP, bed.environment))
    assert found["ListInstances"]
    assert found["ListNetworks"]
    assert not found["ListSnapshots"] + found["ListVolumes"] + found["ListPublicAddresses"]


def test_it_lists_the_kinds_that_exist_and_are_not_wanted_any_more(bed):
    apply(plan(WITH_DATA, bed.environment), seed=0)
    found = reads_after_the_last_write(bed, plan(Topology("shop", [Role("db", count=1)]), bed.environment))
    assert found["ListVolumes"]


def test_right_after_an_apply_its_run_reads_nothing_again_and_later_it_does(bed):
    placed = place(SHOP, bed.environment)
    with Connection.to(bed.environment, SHOP) as here, here.start_run(placed.scope, ONE) as run:
        made = run.plan(placed, here.catalogue())
        run.apply(made, lambda progress: None)
        before = run.calls
        assert run.observe().resources == run.verified.resources
        assert run.plan(placed, here.catalogue()).empty
        assert run.calls == before
        run.sleep_until(bed.clock.now() + bed.shape.visibility_seconds)
        before = run.calls
        run.observe()
        assert run.calls > before
