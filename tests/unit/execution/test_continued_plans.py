"""An apply right after its plan: what it does not read again, and when it does."""

import pytest
from fake_bed import FakeBed

from portinfra import Role, Topology, apply, plan
from portinfra.testing.fake import plugin

SHOP = Topology("shop", roles=[Role("web", count=1)])
OTHER = Topology("shop", roles=[Role("web", count=2)])


@pytest.fixture
def bed(tmp_path, monkeypatch):
    monkeypatch.setenv("PORTINFRA_HOME", str(tmp_path))
    yield FakeBed("aws")
    plugin.cloud = None


def reads_before_the_first_write(bed, made):
    """Return how often an apply lists networks and leases before it creates anything but its lease."""
    found = []

    def note(action, given, answer):
        if not found or found[-1] != "write":
            is_write = not action.startswith(("List", "Describe")) and "Claim" not in action
            found.append("write" if is_write else action)

    bed.cloud.after_request = note
    apply(made, seed=0)
    bed.cloud.after_request = None
    assert found[-1] == "write"
    return found.count("ListNetworks"), found.count("ListClaims")


def test_it_reads_nothing_again(bed):
    assert reads_before_the_first_write(bed, plan(SHOP, bed.environment)) == (0, 0)


def test_once_lists_no_longer_show_the_moment_of_the_plan_it_reads_again(bed):
    made = plan(SHOP, bed.environment)
    bed.clock.sleep_until(bed.clock.now() + bed.shape.visibility_seconds)
    assert reads_before_the_first_write(bed, made) == (1, 1)


def test_after_another_run_it_reads_again(bed):
    """The number of the lease shows it, even if the read is recent."""
    made = plan(OTHER, bed.environment)
    made_by_another = plan(SHOP, bed.environment)
    apply(made_by_another, seed=0)
    reads, _ = reads_before_the_first_write(bed, made)
    assert reads == 1
