"""A finding that comes from a declared value has the file, the line and the attribute."""

import pytest
from sources_of_findings import findings

from portinfra import (
    Environment,
    Role,
    Snapshot,
    Topology,
    check,
    connect,
    move,
    observe,
    place,
    plan,
    render_hosts,
)
from portinfra.errors import ValidationError
from portinfra.provider import registry
from portinfra.testing.simulation import simulate

NOT_DECLARED = {
    "hcl/unknown-variable": "an option of the command line, or the line of a file of values",
    "options/not-replaced": "options of a plan",
    "options/unknown-name": "options of a plan",
    "plan/all-at-once": "the changes of a plan",
    "plan/born-otherwise": "hosts that exist, of any number of roles",
    "plan/foreign-resource": "resources of others",
    "plan/mounted-at-start": "hosts that run",
    "plan/quota": "the account",
    "plan/quota-not-read": "the account",
    "plan/still-named": "options of a plan",
    "plan/unexplained-double": "resources that exist",
    "plan/unknown-zone": "a zone that does not answer",
    "recovery/": "the situation of a recovery, and not its plan",
    "recovery/denied": "credentials",
    "recovery/fenced": "the situation of a recovery",
    "recovery/fenced-host": "the situation of a recovery",
    "recovery/permissions-unknown": "credentials",
    "recovery/record-quota": "the account",
    "recovery/trust-bundle": "a command for the time of a takeover",
}
"""Beginnings of rules, with what their findings are about instead of a declared value."""

IN_SCRIPTS = {"cloud.py", "planning/relations.py", "planning/subnets.py", "validation/limits.py"}
"""Modules with findings about a single resource: `Cloud` adds the line of the script that calls it."""


def has_location(call):
    return len(call.args) >= 6 or any(each.arg == "location" for each in call.keywords)


def test_each_place_that_makes_a_finding_gives_the_line_or_is_about_no_declared_value():
    without = [
        f"{path}:{call.lineno} {rule}"
        for path, call, rule in findings()
        if not has_location(call) and rule not in NOT_DECLARED and path not in IN_SCRIPTS
    ]
    assert without == []


def test_no_exception_is_kept_that_nothing_needs():
    bare = {rule for path, call, rule in findings() if not has_location(call)}
    assert set(NOT_DECLARED) <= bare


SHOP = Topology("shop", [Role("web")], delivery="files")
HERE = Environment("home", on="fake:us-east-1")
THERE = Environment("away", on="fkae:us-east-1")
LINE = THERE.location.line
VERBS = {
    "placed": lambda: place(SHOP, THERE),
    "plan": lambda: plan(SHOP, THERE),
    "check": lambda: check(SHOP, THERE),
    "observe": lambda: observe(SHOP, THERE),
    "render_hosts": lambda: render_hosts(SHOP, THERE),
    "connect": lambda: connect(THERE),
    "move": lambda: move(place(SHOP, HERE), THERE),
}


@pytest.mark.parametrize("verb", VERBS)
def test_a_provider_that_does_not_exist_is_found_at_the_line_of_on(verb):
    with pytest.raises(ValidationError) as caught:
        VERBS[verb]()
    [finding] = caught.value.findings
    assert (finding.rule, finding.subject) == ("environment/provider", "environment.away.on")
    assert (finding.location.file, finding.location.line) == (__file__, LINE)
    assert "'fake'" in finding.fix


def test_a_finding_about_a_single_resource_has_the_line_of_the_script():
    with simulate(), connect(HERE) as cloud, pytest.raises(ValidationError) as caught:
        cloud.ensure(Snapshot("nightly"))
    lines = {(each.location.file, each.location.line) for each in caught.value.findings}
    assert lines == {(__file__, caught.traceback[0].lineno + 1)}


def test_a_broken_provider_is_found_at_the_line_of_on(monkeypatch):
    monkeypatch.setitem(registry.loaded, "fake", registry.plugin("fake"))

    def broken(name):
        raise registry.Unsupported("the provider 'fake' cannot be imported")

    monkeypatch.setattr(registry, "plugin", broken)
    with pytest.raises(ValidationError) as caught:
        plan(SHOP, HERE)
    assert caught.value.findings[0].location.line == HERE.location.line
