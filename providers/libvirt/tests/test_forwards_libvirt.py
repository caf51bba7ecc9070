"""Public hosts behind NAT, with packets: whoever is outside reaches what the rules open to it, and nothing
else, at the hypervisor's own addresses.
"""

import subprocess
import sys

import libvirt
import pytest
from attrs import evolve

from hypervisors.guests import guests
from hypervisors.outside import Outside
from hypervisors.probes import listen
from hypervisors.site import site
from hypervisors.wired import wired
from portinfra import INTERNET, Environment, Role, Topology, allow, workflow
from portinfra.errors import ApplyError
from portinfra_libvirt import networks

HEAR = """\
import socket, sys
server = socket.create_server(("", int(sys.argv[1])))
server.settimeout(20)
print("ready", flush=True)
print(server.accept()[1][0])
"""
SEND = (
    "import socket, sys; socket.socket(type=socket.SOCK_DGRAM).sendto(b'x', (sys.argv[1], int(sys.argv[2])))"
)

FIRST, SECOND, STRANGER = "192.0.2.10", "192.0.2.11", "192.0.2.99"
SMALL = "c1-m128"
TOPOLOGY = Topology(
    "forwards",
    roles=[
        Role("web", count=2, size=SMALL, disk_gib=1, public="customers"),
        Role("db", count=1, size=SMALL, disk_gib=1),
    ],
    flows=[
        allow(INTERNET, "web", tcp=443, why="customers"),
        allow("web", INTERNET, tcp=443, why="updates"),
        allow("web", "db", tcp=5432, why="orders"),
    ],
)
CHANGED = evolve(
    TOPOLOGY,
    flows=[
        allow(INTERNET, "web", tcp="8080-8081", udp=53, why="customers"),
        allow("web", "db", tcp=5432, why="orders"),
    ],
)
MORE = evolve(TOPOLOGY, roles=[evolve(TOPOLOGY.roles[0], count=3), TOPOLOGY.roles[1]])
PORTS = [("tcp", port) for port in (443, 5432, 8080, 8081)] + [("udp", 53)]


@pytest.fixture
def there(tmp_path, shared, monkeypatch):
    """A site of one hypervisor with two addresses, and somebody else at the other end of its cable."""
    with (
        site("forwards", tmp_path / "site", shared=shared, zones=("a",)) as running,
        Outside(running.zones["a"], STRANGER, (FIRST, SECOND)) as outside,
    ):
        hypervisor = running.zones["a"]
        (tmp_path / "sites.hcl").write_text(
            f'site "forwards" {{\n  forward = "nat"\n  public = ["{FIRST}", "{SECOND}"]\n'
            f'  virt_type = "qemu"\n  shutdown_seconds = 0\n  zone "a" {{ uri = "{hypervisor.uri}" }}\n}}\n'
        )
        monkeypatch.setenv("PORTINFRA_SITES", str(tmp_path / "sites.hcl"))
        monkeypatch.setenv("PORTINFRA_HOME", str(tmp_path / "home"))
        environment = Environment("production", on="libvirt:forwards", cidr="10.30.0.0/16", zones=("a",))
        yield hypervisor, outside, environment


def test_what_the_rules_open_to_the_outside_is_forwarded_and_nothing_else(there, shared):
    hypervisor, outside, environment = there
    with pytest.raises(ApplyError, match="hook") as caught:
        applied(TOPOLOGY, environment)
    (error,) = [each.error for each in caught.value.outcome.steps if each.error]
    assert not hypervisor.virsh("list", "--all").strip(), "it is told before there are guests"
    install_hook(hypervisor, error.fix)

    assert applied(TOPOLOGY, environment).succeeded
    with wired(guests({"a": hypervisor}), shared) as found:
        forward(hypervisor, outside, environment, found)

    assert workflow.apply(workflow.destroy(CHANGED, environment)).succeeded
    assert "portinfra" not in hypervisor.run("nft", "list", "ruleset")


def forward(hypervisor, outside, environment, found):
    """Try what is forwarded to guests, before and after a change of the rules."""
    addresses = public_addresses(TOPOLOGY, environment)
    assert addresses == {"web1": FIRST, "web2": SECOND}
    for guest in found.values():
        guest.plug_in()
    listen(found, PORTS)
    assert opened(outside, FIRST) == opened(outside, SECOND) == {443}
    assert opened(hypervisor, FIRST) == {443}

    # Whoever may call nobody has its address from DHCP all the same.
    found["db1"].told("udhcpc -n -q -t 3 -T 2 -i eth0 -s /bin/true")

    # Only so: not at the host's own address, even by whoever finds the way to it.
    outside.run("ip", "route", "add", "10.30.0.0/16", "via", FIRST)
    assert opened(outside, found["web1"].address) == set()

    # What is not forwarded stays the hypervisor's.
    with Heard(hypervisor, 8080) as caller:
        outside.run("busybox", "nc", "-w", "2", FIRST, "8080")
    assert caller.address == STRANGER
    # The way out is under an address of the hypervisor's.
    with Heard(outside, 443) as caller:
        found["web2"].told(f"nc -w 2 {STRANGER} 443 </dev/null")
    assert caller.address == FIRST
    # A public host finds another where everybody does.
    found["web1"].told(f"nc -w 2 {SECOND} 443 </dev/null >/dev/null")

    assert "plan/refused" in [each.rule for each in workflow.plan(MORE, environment).errors]

    assert applied(CHANGED, environment).succeeded
    assert opened(outside, FIRST) == opened(outside, SECOND) == {8080, 8081}
    outside.run(sys.executable, "-c", SEND, FIRST, "53")
    assert STRANGER in found["web1"].told(
        "for i in 1 2 3 4 5; do cat /run/heard.53 | grep . && break; sleep 1; done"
    )
    assert public_addresses(CHANGED, environment) == addresses
    assert workflow.plan(CHANGED, environment).empty

    # A run that died before anybody heard of it is gone on with.
    hypervisor.run("nft", "delete", "table", "ip", table(hypervisor))
    died(hypervisor)
    assert not workflow.plan(CHANGED, environment).empty
    assert applied(CHANGED, environment).succeeded
    assert opened(outside, FIRST) == {8080, 8081}


def applied(topology, environment):
    return workflow.apply(workflow.plan(topology, environment))


def public_addresses(topology, environment):
    seen = workflow.observe(topology, environment).resources
    return {each.name: seen[each].parts["ip"] for each in sorted(seen) if each.kind == "public-address"}


def install_hook(hypervisor, fix):
    """As the error says; but for the daemon, which is not the machine's."""
    command, _, restart = fix.removeprefix("Run as root: ").partition(" && ")
    assert restart == "systemctl restart libvirtd"
    hypervisor.run(*command.split())
    hypervisor.stop()
    hypervisor.start()


def table(hypervisor):
    lines = hypervisor.run("nft", "list", "tables", "ip").splitlines()
    (name,) = {line.split()[-1] for line in lines if "portinfra" in line}
    return name


def died(hypervisor):
    connection = libvirt.open(hypervisor.uri)
    (network,) = [each for each in connection.listAllNetworks() if each.isActive()]
    kept = network.XMLDesc(libvirt.VIR_NETWORK_XML_INACTIVE)
    connection.networkDefineXML(networks.changing(kept, True))
    connection.close()


def opened(caller, address):
    """The TCP ports that answer, all tried at once."""
    tried = [
        f"(busybox nc -w 2 {address} {port} </dev/null >/dev/null 2>&1 && echo {port}) &"
        for protocol, port in [*PORTS, ("tcp", 22)]
        if protocol == "tcp"
    ]
    return {int(port) for port in caller.run("sh", "-c", " ".join([*tried, "wait"])).split()}


class Heard:
    """Whoever calls a port of a machine first, while it lasts."""

    def __init__(self, machine, port):
        self.command = machine.inside(sys.executable, "-c", HEAR, str(port))

    def __enter__(self):
        self.server = subprocess.Popen(self.command, stdout=subprocess.PIPE, text=True)
        assert self.server.stdout.readline() == "ready\n"
        return self

    def __exit__(self, *_):
        self.address = self.server.communicate(timeout=30)[0].strip()
