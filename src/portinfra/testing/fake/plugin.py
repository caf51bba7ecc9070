"""The plugin of the simulator: `fake:REGION`, or `fake:SHAPE/REGION` for a cloud of another shape."""

import os
import re
import sqlite3
import sys
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from portinfra.errors import InvalidRequest, Unavailable
from portinfra.model.address import Address
from portinfra.model.catalogue import Capabilities, Catalogue
from portinfra.model.environment import Environment
from portinfra.model.observed import Observed
from portinfra.model.placed import Placed
from portinfra.model.platform_service import PlatformService
from portinfra.model.resources import Instance, Snapshot
from portinfra.provider.abilities import (
    ConsoleReader,
    KeyStates,
    NativeLimits,
    PermissionChecks,
    PlatformServices,
    SnapshotLocks,
)
from portinfra.provider.interface import Answer, Call
from portinfra.testing.fake.actions import CREATED_ONCE, WRITES_OF_TAKEOVERS
from portinfra.testing.fake.api.catalogue import IMAGES, SIZES
from portinfra.testing.fake.api.instances import birth_bytes
from portinfra.testing.fake.api.keys import ENABLED
from portinfra.testing.fake.cloud import FakeCloud
from portinfra.testing.fake.drivers.owner import labels_of
from portinfra.testing.fake.provider import FakeProvider, capabilities_of
from portinfra.testing.fake.shapes import AWS, SHAPES, Shape, rate_classes
from portinfra.testing.fake.sqlite_store import SqliteStore

FILE_VARIABLE = "PORTINFRA_FAKE_CLOUD"
"""The environment variable with the path of the simulator's file."""

DEFAULT_FILE = "fakecloud.db"
DEFAULT_ACCOUNT = "000000000000"

_SHARED = f"this test builds in ./{DEFAULT_FILE}, as others do: use fake_cloud, or simulate() under @given"

_REGION = re.compile(r"[a-z]+(-[a-z0-9]+)+")


class FakePlugin(NativeLimits, PlatformServices, ConsoleReader, SnapshotLocks, KeyStates, PermissionChecks):
    """The plugin of a cloud in memory, or of the one in the file of the variable or `./fakecloud.db`."""

    name = "fake"
    sizes: Mapping[str, str] = SIZES
    images: tuple[str, ...] = tuple(dict.fromkeys(IMAGES.values()))
    native: Mapping[str, str] = {"host_group": "hosts of one group are put on different machines"}

    def __init__(self, cloud: FakeCloud | None = None) -> None:
        self.cloud = cloud
        """The cloud in memory that every connection uses; None: the one in the file. Tests set it."""

    @property
    def capabilities(self) -> Capabilities:
        """The capabilities of the cloud in memory; without one, those of the shape `aws`."""
        return capabilities_of(self._shape)

    @property
    def _shape(self) -> Shape:
        return self.cloud.shape if self.cloud else AWS

    def platform_services(self, network: str, subnet: str) -> tuple[PlatformService, ...]:
        """Return the metadata service, which real clouds have too."""
        return (PlatformService("169.254.169.254", "tcp", 80, root_only=True),)

    def spell_tags(self, tags: Mapping[str, str]) -> Mapping[str, str]:
        """Return the tags as the cloud keeps them: as valid labels where it has labels, else unchanged."""
        return labels_of(tags) if self._shape.owner["instance"] == "labels" else tags

    def birth_bytes(self, host: Instance) -> int:
        """Return the bytes of the user data and of the compressed boot script of a host."""
        return birth_bytes(host.user_data, host.boot_script)

    def console_call(self, host: Observed[Instance]) -> Call:
        """Return the read of what a host has printed."""
        return Call("ReadConsole", {"id": host.id}, rates=rate_classes("ReadConsole", self._shape))

    def console_text(self, answer: Answer) -> str:
        """Return the text that the host has printed."""
        return str(answer["text"])

    def lock_call(self, snapshot: Observed[Snapshot], days: int) -> Call:
        """Return the write that locks a snapshot."""
        rates = rate_classes("LockSnapshot", self._shape)
        given = {"id": snapshot.id, "days": days}
        return Call("LockSnapshot", given, snapshot.spec.address, snapshot, rates=rates, safe=True)

    def locks_call(self) -> Call:
        """Return the read of all locks."""
        return Call("ListLocks", {}, rates=rate_classes("ListLocks", self._shape))

    def lock_ends(self, answer: Answer) -> Mapping[str, float]:
        """Return snapshot id → the end of its lock."""
        return dict(answer["locks"])

    def key_call(self, environment: Environment, key: str) -> Call | None:
        """Return the read of a key."""
        return Call("DescribeKey", {"key": key}, rates=rate_classes("DescribeKey", self._shape))

    def key_problem(self, answer: Answer) -> str:
        """Return the state of a key that is not enabled; empty for an enabled key."""
        state = str(answer["state"])
        return "" if state == ENABLED else f"it is {state}"

    def permission_calls(
        self, placed: Placed, catalogue: Catalogue, seen: Mapping[Address, Observed[Any]]
    ) -> tuple[Call, ...]:
        """Return one read, about every write of a takeover."""
        rates = rate_classes("ReadPermissions", self._shape)
        missing = {type(spec) for address, spec in placed.resources.items() if address not in seen}
        writes = [each for each in WRITES_OF_TAKEOVERS if CREATED_ONCE.get(each) in (None, *missing)]
        return (Call("ReadPermissions", {"actions": writes}, rates=rates),)

    def denied_actions(self, call: Call, answer: Answer) -> tuple[str, ...]:
        """Return the denied ones."""
        return tuple(answer["denied"])

    def connect(self, environment: Environment) -> FakeProvider:
        """Return the provider of the environment. Raises InvalidRequest for an invalid location.

        The credentials belong to `credentials["account"]` if it is set, else to the account of the
        environment.
        """
        shape, slash, region = environment.region.rpartition("/")
        if (slash and shape not in SHAPES) or not _REGION.fullmatch(region):
            raise InvalidRequest(
                f"{environment.on!r} is no location of the simulator",
                provider=self.name,
                fix=f"Write fake:us-east-1, or fake:SHAPE/REGION with a shape of {', '.join(SHAPES)}.",
            )
        account = environment.credentials.get("account") or environment.account or DEFAULT_ACCOUNT
        if self.cloud is not None:
            return FakeProvider(self.cloud, account, environment.region)
        if FILE_VARIABLE not in os.environ and "pytest" in sys.modules:
            warnings.warn(_SHARED, stacklevel=2)
        path = os.environ.get(FILE_VARIABLE) or DEFAULT_FILE
        return FakeProvider(
            _open(path, account, environment.region), account, environment.region, closes=True
        )


def _open(path: str, account: str, region: str) -> FakeCloud:
    """Return the cloud in a file. Raises Unavailable if the file, or a record of the account, is damaged."""
    try:
        cloud = FakeCloud(SqliteStore(path))
        cloud.read_account(account, region)
        return cloud
    except sqlite3.DatabaseError as error:
        file, fix = Path(path), f"Name another file: {FILE_VARIABLE}=…"
        why = "it is a directory" if file.is_dir() else str(error)
        if not file.parent.is_dir():
            why = f"there is no directory {file.parent}"
        elif file.is_file():
            fix = f"Delete it to start again, or name another file: {FILE_VARIABLE}=…"
        message = f"the simulator's file {path} cannot be read: {why}"
        raise Unavailable(message, provider="fake", fix=fix) from error
