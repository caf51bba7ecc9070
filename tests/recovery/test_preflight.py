"""No takeover stops a source for nothing: what `dr plan` finds as errors refuses it before any write."""

import pytest
from attrs import evolve
from turning import HOW, LOST, dies_at, lost, passed_later, powers, rules, said, stuck, writes_to
from worlds import ONE, PRODUCTION, RECOVERY, TWO, WAVES, recovery, write, written

from portinfra import workflow
from portinfra.commands.exits import Exit, exit_code
from portinfra.errors import FindingsError
from portinfra.model.finding import Severity
from portinfra.model.recovery import Action, DataPolicy, Probe, Wave
from portinfra.recovery.replication.replicate import replicate
from portinfra.recovery.takeover.abandon import abandon
from portinfra.recovery.takeover.takeover import failback, failover
from portinfra.recovery.watch.forecast import make_forecast

PLANNED = evolve(HOW, planned=True)
BACK = PLANNED
GATED = [["db"], Wave(["web"], gates="./no-such-gate", limit="10s")]
NO_IMAGE = {"debian-12": "debian-99"}


def of_target(**more):
    """The plan, where recovery takes over."""
    return recovery(**{"target": RECOVERY, "rto": "9h", "rpo": "99h", **more})


def of_source(**more):
    """The plan, where production takes over again."""
    return recovery(**{"source": PRODUCTION, "rto": "9h", "rpo": "99h", **more})


def others_use_up_the_networks(cloud, environment):
    """Both accounts may have one network, and others have one in this account."""
    cloud.set_quota("network", 1)
    _, _, region = environment.on.partition(":")
    given = {"name": "others", "cidr": "10.9.0.0/16", "tags": {}}
    cloud.request(environment.account, region, "CreateNetwork", given)


# Each returns the plan with which nothing can be taken over.


def no_image(cloud):
    return of_target(target=evolve(RECOVERY, images=NO_IMAGE))


def full_quota(cloud):
    others_use_up_the_networks(cloud, RECOVERY)
    return of_target()


def no_gate(cloud):
    return of_target(waves=GATED)


def no_action(cloud):
    return of_target(actions=[Action("promote", "./no-such-action", on="failover")])


def not_applied(cloud):
    return of_target(topology=TWO, waves=WAVES)


def silent_zone(cloud):
    cloud.unreachable.add("eu-west-1a")
    return of_target()


TARGET_CAUSES = {
    no_image: ("catalogue/unknown-image", "debian-99", "Nearest: debian-12"),
    full_quota: ("plan/quota", "may have 1 of kind network", "Ask the provider"),
    no_gate: ("recovery/hook-unready", "no-such-gate is not here", "in the folder where hooks are"),
    no_action: ("recovery/hook-unready", "no-such-action is not here", "in the folder where hooks are"),
    silent_zone: ("plan/unknown-zone", "eu-west-1a does not answer", "Wait until it answers"),
}
"""What is wrong → the rule that refuses, and what its message and its fix contain."""

CAUSES = [(cause, options, *told) for options in (HOW, PLANNED) for cause, told in TARGET_CAUSES.items()] + [
    (not_applied, HOW, "recovery/no-point", "no point of files", "dr replicate shop --now"),
    (not_applied, LOST, "recovery/no-point", "no point of files", "wait for the other environment"),
    (
        not_applied,
        PLANNED,
        "recovery/no-last-point",
        "run `portinfra apply production` first",
        "run the same command again",
    ),
]
NAMES = [
    f"{cause.__name__}-{'lost' if options.lost else 'planned' if options.planned else 'plain'}"
    for cause, options, *_ in CAUSES
]


def code_of(rule):
    """What is asked for and does not exist is no refusal, for `plan` either."""
    return Exit.FAILED if rule.startswith("catalogue/") else Exit.REFUSED


@pytest.mark.parametrize(("cause", "options", "rule", "message", "fix"), CAUSES, ids=NAMES)
def test_what_the_plan_finds_refuses_a_failover_before_the_first_write(
    ready, cause, options, rule, message, fix
):
    about = cause(ready)
    passed_later(ready, 3600)
    before = ready.ground_truth()
    errors = [each for each in make_forecast(about, options).findings if each.severity is Severity.ERROR]
    with pytest.raises(FindingsError) as refused:
        failover(about, options)
    assert list(refused.value.findings) == errors
    (finding,) = errors
    assert (finding.rule, exit_code(refused.value)) == (rule, code_of(rule))
    assert message in finding.message
    assert fix in finding.fix
    assert ready.ground_truth() == before
    assert powers(ready, PRODUCTION) == {"running"}


@pytest.mark.parametrize("cause", TARGET_CAUSES)
def test_with_the_source_lost_only_missing_data_refuses(ready, cause):
    about = cause(ready)
    findings = {each.rule: each.severity for each in make_forecast(about, LOST).findings}
    assert findings[TARGET_CAUSES[cause][0]] is Severity.WARNING
    assert failover(about, LOST).result == "failed"


def test_with_the_source_lost_the_waves_before_the_fault_come_up(ready):
    about = recovery(waves=[["db"], Wave(["web"], gates=["./no-such-gate"], limit="10s")])
    assert [wave.passed for wave in failover(about, LOST).waves] == [True, False]
    assert powers(ready, RECOVERY) == {"running"}


# The way back.


def back_no_image(cloud):
    return of_source(source=evolve(PRODUCTION, images=NO_IMAGE))


def back_no_gate(cloud):
    return of_source(waves=GATED)


def back_no_hook(cloud):
    return of_source(data=[DataPolicy("db", after="./no-such-thaw")])


def back_not_applied(cloud):
    return of_source(topology=TWO, waves=WAVES)


@pytest.mark.parametrize(
    ("cause", "told"),
    [
        (back_no_image, "debian-99"),
        (back_no_gate, "no-such-gate is not here"),
        (back_no_hook, "no-such-thaw is not here"),
        (back_not_applied, "run `portinfra apply recovery` first"),
    ],
)
def test_what_is_known_refuses_a_way_back_before_anything_is_frozen_or_stopped(ready, cause, told):
    failover(recovery(), HOW)
    frozen = []
    about = cause(ready)
    policies = about.plan.data or [DataPolicy("db")]
    freezing = [evolve(each, before=lambda inventory: frozen.append(inventory)) for each in policies]
    about = evolve(about, plan=evolve(about.plan, data=freezing))
    passed_later(ready, 3600)
    before = ready.ground_truth()
    findings = make_forecast(about.reversed, BACK).findings
    errors = [each for each in findings if each.severity is Severity.ERROR]
    with pytest.raises(FindingsError) as refused:
        failback(about, HOW)
    assert list(refused.value.findings) == errors
    assert told in str(refused.value)
    assert exit_code(refused.value) == code_of(refused.value.findings[0].rule)
    assert ready.ground_truth() == before
    assert frozen == []
    assert powers(ready, RECOVERY) == {"running"}


# What refuses nothing.


def test_data_that_is_too_old_is_better_than_none(ready):
    passed_later(ready, 3600)
    about = recovery(rpo="10m")
    assert "recovery/too-old" in [each.rule for each in make_forecast(about).findings]
    evidence = failover(about, HOW)
    assert all(wave.passed for wave in evidence.waves)
    assert powers(ready, RECOVERY) == {"running"}


def test_a_lost_source_is_not_asked_and_what_only_it_lacks_refuses_nothing(ready):
    passed_later(ready, 3600)
    with lost(PRODUCTION):
        evidence = failover(recovery(rpo="10m", data=[DataPolicy("db", before="./no-such-freeze")]), LOST)
    assert all(wave.passed for wave in evidence.waves)


def test_a_last_point_stands_in_for_points_that_were_never_made(cloud):
    assert "recovery/no-point" in [each.rule for each in make_forecast(recovery()).findings]
    assert failover(recovery(), PLANNED).result == "passed"
    assert set(written(cloud, RECOVERY).values()) == said("ledger")


def test_a_probe_that_cannot_be_called_is_a_warning_as_it_stops_nothing(ready):
    about = recovery(probes=[Probe("page", "./no-such-probe")])
    (finding,) = [each for each in make_forecast(about).findings if each.rule == "recovery/hook-unready"]
    assert finding.severity is Severity.WARNING
    assert failover(about, HOW).rto_measured is not None


# One that is under way.


@pytest.mark.parametrize("options", [HOW, LOST], ids=["stopped", "lost"])
@pytest.mark.parametrize("cause", [no_image, no_gate, silent_zone])
def test_one_that_has_stopped_the_source_goes_on_as_far_as_it_can(ready, cause, options):
    stuck(options=options)
    evidence = failover(cause(ready), options)
    assert evidence.result == "failed"
    assert evidence.waves
    ready.unreachable.discard("eu-west-1a")
    assert failover(of_target(), options).result == "passed"


def test_what_comes_up_before_the_wave_that_fails_is_not_held_back(ready):
    stuck()
    evidence = failover(no_gate(ready), HOW)
    assert [wave.passed for wave in evidence.waves] == [True, False]


def test_a_way_back_that_has_stopped_the_target_goes_on(ready):
    failover(recovery(), HOW)
    write(ready, RECOVERY, "since")
    stuck("failback", failback)
    assert failback(back_no_gate(ready), HOW).result == "failed"
    assert failback(of_source(), HOW).result == "passed"
    assert set(written(ready, PRODUCTION).values()) == said("since")


@pytest.fixture
def begun(ready):
    """A failover has begun, and its process has died before it reached production."""
    dies_at(writes_to(PRODUCTION), lambda: failover(recovery(), HOW))
    passed_later(ready, 3600)
    return ready


@pytest.mark.parametrize("cause", [no_image, full_quota, no_gate, not_applied, silent_zone])
def test_one_that_has_stopped_nothing_yet_is_refused_as_a_new_one_is(begun, cause):
    about = cause(begun)
    before = begun.ground_truth()
    with pytest.raises(FindingsError) as refused:
        failover(about, HOW)
    assert "dr abandon shop" in refused.value.fix
    assert begun.ground_truth() == before
    assert powers(begun, PRODUCTION) == {"running"}


def test_it_is_finished_or_given_up_then(begun):
    with pytest.raises(FindingsError) as refused:
        failover(no_image(begun), HOW)
    assert rules(refused) == ["catalogue/unknown-image"]
    assert failover(of_target(), HOW).result == "passed"


def test_what_has_no_point_is_given_one_once_it_was_given_up(begun):
    about = not_applied(begun)
    with pytest.raises(FindingsError) as refused:
        failover(about, HOW)
    assert "`portinfra dr abandon shop`. Then make one" in refused.value.findings[0].fix
    abandon(about, HOW)
    passed_later(begun, 60)  # lists show the claim of before, for a while
    workflow.apply(workflow.plan(TWO, PRODUCTION, guards=[about]), seed=0)
    assert replicate(about, run_options=ONE).succeeded
    assert failover(about, HOW).result == "passed"
