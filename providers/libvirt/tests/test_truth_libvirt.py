"""What a person does by hand, with virsh, is seen, named and mended."""

import time

import libvirt
import pytest
from attrs import evolve

import portinfra
from hypervisors import by_hand
from hypervisors.by_hand import disks_pool, named, native, secret_of
from hypervisors.conformance_bed import LibvirtBed
from portinfra import Volume, workflow
from portinfra.errors import Conflict, PortinfraError, ProviderError
from portinfra.model.plan import PlanOptions
from portinfra.provider.interface import Call
from portinfra.testing.conformance import BEFORE, Stage
from portinfra.testing.conformance.stage import LOSE_DATA


@pytest.fixture(scope="module")
def up(rack, depot, tmp_path_factory):
    directory = tmp_path_factory.mktemp("truth")
    (directory / "sites.hcl").write_text(rack.hcl())
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PORTINFRA_SITES", str(directory / "sites.hcl"))
        patch.setenv("PORTINFRA_HOME", str(directory))
        stage = Stage(LibvirtBed(rack, depot))
        stage.bed.reset()
        yield stage
        stage.bed.reset()


@pytest.fixture
def stage(up):
    up.bring(BEFORE)
    return up


@pytest.mark.parametrize(
    "done",
    [
        by_hand.stop,
        by_hand.shrink,
        by_hand.undefine,
        by_hand.undefine_while_it_runs,
        by_hand.loosen,
        by_hand.allow_more,
        by_hand.take_filter_away,
        by_hand.take_filter_from_its_definition,
        by_hand.detach,
        by_hand.stop_network,
        by_hand.pause,
        by_hand.let_network_not_start_again,
        by_hand.detach_from_its_definition,
        by_hand.detach_until_it_starts_again,
        by_hand.plug_in_another_card,
        by_hand.take_its_card,
        by_hand.give_it_another_address,
        by_hand.give_it_another_address_later,
        by_hand.strip_metadata,
        by_hand.rename_while_it_is_off,
        by_hand.restore_network_without_its_metadata,
        by_hand.lose_network,
        by_hand.restore_network_of_an_earlier_day,
        by_hand.let_host_not_start_again,
        by_hand.strip_secret,
        by_hand.strip_secret_of_a_root_disk,
        by_hand.stop_pool,
        by_hand.undefine_pool,
    ],
    ids=lambda done: done.__name__,
)
def test_what_was_done_by_hand_is_named_and_mended(stage, rack, done):
    good = stage.ground_truth()
    subject = done(rack.zones)
    plan = stage.plan(BEFORE, PlanOptions())
    touched = (
        {change.address for change in plan.changes}
        | {step.address for step in plan.steps}
        | {finding.subject for finding in plan.findings}
    )
    assert subject in touched
    if done is not by_hand.undefine:
        assert {change.action for change in plan.changes} <= {"create", "update"}, "no host is made anew"
    stage.bring(BEFORE)
    assert stage.ground_truth() == good
    for zone in rack.zones.values():
        for name in zone.virsh("list", "--name").split():
            assert zone.virsh("domstate", name).strip() == "running"
    assert stage.plan(BEFORE).empty


def test_a_disk_that_was_moved_away_is_asked_for_and_never_made_anew(stage, rack):
    zone = rack.zones["a"]
    name = named(zone, "db1")
    for subject in ("volume.db1-data", "instance.db1"):
        path = next(word for word in native(zone, "domblklist", name).split() if f"/{subject}." in word)
        before = passphrase(zone, path)
        zone.run("mv", path, "/var/lib/libvirt/moved")
        plan = stage.plan(BEFORE, PlanOptions())
        assert subject in {finding.subject for finding in plan.errors}
        assert any("is gone" in finding.message for finding in plan.errors)
        with pytest.raises(PortinfraError):
            workflow.apply(plan)
        assert passphrase(zone, path) == before
        zone.run("mv", "/var/lib/libvirt/moved", path)
        assert stage.plan(BEFORE).empty


ON_ZONE_A = {"volume.db1-data", "volume.db1-log", "instance.db1", "instance.old1", "instance.web1"}
GIVE_UP_DATA = PlanOptions(
    replace=frozenset({"volume.db1-data"}), allow_data_loss=frozenset({"volume.db1-data"})
)


def test_disks_that_no_pool_lists_are_unknown_and_never_absent(stage, rack):
    zone, good = rack.zones["a"], stage.ground_truth()
    pool, kept = disks_pool(zone), disks_and_guests(stage)
    by_hand.point_pool_elsewhere(rack.zones)

    errors = stage.plan(BEFORE, PlanOptions()).errors
    assert {finding.subject for finding in errors} == ON_ZONE_A
    assert all(f"the pool {pool} of a" in finding.message for finding in errors)
    (fix,) = {finding.fix for finding in errors}
    assert "virsh pool-start" in fix
    assert "data-loss" not in fix

    environment = stage.environment
    for plan in (
        workflow.plan(BEFORE, environment, GIVE_UP_DATA),
        workflow.destroy(BEFORE, environment, LOSE_DATA),
    ):
        assert plan.errors
        with pytest.raises(PortinfraError):
            workflow.apply(plan)
    with stage.provider() as provider, pytest.raises(ProviderError, match="are unknown"):
        provider.perform(deletion(zone, "volume.db1-data"))
    assert disks_and_guests(stage) == kept

    zone.run("sh", "-c", fix.partition(": ")[2])
    assert stage.plan(BEFORE).empty
    assert stage.ground_truth() == good


def test_a_pool_whose_file_system_is_not_mounted_is_not_defined_without_its_disks(stage, rack):
    zone, good = rack.zones["a"], stage.ground_truth()
    pool = disks_pool(zone)
    place = f"/var/lib/libvirt/portinfra/{pool}"
    by_hand.undefine_pool(rack.zones)
    zone.run("mv", place, f"{place}-unmounted")
    zone.run("mkdir", place)
    with pytest.raises(PortinfraError, match="cannot list"):
        stage.bring(BEFORE)
    assert pool not in native(zone, "pool-list", "--all", "--name").split()
    zone.run("rmdir", place)
    zone.run("mv", f"{place}-unmounted", place)
    stage.bring(BEFORE)
    assert stage.ground_truth() == good


def test_a_pool_under_another_name_lists_the_disks_of_its_directory(stage, rack):
    zone = rack.zones["a"]
    pool = disks_pool(zone)
    by_hand.undefine_pool(rack.zones)
    by_hand.define_pool(zone, "other", f"/var/lib/libvirt/portinfra/{pool}")
    assert stage.plan(BEFORE).empty
    native(zone, "pool-destroy", "other")
    native(zone, "pool-undefine", "other")


@pytest.mark.parametrize("owner", ["volume.db1-data", "instance.db1"])
def test_a_secret_without_key_that_was_removed_is_named_and_its_disk_is_kept(stage, rack, owner):
    zone, good = rack.zones["a"], stage.ground_truth()
    id = secret_of(zone, owner)
    definition, value = native(zone, "secret-dumpxml", id), native(zone, "secret-get-value", id).strip()
    native(zone, "secret-undefine", id)
    plan = stage.plan(BEFORE, PlanOptions())
    (error,) = plan.errors
    assert error.subject == owner
    assert "the secret that opens it was removed outside portinfra" in error.message
    assert "Keep its running guest running" in error.fix
    assert "data-loss" not in error.fix
    assert {change.action for change in plan.changes} == {"update"}
    by_hand.define(zone, "secret-define", definition)
    native(zone, "secret-set-value", id, value)
    assert stage.plan(BEFORE).empty
    assert stage.ground_truth() == good


def test_an_external_snapshot_made_by_hand_is_named_and_its_mend_brings_all_back(stage, rack):
    zone, good = rack.zones["a"], stage.ground_truth()
    native(zone, "snapshot-create-as", named(zone, "db1"), "by-hand", "--disk-only", "--no-metadata")
    for plan in (stage.plan(BEFORE), workflow.destroy(BEFORE, stage.environment, LOSE_DATA)):
        assert {finding.subject for finding in plan.errors} >= HAS_SNAPSHOT
        with pytest.raises(PortinfraError):
            workflow.apply(plan)
    errors = stage.plan(BEFORE).errors
    assert {finding.subject for finding in errors} == HAS_SNAPSHOT
    for finding in errors:
        assert "an external snapshot was made outside portinfra" in finding.message
        zone.run("sh", "-c", finding.fix.partition(": ")[2])
    zone.run("sh", "-c", f"rm /var/lib/libvirt/portinfra/{disks_pool(zone)}/*.by-hand")
    assert stage.plan(BEFORE).empty
    assert stage.ground_truth() == good


HAS_SNAPSHOT = {"instance.db1", "attachment.db1-data", "attachment.db1-log"}


def test_a_running_guest_that_was_renamed_is_left_alone_and_its_mend_is_named(stage, rack):
    zone, name = rack.zones["a"], named(rack.zones["a"], "db1")
    by_hand.rename_while_it_is_off(rack.zones)
    native(zone, "start", "somebody")
    for plan in (stage.plan(BEFORE), workflow.destroy(BEFORE, stage.environment, LOSE_DATA)):
        (error,) = plan.errors
        assert error.message == f"instance.db1: its domain {name} was renamed to somebody outside portinfra"
        assert "virsh shutdown somebody" in error.fix
    native(zone, "destroy", "somebody")
    stage.bring(BEFORE)
    assert named(zone, "db1") == name


def delete_volume(zone):
    return deletion(zone, "volume.db1-data")


def delete_root_disk(zone):
    return deletion(zone, "instance.db1")


def delete_network(zone):
    where = {"name": by_hand.network_of(zone), "scope": "sample/production"}
    return Call("UndefineNetwork", {"at": "a", **where})


def delete_filter(zone):
    name = next(word for word in native(zone, "nwfilter-list").split() if "-db-" in word)
    return Call("UndefineFilter", {"at": "a", "name": name})


def delete_domain(zone):
    return Call("UndefineDomain", {"at": "a", "domain": named(zone, "db1")})


@pytest.mark.parametrize(
    "delete",
    [delete_volume, delete_root_disk, delete_network, delete_filter, delete_domain],
    ids=("volume, secret and pool", "root disk", "network", "filter", "domain"),
)
def test_what_a_running_guest_holds_open_is_never_deleted(stage, rack, delete):
    good = stage.ground_truth()
    with stage.provider() as provider:
        with pytest.raises((ProviderError, libvirt.libvirtError)) as caught:
            provider.perform(delete(rack.zones["a"]))
        assert isinstance(provider.classify(caught.value), Conflict)
    assert stage.ground_truth() == good


def disks_and_guests(stage):
    return [line for line in stage.ground_truth() if line.split()[0] in ("file", "secret", "instance")]


def deletion(zone, owner):
    disks = native(zone, "domblklist", named(zone, "db1")).split()
    path = next(word for word in disks if f"/{owner}." in word and word.endswith(".qcow2"))
    return Call("DeleteDisk", {"at": "a", "scope": "sample/production", "path": path})


def passphrase(zone, path):
    connection = libvirt.open(zone.uri)
    secret = connection.secretLookupByUsage(libvirt.VIR_SECRET_USAGE_TYPE_VOLUME, path)
    value = secret.value()
    connection.close()
    return value


def test_a_plan_without_changes_reads_each_hypervisor_once(stage):
    with stage.calls() as record:
        assert workflow.plan(BEFORE, stage.environment).empty
    assert len(record.made) <= 2 + len(stage.bed.site.zones)


def test_a_hypervisor_that_is_gone_costs_seconds(stage):
    with stage.bed.silence("b"):
        for options in (PlanOptions(), PlanOptions(without_zones=frozenset("b"))):
            began = time.monotonic()
            plan = workflow.plan(BEFORE, stage.environment, options)
            assert time.monotonic() - began < 10
            assert plan.observation.unknown == {"b"}
            assert bool(plan.errors) is not bool(options.without_zones)
    assert stage.plan(BEFORE).empty


def test_a_guest_that_was_put_to_sleep_goes_with_what_it_was_saved_in(stage, rack):
    rack.zones["a"].virsh("managedsave", named(rack.zones["a"], "db1"))
    stage.remove(BEFORE)
    assert list(stage.bed.ground_truth()) == []
    assert not list((rack.zones["a"].directory / "lib/qemu/save").glob("*.save"))


def test_a_secret_with_a_key_that_was_removed_is_defined_again_and_opens_its_disk(stage, rack):
    zone, kept = rack.zones["a"], Volume("kept", gib=1, zone="a", key="payments")
    wrong = zone.directory / "wrong.key"
    wrong.touch(mode=0o600)
    wrong.write_text("another passphrase")
    with stage.calls(), portinfra.connect(stage.environment, "scratch") as cloud:
        path = cloud.ensure(kept).id
        before = passphrase(zone, path)
        native(zone, "secret-undefine", secret_of(zone, "volume.kept"))
        with pytest.raises(PortinfraError, match="does not open"):
            cloud.ensure(evolve(kept, key=f"file:{wrong}"))
        cloud.ensure(kept)
        assert passphrase(zone, path) == before
        cloud.remove("volume.kept", allow_data_loss=True)
