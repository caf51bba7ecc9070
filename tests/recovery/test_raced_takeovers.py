"""Two who decide at the same time, and what was decided while somebody waited: nothing is undone unseen."""

from unittest import mock

import pytest
from attrs import evolve
from turning import HOW, LOST, before, dies_after, dies_at, passed_later, powers, rules, said, stuck
from worlds import ONE, PRODUCTION, RECOVERY, TWO, recovery, write, written

from portinfra import workflow
from portinfra.errors import LeaseHeldError, PolicyError, Unavailable
from portinfra.execution.connection import Connection
from portinfra.model.recovery import Action, DataPolicy, Wave
from portinfra.model.topology import Role, Topology, Volume
from portinfra.records.lease import read_records
from portinfra.recovery.ledger.ledger import Ledger
from portinfra.recovery.ledger.runs import TAKEOVER
from portinfra.recovery.ledger.takeovers import KIND as TAKEOVER_ENTRY
from portinfra.recovery.ledger.takeovers import list_takeovers
from portinfra.recovery.ledger.takeovers import record_takeover as noted
from portinfra.recovery.replication.replicate import replicate
from portinfra.recovery.takeover import fencing
from portinfra.recovery.takeover.abandon import abandon
from portinfra.recovery.takeover.fencing import fence
from portinfra.recovery.takeover.steps import Step
from portinfra.recovery.takeover.takeover import failback, failover
from portinfra.recovery.watch.forecast import make_forecast
from portinfra.recovery.watch.status import status
from portinfra.testing.call_wrapper import wrap_calls
from portinfra.testing.simulation import apply_and_check, simulate


def test_of_two_who_begin_at_the_same_time_one_is_refused(ready):
    refused = []
    add = Ledger.add

    def meanwhile(self, entry):
        if entry["kind"] == TAKEOVER:  # it numbers the run, and decides nothing
            return add(self, entry)
        with pytest.raises(LeaseHeldError) as error:
            failover(recovery(), HOW)
        refused.append(error.value)
        return add(self, entry)

    with mock.patch.object(Ledger, "add", meanwhile):
        assert failover(recovery(), HOW).result == "passed"
    assert len(refused) == 2  # as it begins, and as it is up
    assert status(recovery()).turn is None


def test_a_start_that_lost_a_race_is_no_turn(ready):
    failover(recovery(), HOW)
    with Connection.to(RECOVERY) as target:
        ledger = Ledger(target, recovery().ledger)
        (done,) = list_takeovers(ledger.entries())
        noted(ledger, evolve(done, id="other", open=True, number=0))
    write(ready, RECOVERY, "a day of orders")
    assert status(recovery()).turn is None
    with pytest.raises(PolicyError) as error:
        failover(recovery(), evolve(HOW, planned=True))
    assert rules(error) == ["recovery/stands-already"]
    assert failback(recovery(), HOW).result == "passed"
    assert set(written(ready, PRODUCTION).values()) == said("a day of orders")


def test_one_that_was_given_up_before_it_had_reached_the_source_stops_nothing(ready):
    def given_up():
        abandon(recovery(), HOW)
        passed_later(ready, 60)
        write(ready, PRODUCTION, "since it was given up")

    with pytest.raises(PolicyError) as error:
        failover(recovery(), before(Step.FENCE, given_up))
    assert rules(error) == ["recovery/passed-on"]
    assert powers(ready, PRODUCTION) == {"running"}


@pytest.mark.parametrize(("step", "verb"), [(Step.RECORD_FENCE, failover), (Step.CLOSE_ABANDONED, abandon)])
def test_an_entry_that_is_deleted_during_a_run_is_no_later_decision(ready, step, verb):
    def delete_entry():
        with Connection.to(RECOVERY) as target:
            ledger = Ledger.after_settling(target, recovery().ledger)
            for entry in ledger.entries(TAKEOVER_ENTRY):
                ledger.remove(entry)

    if verb is abandon:
        stuck()
    with pytest.raises(PolicyError) as error:
        verb(recovery(), before(step, delete_entry))
    (found,) = error.value.findings
    assert found.message == "the entry of the takeover was deleted during this run"
    assert found.fix.endswith("dr status shop` shows both environments.")


def test_giving_up_that_was_refused_has_given_up_nothing(ready):
    def gate(inventory):
        with pytest.raises(LeaseHeldError):
            abandon(recovery(), HOW)
        return False

    failover(recovery(waves=[Wave(["db"], gates=gate, limit="2m"), ["web"]]), HOW)
    assert failover(recovery(), HOW).result == "passed"


def test_a_fence_lowers_no_epoch(ready):
    failover(recovery(), LOST)
    real, done = fencing.may_fence, []

    def meanwhile(about):
        decided = real(about)
        if not done:
            done.append(True)
            fence(recovery(), run_options=ONE)
            assert failback(recovery(), HOW).result == "passed"
        return decided

    with mock.patch.object(fencing, "may_fence", meanwhile), pytest.raises(PolicyError) as error:
        fence(recovery(), run_options=ONE)
    assert rules(error) == ["recovery/passed-on"]
    assert powers(ready, PRODUCTION) == {"running"}


def test_what_the_target_does_not_answer_is_not_told_of_the_source(ready):
    dies_after("fencing")
    armed = []

    def hand(provider, call):
        if provider.account == RECOVERY.account and armed:
            raise Unavailable("no route to recovery")
        if provider.account == PRODUCTION.account and call.action == "WriteClaim":
            armed.append(True)
        return provider.perform(call)

    with wrap_calls("fake", hand), pytest.raises(Unavailable) as error:
        failover(recovery(), HOW)
    assert "production does not answer" not in str(error.value)


def test_a_last_point_that_comes_too_late_is_refused(ready):
    write(ready, PRODUCTION, "last words")
    stuck()
    with pytest.raises(PolicyError) as error:
        failover(recovery(), evolve(HOW, planned=True))
    assert rules(error) == ["recovery/too-late-to-plan"]
    assert failover(recovery(), HOW).result == "passed"


def test_a_point_that_is_left_aside_costs_other_groups_nothing(cloud):
    workflow.apply(workflow.plan(TWO, PRODUCTION), seed=0)
    answers = [False]
    gated = Wave(["files"], gates=lambda inventory: answers[0], limit="5s")
    about = recovery(topology=TWO, waves=[["db"], gated, ["web"]])
    assert replicate(about, run_options=ONE).succeeded
    passed_later(cloud, 100)
    made = replicate(about, now=True, run_options=ONE)
    assert failover(about, HOW).result == "failed"
    write(cloud, RECOVERY, "since")
    answers[0] = True
    files = next(group.point for group in made.groups if group.group == "files")
    evidence = failover(about, evolve(HOW, without=(files,)))
    assert files not in [point.id for point in evidence.points]
    assert written(cloud, RECOVERY)["volume.db1-data"] == "since of volume.db1-data"
    assert written(cloud, RECOVERY)["volume.files1-data"] != "since of volume.files1-data"


def test_a_turn_of_the_source_in_between_makes_it_another(ready):
    first = stuck(options=LOST)
    passed_later(ready, 60)
    assert failback(recovery(), LOST).rpo_measured is None, "that end did not learn of the other decision"
    with pytest.raises(PolicyError) as error:
        failover(recovery(), HOW)
    assert rules(error) == ["recovery/not-fenced"]
    fence(recovery(), run_options=ONE)
    assert failover(recovery(), HOW).id != first.id


def many(roles, actions):
    """So many roles with a volume each, and so many actions."""
    names = [f"r{chr(97 + number // 26)}{chr(97 + number % 26)}x" for number in range(roles)]
    volume = [Volume("data", gib=1, mount="/srv")]
    roles = [Role(name, count=1, waive={"R6": "x"}, volumes=volume) for name in names]
    return recovery(
        topology=Topology("shop", roles, []),
        waves=[[role.name] for role in roles],
        actions=[Action(f"a{number}", "true") for number in range(actions)],
        rto="9h",
    )


@pytest.mark.parametrize(
    ("roles", "actions"),
    [(12, 400), pytest.param(62, 40, marks=pytest.mark.soak)],
    ids=["many actions", "as many roles as one environment has room for"],
)
@pytest.mark.slow
def test_a_plan_of_many_roles_and_actions_needs_several_records_and_is_no_matter(roles, actions):
    with simulate():
        about = many(roles, actions)
        apply_and_check(about.topology, PRODUCTION)
        assert replicate(about, run_options=ONE).succeeded
        assert failover(about, HOW).result == "passed"
        with Connection.to(RECOVERY) as target:
            ledger = Ledger.after_settling(target, about.ledger)
            (done,) = list_takeovers(ledger.entries())
            assert (len(done.restored), len(done.done)) == (roles, actions)
            entries = {entry.number for entry in ledger.entries()}
            assert len(read_records(target.reader, about.ledger)) > len(entries)


def during(do, **more):
    """A plan whose database is frozen while something else happens."""
    return recovery(
        data=[DataPolicy("db", before=do, after=lambda inventory: True, freeze_limit="1h", **more)]
    )


def test_a_replication_on_its_way_takes_no_point_that_a_failover_has_begun_with(ready):
    def freeze(inventory):
        dies_after("wave 1", options=LOST)
        passed_later(ready, 60)

    with pytest.raises(PolicyError):
        replicate(during(freeze, keep=1), now=True, run_options=ONE)
    assert failover(recovery(rto="9h"), LOST).result == "passed"


def test_nor_makes_a_point_of_a_source_that_stands_no_longer(ready):
    def freeze(inventory):
        failover(recovery(), LOST)
        passed_later(ready, 20)

    with pytest.raises(PolicyError) as error:
        replicate(during(freeze), now=True, run_options=ONE)
    assert rules(error) == ["recovery/not-fenced"]
    assert len(status(recovery()).points) == 1


AMID_ITS_FIREWALLS = "RevokeTraffic"
"""Takes from a new firewall what it lets through at first; whoever dies before leaves one that still does."""


def test_a_source_whose_apply_died_amid_its_firewalls_is_stopped_all_the_same(ready):
    plan = workflow.plan(TWO, PRODUCTION, guards=[recovery()])
    dies_at(AMID_ITS_FIREWALLS, lambda: workflow.apply(plan, seed=0))
    passed_later(ready, 700)
    assert failover(recovery(rto="9h"), HOW).result == "passed"


def test_a_target_that_died_amid_its_firewalls_is_given_up(ready):
    dies_at(AMID_ITS_FIREWALLS, lambda: failover(recovery(rto="99h"), LOST))
    passed_later(ready, 700)
    abandon(recovery(), HOW)
    assert powers(ready, PRODUCTION) == {"running"}


def test_what_a_turn_has_not_replaced_yet_is_still_foreseen(ready):
    failover(recovery(), HOW)
    failback(recovery(), HOW)
    assert replicate(recovery(), now=True, run_options=ONE).succeeded
    before = [wave.changes for wave in make_forecast(recovery()).waves]
    dies_after("wave 1")
    assert [wave.changes for wave in make_forecast(recovery()).waves] == before
