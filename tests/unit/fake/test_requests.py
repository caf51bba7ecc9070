"""Requests of the simulator: a wrong one is refused, with what its action takes."""

import pytest

from portinfra.testing.fake import SHAPES, FakeCloud, FakeError
from portinfra.testing.fake.__main__ import main
from portinfra.testing.fake.actions import ACTIONS
from portinfra.testing.fake.parameters import PARAMETERS

RULE = {"protocol": "tcp", "first": 22, "last": 22, "peer": "0.0.0.0/0"}
VALUES = {
    "text": "x",
    "text or null": "x",
    "a number": 1,
    "true or false": True,
    "a list of texts": ["x"],
    "an object": {},
    "ingress or egress": "ingress",
}


def right(action):
    """Every parameter of an action, each of the right type."""
    given = {}
    for name, parameter in PARAMETERS[action].items():
        rules = [RULE] if name == "rules" else "network"
        given[name] = VALUES.get(parameter.words, rules)
    return given


def refusal(action, given, shape="aws"):
    """What a request is refused for; empty where it is done."""
    try:
        FakeCloud().request("1", f"{shape}/us-east-1", action, given)
    except FakeError as error:
        return str(error)
    return ""


def test_each_action_declares_its_parameters():
    assert list(PARAMETERS) == list(ACTIONS)


@pytest.mark.parametrize("action", ACTIONS)
@pytest.mark.parametrize("shape", SHAPES)
def test_a_request_without_one_of_its_parameters_is_refused_by_its_name(shape, action):
    for name, parameter in PARAMETERS[action].items():
        given = right(action)
        del given[name]
        said = refusal(action, given, shape)
        assert (f"{action}: {name} is missing. It needs " in said) == parameter.is_needed


@pytest.mark.parametrize("action", ACTIONS)
def test_a_parameter_of_another_type_is_refused_with_what_it_must_be(action):
    for name, parameter in PARAMETERS[action].items():
        said = refusal(action, {**right(action), name: object()})
        assert f"{action}: {name} must be {parameter.words}, and is " in said


@pytest.mark.parametrize("action", ACTIONS)
def test_a_parameter_that_no_action_has_is_refused_with_those_that_it_takes(action):
    message = refusal(action, {**right(action), "colour": "red"})
    assert "there is no parameter 'colour'" in message
    assert all(name in message for name in PARAMETERS[action])


def test_all_that_is_wrong_with_a_request_is_said_at_once():
    message = refusal("AttachVolume", {"di": "vol-1", "device": 5})
    assert message == (
        "InvalidRequest: AttachVolume: there is no parameter 'di'; id is missing; instance is missing; "
        "device must be text, and is a whole number. It needs id, instance, device"
    )


def test_an_unknown_action_is_answered_with_the_nearest_one_and_all_that_there_are():
    message = refusal("StopInstnce", {})
    assert "there is no action 'StopInstnce'; did you mean 'StopInstance'? The actions are " in message
    assert message.endswith(", ".join(ACTIONS))
    assert "did you mean" not in (refusal("Xyzzy", {}))


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["StopInstance"], "id is missing"),
        (["StopInstance", "id=instnce/web1"], "there is no kind 'instnce'. Did you mean 'instance'?"),
        (
            ["StopInstance", "id=instance/web1"],
            "there is no instance 'web1'. 111122223333 has none in us-east-1.",
        ),
        (["StopIntance", "id=instance/web1"], "did you mean 'StopInstance'?"),
        (
            ["AllowTraffic", "id=x", "direction=in", "rules=[]"],
            "direction must be ingress or egress, and is text",
        ),
        (
            ["AllowTraffic", "id=x", "direction=ingress", 'rules=[{"protocol": "tcp"}]'],
            "rules must be a list of rules",
        ),
        (["GrowVolume", "id=x", "gib=ten"], "gib must be a number, and is text"),
    ],
)
def test_the_console_refuses_a_wrong_request_in_one_line(tmp_path, monkeypatch, capsys, words, said):
    monkeypatch.setenv("PORTINFRA_FAKE_CLOUD", str(tmp_path / "fake.db"))
    assert main(["111122223333", "us-east-1", *words]) == 1
    shown = capsys.readouterr()
    assert said in shown.err
    assert (shown.out, shown.err.count("\n")) == ("", 1)
