"""Instances: guests with a fixed address behind their role's filter, on an encrypted root disk of their own.

portinfra defines the domain first, because its metadata has the owner. Then it creates the root disk, the
seed and the address in DHCP, and starts the guest. A deletion takes the reverse order.
"""

import ipaddress
import json
from collections.abc import Iterable
from itertools import chain
from typing import Any

from attrs import evolve

from portinfra.model.address import Address, Scope
from portinfra.model.observed import UNSEEN, Foreign, Observed
from portinfra.model.progress import Awaited
from portinfra.model.resources import Firewall, Instance, Network, Power, Subnet
from portinfra.provider.cloud_init import user_data
from portinfra.provider.interface import DONE, Call, Names, NextCall, Refs, Refuse
from portinfra.provider.mount_script import mount_script
from portinfra_libvirt import disks, domains, marks, networks, seed
from portinfra_libvirt.drivers import entries, reading, repair
from portinfra_libvirt.drivers.base import LibvirtDriver, call
from portinfra_libvirt.drivers.disks import restore_file
from portinfra_libvirt.drivers.foreign import Everything
from portinfra_libvirt.drivers.guest import GuestParts, disk_paths, guest_parts, orphan_parts, with_parts
from portinfra_libvirt.drivers.identity import COPY, Identified, identify
from portinfra_libvirt.drivers.reading import Answers, Record
from portinfra_libvirt.published import machine, machine_type

NATIVE = ("devices",)


class InstanceDriver(LibvirtDriver[Instance]):
    """A host. Processors and memory change while it is stopped, its filter while it runs."""

    spec = Instance
    replaces: frozenset[str] = frozenset(
        {"subnet", "zone", "private_address", "image", "disk_gib", "key", "native"}
    )
    interrupts: frozenset[str] = frozenset({"machine_type"})
    holds: frozenset[str] = frozenset(
        {"subnet", "firewall"}
    )  # libvirt does not delete a filter while a guest has it

    # Observe

    def assemble(self, answers: Answers, names: Names) -> list[Observed[Instance]]:
        """Return every domain of ours, and root disks whose domain is gone."""
        found: list[Observed[Instance]] = []
        answers_by_name = reading.answers_by_hypervisor(answers)
        subnets = list(entries.entries(answers, names.scope, networks.SUBNETS, Subnet.kind))
        for at, record in answers_by_name.items():
            for domain in identify(record, names.scope):
                found.append(self._to_observed(at, domain, record, subnets, names))
        known = {GuestParts.of(seen).root_path for seen in found}
        files = reading.files(answers, names.scope, Instance.kind)
        return found + [
            self._orphan(file, answers_by_name[file.at]) for file in files if file.path not in known
        ]

    def _to_observed(
        self,
        at: str,
        identified: Identified,
        answer: Record,
        subnets: list[entries.Entry],
        names: Names,
    ) -> Observed[Instance]:
        domain, said, overlay = identified.domain, identified.said, _overlay(identified.domain)

        def from_mark(name: str, default: Any) -> Any:
            return said.get(name, UNSEEN if identified.is_bare else default)

        address = from_mark("private_address", "")
        subnet = next((each for each in subnets if _lies_in(address, each) and each.at == at), None)
        network = subnet.network if subnet else _network_of(names.scope, answer, subnets)
        # Its cards may have been removed or changed. They show only the filter.
        root = disk_paths(domain).get(domains.ROOT_TARGET, "")
        file = disks.read(root.rpartition("/")[2])
        mac = domains.mac(names.scope, file.address if file else Address(said["address"]))
        own = {"mac": mac, "network": network, "address": address}
        devices = str(said.get("native", {}).get("devices", ""))
        filters = {domains.rule_set(domain[cards], own, devices) for cards in ("cards", "live_cards")}
        parts = evolve(
            guest_parts(at, domain, answer, own),
            said=marks.to_text(said),
            stripped=identified.stripped,
            renamed=identified.renamed,
            overlay=overlay.reason if overlay else "",
            commit=overlay.fix if overlay else "",
            starts=bool(said.get("starts")),
        )
        if identified.is_bare and not parts.unknown:
            parts = evolve(
                parts, unknown=repair.BARE, unlisted=repair.REPLACE_BARE.format(name=domain["name"])
            )
        filter = filters.pop() if len(filters) == 1 else ""
        power: Power = "running" if domain["active"] and not domain["halted"] else "stopped"
        spec = Instance(
            _name(said),
            names.address_of(subnet.parts["id"]) if subnet else UNSEEN,
            UNSEEN if identified.is_bare else names.address_of(f"{Firewall.kind}:{filter}"),
            from_mark("zone", "") if self.site.alone else said.get("zone", self._zone(at)),
            address,
            machine_type=machine_type(domain["vcpus"], domain["memory_mib"]),
            image=from_mark("image", ""),
            image_id=from_mark("image_id", ""),
            disk_gib=from_mark("disk_gib", 0) if parts.root_bytes is None else parts.root_bytes // disks.GIB,
            key=from_mark("key", None),
            power=power,
            deletion_protection=bool(said.get("protect")),
            tags=from_mark("tags", {}),
            native=from_mark("native", {}),
            birth=said.get("birth", ""),
        )
        reason = self._obstacle(parts, power)
        return Observed(
            spec.address,
            spec,
            parts.to_parts(),
            "pending" if reason else "ready",
            None if self.site.alone else str(spec.zone),
            reason=reason,
        )

    def _orphan(self, file: reading.File, answer: Record) -> Observed[Instance]:
        """Return a root disk whose domain is undefined. Its seed may exist, too."""
        zone = self._zone(file.at)
        parts = orphan_parts(file, answer)
        spec = Instance(file.address.name, None, None, zone, "")
        place = None if self.site.alone else zone
        if parts.unknown:
            return Observed(file.address, spec, parts.to_parts(), "pending", place, reason=parts.unknown)
        return Observed(file.address, spec, parts.to_parts(), place=place, fault=repair.UNDEFINED)

    def others(self, there: Everything) -> Iterable[Foreign]:
        """Return the foreign domains in our networks, or behind our filters."""
        return there.domains()

    def _zone(self, at: str) -> str:
        return next(each.zones[0] for each in self.site.hypervisors if each.name == at)

    @property
    def _pins(self) -> bool:
        """Whether DHCP must have the address of each host."""
        return not self.site.bridge

    def _obstacle(self, parts: GuestParts, power: Power) -> str:
        return parts.obstacle(pinned=self._pins, runs=power == "running")

    # Change

    def next_call(self, want: Instance | None, seen: Observed[Instance] | None, refs: Refs) -> NextCall:
        """Return the first needed call: define, repair, remove, complete, write the owner, change."""
        if seen is None:
            return DONE if want is None else self._define(want, refs)
        parts = GuestParts.of(seen)
        if (first := repair.repair(seen, refs, pinned=self._pins)) is not None:
            return first
        if want is None or seen.fault:
            return self._remove(seen, refs)
        if parts.stripped:
            return self._own(want, seen)
        if parts.root_lost or parts.root_unmarked:
            return repair.define_secret(want, seen, refs, pinned=self._pins)
        if parts.root_missing:
            held = seen.spec.power == "running"
            return Refuse(f"{want.address}: {seen.reason}", restore_file(want.address, held=held))
        if parts.cut:
            return Refuse(
                f"{want.address}: {seen.reason}",
                f"Attach it again, or replace the host with --replace {want.address}.",
            )
        if self._obstacle(parts, seen.spec.power):
            return self._complete(want, seen, refs)
        if seen.address != want.address or _says_otherwise(want, seen.spec):
            return self._own(want, seen)
        if seen.spec.subnet is UNSEEN:  # the entry of its subnet was lost; a call writes it again
            seen = evolve(seen, spec=evolve(seen.spec, subnet=want.subnet))
        return DONE if want == seen.spec else self._change(want, seen, refs)

    def _complete(self, want: Instance, seen: Observed[Instance], refs: Refs) -> Call:
        """Return the call for the first thing that it lacks: root disk, seed, definition, DHCP address,
        power.
        """
        parts = GuestParts.of(seen)
        if parts.root_bytes is None:
            return self._root(want, seen, refs)
        if not parts.seeded:
            return self._seed(want, seen, refs)
        if parts.transient:
            runs = seen.spec.power == "running"
            kept = self._with(seen, evolve(parts, transient=False, autostart=runs))
            return call("KeepDomain", want.address, kept, parts.at, domain=parts.name)
        if not self.site.bridge and not parts.pin:
            assert want.subnet is not None
            return self._pin_call(seen, refs.seen[want.subnet].parts["network"], pin=True)
        return self._power(want.power, want, seen)

    def _define(self, want: Instance, refs: Refs) -> NextCall:
        if machine(want.machine_type) is None:
            return Refuse(
                f"{want.machine_type!r} is not a machine type of libvirt",
                "Write processors and MiB, as in c2-m2048, or a size: small, medium, large, xlarge.",
            )
        if unknown := sorted(set(want.native) - set(NATIVE)):
            return Refuse(
                f"native has the unknown option {unknown[0]!r} on libvirt",
                f"Its options: {', '.join(NATIVE)}.",
            )
        assert want.subnet is not None
        assert want.firewall is not None
        at = self.site.at(str(want.zone)).name
        name = refs.free_name(want)
        original = refs.scope.resource_name(name)
        said = marks.mark(
            want,
            refs,
            zone=want.zone,
            image=want.image,
            image_id=want.image_id,
            disk_gib=want.disk_gib,
            key=want.key,
            birth=want.birth,
            native=dict(want.native),
            private_address=want.private_address,
            born="" if original == want.name else original,
            starts=True,
        )
        directory = disks.directory(self.site.directory, refs.scope)
        root = f"{directory}/{disks.file_name(want.address, refs.attempt)}"
        seeds = f"{directory}/{disks.file_name(want.address, refs.attempt, disks.SEED_ENDING)}"
        network = refs.seen[want.subnet].parts["network"]
        mac = domains.mac(refs.scope, want.address)
        document = domains.document(
            domains.Guest(
                name,
                said,
                want.machine_type,
                network,
                mac,
                refs.seen[want.firewall].parts["name"],
                want.private_address,
                root,
                seeds,
                str(want.native.get("devices", "")),
            )
        )
        parts = GuestParts(
            id=f"{Instance.kind}:{name}",
            name=name,
            at=at,
            network=network,
            mac=mac,
            root_path=root,
            seed_path=seeds,
            said=marks.to_text(said),
            starts=True,
        )
        place = None if self.site.alone else str(want.zone)
        spec = evolve(want, power="stopped")
        after = Observed(
            want.address, spec, parts.to_parts(), "pending", place, reason=self._obstacle(parts, "stopped")
        )
        return call("DefineDomain", want.address, after, at, name=name, document=document)

    def _root(self, want: Instance, seen: Observed[Instance], refs: Refs) -> Call:
        parts = GuestParts.of(seen)
        path = parts.root_path
        size = want.disk_gib * disks.GIB
        said = repair.root_mark(want, parts, refs)
        after = self._with(seen, evolve(parts, root=path, root_bytes=size, copied=said))
        where = {"scope": str(refs.scope), "path": path, "said": said, "key": want.key}
        return call("CreateDisk", want.address, after, parts.at, bytes=size, image=want.image_id, **where)

    def _seed(self, want: Instance, seen: Observed[Instance], refs: Refs) -> Call:
        assert want.subnet is not None
        parts = GuestParts.of(seen)
        subnet = refs.seen[want.subnet]
        cidr = subnet.parts["cidr"]
        gateway = networks.gateway(cidr) if isinstance(subnet.spec, Subnet) and subnet.spec.public else None
        network = seed.network(parts.mac, want.private_address, networks.prefix(cidr), gateway)
        path = parts.seed_path
        identity = f"{parts.name}-{path.split('.')[-2]}"
        mounts = mount_script((domains.DEVICE_PATH + mount.device, mount) for mount in want.mounts)
        own = user_data(want.user_data, ends_after=want.ends_after, every_boot=want.boot_script + mounts)
        files = seed.documents(identity, want.name, network, want.ssh_keys, own)
        where = {"scope": str(refs.scope), "path": path, "files": files}
        after = self._with(seen, evolve(parts, seed=path, seeded=True))
        return call("WriteSeed", want.address, after, parts.at, **where)

    def _pin_call(self, seen: Observed[Instance], network: str, *, pin: bool) -> Call:
        parts = GuestParts.of(seen)
        after = self._with(seen, evolve(parts, pin=network if pin else ""))
        where = {"network": network, "mac": parts.mac, "address": seen.spec.private_address}
        return call("PinAddress", seen.address, after, parts.at, pin=pin, **where)

    def _with(self, seen: Observed[Instance], parts: GuestParts) -> Observed[Instance]:
        return with_parts(seen, parts, pinned=self._pins)

    def _change(self, want: Instance, seen: Observed[Instance], refs: Refs) -> NextCall:
        """Return the next change: filter, then processors and memory, which need a stop, then power."""
        spec, parts = seen.spec, GuestParts.of(seen)
        at, name = parts.at, parts.name
        if want.firewall is not None and want.firewall != spec.firewall:
            filter = refs.seen[want.firewall].parts["name"]
            assert want.subnet is not None
            network = refs.seen[want.subnet].parts["network"]
            card = domains.interface(network, parts.mac, filter, spec.private_address)
            after = evolve(seen, spec=evolve(spec, firewall=want.firewall))
            devices = str(spec.native.get("devices", ""))
            return call("ChangeCard", want.address, after, at, domain=name, card=card, devices=devices)
        if want.machine_type != spec.machine_type:
            size = machine(want.machine_type)
            if size is None:
                return Refuse(f"{want.machine_type!r} is not a machine type of libvirt", "Write c2-m2048.")
            if spec.power == "running":
                return self._power("stopped", want, seen)
            after = evolve(seen, spec=evolve(spec, machine_type=want.machine_type))
            vcpus, memory_mib = size
            return call(
                "ChangeMachine", want.address, after, at, domain=name, vcpus=vcpus, memory_mib=memory_mib
            )
        if want.power != spec.power:
            return self._power(want.power, want, seen)
        return Refuse(f"{want.address} cannot change in place", "Replace it with --replace " + want.address)

    def _power(self, power: Power, want: Instance, seen: Observed[Instance]) -> Call:
        """Return the call that changes its power. A halted guest cannot react to a shutdown request."""
        stop = "CutPower" if GuestParts.of(seen).halted else "StopDomain"
        return self._power_call("StartDomain" if power == "running" else stop, power, want.address, seen)

    def _power_call(self, action: str, power: Power, address: Address, seen: Observed[Instance]) -> Call:
        parts = GuestParts.of(seen)
        powered = evolve(seen, spec=evolve(seen.spec, power=power))
        after = self._with(powered, evolve(parts, halted="", autostart=power == "running"))
        change = call(action, address, after, parts.at, domain=parts.name)
        if action != "StopDomain":
            return change
        awaited = Awaited(f"{address.name} to shut down", "power off", self.site.shutdown_seconds)
        return evolve(change, awaits=awaited)

    def _remove(self, seen: Observed[Instance], refs: Refs) -> NextCall:
        parts = GuestParts.of(seen)
        if parts.name and (seen.spec.power == "running" or parts.halted):
            return self._power_call("CutPower", "stopped", seen.address, seen)
        if parts.seed:
            return self._delete_file(parts.seed, seen, evolve(parts, seed=""), refs)
        if parts.root:
            return self._delete_file(parts.root, seen, evolve(parts, root=""), refs)
        if parts.pin:
            return self._pin_call(seen, parts.pin, pin=False)
        return call("UndefineDomain", seen.address, None, parts.at, domain=parts.name)

    def _delete_file(self, path: str, seen: Observed[Instance], left: GuestParts, refs: Refs) -> Call:
        after = evolve(seen, parts=left.to_parts()) if left.name or left.root else None
        return call("DeleteDisk", seen.address, after, left.at, scope=str(refs.scope), path=path)

    def _own(self, want: Instance, seen: Observed[Instance]) -> Call:
        """Return the call that writes its owner.

        The root disk keeps its first owner, and a copy of the domain's mark.
        """
        parts = GuestParts.of(seen)
        mark = marks.owning(json.loads(parts.said), want)
        said, copied = marks.to_text(mark), marks.parse_mark(parts.copied)
        copy = marks.to_text({**copied, COPY: mark}) if copied else ""
        spec = evolve(seen.spec, name=want.name, tags=want.tags, deletion_protection=want.protect)
        owned = self._with(seen, evolve(parts, said=said, copied=copy, stripped=False))
        after = evolve(owned, address=want.address, spec=spec)
        where = {"domain": parts.name, "said": said, "root": parts.root if copy else "", "copy": copy}
        return call("OwnDomain", want.address, after, parts.at, **where)


def _overlay(domain: Record) -> reading.Overlay | None:
    """Return the external snapshot of a domain's root disk or seed."""
    found = reading.overlays_of(domain)
    return next((each for each in found if each.target in (domains.ROOT_TARGET, domains.SEED_TARGET)), None)


def _says_otherwise(want: Instance, seen: Instance) -> bool:
    return want.tags != seen.tags or want.protect != seen.protect


def _name(said: marks.Mark) -> str:
    return Address(said["address"]).name


def _network_of(scope: Scope, answer: Record, subnets: list[entries.Entry]) -> str:
    """Return the name of the environment's network, if no entry shows a host's subnet.

    It is the same on every hypervisor.
    """
    ours = (
        each["name"]
        for each in answer["networks"]
        if marks.read_mark(each["said"], scope, Network.kind) or networks.is_bare(each, scope)
    )
    return next(chain(ours, (each.network for each in subnets)), "")


def _lies_in(address: str, subnet: entries.Entry) -> bool:
    cidr = subnet.said.get("cidr", "")
    return bool(address and cidr) and ipaddress.ip_address(address) in ipaddress.ip_network(cidr)
