"""Attachments: disks of guests, on a bus from which they can be taken whatever the guest does."""

from collections.abc import Mapping, Sequence
from typing import Any

from portinfra.model.observed import Observed
from portinfra.model.resources import Attachment, Instance
from portinfra.provider.interface import DONE, Names, NextCall, Refs, Wait
from portinfra_libvirt import domains
from portinfra_libvirt.drivers import reading
from portinfra_libvirt.drivers.base import LibvirtDriver, call
from portinfra_libvirt.drivers.reading import Answers


class AttachmentDriver(LibvirtDriver[Attachment]):
    """A disk whose serial is the logical device: guests find it by that. It has no owner but the volume's."""

    spec = Attachment
    replaces = frozenset({"instance", "volume", "device"})
    holds = frozenset({"instance", "volume"})

    def assemble(self, answers: Answers, names: Names) -> list[Observed[Attachment]]:
        """Our volumes on guests: on those that run as they run."""
        found = []
        for at, told in reading.told(answers).items():
            for domain in told["domains"]:
                instance = names.address_of(f"{Instance.kind}:{domain['name']}")
                for disk in _disks(domain):
                    volume = names.address_of(disk["path"])
                    if volume is None or volume.kind != "volume":
                        continue
                    spec = Attachment(volume.name, instance, volume, disk["serial"])
                    place = (
                        None
                        if self.site.alone
                        else next(each.zones[0] for each in self.site.hypervisors if each.name == at)
                    )
                    parts = _parts(at, domain["name"], disk["path"], disk["serial"])
                    found.append(Observed(spec.address, spec, parts, place=place))
        return found

    def next_call(self, want: Attachment | None, seen: Observed[Attachment] | None, refs: Refs) -> NextCall:
        """Attach or detach. Renaming is the volume's: there is nothing here to rewrite."""
        if seen is not None:
            if seen.state == "deleting":
                return Wait("going with its host")
            if want is not None:
                return DONE
            where = {name: seen.parts[name] for name in ("domain", "disk")}
            return call("DetachDisk", seen.address, None, seen.parts["at"], **where)
        if want is None:
            return DONE
        assert want.instance is not None
        assert want.volume is not None
        instance, volume = refs.seen[want.instance], refs.seen[want.volume]
        parts = _parts(volume.parts["at"], instance.parts["name"], volume.id, want.device)
        after = Observed(want.address, want, parts, place=volume.place)
        where = {"domain": parts["domain"], "disk": volume.id, "serial": want.device}
        return call("AttachDisk", want.address, after, parts["at"], **where)


def _parts(at: str, domain: str, disk: str, device: str) -> dict[str, str]:
    path = domains.DEVICE_PATH + device
    identity = f"attachment:{domain}/{disk}"
    return {"id": identity, "at": at, "domain": domain, "disk": disk, "path": path}


def _disks(domain: Mapping[str, Any]) -> Sequence[Mapping[str, str]]:
    disks: Sequence[Mapping[str, str]] = domain["live_disks" if domain["active"] else "disks"]
    return disks
