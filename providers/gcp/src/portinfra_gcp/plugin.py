"""The installed provider. It loads offline, without credentials and without a native library."""

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from portinfra.errors import InvalidRequest
from portinfra.model.address import Address
from portinfra.model.catalogue import Catalogue
from portinfra.model.environment import Environment
from portinfra.model.observed import Observed
from portinfra.model.placed import Placed
from portinfra.model.platform_service import DHCP, PlatformService
from portinfra.model.resources import Instance
from portinfra.provider.abilities import (
    ConsoleReader,
    KeyStates,
    NativeLimits,
    PermissionChecks,
    PermissionPolicies,
    PlatformServices,
)
from portinfra.provider.interface import Call
from portinfra_gcp import console, keys, labels, permissions
from portinfra_gcp.errors import NAME
from portinfra_gcp.published import CAPABILITIES, IMAGES, SIZES

if TYPE_CHECKING:
    from portinfra_gcp.provider import GcpProvider

_METADATA = "169.254.169.254"
"""The metadata server. It also answers DHCP, DNS and NTP:
https://cloud.google.com/compute/docs/metadata/overview, https://cloud.google.com/vpc/docs/firewalls#alwaysallowed
"""

_REGION = re.compile(r"[a-z]+-[a-z]+\d+")


class GcpPlugin(
    PermissionPolicies, NativeLimits, PlatformServices, ConsoleReader, KeyStates, PermissionChecks
):
    """Google Cloud: `gcp:europe-west1`."""

    name = NAME
    capabilities = CAPABILITIES
    sizes: Mapping[str, str] = SIZES
    images: tuple[str, ...] = tuple(IMAGES)
    native: Mapping[str, str] = {}

    def connect(self, environment: Environment) -> "GcpProvider":
        """Return the live project and region of an environment.

        Raises InvalidRequest for an unknown region, and PermissionDenied if there are no credentials or no
        project.
        """
        if not _REGION.fullmatch(environment.region):
            raise InvalidRequest(
                f"{environment.on!r} is not a region of Google Cloud",
                provider=NAME,
                fix="Write a region in the form gcp:europe-west1.",
            )
        from portinfra_gcp import credentials
        from portinfra_gcp.provider import GcpProvider
        from portinfra_gcp.transport import Transport

        found = credentials.source(environment.credentials)
        project = environment.credentials.get("account") or environment.account or found.project
        if not project:
            raise credentials.no_credentials(
                f"the environment {environment.name} names no project, and neither do the credentials",
                'Set account = "PROJECT" in the environment, or GOOGLE_CLOUD_PROJECT in the shell.',
            )
        return GcpProvider(environment, Transport(project, found.token), found.principal)

    def platform_services(self, network: str, subnet: str) -> tuple[PlatformService, ...]:
        """Return DHCP, DNS, time and metadata. The metadata server serves all of them."""
        return (
            PlatformService(_METADATA, "udp", DHCP),
            PlatformService(_METADATA, "udp", 53),
            PlatformService(_METADATA, "tcp", 53),
            PlatformService(_METADATA, "udp", 123),
            PlatformService(_METADATA, "tcp", 80, root_only=True),
        )

    def spell_tags(self, tags: Mapping[str, str]) -> Mapping[str, str]:
        """Return the tags as labels, with illegal characters encoded."""
        return labels.spell_labels(tags)

    def birth_bytes(self, host: Instance) -> int:
        """Return the size in bytes of a host's first-boot data.

        It is the longest value of its metadata, or half of all values, which together may have 512 KiB.
        """
        from portinfra_gcp.creation import metadata, refuse_host

        items = [] if refuse_host(host) else metadata(host)["items"]
        sizes = [len(item["value"].encode()) for item in items]
        keys = sum(len(item["key"]) for item in items)
        return max([*sizes, (sum(sizes) + keys + 1) // 2])

    def iam_policy(self) -> dict[str, Any]:
        """Return the least custom role that a topology needs, for `gcloud iam roles create --file`."""
        return permissions.role()

    def console_call(self, host: Observed[Instance]) -> Call:
        """Return the read of the newest output of a host's first serial port."""
        return console.call(host.id)

    def console_text(self, answer: Mapping[str, Any]) -> str:
        """Return the console output."""
        return console.text(answer)

    def key_call(self, environment: Environment, key: str) -> Call | None:
        """Return the read of a key."""
        return keys.call(key)

    def key_problem(self, answer: Mapping[str, Any]) -> str:
        """Return why a key cannot encrypt now; empty if it can."""
        return keys.problem(answer)

    def permission_calls(
        self, placed: Placed, catalogue: Catalogue, seen: Mapping[Address, Observed[Any]]
    ) -> tuple[Call, ...]:
        """Return one read of all permissions for writes."""
        return (permissions.call(),)

    def denied_actions(self, call: Call, answer: Mapping[str, Any]) -> tuple[str, ...]:
        """Return the permissions that are not granted in the project."""
        return permissions.denied_permissions(call, answer)

    def is_sure_to_be_needed(self, action: str) -> bool:
        """Return False: a grant on single resources may exist, which this read does not show."""
        return False
