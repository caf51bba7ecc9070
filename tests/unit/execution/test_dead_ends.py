"""One call finds out what no equal resource can escape: a quota, a permission, a key."""

import pytest
from attrs import evolve
from toy import topology
from toycloud import ToyProvider, plan_for, run

from portinfra import Role, Volume, errors
from portinfra.model.catalogue import Rate
from portinfra.model.observed import Fault

MANY = topology(Role("web", count=300))


@pytest.fixture(autouse=True)
def journals(tmp_path, monkeypatch):
    monkeypatch.setenv("PORTINFRA_HOME", str(tmp_path))


def refuse_hosts(provider, error, asked, but=()):
    def fail(call):
        if call.address.kind == "instance" and call.address not in but:
            asked.append(call.address)
            raise error("the account has no more")

    provider.fail = fail


def apply_badly(provider, declared, **options):
    with pytest.raises(errors.ApplyError) as caught:
        run(provider, plan_for(provider, declared, **options), seed=0)
    return [step for step in caught.value.outcome.steps if step.fate == "failed"]


@pytest.mark.parametrize("error", [errors.QuotaExceeded, errors.PermissionDenied])
def test_one_refusal_speaks_for_all_equal_hosts(error):
    provider, asked = ToyProvider(rates={"write": Rate(bucket=5, per_second=5)}), []
    refuse_hosts(provider, error, asked)
    failed = apply_badly(provider, MANY)
    assert len(failed) == 300
    assert len(asked) == 1
    assert {(type(step.error), step.error.args[0]) for step in failed} == {(error, "the account has no more")}
    assert all(step.error.address == step.step.address for step in failed)
    assert all(step.calls == 0 for step in failed if step.step.address not in asked)


def test_hosts_that_are_not_asked_for_take_nothing_of_the_rate():
    provider, asked = ToyProvider(rates={"write": Rate(bucket=1, per_second=1)}), []
    refuse_hosts(provider, errors.QuotaExceeded, asked)
    began = provider.clock.now()
    apply_badly(provider, MANY)
    assert provider.clock.now() - began < 60


@pytest.mark.parametrize(
    "other",
    [
        Role("db", count=1, size="medium"),
        Role("db", count=1, image="ubuntu-24.04"),
        Role("db", count=1, disk_gib=10),
    ],
)
def test_a_host_that_differs_in_what_decides_is_tried(other):
    provider, asked = ToyProvider(), []
    refuse_hosts(provider, errors.QuotaExceeded, asked)
    apply_badly(provider, topology(Role("web", count=20), other))
    assert "instance.db1" in asked


def test_tags_decide_whether_a_permission_refuses_and_no_quota_asks_for_them():
    tagged = topology(Role("web", count=20), Role("db", count=1, tags={"stage": "prod"}))
    for error, is_asked in ((errors.PermissionDenied, True), (errors.QuotaExceeded, False)):
        provider, asked = ToyProvider(), []
        refuse_hosts(provider, error, asked)
        apply_badly(provider, tagged)
        assert ("instance.db1" in asked) is is_asked


@pytest.mark.parametrize("error", [errors.NoCapacity, errors.InvalidRequest, errors.Conflict])
def test_what_another_may_escape_is_tried_for_each(error):
    provider, asked = ToyProvider(), []
    refuse_hosts(provider, error, asked)
    apply_badly(provider, topology(Role("web", count=20)))
    assert len(set(asked)) == 20


def test_what_dies_of_its_key_speaks_for_all_equal_hosts():
    provider = ToyProvider(pending_seconds=5, rates={"write": Rate(bucket=1, per_second=1)})

    def die(call):
        if call.address.kind == "instance":
            fault = Fault(errors.PermissionDenied, "its key is disabled", "Client.InternalError")
            provider.table[call.address] = evolve(provider.table[call.address], fault=fault)

    provider.lose = die
    failed = apply_badly(provider, MANY)
    assert len(failed) == 300
    assert sum(step.calls for step in failed) <= 20
    assert {step.error.args[0] for step in failed} == {
        "the call was accepted and then failed: its key is disabled (Client.InternalError)"
    }


def test_a_deletion_that_is_denied_speaks_for_none():
    provider, asked = ToyProvider(), []
    run(provider, plan_for(provider, topology(Role("web", count=20))))
    refuse_hosts(provider, errors.PermissionDenied, asked)
    apply_badly(provider, topology(Role("web", count=20)), destroy=True)
    assert len(set(asked)) == 20


@pytest.mark.parametrize("error", [errors.QuotaExceeded, errors.PermissionDenied])
def test_a_refused_change_of_an_existing_volume_speaks_for_none(error):
    """A quota may count the changes of one volume, and a policy may depend on the tags of one volume."""
    provider, asked = ToyProvider(), []
    small, large = (topology(Role("db", count=5, volumes=[Volume("data", gib=gib)])) for gib in (1, 2))
    run(provider, plan_for(provider, small))

    def fail(call):
        if call.address.kind == "volume":
            asked.append(call.address)
            raise error("four times a day")

    provider.fail = fail
    apply_badly(provider, large)
    assert len(set(asked)) == 5


def test_what_was_removed_may_have_made_room():
    """Hosts whose subnets are new are asked for after the removal."""
    provider = ToyProvider(pending_seconds=5)
    run(provider, plan_for(provider, topology(Role("old", count=1), Role("web", count=1, slot=1))))

    busy = iter([True])

    def fail(call):
        if call.action == "Delete" and call.address == "instance.old1" and next(busy, False):
            raise errors.Unavailable("busy")
        if call.action == "Create" and call.address.kind == "instance" and "instance.old1" in provider.table:
            raise errors.QuotaExceeded("one more is one too many")

    provider.fail = fail
    failed = apply_badly(provider, topology(Role("web", count=2, slot=1), Role("db", count=2, slot=2)))
    assert [step.step.address for step in failed] == ["instance.web2"]
