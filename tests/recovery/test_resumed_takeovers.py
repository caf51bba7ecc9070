"""A turn that has ended early is gone on with: nothing is done twice, and nothing written is lost."""

from attrs import evolve
from turning import HOW, passed_later, said, unpassed
from worlds import ONE, PRODUCTION, RECOVERY, recovery, write, written

from portinfra.model.recovery import Action, DataPolicy, Wave
from portinfra.recovery.replication.replicate import replicate
from portinfra.recovery.takeover.takeover import failback, failover
from portinfra.recovery.watch.status import status


def test_a_way_back_is_gone_on_with_whatever_hooks_would_say_of_hosts_that_are_off(ready):
    def freeze(inventory):
        return all(host["power"] == "running" for host in inventory["hosts"])

    more = {"data": [DataPolicy("db", before=freeze)], "rto": "9h"}
    failover(recovery(**more), HOW)
    write(ready, RECOVERY, "newer")
    assert failback(unpassed("failback", **more), HOW).result == "failed"
    passed_later(ready, 2 * 3600)
    assert failback(recovery(**more), HOW).result == "passed"
    assert set(written(ready, PRODUCTION).values()) == said("newer")


def test_an_action_is_done_once(ready):
    done, answers = [], [False]
    action = Action("promote", lambda inventory: done.append("promoted"), on="failover", after="db")
    waves = [["db"], Wave(["web"], gates=lambda inventory: answers[0], limit="10s")]
    plan = recovery(waves=waves, actions=action)
    assert failover(plan, HOW).result == "failed"
    answers[0] = True
    assert failover(plan, HOW).result == "passed"
    assert done == ["promoted"]


def test_actions_are_done_again_on_other_data(ready):
    passed_later(ready, 60)
    newest = replicate(recovery(), now=True, run_options=ONE).groups[0].point
    done, answers = [], [False]
    action = Action("promote", lambda inventory: done.append("promoted"), on="failover", after="db")
    waves = [["db"], Wave(["web"], gates=lambda inventory: answers[0], limit="10s")]
    plan = recovery(waves=waves, actions=action)
    assert failover(plan, HOW).result == "failed"
    answers[0] = True
    assert failover(plan, evolve(HOW, without=(newest,))).result == "passed"
    assert done == ["promoted", "promoted"]


def test_names_that_could_not_be_changed_are_told_of_and_tried_again(ready):
    answers = [RuntimeError("no answer"), None]
    told = []

    def dns(hosts):
        told.append(hosts)
        if (answer := answers.pop(0)) is not None:
            raise answer

    plan = recovery(target=evolve(RECOVERY, dns=dns))
    evidence = failover(plan, HOW)
    assert evidence.result == "failed"
    assert "no answer" in evidence.reasons[0]
    assert status(plan).turn
    assert failover(plan, HOW).result == "passed"
    assert len(told) == 2
    assert status(plan).turn is None


def test_what_was_written_since_a_wave_came_up_is_kept_when_it_is_gone_on_with(ready):
    assert failover(unpassed("failover"), HOW).result == "failed"
    write(ready, RECOVERY, "since")
    assert failover(recovery(), HOW).result == "passed"
    assert set(written(ready, RECOVERY).values()) == said("since")


def test_waves_that_were_changed_meanwhile_cost_nothing_that_was_written_since(ready):
    assert failover(unpassed("failover"), HOW).result == "failed"
    write(ready, RECOVERY, "since")
    assert failover(recovery(waves=[["web"], ["db"]]), HOW).result == "passed"
    assert set(written(ready, RECOVERY).values()) == said("since")
