"""On a site of one hypervisor, too, what was changed by hand is seen: there is no other to differ from."""

import pytest
from attrs import evolve

from portinfra.model.address import Scope
from portinfra.model.resources import Network, Volume
from portinfra.provider.interface import DONE, Call, Names, Refs, Refuse
from portinfra_libvirt import disks, filters, marks, networks
from portinfra_libvirt.drivers.firewall import FirewallDriver
from portinfra_libvirt.drivers.network import NetworkDriver
from portinfra_libvirt.drivers.volume import VolumeDriver
from portinfra_libvirt.site import Hypervisor, Site

SCOPE = Scope("shop", "production")
SITE = Site("laptop", (Hypervisor("laptop", "qemu:///system", ("a", "b")),))
CIDR = "10.30.0.0/16"
SAID = {"scope": str(SCOPE), "address": "network.main", "cidr": CIDR}
OPENED = "<rule action='accept' direction='inout' priority='-999'><all/></rule></filter>"


def seen(driver, **told):
    survey = Call("Survey", {"at": "laptop"})
    (found,) = driver.assemble({survey: [told]}, Names(SCOPE, {}))
    return found


def network(active=True, site=SITE):
    document = networks.document(SCOPE.native_name("main"), CIDR, SAID, SCOPE, site)
    return {**networks.record(document, active), "autostart": True}


def wall(dhcp="10.30.255.254"):
    return filters.document(SCOPE.native_name("web"), "firewall.web web 10.30.0.0/24 attempt", dhcp=dhcp)


def test_a_network_as_it_was_made_is_ready():
    assert seen(NetworkDriver(SITE), networks=[network()]).state == "ready"


@pytest.mark.parametrize(
    "record",
    [
        network(active=False),
        {**network(), "autostart": False},
        {**network(), "forward": "nat"},
        {**network(), "forwards": True},
    ],
)
def test_a_network_that_was_stopped_or_forwards_otherwise_is_defined_anew(record):
    driver = NetworkDriver(SITE)
    found = seen(driver, networks=[record])
    assert found.state == "pending"
    assert found.reason == "its definitions are not as portinfra created them"
    call = driver.next_call(found.spec, found, Refs(SCOPE, "attempt", {}))
    assert isinstance(call, Call)
    assert call.action == "DefineNetwork"
    assert driver.absorb(found, call, {}).state == "ready"


@pytest.mark.parametrize(
    "opened", [wall().replace("</filter>", OPENED), wall(dhcp="10.30.0.4"), wall(dhcp="")]
)
def test_a_filter_that_was_opened_is_defined_anew(opened):
    driver = FirewallDriver(SITE)
    assert seen(driver, filters=[wall()], networks=[network()]).state == "ready"
    found = seen(driver, filters=[opened], networks=[network()])
    assert found.state == "pending"
    there = seen(NetworkDriver(SITE), networks=[network()])
    call = driver.next_call(found.spec, found, Refs(SCOPE, "attempt", {there.address: there}))
    assert isinstance(call, Call)
    assert call.action == "DefineFilter"
    assert filters.read(call.parameters["document"]).dhcp == "10.30.255.254"


def test_where_guests_share_a_bridge_nobody_speaks_dhcp():
    driver = FirewallDriver(evolve(SITE, bridge="br-guests"))
    assert seen(driver, filters=[wall(dhcp="")], networks=[network()]).state == "ready"
    assert seen(driver, filters=[wall()], networks=[network()]).state == "pending"


def disk(file=True, secret=True, **more):
    name = "volume.db1-data.1-2.qcow2"
    path = f"{disks.directory(SITE.directory, SCOPE)}/{name}"
    said = {"scope": str(SCOPE), "address": "volume.db1-data", "file": name, "zone": "a", "bytes": disks.GIB}
    there = {"file": name, "path": path, "bytes": disks.GIB, "format": "qcow2", "encrypted": True}
    kept = {"file": name, "path": path, "said": marks.to_text({**said, **more})}
    pool = {"name": disks.pool_name(SCOPE), "state": "active", "directory": path.rpartition("/")[0]}
    return {
        "domains": [],
        "pool": pool,
        "disks": [there] if file else [],
        "secrets": [kept] if secret else [],
    }


@pytest.mark.parametrize("file", [True, False])
def test_a_disk_that_was_not_finished_is_made_anew_and_nobody_asked(file):
    driver = VolumeDriver(SITE)
    found = seen(driver, **disk(file=file, unfinished=True))
    assert (found.state, found.fault, found.reason) == ("pending", None, "its creation is unfinished")
    call = driver.next_call(Volume("db1-data", 1, zone="a"), found, Refs(SCOPE, "attempt", {}))
    assert isinstance(call, Call)
    assert (call.action, call.after) == ("DeleteDisk", None)


def test_a_finished_disk_whose_file_is_missing_is_left_alone():
    driver = VolumeDriver(SITE)
    assert seen(driver, **disk()).state == "ready"
    found = seen(driver, **disk(file=False))
    answer = driver.next_call(Volume("db1-data", 1, zone="a"), found, Refs(SCOPE, "attempt", {}))
    assert isinstance(answer, Refuse)
    assert "is gone" in answer.reason
    assert "--replace volume.db1-data --allow-data-loss volume.db1-data" in answer.fix


def test_a_zone_may_be_called_like_anything():
    hypervisors = tuple(
        Hypervisor(name, f"qemu+ssh://{name}/system", (name,)) for name in ("name", "id", "cidr")
    )
    driver = NetworkDriver(Site("rack", hypervisors, bridge="br-guests"))
    found, made = None, []
    while (call := driver.next_call(Network("main", CIDR), found, Refs(SCOPE, "attempt", {}))) is not DONE:
        made.append(call.parameters["at"])
        found = driver.absorb(found, call, {})
    assert made == ["name", "id", "cidr"]
    assert (found.parts["name"], found.parts["cidr"]) == (SCOPE.native_name("main"), CIDR)
