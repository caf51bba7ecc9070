"""The entry that records that hosts of a standby may have written to the volumes of their end.

From then on these volumes have data that no point has. A takeover uses points, and replaces that data.
"""

from collections.abc import Collection

from portinfra.recovery.ledger.ledger import Contents, Ledger
from portinfra.recovery.ledger.points import KIND as POINT
from portinfra.recovery.ledger.runs import REFRESH, read_runs
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


def is_recorded(contents: Contents) -> bool:
    """Return whether the ledger has that hosts of a standby may write, since the last takeover to its end."""
    begun = (takeover.number for takeover in list_takeovers(contents.entries))
    return standby_number(contents) > max([own_data_number(contents), *begun])


def has_replaceable_volumes(contents: Contents) -> bool:
    """Return whether the volumes of the standby had no data that is nowhere else when its hosts first started
    there, since the last takeover to its end.
    """
    last = standby_number(contents)
    newest = [entry for entry in contents.entries if entry.kind == KIND and entry.number == last]
    return is_recorded(contents) and any(entry.said.get("replaceable") for entry in newest)


def has_refreshed(contents: Contents) -> bool:
    """Return whether a refresh has replaced all volumes since a takeover brought data to their end. Only one
    that passed has kept and replaced every volume.
    """
    since = own_data_number(contents)
    return any(
        run.kind == REFRESH and run.result == "passed" and run.entry.number > since
        for run in read_runs(contents.entries)
    )


def record_standby(ledger: Ledger, id: str, *, replaceable: bool) -> None:
    """Record that hosts of a standby may write from now on, unless the ledger has that already. Their volumes
    are `replaceable` if they have no data that is nowhere else.
    """
    contents = ledger.read()
    if is_recorded(contents):
        return
    earlier = [entry for entry in contents.entries if entry.kind == KIND]
    ledger.add({"kind": KIND, "id": id, "replaceable": replaceable})
    for entry in earlier:
        ledger.remove(entry)
