"""After a takeover, data goes the other way: from the environment that is active to the one that waits."""

import json

import pytest
from attrs import evolve
from turning import HOW, LOST, lost, passed_later, said
from worlds import ONE, PRODUCTION, RECOVERY, recovery, write, written

from portinfra.model.recovery import DataPolicy
from portinfra.recovery.options import FailoverOptions
from portinfra.recovery.replication.replicate import replicate
from portinfra.recovery.takeover.fencing import fence
from portinfra.recovery.takeover.takeover import failback, failover
from portinfra.recovery.watch.status import status


@pytest.fixture
def taken_over(ready):
    """Recovery is active, and has orders that production does not have."""
    assert failover(recovery(), HOW).result == "passed"
    write(ready, RECOVERY, "orders")
    return ready


def fates(made):
    return [group.fate for group in made.groups]


def test_every_group_is_due_after_a_takeover_and_not_again_before_its_schedule(taken_over):
    made = replicate(recovery(), run_options=ONE)
    assert (made.end, fates(made)) == ("target", ["carried"])
    assert fates(replicate(recovery(), run_options=ONE)) == ["not due"]
    passed_later(taken_over, 3 * 3600)
    assert fates(replicate(recovery(), run_options=ONE)) == ["carried"]


def test_status_is_about_the_points_of_the_environment_that_waits(taken_over):
    before = status(recovery())
    assert (before.level, before.points_in, before.points) == ("lost", "shop/production", ())
    replicate(recovery(), run_options=ONE)
    after = status(recovery())
    assert (after.level, after.points_in, len(after.points)) == ("ok", "shop/production", 1)
    passed_later(taken_over, 5 * 3600)
    assert status(recovery()).level == "lost"
    assert failback(recovery(), HOW).result == "passed"
    assert status(recovery()).points_in == "shop/recovery"


def test_the_environment_that_waits_takes_over_from_these_points(taken_over):
    replicate(recovery(), run_options=ONE)
    write(taken_over, RECOVERY, "a later order")
    with lost(RECOVERY):
        assert failback(recovery(), LOST).result == "passed"
    assert set(written(taken_over, PRODUCTION).values()) == said("orders")
    fence(recovery(), run_options=ONE)
    assert fates(replicate(recovery(), run_options=ONE)) == ["carried"], "every group is due the other way"


def test_the_way_back_carries_the_rest_and_loses_nothing(taken_over):
    replicate(recovery(), run_options=ONE)
    write(taken_over, RECOVERY, "last second")
    assert failback(recovery(), FailoverOptions(planned=True, run_options=ONE)).rpo_measured == 0.0
    assert set(written(taken_over, PRODUCTION).values()) == said("last second")


def test_each_environment_keeps_as_many_points_as_the_policy_says(taken_over):
    about = recovery(data=[DataPolicy("db", keep=2)])
    for _ in range(3):
        made = replicate(about, now=True, run_options=ONE)
        passed_later(taken_over, 60)
    assert made.pruned == 1
    assert len(status(about).points) == 2
    assert failback(about, HOW).result == "passed"
    assert len(status(about).points) == 1, "the point in recovery is still there"


def test_hooks_know_which_environment_is_captured(taken_over, tmp_path):
    seen, printed = [], tmp_path / "end"
    policy = DataPolicy("db", before=[seen.append, f"echo $PORTINFRA_END > {printed}"])
    assert replicate(recovery(data=[policy]), run_options=ONE).succeeded
    assert [(each["end"], each["scope"]) for each in seen] == [("target", "shop/recovery")]
    assert printed.read_text() == "target\n"
    assert failback(recovery(data=[evolve(policy, before=[seen.append])]), HOW).result == "passed"
    assert replicate(recovery(data=[evolve(policy, before=[seen.append])]), run_options=ONE).succeeded
    assert (seen[-1]["end"], seen[-1]["scope"]) == ("source", "shop/production")
    assert json.dumps(seen)
