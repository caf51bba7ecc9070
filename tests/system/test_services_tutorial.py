"""The tutorial on services: its commands run in their order and print what the page shows."""

import pytest
from transcripts import Terminal, blocks, commands

from portinfra.testing.fabric import PROGRAMS, why_impossible

pytestmark = pytest.mark.slow

PAGE = "docs/services-tutorial.md"
ZONES = "python examples/zones.py"
COMMANDS = commands("".join(blocks(PAGE, "console")))


@pytest.fixture
def terminal(tmp_path, monkeypatch):
    monkeypatch.setenv("PORTINFRA_FAKE_CLOUD", str(tmp_path / "cloud.db"))
    (declaration,) = blocks(PAGE, "hcl")
    (tmp_path / "shop.hcl").write_text(declaration, encoding="utf-8")
    return Terminal(tmp_path)


def test_its_commands_print_what_it_shows(terminal):
    chosen = [(command, printed) for command, printed in COMMANDS if not command.startswith(ZONES)]
    assert len(chosen) == len(COMMANDS) - 1
    for command, printed in chosen:
        terminal.assert_prints(command, printed)


@pytest.mark.tools(*PROGRAMS)
def test_its_zone_fails_as_it_shows(terminal):
    if why := why_impossible():
        pytest.skip(why)
    (command,) = [pair for pair in COMMANDS if pair[0].startswith(ZONES)]
    terminal.assert_prints(*command)
