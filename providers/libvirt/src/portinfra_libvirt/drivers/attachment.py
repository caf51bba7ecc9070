"""Attachments: disks of guests, on a bus from which they can be taken whatever the guest does."""

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
    """A disk whose serial is the logical device: guests find it by that. It has no owner but the volume's."""

    spec = Attachment
    replaces = frozenset({"instance", "volume", "device"})
    holds = frozenset({"instance", "volume"})

    def assemble(self, answers: Answers, names: Names) -> list[Observed[Attachment]]:
        """Our volumes on guests: as these run, and as they start the next time. One of both alone is half."""
        found = []
        overlays = reading.overlays(answers)
        for at, told in reading.answers_by_hypervisor(answers).items():
            for domain in told["domains"]:
                instance = names.address_of(f"{Instance.kind}:{domain['name']}")
                now, later = _serials(domain["live_disks"]), _serials(domain["disks"])
                for path in {**now, **later}:
                    volume = names.address_of(path)
                    if volume is None or volume.kind != "volume":
                        continue
                    # With two serials it is neither the one nor the other, so that it is attached anew.
                    serial = " or ".join(sorted({each[path] for each in (now, later) if path in each}))
                    spec = Attachment(volume.name, instance, volume, serial)
                    place = (
                        None
                        if self.site.alone
                        else next(each.zones[0] for each in self.site.hypervisors if each.name == at)
                    )
                    parts = _parts(at, domain["name"], path, serial)
                    reason = "" if path in now and path in later else _HALF[path in now]
                    if path in overlays:
                        reason = overlays[path].reason
                        parts |= {OVERLAY: overlays[path].fix}
                    state: State = "pending" if reason else "ready"
                    found.append(Observed(spec.address, spec, parts, state, place, reason=reason))
        return found

    def next_call(self, want: Attachment | None, seen: Observed[Attachment] | None, refs: Refs) -> NextCall:
        """Attach or detach. Renaming is the volume's: there is nothing here to rewrite."""
        if seen is not None:
            if seen.state == "deleting":
                return Wait("going with its host")
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


_HALF = {
    True: "it would be gone when its host starts the next time",
    False: "its host lost it while it runs: once attached again, the host must mount it again, or restart",
}
"""Why it is half, by whether the guest that runs has it."""


def _serials(disks: Iterable[Mapping[str, str]]) -> dict[str, str]:
    """Path of each disk → its serial."""
    return {disk["path"]: disk["serial"] for disk in disks}
