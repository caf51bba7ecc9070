"""Where only the definitions of firewall rules can be read, text and JSON of a command say so."""

import json

import pytest
from attrs import evolve

from portinfra.testing.fake.provider import capabilities_of


@pytest.fixture
def defined(applied, monkeypatch):
    """The cloud, if it showed how rules are defined, and not what is in force."""

    def reads_definitions(shape):
        return evolve(capabilities_of(shape), reads_definitions=True)

    monkeypatch.setattr("portinfra.testing.fake.provider.capabilities_of", reads_definitions)
    return applied


@pytest.mark.parametrize("command", [("status",), ("check", "--observed")])
def test_the_text_and_the_json_of_a_command_say_so(defined, command):
    assert (
        "definitions" in defined.run(*command).stdout or "as they are defined" in defined.run(*command).stdout
    )
    assert json.loads(defined.run(*command, "--json").stdout)["definitions_only"] is True


@pytest.mark.parametrize("command", [("status",), ("check", "--observed"), ("check",)])
def test_what_is_in_force_can_be_read_elsewhere(applied, command):
    assert json.loads(applied.run(*command, "--json").stdout)["definitions_only"] is False
