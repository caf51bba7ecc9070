"""Whether hosts of the end that takes over may have written data that the other end does not have. Pure."""

from collections.abc import Collection

from portinfra.model.address import Address
from portinfra.model.observed import Observation
from portinfra.model.placed import Placed
from portinfra.recovery.ledger.takeovers import TakeoverEntry
from portinfra.recovery.points.restore import find_moved, hosts_of
from portinfra.recovery.recovery import Recovery
from portinfra.recovery.situation.host_starts import mark_starts
from portinfra.recovery.situation.request import other_end_has_data
from portinfra.value import frozen


@frozen
class OwnHosts:
    """The hosts of that end, as this run saw them before it stopped or started any of them."""

    recovery: Recovery
    turn: TakeoverEntry
    placed: Placed
    seen: Observation

    def may_have_written(self, volumes: Collection[Address], now: Observation) -> bool:
        """Return whether one of these volumes may have data that the other end does not have. `now` is the
        end just before the volumes are replaced: a person may have started their hosts meanwhile, also while
        no run of this takeover lived. A volume that is not on its own host may have been written to on
        another one.
        """
        if any(find_moved(self.placed, there, volumes) for there in (self.seen, now)):
            return True
        is_contained = other_end_has_data(self.recovery, self.turn)
        if not (is_contained and self.turn.own_starts):
            return not is_contained
        if mark_starts(self.seen) != self.turn.own_starts:
            return True
        hosts = hosts_of(self.placed, frozenset(volumes))
        return mark_starts(now, hosts) != mark_starts(self.seen, hosts)
