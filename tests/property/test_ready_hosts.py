"""A rolling change waits until each host is ready: never are more hosts not ready than the role allows."""

import pytest
from attrs import evolve
from hypothesis import given, settings
from hypothesis import strategies as st

from portinfra import Role, Topology, workflow
from portinfra.errors import ApplyError
from portinfra.testing.call_wrapper import wrap_calls
from portinfra.testing.faults import Crash
from portinfra.testing.simulation import SOMEWHERE, simulate


class Application:
    """What runs on the hosts of a role: it is ready some time after its host has started.

    It is told of each call, and dies at a question or after a call with a number.
    """

    def __init__(self, cloud, warm_up=30.0):
        self.cloud, self.warm_up = cloud, warm_up
        self.up_since, self.broken = {}, set()
        self.asked, self.calls, self.now = [], 0, 0.0
        self.dies_at_question = self.dies_after_call = None
        self.most_not_ready = 0

    def ready(self, inventory):
        """Ask the application on a host."""
        (host,) = inventory["hosts"]
        self.asked.append(host["name"])
        if len(self.asked) == self.dies_at_question:
            raise Crash
        self.note()
        return host["id"] in self.serving()

    def serving(self):
        return {
            host
            for host, since in self.up_since.items()
            if self.now - since >= self.warm_up and host not in self.broken
        }

    def note(self):
        running = {
            r["id"] for r in self.cloud.ground_truth() if r["kind"] == "instance" and r["state"] == "running"
        }
        self.now = self.clock.now()
        self.up_since = {host: self.up_since.get(host, self.now) for host in running}

    def hand(self, provider, call):
        self.clock = provider.clock
        answer = provider.perform(call)
        self.note()
        if self.most is not None:
            self.most_not_ready = max(self.most_not_ready, self.most - len(self.serving()))
        if call.address is not None and call.address.kind != "claim":
            self.calls += 1
            if self.calls == self.dies_after_call:
                raise Crash
        return answer

    def watch(self, most, *, question=None, call=None):
        """From now on, count how many of so many hosts are not ready."""
        self.most, self.asked, self.calls = most, [], 0
        self.dies_at_question, self.dies_after_call = question, call


@pytest.fixture
def application():
    with simulate() as cloud:
        yield from started(cloud)


def started(cloud, **warm_up):
    application = Application(cloud, **warm_up)
    application.watch(None)
    with wrap_calls("fake", application.hand):
        yield application


def web(application, **attributes):
    return Role("web", **{"count": 3, "ready": application.ready, **attributes})


def run(role):
    return workflow.apply(workflow.plan(Topology("shop", [role]), SOMEWHERE), seed=0)


CHANGES = [{"size": "large"}, {"image": "ubuntu-24.04"}, {"size": "large", "image": "ubuntu-24.04"}]
CRASHES = [
    *(("question", number) for number in (None, 1, 4, 5, 9)),
    *(("call", number) for number in (1, 2, 3, 5, 8, 13)),
]
"""At which question or after which call the process dies."""


@settings(max_examples=min(40, settings.default.max_examples))
@given(
    st.integers(3, 5),
    st.integers(1, 2),
    st.sampled_from([0.0, 20.0, 200.0]),
    st.sampled_from(CRASHES),
    st.sampled_from(CHANGES),
    st.sampled_from(CHANGES),
)
def test_never_are_more_hosts_not_ready_than_allowed(count, allowed, warm_up, crash, change, next_change):
    with simulate() as cloud:
        for application in started(cloud, warm_up=warm_up):
            role = web(application, count=count, max_unavailable=allowed)
            run(role)
            application.watch(count, **dict([crash]))
            try:
                run(evolve(role, **change))
            except Crash:
                application.watch(count)
                run(evolve(role, **next_change))
                assert set(application.asked) == {f"web{number}" for number in range(1, count + 1)}
            assert application.most_not_ready <= allowed
            assert len(application.serving()) == count


@pytest.mark.parametrize("change", CHANGES)
def test_after_a_death_the_host_that_was_changed_is_asked_before_the_next_goes(change):
    with simulate() as cloud:
        for application in started(cloud, warm_up=200.0):
            role = web(application)
            run(role)
            first_question_after_the_first_change = role.count + 1
            application.watch(3, question=first_question_after_the_first_change)
            with pytest.raises(Crash):
                run(evolve(role, **change))
            application.watch(3)
            run(evolve(role, **change))
            assert application.most_not_ready == 1


@pytest.mark.parametrize("allowed", [1, 2])
@pytest.mark.parametrize("change", CHANGES)
def test_a_host_that_is_never_ready_stops_the_change_after_the_first_batch(application, allowed, change):
    role = web(application, max_unavailable=allowed)
    run(role)
    application.warm_up = 1e9
    with pytest.raises(ApplyError) as error:
        run(evolve(role, ready=lambda inventory: False, **change))
    plan = workflow.plan(Topology("shop", [evolve(role, **change)]), SOMEWHERE)
    left = [each for each in plan.changes if each.address.kind == "instance"]
    assert 1 <= 3 - len(left) <= allowed
    assert "was not ready within 5m" in str(error.value)
    application.warm_up = 0.0
    assert run(evolve(role, **change)).succeeded


def test_a_host_that_is_not_ready_goes_first(application):
    role = web(application)
    run(role)
    (broken,) = (record["id"] for record in application.cloud.ground_truth() if "web3" in record["name"])
    application.broken.add(broken)
    deleted = []

    def hand(provider, call):
        if call.action == "DeleteInstance":
            deleted.append(call.address.name)
        return provider.perform(call)

    application.watch(3)
    application.most_not_ready = 0
    with wrap_calls("fake", hand):
        run(evolve(role, image="ubuntu-24.04"))
    assert deleted == ["web3", "web1", "web2"]
    assert application.most_not_ready == 1


def test_a_run_that_has_nothing_else_to_do_asks_again(application):
    application.watch(None, question=2)
    role = web(application)
    with pytest.raises(Crash):
        run(role)
    assert workflow.plan(Topology("shop", [role]), SOMEWHERE).empty
    application.watch(None)
    assert {step.step for step in run(role).steps} == {
        ("ready", f"instance.web{number}") for number in (1, 2, 3)
    }
    assert len(application.serving()) == 3
