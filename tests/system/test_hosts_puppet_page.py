"""The page on Puppet: its declaration is sound, and its commands write, commit and deploy a repository."""

import pytest
from transcripts import Terminal, blocks

from portinfra.declaration.load import load
from portinfra.placement import place
from portinfra.policy import check

PAGE = "docs/hosts-puppet.md"


@pytest.fixture
def folder(tmp_path):
    (declaration,) = blocks(PAGE, "hcl")
    (tmp_path / "shop.hcl").write_text(declaration, encoding="utf-8")
    return tmp_path


def test_its_declaration_passes_every_check(folder):
    shop = load(folder / "shop.hcl")
    assert check(place(shop.topologies[0], shop.environments[0])).findings == ()


@pytest.mark.slow
@pytest.mark.tools("puppet", "r10k", "git")
def test_its_commands_write_commit_deploy_and_validate_a_repository(folder, monkeypatch):
    for name in ("AUTHOR", "COMMITTER"):
        monkeypatch.setenv(f"GIT_{name}_NAME", "Ada")
        monkeypatch.setenv(f"GIT_{name}_EMAIL", "ada@example.com")
    script = "\n".join(["set -e", *blocks(PAGE, "sh"), "echo the last one"])
    said = Terminal(folder).run(script)
    assert said.endswith("the last one\n"), said
    assert "Written: 7 hosts into control" in said
    assert "\nproduction\n" in said
    deployed = folder / "environments" / "production"
    assert (deployed / "data" / "hosts" / "production" / "web1.yaml").is_file()
    assert [*deployed.parent.iterdir()] == [deployed]
