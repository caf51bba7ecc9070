"""The commands of a runbook are typed as they stand there, and work."""

import re
import shlex

from typer.testing import CliRunner

from portinfra.commands.app import app
from portinfra.commands.session import Session
from portinfra.testing.simulated import simulated


def test_its_commands_work_as_they_stand_there(tmp_path):
    """Also where the declaration has another name and needs variables. A value is told if it is no secret."""
    file = tmp_path / "my shop.hcl"
    file.write_text(
        """
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
    )
    values = tmp_path / "values.tfvars"
    values.write_text('size = "small"\n')
    options = ["-f", str(file), "--var-file", str(values), "--var", "secret=ada", "--var", "contact=bob"]

    def run(*arguments):
        result = CliRunner().invoke(app(Session("portinfra", arguments)), list(arguments))
        assert result.exit_code == 0, f"{arguments}: {result.output}"
        return result.stdout

    with simulated():
        page = run("dr", "runbook", *options)
        assert "secret=ada" not in page
        assert "in place of each `VALUE` (`secret=VALUE`)" in page
        commands = [
            shlex.split(line)[1:] for line in re.findall(r"^ +(portinfra dr .*)$", page, re.MULTILINE)
        ]
        assert [command[1] for command in commands] == [
            "status", "failover", "failover", "failover", "fence", "failback", "drill", "sweep"
        ]  # fmt: skip
        run("apply", "production", "--yes", *options)
        for command in (commands[0], *commands[3:]):
            if command[1] in ("status", "drill"):
                run("dr", "replicate", "--now", *options)
            told = [word.replace("=VALUE", "=ada") for word in command]
            run(*told, *(["--yes"] if command[1] in ("failover", "fence", "failback") else []))
