import pytest
from attrs import evolve
from toycloud import ToyProvider

from portinfra import Environment, Topology, errors
from portinfra.execution.connection import Connection
from portinfra.execution.options import RunOptions
from portinfra.execution.run import Run
from portinfra.lease import list_leases, release
from portinfra.model.address import Scope
from portinfra.model.lease import Lease
from portinfra.model.record import Record
from portinfra.records import holder as holders
from portinfra.testing.simulation import simulate

SCOPE = Scope("sample", "production")


def held_by(**attributes):
    return Lease(7, evolve(holders.this_run("other"), **attributes), renewals=3, acquire_time="2030-01-01")


def test_the_second_of_two_is_told_who_holds_it():
    provider = ToyProvider()
    with (
        Run(provider, SCOPE, "1"),
        pytest.raises(errors.LeaseHeldError, match=r"process \d+"),
        Run(provider, SCOPE, "1"),
    ):
        pass


def test_a_released_claim_is_the_record_of_who_applied_last():
    provider = ToyProvider()
    for _ in range(3):
        with Run(provider, SCOPE, "1.2"):
            pass
    newest = provider.leases[max(provider.leases)]
    assert (newest.number, newest.released, newest.version) == (3, True, "1.2")
    assert len(provider.leases) == 2


def failing(error, times=2):
    failures = iter(range(times))

    def fail(call):
        if call.action == "CreateRecord" and next(failures, None) is not None:
            raise error("for now")

    return fail


@pytest.mark.parametrize("error", [errors.RateLimited, errors.Unavailable, errors.OutcomeUnknown])
def test_a_fault_on_the_way_to_it_is_waited_out(error):
    provider = ToyProvider()
    provider.fail = failing(error)
    with Run(provider, SCOPE, "1"):
        assert list(provider.leases) == [1]


def test_a_claim_whose_answer_was_lost_is_ours_and_older_ones_are_tidied_all_the_same():
    provider = ToyProvider()
    for _ in range(2):
        with Run(provider, SCOPE, "1"):
            pass
    provider.lose = failing(errors.OutcomeUnknown, times=1)
    with Run(provider, SCOPE, "1"):
        assert list(provider.leases) == [2, 3]


def test_a_number_that_something_unseen_has_is_given_up_with_advice():
    provider = ToyProvider()
    provider.fail = failing(errors.AlreadyExists, times=1000)
    with (
        pytest.raises(errors.AlreadyExists, match="no list shows a lease with this number") as caught,
        Run(provider, SCOPE, "1"),
    ):
        pass
    assert caught.value.fix


def test_a_dead_holder_of_this_machine_is_taken_over_at_once():
    provider = ToyProvider()
    provider.leases[7] = held_by(process="999999999:1:x")
    before = provider.clock.now()
    with Run(provider, SCOPE, "1"):
        assert max(provider.leases) == 8
    assert provider.clock.now() == before


def test_a_dead_holder_elsewhere_is_taken_over_after_a_minute_without_a_heartbeat():
    provider = ToyProvider()
    provider.leases[7] = held_by(machine="elsewhere")
    before = provider.clock.now()
    with Run(provider, SCOPE, "1"):
        pass
    assert provider.clock.now() - before == 60


def test_a_holder_elsewhere_whose_heart_beats_keeps_it():
    provider = ToyProvider()
    provider.leases[7] = held_by(machine="elsewhere")
    sleep_until = provider.clock.sleep_until

    def beating(moment):
        sleep_until(moment)
        provider.leases[7] = evolve(provider.leases[7], renewals=provider.leases[7].renewals + 1)

    provider.clock.sleep_until = beating
    with pytest.raises(errors.LeaseHeldError), Run(provider, SCOPE, "1"):
        pass


def test_a_clock_that_is_set_ahead_meanwhile_takes_no_lease_of_a_living_run():
    provider = ToyProvider()
    provider.leases[7] = held_by(machine="elsewhere")
    clock, passed, ahead = provider.clock, [0.0], [0.0]
    began = clock.now()

    def sleep_until(moment):
        passed[0] += max(0.0, moment - clock.now()) if ahead[0] else 1.0
        ahead[0] = 86400.0  # a second after the run begins to wait
        provider.leases[7] = evolve(provider.leases[7], renewals=3 + int(passed[0] // 15))

    clock.now = lambda: began + passed[0] + ahead[0]
    clock.sleep_until = sleep_until
    with pytest.raises(errors.LeaseHeldError), Run(provider, SCOPE, "1"):
        pass


def test_losing_the_race_for_a_number_is_losing():
    provider = ToyProvider()
    take = provider.answers["CreateRecord"]

    def somebody_else_first(call):
        provider.answers["CreateRecord"] = take
        provider.leases[1] = evolve(held_by(), number=1)
        return take(call)

    provider.answers["CreateRecord"] = somebody_else_first
    with pytest.raises(errors.LeaseHeldError), Run(provider, SCOPE, "1"):
        pass


def test_an_answer_lost_while_taking_is_looked_up():
    provider = ToyProvider()
    take = provider.answers["CreateRecord"]

    def lost(call):
        take(call)
        raise errors.OutcomeUnknown("no answer")

    provider.answers["CreateRecord"] = lost
    with Run(provider, SCOPE, "1"):
        assert list(provider.leases) == [1]


def test_a_crash_leaves_the_claim_to_whoever_comes_next():
    class Crash(BaseException):
        pass

    provider = ToyProvider()
    with pytest.raises(Crash), Run(provider, SCOPE, "1"):
        raise Crash
    assert not provider.leases[1].released
    with Run(provider, SCOPE, "1"):
        pass


def test_the_epoch_is_handed_on():
    provider = ToyProvider()
    provider.leases[7] = evolve(held_by(), released=True, epoch=4)
    with Run(provider, SCOPE, "1"):
        assert provider.leases[8].epoch == 4


def listed_late(provider, seconds):
    """The list of records is as old as that."""
    table = [(provider.clock.now(), dict(provider.leases.texts))]
    take, drop = provider.answers["CreateRecord"], provider.answers["DeleteRecord"]

    def note(change):
        def noted(call):
            answer = change(call)
            table.append((provider.clock.now(), dict(provider.leases.texts)))
            return answer

        return noted

    def listed(call):
        shown = [state for moment, state in table if moment <= provider.clock.now() - seconds]
        there = (shown or [table[0][1]])[-1]
        return {"records": [Record(number, text) for number, text in there.items()]}

    provider.answers.update(CreateRecord=note(take), DeleteRecord=note(drop), ListRecords=listed)
    provider.capabilities = evolve(provider.capabilities, visibility_seconds=seconds)


def test_a_list_that_still_shows_what_was_destroyed_gives_no_second_number():
    provider = ToyProvider()
    provider.leases[2] = evolve(held_by(process="999999999:1:x"), number=2)
    listed_late(provider, 5)
    provider.answers["DeleteRecord"](
        provider.records.delete(SCOPE, 2)
    )  # by a destroy that ended a moment ago
    with Run(provider, SCOPE, "1"):
        assert list(provider.leases) == [1]


def test_lists_are_not_trusted_after_a_run_on_a_machine_whose_clock_goes_otherwise():
    provider = ToyProvider()
    provider.capabilities = evolve(provider.capabilities, visibility_seconds=5.0)
    now = provider.clock.now()
    behind = evolve(held_by(machine="elsewhere"), released=True, renew_time=now - 60)
    provider.leases[7] = behind
    with Run(provider, SCOPE, "1"):
        assert provider.clock.now() == now + 5
    provider.leases.clear()
    provider.leases[7] = evolve(behind, renew_time=provider.clock.now() - 3600)
    now = provider.clock.now()
    with Run(provider, SCOPE, "1"):
        assert provider.clock.now() == now


def test_a_holder_elsewhere_is_given_the_time_in_which_its_heartbeat_is_seen():
    provider = ToyProvider()
    provider.capabilities = evolve(provider.capabilities, visibility_seconds=40.0)
    provider.leases[7] = held_by(machine="elsewhere")
    before = provider.clock.now()
    with Run(provider, SCOPE, "1"):
        assert provider.clock.now() - before == 60 + 40 + 40


def test_a_run_that_a_person_released_may_have_changed_something_until_then():
    """Its last renewal may be older than its last change, which the next run waits for."""
    shop, production = Topology("shop", []), Environment("production", on="fake:us-east-1")
    with simulate() as cloud:
        with Connection.to(production) as here:
            run = here.start_run(Scope("shop", "production"), RunOptions(seed=0))
            run.__enter__()
            run.__exit__(BaseException, None, None)  # dead, and its lease still exists
        cloud.clock.sleep_until(cloud.clock.now() + 14)
        released_at = cloud.clock.now()
        assert release(shop, production)
        (lease,) = list_leases(shop, production)
    assert lease.released
    assert lease.renew_time >= released_at
