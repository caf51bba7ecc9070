"""README's example is the file in examples/. Its picture and transcripts are what the commands give."""

import pytest
from transcripts import ROOT, Terminal, blocks, commands

TEXT = (ROOT / "README.md").read_text(encoding="utf-8")
COMMANDS = commands("".join(blocks("README.md", "console")))


@pytest.fixture
def terminal(tmp_path):
    return Terminal(tmp_path)


def test_its_ten_lines_are_the_example():
    (lines,) = blocks("README.md", "python")
    _, _, example = (ROOT / "examples" / "hello.py").read_text(encoding="utf-8").partition('"""\n\n')
    assert lines == example


def test_its_picture_is_what_graph_draws(terminal, tmp_path):
    terminal.run("python examples/hello.py graph --format svg -o hello.svg")
    assert "](docs/hello.svg)" in TEXT
    assert (tmp_path / "hello.svg").read_bytes() == (ROOT / "docs" / "hello.svg").read_bytes()


@pytest.mark.slow
def test_its_transcripts_are_what_the_commands_print(terminal):
    assert len(COMMANDS) >= 4
    for command, printed in COMMANDS:
        terminal.assert_prints(command, printed)
