"""Every public verb refuses arguments of wrong types before it does anything.

The verbs are the functions that `portinfra` and `portinfra.dr` export, and the methods of what `connect`
returns. A new one is among them by itself.
"""

import inspect
import re
from pathlib import Path

import pytest
from attrs import evolve
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

import portinfra
from portinfra import Environment, RecoveryPlan, Role, Topology, connect, dr, lock_in, place, plan
from portinfra.cloud import Cloud
from portinfra.errors import ValidationError, WrongTypeError
from portinfra.model.evidence import Evidence
from portinfra.testing.simulation import simulate

SHOP = Topology("shop", [Role("web")])
HOME = Environment("home", on="fake:us-east-1")
AWAY = Environment("away", on="fake:eu-west-1")
PLAN = RecoveryPlan("shop", HOME, AWAY, "1h", "1h", [["web"]])

FOUND_LATER = {"allow", "ensure"}
"""What these take is checked with its line: by the verb that gets the flow, or whole as one resource."""

ENDS_THE_PROCESS = {"cli"}
"""It prints its findings, and the exit code is 1."""

VERBS = {
    f"{module.__name__}.{name}": getattr(module, name)
    for module in (portinfra, dr)
    for name in module.__all__
    if inspect.isfunction(getattr(module, name)) and name not in FOUND_LATER | ENDS_THE_PROCESS
}
METHODS = {name: value for name, value in vars(Cloud).items() if inspect.isfunction(value) and name[0] != "_"}
PARAMETERS = [
    (name, parameter)
    for name, verb in VERBS.items()
    for parameter in inspect.signature(verb).parameters.values()
]
DECLARED = [
    (name, parameter)
    for name, parameter in PARAMETERS
    if re.search("Topology|Environment|RecoveryPlan", str(parameter.annotation))
]


@pytest.fixture(scope="module")
def cloud():
    with simulate() as cloud:
        yield cloud


@pytest.fixture(scope="module")
def right(cloud):
    """A value for each parameter that has no default, by its name."""
    there = place(SHOP, HOME)
    return {
        "topology": SHOP,
        "topologies": SHOP,
        "environment": HOME,
        "environments": [HOME, AWAY],
        "recovery": dr.recovery(SHOP, PLAN, [HOME, AWAY]),
        "plan": PLAN,
        "plans": [PLAN],
        "placed": there,
        "here": there,
        "there": AWAY,
        "to": "target",
        "what": "failover",
        "path": "x",
        "id": "acme/x",
        "document": {},
        "evidence": Evidence(
            "drill", "1", "shop", "shop", "home", "away", "2030-01-01", "2030-01-01", 1, None, 1, None
        ),
        "file": Path("evidence.json"),
        "files": [],
        "key": Ed25519PrivateKey.generate(),
        "made": plan(SHOP, HOME),
    }


def called(name, wrong, right):
    """Call a verb with one argument, and with a right one for each other that it needs."""
    verb = VERBS[name]
    several, named = [], {}
    for each in inspect.signature(verb).parameters.values():
        is_several = each.kind is each.VAR_POSITIONAL
        if each.name in wrong:
            value = wrong[each.name]
        elif each.default is each.empty and not is_several:
            value = right["made" if name == "portinfra.apply" else each.name]
        else:
            continue
        if is_several:
            several.append(value)
        else:
            named[each.name] = value
    return verb(*several, **named)


def in_short(value):
    """Return the name of a test: equal in each process, so without a default value."""
    return getattr(value, "name", value)


@pytest.mark.parametrize(("name", "parameter"), PARAMETERS, ids=in_short)
def test_a_wrong_type_is_refused_with_the_names_of_verb_and_argument(cloud, right, name, parameter):
    before = cloud.ground_truth()
    with pytest.raises(WrongTypeError) as error:
        called(name, {parameter.name: object()}, right)
    verb = name.rpartition(".")[2]
    assert str(error.value).startswith(f"{parameter.name} of {verb}() must be ")
    assert str(error.value).endswith(", and is of type object")
    assert cloud.ground_truth() == before


WRONG = {
    "Topology": evolve(SHOP, name=b"shop", tags={"a": 1}),
    "Environment": evolve(HOME, on=5),
    "RecoveryPlan": evolve(PLAN, rpo=4),
}


@pytest.mark.parametrize(("name", "parameter"), DECLARED, ids=in_short)
def test_a_declared_value_that_holds_a_wrong_type_is_refused_with_its_attribute(
    cloud, right, name, parameter
):
    (kind,) = re.findall("Topology|Environment|RecoveryPlan", str(parameter.annotation))[:1]
    several = "Iterable" in str(parameter.annotation) and kind not in str(parameter.annotation)[:5]
    wrong = [WRONG[kind]] if several else WRONG[kind]
    before = cloud.ground_truth()
    with pytest.raises(ValidationError, match=r"\.(name|on|rpo): must be text, and is"):
        called(name, {parameter.name: wrong}, right)
    assert cloud.ground_truth() == before


HANDED = list(inspect.signature(portinfra.cli).parameters)


def said_by_cli(capsys, monkeypatch, **given):
    """Call `cli` with right arguments and these, as a script that plans. Return what it says of them."""
    monkeypatch.setattr("sys.argv", ["shop.py", "dr", "plan"] if "recovery" in given else ["shop.py", "plan"])
    handed = {"topologies": [SHOP], "environments": [HOME, AWAY], **given}
    with pytest.raises(SystemExit) as ended:
        portinfra.cli(*handed.pop("topologies"), **handed)
    assert ended.value.code == 1
    return capsys.readouterr().err


@pytest.mark.parametrize("name", HANDED)
def test_cli_refuses_a_wrong_type_with_the_name_of_the_argument(cloud, capsys, monkeypatch, name):
    before = cloud.ground_truth()
    for wrong in ([object()], iter([object()]), (object(), object())):
        said = said_by_cli(capsys, monkeypatch, **{name: wrong})
        assert re.search(rf"error: {name} of cli\(\) must be an? \w+ or several, and is or holds", said)
        assert "of type object" in said
    assert cloud.ground_truth() == before


def test_cli_reports_the_wrong_types_of_all_its_arguments_at_once(capsys, monkeypatch):
    said = said_by_cli(capsys, monkeypatch, **{name: [object()] for name in HANDED})
    assert re.findall(r"error: (\w+) of cli\(\) must be", said) == HANDED


@pytest.mark.parametrize(
    ("name", "kind"),
    [("topologies", "Topology"), ("environments", "Environment"), ("recovery", "RecoveryPlan")],
)
def test_cli_refuses_a_declared_value_that_holds_a_wrong_type_with_its_attribute(
    cloud, capsys, monkeypatch, name, kind
):
    before = cloud.ground_truth()
    said = said_by_cli(capsys, monkeypatch, **{name: [WRONG[kind]]})
    assert re.search(r"\.(name|on|rpo): must be text, and is", said)
    assert cloud.ground_truth() == before


def test_cli_reads_an_iterator_once(capsys, monkeypatch):
    said = said_by_cli(capsys, monkeypatch, environments=iter([HOME, HOME]))
    assert "environment 'home' is already declared" in said


def test_an_iterator_is_read_once_and_checked():
    assert lock_in(SHOP, iter([HOME])) == lock_in(SHOP, [HOME])
    with pytest.raises(WrongTypeError, match="environments of lock_in"):
        lock_in(SHOP, iter(["home"]))


@pytest.mark.parametrize(
    ("method", "arguments"),
    [
        ("list", ["volume"]),
        ("list", [HOME]),
        ("list", [Topology]),
        ("remove", [7]),
        ("remove", [["volume.data"]]),
    ],
)
def test_a_single_resource_is_named_by_its_type_or_address(cloud, method, arguments):
    with connect(HOME) as there, pytest.raises(WrongTypeError, match=rf"of {method}\(\) must be"):
        getattr(there, method)(*arguments)


def test_the_switches_of_single_resources_are_no_other_values(cloud):
    with connect(HOME) as there:
        for method, argument in (("remove", "volume.a"), ("ensure", portinfra.Volume("a", gib=1))):
            with pytest.raises(WrongTypeError, match=r"allow_data_loss of .* must be True or False"):
                getattr(there, method)(argument, allow_data_loss="volume.a")
    assert set(METHODS) == {"catalogue", "list", "ensure", "remove"}
