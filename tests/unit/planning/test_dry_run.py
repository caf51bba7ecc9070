"""A plan's calls, where a creation has to wait for other resources."""

from portinfra.model.address import Scope
from portinfra.model.observed import Observed
from portinfra.model.resources import Snapshot
from portinfra.planning.dry_run import calls_left
from portinfra.provider.interface import DONE, Call, Driver, Refs, Wait


class OneAtATime:
    """Snapshots of a cloud that makes one at a time."""

    cannot_show = ()
    absorb = Driver.absorb

    def next_call(self, want, seen, refs):
        if seen is not None:
            return DONE
        if any(each.state == "pending" for each in refs.seen.values()):
            return Wait("waiting for another one")
        return Call("Create", address=want.address, after=Observed(want.address, want))


def test_a_creation_that_waits_for_a_resource_outside_of_the_plan_is_planned():
    other, new = Snapshot("db1-data-a"), Snapshot("db1-data-b")
    seen = {other.address: Observed(other.address, other, state="pending")}
    assert calls_left(OneAtATime(), new, None, Refs(Scope("shop", "points"), "", seen)) == 1
