"""Law: `freeze_limit` is the longest outage of each service, and no other group's hooks count for it."""

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
