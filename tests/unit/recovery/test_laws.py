"""The laws of a recovery hold in every situation that its verbs lead to, however early a run ends, with hosts
of the target that run as a standby or without.

1 The command of a refusal is permitted, or leads to one that is. 2 After a takeover that stops the other
end, an abandon or a fence, one end runs; besides it only a standby, which the internet does not reach.
3 No takeover uses older data than its end has; a planned one uses the newest. 4 An abandon leaves the volumes
as they are. 5 No host of the end that takes over runs on data that the takeover has not given it. 6 The
commands that status names lead to rest. 7 A refresh changes nothing at the active end, and no decision.
"""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from recovery_model import FAULTS, STANDBY_FAULTS, LawBroken, Model
from situations import VERBS

from portinfra.recovery.situation.permissions import Refusal, may, next_verbs
from portinfra.recovery.situation.situation import Authority, EndFacts, Takeover, classify

AUTHORITIES = st.builds(Authority, st.integers(1, 3), st.sampled_from(["source", "target"]))
TAKEOVERS = st.builds(
    Takeover,
    AUTHORITIES,
    st.sampled_from(["begun", "restoring", "abandoning", "closed"]),
    st.booleans(),
    st.booleans(),
    st.booleans(),
)
FACTS = st.builds(
    EndFacts,
    st.booleans(),
    st.none() | AUTHORITIES,
    st.sampled_from(["on", "off", "unknown", "standby"]),
    st.none() | TAKEOVERS,
    st.none() | AUTHORITIES,
)


@given(FACTS, FACTS)
def test_any_facts_are_a_situation_in_which_each_verb_is_permitted_or_refused(source, target):
    now = classify(source, target)
    for verb in VERBS.values():
        assert isinstance(may(verb, now), Refusal | None)
    assert len(next_verbs(now)) <= 2


both = pytest.mark.parametrize("standby", [False, True], ids=["off", "standby"])


@both
def test_the_laws_hold_nearby(standby):
    assert Model(standby=standby).search(1_000) >= 1_000


@pytest.mark.slow
@both
def test_the_laws_hold(standby):
    assert Model(standby=standby).search(20_000) >= 20_000


def test_a_takeover_whose_points_others_delete_has_a_way_out():
    assert Model(from_points=True).search(1_000, "rT", "fp") >= 1_000


@pytest.mark.soak
@both
def test_the_laws_hold_far_away(standby):
    assert Model(standby=standby).search(250_000) >= 250_000


@pytest.mark.parametrize("fault", FAULTS)
def test_the_laws_do_not_hold_with_a_fault(fault):
    standby = fault in STANDBY_FAULTS
    lead = ("rT", "aT") if fault == "stand down" else ("fp", "fb") if standby else ("fp",)
    with pytest.raises(LawBroken):
        Model(fault, standby).search(20_000, *lead)
