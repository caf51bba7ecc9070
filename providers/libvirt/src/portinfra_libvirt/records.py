"""Records: network definitions that never run.

A hypervisor keeps their names unique; metadata holds the text.

portinfra creates a record on all hypervisors that answer, in order.
"""

import json
from collections.abc import Sequence
from typing import Any

from portinfra.model.address import Scope
from portinfra.model.record import Record
from portinfra.provider.interface import Answer, Call, RecordDriver
from portinfra.provider.record_names import record_address, record_name, record_number
from portinfra_libvirt import networks, xml

BEFORE, AFTER = ',"claim":', "}"
"""The metadata before and after the record's text. With the text of a lease it is JSON."""


class LibvirtRecords(RecordDriver):
    """The records of a scope are the network definitions whose names begin with its hash."""

    def survey(self, scope: Scope) -> Call:
        """Return the read that lists by the prefix of the name."""
        return Call("ListClaims", {"prefix": record_name(scope, "")})

    def assemble(self, answers: Sequence[Answer]) -> list[Record]:
        """Return the records, with the text of each definition."""
        return [
            Record(number, _text(str(network["said"])))
            for answer in answers
            for network in answer["networks"]
            if (number := record_number(str(network["name"]))) is not None
        ]

    def create(self, scope: Scope, record: Record) -> Call:
        """Return the call that defines it with a new UUID.

        The hypervisor returns AlreadyExists if the name is used.
        """
        return _call("TakeClaim", record.number, document=_document(scope, record))

    def write(self, scope: Scope, record: Record) -> Call:
        """Return the call that defines it again with its own UUID."""
        where = {"name": record_name(scope, record.number), "document": _document(scope, record)}
        return _call("WriteClaim", record.number, safe=True, **where)

    def delete(self, scope: Scope, number: int) -> Call:
        """Return the call that undefines it."""
        return _call("DropClaim", number, safe=True, name=record_name(scope, number))


def _call(action: str, number: int, *, safe: bool = False, **parameters: Any) -> Call:
    return Call(action, parameters, record_address(number), safe=safe)


def _document(scope: Scope, record: Record) -> str:
    said = f'{{"scope":{json.dumps(str(scope))}{BEFORE}{record.text}{AFTER}'
    return (
        f"<network><name>{record_name(scope, record.number)}</name>"
        f"<metadata>{xml.owner_element(networks.URI, said)}</metadata></network>"
    )


def _text(said: str) -> str:
    _, found, text = said.partition(BEFORE)
    return text.removesuffix(AFTER) if found else ""
