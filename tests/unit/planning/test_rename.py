"""A renamed role keeps what it has, or the plan says that it cannot."""

from attrs import evolve
from toy import CATALOGUE, DRIVERS, PRODUCTION, ToyDriver, actions, applied, plan_of, topology

from portinfra import PlanOptions, Role, Volume
from portinfra.model.resources import Volume as VolumeSpec
from portinfra.placement import place
from portinfra.planning.compose import compose

DB = Role("db", count=1, volumes=[Volume("data", gib=10)])
STORE = evolve(DB, name="store", renamed_from="db")


def test_everything_bears_the_new_name():
    plan = plan_of(topology(STORE), applied(topology(DB)))
    assert set(actions(plan).values()) == {"update"}
    assert not plan.errors


def plan_where_volumes_keep_their_names(**options):
    by_name = ToyDriver(VolumeSpec)
    by_name.renames = False
    return compose(
        place(topology(STORE), PRODUCTION),
        CATALOGUE,
        applied(topology(DB)),
        {**DRIVERS, VolumeSpec: by_name},
        PlanOptions(**options),
    )


def test_no_host_comes_up_beside_a_blank_volume_in_the_place_of_its_own():
    plan = plan_where_volumes_keep_their_names()
    (error,) = plan.errors
    assert (error.rule, error.subject) == ("plan/cannot-rename", "volume.db1-data")
    assert "--allow-data-loss volume.db1-data" in error.fix


def test_unless_its_contents_are_given_up():
    allowed = plan_where_volumes_keep_their_names(allow_data_loss=frozenset({"volume.db1-data"}))
    assert not allowed.errors
    assert actions(allowed)["volume.db1-data"] == "delete"
