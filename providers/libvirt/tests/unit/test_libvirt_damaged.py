"""A definition that was damaged outside portinfra is recognised by what it contains, and each cause has its
own reason and its own mend. Nothing that a running guest has is replaced for it.
"""

import json

import pytest
from attrs import evolve

from portinfra.model.address import Address, Scope
from portinfra.model.observed import UNSEEN
from portinfra.provider.interface import Call, Names, Refs, Refuse
from portinfra_libvirt import disks, domains
from portinfra_libvirt.drivers.attachment import AttachmentDriver
from portinfra_libvirt.drivers.instance import InstanceDriver
from portinfra_libvirt.drivers.network import NetworkDriver
from portinfra_libvirt.drivers.snapshot import SnapshotDriver
from portinfra_libvirt.drivers.volume import VolumeDriver
from portinfra_libvirt.site import Hypervisor, Site

SCOPE = Scope("shop", "production")
SITE = Site("laptop", (Hypervisor("laptop", "qemu:///system", ("a", "b")),), bridge="br0")
REFS = Refs(SCOPE, "3-4", {})
DIRECTORY = disks.directory(SITE.directory, SCOPE)
POOL = {"name": disks.pool_name(SCOPE), "state": "active", "directory": DIRECTORY}
NAME = SCOPE.native_name("db1")
SAID = {
    "scope": str(SCOPE),
    "address": "instance.db1",
    "attempt": "1-2",
    "zone": "a",
    "image": "debian-12",
    "image_id": "debian-12.qcow2",
    "private_address": "10.10.4.4",
}


def path_of(address, ending=".qcow2"):
    return f"{DIRECTORY}/{address}.1-2{ending}"


def listed(address, ending=".qcow2"):
    file = f"{address}.1-2{ending}"
    kind = "qcow2" if ending == ".qcow2" else "raw"
    sizes = {"bytes": disks.GIB, "allocated": disks.GIB, "format": kind, "encrypted": kind == "qcow2"}
    return {"file": file, "path": path_of(address, ending), **sizes}


def secret(address, **more):
    file = f"{address}.1-2.qcow2"
    said = {"scope": str(SCOPE), "address": address, "attempt": "1-2", "file": file, **more}
    return {"file": file, "path": path_of(address), "said": json.dumps(said)}


def guest(name=NAME, said=SAID, active=True):
    root, seed = path_of("instance.db1"), path_of("instance.db1", ".iso")
    card = ("net", "52:54:00:00:00:01", "wall", "10.10.4.4")
    document = domains.document(domains.Guest(name, said or {}, "c1-m128", *card, root, seed))
    record = domains.record(document, document, directory=DIRECTORY)
    record |= {"active": active, "autostart": active, "halted": ""}
    return record if said else {**record, "said": ""}


ROOT = [listed("instance.db1"), listed("instance.db1", ".iso")]
MARKED = secret("instance.db1", host=SAID)


def seen(driver, *guests, files=ROOT, secrets=(), networks=()):
    record = {"networks": networks, "domains": guests, "pool": POOL, "disks": files, "secrets": secrets}
    return driver.assemble({Call("Survey", {"at": "laptop"}): [record]}, Names(SCOPE, {}))


def host(*guests, secrets=(MARKED,)):
    (found,) = seen(InstanceDriver(SITE), *guests, secrets=secrets)
    return found, InstanceDriver(SITE).next_call(found.spec, found, REFS)


class TestAHost:
    def test_whose_metadata_was_removed_has_it_back_from_its_root_disk(self):
        found, call = host(guest(said=None))
        assert found.reason == "the metadata of its domain was removed outside portinfra"
        assert (found.spec.image, found.spec.private_address) == ("debian-12", "10.10.4.4")
        assert (call.action, call.parameters["said"]) == ("OwnDomain", json.dumps(SAID, **COMPACT))

    def test_whose_root_disk_tells_nothing_more_is_neither_replaced_nor_removed(self):
        for secrets in ((secret("instance.db1"),), (), ({**secret("instance.db1"), "said": ""},)):
            found, answer = host(guest(said=None), secrets=secrets)
            assert (found.address, found.fault) == ("instance.db1", None)
            assert {found.spec.image, found.spec.key, found.spec.subnet, found.spec.zone} == {UNSEEN}
            assert isinstance(answer, Refuse)
            assert "does not have its declaration" in answer.reason
            assert isinstance(InstanceDriver(SITE).next_call(None, found, REFS), Refuse)

    def test_that_was_renamed_is_renamed_back_when_it_does_not_run(self):
        found, answer = host(guest("other"))
        assert found.reason == f"its domain {NAME} was renamed to other outside portinfra"
        assert isinstance(answer, Refuse)
        assert "virsh shutdown other" in answer.fix
        found, call = host(guest("other", active=False))
        assert call.action == "RenameDomain"
        assert (call.parameters["domain"], call.parameters["name"]) == ("other", NAME)
        assert call.after.id == f"instance:{NAME}"

    def test_is_no_other_domain_with_a_copy_of_its_metadata(self):
        clone = guest("clone", active=False)
        (found,) = seen(InstanceDriver(SITE), clone, guest(), secrets=[MARKED])
        assert (found.id, found.state) == (f"instance:{NAME}", "ready")

    def test_is_none_without_a_root_disk_of_ours(self):
        assert seen(InstanceDriver(SITE), guest("clone"), files=[]) == []

    def test_with_its_metadata_keeps_a_copy_of_it_in_the_secret_of_its_root_disk(self):
        found, _ = host(guest())
        call = InstanceDriver(SITE).next_call(evolve(found.spec, tags={"stage": "two"}), found, REFS)
        assert call.parameters["root"] == path_of("instance.db1")
        assert json.loads(call.parameters["copy"])["host"] == json.loads(call.parameters["said"])

    def test_whose_root_disk_has_no_secret_is_never_replaced_for_it(self):
        found, answer = host(guest(), secrets=())
        assert found.fault is None
        assert isinstance(answer, Refuse)
        assert "Keep its running guest running" in answer.fix
        found, call = host(guest(said={**SAID, "key": "payments"}), secrets=())
        assert (call.action, call.parameters["key"]) == ("DefineSecret", "payments")

    def test_below_a_snapshot_made_by_hand_is_neither_changed_nor_removed(self):
        over = guest()
        for disk in (*over["disks"], *over["live_disks"]):
            disk["overlay"] = "/srv/by-hand" if disk["target"] == "vda" else ""
        found, answer = host(over)
        assert "an external snapshot was made outside portinfra" in answer.reason
        root = path_of("instance.db1")
        assert f"virsh blockcommit {NAME} vda --base {root} --active --pivot" in answer.fix
        assert isinstance(InstanceDriver(SITE).next_call(None, found, REFS), Refuse)


COMPACT = {"sort_keys": True, "separators": (",", ":")}


@pytest.mark.parametrize(
    ("driver", "address"),
    [(VolumeDriver(SITE), "volume.db1-data"), (SnapshotDriver(SITE), "snapshot.one")],
    ids=("volume", "snapshot"),
)
class TestADisk:
    def test_whose_secret_was_removed_has_it_again_with_the_passphrase_of_its_key(self, driver, address):
        (found,) = seen(driver, files=[listed(address)])
        assert found.reason == "the secret that opens it was removed outside portinfra"
        call = driver.next_call(with_key(found, "payments"), found, REFS)
        assert (call.action, call.parameters["key"]) == ("DefineSecret", "payments")
        assert json.loads(call.parameters["said"])["address"] == address
        assert call.after.state == "ready"

    def test_whose_secret_was_removed_and_that_has_no_key_is_named_at_once(self, driver, address):
        (found,) = seen(driver, files=[listed(address)])
        answer = driver.next_call(with_key(found, None), found, REFS)
        assert isinstance(answer, Refuse)
        assert "its file is kept" in answer.fix
        assert "data-loss" not in answer.fix

    def test_whose_secret_lost_its_description_has_it_written_again(self, driver, address):
        (found,) = seen(driver, files=[listed(address)], secrets=[{**secret(address), "said": ""}])
        assert found.reason == "the description of its secret was removed outside portinfra"
        call = driver.next_call(with_key(found, None), found, REFS)
        assert call.action == "OwnDisk"
        assert json.loads(call.parameters["said"])["file"] == f"{address}.1-2.qcow2"

    def test_is_none_of_ours_by_a_secret_that_is_marked_for_another(self, driver, address):
        other = {**secret(address), "said": json.dumps({"scope": "other/place", "address": address})}
        assert seen(driver, files=[listed(address)], secrets=[other]) == []


def with_key(found, key):
    known = {"key": key, "tags": {}}
    if found.address.kind == "volume":
        return evolve(found.spec, zone="a", deletion_protection=False, **known)
    return evolve(found.spec, volume=None, copy_of="", **known)


def test_an_attachment_below_a_snapshot_made_by_hand_is_neither_made_twice_nor_removed():
    over = guest()
    disk = {"path": path_of("volume.db1-data"), "target": "sdb", "serial": "data", "overlay": "/srv/by-hand"}
    over["disks"], over["live_disks"] = [disk], [disk]
    driver = AttachmentDriver(SITE)
    record = {"networks": [], "domains": [over], "pool": POOL, "disks": [], "secrets": []}
    ids = {f"instance:{NAME}": Address("instance.db1"), disk["path"]: Address("volume.db1-data")}
    (found,) = driver.assemble({Call("Survey", {"at": "laptop"}): [record]}, Names(SCOPE, ids))
    for want in (found.spec, None):
        answer = driver.next_call(want, found, REFS)
        assert isinstance(answer, Refuse)
        assert "virsh blockcommit" in answer.fix


def test_a_volume_below_a_snapshot_made_by_hand_does_not_grow_and_is_not_deleted():
    over = guest()
    disk = {"path": path_of("volume.db1-data"), "target": "sdb", "serial": "data", "overlay": "/srv/by-hand"}
    over["live_disks"] = [disk]
    driver, marked = VolumeDriver(SITE), [secret("volume.db1-data", zone="a")]
    (found,) = seen(driver, over, files=[listed("volume.db1-data")], secrets=marked)
    for want in (evolve(found.spec, gib=2), None):
        assert isinstance(driver.next_call(want, found, REFS), Refuse)


def test_an_overlay_is_read_as_the_disk_of_ours_that_it_lies_over():
    root = path_of("instance.db1")
    below = "<backingStore><source file='/images/debian'/></backingStore>"
    over = (
        "<domain><name>x</name><devices><disk><source file='/srv/two'/>"
        "<backingStore><source file='/srv/one'/>"
        f"<backingStore><source file='{root}'/>{below}</backingStore></backingStore>"
        "<target dev='vda'/></disk></devices></domain>"
    )
    (disk,) = domains.record(over, over, directory=DIRECTORY)["disks"]
    assert (disk["path"], disk["overlay"]) == (root, "/srv/two")


def test_a_network_whose_metadata_was_removed_is_ours_by_its_name_and_its_hosts_stay():
    name = SCOPE.native_name("main")
    bare = {"name": name, "said": "", "active": True, "autostart": True, "bridge": "br0"}
    bare |= {"forward": "bridge", "forwards": False, "address": "", "prefix": 0, "pins": []}
    (found,) = seen(NetworkDriver(SITE), networks=[bare])
    assert found.address == "network.main"
    assert found.reason == "its metadata was removed outside portinfra (on laptop)"
    assert found.spec.cidr is UNSEEN
    call = NetworkDriver(SITE).next_call(evolve(found.spec, cidr="10.10.0.0/16", tags={}), found, REFS)
    assert (call.action, call.parameters["name"]) == ("DefineNetwork", name)
    (inside,) = seen(InstanceDriver(SITE), guest(), secrets=[MARKED], networks=[bare])
    assert inside.spec.subnet is UNSEEN
