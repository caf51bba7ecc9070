import re
from pathlib import Path

import pytest

from portinfra.testing.fake import SHAPES, plugin
from portinfra.testing.fake.__main__ import main

DOCUMENT = (Path(__file__).parents[2] / "docs" / "simulator.md").read_text()


@pytest.fixture(autouse=True)
def somewhere_else(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(plugin, "cloud", None)


def test_the_example_in_python_runs():
    (example,) = re.findall(r"```python\n(.*?)```", DOCUMENT, re.DOTALL)
    exec(example, {})


def test_every_shape_is_described():
    assert set(re.findall(r"^\| `(\w+)`", DOCUMENT, re.MULTILINE)) == set(SHAPES)


@pytest.mark.filterwarnings("ignore:this test builds in")
def test_what_is_done_by_hand_is_seen_and_mended(capsys):
    from portinfra import INTERNET, Environment, Role, Topology, allow, apply, plan

    shop = Topology("shop", [Role("web", public="users")], [allow(INTERNET, "web", tcp=443, why="customers")])
    production = Environment("production", on="fake:us-east-1", account="111122223333")
    apply(plan(shop, production))
    commands = re.findall(r"^python -m portinfra.testing.fake ([^\\\n]*(?:\\\n.*)?)$", DOCUMENT, re.MULTILINE)
    for command in commands:
        words = [word.strip("'") for word in re.findall(r"'[^']*'|[^\s\\]+", command)]
        assert main(words) == 0
    drift = {change.address: change.reason for change in plan(shop, production).changes}
    assert drift == {"instance.web1": "power", "firewall-rules.web": "ingress"}
    apply(plan(shop, production))
    assert plan(shop, production).empty
    assert main(["111122223333", "us-east-1", "StopInstance", "id=instance/nobody1"]) == 1
    assert "there is no instance 'nobody1'" in capsys.readouterr().err
