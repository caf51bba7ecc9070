"""Make before break: a change of firewall rules never closes what is allowed before and after it."""

import pytest
from attrs import evolve

from portinfra.model.address import Scope
from portinfra.model.resources import FirewallRules, Rule
from portinfra.model.rule_sets import covers
from portinfra.model.topology import ANYWHERE, INTERNET, Flow, Role, Topology, allow
from portinfra.provider import registry
from portinfra.provider.interface import Answer, Call, Provider
from portinfra.testing.conformance.rule_walk import RuleWalker
from portinfra.testing.conformance.stage import Stage

NEAR = "10.0.0.0/8"
"""A range that contains all hosts of the environment."""

_ROLES = (Role("web", count=1, public="customers"), Role("db", count=1), Role("old", count=1))


def _open(*ports: int | str, source: str = INTERNET) -> Flow:
    return allow(source, "web", tcp=list(ports), why="customers")


def _orders(source: str, target: str, *ports: int | str) -> Flow:
    return allow(source, target, tcp=list(ports), why="orders")


CHANGES: dict[str, tuple[list[Flow], list[Flow]]] = {
    "a neighbouring port opens": ([_open(443)], [_open(443, 444)]),
    "a neighbouring port closes": ([_open(443, 444)], [_open(443)]),
    "a range of ports is moved": ([_open("443-445")], [_open("444-446")]),
    "a range of ports is split": ([_open("440-449")], [_open("440-443", "446-449")]),
    "two addresses become their range": (
        [_open(443, source="203.0.113.4/32"), _open(443, source="203.0.113.5/32")],
        [_open(443, source="203.0.113.0/24")],
    ),
    "a range becomes two of its addresses": (
        [_open(443, source="203.0.113.0/24")],
        [_open(443, source="203.0.113.4/32"), _open(443, source="203.0.113.5/32")],
    ),
    "a role becomes a range of addresses": (
        [_orders("web", "db", 5432)],
        [_orders("web", NEAR, 5432), _orders(NEAR, "db", 5432)],
    ),
    "a range of addresses becomes a role": (
        [_orders("web", NEAR, 5432), _orders(NEAR, "db", 5432)],
        [_orders("web", "db", 5432)],
    ),
    "a port between roles is replaced": ([_orders("web", "db", 5432)], [_orders("web", "db", 6432)]),
    "one end closes what the other end opens": ([_orders("web", NEAR, 22)], [_orders(NEAR, "db", 22)]),
    "one end closes a part of what the other end opens": (
        [_orders("web", NEAR, "20-24")],
        [_orders("web", NEAR, "23-26"), _orders(NEAR, "db", "20-24")],
    ),
    "each end closes what the other end opens": (
        [_orders("web", NEAR, 22), _orders("db", NEAR, 25)],
        [_orders(NEAR, "db", 22), _orders(NEAR, "web", 25)],
    ),
    "a role goes whose traffic the other end opens": (
        [_open(443), _orders("old", NEAR, 22)],
        [_open(443), _orders(NEAR, "db", 22)],
    ),
}
"""The name of a change → the flows before and after."""


class SteadyTraffic:
    """Traffic while firewall rules change, after each dry step and after real calls."""

    def test_a_change_of_rules_closes_nothing_that_is_allowed_before_and_after(self, stage: Stage) -> None:
        """It also opens nothing that is allowed neither before nor after."""
        assert_traffic_is_steady(_walker(stage), seeds=3)

    def test_a_change_of_rules_keeps_to_that_when_every_call_is_followed_by_a_crash(
        self, stage: Stage
    ) -> None:
        assert_traffic_is_steady(_walker(stage), forget=True)

    def test_a_port_is_open_after_every_call_that_opens_or_closes_its_neighbour(self, stage: Stage) -> None:
        """The provider's own answers decide: the test applies the change and reads after each write."""
        _need_public_addresses(stage)
        open_moments: list[bool] = []

        def read_after(provider: Provider, call: Call) -> Answer:
            answer = provider.perform(call)
            if call.address == "firewall-rules.web":
                seen = stage.look(provider, Scope("steady", stage.environment.name)).of(FirewallRules)[
                    call.address
                ]
                https = Rule("tcp", 443, 443, ANYWHERE)
                open_moments.append(any(covers(rule, https) for rule in seen.spec.ingress))
            return answer

        without_hosts = [evolve(role, count=0) for role in _ROLES]
        one = Topology("steady", without_hosts, [_open(443)])
        both = Topology("steady", without_hosts, [_open(443, 444)])
        stage.bring(one)
        stage.bring(both, read_after)
        stage.bring(one, read_after)
        assert open_moments
        assert all(open_moments)


def assert_traffic_is_steady(walker: RuleWalker, *, seeds: int = 1, forget: bool = False) -> None:
    """Walk each of `CHANGES`, in one order for each seed."""
    for name, (before, after) in CHANGES.items():
        for seed in range(seeds):
            walk = walker.walk(_topology(before), _after(name, after), seed, forget=forget)
            assert walk.pairs, f"{name}: nothing was compared"
            assert walk.violations == [], name
            assert forget or len(walk.calls) == walk.planned, name


def _need_public_addresses(stage: Stage) -> None:
    if not registry.plugin(stage.environment.provider).capabilities.public_addresses:
        pytest.skip("this provider has no public addresses")


def _walker(stage: Stage) -> RuleWalker:
    _need_public_addresses(stage)
    catalogue = stage.plan(stage.bed.before).catalogue
    with stage.provider() as provider:
        return RuleWalker(stage.environment, catalogue, dict(provider.drivers))


def _topology(flows: list[Flow]) -> Topology:
    return Topology("steady", _ROLES, flows)


def _after(name: str, flows: list[Flow]) -> Topology:
    topology = _topology(flows)
    return evolve(topology, roles=_ROLES[:2]) if name.startswith("a role goes") else topology
