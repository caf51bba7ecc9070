"""A value of the wrong Python type is a finding, never a traceback, and is not shown."""

import pytest
from attrs import evolve, fields

from portinfra.errors import ValidationError
from portinfra.model.catalogue import Capabilities
from portinfra.model.environment import Environment
from portinfra.model.recovery import Action, DataPolicy, Probe, RecoveryPlan, Wave
from portinfra.model.resources import Volume
from portinfra.model.schema import Kind, attributes
from portinfra.model.topology import Flow, Role, Topology, allow
from portinfra.model.vault import Vault
from portinfra.validation import validate, validate_declared
from portinfra.validation.types import checks

ROLE = Role("app")
VOLUME = Volume("data", gib=1)
FLOW = Flow(("app",), ("app",), icmp=True, why="x")
TOPOLOGY = Topology("shop", roles=[ROLE])
PLACE = Environment("test", on="fake:a")
WRONG = [
    None,
    3,
    "x",
    1.5,
    True,
    b"x",
    (),
    ("x",),
    (1,),
    {},
    {"a": 1},
    {1: {}},
    object(),
    ((1, 2, 3),),
    ((5, 1),),
]


def subjects(topology: Topology, environment: Environment = PLACE) -> set[str]:
    try:
        findings = validate(topology, environment, Capabilities(), {"a": {}})
    except ValidationError as error:
        findings = error.findings
    return {finding.subject for finding in findings if finding.rule.endswith("/wrong-type")}


def variants(value, table):
    """The value with each wrong thing in each field; what a converter refuses cannot be made at all."""
    for name in table:
        for wrong in WRONG:
            try:
                yield name, evolve(value, **{name: wrong})
            except (TypeError, ValueError):
                continue


def test_each_field_of_a_role_is_reported_when_wrong_and_only_then():
    for name, role in variants(ROLE, checks(Role)):
        wrong = not checks(Role)[name][1](getattr(role, name))
        assert subjects(Topology("shop", roles=[role])) == ({f"role.{role.name}.{name}"} if wrong else set())


def test_nothing_in_a_volume_brings_a_traceback():
    for _, volume in variants(VOLUME, checks(Volume)):
        subjects(Topology("shop", roles=[evolve(ROLE, volumes=[volume])]))


def test_nothing_in_a_flow_brings_a_traceback():
    for _, flow in variants(FLOW, checks(Flow)):
        subjects(Topology("shop", roles=[ROLE], flows=[flow]))


def test_nothing_in_an_environment_brings_a_traceback():
    for _, environment in variants(PLACE, checks(Environment)):
        subjects(TOPOLOGY, environment)


PLAN = RecoveryPlan("shop", "a", "b", rpo="1h", rto="1h", waves=[])
PARTS = [
    ("waves", Wave(["app"]), checks(Wave), "wave 1"),
    ("data", DataPolicy("app"), checks(DataPolicy), "data.{0.of}"),
    ("actions", Action("a", "true"), checks(Action), "action.{0.name}"),
    ("probes", Probe("a", "true"), checks(Probe), "probe.{0.name}"),
]


@pytest.fixture
def wrong_types(declared):
    """The subjects of wrong types in a recovery plan, without its own."""

    def found(plan: RecoveryPlan) -> set[str]:
        try:
            findings = validate_declared(declared(TOPOLOGY, recoveries=[plan]))
        except ValidationError as error:
            findings = error.findings
        wrong = [finding for finding in findings if finding.rule == "recovery/wrong-type"]
        assert all(finding.fix and finding.location for finding in wrong)
        return {finding.subject.removeprefix("recovery.shop.") for finding in wrong}

    return found


def test_each_field_of_a_recovery_plan_is_reported_when_wrong_and_only_then(wrong_types):
    for name, plan in variants(PLAN, checks(RecoveryPlan)):
        wrong = not checks(RecoveryPlan)[name][1](getattr(plan, name))
        subjects = {subject.rpartition(".")[2] for subject in wrong_types(plan)}
        assert subjects == ({name} if wrong else set())


@pytest.mark.parametrize(("field", "sound", "table", "subject"), PARTS, ids=[part[0] for part in PARTS])
def test_each_field_of_its_parts_is_reported_when_wrong_and_only_then(
    field, sound, table, subject, wrong_types
):
    for name, part in variants(sound, table):
        wrong = not table[name][1](getattr(part, name))
        expected = {f"{subject.format(part)}.{name}"} if wrong else set()
        assert wrong_types(evolve(PLAN, **{field: [part]})) == expected


@pytest.mark.parametrize(
    ("changes", "subject"),
    [
        ({"waves": [Wave("app", gates=["true", 5])]}, "wave 1.gates"),
        ({"data": DataPolicy("app", before=5)}, "data.app.before"),
        ({"data": DataPolicy("app", sensitive="yes")}, "data.app.sensitive"),
        ({"data": DataPolicy("app", retention="7")}, "data.app.retention"),
        ({"data": DataPolicy("app", keep=True)}, "data.app.keep"),
        ({"data": DataPolicy("app", keep={"last": "3"})}, "data.app.keep"),
        ({"actions": Action("a", None)}, "action.a.run"),
        ({"probes": Probe("a", b"true")}, "probe.a.run"),
        ({"contacts": [None]}, "contacts"),
    ],
)
def test_hooks_switches_and_numbers_are_told_from_others(changes, subject, wrong_types):
    assert wrong_types(evolve(PLAN, **changes)) == {subject}


@pytest.mark.parametrize("name", ["waves", "data", "actions", "probes"])
@pytest.mark.parametrize("value", [5, [5], None, [None], [["app", 5]], [object()]])
def test_strangers_among_its_parts_are_found(name, value, wrong_types):
    subjects = wrong_types(evolve(PLAN, **{name: value}))
    assert subjects == {"wave 1.roles" if name == "waves" else name}


@pytest.mark.parametrize(
    ("attribute", "value", "said"),
    [
        ("count", "3", "must be a whole number, and is text"),
        ("count", True, "must be a whole number, and is True or False"),
        ("tags", {"a": 1}, "is a mapping that holds a whole number and text"),
        ("user_data", b"hunter2", "must be text, and is of type bytes"),
    ],
)
def test_it_is_said_in_words_without_the_value(attribute, value, said):
    with pytest.raises(ValidationError, match=said) as error:
        validate(Topology("shop", roles=[evolve(ROLE, **{attribute: value})]), PLACE, Capabilities())
    assert "hunter2" not in str(error.value)


def test_strangers_among_roles_flows_and_volumes_are_found():
    topology = Topology("shop", roles=["app", evolve(ROLE, volumes=["data"])], flows=["app"])
    assert subjects(topology) == {"topology.shop.roles", "topology.shop.flows", "role.app.volumes"}


DECLARED = (Topology, Role, Volume, Flow, Environment, RecoveryPlan, Wave, DataPolicy, Action, Probe, Vault)


@pytest.mark.parametrize("kind", DECLARED)
def test_every_attribute_that_a_user_gives_is_checked(kind):
    parts = {each.name for each in attributes(kind) if each.kind is Kind.PARTS}
    placed = {each.name for each in attributes(kind) if each.metadata.get("placed")}
    test_beds = {"stand"}
    assert {each.name for each in fields(kind)} - set(checks(kind)) <= parts | placed | test_beds | {
        "location"
    }


@pytest.mark.parametrize("kind", DECLARED)
def test_what_replaces_a_wrong_value_fits(kind):
    for each in attributes(kind):
        if each.name in checks(kind) and not each.metadata.get("filled"):
            assert checks(kind)[each.name][1](each.stand_in()), each.name


def test_a_port_that_is_none_is_called_by_its_own_type():
    flow = allow("app", "app", tcp="https", why="x")
    with pytest.raises(ValidationError) as caught:
        validate(evolve(TOPOLOGY, flows=[flow]), PLACE, Capabilities(), {})
    (finding,) = caught.value.findings
    assert finding.message.endswith(", and is text")
