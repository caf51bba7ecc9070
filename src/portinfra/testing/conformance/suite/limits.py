"""Offline limits: the bed accepts the widest topology that is allowed, and core refuses one more."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from attrs import evolve

from portinfra import workflow
from portinfra.errors import ValidationError
from portinfra.model.catalogue import Capabilities
from portinfra.model.environment import Environment
from portinfra.model.resources import Instance, Volume
from portinfra.model.topology import Flow, Role, Topology, allow
from portinfra.placement import place
from portinfra.provider import registry
from portinfra.provider.abilities import NativeLimits
from portinfra.provider.interface import ProviderPlugin
from portinfra.testing.conformance.stage import Stage
from portinfra.validation.limits import volumes_max
from portinfra.validation.names import ROLE_NAME_MAX, SCOPE_NAME_MAX, VOLUME_NAME_MAX

NAME = "r" * ROLE_NAME_MAX
"""The longest name of a role."""

RULES = 50
"""The rules of a test where the provider has no limit for one firewall."""

VOLUMES = 2
"""The volumes of a test where there is no limit, or where a real machine makes each."""

KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5"


class Limits:
    """The limits of `Capabilities`, and the answers of the bed."""

    def test_the_widest_topology_that_is_allowed_is_made(self, stage: Stage) -> None:
        """A limit that is too wide would be a false claim."""
        widest = _Widest(stage).topology()
        stage.bring(widest)
        assert stage.plan(widest).empty

    def test_one_more_than_a_limit_is_refused_with_its_line_and_without_a_call(self, stage: Stage) -> None:
        for attribute, topology in _Widest(stage).with_one_more():
            with stage.calls() as record, pytest.raises(ValidationError) as caught:
                workflow.check(topology, stage.environment)
            assert record.made == [], attribute
            for finding in caught.value.findings:
                assert attribute in finding.subject, finding
                assert finding.location is not None
                assert finding.fix


class _Widest:
    """One host with as much of everything as its provider allows."""

    def __init__(self, stage: Stage) -> None:
        self._environment: Environment = stage.environment
        self._plugin: ProviderPlugin = registry.plugin(stage.environment.provider)
        self._limits: Capabilities = self._plugin.capabilities
        with stage.provider() as provider:
            self._is_simulated = provider.clock.virtual

    def topology(self, **more: int) -> Topology:
        """Return the widest topology; with `more`, so many of something more."""
        rules = (self._limits.rules_max or RULES) + more.get("ingress", 0)
        number = self._volumes if self._is_simulated else VOLUMES
        volumes = [_volume(n) for n in range(number + more.get("volumes", 0))]
        role = Role(
            NAME,
            count=1,
            tags=self._tags(**more),
            volumes=volumes,
            user_data=_script(self._limits.user_data_max_bytes + more.get("user_data", 0)),
            waive={"check/fewer-than-three": "a test"},
        )
        if self._limits.birth_max_bytes is not None:
            role = evolve(role, ssh_keys=[self._key(role, more.get("birth", 0))])
        return Topology("t" * SCOPE_NAME_MAX, [role], [_flow(rules)])

    def with_one_more(self) -> Iterator[tuple[str, Topology]]:
        """Return the attribute of a finding → a topology that exceeds one limit."""
        limits = self._limits
        yield "user_data", self.topology(user_data=1)
        if limits.birth_max_bytes is not None:
            yield "user_data", self.topology(birth=1)
        if limits.rules_max is not None:
            yield "ingress", self.topology(ingress=1)
        if self._most_volumes is not None:
            yield "volumes", self.topology(volumes=self._volumes + 1 - self._volume_count)
        for limit in ("tag_key_max", "tag_value_max", "mark_text_max", "tags_max"):
            if getattr(limits, limit) is not None:
                yield "tags", self.topology(**{limit: 1})
        if limits.rule_peers_max is not None:
            yield "ingress", Topology("sample", [Role("web")], [_flow(limits.rule_peers_max + 1, "web")])

    @property
    def _most_volumes(self) -> int | None:
        return volumes_max(self._limits, self._plugin.sizes["small"])

    @property
    def _volumes(self) -> int:
        return VOLUMES if self._most_volumes is None else self._most_volumes

    @property
    def _volume_count(self) -> int:
        return self._volumes if self._is_simulated else VOLUMES

    def _tags(self, **more: int) -> Mapping[str, str]:
        """Return as many tags as are allowed, with the longest key and value that fit."""
        key_max, value_max = self._limits.tag_key_max or 40, self._limits.tag_value_max or 40
        beginning = "t-" if self._spelt("k") != "k" else ""
        longest = "k" * (key_max - len(beginning) + more.get("tag_key_max", 0))
        tags = {longest: "v" * (value_max + more.get("tag_value_max", 0))}
        number = self._limits.tags_max + more.get("tags_max", 0)
        tags |= {f"t{n}": "" for n in range(number - len(tags))}
        most = self._limits.mark_text_max
        if most is not None and not more.get("tags_max"):
            most += more.get("mark_text_max", 0)
            for key in list(tags)[1:]:
                room = most - len(json.dumps(tags, separators=(",", ":")))
                tags[key] = "v" * min(value_max, room)
        return tags

    def _spelt(self, key: str) -> str:
        spelt = self._plugin.spell_tags({key: ""}) if isinstance(self._plugin, NativeLimits) else {key: ""}
        return next(iter(spelt))

    def _key(self, role: Role, more: int) -> str:
        """Return an SSH key that fills the allowed bytes of a new host."""
        low, high = 0, self._limits.birth_max_bytes or 0
        while low < high:
            length = (low + high + 1) // 2
            fits = self._birth_bytes(role, length) <= (self._limits.birth_max_bytes or 0)
            low, high = (length, high) if fits else (low, length - 1)
        return KEY + "A" * (low + more)

    def _birth_bytes(self, role: Role, length: int) -> int:
        assert isinstance(self._plugin, NativeLimits)
        wide = Topology("sample", [evolve(role, ssh_keys=[KEY + "A" * length])])
        placed: Any = place(wide, self._environment).resources.values()
        return self._plugin.birth_bytes(next(spec for spec in placed if isinstance(spec, Instance)))


def _volume(number: int) -> Volume:
    return Volume(f"{'v' * (VOLUME_NAME_MAX - 3)}-{number:02}", gib=1)


def _flow(number: int, target: str = NAME) -> Flow:
    """Return a flow with so many rules of one kind of traffic: ranges of sources that do not touch."""
    ranges = [f"198.{18 + n // 16384}.{n // 64 % 256}.{n % 64 * 4}/32" for n in range(number)]
    return allow(ranges, target, tcp=443, why="many offices")


def _script(size: int) -> str:
    begin = "#!/bin/sh\n#"
    return begin + "x" * (size - len(begin) - 1) + "\n"
