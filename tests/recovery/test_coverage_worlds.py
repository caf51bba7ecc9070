"""What status calls restorable is restored by a takeover, and a takeover restores nothing else.

The truth is kept outside the product: the text on each volume at each point, and which snapshots are left.
"""

import random
from contextlib import suppress

import pytest
from attrs import evolve
from begun import begun
from turning import HOW, LOST, lost, passed_later, refused
from worlds import FEW, ONE, PRODUCTION, RECOVERY, recovery, there, volumes, write

from portinfra.errors import PolicyError
from portinfra.model.recovery import DataPolicy, Wave
from portinfra.model.resources import Volume
from portinfra.model.topology import Role, Topology
from portinfra.recovery.drills.drill import drill
from portinfra.recovery.replication.replicate import replicate
from portinfra.recovery.takeover.takeover import failback, failover
from portinfra.recovery.watch.forecast import make_forecast
from portinfra.recovery.watch.status import status
from portinfra.testing.fake.errors import FakeError
from portinfra.testing.simulation import apply_and_check, simulate

DATA = Volume("data", gib=10)


def shop(*declared, count=2):
    return Topology("shop", [Role("db", count=count, waive=FEW, volumes=list(declared or [DATA]))])


def of(topology, **more):
    given = {"waves": [["db"]], "rto": "9h", "rpo": "99h", "data": [DataPolicy("db", keep=9)], **more}
    return recovery(topology=topology, **given)


def two_hosts_run(cloud):
    """Bring two hosts up in production, with something written on their volumes."""
    apply_and_check(shop(), PRODUCTION)
    write(cloud, PRODUCTION, "one")


@pytest.fixture
def world():
    with begun(two_hosts_run) as cloud:
        yield cloud


def carry(about=None):
    (outcome,) = replicate(about or of(shop()), now=True, run_options=ONE).groups
    assert outcome.fate == "carried", outcome.problem
    return outcome.point


def others_delete(cloud, volume, point):
    """Another person deletes the snapshot that a point has of a volume."""
    for record in cloud.ground_truth(RECOVERY.account):
        if record["kind"] == "snapshot" and f"{volume}-{point}" in record["name"]:
            cloud.request(RECOVERY.account, RECOVERY.region, "DeleteSnapshot", {"id": record["id"]})


def contents(cloud, environment=RECOVERY):
    return {address.name: cloud.read(id).decode() for address, id in volumes(environment).items()}


def counts(about):
    return [(each.role, each.covered, each.volumes) for each in status(about).roles]


# A volume that was declared after the point was made.


@pytest.mark.parametrize("is_removed", [False, True], ids=["host is declared", "host was removed"])
def test_a_volume_declared_later_may_begin_blank_though_a_snapshot_of_the_point_is_gone(world, is_removed):
    point = carry()
    others_delete(world, "db2-data", point)
    log = Volume("log", gib=1)
    about = of(shop(DATA, log, count=1 if is_removed else 2))
    verdicts = {each.volume.name: (each.verdict, each.why) for each in status(about).volumes}
    assert verdicts["db1-log"][0] == "missing"
    assert f"point {point} has no" in verdicts["db1-log"][1]
    if not is_removed:
        assert verdicts["db2-data"][0] == "gone"
        return
    options = evolve(LOST, blank=["volume.db1-log"])
    with lost(PRODUCTION):
        assert failover(about, options).result == "passed"
    assert contents(world)["db1-data"] == "one of volume.db1-data"


# One volume that cannot be restored.

LARGER, SMALLER = Volume("data", gib=20), Volume("data", gib=5)
CHANGED = {
    "renamed": (shop(Volume("store", gib=10)), 0, 2, "missing"),
    "added": (shop(DATA, Volume("log", gib=10)), 2, 4, "missing"),
    "smaller": (shop(SMALLER), 0, 2, "too large"),
    "larger": (shop(LARGER), 2, 2, "covered"),
    "removed": (shop(DATA, count=1), 1, 1, "covered"),
}


@pytest.mark.parametrize(("topology", "covered", "declared", "verdict"), CHANGED.values(), ids=CHANGED)
def test_status_counts_the_volumes_of_each_role_that_can_be_restored(
    world, topology, covered, declared, verdict
):
    carry()
    about = of(topology)
    assert counts(about) == [("db", covered, declared)]
    assert verdict in {volume.verdict for volume in status(about).volumes}
    assert (status(about).level == "ok") is (covered == declared)


def test_a_takeover_is_refused_for_a_volume_that_is_declared_too_small(world):
    carry()
    before = there(world)
    with lost(PRODUCTION), pytest.raises(PolicyError, match="it has 10 GiB, and 5 GiB are declared") as error:
        failover(of(shop(SMALLER)), LOST)
    assert error.value.findings[0].fix == "Declare these volumes as large as their data."
    assert there(world) == before, "nothing was changed"
    assert drill(of(shop(SMALLER)), run_options=ONE).result == "failed"


def test_a_newer_point_that_others_damaged_refuses_a_takeover_unless_it_is_left_aside(world):
    first = carry()
    write(world, PRODUCTION, "two")
    second = carry()
    others_delete(world, "db1-data", second)
    assert [point.restorable for point in status(of(shop())).points] == [False, True]
    with pytest.raises(PolicyError, match=f"point {second} of db is newer, and cannot be restored") as error:
        failover(of(shop()), HOW)
    assert f"--without-point {second}" in error.value.findings[0].fix
    assert failover(of(shop()), evolve(HOW, without=[second])).points[0].id == first


def test_a_takeover_from_a_lost_source_uses_the_older_point_that_is_left(world):
    carry()
    write(world, PRODUCTION, "two")
    others_delete(world, "db2-data", carry())
    with lost(PRODUCTION):
        found = make_forecast(of(shop()), LOST).findings
        assert failover(of(shop()), LOST).result == "passed"
    assert "recovery/newer-point-lost" in [finding.rule for finding in found]
    assert {text.partition(" of ")[0] for text in contents(world).values()} == {"one"}


def test_a_damaged_point_that_is_older_than_own_volumes_refuses_nothing_and_a_newer_one_does(world):
    carry()
    damaged = carry()
    others_delete(world, "db1-data", damaged)
    failover(of(shop()), evolve(HOW, without=[damaged]))
    failback(of(shop()), HOW)
    found = make_forecast(of(shop()))
    assert [each.what for each in found.data] == ["own volumes of recovery"]
    assert "recovery/newer-point-lost" not in [each.rule for each in found.findings]
    others_delete(world, "db1-data", carry())
    assert "recovery/newer-point-lost" in [each.rule for each in make_forecast(of(shop())).findings]


# Volumes that begin blank.

ADDED = shop(DATA, Volume("log", gib=10))
LOGS = ("volume.db1-log", "volume.db2-log")


def test_a_takeover_brings_up_a_missing_volume_blank_where_an_operator_accepts_it(world):
    carry()
    with lost(PRODUCTION):
        with pytest.raises(PolicyError, match=r"no point of db has data for volume\.db1-log, "):
            failover(of(ADDED), LOST)
        evidence = failover(of(ADDED), evolve(LOST, blank=LOGS))
    assert (evidence.result, evidence.blank) == ("passed", LOGS)
    found = contents(world)
    assert found["db1-data"] == "one of volume.db1-data"
    assert found["db1-log"] == ""


def test_a_drill_does_so_too(world):
    carry()
    assert drill(of(ADDED), run_options=ONE).result == "failed"
    evidence = drill(of(ADDED), run_options=ONE, blank=LOGS)
    assert (evidence.result, evidence.blank, evidence.left_behind) == ("passed", LOGS, 0)


def test_a_takeover_that_goes_on_remembers_which_volumes_begin_blank(world):
    carry()
    with lost(PRODUCTION):
        gated = of(ADDED, waves=[Wave(["db"], gates=lambda inventory: False, limit="10s")])
        assert failover(gated, evolve(LOST, blank=LOGS)).result == "failed"
        evidence = failover(of(ADDED), LOST)
    assert (evidence.result, evidence.blank) == ("passed", LOGS)


@pytest.mark.parametrize(
    ("address", "rule"),
    [("volume.db9-log", "recovery/unknown-volume"), ("volume.db1-data", "recovery/not-blank")],
    ids=["no such volume", "a volume with data"],
)
def test_an_address_that_cannot_begin_blank_is_refused(world, address, rule):
    carry()
    before = there(world)
    with lost(PRODUCTION), pytest.raises(PolicyError) as error:
        failover(of(ADDED), evolve(LOST, blank=(*LOGS, address)))
    assert rule in [finding.rule for finding in error.value.findings]
    assert there(world) == before


def test_own_volumes_are_kept_beside_one_that_begins_blank(world):
    carry()
    failover(of(shop()), HOW)
    evidence = failback(of(ADDED), evolve(HOW, planned=False, blank=LOGS))
    assert (evidence.result, evidence.blank) == ("passed", LOGS)
    found = contents(world, PRODUCTION)
    assert (found["db1-data"], found["db1-log"]) == ("one of volume.db1-data", "")


# Drawn worlds.

SHAPES = [topology for topology, *_ in CHANGED.values()] + [shop()] * 3


@pytest.mark.slow
@pytest.mark.parametrize(
    "seeds", [range(8), pytest.param(range(8, 308), marks=pytest.mark.soak)], ids=["a few", "many"]
)
def test_what_status_calls_restorable_is_restored_and_nothing_else(seeds):
    for seed in seeds:
        chance = random.Random(seed)
        with simulate() as cloud:
            apply_and_check(shop(), PRODUCTION)
            carried = {}
            for number in range(chance.randint(1, 3)):
                write(cloud, PRODUCTION, f"text {number}")
                carried[carry()] = f"text {number}"
                passed_later(cloud, 60)
            for point in carried:
                for volume in ("db1-data", "db2-data"):
                    if chance.random() < 0.25:
                        with suppress(FakeError):
                            others_delete(cloud, volume, point)
            passed_later(cloud, 600)  # lists show what others deleted
            about = of(chance.choice(SHAPES))
            found = status(about)
            restorable = all(volume.verdict == "covered" for volume in found.volumes)
            with lost(PRODUCTION):
                if not restorable:
                    assert refused(failover, about, LOST) == ["recovery/no-point"], f"seed {seed}"
                    continue
                evidence = failover(about, LOST)
            (used,) = {point.id for point in evidence.points}
            assert used == found.volumes[0].point, "status names the point"
            expected = {name: f"{carried[used]} of volume.{name}" for name in contents(cloud)}
            assert contents(cloud) == expected, f"seed {seed}"
