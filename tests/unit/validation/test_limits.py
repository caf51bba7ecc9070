"""Limits that only placed resources show: each names its attribute and its line, and all come at once."""

import pytest
from attrs import evolve

from portinfra import Environment, Role, Topology, Volume, allow, check
from portinfra.errors import ValidationError
from portinfra.model.location import here
from portinfra.model.resources import Attachment, FirewallRules, Instance, Rule
from portinfra.provider import registry
from portinfra.validation import validate_resource
from portinfra.validation.limits import attachment_findings

AWS = Environment("production", on="aws:us-east-1", account="123456789012", cidr="10.10.0.0/16")
GCP = evolve(AWS, on="gcp:europe-west1", account="a-project")


def offices(number, last=0):
    return [f"203.0.{112 + n // 128}.{n % 128 * 2 + last}/32" for n in range(number)]


def refused(topology, environment):
    with pytest.raises(ValidationError) as caught:
        check(topology, environment)
    return {finding.rule: finding for finding in caught.value.findings}


def test_a_firewall_with_too_many_rules_names_the_widest_flow():
    flows = [
        allow(offices(2, last=1), "bastion", udp=53, why="names"),
        allow(offices(60), "bastion", tcp=22, why="administration"),
    ]
    found = refused(Topology("many", [Role("bastion", count=1, public="administrators")], flows), AWS)
    assert set(found) == {"provider/rules"}
    finding = found["provider/rules"]
    assert finding.subject == "role.bastion.ingress"
    assert finding.message == ("its flows need 62 ingress rules, and aws has at most 60 in one firewall")
    assert finding.location == flows[1].location


def test_rules_are_counted_as_the_firewall_has_them_and_not_as_they_are_declared():
    """Neighbouring ports from one place are one rule."""
    flows = [allow("10.0.0.0/8", "db", tcp=range(5000, 5200), why="many ports")]
    assert check(Topology("few", [Role("db")], flows), AWS)


def test_a_machine_type_takes_so_many_volumes():
    """A shared core of Compute Engine takes fifteen, a whole one 127."""
    volumes = [Volume(f"disk-{n}", gib=1) for n in range(16)]
    store = Role("store", count=1, volumes=volumes)
    finding = refused(Topology("much", [store]), GCP)["provider/volumes"]
    assert finding.subject == "role.store.volumes"
    assert finding.message == "16 volumes; gcp attaches 15 to e2-small"
    assert check(Topology("much", [evolve(store, size="large")]), GCP)


def test_a_tag_is_measured_as_labels_spell_it():
    """A capital letter takes four characters of a label."""
    assert check(Topology("sample", [Role("web", tags={"owner": "a" * 63})]), GCP)
    finding = refused(Topology("sample", [Role("web", tags={"owner": "A" * 16})]), GCP)["provider/tag-value"]
    assert (finding.subject, finding.location is not None) == ("role.web.tags", True)
    assert "takes 64 characters as gcp spells it; 63 is the most" in finding.message


def test_all_that_is_too_much_is_said_at_once():
    flows = [allow(offices(61), "web", tcp=22, why="administration")]
    keys = [f"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5{'A' * 780} {n}" for n in range(4)]
    web = Role(
        "web", public="people", user_data="#!/bin/sh\n" + "#" * 13_000, ssh_keys=keys, volumes=_volumes(27)
    )
    found = refused(Topology("sample", [web], flows), AWS)
    assert set(found) == {"provider/rules", "provider/birth-data", "provider/volumes"}
    assert "together; aws takes 16,384" in found["provider/birth-data"].message


def test_a_single_resource_is_held_to_the_same_limits():
    """As `connect(…).ensure` is."""
    rules = [Rule("tcp", 443, 443, cidr) for cidr in offices(61)]
    with pytest.raises(ValidationError, match=r"firewall-rules\.web\.ingress.*61 ingress rules"):
        validate_resource(FirewallRules("web", "firewall.web", rules), registry.plugin("aws"), here())


def test_a_single_attachment_may_be_one_too_many():
    host = Instance("web1", "subnet.web-0", "firewall.web", "a", "10.0.0.4", machine_type="e2-small")
    attached = [Attachment(f"web1-{n}", host.address, f"volume.web1-{n}", f"d{n}") for n in range(16)]
    gcp = registry.plugin("gcp")

    def found(number):
        wanted = {each.address: each for each in (host, *attached[:number])}
        return [(each.rule, each.subject) for each in attachment_findings(attached[0], wanted, gcp)]

    assert found(15) == []
    assert found(16) == [("provider/volumes", "attachment.web1-0.instance")]


def _volumes(number):
    return [Volume(f"disk-{n}", gib=1) for n in range(number)]
