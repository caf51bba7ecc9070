"""A name in plan options that nothing has is an error, whoever gives it: a script or the command line."""

import attrs
import pytest

from portinfra import Environment, PlanOptions, Role, Topology, Volume, apply, destroy, plan
from portinfra.errors import UserCodeError, ValidationError
from portinfra.lease import release
from portinfra.model.finding import Severity
from portinfra.testing.faults import Crash, Faults, inject_faults
from portinfra.testing.simulation import apply_and_check, simulate

SHOP = Topology("shop", [Role("small", count=2, volumes=Volume("data", gib=10)), Role("web", count=1)])
DEMO = Environment("demo", on="fake:us-east-1")
NAMES = {
    "allow_data_loss": ("volume.small1-data", "small1-data"),
    "replace": ("instance.web1", "instance.wbe1"),
    "only": ("web", "wbe"),
    "without_zones": ("us-east-1a", "us-east-1x"),
    "addresses": ("instance.web1", "instance.wbe1"),
    "not_ready": ("instance.web1", "instance.wbe1"),
    "unprotected": ("volume.small1-data", "small1-data"),
}
"""For each attribute that holds names, one that is known and one that is not."""


@pytest.fixture(scope="module")
def cloud():
    with simulate() as cloud:
        apply_and_check(SHOP, DEMO)
        yield cloud


def errors(made):
    return [finding for finding in made.errors if finding.rule == "options/unknown-name"]


def test_every_attribute_that_holds_names_is_among_them():
    assert set(NAMES) == {each.name for each in attrs.fields(PlanOptions) if "frozenset" in str(each.type)}


@pytest.mark.parametrize("verb", [plan, destroy])
@pytest.mark.parametrize("attribute", NAMES)
def test_an_unknown_name_is_an_error_that_names_the_attribute_and_the_nearest(cloud, verb, attribute):
    known, unknown = NAMES[attribute]
    (error,) = errors(verb(SHOP, DEMO, PlanOptions(**{attribute: unknown})))
    assert error.subject == f"options.{attribute}"
    assert unknown in error.message
    assert "Did you mean" in error.fix
    assert not errors(verb(SHOP, DEMO, PlanOptions(**{attribute: known})))


def test_a_plan_with_an_unknown_name_is_not_applied(cloud):
    made = destroy(SHOP, DEMO, PlanOptions(allow_data_loss="small1"))
    with pytest.raises(ValidationError, match="allow_data_loss"):
        apply(made)


def test_every_volume_is_meant_by_all_and_by_nothing_else(cloud):
    assert not errors(destroy(SHOP, DEMO, PlanOptions(allow_data_loss="all")))
    assert errors(destroy(SHOP, DEMO, PlanOptions(allow_data_loss="sm-all-1")))


def test_one_volume_that_may_be_lost_is_the_only_one_that_goes():
    with simulate() as cloud:
        apply_and_check(SHOP, DEMO)
        apply(destroy(SHOP, DEMO, PlanOptions(allow_data_loss="volume.small1-data")))
        volumes = [record["name"] for record in cloud.ground_truth() if record["kind"] == "volume"]
    assert len(volumes) == 1
    assert "small2-data" in volumes[0]


@pytest.fixture
def killed():
    """An environment whose last run was killed."""
    with simulate() as cloud:
        apply_and_check(SHOP, DEMO)
        with inject_faults("fake", Faults(at="DeleteInstance", mishap="dies after")), pytest.raises(Crash):
            apply(plan(SHOP, DEMO, PlanOptions(replace="instance.web1")), seed=0)
        cloud.clock.sleep_until(cloud.clock.now() + 60)  # lists show its lease
        yield cloud


@pytest.mark.parametrize("attribute", ["allow_data_loss", "unprotected"])
def test_after_a_killed_run_an_absent_volume_is_a_warning_that_names_no_other_volume(killed, attribute):
    made = destroy(SHOP, DEMO, PlanOptions(**{attribute: "volume.small9-data"}))
    (warning,) = [finding for finding in made.findings if finding.rule == "options/unknown-name"]
    assert warning.severity is Severity.WARNING
    assert "small1" not in warning.fix
    assert "small2" not in warning.fix


@pytest.mark.parametrize("name", ["volume.small1-dta", "volume.smal1-data", "volume.small1-datta"])
def test_a_misspelled_volume_that_may_be_lost_is_an_error_with_the_nearest(cloud, name):
    (error,) = errors(destroy(SHOP, DEMO, PlanOptions(allow_data_loss=name)))
    assert "Did you mean 'volume.small1-data'?" in error.fix


@pytest.mark.parametrize("name", ["volume.small1-dta", "volume.smal1-data"])
def test_after_a_killed_run_no_advice_names_a_volume_that_is_spelled_alike(killed, name):
    made = destroy(SHOP, DEMO, PlanOptions(allow_data_loss=name))
    (warning,) = [finding for finding in made.findings if finding.rule == "options/unknown-name"]
    assert warning.severity is Severity.WARNING
    assert "small1-data" not in warning.fix


@pytest.mark.parametrize("attribute", ["allow_data_loss", "unprotected"])
@pytest.mark.parametrize("name", ["volume.small9-data", "volume.web1-data", "snapshot.small1-dta"])
def test_a_volume_that_does_not_exist_is_an_error_that_says_which_do(cloud, attribute, name):
    (error,) = errors(destroy(SHOP, DEMO, PlanOptions(**{attribute: name})))
    assert error.fix == (
        "If a run has deleted it already, leave it out. Known are volume.small1-data, volume.small2-data."
    )


@pytest.mark.parametrize(("name", "address"), [("web1", "instance.web1"), ("wbe1", "instance.web1")])
def test_a_name_without_its_kind_is_answered_with_the_address(cloud, name, address):
    (error,) = errors(plan(SHOP, DEMO, PlanOptions(replace=name)))
    assert f"Did you mean {address!r}?" in error.fix


FEWER = SHOP.with_role(attrs.evolve(SHOP.role("small"), count=1))
GROWN = FEWER.with_role(attrs.evolve(SHOP.role("web"), count=2))
LOSS = PlanOptions(allow_data_loss="volume.small2-data")


def names_of_volumes(cloud):
    return [record["name"] for record in cloud.ground_truth() if record["kind"] == "volume"]


def is_interrupted(cloud):
    def hear(progress):
        if len(names_of_volumes(cloud)) == 1:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        apply(plan(FEWER, DEMO, LOSS), listen=hear, seed=0)


def dies(cloud):
    with inject_faults("fake", Faults(at="DeleteVolume", mishap="dies after")), pytest.raises(Crash):
        apply(plan(FEWER, DEMO, LOSS), seed=0)


def is_killed_and_its_lease_released(cloud):
    dies(cloud)
    assert release(FEWER, DEMO) is not None


def is_interrupted_twice(cloud):
    """The second time before it changes anything."""
    is_interrupted(cloud)

    def hear(progress):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        apply(plan(GROWN, DEMO, LOSS), listen=hear, seed=0)


def fails(cloud):
    def name_hosts(addresses):
        raise ValueError("the zone file is locked")

    with pytest.raises(UserCodeError):
        apply(plan(FEWER, attrs.evolve(DEMO, dns=name_hosts), LOSS), seed=0)


@pytest.mark.parametrize(
    "end", [dies, is_killed_and_its_lease_released, is_interrupted, is_interrupted_twice, fails]
)
def test_a_run_that_does_not_end_well_after_the_loss_is_finished_by_the_same_options(end):
    with simulate() as cloud:
        apply_and_check(SHOP, DEMO)
        end(cloud)
        cloud.clock.sleep_until(cloud.clock.now() + 60)  # the volume is deleted
        assert len(names_of_volumes(cloud)) == 1
        assert not plan(GROWN, DEMO, LOSS).errors
        apply(plan(GROWN, DEMO, LOSS), seed=0)
        assert len(names_of_volumes(cloud)) == 1


def test_after_a_run_that_ended_well_an_absent_volume_is_an_error():
    with simulate() as cloud:
        apply_and_check(SHOP, DEMO)
        is_interrupted(cloud)
        apply(plan(GROWN, DEMO), seed=0)
        assert errors(plan(FEWER, DEMO, LOSS))


@pytest.mark.parametrize(
    ("declared", "options", "reason"),
    [
        pytest.param(SHOP, {"only": "web"}, "only web is selected, and it belongs to small", id="only"),
        pytest.param(
            SHOP, {"addresses": "instance.web1"}, "it is not among the selected addresses", id="addresses"
        ),
        pytest.param(SHOP, {"without_zones": "us-east-1b"}, "us-east-1b is left out", id="a zone"),
        pytest.param(FEWER, {}, "the plan deletes it, and does not replace it", id="deleted"),
    ],
)
def test_a_replacement_that_a_plan_drops_is_an_error_with_the_reason(cloud, declared, options, reason):
    made = plan(declared, DEMO, PlanOptions(replace="instance.small2", **options))
    (error,) = [finding for finding in made.errors if finding.rule == "options/not-replaced"]
    assert f"replace names 'instance.small2', and {reason}" in error.message
    assert error.fix


@pytest.mark.parametrize("name", ["instance.small2", "volume.small2-data", "firewall.small", "network.main"])
def test_a_replacement_that_a_plan_follows_or_lists_as_kept_is_none(cloud, name):
    assert not plan(SHOP, DEMO, PlanOptions(replace=name)).errors


def test_a_replacement_that_a_killed_run_began_is_finished_by_the_same_options(killed):
    assert not plan(SHOP, DEMO, PlanOptions(replace="instance.web1")).errors
