"""The recovery plan as a page for someone who is no system administrator."""

import re
from pathlib import Path

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from printed_texts import PrintedTexts

import portinfra
from portinfra import (
    Action,
    DataPolicy,
    Environment,
    Probe,
    RecoveryPlan,
    Role,
    Topology,
    Vault,
    Volume,
    Wave,
)
from portinfra.recovery.recovery import Recovery
from portinfra.render.runbook import runbook


def answers(inventory):
    """The database takes connections."""


SHOP = Topology("shop", [Role("web", count=2), Role("db", volumes=[Volume("data", gib=1)])])
HERE = Environment("production", on="aws:us-east-1", account="1", key="a")
THERE = Environment("recovery", on="aws:eu-west-1", account="2", key="b")
PLAN = RecoveryPlan(
    "shop",
    HERE,
    THERE,
    rpo="4h",
    rto="1h",
    waves=[Wave(["db"], gates=answers, limit="20m"), ["web"]],
    probes=[Probe("last order", "./last-order")],
    actions=[Action("promote", "./promote", after="db"), Action("test only", "true", on="drill")],
    contacts=["Ada, +44 20 7946 0001", "the bank"],
)
PAGE = runbook(Recovery(PLAN, SHOP, HERE, THERE))


def test_it_names_people_to_call_what_comes_back_and_what_is_asked():
    for words in (
        "Ada, +44 20 7946 0001",
        "the bank",
        "**db** (db1, db2, db3), at most 20m",
        "**web** (web1, web2), at most 30m",
        "It waits for this gate: The database takes connections.",
        "`wave 1: gate 'The database takes connections.' was not passed within 20m`",
        "A check of db1, db2, db3 does not pass.",
        "anything else that begins with `wave`",
        "`action 'promote' failed`",
        "`no point of db can be restored`",
        "last order (`./last-order`)",
        "Then it runs: promote (`./promote`)",
        "at most 4h old,\nand it is ready within 1h",
    ):
        assert words in PAGE, words
    assert "test only" not in PAGE


def test_a_probe_that_runs_on_a_host_says_of_which_role():
    inside = Probe("rows", "./rows", from_role="db")
    page = runbook(Recovery(evolve(PLAN, probes=[*PLAN.probes, inside]), SHOP, HERE, THERE))
    assert "- last order (`./last-order`)\n- rows (`./rows`, on one more host of db)" in page


def test_without_approvals_and_manual_steps_no_one_approves():
    assert "approve" not in PAGE


def test_it_says_what_opens_a_vault():
    assert "vault" not in PAGE
    vault = Vault("v:shop", "192.0.2.1:22", "~/send.conf", "~/fetch.conf", "age1", "~/identity")
    plan = evolve(PLAN, vault=vault, data=[DataPolicy("db", engine="age")])
    page = runbook(Recovery(plan, SHOP, HERE, THERE))
    assert "needs the program rclone" in page
    assert "`~/fetch.conf`, `~/identity`" in page
    assert "send.conf" not in page
    assert "fetches the data from the vault first" in page
    unused = evolve(plan, data=[])  # between two places of one provider snapshots are copied
    assert "rclone" not in runbook(Recovery(unused, SHOP, HERE, THERE))


def test_it_comes_in_the_order_in_which_it_is_needed():
    headings = re.findall(r"^## (.+)$", PAGE, re.MULTILINE)
    assert headings[:5] == [
        "What you need",
        "Call these people first",
        "1. Look at the data",
        "2. Take over",
        "3. If it stops",
    ]


@pytest.mark.slow
def test_each_message_that_it_explains_is_one_that_portinfra_prints():
    vault = Vault("v:shop", "192.0.2.1:22", "~/send.conf", "~/fetch.conf", "age1", "~/identity")
    data, steps = [DataPolicy("db", engine="age")], [*PLAN.actions, Action("call the bank", manual=True)]
    plan = evolve(PLAN, vault=vault, data=data, actions=steps, approve=["failover", "failback"])
    page = runbook(Recovery(plan, SHOP, HERE, THERE))
    answers = page.partition("It says why it stopped:")[2].partition("**If the people above")[0]
    messages = re.findall(r"^- (`.+)\n", answers, re.MULTILINE)
    codes = [code for message in messages for code in re.findall(r"`([^`]+)`", message)]
    assert len(codes) > 6
    printed = PrintedTexts(Path(portinfra.__file__).parent, without=["runbook.py"])
    assert [code for code in codes if not printed.has(code)] == []


WORDS = st.text(st.characters(codec="ascii", categories=["L", "N", "P", "S", "Zs"]), min_size=1, max_size=20)
COMMANDS_OF_SHELL = WORDS.map(str.strip).filter(bool)


@given(
    gates=st.lists(st.lists(COMMANDS_OF_SHELL, max_size=2), min_size=2, max_size=2),
    probes=st.lists(st.builds(Probe, COMMANDS_OF_SHELL, COMMANDS_OF_SHELL), max_size=2),
    actions=st.lists(
        st.builds(
            Action,
            COMMANDS_OF_SHELL,
            COMMANDS_OF_SHELL,
            on=st.sampled_from(["failover", "failback"]),
            after=st.sampled_from(["", "db", "web"]),
        ),
        max_size=2,
    ),
    contacts=st.lists(COMMANDS_OF_SHELL, max_size=2),
)
def test_all_of_the_plan_is_in_it_whatever_signs_it_is_written_with(gates, probes, actions, contacts):
    waves = [Wave([role], gates=asked) for role, asked in zip(("db", "web"), gates, strict=True)]
    plan = evolve(PLAN, waves=waves, probes=probes, actions=actions, contacts=contacts)
    tokens = [
        token
        for block in MarkdownIt().parse(runbook(Recovery(plan, SHOP, HERE, THERE)))
        for token in (block.children or [])
    ]
    code = [token.content for token in tokens if token.type == "code_inline"]
    text = " ".join(token.content for token in tokens if token.type == "text")
    hooks = [gate for asked in gates for gate in asked] + [each.run for each in (*probes, *actions)]
    assert {" ".join(hook.split()) for hook in hooks} <= set(code)
    for name in (*contacts, *(each.name for each in (*probes, *actions))):
        assert "".join(name.split()) in "".join(text.split())


def test_the_way_back_has_its_own_ways_out():
    back = PAGE.partition("**To go back**")[2].partition("## Never")[0]
    assert "recovery is active again, with its own data" in back
    assert "It replaces what production wrote after its last point and before the outage." in back
    there = PAGE.partition("## 3. If it stops")[2].partition("## 4.")[0]
    assert "production is active again, with its own data" in there
    assert "dr failback shop --lost recovery" in there


def test_it_says_what_another_computer_needs():
    beginning = PAGE.partition("## Call these people")[0]
    assert "portinfra, this folder, and the credentials for\n  production and recovery" in beginning


def test_where_there_are_no_gates_no_problem_is_another_one():
    page = runbook(Recovery(evolve(PLAN, waves=[["db"], ["web"]]), SHOP, HERE, THERE))
    assert "- anything that begins with `wave`" in page


def test_what_the_plan_leaves_out_is_said():
    bare = evolve(PLAN, waves=[["db"]], probes=(), actions=(), contacts=())
    page = runbook(Recovery(bare, SHOP, HERE, THERE))
    assert "These roles do not come back, because no wave has them: web." in page
    assert "The plan names no one" in page
    assert "The plan has no probes." in page
