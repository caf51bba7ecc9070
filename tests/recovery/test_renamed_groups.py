"""Law: where a point of another group has the newest data of a volume, a takeover does not use older data. It
is refused, and the refusal names the point, the group and both ways on.
"""

import pytest
from attrs import evolve
from begun import begun
from turning import HOW, LOST, lost
from worlds import FEW, ONE, PRODUCTION, RECOVERY, recovery, write, written

from portinfra.errors import PolicyError
from portinfra.model.finding import Severity
from portinfra.model.recovery import DataPolicy
from portinfra.model.topology import Role, Topology, Volume
from portinfra.recovery.drills.drill import drill
from portinfra.recovery.replication.replicate import replicate
from portinfra.recovery.takeover.takeover import failback, failover
from portinfra.recovery.watch.forecast import make_forecast
from portinfra.recovery.watch.monitor import status
from portinfra.testing.simulation import apply_and_check

STORES = Topology(
    "shop",
    [Role(name, count=1, volumes=[Volume("data", gib=10)], waive=FEW) for name in ("db", "files")],
    [],
)
RULE = "recovery/data-of-another-group"


def about(**groups):
    """The recovery plan, with the group of each role; a role without one is a group of its own."""
    data = [DataPolicy(role, group=group) for role, group in groups.items()]
    return recovery(topology=STORES, waves=[["db", "files"]], rto="99h", rpo="99h", data=data)


def has_points(cloud, **groups):
    apply_and_check(STORES, PRODUCTION)
    write(cloud, PRODUCTION, "monday")
    assert replicate(about(**groups), run_options=ONE).succeeded


def is_active_in_recovery(cloud):
    """Recovery took over, and production has a point of what was written there."""
    has_points(cloud)
    assert failover(about(), HOW).result == "passed"
    write(cloud, RECOVERY, "tuesday")
    assert replicate(about(), run_options=ONE).succeeded


def shares_one_group(cloud):
    has_points(cloud, db="all", files="all")


EDITS = {
    "a group is renamed": (has_points, {"db": "orders"}, "group db"),
    "two groups are joined": (has_points, {"db": "all", "files": "all"}, "groups db and files"),
    "one group joins another": (has_points, {"files": "db"}, "group files"),
    "a group is split": (shares_one_group, {}, "group all"),
    "a group is split and one part keeps its name": (shares_one_group, {"db": "all"}, "group all"),
}


@pytest.mark.parametrize("edit", EDITS)
def test_a_takeover_without_other_data_names_the_points_of_the_other_group(edit):
    before, groups, where = EDITS[edit]
    with begun(before):
        with lost(PRODUCTION), pytest.raises(PolicyError) as refusal:
            failover(about(**groups), LOST)
        text = " ".join(f"{each.message} {each.fix}" for each in refusal.value.findings)
    assert f"Declare these volumes in the {where} again." in text


@pytest.fixture
def production_waits():
    with begun(is_active_in_recovery) as cloud:
        yield cloud


RENAMED = about(db="orders")


def test_own_volumes_with_older_data_are_not_used_unasked_although_the_active_end_is_lost(production_waits):
    with lost(RECOVERY):
        (finding,) = [each for each in make_forecast(RENAMED.reversed, LOST).findings if each.rule == RULE]
        assert finding.severity is Severity.ERROR
        assert "volume.db1-data" in finding.message
        with pytest.raises(PolicyError) as refusal:
            failback(RENAMED, LOST)
    assert [each.rule for each in refusal.value.findings] == [RULE]
    texts = {text.partition(" of ")[0] for text in written(production_waits, PRODUCTION).values()}
    assert texts == {"monday"}


def test_the_group_that_is_declared_again_brings_the_newest_data(production_waits):
    with lost(RECOVERY):
        assert failback(about(), LOST).result == "passed"
    texts = {text.partition(" of ")[0] for text in written(production_waits, PRODUCTION).values()}
    assert texts == {"tuesday"}


def test_an_operator_who_leaves_the_point_aside_goes_on(production_waits):
    with lost(RECOVERY):
        (finding,) = [each for each in make_forecast(RENAMED.reversed, LOST).findings if each.rule == RULE]
        id = finding.fix.partition("--without-point ")[2].removesuffix(".")
        assert failback(RENAMED, evolve(LOST, without=(id,))).result == "passed"


def test_a_newer_point_of_the_renamed_group_ends_the_refusal(production_waits):
    assert replicate(RENAMED, now=True, run_options=ONE).succeeded
    with lost(RECOVERY):
        assert failback(RENAMED, LOST).result == "passed"
    texts = {text.partition(" of ")[0] for text in written(production_waits, PRODUCTION).values()}
    assert texts == {"tuesday"}


def test_the_monitor_of_a_renamed_group_names_the_point():
    with begun(has_points):
        found = status(RENAMED).readiness or ()
        assert "of the group db" in " ".join(each.message for each in found)


def newer_data_has_the_former_name(cloud):
    """An older point has the declared group, and a newer one the name that the group had before."""
    has_points(cloud, db="orders")
    assert replicate(about(), now=True, run_options=ONE).succeeded


def test_a_drill_that_uses_an_older_point_names_the_newer_one_and_its_group():
    with begun(newer_data_has_the_former_name):
        said = []
        assert drill(RENAMED, run_options=ONE, say=said.append).points
        (line,) = [each for each in said if each.startswith("the drill uses older data")]
        (newer,) = [each.id for each in status(about()).points if each.group == "db"]
        assert f"newer data of volume.db1-data is in {newer}, of the group db" in line


def test_a_drill_of_the_newest_points_says_nothing_of_older_data():
    with begun(has_points):
        said = []
        drill(about(), run_options=ONE, say=said.append)
        assert not [each for each in said if "older data" in each]
