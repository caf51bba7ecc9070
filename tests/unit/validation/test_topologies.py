"""What makes no sense in a topology is found, all at once, with its line and what to do."""

import inspect

import pytest
from attrs import evolve

from portinfra.errors import ValidationError
from portinfra.model.catalogue import Capabilities
from portinfra.model.environment import Environment
from portinfra.model.location import Location
from portinfra.model.resources import Volume
from portinfra.model.topology import INTERNET, Flow, Role, Topology, allow
from portinfra.validation import validate

PLACE = Environment("test", on="fake:a")
WEB = Role("web", public="customers")
APP = Role("app")
SERVES = allow(INTERNET, WEB, tcp=443, why="customers")


def found(topology: Topology, environment: Environment = PLACE, **limits) -> dict[tuple[str, str], str]:
    """What is wrong, as (rule, subject) → message and fix; warnings too."""
    try:
        findings = validate(topology, environment, Capabilities(**limits))
    except ValidationError as error:
        findings = error.findings
    return {(f.rule, f.subject): f"{f.message}. {f.fix}" for f in findings}


def of_role(**attributes) -> dict[tuple[str, str], str]:
    return found(Topology("shop", roles=[WEB, evolve(APP, **attributes)], flows=[SERVES]))


def of_flow(*flows: Flow) -> dict[tuple[str, str], str]:
    return found(Topology("shop", roles=[WEB, APP], flows=flows))


def test_a_sound_topology_has_no_findings():
    app = evolve(
        APP,
        volumes=[Volume("data", gib=10, mount="/srv/data")],
        ignore=["tags", "machine_type"],
        renamed_from="old",
        slot=9,
    )
    flows = [SERVES, allow(WEB, app, tcp=8443, why="x"), allow("10.0.0.0/8", app, icmp=True, why="x")]
    assert found(Topology("shop", roles=[WEB, app], flows=flows)) == {}


@pytest.mark.parametrize("name", ["Web", "web_", "1web", "web-", "", "wéb", "web\n", "a" * 25])
def test_a_name_is_a_short_label(name):
    subject = f"role.{name}".replace("\n", r"\n")
    assert ("topology/name", subject) in found(Topology("shop", roles=[evolve(APP, name=name)]))


def test_a_name_that_is_none_is_answered_with_the_nearest_that_is():
    assert "'my-web'" in found(Topology("My Web", roles=[APP]))["topology/name", "topology.My Web"]


def test_a_role_does_not_end_in_a_digit():
    assert ("topology/name", "role.db1") in of_role(name="db1")


def test_the_internet_is_no_role():
    assert ("topology/name", "role.internet") in of_role(name="internet")


@pytest.mark.parametrize(
    ("attributes", "rule", "attribute"),
    [
        ({"count": -1}, "topology/count", ".count"),
        ({"max_unavailable": 0}, "topology/max-unavailable", ".max_unavailable"),
        ({"slot": -1}, "topology/slot", ".slot"),
        ({"ready_limit": "soon"}, "topology/ready-limit", ".ready_limit"),
        ({"ready": ["true", " "]}, "topology/ready", ".ready"),
        ({"slot": 0}, "topology/slot-taken", ".slot"),
        ({"size": ""}, "topology/empty-size", ".size"),
        ({"image": " "}, "topology/empty-image", ".image"),
        ({"ignore": ["tag"]}, "topology/unknown-attribute", ".ignore"),
        ({"ignore": ["subnet"]}, "topology/unknown-attribute", ".ignore"),
        ({"waive": {"R6": ""}}, "topology/waived-without-reason", ".waive"),
        ({"tags": {"Portinfra-owner": "x"}}, "topology/reserved-tag", ".tags"),
        ({"renamed_from": "web"}, "topology/renamed-from-existing", ".renamed_from"),
        ({"name": "web"}, "topology/duplicate-role", ""),
        ({"disk_gib": 0}, "provider/disk-size", ".disk_gib"),
    ],
)
def test_an_attribute_that_makes_no_sense_is_found(attributes, rule, attribute):
    name = attributes.get("name", "app")
    assert (rule, f"role.{name}{attribute}") in of_role(**attributes)


def test_no_servers_at_all_is_sense():
    assert of_role(count=0) == {}


def test_two_roles_cannot_be_renamed_from_one():
    roles = [Role("a", renamed_from="x"), Role("b", renamed_from="x")]
    assert ("topology/renamed-from-twice", "role.b.renamed_from") in found(Topology("shop", roles=roles))


def test_a_slot_that_is_taken_is_answered_with_a_free_one():
    roles = [Role("a"), Role("b", slot=0), Role("c", slot=8)]
    assert "slot=9" in found(Topology("shop", roles=roles))["topology/slot-taken", "role.b.slot"]


@pytest.mark.parametrize(
    ("retired", "rule", "subject"),
    [
        ({"web": 4}, "topology/retired-role", "topology.shop.retired"),
        ({"redis": 7}, "topology/slot-retired", "role.app.slot"),
        ({"redis": -1}, "topology/retired-slot", "topology.shop.retired"),
        ({"redis": 10**20}, "topology/retired-slot", "topology.shop.retired"),
        ({"Ca che!": 3}, "topology/retired-name", "topology.shop.retired"),
        ({"redis": 3, "cache": 3}, "topology/retired-slot-twice", "topology.shop.retired"),
        ({"redis": "3"}, "topology/wrong-type", "topology.shop.retired"),
    ],
)
def test_a_retired_role_that_makes_no_sense_is_found(retired, rule, subject):
    roles = [Role("web"), Role("app", slot=7)]
    assert [(rule, subject)] == list(found(Topology("shop", roles=roles, retired=retired)))


@pytest.mark.parametrize(
    ("volumes", "rule", "subject"),
    [
        ([Volume("Data", gib=1)], "topology/name", "role.app.volume.Data"),
        ([Volume("d" * 17, gib=1)], "topology/name", f"role.app.volume.{'d' * 17}"),
        ([Volume("d", gib=1), Volume("d", gib=1)], "topology/duplicate-volume", "role.app.volume.d"),
        (
            [Volume("d", gib=1, mount="/a"), Volume("e", gib=1, mount="/a")],
            "topology/duplicate-mount",
            "role.app.volume.d.mount",
        ),
        ([Volume("d", gib=1, mount="srv")], "topology/mount", "role.app.volume.d.mount"),
        ([Volume("d", gib=1, mount="/a/../b")], "topology/mount", "role.app.volume.d.mount"),
        ([Volume("d", gib=1, mount="/a b")], "topology/mount", "role.app.volume.d.mount"),
        ([Volume("d", gib=0)], "provider/disk-size", "role.app.volume.d.gib"),
        ([Volume("d", gib=99_999)], "provider/disk-size", "role.app.volume.d.gib"),
    ],
)
def test_a_volume_that_makes_no_sense_is_found(volumes, rule, subject):
    assert (rule, subject) in of_role(volumes=volumes)


@pytest.mark.parametrize(
    ("flow", "rule", "words"),
    [
        (allow("wbe", APP, tcp=1, why="x"), "topology/unknown-role", "Did you mean 'web'?"),
        (allow("internt", WEB, tcp=1, why="x"), "topology/unknown-role", "Did you mean 'internet'?"),
        (allow("10.1.2.3/8", APP, tcp=1, why="x"), "topology/cidr", "Write '10.0.0.0/8'."),
        (allow("10.0.0.0/33", APP, tcp=1, why="x"), "topology/cidr", "no range of addresses"),
        (allow("10.0.0.1", APP, tcp=1, why="x"), "topology/cidr", "Write '10.0.0.1/32'."),
        (allow("::/0", APP, tcp=1, why="x"), "topology/cidr", "IPv4"),
        (allow("0.0.0.0/0", WEB, tcp=1, why="x"), "topology/cidr", "Write 'internet'."),
        (allow(WEB, APP, why="x"), "topology/no-ports", "icmp=True"),
        (allow([], APP, tcp=1, why="x"), "topology/empty-flow", "on each side"),
        (allow(INTERNET, APP, tcp=1, why="x"), "topology/not-public", "R4"),
        (allow(APP, INTERNET, tcp=1, why="x"), "topology/not-public", "R4"),
        (allow(INTERNET, INTERNET, tcp=1, why="x"), "topology/internet-to-internet", "one side"),
    ],
)
def test_a_flow_that_makes_no_sense_is_found(flow, rule, words):
    messages = [message for (its, _), message in of_flow(flow).items() if its == rule]
    assert len(messages) == 1
    assert words in messages[0]


def test_all_findings_come_at_once_each_with_the_line_that_made_the_value():
    frame = inspect.currentframe()
    assert frame
    line = frame.f_lineno
    bad = Role("app", count=-1, size="")
    flow = allow("web", "db", tcp=1)
    with pytest.raises(ValidationError, match="4 errors") as error:
        validate(Topology("shop", roles=[bad], flows=[flow]), PLACE, Capabilities())
    lines = {
        finding.rule: finding.location.line - line for finding in error.value.findings if finding.location
    }
    assert lines == {
        "topology/count": 1,
        "topology/empty-size": 1,
        "topology/unknown-role": 2,
    }


def test_a_topology_needs_a_role():
    assert ("topology/empty", "topology.shop") in found(Topology("shop", roles=[]))


@pytest.mark.parametrize(
    ("limit", "words"),
    [("99999999d", "is too long"), ("soon", "is no length of time"), ("0s", "is no length of time")],
)
def test_a_length_of_time_that_cannot_be_is_told_from_one_that_is_too_long(limit, words):
    assert words in of_role(ready_limit=limit)["topology/ready-limit", "role.app.ready_limit"]


@pytest.mark.parametrize(
    ("file", "ports", "slot"),
    [
        ("shop.hcl", "Name its ports: tcp = 443. Or icmp = true.", "slot = 6."),
        ("shop.py", "Name its ports: tcp=443. Or icmp=True.", "slot=6."),
    ],
)
def test_what_to_write_is_in_the_language_of_the_file(file, ports, slot):
    place = Location(file, 3)
    roles = [WEB, evolve(APP, slot=5, location=place), Role("db", slot=5, location=place)]
    findings = found(Topology("shop", roles, [evolve(Flow("web", "app"), location=place)]))
    assert any(text.endswith(ports) for text in findings.values())
    assert findings["topology/slot-taken", "role.db.slot"].endswith(slot)


SYSTEM_MOUNTS = [
    *("/bin", "/boot", "/boot/efi", "/dev", "/dev/shm", "/etc", "/etc/fstab", "/lib", "/lib64", "/proc"),
    *("/root", "/run", "/run/lock", "/sbin", "/sys", "/tmp", "/usr", "/usr/bin", "/usr/lib", "/var"),
    *("/var/lib", "/var/lib/cloud", "/var/lib/dpkg", "/var/run"),
]
OWN_MOUNTS = [
    *(
        "/cache",
        "/data",
        "/etcd",
        "/home",
        "/opt",
        "/opt/shop",
        "/srv",
        "/srv/etc",
        "/tmp2",
        "/usr/local/shop",
    ),
    *("/var/lib/clouds", "/var/lib/postgresql", "/var/log", "/var/log/central", "/var/spool/mail"),
]


@pytest.mark.parametrize("mount", SYSTEM_MOUNTS)
def test_a_volume_that_would_hide_files_of_the_system_is_refused(mount):
    findings = of_role(volumes=[Volume("d", gib=1, mount=mount)])
    assert list(findings) == [("topology/mount", "role.app.volume.d.mount")]
    assert "would hide the operating system's /" in findings["topology/mount", "role.app.volume.d.mount"]


@pytest.mark.parametrize("mount", OWN_MOUNTS)
def test_a_volume_may_be_mounted_beside_the_files_of_the_system(mount):
    assert not of_role(volumes=[Volume("d", gib=1, mount=mount)])
