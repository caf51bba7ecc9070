"""Checks of what this machine lacks for libvirt, with the command that fixes each. They change nothing.

They work without libvirt.
"""

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
    """Return all checks of this machine, in the best order to fix them.

    With a site, return the checks of its hypervisors, and those of this machine that matter to them.
    """
    return list(_checks(site))


def _checks(site: Site | None) -> Iterator[Check]:
    target = site or sites.find(_URI)
    here = any(":///" in each.uri for each in target.hypervisors)
    if here:
        yield from _programs()
    binding = _has_binding()
    build = f"apt-get install -y --no-install-recommends {BUILD_PACKAGES}"
    fix = f"{build}; pip install 'portinfra-libvirt[native]'"
    yield _check(
        "libvirt's Python binding", binding, "it can be imported" if binding else "it cannot be imported", fix
    )
    answers: dict[str, Answer] = {}
    if binding:
        yield from _hypervisors(target, answers)
    if here:
        yield _filtering()
        yield _check("KVM", True, _kvm())
    if answers:
        yield from _bridges(target, answers)
        yield _images(target, answers)
    yield from _sites() if site is None else ([_forwarding(site)] if site.public else [])


def _programs() -> Iterator[Check]:
    install = f"apt-get install -y --no-install-recommends {PACKAGES}"
    for name, tools in _TOOLS.items():
        found = next(filter(None, (shutil.which(tool, path=_path()) for tool in tools)), None)
        problem = "it is not installed" if tools[0] not in _NAMED else f"{tools[0]} is not installed"
        yield _check(name, bool(found), found or problem, install)


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


def _hypervisors(site: Site, answers: dict[str, Answer]) -> Iterator[Check]:
    """Yield whether each hypervisor answers. Add the answers to `answers`."""
    import libvirt

    from portinfra_libvirt.actions.foreign import unfiltered_guests
    from portinfra_libvirt.actions.survey import machine
    from portinfra_libvirt.connections import Connections

    connections = Connections(site)
    try:
        for each in site.hypervisors:
            name = f"the hypervisor {each.uri}"
            try:
                connection = connections.to(each.name)
                version = connection.getLibVersion()
                answers[each.name] = {
                    **machine(connection, site),
                    "unfiltered": unfiltered_guests(connection, site.bridge) if site.bridge else [],
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
    """Return the address where public hosts expect a router, by the scope of each network on the site's
    bridge.
    """
    texts = [network.XMLDesc() for network in connection.listAllNetworks()]
    owners = [networks.owner(text) for text in texts if networks.record(text, True)["bridge"] == site.bridge]
    return {scope: networks.gateway(cidr) for scope, cidr in owners if scope and cidr}


def _start(uri: str) -> str:
    if ":///" in uri:
        return "systemctl start libvirtd; adduser $USER libvirt (then log in again)"
    return f"for the reason: virsh -c '{uri}' version; on that machine: systemctl start libvirtd"


def _bridges(site: Site, answers: Mapping[str, Answer]) -> Iterator[Check]:
    """Yield the checks of the shared bridge. The first apply checks that it links the hypervisors."""
    bridge = site.bridge
    for at, each in answers.items() if bridge else ():
        there = bridge in each["interfaces"]
        fix = f"ip link add {bridge} type bridge; ip link set {bridge} up; then link it to the others"
        yield _check(
            f"the bridge {bridge} of {at}", there, "it exists" if there else "it does not exist", fix
        )
        if unfiltered := each["unfiltered"]:
            from portinfra_libvirt.actions.foreign import advice

            problem = f"no filter keeps these guests from using addresses of others: {', '.join(unfiltered)}"
            yield _check(f"who shares the bridge {bridge} of {at}", False, problem, advice(unfiltered[0]))
    routers = {scope: router for each in answers.values() for scope, router in each["routers"].items()}
    for scope, router in sorted(routers.items()) if bridge else ():
        result = f"public hosts expect it at {router}, the last address of their network: you must provide it"
        yield _check(f"the router of {scope}", True, result)


def _images(site: Site, answers: Mapping[str, Answer]) -> Check:
    same, others = pool_images.everywhere(each["images"] for each in answers.values())
    if others:
        has = {at: pool_images.whole(each["images"]) for at, each in answers.items()}
        differing = "; ".join(
            f"{file}: " + ", ".join(f"{at} {_has(there.get(file))}" for at, there in has.items())
            for file in others
        )
        fix = f"delete each with virsh vol-delete --pool {site.images}, then fetch it again"
        return _check("images", False, f"not the same everywhere, so not used: {differing}", fix)
    fix = command_line("image", "build", "--on", f"libvirt:{site.name}")
    return _check("images", bool(same), ", ".join(same) or f"the pool {site.images} has no images", fix)


def _has(digest: str | None) -> str:
    if digest is None:
        return "lacks it"
    return f"has the SHA-256 {digest}" if digest else "has it, with an unknown SHA-256"


def _filtering() -> Check:
    """Return the check that the kernel filters bridged traffic.

    Without it, guests of one bridge are not isolated.
    """
    setting = _PROC / BRIDGE_NF
    good = setting.is_file() and setting.read_text().strip() == "1"
    result = "bridged traffic is filtered" if good else "bridged traffic bypasses the filters"
    return _check(BRIDGE_NF, good, result, f"modprobe br_netfilter; sysctl -w net.bridge.{BRIDGE_NF}=1")


def _kvm() -> str:
    if not Path("/dev/kvm").exists():
        return "/dev/kvm does not exist: guests are emulated, about ten times slower"
    return "/dev/kvm exists; portinfra tests it before it creates the first guest"


def _sites() -> Iterator[Check]:
    path = Path(os.environ.get(sites.FILE) or "sites.hcl")
    if not path.is_file():
        if os.environ.get(sites.FILE):
            fix = f"Set {sites.FILE} to a file of sites, or unset it."
            yield _check(str(path), False, f"{sites.FILE} names it, but it is not a file", fix)
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
    """Return the check of the forwarding hook if it is on this machine; else how to install it."""
    name, uri = f"forwarding to public hosts of {site.name}", site.hypervisors[0].uri
    command = hook_installation.command(uri)
    if ":///" not in uri:
        return Check(name, True, f"it cannot be checked from this machine; to install it: {command}")
    if not shutil.which("nft", path=_path()):
        return _check(name, False, "nft is not installed", f"apt-get install -y nftables; {command}")
    problem = hook_installation.problem()
    return _check(name, not problem, problem or "the hook is installed", command)


def _check(name: str, good: bool, result: str, fix: str = "") -> Check:
    return Check(name, good, result, "" if good else fix)


def _path() -> str:
    """Return PATH with the directories of daemons, which Debian leaves out for users who are not root."""
    return os.pathsep.join((os.environ.get("PATH", os.defpath), "/usr/sbin", "/sbin"))
