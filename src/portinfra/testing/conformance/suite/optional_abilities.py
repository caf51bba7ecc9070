"""Each optional ability that a plugin inherits returns what the contract says. Needs no credentials."""

import json
from ipaddress import IPv4Address
from typing import Any

from portinfra.model.address import Scope
from portinfra.model.environment import Environment
from portinfra.model.resources import Instance
from portinfra.provider import registry
from portinfra.provider.abilities import (
    BlockExport,
    BlockReader,
    Check,
    Doctor,
    Grants,
    NativeLimits,
    PermissionPolicies,
    PlatformServices,
)
from portinfra.provider.interface import ProviderPlugin
from portinfra.testing.conformance.stage import Stage


class OptionalAbilities:
    """Every optional ability except `Images`, which would build an image on real hosts."""

    def test_each_optional_ability_returns_what_the_contract_says(self, stage: Stage) -> None:
        elsewhere = stage.bed.elsewhere or stage.environment
        check_abilities(registry.plugin(stage.environment.provider), stage.environment, elsewhere)


def check_abilities(plugin: ProviderPlugin, environment: Environment, elsewhere: Environment) -> None:
    """Call each optional ability of the plugin. Raise AssertionError for a wrong answer."""
    assert plugin.capabilities.block_export == isinstance(plugin, BlockExport), (
        "capabilities.block_export must be true exactly where the plugin inherits BlockExport"
    )
    if isinstance(plugin, PermissionPolicies):
        _check_policy(plugin)
    if isinstance(plugin, Grants):
        _check_json_object(plugin.grants(environment, elsewhere), "grants")
    if isinstance(plugin, NativeLimits):
        _check_native_limits(plugin)
    if isinstance(plugin, PlatformServices):
        _check_platform_services(plugin)
    if isinstance(plugin, Doctor):
        _check_findings(plugin)
    if isinstance(plugin, BlockExport):
        _check_block_export(plugin, environment)


def _check_policy(plugin: PermissionPolicies) -> None:
    policy = dict(plugin.iam_policy())
    assert json.loads(json.dumps(policy)) == policy, "iam_policy returns what is not plain JSON"
    statements = [value for value in policy.values() if isinstance(value, list)]
    assert any(statements), "iam_policy returns no list of statements or permissions"


def _check_platform_services(plugin: PlatformServices) -> None:
    services = plugin.platform_services("10.10.0.0/16", "10.10.1.0/24")
    assert services == plugin.platform_services("10.10.0.0/16", "10.10.1.0/24"), "platform_services changes"
    for each in services:
        IPv4Address(each.address)
        assert each.protocol in ("tcp", "udp"), f"{each} has no protocol with ports"
        assert 1 <= each.port <= 65_535, f"{each} has no port"


def _check_native_limits(plugin: NativeLimits) -> None:
    spelt = plugin.spell_tags({"Team": "ü", "stage": "one"})
    assert len(spelt) == 2, f"spell_tags returns {spelt}, which is not one tag for each"
    host = Instance("web1", None, None, 0, "10.0.0.4", user_data="#!/bin/sh\n")
    least = len(host.user_data.encode())
    assert plugin.birth_bytes(host) >= least, "birth_bytes leaves the user data out"


def _check_findings(plugin: Doctor) -> None:
    findings = plugin.doctor()
    assert findings, "doctor returns no finding"
    for each in findings:
        assert isinstance(each, Check), f"doctor returns {each!r}, which is no Check"
        assert each.name, f"{each} has no name"
        assert each.told, f"{each} does not say what the doctor found"
        assert bool(each.fix) != each.good, f"{each} must have a fix exactly where it is not good"


def _check_block_export(plugin: BlockExport, environment: Environment) -> None:
    reader = plugin.block_reader(environment, "snapshot-1", 1)
    assert isinstance(reader, BlockReader), f"block_reader returns {reader!r}, which is no BlockReader"
    assert reader.command, "block_reader returns no command"
    assert isinstance(reader.tools, tuple), f"the tools of block_reader are no tuple: {reader.tools!r}"
    assert isinstance(plugin.block_problem({}), str), "block_problem returns no text"
    taken = Scope("sample", environment.name).beside("taken")
    _check_json_object(plugin.block_grants(environment, taken), "block_grants")


def _check_json_object(text: str, method: str) -> None:
    try:
        found: Any = json.loads(text)
    except (TypeError, ValueError) as error:
        raise AssertionError(f"{method} returns no JSON: {error}") from error
    is_object = isinstance(found, dict) and bool(found)
    assert is_object, f"{method} returns no JSON object with entries: {text}"
