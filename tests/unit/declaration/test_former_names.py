"""`protect` is the former name of `deletion_protection`: both are accepted, and stored data keep it."""

import json

import pytest
from attrs import evolve
from toy import applied, plan_of

from portinfra import Role, Topology, Volume
from portinfra.declaration.declared import Declared
from portinfra.errors import ValidationError
from portinfra.model.change import Difference
from portinfra.model.finding import Severity
from portinfra.model.resources import Instance, public_fields
from portinfra.planning.fingerprints import declaration_digest, fingerprints
from portinfra.render.console.differences import difference_lines
from portinfra.render.documents import plan_document
from portinfra.validation import validate_declared

NAMES = ("deletion_protection", "protect")


def in_python(name, value):
    given = {name: value}
    return Topology("shop", [Role("db", volumes=[Volume("data", gib=10, **given)], **given)])


def in_hcl(load_hcl, *lines):
    written = "\n".join(lines)
    declared = load_hcl(
        f'topology "shop" {{\nrole "db" {{\n{written}\nvolume "data" {{\ngib = 10\n{written}\n}}\n}}\n}}\n'
    )
    return declared.topologies[0]


def findings_of(topology):
    try:
        return validate_declared(Declared((topology,), (), ()))
    except ValidationError as error:
        return error.findings


@pytest.mark.parametrize("value", [True, False])
def test_both_names_declare_equal_topologies_in_both_languages(load_hcl, value):
    declared = [in_python(name, value) for name in NAMES]
    declared += [in_hcl(load_hcl, f"{name} = {str(value).lower()}") for name in NAMES]
    assert all(each == declared[0] for each in declared)
    assert all(each.roles[0].volumes[0].deletion_protection is value for each in declared)


def test_both_names_make_equal_plans_whose_documents_keep_the_stored_name():
    plans = [plan_of(in_python(name, True)) for name in NAMES]
    texts = [json.dumps(plan_document(each), default=str) for each in plans]
    assert texts[0] == texts[1]
    assert fingerprints(plans[0]) == fingerprints(plans[1])
    assert '"protect": true' in texts[0]
    assert "deletion_protection" not in texts[0]


def test_a_plan_that_was_saved_before_the_new_name_has_the_same_digest():
    assert declaration_digest(plan_of(in_python("protect", True))) == "006bdd9d53a4dc4be3b0"


def test_the_former_name_changes_nothing_that_was_applied_with_the_present_one():
    world = applied(in_python("deletion_protection", True))
    assert plan_of(in_python("protect", True), world).empty


def test_a_former_name_in_python_is_a_warning_that_names_the_present_one():
    found = findings_of(in_python("protect", True))
    assert [(each.rule, each.subject, each.severity) for each in found] == [
        ("topology/former-name", "role.db.volume.data.protect", Severity.WARNING),
        ("topology/former-name", "role.db.protect", Severity.WARNING),
    ]
    assert {each.message for each in found} == {"protect is the former name of deletion_protection"}
    assert {each.fix for each in found} == {"Write deletion_protection=True in place of protect."}
    assert {each.location.file for each in found} == {__file__}


def test_a_former_name_in_hcl_is_a_warning_at_its_line(load_hcl):
    found = findings_of(in_hcl(load_hcl, "protect = false"))
    assert [each.location.line for each in found] == [6, 3]
    assert {each.fix for each in found} == {"Write deletion_protection = false in place of protect."}


@pytest.mark.parametrize("former", [True, False])
def test_both_names_at_once_are_an_error(load_hcl, former):
    python = Topology("shop", [Role("db", deletion_protection=True, protect=former)])
    hcl = in_hcl(load_hcl, "deletion_protection = true", f"protect = {str(former).lower()}")
    for topology in (python, hcl):
        found = {each.subject: each for each in findings_of(topology)}["role.db.protect"]
        assert (found.rule, found.severity) == ("topology/deletion-protection-twice", Severity.ERROR)
        assert found.fix == "Remove protect."


def test_a_copy_of_a_value_keeps_its_warning():
    topology = in_python("protect", True)
    assert findings_of(evolve(topology, roles=[evolve(topology.roles[0], count=1)]))


@pytest.mark.parametrize("before", [True, False])
def test_a_copy_with_the_former_name_has_its_value_and_a_warning(load_hcl, before):
    hcl = in_hcl(load_hcl, f"deletion_protection = {str(before).lower()}")
    for topology in (in_python("deletion_protection", before), in_python("protect", before), hcl):
        role = topology.roles[0]
        volume = evolve(role.volumes[0], protect=not before)
        copied = Topology("shop", [evolve(role, protect=not before, volumes=[volume])])
        assert copied.roles[0].deletion_protection is not before
        assert copied.roles[0].volumes[0].deletion_protection is not before
        found = findings_of(copied)
        assert {each.rule for each in found} == {"topology/former-name"}
        assert {each.fix for each in found} == {
            topology.location.choose(f"Write deletion_protection={not before} in place of protect.", "")
            or f"Write deletion_protection = {str(not before).lower()} in place of protect."
        }


def test_a_former_name_that_is_null_has_no_warning(load_hcl):
    assert not findings_of(in_hcl(load_hcl, "deletion_protection = true", "protect = null"))


@pytest.mark.parametrize("name", NAMES)
def test_a_role_ignores_the_attribute_by_both_names(name):
    declared = Topology("shop", [Role("db", count=1, ignore=[name], volumes=[Volume("data", gib=10)])])
    world = applied(declared)
    volume = world.resources["volume.db1-data"]
    by_hand = evolve(volume, spec=evolve(volume.spec, deletion_protection=True))
    plan = plan_of(declared, evolve(world, resources={**world.resources, "volume.db1-data": by_hand}))
    assert plan.empty
    assert [each.message for each in plan.findings if each.rule == "plan/ignored"] == [
        "it ignores what differs: deletion protection of volume.db1-data"
    ]


def test_a_former_name_in_ignore_is_a_warning_that_names_the_present_one():
    (found,) = findings_of(Topology("shop", [Role("db", ignore=["protect"])]))
    assert (found.rule, found.subject, found.severity) == (
        "topology/former-name",
        "role.db.ignore",
        Severity.WARNING,
    )
    assert found.fix == "Write deletion_protection in place of protect."
    assert not findings_of(Topology("shop", [Role("db", ignore=["deletion_protection"])]))


def test_the_attributes_that_a_role_may_ignore_are_listed_by_their_present_names():
    (found,) = findings_of(Topology("shop", [Role("db", ignore=["nonsense"])]))
    assert "deletion_protection" in found.fix
    assert " protect" not in found.fix


def test_every_declared_value_has_the_former_name_as_a_property():
    topology = in_python("deletion_protection", True)
    assert topology.roles[0].protect
    assert topology.roles[0].volumes[0].protect


def test_the_console_prints_the_present_name():
    assert list(difference_lines([Difference("protect", True, False)])) == ["deletion protection: yes → no"]


def test_the_present_name_has_no_warning(load_hcl):
    assert not findings_of(in_python("deletion_protection", True))
    assert not findings_of(in_hcl(load_hcl, "deletion_protection = true"))


def test_a_protected_block_is_found_by_its_line_under_both_names(load_hcl):
    for name in NAMES:
        topology = in_hcl(load_hcl, f"{name} = true")
        plan = plan_of(topology, applied(topology), destroy=True, allow_data_loss=frozenset({"all"}))
        lines = {each.location.line for each in plan.errors if each.rule == "plan/protected"}
        assert lines == {3}


def test_a_driver_writes_and_reads_the_stored_name():
    volume = Volume("data", gib=1, protect=True)
    host = Instance("web1", None, None, 0, "10.0.0.4", protect=True)
    for spec in (volume, host):
        assert spec.protect
        assert spec.deletion_protection
        assert not evolve(spec, protect=False).protect
        assert "protect" in public_fields(spec)
        assert "deletion_protection" not in public_fields(spec)
