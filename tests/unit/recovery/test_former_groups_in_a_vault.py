"""Which manifests of points of former groups are read: only they tell which volumes these points have."""

import json
from unittest import mock

import pytest

from portinfra.model.address import Address
from portinfra.model.environment import Environment
from portinfra.model.observed import Observation
from portinfra.model.recovery import RecoveryPlan
from portinfra.model.topology import Role, Topology, Volume
from portinfra.model.vault import Vault
from portinfra.recovery.ledger.ledger import Entry
from portinfra.recovery.ledger.points import manifest, points
from portinfra.recovery.points.listing import VaultListing
from portinfra.recovery.recovery import Recovery
from portinfra.recovery.vault.listing import SCHEMA, digest_of, read_manifests
from portinfra.recovery.vault.store import Store

SOURCE, TARGET = Environment("production", on="fake:us-east-1"), Environment("recovery", on="fake:eu-west-1")
SHOP = Topology("shop", [Role(name, count=1, volumes=[Volume("data", gib=10)]) for name in ("db", "files")])
VAULT = Vault("vault:shop", "192.0.2.7:22", sender="~/sender.conf", receiver="~/receiver.conf")
PLAN = RecoveryPlan("shop", SOURCE, TARGET, rpo="4h", rto="1h", waves=[["db", "files"]], vault=VAULT)
SHOP_RECOVERY = Recovery(PLAN, SHOP, SOURCE, TARGET)
DB, FILES = Address("volume.db1-data"), Address("volume.files1-data")


def text(*volumes):
    return json.dumps({"schema": SCHEMA, "volumes": {volume.name: {"gib": 10} for volume in volumes}})


def a_point(number, group, *volumes):
    digest = digest_of(text(*volumes))
    said = manifest(f"{number:08x}", group, 1e9 + number, volumes, engine="age", manifest=digest)
    return Entry(number, {**said, "open": False})


@pytest.fixture
def read():
    """Return the manifests that are read of a vault which has these points."""

    def of(*entries):
        contents = {entry.said["id"]: entry.said for entry in entries}
        asked = []

        def answer(store, name):
            id = name.partition("/")[0]
            asked.append(id)
            return next(t for t in (text(DB, FILES), text(DB)) if digest_of(t) == contents[id]["manifest"])

        with mock.patch.object(Store, "read", answer):
            listing = VaultListing(frozenset(contents))
            return asked, read_manifests(SHOP_RECOVERY, listing, points(entries), Observation())

    return of


def test_the_manifest_of_a_joined_group_is_read_once_for_all_points_of_the_same_volumes(read):
    asked, listing = read(a_point(1, "all", DB, FILES), a_point(2, "all", DB, FILES))
    assert asked == ["00000002"]
    assert listing.volumes["00000002"].keys() == {DB, FILES}


def test_no_manifest_is_read_of_a_renamed_group_as_its_volumes_are_known(read):
    asked, _ = read(a_point(1, "orders", DB))
    assert asked == []
