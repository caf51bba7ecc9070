"""Every file of every host of a placed topology. portinfra renders once for each role and zone."""

from collections.abc import Callable, Iterable, Iterator, Mapping

from attrs import evolve

from portinfra.hosts.enrolment import enrolment_files, find_signer
from portinfra.hosts.haproxy import haproxy_file
from portinfra.hosts.hosts_file import hosts_file
from portinfra.hosts.manifest import manifest_file
from portinfra.hosts.nftables import nftables_file
from portinfra.hosts.systemd import systemd_files
from portinfra.hosts.upstreams import Upstreams, find_upstreams
from portinfra.model.address import Address
from portinfra.model.host_file import HostFile
from portinfra.model.placed import Placed
from portinfra.model.platform_service import PlatformService
from portinfra.model.resources import FirewallRules, Instance, Network, Subnet
from portinfra.model.topology import Role
from portinfra.value import frozen

Platform = Callable[[str, str], Iterable[PlatformService]]
"""A function of the CIDRs of a network and a subnet: the services of the cloud that its hosts need."""

Files = Mapping[str, tuple[HostFile, ...]]
"""The files of each host, the manifest last."""


@frozen(eq=False, repr=False)
class _Rendered(Mapping[str, tuple[HostFile, ...]]):
    """The files of hosts, made at each read: all files of 10,000 hosts at once take gigabytes."""

    hosts: Mapping[str, Instance]
    shared: Mapping[str, tuple[HostFile, ...]]
    """The files of each host with `{address}` and `{name}`. Hosts of a role in one zone share them."""

    def __getitem__(self, host: str) -> tuple[HostFile, ...]:
        own = [_for_host(file, self.hosts[host]) for file in self.shared[host]]
        return (*own, manifest_file(own))

    def __iter__(self) -> Iterator[str]:
        return iter(self.shared)

    def __len__(self) -> int:
        return len(self.shared)


def render(placed: Placed, platform: Platform) -> Files:
    """Return the files of every host. The same values give the same files; no file holds a secret."""
    upstreams = find_upstreams(placed)
    hosts: dict[str, Instance] = {}
    shared: dict[str, tuple[HostFile, ...]] = {}
    for role in placed.topology.roles:
        named = hosts_file(placed.topology, upstreams, role.name)
        zones: dict[int, tuple[HostFile, ...]] = {}
        for host in upstreams.hosts[role.name]:
            zone = int(host.zone)
            if zone not in zones:
                zones[zone] = (*_common_files(placed, upstreams, role, host, platform), named)
            hosts[host.name], shared[host.name] = host, zones[zone]
    return _Rendered(hosts, shared)


def _common_files(
    placed: Placed, upstreams: Upstreams, role: Role, host: Instance, platform: Platform
) -> Iterator[HostFile]:
    """Yield the files that the hosts of a role in one zone share, except for their name and address."""
    rules = placed.resources[Address(f"firewall-rules.{role.name}")]
    assert isinstance(rules, FirewallRules)
    yield nftables_file(rules, placed.resources, platform_services(placed, host, platform))
    signer = find_signer(placed)
    revocations = signer is not None
    proxy = haproxy_file(upstreams, role.name, int(host.zone), role.offers, revocations=revocations)
    if proxy:
        yield proxy
        yield from systemd_files()
    if signer:
        yield from enrolment_files(placed, signer)


def platform_services(placed: Placed, host: Instance, platform: Platform) -> tuple[PlatformService, ...]:
    """Return the services of the cloud that a host needs, in its subnet and network."""
    subnet = placed.resources[host.subnet] if host.subnet else None
    assert isinstance(subnet, Subnet)
    network = placed.resources[subnet.network] if subnet.network else None
    assert isinstance(network, Network)
    return tuple(platform(network.cidr, subnet.cidr))


def _for_host(file: HostFile, host: Instance) -> HostFile:
    """Return the file with the host's own name and address. Other braces stay."""
    text = file.content
    if "{address}" not in text and "{name}" not in text:
        return file
    return evolve(file, content=text.replace("{address}", host.private_address).replace("{name}", host.name))
