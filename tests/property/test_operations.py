"""Whatever operators do, in whatever order, through whatever weather: the cloud's own books are right."""

import os
import tempfile

import pytest
from attrs import evolve
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from portinfra import Environment, PlanOptions, apply, destroy, plan
from portinfra.errors import ApplyError, OutcomeUnknown, PolicyError, StalePlanError
from portinfra.testing import strategies
from portinfra.testing.call_wrapper import wrap_calls
from portinfra.testing.fake import SHAPES, FakeCloud, plugin
from portinfra.testing.faults import MISHAPS, Crash, Faults, Weather, inject_faults

ACCOUNT, REGION = "111122223333", "us-east-1"
PRODUCTION = Environment("production", on=f"fake:{REGION}", account=ACCOUNT, cidr="10.10.0.0/16")
LOSE_DATA = PlanOptions(allow_data_loss=frozenset({"all"}))
STORM = Faults(throttled=0.2, unavailable=0.05, answer_lost=0.05)

TAMPERING = {
    "DeleteInstance": "instance",
    "StopInstance": "instance",
    "DeletePublicAddress": "public-address",
}
"""What a person might do in the console, and to what."""


class Operations(RuleBasedStateMachine):
    """One environment, and all that befalls it."""

    @initialize(history=strategies.histories(max_edits=1), shape=st.sampled_from(sorted(SHAPES)))
    def begin(self, history, shape):
        self.home = tempfile.TemporaryDirectory()
        os.environ["PORTINFRA_HOME"] = self.home.name
        self.cloud = plugin.cloud = FakeCloud(shape=evolve(SHAPES[shape], rates={}))
        self.topology = history[-1]
        self.seed = 0
        self.unfinished = False

    @rule(data=st.data())
    def edit(self, data):
        edited = data.draw(strategies.edits(self.topology))
        if edited.roles:
            self.topology = edited

    @rule()
    def apply_without_losing_data(self):
        volumes = self.ids("volume")
        self.bring(PlanOptions())
        assert volumes <= self.ids("volume")

    @rule()
    def apply_whatever_is_lost(self):
        self.bring(LOSE_DATA)

    @rule(seed=st.integers(0, 2**16))
    def apply_in_a_storm(self, seed):
        with inject_faults("fake", evolve(STORM, seed=seed)):
            self.bring(LOSE_DATA)

    @rule(at=st.integers(1, 60), mishap=st.sampled_from(MISHAPS))
    def crash(self, at, mishap):
        with wrap_calls("fake", Weather(Faults(at=at, mishap=mishap)).perform):
            try:
                apply(plan(self.topology, PRODUCTION, LOSE_DATA), seed=self.next_seed())
            except (Crash, ApplyError, OutcomeUnknown, StalePlanError):
                self.unfinished = True

    @rule(data=st.data(), action=st.sampled_from(sorted(TAMPERING)))
    def tamper(self, data, action):
        there = sorted(self.ids(TAMPERING[action]))
        if there:
            parameters = {"id": data.draw(st.sampled_from(there))}
            self.cloud.request(ACCOUNT, REGION, action, parameters)
            self.time_passes()  # till lists show it: nobody tells of what others do

    @rule()
    def time_passes(self):
        self.cloud.clock.sleep_until(self.cloud.clock.now() + 60)

    @precondition(lambda self: not self.unfinished)
    @rule()
    def destroy_all(self):
        self.remove()

    def teardown(self):
        if hasattr(self, "cloud"):
            self.bring(LOSE_DATA)
            self.remove()
            plugin.cloud = None
            self.home.cleanup()

    def bring(self, options):
        try:
            apply(plan(self.topology, PRODUCTION, options), seed=self.next_seed())
        except StalePlanError:  # a run died a moment ago, and its claim was not in the list yet
            apply(plan(self.topology, PRODUCTION, options), seed=self.next_seed())
        except PolicyError as error:
            if {each.rule for each in error.findings} == {"plan/unknown-former-name"}:
                roles = [evolve(role, renamed_from=None) for role in self.topology.roles]
                self.topology = evolve(self.topology, roles=roles)
                self.bring(options)
                return
            if options is LOSE_DATA or {each.rule for each in error.findings} != {"plan/cannot-rename"}:
                raise
            return
        self.unfinished = False
        again = plan(self.topology, PRODUCTION, options)
        assert again.empty, again.summary()
        owners = [(record["kind"], record["name"]) for record in self.there()]
        assert len(owners) == len(set(owners)), "something is there twice"

    def remove(self):
        apply(destroy(self.topology, PRODUCTION, LOSE_DATA), seed=self.next_seed())
        assert self.there() == []
        assert self.cloud.ground_truth() == []

    def there(self):
        self.cloud.clock.sleep_until(self.cloud.clock.now() + 4 * 3600)
        return [record for record in self.cloud.ground_truth() if record["kind"] != "claim"]

    def ids(self, kind):
        return {record["id"] for record in self.there() if record["kind"] == kind}

    def next_seed(self):
        self.seed += 1
        return self.seed


@pytest.mark.usefixtures("own_home")
class TestOperations(Operations.TestCase):
    settings = settings(
        stateful_step_count=10,
        max_examples=max(1, settings.default.max_examples // 2),
        suppress_health_check=list(HealthCheck),
    )
