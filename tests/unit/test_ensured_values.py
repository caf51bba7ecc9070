"""What `ensure` is given is checked whole before anything is changed: a wrong value deletes nothing."""

import re
from types import MappingProxyType
from unittest import mock

import attrs
import pytest
from attrs import evolve

from portinfra import PlanOptions, Role, Topology, apply, connect, plan
from portinfra.errors import FindingsError, NotFound, ProviderError, ValidationError
from portinfra.model.resources import (
    KINDS,
    Attachment,
    Firewall,
    FirewallRules,
    Instance,
    Mount,
    Network,
    PublicAddress,
    Rule,
    Snapshot,
    Subnet,
    Volume,
)
from portinfra.provider import registry
from portinfra.testing.simulation import SOMEWHERE, apply_and_check, simulate
from portinfra.validation.resources import resource_findings

ZONE = "us-east-1a"
HERE = Network("main", "10.0.0.0/16")
SUBNET = Subnet("web-0", HERE.address, "10.0.0.0/24", ZONE)
FIREWALL = Firewall("web", HERE.address)
VOLUME = Volume("web1-data", gib=10, zone=ZONE)
HOST = Instance("web1", SUBNET.address, FIREWALL.address, ZONE, "10.0.0.10", "f1.small")
THERE = (
    HERE,
    SUBNET,
    FIREWALL,
    FirewallRules("web", FIREWALL.address, ingress=[Rule("tcp", 443, 443, "0.0.0.0/0")]),
    HOST,
    VOLUME,
    Attachment("web1-data", HOST.address, VOLUME.address, "data"),
    PublicAddress("web1", HOST.address),
    Snapshot("web1-data-1", VOLUME.address),
)
"""One resource of each kind, as it is there."""

LOG = Volume("log", gib=10, zone=ZONE)

TAGS = [{"a": 1}, {1: "a"}, ["ab"], {"portinfra:x": "y"}, {str(n): "" for n in range(60)}]
DISK = [0, -1, 10**9, "10", True]
ADDRESS = ["", "volume.", "network.nowhere", "firewall.nowhere", "web1"]
ZONES = ["us-east-1x", "", " ", 7, -1, True]
RULES = [
    [("tcp", 443, 443, "0.0.0.0/0")],
    [Rule("tcp", 0, 443, "0.0.0.0/0")],
    [Rule("tpc", 443, 443, "0.0.0.0/0")],
    [Rule("tcp", 443, 70000, "0.0.0.0/0")],
    [Rule("tcp", 443, 443, "everywhere")],
    [Rule("icmp", 8, 8, "0.0.0.0/0")],
    "tcp 443",
]
WRONG = {
    Network: {"cidr": ["", "10.0.0.0", "10.0.0.1/16", "10.0.0.0/33", "10.99.0.0/16"], "tags": TAGS},
    Subnet: {
        "network": ADDRESS,
        "cidr": ["", "10.0.0.0", "10.0.0.1/24", "10.9.0.0/24", "10.0.0.0/31"],
        "zone": ZONES,
        "public": ["yes", 1],
        "tags": TAGS,
    },
    Firewall: {"network": ADDRESS, "tags": TAGS, "cidr": ["10.0.0.1/24", "web"]},
    FirewallRules: {
        "firewall": ADDRESS,
        "ingress": RULES,
        "egress": RULES,
    },
    Instance: {
        "subnet": ADDRESS,
        "firewall": ["", "firewall.", "network.main", "web"],
        "zone": [*ZONES, "us-east-1b"],
        "private_address": ["", "10.0.0", "10.0.7.10", "10.0.0.1", "10.0.0.255"],
        "machine_type": ["f1.smal", "", " "],
        "image": ["debian-13x", ""],
        "image_id": [7],
        "disk_gib": DISK,
        "key": ["", 7],
        "power": ["on", ""],
        "deletion_protection": ["no", 0],
        "tags": TAGS,
        "native": [{"host_gruop": "a"}, ["ab"], {1: 2}],
        "ends_after": [-1, "1h"],
        "mounts": [["data"], [Mount("data", "srv")], [Mount("", "/srv")], "data"],
        "ssh_keys": [[7], 7],
        "user_data": [7, "#!" + "x" * 20_000, "#!/bin/sh\ud800"],
        "boot_script": [7, ["#!/bin/sh"], "#!/bin/sh\ud800"],
        "enrolment_token": [7, ["v1"], "v1\ud800"],
        "birth": [7, "yesterday", "a-b-c-d-e"],
    },
    Volume: {
        "gib": DISK,
        "mount": ["srv", "/srv/../etc", 7],
        "zone": ZONES,
        "key": ["", 7],
        "source": ["", 7],
        "deletion_protection": ["no", 0],
        "tags": TAGS,
        "location": ["shop.py:3"],
    },
    Attachment: {
        "instance": ["", "web1", "instance.nowhere"],
        "volume": ["", "volume.nowhere"],
        "device": ["", "Data", 7],
    },
    PublicAddress: {"instance": ["", "web1", "instance.nowhere"], "tags": TAGS},
    Snapshot: {
        "volume": ["", "volume.nowhere"],
        "copy_of": ["snap-1", "/snap-1", "us-east-1/", 7],
        "key": ["", 7],
        "shared_with": [7],
        "tags": TAGS,
        "size_gib": [0, -1, "10", True],
    },
}
"""Wrong values of each attribute of each kind, of the right type and of others."""

NAMES = ["", "Web1", "web_1", "-web", "w" * 60, 7]
OF_NO_TYPE = [object(), 1.5, b"bytes", None, MappingProxyType({}), frozenset({"a"})]
"""Values that hardly any attribute takes."""

TAKES_NONE = {("key", Instance), ("key", Volume), ("source", Volume), ("key", Snapshot), ("volume", Snapshot)}
TAKES_NONE |= {("instance", PublicAddress), ("size_gib", Snapshot)}


@pytest.fixture(scope="module")
def cloud():
    with simulate() as cloud:
        with connect(SOMEWHERE) as there:
            for spec in (*THERE, LOG):
                there.ensure(spec)
        yield cloud


def ensure(spec):
    """Ensure a resource as a new script does, which holds no claim yet."""
    with connect(SOMEWHERE) as there:
        return there.ensure(spec, allow_data_loss=True)


def truth(cloud):
    """All that the simulated cloud holds, the claims of runs among them: each write leaves something."""
    return cloud.ground_truth()


def resources(cloud):
    """The same without claims, which a run that goes on renews."""
    return [record for record in cloud.ground_truth() if record["kind"] != "claim"]


def wrong_values(spec, attribute):
    """The wrong values of one attribute: those that are listed, and all of a type that it does not take."""
    listed = NAMES if attribute == "name" else WRONG[type(spec)][attribute]
    return [*listed, *(value for value in OF_NO_TYPE if not _fits(spec, attribute, value))]


def _fits(spec, attribute, value):
    if value is None:
        return (attribute, type(spec)) in TAKES_NONE
    if isinstance(value, frozenset):
        return attribute == "ssh_keys"
    return isinstance(value, MappingProxyType) and attribute in ("tags", "native")


def test_every_kind_and_every_attribute_of_it_has_wrong_values():
    assert [type(spec) for spec in THERE] == list(KINDS)
    assert {kind: set(names) for kind, names in WRONG.items()} == {
        kind: {each.name for each in attrs.fields(kind)} - {"name"} for kind in KINDS
    }


@pytest.mark.parametrize(
    ("spec", "attribute"),
    [(spec, each.name) for spec in THERE for each in attrs.fields(type(spec))],
    ids=lambda value: value if isinstance(value, str) else value.kind,
)
def test_a_wrong_value_changes_nothing_and_the_error_names_the_attribute(cloud, spec, attribute):
    before = truth(cloud)
    for wrong in wrong_values(spec, attribute):
        error = error_of(cloud, spec, attribute, wrong)
        assert error is not None, f"{attribute}={wrong!r} was taken"
        assert attribute in error or (wrong and str(wrong) in error)
    assert truth(cloud) == before


def error_of(cloud, spec, attribute, wrong):
    try:
        ensure(evolve(spec, **{attribute: wrong}))
    except (ValidationError, ProviderError, TypeError) as error:
        return str(error)
    return None


@pytest.mark.parametrize(
    ("spec", "named"),
    [
        (evolve(LOG, gib=5, source="snapshot.nowhere"), "source"),
        (evolve(LOG, gib=5, source="snap-unknown"), "source"),
        (evolve(HOST, name="web2"), "private_address"),
        (evolve(HOST, zone="us-east-1b", subnet="subnet.nowhere"), "subnet"),
        (evolve(HERE, cidr="10.99.0.0/16"), "cidr"),
    ],
    ids=[
        "a source that is not there",
        "a source of which nothing is known",
        "an address that is taken",
        "no such subnet",
        "subnets left outside",
    ],
)
def test_what_cannot_be_made_beside_what_is_there_changes_nothing(cloud, spec, named):
    before = truth(cloud)
    with pytest.raises((ValidationError, ProviderError), match=named):
        ensure(spec)
    assert truth(cloud) == before


def test_a_machine_type_that_the_other_zone_lacks_deletes_no_host():
    with simulate() as cloud, connect(SOMEWHERE) as there:
        for spec in THERE[:5]:
            there.ensure(spec)
        before = truth(cloud)
        other = Subnet("web-1", HERE.address, "10.0.1.0/24", "us-east-1b")
        there.ensure(other)
        fewer = without(there.catalogue(), other.zone, HOST.machine_type)
        moved = evolve(HOST, zone=other.zone, subnet=other.address, private_address="10.0.1.10")
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(there, "catalogue", lambda: fewer)
            with pytest.raises(ValidationError, match=r"us-east-1b offers no f1\.small"):
                there.ensure(moved)
        kept = [record for record in truth(cloud) if record["kind"] == "instance"]
        assert kept == [record for record in before if record["kind"] == "instance"]


def without(catalogue, zone, machine_type):
    """The same catalogue, in which one zone does not offer a machine type."""
    machine = catalogue.machine_types[machine_type]
    fewer = evolve(machine, zones=machine.zones - {zone})
    return evolve(catalogue, machine_types={**catalogue.machine_types, machine_type: fewer})


@pytest.mark.parametrize(
    ("wrong", "named"), [({"size": "smal"}, "role.web.size"), ({"image": "debian-13x"}, "role.web.image")]
)
def test_a_typo_in_a_role_whose_hosts_are_replaced_deletes_none(wrong, named):
    shop = Topology("shop", [Role("web", count=2)])
    with simulate() as cloud:
        apply_and_check(shop)
        before = truth(cloud)
        made = plan(
            shop.with_role(evolve(shop.role("web"), **wrong)), SOMEWHERE, PlanOptions(replace="instance.web1")
        )
        with pytest.raises(ValidationError, match=named):
            apply(made)
        assert truth(cloud) == before


@pytest.mark.parametrize("shape", ["gcp", "libvirt"])
def test_a_misspelled_zone_deletes_no_volume_in_any_shape(shape):
    with simulate(shape) as cloud, connect(SOMEWHERE) as there:
        zone = there.catalogue().zones[0].name
        there.ensure(Volume("notes", gib=5, zone=zone))
        before = resources(cloud)
        with pytest.raises(ValidationError, match=r"volume\.notes\.zone"):
            there.ensure(Volume("notes", gib=5, zone=f"{zone}x"), allow_data_loss=True)
        assert resources(cloud) == before


def test_what_is_no_resource_is_refused(cloud):
    with pytest.raises(ValidationError, match="no resource"):
        ensure("volume.web1-data")


@pytest.mark.parametrize(
    ("environment", "scope", "wrong"),
    [
        (evolve(SOMEWHERE, name="Not A Name"), "scripts", "Not A Name"),
        (evolve(SOMEWHERE, cidr="10.0.0.0"), "scripts", "cidr"),
        (evolve(SOMEWHERE, zones=["a", "a"]), "scripts", "zones"),
        (SOMEWHERE, "a/b", "scope"),
        (SOMEWHERE, "", "scope"),
    ],
)
def test_an_environment_or_a_scope_that_makes_no_sense_is_refused_at_once(environment, scope, wrong):
    with pytest.raises(ValidationError, match=wrong):
        connect(environment, scope)


def text_of(error):
    return " ".join(f"{finding.message} {finding.fix}" for finding in error.findings)


LONG = "#!" + "x" * 20_000
SAME = [
    (Role("web", volumes=Volume("log", gib=0)), Volume("log", gib=0, zone=ZONE)),
    (Role("web", volumes=Volume("log", gib=10**9)), Volume("log", gib=10**9, zone=ZONE)),
    (Role("web", volumes=Volume("log", 1, "srv")), Volume("log", 1, "srv", zone=ZONE)),
    (Role("web", volumes=Volume("log", 1, "/etc")), Volume("log", 1, "/etc", zone=ZONE)),
    (
        Role("web", volumes=Volume("log", 1, tags={"portinfra": "x"})),
        Volume("log", 1, tags={"portinfra": "x"}, zone=ZONE),
    ),
    (
        Role("web", volumes=Volume("log", 1, tags={"k" * 200: ""})),
        Volume("log", 1, tags={"k" * 200: ""}, zone=ZONE),
    ),
    (Role("web", volumes=Volume("log", 1, tags={"a": 1})), Volume("log", 1, tags={"a": 1}, zone=ZONE)),
    (Role("web", disk_gib=0), evolve(HOST, disk_gib=0)),
    (Role("web", user_data=LONG), evolve(HOST, user_data=LONG)),
    (Role("web", user_data="hello"), evolve(HOST, user_data="hello")),
    (Role("web", ssh_keys=["a\nb"]), evolve(HOST, ssh_keys=["a\nb"])),
    (Role("web", size="smal"), evolve(HOST, machine_type="smal")),
    (Role("web", image="debian-13x"), evolve(HOST, image="debian-13x")),
    (Role("web", native={"fake": {"host_gruop": "a"}}), evolve(HOST, native={"host_gruop": "a"})),
]
"""A wrong value of a role, and the same of a single resource."""


@pytest.mark.parametrize(("role", "spec"), SAME, ids=range(len(SAME)))
def test_what_a_plan_finds_of_a_role_is_found_of_one_resource_in_the_same_words(cloud, role, spec):
    before = truth(cloud)
    with pytest.raises(FindingsError) as of_role:
        apply(plan(Topology("shop", [evolve(role, count=1)]), SOMEWHERE))
    with pytest.raises(ValidationError) as of_one:
        ensure(spec)
    for finding in of_role.value.findings:
        message = finding.message.partition(", and web1 needs it")[0]
        assert message in text_of(of_one.value)
        assert finding.fix.partition(": ")[2] in text_of(of_one.value)
    assert truth(cloud) == before


def test_a_single_resource_has_no_key_where_the_provider_has_none_of_the_users_own():
    fake = registry.plugin("fake")
    keyless = evolve(fake.capabilities, customer_keys=False)
    with mock.patch.object(type(fake), "capabilities", keyless):
        (found,) = resource_findings(evolve(LOG, key="alias/x"), fake, LOG.location)
    assert (found.subject, found.message) == ("volume.log.key", "fake has no keys of your own")


@pytest.mark.parametrize("address", ["volume.lgo", "instance.web11"])
def test_an_unknown_address_is_not_removed_and_the_nearest_is_named(cloud, address):
    before = truth(cloud)
    with connect(SOMEWHERE) as there, pytest.raises(NotFound) as error:
        there.remove(address)
    assert re.search(r"Did you mean '(volume\.log|instance\.web1)'\?", error.value.fix)
    assert truth(cloud) == before


def test_a_reference_to_nothing_names_the_nearest(cloud):
    with pytest.raises(NotFound) as error:
        ensure(evolve(HOST, name="web2", subnet="subnet.web-O", private_address="10.0.0.11"))
    assert error.value.fix == "Ensure subnet.web-O first. Did you mean 'subnet.web-0'?"


@pytest.mark.parametrize("number", [1, 2, 3])
def test_the_number_of_another_zone_is_refused_before_the_first_write(cloud, number):
    before = truth(cloud)
    with pytest.raises(FindingsError, match=rf"volume\.log\.zone: it is in {ZONE}, and zone {number} is"):
        ensure(evolve(LOG, zone=number, gib=5))
    assert truth(cloud) == before


def test_a_volume_without_a_zone_stays_where_it_is():
    with simulate(), connect(SOMEWHERE) as there:
        made = there.ensure(Volume("notes", gib=1, zone="us-east-1b"))
        assert there.ensure(Volume("notes", gib=2)).id == made.id
