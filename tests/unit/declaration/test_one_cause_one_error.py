"""A variable without a value is one error: nothing else is said of the many places that use it."""

import pytest

from portinfra.declaration.load import load
from portinfra.errors import DeclarationError

USES = """
locals {
  place = "fake:${var.it}"
  twice = "${local.place}-${var.it}"
  all   = [for each in [1, 2] : var.it]
}
topology "shop" {
  role "web" {
    count  = 2
    size   = var.it
    public = "customers of ${var.it}"
    tags   = { owner = var.it }
  }
  role "db" {
    count = 2
    image = local.twice
    volume "data" {
      gib   = 1
      mount = "/data/${var.it}"
    }
  }
  allow {
    from = var.it
    to   = "db"
    tcp  = 5432
    why  = "sql"
  }
  allow {
    from = "web"
    to   = "db"
    tcp  = 5432
    why  = var.it
  }
}
environment "prod" {
  on    = local.place
  key   = var.it
  zones = local.all
  role "web" { count = 1 }
}
environment "other" {
  on   = "fake:eu-west-1"
  cidr = "10.1.0.0/16"
}
recovery "shop" {
  source = "prod"
  target = "other"
  rpo    = var.it
  rto    = "1h"
  waves  = [["db"], ["web"]]
  accept = "hosts"
}
"""

CAUSES = {
    "no value": ('variable "it" {}', {}, ""),
    "a misspelled name": ('variable "it" {}', {"itt": "x"}, ""),
    "a misspelled name in a file of values": ('variable "it" {}', {}, 'itt = "x"'),
    "a file of values that cannot be read": ('variable "it" {}', {}, "it = ]"),
    "a default that cannot be read": ('variable "it" { default = nope }', {}, ""),
    "an unknown type": ('variable "it" { type = text }', {"it": "x"}, ""),
    "a value of another type": ('variable "it" { type = number }', {"it": "x"}, ""),
    "an unknown attribute": ('variable "it" { defalt = "x" }', {}, ""),
    "no variable block of that name": ("", {}, ""),
}
"""By cause, the variable block, what `--var` gives and a file of values."""


@pytest.mark.parametrize("cause", CAUSES)
def test_one_cause_is_one_error(tmp_path, cause):
    block, given, values = CAUSES[cause]
    (tmp_path / "shop.hcl").write_text(block + USES, encoding="utf-8")
    (tmp_path / "values.tfvars").write_text(values, encoding="utf-8")
    with pytest.raises(DeclarationError) as error:
        load(tmp_path / "shop.hcl", given, [tmp_path / "values.tfvars"] if values else [])
    rules = {(each.rule, each.message) for each in error.value.findings}
    assert len(rules) == 1, rules


def test_a_variable_without_a_value_is_named_beside_another_that_is_misspelled(tmp_path):
    text = 'variable "region" {}\nvariable "size" {}\n'
    (tmp_path / "shop.hcl").write_text(text, encoding="utf-8")
    with pytest.raises(DeclarationError) as error:
        load(tmp_path / "shop.hcl", {"regoin": "x"})
    messages = [each.message for each in error.value.findings]
    assert sorted(messages) == [
        "--var gives 'regoin', which no file declares",
        "the variable 'size' has no value",
    ]
