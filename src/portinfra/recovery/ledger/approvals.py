"""Approvals in a ledger: of a takeover before it begins, and of a manual step within one.

They are in the ledger of the end that becomes active. An approval of a takeover is for the next takeover:
when another one begins, it no longer counts.
"""

from collections.abc import Iterable
from typing import Final

from portinfra.execution.connection import Connection
from portinfra.format import iso
from portinfra.model.evidence import Approved
from portinfra.model.plain import Document
from portinfra.provider import registry
from portinfra.records import holder
from portinfra.recovery.ledger.clocks import AHEAD_SECONDS
from portinfra.recovery.ledger.ledger import Entry
from portinfra.recovery.ledger.takeovers import TakeoverEntry, data_id, list_takeovers
from portinfra.value import frozen

KIND: Final = "approved"


@frozen
class Approval:
    """One approval."""

    id: str
    what: str
    """The name of a manual step; or `failover` or `failback`."""
    takeover: str
    """The takeover that the step belongs to; empty: the approval is of a takeover that has not begun."""
    data: str
    """A short id of the data of that takeover: with other data, the step needs a new approval."""
    principal: str
    """The principal of the approver's credentials, as `person_of` returns it."""
    at: float
    """In seconds since 1970."""
    until: float
    """When it expires, in seconds since 1970; 0 for a step, whose approval never expires."""
    entry: Entry

    def to_evidence(self) -> Approved:
        """Return the approval as evidence has it."""
        return Approved(self.what, self.principal, self.entry.by, iso(self.at))


def person_of(place: Connection) -> str:
    """Return the person of this run: the principal of the credentials, or `user@host` where that names no
    person.

    Two runs with equal results count as one person.
    """
    principal = place.reader.principal()
    if principal and registry.plugin_of(place.environment).capabilities.names_principals:
        return principal
    run = holder.this_run("approval")
    return f"{run.user}@{run.host}" + (f" ({principal})" if principal else "")


def approval_entry(
    id: str, what: str, principal: str, *, at: float, until: float = 0.0, takeover: str = "", data: str = ""
) -> Document:
    """Return the fields of an entry."""
    said = {"kind": KIND, "id": id, "what": what, "principal": principal, "open": False}
    return {**said, "at": round(at, 3), "until": round(until, 3), "takeover": takeover, "data": data}


def read_approvals(entries: Iterable[Entry]) -> list[Approval]:
    """Return the approvals among the entries of a ledger, the oldest first."""
    return [
        Approval(
            str(entry.said["id"]),
            str(entry.said["what"]),
            str(entry.said["takeover"]),
            str(entry.said["data"]),
            str(entry.said["principal"]),
            float(entry.said["at"]),
            float(entry.said["until"]),
            entry,
        )
        for entry in entries
        if entry.kind == KIND
    ]


def step_approvals(entries: Iterable[Entry], takeover: TakeoverEntry) -> list[Approval]:
    """Return the approvals of manual steps of a takeover that were given for its current data."""
    known = read_approvals(entries)
    return [each for each in known if each.takeover == takeover.id and each.data == data_id(takeover)]


def valid_approvals(entries: Iterable[Entry], what: str, now: float) -> list[Approval]:
    """Return the valid approvals of a takeover that is about to begin: not expired, and not used."""
    entries = list(entries)
    newest = max((takeover.number for takeover in list_takeovers(entries)), default=0)
    return [
        each
        for each in read_approvals(entries)
        if each.what == what
        and not each.takeover
        and each.entry.number > newest
        and each.at - AHEAD_SECONDS <= now < each.until
    ]
