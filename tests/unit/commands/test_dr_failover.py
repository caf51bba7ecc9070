"""`dr failover` and `dr failback`: what they ask, what they call, and what they say where they stop."""

import json
import re

import pytest
from clocks import clock_off
from sweeps import one_in_quick
from turning import silent

from portinfra import Action, Probe, Wave
from portinfra.execution.journal import home
from portinfra.testing.call_wrapper import wrap_calls
from portinfra.testing.fake import plugin

# What they ask.


def test_nothing_is_taken_over_unless_its_name_is_typed(run):
    run("dr", "replicate")
    result = run("dr", "failover")
    assert result.exit_code == 3, result.output
    assert "nothing was changed" in result.stderr
    for arguments in (("dr", "failback"), ("dr", "fence"), ("dr", "abandon")):
        result = run(*arguments)
        assert result.exit_code == 3, result.output
        assert "agree" not in result.stderr, "it is refused before anybody is asked"
    assert run("dr", "failover", "--planned", "--lost", "production").exit_code == 2
    assert run("dr", "failover", "--yes").exit_code == 0
    assert "Fenced: another environment is active in its place." in run("status", "production").stdout
    assert run("dr", "failover", "--yes").exit_code == 3
    result = run("dr", "failback")
    assert (result.exit_code, "nothing was changed" in result.stderr) == (3, True)


def test_a_refused_takeover_names_its_cause_once(run):
    refused = run("dr", "failover")
    assert refused.exit_code == 3
    assert refused.stderr.count("no point of db can be restored") == 1


def test_silent_zones_of_the_other_environment_refuse_each_verb_with_the_two_commands_to_run(run):
    run("dr", "replicate")
    assert run("dr", "failover", "--yes", "--lost", "production").exit_code == 0
    for zone in "abc":
        plugin.cloud.unreachable.add(f"{run.here.region}{zone}")
    for verb in ("failback", "replicate"):
        refused = run("dr", verb, *(("--yes",) if verb == "failback" else ()))
        steps = f"run `python shop.py dr fence shop`, and then `python shop.py dr {verb} shop`."
        assert refused.exit_code == 3, refused.stderr
        assert f"When production answers again, {steps}" in refused.stderr
    fenced = run("dr", "fence", "--yes")
    assert (fenced.exit_code, "Run the same command again when all zones answer" in fenced.stderr) == (
        1,
        True,
    )


def test_a_point_is_left_aside_by_its_id(run):
    run("dr", "replicate")
    known = json.loads(run("dr", "status", "--json").stdout)["points"]
    result = run("dr", "failover", "--yes", "--without-point", known[0]["id"])
    assert result.exit_code == 3
    assert "no point of db" in result.stderr


def test_a_point_that_nobody_knows_is_bad_usage(run):
    run("dr", "replicate")
    result = run("dr", "failover", "--yes", "--without-point", "nonsense")
    assert (result.exit_code, "there is no point nonsense" in result.stderr) == (2, True)


def test_a_point_that_is_none_is_misuse_whatever_is_under_way(run):
    run("dr", "replicate")
    never = run.unpassed()
    run("dr", "failover", "--yes", about=never)
    result = run("dr", "failover", "--yes", "--without-point", "nonsense")
    assert (result.exit_code, "no point nonsense" in result.stderr) == (2, True)


def test_a_failover_that_would_fail_names_the_cause_and_the_next_step_and_stops_nothing(run):
    run("dr", "replicate")
    about = run.plan(waves=[Wave(["db"], gates="./no-such-gate"), ["web"]])
    assert run("dr", "plan", about=about).exit_code == 3
    for arguments in (["--yes"], ["--yes", "--planned"], []):
        result = run("dr", "failover", *arguments, about=about)
        assert result.exit_code == 3, result.output
        assert "nothing was changed" in result.stderr
        assert "no-such-gate is not here" in result.stderr
        assert "Run the command in the folder where hooks are" in result.stderr
        assert "takes over." not in result.stderr, "it is refused before anybody is asked"
    assert "Fenced" not in run("status", "production").stdout


@pytest.mark.parametrize(
    ("has_clock", "stay"),
    [(True, "for 7d"), (False, "until a person deletes it")],
    ids=["cloud", "hypervisor"],
)
def test_the_way_back_says_before_it_asks_who_ends_the_snapshots_that_it_keeps(run, has_clock, stay):
    run("dr", "replicate")
    with clock_off(0, tells_time=has_clock):
        assert run("dr", "failover", "--yes").exit_code == 0
        asked = " ".join(run("dr", "failback").stderr.split())
    assert f"is in snapshots, each kept {stay}." in asked


# Where they stop.


def test_a_failover_that_did_not_pass_says_where_things_stand(run):
    run("dr", "replicate")
    unpassed = run.unpassed()
    told = run("dr", "failover", "--yes", about=unpassed).stderr
    assert "recovery has not taken over yet" in told
    assert "dr abandon shop" in told
    result = run("dr", "failover", "--yes", about=run.plan(probes=[Probe("page", "false")]))
    assert result.exit_code == 1
    assert "recovery has taken over and is active" in result.stderr
    again = run("dr", "failover", "--yes")
    assert (again.exit_code, "recovery is active already" in again.stderr) == (3, True)


def test_what_it_says_when_it_stops_is_what_the_runbook_quotes(run):
    about = run.unpassed(actions=[Action("tell", "false", after="web")])
    page = run("dr", "runbook", about=about).stdout
    quoted = re.findall("^- `(.+?)`", page.partition("It says why it stopped:")[2], re.MULTILINE)
    failing = run.plan(actions=about.actions)
    told = [run("dr", "failover", "--yes").stderr]
    run("dr", "replicate")
    told += [run("dr", "failover", "--yes", about=each).stdout for each in (about, failing, run.plan())]
    told += [run("dr", "failover", "--yes").stderr]
    found = [[quote for quote in quoted if quote in each] for each in told]
    assert found == [
        ["no point of db can be restored"],
        ["wave 1: gate 'false' was not passed within 5s"],
        ["action 'tell' failed"],
        [],
        ["recovery is active already"],
    ]


def test_an_interrupted_failover_does_not_say_that_nothing_was_changed(run):
    def interrupted(inventory):
        raise KeyboardInterrupt

    run("dr", "replicate")
    about = run.plan(waves=[Wave(["db"], gates=interrupted), ["web"]])
    result = run("dr", "failover", "--yes", about=about)
    assert result.exit_code == 130
    assert (
        "interrupted; what is done stays\n  Run it again: python shop.py dr failover --yes" in result.stderr
    )


def test_evidence_of_a_failover_that_is_gone_on_with_replaces_none(run):
    run("dr", "replicate")
    unpassed = run.unpassed()
    assert run("dr", "failover", "--yes", about=unpassed).exit_code == 1
    assert run("dr", "failover", "--yes").exit_code == 0
    results = [
        json.loads(file.read_text())["result"] for file in sorted(home().glob("evidence/failover-*.json"))
    ]
    assert sorted(results) == ["failed", "passed"]


def test_a_failover_that_cannot_be_finished_is_given_up(run):
    run("dr", "replicate")
    never = run.unpassed()
    assert run("dr", "failover", "--yes", about=never).exit_code == 1
    assert "dr abandon shop" in run("dr", "status").stdout
    assert "failover-under-way" in run("dr", "plan", "--json").stdout
    assert "dr abandon shop" in run("dr", "failback", "--yes").stderr
    assert run("dr", "failover", "--abandon", "--planned").exit_code == 2
    asked = run("dr", "abandon")
    assert (asked.exit_code, "stays on its volumes" in asked.stderr) == (3, True)
    given_up = json.loads(run("dr", "abandon", "--yes", "--json").stdout)
    assert given_up.pop("epoch") > 0
    assert given_up == {
        "schema": "portinfra.abandoned/1",
        "stands": "shop/production",
        "fenced": "shop/recovery",
        "stopped": 1,
        "running": 2,
        "left_aside": [],
        "had_newest_data": False,
    }
    assert run("plan", "production").stdout.count("Nothing to do") == 1


def test_an_abandonment_with_older_data_says_where_the_newer_data_stays(run):
    run("dr", "replicate")
    assert run("dr", "failover", "--yes").exit_code == 0
    assert run("dr", "failover", "--yes", "--lost", "production", about=run.unpassed()).exit_code == 1
    refused = run("dr", "abandon", "--yes")
    assert (refused.exit_code, "dr abandon shop --older-data" in refused.stderr) == (3, True)
    asked = run("dr", "abandon", "--older-data").stderr
    assert "recovery may have newer data than production." in asked
    assert "Data that only recovery has stays on its volumes and in kept" in asked.replace("\n", " ")
    assert "production becomes active again with its own data, and recovery is stopped" in asked
    done = run("dr", "abandon", "--yes", "--older-data").stdout
    assert "production has older data than recovery had" in done
    assert "stays on its volumes and in kept snapshots" in done.replace("\n", " ")


@pytest.mark.parametrize("command", one_in_quick("abandon", "failback --abandon", "failover --abandon"))
def test_a_takeover_that_is_abandoned_is_named_as_the_one_that_is_open(run, command):
    run("dr", "replicate")
    assert run("dr", "failover", "--yes").exit_code == 0
    assert run("dr", "failback", "--yes", about=run.unpassed()).exit_code == 1
    asked = run("dr", *command.split()).stderr
    assert "recovery becomes active again" in asked
    assert "newer data" not in asked
    done = run("dr", *command.split(), "--yes").stdout
    assert done.startswith("recovery is active again: 2 hosts on. production is fenced: ")
    assert run("plan", "recovery").stdout.count("Nothing to do") == 1


# Who is lost is not called.


@pytest.fixture
def asked(run):
    """The actions that an end, the source, is asked for while a command runs."""

    def of(work, account=run.here.account):
        actions = []

        def hand(provider, call):
            if provider.account == account:
                actions.append(call.action)
            return provider.perform(call)

        with wrap_calls("fake", hand):
            work()
        return actions

    return of


def test_a_source_that_is_lost_is_not_called_before_the_question_either(run, asked):
    run("dr", "replicate")
    assert asked(lambda: run("dr", "failover", "--lost", "production", answer="shop\n")) == []


def test_nor_to_find_a_point_that_is_to_be_left_aside(run, asked):
    older = json.loads(run("dr", "replicate", "--json").stdout)["groups"][0]["point"]
    run("dr", "replicate", "--now")
    call = ("dr", "failover", "--lost", "production", "--yes", "--without-point", older)
    assert asked(lambda: run(*call)) == []


def test_the_way_back_goes_on_without_who_is_lost(run, asked):
    run("dr", "replicate")
    run("dr", "failover", "--yes")
    never = run.unpassed()
    assert run("dr", "failback", "--yes", about=never).exit_code == 1
    ended = []
    call = ("dr", "failback", "--lost", "recovery", "--yes")
    assert asked(lambda: ended.append(run(*call)), run.there.account) == []
    assert ended[0].exit_code == 0


def test_who_is_lost_is_not_said_to_be_fenced(run):
    run("dr", "replicate")
    never = run.unpassed()
    run("dr", "failover", "--yes", about=never)
    told = run("dr", "failback", "--lost", "recovery", "--yes")
    assert told.exit_code == 0, told.output
    assert "recovery was not stopped. When it comes back, run first:" in told.stderr


def test_who_takes_over_alone_may_leave_aside_a_point_that_is_damaged(run):
    run("dr", "replicate")
    run("dr", "failover", "--yes")
    run("dr", "failback", "--yes")
    run("dr", "replicate", "--now")
    alone = ("dr", "failover", "--lost", "production", "--yes", "--json")
    newest = json.loads(run("dr", "status", "--json").stdout)["volumes"][0]["point"]
    assert run(*alone, "--without-point", "nonsense").exit_code == 2
    done = run(*alone, "--without-point", newest)
    assert (done.exit_code, json.loads(done.stdout)["points"]) == (0, []), done.output


def test_lost_names_the_end_that_is_left(run):
    run("dr", "replicate")
    result = run("dr", "failover", "--lost", "recovery", "--yes")
    assert result.exit_code == 2
    assert "`python shop.py dr failback shop --lost recovery`" in result.stderr


OLD_SPELLINGS = [
    (("failover", "--source-is-lost"), "dr failover shop --lost production"),
    (("failback", "--abandon", "--target-is-lost"), "dr failover shop --lost production"),
    (("failover", "--abandon", "--target-is-lost"), "dr failback shop --lost recovery"),
    (("failback", "--source-is-lost"), "dr failback shop --lost recovery"),
    (("failover", "--older-data"), "dr failover shop --from-points"),
    (("failover", "--abandon"), "dr abandon shop"),
]


@pytest.mark.parametrize(("old", "new"), OLD_SPELLINGS, ids=[" ".join(old) for old, _ in OLD_SPELLINGS])
def test_an_old_spelling_says_what_to_write_now(run, old, new):
    run("dr", "replicate")
    assert f"Write: python shop.py {new}" in run("dr", *old).stderr


@pytest.mark.parametrize("is_ready", [False, True])
def test_an_operator_reads_what_is_overruled_before_the_prompt(run, is_ready):
    run("dr", "replicate")
    about = run.plan(waves=[["db"], Wave(["web"], gates="true" if is_ready else "./nothing-here")])
    result = run("dr", "failover", "--insist", about=about)
    assert ("Overruled: recovery/hook-unready: './nothing-here'" in result.stderr) is not is_ready
    assert ("Overruled:" in result.stderr) is not is_ready


def test_an_operator_who_insists_reads_that_silent_zones_are_not_stopped(run):
    run("dr", "replicate")
    with silent(plugin.cloud, "us-east-1a", "us-east-1b", "us-east-1c"):
        asked = run("dr", "failover", "--insist").stderr
    assert "production is stopped, except in zones that do not answer, and recovery takes over." in asked
    assert "of production do not answer: hosts there are not stopped" in asked
    assert "production is stopped, and recovery takes over." in run("dr", "failover").stderr
