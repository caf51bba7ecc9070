"""`check --format sarif` and `--format junit`, as a CI server reads them."""

import json
import re
import shlex
from pathlib import Path
from xml.etree import ElementTree

import pytest
from sarif_model import log_errors
from typer.testing import CliRunner

from portinfra.commands.app import app
from portinfra.commands.session import Session
from portinfra.testing.simulation import simulate

ROOT = Path(__file__).parents[3]

DECLARATION = """
topology "shop" {
  role "web" {
    public = "yes"
  }
  role "db" {
    count = 1
    waive = { "check/fewer-than-three" = "a copy is made in minutes" }
  }
}
environment "demo" { on = "fake:us-east-1" }
"""


@pytest.fixture
def run(tmp_path, monkeypatch):
    """Runs `check` in the folder `infra` of a working tree of Git."""
    (tmp_path / ".git").mkdir()
    (tmp_path / "infra").mkdir()
    monkeypatch.chdir(tmp_path / "infra")
    monkeypatch.setenv("PORTINFRA_HOME", str(tmp_path / "home"))

    def check(*arguments, text=DECLARATION):
        (tmp_path / "infra" / "shop.hcl").write_text(text)
        given = ("check", *arguments)
        with simulate():
            return CliRunner().invoke(app(Session("portinfra", given)), list(given))

    return check


def results(printed):
    """The results of a valid log."""
    log = json.loads(printed.stdout)
    assert log_errors(log) == []
    return log["runs"][0]["results"]


def cases(printed):
    """The tests of a suite, by the rule of each."""
    return [(case.attrib["classname"], case) for case in ElementTree.fromstring(printed.stdout)[0]]


def test_a_result_has_its_rule_its_line_and_its_attribute(run):
    printed = run("--format", "sarif")
    assert printed.exit_code == 3
    assert printed.stderr == ""
    (found,) = [each for each in results(printed) if each["ruleId"] == "check/public-without-reason"]
    assert found["level"] == "error"
    assert found["message"]["text"].startswith("role.web: 'yes' does not say why it is public. Say in")
    (place,) = found["locations"]
    assert place["physicalLocation"]["artifactLocation"] == {"uri": "infra/shop.hcl", "uriBaseId": "SRCROOT"}
    assert place["physicalLocation"]["region"]["startLine"] == 3
    assert place["logicalLocations"] == [{"name": "web", "fullyQualifiedName": "role.web"}]


def test_a_waived_finding_is_a_suppressed_result_and_a_skipped_test(run):
    (waived,) = [each for each in results(run("--format", "sarif")) if "suppressions" in each]
    (suppression,) = waived["suppressions"]
    assert suppression["justification"] == "db: a copy is made in minutes"
    (case,) = [case for _, case in cases(run("--format", "junit")) if "role.db" in case.attrib["name"]]
    assert case.find("skipped").attrib["message"] == "waived by db: a copy is made in minutes"


def test_a_fingerprint_stays_when_lines_move(run):
    def fingerprints(text):
        found = results(run("--format", "sarif", text=text))
        lines = [each["locations"][0]["physicalLocation"]["region"]["startLine"] for each in found]
        return [each["partialFingerprints"] for each in found], lines

    before, lines = fingerprints(DECLARATION)
    after, moved = fingerprints(f"\n\n\n{DECLARATION}")
    assert before == after
    assert [line + 3 for line in lines] == moved


def test_a_file_outside_the_folder_of_the_sources_has_an_absolute_address(run, tmp_path_factory):
    elsewhere = tmp_path_factory.mktemp("else where") / "shop.hcl"
    elsewhere.write_text(DECLARATION)
    place = results(run("--format", "sarif", "-f", str(elsewhere)))[0]["locations"][0]["physicalLocation"]
    assert place["artifactLocation"] == {"uri": elsewhere.as_uri()}


def test_a_rule_without_findings_is_a_test_that_passes_and_one_that_was_not_checked_is_skipped(run):
    declared, observed = (dict(cases(run("--format", "junit", *more))) for more in ((), ("--observed",)))
    assert declared["check/flow-without-why"].find("system-out").text.endswith("The cloud was not read.")
    assert "--observed" in declared["check/undeclared-rule"].find("skipped").attrib["message"]
    assert list(observed["check/undeclared-rule"]) == list(observed["check/flow-without-why"]) == []
    failure = declared["check/public-without-reason"].find("failure")
    assert failure.text.startswith("infra/shop.hcl:3: role.web: 'yes' does not say why it is public\n")


@pytest.mark.parametrize(
    ("text", "rule", "line"),
    [
        (DECLARATION.replace("count", "cuont"), "hcl/unknown-attribute", 7),
        (DECLARATION.replace('"db"', '"web"'), "topology/duplicate-role", 6),
        ("topology {", "hcl/syntax", 1),
    ],
)
def test_an_invalid_declaration_is_a_document_too(run, text, rule, line):
    printed = run("--format", "sarif", text=text)
    assert printed.exit_code == 1
    assert "error" in printed.stderr
    found = {
        (each["ruleId"], each["locations"][0]["physicalLocation"]["region"]["startLine"])
        for each in results(printed)
    }
    assert (rule, line) in found
    assert rule in dict(cases(run("--format", "junit", text=text)))


def test_an_error_about_no_line_is_a_notification_and_an_error_of_the_suite(run):
    printed = run("--format", "sarif", "-f", "nothing.hcl")
    assert (printed.exit_code, results(printed)) == (1, [])
    (invocation,) = json.loads(printed.stdout)["runs"][0]["invocations"]
    assert "nothing.hcl" in invocation["toolExecutionNotifications"][0]["message"]["text"]
    ((_, case),) = cases(run("--format", "junit", "-f", "nothing.hcl"))
    assert "nothing.hcl" in case.find("error").attrib["message"]


@pytest.mark.parametrize("format", ["sarif", "junit"])
@pytest.mark.parametrize("more", [("--json",), ("--path", "internet", "web")])
def test_one_check_has_one_format_and_other_tools_have_no_path(run, format, more):
    refused = run("--format", format, *more)
    assert refused.exit_code == 2
    assert "exclude each other" in refused.output


def test_json_is_a_format_by_both_names(run):
    assert run("--format", "json").stdout == run("--json").stdout == run("--json", "--format", "json").stdout


def test_the_commands_of_the_page_print_what_their_files_hold(run):
    page = (ROOT / "docs" / "check.md").read_text(encoding="utf-8")
    (block,) = re.findall(r"```sh\n(.*?)```", page, re.DOTALL)
    for line in block.splitlines():
        words = shlex.split(line)
        assert (words[:2], words[-2]) == (["portinfra", "check"], ">")
        printed = run(*words[2:-2], "-f", str(ROOT / "examples" / "payments.hcl"), "--on", "fake:us-east-1")
        assert printed.exit_code == 0
        assert results(printed) is not None if words[-1].endswith(".sarif") else cases(printed)
