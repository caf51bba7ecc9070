"""`dr plan` and the prompt of a takeover: which data each group comes up from, its age, what is not restored.

Laws: the line about all data is about the data that the takeover would use, and about no other. Where the end
that would take over is active already, the plan says that, and nothing of a takeover.
"""

import io
import json

import pytest
from attrs import evolve
from rich.console import Console
from turning import HOW, LOST, lost, passed_later, stuck
from worlds import PRODUCTION, RECOVERY, recovery, write

from portinfra.format import duration, moment
from portinfra.model.recovery import Action
from portinfra.recovery.takeover.abandon import abandon
from portinfra.recovery.takeover.takeover import failback, failover
from portinfra.recovery.watch.forecast import DataSource, make_forecast
from portinfra.render.console.forecast import show_prospect
from portinfra.render.recovery_documents import prospect_document

HOUR, DAY = 3600, 86400


def lines_of(found):
    """Return what a person reads."""
    out = io.StringIO()
    show_prospect(found, Console(file=out, width=200))
    return out.getvalue().splitlines()


def line_of(group, found):
    """Return what a person reads about one group."""
    (line,) = [line for line in lines_of(found) if line.startswith(f"  {group}: ")]
    return line.removeprefix(f"  {group}: ")


def data_line_of(found):
    """Return what a person reads about the data of all groups."""
    (line,) = [line for line in lines_of(found) if line.startswith("Data: ")]
    return line


def test_a_point_is_named_with_its_age_and_its_time(ready):
    passed_later(ready, 3600)
    found = make_forecast(recovery(), HOW)
    (source,) = found.data
    line = line_of("db", found)
    assert line.startswith(f"{source.what}, at most 1 h")
    assert line.endswith(f" old ({moment(source.taken)}). Data written after that is not restored.")


def test_one_plan_has_one_age_of_a_point_however_slow_the_calls_are(ready):
    ready.before_request = lambda action, given: passed_later(ready, 60)
    found = make_forecast(recovery(), HOW)
    (source,) = found.data
    assert {source.age} == {volume.age for volume in found.status.volumes}


def test_a_point_of_a_moment_is_named_with_its_time_too(ready):
    found = evolve(make_forecast(recovery(), HOW), as_of="2030-01-31T14:00:00+00:00")
    assert line_of("db", found) == line_of("db", evolve(found, as_of=None))


def test_a_point_whose_age_is_not_known_says_so(ready):
    found = make_forecast(recovery(), HOW)
    (source,) = found.data
    assert ", of an age that is not known (" in line_of("db", evolve(found, data=(evolve(source, age=None),)))


def test_a_group_without_a_point_has_no_data(cloud):
    assert line_of("db", make_forecast(recovery(), HOW)) == "no data."


def test_a_last_point_leaves_nothing_behind(ready):
    line = line_of("db", make_forecast(recovery(), evolve(HOW, planned=True)))
    assert line == "a last point, made after production is stopped. All written data is restored."


def test_own_volumes_are_as_old_as_in_evidence_and_what_was_written_at_the_other_end_stays_behind(ready):
    failover(recovery(), HOW)
    write(ready, RECOVERY, "a day of orders")
    back = failback(recovery(), HOW)
    passed_later(ready, 2 * DAY)
    found = make_forecast(recovery(), HOW)
    (source,) = found.data
    assert back.started <= source.taken <= back.ended
    assert source.age == pytest.approx(2 * DAY, abs=HOUR)
    age = f"at most {duration(source.age)} old"
    own = f"own volumes of recovery, kept as they are, {age} ({moment(source.taken)})"
    assert line_of("db", found) == f"{own}. Data that production wrote after that is not restored."
    assert data_line_of(found) == f"Data: {age} of 4 h (rpo)."
    assert failover(recovery(), HOW).rpo_measured == pytest.approx(source.age, abs=HOUR)


def test_own_volumes_of_a_takeover_that_is_not_finished_are_as_old_as_when_it_began(ready):
    stopped = recovery(actions=[Action("promote", run=lambda inventory: False)])
    failover(recovery(), HOW)
    failback(recovery(), HOW)
    passed_later(ready, DAY)
    before, ended = make_forecast(recovery(), HOW), failover(stopped, HOW)
    assert ended.result == "failed"
    passed_later(ready, DAY)
    (source,) = make_forecast(recovery(), HOW).data
    assert source.taken == before.data[0].taken


@pytest.mark.parametrize("continued", [True, False], ids=["continued before", "not continued"])
def test_own_volumes_are_no_newer_after_an_abandoned_takeover(ready, continued):
    """Production became active while recovery was lost, and wrote for a day. Recovery did not know of it."""
    failover(recovery(), HOW)
    with lost(RECOVERY):
        failback(recovery(), LOST)
    passed_later(ready, DAY)
    with lost(PRODUCTION):
        stuck(options=LOST)
    if continued:
        stuck()
    abandon(recovery(), HOW)
    (source,) = make_forecast(recovery(), HOW).data
    assert source.is_own
    assert source.age >= DAY


def test_own_volumes_of_an_end_that_was_never_left_have_no_age(ready):
    failover(recovery(), HOW)
    found = make_forecast(recovery(), HOW)
    own = evolve(found, is_active=False, data=(DataSource("db", "own volumes of recovery", None),))
    line = "own volumes of recovery, kept as they are. No data of production is restored."
    assert line_of("db", own) == line


def test_points_have_the_age_of_the_oldest(ready):
    found = make_forecast(recovery(), HOW)
    (source,) = found.data
    old = evolve(found, data=(evolve(source, age=7200.0),))
    assert data_line_of(old) == "Data: at most 2 h old of 4 h (rpo)."
    unknown = evolve(found, data=(evolve(source, age=None),))
    assert data_line_of(unknown) == "Data: of an age that is not known, on 2 volumes."


def test_what_cannot_be_restored_is_counted_where_points_would_be_used(cloud):
    assert data_line_of(make_forecast(recovery(), HOW)) == "Data: none of 2 volumes can be restored."


def test_a_last_point_is_of_the_moment_at_which_the_other_end_is_stopped(ready):
    failover(recovery(), HOW)
    found = make_forecast(recovery().reversed, HOW)
    assert data_line_of(found) == "Data: as it is when recovery is stopped."
    assert (
        line_of("db", found) == "a last point, made after recovery is stopped. All written data is restored."
    )


def test_own_volumes_are_not_counted_among_what_cannot_be_restored(ready):
    failover(recovery(), HOW)
    with lost(RECOVERY):
        assert "can be restored" not in data_line_of(make_forecast(recovery().reversed, LOST))


@pytest.mark.parametrize("way", ["failover", "failback"])
def test_a_plan_for_the_end_that_is_active_says_only_that_it_is_active(ready, way):
    about = recovery().reversed if way == "failback" else recovery()
    if way == "failover":
        failover(recovery(), HOW)
    found = make_forecast(about, HOW)
    (finding,) = found.findings
    assert f"{about.target.name} is active already" in finding.message
    title, *lines = lines_of(found)
    assert title.startswith("recovery shop: ")
    assert [line for line in lines if line] == [
        f"error: {finding.subject}: {finding.message}",
        f"  {finding.fix}",
    ]
    assert "is active already" in json.dumps(prospect_document(found))
