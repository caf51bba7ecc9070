"""What the one judge says of each volume, for a point and for own volumes."""

import pytest
from attrs import evolve

from portinfra.errors import PermissionDenied, Unavailable
from portinfra.model.address import Address
from portinfra.model.environment import Environment
from portinfra.model.observed import UNSEEN, Fault, Observation, Observed
from portinfra.model.recovery import DataPolicy
from portinfra.model.resources import Snapshot, Volume
from portinfra.model.topology import Role, Topology
from portinfra.placement import place
from portinfra.recovery.groups import Group
from portinfra.recovery.ledger.ledger import Entry
from portinfra.recovery.ledger.points import manifest, points
from portinfra.recovery.points.coverage import (
    LEVELS,
    Accepted,
    OwnVolumes,
    Verdict,
    coverage,
    is_intact,
    judge_points,
    newest_restorable,
)
from portinfra.recovery.points.listing import VaultListing

KEY = "alias/recovery"
TARGET = Environment(
    "recovery", on="fake:eu-west-1", key=KEY, zones=["eu-west-1a", "eu-west-1b", "eu-west-1c"]
)
SHOP = Topology("shop", [Role("db", count=2, volumes=[Volume("data", gib=10)])])
PLACED = place(SHOP, TARGET)
DB1, DB2, DB3 = (Address(f"volume.db{number}-data") for number in (1, 2, 3))
GROUP = Group("db", (DataPolicy("db"),), (DB1, DB2))


def a_point(*volumes, id="00000001", number=1, **more):
    """A carried point of these volumes."""
    said = {**manifest(id, "db", 1e9, volumes or (DB1, DB2), key=KEY), "open": False, **more}
    return points([Entry(number, said)])[0]


def snapshot(volume, id="00000001", state="ready", place=None, fault=None, reason="", gib=10, key=KEY):
    spec = Snapshot(f"{volume.name}-{id}", copy_of="us-east-1/snap-1", key=key, size_gib=gib)
    native = {"id": f"snap of {volume.name}"}
    return Observed(spec.address, spec, native, state, place, fault=fault, reason=reason)


def seen(*snapshots, unknown=()):
    return Observation({each.address: each for each in snapshots}, frozenset(unknown))


def judge(point, there, vault=None):
    return coverage(PLACED, GROUP, point, there, vault or VaultListing())


def of(volume, found):
    return next(each for each in found.verdicts if each.volume == volume)


WHOLE = snapshot(DB2)
SNAPSHOTS = {
    "covered": snapshot(DB1),
    "of an unknown size": snapshot(DB1, gib=None),
    "under a key that is not listed": snapshot(DB1, key=UNSEEN),
    "in the zone of its host": snapshot(DB1, place="eu-west-1a"),
    "too large": snapshot(DB1, gib=11),
    "wrong key": snapshot(DB1, key="alias/other"),
    "under the own key of the provider": snapshot(DB1, key=None),
    "of a disabled key": snapshot(DB1, fault=Fault(PermissionDenied, "the key is disabled")),
    "failed": snapshot(DB1, fault=Fault(Unavailable, "it failed")),
    "of a lost secret": snapshot(DB1, state="pending", reason="the secret that opens it was removed"),
    "in another zone": snapshot(DB1, place="eu-west-1b"),
    "being copied": snapshot(DB1, state="pending"),
    "being deleted": snapshot(DB1, state="deleting"),
}


@pytest.mark.parametrize(
    ("case", "judgement", "why"),
    [
        ("covered", "covered", ""),
        ("of an unknown size", "covered", ""),
        ("under a key that is not listed", "covered", ""),
        ("in the zone of its host", "covered", ""),
        ("too large", "too large", "it has 11 GiB, and 10 GiB are declared"),
        ("wrong key", "wrong key", "alias/other"),
        ("under the own key of the provider", "wrong key", "alias/recovery is declared"),
        ("of a disabled key", "wrong key", "the key is disabled"),
        ("failed", "damaged", "it failed"),
        ("of a lost secret", "damaged", "the secret that opens it was removed"),
        ("in another zone", "wrong zone", "eu-west-1b"),
        ("being copied", "not arrived", ""),
        ("being deleted", "gone", "others deleted it"),
    ],
)
def test_a_snapshot_in_the_target_decides_the_verdict(case, judgement, why):
    found = judge(a_point(), seen(SNAPSHOTS[case], WHOLE))
    verdict = of(DB1, found)
    assert (verdict.judgement, why in verdict.why) == (judgement, True)
    assert of(DB2, found).judgement == "covered"
    assert found.restorable is (judgement == "covered")


@pytest.mark.parametrize(
    ("point", "there", "judgement"),
    [
        (a_point(), seen(snapshot(DB2)), "gone"),
        (a_point(DB2), seen(snapshot(DB2)), "missing"),
        (a_point(DB2, DB3), seen(snapshot(DB2)), "missing"),
        (a_point(open=True), seen(snapshot(DB1), snapshot(DB2)), "not arrived"),
        (a_point(), seen(snapshot(DB2), unknown=["eu-west-1a"]), "not arrived"),
    ],
    ids=["deleted by others", "never captured", "another one deleted", "on its way", "in a silent zone"],
)
def test_a_volume_without_a_snapshot_is_missing_gone_or_not_arrived(point, there, judgement):
    found = judge(point, there)
    assert (of(DB1, found).judgement, found.restorable) == (judgement, False)


def test_a_surplus_volume_does_not_come_back_and_stops_nothing():
    found = judge(a_point(DB1, DB2, DB3), seen(*map(snapshot, (DB1, DB2, DB3))))
    assert (of(DB3, found).judgement, found.restorable) == ("surplus", True)


IN_VAULT = a_point(manifest="0" * 32)
LISTED = VaultListing(frozenset({IN_VAULT.id}))


@pytest.mark.parametrize(
    ("vault", "judgement", "restorable"),
    [
        (LISTED, "covered", True),
        (evolve(LISTED, volumes={IN_VAULT.id: {DB1: 10, DB2: 10}}), "covered", True),
        (evolve(LISTED, volumes={IN_VAULT.id: {DB1: 11, DB2: 10}}), "too large", False),
        (evolve(LISTED, volumes={IN_VAULT.id: {DB2: 10}}), "missing", False),
        (evolve(LISTED, damaged={IN_VAULT.id: "its digest differs"}), "damaged", False),
        (VaultListing(None, "no rclone"), "not listed", None),
        (VaultListing(), "gone", False),
    ],
    ids=["its digest agrees", "read", "larger", "without it", "another digest", "unreadable", "removed"],
)
def test_what_the_vault_has_decides_the_verdict(vault, judgement, restorable):
    found = judge(IN_VAULT, seen(), vault)
    assert (of(DB1, found).judgement, found.restorable) == (judgement, restorable)


def test_a_point_that_was_fetched_from_the_vault_is_judged_by_its_snapshots():
    found = judge(IN_VAULT, seen(snapshot(DB1, gib=11), WHOLE), VaultListing(None, "no rclone"))
    assert of(DB1, found).judgement == "too large"


@pytest.mark.parametrize(
    ("unknown", "judgement", "restorable"), [((), "missing", False), (["eu-west-1a"], "not listed", None)]
)
def test_own_volumes_are_covered_where_they_exist(unknown, judgement, restorable):
    own = Observed(DB2, PLACED.resources[DB2], {"id": "vol-2"})
    found = coverage(PLACED, GROUP, OwnVolumes(), seen(own, unknown=unknown), VaultListing())
    assert (of(DB1, found).judgement, of(DB2, found).judgement) == (judgement, "covered")
    assert found.restorable is restorable


def test_each_verdict_has_the_level_of_the_design():
    assert {name for name, level in LEVELS.items() if level == "error"} == {
        "missing",
        "gone",
        "too large",
        "wrong key",
        "wrong zone",
        "damaged",
    }
    assert {name for name, level in LEVELS.items() if level == "warning"} == {
        "not arrived",
        "not listed",
        "surplus",
    }


def test_what_is_gone_is_a_warning_while_a_newer_point_covers_the_group():
    older, newer = a_point(), a_point(id="00000002", number=2)
    there = seen(snapshot(DB2), snapshot(DB1, "00000002"), snapshot(DB2, "00000002"))
    (_, first), (_, second) = judge_points(PLACED, GROUP, [newer, older], there, VaultListing())
    assert (first.restorable, of(DB1, second).level) == (True, "warning")
    (_, first), (_, second) = judge_points(PLACED, GROUP, [older, newer], there, VaultListing())
    assert of(DB1, first).level == "error", "a point that is older covers nothing that is newer"


def test_a_missing_volume_is_accepted_blank_and_no_other_fault_is():
    blank = Accepted(frozenset({DB1}))
    missing = judge(a_point(DB2), seen(snapshot(DB2))).accept(blank)
    assert (of(DB1, missing).judgement, missing.restorable) == ("accepted", True)
    assert judge(a_point(), seen(snapshot(DB2))).accept(blank).restorable is False
    assert judge(a_point(DB1), seen(snapshot(DB1))).accept(blank).restorable is False


def test_an_operator_may_accept_another_key_of_an_existing_copy():
    there = seen(SNAPSHOTS["wrong key"], WHOLE)
    found = judge(a_point(), there).accept(Accepted(any_key=True))
    assert (found.restorable, found.sources[DB1]) == (True, "snap of db1-data")


def test_the_newest_point_that_covers_the_group_is_chosen():
    known = [a_point(id=f"0000000{number}", number=number) for number in (3, 2, 1)]
    there = seen(snapshot(DB1, "00000003"), *(snapshot(volume, "00000002") for volume in (DB1, DB2)))
    point, _ = newest_restorable(judge_points(PLACED, GROUP, known, there, VaultListing()))
    assert point.id == "00000002"


def test_a_verdict_reads_as_a_sentence():
    assert str(Verdict(DB1, "too large", "why")) == "volume.db1-data is too large (why)"


def test_a_point_that_lost_a_snapshot_is_not_intact_whatever_is_declared_now():
    found = judge(a_point(DB2, DB3), seen(snapshot(DB2)))
    assert of(DB1, found).why == "point 00000001 has no snapshot of it"
    assert not is_intact(found)
    assert not is_intact(found.accept(Accepted(frozenset({DB1}))))
    assert is_intact(judge(a_point(DB2), seen(snapshot(DB2))))


def test_an_end_without_a_declared_key_has_that_of_the_provider():
    placed = place(SHOP, evolve(TARGET, key=None))
    there = seen(snapshot(DB1, key="alias/other"), snapshot(DB2))
    found = coverage(placed, GROUP, a_point(), there, VaultListing())
    assert "and the own key of the provider is declared" in of(DB1, found).why
