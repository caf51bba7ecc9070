"""Each law of the recovery fuzzer finds a fault: in the product, or in a truth that was made false."""

from contextlib import contextmanager
from pathlib import Path

import pytest
from attrs import evolve
from clocks import HOUR
from law_counts import LawCounts
from recovery_fuzzer import FuzzedRecovery
from recovery_laws import LAWS, LawBroken
from recovery_sentences import GATED, ORACLES, RecoveryHistory
from sentences import FalseSentence
from turning import lost
from worlds import PRODUCTION, RECOVERY

from portinfra.model.recovery import Wave
from portinfra.recovery.points.ages import Age, Ages
from portinfra.recovery.watch import forecast
from portinfra.render.console import recovery as shown
from portinfra.testing.fake import plugin


@pytest.fixture
def history():
    """Production with a point of its data."""
    history = FuzzedRecovery(0)
    history.production, history.target = PRODUCTION, RECOVERY
    history.plan = {"keep_overwritten": "7d"}
    RecoveryHistory.run(history, 2)
    history.check()
    yield history
    plugin.cloud = None


def show(monkeypatch, function, **values):
    """Let a function of the console show other values than there are."""
    original = getattr(shown, function)
    monkeypatch.setattr(
        shown, function, lambda found, *others, **more: original(evolve(found, **values), *others, **more)
    )


@contextmanager
def breaks(law):
    with pytest.raises(LawBroken) as error:
        yield
    assert str(error.value).startswith(law)


def overwrite(history):
    """Something is written on a volume of production, and no host has done it."""
    volume = next(iter(history.volumes(history.production).values()))
    history.cloud.write(volume["id"], "not by a host")


def while_requests_overwrite(history):
    history.cloud.before_request = lambda action, given: overwrite(history)


def live_twice(history):
    """Recovery takes over without production, which goes on until it is fenced; then production returns."""
    with lost(history.production, untouched=False):
        history.command("dr", "failover", "--yes", "--lost", "production")
    history.write()
    history.command("dr", "fence", "--yes")
    history.command("dr", "failback", "--yes")


def stand_at_a_gate(history):
    history.command("dr", "failover", "--yes", gate=GATED)


def test_hosts_that_a_fenced_end_starts_again_are_found(history):
    history.command("dr", "failover", "--yes")
    history.check()
    RecoveryHistory.start_by_hand(history)
    with breaks("one active end"):
        history.check()


def test_hosts_that_an_operator_starts_by_hand_break_no_law(history):
    history.command("dr", "failover", "--yes")
    history.start_hosts_by_hand()
    history.check()


def test_a_write_that_vanishes_is_found(history):
    history.write()
    overwrite(history)
    with breaks("no write vanishes"):
        history.check()


@pytest.mark.slow
def test_replaced_data_that_evidence_does_not_name_is_found(history, monkeypatch):
    show(monkeypatch, "show_evidence", left_aside=())
    show(monkeypatch, "show_status", kept=())
    with breaks("replaced data is named"):
        live_twice(history)


def test_data_that_is_older_than_evidence_says_is_found(history, monkeypatch):
    show(monkeypatch, "show_evidence", rpo_measured=0.0)
    monkeypatch.setitem(ORACLES, "measured age", lambda *given: "")
    history.hours_pass()
    with breaks("data that stays behind has an age"):
        history.command("dr", "failover", "--yes")


@pytest.mark.slow
def test_an_age_counts_to_the_moment_at_which_a_slow_command_has_read_the_points(history):
    """Each call takes a minute, so that the plan ends some time after it has read the points."""
    clock = history.cloud.clock
    history.command("dr", "replicate", "--now")
    history.write()
    history.cloud.before_request = lambda action, given: clock.sleep_until(clock.now() + 60)
    history.command("dr", "plan")
    assert "Data: at most" in history.found


def test_an_age_that_leaves_out_how_long_ago_the_point_was_made_is_found(history, monkeypatch):
    history.write()
    history.cloud.clock.sleep_until(history.cloud.clock.now() + HOUR)
    monkeypatch.setattr(Ages, "of", lambda ages, point: Age(1.0))
    with pytest.raises(FalseSentence):
        history.command("dr", "plan")


def keep_own_volumes(history):
    """Recovery was active, and production has continued from its data."""
    history.command("dr", "failover", "--yes")
    history.command("dr", "failback", "--yes")
    history.cloud.clock.sleep_until(history.cloud.clock.now() + HOUR)
    history.write()


@pytest.mark.slow
def test_own_volumes_that_a_plan_keeps_have_an_age_without_any_point(history):
    keep_own_volumes(history)
    for each in history.records(history.target, "snapshot"):
        history.cloud.request(RECOVERY.account, RECOVERY.region, "DeleteSnapshot", {"id": each["id"]})
    history.command("dr", "plan")
    assert "own volumes of recovery, kept as they are, at most 1 h" in history.found


@pytest.mark.slow
@pytest.mark.parametrize("fault", ["the age is too low", "the volumes have older data"])
def test_own_volumes_that_have_older_data_than_a_plan_says_are_found(history, monkeypatch, fault):
    first = history.stamps(history.production)
    keep_own_volumes(history)
    if fault == "the age is too low":
        monkeypatch.setattr(forecast, "own_data_time", lambda epoch, contents, now: now - 1800)
    else:
        volume = history.volumes(history.target)["db1-data"]
        history.cloud.write(volume["id"], first["db1-data"])
    with pytest.raises(FalseSentence, match="own volumes"):
        history.command("dr", "plan")


def test_a_kept_snapshot_that_is_gone_is_found(history):
    live_twice(history)
    history.check()
    id = next(iter(history.writes.kept))
    history.cloud.request(PRODUCTION.account, PRODUCTION.region, "DeleteSnapshot", {"id": id})
    with breaks("a kept snapshot stays"):
        history.check()


def test_a_kept_snapshot_that_evidence_invents_is_found(history):
    with breaks("a kept snapshot stays"):
        history.hear(
            "db1-data was replaced. Its former data is in snapshot snap-1, "
            "kept until 2030-01-08 00:00:00 UTC."
        )


def test_a_kept_snapshot_that_an_operator_deletes_breaks_no_law(history):
    history.writes.kept = {each["id"]: (b"", 1e12) for each in history.records(history.target, "snapshot")}
    history.lose_a_snapshot()
    assert not history.writes.kept.keys() - history.all_contents().keys()


def test_a_drill_that_writes_on_a_volume_is_found(history):
    gate = Wave(["db"], gates=lambda inventory: overwrite(history) or True)
    with breaks("drills and points change no end"):
        history.command("dr", "drill", gate=gate)


@pytest.mark.parametrize("verb", ["status", "plan", "drills"])
def test_a_reading_command_that_changes_something_is_found(history, verb):
    while_requests_overwrite(history)
    with breaks("reading changes nothing"):
        history.command("dr", verb)


def test_an_abandon_that_writes_on_a_volume_is_found(history):
    stand_at_a_gate(history)
    while_requests_overwrite(history)
    with breaks("an abandon changes no data"):
        history.command("dr", "abandon", "--yes")


def test_an_internal_error_is_found(history, monkeypatch):
    monkeypatch.setattr(shown, "data_line", lambda found: "Traceback (most recent call last)")
    with breaks("no internal error"):
        history.command("dr", "status")


def test_a_printed_command_that_leads_nowhere_is_found(history, monkeypatch):
    show(monkeypatch, "show_status", next_step="Read the manual.")
    stand_at_a_gate(history)
    with breaks("printed commands lead to rest"):
        history.heal()


def test_what_a_drill_leaves_is_found(history, monkeypatch):
    monkeypatch.setattr(history, "names", lambda: ["shop-recovery-drill-1-main"])
    with breaks("nothing is left over"):
        history.rest()


def test_a_status_that_does_not_say_ok_is_found(history, monkeypatch):
    show(monkeypatch, "show_status", target_may_run=True)
    with breaks("status says ok"):
        history.rest()


def test_a_law_that_is_checked_in_less_than_half_of_its_chances_is_named():
    counts = LawCounts({"held": "", "often suspended": "", "never met": ""})
    counts.is_due("held")
    for suspended in (False, True, True):
        counts.is_due("often suspended", suspended=suspended)
    assert counts.list_rare() == ["often suspended", "never met"]


@pytest.mark.parametrize(
    ("text", "active_before", "is_suspended"),
    [
        ("The source was NOT stopped.\nData: 4 h old; the rpo is 4 h.", False, False),
        ("The source was NOT stopped.\nData: 4 h old; the rpo is 4 h.", True, True),
        ("The source was stopped first.", False, True),
    ],
    ids=["a takeover", "an end that was active before", "no age"],
)
def test_an_age_that_is_not_judged_counts_as_suspended(history, text, active_before, is_suspended):
    law = "data that stays behind has an age"
    history.was_active = history.target.name if active_before else history.production.name
    history.began = history.cloud.clock.now()
    history.judge_age(history.target, text)
    assert (history.counts.suspended[law], history.counts.checked[law]) == (is_suspended, not is_suspended)


def test_every_law_is_checked_once_here():
    text = Path(__file__).read_text()
    assert [law for law in LAWS if f'breaks("{law}")' not in text] == []
