"""Small declarations on a cloud in memory, and the command line run on them."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from attrs import evolve, frozen
from begun import begun
from typer.testing import CliRunner

from portinfra import INTERNET, Environment, Probe, RecoveryPlan, Role, Topology, Volume, Wave, allow, dr
from portinfra.commands.app import app
from portinfra.commands.session import Session
from portinfra.declaration.declared import Declared
from portinfra.recovery.recovery import Recovery
from portinfra.testing.fake import FakeCloud, plugin

SECRET = "canary-4711"
WEB = Role("web", count=2, public="customers", user_data=f"#!/bin/sh\n# {SECRET}\n")
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

    @property
    def selection(self) -> tuple[Topology, Environment]:
        """What a command is about that names neither."""
        return self.declared.topologies[0], self.declared.environments[0]

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
            for item in self.cloud.ground_truth()
            if item["kind"] == kind and item["name"].startswith(f"shop-demo-{name}-")
        )


@pytest.fixture(scope="session")
def world_on() -> Callable[[FakeCloud], World]:
    """Makes a world of a cloud: for fixtures that several tests share."""
    return lambda cloud: World(cloud, Declared((SHOP,), (DEMO,)))


@pytest.fixture
def world(tmp_path, monkeypatch, world_on) -> World:
    cloud = FakeCloud()
    monkeypatch.setattr(plugin, "cloud", cloud)
    monkeypatch.setenv("PORTINFRA_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("PORTINFRA_DEBUG", raising=False)
    return world_on(cloud)


@pytest.fixture
def applied(world) -> World:
    assert world.run("apply", "--yes").exit_code == 0
    return world


FEW = {"R6": "as small as can be"}
ORDERS = Topology(
    "shop",
    [Role("web", count=1, waive=FEW), Role("db", count=1, volumes=[Volume("data", gib=1)], waive=FEW)],
    [allow("web", "db", tcp=5432, why="orders")],
)
PRODUCTION = Environment("production", on="fake:us-east-1", account="1", key="a", cidr="10.1.0.0/16")
RECOVERY = Environment("recovery", on="fake:eu-west-1", account="2", key="b", cidr="10.2.0.0/16")


@frozen
class Script:
    """A script that declares production, a place where it can come back, and a plan for that; it is called
    with the arguments of a command. `about` is another plan than the plainest; none unless `planned`.
    """

    here: Environment = PRODUCTION
    there: Environment = RECOVERY

    def plan(self, **more: Any) -> RecoveryPlan:
        reads = Probe("rows", "true", reads="db")
        given = {"rpo": "4h", "rto": "1h", "waves": [["db"], ["web"]], "probes": [reads], **more}
        return RecoveryPlan("shop", self.here, self.there, **given)

    def recovery(self, plan: RecoveryPlan) -> Recovery:
        """The same for the verbs of Python."""
        return dr.recovery(ORDERS, plan, [self.here, self.there])

    def unpassed(self, **more: Any) -> RecoveryPlan:
        """A plan whose database never passes its gate."""
        return self.plan(waves=[Wave(["db"], gates="false", limit="5s"), ["web"]], **more)

    def __call__(
        self,
        *arguments: str,
        about: RecoveryPlan | None = None,
        answer: str | None = None,
        environments: tuple[Environment, ...] = (),
        planned: bool = True,
    ) -> Any:
        plans = (about or self.plan(),) if planned else ()
        declared = Declared((ORDERS,), environments or (self.here, self.there), plans)
        session = Session("python shop.py", arguments, declared)
        return CliRunner().invoke(app(session), list(arguments), input=answer)


def orders_run(cloud: FakeCloud) -> None:
    assert Script()("apply", "production", "--yes").exit_code == 0


@pytest.fixture
def run() -> Iterator[Script]:
    """The script, with production as it is declared."""
    with begun(orders_run):
        yield Script()
