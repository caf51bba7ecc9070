"""Plans, names, numbers and progress as a person reads them."""

import io
import re
from pathlib import Path

import pytest
from rich.console import Console

from portinfra import INTERNET, Environment, Role, Topology, Volume, allow, plan
from portinfra.format import count, duration
from portinfra.model.address import Address
from portinfra.model.change import Difference, Step
from portinfra.model.progress import Progress
from portinfra.model.resources import Rule
from portinfra.render.console.differences import difference_lines
from portinfra.render.console.names import join_runs
from portinfra.render.console.plan import show_plan
from portinfra.render.console.progress import ProgressDisplay, describe_pace, line

PAGE = Path(__file__).parents[3] / "docs" / "cli.md"
TITLES = ("Deletions and dangers", "Changes", "New", "Flows")


def _shown(made, **options):
    text = io.StringIO()
    show_plan(made, Console(file=text, width=500, markup=False, highlight=False), **options)
    return text.getvalue()


def test_a_plan_of_hundreds_reads_in_one_screen(world):
    roles = [
        Role(f"{name}-tier", count=12, volumes=[Volume("data", gib=10)], public="x" if name == "a" else "")
        for name in "abcdefgh"
    ]
    flows = [allow(INTERNET, roles[0], tcp=443, why="customers")]
    made = plan(Topology("big", roles, flows), Environment("demo", on="fake:us-east-1"))
    assert len(made.changes) > 300
    text = _shown(made)
    assert len(text.splitlines()) < 25
    assert "12 instances (b-tier1 … b-tier12), 12 volumes, 12 attachments" in text
    assert f"{len(made.changes)} to create" in text


def test_a_full_plan_has_every_change_and_its_attributes(world):
    text = _shown(plan(world.declared.topologies[0], world.declared.environments[0]), full=True)
    for words in ("instance.web1", "instance.web2", "private address: 10.0.1.4", "subnet.db-2"):
        assert words in text
    assert "canary" not in text


def test_the_plan_on_the_page_is_what_the_command_prints(applied):
    rule = {"protocol": "tcp", "first": 22, "last": 22, "peer": "0.0.0.0/0"}
    applied.by_hand("AllowTraffic", id=applied.id("firewall", "web"), direction="ingress", rules=[rule])
    changed = applied.changing("web", count=1).changing("db", volumes=[Volume("data", gib=5)])
    example = re.findall(r"```text\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)[0]
    assert changed.run("plan").stdout == example


def test_a_host_that_goes_down_for_a_moment_is_a_danger(applied):
    text = applied.changing("web", size="large").run("plan").stdout
    dangers = text.partition("Deletions and dangers")[2]
    assert "the host is down for a moment" in dangers
    assert "machine type: f1.small → f1.large" in dangers


def test_rules_of_another_role_name_the_firewall_that_is_replaced(applied):
    lines = applied.run("plan", "--replace", "firewall.db").stdout.splitlines()
    (web,) = [line for line in lines if "firewall-rules.web" in line]
    (db,) = [line for line in lines if "firewall-rules.db" in line]
    assert web.endswith("firewall.db is replaced, which it names")
    assert db.endswith("its firewall is replaced")


def test_attachments_of_replaced_volumes_share_a_line(applied):
    grown = applied.changing("db", count=3)
    grown.run("apply", "--yes")
    text = (
        grown.changing("db", volumes=[Volume("data", gib=5)]).run("plan", "--allow-data-loss", "all").stdout
    )
    assert "attachment.db1-data … db3-data (3)  its volume is replaced" in text


@pytest.mark.parametrize(
    ("names", "text"),
    [
        (["web1", "web2", "web3", "web7"], "web1 … web3, web7"),
        (["web1", "web2"], "web1, web2"),
        (["db1-data", "db2-data", "db3-data"], "db1-data … db3-data"),
        (["web9", "web10", "web11"], "web9 … web11"),
        (["web3", "app4", "web5"], "web3, app4, web5"),
        (["main"], "main"),
        ([], ""),
    ],
)
def test_runs_of_names_are_shown_by_their_ends(names, text):
    assert join_runs(names) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.4, "0 s"), (59.6, "1 min"), (80, "1 min 20 s"), (3600, "1 h"), (7500, "2 h 5 min")],
)
def test_durations_are_in_human_units(seconds, text):
    assert duration(seconds) == text


def test_counts_have_their_plurals():
    assert count(1, "public-address") == "1 public address"
    assert count(2, "public-address") == "2 public addresses"
    assert count(1200, "step") == "1,200 steps"


def test_only_the_entries_that_differ_are_shown():
    web = Rule("tcp", 443, 443, "0.0.0.0/0")
    ssh = Rule("tcp", 22, 24, "firewall.bastion")
    differences = [
        Difference("ingress", (web, ssh), (web,)),
        Difference("tags", {"a": "1", "b": "2"}, {"a": "1", "b": "3"}),
        Difference("key", None, "k"),
        Difference("protect", True, False),
    ]
    assert list(difference_lines(differences)) == [
        "open, not declared: tcp 22-24 from bastion",
        "tags.b: 2 → 3",
        "key: (none) → k",
        "deletion protection: yes → no",
    ]


STEP = Step("converge", Address("instance.web1"))


def _moment(**given):
    return Progress(
        **{
            "done": 12,
            "total": 300,
            "calls": 120,
            "calls_planned": 400,
            "seconds": 25.0,
            "step": STEP,
            **given,
        }
    )


def test_elsewhere_than_on_a_terminal_each_finished_step_is_a_line():
    text = io.StringIO()
    with ProgressDisplay(Console(file=text, width=500)) as display:
        display(_moment(message="starting"))
        display(_moment(fate="done"))
        display(_moment(fate="failed", message="instance.web1 CreateInstance: no more"))
    assert text.getvalue().splitlines() == [
        "[12/300] instance.web1 done",
        "[12/300] instance.web1 failed: CreateInstance: no more",
    ]


def test_elsewhere_than_on_a_terminal_a_call_that_takes_long_is_a_line():
    text = io.StringIO()
    with ProgressDisplay(Console(file=text, width=500)) as display:
        display(_moment(message="shutting down", waits=True))
        display(_moment(message="waiting for web1 to shut down, power off in 48 s", waits=True, waited=12.0))
    assert text.getvalue().splitlines() == [
        "[12/300] instance.web1 waiting for web1 to shut down, power off in 48 s"
    ]


def test_elsewhere_than_on_a_terminal_a_wait_is_a_line_at_its_begin_and_each_minute():
    text = io.StringIO()
    with ProgressDisplay(Console(file=text, width=500)) as display:
        for waited in (0, 12, 59, 61, 75, 0):
            display(_moment(message="starting", waits=True, waited=waited, limit=1200))
    assert text.getvalue().splitlines() == [
        "[12/300] instance.web1 waits: starting, at most 20 min",
        "[12/300] instance.web1 waits: starting, for 1 min 1 s, at most 20 min",
        "[12/300] instance.web1 waits: starting, at most 20 min",
    ]


def test_a_terminal_shows_since_when_a_step_waits_and_how_long_at_most():
    text = io.StringIO()
    with ProgressDisplay(Console(file=text, width=100, force_terminal=True)) as display:
        display(_moment(message="starting", waits=True, waited=40.0, limit=1200))
    assert "instance.web1: starting, for 40 s, at most 20 min" in text.getvalue()


def test_a_terminal_shows_what_a_step_waits_for():
    text = io.StringIO()
    with ProgressDisplay(Console(file=text, width=100, force_terminal=True)) as display:
        display(_moment(message="waiting for web1 to shut down, power off in 48 s", waits=True, waited=12.0))
    assert "instance.web1: waiting for web1 to shut down, power off in 48 s" in text.getvalue()


def test_a_removal_is_called_so():
    removal = _moment(step=Step("remove", Address("instance.web1")), fate="done")
    assert line(removal).plain == "[12/300] instance.web1 removed"


def test_a_terminal_shows_counts_rate_and_time_left():
    assert describe_pace(_moment(seconds_left=80.0)) == "120 calls, 4.8/s, 1 min 20 s left"
    assert describe_pace(_moment(seconds=0.0, seconds_left=0.0)) == "120 calls"


def test_on_a_terminal_steps_that_end_well_are_only_in_the_bar():
    text = io.StringIO()
    with ProgressDisplay(Console(file=text, width=100, force_terminal=True)) as display:
        display(_moment(fate="done"))
        display(_moment(fate="failed", message="no more"))
    assert "[12/300] instance.web1 done" not in text.getvalue()
    assert "instance.web1 " in text.getvalue()
    assert "12/300" in text.getvalue()


def test_at_eighty_columns_a_plan_keeps_its_columns_and_breaks_no_address(applied):
    rules = [{"protocol": "tcp", "first": port, "last": port, "peer": "0.0.0.0/0"} for port in (22, 2222)]
    applied.by_hand("AllowTraffic", id=applied.id("firewall", "web"), direction="ingress", rules=rules)
    declared = applied.changing("web", tags={f"tag-{n}": "of some length" for n in range(9)}).declared
    made = plan(declared.topologies[0], declared.environments[0])
    text = io.StringIO()
    show_plan(made, Console(file=text, width=40, markup=False, highlight=False), full=True)
    lines = text.getvalue().splitlines()
    words = {word for line in _shown(made, full=True).splitlines() for word in line.split()}
    assert {word for line in lines for word in line.split()} == words
    body = [line for line in lines[2:-2] if line and line not in TITLES]
    assert all(line.startswith("  ") for line in body)
    assert any(line.startswith("             ") for line in body)
