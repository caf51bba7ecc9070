"""Guests: the description of a host in libvirt's XML, and reading libvirt's descriptions."""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from attrs import frozen

from portinfra.model.address import Address, Scope
from portinfra_libvirt import disks, marks, xml
from portinfra_libvirt.published import machine

URI = "urn:portinfra:instance"

ROOT_TARGET = "vda"
SEED_TARGET = "vdb"

DEVICE_PATH = "/dev/disk/by-id/scsi-0QEMU_QEMU_HARDDISK_"
"""The prefix of the path of a volume on a guest with udev. The device name follows."""


Cards = Sequence[Mapping[str, str]]
"""The network cards of a guest, in order."""


@frozen
class Guest:
    """The content of a domain's description."""

    name: str
    said: Mapping[str, Any]
    machine_type: str
    network: str
    mac: str
    filter: str
    private_address: str
    root: str
    """Path of its root disk."""
    seed: str
    """Path of its seed, which has its first-boot data."""
    devices: str = ""
    """Further devices, as XML."""


def mac(scope: Scope, address: Address) -> str:
    """Return a host's MAC address: locally administered, the same on every run."""
    digest = hashlib.sha256(f"{scope} {address}".encode()).digest()
    return ":".join(f"{byte:02x}" for byte in (0x52, *digest[:5]))


def document(guest: Guest) -> str:
    """Return the domain in libvirt's XML. The action that defines it sets the type of virtualisation."""
    vcpus, memory_mib = machine(guest.machine_type) or (1, 1)
    root = disks.disk_element(guest.root, ROOT_TARGET, "virtio").replace(
        "</disk>", "<boot order='1'/></disk>"
    )
    return f"""\
<domain type='auto'>
  <name>{xml.escape(guest.name)}</name>
  <uuid>{marks.unique_id("domain", guest.name, guest.said.get("attempt", ""))}</uuid>
  <metadata>{xml.owner_element(URI, marks.to_text(guest.said))}</metadata>
  <memory unit='MiB'>{memory_mib}</memory>
  <vcpu>{vcpus}</vcpu>
  <os><type arch='x86_64' machine='q35'>hvm</type></os>
  <features><acpi/><apic/></features>
  <cpu mode='maximum'/>
  <on_poweroff>destroy</on_poweroff><on_reboot>restart</on_reboot><on_crash>destroy</on_crash>
  <devices>
    {root}
    <disk type='file' device='disk'><driver name='qemu' type='raw'/><source file={xml.quoteattr(guest.seed)}/>
      <target dev='{SEED_TARGET}' bus='virtio'/><readonly/></disk>
    <controller type='scsi' model='virtio-scsi'/>
    {interface(guest.network, guest.mac, guest.filter, guest.private_address)}
    <serial type='pty'/><console type='pty'/>
    <channel type='unix'><target type='virtio' name='org.qemu.guest_agent.0'/></channel>
    <rng model='virtio'><backend model='random'>/dev/urandom</backend></rng>
    {guest.devices}
  </devices>
</domain>"""


def interface(network: str, mac: str, filter: str, address: str) -> str:
    """Return the network card of a guest, behind its role's filter."""
    return (
        f"<interface type='network'><mac address='{mac}'/><source network={xml.quoteattr(network)}/>"
        f"<model type='virtio'/><filterref filter={xml.quoteattr(filter)}>"
        f"<parameter name='IP' value='{address}'/></filterref></interface>"
    )


def record(kept: str, live: str, *, persistent: bool = True, directory: str = "") -> dict[str, Any]:
    """Return the content of a domain's two descriptions: the kept one, and that of the running guest.

    A domain that is not persistent is gone when it stops. `directory` holds the disks of its scope.
    """
    root, running = xml.parse(kept), xml.parse(live)
    return {
        "name": xml.text(root, "name"),
        "persistent": persistent,
        "said": xml.metadata(root, URI),
        "vcpus": int(xml.text(root, "vcpu") or 0),
        "memory_mib": int(xml.text(root, "memory") or 0) // 1024,
        "cards": cards(root),
        "live_cards": cards(running),
        "disks": [_disk(each, directory) for each in root.iterfind("devices/disk")],
        "live_disks": [_disk(each, directory) for each in running.iterfind("devices/disk")],
    }


def cards(root: xml.Element) -> list[dict[str, str]]:
    """Return the network cards in a description."""
    return [_card(each) for each in root.iterfind("devices/interface")]


def rule_set(cards: Cards, own: Mapping[str, str], devices: str) -> str:
    """Return the filter that all of a host's traffic passes; empty if some traffic may bypass it.

    Its own card must be exactly as declared. Besides it, only the cards of its further devices may exist.
    """
    filters = [card["filter"] for card in cards if {**card, "filter": ""} == {**_NO_CARD, **own}]
    return filters[0] if len(filters) == 1 and not strange(cards, own["mac"], devices) else ""


_NO_CARD = dict.fromkeys(("mac", "network", "link", "filter", "address", "more"), "")


def strange(cards: Cards, mac: str, devices: str) -> list[int]:
    """Return the numbers of the cards that are neither a host's own nor among its further devices."""
    expected = [{"mac": mac}, *map(_read_card, xml.parse(f"<devices>{devices}</devices>").iter("interface"))]
    found = []
    for number, card in enumerate(cards):
        known = next((each for each in expected if each.items() <= card.items()), None)
        if known is None:
            found.append(number)
        else:
            expected.remove(known)
    return found


def _read_card(card: xml.Element) -> dict[str, str]:
    return {name: value for name, value in _card(card).items() if value}


def _card(card: xml.Element) -> dict[str, str]:
    parameters = [
        (each.get("name", ""), each.get("value", "")) for each in card.iterfind("filterref/parameter")
    ]
    network = xml.attribute(card, "source", "network")
    return {
        "mac": xml.attribute(card, "mac", "address"),
        "network": network,
        "link": ""
        if network
        else xml.attribute(card, "source", "bridge") or xml.attribute(card, "source", "dev"),
        "filter": xml.attribute(card, "filterref", "filter"),
        "address": " ".join(value for name, value in parameters if name == "IP"),
        "more": " ".join(name for name, _ in parameters if name != "IP"),
    }


def _disk(disk: xml.Element, directory: str) -> dict[str, str]:
    """Return a disk. For an external snapshot of a disk of the scope, return that disk with its `overlay`."""
    layers = list(_layers(disk))
    ours = [each for each in layers if each.rpartition("/")[0] == directory and disks.read(_file(each))]
    path = next(iter(ours or layers), "")
    return {
        "path": path,
        "overlay": layers[0] if path != next(iter(layers), "") else "",
        "target": xml.attribute(disk, "target", "dev"),
        "serial": xml.text(disk, "serial"),
    }


def _layers(disk: xml.Element) -> Iterator[str]:
    """Yield the file of a disk, and the files below it, from top to bottom."""
    layer: xml.Element | None = disk
    while layer is not None:
        if file := xml.attribute(layer, "source", "file"):
            yield file
        layer = layer.find("backingStore")


def _file(path: str) -> str:
    return path.rpartition("/")[2]
