"""An unknown command is answered with the nearest one; the command that deletes is no guess."""

import re
import sys

import pytest

from portinfra.commands.advice import advise, nearest_command, nearest_options
from portinfra.commands.app import COMMANDS
from portinfra.commands.main import main

NAMES = list(COMMANDS)


def answer(word):
    return advise(f"No such command {word!r}. Did you mean 'destroy', 'move'?", [word], NAMES)


@pytest.mark.parametrize("word", ["deploy", "dstr", "desktop", "destination"])
def test_no_other_word_is_answered_with_the_command_that_deletes(word):
    assert nearest_command(word, NAMES) != "destroy"


@pytest.mark.parametrize("word", ["destory", "detroy", "destoy", "destroyy"])
def test_a_misspelling_of_the_command_that_deletes_is_answered_with_it(word):
    assert answer(word) == f"No such command {word!r}. Did you mean 'destroy'?"


def test_a_misspelled_command_is_answered_with_the_nearest():
    assert answer("aply") == "No such command 'aply'. Did you mean 'apply'?"


def test_a_command_of_another_tool_is_answered_with_what_to_write():
    assert answer("deploy") == "No such command 'deploy'. Write `portinfra apply`."
    assert answer("taint") == "No such command 'taint'. Write `portinfra plan --replace ADDRESS`."


def test_another_message_of_the_parser_stays():
    assert advise("No such option: --jsn Did you mean --json?", ["plan"], ()).endswith("Did you mean --json?")


def test_an_option_is_answered_with_the_options_that_it_misspells_and_no_other_ones():
    assert nearest_options("--json", ["--on"]) == []
    assert nearest_options("--output", ["--out", "--on"]) == ["--out"]
    assert nearest_options("--repalce", ["--replace"]) == ["--replace"]


@pytest.mark.parametrize(("option", "guess"), [("--json", None), ("--fromat", "--format")])
def test_an_unknown_option_is_shown_with_near_options_only(monkeypatch, capsys, option, guess):
    monkeypatch.setattr(sys, "argv", ["portinfra", "graph", option])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 2
    printed = "".join(capsys.readouterr())
    assert f"No such option: {option}" in printed
    guesses = re.findall(r"Possible options: ([^)]*)", printed)
    assert guesses == ([guess] if guess else [])
