"""Withdrawn images and sizes: they stop new hosts only, and block no change of existing ones."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager

import pytest
from attrs import evolve

from portinfra import workflow
from portinfra.errors import ValidationError
from portinfra.model.catalogue import Catalogue
from portinfra.model.environment import Environment
from portinfra.model.resources import Volume
from portinfra.model.topology import INTERNET, Role, Topology, allow
from portinfra.provider import registry
from portinfra.provider.interface import Answer, Call, Provider
from portinfra.testing.conformance.stage import Stage

Withdraw = Callable[[Catalogue], Catalogue]

WITHDRAWN: Mapping[str, Withdraw] = {
    "every image": lambda catalogue: evolve(catalogue, images={}),
    "every machine type": lambda catalogue: evolve(catalogue, machine_types={}),
    "every zone": lambda catalogue: evolve(catalogue, zones=()),
}


def shop(count: int, port: int = 443, gib: int = 1) -> Topology:
    """Return hosts with a volume each, which the internet reaches at one port."""
    role = Role("web", count=count, public="customers", volumes=[Volume("data", gib=gib)])
    return Topology("sample", [role], [allow(INTERNET, "web", tcp=port, why="customers")])


class Withdrawals:
    """After an apply, the provider withdraws something that it published."""

    @pytest.mark.parametrize("thing", WITHDRAWN)
    def test_what_is_withdrawn_stops_births_only(self, stage: Stage, thing: str) -> None:
        stage.bring(shop(2))
        with withdrawn(stage, WITHDRAWN[thing]):
            assert stage.plan(shop(2)).empty
            more = shop(3)
            refused = stage.plan(more).errors
            assert refused
            for finding in refused:
                assert finding.rule.startswith("catalogue/"), finding
                assert "web3" in finding.message
                assert finding.location in (more.roles[0].location, stage.environment.location)
            with stage.calls() as record, pytest.raises(ValidationError):
                workflow.apply(stage.plan(more))
            assert record.writes == []
            stage.bring(shop(1, port=444, gib=2))
            assert stage.plan(shop(1, port=444, gib=2)).empty
            stage.remove(shop(1))
        assert stage.ground_truth() == []


@contextmanager
def withdrawn(stage: Stage, withdraw: Withdraw) -> Iterator[None]:
    """Remove something from the provider's catalogue inside the `with` block."""

    def wrap(inner: Provider, environment: Environment) -> Provider:
        whole = inner.catalogue

        def catalogue(answers: Mapping[Call, Sequence[Answer]]) -> Catalogue:
            return withdraw(whole(answers))

        inner.catalogue = catalogue  # type: ignore[method-assign]
        return inner

    with registry.wrap_connections(stage.environment.provider, wrap):
        yield
