"""Law: a plan that creates a volume blank warns, and names the place that has the newest data of it. A point
is such a place if its data can be restored, whatever its group was called.
"""

import shutil

import pytest
from attrs import evolve
from begun import begun
from turning import HOW, passed_later
from vaults import by, needs_tools
from worlds import ONE, PRODUCTION, RECOVERY, SHOP, TWO, WAVES, recovery, write

from portinfra import workflow
from portinfra.model.finding import Severity
from portinfra.model.plan import PlanOptions
from portinfra.model.recovery import DataPolicy
from portinfra.model.topology import Volume
from portinfra.recovery.replication.replicate import replicate
from portinfra.recovery.takeover.takeover import failback, failover
from portinfra.recovery.watch.status import status
from portinfra.testing.simulation import apply_and_check

PLANNED = evolve(HOW, planned=True)
BOTH = recovery(topology=TWO, waves=WAVES, rto="99h", rpo="99h")
LEFT_BEHIND = recovery(topology=TWO, waves=[["db"], ["web"]], without=["files"], rto="99h", rpo="99h")


def findings(environment, about=BOTH, topology=TWO):
    """What a plan of an environment says about blank volumes."""
    found = workflow.plan(topology, environment, guards=[about]).findings
    mine = [each for each in found if each.rule == "recovery/blank-volume"]
    assert {each.severity for each in mine} <= {Severity.WARNING}
    return mine


def warnings(*given):
    """The messages of the findings."""
    return [each.message for each in findings(*given)]


def two_roles_have_points(cloud):
    apply_and_check(TWO, PRODUCTION)
    write(cloud, PRODUCTION, "old")
    assert replicate(BOTH, run_options=ONE).succeeded


def files_stay_in_production(cloud):
    two_roles_have_points(cloud)
    assert failover(LEFT_BEHIND, PLANNED).result == "passed"


def test_the_volume_of_a_role_that_a_takeover_left_behind_is_in_the_other_environment():
    with begun(files_stay_in_production):
        message = "files1-data is created blank in recovery: the volume of production has its newest data"
        for about in (BOTH, LEFT_BEHIND):
            assert warnings(RECOVERY, about) == [message]
        assert warnings(PRODUCTION) == []


def test_a_role_stays_in_without_until_its_data_is_there_if_it_is_in_without():
    advice = "Keep files in `without` of the recovery plan until then."
    with begun(files_stay_in_production):
        for about, is_advised in ((LEFT_BEHIND, True), (BOTH, False)):
            (found,) = findings(RECOVERY, about)
            assert found.fix.endswith(advice) == is_advised
            assert ("without" in found.fix) == is_advised


def test_a_plan_that_creates_no_volume_says_nothing():
    with begun(files_stay_in_production):
        workflow.apply(workflow.plan(TWO, RECOVERY, guards=[BOTH]), seed=0)
        assert warnings(RECOVERY) == []


def test_a_volume_that_is_deleted_in_production_is_in_a_point():
    with begun(two_roles_have_points):
        options = PlanOptions(allow_data_loss=frozenset({"all"}))
        workflow.apply(workflow.plan(SHOP, PRODUCTION, options, guards=[BOTH]), seed=0)
        (point,) = [each.id for each in status(BOTH).points if each.group == "files"]
        where = f"point {point} in recovery has its newest data"
        assert warnings(PRODUCTION) == [f"files1-data is created blank in production: {where}"]


def test_a_point_that_came_after_the_way_back_is_newer_than_the_volume_of_the_target():
    with begun(two_roles_have_points):
        for verb in (failover, failback):
            assert verb(BOTH, PLANNED).result == "passed"
        assert replicate(BOTH, now=True, run_options=ONE).succeeded
        options = PlanOptions(allow_data_loss=frozenset({"all"}))
        workflow.apply(workflow.plan(SHOP, PRODUCTION, options, guards=[BOTH]), seed=0)
        (message,) = warnings(PRODUCTION)
        assert ": point " in message


def test_a_volume_that_no_point_has_is_new():
    data, *others = (role for role in TWO.roles if role.volumes)
    three_hosts = evolve(data, count=3)
    log = Volume("log", gib=5, mount="/log")
    one_more_volume = evolve(data, volumes=[*data.volumes, log])
    with begun(two_roles_have_points):
        for changed in (three_hosts, one_more_volume):
            topology = evolve(TWO, roles=[TWO.roles[0], changed, *others])
            about = recovery(topology=topology, waves=WAVES, rto="99h", rpo="99h")
            assert warnings(PRODUCTION, about, topology) == []


def two_points_and_no_files(cloud):
    """Two points have data of files, which is deleted in production."""
    two_roles_have_points(cloud)
    assert replicate(BOTH, now=True, run_options=ONE).succeeded
    options = PlanOptions(allow_data_loss=frozenset({"all"}))
    workflow.apply(workflow.plan(SHOP, PRODUCTION, options, guards=[BOTH]), seed=0)


def others_delete(cloud, *points):
    for each in cloud.ground_truth(RECOVERY.account):
        if each["kind"] == "snapshot" and any(point in each["name"] for point in points):
            cloud.request(RECOVERY.account, RECOVERY.region, "DeleteSnapshot", {"id": each["id"]})
    passed_later(cloud, 600)


def named_points(about):
    """The points that a plan of production names."""
    return [message.partition(": point ")[2].split()[0] for message in warnings(PRODUCTION, about)]


@pytest.mark.parametrize("deleted", range(3))
def test_a_point_is_named_only_if_its_data_can_be_restored(deleted):
    with begun(two_points_and_no_files) as cloud:
        points = [each.id for each in status(BOTH).points if each.group == "files"]
        others_delete(cloud, *points[:deleted])
        assert named_points(BOTH) == points[deleted : deleted + 1]


def test_a_point_is_not_named_if_a_takeover_cannot_use_it_as_another_volume_of_its_group_is_gone():
    joined = evolve(
        BOTH, plan=evolve(BOTH.plan, data=[DataPolicy("db", group="all"), DataPolicy("files", group="all")])
    )
    with begun(two_roles_have_points) as cloud:
        points = []
        for _ in range(2):
            assert replicate(joined, now=True, run_options=ONE).succeeded
            points.insert(0, max(status(joined).points, key=lambda each: each.taken).id)
        options = PlanOptions(allow_data_loss=frozenset({"all"}))
        workflow.apply(workflow.plan(SHOP, PRODUCTION, options, guards=[joined]), seed=0)
        assert named_points(joined) == points[:1]
        others_delete(cloud, f"db1-data-{points[0]}")
        assert named_points(joined) == points[1:]


def test_a_point_of_the_former_group_of_a_volume_is_named():
    renamed = evolve(BOTH, plan=evolve(BOTH.plan, data=[DataPolicy("files", group="documents")]))
    with begun(two_points_and_no_files) as cloud:
        points = [each.id for each in status(BOTH).points if each.group == "files"]
        assert named_points(renamed) == points[:1]
        others_delete(cloud, points[0])
        assert named_points(renamed) == points[1:]


def two_groups(about):
    """The plan with each role in the vault, in one group or in two."""
    data = [evolve(about.plan.data[0], of=role) for role in ("db", "files")]
    joined = [evolve(each, group="all") for each in data]
    return [evolve(about, plan=evolve(about.plan, data=each)) for each in (joined, data)]


@needs_tools
@pytest.mark.slow
def test_a_volume_that_is_deleted_in_production_is_in_a_point_of_the_vault(home, cloud):
    apply_and_check(TWO, PRODUCTION)
    write(cloud, PRODUCTION, "old")
    joined, split = two_groups(by("age", home, cloud, BOTH))
    assert replicate(joined, run_options=ONE).succeeded
    options = PlanOptions(allow_data_loss=frozenset({"all"}))
    workflow.apply(workflow.plan(SHOP, PRODUCTION, options, guards=[joined]), seed=0)
    (point,) = [each.id for each in status(joined).points]
    for about in (joined, split):
        assert named_points(about) == [point]
    shutil.rmtree(home / "vault/shop/shop/recovery" / point)
    for about in (joined, split):
        assert named_points(about) == []


def test_a_first_apply_of_production_says_nothing(cloud):
    assert warnings(PRODUCTION) == []
