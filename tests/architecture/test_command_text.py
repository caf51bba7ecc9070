"""Only `portinfra.command_text` writes commands, so that each printed one can be copied and run."""

import ast
import re
from pathlib import Path

import pytest

from portinfra.commands.app import COMMANDS, GROUPS
from portinfra.commands.dr.app import COMMANDS as COMMANDS_OF_DR
from portinfra.commands.hosts.app import COMMANDS as COMMANDS_OF_HOSTS
from portinfra.commands.option_groups import import_command
from portinfra.commands.options import DeclarationOptions
from portinfra.commands.session import OF_TWO_WORDS, READ_NO_DECLARATION
from portinfra.commands.trust.app import COMMANDS as COMMANDS_OF_TRUST

ROOT = Path(__file__).parents[2]
SOURCES = [*(ROOT / "src").rglob("*.py"), *(ROOT / "providers").glob("*/src/**/*.py")]
VERBS = "|".join(COMMANDS)
VERBS_OF_DR = "|".join(COMMANDS_OF_DR)
VERBS_OF_HOSTS = "|".join(COMMANDS_OF_HOSTS)
VERBS_OF_TRUST = "|".join(COMMANDS_OF_TRUST)
COMMAND = re.compile(
    rf"\bportinfra (?:(?:{VERBS}|dr|hosts|trust)\b|--\w)"  # portinfra plan
    rf"|\bdr (?:{VERBS_OF_DR})\b"  # dr fence
    r"|`hosts (?:files|status)\b[^`]*`"
    rf"|portinfra hosts (?:{VERBS_OF_HOSTS})\b"  # portinfra hosts files
    rf"|[Rr]un trust (?:{VERBS_OF_TRUST})\b"  # run trust bundle
    rf"|`(?:{VERBS}|{VERBS_OF_DR})\b[^`]*`"  # `apply`
    rf"|(?:\b[Rr]un |: )(?:{VERBS}) (?:--|\{{)"  # run apply {name}
    rf"|\b(?:{VERBS}) \{{[^}}]*\}} (?:--|first|starts)"  # apply {name} first
)
"""A command in a text; `{}` is a value that a program puts in."""

COMPLETED = re.compile(r"`portinfra [^`{]+`")
"""The form that `complete_commands` completes."""

COMPLETED_IN = (
    "declaration/terraform.py",
    "policy/foreign.py",
    "policy/spread.py",
    "policy/not_observable.py",
    "policy/undeclared_traffic.py",
    "portinfra_gcp/errors.py",
    "portinfra_libvirt/errors.py",
)
"""Files whose fixed texts, written before there is a call, pass `complete_commands`."""

HELP = {"Save the plan for `apply --plan FILE`."}
"""Texts of `--help`, whose reader has the command before the eyes."""


def texts(path):
    """Return each string of a file, those of documentation left out, with its line."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    left_out = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Expr):
            left_out.add(id(node.value))
        if isinstance(node, ast.JoinedStr):
            left_out |= set(map(id, node.values))
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            parts = (str(part.value) if isinstance(part, ast.Constant) else "{}" for part in node.values)
            yield node.lineno, "".join(parts)
        elif isinstance(node, ast.Constant) and id(node) not in left_out:
            yield node.lineno, str(node.value)


def names_a_command(path, text):
    if str(path).endswith(COMPLETED_IN):
        text = COMPLETED.sub("", text)
    return text not in HELP and bool(COMMAND.search(text))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("First of all: dr fence.", True),
        ("dr abandon {}", True),
        ("See: portinfra providers libvirt --doctor", True),
        ("Write portinfra plan.", True),
        ("`apply` repairs it", True),
        ("To repair what is wrong there: apply {}.", True),
        ("it does not exist: apply {} first", True),
        ("If it no longer exists: lease {} --forget-peer", True),
        ("portinfra plans what exists", False),
        ("no apply would accept this plan", False),
    ],
)
def test_a_text_that_names_a_command_is_found(text, expected):
    assert names_a_command(Path("any.py"), text) is expected


def test_no_text_names_a_command_but_by_the_function_that_writes_it():
    found = [
        f"{path.relative_to(ROOT)}:{line}: {text.strip()[:100]}"
        for path in sorted(SOURCES)
        for line, text in texts(path)
        if names_a_command(path, text)
    ]
    assert found == []


def test_only_commands_that_read_no_declaration_are_printed_without_one():
    def reads(command):
        groups = command.__annotations__.values()
        return any(isinstance(each, type) and issubclass(each, DeclarationOptions) for each in groups)

    without = {(name,) for name in COMMANDS if not reads(import_command(name, name))}
    of_dr = COMMANDS_OF_DR.items()
    without |= {("dr", name) for name, module in of_dr if not reads(import_command(f"dr.{module}", name))}
    without |= {
        ("hosts", name) for name in COMMANDS_OF_HOSTS if not reads(import_command(f"hosts.{name}", name))
    }
    without |= {
        ("trust", name) for name in COMMANDS_OF_TRUST if not reads(import_command(f"trust.{name}", name))
    }
    assert set(GROUPS) == OF_TWO_WORDS
    assert without | {("dr", "verify")} == READ_NO_DECLARATION, "`dr verify --key` needs no declaration"
