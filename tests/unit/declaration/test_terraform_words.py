"""A word of Terraform is answered with what to write here, before a name that it resembles."""

import pytest

from portinfra.commands.app import COMMANDS
from portinfra.declaration.hcl.functions import FUNCTIONS
from portinfra.declaration.hcl.read import KINDS
from portinfra.declaration.terraform import OTHER_TOOLS, WORDS, Where, advice_for_command
from portinfra.model.schema import attributes, block_attributes
from portinfra.model.topology import Role, Topology

HCL = {
    Where.BLOCK: "{word} {{\n}}",
    Where.ATTRIBUTE: 'topology "p" {{\n  role "w" {{\n    {word} = 1\n  }}\n}}',
    Where.NAME: "locals {{\n  it = {word}.x\n}}",
    Where.FUNCTION: "locals {{\n  it = {word}(1)\n}}",
}


@pytest.mark.parametrize("word", [each for each in WORDS if each.where in HCL], ids=lambda word: word.word)
def test_an_error_in_hcl_answers_with_the_table(word, findings_of):
    found = findings_of(HCL[word.where].format(word=word.word))
    if word.where is Where.BLOCK and word.word in ("data",):  # it is a block of a recovery, too
        return
    assert any(word.advice in message for _, _, message in found), found


@pytest.mark.parametrize("block", ["lifecycle", "provisioner", "ingress", "dynamic"])
def test_a_block_of_terraform_within_a_role_is_answered(block, findings_of):
    (found,) = findings_of(f'topology "p" {{\n  role "w" {{\n    {block} {{\n    }}\n  }}\n}}')
    assert any(each.advice in found[2] for each in WORDS if each.word == block)


@pytest.mark.parametrize(
    "word",
    [each for each in (*WORDS, *OTHER_TOOLS) if each.where in (Where.COMMAND, Where.OPTION)],
    ids=lambda word: word.word,
)
def test_the_command_line_answers_with_the_table(word):
    arguments = ["plan", f"{word.word}=x"] if word.where is Where.OPTION else [word.word]
    assert advice_for_command(arguments) == word.advice


@pytest.mark.parametrize(
    "option", ["--json", "--out=p", "--var", "--var-file", "--replace", "--help", "--version"]
)
def test_an_option_that_is_written_as_it_should_be_gets_no_advice(option):
    assert advice_for_command(["plan", option, "--no-such-option"]) == ""


def test_no_word_of_the_table_is_one_of_this_language():
    known = {each.hcl for each in attributes(Role)} | {each.hcl for each in attributes(Topology)}
    for each in WORDS:
        assert each.where is not Where.ATTRIBUTE or each.word not in known
        assert each.where is not Where.FUNCTION or each.word not in FUNCTIONS
        assert each.where is not Where.BLOCK or each.word not in (*KINDS, *block_attributes(Topology))
    assert len({(each.word, each.where) for each in WORDS}) == len(WORDS)


def test_no_command_of_another_tool_is_one_of_this_program():
    commands = set(COMMANDS)
    assert commands.isdisjoint(each.word for each in (*WORDS, *OTHER_TOOLS) if each.where is Where.COMMAND)
