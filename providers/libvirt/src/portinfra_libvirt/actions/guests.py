"""Changes of guests: their definition, their power, their card and their disks."""

import re
import time
from collections.abc import Mapping
from contextlib import suppress
from string import ascii_lowercase
from typing import Any

import libvirt

from portinfra.errors import Conflict, NoCapacity, NotFound
from portinfra_libvirt import disks, domains, xml
from portinfra_libvirt.actions import forwarding
from portinfra_libvirt.actions.hypervisor import Action, Hand, unless_gone
from portinfra_libvirt.actions.virtualisation import virtualisation

POLL_SECONDS = 0.1

MEMORY_KEPT_MIB = 512
"""The memory that a hypervisor keeps for itself."""

_UNDEFINE_ALL = (
    libvirt.VIR_DOMAIN_UNDEFINE_NVRAM
    | libvirt.VIR_DOMAIN_UNDEFINE_CHECKPOINTS_METADATA
    | libvirt.VIR_DOMAIN_UNDEFINE_SNAPSHOTS_METADATA
    | libvirt.VIR_DOMAIN_UNDEFINE_MANAGED_SAVE
)
"""Flags to remove what libvirt keeps beside a definition. Without them, it also keeps the definition."""


def define_domain(hand: Hand, name: str, document: str) -> None:
    """Define a guest, for KVM if that works."""
    kind = virtualisation(hand.connection, hand.site.virt_type)
    hand.connection.defineXML(document.replace("<domain type='auto'>", f"<domain type='{kind}'>", 1))


def keep_domain(hand: Hand, domain: str) -> None:
    """Define a running guest whose definition was removed, as it runs."""
    there = hand.connection.lookupByName(domain)
    flags = libvirt.VIR_DOMAIN_XML_SECURE | libvirt.VIR_DOMAIN_XML_INACTIVE
    if not there.isPersistent():
        hand.connection.defineXML(there.XMLDesc(flags)).setAutostart(1)


def undefine_domain(hand: Hand, domain: str) -> None:
    """Undefine a stopped guest. Raises Conflict if it runs."""
    there = hand.connection.lookupByName(domain)
    if there.isActive():
        raise Conflict(f"the guest {domain} cannot be undefined: it runs", provider="libvirt")
    there.undefineFlags(_UNDEFINE_ALL)


def rename_domain(hand: Hand, domain: str, name: str) -> None:
    """Rename a stopped guest."""
    hand.connection.lookupByName(domain).rename(name)


def start_domain(hand: Hand, domain: str) -> None:
    """Start a guest, or resume a paused one. From then on it starts with its hypervisor.

    Raises NoCapacity before the start if the hypervisor lacks the memory.
    """
    there = hand.connection.lookupByName(domain)
    with hand.lock:  # two starts at once would not see each other's memory
        state, _ = there.state()
        if state == libvirt.VIR_DOMAIN_PAUSED:
            there.resume()
        if state == libvirt.VIR_DOMAIN_CRASHED:
            there.destroy()
        if not there.isActive():
            _check_memory(hand, there)
            there.create()
        there.setAutostart(1)


def stop_domain(hand: Hand, domain: str) -> None:
    """Shut a guest down; after the site's `shutdown_seconds`, cut its power.

    After that, it no longer starts with its hypervisor.
    """
    there = hand.connection.lookupByName(domain)
    _disable_autostart(there)
    deadline = time.monotonic() + hand.site.shutdown_seconds
    if there.isActive() and hand.site.shutdown_seconds:
        with suppress(libvirt.libvirtError):
            there.shutdown()
    while there.isActive() and time.monotonic() < deadline:
        time.sleep(POLL_SECONDS)
    cut_power(hand, domain)


def cut_power(hand: Hand, domain: str) -> None:
    """Stop a guest at once. After that, it no longer starts with its hypervisor."""
    there = hand.connection.lookupByName(domain)
    _disable_autostart(there)
    if there.isActive():
        with unless_gone(libvirt.VIR_ERR_OPERATION_INVALID):  # it stopped by itself
            there.destroyFlags(libvirt.VIR_DOMAIN_DESTROY_GRACEFUL)


def _disable_autostart(domain: Any) -> None:
    """Stop a guest from starting with its hypervisor.

    This comes before the stop, so that no reboot starts it.
    """
    if domain.isPersistent():
        domain.setAutostart(0)


def own_domain(hand: Hand, domain: str, said: str, root: str = "", copy: str = "") -> None:
    """Rewrite the mark in a guest's metadata, and its copy in the secret of the root disk `root`."""
    there = hand.connection.lookupByName(domain)
    element = f"<{xml.OWNER}>{xml.escape(said)}</{xml.OWNER}>"
    live = libvirt.VIR_DOMAIN_AFFECT_LIVE if there.isActive() else 0
    flags = libvirt.VIR_DOMAIN_AFFECT_CONFIG | live
    there.setMetadata(libvirt.VIR_DOMAIN_METADATA_ELEMENT, element, "p", domains.URI, flags)
    if root:
        hand.connection.secretDefineXML(disks.secret_document(root, copy))


def change_card(hand: Hand, domain: str, card: str, devices: str = "") -> None:
    """Give a guest its own card as declared, also while it runs, and remove all undeclared cards.

    Raises Conflict if it does not release a card.
    """
    there = hand.connection.lookupByName(domain)
    own = xml.parse(card)
    mac = xml.attribute(own, "mac", "address")
    network = hand.connection.networkLookupByName(xml.attribute(own, "source", "network"))
    with hand.lock, forwarding.renew_forwarding(hand, network):
        for flag, kind in _copies(there).items():
            for each in _strange(there, kind, mac, devices):
                there.detachDeviceFlags(each, flag)
            if any(each["mac"] == mac for each in domains.cards(xml.parse(there.XMLDesc(kind)))):
                there.updateDeviceFlags(card, flag)
            else:
                there.attachDeviceFlags(card, flag)
            if _strange(there, kind, mac, devices):
                raise Conflict(
                    f"{domain} does not release a network card that is not declared",
                    provider="libvirt",
                    fix=f"Run: virsh destroy {domain}. Then run the same command again: it starts the guest.",
                )


def change_machine(hand: Hand, domain: str, vcpus: int, memory_mib: int) -> None:
    """Give a stopped guest other processors and memory."""
    there = hand.connection.lookupByName(domain)
    document = there.XMLDesc(libvirt.VIR_DOMAIN_XML_INACTIVE | libvirt.VIR_DOMAIN_XML_SECURE)
    for tag in ("memory", "currentMemory"):
        document = re.sub(rf"<{tag}[^>]*>\d+</{tag}>", f"<{tag} unit='MiB'>{memory_mib}</{tag}>", document)
    document = re.sub(r"<vcpu[^>]*>\d+</vcpu>", f"<vcpu>{vcpus}</vcpu>", document)
    hand.connection.defineXML(document)


def attach_disk(hand: Hand, domain: str, disk: str, serial: str) -> None:
    """Attach a disk to a guest, which finds it by its serial."""
    there = hand.connection.lookupByName(domain)
    hand.connection.storageVolLookupByPath(disk)
    with hand.lock:
        copies = _copies(there)
        taken = {target for kind in copies.values() for _, target in disks_of(there, kind)}
        target = next(name for letter in ascii_lowercase[1:] if (name := f"sd{letter}") not in taken)
        for flag, kind in copies.items():
            if disk not in dict(disks_of(there, kind)):
                there.attachDeviceFlags(disks.disk_element(disk, target, "scsi", serial), flag)


def detach_disk(hand: Hand, domain: str, disk: str) -> None:
    """Detach a disk from a guest."""
    there = hand.connection.lookupByName(domain)
    found = False
    with hand.lock:
        for flag, kind in _copies(there).items():
            target = dict(disks_of(there, kind)).get(disk)
            if target is not None:
                there.detachDeviceFlags(disks.disk_element(disk, target, "scsi"), flag)
                found = True
    if not found:
        raise NotFound(f"{disk} is not attached to {domain}", provider="libvirt")


ACTIONS: Mapping[str, Action] = {
    "DefineDomain": define_domain,
    "KeepDomain": keep_domain,
    "UndefineDomain": undefine_domain,
    "RenameDomain": rename_domain,
    "StartDomain": start_domain,
    "StopDomain": stop_domain,
    "CutPower": cut_power,
    "OwnDomain": own_domain,
    "ChangeCard": change_card,
    "ChangeMachine": change_machine,
    "AttachDisk": attach_disk,
    "DetachDisk": detach_disk,
}


def disks_of(domain: Any, flags: int) -> list[tuple[str, str]]:
    """Return path and target of each disk, in the description that the flags select."""
    root = xml.parse(domain.XMLDesc(flags))
    return [
        (xml.attribute(each, "source", "file"), xml.attribute(each, "target", "dev"))
        for each in root.iterfind("devices/disk")
    ]


def open_files(domain: Any) -> set[str]:
    """Return the files that a running guest holds open: its disks, the files below each, running copies."""
    root = xml.parse(domain.XMLDesc())
    return {each.get("file", "") for disk in root.iterfind("devices/disk") for each in disk.iter("source")}


def _strange(domain: Any, flags: int, mac: str, devices: str) -> list[str]:
    """Return the undeclared cards of a guest, in the description that the flags select."""
    root = xml.parse(domain.XMLDesc(flags))
    cards = root.findall("devices/interface")
    return [xml.to_text(cards[number]) for number in domains.strange(domains.cards(root), mac, devices)]


def _copies(domain: Any) -> dict[int, int]:
    """Return the copies to change: the definition and the running guest, each with its flags."""
    copies = {libvirt.VIR_DOMAIN_AFFECT_CONFIG: libvirt.VIR_DOMAIN_XML_INACTIVE}
    if domain.isActive():
        copies[libvirt.VIR_DOMAIN_AFFECT_LIVE] = 0
    return copies


def _check_memory(hand: Hand, domain: Any) -> None:
    _, memory_mib, *_ = hand.connection.getInfo()
    active = hand.connection.listAllDomains(libvirt.VIR_CONNECT_LIST_DOMAINS_ACTIVE)
    taken = sum(each.maxMemory() for each in active) // 1024
    wanted = domain.maxMemory() // 1024
    free = _free_mib(hand.connection)
    if taken + wanted > memory_mib - MEMORY_KEPT_MIB:
        problem = f"guests have {taken} of the hypervisor's {memory_mib} MiB"
    elif wanted > free:
        problem = f"the hypervisor has {free} MiB free or in caches"
    else:
        return
    raise NoCapacity(
        f"{domain.name()} needs {wanted} MiB; {problem}",
        provider="libvirt",
        fix="Stop a guest, or choose a smaller size or another zone.",
    )


def _free_mib(connection: Any) -> int:
    """Return the free memory in MiB, including caches that the kernel frees on demand.

    Besides guests, other programs use the machine.
    """
    stats: Mapping[str, int] = connection.getMemoryStats(libvirt.VIR_NODE_MEMORY_STATS_ALL_CELLS)
    return sum(stats.get(each, 0) for each in ("free", "buffers", "cached")) // 1024
