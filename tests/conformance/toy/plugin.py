"""What is known of the toy cloud offline."""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from attrs import define, field

from portinfra.model.address import Scope
from portinfra.model.catalogue import Capabilities
from portinfra.model.environment import Environment
from portinfra.provider.abilities import (
    BlockExport,
    BlockReader,
    Check,
    Doctor,
    Grants,
    Images,
    PermissionPolicies,
)
from portinfra.provider.interface import Provider

from .cloud import ToyCloud
from .provider import CAPABILITIES, SIZES, ToyProvider


@define
class ToyPlugin(PermissionPolicies, Grants, Doctor, Images, BlockExport):
    """It has every optional ability."""

    cloud: ToyCloud
    name: str = "toy"
    capabilities: Capabilities = CAPABILITIES
    sizes: Mapping[str, str] = field(factory=lambda: SIZES)
    images: tuple[str, ...] = ("debian-12", "ubuntu-24.04")
    native: Mapping[str, str] = field(factory=dict)

    def connect(self, environment: Environment) -> Provider:
        return ToyProvider(self.cloud, environment.region)

    def iam_policy(self) -> Mapping[str, Any]:
        return {"allow": ["POST /disks", "DELETE /disks"]}

    def grants(self, source: Environment, target: Environment) -> str:
        return json.dumps({"source": {"share with": target.account}})

    def doctor(self, location: str = "") -> Sequence[Check]:
        return [Check("toy box", True, "it is here"), Check("battery", False, "it is empty", "toy charge")]

    def build_image(
        self, location: str, packages: Iterable[str], name: str, say: Callable[[str], object]
    ) -> str:
        return name

    def fetch_image(
        self, location: str, source: str, sha256: str, name: str, say: Callable[[str], object]
    ) -> str:
        return name

    def block_reader(self, environment: Environment, snapshot: str, gib: int) -> BlockReader:
        return BlockReader(f"toy read {snapshot}", ("toy",))

    def block_problem(self, native: Mapping[str, Any]) -> str:
        return ""

    def block_grants(self, environment: Environment, taken: Scope) -> str:
        return json.dumps({"role": f"reads {taken} in {environment.name}"})
