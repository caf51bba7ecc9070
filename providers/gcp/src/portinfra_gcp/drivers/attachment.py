"""Attachments, which Compute Engine reports as disks of an instance."""

from collections.abc import Iterator, Sequence

from attrs import evolve

from portinfra.model.address import Address, Scope
from portinfra.model.observed import Observed
from portinfra.model.resources import Attachment
from portinfra.provider import lifecycle
from portinfra.provider.interface import Answer, Call, Names, Refs
from portinfra_gcp import links
from portinfra_gcp.drivers import reading
from portinfra_gcp.drivers.base import DONE_STATUS, call, is_for, request_id
from portinfra_gcp.drivers.reading import UNDER_WAY, Answers

_LISTS = "instances.aggregatedList"

PATH = "/dev/disk/by-id/google-"
"""The prefix of the path of a volume on its host. The device name follows."""


class AttachmentDriver(lifecycle.AttachmentDriver):
    """A volume on an instance.

    Compute Engine has no record of its own for it, so its owner is the volume's.
    """

    def survey(self, scope: Scope, only: Sequence[Observed[Attachment]] = ()) -> tuple[Call, ...]:
        """Return the list of instances, which portinfra reads anyway; while it waits, also operations."""
        return (*((reading.operations(),) if only else ()), reading.list_owned(_LISTS, scope))

    def assemble(self, answers: Answers, names: Names) -> list[Observed[Attachment]]:
        """Return our volumes on instances, including instances of other owners."""
        busy = reading.under_way(answers)
        found = []
        for record in reading.records(answers, _LISTS):
            host = links.path(record["selfLink"])
            for disk in record.get("disks") or ():
                volume = names.address_of(links.path(disk.get("source", "")))
                if volume is None or volume.kind != "volume":
                    continue
                device = disk["deviceName"]
                spec = Attachment(volume.name, names.address_of(host), volume, device)
                parts = {"instance": host, "volume": links.path(disk["source"]), "path": PATH + device}
                leaving = busy.get(host) in ("detachDisk", "delete")
                address = Address(f"{Attachment.kind}.{volume.name}")
                zone = links.name(record["zone"])
                found.append(Observed(address, spec, parts, "deleting" if leaving else "ready", zone))
        return found + list(_pending_attachments(answers, names, {seen.address for seen in found}))

    def create(self, want: Attachment, refs: Refs) -> Call:
        """Return the call that attaches it."""
        instance, volume = refs.id(want.instance), refs.id(want.volume)
        body = {"source": volume, "deviceName": want.device, "autoDelete": False, "mode": "READ_WRITE"}
        parts = {"instance": instance, "volume": volume, "path": PATH + want.device}
        after = Observed(want.address, want, parts)
        parameters = {**links.variables(instance), "body": body, "requestId": request_id(refs, want)}
        return call("instances.attachDisk", want.address, parameters, after, safe=True)

    def delete(self, seen: Observed[Attachment]) -> Call:
        """Return the call that detaches it."""
        parameters = {**links.variables(seen.parts["instance"]), "deviceName": seen.spec.device}
        return call("instances.detachDisk", seen.address, parameters, None)

    def absorb(
        self, seen: Observed[Attachment] | None, call: Call, answer: Answer | None
    ) -> Observed[Attachment] | None:
        """Return the expected state. While the operation runs, the state is pending or deleting."""
        if answer is None or answer.get("status") == DONE_STATUS:
            return call.after
        if call.after is None:
            return evolve(seen, state="deleting") if seen else None
        return evolve(call.after, state="pending")


def _pending_attachments(
    answers: Answers, names: Names, known: set[Address]
) -> Iterator[Observed[Attachment]]:
    """Yield attachments that a running operation creates. The operation has the id of our request."""
    under_way = reading.records(answers, UNDER_WAY)
    operations = [each for each in under_way if each["operationType"] == "attachDisk"]
    for path, volume in names.by_id.items() if operations else ():
        address = Address(f"{Attachment.kind}.{volume.name}")
        if volume.kind != "volume" or address in known:
            continue
        for operation in operations:
            if is_for(operation.get("clientOperationId", ""), names.scope, address):
                host = links.path(operation["targetLink"])
                spec = Attachment(volume.name, names.address_of(host), volume, links.name(path))
                parts = {"instance": host, "volume": path}
                yield Observed(address, spec, parts, "pending", links.place(host))
