"""Whether a takeover would succeed: one judge for plan, status and the takeover itself, before any write."""

from datetime import datetime

import pytest
from attrs import evolve
from clocks import DAY, clock_off
from turning import HOW, LOST, dies_at, lost, passed_later, powers, refused, silent, writes_to
from worlds import ONE, PRODUCTION, RECOVERY, recovery, rows, there, write

from portinfra import dr
from portinfra.errors import PolicyError, Unavailable
from portinfra.execution.connection import Connection
from portinfra.model.finding import Severity
from portinfra.model.recovery import DrillSettings, Wave
from portinfra.recovery.drills.drill import drill
from portinfra.recovery.replication.replicate import replicate
from portinfra.recovery.takeover.steps import Step
from portinfra.recovery.takeover.takeover import failback, failover
from portinfra.recovery.watch.forecast import make_forecast
from portinfra.recovery.watch.readiness import NEVER_OVERRULED
from portinfra.testing.call_wrapper import wrap_calls

INSISTING = evolve(HOW, insist=True)
ZONES = ["us-east-1a", "us-east-1b", "us-east-1c"]
GATE = Wave(["web"], gates="./no-such-gate", limit="10s")


def of(**more):
    return recovery(**{"rto": "9h", "rpo": "99h", **more})


def unready():
    """A plan whose second wave has a gate that is not on this machine."""
    return of(waves=[["db"], GATE])


def rules_of(found):
    return {each.rule: each.severity for each in found}


# Refused, unless an operator insists.


def test_an_error_refuses_a_takeover_and_nothing_is_changed(ready):
    before = there(ready), there(ready, PRODUCTION)
    with pytest.raises(PolicyError, match="nothing was changed"):
        failover(unready(), HOW)
    assert (there(ready), there(ready, PRODUCTION)) == before


def test_an_operator_who_insists_goes_on_and_evidence_lists_what_was_overruled(ready):
    evidence = failover(unready(), INSISTING)
    assert [each.partition(":")[0] for each in evidence.overruled] == ["recovery/hook-unready"]
    assert powers(ready, PRODUCTION) == {"stopped"}
    assert evidence.result == "failed", "the gate cannot be asked"


def test_a_takeover_without_errors_overrules_nothing(ready):
    assert failover(of(), INSISTING).overruled == ()


@pytest.mark.parametrize("options", [INSISTING, evolve(LOST, insist=True)], ids=["insisting", "and lost"])
def test_nobody_can_insist_on_missing_data(cloud, options):
    assert "recovery/no-point" in NEVER_OVERRULED
    assert refused(failover, of(), options) == ["recovery/no-point"]


def test_a_lost_source_makes_all_but_missing_data_a_warning(ready):
    assert rules_of(make_forecast(unready(), LOST).findings)["recovery/hook-unready"] is Severity.WARNING


# The end that is left.


def test_a_silent_zone_of_the_source_refuses_a_takeover_before_the_first_write(ready):
    written = []

    def watch(provider, call):
        written.append(call.action) if not call.reads else None
        return provider.perform(call)

    with silent(ready, "us-east-1a"), wrap_calls("fake", watch):
        assert refused(failover, of(), HOW) == ["recovery/silent-zone"]
    assert written == []


@pytest.mark.parametrize(
    ("zones", "does", "insist"),
    [(["us-east-1a"], "us-east-1a of production does", True), (ZONES, "us-east-1c of production do", False)],
    ids=["one", "all"],
)
def test_silent_zones_of_the_source_name_the_takeover_that_does_without_it(ready, zones, does, insist):
    with silent(ready, *zones):
        (found,) = [e for e in make_forecast(of(), HOW).findings if e.rule == "recovery/silent-zone"]
    assert f"{does} not answer" in found.message
    assert "`portinfra dr failover shop --lost production`" in found.fix
    assert ("--insist" in found.fix) is insist, "where nothing answers, there is no rest to stop"


def test_an_operator_who_insists_stops_the_rest_of_the_source(ready):
    with silent(ready, "us-east-1a"):
        evidence = failover(of(), INSISTING)
    assert (evidence.source_fenced, len(evidence.overruled)) == (False, 1)
    assert "us-east-1a of production does not answer" in evidence.overruled[0]
    assert powers(ready, RECOVERY) == {"running"}
    found = dr.status(of())
    assert found.source_may_run, "status says that the source may run"
    assert dr.fence(of()) == 3
    assert powers(ready, PRODUCTION) == {"stopped"}


def test_evidence_says_that_a_silent_zone_ran_on_and_how_old_the_data_is(ready):
    passed_later(ready, 3600)
    with silent(ready, "us-east-1a"):
        first = failover(
            of(waves=[Wave(["db"], gates=lambda inventory: False, limit="1h"), ["web"]]), INSISTING
        )
        passed_later(ready, 7200)
        evidence = failover(of(), INSISTING)
    taken = datetime.fromisoformat(evidence.points[0].taken)
    ended = datetime.fromisoformat(evidence.ended)
    assert first.both_ran.ended is None
    assert (evidence.both_ran.began, evidence.both_ran.ended) == (first.both_ran.began, None)
    assert evidence.rpo_measured == pytest.approx((ended - taken).total_seconds(), abs=60)
    dr.fence(of())
    stopped = ready.clock.now()
    back = failback(of(), HOW).both_ran
    assert back.began == first.both_ran.began
    assert datetime.fromisoformat(back.ended).timestamp() == pytest.approx(stopped, abs=60)


@pytest.mark.parametrize("action", ["ListImages", "WriteClaim", "ListInstances"])
def test_insisting_overrules_no_silence_of_the_source_itself(ready, action):
    fencing, before = [], there(ready)

    def hand(provider, call):
        if fencing and provider.account == PRODUCTION.account and call.action == action:
            raise Unavailable("no route to host")
        return provider.perform(call)

    with wrap_calls("fake", hand), pytest.raises(Unavailable):
        failover(of(), INSISTING, say=lambda line: fencing.extend([line] * line.startswith("fencing")))
    assert there(ready) == before, "the target is not active"


def test_another_run_that_changes_an_end_is_named(ready):
    with Connection.to(PRODUCTION) as source, source.start_run(of().source_scope, ONE):
        found = make_forecast(of()).findings
    (finding,) = [each for each in found if each.rule == "recovery/lease-held"]
    assert "changes production now" in finding.message


@pytest.mark.parametrize("ahead", [-DAY, DAY], ids=["behind", "ahead"])
def test_a_run_on_a_machine_whose_clock_is_wrong_is_named_while_it_lives_and_no_longer(ready, ahead):
    def named():
        return [each.rule for each in make_forecast(of()).findings if each.rule == "recovery/lease-held"]

    with Connection.to(PRODUCTION) as source:
        run = source.start_run(of().source_scope, ONE)
        with clock_off(ahead, tells_time=True):
            run.__enter__()
        assert named() == ["recovery/lease-held"]
        passed_later(ready, 3600)
        assert named() == [], "it has renewed nothing for an hour"
        run.__exit__(None, None, None)


# The plan.


def test_a_drill_is_late_after_the_time_that_the_plan_allows(ready):
    about = of(drill=DrillSettings(every="7d"))
    assert dr.status(about).exit_code == 1, "there was none yet"
    assert drill(about, run_options=ONE).result == "passed"
    assert dr.status(about).exit_code == 0
    passed_later(ready, 8 * 86_400)
    replicate(about, now=True, run_options=ONE)
    found = dr.status(about)
    assert (found.level, found.exit_code) == ("late", 1)
    assert "recovery/drill-late" in rules_of(found.readiness)
    assert "recovery/drill-late" not in rules_of(dr.status(of()).readiness)


# Status, for monitors.


def test_status_is_2_for_an_error_of_readiness_and_names_it(ready):
    found = dr.status(unready())
    assert (found.level, found.exit_code) == ("lost", 2)
    assert rules_of(found.readiness)["recovery/hook-unready"] is Severity.ERROR


def test_status_is_3_where_the_source_does_not_answer_and_names_it(ready):
    with lost(PRODUCTION, untouched=False):
        found = dr.status(of())
    assert (found.exit_code, found.silent, found.readiness) == (3, ("production",), None)


def test_status_is_2_where_data_is_lost_whatever_else_is_wrong(cloud):
    with lost(PRODUCTION, untouched=False):
        assert dr.status(of()).exit_code == 2


def test_status_judges_no_takeover_while_one_is_under_way(ready):
    dies_at(writes_to(PRODUCTION), lambda: failover(of(), HOW))
    assert dr.status(of()).readiness is None


def test_status_and_the_takeover_agree(ready):
    """What status finds no error in is not refused, and what it does is."""
    with silent(ready, "eu-west-1a"):
        errors = [each.rule for each in dr.status(of()).readiness if each.severity is Severity.ERROR]
        assert refused(failover, of(), HOW) == errors
    assert [each for each in dr.status(of()).readiness if each.severity is Severity.ERROR] == []
    assert failover(of(), HOW).result == "passed"


def test_status_with_readiness_needs_45_calls_at_most(ready):
    calls = []

    def count(provider, call):
        calls.append(call.action)
        return provider.perform(call)

    write(ready, PRODUCTION, "more")
    with wrap_calls("fake", count):
        assert dr.status(of(probes=[rows()])).readiness is not None
    assert len(calls) <= 45, calls


# What is fetched before the source is stopped.


def test_evidence_separates_preparation_from_downtime(ready):
    evidence = failover(of(), HOW)
    assert evidence.prepare_seconds >= 0
    assert 0 < evidence.downtime_seconds <= evidence.rto_measured
    assert evidence.prepare_seconds + evidence.downtime_seconds <= (evidence.rto_measured + 0.01)


@pytest.mark.parametrize("dies", [Step.FENCE, Step.RECORD_FENCE], ids=lambda step: step.name)
def test_downtime_begins_when_the_source_stops_also_after_an_interruption(ready, dies):
    def at(step):
        if step is dies:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        failover(of(), evolve(HOW, at=at))
    passed_later(ready, 7200)
    evidence = failover(of(), HOW)
    stopped_before = dies is Step.RECORD_FENCE
    assert (evidence.downtime_seconds > 7200) is stopped_before
    assert (evidence.prepare_seconds > 7200) is not stopped_before


def test_a_lost_source_has_no_downtime_that_the_takeover_could_measure(ready):
    with lost(PRODUCTION):
        evidence = failover(of(), LOST)
    assert evidence.downtime_seconds is None
    assert evidence.prepare_seconds is not None


@pytest.mark.parametrize("is_foreign", [False, True])
def test_copies_under_a_key_that_nothing_names_refuse_a_takeover_unless_an_operator_insists(
    cloud, is_foreign
):
    def copy(provider, call):
        if call.action == "CopySnapshot" and is_foreign:
            call = evolve(call, parameters={**call.parameters, "key": "alias/other"})
        return provider.perform(call)

    with wrap_calls("fake", copy):
        replicate(of(), now=True, run_options=ONE)
    rules = rules_of(make_forecast(of(), INSISTING).findings)
    assert ("recovery/wrong-key" in rules) is is_foreign
    evidence = failover(of(), INSISTING)
    keys = [each for each in evidence.overruled if each.startswith("recovery/wrong-key")]
    assert (evidence.result, bool(keys)) == ("passed", is_foreign)
