"""What is found at fault with a vault, before anything is sent there."""

import pytest
from attrs import evolve

from portinfra.errors import ValidationError
from portinfra.model.environment import Environment
from portinfra.model.finding import Severity
from portinfra.model.recovery import DataPolicy, RecoveryPlan
from portinfra.model.resources import Volume
from portinfra.model.topology import Role, Topology
from portinfra.model.vault import Vault, cidr_and_port
from portinfra.validation import validate_helpers
from portinfra.validation.recovery_vault import vault_findings

HERE = Environment("here", on="aws:us-east-1", cidr="10.10.0.0/16")
THERE = Environment("there", on="gcp:europe-west1", cidr="10.20.0.0/16")
SHOP = Topology("shop", [Role("db", volumes=[Volume("data", gib=10)])])
VAULT = Vault(
    "vault:shop",
    "203.0.113.7:22",
    sender="sender.conf",
    receiver="receiver.conf",
    recipient="age1sf6f004q54per4vc9u3um7jjchzmv276axn4u96nehdy08425vws5xrvmr",
    identity="identity",
    password="password",
    blocks=["198.51.100.0/28:443"],
)


def plan(vault=VAULT, engine=""):
    return RecoveryPlan(
        "shop", HERE, THERE, "4h", "1h", [["db"]], data=[DataPolicy("db", engine=engine)], vault=vault
    )


def found(vault, engine=""):
    return list(vault_findings(plan(vault, engine), SHOP, [HERE, THERE]))


@pytest.mark.parametrize("engine", ["", "age", "restic"])
def test_a_whole_vault_is_not_found_fault_with(engine):
    assert found(VAULT, engine) == []


@pytest.mark.parametrize(
    ("changes", "engine", "rule", "attribute", "words"),
    [
        ({"remote": "shop"}, "", "vault-remote", "remote", "no rclone remote"),
        ({"endpoint": "vault.example:22"}, "", "vault-endpoint", "endpoint", "Write 203.0.113.7:22"),
        ({"endpoint": "203.0.113.7"}, "", "vault-endpoint", "endpoint", "no IPv4 address with a port"),
        ({"endpoint": "203.0.113.7:70000"}, "", "vault-endpoint", "endpoint", "70000"),
        ({"blocks": "ebs.us-east-1.amazonaws.com"}, "", "vault-endpoint", "blocks", "198.51.100.0/28:443"),
        ({"endpoint": "999.1.1.1:443"}, "", "vault-endpoint", "endpoint", "999"),
        ({"blocks": "198.51.100.1/28:443"}, "", "vault-endpoint", "blocks", "has host bits set"),
        ({"blocks": "198.51.100.0/99:443"}, "", "vault-endpoint", "blocks", "no IPv4 address"),
        ({"limit": "soon"}, "", "duration", "limit", "'soon'"),
        ({"recipient": ""}, "", "vault-recipient", "recipient", "needs a recipient"),
        ({"recipient": "AGE-SECRET-KEY-1"}, "age", "vault-recipient", "recipient", "not a public key of age"),
        ({"identity": ""}, "age", "vault-identity", "identity", "no file can decrypt"),
        ({"password": ""}, "restic", "vault-password", "password", "has a password"),
        ({"cidr": "192.168.240.0/25"}, "", "vault-cidr", "cidr", "room for transfer hosts"),
        ({"cidr": "10.20.64.0/20"}, "", "vault-cidr", "cidr", "overlaps 10.20.0.0/16 of 'there'"),
    ],
)
def test_what_keeps_helpers_from_carrying_anything_is_an_error(changes, engine, rule, attribute, words):
    (finding,) = found(evolve(VAULT, **changes), engine)
    assert (finding.rule, finding.severity) == (f"recovery/{rule}", Severity.ERROR)
    assert finding.subject == f"recovery.shop.vault.{attribute}"
    assert words in f"{finding.message}. {finding.fix}"


def test_every_endpoint_that_is_none_is_told_of():
    assert (
        len(found(evolve(VAULT, endpoint="here", blocks=["there", "198.51.100.0/28:443", "elsewhere"]))) == 3
    )


def test_what_an_engine_does_not_need_is_not_asked_for():
    assert found(evolve(VAULT, password=""), "age") == []
    assert found(evolve(VAULT, recipient="", identity=""), "restic") == []


def test_an_option_of_helpers_that_the_provider_has_not_is_an_error():
    given = plan(evolve(VAULT, native={"aws": {"instance_profil": "helper"}, "acme": {"any": 1}}))
    with pytest.raises(ValidationError) as error:
        validate_helpers(given, {"aws": {"instance_profile": "what a host may do"}, "gcp": {}})
    (finding,) = error.value.findings  # of acme nothing is known here
    assert finding.rule == "provider/unknown-option"
    assert finding.subject == "recovery.shop.vault.native.aws.instance_profil"
    assert "instance_profile" in finding.fix
    assert finding.location.file == __file__


def test_options_that_nobody_would_get_are_doubtful():
    (finding,) = found(evolve(VAULT, native={"aws": {"instance_profile": "helper"}}, blocks=()))
    assert (finding.rule, finding.severity) == ("recovery/no-blocks", Severity.WARNING)
    assert finding.subject == "recovery.shop.vault.native"


def test_options_of_a_provider_that_neither_end_is_on_are_doubtful():
    (finding,) = found(evolve(VAULT, native={"asw": {"instance_profile": "helper"}}))
    assert (finding.rule, finding.severity) == ("recovery/unknown-provider", Severity.WARNING)
    assert finding.subject == "recovery.shop.vault.native.asw"
    assert "Did you mean 'aws'?" in finding.fix


def test_an_endpoint_is_an_address_or_a_range_with_a_port():
    assert cidr_and_port("203.0.113.7:22") == ("203.0.113.7/32", 22)
    assert cidr_and_port("198.51.100.0/28:443") == ("198.51.100.0/28", 443)
