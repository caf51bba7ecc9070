"""The other end has the data of a group only if the last point had that group. A role that a takeover left
behind keeps its newest data where it is: no advice and no way back loses it.
"""

import pytest
from attrs import evolve
from begun import begun
from turning import HOW, before, passed_later
from worlds import ONE, PRODUCTION, RECOVERY, TWO, WAVES, recovery, write, written

from portinfra import workflow
from portinfra.errors import PolicyError
from portinfra.execution.connection import Connection
from portinfra.model.recovery import DataPolicy
from portinfra.recovery.ledger.ledger import Ledger
from portinfra.recovery.replication.replicate import replicate
from portinfra.recovery.takeover.steps import Step
from portinfra.recovery.takeover.takeover import failback, failover
from portinfra.recovery.watch.forecast import make_forecast
from portinfra.testing.faults import Crash
from portinfra.testing.simulation import apply_and_check

PLANNED = evolve(HOW, planned=True)
FILES = "volume.files1-data"


def about(*data, **more):
    return recovery(**{"topology": TWO, "waves": WAVES, "rto": "99h", "rpo": "99h", "data": data, **more})


BOTH = about()
LEFT_BEHIND = about(waves=[["db"], ["web"]], without=["files"])


def files_stay_in_production(cloud):
    """A planned failover has left a role behind, and customers write in recovery."""
    apply_and_check(TWO, PRODUCTION)
    write(cloud, PRODUCTION, "old")
    assert replicate(BOTH, run_options=ONE).succeeded
    write(cloud, PRODUCTION, "newest")
    assert failover(LEFT_BEHIND, PLANNED).result == "passed"
    write(cloud, RECOVERY, "orders")
    passed_later(cloud, 4000)


def test_no_advice_makes_a_role_blank_that_was_left_behind():
    with begun(files_stay_in_production) as cloud:
        with pytest.raises(PolicyError) as error:
            failback(BOTH, HOW)
        (finding,) = [each for each in error.value.findings if each.rule == "recovery/no-last-point"]
        (group,) = [each for each in replicate(BOTH, now=True, run_options=ONE).groups if each.problem]
        for text in (finding.message, group.problem):
            assert f"{FILES} does not exist in recovery, and production has it" in text
            assert "`without`" in text
            assert "makes a blank one" in text
        assert failback(LEFT_BEHIND, HOW).result == "passed"
        assert set(written(cloud, PRODUCTION).values()) == {
            f"newest of {FILES}",
            *(f"orders of volume.db{number}-data" for number in (1, 2)),
        }


def test_a_volume_that_neither_end_has_is_applied_first():
    with begun(files_stay_in_production) as cloud:
        files = evolve(TWO.roles[-1], name="logs")
        more = about(topology=evolve(TWO, roles=[*TWO.roles[:-1], files]), waves=[["db", "logs"], ["web"]])
        (group,) = [each for each in replicate(more, now=True, run_options=ONE).groups if each.problem]
        assert group.problem == "volume.logs1-data does not exist: run `portinfra apply recovery` first"
        assert cloud.ground_truth(RECOVERY.account)


GROUPS = {"a group of its own": (), "a group with another role": (DataPolicy("files", group="db"),)}


@pytest.mark.parametrize("group", GROUPS)
def test_a_way_back_keeps_a_snapshot_of_a_role_that_was_left_behind(group):
    both = about(*GROUPS[group])
    with begun(files_stay_in_production) as cloud:
        workflow.apply(workflow.plan(TWO, RECOVERY, guards=[both]), seed=0)
        (warning,) = [
            each for each in make_forecast(both.reversed).findings if each.rule == "recovery/overwrites-data"
        ]
        why = "production was active after its last point"
        assert warning.message == f"{why}: the takeover replaces db1-data, db2-data, files1-data"
        evidence = failback(both, HOW)
        assert evidence.result == "passed"
        (kept,) = [each.snapshot for each in evidence.left_aside if each.volume == "files1-data"]
        assert cloud.read(kept).decode() == f"newest of {FILES}"


def late_files_in_production(cloud):
    """`files` is blank in recovery, and its newest data is only in production."""
    files_stay_in_production(cloud)
    workflow.apply(workflow.plan(TWO, RECOVERY, guards=[BOTH]), seed=0)
    write(cloud, RECOVERY, "orders")


def overwritten(about):
    found = make_forecast(about.reversed, HOW).findings
    return [each.message for each in found if each.rule == "recovery/overwrites-data"]


@pytest.mark.parametrize("step", [Step.FENCE, Step.AGREE])
def test_a_takeover_that_another_declaration_continues_keeps_what_the_first_one_did_not_cover(step):
    def die():
        raise Crash

    with begun(late_files_in_production) as cloud:
        with pytest.raises(Crash):
            failback(LEFT_BEHIND, before(step, die))
        assert overwritten(LEFT_BEHIND) == []
        (message,) = overwritten(BOTH)
        assert "files1-data" in message
        evidence = failback(BOTH, HOW)
        assert evidence.result == "passed"
        (kept,) = [each.snapshot for each in evidence.left_aside if each.volume == "files1-data"]
        assert cloud.read(kept).decode() == f"newest of {FILES}"


def test_a_takeover_that_the_same_declaration_continues_keeps_nothing():
    def die():
        raise Crash

    with begun(files_stay_in_production):
        with pytest.raises(Crash):
            failback(LEFT_BEHIND, before(Step.AGREE, die))
        assert failback(LEFT_BEHIND, HOW).left_aside == ()


def test_a_takeover_that_an_earlier_version_began_keeps_what_it_replaces():
    def begin_as_an_earlier_version():
        with Connection.to(PRODUCTION) as place:
            ledger = Ledger.after_settling(place, BOTH.reversed.ledger)
            (entry,) = ledger.entries("failover")
            said = {name: value for name, value in entry.said.items() if name != "contained_data"}
            ledger.rewrite(entry, {**said, "contained": True})
        raise Crash

    with begun(files_stay_in_production):
        with pytest.raises(Crash):
            failback(LEFT_BEHIND, before(Step.AGREE, begin_as_an_earlier_version))
        kept = [each.volume for each in failback(LEFT_BEHIND, HOW).left_aside]
        assert kept == ["db1-data", "db2-data"]
