"""The page on Ansible: its declaration is sound, and its commands write a repository that Ansible reads."""

import pytest
from transcripts import Terminal, blocks

from portinfra.declaration.load import load
from portinfra.placement import place
from portinfra.policy import check

PAGE = "docs/hosts-ansible.md"


@pytest.fixture
def folder(tmp_path):
    (declaration,) = blocks(PAGE, "hcl")
    (tmp_path / "shop.hcl").write_text(declaration, encoding="utf-8")
    return tmp_path


def test_its_declaration_passes_every_check(folder):
    shop = load(folder / "shop.hcl")
    assert check(place(shop.topologies[0], shop.environments[0])).findings == ()


@pytest.mark.slow
@pytest.mark.tools("ansible-playbook", "ansible-inventory")
def test_its_commands_write_a_repository_that_ansible_reads(folder, monkeypatch):
    monkeypatch.setenv("ANSIBLE_HOME", str(folder / "home"))
    script = "\n".join(["set -e", *blocks(PAGE, "sh"), "echo the last one"])
    said = Terminal(folder).run(script)
    assert said.endswith("the last one\n"), said
    assert "Written: 7 hosts into deliveries" in said
    assert "playbook: site.yml" in said
    assert "@zone_0:\n  |  |--web1\n" in said
    assert "ProxyJump bastion1" in (folder / "deliveries" / "ssh.conf").read_text(encoding="utf-8")
    for block in blocks(PAGE, "text"):
        assert block.strip() in "ansible-playbook -i inventory/production site.yml"
