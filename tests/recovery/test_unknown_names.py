"""A name that nothing has is an error of each verb that takes it, with the nearest name that is known."""

import pytest
from attrs import evolve
from turning import HOW, LOST
from worlds import PRODUCTION, RECOVERY, SHOP, recovery

from portinfra import PlanOptions, apply, check, connect, destroy, dr, inventory, move, place, plan
from portinfra.errors import DeclarationError, FindingsError, NotFound, PortinfraError


def misspelled(recovery):
    """The id of the only point, but for its last character."""
    return dr.status(recovery).points[0].id[:-1]


def in_an_environment(**changes):
    return lambda verb: verb(SHOP, evolve(PRODUCTION, **changes))


def applied(verb, *arguments, **options):
    return apply(verb(SHOP, PRODUCTION, PlanOptions(**options)), seed=0)


def single(method, *arguments):
    with connect(PRODUCTION, SHOP.name, guards=()) as cloud:
        return getattr(cloud, method)(*arguments)


STANDBY = recovery(standby="running")
TURNED_ROLES = {"wbe": {"count": 1}}
VERBS = {
    "plan, only": lambda: applied(plan, only="wbe"),
    "plan, replace": lambda: applied(plan, replace="instance.wbe1"),
    "plan, addresses": lambda: applied(plan, addresses="instance.wbe1"),
    "plan, allow_data_loss": lambda: applied(plan, allow_data_loss="volume.db1-dta"),
    "plan, without_zones": lambda: applied(plan, without_zones="us-east-1"),
    "destroy, only": lambda: applied(destroy, only="wbe"),
    "destroy, allow_data_loss": lambda: applied(destroy, allow_data_loss="volume.db1-dta"),
    "plan, roles of the environment": lambda: apply(
        plan(SHOP, evolve(PRODUCTION, roles=TURNED_ROLES)), seed=0
    ),
    "plan, sizes of the environment": lambda: apply(
        plan(SHOP, evolve(PRODUCTION, sizes={"smal": "large"})), seed=0
    ),
    "check, roles of the environment": lambda: check(SHOP, evolve(PRODUCTION, roles=TURNED_ROLES)),
    "placed, roles of the environment": lambda: place(SHOP, evolve(PRODUCTION, roles=TURNED_ROLES)),
    "move, roles of the environment": lambda: apply(
        move(place(SHOP, PRODUCTION), evolve(RECOVERY, roles=TURNED_ROLES)).plan, seed=0
    ),
    "inventory, format": lambda: inventory(place(SHOP, PRODUCTION), "ansibel"),
    "connect, remove": lambda: single("remove", "volume.db1-dta"),
    "recovery, an environment": lambda: dr.recovery(
        SHOP, evolve(recovery().plan, target="recovry"), [PRODUCTION, RECOVERY]
    ),
    "recovery, a role": lambda: dr.recovery(
        SHOP, evolve(recovery().plan, without=["wbe"]), [PRODUCTION, RECOVERY]
    ),
    "recoveries_of, an environment": lambda: dr.recoveries_of(
        SHOP, PRODUCTION, [evolve(recovery().plan, target="recovry")], [PRODUCTION, RECOVERY]
    ),
    "prospect, a point": lambda: dr.make_forecast(recovery(), evolve(HOW, without=misspelled(recovery()))),
    "may_take_over, a point": lambda: dr.may_take_over(
        recovery(), evolve(HOW, without=misspelled(recovery()))
    ),
    "failover, a point": lambda: dr.failover(recovery(), evolve(HOW, without=misspelled(recovery()))),
    "takeover, a point": lambda: dr.takeover(
        recovery(), "target", evolve(LOST, without=misspelled(recovery()))
    ),
    "refresh, a point": lambda: dr.refresh(STANDBY, evolve(HOW, without=misspelled(STANDBY))),
    "refresh, a volume": lambda: dr.refresh(STANDBY, evolve(HOW, blank="volume.db1-dta")),
    "failover, a volume": lambda: dr.failover(recovery(), evolve(HOW, blank="volume.db1-dta")),
    "drill, a volume": lambda: dr.drill(recovery(), blank=["volume.db1-dta"]),
}


@pytest.mark.parametrize("verb", VERBS.values(), ids=VERBS)
def test_a_misspelled_name_is_an_error_that_names_the_nearest_and_changes_nothing(ready, verb):
    before = resources(ready)
    with pytest.raises((FindingsError, DeclarationError, NotFound, ValueError)) as error:
        verb()
    advice = str(error.value) + getattr(error.value, "fix", "")
    assert "Did you mean" in advice or "Known are" in advice
    assert resources(ready) == before


def resources(cloud):
    """All that the cloud holds, but for claims."""
    return [record for record in cloud.ground_truth() if record["kind"] != "claim"]


def test_a_failback_leaves_aside_no_point_that_does_not_exist(ready):
    dr.failover(recovery(), HOW)
    with pytest.raises(PortinfraError, match="there is no point 'p-1'"):
        dr.failback(recovery(), evolve(LOST, without="p-1"))


def test_what_differs_for_an_unknown_role_stops_no_destroy(ready):
    named = evolve(PRODUCTION, roles=TURNED_ROLES, sizes={"smal": "large"})
    assert not destroy(SHOP, named, guards=()).errors
