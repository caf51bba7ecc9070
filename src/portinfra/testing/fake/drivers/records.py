"""Records of the simulator: names that can be created once, with a text in each."""

from collections.abc import Sequence

from portinfra.model.address import Scope
from portinfra.model.record import Record
from portinfra.provider.interface import Answer, Call, RecordDriver
from portinfra.provider.record_names import record_address, record_name, record_number


class FakeRecords(RecordDriver):
    """The records of a scope are those whose names begin with its hash."""

    quota = "claim"

    def survey(self, scope: Scope) -> Call:
        """Return the read that lists by the beginning of the name."""
        return Call("ListClaims", {"prefix": record_name(scope, "")}, safe=True)

    def assemble(self, answers: Sequence[Answer]) -> list[Record]:
        """Return the records of the scope."""
        return [
            Record(number, record["value"])
            for answer in answers
            for record in answer["records"]
            if record["state"] != "terminated" and (number := record_number(record["name"])) is not None
        ]

    def create(self, scope: Scope, record: Record) -> Call:
        """Return the call that creates it. It raises AlreadyExists if the name is used."""
        parameters = {"name": record_name(scope, record.number), "value": record.text}
        return Call("CreateClaim", parameters, record_address(record.number))

    def write(self, scope: Scope, record: Record) -> Call:
        """Return the call that replaces the text."""
        parameters = {"name": record_name(scope, record.number), "value": record.text}
        return Call("WriteClaim", parameters, record_address(record.number), safe=True)

    def delete(self, scope: Scope, number: int) -> Call:
        """Return the call that deletes it."""
        return Call("DeleteClaim", {"name": record_name(scope, number)}, record_address(number), safe=True)
