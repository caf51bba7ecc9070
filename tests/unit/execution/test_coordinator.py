import itertools

import pytest
from attrs import evolve
from toy import topology
from toycloud import TWO_ROLES, ListingDriver, ToyProvider, plan_for, run

from portinfra import Role, Volume, errors
from portinfra.execution.retry import ATTEMPTS_MAX
from portinfra.model.catalogue import Rate
from portinfra.model.observed import Fault
from portinfra.model.resources import KINDS
from portinfra.provider.interface import Wait


@pytest.fixture(autouse=True)
def journals(tmp_path, monkeypatch):
    monkeypatch.setenv("PORTINFRA_HOME", str(tmp_path))
    return tmp_path


@pytest.mark.parametrize("seed", [None, 0, 1, 2])
def test_every_step_is_done_after_what_it_needs(seed):
    provider = ToyProvider(pending_seconds=30)
    outcome = run(provider, plan_for(provider, TWO_ROLES), seed=seed)
    assert outcome.succeeded
    moments = {address: moment for moment, _, address in provider.made}
    assert moments["instance.web1"] >= moments["subnet.web-0"] + 30
    assert moments["attachment.db1-data"] >= moments["instance.db1"] + 30
    assert plan_for(provider, TWO_ROLES).empty


def test_calls_made_are_the_calls_planned():
    provider = ToyProvider()
    plan = plan_for(provider, TWO_ROLES)
    run(provider, plan)
    assert len(provider.made) == plan.budget.calls


def test_waits_are_shared_by_all_who_wait():
    provider = ToyProvider(pending_seconds=60)
    plan = plan_for(provider, topology(Role("web", count=200)))
    outcome = run(provider, plan)
    reads = outcome.calls - plan.budget.calls
    assert reads < 200  # not one a host


def test_a_look_of_many_reads_goes_on_where_it_was_throttled():
    provider, reads = ToyProvider(pending_seconds=30), []

    def mute(call):
        reads.append(call.parameters["kind"])
        if provider.made and len(reads) % 2:
            raise errors.RateLimited("too many requests")

    provider.mute = mute
    assert run(provider, plan_for(provider, TWO_ROLES)).succeeded


def test_a_list_that_never_comes_fails_those_who_wait_for_it():
    provider = ToyProvider(pending_seconds=30)

    def mute(call):
        if provider.made:
            raise errors.RateLimited("too many requests")

    provider.mute = mute
    with pytest.raises(errors.ApplyError) as caught:
        run(provider, plan_for(provider, topology(Role("web", count=1))))
    (failed,) = [step for step in caught.value.outcome.steps if step.fate == "failed"]
    assert isinstance(failed.error, errors.RateLimited)


def test_one_role_after_the_other_is_made_ready_for_its_hosts():
    provider = ToyProvider(rates={"write": Rate(bucket=2, per_second=1)})
    plan = plan_for(provider, topology(*(Role(f"role-{letter}") for letter in "abc")))
    run(provider, plan, seed=None)
    order = [address for _, _, address in provider.made]
    assert order.index("firewall.role-c") < order.index("subnet.role-a-0")
    assert order.index("firewall-rules.role-a") < order.index("subnet.role-b-0")
    assert order.index("firewall-rules.role-b") < order.index("subnet.role-c-0")


def test_it_ends_within_the_budgets_floor_by_published_rates():
    provider = ToyProvider(rates={"write": Rate(bucket=20, per_second=5)})
    plan = plan_for(provider, topology(Role("web", count=300)))
    outcome = run(provider, plan)
    assert plan.budget.floor_seconds <= outcome.seconds <= plan.budget.floor_seconds * 1.05


def test_a_failed_step_stops_what_depends_on_it_and_nothing_else():
    provider = ToyProvider()

    def fail(call):
        if call.address == "instance.db1":
            raise errors.NoCapacity("none left")

    provider.fail = fail
    with pytest.raises(errors.ApplyError) as caught:
        run(provider, plan_for(provider, TWO_ROLES))
    fates = {step.step.address: step.fate for step in caught.value.outcome.steps}
    assert fates.pop("instance.db1") == "failed"
    assert fates.pop("attachment.db1-data") == "blocked"
    assert set(fates.values()) == {"done"}
    provider.fail = lambda call: None
    assert run(provider, plan_for(provider, TWO_ROLES)).succeeded


@pytest.mark.parametrize("error", [errors.RateLimited, errors.Unavailable, errors.Conflict, errors.NotFound])
def test_what_passes_is_waited_out(error):
    provider, failures = ToyProvider(), iter(range(3))

    def fail(call):
        if call.address == "network.main" and next(failures, None) is not None:
            raise error("later")

    provider.fail = fail
    assert run(provider, plan_for(provider, TWO_ROLES)).succeeded
    assert provider.clock.now() > 1001


def test_an_answer_that_is_lost_is_looked_for_before_anything_is_repeated():
    provider, losses = ToyProvider(), iter(range(1))

    def lose(call):
        if call.address == "network.main" and next(losses, None) is not None:
            raise errors.OutcomeUnknown("no answer")

    provider.lose = lose
    assert run(provider, plan_for(provider, TWO_ROLES)).succeeded
    assert [a for _, _, a in provider.made].count("network.main") == 1


def test_something_that_never_becomes_ready_is_given_up_with_advice():
    provider = ToyProvider(pending_seconds=10**6)
    with pytest.raises(errors.ApplyError) as caught:
        run(provider, plan_for(provider, topology(Role("web", count=1))))
    (failed,) = [step for step in caught.value.outcome.steps if step.fate == "failed"]
    assert "still getting ready after 20 minutes" in str(failed.error)
    assert failed.error.fix


def test_a_creation_that_waits_for_what_is_outside_its_plan_goes_on_once_that_is_ready():
    class OneAtATime(ListingDriver):
        def next_call(self, want, seen, refs):
            others = (each for address, each in refs.seen.items() if address.kind == "volume")
            if seen is None and any(each.state != "ready" for each in others):
                return Wait("waiting for another volume")
            return super().next_call(want, seen, refs)

    provider = ToyProvider()
    run(provider, plan_for(provider, TWO_ROLES))
    volume = next(kind for kind in KINDS if kind.kind == "volume")
    provider.drivers = {**provider.drivers, volume: OneAtATime(volume)}
    other = next(address for address in provider.table if address.kind == "volume")
    provider.ready_at[other] = provider.clock.now() + 300
    db = evolve(TWO_ROLES.role("db"), volumes=[Volume("data", gib=1), Volume("log", gib=1)])
    provider.table[other] = evolve(provider.table[other], state="pending")
    more = evolve(TWO_ROLES, roles=[TWO_ROLES.roles[0], db])
    plan = plan_for(provider, more, addresses=frozenset({"volume.db1-log"}))
    provider.table[other] = evolve(provider.table[other], state="ready")
    assert other not in {step.address for step in plan.steps}
    before = provider.clock.now()
    assert run(provider, plan).succeeded
    assert provider.clock.now() - before < 600


def test_an_interrupt_ends_after_the_calls_under_way_and_lets_the_claim_go():
    provider = ToyProvider()

    def fail(call):
        if call.address == "firewall.web":
            raise KeyboardInterrupt

    provider.fail = fail
    with pytest.raises(KeyboardInterrupt):
        run(provider, plan_for(provider, TWO_ROLES))
    assert all(claim.released for claim in provider.leases.values())
    provider.fail = lambda call: None
    assert run(provider, plan_for(provider, TWO_ROLES)).succeeded


def test_a_rolling_change_of_a_thousand_hosts_does_not_overflow_the_stack():
    provider = ToyProvider()
    web = topology(Role("web", count=600))
    run(provider, plan_for(provider, web))

    def fail(call):
        if call.address == "instance.web1":
            raise errors.PermissionDenied("no")

    provider.fail = fail
    larger = topology(evolve(web.roles[0], size="medium"))
    with pytest.raises(errors.ApplyError) as caught:
        run(provider, plan_for(provider, larger))
    fates = [step.fate for step in caught.value.outcome.steps]
    assert (fates.count("failed"), fates.count("blocked")) == (1, 599)


def test_progress_tells_each_step_once_and_ends_complete():
    provider, moments = ToyProvider(), []
    plan = plan_for(provider, TWO_ROLES)
    run(provider, plan, listen=moments.append)
    ended = [progress.step for progress in moments if progress.fate == "done"]
    assert sorted(ended) == sorted(plan.steps)
    assert (moments[-1].done, moments[-1].total) == (len(plan.steps), len(plan.steps))


def test_the_journal_has_each_intent_before_its_result(journals):
    provider = ToyProvider()
    run(provider, plan_for(provider, topology(Role("web", count=1, user_data="canary"))))
    (journal,) = (journals / "journal").iterdir()
    text = journal.read_text()
    lines = [line for line in text.splitlines() if '"network.main"' in line]
    assert '"event": "intent"' in lines[0]
    assert '"event": "done"' in lines[1]
    assert "canary" not in text


def test_a_defect_of_the_provider_fails_at_once():
    provider = ToyProvider()

    def fail(call):
        raise NotImplementedError("not written yet")

    provider.fail = fail
    before = provider.clock.now()
    with pytest.raises(errors.InvalidRequest, match="not written yet"):
        run(provider, plan_for(provider, TWO_ROLES))
    assert provider.clock.now() == before


def test_what_vanishes_each_time_that_it_is_made_is_not_made_without_end():
    provider = ToyProvider(pending_seconds=30)

    def vanish(call):
        if call.address == "volume.db1-data":
            del provider.table[call.address]

    provider.lose = vanish
    with pytest.raises(errors.ApplyError) as caught:
        run(provider, plan_for(provider, TWO_ROLES))
    (failed,) = [step for step in caught.value.outcome.steps if step.fate == "failed"]
    assert "Create: the call was accepted, and then nothing changed" in str(failed.error)
    assert failed.calls == ATTEMPTS_MAX


@pytest.mark.parametrize(
    ("error", "creations"),
    [
        (errors.PermissionDenied, 1),
        (errors.QuotaExceeded, 1),
        (errors.InvalidRequest, 1),
        (errors.Unsupported, 1),
        (errors.NoCapacity, 2),
        (errors.Unavailable, 2),
        (errors.NotFound, 2),
    ],
)
def test_what_fails_after_it_was_accepted_is_created_again_only_where_that_may_help(error, creations):
    provider = ToyProvider(pending_seconds=30)

    def break_down(call):
        if call.action == "Create" and call.address == "instance.web1":
            fault = Fault(error, "its disk is locked", "KeyDisabled")
            provider.table[call.address] = evolve(provider.table[call.address], fault=fault)

    provider.lose = break_down
    with pytest.raises(errors.ApplyError) as caught:
        run(provider, plan_for(provider, TWO_ROLES))
    (failed,) = [step for step in caught.value.outcome.steps if step.fate == "failed"]
    assert type(failed.error) is error
    assert "accepted and then failed: its disk is locked (KeyDisabled)" in str(failed.error)
    assert failed.error.fix
    made = [call for call in provider.made if call[1:] == ("Create", "instance.web1")]
    assert len(made) == creations


def test_each_wait_is_reported_at_its_begin_and_while_it_lasts_with_its_limit():
    provider, reports = ToyProvider(pending_seconds=60), []
    run(provider, plan_for(provider, topology(Role("web", count=1))), listen=reports.append)
    waits = [each for each in reports if each.waits and each.step.address == "instance.web1"]
    assert waits[0].waited == 0
    assert {each.limit for each in waits} == {1200.0}
    gaps = [after.waited - before.waited for before, after in itertools.pairwise(waits)]
    assert gaps
    assert min(gaps) >= 10
