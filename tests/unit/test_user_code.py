"""Code of the user that raises: the error names the function and the line, and nothing is lost.

Hooks, gates, actions, probes and `ready` are in `hooks/`, `dns` in `hooks/test_dns.py`.
"""

import sys

import pytest

from portinfra import Role, Topology, apply, check, plan, rule
from portinfra.errors import DeclarationError, UserCodeError
from portinfra.testing.simulation import SOMEWHERE, simulate

SHOP = Topology("shop", [Role("web", count=1)])


@pytest.fixture
def cloud():
    with simulate() as cloud:
        yield cloud


def fail(*given):
    raise LookupError("no such key")


def leave(*given):
    sys.exit("no such key")


class Findings:
    """A guard that fails when it is asked for findings."""

    def __init__(self, fail):
        self.fail = fail

    def peer_of(self, scope):
        return ""

    def findings(self, plan):
        return self.fail()


class Generated(Findings):
    """The same, as a generator."""

    def findings(self, plan):
        yield self.fail()


class Peer(Findings):
    """A guard that fails when it is asked for the other environment."""

    def peer_of(self, scope):
        return self.fail()

    def findings(self, plan):
        return ()


class Standby(Peer):
    """A guard that fails when portinfra calls it about a standby."""

    def peer_of(self, scope):
        return ""

    def as_standby(self, placed, lease):
        return self.fail()

    def begin_standby(self, plan):
        return None


class Begun(Standby):
    """The same, when the plan of the standby is carried out."""

    def as_standby(self, placed, lease):
        return placed

    def begin_standby(self, plan):
        return self.fail()


@pytest.mark.parametrize("function", [fail, leave])
@pytest.mark.parametrize("guard", [Findings, Generated, Peer, Standby, Begun])
def test_a_guard_that_raises_is_an_error_that_names_it_and_changes_nothing(cloud, guard, function):
    with pytest.raises(UserCodeError, match="no such key") as failed:
        apply(plan(SHOP, SOMEWHERE, guards=[guard(function)]), seed=0)
    assert f"the guard {guard.__name__} raised" in str(failed.value)
    assert "test_user_code.py, line" in str(failed.value)
    assert [record["kind"] for record in cloud.ground_truth() if record["kind"] != "claim"] == []


@pytest.mark.parametrize("function", [fail, leave])
def test_a_rule_that_raises_is_an_error_that_names_it_and_its_line(function):
    named = rule("acme/keys", "error", "Add the key.")(function)
    with pytest.raises(DeclarationError, match=r"the rule acme/keys fails: .*no such key") as failed:
        check(SHOP, SOMEWHERE, rules=[named])
    assert failed.value.location.file == __file__
    assert "test_user_code.py, line" in str(failed.value)


@pytest.mark.parametrize("function", [fail, leave])
def test_a_listener_that_raises_is_a_warning_that_names_it_and_the_apply_goes_on(cloud, function):
    called = []

    def listen(progress):
        called.append(progress)
        function()

    with pytest.warns(RuntimeWarning, match=r"the listener listen .*test_user_code.py:\d+.*no such key"):
        outcome = apply(plan(SHOP, SOMEWHERE), listen=listen)
    assert outcome.succeeded
    assert len(called) == 1
