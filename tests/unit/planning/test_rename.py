"""A renamed role keeps what it has, or the plan says that it cannot."""

import pytest
from attrs import evolve
from toy import CATALOGUE, DRIVERS, PRODUCTION, ToyDriver, actions, applied, plan_of, topology

from portinfra import PlanOptions, Role, Volume
from portinfra.model.finding import Severity
from portinfra.model.resources import Volume as VolumeSpec
from portinfra.placement import place
from portinfra.planning.make_plan import make_plan

DB = Role("db", count=1, volumes=[Volume("data", gib=10)])
STORE = evolve(DB, name="store", renamed_from="db")


def test_everything_bears_the_new_name():
    plan = plan_of(topology(STORE), applied(topology(DB)))
    assert set(actions(plan).values()) == {"update"}
    assert not plan.errors


def plan_where_volumes_keep_their_names(**options):
    by_name = ToyDriver(VolumeSpec)
    by_name.renames = False
    return make_plan(
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


def unknown_former_names(plan):
    return [each for each in plan.findings if each.rule == "plan/unknown-former-name"]


MISSPELLED = evolve(STORE, renamed_from="bd")
OTHERS = [Role(name, count=1) for name in ("queue", "cache", "api")]


def test_a_misspelled_former_name_refuses_a_plan_that_deletes_hosts():
    (error,) = unknown_former_names(plan_of(topology(MISSPELLED), applied(topology(DB))))
    assert error.severity is Severity.ERROR
    assert error.subject == "role.store.renamed_from"
    assert (
        error.message
        == "nothing of 'bd' exists: store would be a new role, while the plan deletes hosts of db"
    )
    assert error.fix == "Did you mean 'db'? If 'store' is a new role, leave renamed_from out."


def test_of_several_roles_that_go_the_nearest_name_is_suggested():
    misspelled = evolve(STORE, renamed_from="cahce")
    (error,) = unknown_former_names(plan_of(topology(misspelled), applied(topology(DB, *OTHERS))))
    assert error.message.endswith("the plan deletes hosts of api, cache, db, queue")
    assert error.fix.startswith("Did you mean 'cache'?")


def test_a_former_name_that_nothing_has_is_a_warning_where_no_hosts_go():
    plan = plan_of(topology(*OTHERS, MISSPELLED), applied(topology(*OTHERS)))
    (warning,) = unknown_former_names(plan)
    assert warning.severity is Severity.WARNING
    assert warning.message == "nothing of 'bd' exists: store would be a new role"
    assert warning.fix == "If 'store' is a new role, leave renamed_from out."


@pytest.mark.parametrize(
    ("declared", "existing", "options"),
    [
        pytest.param([STORE], [], {}, id="nothing exists"),
        pytest.param([STORE], [STORE], {}, id="the role was renamed before"),
        pytest.param([STORE], [STORE, *OTHERS], {}, id="it was, and other roles go"),
        pytest.param([STORE], [DB], {}, id="the former name exists"),
        pytest.param([MISSPELLED, *OTHERS], [DB, *OTHERS], {"only": {"api"}}, id="the role is not chosen"),
    ],
)
def test_a_former_name_is_no_finding_where(declared, existing, options):
    world = applied(topology(*existing)) if existing else None
    assert not unknown_former_names(plan_of(topology(*declared), world, **options))
