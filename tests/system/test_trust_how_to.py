"""The page on trust: its declaration is sound, its commands do what it says, and its findings are all."""

import os
import re
from pathlib import Path

import pytest
from service_shop import platform
from signing_hosts import PYTHON
from transcripts import Terminal, blocks

from portinfra import enrolment
from portinfra.declaration.load import load
from portinfra.hosts import enrolment_findings
from portinfra.hosts.render import render
from portinfra.placement import place

PAGE = "docs/trust.md"
SHOP, _, BY_PUPPET = blocks(PAGE, "hcl")
(SETTINGS,) = blocks(PAGE, "ini")
CREATE, REVOKE, REOPEN = blocks(PAGE, "sh")
TEXT = (Path(__file__).parents[2] / PAGE).read_text(encoding="utf-8")


def test_every_finding_is_listed():
    sources = [
        Path(module.__file__).read_text(encoding="utf-8") for module in (enrolment, enrolment_findings)
    ]
    written = {name for source in sources for name in re.findall(r'"(hosts/[a-z-]+)"', source)}
    assert written == set(re.findall(r"^\| `(hosts/[a-z-]+)` \|", TEXT, re.MULTILINE))


@pytest.mark.parametrize("text", [SHOP, BY_PUPPET], ids=["est", "puppet"])
def test_its_declaration_gives_each_host_the_program(tmp_path, text):
    (tmp_path / "shop.hcl").write_text(text)
    shop = load(tmp_path / "shop.hcl")
    files = render(place(shop.topologies[0], shop.environments[0]), platform)
    assert all("/usr/local/sbin/portinfra-enrol" in {each.path for each in some} for some in files.values())


@pytest.mark.tools("age", PYTHON)
@pytest.mark.parametrize("text", [SHOP, BY_PUPPET], ids=["est", "puppet"])
def test_its_commands_create_revoke_and_reopen(tmp_path, monkeypatch, text):
    """`ssh` is a program that runs its input with the folders of a test in place of the host's."""
    (tmp_path / "shop.hcl").write_text(text)
    programs = tmp_path / "bin"
    programs.mkdir()
    state = tmp_path / "state"
    (programs / "ssh").write_text(f"#!/bin/sh\nSTATE={state} ROOT={tmp_path}/root exec sh\n")
    (programs / "ssh").chmod(0o755)
    monkeypatch.setenv("PATH", f"{programs}:{os.environ['PATH']}")
    monkeypatch.setenv("PORTINFRA_FAKE_CLOUD", str(tmp_path / "cloud.db"))
    terminal = Terminal(tmp_path)
    terminal.run(CREATE)
    if text is BY_PUPPET:  # a test with a real Puppet Server runs this part of the bundle
        bundle = terminal.run("portinfra trust bundle production")
        for line in SETTINGS.splitlines()[1:]:
            name, _, value = line.partition(" = ")
            value = value.replace("/var/lib/portinfra/trust/puppet", '"$cadir"')
            assert f"have {name} {value} server\n" in bundle
    assert (state / "ca.key").stat().st_mode & 0o777 == 0o600
    terminal.run(REVOKE)
    assert (state / "revoked").read_text() == "web1 2\n"
    (state / "used").rmdir()
    terminal.run(REOPEN)
    assert (state / "used").is_dir()
    assert (state / "opened").read_text() == (tmp_path / "trust/production/opened").read_text()
