"""Law: `freeze_limit` is the longest outage of each service, and no other group's hooks count for it. A
freeze lasts until the provider promises that later writes are not in the snapshots of its group, and none is
made again after that.
"""

import pytest
from turning import LOST, passed_later, said
from worlds import FEW, ONE, PRODUCTION, RECOVERY, recovery, shop_runs, write, written

from portinfra.errors import PolicyError
from portinfra.model.recovery import DataPolicy
from portinfra.model.topology import Role, Topology, Volume
from portinfra.recovery.replication.replicate import replicate
from portinfra.recovery.takeover.takeover import failover
from portinfra.testing.fake.errors import FakeError
from portinfra.testing.faults import Faults, inject_faults
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


def test_a_freeze_ends_at_its_limit_while_the_provider_refuses_the_snapshots():
    moments = []
    with simulate() as cloud:

        def refuse(action, given):
            if action == "CreateSnapshot":
                raise FakeError("Throttled", "too many snapshots in progress")

        def freeze(inventory):
            moments.append(cloud.clock.now())
            cloud.before_request = refuse

        def thaw(inventory):
            moments.append(cloud.clock.now())

        hooked = DataPolicy("files", before=freeze, after=thaw, freeze_limit=f"{LIMIT}s")
        plan = recovery(topology=FOUR, waves=[list(NAMES)], data=[hooked], rto="99h", rpo="99h")
        apply_and_check(FOUR, PRODUCTION)
        made = replicate(plan, run_options=ONE)
    (failed,) = [each for each in made.groups if each.fate == "failed"]
    assert failed.group == "files"
    assert "too many snapshots in progress" in failed.problem
    began, ended = moments
    assert ended - began <= LIMIT


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


@pytest.mark.parametrize("shape", ["aws", "gcp", "libvirt"])
def test_what_a_service_writes_after_its_freeze_is_in_no_snapshot_of_the_freeze(shape):
    with simulate(shape) as cloud:
        shop_runs(cloud)
        thaws = DataPolicy(
            "db", before=lambda inventory: True, after=lambda inventory: write(cloud, PRODUCTION, "later")
        )
        plan = recovery(data=[thaws])
        assert replicate(plan, run_options=ONE).succeeded
        assert failover(plan, LOST).result == "passed"
        assert set(written(cloud, RECOVERY).values()) == said("ledger")


def test_a_freeze_of_google_cloud_lasts_until_the_snapshots_are_captured_and_not_until_they_are_ready():
    with simulate("gcp") as cloud:
        shop_runs(cloud)
        seen, moments = [], []

        def thaw(inventory):
            moments.append(cloud.clock.now())
            seen.extend((each["captured"], each["state"]) for each in snapshots_of(cloud))

        data = [DataPolicy("db", before=lambda inventory: moments.append(cloud.clock.now()), after=thaw)]
        assert replicate(recovery(data=data), run_options=ONE).succeeded
    assert seen == [(True, "pending")] * 2
    assert moments[1] - moments[0] < cloud.shape.pending["snapshot"] / 2


def test_a_freeze_that_must_end_before_the_capture_ends_at_its_limit_and_its_point_fails():
    with simulate("gcp") as cloud:
        shop_runs(cloud)
        moments = []

        def note(inventory):
            moments.append(cloud.clock.now())

        data = [DataPolicy("db", before=note, after=note, freeze_limit="5s")]
        made = replicate(recovery(data=data), run_options=ONE)
    assert "its data was not captured" in made.groups[0].problem
    assert cloud.shape.capture_seconds > 7
    assert 5 <= moments[1] - moments[0] <= 7


def test_a_freeze_ends_at_the_capture_where_the_answer_to_a_request_is_lost():
    with simulate("aws") as cloud:
        shop_runs(cloud)
        moments = []

        def note(inventory):
            moments.append(cloud.clock.now())

        data = [DataPolicy("db", before=note, after=note, freeze_limit="40s")]
        with inject_faults("fake", Faults(at="CreateSnapshot", mishap="answer lost")):
            made = replicate(recovery(data=data), run_options=ONE)
    assert made.succeeded, made.groups[0].problem
    assert moments[1] - moments[0] < cloud.shape.pending["snapshot"] / 2


def snapshots_of(cloud):
    """Return the records of all snapshots of production."""
    return [each for each in cloud.ground_truth(PRODUCTION.account) if each["kind"] == "snapshot"]


def test_a_zone_that_falls_silent_while_points_are_made_is_awaited():
    lines = []
    with simulate() as cloud:
        apply_and_check(FOUR, PRODUCTION)
        falls_silent = DataPolicy("files", before=lambda inventory: cloud.unreachable.add("us-east-1a"))
        plan = recovery(topology=FOUR, waves=[list(NAMES)], data=[falls_silent], rto="99h", rpo="99h")
        with pytest.raises(PolicyError) as refused:
            replicate(plan, run_options=ONE, say=lines.append)
    for text in (str(refused.value), "\n".join(lines)):
        assert "snapshots in production cannot be made or deleted now" in text
        assert "us-east-1a does not answer" in text
        assert "Wait until it answers, and run the same command again." in text
        assert not [each for each in ("--without-zone", "zones=", "+taken") if each in text]
