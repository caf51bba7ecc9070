"""One file, four providers: the same hosts at the same addresses, the same disks, and the same walls.

`examples/payments.hcl` is built on the built-in cloud, on EC2, on Compute Engine and on a hypervisor with
nothing changed but where; on the hypervisor, hosts have less memory. What came of it is then asked of
each cloud by another client than ours. Who can reach whom is computed from each cloud's own resulting
rules, as that cloud documents them. The guests of the hypervisor run and boot nothing. That it filters
packets as its rules say is tested in `providers/libvirt`.
"""

import os
import tempfile
from contextlib import contextmanager
from itertools import permutations
from pathlib import Path

import pytest
from attrs import evolve
from clouds import ec2, gce, simulated
from clouds.world import OUTSIDE
from installed import need

from hypervisors.lacking import lacking
from portinfra import place, reach, workflow
from portinfra.declaration.load import load
from portinfra.testing.call_wrapper import pass_through, wrap_calls
from portinfra.testing.emulator import EmulatorClock
from portinfra.testing.fake import FakeCloud, plugin
from portinfra_libvirt.published import SIZES

need("moto", "google.cloud.compute_v1")
pytestmark = pytest.mark.slow

EXAMPLE = Path(__file__).parents[2] / "examples" / "payments.hcl"
SCOPE = "payments-production"


@pytest.fixture(scope="module")
def declared():
    return load(EXAMPLE)


def built(declared, on, account, clock=None, **changes):
    """The platform, with nothing changed but where it is."""
    environment = evolve(declared.environment("production"), on=on, account=account, **changes)
    with wrap_calls(environment.provider, pass_through, clock=clock):
        topology = declared.topology("payments")
        assert workflow.apply(workflow.plan(topology, environment)).succeeded
        assert workflow.plan(topology, environment).empty
    return environment


@contextmanager
def on_the_built_in_cloud(declared):
    plugin.cloud = cloud = FakeCloud()
    try:
        environment = built(declared, "fake:us-east-1", "111122223333")
        yield simulated.world(cloud, environment.account, environment.region, SCOPE)
    finally:
        plugin.cloud = None


@contextmanager
def on_ec2(declared):
    from bed import hand, in_thread
    from bed.identities import ACCOUNT

    slow = in_thread(live_clock=False, signatures=False, request_seconds=0.05, pending_seconds=5.0)
    with slow as there, pytest.MonkeyPatch.context() as patch:
        for name, value in there.environment.items():
            patch.setenv(name, value)
        built(declared, "aws:us-east-1", ACCOUNT, clock=EmulatorClock(there.bed))
        yield ec2.world(hand.client(there.endpoint), SCOPE)


@contextmanager
def on_compute_engine(declared):
    from emulator import in_thread
    from emulator.hand import REGION, Hand
    from emulator.identities import PROJECT

    slow = in_thread(live_clock=False, request_seconds=0.05, queue_seconds=0.5, pending_seconds=5.0)
    with slow as there, pytest.MonkeyPatch.context() as patch:
        for name, value in there.environment.items():
            patch.setenv(name, value)
        built(declared, f"gcp:{REGION}", PROJECT, clock=EmulatorClock(there.bed))
        yield gce.world(Hand(there.endpoint), SCOPE)


@contextmanager
def on_libvirt(declared):
    """On one hypervisor, whose zones are zones in name only."""
    import libvirt
    from clouds import hypervisor

    from hypervisors.site import ACCOUNT, site

    little = "c1-m64"  # 48 guests of the declared sizes need more memory than a machine of a developer has
    there = {
        "sizes": dict.fromkeys(SIZES, little),
        "roles": {"ledger-db": {"size": little}},
        "key": "payments",
    }
    with (
        tempfile.TemporaryDirectory() as folder,
        site("rack", Path(folder) / "rack", zones=("a",), bare=True) as rack,
        pytest.MonkeyPatch.context() as patch,
    ):
        uri = rack.zones["a"].uri
        file = Path(folder) / "sites.hcl"
        zones = "\n".join(f'zone "{zone}" {{ uri = "{uri}" }}' for zone in "abc")
        key = 'key "payments" { command = ["echo", "open sesame"] }'
        file.write_text(f'site "rack" {{\n{zones}\n{key}\naccount = "{ACCOUNT}"\nvirt_type = "qemu"\n}}\n')
        patch.setenv("PORTINFRA_SITES", str(file))
        built(declared, "libvirt:rack", ACCOUNT, **there)
        connection = libvirt.open(uri)
        yield hypervisor.world(connection, SCOPE)
        connection.close()


WHY_NO_HYPERVISOR = "" if "CI" in os.environ else lacking()
CLOUDS = {"fake": on_the_built_in_cloud, "aws": on_ec2, "gcp": on_compute_engine, "libvirt": on_libvirt}


@pytest.fixture(scope="module")
def worlds(declared, tmp_path_factory):
    """The platform on each cloud."""
    found = {}
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PORTINFRA_HOME", str(tmp_path_factory.mktemp("home")))
        for name, made in CLOUDS.items():
            if name == "libvirt" and WHY_NO_HYPERVISOR:
                continue
            with made(declared) as world:
                found[name] = world
    return found


@pytest.fixture(scope="module")
def packets(declared):
    """Each end of each declared range of ports, and its neighbours outside; and what nobody declared."""
    ranges = {span for flow in declared.topology("payments").flows for span in (*flow.tcp, *flow.udp)}
    edges = {22, 53, 3389} | {port for span in ranges for port in span}
    ports = sorted({port + step for port in edges for step in (-1, 0, 1) if 0 < port + step < 65_536})
    return [("icmp", 0), *((protocol, port) for protocol in ("tcp", "udp") for port in ports)]


@pytest.fixture(scope="module")
def flows(worlds, packets):
    """Every packet that comes through, by cloud."""
    return {name: world.flows(packets) for name, world in worlds.items()}


HYPERVISOR = pytest.param(
    "libvirt", marks=pytest.mark.skipif(bool(WHY_NO_HYPERVISOR), reason=WHY_NO_HYPERVISOR)
)


@pytest.mark.parametrize("other", ["aws", "gcp", HYPERVISOR])
class TestTheSameFile:
    def test_gives_the_same_hosts_at_the_same_addresses(self, worlds, other):
        assert len(worlds["fake"].hosts) >= 30
        assert worlds[other].placement() == worlds["fake"].placement()
        assert worlds[other].subnets == worlds["fake"].subnets

    def test_puts_together_in_a_zone_what_is_together_elsewhere(self, worlds, other):
        assert len(worlds["fake"].together()) == 3
        assert worlds[other].together() == worlds["fake"].together()

    def test_gives_the_same_disks_each_encrypted_and_on_the_same_host(self, worlds, other):
        assert worlds["fake"].disks
        assert worlds[other].storage() == worlds["fake"].storage()
        assert all(encrypted for _, _, encrypted in worlds[other].storage().values())
        assert {n: h.disk_gib for n, h in worlds[other].hosts.items()} == {
            n: h.disk_gib for n, h in worlds["fake"].hosts.items()
        }

    def test_lets_the_same_packets_through_and_no_others(self, flows, other):
        assert any(source == "internet" for source, _, _ in flows["fake"])
        assert flows[other] == flows["fake"]


@pytest.mark.parametrize("cloud", ["fake", "aws", "gcp", HYPERVISOR])
def test_the_walls_are_those_that_the_declaration_promises(worlds, flows, declared, packets, cloud):
    topology, environment = declared.topology("payments"), declared.environment("production")
    promised = reach.of(place(topology, environment))
    hosts = {**{name: host.address for name, host in worlds[cloud].hosts.items()}, "internet": OUTSIDE}
    for source, target in permutations(hosts, 2):
        traffic = promised.direct(hosts[source], hosts[target])
        through = {packet for packet in packets if (source, target, packet) in flows[cloud]}
        assert through == {packet for packet in packets if packet in traffic}, (source, target)
