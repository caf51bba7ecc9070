"""The way back has points of its own: it leaves those of the way there as they are."""

from worlds import ONE, RECOVERY, recovery

from portinfra.execution.connection import Connection
from portinfra.model.placed import Placed
from portinfra.model.topology import Topology
from portinfra.recovery.drills.drill import LOSE_ALL, drill
from portinfra.recovery.options import FailoverOptions
from portinfra.recovery.replication.replicate import replicate
from portinfra.recovery.takeover.takeover import failback, failover
from portinfra.recovery.watch.status import status

HOW = FailoverOptions(run_options=ONE)


def restorable():
    return [point.id for point in status(recovery()).points if point.restorable]


def test_every_point_outlives_a_failover_and_the_way_back(cloud):
    for _ in range(2):
        assert replicate(recovery(), now=True, run_options=ONE).succeeded
        cloud.clock.sleep_until(cloud.clock.now() + 60)
    before = restorable()
    assert len(before) == 2
    assert failover(recovery(), HOW).result == "passed"
    assert failback(recovery(), HOW).result == "passed"
    assert restorable() == before
    assert drill(recovery(), run_options=ONE).result == "passed"


def test_a_point_whose_data_is_gone_stands_for_none(cloud):
    assert replicate(recovery(), run_options=ONE).succeeded
    scope = recovery().points
    with Connection.to(RECOVERY) as target, target.start_run(scope) as run:
        nothing = Placed(Topology(scope.topology, ()), RECOVERY, scope, {})
        run.apply(run.plan(nothing, target.catalogue(), LOSE_ALL, destroy=True), ONE.listen)
    assert status(recovery()).level == "lost"
    assert [group.fate for group in replicate(recovery(), run_options=ONE).groups] == ["carried"]
    assert status(recovery()).level == "ok"
