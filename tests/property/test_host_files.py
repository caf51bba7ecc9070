"""The files of hosts, whatever topology is drawn: firewalls are exactly `reach`, and real checkers accept."""

import re
from ipaddress import IPv4Address, IPv4Network

import pytest
from attrs import evolve
from host_checkers import PROGRAMS, complaint_of, is_possible
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from near_and_far import worlds

from portinfra import reach
from portinfra.hosts import haproxy, hosts_file, manifest, nftables
from portinfra.hosts.render import render
from portinfra.model.address import Address
from portinfra.model.platform_service import DHCP, PlatformService
from portinfra.model.resources import Instance
from portinfra.placement import place
from portinfra.testing import strategies
from portinfra.testing.certificates import Authority
from portinfra.validation.names import LABEL

LINE = re.compile(
    r"ip (?:s|d)addr (?P<cidr>[\d./]+) "
    r"(?:(?P<protocol>tcp|udp) dport \{ (?P<ports>[\d, -]+) \}|meta l4proto (?P<icmp>icmp)) accept comment"
)
shared = settings(suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture])


def no_platform(network, subnet):
    """A cloud of which hosts need nothing."""
    return ()


def every_platform(network, subnet):
    """A cloud that serves all."""
    return (PlatformService("10.10.1.1", "udp", DHCP), PlatformService("169.254.169.254", "tcp", 80, True))


class HostFirewall:
    """What an nftables.conf lets through, by its text alone."""

    def __init__(self, text):
        chains = {part.split()[0]: part for part in text.split("\tchain ")[1:]}
        self.accepts = {way: list(self._read(chains[way])) for way in ("input", "output")}

    def _read(self, chain):
        for found in map(LINE.search, chain.splitlines()):
            if found:
                protocol = found["icmp"] or found["protocol"]
                for each in (found["ports"] or "0").split(", "):
                    first, _, last = each.partition("-")
                    yield IPv4Network(found["cidr"]), protocol, int(first), int(last or first)

    def passes(self, way, peer, protocol, port):
        return any(
            peer in cidr and protocol == known and first <= port <= last
            for cidr, known, first, last in self.accepts[way]
        )

    @property
    def edges(self):
        """The ports at the ends of its ranges, and beside them."""
        ends = {
            port for rules in self.accepts.values() for *_, first, last in rules for port in (first, last)
        }
        return {port + step for port in ends for step in (-1, 0, 1) if 0 <= port + step <= 65_535}

    @property
    def networks(self):
        return {cidr for rules in self.accepts.values() for cidr, *_ in rules}


def firewalls(placed):
    """Return host → its firewall, as its file says."""
    found = {}
    for host, files in render(placed, no_platform).items():
        (text,) = [file.content for file in files if file.path == nftables.PATH]
        found[host] = HostFirewall(text)
    return found


def packets(found):
    ports = sorted({port for firewall in found.values() for port in firewall.edges} | {1, 65_535})
    return [("icmp", 0), *((protocol, port) for protocol in ("tcp", "udp") for port in ports)]


@shared
@given(worlds(), strategies.environments())
def test_between_hosts_passes_exactly_what_reach_says(topology, environment):
    placed = place(topology, environment)
    found, who = firewalls(placed), reach.of(placed)
    addresses = {
        spec.name: IPv4Address(spec.private_address)
        for spec in placed.resources.values()
        if isinstance(spec, Instance)
    }
    every = packets(found)
    for source, target in ((a, b) for a in found for b in found if a != b):
        traffic = who.direct(source, target)
        passing = [
            packet
            for packet in every
            if found[source].passes("output", addresses[target], *packet)
            and found[target].passes("input", addresses[source], *packet)
        ]
        assert passing == [packet for packet in every if packet in traffic]


@pytest.mark.slow
@shared
@given(worlds(), strategies.environments())
def test_between_a_public_host_and_outside_passes_exactly_what_reach_says(topology, environment):
    placed = place(topology, environment)
    found, who = firewalls(placed), reach.of(placed)
    inside = IPv4Network(environment.cidr)
    ends = {end for firewall in found.values() for cidr in firewall.networks for end in (cidr[0], cidr[-1])}
    outside = [end for end in {*ends, IPv4Address("203.0.113.77")} if end not in inside]
    public = [host for host in found if Address(f"public-address.{host}") in placed.resources]
    every = packets(found)
    for host in public:
        for peer in outside:
            for way, ends in (("input", (str(peer), host)), ("output", (host, str(peer)))):
                traffic = who.direct(*ends)
                passing = [packet for packet in every if found[host].passes(way, peer, *packet)]
                assert passing == [packet for packet in every if packet in traffic]


@shared
@given(strategies.topologies(), strategies.environments())
def test_the_same_values_give_the_same_files_and_no_host_lacks_any(topology, environment):
    placed = place(topology, environment)
    files = render(placed, every_platform)
    assert files == render(place(topology, environment), every_platform)
    hosts = {spec.name for spec in placed.resources.values() if isinstance(spec, Instance)}
    assert files.keys() == hosts
    for some in files.values():
        assert {nftables.PATH, hosts_file.PATH, manifest.PATH} <= {file.path for file in some}


@pytest.mark.slow
@shared
@given(strategies.topologies(max_hosts=1), strategies.environments())
def test_no_two_sections_of_a_proxy_have_one_name_whatever_the_services_are_called(topology, environment):
    """A section has the name of a service that the host calls, or a name that no service can have."""
    services = {service.name for _, service in topology.services}
    for host, files in render(place(topology, environment), every_platform).items():
        for text in (file.content for file in files if file.path == haproxy.PATH):
            sections = re.findall(r"^(listen|frontend|backend) (\S+)$", text, re.MULTILINE)
            names = [name for _, name in sections]
            assert len(names) == len({*names}), host
            called = {name for kind, name in sections if kind == "listen"}
            assert called <= services
            assert not [name for name in {*names} - called if LABEL.fullmatch(name)], host


@pytest.mark.slow
@shared
@given(st.data(), strategies.topologies().filter(lambda drawn: drawn.roles), strategies.environments())
def test_one_more_host_changes_no_firewall(data, topology, environment):
    role = data.draw(st.sampled_from(topology.roles))
    before = render(place(topology, environment), every_platform)
    larger = topology.with_role(evolve(role, count=role.count + 1))
    after = render(place(larger, environment), every_platform)
    for host, files in before.items():
        assert after[host][0] == files[0]
        assert files[0].path == nftables.PATH


@pytest.fixture(scope="module")
def tls(tmp_path_factory):
    """The certificates of one host, which stand for those of all."""
    return Authority.create().write(tmp_path_factory.mktemp("tls"), "web1")


@pytest.mark.tools(*PROGRAMS)
@settings(shared, max_examples=12)
@given(topology=strategies.topologies(max_hosts=3), environment=strategies.environments())
def test_real_checkers_accept_the_files(topology, environment, tls, tmp_path):
    """One host of each role is checked: others differ in addresses."""
    if not is_possible():
        pytest.skip("this machine has no network namespaces")
    files = render(place(topology, environment), every_platform)
    first = [f"{role.name}1" for role in topology.roles if role.count]
    wrong = {
        (host, file.path): complaint
        for host in first
        for file in files[host]
        if (complaint := complaint_of(file, tls, tmp_path))
    }
    assert wrong == {}


@pytest.mark.tools(*PROGRAMS)
def test_the_checkers_refuse_a_wrong_file(tls, tmp_path):
    """The test of the tests."""
    if not is_possible():
        pytest.skip("this machine has no network namespaces")
    topology = strategies.Topology("sample", [strategies.Role("web")])
    environment = strategies.Environment("production", on="fake:us-east-1")
    (firewall, *_) = render(place(topology, environment), every_platform)["web1"]
    assert complaint_of(firewall, tls, tmp_path) == ""
    assert "syntax error" in complaint_of(evolve(firewall, content=firewall.content + "x"), tls, tmp_path)
