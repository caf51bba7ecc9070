"""The target takes over, the source is kept out of the way, and there is a way back."""

import pytest
from attrs import evolve
from turning import HOW, LATER, LOST, lost, powers, rules, said, stuck
from worlds import ONE, PRODUCTION, RECOVERY, SHOP, recovery, volumes, write, written

from portinfra import workflow
from portinfra.errors import PolicyError, StalePlanError, Unavailable
from portinfra.execution.connection import Connection
from portinfra.model.recovery import Action, DataPolicy, Wave
from portinfra.recovery.abandon import abandon
from portinfra.recovery.drill import drill
from portinfra.recovery.failback import failback
from portinfra.recovery.failover import failover
from portinfra.recovery.fencing import fence
from portinfra.recovery.replicate import replicate
from portinfra.recovery.status import status
from portinfra.testing.wrapped import wrapped


def test_the_source_is_stopped_before_the_target_comes_up(ready):
    seen = []

    def gate(inventory):
        seen.append(powers(ready, PRODUCTION, after=0))

    evidence = failover(recovery(waves=[Wave(["db"], gates=gate), ["web"]]), HOW)
    assert seen == [{"stopped"}]
    assert evidence.result == "passed"
    assert evidence.source_fenced is True
    assert powers(ready, RECOVERY) == {"running"}
    assert set(written(ready, RECOVERY).values()) == said("ledger")


def test_a_later_apply_does_not_wake_the_source(ready):
    failover(recovery(), HOW)
    plan = workflow.plan(SHOP, PRODUCTION)
    assert plan.empty
    assert [finding.rule for finding in plan.findings] == ["recovery/fenced"]
    more = SHOP.with_role(evolve(SHOP.role("web"), count=2, size="medium"))
    workflow.apply(workflow.plan(more, PRODUCTION), seed=0)
    assert powers(ready, PRODUCTION) == {"stopped"}
    hosts = [r for r in ready.books(PRODUCTION.account) if r["kind"] == "instance"]
    assert len(hosts) == 3, "a new host runs at first: none is made"


def test_a_plan_made_before_it_is_not_applied_after_it(ready):
    before = workflow.plan(SHOP.with_role(evolve(SHOP.role("web"), count=2)), PRODUCTION)
    failover(recovery(), HOW)
    with pytest.raises(StalePlanError, match="fenced"):
        workflow.apply(before, seed=0)


def test_where_the_source_is_lost_no_call_is_made_to_it(ready):
    asked = []

    def hand(provider, call):
        asked.append(provider.account)
        return provider.perform(call)

    with wrapped("fake", hand):
        evidence = failover(recovery(), LOST)
    assert set(asked) == {RECOVERY.account}
    assert evidence.result == "passed"
    assert evidence.source_fenced is False


def test_a_source_that_does_not_answer_is_not_taken_for_lost(ready):
    with lost(PRODUCTION, untouched=False), pytest.raises(Unavailable) as error:
        failover(recovery(), HOW)
    assert "--source-is-lost" in f"{error.value} {error.value.fix}"
    assert powers(ready, RECOVERY) == set()


def test_a_source_that_comes_back_is_refused_until_it_is_fenced(ready):
    failover(recovery(), LOST)
    plan = workflow.plan(SHOP, PRODUCTION, peers=[RECOVERY])
    assert [finding.rule for finding in plan.errors] == ["recovery/superseded"]
    assert powers(ready, PRODUCTION) == {"running"}
    assert fence(recovery(), pace=ONE) == 3
    assert powers(ready, PRODUCTION) == {"stopped"}
    assert workflow.plan(SHOP, PRODUCTION, peers=[RECOVERY]).errors == ()


def test_a_source_that_stands_is_not_fenced(ready):
    with pytest.raises(PolicyError) as error:
        fence(recovery(), pace=ONE)
    assert rules(error) == ["recovery/source-stands"]
    assert powers(ready, PRODUCTION) == {"running"}


def test_an_apply_that_cannot_ask_its_peer_is_refused(ready):
    with lost(RECOVERY, untouched=False):
        plan = workflow.plan(SHOP, PRODUCTION, peers=[RECOVERY])
    assert [finding.rule for finding in plan.errors] == ["recovery/peer-silent"]
    with pytest.raises(PolicyError):
        workflow.apply(plan, seed=0)


def test_a_gate_that_fails_ends_it_there_and_running_it_again_goes_on(ready):
    answers = [False]
    plan = recovery(waves=[Wave(["db"], gates=lambda inventory: answers[0], limit="1m"), ["web"]])
    evidence = failover(plan, HOW)
    assert evidence.result == "failed"
    assert len(evidence.waves) == 1
    write(ready, RECOVERY, "since")
    answers[0] = True
    again = failover(plan, HOW)
    assert again.result == "passed"
    assert again.id == evidence.id
    assert set(written(ready, RECOVERY).values()) == said("since")


def test_it_sticks_to_the_points_that_it_began_with(ready):
    answers = [False]
    plan = recovery(waves=[Wave(["db"], gates=lambda inventory: answers[0], limit="1m"), ["web"]])
    began = failover(plan, HOW)
    replicate(recovery(), now=True, stopped=True, pace=ONE)
    answers[0] = True
    assert failover(plan, HOW).points == began.points


def test_it_is_refused_where_the_target_stands_already(ready):
    failover(recovery(), HOW)
    with pytest.raises(PolicyError) as error:
        failover(recovery(), HOW)
    assert rules(error) == ["recovery/stands-already"]


def test_it_is_refused_before_anything_is_stopped_where_data_has_no_point(cloud):
    with pytest.raises(PolicyError) as error:
        failover(recovery(), HOW)
    assert rules(error) == ["recovery/no-point"]
    assert powers(cloud, PRODUCTION) == {"running"}


def test_it_is_refused_where_a_volume_would_come_up_blank(ready):
    grown = SHOP.with_role(evolve(SHOP.role("db"), count=3))
    with pytest.raises(PolicyError) as error:
        failover(recovery(topology=grown), HOW)
    (finding,) = error.value.findings
    assert finding.rule == "recovery/no-point"
    assert "volume.db3-data" in finding.message
    assert "dr replicate --now" in finding.fix
    assert powers(ready, PRODUCTION) == {"running"}


def test_a_target_that_ran_already_gets_the_data_while_its_hosts_are_off(ready):
    workflow.apply(workflow.plan(SHOP, RECOVERY), seed=0)
    write(ready, RECOVERY, "empty")
    while_attaching = []

    def hand(provider, call):
        if call.action == "AttachVolume" and provider.account == RECOVERY.account:
            hosts = [r for r in ready.books(RECOVERY.account) if r["kind"] == "instance"]
            while_attaching.append({h["state"] for h in hosts if h["id"] == call.parameters["instance"]})
        return provider.perform(call)

    with wrapped("fake", hand):
        failover(recovery(), HOW)
    assert while_attaching == [{"stopped"}, {"stopped"}]
    assert set(written(ready, RECOVERY).values()) == said("ledger")
    assert powers(ready, RECOVERY) == {"running"}


def test_planned_it_loses_nothing(ready):
    write(ready, PRODUCTION, "last second")
    evidence = failover(recovery(), evolve(HOW, last_point=True))
    assert evidence.rpo_measured == 0.0
    assert set(written(ready, RECOVERY).values()) == said("last second")


def test_names_are_told_of_the_new_addresses_once_all_is_up(ready):
    told = []
    target = evolve(RECOVERY, dns=told.append, cidr="10.20.0.0/16")
    failover(recovery(target=target), HOW)
    (addresses,) = told
    assert set(addresses) == {"db1", "db2", "web1"}
    assert all(address.startswith("10.20.") for address in addresses.values())


def test_actions_of_a_failover_are_done_in_their_order(ready):
    done = []
    actions = [
        Action("promote", lambda inventory: done.append("promoted"), after="db"),
        Action("tell", lambda inventory: done.append("told")),
        Action("try", lambda inventory: done.append("tried"), on="drill"),
    ]
    evidence = failover(recovery(actions=actions), HOW)
    assert done == ["promoted", "told"]
    assert [action.name for action in evidence.actions] == ["promote", "tell"]


def test_the_way_back_carries_what_was_written_since_and_measures_the_downtime(ready):
    failover(recovery(), HOW)
    write(ready, RECOVERY, "since")
    evidence = failback(recovery(), HOW)
    assert evidence.kind == "failback"
    assert evidence.result == "passed"
    assert evidence.rto_measured > 0
    assert evidence.rpo_measured == 0.0
    assert set(written(ready, PRODUCTION).values()) == said("since")
    assert powers(ready, PRODUCTION) == {"running"}
    assert powers(ready, RECOVERY) == {"stopped"}
    assert workflow.plan(SHOP, PRODUCTION, peers=[RECOVERY]).empty
    again = failover(recovery(), evolve(HOW, last_point=True))
    assert again.result == "passed"


def test_whoever_joins_the_first_host_begins_empty_on_every_turn(ready):
    about = recovery(data=[DataPolicy("db", seed="one")])
    assert replicate(about, now=True, pace=ONE).succeeded
    places = (RECOVERY, PRODUCTION, RECOVERY)
    turns = (failover, failback, failover)
    before = "ledger"
    for turn, (place, take) in enumerate(zip(places, turns, strict=True)):
        assert take(about, HOW).result == "passed"
        assert written(ready, place) == {
            "volume.db1-data": f"{before} of volume.db1-data",
            "volume.db2-data": "",
        }
        before = f"turn {turn}"
        write(ready, place, before)
        if place is PRODUCTION:
            assert replicate(about, now=True, pace=ONE).succeeded


def test_who_has_joined_already_stays_as_it_is_when_a_way_back_goes_on(ready):
    passes = [False]
    about = recovery(
        data=[DataPolicy("db", seed="one")],
        waves=[Wave(["db"], gates=lambda inventory: passes[0], limit="2m"), ["web"]],
    )
    assert replicate(about, now=True, pace=ONE).succeeded
    passes[0] = True
    assert failover(about, HOW).result == "passed"
    passes[0] = False
    assert failback(about, HOW).result == "failed"
    write(ready, PRODUCTION, "joined")
    passes[0] = True
    assert failback(about, HOW).result == "passed"
    assert set(written(ready, PRODUCTION).values()) == said("joined")


def test_protected_volumes_are_given_the_newer_data_all_the_same(ready):
    kept = evolve(SHOP, roles=[evolve(role, protect=True) for role in SHOP.roles])
    workflow.apply(workflow.plan(kept, PRODUCTION), seed=0)
    plan = recovery(topology=kept)
    failover(plan, HOW)
    write(ready, RECOVERY, "since")
    assert failback(plan, HOW).result == "passed"
    assert set(written(ready, PRODUCTION).values()) == said("since")


def test_there_is_no_way_back_while_the_source_may_still_be_at_work(ready):
    failover(recovery(), LOST)
    with pytest.raises(PolicyError) as error:
        failback(recovery(), HOW)
    assert rules(error) == ["recovery/not-fenced"]
    assert set(volumes(PRODUCTION)) == {"volume.db1-data", "volume.db2-data"}


def test_there_is_no_way_back_from_a_target_that_has_not_come_up_whole(ready):
    write(ready, PRODUCTION, "newer than the point")
    stuck()
    with pytest.raises(PolicyError) as caught:
        failback(recovery(), HOW)
    assert rules(caught) == ["recovery/failover-under-way"]
    assert "newer than the point of volume.db1-data" in written(ready, PRODUCTION).values()
    assert failover(recovery(), HOW).result == "passed"
    assert failback(recovery(), HOW).result == "passed"


def test_there_is_no_way_back_where_nothing_has_taken_over(ready):
    with pytest.raises(PolicyError) as error:
        failback(recovery(), HOW)
    assert rules(error) == ["recovery/source-stands"]


@pytest.mark.parametrize("how", [HOW, LOST], ids=["stopped", "lost"])
def test_a_failover_that_cannot_be_finished_is_given_up(ready, how):
    write(ready, PRODUCTION, "newer than the point")
    stuck(how=how)
    given_up = abandon(recovery(), pace=ONE)
    assert (given_up.running, given_up.stopped) == (3, 2)
    assert set(written(ready, PRODUCTION).values()) == said("newer than the point")
    assert powers(ready, PRODUCTION) == {"running"}
    assert powers(ready, RECOVERY) == {"stopped"}
    assert workflow.plan(SHOP, PRODUCTION, peers=[RECOVERY]).empty
    assert status(recovery()).turn is None
    assert replicate(recovery(), now=True, pace=ONE).succeeded


def test_after_one_was_given_up_the_next_begins_anew(ready):
    first = stuck()
    abandon(recovery(), pace=ONE)
    write(ready, PRODUCTION, "newer")
    assert replicate(recovery(), now=True, pace=ONE).succeeded
    evidence = failover(recovery(), HOW)
    assert evidence.result == "passed"
    assert evidence.id != first.id
    assert set(written(ready, RECOVERY).values()) == said("newer")
    assert failback(recovery(), HOW).result == "passed"


def test_a_way_back_is_given_up_as_well(ready):
    failover(recovery(), HOW)
    write(ready, RECOVERY, "since")
    stuck("failback", failback)
    abandon(recovery().turned, pace=ONE)
    assert powers(ready, RECOVERY) == {"running"}
    assert powers(ready, PRODUCTION) == {"stopped"}
    assert set(written(ready, RECOVERY).values()) == said("since")
    assert failback(recovery(), HOW).result == "passed"


def test_nothing_is_given_up_where_nothing_is_under_way(ready):
    with pytest.raises(PolicyError) as error:
        abandon(recovery(), pace=ONE)
    assert rules(error) == ["recovery/nothing-under-way"]


def test_a_failover_that_is_being_given_up_is_not_gone_on_with(ready):
    stuck()

    def dies(provider, call):
        if provider.account == PRODUCTION.account and call.action == "CreateClaim":
            raise Unavailable("no route to host")
        return provider.perform(call)

    with wrapped("fake", dies), pytest.raises(Unavailable):
        abandon(recovery(), pace=ONE)
    with pytest.raises(PolicyError) as error:
        failover(recovery(), HOW)
    assert rules(error) == ["recovery/being-abandoned"]
    abandon(recovery(), pace=ONE)
    assert powers(ready, PRODUCTION) == {"running"}


def test_a_failover_that_the_turn_has_passed_by_is_not_resumed(ready):
    first = stuck()
    with Connection.to(RECOVERY) as target, target.run(recovery().target_scope, workers=1, seed=0) as run:
        run.declare(epoch=LATER, fenced=True)
    assert replicate(evolve(recovery()), now=True, stopped=True, pace=ONE).succeeded
    evidence = failover(recovery(), HOW)
    assert evidence.result == "passed"
    assert evidence.id != first.id
    assert evidence.points != first.points


def test_status_tells_that_the_target_stands(ready):
    assert status(recovery()).stands == 0
    stuck()
    half_way = status(recovery())
    assert half_way.turn
    assert half_way.level == "late"
    failover(recovery(), HOW)
    done = status(recovery())
    assert (done.turn, bool(done.stands), done.level) == (None, True, "late")
    failback(recovery(), HOW)
    assert (status(recovery()).stands, status(recovery()).level) == (0, "ok")


def test_who_destroys_an_environment_that_stands_for_another_is_told(ready):
    failover(recovery(), HOW)
    plan = workflow.destroy(SHOP, RECOVERY)
    assert [finding.rule for finding in plan.findings] == ["recovery/stands"]


def test_in_another_size_where_the_target_has_others(ready):
    target = evolve(RECOVERY, sizes={"small": "large"}, keys={"alias/x": "alias/y"})
    failover(recovery(target=target), HOW)
    sizes = {r["machine_type"] for r in ready.books(RECOVERY.account) if r["kind"] == "instance"}
    usual = {r["machine_type"] for r in ready.books(PRODUCTION.account) if r["kind"] == "instance"}
    assert sizes != usual
    assert workflow.plan(SHOP, target).empty


@pytest.mark.parametrize("how", [HOW, LOST], ids=["stopped", "lost"])
def test_a_timer_carries_nothing_from_a_source_that_does_not_stand(ready, how):
    failover(recovery(), how)
    with pytest.raises(PolicyError) as error:
        replicate(recovery(), now=True, pace=ONE)
    assert rules(error) == ["recovery/source-waits"]
    fence_if_lost = fence(recovery(), pace=ONE) if how is LOST else 0
    assert fence_if_lost in (0, 3)
    assert failback(recovery(), HOW).result == "passed"
    assert replicate(recovery(), now=True, pace=ONE).succeeded


def test_evidence_is_had_where_the_ledger_cannot_be_written_any_more(ready):
    asked = []

    def gone(provider, call):
        asked.append(call.action)
        if "DeleteNetwork" in asked and call.action == "WriteClaim":
            raise Unavailable("the service is down")
        return provider.perform(call)

    with wrapped("fake", gone):
        evidence = drill(recovery(), pace=ONE)
    assert [wave.passed for wave in evidence.waves] == [True, True]
