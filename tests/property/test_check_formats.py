"""The findings of a check in formats of other tools: each is there, and none breaks the format."""

import io
import json
import re
from contextlib import redirect_stdout
from pathlib import PurePosixPath
from xml.etree import ElementTree

from attrs import evolve
from examples import examples
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sarif_model import log_errors

from portinfra import Environment, Role, Topology, place, rule
from portinfra.errors import ValidationError
from portinfra.model.finding import Finding, Severity
from portinfra.model.location import Location
from portinfra.policy import BUILT_IN, Waived, check
from portinfra.render.check_results import Folders, results_of_error, results_of_report
from portinfra.render.console.findings import show_report
from portinfra.render.console.terminal import out, write, write_json
from portinfra.render.junit import junit_page
from portinfra.render.sarif import sarif_log
from portinfra.testing import strategies
from portinfra.testing.simulation import simulate
from portinfra.workflow import observe

CANARY = "canary-4711"
FOLDERS = Folders(PurePosixPath("/work tree"), PurePosixPath("/work tree/infra"))
ENVIRONMENT = Environment("demo", on="fake:us-east-1")
topologies = strategies.topologies(max_roles=3, max_hosts=3).filter(lambda topology: topology.roles)
fewer = settings(max_examples=examples(20), suppress_health_check=[HealthCheck.too_slow])

hostile = st.text(max_size=30) | st.sampled_from(
    [
        *("]]>", "<failure/>", '"a" & <b>', "\x00\x08\x1b[2J", "\ufffe\uffff", "\u202eback", "\ud800"),
        *("{0} {{1}", "[here](https://example.com)", "[a\\](b)", "line\nline\r\n", "&#0;", "&amp;"),
    ]
)
locations = st.none() | st.builds(
    Location, st.text(max_size=12).map(lambda name: f"{name.replace(chr(0), '')}.hcl"), st.integers(0, 9)
)
findings = st.builds(
    Finding,
    st.sampled_from([each.id for each in BUILT_IN]),
    hostile,
    hostile,
    st.sampled_from(Severity),
    hostile,
    locations,
    st.booleans(),
)
SHOP = Topology("shop", roles=[Role("web")])
with simulate():
    REPORT = check(place(SHOP, ENVIRONMENT))


def printed(show, *values):
    """What a function prints."""
    with redirect_stdout(io.StringIO()) as stream:
        show(*values)
    return stream.getvalue()


def read_log(results):
    """The run of a log, as a program reads it from standard output."""
    log = json.loads(printed(write_json, sarif_log(results)))
    assert log_errors(log) == []
    return log["runs"][0]


def read_suite(results):
    """The suite of tests, as a program reads it from standard output."""
    page = printed(write, junit_page(results))
    assert page.isascii()
    suite = ElementTree.fromstring(page).find("testsuite")
    cases = list(suite)
    names = [(case.attrib["classname"], case.attrib["name"]) for case in cases]
    assert len(names) == len(set(names))
    for total, tag in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
        assert int(suite.attrib[total]) == sum(case.find(tag) is not None for case in cases)
    assert int(suite.attrib["tests"]) == len(cases)
    return suite


def plain(message):
    """The text of a message of SARIF, as a viewer shows it."""
    text = re.sub(r"{{|}}", lambda found: found[0][0], message["text"])
    assert "](" not in text, "a viewer would show a link"
    return text


@fewer
@given(st.lists(findings, max_size=6), st.lists(st.tuples(findings, hostile), max_size=3))
def test_no_text_breaks_a_format_and_no_finding_is_lost(found, waived):
    found = [*found, *found[:1]]
    waivers = tuple(Waived(finding, "web", reason) for finding, reason in waived)
    report = evolve(REPORT, findings=tuple(found), waived=waivers)
    results = results_of_report(report, BUILT_IN, FOLDERS)
    run = read_log(results)
    counted = [each for each in run["results"] if "suppressions" not in each]
    assert [(each["ruleId"], each["level"]) for each in counted] == [
        (finding.rule, str(finding.severity)) for finding in found
    ]
    for each, finding in zip(counted, found, strict=True):
        assert finding.message.replace("](", "] (") in plain(each["message"])
    assert len(run["results"]) - len(counted) == len(waived)
    rules = [rule["id"] for rule in run["tool"]["driver"]["rules"]]
    assert all(rules[each["ruleIndex"]] == each["ruleId"] for each in run["results"])
    places = [each["locations"][0]["physicalLocation"] for each in run["results"]]
    assert all(place["region"]["startLine"] > 0 for place in places)
    suite = read_suite(results)
    errors = [finding for finding in found if finding.severity is Severity.ERROR]
    assert int(suite.attrib["failures"]) == len(errors)
    assert sum(
        case.find("skipped") is not None and "waived by web" in case.find("skipped").attrib["message"]
        for case in suite
    ) == len(waived)


@fewer
@given(st.lists(findings, min_size=1, max_size=6))
def test_the_findings_of_an_invalid_declaration_are_there_too(found):
    results = results_of_error(ValidationError("2 errors", found), FOLDERS)
    run = read_log(results)
    assert len(run["results"]) == len(found)
    assert run["invocations"][0]["executionSuccessful"] is False
    assert len(read_suite(results)) == len(found)


@fewer
@given(st.data(), topologies, st.booleans())
def test_a_wrong_topology_has_as_many_findings_as_in_the_text_and_no_secret(data, topology, is_observed):
    texts = {role.name: data.draw(hostile) for role in topology.roles}
    severity = data.draw(st.sampled_from(Severity))
    waive = {"acme/says": "a ticket"} if data.draw(st.booleans()) else {}

    @rule("acme/says", severity)
    def says(context):
        for role in context.roles:
            yield role, texts[role.name]

    roles = [evolve(role, user_data=f"#!{CANARY}", public=role.public and "yes") for role in topology.roles]
    roles[:1] = [evolve(role, waive=waive) for role in roles[:1]]
    wrong = evolve(topology, roles=roles)
    with simulate():
        there = observe(wrong, ENVIRONMENT, foreign=True) if is_observed else None
        report = check(place(wrong, ENVIRONMENT), [says], there)
    text = printed(lambda: show_report(report, out()))
    summary = re.search(
        r"^Check: (\d+) errors?, (\d+) warnings?, (\d+) notes?(?:, (\d+) waived)?\.", text, re.M
    )
    in_text = [int(each or 0) for each in summary.groups()]
    results = results_of_report(report, (*BUILT_IN, says), FOLDERS)
    run = read_log(results)
    levels = [each["level"] for each in run["results"] if "suppressions" not in each]
    suppressed = len(run["results"]) - len(levels)
    assert [*(levels.count(level) for level in ("error", "warning", "note")), suppressed] == in_text
    assert int(read_suite(results).attrib["failures"]) == in_text[0]
    assert all(each["locations"][0]["physicalLocation"]["region"]["startLine"] for each in run["results"])
    prints = [each["partialFingerprints"]["ruleSubjectMessage/v1"] for each in run["results"]]
    assert len(prints) == len(set(prints))
    assert CANARY not in json.dumps(run) + junit_page(results)
