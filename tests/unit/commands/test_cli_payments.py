"""The example of the documentation, through every command that prints or reads JSON."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from portinfra.commands.app import app
from portinfra.commands.session import Session
from portinfra.testing.simulation import simulate

PAYMENTS = str(Path(__file__).parents[3] / "examples" / "payments.hcl")
WHERE = ("production", "-f", PAYMENTS, "--on", "fake:us-east-1")


def run(*arguments):
    return CliRunner().invoke(app(Session("portinfra", arguments)), list(arguments))


def document(*arguments):
    result = run(*arguments)
    assert result.stdout, result.stderr
    return json.loads(result.stdout)


@pytest.fixture(scope="module")
def planned(tmp_path_factory):
    """The cloud, and a saved plan of the example in it."""
    saved = tmp_path_factory.mktemp("payments") / "plan.json"
    with simulate() as cloud:
        assert run("plan", *WHERE, "--out", str(saved)).exit_code == 0
        yield cloud, saved


def test_a_saved_plan_has_the_mounts_and_is_applied(planned):
    cloud, saved = planned
    changes = {each["address"]: each for each in json.loads(saved.read_text())["changes"]}
    mount = {"device": "queue", "place": "/var/lib/rabbitmq", "restored": False}
    assert changes["instance.queue1"]["after"]["mounts"] == [mount]
    arguments = ("apply", "--plan", str(saved), "-f", PAYMENTS, "--json")
    assert document(*arguments)["succeeded"]
    assert len([record for record in cloud.ground_truth() if record["kind"] == "instance"]) == 48
    assert document("plan", *WHERE, "--json")["changes"] == []
    assert document("status", *WHERE, "--json")["differs"] is False


@pytest.mark.parametrize("command", ["render", "inventory", "check", "lockin"])
def test_the_same_example_is_shown_as_json(planned, command):
    assert document(command, *WHERE, "--json")["schema"] == f"portinfra.{command}/1"


def test_the_program_itself_plans_the_example_as_json(tmp_path):
    code = "from portinfra.commands.main import main; main()"
    made = subprocess.run(
        [sys.executable, "-c", code, "plan", *WHERE, "--json"],
        capture_output=True,
        text=True,
        check=True,
        cwd=tmp_path,
    )
    assert json.loads(made.stdout)["summary"]["create"] == 181
