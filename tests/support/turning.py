"""Turns as the tests go through them: cut short, refused at a gate, with an end that does not answer."""

import json
from contextlib import contextmanager

import pytest
from attrs import evolve
from worlds import ONE, PRODUCTION, RECOVERY, recovery, written

from portinfra.errors import PolicyError, Unavailable
from portinfra.model.recovery import Wave
from portinfra.recovery.options import FailoverOptions
from portinfra.recovery.takeover.abandon import abandon
from portinfra.recovery.takeover.takeover import failback, failover
from portinfra.testing.call_wrapper import wrap_calls
from portinfra.testing.faults import Crash, Faults, inject_faults

HOW = FailoverOptions(run_options=ONE)
LOST = FailoverOptions(lost=True, run_options=ONE)
LATER = 2_000_000_000
"""An epoch after any that these tests come to."""


def before(step, act, options=HOW):
    """The options of a run, before a step of which something happens."""
    return evolve(options, at=lambda each: act() if each is step else None)


def passed_later(cloud, seconds):
    cloud.clock.sleep_until(cloud.clock.now() + seconds)


def powers(cloud, environment, after=3600):
    passed_later(cloud, after)
    return {r["state"] for r in cloud.ground_truth(environment.account) if r["kind"] == "instance"}


def switch_by_hand(cloud, environment, action):
    """A person starts or stops every host of an account: `StartInstance`, `StopInstance`."""
    for each in cloud.ground_truth(environment.account):
        if each["kind"] == "instance":
            cloud.request(environment.account, environment.region, action, {"id": each["id"]})
    passed_later(cloud, 600)


def rules(error):
    return [finding.rule for finding in error.value.findings]


def refused(verb, about, options):
    """The rules by which a turn is refused."""
    with pytest.raises(PolicyError) as error:
        verb(about, options)
    return rules(error)


def said(text):
    """What `written` shows of every volume where that was written."""
    return {f"{text} of volume.db1-data", f"{text} of volume.db2-data"}


def unpassed(*occasions, **more):
    """A plan whose database never passes its gate on these occasions."""
    gate = Wave(["db"], gates=lambda inventory: inventory["occasion"] not in occasions, limit="10s")
    return recovery(waves=[gate, ["web"]], **more)


def stuck(occasion="failover", verb=failover, options=HOW):
    """A turn that has begun, and ended before its gate."""
    evidence = verb(unpassed(occasion), options)
    assert evidence.result == "failed"
    return evidence


def takes(scope):
    """A condition on a call: it takes the claim of a scope, or adds an entry to a ledger."""
    return lambda provider, call: call.action == "CreateClaim" and scope.hash in call.parameters["name"]


def declares(scope, **said):
    """A condition on a call: it lets the claim of a scope say this (`fenced=True`)."""

    def condition(provider, call):
        if call.action != "WriteClaim" or scope.hash not in call.parameters["name"]:
            return False
        claim = json.loads(call.parameters["value"])
        return {name: claim[name] for name in said} == said

    return condition


def writes_to(environment):
    """A condition on a call: it changes something in the account of an environment."""
    return lambda provider, call: provider.account == environment.account and not call.reads


def dies_at(at, verb):
    """The process dies before a call: `AttachVolume`, or the first that meets a condition."""
    with inject_faults("fake", Faults(at=at, mishap="dies before")), pytest.raises(Crash):
        verb()


def dies_after(line, about=None, options=HOW, verb=failover, at=lambda provider, call: True):
    """The process says a line that begins so, and dies before its next call, or the next of a kind."""
    said = []

    def late(provider, call):
        return any(each.startswith(line) for each in said) and at(provider, call)

    dies_at(late, lambda: verb(about or recovery(), options, say=said.append))


def dies_between(verb=failover):
    """It has stopped one end, and the other one does not know of it yet."""
    target = (recovery().reversed if verb is failback else recovery()).target_scope
    dies_after("fencing", verb=verb, at=takes(target))


def giving_up_dies_before_the_target_is_fenced():
    dies_at(declares(recovery().target_scope, fenced=True), lambda: abandon(recovery(), HOW))


def giving_up_dies_between():
    """The target is fenced, and the source is not let in again."""
    dies_at(takes(recovery().source_scope), lambda: abandon(recovery(), HOW))


@contextmanager
def silent(cloud, *zones):
    """Zones do not answer, and answer again afterwards."""
    for zone in zones:
        cloud.unreachable.add(zone)
    yield
    for zone in zones:
        cloud.unreachable.discard(zone)


@contextmanager
def silent_from(cloud, line, *zones):
    """Return what a run says its lines to. From the first that begins so, zones do not answer; they do again
    after the block.
    """

    def say(said):
        for zone in zones if said.startswith(line) else ():
            cloud.unreachable.add(zone)

    yield say
    for zone in zones:
        cloud.unreachable.discard(zone)


def lost(*environments, untouched=True):
    """No call to their accounts gets through; where they are to be `untouched`, none is made either."""
    accounts = [environment.account for environment in environments]

    def hand(provider, call):
        if provider.account in accounts:
            assert not untouched, "a call to what is lost"
            raise Unavailable("no route to host")
        return provider.perform(call)

    return wrap_calls("fake", hand)


def newer_data_is_kept(cloud):
    """Production is lost, recovery has a day of orders, and a failover keeps them."""
    with lost(PRODUCTION):
        assert failover(recovery(rto="99h", rpo="99h"), LOST).result == "passed"
    assert set(written(cloud, RECOVERY).values()) == said("a day of orders")
