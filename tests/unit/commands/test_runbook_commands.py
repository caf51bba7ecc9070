"""Each command of a runbook is typed as the page prints it, in the situation for which the page has it."""

import re
import shlex

import pytest
from typer.testing import CliRunner

from portinfra.commands.app import app
from portinfra.commands.session import Session
from portinfra.testing.faults import Crash, Faults, injected
from portinfra.testing.simulated import simulated

DECLARATION = """
variable "secret" { sensitive = true }
variable "contact" {}
variable "size" {}
topology "shop" {
  role "db" {
    count     = 1
    size      = var.size
    user_data = "#!${var.secret}"
    volume "data" {
      gib   = 1
      mount = "/data"
    }
  }
}
environment "production" {
  on      = "fake:us-east-1"
  account = "111122223333"
  key     = "alias/a"
}
environment "recovery" {
  on      = "fake:eu-west-1"
  account = "444455556666"
  key     = "alias/b"
}
recovery "shop" {
  source   = "production"
  target   = "recovery"
  rpo      = "4h"
  rto      = "1h"
  waves    = [["db"]]
  contacts = [var.contact]
  accept   = "hosts"
}
"""
ASKS = ("failover", "failback", "fence", "abandon")


def run(*arguments):
    result = CliRunner().invoke(app(Session("portinfra", arguments)), list(arguments))
    assert result.exit_code == 0, f"{arguments}: {result.output}"
    return result.stdout


@pytest.fixture
def options(tmp_path):
    """A declaration whose name has a space, and which needs variables, one of them secret."""
    file = tmp_path / "my shop.hcl"
    file.write_text(DECLARATION)
    values = tmp_path / "values.tfvars"
    values.write_text('size = "small"\n')
    return ["-f", str(file), "--var-file", str(values), "--var", "secret=ada", "--var", "contact=bob"]


def test_each_command_works_in_its_situation(options):
    with simulated():
        page = run("dr", "runbook", *options)
        assert "secret=ada" not in page
        assert "A value in place of each `VALUE` (`secret=VALUE`)" in page
        commands = re.findall(r"^ +(portinfra dr .*)$", page, re.MULTILINE)
        typed = []

        def type_in(words):
            """Type in the command of the page that begins with these words after its name and plan."""
            verb, *more = words.split()
            start = " ".join(["portinfra dr", verb, "shop", *more, "-f"])
            (command,) = {each for each in commands if each.startswith(start)}
            typed.append(command)
            arguments = [word.replace("=VALUE", "=ada") for word in shlex.split(command)[1:]]
            run(*arguments, *(["--yes"] if verb in ASKS else []))

        def cut_short(words):
            with injected("fake", Faults(at="CreateInstance", mishap="dies before")), pytest.raises(Crash):
                type_in(words)

        run("apply", "production", "--yes", *options)
        run("dr", "replicate", *options)
        for words in ("status", "drill", "sweep"):
            type_in(words)
        cut_short("failover")
        type_in("abandon")
        for words in ("failover", "failback", "failover --planned", "failback"):
            type_in(words)
        for words in ("failover --lost production", "fence", "failback", "failover"):
            type_in(words)
        type_in("failback --lost recovery")  # recovery is lost
        type_in("fence")  # and it is back
        assert set(typed) == set(commands)
