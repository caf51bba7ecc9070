"""What runs leave that die is in the status, with the command that removes it; each refusal names it, too."""

import io
import json

import pytest
from attrs import evolve
from rich.console import Console
from sweeps import one_in_quick
from turning import HOW, dies_at, lost, silent, takes
from worlds import ONE, PRODUCTION, RECOVERY, SHOP, recovery, there

from portinfra import workflow
from portinfra.errors import PermissionDenied, PolicyError, Unavailable
from portinfra.model.finding import Severity
from portinfra.model.recovery import Probe
from portinfra.recovery.drills.drill import drill
from portinfra.recovery.drills.sweep import Swept, sweep
from portinfra.recovery.situation.facts import read_facts
from portinfra.recovery.takeover.abandon import abandon
from portinfra.recovery.takeover.refresh import refresh
from portinfra.recovery.takeover.steps import RefreshStep, Step
from portinfra.recovery.takeover.takeover import failback, failover
from portinfra.recovery.watch.forecast import make_forecast
from portinfra.recovery.watch.status import status
from portinfra.render.console.recovery import show_evidence, show_status, show_swept
from portinfra.render.recovery_documents import prometheus, status_document, swept_document
from portinfra.testing.call_wrapper import wrap_calls

ROWS = Probe("rows", "psql", reads="db", from_role="web")
ASKING = recovery(probes=[ROWS], rto="9h", rpo="99h")
STANDBY = recovery(probes=[ROWS], rto="9h", rpo="99h", standby="running")


def a_failover(cloud):
    dies_at("ReadConsole", lambda: failover(ASKING, HOW))
    return ASKING


def a_failback(cloud):
    assert failover(recovery(rto="9h", rpo="99h"), HOW).result == "passed"
    dies_at("ReadConsole", lambda: failback(ASKING, HOW))
    return ASKING


def a_refresh(cloud):
    workflow.apply(workflow.plan(SHOP, RECOVERY, guards=[STANDBY]), seed=0)
    dies_at("ReadConsole", lambda: refresh(STANDBY, HOW))
    return STANDBY


def a_drill(cloud):
    dies_at("ReadConsole", lambda: drill(ASKING, run_options=ONE))
    return ASKING


LEFT = {
    a_failover: [("probe host", "recovery")],
    a_failback: [("probe host", "production")],
    a_refresh: [("refresh", "recovery"), ("probe host", "recovery")],
    a_drill: [("drill", "recovery")],
}
"""What dies, and what the status names then."""


def hosts_of_probes(cloud):
    return [
        name
        for environment in (PRODUCTION, RECOVERY)
        for kind, name in there(cloud, environment)
        if kind == "instance" and "-prober-" in name
    ]


def printed(show, *values):

    out = io.StringIO()
    show(*values, Console(file=out, width=1000))
    return out.getvalue()


@pytest.mark.parametrize("what", one_in_quick(*LEFT), ids=lambda what: what.__name__)
def test_what_a_dead_run_left_is_in_the_status_with_the_command_that_removes_it(ready, what):
    about = what(ready)
    found = status(about)
    assert [(each.what, each.environment) for each in found.left_behind] == LEFT[what]
    document = status_document(found)
    assert [each["what"] for each in document["left_behind"]] == [name for name, _ in LEFT[what]]
    assert f'portinfra_recovery_left_behind{{recovery="shop"}} {len(LEFT[what])}' in prometheus(found)
    text = printed(show_status, found)
    for each in found.left_behind:
        verb = "refresh" if each.what == "refresh" else "sweep"
        assert each.command == f"portinfra dr {verb} shop"
        assert f"{each.message[1:]}. {each.fix}" in text

    sweep(about, run_options=ONE)
    assert {each.what for each in status(about).left_behind} <= {"refresh"}
    assert hosts_of_probes(ready) == []
    if status(about).turn:
        abandon(about, HOW)
        sweep(about, run_options=ONE)
    ends = read_facts(about).ends
    assert [run.id for facts in ends for run in facts.open_runs] == [], "no later status looks for its hosts"


def test_a_sweep_takes_no_lease_that_a_takeover_under_way_needs(ready):
    taken = []

    def hand(provider, call):
        taken.extend([call] if taking(provider, call) else [])
        return provider.perform(call)

    taking = takes(ASKING.target_scope)
    a_failover(ready)
    with wrap_calls("fake", hand):
        sweep(ASKING, run_options=ONE)
    assert taken == []


@pytest.mark.parametrize("what", ["failover", "refresh"])
def test_a_run_that_lives_while_a_sweep_closes_its_entry_is_known_when_it_dies_later(ready, what):
    about, verb = (ASKING, failover) if what == "failover" else (STANDBY, refresh)
    if what == "refresh":
        workflow.apply(workflow.plan(SHOP, RECOVERY, guards=[STANDBY]), seed=0)
    swept = []

    def sweep_once():
        if not swept:
            swept.append(sweep(about, run_options=ONE))
            is_open = bool(read_facts(about).facts("target").open_runs)
            assert is_open == (what == "failover"), "the takeover is not finished"

    at = {Step.FETCH: sweep_once, RefreshStep.FETCH: sweep_once}
    options = evolve(HOW, at=lambda step: at.get(step, lambda: None)())
    dies_at("ReadConsole", lambda: verb(about, options))
    assert "probe host" in [each.what for each in status(about).left_behind]


def test_a_status_without_dead_runs_names_nothing(ready):
    assert failover(ASKING, HOW).result == "passed"
    found = status(ASKING)
    assert (found.left_behind, found.left_unseen) == ((), ())
    assert "left" not in printed(show_status, found)


def test_a_refresh_that_was_cut_short_is_named_until_one_has_ended(ready):
    workflow.apply(workflow.plan(SHOP, RECOVERY, guards=[STANDBY]), seed=0)
    dies_at("StartInstance", lambda: refresh(STANDBY, HOW))
    (left,) = status(STANDBY).left_behind
    assert left.command == "portinfra dr refresh shop"
    assert refresh(STANDBY, HOW).result == "passed"
    assert status(STANDBY).left_behind == ()


def test_what_is_left_is_found_though_the_plan_has_no_probe_any_more(ready):
    a_failover(ready)
    later = recovery(rto="9h", rpo="99h")
    assert failover(later, HOW).result == "passed"
    assert [each.what for each in status(later).left_behind] == ["probe host"]
    assert [(each.what, each.fate) for each in sweep(later, run_options=ONE)] == [("probe host", "removed")]


def test_the_next_takeover_removes_the_host_before_it_makes_its_own(ready):
    about = a_failover(ready)
    evidence = failover(about, HOW)
    assert (evidence.result, [each.passed for each in evidence.probes]) == ("passed", [True])
    assert hosts_of_probes(ready) == []


def test_a_destroy_that_it_would_stop_is_refused_and_names_the_command(ready):
    about = a_failover(ready)
    abandon(about, HOW)
    plan = workflow.destroy(SHOP, RECOVERY, guards=[about])
    (finding,) = [each for each in plan.findings if each.rule == "recovery/left-behind"]
    assert finding.severity is Severity.ERROR
    assert "`portinfra dr sweep shop`" in finding.fix
    with pytest.raises(PolicyError):
        workflow.apply(plan, seed=0)
    sweep(about, run_options=ONE)
    assert workflow.apply(workflow.destroy(SHOP, RECOVERY, guards=[about]), seed=0).calls


def test_an_apply_is_warned_of_it(ready):
    about = a_failover(ready)
    abandon(about, HOW)
    plan = workflow.plan(SHOP, RECOVERY, guards=[about])
    (finding,) = [each for each in plan.findings if each.rule == "recovery/left-behind"]
    assert finding.severity is Severity.WARNING


def test_the_check_before_a_takeover_warns_of_it(ready):
    about = a_failover(ready)
    abandon(about, HOW)
    (finding,) = [each for each in make_forecast(about).findings if each.rule == "recovery/left-behind"]
    assert "`portinfra dr sweep shop`" in finding.fix


def test_a_sweep_leaves_the_host_of_a_living_takeover(ready):
    found = []

    def look(provider, call):
        if call.action == "ReadConsole" and not found:
            found.extend(sweep(ASKING, run_options=ONE))
        return provider.perform(call)

    with wrap_calls("fake", look):
        assert failover(ASKING, HOW).result == "passed"
    assert [(each.what, each.fate) for each in found] == [("probe host", "still running")]


@pytest.mark.parametrize("verb", [failover, refresh])
def test_a_host_that_cannot_be_removed_is_said_and_in_the_evidence_and_in_the_status(ready, verb):
    if verb is refresh:
        workflow.apply(workflow.plan(SHOP, RECOVERY, guards=[STANDBY]), seed=0)
    about = STANDBY if verb is refresh else ASKING
    lines, probers = [], []

    def refuse(provider, call):
        if call.action == "CreateInstance" and "-prober-" in call.parameters["name"]:
            probers.append(call)
        if call.action == "DeleteInstance" and probers:
            raise Unavailable("server error")
        return provider.perform(call)

    with wrap_calls("fake", refuse):
        evidence = verb(about, HOW, say=lines.append)
    assert (evidence.result, evidence.left_behind) == ("passed", 1)
    (line,) = [line for line in lines if line.startswith("hosts of probes are left in")]
    assert "server error" in line
    assert "`portinfra dr sweep shop`" in line
    assert "1 resource is left in the target. To remove what is left: `portinfra dr sweep shop`" in printed(
        show_evidence, evidence
    )
    assert [each.what for each in status(about).left_behind] == ["probe host"]
    assert [(each.what, each.resources) for each in sweep(about, run_options=ONE)] == [("probe host", 1)]
    assert status(about).left_behind == ()


def test_a_sweep_says_what_it_removed_and_which_end_it_could_not_look_at(ready):
    about = a_failover(ready)
    lines = []
    with lost(PRODUCTION, untouched=False):
        found = sweep(about, run_options=ONE, say=lines.append)
    text = printed(show_swept, found)
    assert "hosts of probes in recovery: removed (1 resource)" in text
    silence = "portinfra did not read production. When it answers, run `portinfra dr sweep` again."
    assert f"production does not answer: {silence}" in text
    assert "has left anything" not in text
    assert any(line.startswith("production does not answer") for line in lines)
    document = swept_document(about, found)
    assert (document["drills"], [each["what"] for each in document["others"]]) == (
        [],
        ["probe host", "environment"],
    )
    json.dumps(document)


ZONES = ("eu-west-1a", "eu-west-1b", "eu-west-1c")


@pytest.mark.parametrize(("what", "kind"), [(a_failover, "probe host"), (a_drill, "drill")])
@pytest.mark.parametrize("zones", [ZONES, ZONES[2:]], ids=["with hosts", "without hosts"])
def test_a_sweep_forgets_nothing_of_a_zone_that_does_not_answer(ready, what, kind, zones):
    about = what(ready)
    with silent(ready, *zones):
        swept = [*sweep(about, run_options=ONE), *sweep(about, run_options=ONE)]
        kept = [run.id for run in read_facts(about).facts("target").open_runs]
    mine = [each for each in swept if each.what == kind]
    assert "removed" not in [each.fate for each in mine]
    assert kept, "the ledger knows of it until a sweep has read every zone"
    if zones != ZONES:
        assert mine[-1].fate == "not looked at"
        assert (
            "a zone of recovery does not answer. When it answers, run `portinfra dr sweep` again."
            in printed(show_swept, mine)
        )
    sweep(about, run_options=ONE)
    assert status(about).left_behind == ()
    assert hosts_of_probes(ready) == []


def test_the_status_names_the_zone_in_which_hosts_of_probes_may_be(ready):
    about = a_failover(ready)
    with silent(ready, *ZONES):
        found = status(about)
    assert any("eu-west-1a" in sentence and "do not answer" in sentence for sentence in found.left_unseen)


def test_a_takeover_whose_zone_falls_silent_says_that_hosts_of_probes_may_be_left(ready):
    lines = []

    def lose_the_zones(provider, call):
        answer = provider.perform(call)
        if call.action == "ReadConsole":
            for zone in ZONES:
                ready.unreachable.add(zone)
        return answer

    with wrap_calls("fake", lose_the_zones):
        evidence = failover(ASKING, HOW, say=lines.append)
    assert evidence.left_behind
    assert any(line.startswith("hosts of probes") and "dr sweep" in line for line in lines)
    for zone in ZONES:
        ready.unreachable.discard(zone)
    sweep(ASKING, run_options=ONE)
    assert hosts_of_probes(ready) == []


def refuse_in(environment, *actions):
    """The provider refuses these calls to one account, for want of a permission."""

    def refuse(provider, call):
        if provider.account == environment.account and call.action in actions:
            raise PermissionDenied(f"{call.action} is not allowed")
        return provider.perform(call)

    return wrap_calls("fake", refuse)


def test_an_end_that_refuses_calls_fails_the_sweep_and_says_why(ready):
    with refuse_in(PRODUCTION, "ListClaims"):
        (swept,) = sweep(ASKING, run_options=ONE)
    assert (swept.what, swept.environment, swept.is_done) == ("environment", "production", False)
    text = printed(show_swept, [swept])
    assert text.startswith("portinfra cannot sweep production: ")
    assert "ListClaims in production: ListClaims is not allowed" in text


def test_a_sweep_that_an_error_ends_still_says_what_it_removed(ready):
    a_drill(ready)
    swept = []

    def refuse_after_the_drill(provider, call):
        if provider.account == RECOVERY.account:
            if swept:
                raise PermissionDenied(f"{call.action} is not allowed")
            if "swept" in str(call.parameters):  # the ledger has that the drill is removed
                swept.append(call)
        return provider.perform(call)

    with wrap_calls("fake", refuse_after_the_drill):
        drill_line, end_line, *_ = sweep(ASKING, run_options=ONE)
    assert (drill_line.what, drill_line.fate) == ("drill", "removed")
    assert (end_line.what, end_line.environment, end_line.is_done) == ("environment", "recovery", False)


def test_a_sweep_is_an_error_where_neither_end_answers(ready):
    with lost(RECOVERY, PRODUCTION, untouched=False), pytest.raises(Unavailable):
        sweep(ASKING, run_options=ONE)


@pytest.mark.parametrize("silent_end", [PRODUCTION, RECOVERY], ids=lambda end: end.name)
def test_a_sweep_removes_what_is_left_at_the_end_that_answers(ready, silent_end):
    if silent_end is PRODUCTION:
        a_failover(ready)
    else:
        a_failback(ready)
    assert hosts_of_probes(ready) != []
    with lost(silent_end, untouched=False):
        found = sweep(ASKING, run_options=ONE)
    fates = {(each.what, each.environment, each.fate) for each in found}
    other = PRODUCTION if silent_end is RECOVERY else RECOVERY
    assert fates == {("probe host", other.name, "removed"), ("environment", silent_end.name, "not looked at")}
    assert hosts_of_probes(ready) == []


def test_of_several_dead_runs_none_is_named_as_the_one_that_left_the_host(ready):
    a_failover(ready)
    a_failover(ready)
    (left,) = status(ASKING).left_behind
    assert left.id == ""
    assert "or a run left it behind" in left.message


@pytest.mark.parametrize("direction", ["sending", "receiving"])
def test_the_line_of_transfer_hosts_names_their_direction(direction):
    swept = Swept("", "", "removed", 3, "transfer hosts", "recovery", direction)
    assert f"{direction} transfer hosts in recovery: removed (3 resources)" in printed(show_swept, [swept])
