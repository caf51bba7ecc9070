"""Which volumes of a group the point of another group has data of, in the target or in a vault."""

import pytest

from portinfra.model.address import Address
from portinfra.model.observed import Observation, Observed
from portinfra.model.recovery import DataPolicy
from portinfra.model.resources import Snapshot
from portinfra.recovery.groups import Group
from portinfra.recovery.ledger.ledger import Entry
from portinfra.recovery.ledger.points import manifest, points
from portinfra.recovery.points.coverage import held_volumes
from portinfra.recovery.points.listing import VaultListing

DB, FILES = Address("volume.db1-data"), Address("volume.files1-data")
ORDERS = Group("orders", (DataPolicy("db"),), (DB,))
NOTHING = Observation()
ID = "00000001"


def a_point(*volumes, **more):
    """A point of a group with a former name."""
    said = {**manifest(ID, "db", 1e9, volumes), "open": False, **more}
    return points([Entry(1, said)])[0]


IN_VAULT = {"engine": "age", "manifest": "0" * 32}
"""What the entry of a point in a vault has, too."""


def test_a_snapshot_in_the_target_has_the_data_of_its_volume():
    spec = Snapshot(f"{DB.name}-{ID}", DB)
    there = Observation({spec.address: Observed(spec.address, spec, {"id": "snap-1"})})
    assert held_volumes(a_point(DB, FILES), ORDERS, there, VaultListing()) == [DB]


@pytest.mark.parametrize("listed", [frozenset({ID}), None], ids=["listed", "the vault cannot be listed"])
def test_a_point_of_the_same_volumes_has_their_data_in_the_vault_although_no_manifest_was_read(listed):
    point = a_point(DB, **IN_VAULT)
    assert held_volumes(point, ORDERS, NOTHING, VaultListing(listed)) == [DB]


def test_a_point_that_the_vault_does_not_list_has_no_data():
    assert held_volumes(a_point(DB, **IN_VAULT), ORDERS, NOTHING, VaultListing(frozenset())) == []


def test_a_point_that_never_was_in_the_vault_has_no_data_there():
    assert held_volumes(a_point(DB), ORDERS, NOTHING, VaultListing(frozenset({ID}))) == []


def test_a_point_of_other_volumes_has_the_data_that_its_manifest_names():
    point, listed = a_point(DB, FILES, **IN_VAULT), frozenset({ID})
    read = VaultListing(listed, volumes={ID: {DB: 10, FILES: 10}})
    assert held_volumes(point, ORDERS, NOTHING, read) == [DB]
    assert held_volumes(point, ORDERS, NOTHING, VaultListing(listed, volumes={ID: {FILES: 10}})) == []
