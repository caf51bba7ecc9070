"""The entries of a ledger that decide which data is the newest: points, takeovers and standbys."""

from collections.abc import Collection

from portinfra.recovery.ledger.entries import Unreadable
from portinfra.recovery.ledger.ledger import Contents, Entry
from portinfra.recovery.ledger.points import KIND as POINT
from portinfra.recovery.ledger.standbys import KIND as STANDBY
from portinfra.recovery.ledger.takeovers import ACTIVATED
from portinfra.recovery.ledger.takeovers import KIND as TAKEOVER

KINDS = (POINT, STANDBY, ACTIVATED, TAKEOVER)


def data_entries(contents: Contents, *, but: str = "") -> Collection[Entry | Unreadable]:
    """Return these entries, without those of the takeover `but`. While they are equal, a selection of data is
    too.
    """
    entries = [each for each in contents.entries if each.kind in KINDS and each.said["id"] != but]
    return [*entries, *contents.unreadable]
