"""A small declaration on a cloud in memory, and the command line run on it."""

from typing import Any

import pytest
from attrs import evolve, frozen
from typer.testing import CliRunner

from portinfra import INTERNET, Environment, Role, Topology, Volume, allow
from portinfra.declaration.declared import Declared
from portinfra.present.commands.app import app
from portinfra.present.commands.session import Session
from portinfra.testing.fake import FakeCloud, plugin

SECRET = "canary-4711"
WEB = Role("web", count=2, public="customers", user_data=SECRET)
DB = Role("db", count=1, volumes=[Volume("data", gib=10)], size="f1.small")
SHOP = Topology(
    "shop",
    roles=[WEB, DB],
    flows=[
        allow(INTERNET, WEB, tcp=443, why="customers"),
        allow(WEB, DB, tcp=5432, why="orders"),
    ],
)
DEMO = Environment("demo", on="fake:us-east-1", account="111122223333")


@frozen
class World:
    """One cloud, and the command line of a script that declares `declared` in it."""

    cloud: FakeCloud
    declared: Declared

    def run(self, *arguments: str, answer: str | None = None) -> Any:
        """The result of a command: its `exit_code`, `stdout` and `stderr`."""
        session = Session("python shop.py", arguments, self.declared)
        return CliRunner().invoke(app(session), list(arguments), input=answer)

    def changing(self, role: str, **changes: Any) -> "World":
        """The same cloud, with a role declared otherwise."""
        topology = self.declared.topologies[0]
        changed = topology.with_role(evolve(topology.role(role), **changes))
        return evolve(self, declared=evolve(self.declared, topologies=(changed,)))

    def by_hand(self, action: str, **given: Any) -> None:
        """A request that somebody made in the console; seen as soon as lists show it."""
        self.cloud.request(DEMO.account, DEMO.region, action, given)
        self.cloud.clock.sleep_until(self.cloud.clock.now() + 60)

    def id(self, kind: str, name: str) -> str:
        """The cloud's id of something of ours."""
        return next(
            str(item["id"])
            for item in self.cloud.books()
            if item["kind"] == kind and item["name"].startswith(f"shop-demo-{name}-")
        )


@pytest.fixture
def world(tmp_path, monkeypatch) -> World:
    cloud = FakeCloud()
    monkeypatch.setattr(plugin, "cloud", cloud)
    monkeypatch.setenv("PORTINFRA_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("PORTINFRA_DEBUG", raising=False)
    return World(cloud, Declared((SHOP,), (DEMO,)))


@pytest.fixture
def applied(world) -> World:
    assert world.run("apply", "--yes").exit_code == 0
    return world
