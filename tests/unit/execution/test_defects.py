"""What should never happen, and does: a full disk, a driver that breaks, a thread that is ended."""

import errno

import pytest
from toycloud import TWO_ROLES, ListingDriver, ToyProvider, plan_for, run

from portinfra import errors
from portinfra.execution.journal import Journal
from portinfra.model.resources import Subnet, Volume
from portinfra.provider.interface import Call


@pytest.fixture(autouse=True)
def journals(tmp_path, monkeypatch):
    monkeypatch.setenv("PORTINFRA_HOME", str(tmp_path))


def failed(caught):
    return {step.step.address: step.error for step in caught.value.outcome.steps if step.fate == "failed"}


def test_a_full_disk_ends_the_journal_and_nothing_else(monkeypatch):
    def full(self, *arguments, **named):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("pathlib.Path.mkdir", full)
    provider, told = ToyProvider(), []
    assert run(provider, plan_for(provider, TWO_ROLES), listen=told.append).succeeded
    troubles = [progress.message for progress in told if "journal" in progress.message]
    assert len(troubles) == 1
    assert "No space left on device" in troubles[0]
    assert all(claim.released for claim in provider.leases.values())


def test_a_journal_that_cannot_be_closed_is_let_go():
    journal = Journal(plan_for(ToyProvider(), TWO_ROLES).scope, "a1")
    journal.write(0.0, "intent")

    class Full:
        def close(self):
            raise OSError(errno.ENOSPC, "No space left on device")

    journal._file.close()
    journal._file = Full()
    journal.close()


class Broken(ListingDriver):
    def __init__(self, kind, broken):
        super().__init__(kind)
        self.broken = broken

    def next_call(self, want, seen, refs):
        if self.broken == "next_call" and refs.attempt:
            raise KeyError("SubnetId")
        return super().next_call(want, seen, refs)

    def absorb(self, seen, call, answer):
        if self.broken == "absorb" and answer is not None:
            raise KeyError("SubnetId")
        return super().absorb(seen, call, answer)


@pytest.mark.parametrize("where", ["next_call", "absorb"])
def test_a_driver_that_breaks_fails_its_step_alone(where):
    provider = ToyProvider()
    provider.drivers = {**ToyProvider.drivers, Volume: Broken(Volume, where)}
    with pytest.raises(errors.ApplyError) as caught:
        run(provider, plan_for(provider, TWO_ROLES))
    assert set(failed(caught)) == {"volume.db1-data", "volume.db2-data"}
    (error, _) = failed(caught).values()
    assert "KeyError" in str(error)
    assert "report" in error.fix


class OwnList(ListingDriver):
    def survey(self, scope, only=()):
        return (Call("ListVolumes", {"kind": "volume"}),)


def test_a_list_that_fails_for_good_fails_whom_it_tells_of_and_nobody_else():
    provider = ToyProvider(pending_seconds=60)
    provider.drivers = {**ToyProvider.drivers, Volume: OwnList(Volume)}
    provider.answers["ListVolumes"] = provider.answers["List"]
    plan = plan_for(provider, TWO_ROLES)

    def mute(call):
        if call.action == "ListVolumes":
            raise errors.PermissionDenied("you may not list volumes")

    provider.mute = mute
    with pytest.raises(errors.ApplyError) as caught:
        run(provider, plan)
    assert set(failed(caught)) == {"volume.db1-data", "volume.db2-data"}
    blocked = {step.step.address.kind for step in caught.value.outcome.steps if step.fate == "blocked"}
    assert blocked == {"attachment"}


class Ended(BaseException):
    pass


@pytest.mark.parametrize("seed", [0, None])
def test_what_is_no_error_of_a_call_ends_the_run(seed):
    provider = ToyProvider()

    def fail(call):
        if call.address and call.address.kind == Subnet.kind:
            raise Ended

    provider.fail = fail
    with pytest.raises(Ended):
        run(provider, plan_for(provider, TWO_ROLES), seed=seed)
