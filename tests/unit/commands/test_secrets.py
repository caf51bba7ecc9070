"""The value of a sensitive variable is in no output of any command, and in no file that one writes."""

import base64
import json
import re
import shlex
import subprocess

import pytest
import typer
from json_schema import document_errors
from typer.testing import CliRunner

from portinfra.commands.app import app
from portinfra.commands.session import Session
from portinfra.testing.simulation import simulate
from portinfra.trust import token
from portinfra.trust.token import sign_token

CANARY = "canary-4711"
SHAPES_OF_IT = (CANARY, CANARY.upper(), base64.b64encode(CANARY.encode()).decode())
DECLARATION = """
variable "token" {
  sensitive = true
}
variable "pin" {
  sensitive = true
}
variable "hosts" {
  default = 1
}
locals {
  script = "#!/bin/sh\\njoin ${var.token}\\n"
}
topology "shop" {
  delivery = "files"
  role "web" {
    count     = var.hosts
    public    = "customers"
    user_data = local.script
    waive     = { "check/fewer-than-three" = "a test" }
  }
  role "db" {
    count     = 1
    user_data = "#!/bin/sh\\n# ${base64encode(var.token)}"
    waive     = { "check/fewer-than-three" = "a test" }
    volume "data" {
      gib = 1
    }
  }
  role "queue" {
    count     = 1
    user_data = "#!/bin/sh\\n# ${upper(var.token)} ${var.token} ${var.pin}"
    waive     = { "check/fewer-than-three" = "a test" }
  }
  role "config" {
    count   = 1
    profile = "est-server"
    waive   = { "check/fewer-than-three" = "a test" }
  }
  allow {
    from = "internet"
    to   = "web"
    tcp  = 443
    why  = "customers"
  }
  allow {
    from = ["web", "db", "queue"]
    to   = "config"
    tcp  = 8140
    why  = "certificates"
  }
}
environment "production" {
  on          = "fake:us-east-1"
  account     = "111122223333"
  cidr        = "10.1.0.0/16"
  key         = "a"
  trust       = "trust/production"
  credentials = { "age_identity" = "age.txt" }
}
environment "recovery" {
  on          = "fake:eu-west-1"
  account     = "444455556666"
  cidr        = "10.2.0.0/16"
  key         = "b"
  trust       = "trust/recovery"
  credentials = { "age_identity" = "age.txt" }
}
recovery "shop" {
  source = "production"
  target = "recovery"
  rpo    = "4h"
  rto    = "1h"
  waves  = [["db"], ["queue", "web", "config"]]
  accept = "hosts"

  standby = "running"
}
"""

PRIVATE_KEY = "-----BEGIN PRIVATE"
ENCODED_KEY = base64.b64encode(PRIVATE_KEY.encode()).decode()
KEY_OR_TOKEN = re.compile(rf"{PRIVATE_KEY}|{ENCODED_KEY}|AGE-SECRET-KEY|\bv1\.[\w-]{{9,}}\.[\w-]{{86}}")
"""The private key of an authority, the key of an operator, and a token of a new host."""

PRINTS_KEYS = {("trust", "bundle"), ("trust", "reopen")}
"""Commands whose output has the private key of the authority, for the host that signs."""

HAVE_KEYS = {"age.txt", "evidence-key.pem"}
"""Files with keys of the operator."""

HERE, ALL = ("production",), ()
CALLS = {
    ("render",): [HERE],
    ("graph",): [HERE],
    ("inventory",): [HERE],
    ("hosts", "files"): [HERE, (*HERE, "--into", "files")],
    ("hosts", "status"): [HERE],
    ("hosts", "puppet"): [(*HERE, "--into", "control")],
    ("hosts", "ansible"): [(*HERE, "--into", "playbook")],
    ("trust", "init"): [HERE, ("recovery", "--puppet")],
    ("trust", "bundle"): [HERE],
    ("trust", "revoke"): [(*HERE, "web1"), (*HERE, "wbe1")],
    ("trust", "reopen"): [HERE],
    ("lockin",): [HERE],
    ("check",): [HERE, (*HERE, "--observed")],
    ("providers",): [ALL, ("fake", "--doctor"), ("aws", "--iam-policy")],
    ("image",): [("build", "--on", "fake:us-east-1")],
    ("move",): [(*HERE, "--to", "fake:eu-west-2"), (*HERE, "--to", "fake:eu-west-2", "--plan")],
    ("plan",): [(*HERE, "--full"), (*HERE, "--only", "wbe"), (*HERE, "--out", "plan.json")],
    ("apply",): [HERE, (*HERE, "--plan", "plan.json")],
    ("status",): [HERE],
    ("output",): [HERE],
    ("lease",): [HERE, (*HERE, "--release")],
    ("claim",): [HERE],
    ("dr", "replicate"): [ALL, ("--now",)],
    ("dr", "plan"): [ALL, ("--grants",)],
    ("dr", "status"): [ALL, ("--points",), ("--prometheus",)],
    ("dr", "drill"): [ALL],
    ("dr", "drills"): [ALL],
    ("dr", "refresh"): [ALL],
    ("dr", "sweep"): [ALL],
    ("dr", "runbook"): [ALL],
    ("dr", "report"): [("EVIDENCE",)],
    ("dr", "verify"): [("EVIDENCE",)],
    ("dr", "approve"): [("failover",)],
    ("dr", "failover"): [ALL, ("--lost", "production", "--yes")],
    ("dr", "fence"): [("--yes",)],
    ("dr", "failback"): [ALL, ("--yes",)],
    ("dr", "abandon"): [("--yes",)],
    ("destroy",): [HERE, (*HERE, "--yes", "--full")],
}
"""Every command, in the order of a story, with the arguments of its calls; a new command has none yet."""


def commands(group, path=()):
    """Every command of the command line, by its path."""
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            yield from commands(command, (*path, name))
        else:
            yield (*path, name), command


COMMANDS = dict(commands(typer.main.get_command(app(Session()))))


def path_of(call):
    """The path of the command that a call runs."""
    return call[:2] if call[:2] in COMMANDS else call[:1]


def calls():
    """Every call of the story: each as it is, as JSON, and in each format that its command has."""
    for path, variants in CALLS.items():
        options = {option: parameter for parameter in COMMANDS[path].params for option in parameter.opts}
        formats = getattr(options["--format"].type, "choices", ()) if "--format" in options else ()
        extra = [
            (),
            *[("--format", each) for each in formats],
            *([("--json",)] if "--json" in options else []),
        ]
        declared = "--var" in options
        for arguments in variants:
            for more in extra:
                yield (*path, *arguments, *more), declared


MARKS = [pytest.mark.slow, pytest.mark.tools("age", "age-keygen")]


@pytest.fixture(scope="module", params=[pytest.param("every command", marks=MARKS)])
def story(tmp_path_factory):
    """What every call printed, and the folder in which they ran."""
    folder = tmp_path_factory.mktemp("story")
    (folder / "shop.hcl").write_text(DECLARATION)
    subprocess.run(["age-keygen", "-o", folder / "age.txt"], check=True, capture_output=True)
    values = tmp_path_factory.mktemp("values") / "pins.tfvars"
    values.write_text(f'pin = "{CANARY}"\n')
    printed = {}
    tokens = []

    def sign(*given):
        tokens.append(sign_token(*given))
        return tokens[-1]

    with simulate(), pytest.MonkeyPatch.context() as patch:
        patch.setattr(token, "sign_token", sign)
        patch.chdir(folder)
        patch.setenv("PORTINFRA_HOME", str(folder / "home"))
        for call, declared in calls():
            if "EVIDENCE" in call:
                evidence = str(next(folder.rglob("drill-*.json"), folder / "none.json"))
                call = tuple(evidence if each == "EVIDENCE" else each for each in call)
            given = ("-f", "shop.hcl", "--var", f"token={CANARY}", "--var=hosts=2", "--var-file", str(values))
            given = given if declared else ()
            arguments = (*call, *given)
            printed[arguments] = CliRunner().invoke(app(Session("portinfra", arguments)), list(arguments))
    assert tokens
    assert all(map(KEY_OR_TOKEN.search, tokens))
    return printed, folder


def test_every_command_has_its_part_in_the_story():
    assert set(CALLS) == set(COMMANDS)


def test_the_story_is_one_in_which_the_commands_do_something(story):
    printed, folder = story
    codes = {}
    for call, result in printed.items():
        codes.setdefault(path_of(call), set()).add(result.exit_code)
    # Standard input has no digests. The simulator has images of its own, and builds none. No key is named to
    # verify with, nothing waits for an approval, no takeover is left to abandon, and an environment that is
    # active by a takeover is not destroyed.
    without = [
        ("hosts", "status"),
        ("image",),
        ("dr", "verify"),
        ("dr", "approve"),
        ("dr", "abandon"),
        ("destroy",),
    ]
    assert [command for command, ended in codes.items() if 0 not in ended] == without
    assert (folder / "plan.json").exists()


def test_no_output_holds_the_value_of_a_sensitive_variable(story):
    printed, _ = story
    for call, result in printed.items():
        for canary in SHAPES_OF_IT:
            assert canary not in result.output + result.stderr, call[:3]


def test_only_a_bundle_has_a_private_key_and_no_output_has_a_token(story):
    printed, _ = story
    found = {path_of(call) for call, result in printed.items() if KEY_OR_TOKEN.search(result.output)}
    assert found == PRINTS_KEYS
    assert not [call[:3] for call, result in printed.items() if KEY_OR_TOKEN.search(result.stderr)]
    keys = [KEY_OR_TOKEN.findall(printed[call].output) for call in printed if path_of(call) in PRINTS_KEYS]
    assert keys == [[ENCODED_KEY]] * len(PRINTS_KEYS)


def test_no_file_that_a_command_writes_has_a_private_key_or_a_token(story):
    _, folder = story
    files = [path for path in folder.rglob("*") if path.is_file()]
    assert {path.name for path in files} >= {"ca.key.age", "enrolment.key.age", "ca.pem"}
    texts = ((path.name, path.read_bytes().decode(errors="replace")) for path in files)
    assert {name for name, text in texts if KEY_OR_TOKEN.search(text)} == HAVE_KEYS


def test_every_document_that_a_command_prints_fits_its_schema(story):
    printed, _ = story
    documents = [
        (call[:3], json.loads(result.stdout))
        for call, result in printed.items()
        if "--json" in call and result.stdout and "--iam-policy" not in call  # which is the provider's own
    ]
    assert len({document["schema"] for _, document in documents}) > 15
    wrong = {call: document_errors(document) for call, document in documents}
    assert {call: found for call, found in wrong.items() if found} == {}


def test_no_file_that_a_command_writes_holds_it(story):
    _, folder = story
    files = [path for path in folder.rglob("*") if path.is_file()]
    assert len(files) > 5
    for path in files:
        content = path.read_bytes()
        assert not [canary for canary in SHAPES_OF_IT if canary.encode() in content], path


def test_a_command_line_to_repeat_has_no_value_of_a_sensitive_variable(story):
    printed, _ = story
    (asked,) = [result for call, result in printed.items() if call[:3] == ("apply", "production", "-f")]
    assert re.search(r"--var token=VALUE --var=hosts=2 --var-file \S+pins.tfvars --yes", asked.stderr)


def test_a_printed_command_is_refused_until_the_placeholder_is_replaced(tmp_path):
    (tmp_path / "shop.hcl").write_text(DECLARATION)
    given = ["production", "-f", str(tmp_path / "shop.hcl"), f"--var=token={CANARY}", "--var=pin=1"]
    printed = shlex.split(Session("portinfra", ("apply", *given)).again)[1:]
    with simulate() as cloud:
        result = CliRunner().invoke(app(Session("portinfra", tuple(printed))), [*printed, "--yes"])
        assert cloud.ground_truth() == []
    assert result.exit_code == 2
    assert "Write the value of 'token' in place of VALUE." in result.stderr


def test_every_command_that_takes_a_variable_takes_a_file_of_them():
    for path, command in COMMANDS.items():
        options = {option for parameter in command.params for option in parameter.opts}
        assert ("--var" in options) == ("--var-file" in options), path


def test_a_value_that_was_given_without_a_name_is_not_shown(tmp_path):
    (tmp_path / "shop.hcl").write_text(DECLARATION)
    arguments = ["render", "production", "-f", str(tmp_path / "shop.hcl"), "--var", CANARY]
    result = CliRunner().invoke(app(Session("portinfra", tuple(arguments))), arguments)
    assert result.exit_code == 2
    assert "--var NAME=VALUE" in result.stderr
    assert CANARY not in result.output + result.stderr


def test_a_value_of_the_process_environment_is_as_secret(story, tmp_path, monkeypatch):
    _, folder = story
    monkeypatch.chdir(folder)
    monkeypatch.setenv("PORTINFRA_VAR_token", CANARY)
    monkeypatch.setenv("PORTINFRA_VAR_pin", CANARY)
    with simulate() as cloud, monkeypatch.context() as patch:
        patch.setenv("PORTINFRA_HOME", str(tmp_path))
        for call in (("plan", "--full"), ("plan", "--json"), ("apply", "--yes"), ("status",), ("render",)):
            arguments = [*call, "production", "-f", "shop.hcl"]
            result = CliRunner().invoke(app(Session("portinfra", tuple(arguments))), arguments)
            assert not [canary for canary in SHAPES_OF_IT if canary in result.output + result.stderr], call
        assert cloud.ground_truth()
        assert not [canary for canary in SHAPES_OF_IT if canary in repr(cloud.ground_truth())]
    journals = [path.read_text() for path in tmp_path.rglob("*") if path.is_file()]
    assert journals
    assert not [canary for canary in SHAPES_OF_IT if canary in "".join(journals)]
