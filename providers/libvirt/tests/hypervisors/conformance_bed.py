"""Two real hypervisors as a bed of portinfra's conformance suite. Guests have a blank disk: they run, and
boot nothing.
"""

import json
import re
import subprocess
import tempfile
import time
from collections.abc import Collection, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path
from typing import Any

import libvirt
from attrs import evolve, field, frozen

from hypervisors.disks import opened
from hypervisors.hypervisor import Hypervisor
from hypervisors.printing import Printing
from hypervisors.site import ACCOUNT, IMAGE_POOL, Site
from portinfra.model.environment import Environment
from portinfra.testing.conformance import Bed
from portinfra.testing.conformance.bed import FOREIGN_KINDS
from portinfra_libvirt import domains, filters, networks, xml
from portinfra_libvirt.published import SIZES

DISKS = "lib/portinfra"
PASSING = ("attempt", "birth", "born", "file", "bytes", "of", "domain")
"""What marks say that differs between two worlds that are the same."""
SECTOR = 512
"""The bytes of a disk that a test writes."""
PRINTED_MAX = 1_000
"""The longest text that a guest prints: each byte is a command to QEMU."""


@frozen
class HurriedClock:
    """Real time, twenty times as fast: what waits for a hypervisor to come back need not wait for minutes."""

    virtual: bool = False
    began: float = field(factory=time.time)

    def now(self) -> float:
        """Seconds since the epoch, more or less."""
        return self.began + FASTER * (time.time() - self.began)

    def sleep_until(self, moment: float) -> None:
        """Sleep a twentieth of it."""
        time.sleep(max(0.0, moment - self.now()) / FASTER)


FASTER = 20


class LibvirtBed(Bed):
    """A site of two zones."""

    reads_max = 5
    foreign_kinds = tuple(kind for kind in FOREIGN_KINDS if not kind.startswith("subnet"))

    def __init__(self, site: Site, other: Site, stride: int = 20) -> None:
        self.site = site
        self.other = other
        self.stride = stride
        self.environment = Environment(
            "production",
            on=f"libvirt:{site.name}",
            account=ACCOUNT,
            cidr="10.10.0.0/16",
            zones=tuple(site.zones),
        )
        self.elsewhere = evolve(self.environment, on=f"libvirt:{other.name}", zones=tuple(other.zones))
        self.key = "payments"
        self.clock = HurriedClock()
        self._printing: list[Printing] = []

    @property
    def too_large(self) -> Collection[str]:
        """What has more memory than this machine, as libvirt counts it."""
        connection = libvirt.open(next(iter(self.site.zones.values())).uri)
        memory_mib = connection.getInfo()[1]
        connection.close()
        return {size for size, native in SIZES.items() if int(native.partition("-m")[2]) > memory_mib}

    def reset(self) -> None:
        """Nothing is left but the images."""
        while self._printing:
            self._printing.pop().stop()
        for connection in self._connections():
            for domain in connection.listAllDomains():
                persistent = domain.isPersistent()
                with suppress(libvirt.libvirtError):  # it is not running
                    domain.destroy()
                if persistent:
                    domain.undefineFlags(libvirt.VIR_DOMAIN_UNDEFINE_CHECKPOINTS_METADATA)
            for network in connection.listAllNetworks():
                if network.isActive():
                    network.destroy()
                network.undefine()
            for kind in (connection.listAllNWFilters(), connection.listAllSecrets()):
                for each in kind:
                    each.undefine()
            for pool in connection.listAllStoragePools():
                if pool.name() == IMAGE_POOL:
                    continue
                if not pool.isActive():
                    pool.create()
                for volume in pool.listAllVolumes():
                    volume.delete()
                pool.destroy()
                pool.delete()
                pool.undefine()

    def ground_truth(self) -> Sequence[str]:
        """Everything on both hypervisors, every file and link among it, by the machines' own word."""
        lines: list[str] = []
        for zone, hypervisor in self._hypervisors():
            connection = libvirt.open(hypervisor.uri)
            lines += [f"{line} @{zone}" for line in _books(connection)]
            connection.close()
            links = hypervisor.run("ip", "-br", "link").splitlines()
            lines += [f"tap @{zone}" for line in links if re.match("vnet", line)]
            lines += [f"file {_plain(file.name)} @{zone}" for file in _files(hypervisor.directory)]
        return sorted(lines)

    def silence(self, zone: str) -> AbstractContextManager[object]:
        """While it lasts, a zone's daemon is down."""
        return self._silent(zone)

    @contextmanager
    def _silent(self, zone: str) -> Iterator[None]:
        self.site.zones[zone].stop()
        try:
            yield
        finally:
            self.site.zones[zone].start()

    def exhaust(self, zone: str) -> None:
        """Let somebody's guest have nearly all of a hypervisor's memory."""
        connection = libvirt.open(self.site.zones[zone].uri)
        memory_mib = connection.getInfo()[1] - 1024
        connection.createXML(_guest("somebody-large", memory_mib), libvirt.VIR_DOMAIN_START_PAUSED)
        connection.close()

    def user_data(self, host: str) -> str:
        """All that is on the image that the host reads at birth."""
        for hypervisor in self.site.zones.values():
            for file in _files(hypervisor.directory):
                if file.name.startswith(f"instance.{host}.") and file.suffix == ".iso":
                    return file.read_bytes().decode("latin-1")
        raise LookupError(host)

    def print_console(self, host: str, text: str) -> None:
        """Again and again from now on: libvirt keeps no output."""
        if len(text) > PRINTED_MAX:
            super().print_console(host, text)
        for hypervisor in self.site.zones.values():
            for name in hypervisor.virsh("list", "--name").split():
                if f"-{host}-" in name:
                    self._printing.append(Printing(hypervisor.uri, name, text))
                    self._printing[-1].start()

    def write(self, volume: str, text: str) -> None:
        """Let QEMU write it, as for a guest. No guest that has the volume runs."""
        with tempfile.NamedTemporaryFile() as content:
            content.write(text.encode().ljust(SECTOR, b"\0"))
            content.flush()
            self._on_disk(volume, f"write -s {content.name} 0 {SECTOR}")

    def read(self, volume: str) -> str:
        """Up to the first zero."""
        dump = self._on_disk(volume, f"read -v 0 {SECTOR}")
        found = re.findall(r"^[0-9a-f]{8}:  ((?:[0-9a-f]{2} ){16})", dump, re.MULTILINE)
        return bytes.fromhex("".join(found)).partition(b"\0")[0].decode()

    def _on_disk(self, volume: str, command: str) -> str:
        """Give qemu-io a command about the disk of a volume. Return what it prints."""
        for _, hypervisor in self._hypervisors():
            for file in _files(hypervisor.directory):
                if file.name.startswith(f"volume.{volume}."):
                    return _qemu_io(hypervisor, file, command)
        raise LookupError(volume)

    def copy_owner(self) -> None:
        """A file of another name, and a secret for it that says what the one of `volume.db1-data` says."""
        for connection in self._connections():
            for secret in connection.listAllSecrets():
                root = xml.parse(secret.XMLDesc())
                said = xml.text(root, "description")
                if '"address":"volume.db1-data"' not in said:
                    continue
                path = Path(secret.usageID()).with_name("volume.copied.000000000000-000000.qcow2")
                pool = next(each for each in connection.listAllStoragePools() if each.name() != IMAGE_POOL)
                pool.createXML(_volume(path.name))
                connection.secretDefineXML(
                    f"<secret><description>{xml.escape(said)}</description>"
                    f"<usage type='volume'><volume>{path}</volume></usage></secret>"
                )

    def make_foreign(self) -> None:
        """Of each kind, as a person would."""
        connection = libvirt.open(next(iter(self.site.zones.values())).uri)
        connection.networkDefineXML("<network><name>somebody</name><bridge name='somebr'/></network>")
        connection.nwfilterDefineXML(
            "<filter name='somebody'><rule action='drop' direction='in'><all/></rule></filter>"
        )
        pool = connection.storagePoolDefineXML(
            "<pool type='dir'><name>somebody</name><target><path>/var/lib/libvirt/x</path></target></pool>"
        )
        pool.build()
        pool.create()
        pool.createXML(_volume("volume.db1-data.somebody.qcow2"))
        connection.secretDefineXML(
            "<secret><description>somebody's</description>"
            "<usage type='volume'><volume>/var/lib/libvirt/x/volume.db1-data.somebody.qcow2</volume></usage>"
            "</secret>"
        )
        connection.defineXML(_guest("somebody", 64))
        connection.close()

    def place_foreign(self, kind: str) -> str:
        """Define it with virsh's XML. A filter of libvirt lies in no network: it refers to one of ours."""
        connection = libvirt.open(next(iter(self.site.zones.values())).uri)
        (network,) = (each.name() for each in connection.listAllNetworks() if "-main-" in each.name())
        ours = next(each.name() for each in connection.listAllNWFilters() if "-web-" in each.name())
        if kind.startswith("firewall"):
            refers = f"<filterref filter='{ours}'/>" if kind == "firewall in our network" else ""
            connection.nwfilterDefineXML(f"<filter name='theirs'>{refers}</filter>")
        if kind == "firewall on our host":
            host = next(each for each in connection.listAllDomains() if "-web1-" in each.name())
            card = xml.parse(host.XMLDesc()).find("devices/interface")
            card.find("filterref").set("filter", "theirs")
            both = libvirt.VIR_DOMAIN_AFFECT_LIVE | libvirt.VIR_DOMAIN_AFFECT_CONFIG
            host.updateDeviceFlags(xml.to_text(card), both)
        if kind.startswith("instance"):
            filter = f"<filterref filter='{ours}'/>" if kind == "instance with our firewall" else ""
            card = f"<interface type='network'><source network='{network}'/>{filter}</interface>"
            guest = _guest("theirs", 64).replace("</domain>", f"<devices>{card}</devices></domain>")
            connection.defineXML(guest)
        connection.close()
        return "theirs"

    def _hypervisors(self) -> Iterator[tuple[str, Hypervisor]]:
        yield from self.site.zones.items()
        yield from ((f"{zone} elsewhere", each) for zone, each in self.other.zones.items())

    def _connections(self) -> Iterator[Any]:
        for _, hypervisor in self._hypervisors():
            connection = libvirt.open(hypervisor.uri)
            yield connection
            connection.close()


def _books(connection: Any) -> Iterator[str]:
    owners = {
        secret.usageID(): _said(xml.text(xml.parse(secret.XMLDesc()), "description"))
        for secret in connection.listAllSecrets()
    }
    hosts: dict[str, str] = {}
    for domain in connection.listAllDomains():
        text = domain.XMLDesc()
        record = domains.record(domain.XMLDesc(libvirt.VIR_DOMAIN_XML_INACTIVE), text)
        hosts[domain.name()] = _address(record["said"]) or domain.name()
        disks = [f"{_address_of(each['path'], owners)}={each['serial']}" for each in record["live_disks"]]
        cards = [(_kind(each["filter"]), each["address"], each["mac"]) for each in record["live_cards"]]
        yield (
            f"instance {hosts[domain.name()]} {record['vcpus']}x{record['memory_mib']} {domain.isActive()} "
            f"{sorted(disks)} {[card[1] for card in cards]} {_plainly(record['said'])} "
            f"starts with its hypervisor: {bool(domain.autostart())}"
        )
    for network in connection.listAllNetworks():
        record = networks.record(network.XMLDesc(libvirt.VIR_NETWORK_XML_INACTIVE), bool(network.isActive()))
        kind = "claim" if "-claim-" in network.name() else "network"
        name = "" if kind == "claim" else network.name()
        yield f"{kind} {name} {record['active']} {record['bridge']} {_plainly(record['said'], hosts)}"
    for each in connection.listAllNWFilters():
        seen = filters.read(each.XMLDesc())
        owner = seen.owner.partition(" ")[0]
        yield f"firewall {owner} {seen.sound} {[tuple(rule)[:5] for rule in seen.allowed]}"
    for path, said in owners.items():
        yield f"secret {_kind(Path(path).name)} {said}"
    for pool in connection.listAllStoragePools():
        if pool.name() == IMAGE_POOL:
            continue
        yield f"pool {pool.name()}"
        for volume in pool.listAllVolumes() if pool.isActive() else ():
            said = owners.get(volume.path(), "")
            yield f"disk {_address_of(volume.path(), owners)} {volume.info()[1] if said else ''} {said}"


def _said(text: str) -> str:
    return _plainly(text)


def _plainly(text: str, hosts: dict[str, str] | None = None) -> str:
    """A mark without what passes."""
    try:
        said = json.loads(text)
    except ValueError:
        return text
    return json.dumps(_without(said, PASSING), sort_keys=True)


def _without(value: Any, names: Sequence[str]) -> Any:
    if not isinstance(value, dict):
        return value
    if "address" in value and not isinstance(value["address"], str):
        return value
    return {
        (each["address"] if isinstance(each, dict) and "address" in each else key): _without(each, names)
        for key, each in value.items()
        if key not in names
    }


def _address(text: str) -> str:
    try:
        return str(json.loads(text)["address"])
    except (ValueError, KeyError):
        return ""


def _address_of(path: str, owners: dict[str, str]) -> str:
    said = owners.get(path, "")
    return _address(said) or _kind(Path(path).name)


def _kind(file: str) -> str:
    return file.partition(".")[0]


def _plain(file: str) -> str:
    """The name of a file without what passes: whose it was when it was made, and the attempt that made it."""
    kind, _, ending = file.partition(".")
    return f"{kind} {ending.rpartition('.')[2]}"


def _qemu_io(hypervisor: Hypervisor, file: Path, command: str) -> str:
    """Open an encrypted disk with its secret."""
    key, disk = opened(hypervisor, str(file))
    line = ["qemu-io", "--object", key, "--image-opts", disk, "-c", command]
    return subprocess.run(line, check=True, capture_output=True, text=True, timeout=60).stdout


def _files(directory: Path) -> list[Path]:
    return [each for each in (directory / DISKS).rglob("*") if each.is_file()]


def _guest(name: str, memory_mib: int) -> str:
    return (
        f"<domain type='qemu'><name>{name}</name><memory unit='MiB'>{memory_mib}</memory><vcpu>1</vcpu>"
        "<os><type arch='x86_64' machine='q35'>hvm</type></os></domain>"
    )


def _volume(name: str) -> str:
    target = "<target><format type='qcow2'/></target>"
    return f"<volume><name>{name}</name><capacity>1048576</capacity>{target}</volume>"
