"""What a person does by hand, with virsh, is seen, named and mended."""

import libvirt
import pytest

from hypervisors.conformance_bed import LibvirtBed
from hypervisors.site import BRIDGE
from portinfra import workflow
from portinfra.errors import Conflict, PortinfraError, ProviderError
from portinfra.model.plan import PlanOptions
from portinfra.provider.interface import Call
from portinfra.testing.conformance import BEFORE, Stage
from portinfra.testing.conformance.stage import LOSE_DATA

SCOPE = "sample-production"


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


def native(zone, *command):
    return zone.virsh(*command)


def named(zone, host):
    return next(name for name in zone.virsh("list", "--all", "--name").split() if f"-{host}-" in name)


def stop(zones):
    native(zones["a"], "destroy", named(zones["a"], "web1"))
    return "instance.web1"


def shrink(zones):
    name = named(zones["a"], "web1")
    native(zones["a"], "destroy", name)
    native(zones["a"], "setmaxmem", name, "512MiB", "--config")
    native(zones["a"], "start", name)
    return "instance.web1"


def undefine(zones):
    native(zones["a"], "destroy", named(zones["a"], "old1"))
    native(zones["a"], "undefine", named(zones["a"], "old1"))
    return "instance.old1"


def loosen(zones):
    name = next(word for word in native(zones["b"], "nwfilter-list").split() if "-db-" in word)
    document = native(zones["b"], "nwfilter-dumpxml", name)
    opened = document.replace(
        "</filter>", "<rule action='accept' direction='inout' priority='-999'><all/></rule></filter>"
    )
    _define(zones["b"], "nwfilter-define", opened)
    return "firewall.db"


def allow_more(zones):
    name = next(word for word in native(zones["a"], "nwfilter-list").split() if "-db-" in word)
    document = native(zones["a"], "nwfilter-dumpxml", name)
    ssh = "<tcp dstportstart='22' dstportend='22'/>"
    more = f"<rule action='accept' direction='in' priority='500'>{ssh}</rule></filter>"
    _define(zones["a"], "nwfilter-define", document.replace("</filter>", more))
    return "firewall-rules.db"


def take_filter_away(zones):
    name = named(zones["a"], "web1")
    document = native(zones["a"], "dumpxml", name)
    card = document[document.index("<interface") : document.index("</interface>") + len("</interface>")]
    bare = card[: card.index("<filterref")] + card[card.index("</filterref>") + len("</filterref>") :]
    _define(zones["a"], "update-device", bare, named(zones["a"], "web1"), "--live", "--config")
    return "instance.web1"


def take_filter_from_its_definition(zones):
    name = named(zones["a"], "web1")
    document = native(zones["a"], "dumpxml", name, "--inactive")
    start, end = document.index("<filterref"), document.index("</filterref>") + len("</filterref>")
    _define(zones["a"], "define", document[:start] + document[end:])
    return "instance.web1"


def undefine_while_it_runs(zones):
    native(zones["a"], "undefine", named(zones["a"], "web1"))
    return "instance.web1"


def detach(zones, *flags):
    name = named(zones["a"], "db1")
    disks = native(zones["a"], "domblklist", name).split()
    path = next(word for word in disks if "db1-data" in word)
    native(zones["a"], "detach-disk", name, path, *(flags or ("--live", "--config")))
    return "attachment.db1-data"


def stop_network(zones):
    name = next(word for word in native(zones["b"], "net-list", "--name").split() if word.startswith(SCOPE))
    native(zones["b"], "net-destroy", name)
    return "network.main"


def lose_network(zones):
    name = network_of(zones["a"])
    native(zones["a"], "net-destroy", name)
    native(zones["a"], "net-undefine", name)
    return "network.main"


def restore_network_without_its_metadata(zones):
    document = native(zones["a"], "net-dumpxml", network_of(zones["a"]), "--inactive")
    start, end = document.index("<metadata"), document.index("</metadata>") + len("</metadata>")
    _define(zones["a"], "net-define", document[:start] + document[end:])
    return "network.main"


def restore_network_of_an_earlier_day(zones):
    document = native(zones["a"], "net-dumpxml", network_of(zones["a"]), "--inactive")
    start = document.index('"subnets":{')
    end = document.index("}}", start) + len("}}")
    _define(zones["a"], "net-define", document[:start] + '"subnets":{}' + document[end:])
    return "subnet.db-0"


def network_of(zone):
    return next(word for word in native(zone, "net-list", "--name").split() if word.startswith(SCOPE))


def pause(zones):
    native(zones["a"], "suspend", named(zones["a"], "web1"))
    return "instance.web1"


def let_network_not_start_again(zones):
    name = next(word for word in native(zones["b"], "net-list", "--name").split() if word.startswith(SCOPE))
    native(zones["b"], "net-autostart", name, "--disable")
    return "network.main"


def let_host_not_start_again(zones):
    native(zones["a"], "autostart", named(zones["a"], "web1"), "--disable")
    return "instance.web1"


def detach_from_its_definition(zones):
    return detach(zones, "--config")


def detach_until_it_starts_again(zones):
    return detach(zones, "--live")


def plug_in_another_card(zones):
    name = named(zones["a"], "web1")
    native(zones["a"], "attach-interface", name, "bridge", BRIDGE, "--model", "virtio", "--config")
    return "instance.web1"


def take_its_card(zones):
    name = named(zones["a"], "web1")
    mac = native(zones["a"], "domiflist", name).split()[-1]
    native(zones["a"], "detach-interface", name, "network", "--mac", mac, "--config")
    return "instance.web1"


def give_it_another_address(zones, *flags):
    name = named(zones["a"], "web1")
    document = native(zones["a"], "dumpxml", name)
    card = document[document.index("<interface") : document.index("</interface>") + len("</interface>")]
    more = card.replace("</filterref>", "<parameter name='IP' value='10.10.99.99'/></filterref>")
    _define(zones["a"], "update-device", more, name, *(flags or ("--live", "--config")))
    return "instance.web1"


def give_it_another_address_later(zones):
    return give_it_another_address(zones, "--config")


def _define(zone, command, document, *before):
    path = zone.directory / "run/edited.xml"
    path.write_text(document)
    flags = [word for word in before if word.startswith("--")]
    names = [word for word in before if not word.startswith("--")]
    zone.virsh(command, *names, "/run/libvirt/edited.xml", *flags)


@pytest.mark.parametrize(
    "by_hand",
    [
        stop,
        shrink,
        undefine,
        undefine_while_it_runs,
        loosen,
        allow_more,
        take_filter_away,
        take_filter_from_its_definition,
        detach,
        stop_network,
        pause,
        lose_network,
        restore_network_without_its_metadata,
        restore_network_of_an_earlier_day,
        let_network_not_start_again,
        let_host_not_start_again,
        detach_from_its_definition,
        detach_until_it_starts_again,
        plug_in_another_card,
        take_its_card,
        give_it_another_address,
        give_it_another_address_later,
    ],
)
def test_what_was_done_by_hand_is_named_and_mended(stage, rack, by_hand):
    good = stage.books()
    subject = by_hand(rack.zones)
    plan = stage.plan(BEFORE, PlanOptions())
    touched = (
        {change.address for change in plan.changes}
        | {step.address for step in plan.steps}
        | {finding.subject for finding in plan.findings}
    )
    assert subject in touched
    if by_hand is not undefine:
        assert {change.action for change in plan.changes} <= {"create", "update"}, "no host is made anew"
    stage.bring(BEFORE)
    assert stage.books() == good
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
        assert any("there is no file" in finding.message for finding in plan.errors)
        with pytest.raises(PortinfraError):
            workflow.apply(plan)
        assert passphrase(zone, path) == before
        zone.run("mv", "/var/lib/libvirt/moved", path)
        assert stage.plan(BEFORE).empty


def disks_pool(zone):
    return next(word for word in native(zone, "pool-list", "--all", "--name").split() if "-disks-" in word)


def stop_pool(zone):
    native(zone, "pool-destroy", disks_pool(zone))


def undefine_pool(zone):
    pool = disks_pool(zone)
    native(zone, "pool-destroy", pool)
    native(zone, "pool-undefine", pool)


def point_pool_elsewhere(zone):
    pool = disks_pool(zone)
    undefine_pool(zone)
    zone.run("mkdir", "-p", f"/var/lib/libvirt/elsewhere/{pool}")
    native(zone, "pool-define-as", pool, "dir", "--target", f"/var/lib/libvirt/elsewhere/{pool}")
    native(zone, "pool-start", pool)


ON_ZONE_A = {"volume.db1-data", "volume.db1-log", "instance.db1", "instance.old1", "instance.web1"}
GIVE_UP_DATA = PlanOptions(
    replace=frozenset({"volume.db1-data"}), allow_data_loss=frozenset({"volume.db1-data"})
)


@pytest.mark.parametrize("hide", [stop_pool, undefine_pool, point_pool_elsewhere])
def test_disks_that_no_pool_lists_are_unknown_and_never_absent(stage, rack, hide):
    zone, good = rack.zones["a"], stage.books()
    pool, kept = disks_pool(zone), disks_and_guests(stage)
    hide(zone)

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
    with stage.provider() as provider, pytest.raises(ProviderError, match="is unknown"):
        provider.perform(deletion(zone, "volume.db1-data"))
    assert disks_and_guests(stage) == kept

    zone.run("sh", "-c", fix.partition(": ")[2])
    assert stage.plan(BEFORE).empty
    assert stage.books() == good


@pytest.mark.parametrize("file", ["volume.db1-data", "instance.db1"])
def test_a_disk_that_a_running_guest_holds_open_is_never_deleted(stage, rack, file):
    zone, kept = rack.zones["a"], disks_and_guests(stage)
    native(zone, "undefine", named(zone, "db1"))  # it runs on
    with stage.provider() as provider, pytest.raises(Conflict, match="runs and holds it open"):
        provider.perform(deletion(zone, file))
    assert disks_and_guests(stage) == kept


def disks_and_guests(stage):
    return [line for line in stage.books() if line.split()[0] in ("file", "secret", "instance")]


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


def test_a_guest_that_was_put_to_sleep_goes_with_what_it_was_saved_in(stage, rack):
    rack.zones["a"].virsh("managedsave", named(rack.zones["a"], "db1"))
    stage.remove(BEFORE)
    assert list(stage.bed.books()) == []
    assert not list((rack.zones["a"].directory / "lib/qemu/save").glob("*.save"))
