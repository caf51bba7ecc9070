"""Records: health checks that nothing uses. They are global and cost nothing. A name can be created once.

The description holds the text, so a console shows which run is active.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from portinfra.model.address import Scope
from portinfra.model.record import Record
from portinfra.provider.interface import Answer, Call, RecordDriver
from portinfra.provider.record_names import record_address, record_name, record_number
from portinfra_gcp import rates
from portinfra_gcp.drivers import reading

BEFORE, AFTER = ',"claim":', "}}"
"""The text of a description before and after the record's text. With the text of a lease it is JSON."""


class GcpRecords(RecordDriver):
    """The records of a scope are the health checks whose names begin with its hash."""

    quota = "HEALTH_CHECKS"

    def survey(self, scope: Scope) -> Call:
        """Return the read that filters by name."""
        return reading.list_all("healthChecks.list", f'name eq "{record_name(scope, "[0-9]+")}"')

    def assemble(self, answers: Sequence[Answer]) -> list[Record]:
        """Return the records, with the text of each description."""
        listed = [record for answer in answers for record in reading.records_of(answer)]
        return [
            Record(number, _text(str(record.get("description") or "")))
            for record in listed
            if (number := record_number(record["name"])) is not None
        ]

    def create(self, scope: Scope, record: Record) -> Call:
        """Return the call that creates the health check.

        Compute Engine returns AlreadyExists if the name is used.
        """
        fixed = {"name": record_name(scope, record.number), "type": "TCP", "tcpHealthCheck": {"port": 1}}
        body = {**fixed, "description": _description(scope, record.text)}
        return _call("healthChecks.insert", record.number, {"body": body})

    def write(self, scope: Scope, record: Record) -> Call:
        """Return the call that replaces the description."""
        body = {"description": _description(scope, record.text)}
        parameters = {"healthCheck": record_name(scope, record.number), "body": body}
        return _call("healthChecks.patch", record.number, parameters, safe=True)

    def delete(self, scope: Scope, number: int) -> Call:
        """Return the call that deletes the health check."""
        return _call("healthChecks.delete", number, {"healthCheck": record_name(scope, number)}, safe=True)


def _call(action: str, number: int, parameters: Mapping[str, Any], *, safe: bool = False) -> Call:
    return Call(action, parameters, record_address(number), rates=(rates.group(action),), safe=safe)


def _description(scope: Scope, text: str) -> str:
    return f'{{"portinfra":{{"scope":{json.dumps(str(scope))}{BEFORE}{text}{AFTER}'


def _text(description: str) -> str:
    _, found, text = description.partition(BEFORE)
    return text.removesuffix(AFTER) if found else ""
