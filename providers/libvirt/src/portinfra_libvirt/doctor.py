"""What this machine lacks for libvirt, and the command that mends it. Changes nothing; needs no libvirt."""

import os
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from portinfra.command_text import command_line
from portinfra.errors import PortinfraError
from portinfra.provider.abilities import Check
from portinfra.provider.interface import Answer
from portinfra_libvirt import hook_installation, networks, pool_images, sites
from portinfra_libvirt.site import Site

PACKAGES = "libvirt-daemon-system libvirt-clients qemu-system-x86 qemu-utils dnsmasq-base iptables ebtables"
BUILD_PACKAGES = "libvirt-dev pkg-config gcc libc6-dev python3-dev"
BRIDGE_NF = "bridge-nf-call-iptables"

_PROC = Path("/proc/sys/net/bridge")
_URI = "qemu:///system"


def examine(site: Site | None = None) -> list[Check]:
    """Everything that matters on this machine, in the order in which it is best mended; with a site, what its
    hypervisors have, and of this machine what matters to them.
    """
    return list(_checks(site))


def _checks(site: Site | None) -> Iterator[Check]:
    looked_at = site or sites.find(_URI)
    here = any(":///" in each.uri for each in looked_at.hypervisors)
    if here:
        yield from _programs()
    binding = _has_binding()
    build = f"apt-get install -y --no-install-recommends {BUILD_PACKAGES}"
    fix = f"{build}; pip install 'portinfra-libvirt[native]'"
    yield _check(
        "libvirt's Python binding", binding, "it can be imported" if binding else "it cannot be imported", fix
    )
    told: dict[str, Answer] = {}
    if binding:
        yield from _hypervisors(looked_at, told)
    if here:
        yield _filtering()
        yield _check("KVM", True, _kvm())
    if told:
        yield from _bridges(looked_at, told)
        yield _images(looked_at, told)
    yield from _sites() if site is None else ([_forwarding(site)] if site.public else [])


def _programs() -> Iterator[Check]:
    install = f"apt-get install -y --no-install-recommends {PACKAGES}"
    for name, tools in _TOOLS.items():
        found = next(filter(None, (shutil.which(tool, path=_path()) for tool in tools)), None)
        told = "it is not installed" if tools[0] not in _NAMED else f"{tools[0]} is not installed"
        yield _check(name, bool(found), found or told, install)


_TOOLS = {
    "libvirt's daemon": ("libvirtd", "virtqemud"),
    "QEMU": ("qemu-system-x86_64",),
    "QEMU's disk tool": ("qemu-img",),
    "DHCP and DNS for guests": ("dnsmasq",),
    "filters, with state": ("iptables",),
    "filters on the wire": ("ebtables",),
}
_NAMED = ("qemu-img", "dnsmasq", "iptables", "ebtables")


def _has_binding() -> bool:
    try:
        import libvirt  # noqa: F401
    except ImportError:
        return False
    return True


def _hypervisors(site: Site, told: dict[str, Answer]) -> Iterator[Check]:
    """Whether each answers, and what those that do tell."""
    import libvirt

    from portinfra_libvirt.actions.foreign import strangers
    from portinfra_libvirt.actions.survey import machine
    from portinfra_libvirt.connections import Connections

    connections = Connections(site)
    try:
        for each in site.hypervisors:
            name = f"the hypervisor {each.uri}"
            try:
                connection = connections.to(each.name)
                version = connection.getLibVersion()
                told[each.name] = {
                    **machine(connection, site),
                    "strangers": strangers(connection, site.bridge) if site.bridge else [],
                    "routers": _routers(connection, site) if site.bridge else {},
                }
            except (libvirt.libvirtError, PortinfraError) as error:
                yield _check(name, False, str(error), _start(each.uri))
            else:
                yield _check(
                    name, True, f"it answers: libvirt {version // 1_000_000}.{version // 1_000 % 1_000}", ""
                )
    finally:
        connections.close()


def _routers(connection: Any, site: Site) -> dict[str, str]:
    """Return where public hosts expect a router, by the scope of each network on the site's bridge."""
    texts = [network.XMLDesc() for network in connection.listAllNetworks()]
    owners = [networks.owner(text) for text in texts if networks.record(text, True)["bridge"] == site.bridge]
    return {scope: networks.gateway(cidr) for scope, cidr in owners if scope and cidr}


def _start(uri: str) -> str:
    if ":///" in uri:
        return "systemctl start libvirtd; adduser $USER libvirt (then log in again)"
    return f"virsh -c '{uri}' version tells more; on that machine: systemctl start libvirtd"


def _bridges(site: Site, told: Mapping[str, Answer]) -> Iterator[Check]:
    """That it links them is tried by the first apply."""
    bridge = site.bridge
    for at, each in told.items() if bridge else ():
        there = bridge in each["interfaces"]
        fix = f"ip link add {bridge} type bridge; ip link set {bridge} up; and link it to the others"
        yield _check(
            f"the bridge {bridge} of {at}", there, "it exists" if there else "it does not exist", fix
        )
        if strange := each["strangers"]:
            from portinfra_libvirt.actions.foreign import advice

            told_of = f"no filter keeps these guests from using addresses of others: {', '.join(strange)}"
            yield _check(f"who shares the bridge {bridge} of {at}", False, told_of, advice(strange[0]))
    routers = {scope: router for each in told.values() for scope, router in each["routers"].items()}
    for scope, router in sorted(routers.items()) if bridge else ():
        said = f"public hosts expect it at {router}, the last address of their network: you provide it"
        yield _check(f"the router of {scope}", True, said)


def _images(site: Site, told: Mapping[str, Answer]) -> Check:
    same, others = pool_images.everywhere(each["images"] for each in told.values())
    if others:
        has = {at: pool_images.whole(each["images"]) for at, each in told.items()}
        differing = "; ".join(
            f"{file}: " + ", ".join(f"{at} {_has(there.get(file))}" for at, there in has.items())
            for file in others
        )
        fix = f"virsh vol-delete each of them, with --pool {site.images}, and fetch it again"
        return _check("images", False, f"not the same everywhere, so not used: {differing}", fix)
    fix = command_line("image", "build", "--on", f"libvirt:{site.name}")
    return _check("images", bool(same), ", ".join(same) or f"there are none in the pool {site.images}", fix)


def _has(digest: str | None) -> str:
    if digest is None:
        return "lacks it"
    return f"has the SHA-256 {digest}" if digest else "has it, and its SHA-256 is not known"


def _filtering() -> Check:
    """Guests of one bridge are walled off from each other only if what is bridged is filtered."""
    setting = _PROC / BRIDGE_NF
    good = setting.is_file() and setting.read_text().strip() == "1"
    told = "what is bridged is filtered" if good else "what is bridged passes by the filters"
    return _check(BRIDGE_NF, good, told, f"modprobe br_netfilter; sysctl -w net.bridge.{BRIDGE_NF}=1")


def _kvm() -> str:
    if not Path("/dev/kvm").exists():
        return "/dev/kvm does not exist: guests are emulated, about ten times slower"
    return "there is /dev/kvm; whether guests really run with it is tried before the first one is made"


def _sites() -> Iterator[Check]:
    path = Path(os.environ.get(sites.FILE) or "sites.hcl")
    if not path.is_file():
        if os.environ.get(sites.FILE):
            fix = f"Let {sites.FILE} name a file of sites, or unset it."
            yield _check(str(path), False, f"{sites.FILE} names it, and it is no file", fix)
        return
    try:
        found = sites.read_sites(path.read_text(), str(path))
    except PortinfraError as error:
        yield _check(str(path), False, str(error), error.fix)
    else:
        yield _check(str(path), True, f"sites: {', '.join(site.name for site in found)}")
        for site in found:
            if site.public:
                yield _forwarding(site)


def _forwarding(site: Site) -> Check:
    """The hook, where it can be looked at; elsewhere, how it gets there."""
    name, uri = f"forwarding to public hosts of {site.name}", site.hypervisors[0].uri
    command = hook_installation.command(uri)
    if ":///" not in uri:
        return Check(name, True, f"it cannot be seen from here; this brings it there: {command}")
    if not shutil.which("nft", path=_path()):
        return _check(name, False, "nft is not installed", f"apt-get install -y nftables; {command}")
    told = hook_installation.lacking()
    return _check(name, not told, told or "the hook is there", command)


def _check(name: str, good: bool, told: str, fix: str = "") -> Check:
    return Check(name, good, told, "" if good else fix)


def _path() -> str:
    """Debian leaves daemons out of the PATH of those who are not root."""
    return os.pathsep.join((os.environ.get("PATH", os.defpath), "/usr/sbin", "/sbin"))
