"""One resource at a time: only that one changes."""

import pytest
from attrs import evolve

from portinfra import Role, Topology, connect, errors
from portinfra.model.address import Address
from portinfra.model.resources import KINDS, Firewall, Instance, Network, Snapshot, Subnet, Volume
from portinfra.records import holder
from portinfra.testing.simulation import SOMEWHERE, apply_and_check, simulate

NETWORK = Network("main", "10.0.0.0/16")


@pytest.fixture(params=["aws", "gcp", "libvirt"])
def cloud(request):
    with simulate(request.param) as cloud:
        yield cloud


def subnet(cloud_there):
    zone = cloud_there.catalogue().zones[0].name
    return Subnet("web-0", NETWORK.address, "10.0.0.0/24", zone)


def host(cloud_there):
    catalogue = cloud_there.catalogue()
    there = subnet(cloud_there)
    firewall = Firewall("web", NETWORK.address)
    for spec in (NETWORK, there, firewall):
        cloud_there.ensure(spec)
    return Instance(
        "web1",
        there.address,
        firewall.address,
        there.zone,
        "10.0.0.10",
        catalogue.machine_type("small"),
        image_id=catalogue.images["debian-12"],
        user_data="#!/bin/sh\n",
    )


def test_each_is_found_again(cloud):
    for _ in range(2):
        with connect(SOMEWHERE) as there:
            seen = there.ensure(host(there))
            assert seen.spec.private_address == "10.0.0.10"
            assert [each.address for each in there.list(Instance)] == ["instance.web1"]


def test_what_broke_beside_it_is_left_to_be_looked_at(cloud):
    with connect(SOMEWHERE) as there:
        there.ensure(host(there))
        before = there.list(Instance)
        break_down(cloud)
        cloud.clock.sleep_until(cloud.clock.now() + 60)
        there.ensure(Volume("log", gib=1, zone=subnet(there).zone))
        after = there.list(Instance)
    assert [seen.id for seen in after] == [seen.id for seen in before]
    assert after[0].fault


def break_down(cloud):
    with cloud.store.transaction():
        for table in cloud.store.tables():
            if table.endswith("|instance"):
                for key, row in list(cloud.store.rows(table).items()):
                    cloud.store.put(table, key, {**row, "fault": "the machine under it broke"})


def test_a_subnet_does_not_move(cloud):
    with connect(SOMEWHERE) as there:
        there.ensure(NETWORK)
        there.ensure(subnet(there))
        with pytest.raises(errors.PolicyError, match=r"would move to 10\.0\.7\.0/24") as caught:
            there.ensure(evolve(subnet(there), cidr="10.0.7.0/24"))
    assert "Give it another name" in str(caught.value)


def test_a_volume_goes_with_leave_only(cloud):
    with connect(SOMEWHERE) as there:
        there.ensure(NETWORK)
        there.ensure(Volume("log", gib=1, zone=subnet(there).zone))
        with pytest.raises(errors.PolicyError, match="allow_data_loss"):
            there.remove("volume.log")
        there.remove("volume.log", allow_data_loss=True)
        assert there.list(Volume) == []


def test_what_it_refers_to_is_there_first(cloud):
    with connect(SOMEWHERE) as there, pytest.raises(errors.NotFound, match=r"network\.main"):
        there.ensure(subnet(there))


def test_what_is_not_there_cannot_be_removed(cloud):
    with connect(SOMEWHERE) as there, pytest.raises(errors.NotFound):
        there.remove(Address("network.main"))


def test_a_claim_that_was_lost_meanwhile_is_taken_again(cloud, monkeypatch):
    with connect(SOMEWHERE) as there:
        there.ensure(NETWORK)
        cloud.clock.sleep_until(cloud.clock.now() + 100)  # the script does something else
        with monkeypatch.context() as elsewhere:
            elsewhere.setattr(holder, "machine_id", lambda: "another machine")
            with connect(SOMEWHERE) as another:
                another.ensure(Volume("log", gib=1, zone=subnet(there).zone))
        there.ensure(subnet(there))
        assert len(there.list(Volume)) == 1
    (newest,) = [
        line for line in cloud.ground_truth() if line["kind"] == "claim" and "3" in line["name"][-2:]
    ]
    assert newest


def test_a_snapshot_is_of_a_volume_or_a_copy(cloud):
    with connect(SOMEWHERE) as there, pytest.raises(errors.ValidationError, match="either taken of a volume"):
        there.ensure(Snapshot("nothing"))


@pytest.mark.parametrize("shape", ["aws", "gcp", "libvirt", "name"])
def test_what_is_listed_can_be_ensured_as_it_is(shape):
    with simulate(shape) as cloud:
        shop = Topology(
            "shop",
            [Role("db", count=1, public="customers", waive={"R6": "a test"}, volumes=Volume("data", gib=2))],
        )
        apply_and_check(shop, SOMEWHERE)
        before = [record for record in cloud.ground_truth() if record["kind"] != "claim"]
        with connect(SOMEWHERE, "shop") as there:
            for kind in KINDS:
                for seen in there.list(kind):
                    there.ensure(seen.spec)
        assert [record for record in cloud.ground_truth() if record["kind"] != "claim"] == before


def test_what_is_new_leaves_nothing_out():
    with simulate("gcp") as cloud, connect(SOMEWHERE) as there:
        with pytest.raises(errors.ValidationError, match="zone must be"):
            there.ensure(Subnet("web-0", there.ensure(NETWORK).address, "10.0.0.0/24", ""))
        assert {record["kind"] for record in cloud.ground_truth()} == {"network", "claim"}
