"""docs/names.md: its command and its function are called as the page says."""

import json
import re
from pathlib import Path

import pytest
from attrs import evolve

from portinfra import Environment, Role, Topology, apply, destroy, plan
from portinfra.declaration.load import load
from portinfra.testing.simulation import simulate

PAGE = (Path(__file__).parents[2] / "docs" / "names.md").read_text(encoding="utf-8")
BLOCKS = dict(
    zip(
        ("declaration", "addresses", "command", "function"),
        re.findall(r"^```\w+\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL),
        strict=True,
    )
)
SHOP = Topology("shop", [Role("web", count=1, public="customers"), Role("db", count=1)])


@pytest.fixture
def cloud():
    with simulate() as cloud:
        yield cloud


@pytest.fixture
def declared():
    """The environment of the page, beside its command."""
    Path("update-dns").write_text(BLOCKS["command"], encoding="utf-8")
    Path("update-dns").chmod(0o755)
    Path("shop.hcl").write_text(BLOCKS["declaration"], encoding="utf-8")
    return load(Path("shop.hcl")).environment()


def test_the_command_writes_the_names_of_the_hosts_that_are_there(cloud, declared):
    apply(plan(SHOP, declared), seed=0)
    names = Path("shop.hosts").read_text(encoding="utf-8")
    assert re.fullmatch(r"10\.0\.4\.4 db1\.shop\.example\n[\d.]+ web1\.shop\.example\n", names)
    apply(destroy(SHOP, declared), seed=0)
    assert Path("shop.hosts").read_text(encoding="utf-8") == ""


def test_the_addresses_have_the_form_of_the_page(cloud, declared):
    heard = []
    apply(plan(SHOP, evolve(declared, dns=lambda hosts: heard.append(dict(hosts)))), seed=0)
    shown = json.loads(BLOCKS["addresses"])
    public = heard[0]["web1"]["public"]
    assert heard == [{**shown, "web1": {**shown["web1"], "public": public}}]


def test_the_function_of_the_page_is_called(cloud):
    names = {"Environment": Environment}
    exec(compile(BLOCKS["function"], "docs/names.md", "exec"), names)
    assert apply(plan(SHOP, names["production"]), seed=0).succeeded
