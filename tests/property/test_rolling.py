"""However often a rolling change is killed, no more hosts are down at once than the role allows."""

import itertools

import pytest
from attrs import evolve

from portinfra import Role, Topology, Volume, workflow
from portinfra.testing.call_wrapper import wrap_calls
from portinfra.testing.faults import Crash
from portinfra.testing.simulation import SOMEWHERE, simulate

WEB = Role("web", count=3, public="its users are everywhere", volumes=[Volume("log", gib=1)])
CHANGES = {"resized": evolve(WEB, size="large"), "replaced": evolve(WEB, image="ubuntu-24.04")}


def shop(role):
    return Topology("shop", [role])


def down(cloud):
    """How many of the role's hosts do not serve, by the cloud's own books."""
    records = cloud.ground_truth()
    running = {r["id"] for r in records if r["kind"] == "instance" and r["state"] == "running"}
    attached = {r["attachment"]["instance"] for r in records if r.get("attachment")}
    return WEB.count - len(running & attached)


class Watch:
    """Dies after the call with a number, and remembers the most hosts that were down before any other."""

    def __init__(self, cloud):
        self.cloud, self.calls, self.dies_after, self.worst = cloud, 0, None, 0

    def __call__(self, provider, call):
        answer = provider.perform(call)
        self.worst = max(self.worst, down(self.cloud))
        if call.address is not None and call.address.kind != "claim":
            self.calls += 1
            if self.calls == self.dies_after:
                raise Crash
        return answer


def run(topology):
    workflow.apply(workflow.plan(topology, SOMEWHERE), seed=0)


@pytest.mark.parametrize("change", CHANGES)
def test_after_a_death_at_any_call(change):
    for dies_after in itertools.count(1):
        with simulate() as cloud:
            run(shop(WEB))
            assert down(cloud) == 0
            watch = Watch(cloud)
            watch.dies_after = dies_after
            with wrap_calls("fake", watch):
                died = False
                try:
                    run(shop(CHANGES[change]))
                except Crash:
                    died = True
                    run(shop(CHANGES[change]))
            assert watch.worst <= 1, f"{watch.worst} hosts were down after a death at call {dies_after}"
            assert down(cloud) == 0
            if not died:
                break
    assert dies_after > 9
