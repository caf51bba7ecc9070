"""What makes no sense in an environment, or between two, is found."""

import pytest
from attrs import evolve

from portinfra.errors import ValidationError
from portinfra.model.catalogue import Capabilities
from portinfra.model.environment import Environment
from portinfra.model.finding import Severity
from portinfra.model.resources import Volume
from portinfra.model.topology import Role, Topology
from portinfra.validation import validate, validate_declared

PLACE = Environment("production", on="aws:us-east-1", account="1", key="alias/shop")
OTHER = Environment("recovery", on="gcp:europe-west1", account="1", key="shop/volumes")
SHOP = Topology("shop", roles=[Role("app"), Role("db")])


def findings_of(environment: Environment, topology: Topology = SHOP, native=None, **limits):
    try:
        return validate(topology, environment, Capabilities(**limits), native or {})
    except ValidationError as error:
        return error.findings


@pytest.mark.parametrize(
    ("changes", "rule", "words"),
    [
        ({"name": "Prod"}, "environment/name", "'prod'"),
        ({"on": "aws"}, "environment/on", "PROVIDER:LOCATION"),
        ({"on": "aws:"}, "environment/on", "PROVIDER:LOCATION"),
        ({"key": ""}, "environment/key", "leave it out"),
        ({"tags": {"portinfra": "x"}}, "environment/reserved-tag", "Rename the tag"),
        ({"cidr": "ten"}, "environment/cidr", "10.10.0.0/16"),
        ({"cidr": "::/64"}, "environment/cidr", "IPv4"),
        ({"cidr": "10.1.1.1/16"}, "environment/cidr", "Write '10.1.0.0/16'."),
        ({"calls_per_minute": {"launch": 0}}, "environment/calls-per-minute", "1 or more"),
        ({"subnet_prefix": 29}, "environment/subnet-prefix", "16 to 28"),
        ({"cidr": "10.0.0.0/8", "subnet_prefix": 15}, "environment/subnet-prefix", "16 to 28"),
        ({"cidr": "10.0.0.0/24"}, "environment/subnet-prefix", "longer subnet_prefix than /24"),
        ({"zones": ["a", "a"]}, "environment/zones", "named twice"),
        ({"zones": ["a", "b", "c", "d", "e"]}, "environment/zones", "at most 4"),
        ({"roles": {"app": {"cuont": 1}}}, "environment/unknown-attribute", "Did you mean 'count'?"),
        ({"roles": {"app": {"public": "x"}}}, "environment/unknown-attribute", "cannot differ"),
        ({"roles": {"app": {"count": "1"}}}, "environment/wrong-type", "whole number"),
        ({"roles": {"app": {"count": -1}}}, "environment/count", "0 or more"),
        ({"roles": {"app": {"size": ""}}}, "environment/empty-size", "Leave size out"),
        ({"roles": {"app": {"disk_gib": 0}}}, "provider/disk-size", "Use 1 to"),
    ],
)
def test_what_makes_no_sense_is_an_error(changes, rule, words):
    (finding,) = findings_of(evolve(PLACE, **changes))
    assert (finding.rule, finding.severity) == (rule, Severity.ERROR)
    assert words in f"{finding.message}. {finding.fix}"
    assert finding.location


@pytest.mark.parametrize(("cidr", "private"), [("100.64.0.0/16", True), ("172.32.0.0/16", False)])
def test_addresses_that_are_not_private_are_a_warning(cidr, private):
    rules = [(finding.rule, finding.severity) for finding in findings_of(evolve(PLACE, cidr=cidr))]
    assert rules == ([] if private else [("environment/public-cidr", Severity.WARNING)])


def test_an_unknown_role_is_an_error_but_for_what_exists(declared):
    place = evolve(PLACE, roles={"dbb": {"count": 1}})
    (finding,) = findings_of(place)
    assert (finding.rule, finding.severity) == ("environment/unknown-role", Severity.ERROR)
    (finding,) = validate(SHOP, place, Capabilities(), existing=True)
    assert (finding.rule, finding.severity) == ("environment/unknown-role", Severity.WARNING)
    with pytest.raises(ValidationError, match="Did you mean 'db'"):
        validate_declared(declared(SHOP, environments=[place]))
    validate_declared(declared(SHOP, Topology("b", roles=[Role("dbb")]), environments=[place]))


@pytest.mark.parametrize(
    ("role", "limits", "rule"),
    [
        (Role("w", public="x"), {"public_addresses": False}, "provider/public"),
        (Role("w", user_data="#!"), {"user_data_max_bytes": 1}, "provider/user-data"),
        (Role("w", tags={"a": "", "b": ""}), {"tags_max": 1}, "provider/tags"),
        (Role("w", volumes=[Volume("d", gib=1, tags={"a": ""})]), {"tags_max": 0}, "provider/tags"),
        (Role("w", volumes=[Volume("d", gib=1, key="k")]), {"customer_keys": False}, "provider/key"),
        (
            Role("w", volumes=[Volume("d", gib=3)]),
            {"volume_max_gib": 2, "volume_min_gib": 1},
            "provider/disk-size",
        ),
        (Role("w", disk_gib=3), {"volume_max_gib": 2}, "provider/disk-size"),
        (Role("w", native={"aws": {"plcement": "x"}}), {}, "provider/unknown-option"),
    ],
)
def test_what_the_provider_cannot_do_is_refused(role, limits, rule):
    found = findings_of(PLACE, Topology("shop", roles=[role]), {"aws": {"placement": "how"}}, **limits)
    assert rule in [finding.rule for finding in found]
    assert "\xe9" not in str(found)


@pytest.mark.parametrize(
    ("cidr", "words"),
    [
        ("10.0.0.0/12", "Use a part of it: '10.0.0.0/16'."),
        ("127.0.0.0/16", "no networks in 127.0.0.0/8"),
        ("169.254.0.0/17", "no networks in 169.254.0.0/16"),
    ],
)
def test_a_network_that_the_provider_cannot_have_is_refused(cidr, words):
    found = findings_of(evolve(PLACE, cidr=cidr), network_prefix_min=16)
    (finding,) = [each for each in found if each.rule == "provider/cidr"]
    assert (finding.subject, finding.severity) == ("environment.production.cidr", Severity.ERROR)
    assert words in f"{finding.message}. {finding.fix}"
    assert finding.location
    assert findings_of(evolve(PLACE, cidr="10.0.0.0/16"), network_prefix_min=16) == ()


TAG_LIMITS = {"tag_key_max": 4, "tag_value_max": 3, "tags_reserved": ("own:",)}


@pytest.mark.parametrize(
    ("tags", "rule"),
    [
        ({"": "x"}, "provider/tag-key"),
        ({"keyed": "x"}, "provider/tag-key"),
        ({"key": "long"}, "provider/tag-value"),
        ({"Own:x": "x"}, "provider/reserved-tag"),
    ],
)
def test_a_tag_that_the_provider_cannot_keep_is_found_where_it_is_written(tags, rule):
    data = Volume("data", gib=1, tags=tags)
    role = Role("app", tags=tags, volumes=[data])
    topology = Topology("shop", roles=[role], tags=tags)
    place = evolve(PLACE, tags=tags, roles={"app": {"tags": tags}})
    found = {each.subject: each for each in findings_of(place, topology, **TAG_LIMITS)}
    assert {each.rule for each in found.values()} == {rule}
    assert found.keys() == {
        "topology.shop.tags",
        "environment.production.tags",
        "role.app.tags",
        "environment.production.role.app.tags",
        "role.app.volume.data.tags",
    }
    assert all(each.location and each.fix for each in found.values())
    assert findings_of(place, topology) == ()


def test_tags_of_the_longest_that_the_provider_keeps_are_kept():
    topology = Topology("shop", roles=[Role("app", tags={"abcd": "abc", "e": ""})])
    assert findings_of(PLACE, topology, **TAG_LIMITS) == ()


@pytest.mark.parametrize("account", ["12", "1234567890123", "12345678901a", "١٢٣٤٥٦٧٨٩٠١٢", "123456789012\n"])
def test_an_account_that_has_not_the_digits_of_the_provider_is_refused(account):
    found = findings_of(evolve(PLACE, account=account), account_digits=12)
    assert "provider/account" in {each.rule for each in found}


@pytest.mark.parametrize(("account", "digits"), [("", 12), ("012345678901", 12), ("my-project", None)])
def test_an_account_of_the_form_of_the_provider_or_none_is_no_finding(account, digits):
    assert findings_of(evolve(PLACE, account=account), account_digits=digits) == ()


def test_a_key_is_refused_where_there_are_none():
    (finding,) = findings_of(evolve(PLACE, key="k"), customer_keys=False)
    assert finding.rule == "provider/key"


def test_options_of_a_provider_that_is_not_installed_are_not_checked():
    topology = Topology("shop", roles=[Role("w", native={"other": {"x": 1}})])
    assert findings_of(PLACE, topology, {"aws": {}}) == ()


def test_environments_that_share_an_account_are_a_warning(declared):
    twin = evolve(PLACE, name="test")
    (warning,) = validate_declared(declared(SHOP, environments=[PLACE, OTHER, twin]))
    assert (warning.rule, warning.subject) == ("environment/shared-account", "environment.test.account")
    assert "R1" in warning.message


STORE = Topology("store", [Role("db", size="m5.large", volumes=[Volume("data", gib=1, key="alias/shop")])])


@pytest.mark.parametrize(
    ("attribute", "name", "near"),
    [
        ("sizes", "m5.larg", "m5.large"),
        ("sizes", "smal", "small"),
        ("images", "debain-12", "debian-12"),
        ("keys", "alias/shopp", "alias/shop"),
    ],
)
def test_a_misspelled_key_is_an_error_with_the_nearest_name_but_for_what_exists(
    attribute, name, near, declared
):
    place = evolve(PLACE, **{attribute: {name: "x"}})
    (finding,) = findings_of(place, STORE)
    assert (finding.rule, finding.severity) == ("environment/unknown-key", Severity.ERROR)
    assert finding.subject == f"environment.production.{attribute}"
    assert finding.fix.startswith(f"Did you mean {near!r}?")
    (finding,) = validate_declared(declared(STORE, environments=[place]), existing=True)
    assert finding.severity is Severity.WARNING


@pytest.mark.parametrize(
    "changes",
    [
        {"sizes": {"m5.large": "n2-standard-2", "large": "x", "n2-standard-8": "y"}},
        {"sizes": {"m5.large": "n2-standard-2", "m5.larger": "another topology has it"}},
        {"images": {"debian-12": "a", "debian-13": "b"}},
        {"keys": {"alias/other": "x"}},
    ],
)
def test_one_table_may_serve_several_topologies(changes):
    assert findings_of(evolve(PLACE, **changes), STORE) == ()
