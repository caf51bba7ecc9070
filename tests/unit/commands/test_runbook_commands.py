"""Each command of a runbook is typed as the page prints it, in the situation for which the page has it."""

import re
import shlex

import pytest
from typer.testing import CliRunner

from portinfra.commands.app import app
from portinfra.commands.session import Session
from portinfra.testing.faults import Crash, Faults, inject_faults
from portinfra.testing.simulation import simulate

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


APPROVED = """  approve  = ["failover", "failback"]
  action "call the bank" {
    manual = true
    on     = ["failover"]
    limit  = "5m"
  }
}
"""


def run(*arguments, ends_with=0):
    result = CliRunner().invoke(app(Session("portinfra", arguments)), list(arguments))
    assert result.exit_code == ends_with, f"{arguments}: {result.output}"
    return result.stdout


class Reader:
    """Someone who types the commands of a page."""

    def __init__(self, page):
        self.commands = re.findall(r"^ +(portinfra dr .*)$", page, re.MULTILINE)
        self.typed = []

    def type_in(self, words, plan="shop", ends_with=0):
        """Type in the command of the page that begins with these words: a verb, and what follows the plan."""
        verb, *more = words.split()
        start = " ".join(["portinfra dr", verb, plan, *more, "-f"])
        (command,) = {each for each in self.commands if each.startswith(start)}
        self.typed.append(command)
        arguments = [word.replace("=VALUE", "=ada") for word in shlex.split(command)[1:]]
        return run(*arguments, *(["--yes"] if verb in ASKS else []), ends_with=ends_with)

    def approve(self, what):
        """Type in the command that approves a takeover or a step."""
        return self.type_in("approve", f"{shlex.quote(what)} shop")


@pytest.fixture
def files(tmp_path):
    """Return a function that gives the options for a declaration whose name has a space, and which needs
    variables, one of them secret.
    """

    def write(declaration):
        file = tmp_path / "my shop.hcl"
        file.write_text(declaration)
        values = tmp_path / "values.tfvars"
        values.write_text('size = "small"\n')
        return ["-f", str(file), "--var-file", str(values), "--var", "secret=ada", "--var", "contact=bob"]

    return write


@pytest.mark.slow
def test_each_command_works_in_its_situation(files):
    options = files(DECLARATION)
    with simulate():
        page = run("dr", "runbook", *options)
        assert "secret=ada" not in page
        assert "A value in place of each `VALUE` (`secret=VALUE`)" in page
        reader = Reader(page)
        type_in = reader.type_in
        run("apply", "production", "--yes", *options)
        run("dr", "replicate", *options)
        for words in ("status", "drill", "sweep"):
            type_in(words)
        with inject_faults("fake", Faults(at="CreateInstance", mishap="dies before")), pytest.raises(Crash):
            type_in("failover")
        type_in("abandon")
        for words in ("failover", "failback", "failover --planned", "failback"):
            type_in(words)
        for words in ("failover --lost production", "fence", "failback", "failover"):
            type_in(words)
        type_in("failback --lost recovery")  # recovery is lost
        type_in("fence")  # and it is back
        assert set(reader.typed) == set(reader.commands)


def test_approvals_and_manual_steps_work_in_their_situations(files, monkeypatch):
    options = files(DECLARATION.removesuffix("}\n") + APPROVED)
    with simulate():
        reader = Reader(run("dr", "runbook", *options))
        run("apply", "production", "--yes", *options)
        run("dr", "replicate", *options)

        def approve_as_another_person(what):
            with monkeypatch.context() as patch:
                patch.setenv("LOGNAME", "grace")
                reader.approve(what)

        reader.type_in("failover", ends_with=3)  # no one has approved it
        approve_as_another_person("failover")
        reader.type_in("failover", ends_with=1)  # it has waited too long for the manual step
        assert "It waits for manual step 'call the bank'." in reader.type_in("status", ends_with=1)
        reader.approve("call the bank")
        said = reader.type_in("status", ends_with=1)
        assert "Manual step 'call the bank' is approved. If no command waits for it any more, run" in said
        assert "It waits for manual step" not in said
        reader.type_in("failover")
        approve_as_another_person("failback")
        reader.type_in("failback")
        approvals = {each for each in reader.commands if each.startswith("portinfra dr approve ")}
        assert len(approvals) == 3
        assert approvals <= set(reader.typed)
