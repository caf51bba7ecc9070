"""`dr plan` and the prompt of a takeover: which data each group comes up from, its age, what stays behind."""

import io

from attrs import evolve
from rich.console import Console
from turning import HOW, passed_later
from worlds import RECOVERY, recovery, write

from portinfra.recovery.takeover.takeover import failback, failover
from portinfra.recovery.watch.forecast import make_forecast
from portinfra.render.console.recovery import show_prospect
from portinfra.words import moment


def line_of(group, found):
    """Return what a person reads about one group."""
    out = io.StringIO()
    show_prospect(found, Console(file=out, width=200))
    (line,) = [line for line in out.getvalue().splitlines() if line.startswith(f"  {group}: ")]
    return line.removeprefix(f"  {group}: ")


def test_a_point_is_named_with_its_age_and_its_time(ready):
    passed_later(ready, 3600)
    found = make_forecast(recovery(), HOW)
    (source,) = found.data
    line = line_of("db", found)
    assert line.startswith(f"{source.what}, at most 1 h")
    assert line.endswith(f" old ({moment(source.taken)}). Data written after that stays behind.")


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
    assert ", of unknown age (" in line_of("db", evolve(found, data=(evolve(source, age=None),)))


def test_a_group_without_a_point_has_no_data(cloud):
    assert line_of("db", make_forecast(recovery(), HOW)) == "no data."


def test_a_last_point_leaves_nothing_behind(ready):
    line = line_of("db", make_forecast(recovery(), evolve(HOW, planned=True)))
    assert line == "a last point, made after production is stopped. No written data stays behind."


def test_own_volumes_are_kept_and_the_data_of_the_other_end_is_not_restored(ready):
    failover(recovery(), HOW)
    write(ready, RECOVERY, "a day of orders")
    assert failback(recovery(), HOW).result == "passed"
    line = line_of("db", make_forecast(recovery(), HOW))
    assert line == "own volumes of recovery, kept as they are. No data of production is restored."
