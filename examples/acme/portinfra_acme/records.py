"""Leases and the ledger, in notes: a note has a name that can be created once, and a text."""

from portinfra.model.record import Record
from portinfra.provider.interface import Call, RecordDriver
from portinfra.provider.record_names import record_address, record_name


class AcmeRecords(RecordDriver):
    def survey(self, scope):
        return Call("ListNotes", {"scope": str(scope)}, rates=("read",))

    def assemble(self, answers):  # a damaged text is ""
        return [Record(note["number"], note["text"]) for page in answers for note in page["notes"]]

    def create(self, scope, record):  # AlreadyExists where the number exists
        return self._call("CreateNote", scope, record.number, False, text=record.text)

    def write(self, scope, record):  # NotFound where it is gone
        return self._call("WriteNote", scope, record.number, True, text=record.text)

    def delete(self, scope, number):
        return self._call("DeleteNote", scope, number, True)

    def _call(self, action, scope, number, safe, **more):
        more |= {"name": record_name(scope, number), "scope": str(scope), "number": number}
        return Call(action, more, record_address(number), rates=("write",), safe=safe)
