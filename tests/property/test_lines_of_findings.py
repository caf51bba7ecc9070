"""A finding about an attribute of an HCL block names the attribute's own line."""

import re

import pytest

from portinfra.declaration.load import load
from portinfra.errors import DeclarationError, ValidationError
from portinfra.model.environment import Environment
from portinfra.model.recovery import Action, DataPolicy, Probe, RecoveryPlan, Wave
from portinfra.model.resources import Volume
from portinfra.model.schema import Kind, attributes, following_attributes
from portinfra.model.topology import Flow, Role, Topology
from portinfra.model.vault import Vault
from portinfra.provider import registry
from portinfra.validation import validate, validate_declared

WHOLE = """
topology "shop" {
  #Topology
  role "web" {
    #Role
    public = "customers"
    count = 3
  }
  role "db" {
    volume "data" {
      #Volume
      gib = 10
    }
  }
  allow {
    #Flow
    from = "internet"
    to = "web"
    tcp = 443
    why = "customers"
  }
}
environment "production" {
  #Environment
  on = "fake:us-east-1"
  account = "111111111111"
  key = "alias/a"
}
environment "recovery" {
  on = "fake:eu-west-1"
  account = "222222222222"
  key = "alias/b"
}
recovery "shop" {
  #RecoveryPlan
  source = "production"
  target = "recovery"
  rpo = "4h"
  rto = "1h"
  data "db" {
    #DataPolicy
    schedule = "1h"
  }
  wave {
    #Wave
    roles = ["db"]
  }
  wave {
    roles = ["web"]
  }
  action "tell" {
    #Action
    run = "true"
  }
  probe "ask" {
    #Probe
    run = "true"
  }
  vault {
    #Vault
    remote = "vault:shop"
    endpoint = "203.0.113.7:22"
    sender = "sender.conf"
    receiver = "receiver.conf"
  }
}
"""

WRONG = {
    Kind.TEXT: ['""', '"no such thing"', '"\\\\u0007"', '"-1"', "[{}]"],
    Kind.HOOK: ['""', '"./no-such-program"', "[{}]"],
    Kind.HOOKS: ['""', '"./no-such-program"', "[{}]"],
    Kind.NUMBER: ["-1", "0", "1000000000", '"many"'],
    Kind.SWITCH: ['"maybe"'],
    Kind.TEXTS: ['[""]', '["no such thing"]', '["a", "a"]', "[{}]"],
    Kind.TEXT_MAP: ['{ "" = "" }', '{ "portinfra:x" = "y" }', "{ a = [1] }"],
    Kind.NUMBER_MAP: ['{ "" = 0 }', "{ redis = -1 }", "{ web = 1 }", "{ a = [1] }"],
    Kind.MAPS: ['{ fake = { "no such" = 1 } }', "{ a = 1 }"],
    Kind.PORTS: ["0", "70000", '"x"'],
    Kind.PARTS: ['[["no such thing"]]', "[1]"],
}
ALLOWED = {("Role", "public", '""')}
"""A value that is right by itself: what refers to the role is wrong then."""

CLASSES = {
    each.__name__: each
    for each in (
        Topology, Role, Volume, Flow, Environment, RecoveryPlan, DataPolicy, Wave, Action, Probe, Vault
    )
}  # fmt: skip
ATTRIBUTES = [
    (name, each)
    for name, kind in CLASSES.items()
    for each in attributes(kind)
    if each.hcl and each.kind in WRONG
]


def with_attribute(block, attribute, value):
    """Return the text with the attribute in the block, in place of its own and of those that follow from it,
    and the line of it. Nothing follows from an empty value.
    """
    name = attribute.hcl
    follows = following_attributes(CLASSES[block], {attribute.name} if value != '""' else ())
    gone = {name, *(each.hcl for each in follows)}
    lines = WHOLE.splitlines()
    marker = next(number for number, line in enumerate(lines) if line.strip() == f"#{block}")
    end = next(n for n in range(marker + 1, len(lines)) if re.search(r"[{}]\s*$", lines[n]))
    kept = [line for line in lines[marker + 1 : end] if line.partition(" =")[0].strip() not in gone]
    lines[marker:end] = [f"{name} = {value}", *kept]
    return "\n".join(lines), marker + 1


def findings_of(text, folder):
    """Return what is found about a declaration: its rule, subject and message, and its line."""
    file = folder / "shop.hcl"
    file.write_text(text)
    found = []
    try:
        declared = load(file)
        for check in (
            lambda: validate_declared(declared),
            lambda: validate(
                declared.topologies[0], declared.environments[0], registry.plugin("fake").capabilities, {}
            ),
        ):
            try:
                found += check()
            except ValidationError as error:
                found += error.findings
    except DeclarationError as error:
        found += getattr(error, "findings", ())
    return {(each.rule, each.subject, each.message): each.location and each.location.line for each in found}


@pytest.fixture(scope="module")
def before(tmp_path_factory):
    """The findings of the declaration without a wrong value."""
    return findings_of(WHOLE, tmp_path_factory.mktemp("whole"))


@pytest.mark.parametrize(("block", "attribute"), ATTRIBUTES, ids=lambda each: getattr(each, "name", each))
def test_the_finding_about_a_wrong_value_is_at_the_attributes_own_line(block, attribute, before, tmp_path):
    wrong = []
    for value in WRONG[attribute.kind]:
        if (block, attribute.hcl, value) in ALLOWED:
            continue
        text, line = with_attribute(block, attribute, value)
        new = {what: at for what, at in findings_of(text, tmp_path).items() if what not in before}
        if new and line not in new.values():
            wrong.append((value, line, new))
    assert not wrong


def test_the_whole_declaration_is_accepted(tmp_path):
    assert not [each for each in findings_of(WHOLE, tmp_path) if each[0].startswith("hcl/")]
