"""What no pool lists is unknown, never absent; and what a running guest holds open is never deleted."""

import json
import threading

import libvirt
import pytest

from portinfra.errors import Conflict, NotFound, ProviderError
from portinfra.model.address import Scope
from portinfra.model.observed import Fault
from portinfra.model.resources import Snapshot, Volume
from portinfra.provider.interface import Call, Names, Refs, Refuse
from portinfra_libvirt import disks, domains
from portinfra_libvirt.actions import pools, storage
from portinfra_libvirt.actions.hypervisor import Hand
from portinfra_libvirt.drivers.instance import InstanceDriver
from portinfra_libvirt.drivers.snapshot import SnapshotDriver
from portinfra_libvirt.drivers.volume import VolumeDriver
from portinfra_libvirt.listing import explain_unlisted
from portinfra_libvirt.site import Hypervisor, Site

SCOPE = Scope("shop", "production")
SITE = Site("laptop", (Hypervisor("laptop", "qemu:///system", ("a", "b")),))
DIRECTORY = disks.directory(SITE.directory, SCOPE)
POOL = disks.pool_name(SCOPE)
STATES = {
    "undefined": {"name": POOL, "state": "undefined", "directory": ""},
    "inactive": {"name": POOL, "state": "inactive", "directory": DIRECTORY},
    "elsewhere": {"name": POOL, "state": "active", "directory": "/srv/other"},
}
LISTED = {"name": POOL, "state": "active", "directory": DIRECTORY}


def path_of(address):
    return f"{DIRECTORY}/{address}.1-2.qcow2"


def secret(address, **more):
    file = f"{address}.1-2.qcow2"
    said = {"scope": str(SCOPE), "address": address, "file": file, "zone": "a", "bytes": disks.GIB, **more}
    return {"file": file, "path": path_of(address), "said": json.dumps(said)}


def survey(pool, *secrets, domains=()):
    return {"networks": [], "domains": list(domains), "pool": pool, "disks": [], "secrets": list(secrets)}


def seen(driver, record):
    (found,) = driver.assemble({Call("Survey", {"at": "laptop"}): [record]}, Names(SCOPE, {}))
    return found


def test_a_file_is_absent_only_where_an_active_pool_lists_its_directory():
    path = path_of("volume.db1-data")
    assert explain_unlisted(LISTED, path, "a") is None
    for state, problem in (
        ("undefined", "is not defined"),
        ("inactive", "is not active"),
        ("elsewhere", "lists /srv/other instead of"),
    ):
        told = explain_unlisted(STATES[state], path, "a")
        assert f"the pool {POOL} of a {problem}" in told.reason
        assert f"virsh pool-start {POOL}" in told.fix
    assert f"--target {DIRECTORY}" in explain_unlisted(STATES["undefined"], path, "a").fix
    spaced = explain_unlisted(STATES["undefined"], "/srv/my disks/x.qcow2", "a")
    assert "--target '/srv/my disks'" in spaced.fix


UNLISTED = pytest.mark.parametrize(
    ("driver", "address"),
    [
        (VolumeDriver(SITE), "volume.db1-data"),
        (SnapshotDriver(SITE), "snapshot.db1-data"),
        (InstanceDriver(SITE), "instance.db1"),
    ],
    ids=("volume", "snapshot", "a root disk whose domain is gone"),
)


@UNLISTED
def test_where_the_pool_lists_another_directory_no_disk_is_changed_or_deleted(driver, address):
    found = seen(driver, survey(STATES["elsewhere"], secret(address)))
    assert (found.state, found.fault) == ("pending", None)
    for want in (found.spec, None):
        answer = driver.next_call(want, found, Refs(SCOPE, "attempt", {}))
        assert isinstance(answer, Refuse)
        assert "are unknown" in answer.reason
        assert "virsh pool-start" in answer.fix
        assert "--" not in answer.fix.replace("--target", "")


@UNLISTED
@pytest.mark.parametrize("state", ["undefined", "inactive"])
def test_a_pool_that_was_removed_or_stopped_is_defined_again_before_anything_else(driver, address, state):
    found = seen(driver, survey(STATES[state], secret(address)))
    assert (found.state, found.fault) == ("pending", None)
    assert "are unknown, until apply" in found.reason
    for want in (found.spec, None):
        answer = driver.next_call(want, found, Refs(SCOPE, "attempt", {}))
        assert (answer.action, answer.parameters["path"]) == ("DefinePool", path_of(address))


def test_a_pool_that_lists_a_disk_again_tells_how_large_it_is():
    driver = VolumeDriver(SITE)
    found = seen(driver, survey(STATES["undefined"], secret("volume.db1-data")))
    call = driver.next_call(found.spec, found, Refs(SCOPE, "attempt", {}))
    assert driver.absorb(found, call, {"bytes": "3"}).parts["bytes"] == "3"
    assert driver.absorb(found, call, None) == call.after


def test_a_host_whose_domain_was_undefined_has_a_fault_with_its_class():
    found = seen(InstanceDriver(SITE), survey(LISTED, secret("instance.db1")))
    assert found.fault == Fault(NotFound, "its domain was undefined outside portinfra")


def test_an_unlisted_volume_is_copied_by_no_snapshot_and_an_unlisted_snapshot_by_no_volume():
    volume = seen(VolumeDriver(SITE), survey(STATES["elsewhere"], secret("volume.db1-data")))
    taken = seen(SnapshotDriver(SITE), survey(STATES["elsewhere"], secret("snapshot.one")))
    refs = Refs(SCOPE, "attempt", {each.address: each for each in (volume, taken)})
    for answer in (
        SnapshotDriver(SITE).next_call(Snapshot("two", volume.address), None, refs),
        VolumeDriver(SITE).next_call(Volume("new", 1, zone="a", source="snapshot.one"), None, refs),
    ):
        assert isinstance(answer, Refuse)
        assert "are unknown" in answer.reason
        assert "virsh pool-start" in answer.fix


def test_an_unfinished_disk_has_no_data_and_is_made_anew_though_no_pool_lists_it():
    found = seen(VolumeDriver(SITE), survey(STATES["undefined"], secret("volume.db1-data", unfinished=True)))
    call = VolumeDriver(SITE).next_call(Volume("db1-data", 1, zone="a"), found, Refs(SCOPE, "attempt", {}))
    assert call.action == "DeleteDisk"


def test_a_missing_file_that_a_running_guest_holds_open_is_not_said_to_be_lost():
    path = path_of("volume.db1-data")
    disk = {"path": path, "target": "sdb", "serial": "data"}
    guest = {"name": "db1", "active": True, "disks": [disk], "live_disks": [disk]}
    driver, want = VolumeDriver(SITE), Volume("db1-data", 1, zone="a")
    for active, may_be_lost in ((True, False), (False, True)):
        record = survey(LISTED, secret("volume.db1-data"), domains=[{**guest, "active": active}])
        answer = driver.next_call(want, seen(driver, record), Refs(SCOPE, "attempt", {}))
        assert isinstance(answer, Refuse)
        assert ("--allow-data-loss" in answer.fix) is may_be_lost


def gone(code, message="gone"):
    error = libvirt.libvirtError(message)
    error.err = (code, 0, message, 2, None, None, None, -1, -1)
    return error


class Domain:
    """A running guest of another scope, with an overlay that somebody laid over its disk."""

    def __init__(self, path):
        self.path = path

    def name(self):
        return "somebody"

    def XMLDesc(self, flags=0):
        below = f"<backingStore type='file'><source file='{self.path}'/></backingStore>"
        return (
            "<domain><devices><disk><source file='/srv/overlay'/>"
            f"{below}<target dev='sda'/></disk></devices></domain>"
        )


class Secret:
    def __init__(self, record):
        self.record = record

    def usageID(self):
        return self.record["path"]

    def XMLDesc(self):
        return disks.secret_document(self.record["path"], self.record["said"])

    def undefine(self):
        raise AssertionError("the passphrase is lost")


class Machine:
    """A hypervisor with the secret of one disk; its pool as it was put."""

    def listAllStoragePools(self):
        return [self.pool] if self.pool else []

    def __init__(self, record, pool=None, guests=()):
        self.secret = Secret(record)
        self.pool, self.guests = pool, guests

    def getHostname(self):
        return "laptop"

    def storagePoolLookupByName(self, name):
        if self.pool is None:
            raise gone(libvirt.VIR_ERR_NO_STORAGE_POOL)
        return self.pool

    def storageVolLookupByPath(self, path):
        raise gone(libvirt.VIR_ERR_NO_STORAGE_VOL)

    def secretLookupByUUIDString(self, uuid):
        if uuid != disks.secret_id(self.secret.usageID()):
            raise gone(libvirt.VIR_ERR_NO_SECRET)
        return self.secret

    def listAllSecrets(self):
        return [self.secret]

    def listAllDomains(self, flags):
        return self.guests

    def storagePoolDefineXML(self, document):
        self.pool = Pool(active=False)
        return self.pool


class Pool:
    def __init__(self, active, directory=SITE.directory):
        self.active, self.directory = active, directory

    def name(self):
        return POOL

    def isActive(self):
        return self.active

    def create(self):
        self.active = True

    def destroy(self):
        self.active = False

    def undefine(self):
        self.name = lambda: "undefined"

    def refresh(self, flags):
        pass

    def storageVolLookupByName(self, name):
        raise gone(libvirt.VIR_ERR_NO_STORAGE_VOL)

    def XMLDesc(self):
        return disks.pool_document(self.directory, SCOPE)


@pytest.mark.parametrize("pool", [None, Pool(active=False)], ids=("undefined", "inactive"))
def test_where_the_directory_of_a_pool_lacks_its_disks_nothing_is_made_or_deleted(pool):
    record = secret("volume.db1-data")
    hand = Hand(Machine(record, pool), SITE, threading.RLock())
    with pytest.raises(ProviderError, match="are unknown"):
        storage.delete_disk(hand, str(SCOPE), record["path"])
    with pytest.raises(ProviderError, match="cannot list") as caught:
        pools.ensure(hand, SCOPE, path_of("volume.new"))
    assert "Mount the file system" in caught.value.fix
    left = hand.connection.pool
    assert not left.isActive()
    assert (left.name() == POOL) is (pool is not None)


@pytest.mark.parametrize(
    "message", ["pool has asynchronous jobs running", "unable to connect: Connection reset by peer"]
)
def test_an_error_that_passes_is_not_taken_for_a_directory_without_disks(message):
    record, pool = secret("volume.db1-data"), Pool(active=True)

    def refuse(flags):
        raise gone(libvirt.VIR_ERR_INTERNAL_ERROR, message)

    pool.refresh = refuse
    hand = Hand(Machine(record, pool), SITE, threading.RLock())
    with pytest.raises(libvirt.libvirtError, match=message):
        pools.define_pool(hand, str(SCOPE), record["path"])
    assert pool.isActive()


def test_in_a_pool_that_points_elsewhere_no_disk_is_made():
    hand = Hand(Machine(secret("volume.db1-data"), Pool(active=True)), SITE, threading.RLock())
    assert pools.ensure(hand, SCOPE, path_of("volume.new")) is hand.connection.pool
    hand.connection.pool = Pool(active=True, directory="/srv/other")
    with pytest.raises(ProviderError, match="lists /srv/other/"):
        pools.ensure(hand, SCOPE, path_of("volume.new"))


def test_what_lies_below_the_disk_of_a_running_guest_is_not_deleted():
    record = secret("volume.db1-data")
    hand = Hand(Machine(record, Pool(active=True), [Domain(record["path"])]), SITE, threading.RLock())
    with pytest.raises(Conflict, match="somebody runs and holds it open") as caught:
        storage.delete_disk(hand, str(SCOPE), record["path"])
    assert "Stop that guest" in caught.value.fix


def test_a_running_host_whose_root_disk_is_unlisted_is_neither_changed_nor_removed():
    said = {"scope": str(SCOPE), "address": "instance.web1", "attempt": "1-2", "zone": "a"}
    root, seed = path_of("instance.web1"), f"{DIRECTORY}/instance.web1.1-2.iso"
    name = SCOPE.native_name("web1")
    guest = domains.Guest(name, said, "c1-m128", "net", "52:54:00:00:00:01", "wall", "10.30.0.4", root, seed)
    kept = domains.document(guest)
    domain = {"active": True, "halted": "", "autostart": True, **domains.record(kept, kept)}
    driver = InstanceDriver(SITE)
    found = seen(driver, survey(STATES["elsewhere"], domains=[domain]))
    for want in (found.spec, None):
        answer = driver.next_call(want, found, Refs(SCOPE, "attempt", {}))
        assert isinstance(answer, Refuse)
        assert "instead of" in answer.reason
    found = seen(driver, survey(STATES["undefined"], domains=[domain]))
    call = driver.next_call(None, found, Refs(SCOPE, "attempt", {}))
    assert (call.action, call.parameters["path"]) == ("DefinePool", root)
    stopped = survey(STATES["undefined"], domains=[{**domain, "active": False}])
    assert seen(driver, stopped).reason == "it has no root disk yet", "a run may have died before it made one"
