from contextlib import contextmanager

import pytest
from attrs import evolve
from examples import examples
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from portinfra import Environment, PlanOptions, Role, Topology, apply, destroy, plan
from portinfra.errors import PolicyError
from portinfra.model.resources import Volume
from portinfra.testing import strategies
from portinfra.testing.fake import SHAPES, FakeCloud, plugin

LOSE_DATA = PlanOptions(allow_data_loss=frozenset({"all"}))
CANARY = "canary-3f1c9d"

topologies = strategies.topologies().filter(lambda topology: topology.roles)
clouds = st.sampled_from(sorted(SHAPES)).map(lambda name: FakeCloud(shape=SHAPES[name]))
costly = settings(
    max_examples=examples(30),
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)


@pytest.fixture(autouse=True)
def journals(tmp_path, monkeypatch):
    monkeypatch.setenv("PORTINFRA_HOME", str(tmp_path))
    return tmp_path


@contextmanager
def on(cloud):
    plugin.cloud = cloud
    try:
        yield cloud
    finally:
        plugin.cloud = None


def there(cloud):
    """Kind and name of everything in the cloud's own books, what is on its way out left aside."""
    cloud.clock.sleep_until(cloud.clock.now() + 4 * 3600)
    return sorted(
        (record["kind"], record["name"]) for record in cloud.ground_truth() if record["kind"] != "claim"
    )


@costly
@given(topologies, strategies.environments(), clouds, st.integers(0, 9))
def test_what_is_applied_needs_nothing_more_and_is_all_there_is(topology, environment, cloud, seed):
    with on(cloud):
        first = plan(topology, environment)
        outcome = apply(first, seed=seed)
        assert outcome.succeeded
        assert plan(topology, environment).empty
        owned = [a for a in first.wanted if a.kind not in ("attachment", "firewall-rules")]
        names = sorted((a.kind, first.scope.native_name(a.name)) for a in owned)
        assert there(cloud) == names


@costly
@given(topologies, topologies, strategies.environments(), clouds)
def test_any_topology_becomes_any_other_when_data_may_be_lost(before, after, environment, cloud):
    with on(cloud):
        apply(plan(before, environment), seed=0)
        apply(plan(after, environment, LOSE_DATA), seed=0)
        assert plan(after, environment).changes == ()
        changed = there(cloud)
    with on(FakeCloud(shape=cloud.shape)) as fresh:
        apply(plan(after, environment), seed=0)
        assert changed == there(fresh)


@costly
@given(topologies, topologies, strategies.environments(), clouds)
def test_without_leave_every_volume_stays_and_is_listed(before, after, environment, cloud):
    with on(cloud):
        first = plan(before, environment)
        apply(first, seed=0)
        ids = {record["id"] for record in cloud.ground_truth() if record["kind"] == "volume"}
        change = plan(after, environment)
        apply(change, seed=0)
        assert ids <= {record["id"] for record in cloud.ground_truth()}
        again = plan(after, environment)
        assert again.empty
        assert {c.address for c in again.changes} == {c.address for c in change.kept}
        gone = {a for a, spec in first.wanted.items() if isinstance(spec, Volume)} - again.wanted.keys()
        assert gone <= {kept.address for kept in change.kept}


@costly
@given(topologies, strategies.environments(), clouds)
def test_destroying_leaves_nothing_not_even_the_claim(topology, environment, cloud):
    with on(cloud):
        apply(plan(topology, environment), seed=0)
        apply(destroy(topology, environment, LOSE_DATA), seed=0)
        assert there(cloud) == []
        assert [record for record in cloud.ground_truth() if record["kind"] == "claim"] == []


@costly
@given(topologies, strategies.environments(), clouds)
def test_what_is_protected_is_neither_destroyed_nor_half_destroyed(topology, environment, cloud):
    protected = Topology(
        topology.name,
        [evolve(role, deletion_protection=True, count=1) for role in topology.roles],
        topology.flows,
    )
    with on(cloud):
        if "name" in cloud.shape.owner.values():
            return  # where there is only a name, protection has nowhere to be kept
        apply(plan(protected, environment), seed=0)
        before = there(cloud)
        with pytest.raises(PolicyError, match="protected"):
            apply(destroy(protected, environment, LOSE_DATA), seed=0)
        assert there(cloud) == before


@costly
@given(topologies, strategies.environments())
def test_a_secret_appears_nowhere(topology, environment):
    secretive = Topology(
        topology.name, [evolve(role, user_data=f"#!{CANARY}") for role in topology.roles], topology.flows
    )
    with on(FakeCloud()):
        first = plan(secretive, environment)
        outcome = apply(first, seed=0)
        told = [first, outcome, plan(secretive, environment), destroy(secretive, environment)]
        assert not any(CANARY in repr(value) for value in told)


def test_nor_in_the_journals(journals):
    with on(FakeCloud()):
        topology = Topology("sample", [Role("web", user_data=f"#!{CANARY}")])
        environment = Environment("production", on="fake:us-east-1")
        apply(plan(topology, environment), seed=0)
    written = [path.read_text() for path in journals.rglob("*.jsonl")]
    assert written
    assert not any(CANARY in text for text in written)
