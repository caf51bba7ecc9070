"""The entry that records that hosts of a standby may have written to the volumes of their end.

From then on these volumes have data that no point has. A takeover uses points, and replaces that data.
"""

from collections.abc import Collection

from portinfra.recovery.ledger.ledger import Contents, Ledger
from portinfra.recovery.ledger.points import KIND as POINT
from portinfra.recovery.ledger.takeovers import activated_number, list_takeovers, own_data_number

KIND = "standby"


def standby_number(contents: Contents) -> int:
    """Return the number in the ledger since which hosts of a standby may have written; 0: they never ran.

    An unreadable entry counts, as it has its number.
    """
    readable = [entry.number for entry in contents.entries if entry.kind == KIND]
    damaged = [each.number for each in contents.unreadable if each.kind == KIND]
    return max([*readable, *damaged], default=0)


def groups_with_newest(contents: Contents, groups: Collection[str]) -> list[str]:
    """Return the groups whose own volumes have newer data than each of their points, by ledger number."""
    since = activated_number(contents)
    if not since or standby_number(contents) > since:
        return []
    later = {
        entry.said["group"]
        for entry in contents.entries
        if entry.kind == POINT and not entry.open and entry.number > since
    }
    return sorted(set(groups) - later)


def record_standby(ledger: Ledger, id: str) -> None:
    """Record that hosts of a standby may write from now on, unless the ledger has that already."""
    contents = ledger.read()
    before = max(
        [own_data_number(contents), *(takeover.number for takeover in list_takeovers(contents.entries))]
    )
    if standby_number(contents) > before:
        return
    earlier = [entry for entry in contents.entries if entry.kind == KIND]
    ledger.add({"kind": KIND, "id": id})
    for entry in earlier:
        ledger.remove(entry)
