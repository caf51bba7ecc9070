"""What others have made in an environment: which commands list it, and with which exit code."""

import json
import re

import pytest
from json_schema import document_errors

OPEN = {"protocol": "tcp", "first": 22, "last": 22, "peer": "0.0.0.0/0"}


@pytest.fixture
def beside(applied):
    """The applied shop, with an instance of others in a subnet of `web`, behind the firewall of `web`."""
    subnet = next(
        each for each in applied.cloud.ground_truth() if each["name"].startswith("shop-demo-web-0-")
    )
    applied.by_hand(
        "CreateInstance",
        name="batch",
        subnet=subnet["id"],
        firewall=applied.id("firewall", "web"),
        zone=subnet["zone"],
        private_address=subnet["cidr"].replace("0/24", "77"),
        machine_type="f1.small",
        image_id="debian-12-v3",
        disk_gib=20,
        key="",
        native={},
        ssh_keys=[],
        user_data="",
    )
    return applied


def test_status_lists_an_instance_of_others_and_calls_all_as_declared(beside):
    result = beside.run("status")
    assert result.exit_code == 0
    assert "(batch) in subnet.web-0, bound to firewall.web: portinfra did not create it" in result.stdout
    assert "Nothing differs from the declaration." in result.stdout


def test_status_as_json_has_it_and_says_that_nothing_differs(beside):
    document = json.loads(beside.run("status", "--json").stdout)
    assert document_errors(document) == []
    ((foreign,), differs) = document["foreign"], document["differs"]
    assert (foreign["kind"], foreign["name"], foreign["inside"]) == ("instance", "batch", "subnet.web-0")
    assert foreign["bound"] == ["firewall.web"]
    assert not differs


def test_check_lists_it_where_it_looks_into_the_cloud(beside):
    assert "batch" not in beside.run("check").stdout
    result = beside.run("check", "--observed")
    assert result.exit_code == 0
    assert "check/foreign-resource" in result.stdout
    assert "batch" in result.stdout


def test_a_destroy_warns_of_it_and_leaves_it(beside):
    plan = beside.run("plan", "--destroy")
    assert "(batch) in subnet.web-0" in plan.stdout + plan.stderr
    result = beside.run("destroy", "--yes", "--allow-data-loss", "all")
    assert result.exit_code == 1
    assert "batch" in [each["name"] for each in beside.cloud.ground_truth()]


def test_a_deletion_that_others_prevent_ends_at_once_and_names_what_is_in_the_way(beside):
    began = beside.cloud.clock.now()
    result = beside.run("destroy", "--yes", "--allow-data-loss", "all")
    assert beside.cloud.clock.now() - began < 120, "it waits as though it could help"
    text = " ".join(result.stderr.split())
    refused = re.findall(
        r"(subnet.web-0|firewall.web) \w+: [^:]*Foreign resources are in it: instance \S+ \(batch\)", text
    )
    assert set(refused) == {"subnet.web-0", "firewall.web"}
    assert "Delete them or move them elsewhere, then run the same command again." in text


def test_a_deletion_that_was_prevented_for_a_while_is_waited_for(applied):
    applied.cloud.fail_later("DeleteSubnet", times=3)
    result = applied.run("destroy", "--yes", "--allow-data-loss", "all")
    assert result.exit_code == 0, result.stderr


def test_a_public_address_of_others_on_a_host_of_ours_is_listed(applied):
    applied.by_hand("CreatePublicAddress", name="shortcut")
    (address,) = [each["id"] for each in applied.cloud.ground_truth() if each["name"] == "shortcut"]
    applied.by_hand("AssociatePublicAddress", id=address, instance=applied.id("instance", "db1"))
    assert f"public-address {address} (shortcut) in instance.db1" in applied.run("status").stdout


def test_a_rule_opened_by_hand_that_opens_no_way_is_listed_by_status_and_by_check(applied):
    firewall = applied.id("firewall", "db")  # its hosts have no public address
    applied.by_hand("AllowTraffic", id=firewall, direction="ingress", rules=[OPEN])
    assert "open, not declared: tcp 22 from the internet" in applied.run("status").stdout
    text = " ".join(applied.run("check", "--observed").stdout.split())
    assert "check/undeclared-rule" in text
    assert "firewall-rules.db: it allows tcp 22 from 0.0.0.0/0" in text


def test_a_rule_that_opens_a_way_is_one_finding(applied):
    firewall = applied.id("firewall", "web")
    applied.by_hand("AllowTraffic", id=firewall, direction="ingress", rules=[OPEN])
    text = applied.run("check", "--observed").stdout
    assert "check/undeclared-from-internet" in text
    assert "check/undeclared-rule" not in text
