"""What is so in the two environments of a recovery plan, whatever the product says.

Hosts stamp their volumes, so the truth knows every write, and finds its stamp again on volumes and in
snapshots. Of the ledgers it reads one fact with a reader of its own: which takeover is open.
"""

import json

from attrs import frozen


@frozen
class Write:
    """What a host wrote last on a volume."""

    end: str
    """The environment, by name."""
    volume: str
    moment: float
    is_by_hand: bool = False
    """Whether an operator had started hosts of that end by hand."""
    is_of_active: bool = True
    """Whether that end was active by the newest decision; if not, both ends ran."""


def takeovers(cloud, accounts):
    """Return what the ledgers say of takeovers, the oldest decision first."""
    found = []
    for account in accounts:
        for record in cloud.ground_truth(account):
            if record["kind"] == "claim" and (entry := read_takeover(record["value"])):
                found.append(entry)
    return sorted(found, key=decision)


def decision(entry):
    """Return the epoch of the last decision about a takeover."""
    return entry.get("abandoned") or entry["epoch"]


def read_takeover(text):
    """Return the takeover of which a record tells; None: it tells of something else, or is damaged."""
    try:
        note = json.loads(text)["note"]
        assert not note.startswith("rest"), "the truth reads no entry that goes on in other records"
        entry = json.loads(note)
    except (ValueError, KeyError, TypeError):
        return None
    return entry if isinstance(entry, dict) and entry.get("kind") == "failover" else None


def newest_lease(records):
    """Return the newest lease among the records of an end; empty: there is none."""
    leases = [json.loads(each["value"]) for each in records]
    return max(leases, key=lambda lease: lease["number"], default={})


def believes_active(records):
    """Return whether the newest lease of an end says that a takeover made it active."""
    lease = newest_lease(records)
    return bool(lease.get("epoch")) and not lease["fenced"]


class Writes:
    """The writes that no later one has overwritten. `newest`: stamp → `Write`."""

    def __init__(self):
        self.newest = {}
        self.reported = set()
        """Stamps of which evidence said, by the age of its data, that they stay behind."""
        self.kept = {}
        """Snapshots that evidence promised: id → what is in it, and the moment until when it stays."""

    def overwrite(self, before, stamp, write):
        """A host has written a stamp on a volume that had another one `before`. `write` is None where what
        the host writes is no data.
        """
        self.newest.pop(before, None)
        if write:
            self.newest[stamp] = write

    def forget_deleted(self, existing):
        """An operator deleted something: no one else answers for what only that had."""
        self.newest = {stamp: write for stamp, write in self.newest.items() if stamp in existing}

    def of(self, end):
        """Return the newest writes on the volumes of an end."""
        return {stamp: write for stamp, write in self.newest.items() if write.end == end}

    def pop_volume(self, end, volume, existing):
        """Evidence said that data of a volume is gone, or in a snapshot that it could not see."""
        for stamp, write in self.of(end).items():
            if write.volume == volume and stamp not in existing:
                del self.newest[stamp]
