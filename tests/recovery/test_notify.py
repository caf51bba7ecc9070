"""The `notify` hooks of a plan get an event when a run begins, ends or is refused; no call fails a run."""

import json
from asyncio import CancelledError
from threading import Event

import pytest
from turning import unpassed
from worlds import ONE, PRODUCTION, recovery

from portinfra import DataPolicy, dr
from portinfra.errors import PolicyError, PortinfraError, Unavailable
from portinfra.model.recovery import Action
from portinfra.recovery import notify as notifying
from portinfra.testing.call_wrapper import wrap_calls

HOW = dr.FailoverOptions(run_options=ONE)


@pytest.fixture
def events():
    return []


@pytest.fixture
def about(events):
    return recovery(notify=events.append)


def told(events):
    return [(each["verb"], each["event"], each["result"]) for each in events]


def test_a_drill_and_takeovers_tell_when_they_begin_and_how_they_end(ready, about, events):
    evidence = dr.drill(about, run_options=ONE)
    dr.failover(about, HOW)
    dr.failback(about, HOW)
    assert told(events) == [
        ("drill", "begun", ""),
        ("drill", "ended", "passed"),
        ("failover", "begun", ""),
        ("failover", "ended", "passed"),
        ("failback", "begun", ""),
        ("failback", "ended", "passed"),
    ]
    assert events[1]["id"] == evidence.id
    assert {(each["recovery"], each["source"], each["target"]) for each in events} == {
        ("shop", "production", "recovery")
    }


def test_a_takeover_is_named_as_the_command_that_leads_to_its_end(ready, about, events):
    for to in ("target", "source"):
        dr.takeover(about, to, HOW)
    assert [each["verb"] for each in events] == ["failover", "failover", "failback", "failback"]


def test_what_did_not_pass_comes_with_its_reasons(ready, events):
    evidence = dr.drill(unpassed("drill", notify=events.append), run_options=ONE)
    assert (events[-1]["result"], events[-1]["reasons"]) == ("failed", list(evidence.reasons))


def test_a_refusal_and_an_error_are_told(ready, about, events):
    dr.failover(about, HOW)
    events.clear()
    with pytest.raises(PolicyError):
        dr.failover(about, HOW)
    assert told(events) == [("failover", "begun", ""), ("failover", "refused", "")]
    assert events[-1]["reasons"]

    def unreachable(provider, call):
        raise Unavailable("no route to host")

    events.clear()
    with wrap_calls("fake", unreachable), pytest.raises(PortinfraError):
        dr.drill(about, run_options=ONE)
    assert told(events) == [("drill", "begun", ""), ("drill", "failed", "")]
    assert "no route to host" in events[-1]["reasons"][0]


def test_only_trouble_of_a_replication_is_told(cloud, events):
    assert dr.replicate(recovery(notify=events.append), now=True, run_options=ONE).succeeded
    assert events == []
    broken = recovery(notify=events.append, data=[DataPolicy("db", before="false")])
    assert not dr.replicate(broken, now=True, run_options=ONE).succeeded
    assert told(events) == [("replicate", "ended", "failed")]
    assert events[0]["reasons"][0].startswith("db: ")


def test_a_command_finds_the_event_in_a_file(ready, tmp_path):
    kept = tmp_path / "events"
    dr.drill(recovery(notify=f"cat $PORTINFRA_EVENT >> {kept}; echo >> {kept}"), run_options=ONE)
    documents = kept.read_text().replace("}\n{", "}\n\n{").split("\n\n")
    assert [json.loads(each)["event"] for each in documents] == ["begun", "ended"]


@pytest.mark.parametrize("hook", ["exit 7", "./nothing-of-the-kind"])
def test_a_command_that_fails_is_said_and_changes_nothing(ready, hook):
    lines = []
    assert dr.drill(recovery(notify=hook), run_options=ONE, say=lines.append).result == "passed"
    assert len([line for line in lines if line.startswith(f"notify {hook!r} failed: exit code")]) == 2


def test_a_function_that_raises_is_said_and_changes_nothing(ready):
    def broken(event):
        raise ValueError("no such channel")

    lines = []
    assert dr.drill(recovery(notify=broken), run_options=ONE, say=lines.append).result == "passed"
    assert any("notify 'broken' failed: ValueError: no such channel" in line for line in lines)


def test_a_function_that_raises_what_is_no_exception_hides_no_evidence(ready):
    def cancelled(event):
        raise CancelledError("the loop was closed")

    said = []
    assert dr.drill(recovery(notify=cancelled), run_options=ONE, say=said.append).result == "passed"
    assert sum("failed: CancelledError: the loop was closed" in line for line in said) == 2


def test_a_listener_that_raises_when_a_call_failed_hides_no_evidence(ready):
    def broken(line):
        if line.startswith("notify"):
            raise ValueError("no such terminal")

    with pytest.warns(RuntimeWarning, match="no such terminal"):
        assert dr.drill(recovery(notify="exit 7"), run_options=ONE, say=broken).result == "passed"


def test_ctrl_c_while_the_last_call_is_made_hides_no_evidence(ready):
    def interrupt(event):
        if event["event"] == "ended":
            raise KeyboardInterrupt

    assert dr.drill(recovery(notify=interrupt), run_options=ONE).result == "passed"


def test_a_call_that_does_not_end_is_left(ready, monkeypatch):
    monkeypatch.setattr(notifying, "LIMIT_SECONDS", 0.05)
    ends = Event()
    lines = []
    about = recovery(notify=lambda event: ends.wait(60))
    assert dr.drill(about, run_options=ONE, say=lines.append).result == "passed"
    ends.set()
    assert len([line for line in lines if "no answer after" in line]) == 2, lines


def test_what_a_function_prints_is_in_no_output(ready, capsys):
    dr.drill(recovery(notify=lambda event: print("asked")), run_options=ONE)
    assert capsys.readouterr() == ("", "")


def test_without_hooks_nothing_is_called(ready):
    assert recovery().plan.notify == ()
    assert dr.drill(recovery(source=PRODUCTION), run_options=ONE).result == "passed"


def test_a_takeover_that_waits_for_a_manual_step_tells_which_and_what_to_run(ready, events):
    step = Action("call the bank", manual=True, limit="1m", after="db")
    lines = []
    dr.failover(recovery(notify=events.append, actions=[step]), HOW, say=lines.append)
    assert [each["event"] for each in events] == ["begun", "waits", "ended"]
    (reason,) = events[1]["reasons"]
    assert "`portinfra dr approve 'call the bank' shop`" in reason
    assert reason in lines
    assert events[1]["id"] == events[2]["id"]
    assert (events[1]["verb"], events[1]["source"]) == ("failover", "production")


def test_a_way_back_that_waits_names_the_ends_as_the_plan_does(ready, events):
    step = Action("call the bank", manual=True, limit="1m", after="db", on=["failback"])
    about = recovery(notify=events.append, actions=[step])
    dr.failover(about, HOW)
    dr.failback(about, HOW)
    (waits,) = [each for each in events if each["event"] == "waits"]
    assert (waits["verb"], waits["source"], waits["target"]) == ("failback", "production", "recovery")


def test_a_takeover_that_lacks_an_approval_tells_who_has_to_run_what(ready, events):
    with pytest.raises(PolicyError):
        dr.failover(recovery(notify=events.append, approve=["failover"]), HOW)
    assert told(events) == [("failover", "begun", ""), ("failover", "refused", "")]
    assert "`portinfra dr approve failover shop`" in events[-1]["reasons"][0]
