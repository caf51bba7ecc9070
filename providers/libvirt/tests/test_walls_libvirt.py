"""Walls, with packets: six guests in two zones, every ordered pair, allowed and denied, TCP and UDP.

What passes is compared with what the declaration promises; of what is denied, nothing reaches the interface
of the guest that it was for.
"""

import threading
import time
from fnmatch import fnmatch
from itertools import permutations
from types import SimpleNamespace

import pytest
from attrs import evolve

from hypervisors.guest import build
from hypervisors.guests import guests
from hypervisors.probes import Capture, listen, passing
from hypervisors.site import ACCOUNT, BRIDGE, site
from hypervisors.wired import Wired, wired
from portinfra import INTERNET, Environment, Role, Topology, allow, place, reach, workflow

pytestmark = pytest.mark.slow(seconds=47)

SMALL = "c1-m128"
TOPOLOGY = Topology(
    "walls",
    roles=[
        Role("web", count=2, size=SMALL, disk_gib=1, public="customers"),
        Role("app", count=2, size=SMALL, disk_gib=1),
        Role("db", count=2, size=SMALL, disk_gib=1),
    ],
    flows=[
        allow(INTERNET, "web", tcp=443, why="customers"),
        allow("web", "app", tcp=8443, why="orders"),
        allow("web", "db", udp=8443, why="names"),
        allow("app", "db", tcp="5432-5433", udp=53, why="the ledger"),
    ],
)
CHANGED = evolve(
    TOPOLOGY,
    flows=[
        allow(INTERNET, "web", tcp=443, why="customers"),
        allow("web", "app", tcp=8443, why="orders"),
        allow("app", "db", tcp=5432, why="the ledger"),
        allow("db", "app", udp=53, why="names"),
    ],
)
OFFER = (
    "import socket, sys; server = socket.socket(type=socket.SOCK_DGRAM); server.bind(('', 67)); "
    "server.sendto(b'x', (sys.argv[1], 68))"
)
"""What a stranger would send who plays the DHCP server."""
PACKETS = [
    *[("tcp", port) for port in (22, 443, 5432, 5433, 8443)],
    *[("udp", port) for port in (53, 443, 8443)],
]


BOOTS = "*-db2-*"
"""The guest that runs Linux in any case. Only an operating system releases a network card."""


@pytest.fixture(scope="module", params=[BOOTS, pytest.param("*", marks=pytest.mark.soak)], ids=("one", "all"))
def boots(request):
    """The guests that boot. Namespaces send and receive the packets of the others, at the others' taps."""
    return request.param


@pytest.fixture(scope="module")
def environment(boots, tmp_path_factory, shared):
    directory = tmp_path_factory.mktemp("walls")
    image = build(shared)
    with (
        site("walls", directory / "site", shared=shared, image=image, boots={boots: image}) as running,
        pytest.MonkeyPatch.context() as patch,
    ):
        sites = directory / "sites.hcl"
        sites.write_text(running.hcl())
        patch.setenv("PORTINFRA_SITES", str(sites))
        patch.setenv("PORTINFRA_HOME", str(directory / "home"))
        zones = running.zones
        there = Environment(
            "production", on="libvirt:walls", account=ACCOUNT, cidr="10.20.0.0/16", zones=tuple(zones)
        )
        outside = next(iter(zones.values()))
        outside.run("ip", "address", "add", "10.20.0.1/16", "dev", BRIDGE)
        yield there, zones


@pytest.fixture(scope="module")
def up(environment, boots, shared):
    """Six guests that run and listen."""
    there, zones = environment
    assert workflow.apply(workflow.plan(TOPOLOGY, there)).succeeded
    found = guests(zones)
    halted = {name: each for name, each in found.items() if not fnmatch(each.domain, boots)}
    with wired(halted, shared) as others:
        found |= others
        for guest in found.values():
            guest.plug_in()
        listen(found, PACKETS)
        yield found


def promised(topology, there, names):
    promise = reach.of(place(topology, there))
    addresses = {name: guest.address for name, guest in names.items()}
    return {
        (source, target, packet)
        for source, target in permutations(names, 2)
        for packet in PACKETS
        if packet in promise.direct(addresses[source], addresses[target])
    }


def test_what_is_declared_passes_and_nothing_else_before_during_and_after_a_change(environment, up):
    there, zones = environment
    assert len(up) == 6
    assert {guest.hypervisor.directory.name for guest in up.values()} == {"a", "b"}
    before = promised(TOPOLOGY, there, up)
    assert before
    assert passing(up, PACKETS) == before

    # An address that nobody has, on the same wire: only what is public is open to it.
    outside = next(iter(zones.values()))
    assert _called(outside, up["web1"].address, 443)
    assert not _called(outside, up["web1"].address, 22)
    assert not _called(outside, up["db1"].address, 5432)

    # Nor is DHCP a way: where the bridge is shared, nobody here serves it.
    wire = SimpleNamespace(name="wire", hypervisor=up["db1"].hypervisor, tap=lambda: _cable(outside))
    with Capture([up["web2"], wire], "udp port 67 or tcp port 443") as capture:
        outside.run("python3", "-c", OFFER, up["web2"].address)
        up["db1"].ask("udhcpc -n -q -t 2 -T 1 -i eth0 -s /bin/true")
        assert _called(outside, up["web2"].address, 443)
        time.sleep(2)  # what has been captured is told late
    assert not [line for line in capture.seen["web2"] if ".67 > " in line]
    assert not [line for line in capture.seen["wire"] if ".68 > " in line]
    for name in ("web2", "wire"):
        assert [line for line in capture.seen[name] if ".443: " in line]

    # During the change, what is denied before and after it does not come through for a moment.
    denied = "udp port 9"
    with Capture([up["db1"]], denied) as capture, _sending(up["web1"], up["db1"].address, 9):
        assert workflow.apply(workflow.plan(CHANGED, there)).succeeded
    assert capture.seen["db1"] == []
    after = promised(CHANGED, there, up)
    assert after != before
    assert passing(up, PACKETS) == after

    # The control: were it let through, it would be seen there.
    with Capture([up["app1"]], "udp port 53") as capture, _sending(up["db1"], up["app1"].address, 53):
        time.sleep(2)
    assert capture.seen["app1"]

    # Nobody speaks under another's address, and nothing that is denied reaches a guest's card.
    up["web2"].told(f"ip address add {up['app2'].address}/32 dev eth0")
    with Capture(up.values(), "tcp port 5432 or arp") as capture:
        up["web2"].ask(f"nc -w 2 -s {up['app2'].address} {up['db1'].address} 5432 </dev/null")
    up["web2"].told(f"ip address del {up['app2'].address}/32 dev eth0")
    assert not [line for line in capture.seen["db1"] if "5432" in line]

    # A guest has no way but the one behind its wall, whatever somebody plugs into it or takes from it.
    for by_hand in (_plug_in_another_card, _take_its_card):
        by_hand(up["db2"])
        plan = workflow.plan(CHANGED, there)
        assert {str(change.address) for change in plan.changes} == {"instance.db2"}
        assert workflow.apply(plan).succeeded
        assert up["db2"].hypervisor.virsh("domiflist", up["db2"].domain).count("vnet") == 1
        assert workflow.plan(CHANGED, there).empty

    # A guest that starts again, and a daemon that does, find the same walls.
    up["db2"].hypervisor.virsh("reset", up["db2"].domain)
    for hypervisor in zones.values():
        hypervisor.stop()
        hypervisor.start()
    listen({"db2": up["db2"]}, PACKETS)
    assert passing(up, PACKETS) == after
    assert workflow.plan(CHANGED, there).empty

    # A flush of the kernel's tables opens the walls, and no read shows it. An apply closes them again.
    for flush in (("nft", "flush", "ruleset"), ("iptables", "-F")):
        for hypervisor in zones.values():
            hypervisor.run(*flush)
        with Capture([up["app1"]], "udp port 8443") as capture, _sending(up["db1"], up["app1"].address, 8443):
            time.sleep(2)
        assert bool(capture.seen["app1"]) is (flush[0] == "nft"), "the lower layer is not iptables'"
        plan = workflow.plan(CHANGED, there)
        assert plan.empty
        assert plan.observation.reads_definitions
        with Capture([up["db2"]], "udp port 9") as capture, _sending(up["web1"], up["db2"].address, 9):
            assert workflow.apply(plan).enforced == 3
        assert bool(capture.seen["db2"]) is (flush[0] == "nft")
    assert passing(up, PACKETS) == after

    # While walls that hold are put in force again, what is denied does not come through for a moment.
    with Capture([up["db1"]], denied) as capture, _sending(up["web1"], up["db1"].address, 9):
        assert workflow.apply(workflow.plan(CHANGED, there)).enforced == 3
    assert capture.seen["db1"] == []

    for guest in up.values():
        if isinstance(guest, Wired):
            guest.end()  # what has its card would keep its tap
    destroyed = workflow.apply(workflow.destroy(CHANGED, there))
    assert destroyed.succeeded
    for hypervisor in zones.values():
        assert "vnet" not in hypervisor.run("ip", "link")
        for what in (("list", "--all"), ("nwfilter-list",), ("secret-list",)):
            assert hypervisor.virsh(*what).strip() == ""
        assert not list((hypervisor.directory / "lib/portinfra").rglob("*"))


def _plug_in_another_card(guest):
    options = ("--model", "virtio", "--live", "--config")
    guest.hypervisor.virsh("attach-interface", guest.domain, "bridge", BRIDGE, *options)


def _take_its_card(guest):
    mac = guest.hypervisor.virsh("domiflist", guest.domain).split()[-1]
    for kind, which in (("bridge", "--live"), ("network", "--config")):
        guest.hypervisor.virsh("detach-interface", guest.domain, kind, "--mac", mac, which)


def _cable(hypervisor):
    """The interface at which its bridge goes on to the other hypervisor."""
    return next(
        word.partition("@")[0]
        for word in hypervisor.run("ip", "-br", "link").split()
        if word.startswith("link")
    )


def _called(outside, address, port):
    """Whether somebody outside of the environment gets an answer."""
    try:
        outside.run("busybox", "nc", "-w", "2", address, str(port))
    except RuntimeError:
        return False
    return True


class _sending:
    """Datagrams without end, while it lasts."""

    def __init__(self, guest, address, port):
        self.guest, self.address, self.port = guest, address, port
        self.over = threading.Event()

    def __enter__(self):
        self.thread = threading.Thread(target=self._send)
        self.thread.start()
        return self

    def _send(self):
        while not self.over.is_set():
            self.guest.ask(f"packets send x 50 {self.address} {self.port}")

    def __exit__(self, *_):
        self.over.set()
        self.thread.join()
