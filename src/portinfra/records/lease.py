"""The text of a lease in a record, and the leases of a scope.

Each version of portinfra reads the text of each other version, so the text keeps the keys of version 0.1.0:
a version that could not read a lease would take it over, and would not know its epoch and its fence.
"""

import json
from functools import lru_cache
from typing import Any

from attrs import asdict, fields_dict

from portinfra.model.address import Scope
from portinfra.model.lease import Holder, Lease
from portinfra.model.plain import JsonObject
from portinfra.model.record import TEXT_MAX, Record
from portinfra.observation import Reader
from portinfra.provider.own_code import call_method

MOMENT_MAX = 253_402_300_799
"""The last second of the year 9999: a later time has no date."""

KEYS = {
    "number": "number",
    "holder_identity": "holder",
    "renewals": "beat",
    "acquire_time": "since",
    "renew_time": "active_at",
    "released": "released",
    "epoch": "epoch",
    "fenced": "fenced",
    "version": "version",
}
"""Attribute → key of the text. The text also has `note`."""

NOTE = "note"
"""The key of a record's text beside the lease: an entry of a ledger, or the peer."""

RELEASED = "released"

UNFINISHED = "unfinished"
"""The value of `released` in the text of a released lease that is `unfinished`.

Version 0.1.0 reads it as true. Later versions that do not know it read the lease as that of a run that was
killed.
"""

PEER = "peer: "
"""The prefix of the note of a lease that names a peer.

Versions that know no peer ignore the note of a lease. They would not read a lease with an unknown key.
"""

WHOLE_MAX = 2**63 - 1
"""The maximal epoch. An epoch after a wrong one may be later than every date, and counts all the same."""

TYPES: dict[str, type] = {
    "renewals": int,
    "acquire_time": str,
    "renew_time": float,
    "released": bool,
    "epoch": int,
    "fenced": bool,
    "version": str,
}
"""Attribute → the type of its value. A value of another type is ignored, and the others are read."""

UNKNOWN = Holder("unknown", "unknown", "", "")
"""The holder of a lease whose text cannot be read. No run renews it, so another run soon takes it."""


def to_text(lease: Lease, note: str = "") -> str:
    """Return the text of a lease, or of a holder's note in a ledger. All of it is ASCII.

    Raise ValueError for a text that is too long for a record.
    """
    held = asdict(lease)
    content = {key: held[attribute] for attribute, key in KEYS.items()}
    if lease.released and lease.unfinished:
        content[RELEASED] = UNFINISHED
    content[NOTE] = PEER + lease.peer if lease.peer else note
    text = json.dumps(content, separators=(",", ":"))
    if len(text) > TEXT_MAX:
        raise ValueError(f"a text of {len(text)} characters: a record holds {TEXT_MAX}")
    return text


_READ_MAX = 1000
"""How many records have their content cached: a run reads the same ledger many times."""


@lru_cache(_READ_MAX)
def to_lease(record: Record) -> Lease:
    """Return the lease that any version has written into a record.

    Keys of later versions are ignored. Keys that an older version did not have get their defaults. A text
    that cannot be read becomes a lease of an unknown holder.
    """
    try:
        return _lease(record.number, json.loads(record.text))
    except (KeyError, TypeError, ValueError):
        return Lease(record.number, UNKNOWN)


@lru_cache(_READ_MAX)
def note_of(record: Record) -> str:
    """Return the note of a record, which is beside its holder; empty where it cannot be read."""
    try:
        return str(json.loads(record.text)[NOTE])
    except (KeyError, TypeError, ValueError):
        return ""


def read_records(reader: Reader, scope: Scope) -> list[Record]:
    """Return every record of a scope, sorted by number."""
    driver = reader.provider.records
    found = call_method(driver.assemble, reader.pages(call_method(driver.survey, scope)))
    return sorted(found, key=lambda record: record.number)


def read_leases(reader: Reader, scope: Scope) -> list[Lease]:
    """Return every lease of a scope, the newest last; usually there is one."""
    return [to_lease(record) for record in read_records(reader, scope)]


def _fits(value: Any, kind: type) -> bool:
    if kind is float:
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        return is_number and 0 <= value <= MOMENT_MAX
    if kind is int:
        return isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= WHOLE_MAX
    return isinstance(value, kind)


def _lease(number: int, content: JsonObject) -> Lease:
    holder = {name: str(content["holder"][name]) for name in fields_dict(Holder)}
    held = {
        attribute: content[key]
        for attribute, key in KEYS.items()
        if key in content and (attribute not in TYPES or _fits(content[key], TYPES[attribute]))
    }
    if content.get(RELEASED) == UNFINISHED:
        held |= {"released": True, "unfinished": True}
    note = str(content.get(NOTE, ""))
    if note.startswith(PEER):
        held["peer"] = note.removeprefix(PEER)
    return Lease(**{**held, "number": number, "holder_identity": Holder(**holder)})
