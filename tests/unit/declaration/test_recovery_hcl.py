"""A recovery plan in HCL loads to what Python makes, is written back the same, and its errors have lines."""

import pytest
from attrs import evolve

from portinfra.declaration.declared import Declared
from portinfra.declaration.hcl.write import to_hcl
from portinfra.errors import DeclarationError
from portinfra.model.recovery import Action, DataPolicy, EvidenceCopy, Probe, RecoveryPlan, Wave
from portinfra.model.vault import Vault

WHOLE = """\
recovery "shop" {
  source      = "production"
  target      = "recovery"
  rpo         = "4h"
  rto         = "1h"
  without     = ["cache", "queue"]
  drill_cidr  = "10.99.0.0/16"
  drill_limit = "2h"
  accept      = "service"
  contacts    = ["Ada", "Grace"]
  signers     = "zxAdujw16d51eEsTZUQlEYU+hgWv/JSaac/0cMVqWAQ="
  notify      = "./notify"
  wave {
    roles = "db"
    gates = ["./has-a-leader", "./is-up"]
    limit = "20m"
  }
  wave {
    roles = ["app", "web"]
  }
  vault {
    remote   = "vault:shop"
    endpoint = "203.0.113.7:22"
    sender   = "sender.conf"
    receiver = "receiver.conf"
    password = "password"
    blocks   = ["198.51.100.0/28:443", "198.51.100.16/28:443"]
    limit    = "1h"
    native "aws" {
      instance_profile = "helper"
    }
  }
  data "db" {
    engine       = "restic"
    schedule     = "1h"
    group        = "money"
    seed         = "one"
    before       = "./freeze"
    after        = ["./thaw", "./tell"]
    freeze_limit = "10s"
    keep         = { last = 3, daily = 14 }
    sensitive    = true
  }
  data "db/log" {}
  action "promote" {
    run   = "./promote"
    on    = ["drill", "failover"]
    after = "db"
  }
  probe "last order" {
    run   = "./last-order"
    reads = ["db", "queue"]
    from  = "db"
    files = "./last-order"
  }
  evidence {
    remote        = "vault:shop/evidence"
    configuration = "copies.conf"
  }
}
"""
PLAN = RecoveryPlan(
    "shop",
    "production",
    "recovery",
    rpo="4h",
    rto="1h",
    waves=[Wave("db", ["./has-a-leader", "./is-up"], "20m"), ["app", "web"]],
    data=[
        DataPolicy(
            "db",
            engine="restic",
            schedule="1h",
            group="money",
            seed="one",
            before="./freeze",
            after=["./thaw", "./tell"],
            freeze_limit="10s",
            keep={"last": 3, "daily": 14},
            sensitive=True,
        ),
        DataPolicy("db/log"),
    ],
    actions=Action("promote", "./promote", on=["drill", "failover"], after="db"),
    probes=Probe("last order", "./last-order", ["db", "queue"], "db", "./last-order"),
    evidence=EvidenceCopy("vault:shop/evidence", "copies.conf"),
    accept="service",
    signers="zxAdujw16d51eEsTZUQlEYU+hgWv/JSaac/0cMVqWAQ=",
    notify="./notify",
    vault=Vault(
        "vault:shop",
        "203.0.113.7:22",
        "sender.conf",
        "receiver.conf",
        password="password",
        native={"aws": {"instance_profile": "helper"}},
        blocks=["198.51.100.0/28:443", "198.51.100.16/28:443"],
        limit="1h",
    ),
    drill_cidr="10.99.0.0/16",
    drill_limit="2h",
    contacts=["Ada", "Grace"],
    without=["cache", "queue"],
)
PLAIN = """\
recovery "shop" {
  source = "production"
  target = "recovery"
  rpo    = "4h"
  rto    = "1h"
"""


def test_every_block_equals_its_python_twin(load_hcl):
    assert load_hcl(WHOLE).recovery() == PLAN


def test_what_is_loaded_is_written_as_it_was():
    assert to_hcl(Declared(recoveries=(PLAN,))) == WHOLE


@pytest.mark.parametrize(
    ("wave", "in_a_list"),
    [
        (Wave("db"), True),
        (Wave("db", limit="30m"), True),  # what has its default is left out
        (Wave("db", gates="true"), False),
        (Wave("db", limit="31m"), False),
    ],
)
def test_waves_without_gates_or_limits_are_written_as_a_list(wave, in_a_list, load_hcl):
    text = to_hcl(Declared(recoveries=(evolve(PLAN, waves=[["web"], wave]),)))
    assert ('waves       = [["web"], ["db"]]' in text) == in_a_list
    assert ("wave {" in text) != in_a_list
    assert load_hcl(text).recovery().waves == (Wave("web"), wave)


@pytest.mark.parametrize(
    "changes",
    [
        {"waves": [Wave("db", gates=print)]},
        {"data": DataPolicy("db", before=["true", print])},
        {"data": DataPolicy("db", after=print)},
        {"actions": Action("a", print)},
        {"probes": Probe("a", print)},
    ],
)
def test_a_python_function_cannot_be_written(changes):
    (hooked,) = (value if not isinstance(value, list) else value[0] for value in changes.values())
    with pytest.raises(DeclarationError, match="Python function, which HCL cannot hold") as error:
        to_hcl(Declared(recoveries=(evolve(PLAN, **changes),)))
    assert error.value.location == hooked.location
    assert "call a command" in error.value.fix


def test_every_part_knows_its_line(load_hcl):
    plan = load_hcl(WHOLE).recovery()
    assert plan.vault.location.line == 21
    parts = [*plan.waves, *plan.data, *plan.actions, *plan.probes]
    assert [part.location.line for part in parts] == [13, 18, 33, 44, 45, 50]


def test_waves_in_a_list_have_its_line(load_hcl):
    plan = load_hcl(PLAIN + '  waves  = [["db"],\n    ["web"]]\n}').recovery()
    assert [wave.location.line for wave in plan.waves] == [6, 6]
    assert plan.waves[0].location.file.endswith("0.hcl")


@pytest.mark.parametrize(
    ("rest", "line", "words"),
    [
        ("", 1, "needs 'waves'"),
        ('  waves = ["db"]\n', 6, "a list of lists of role names"),
        ('  waves = [["db"]]\n  wave {\n    roles = "db"\n  }\n', 6, "Write the list, or the blocks."),
        ('  wave {\n    roles = "db"\n  }\n  waves = [["db"]]\n', 9, "Write the list, or the blocks."),
        ("  wave {\n  }\n", 6, "wave needs 'roles'"),
        ('  wave "first" {\n    roles = "db"\n  }\n', 6, "a wave block has no name"),
        ('  wave {\n    roles = "db"\n    gates = {}\n  }\n', 8, "a text or a list of texts"),
        ('  wave {\n    roles = "db"\n    limit = []\n  }\n', 8, "Give limit as text."),
        ('  wave {\n    roles = "db"\n    gate = "true"\n  }\n', 8, "Did you mean 'gates'?"),
        ('  waves = [["db"]]\n  engine = "age"\n', 7, "It belongs in a data block."),
        (
            '  waves = [["db"]]\n  limit = "1h"\n',
            7,
            "It belongs in a wave or vault or action or drill block.",
        ),
        ('  waves = [["db"]]\n  drill_cdir = "10.0.0.0/8"\n', 7, "Did you mean 'drill_cidr'?"),
        ('  waves = [["db"]]\n  data {\n  }\n', 7, 'Write data "NAME" {…}.'),
        ('  waves = [["db"]]\n  data "db" {\n    retention = "seven"\n  }\n', 8, "a whole number"),
        ('  waves = [["db"]]\n  data "db" {\n    keep = "seven"\n  }\n', 8, "a whole number or a mapping"),
        ('  waves = [["db"]]\n  data "db" {\n    keep = { last = [] }\n  }\n', 8, "a mapping"),
        ('  waves = [["db"]]\n  data "db" {\n    sensitive = "yes"\n  }\n', 8, "true or false"),
        ('  waves = [["db"]]\n  data "db" {\n    before = [[]]\n  }\n', 8, "a text or a list of texts"),
        ('  waves = [["db"]]\n  probe "a" {\n  }\n', 7, "probe 'a' needs 'run'"),
        ('  waves = [["db"]]\n  probe "a" {\n    run = ["a", "b"]\n  }\n', 8, "'run' must be text"),
        ('  waves = [["db"]]\n  prob "a" {\n  }\n', 7, "Did you mean 'probe'?"),
        (
            '  waves = [["db"]]\n  data "db" {\n    volume "d" {\n    }\n  }\n',
            8,
            "no block 'volume' in a data",
        ),
    ],
)
def test_an_error_has_its_line(rest, line, words, findings_of):
    (found,) = findings_of(PLAIN + rest + "}")
    assert found[:2] == ("0.hcl", line)
    assert words in found[2]


def test_waves_written_twice_hide_no_other_error(findings_of):
    found = findings_of(PLAIN + '  waves = [["db"]]\n  rpo = 5\n  wave {\n    roles = {}\n  }\n}')
    assert [place[1] for place in found] == [6, 7, 9]


def test_a_secret_is_in_no_hook(findings_of):
    secret = 'variable "pin" {\n  sensitive = true\n  default = "1234"\n}\n'
    (found,) = findings_of(
        PLAIN + '  waves = []\n  probe "a" {\n    run = "./ask ${var.pin}"\n  }\n}', secret
    )
    assert found[:2] == ("0.hcl", 8)
    assert "1234" not in found[2]


def test_a_block_of_a_recovery_that_stands_alone_is_told_where_it_belongs(load_hcl):
    with pytest.raises(DeclarationError) as error:
        load_hcl('vault {\n  remote = "vault:shop"\n}\n')
    assert 'Put it into a recovery "NAME" {…}.' in str(error.value)
