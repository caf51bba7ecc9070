"""Guests: how a host is described to libvirt, and what libvirt says of it."""

import hashlib
from collections.abc import Mapping
from typing import Any

from attrs import frozen

from portinfra.model.address import Address, Scope
from portinfra_libvirt import disks, marks, xml
from portinfra_libvirt.published import machine

URI = "urn:portinfra:instance"

ROOT_TARGET = "vda"
SEED_TARGET = "vdb"

DEVICE_PATH = "/dev/disk/by-id/scsi-0QEMU_QEMU_HARDDISK_"
"""Begins the path under which a guest with udev finds a volume; the device ends it."""


@frozen
class Guest:
    """All that a domain's description is made of."""

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
    """Path of what it reads at birth."""
    devices: str = ""
    """Further devices, as XML."""


def mac(scope: Scope, address: Address) -> str:
    """A host's own MAC address: locally administered, the same on every run."""
    digest = hashlib.sha256(f"{scope} {address}".encode()).digest()
    return ":".join(f"{byte:02x}" for byte in (0x52, *digest[:5]))


def document(guest: Guest) -> str:
    """The domain, in libvirt's XML. Whoever performs it puts the type of virtualisation in."""
    vcpus, memory_mib = machine(guest.machine_type) or (1, 1)
    root = disks.disk_element(guest.root, ROOT_TARGET, "virtio").replace(
        "</disk>", "<boot order='1'/></disk>"
    )
    return f"""\
<domain type='auto'>
  <name>{xml.escape(guest.name)}</name>
  <uuid>{marks.unique_id("domain", guest.name, guest.said.get("attempt", ""))}</uuid>
  <metadata>{xml.owner_element(URI, marks.written(guest.said))}</metadata>
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
    """The one network card of a guest, behind its role's filter."""
    return (
        f"<interface type='network'><mac address='{mac}'/><source network={xml.quoteattr(network)}/>"
        f"<model type='virtio'/><filterref filter={xml.quoteattr(filter)}>"
        f"<parameter name='IP' value='{address}'/></filterref></interface>"
    )


def record(kept: str, live: str, *, persistent: bool = True) -> dict[str, Any]:
    """What a domain's descriptions say: as it is kept, and as it runs. One that is not persistent is gone
    when it stops.
    """
    root, running = xml.parse(kept), xml.parse(live)
    return {
        "name": xml.text(root, "name"),
        "persistent": persistent,
        "said": xml.metadata(root, URI),
        "vcpus": int(xml.text(root, "vcpu") or 0),
        "memory_mib": int(xml.text(root, "memory") or 0) // 1024,
        "cards": [_card(each) for each in root.iterfind("devices/interface")],
        "live_cards": [_card(each) for each in running.iterfind("devices/interface")],
        "disks": [_disk(each) for each in root.iterfind("devices/disk")],
        "live_disks": [_disk(each) for each in running.iterfind("devices/disk")],
    }


def _card(card: xml.Element) -> dict[str, str]:
    parameter = next(
        (each.get("value", "") for each in card.iterfind("filterref/parameter") if each.get("name") == "IP"),
        "",
    )
    return {
        "mac": xml.attribute(card, "mac", "address"),
        "network": xml.attribute(card, "source", "network"),
        "filter": xml.attribute(card, "filterref", "filter"),
        "address": parameter,
    }


def _disk(disk: xml.Element) -> dict[str, str]:
    return {
        "path": xml.attribute(disk, "source", "file"),
        "target": xml.attribute(disk, "target", "dev"),
        "serial": xml.text(disk, "serial"),
    }
