"""Two accounts: one topology in both, of the same name, reached through a role; neither touches the other."""

import re
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pytest
from attrs import evolve

from bed import Local
from bed.conformance_bed import PASSING, SIX_HOURS, AwsBed
from bed.identities import ACCOUNT
from portinfra import Environment, PlanOptions, errors, workflow
from portinfra.provider import registry
from portinfra.provider.interface import Call
from portinfra.testing.call_wrapper import pass_through, wrap_calls
from portinfra.testing.emulator import EmulatorClock

OTHER = "210987654321"
ALL_DATA = PlanOptions(allow_data_loss=frozenset({"all"}))

HERE: Environment = evolve(AwsBed.environment, account=ACCOUNT)
THERE: Environment = evolve(AwsBed.environment, account=OTHER, credentials={"role": "portinfra"})


@pytest.fixture
def clouds(ec2: Local, tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Local]:
    """An EC2 whose waits cost nothing, with time that passes: sessions end by it."""
    monkeypatch.setenv("PORTINFRA_HOME", str(tmp_path))
    ec2.bed.configure(pending_seconds=5.0)
    with wrap_calls("aws", pass_through, clock=EmulatorClock(ec2.bed)):
        yield ec2
    assert ec2.bed.violations == []
    assert ec2.bed.gaps == []


def bring(topology, environment):
    return workflow.apply(workflow.plan(topology, environment, ALL_DATA))


def ground_truth(clouds, account):
    clouds.bed.advance(SIX_HOURS)
    return [line.partition(" @")[0] for line in clouds.bed.ground_truth(account, without=PASSING)]


def resources(clouds, account):
    """All but the claims; each account has a default key of its own."""
    lines = (re.sub(r"key=arn:\S+", "key", line) for line in ground_truth(clouds, account))
    return sorted(line for line in lines if not line.startswith("key pair"))


def writes(clouds):
    return {action for action in clouds.bed.calls if not action.startswith(("Describe", "Get", "Assume"))}


def test_one_topology_in_two_accounts_is_two_worlds(clouds):
    bring(AwsBed.before, HERE)
    assert ground_truth(clouds, OTHER) == []
    bring(AwsBed.before, THERE)
    here, there = resources(clouds, ACCOUNT), resources(clouds, OTHER)
    assert here == there != []

    bring(AwsBed.after, THERE)
    assert resources(clouds, ACCOUNT) == here
    assert workflow.plan(AwsBed.before, HERE).empty

    workflow.apply(workflow.destroy(AwsBed.after, THERE, ALL_DATA))
    assert ground_truth(clouds, OTHER) == []
    assert resources(clouds, ACCOUNT) == here
    assert clouds.bed.calls["AssumeRole"] > 0

    workflow.apply(workflow.destroy(AwsBed.before, HERE, ALL_DATA))
    assert clouds.bed.ground_truth() == []


@pytest.mark.parametrize("work", [workflow.plan, workflow.destroy])
def test_the_wrong_account_is_refused_before_anything_is_written(clouds, work):
    mistaken = evolve(HERE, account=OTHER)
    with pytest.raises(errors.PermissionDenied, match=f"are of account {ACCOUNT}.*in account {OTHER}"):
        work(AwsBed.before, mistaken)
    assert writes(clouds) == set()


@pytest.mark.xfail(strict=True, reason="an apply takes its claim before it looks at the account")
def test_a_plan_is_not_applied_with_the_credentials_of_another_account(clouds, monkeypatch):
    plan = workflow.plan(AwsBed.before, HERE)
    clouds.bed.add_account(OTHER, "AKIAOTHEROTHEROTHER0", "other-secret")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAOTHEROTHEROTHER0")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "other-secret")
    with pytest.raises(errors.PermissionDenied, match=f"are of account {OTHER}"):
        workflow.apply(plan)
    assert writes(clouds) == set()
    assert clouds.bed.ground_truth() == []


def test_a_session_that_ends_in_the_middle_is_followed_by_another(clouds):
    clouds.bed.identities.session_seconds = 300
    with closing(registry.connect(THERE)) as provider:
        for _ in range(3):
            assert provider.perform(Call("GetCallerIdentity"))["Account"] == OTHER
            clouds.bed.advance(301.0)
    assert clouds.bed.calls["AssumeRole"] >= 3


def test_a_role_that_may_not_be_assumed_is_said_to_be_so(clouds, monkeypatch):
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIANOBODYNOBODY0000")
    with pytest.raises(errors.PermissionDenied) as caught:
        workflow.plan(AwsBed.before, THERE)
    assert "AWS_PROFILE" in caught.value.fix
    assert writes(clouds) == set()
