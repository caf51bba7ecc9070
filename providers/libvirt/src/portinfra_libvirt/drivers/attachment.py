"""Attachments: disks of guests, on a bus that allows removal in any state of the guest."""

from collections.abc import Iterable, Mapping

from attrs import evolve

from portinfra.model.observed import Observed, State
from portinfra.model.resources import Attachment, Instance
from portinfra.provider.interface import DONE, Names, NextCall, Refs, Refuse, Wait
from portinfra_libvirt import domains
from portinfra_libvirt.drivers import reading
from portinfra_libvirt.drivers.base import LibvirtDriver, call
from portinfra_libvirt.drivers.disks import OVERLAY
from portinfra_libvirt.drivers.guest import GuestParts
from portinfra_libvirt.drivers.reading import Answers


class AttachmentDriver(LibvirtDriver[Attachment]):
    """A disk whose serial is the logical device, by which guests find it. Its owner is that of the volume."""

    spec = Attachment
    replaces: frozenset[str] = frozenset({"instance", "volume", "device"})
    holds: frozenset[str] = frozenset({"instance", "volume"})

    def assemble(self, answers: Answers, names: Names) -> list[Observed[Attachment]]:
        """Return our volumes on guests: on the running guest, and in its definition.

        Only one of both is incomplete.
        """
        found = []
        overlays = reading.overlays(answers)
        for at, answer in reading.answers_by_hypervisor(answers).items():
            for domain in answer["domains"]:
                instance = names.address_of(f"{Instance.kind}:{domain['name']}")
                now, later = _serials(domain["live_disks"]), _serials(domain["disks"])
                for path in {**now, **later}:
                    volume = names.address_of(path)
                    if volume is None or volume.kind != "volume":
                        continue
                    # With two serials it equals neither, so portinfra attaches it again.
                    serial = " or ".join(sorted({each[path] for each in (now, later) if path in each}))
                    spec = Attachment(volume.name, instance, volume, serial)
                    place = (
                        None
                        if self.site.alone
                        else next(each.zones[0] for each in self.site.hypervisors if each.name == at)
                    )
                    parts = _parts(at, domain["name"], path, serial)
                    reason = "" if path in now and path in later else _INCOMPLETE[path in now]
                    if path in overlays:
                        reason = overlays[path].reason
                        parts |= {OVERLAY: overlays[path].fix}
                    state: State = "pending" if reason else "ready"
                    found.append(Observed(spec.address, spec, parts, state, place, reason=reason))
        return found

    def next_call(self, want: Attachment | None, seen: Observed[Attachment] | None, refs: Refs) -> NextCall:
        """Return the call that attaches or detaches it.

        The volume has the owner, so there is nothing to rewrite.
        """
        if seen is not None:
            if seen.state == "deleting":
                return Wait("waiting for the deletion of its host")
            if OVERLAY in seen.parts:
                return Refuse(f"{seen.address}: {seen.reason}", seen.parts[OVERLAY])
            where = {name: seen.parts[name] for name in ("domain", "disk")}
            if want is None:
                return call("DetachDisk", seen.address, None, seen.parts["at"], **where)
            if seen.state == "ready":
                return DONE
            after = evolve(seen, state="ready", reason="")
            return call("AttachDisk", want.address, after, seen.parts["at"], serial=want.device, **where)
        if want is None:
            return DONE
        assert want.instance is not None
        assert want.volume is not None
        instance, volume = refs.seen[want.instance], refs.seen[want.volume]
        parts = _parts(volume.parts["at"], GuestParts.of(instance).name, volume.id, want.device)
        after = Observed(want.address, want, parts, place=volume.place)
        where = {"domain": parts["domain"], "disk": volume.id, "serial": want.device}
        return call("AttachDisk", want.address, after, parts["at"], **where)


def _parts(at: str, domain: str, disk: str, device: str) -> dict[str, str]:
    path = domains.DEVICE_PATH + device
    identity = f"attachment:{domain}/{disk}"
    return {"id": identity, "at": at, "domain": domain, "disk": disk, "path": path}


_INCOMPLETE = {
    True: "its host would lose it at the next start",
    False: "its running host lost it: after it is attached again, the host must mount it again or restart",
}
"""Whether the running guest has the disk → why the attachment is incomplete."""


def _serials(disks: Iterable[Mapping[str, str]]) -> dict[str, str]:
    """Return path of each disk → its serial."""
    return {disk["path"]: disk["serial"] for disk in disks}
