"""The decision table: which verb is permitted in which situation, and what is right instead.

y permitted; o permitted, hosts stay off, or start as a declared standby; s permitted, hosts run as a standby;
= the goal is reached. Refused, with the right command: F fence; f failover and b failback, which continue; a
and A abandon; R and D the same verb the other way; L failover --lost source, K failback --lost target, or
wait; p apply without the check of the peer, or wait; w wait.
"""

import pytest
from situations import VERBS, situations
from worlds import recovery

from portinfra.recovery.situation.permissions import may, next_verbs
from portinfra.recovery.situation.refusals import command, explain

TABLE = """
                               aS aT dS dT rT rS lS lT rf fo fp fL fb bL ab fe
    NEW: no takeover ever      y  y  y  y  y  R  D  y  y  y  y  y  =  y  =  =
    S active                   y  o  y  y  y  R  D  y  y  y  y  y  =  y  =  =
    S active, T unfenced       y  F  y  y  F  F  D  F  F  F  F  y  F  y  =  y
    S active, T silent         p  w  y  w  K  K  D  w  w  K  K  K  K  y  K  w
    S silent, T waits          w  p  w  y  L  L  w  y  y  L  L  y  L  L  L  L
    S takes over, begun        ba ba ba ba ba ba ba ba ba ba ba y  y  y  y  ba
    S takes over, restoring    ba o  ba ba ba ba ba ba ba ba ba y  y  y  y  =
    S takes over, T silent     K  w  K  w  K  K  K  w  w  K  K  K  K  y  K  w
    S takes over, lost T back  ba ba ba ba ba ba ba ba ba ba ba y  y  y  y  y
    S comes back (abandon)     A  o  A  A  A  A  A  A  A  A  A  y  A  y  y  A
    S comes back, silent       w  p  w  L  L  L  w  L  L  L  L  y  L  L  L  L
    T active                   o  y  y  y  R  y  y  D  =  =  =  y  y  y  =  =
    T active, S unfenced       F  y  y  y  F  F  F  D  F  F  F  y  F  y  =  y
    T active, S silent         w  p  w  y  L  L  w  D  L  L  L  y  L  L  L  w
    T silent, S waits          p  w  y  w  K  K  y  w  w  K  K  K  K  y  K  K
    T takes over, begun        fa fa fa fa fa fa fa fa fa y  y  y  fa y  y  fa
    T takes over, restoring    o  fa fa fa fa fa fa fa fa y  fa y  fa y  y  =
    T takes over, S silent     w  L  w  L  L  L  w  L  L  L  L  y  L  L  L  w
    T takes over, lost S back  fa fa fa fa fa fa fa fa fa y  fa y  fa y  y  y
    T comes back (abandon)     o  A  A  A  A  A  A  A  A  A  A  y  A  y  y  A
    T comes back, silent       p  w  K  w  K  K  K  w  w  K  K  K  K  y  K  K
    S active, T standby        y  s  y  y  y  R  D  y  y  y  y  y  =  y  =  =
    S silent, T standby        w  p  w  y  L  L  w  y  y  L  L  y  L  L  L  L
    T takes over from standby  fa fa fa fa fa fa fa fa fa y  y  y  fa y  y  fa
    both silent                w  w  w  w  w  w  w  w  w  w  w  w  w  w  w  w
"""
WIDTH = 31
CODES = {"fence": "F", "abandon": "A", "replicate": "R", "drill": "D"}
ROWS = {line[4:WIDTH].strip(): line[WIDTH:].split() for line in TABLE.splitlines()[2:] if line.strip()}
SITUATIONS = situations()


def cell(verb, now):
    """Return what the table has in a cell."""
    refusal = may(verb, now)
    if refusal is None:
        waits = verb.name == "apply" and verb.end == now.waiting and now.authority is not None
        return ("s" if now.facts(verb.end).hosts == "standby" else "o") if waits else "y"
    codes = "".join(map(code, refusal.instead))
    return codes.lower() if len(codes) == 2 else codes or ("w" if refusal.wait else "=")


def code(verb):
    if verb.without_peer:
        return "p"
    if verb.name != "takeover":
        return CODES[verb.name]
    codes = "LK" if verb.lost else "FB"
    found = codes[0 if verb.end == "target" else 1]
    return found if verb.lost else found.lower()


def test_the_table_has_every_kind_of_situation():
    assert list(ROWS) == list(SITUATIONS)


@pytest.mark.parametrize("name", ROWS)
def test_each_verb_is_permitted_as_the_table_says(name):
    now = SITUATIONS[name]
    assert {column: cell(verb, now) for column, verb in VERBS.items()} == dict(
        zip(VERBS, ROWS[name], strict=True)
    )


@pytest.mark.parametrize("name", ROWS)
def test_what_status_names_is_permitted(name):
    now = SITUATIONS[name]
    for verb in next_verbs(now):
        assert may(verb, now) is None


def test_nothing_is_to_be_done_where_one_end_is_active_and_the_other_is_fenced():
    for name in ("NEW: no takeover ever", "S active", "T active"):
        assert SITUATIONS[name].is_calm
        assert next_verbs(SITUATIONS[name]) == ()


@pytest.mark.parametrize("name", ROWS)
def test_a_refusal_names_its_environments_and_complete_commands(name):
    now, about = SITUATIONS[name], recovery()
    for verb in VERBS.values():
        refusal = may(verb, now)
        if refusal is None:
            continue
        finding = explain(about, verb, refusal, now)
        assert about.source.name in finding.message or about.target.name in finding.message
        for other in refusal.instead:
            if other.name == "drill":
                assert "dr failback shop" in finding.fix or "dr failover shop" in finding.fix
            elif other.without_peer:
                assert "--without-peer" in finding.fix
            else:
                assert command(about, other) in finding.fix
        assert any(word in finding.fix for word in ("Wait", "dr ", "--without-peer"))


@pytest.mark.parametrize(("column", "rule"), [("fL", "target-silent"), ("bL", "source-silent")])
def test_a_takeover_without_the_lost_end_names_the_end_that_it_needs(column, rule):
    """It makes no call to the lost end, so neither end answers in its situation."""
    assert may(VERBS[column], SITUATIONS["both silent"]).rule == rule
