"""The estimate of a plan beside the time that its apply takes, on the simulator's clock.

The law holds for plans of settled resources, on a cloud that takes its usual times, refuses no call and whose
hosts are ready at the first check. A difference of two reads is always allowed, as a read comes every 2 s.
"""

import pytest
from attrs import evolve
from examples import examples
from hypothesis import given, settings
from hypothesis import strategies as st

from portinfra import Role, Topology, Volume, workflow
from portinfra.execution.estimate import estimate
from portinfra.execution.poll_schedule import POLL_SECONDS
from portinfra.model.finding import Severity
from portinfra.model.plan import PlanOptions
from portinfra.testing.fake import SHAPES
from portinfra.testing.simulation import SOMEWHERE, simulate

SHARE = 0.1
TIMED = sorted(set(SHAPES) - {"instant"})

roles = st.builds(
    Role,
    name=st.just("web"),
    count=st.integers(1, 12),
    max_unavailable=st.integers(1, 4),
    volumes=st.sampled_from([[], [Volume("data", gib=10)], [Volume("data", gib=10), Volume("log", gib=1)]]),
    public=st.sampled_from(["", "its users are everywhere"]),
    ready=st.sampled_from([(), ("true",)]),
)
topologies = st.builds(
    lambda web, others: Topology("shop", [web, *others]),
    roles,
    st.sampled_from(
        [
            (),
            (Role("db", count=3),),
            (Role("db", count=30, volumes=[Volume("data", gib=10)]), Role("queue")),
        ]
    ),
)


def assert_estimated(plan):
    """Apply a plan and compare the seconds."""
    expected = estimate(plan)
    took = workflow.apply(plan).seconds
    assert expected is not None
    assert abs(expected - took) <= max(SHARE * took, 2 * POLL_SECONDS), (expected, took)
    assert plan.budget.floor_seconds <= took


@pytest.mark.slow
@settings(max_examples=examples(12))
@given(topologies, st.sampled_from(TIMED), st.sampled_from([{"size": "large"}, {"image": "ubuntu-24.04"}]))
def test_it_is_within_a_tenth_of_the_time_of_the_apply(topology, shape, change):
    web, *others = topology.roles
    changed = evolve(topology, roles=[evolve(web, **change), *others])
    lose = PlanOptions(allow_data_loss="all")
    with simulate(shape):
        assert_estimated(workflow.plan(topology, SOMEWHERE))
        assert_estimated(workflow.plan(changed, SOMEWHERE))
        assert_estimated(workflow.destroy(changed, SOMEWHERE, lose))


@pytest.mark.parametrize("shape", TIMED)
def test_it_grows_with_the_batches_of_a_rolling_replacement(shape):
    def time_to_replace(max_unavailable):
        role = Role("web", count=12, max_unavailable=max_unavailable)
        with simulate(shape):
            workflow.apply(workflow.plan(Topology("shop", [role]), SOMEWHERE))
            changed = Topology("shop", [evolve(role, image="ubuntu-24.04")])
            return estimate(workflow.plan(changed, SOMEWHERE))

    assert time_to_replace(1) > 2.5 * time_to_replace(4)


def test_a_deletion_ends_when_lists_show_it_even_if_it_takes_no_time():
    """No early read proves that a resource is gone."""
    with simulate("aws"):
        topology = Topology("shop", [Role("web")])
        workflow.apply(workflow.plan(topology, SOMEWHERE))
        plan = workflow.destroy(topology, SOMEWHERE)
    slow_lists = evolve(plan.catalogue, usual_seconds={"another call": 1.0}, visibility_seconds=60.0)
    assert estimate(evolve(plan, catalogue=slow_lists)) >= 60.0


def test_it_is_none_where_the_provider_has_no_usual_times():
    with simulate("instant"):
        assert estimate(workflow.plan(Topology("shop", [Role("web")]), SOMEWHERE)) is None


def test_steps_that_an_earlier_apply_does_take_no_time():
    with simulate():
        plan = workflow.plan(Topology("shop", [Role("web"), Role("db")]), SOMEWHERE)
    whole, nothing = estimate(plan), estimate(plan, plan.steps)
    assert whole is not None
    assert whole > 30
    assert nothing == 0


def test_rates_that_an_environment_declares_pace_its_apply():
    """They are granted to the account, and may be lower than the published ones, too."""
    slow = evolve(SOMEWHERE, calls_per_minute={"launch": 30})
    with simulate():
        plan = workflow.plan(Topology("shop", [Role("web", count=12)]), slow)
        assert plan.catalogue.rates["launch"].per_second == 0.5
        assert plan.budget.floor_seconds == 20.0  # ten launches after a half full bucket of five
        assert_estimated(plan)
        assert not plan.findings


def test_a_rate_class_that_the_provider_does_not_have_is_a_warning():
    misspelled = evolve(SOMEWHERE, calls_per_minute={"lauch": 30})
    with simulate():
        (finding,) = workflow.plan(Topology("shop", [Role("web")]), misspelled).findings
    assert (finding.rule, finding.severity) == ("plan/unknown-rate", Severity.WARNING)
    assert "launch" in finding.fix
