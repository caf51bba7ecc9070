"""Manual steps that a takeover waits for, and takeovers that a second person approves beforehand."""

from contextlib import contextmanager

import pytest
from attrs import evolve
from begun import begun
from clocks import HOUR, clock_off
from turning import HOW, LOST, dies_at, lost, passed_later, powers, refused
from worlds import FEW, ONE, PRODUCTION, RECOVERY, recovery, write

from portinfra import dr
from portinfra.declaration.load import load
from portinfra.errors import PermissionDenied, PolicyError, ValidationError
from portinfra.model.recovery import Action, RecoveryPlan
from portinfra.model.topology import Role, Topology, Volume
from portinfra.recovery.drills.drill import drill
from portinfra.recovery.drills.history import list_runs
from portinfra.recovery.replication.replicate import replicate
from portinfra.recovery.takeover.abandon import abandon
from portinfra.recovery.takeover.approve import APPROVAL_SECONDS, approve
from portinfra.recovery.takeover.takeover import failback, failover
from portinfra.recovery.watch.forecast import make_forecast
from portinfra.recovery.watch.status import status
from portinfra.testing.call_wrapper import wrap_calls
from portinfra.testing.simulation import apply_and_check

TINY = Topology("shop", [Role("db", count=1, volumes=[Volume("data", gib=10)], waive=FEW)], [])
STEP = Action("call the bank", manual=True, limit="1h")


def tiny(**more):
    return recovery(topology=TINY, **{"waves": [["db"]], "rto": "99h", "rpo": "99h", "probes": [], **more})


NEEDS = "recovery/needs-approval"
STEPPED = tiny(actions=[STEP])
APPROVED = tiny(approve=["failover", "failback"])


def tiny_has_a_point(cloud):
    """Bring one host up in production, with a point of its rows."""
    apply_and_check(TINY, PRODUCTION)
    write(cloud, PRODUCTION, "rows")
    assert replicate(tiny(), run_options=ONE).succeeded


@pytest.fixture
def world():
    with begun(tiny_has_a_point) as cloud:
        yield cloud


@contextmanager
def person(name, monkeypatch):
    """What is done inside is done by another person on the same machine: the simulator has no users."""
    with monkeypatch.context() as patch:
        patch.setenv("LOGNAME", name)
        yield


def approving(name, said):
    """A `say` that approves a step when the takeover says that it waits for it."""

    def say(line):
        said.append(line)
        if line.startswith("waiting for manual step"):
            approve(STEPPED, name)

    return say


# Manual steps.


@pytest.mark.parametrize("verb", [failover, failback])
def test_a_takeover_waits_for_a_manual_step_and_goes_on_when_it_is_approved(world, verb):
    if verb is failback:
        assert failover(tiny(), HOW).result == "passed"
    said = []
    evidence = verb(STEPPED, HOW, say=approving(STEP.name, said))
    assert evidence.result == "passed"
    (line,) = [line for line in said if line.startswith("waiting")]
    assert "dr approve 'call the bank' shop" in line
    assert [(each.name, each.passed) for each in evidence.actions] == [(STEP.name, True)]
    (approval,) = evidence.approvals
    assert approval.what == STEP.name
    assert "fake:" in approval.principal
    assert "@" in approval.by


def test_a_step_that_is_not_approved_in_time_ends_the_run_and_the_next_one_waits_again(world):
    evidence = failover(STEPPED, HOW)
    assert evidence.result == "failed"
    assert "was not approved within 1h" in evidence.reasons[0]
    assert status(STEPPED).turn.waits == STEP.name
    approve(STEPPED, STEP.name)
    evidence = failover(STEPPED, HOW)
    assert evidence.result == "passed"
    assert [each.what for each in evidence.approvals] == [STEP.name]
    assert status(STEPPED).turn is None


def test_a_run_that_is_killed_while_it_waits_is_continued(world):
    waits = []

    def listen(line):
        waits.extend([line] if line.startswith("waiting for") else [])

    dies_at(lambda provider, call: bool(waits), lambda: failover(STEPPED, HOW, say=listen))
    passed_later(world, 600)
    approve(STEPPED, STEP.name)
    assert failover(STEPPED, HOW).result == "passed"


def test_an_approval_of_a_step_is_of_one_takeover(world):
    failover(STEPPED, HOW)
    approve(STEPPED, STEP.name)
    abandon(STEPPED, HOW)
    assert failover(STEPPED, HOW).result == "failed", "the new takeover waits for its own"


def test_nothing_that_waits_for_nothing_is_approved(world):
    for what in (STEP.name, "failover", "call the bnak"):
        with pytest.raises(PolicyError) as error:
            approve(STEPPED, what)
        assert [finding.rule for finding in error.value.findings] == ["recovery/nothing-waits"]


def test_where_nobody_can_approve_a_step_it_does_not_pass(world):
    evidence = drill(tiny(actions=[evolve(STEP, on=["drill"])]), run_options=ONE)
    assert [each.passed for each in evidence.actions] == [False]


def test_a_drill_passes_a_manual_step_over(world):
    evidence = drill(STEPPED, run_options=ONE)
    assert evidence.rto_measured is not None
    assert evidence.actions == ()


# A second person.


@pytest.mark.parametrize("verb", [failover, failback])
def test_without_an_approval_nothing_is_stopped(world, verb):
    if verb is failback:
        assert failover(tiny(), HOW).result == "passed"
    active = RECOVERY if verb is failback else PRODUCTION
    assert refused(verb, APPROVED, HOW) == ["recovery/not-approved"]
    foreseen = make_forecast(APPROVED.reversed if verb is failback else APPROVED).findings
    assert "recovery/needs-approval" in [finding.rule for finding in foreseen]
    assert powers(world, active) == {"running"}
    assert status(APPROVED).turn is None


def test_a_second_person_approves_and_the_takeover_begins(world, monkeypatch):
    with person("grace", monkeypatch):
        approve(APPROVED, "failover")
    evidence = failover(APPROVED, HOW)
    assert evidence.result == "passed"
    (approval,) = evidence.approvals
    assert (approval.what, approval.principal[:6]) == ("failover", "grace@")
    assert refused(failback, APPROVED, HOW) == ["recovery/not-approved"]
    with person("grace", monkeypatch):
        approve(APPROVED, "failback")
    assert failback(APPROVED, HOW).result == "passed"


def test_the_person_who_approved_does_not_run_it(world, monkeypatch):
    approve(APPROVED, "failover")
    with pytest.raises(PolicyError) as error:
        failover(APPROVED, HOW)
    assert "approved it, and now runs it" in str(error.value.findings[0].message)
    with person("grace", monkeypatch):
        assert failover(APPROVED, HOW).result == "passed"


def test_evidence_exists_though_a_spent_approval_cannot_be_removed(world, monkeypatch):
    approve(APPROVED, "failover")  # spent: the person who runs it gave it
    with person("grace", monkeypatch):
        approve(APPROVED, "failover")
    refused_calls = []

    def hand(provider, call):
        if call.action == "DeleteClaim" and APPROVED.ledger.hash in str(call.parameters):
            refused_calls.append(call)
            raise PermissionDenied("DeleteClaim is not allowed")
        return provider.perform(call)

    with wrap_calls("fake", hand):
        evidence = failover(APPROVED, HOW)
    assert evidence.result == "passed"
    assert refused_calls
    assert [run.result for run in list_runs(APPROVED, [])] == ["passed"]


@pytest.mark.parametrize("skew", [2 * HOUR, -2 * HOUR])
def test_an_approval_has_the_time_of_the_provider(world, monkeypatch, skew):
    with person("grace", monkeypatch), clock_off(skew, tells_time=True):
        approve(APPROVED, "failover")
    assert failover(APPROVED, HOW).result == "passed"


def test_a_run_on_a_machine_with_a_wrong_clock_reads_approvals_by_the_time_of_the_provider(
    world, monkeypatch
):
    with person("grace", monkeypatch):
        approve(APPROVED, "failover")
    with clock_off(2 * HOUR, tells_time=True):
        assert failover(APPROVED, evolve(HOW, insist=True)).result == "passed"


def test_the_refusal_does_not_deny_an_approval_that_expired(world, monkeypatch):
    with person("grace", monkeypatch):
        approve(APPROVED, "failover")
    passed_later(world, APPROVAL_SECONDS)
    with pytest.raises(PolicyError, match="no approval is valid now"):
        failover(APPROVED, HOW)


def test_a_plan_does_not_ask_for_an_approval_that_another_person_gave(world, monkeypatch):
    approve(APPROVED, "failover")
    assert NEEDS in [each.rule for each in make_forecast(APPROVED).findings], "who runs it approved it"
    with person("grace", monkeypatch):
        approve(APPROVED, "failover")
    assert NEEDS not in [each.rule for each in make_forecast(APPROVED).findings]
    assert NEEDS not in [each.rule for each in dr.status(APPROVED).readiness]


def test_an_approval_expires(world, monkeypatch):
    with person("grace", monkeypatch):
        approve(APPROVED, "failover")
    passed_later(world, APPROVAL_SECONDS)
    assert refused(failover, APPROVED, HOW) == ["recovery/not-approved"]


def test_an_approval_is_of_one_takeover_which_needs_no_other_when_it_is_continued(world, monkeypatch):
    stopped = evolve(APPROVED, plan=evolve(APPROVED.plan, actions=[Action("no", run=lambda i: False)]))
    with person("grace", monkeypatch):
        approve(APPROVED, "failover")
    assert failover(stopped, HOW).result == "failed"
    assert failover(stopped, HOW).result == "failed", "continued without another approval"
    abandon(stopped, HOW)
    assert refused(failover, APPROVED, HOW) == ["recovery/not-approved"]


def test_a_takeover_from_a_lost_end_is_approved_too(world, monkeypatch):
    with lost(PRODUCTION):
        assert refused(failover, APPROVED, LOST) == ["recovery/not-approved"]
        with person("grace", monkeypatch):
            approve(APPROVED, "failover")
        assert failover(APPROVED, LOST).result == "passed"


def test_both_are_declared_in_hcl_as_in_python(tmp_path):
    (tmp_path / "shop.hcl").write_text(
        """
        recovery "shop" {
          source  = "production"
          target  = "recovery"
          rpo     = "4h"
          rto     = "1h"
          waves   = [["db"]]
          approve = ["failover"]
          action "call the bank" {
            manual = true
            limit  = "1h"
          }
        }
        """
    )
    (declared,) = load(tmp_path / "shop.hcl").recoveries
    given = {"rpo": "4h", "rto": "1h", "waves": [["db"]], "approve": "failover", "actions": STEP}
    assert declared == RecoveryPlan("shop", PRODUCTION, RECOVERY, **given)


@pytest.mark.parametrize(
    ("more", "rule"),
    [
        ({"approve": ["drill"]}, "recovery/approve"),
        ({"actions": [Action("x", "true", manual=True)]}, "recovery/manual-step"),
        ({"actions": [Action("x", manual=True, on=["drill"])]}, "recovery/manual-step"),
        ({"actions": [Action("x", manual=True, on=["refresh"])]}, "recovery/manual-step"),
        ({"actions": [Action("failover", manual=True)]}, "recovery/manual-step"),
        ({"actions": [Action("x", manual=True, limit="soon")]}, "recovery/duration"),
        ({"actions": [Action("x")]}, "recovery/no-command"),
    ],
)
def test_what_nobody_could_approve_is_refused(more, rule):
    given = {"rpo": "4h", "rto": "1h", "waves": [["db"]], **more}
    plan = RecoveryPlan("shop", PRODUCTION, RECOVERY, **given)
    with pytest.raises(ValidationError) as error:
        dr.recovery(TINY, plan, [PRODUCTION, RECOVERY])
    assert [finding.rule for finding in error.value.findings] == [rule]
