"""The target takes over, and the source is kept out of the way."""

import os

import pytest
from attrs import evolve
from turning import HOW, LOST, lost, powers, rules, said
from worlds import ONE, PRODUCTION, RECOVERY, SHOP, recovery, write, written

from portinfra import workflow
from portinfra.errors import PolicyError, Unavailable
from portinfra.model.recovery import Action, Wave
from portinfra.model.vault import Vault
from portinfra.recovery.replication.replicate import replicate
from portinfra.recovery.takeover.fencing import fence
from portinfra.recovery.takeover.takeover import failback, failover
from portinfra.recovery.watch.status import status
from portinfra.testing.call_wrapper import wrap_calls


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


def test_where_the_source_is_lost_no_call_is_made_to_it(ready):
    asked = []

    def hand(provider, call):
        asked.append(provider.account)
        return provider.perform(call)

    with wrap_calls("fake", hand):
        evidence = failover(recovery(), LOST)
    assert set(asked) == {RECOVERY.account}
    assert evidence.result == "passed"
    assert evidence.source_fenced is False


def test_a_source_that_does_not_answer_is_not_taken_for_lost(ready):
    with lost(PRODUCTION, untouched=False), pytest.raises(Unavailable) as error:
        failover(recovery(), HOW)
    assert "--lost production" in f"{error.value} {error.value.fix}"
    assert powers(ready, RECOVERY) == set()


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
    assert "dr replicate shop --now" in finding.fix
    assert powers(ready, PRODUCTION) == {"running"}


def test_a_target_that_ran_already_gets_the_data_while_its_hosts_are_off(ready):
    workflow.apply(workflow.plan(SHOP, RECOVERY, guards=[recovery()]), seed=0)
    write(ready, RECOVERY, "empty")
    while_attaching = []

    def hand(provider, call):
        if call.action == "AttachVolume" and provider.account == RECOVERY.account:
            hosts = [r for r in ready.ground_truth(RECOVERY.account) if r["kind"] == "instance"]
            while_attaching.append({h["state"] for h in hosts if h["id"] == call.parameters["instance"]})
        return provider.perform(call)

    with wrap_calls("fake", hand):
        failover(recovery(), HOW)
    assert while_attaching == [{"stopped"}, {"stopped"}]
    assert set(written(ready, RECOVERY).values()) == said("ledger")
    assert powers(ready, RECOVERY) == {"running"}


def test_planned_it_loses_nothing(ready):
    write(ready, PRODUCTION, "last second")
    evidence = failover(recovery(), evolve(HOW, planned=True))
    assert evidence.rpo_measured == 0.0
    assert set(written(ready, RECOVERY).values()) == said("last second")


def test_names_are_told_of_the_new_addresses_once_all_is_up(ready):
    told = []
    target = evolve(RECOVERY, dns=told.append, cidr="10.20.0.0/16")
    failover(recovery(target=target), HOW)
    (addresses,) = told
    assert set(addresses) == {"db1", "db2", "web1"}
    assert all(host["private"].startswith("10.20.") for host in addresses.values())


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


def test_in_another_size_where_the_target_has_others(ready):
    target = evolve(RECOVERY, sizes={"small": "large"}, keys={"alias/x": "alias/y"})
    failover(recovery(target=target), HOW)
    sizes = {r["machine_type"] for r in ready.ground_truth(RECOVERY.account) if r["kind"] == "instance"}
    usual = {r["machine_type"] for r in ready.ground_truth(PRODUCTION.account) if r["kind"] == "instance"}
    assert sizes != usual
    assert workflow.plan(SHOP, target).empty


def test_a_timer_carries_nothing_while_the_source_may_run(ready):
    failover(recovery(), LOST)
    with pytest.raises(PolicyError) as error:
        replicate(recovery(), now=True, run_options=ONE)
    assert rules(error) == ["recovery/not-fenced"]
    assert fence(recovery(), run_options=ONE) == 3
    assert failback(recovery(), HOW).result == "passed"
    assert replicate(recovery(), now=True, run_options=ONE).succeeded


@pytest.fixture
def rclone(tmp_path, monkeypatch):
    """A program in rclone's place that fails, and writes each of its calls to this file."""
    calls = tmp_path / "rclone-calls"
    program = tmp_path / "bin" / "rclone"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\necho "$*" >> {calls}\nexit 1\n')
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(program.parent), prepend=os.pathsep)
    return calls


def test_a_takeover_from_snapshots_does_not_read_the_vault(ready, rclone):
    vault = Vault("vault:shop", "192.0.2.7:22", sender="~/sender.conf", receiver="~/receiver.conf")
    about = recovery(vault=vault)
    assert status(about).level == "ok"
    assert failover(about, HOW).result == "passed"
    assert not rclone.exists()
