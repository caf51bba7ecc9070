"""A record is a note: its name can be had once, and there is room for text in it."""

from collections.abc import Sequence
from typing import Any

from portinfra.model.address import Scope
from portinfra.model.record import Record
from portinfra.provider.interface import Answer, Call, RecordDriver
from portinfra.provider.record_names import record_address

from .drivers.common import list_call


class ToyRecords(RecordDriver):
    def survey(self, scope: Scope) -> Call:
        return list_call("notes", scope)

    def assemble(self, answers: Sequence[Answer]) -> list[Record]:
        notes = [note for page in answers for note in page["items"]]
        return [Record(int(note["labels"]["number"]), note["text"]) for note in notes]

    def create(self, scope: Scope, record: Record) -> Call:
        labels = {"scope": scope.hash, "number": str(record.number)}
        body = {"name": _name(scope, record.number), "labels": labels, "text": record.text}
        return _call("POST /notes", record.number, body, safe=False)

    def write(self, scope: Scope, record: Record) -> Call:
        body = {"id": _name(scope, record.number), "text": record.text}
        return _call("PATCH /notes/{id}", record.number, body, safe=True)

    def delete(self, scope: Scope, number: int) -> Call:
        return _call("DELETE /notes/{id}", number, {"id": _name(scope, number)}, safe=True)


def _name(scope: Scope, number: int) -> str:
    return scope.native_name(f"claim-{number}")


def _call(action: str, number: int, body: dict[str, Any], *, safe: bool) -> Call:
    return Call(action, body, record_address(number), rates=("requests",), safe=safe)
