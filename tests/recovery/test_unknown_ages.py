"""Law: an age that no record shows is not known. Evidence with it is inconclusive, unless something fails,
and each text says `not known`. No later decision makes it known.
"""

import pytest
from attrs import evolve
from begun import begun
from clocks import HOUR
from rich.console import Console
from turning import HOW, LOST, before, lost, passed_later
from worlds import ONE, PRODUCTION, RECOVERY, recovery, shop_has_a_point

from portinfra.recovery.evidence import evidence_document
from portinfra.recovery.takeover.fencing import fence
from portinfra.recovery.takeover.steps import Step
from portinfra.recovery.takeover.takeover import failback, failover
from portinfra.recovery.watch.forecast import make_forecast
from portinfra.render.console.recovery import show_evidence
from portinfra.render.evidence import report_html
from portinfra.testing.faults import Crash

ABOUT = recovery(rto="99h", rpo="4h")
UNKNOWN = "the age of the data on own volumes of production (db) is not known, and the rpo is 4h"


def die():
    raise Crash


def recovery_is_active(cloud):
    """Production was lost, and does not know that recovery is active since ten hours."""
    shop_has_a_point(cloud)
    with lost(PRODUCTION):
        assert failover(ABOUT, LOST).result == "passed"
    passed_later(cloud, 10 * HOUR)


def production_is_active(cloud):
    """Recovery was lost in its turn, and does not know that production is active since four hours."""
    recovery_is_active(cloud)
    with lost(RECOVERY):
        failback(ABOUT, LOST)
    passed_later(cloud, 4 * HOUR)


def foreseen_age(about):
    (source,) = make_forecast(about).data
    return source.age


def test_evidence_of_an_end_that_knew_of_no_decision_does_not_pass():
    with begun(recovery_is_active), lost(RECOVERY):
        evidence = failback(ABOUT, LOST)
    assert (evidence.result, evidence.rpo_measured) == ("inconclusive", None)
    assert (evidence.age_is_exact, evidence.is_accepted) == (False, False)
    assert evidence.reasons == (UNKNOWN,)


def test_what_else_is_wrong_fails_it():
    with begun(recovery_is_active), lost(RECOVERY):
        evidence = failback(recovery(rto="1s", rpo="4h"), LOST)
    assert evidence.result == "failed"
    assert UNKNOWN in evidence.reasons
    assert len(evidence.reasons) == 2


def test_no_depth_that_a_plan_accepts_makes_it_accepted():
    about = recovery(rto="99h", rpo="4h", accept="hosts")
    with begun(recovery_is_active), lost(RECOVERY):
        evidence = failback(about, LOST)
    assert (evidence.result, evidence.is_accepted) == ("inconclusive", False)


def test_each_text_says_that_it_is_not_known(capsys):
    with begun(recovery_is_active), lost(RECOVERY):
        evidence = failback(ABOUT, LOST)
    show_evidence(evidence, Console(width=200))
    console = capsys.readouterr().out
    page = report_html(evidence_document(evidence))
    assert f"failback {evidence.id} inconclusive, and production has taken over and is active" in console
    assert "Data: of an age that is not known; the rpo is 4 h." in console
    assert "The age of the restored data is not known." in page
    for text in (console, page):
        assert UNKNOWN in text
        assert "not measured" not in text


def test_the_age_is_known_once_the_other_end_answers():
    with begun(recovery_is_active) as cloud:
        with lost(RECOVERY), pytest.raises(Crash):
            failback(ABOUT, before(Step.COMPLETE, die, LOST))
        passed_later(cloud, 60)
        evidence = failback(ABOUT, HOW)
    assert evidence.rpo_measured is not None
    assert evidence.rpo_measured > 10 * HOUR


def test_no_later_decision_makes_an_unknown_age_known():
    with begun(production_is_active) as cloud:
        with lost(PRODUCTION), pytest.raises(Crash):
            failover(ABOUT, before(Step.AGREE, die, LOST))
        passed_later(cloud, 600)
        with lost(RECOVERY):
            failback(ABOUT, LOST)
        fence(ABOUT, run_options=ONE)
        assert foreseen_age(ABOUT) is None


def test_a_takeover_begun_before_a_later_decision_keeps_its_unknown_age():
    with begun(production_is_active) as cloud:
        with lost(PRODUCTION), pytest.raises(Crash):
            failover(ABOUT, before(Step.AGREE, die, LOST))
        passed_later(cloud, 600)
        with lost(RECOVERY):
            failback(ABOUT, LOST)
        passed_later(cloud, 600)
        with lost(PRODUCTION), pytest.raises(Crash):
            failover(ABOUT, before(Step.AGREE, die, LOST))
        evidence = failover(ABOUT, evolve(HOW, planned=False))
    assert (evidence.result, evidence.rpo_measured) == ("inconclusive", None)
