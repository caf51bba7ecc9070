"""What this machine lacks for libvirt, and the command that mends it. Changes nothing; needs no libvirt."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from attrs import frozen

from portinfra.errors import PortinfraError
from portinfra_libvirt import installing, sites
from portinfra_libvirt.site import IMAGES, Site

PACKAGES = "libvirt-daemon-system libvirt-clients qemu-system-x86 qemu-utils dnsmasq-base iptables ebtables"
BUILD_PACKAGES = "libvirt-dev pkg-config gcc libc6-dev python3-dev"
BRIDGE_NF = "bridge-nf-call-iptables"

_PROC = Path("/proc/sys/net/bridge")
_URI = "qemu:///system"


@frozen
class Check:
    """One thing that was looked at."""

    name: str
    good: bool
    told: str
    fix: str = ""
    """The command that mends it; empty where it is good."""


def examine() -> list[Check]:
    """Everything that matters on this machine, in the order in which it is best mended."""
    return list(_checks())


def _checks() -> Iterator[Check]:
    daemon = shutil.which("libvirtd", path=_path()) or shutil.which("virtqemud", path=_path())
    qemu = shutil.which("qemu-system-x86_64", path=_path())
    install = f"apt-get install -y --no-install-recommends {PACKAGES}"
    yield _check("libvirt's daemon", bool(daemon), daemon or "it is not installed", install)
    yield _check("QEMU", bool(qemu), qemu or "it is not installed", install)
    for name, tool in (("QEMU's disk tool", "qemu-img"), ("DHCP and DNS for guests", "dnsmasq")):
        found = shutil.which(tool, path=_path())
        yield _check(name, bool(found), found or f"{tool} is not installed", install)
    connection, told = _connected()
    binding = connection is not None or told != _NO_BINDING
    build = f"apt-get install -y --no-install-recommends {BUILD_PACKAGES}"
    fix = f"{build}; pip install 'portinfra-libvirt[native]'"
    yield _check("libvirt's Python binding", binding, "it can be imported" if binding else told, fix)
    if binding:
        start = "systemctl start libvirtd; adduser $USER libvirt (then log in again)"
        yield _check(f"the hypervisor {_URI}", connection is not None, told, start)
    yield _filtering()
    yield _check("KVM", True, _kvm())
    if connection is not None:
        yield from _images(connection)
        connection.close()
    yield from _sites()


_NO_BINDING = "it cannot be imported"


def _connected() -> tuple[Any, str]:
    try:
        import libvirt
    except ImportError:
        return None, _NO_BINDING
    libvirt.registerErrorHandler(lambda *_: None, None)
    try:
        connection = libvirt.open(_URI)
    except libvirt.libvirtError as error:
        return None, str(error)
    version = connection.getLibVersion()
    return connection, f"it answers: libvirt {version // 1_000_000}.{version // 1_000 % 1_000}"


def _filtering() -> Check:
    """Guests of one bridge are walled off from each other only if what is bridged is filtered."""
    setting = _PROC / BRIDGE_NF
    good = setting.is_file() and setting.read_text().strip() == "1"
    told = "what is bridged is filtered" if good else "what is bridged passes by the filters"
    return _check(BRIDGE_NF, good, told, f"modprobe br_netfilter; sysctl -w net.bridge.{BRIDGE_NF}=1")


def _kvm() -> str:
    if not Path("/dev/kvm").exists():
        return "there is none: guests are emulated, some ten times slower"
    return "there is /dev/kvm; whether guests really run with it is tried before the first one is made"


def _images(connection: Any) -> Iterator[Check]:
    import libvirt

    fix = "portinfra image build --on libvirt:qemu:///system"
    try:
        pool = connection.storagePoolLookupByName(IMAGES)
        names = [name for name in pool.listVolumes() if name.endswith(".qcow2")] if pool.isActive() else []
    except libvirt.libvirtError:
        names = []
    told = ", ".join(sorted(names)) or f"there are none in the pool {IMAGES}"
    yield _check("images", bool(names), told, fix)


def _sites() -> Iterator[Check]:
    path = Path(os.environ.get(sites.FILE) or "sites.hcl")
    if not path.is_file():
        return
    try:
        found = sites.read(path.read_text(), str(path))
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
    command = installing.command(uri)
    if ":///" not in uri:
        return Check(name, True, f"it cannot be seen from here; this brings it there: {command}")
    if not shutil.which("nft", path=_path()):
        return _check(name, False, "nft is not installed", f"apt-get install -y nftables; {command}")
    told = installing.lacking()
    return _check(name, not told, told or "the hook is there", command)


def _check(name: str, good: bool, told: str, fix: str = "") -> Check:
    return Check(name, good, told, "" if good else fix)


def _path() -> str:
    """Debian leaves daemons out of the PATH of those who are not root."""
    return os.pathsep.join((os.environ.get("PATH", os.defpath), "/usr/sbin", "/sbin"))
