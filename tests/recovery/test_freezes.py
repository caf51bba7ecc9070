"""Law: `freeze_limit` is the longest outage of each service, and no other group's hooks count for it. A
freeze ends when the provider has begun the snapshots of its group, and none is made again after that.
"""

import pytest
from turning import passed_later
from worlds import FEW, ONE, PRODUCTION, recovery

from portinfra.model.recovery import DataPolicy
from portinfra.model.topology import Role, Topology, Volume
from portinfra.recovery.replication.replicate import replicate
from portinfra.testing.simulation import apply_and_check, simulate

NAMES = ("db", "files", "mail", "logs")
FOUR = Topology(
    "shop", [Role(name, count=1, volumes=[Volume("data", gib=1)], waive=FEW) for name in NAMES], []
)
LIMIT = 60


@pytest.mark.parametrize("hook_seconds", [5, 40])
def test_no_service_is_frozen_while_another_one_is_or_longer_than_its_limit(hook_seconds):
    frozen, outages = {}, {}
    with simulate() as cloud:

        def freeze(inventory):
            assert frozen == {}, "another group is frozen"
            frozen[inventory["group"]] = cloud.clock.now()
            passed_later(cloud, hook_seconds)

        def thaw(inventory):
            name = inventory["group"]
            outages[name] = cloud.clock.now() - frozen.pop(name)

        hooked = [DataPolicy(name, before=freeze, after=thaw, freeze_limit=f"{LIMIT}s") for name in NAMES[:3]]
        plan = recovery(topology=FOUR, waves=[list(NAMES)], data=hooked, rto="99h", rpo="99h")
        apply_and_check(FOUR, PRODUCTION)
        made = replicate(plan, run_options=ONE)
    assert {each.group: each.fate for each in made.groups} == dict.fromkeys(NAMES, "carried")
    assert outages.keys() == {*NAMES[:3]}
    assert max(outages.values()) <= LIMIT


def test_a_group_whose_hook_fails_keeps_no_other_one_from_its_point():
    with simulate():
        broken = DataPolicy("files", before=lambda inventory: False)
        others = [DataPolicy(name, before=lambda inventory: True) for name in ("db", "mail")]
        plan = recovery(topology=FOUR, waves=[list(NAMES)], data=[broken, *others], rto="99h", rpo="99h")
        apply_and_check(FOUR, PRODUCTION)
        made = replicate(plan, run_options=ONE)
    fates = {each.group: each.fate for each in made.groups}
    assert fates == {"db": "carried", "files": "failed", "mail": "carried", "logs": "carried"}


def test_the_next_group_does_not_wait_until_snapshots_of_the_one_before_are_complete():
    moments = []
    with simulate() as cloud:
        apply_and_check(FOUR, PRODUCTION)
        hooked = [
            DataPolicy(
                name,
                before=lambda inventory: moments.append(cloud.clock.now()),
                after=lambda inventory: moments.append(cloud.clock.now()),
            )
            for name in NAMES
        ]
        plan = recovery(topology=FOUR, waves=[list(NAMES)], data=hooked, rto="99h", rpo="99h")
        assert replicate(plan, run_options=ONE).succeeded
    whole = cloud.shape.pending["snapshot"]
    assert moments[-1] - moments[0] < whole * len(NAMES) / 2


def test_a_snapshot_that_is_gone_after_the_freeze_is_not_made_again():
    with simulate() as cloud:

        def thaw(inventory):
            for each in cloud.ground_truth(PRODUCTION.account):
                if each["kind"] == "snapshot" and "files" in each["name"]:
                    given = {"id": each["id"]}
                    cloud.request(PRODUCTION.account, PRODUCTION.region, "DeleteSnapshot", given)

        data = [DataPolicy("files", before=lambda inventory: None, after=thaw)]
        plan = recovery(topology=FOUR, waves=[list(NAMES)], data=data, rto="99h", rpo="99h")
        apply_and_check(FOUR, PRODUCTION)
        made = replicate(plan, run_options=ONE)
    (failed,) = [each for each in made.groups if each.problem]
    assert failed.group == "files"
    assert failed.problem.endswith("as it began, cannot be completed")
