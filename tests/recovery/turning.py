"""Turns as the tests go through them: cut short, refused at a gate, with an end that does not answer."""

from contextlib import contextmanager
from unittest import mock

import pytest
from worlds import ONE, PRODUCTION, RECOVERY, recovery, written

from portinfra.errors import PolicyError, Unavailable
from portinfra.model.recovery import Wave
from portinfra.recovery import abandon as giving_up
from portinfra.recovery import failover as failing
from portinfra.recovery.failover import failover
from portinfra.recovery.how import How
from portinfra.testing.wrapped import wrapped

HOW = How(pace=ONE)
LOST = How(source_is_lost=True, pace=ONE)
LATER = 2_000_000_000
"""An epoch after any that these tests come to."""


class Died(BaseException):
    """In place of SIGKILL."""


def passed_later(cloud, seconds):
    cloud.clock.sleep_until(cloud.clock.now() + seconds)


def powers(cloud, environment, after=3600):
    passed_later(cloud, after)
    return {r["state"] for r in cloud.books(environment.account) if r["kind"] == "instance"}


def rules(error):
    return [finding.rule for finding in error.value.findings]


def refused(verb, about, how):
    """The rules by which a turn is refused."""
    with pytest.raises(PolicyError) as error:
        verb(about, how)
    return rules(error)


def said(text):
    """What `written` shows of every volume where that was written."""
    return {f"{text} of volume.db1-data", f"{text} of volume.db2-data"}


def unpassed(*occasions, **more):
    """A plan whose database never passes its gate on these occasions."""
    gate = Wave(["db"], gates=lambda inventory: inventory["occasion"] not in occasions, limit="10s")
    return recovery(waves=[gate, ["web"]], **more)


def stuck(occasion="failover", verb=failover, how=HOW):
    """A turn that has begun, and ended before its gate."""
    evidence = verb(unpassed(occasion), how)
    assert evidence.result == "failed"
    return evidence


def dies_before(method, about=None, how=HOW, verb=failover):
    """A turn that ends where it would go on with a step."""
    with mock.patch.object(failing._Failover, method, side_effect=Died), pytest.raises(Died):
        verb(about or recovery(), how)


def dies_at(action, verb):
    """A process that ends where it would make its first call of a kind: `AttachVolume`."""

    def hand(provider, call):
        if call.action == action:
            raise Died
        return provider.perform(call)

    with wrapped("fake", hand), pytest.raises(Died):
        verb()


def giving_up_dies_between():
    """The target is fenced, and the source is not let in again."""
    real = giving_up.switched

    def target_only(run, at, *more):
        if at.environment.name == recovery().source.name:
            raise Died
        return real(run, at, *more)

    with mock.patch.object(giving_up, "switched", target_only), pytest.raises(Died):
        giving_up.abandon(recovery(), pace=ONE)


@contextmanager
def silent(cloud, *zones):
    """Zones do not answer, and answer again afterwards."""
    for zone in zones:
        cloud.unreachable.add(zone)
    yield
    for zone in zones:
        cloud.unreachable.discard(zone)


def lost(environment, *, untouched=True):
    """No call to an account gets through; where it is to be `untouched`, none is made either."""

    def hand(provider, call):
        if provider.account == environment.account:
            assert not untouched, "a call to what is lost"
            raise Unavailable("no route to host")
        return provider.perform(call)

    return wrapped("fake", hand)


def newer_data_is_kept(cloud):
    """Production is lost, recovery has a day of orders, and no failover takes older data unasked."""
    with lost(PRODUCTION):
        assert refused(failover, recovery(), LOST) == ["recovery/newer-data"]
    assert set(written(cloud, RECOVERY).values()) == said("a day of orders")
