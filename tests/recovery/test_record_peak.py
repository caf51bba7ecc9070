"""Law: a takeover adds no more records at its end than the check before it counts on."""

from contextlib import contextmanager

import pytest
from attrs import evolve
from turning import HOW, passed_later
from vaults import by, needs_tools
from worlds import FEW, ONE, PRODUCTION, RECOVERY, recovery

from portinfra import dr
from portinfra.model.recovery import Action, Probe
from portinfra.model.topology import Role, Topology, Volume
from portinfra.recovery.replication.replicate import replicate
from portinfra.recovery.takeover.abandon import abandon
from portinfra.recovery.takeover.approve import approve
from portinfra.recovery.takeover.takeover import failover
from portinfra.recovery.watch.record_quota import takeover_records
from portinfra.testing.call_wrapper import wrap_calls
from portinfra.testing.simulation import apply_and_check, simulate

pytestmark = pytest.mark.slow

STEP = Action("promote", manual=True, limit="1h")
ROLES = tuple(f"database-of-shop-{letter}" for letter in "abcdefgh")
EIGHT = Topology(
    "shop", [Role(name, count=1, waive=FEW, volumes=[Volume("data", gib=1)]) for name in ROLES], []
)


@contextmanager
def count_records(environment):
    """Yield a list of how many records calls to an account have added, after each call."""
    added = [0]

    def hand(provider, call):
        answer = provider.perform(call)
        if provider.account == environment.account and call.action in ("CreateClaim", "DeleteClaim"):
            added.append(added[-1] + (1 if call.action == "CreateClaim" else -1))
        return answer

    with wrap_calls("fake", hand):
        yield added


def leave_own_data(cloud, about):
    """Let a takeover end before its last action, and abandon it: the next one keeps the volumes."""
    broken = [Action("broken", run=lambda inventory: False)]
    stopped = evolve(about, plan=evolve(about.plan, actions=broken, approve=()))
    assert failover(stopped, HOW).result == "failed"
    abandon(stopped, HOW)
    passed_later(cloud, 3600)


def take_over(about, **options):
    """Fail over while another person approves the manual step."""

    def say(line):
        if line.startswith("waiting for manual step"):
            approve(about, STEP.name)

    return failover(about, evolve(HOW, planned=True, **options), say=say)


@needs_tools
def test_with_a_vault_a_prober_kept_snapshots_and_approvals(home, cloud, monkeypatch):
    inside = Probe("rows", "psql", reads="db", from_role="web")
    about = by("age", home, cloud, recovery(probes=[inside], actions=[STEP], approve=["failover"]))
    assert dr.replicate(about, run_options=ONE).succeeded
    leave_own_data(cloud, about)
    with count_records(RECOVERY) as added:
        with monkeypatch.context() as patch:
            patch.setenv("LOGNAME", "a second person")
            approve(about, "failover")
        evidence = take_over(about)
    assert (len(evidence.left_aside), len(evidence.approvals)) == (2, 2)
    assert takeover_records(about) / 2 < max(added) <= takeover_records(about)


def test_with_a_wave_for_each_of_many_groups():
    about = recovery(topology=EIGHT, waves=[[name] for name in ROLES], probes=[], actions=[STEP])
    with simulate() as cloud:
        apply_and_check(EIGHT, PRODUCTION)
        replicate(about, run_options=ONE)
        leave_own_data(cloud, about)
        with count_records(RECOVERY) as added:
            evidence = take_over(about, insist=True)
    assert len(evidence.left_aside) == len(ROLES)
    assert takeover_records(about) / 2 < max(added) <= takeover_records(about)
