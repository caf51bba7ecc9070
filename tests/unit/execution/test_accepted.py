"""Acceptance is not progress: a call that is accepted and changes nothing is a failed try."""

from itertools import pairwise

import pytest
from attrs import evolve
from toy import topology
from toycloud import TWO_ROLES, ToyProvider, plan_for, run

from portinfra import Role, allow, errors
from portinfra.execution.retry import ATTEMPTS_MAX
from portinfra.model.observed import Fault

ONE_HOST = topology(Role("web", count=1))


@pytest.fixture(autouse=True)
def journals(tmp_path, monkeypatch):
    monkeypatch.setenv("PORTINFRA_HOME", str(tmp_path))


@pytest.fixture
def provider():
    provider = ToyProvider()
    run(provider, plan_for(provider, ONE_HOST))
    provider.made.clear()
    return provider


def keep(provider, address, times=10**6, told=None):
    """Let the provider accept deletions of a resource, and keep it; `told` is the reason that lists show."""
    rest, delete = iter(range(times)), provider.answers["Delete"]

    def answer(call):
        if call.address != address or next(rest, None) is None:
            return delete(call)
        provider.made.append((provider.clock.now(), call.action, call.address))
        provider.table[address] = evolve(provider.table[address], failed_change=told)
        return {"leaves": True}

    provider.answers["Delete"] = answer


def destroy(provider, listen=lambda progress: None):
    with pytest.raises(errors.ApplyError) as caught:
        run(provider, plan_for(provider, ONE_HOST, destroy=True), listen=listen)
    (failed,) = [step for step in caught.value.outcome.steps if step.fate == "failed"]
    return failed


def reports(progresses):
    return [each.message for each in progresses if each.step is None and "will try again" in each.message]


def test_a_deletion_that_is_accepted_and_not_made_ends_with_patience(provider):
    keep(provider, "network.main")
    failed = destroy(provider)
    assert failed.calls == ATTEMPTS_MAX
    assert isinstance(failed.error, errors.Conflict)
    assert str(failed.error) == "network.main Delete: the call was accepted, and then nothing changed"
    assert failed.error.fix


def test_each_try_waits_longer_than_the_one_before(provider):
    keep(provider, "network.main")
    destroy(provider)
    moments = [moment for moment, _, address in provider.made if address == "network.main"]
    pauses = [later - earlier for earlier, later in pairwise(moments)]
    assert pauses == sorted(pauses)
    assert pauses[-1] >= 30


def test_the_first_failure_after_acceptance_is_reported_with_the_reason_of_the_provider(provider):
    told = []
    keep(provider, "network.main", told=Fault(errors.Conflict, "a router is in it", "InUse"))
    destroy(provider, told.append)
    said = reports(told)
    assert said[0] == (
        "network.main: tried 1 time, and will try again: "
        "network.main Delete: the call was accepted and then failed: a router is in it (InUse)"
    )
    assert [line.partition(",")[0] for line in said[1:]] == [
        f"network.main: tried {times} times" for times in (4, 8, 12)
    ]


@pytest.mark.parametrize("error", [errors.PermissionDenied, errors.QuotaExceeded, errors.NoCapacity])
def test_a_failure_after_acceptance_has_the_reaction_of_the_same_refusal(provider, error):
    def started(call):
        provider.made.append((provider.clock.now(), call.action, call.address))
        fault = Fault(error, "no", "Native")
        provider.table[call.address] = evolve(provider.table[call.address], failed_change=fault)
        provider.ready_at[call.address] = provider.clock.now() + 5
        return {"pending": True}

    provider.answers["Update"] = started
    larger = topology(evolve(ONE_HOST.roles[0], size="medium"))
    with pytest.raises(errors.ApplyError) as caught:
        run(provider, plan_for(provider, larger))
    (failed,) = [step for step in caught.value.outcome.steps if step.fate == "failed"]
    assert (type(failed.error), failed.calls) == (error, 1)
    assert "accepted and then failed: no (Native)" in str(failed.error)


def test_what_goes_in_the_end_is_done(provider):
    keep(provider, "network.main", times=ATTEMPTS_MAX - 1)
    assert run(provider, plan_for(provider, ONE_HOST, destroy=True)).succeeded
    assert not provider.table


def test_progress_begins_patience_anew():
    """A resource that needs many calls may meet a failure before each of them."""
    provider, failures = ToyProvider(pending_seconds=5), {}

    def fail_often(call):
        failures[call.action, call.address] = tries = failures.get((call.action, call.address), 0) + 1
        if tries < ATTEMPTS_MAX:
            raise errors.Unavailable("busy")

    run(provider, plan_for(provider, ONE_HOST))
    provider.table["instance.web1"] = evolve(
        provider.table["instance.web1"], fault=Fault(errors.NoCapacity, "it broke")
    )
    provider.fail = fail_often
    assert run(provider, plan_for(provider, ONE_HOST)).succeeded
    assert failures["Delete", "instance.web1"] == ATTEMPTS_MAX
    assert failures["Create", "instance.web1"] == ATTEMPTS_MAX


def test_two_who_undo_each_others_changes_are_not_at_it_without_end():
    provider = ToyProvider(pending_seconds=5)
    run(provider, plan_for(provider, TWO_ROLES))
    before = dict(provider.table)
    provider.made.clear()

    def undo(call):
        provider.table[call.address] = before[call.address]

    provider.lose = lambda call: undo(call) if call.address in before else None
    larger = topology(evolve(TWO_ROLES.roles[0], size="medium"), *TWO_ROLES.roles[1:], flows=TWO_ROLES.flows)
    with pytest.raises(errors.ApplyError) as caught:
        run(provider, plan_for(provider, larger))
    (failed,) = [step for step in caught.value.outcome.steps if step.fate == "failed"]
    assert failed.calls == ATTEMPTS_MAX


@pytest.mark.parametrize("error", [errors.PermissionDenied, errors.NoCapacity])
def test_what_an_earlier_run_left_broken_is_made_again(error):
    provider = ToyProvider(pending_seconds=5)
    run(provider, plan_for(provider, ONE_HOST))
    host = provider.table["instance.web1"]
    provider.table["instance.web1"] = evolve(host, fault=Fault(error, "its key was disabled"))
    assert run(provider, plan_for(provider, ONE_HOST)).succeeded
    assert provider.table["instance.web1"].fault is None


def test_the_first_fault_of_a_resource_is_reported():
    provider, told = ToyProvider(pending_seconds=30), []

    def break_down(call):
        if call.action == "Create" and call.address == "instance.web1":
            fault = Fault(errors.NoCapacity, "the machine broke")
            provider.table[call.address] = evolve(provider.table[call.address], fault=fault)

    provider.lose = break_down
    with pytest.raises(errors.ApplyError):
        run(provider, plan_for(provider, ONE_HOST), listen=told.append)
    (said,) = reports(told)
    assert said.startswith("instance.web1: tried 1 time, and will try again")
    assert "the machine broke" in said


def test_a_resource_that_broke_down_is_created_once_more_however_often_it_is_looked_at():
    """What died may take a while to go; each look finds the same fault."""
    provider, looks = ToyProvider(pending_seconds=30), []
    fault = Fault(errors.NoCapacity, "the machine broke")

    def die(call):
        if call.action == "Create" and call.address == "instance.web1":
            dead = evolve(provider.table[call.address], state="deleting", fault=fault)
            provider.table[call.address], provider.ready_at[call.address] = dead, 0.0
            looks.clear()

    def go(read):
        dead = provider.table.get("instance.web1")
        if read.parameters["kind"] == "instance" and dead is not None:
            looks.append(read)
            if len(looks) == 4:
                provider.table["instance.web1"] = evolve(dead, state="ready")

    provider.lose, provider.mute = die, go
    with pytest.raises(errors.ApplyError):
        run(provider, plan_for(provider, ONE_HOST))
    made = [action for _, action, address in provider.made if address == "instance.web1"]
    assert made == ["Create", "Delete", "Create"]


def test_the_advice_is_that_of_the_driver_which_knows_the_cause():
    provider = ToyProvider()

    def break_down(call):
        if call.action == "Create" and call.address == "instance.web1":
            fault = Fault(errors.PermissionDenied, "no", "Native", "Ask the owner of the image.")
            provider.table[call.address] = evolve(provider.table[call.address], fault=fault)

    provider.lose = break_down
    provider.pending_seconds = 30
    with pytest.raises(errors.ApplyError) as caught:
        run(provider, plan_for(provider, ONE_HOST))
    assert caught.value.first.fix == "Ask the owner of the image."


@pytest.mark.parametrize("seconds", [60, 600])
def test_a_limit_on_so_many_at_once_ends_no_step_while_others_are_under_way(seconds):
    """Copies of snapshots: a region takes a few at once, and refuses the next as a throttle does."""
    provider = ToyProvider(pending_seconds=seconds)

    def busy(call):
        now = provider.clock.now()
        under_way = [a for a in provider.table if a.kind == "instance" and provider.ready_at[a] > now]
        if call.action == "Create" and call.address.kind == "instance" and len(under_way) >= 5:
            raise errors.RateLimited("too many in progress")

    provider.fail = busy
    assert run(provider, plan_for(provider, topology(Role("web", count=16)))).succeeded


def test_a_throttle_that_never_ends_ends_the_step():
    provider = ToyProvider(pending_seconds=5)

    def refuse(call):
        if call.address == "instance.web1":
            raise errors.RateLimited("slow down")

    provider.fail = refuse
    with pytest.raises(errors.ApplyError) as caught:
        run(provider, plan_for(provider, ONE_HOST))
    assert isinstance(caught.value.first, errors.RateLimited)


def test_a_resource_that_takes_one_change_at_a_time_fails_no_step_while_the_run_moves_on():
    """As a network of Google Cloud does: each change of its parts finds it not ready for a while."""
    provider, busy_until = ToyProvider(), [0.0]

    def refuse(call):
        if call.address.kind == "firewall-rules" and provider.clock.now() < busy_until[0]:
            raise errors.Unavailable("the network is not ready")

    def keep_busy(call):
        if call.address.kind == "firewall-rules":
            busy_until[0] = provider.clock.now() + 10.0

    provider.fail, provider.lose = refuse, keep_busy
    roles = [Role(f"r{letter}", count=1) for letter in "abcdefghijklmnopqrstuvwxyz"]
    flows = [allow(one, other, tcp=80, why="they talk") for one, other in pairwise(roles)]
    assert run(provider, plan_for(provider, topology(*roles, flows=flows))).succeeded


def test_a_service_that_is_down_for_good_ends_the_step_though_others_went_on():
    provider = ToyProvider()

    def refuse(call):
        if call.address == "instance.web1":
            raise errors.Unavailable("no answer")

    provider.fail = refuse
    with pytest.raises(errors.ApplyError) as caught:
        run(provider, plan_for(provider, TWO_ROLES))
    (failed,) = [step for step in caught.value.outcome.steps if step.fate == "failed"]
    assert isinstance(failed.error, errors.Unavailable)
    assert failed.calls <= 2 * ATTEMPTS_MAX
