"""Attachments: the record of a volume names its instance."""

from collections.abc import Mapping, Sequence

from attrs import evolve

from portinfra.model.address import Address, Scope
from portinfra.model.observed import Observed, State
from portinfra.model.resources import Attachment
from portinfra.provider import lifecycle
from portinfra.provider.interface import Answer, Call, Names, Refs
from portinfra.testing.fake.drivers.owner import CARRIERS
from portinfra.testing.fake.drivers.volume import VolumeDriver
from portinfra.testing.fake.shapes import Shape, rate_classes

_STATES: Mapping[str, State] = {"attaching": "pending", "detaching": "deleting"}


class AttachmentDriver(lifecycle.AttachmentDriver):
    """A volume on an instance. It has no record of its own, and the owner of its volume."""

    def __init__(self, shape: Shape, zones: tuple[str, ...]) -> None:
        self.shape = shape
        self._volumes = VolumeDriver(shape, zones)
        self.renames: bool = self._volumes.renames

    def survey(self, scope: Scope, only: Sequence[Observed[Attachment]] = ()) -> tuple[Call, ...]:
        """Return the list of volumes, which the run reads in any case."""
        return self._volumes.survey(scope)

    def assemble(self, answers: Mapping[Call, Sequence[Answer]], names: Names) -> list[Observed[Attachment]]:
        """Return the attachments of our volumes."""
        found = []
        for record in self._volumes.records(answers):
            mark = CARRIERS[self.shape.owner["volume"]].read(record, names.scope, "volume")
            volume, attached = names.address_of(record["id"]), record["attachment"]
            if mark is None or attached is None or volume is None or record["state"] == "deleting":
                continue
            name = mark.owner.address.name
            spec = Attachment(name, names.address_of(attached["instance"]), volume, attached["device"])
            parts = {"volume": record["id"], "instance": attached["instance"]}
            state = _state(attached["state"])
            found.append(Observed(Address(f"attachment.{name}"), spec, parts, state, record["zone"]))
        return found

    def create(self, want: Attachment, refs: Refs) -> Call:
        """Return the call that attaches it."""
        parts = {"volume": refs.id(want.volume), "instance": refs.id(want.instance)}
        parameters = {"id": parts["volume"], "instance": parts["instance"], "device": want.device}
        return self._call("AttachVolume", want.address, parameters, Observed(want.address, want, parts))

    def delete(self, seen: Observed[Attachment]) -> Call:
        """Return the call that detaches it."""
        parameters = {"id": seen.parts["volume"], "instance": seen.parts["instance"]}
        return self._call("DetachVolume", seen.address, parameters, None)

    def absorb(
        self, seen: Observed[Attachment] | None, call: Call, answer: Answer | None
    ) -> Observed[Attachment] | None:
        """Return the promise, until the answer says that the change takes time."""
        attached = answer["record"]["attachment"] if answer else None
        if attached is None:
            return super().absorb(seen, call, None)
        if call.after is None:
            return evolve(seen, state="deleting") if seen else None
        return evolve(call.after, state=_state(attached["state"]))

    def _call(
        self, action: str, address: Address, parameters: Mapping[str, str], after: Observed[Attachment] | None
    ) -> Call:
        return Call(action, parameters, address, after, rates=rate_classes(action, self.shape))


def _state(native: str) -> State:
    return _STATES.get(native, "ready")
