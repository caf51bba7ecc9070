"""Evidence names each hook with digests: a command or a file that was changed since has other ones."""

import hashlib
from pathlib import Path

from portinfra.hooks.identity import HookIdentity, identify


def sha256(content):
    return hashlib.sha256(content).hexdigest()


def last_row(inventory):
    return True


def test_a_command_has_digests_of_itself_and_of_the_file_that_it_begins_with(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "last-row").write_bytes(b"#!/bin/sh\n")
    command = "./last-row db1"
    assert identify(command) == HookIdentity(command, sha256(command.encode()), sha256(b"#!/bin/sh\n"))
    (tmp_path / "last-row").write_bytes(b"#!/bin/sh\ntrue\n")
    assert identify(command).file_sha256 == sha256(b"#!/bin/sh\ntrue\n")


def test_a_command_that_names_no_file_has_no_digest_of_one(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for command in ("true", "./nothing-here", "~nobody-at-all/x", "/"):
        assert identify(command) == HookIdentity(command, sha256(command.encode()), "")


def test_a_function_has_digests_of_its_source_and_of_its_file():
    found = identify(last_row)
    assert found.command == f"{__name__}.last_row"
    assert found.command_sha256 == sha256(b"def last_row(inventory):\n    return True\n")
    assert found.file_sha256 == sha256(Path(__file__).read_bytes())


def test_a_function_without_source_is_named():
    assert identify(exec("def f(i): pass", scope := {}) or scope["f"]).command_sha256 == ""
    assert identify(print) == HookIdentity("builtins.print", "", "")
