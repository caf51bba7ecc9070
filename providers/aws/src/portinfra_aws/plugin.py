"""The installed provider. It loads offline, without credentials and without a native library."""

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from portinfra.errors import InvalidRequest
from portinfra.model.address import Address, Scope
from portinfra.model.catalogue import Catalogue
from portinfra.model.environment import Environment
from portinfra.model.observed import Observed
from portinfra.model.placed import Placed
from portinfra.model.platform_service import PlatformService
from portinfra.model.resources import Instance, Snapshot
from portinfra.provider.abilities import (
    BlockExport,
    BlockReader,
    ConsoleReader,
    Grants,
    KeyStates,
    NativeLimits,
    PermissionChecks,
    PermissionPolicies,
    PlatformServices,
    SnapshotLocks,
)
from portinfra.provider.interface import Call
from portinfra_aws import actions, console, dry_runs, keys, locks, profiles
from portinfra_aws.block_export.command import block_reader
from portinfra_aws.block_export.grants import block_grants
from portinfra_aws.errors import NAME
from portinfra_aws.grants import grants
from portinfra_aws.platform_services import platform_services
from portinfra_aws.published import CAPABILITIES, IMAGES, SIZES

if TYPE_CHECKING:
    from portinfra_aws.provider import AwsProvider

_REGION = re.compile(r"[a-z]{2}(-[a-z]+)+-\d+")


class AwsPlugin(
    PermissionPolicies,
    Grants,
    NativeLimits,
    PlatformServices,
    BlockExport,
    ConsoleReader,
    SnapshotLocks,
    KeyStates,
    PermissionChecks,
):
    """Amazon Web Services: `aws:us-east-1`."""

    name = NAME
    capabilities = CAPABILITIES
    sizes: Mapping[str, str] = SIZES
    images: tuple[str, ...] = tuple(IMAGES)
    native: Mapping[str, str] = profiles.NATIVE

    def connect(self, environment: Environment) -> "AwsProvider":
        """Return the live account and region of an environment.

        Raises InvalidRequest for an unknown region, and PermissionDenied if there are no credentials.
        """
        if not _REGION.fullmatch(environment.region):
            raise InvalidRequest(
                f"{environment.on!r} is not a region of AWS",
                provider=NAME,
                fix="Write a region in the form aws:us-east-1.",
            )
        if environment.region.startswith(("cn-", "us-gov-")):
            raise InvalidRequest(
                f"{environment.region} has its own image publishers, which portinfra does not know",
                provider=NAME,
                fix="Choose a region of the partition aws.",
            )
        from portinfra_aws.credentials import source
        from portinfra_aws.provider import AwsProvider
        from portinfra_aws.transport import Transport

        found = source(environment.credentials, environment.account, environment.region)
        return AwsProvider(environment, Transport(environment.region, found))

    def platform_services(self, network: str, subnet: str) -> tuple[PlatformService, ...]:
        """Return DHCP, DNS, time and metadata."""
        return platform_services(network, subnet)

    def spell_tags(self, tags: Mapping[str, str]) -> Mapping[str, str]:
        """Return the tags unchanged: EC2 keeps them as they are."""
        return tags

    def birth_bytes(self, host: Instance) -> int:
        """Return the size in bytes of a host's user data, with portinfra's additions."""
        from portinfra_aws.drivers.instance import birth_data

        return len(birth_data(host))

    def iam_policy(self) -> dict[str, Any]:
        """Return the least IAM policy that a topology needs, as the document that AWS takes."""
        return actions.policy()

    def block_reader(self, environment: Environment, snapshot: str, gib: int) -> BlockReader:
        """Return how a host in the environment reads a snapshot of at most `gib` GiB, by EBS direct APIs.

        The host's instance profile must allow it: `block_grants`.
        """
        return block_reader(environment.region, snapshot, gib)

    def block_problem(self, native: Mapping[str, Any]) -> str:
        """Return what a host with these options lacks to read blocks; empty if nothing is known offline."""
        return profiles.block_problem(native)

    def block_grants(self, environment: Environment, taken: Scope) -> str:
        """Return the permissions that let hosts read the snapshots of a scope, as JSON.

        They are for the role in the instance profile, and for the identity that passes the role to a host.
        """
        return block_grants(environment, taken)

    def grants(self, source: Environment, target: Environment) -> str:
        """Return what both accounts of a recovery plan must allow, as JSON."""
        return grants(source, target)

    def console_call(self, host: Observed[Instance]) -> Call:
        """Return the read of a host's current console output."""
        return console.call(host.id)

    def console_text(self, answer: Mapping[str, Any]) -> str:
        """Return the console output, decoded."""
        return console.text(answer)

    def lock_call(self, snapshot: Observed[Snapshot], days: int) -> Call:
        """Return the write that locks a snapshot in governance mode."""
        return locks.lock_call(snapshot, days)

    def locks_call(self) -> Call:
        """Return the read of all locks."""
        return locks.locks_call()

    def lock_ends(self, answer: Mapping[str, Any]) -> Mapping[str, float]:
        """Return the locks that have not expired."""
        return locks.lock_ends(answer)

    def key_call(self, environment: Environment, key: str) -> Call | None:
        """Return the read of a key's state."""
        return keys.call(key)

    def key_problem(self, answer: Mapping[str, Any]) -> str:
        """Return why a key cannot encrypt now; empty if it can."""
        return keys.problem(answer)

    def permission_calls(
        self, placed: Placed, catalogue: Catalogue, seen: Mapping[Address, Observed[Any]]
    ) -> tuple[Call, ...]:
        """Return a dry run of each kind of write that the takeover needs."""
        return dry_runs.calls(placed, catalogue, seen)

    def denied_actions(self, call: Call, answer: Mapping[str, Any]) -> tuple[str, ...]:
        """Return the action that a dry run reports as denied."""
        return dry_runs.denied_actions(answer)
