"""By way of a vault: the real tools seal, store and open what the volumes of two simulated clouds hold."""

import json
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

import pytest
from attrs import evolve
from sweeps import deaths_by_day, ground_truth, strides, sweep_through
from turning import dies_at, lost, powers
from vaults import CANARY, ROOM, by, helpers_left, moved_in, needs_tools, points_in, restored
from waits import Waits
from worlds import ONE, PRODUCTION, RECOVERY, SHOP, write, written

from portinfra import dr
from portinfra.errors import PermissionDenied, PolicyError, PortinfraError
from portinfra.execution.connection import Connection
from portinfra.model.finding import Severity
from portinfra.model.recovery import Probe
from portinfra.recovery.ledger.ledger import Ledger
from portinfra.recovery.vault.transfer_host import TransferHosts

pytestmark = needs_tools


@pytest.mark.parametrize("engine", ["age", "restic"])
def test_what_was_written_comes_back_in_another_cloud(engine, home, cloud):
    about = by(engine, home, cloud)
    write(cloud, PRODUCTION, CANARY)
    made = dr.replicate(about, run_options=ONE)
    assert made.succeeded, made
    assert made.groups[0].moved
    assert dr.status(about).level == "ok"
    assert ground_truth(RECOVERY, "snapshot") == []  # it is in the vault, and nowhere else

    read = []
    probe = Probe(
        "the last word", lambda given: read.append(sorted(restored(cloud, given))) or True, reads="db"
    )
    evidence = dr.drill(evolve(about, plan=evolve(about.plan, probes=[probe])), run_options=ONE)
    assert evidence.result == "passed", evidence.reasons
    assert read == [[f"{CANARY} of volume.db{n}-data" for n in (1, 2)]]
    assert evidence.points[0].engine == f"{engine} (a local stand-in runs the scripts of transfer hosts)"
    assert helpers_left() == []


def test_a_failover_with_the_source_gone_and_the_way_back(home, cloud, monkeypatch):
    waits, about = Waits(monkeypatch), by("age", home, cloud)
    write(cloud, PRODUCTION, "ledger")
    assert dr.replicate(about, run_options=ONE).succeeded
    evidence = dr.failover(about, dr.FailoverOptions(lost=True, run_options=ONE))
    assert evidence.result == "passed", evidence.reasons
    assert set(written(cloud, RECOVERY).values()) == {f"ledger of volume.db{n}-data" for n in (1, 2)}
    write(cloud, RECOVERY, "newer")
    dr.fence(about, run_options=ONE)
    made = dr.replicate(about, run_options=ONE)
    assert (made.end, made.succeeded, dr.status(about).level) == ("target", True, "ok")
    evidence = dr.failback(about, dr.FailoverOptions(run_options=ONE))
    assert evidence.result == "passed", evidence.reasons
    assert set(written(cloud, PRODUCTION).values()) == {f"newer of volume.db{n}-data" for n in (1, 2)}
    assert helpers_left() == []
    assert points_in(home) == [point.id for point in dr.status(about).points]  # the way back has its own
    assert waits.forgotten == []


def test_a_failover_fetches_from_the_vault_while_the_source_still_serves_customers(home, cloud):
    about = by("age", home, cloud)
    write(cloud, PRODUCTION, "ledger")
    assert dr.replicate(about, run_options=ONE).succeeded
    said = []
    evidence = dr.failover(about, dr.FailoverOptions(run_options=ONE), say=said.append)
    assert evidence.result == "passed", evidence.reasons
    fetched = next(line for line in said if "from the vault" in line)
    assert said.index(fetched) < said.index("fencing production")
    assert [line for line in said if "from the vault" in line] == [fetched], "each point comes once"
    assert evidence.prepare_seconds > evidence.downtime_seconds


def test_a_point_that_cannot_be_fetched_stops_nothing(home, cloud):
    about = by("age", home, cloud)
    assert dr.replicate(about, run_options=ONE).succeeded
    for each in (home / "vault").rglob("*.age-*"):
        each.write_bytes(b"others wrote this")
    with pytest.raises(PortinfraError):
        dr.failover(about, dr.FailoverOptions(run_options=ONE))
    assert powers(cloud, PRODUCTION) == {"running"}


def test_the_source_cannot_read_what_it_sent(home, cloud):
    about = by("age", home, cloud)
    write(cloud, PRODUCTION, CANARY)
    (home / "identity").rename(home / "kept elsewhere")  # and yet it sends
    assert dr.replicate(about, run_options=ONE).succeeded
    sealed = [each for each in (home / "vault").rglob("*") if each.is_file()]
    assert sealed
    assert not any(CANARY.encode() in each.read_bytes() for each in sealed)
    for each in sealed:
        if ".age-" in each.name:
            opened = subprocess.run(["age", "-d", each], capture_output=True, stdin=subprocess.DEVNULL)
            assert opened.returncode != 0

    evidence = dr.drill(about, run_options=ONE)
    assert evidence.result == "failed"
    assert "identity" in " ".join(evidence.reasons)
    assert helpers_left() == []
    (home / "kept elsewhere").rename(home / "identity")
    assert dr.drill(about, run_options=ONE).result == "passed"


def test_the_second_time_restic_carries_only_what_is_new(home, cloud):
    about = by("restic", home, cloud)
    same = os.urandom(ROOM).hex()
    write(cloud, PRODUCTION, same)
    first = dr.replicate(about, run_options=ONE).groups[0].moved
    write(cloud, PRODUCTION, same + "a little more")
    second = dr.replicate(about, now=True, run_options=ONE).groups[0].moved
    assert first > 2 * ROOM
    assert second < first / 2


def test_old_points_leave_the_vault_by_who_may_remove(home, cloud):
    about = by("age", home, cloud)
    for _ in range(3):
        assert dr.replicate(about, now=True, run_options=ONE).succeeded
    kept = [point.id for point in dr.status(about).points]
    assert points_in(home) == sorted(kept)
    assert len(kept) == 2

    said = []
    (home / "receiver.conf").unlink()
    assert dr.replicate(about, now=True, run_options=ONE, say=said.append).succeeded
    assert len(points_in(home)) == 3
    assert any("not pruned" in line for line in said)


def copies(home):
    """The points that restic has a copy of."""
    told = subprocess.run(
        ["restic", "-r", home / "vault/shop/shop/recovery/restic", "snapshots", "--json"],
        env={**os.environ, "RESTIC_PASSWORD_FILE": str(home / "password")},
        capture_output=True,
        check=True,
    ).stdout
    return sorted({tag.partition("/")[0] for copy in json.loads(told) for tag in copy["tags"]})


def locked(home):
    """As a helper leaves the repository that may only add: it cannot remove its lock."""
    where = ["-r", str(home / "vault/shop/shop/recovery/restic"), "--password-file", str(home / "password")]
    with subprocess.Popen(["restic", "-q", *where, "backup", "--stdin"], stdin=subprocess.PIPE) as backup:
        while not list((home / "vault/shop/shop/recovery/restic/locks").iterdir()):
            assert backup.poll() is None
        backup.kill()


def test_restic_forgets_the_copies_of_old_points(home, cloud):
    about = by("restic", home, cloud)
    for day in range(3):
        if day:
            locked(home)
        write(cloud, PRODUCTION, f"day {day}")
        assert dr.replicate(about, now=True, run_options=ONE).succeeded
    assert copies(home) == points_in(home)
    assert len(copies(home)) == 2
    assert dr.drill(about, run_options=ONE).result == "passed"

    said = []
    (home / "password").rename(home / "kept elsewhere")
    assert not dr.replicate(about, now=True, run_options=ONE, say=said.append).succeeded
    assert any("not pruned" in line and "password" in line for line in said)
    (home / "kept elsewhere").rename(home / "password")
    assert dr.replicate(about, now=True, run_options=ONE).succeeded
    assert copies(home) == points_in(home)


def test_a_vault_that_lost_its_points_is_not_said_to_have_them(home, cloud):
    about = by("age", home, cloud)
    assert dr.replicate(about, run_options=ONE).succeeded
    assert dr.status(about).points[0].restorable is True
    shutil.rmtree(home / "vault/shop/shop/recovery")
    found = dr.status(about)
    assert (found.level, found.points[0].restorable, found.vault_unseen) == ("lost", False, "")
    assert "recovery/no-point" in [finding.rule for finding in dr.make_forecast(about).findings]
    assert [group.fate for group in dr.replicate(about, run_options=ONE).groups] == ["carried"]
    assert dr.status(about).level == "ok"


def test_a_vault_that_nobody_can_look_into_is_not_vouched_for(home, cloud):
    about = by("age", home, cloud)
    assert dr.replicate(about, run_options=ONE).succeeded
    for side in ("sender", "receiver"):
        (home / f"{side}.conf").unlink()
    found, said = dr.status(about), []
    assert (found.level, found.reasons) == ("lost", ("a takeover would be refused now",))
    assert ({each.level for each in found.volumes}, found.points[0].restorable) == ({"late"}, None)
    assert "rclone" in found.vault_unseen
    unseen = {each.rule: each.severity for each in dr.make_forecast(about).findings}
    assert unseen["recovery/vault-unseen"] is Severity.ERROR
    dr.replicate(about, run_options=ONE, say=said.append)
    assert any("the vault cannot be listed" in line for line in said)
    moved_in(home)
    assert dr.status(about).level == "ok"


@pytest.mark.parametrize("last_point", [False, True])
def test_no_source_is_stopped_for_data_in_a_vault_that_cannot_be_listed(home, cloud, last_point):
    about, options = by("age", home, cloud), dr.FailoverOptions(planned=last_point, run_options=ONE)
    assert dr.replicate(about, run_options=ONE).succeeded
    for side in ("sender", "receiver"):
        (home / f"{side}.conf").write_text("[vault]\ntype = of-no-kind\n")
    with pytest.raises(PolicyError) as error:
        dr.failover(about, options)
    assert "recovery/vault-unseen" in [finding.rule for finding in error.value.findings]
    assert powers(cloud, PRODUCTION) == {"running"}
    lost = dr.FailoverOptions(lost=True)
    severities = {each.rule: each.severity for each in dr.make_forecast(about, lost).findings}
    assert severities["recovery/vault-unseen"] is Severity.WARNING, "nothing is stopped then"
    moved_in(home)
    assert dr.failover(about, options).result == "passed"


def test_a_vault_is_not_asked_where_the_data_has_arrived_already(home, cloud):
    about = by("age", home, cloud)
    assert dr.replicate(about, run_options=ONE).succeeded
    assert dr.drill(about, run_options=ONE).result == "passed"
    for side in ("sender", "receiver"):
        (home / f"{side}.conf").unlink()
    assert "recovery/vault-unseen" not in [each.rule for each in dr.make_forecast(about).findings]


def test_a_ledger_that_has_lost_all_points_costs_none_of_the_vaults(home, cloud):
    about = by("age", home, cloud)
    assert dr.replicate(about, run_options=ONE).succeeded
    before = points_in(home)
    with Connection.to(RECOVERY) as target:
        ledger = Ledger(target, about.ledger)
        for entry in ledger.entries():
            ledger.remove(entry)
    with pytest.raises(PolicyError) as error:
        dr.replicate(about, run_options=ONE)
    (finding,) = error.value.findings
    assert finding.rule == "recovery/ledger-lost"
    assert before[0] in finding.message
    assert points_in(home) == before


def left_of(about):
    """What the status says that runs left."""
    return [(each.what, each.environment, each.command) for each in dr.status(about).left_behind]


def test_helpers_that_were_not_removed_are_removed_when_there_is_nothing_to_receive(home, cloud):
    about = by("age", home, cloud)
    assert dr.replicate(about, run_options=ONE).succeeded
    without_source = dr.FailoverOptions(lost=True, run_options=ONE)
    dies_at("DeleteInstance", lambda: dr.failover(about, without_source))
    left = {r["kind"] for r in cloud.ground_truth(RECOVERY.account) if "helper" in str(r["name"])}
    assert left >= {"instance", "public-address", "volume"}
    assert left_of(about) == [("transfer hosts", "recovery", "portinfra dr sweep shop")]
    assert dr.failover(about, without_source).result == "passed"
    assert helpers_left() == []
    assert left_of(about) == []


def test_a_lost_source_gets_no_call_while_a_point_of_it_is_on_its_way_to_the_vault(home, cloud):
    about = by("age", home, cloud)
    assert dr.replicate(about, run_options=ONE).succeeded
    dies_at("DeleteInstance", lambda: dr.replicate(about, now=True, run_options=ONE))
    without_source = dr.FailoverOptions(lost=True, run_options=ONE)
    with lost(PRODUCTION):
        assert dr.status_of_way(about, ask_source=False).left_unseen == ()
        dr.make_forecast(about, without_source)
        assert dr.failover(about, without_source).result == "passed"


def test_helpers_that_sent_are_named_and_swept(home, cloud):
    about = by("age", home, cloud)
    dies_at("DeleteInstance", lambda: dr.replicate(about, run_options=ONE))
    assert left_of(about) == [("transfer hosts", "production", "portinfra dr sweep shop")]
    assert [(each.what, each.environment) for each in dr.sweep(about, run_options=ONE)] == [
        ("transfer hosts", "production")
    ]
    assert helpers_left() == []
    assert left_of(about) == []


def test_helpers_that_cannot_be_removed_do_not_keep_anybody_from_taking_over(home, cloud, monkeypatch):
    about = by("age", home, cloud)
    assert dr.replicate(about, run_options=ONE).succeeded
    said = []

    def refused(*of):
        raise PermissionDenied("not today")

    with monkeypatch.context() as patched:
        patched.setattr(TransferHosts, "clear", refused)
        without_source = dr.FailoverOptions(lost=True, run_options=ONE)
        assert dr.failover(about, without_source, say=said.append).result == "passed"
    assert any("dr sweep" in line for line in said)


def test_a_point_under_way_of_a_host_that_was_removed_gives_way_to_a_new_one(home, cloud):
    about = by("age", home, cloud)
    said = []

    def sending(provider, call):
        return any("to the vault" in line for line in said)

    dies_at(sending, lambda: dr.replicate(about, run_options=ONE, say=said.append))
    fewer = evolve(about, topology=SHOP.with_role(evolve(SHOP.role("db"), count=1)))
    (group,) = dr.replicate(fewer, run_options=ONE).groups
    assert group.fate == "carried", group.problem
    assert points_in(home) == [group.point]
    assert dr.status(fewer).level == "ok"


def test_a_point_with_more_than_is_needed_comes_back(home, cloud):
    about = by("age", home, cloud)
    assert dr.replicate(about, run_options=ONE).succeeded
    fewer = evolve(about, topology=SHOP.with_role(evolve(SHOP.role("db"), count=1)))
    assert dr.status(fewer).level == "ok"
    evidence = dr.drill(fewer, run_options=ONE)
    assert evidence.result == "passed", evidence.reasons
    more = evolve(about, topology=SHOP.with_role(evolve(SHOP.role("db"), count=3)))
    (reason,) = dr.drill(more, run_options=ONE).reasons
    assert "volume.db3-data" in reason


def test_what_was_changed_in_the_vault_is_not_restored(home, cloud):
    about = by("age", home, cloud)
    assert dr.replicate(about, run_options=ONE).succeeded
    (manifest,) = (home / "vault").rglob("manifest.json")
    before = manifest.read_text()
    manifest.write_text(json.dumps({**json.loads(before), "taken": 0}))
    (reason,) = dr.drill(about, run_options=ONE).reasons
    assert "in the vault is not as the ledger records it" in reason
    manifest.write_text(before)


def test_a_helper_that_fails_says_why_and_leaves_nothing(home, cloud):
    about = by("age", home, cloud, recipient="age1" + "q" * 58)
    (group,) = dr.replicate(about, run_options=ONE).groups
    assert group.fate == "failed"
    assert "could not be sent" in group.problem
    assert "recipient" in group.problem  # age's own words
    assert helpers_left() == []
    assert dr.status(about).level == "lost"
    assert dr.status(about).points == ()
    assert dr.replicate(
        by("age", home, cloud), run_options=ONE
    ).succeeded  # at once, though none is due by the clock


def test_a_vault_that_does_not_answer_costs_no_point(home, cloud):
    about = by("age", home, cloud)
    (home / "receiver.conf").write_text("[elsewhere]\ntype = local\n")
    (group,) = dr.replicate(about, run_options=ONE).groups
    assert group.fate == "failed"
    assert "rclone" in group.problem
    (point,) = dr.status(about).points
    assert not point.restorable
    moved_in(home)
    cloud.clock.sleep_until(cloud.clock.now() + 30 * 86_400)
    (group,) = dr.replicate(about, run_options=ONE).groups
    assert (group.fate, group.point) == ("carried", point.id)  # it goes on with what it has


def test_a_plan_tells_what_who_takes_over_would_lack(home, cloud):
    about = by("age", home, cloud)
    (home / "receiver.conf").chmod(0o644)
    (home / "identity").rename(home / "kept elsewhere")
    told = [f.message for f in dr.make_forecast(about).findings if f.rule == "recovery/not-ready"]
    assert told == [
        "others can read ~/receiver.conf, the vault's receiver",
        "~/identity, the vault's identity, is not on this machine",
    ]
    (home / "receiver.conf").chmod(0o600)
    (home / "kept elsewhere").rename(home / "identity")
    assert not [f for f in dr.make_forecast(about).findings if f.rule == "recovery/not-ready"]


def test_no_secret_is_told(home, cloud, capfd):
    about = by("age", home, cloud)
    lines = []
    run_options = dr.RunOptions(seed=0, listen=lambda progress: lines.append(repr(progress)))
    assert dr.replicate(about, run_options=run_options, say=lines.append).succeeded
    assert dr.drill(about, run_options=run_options, say=lines.append).result == "passed"
    told = "\n".join([*lines, *capfd.readouterr(), *(str(record) for record in cloud.ground_truth())])
    assert "AGE-SECRET-KEY" in (home / "identity").read_text()
    assert "AGE-SECRET-KEY" not in told


stride = strides(25)
"""Each copy calls many programs. The same verbs lose answers in worlds without a vault; here, in the soak."""


def apart(home, place):
    """What a copy of this process does first: it gets a home, and so a vault, of its own."""

    def first():
        mine = Path(tempfile.mkdtemp(dir=place))  # a process's number may have been another's before
        shutil.copytree(home, mine, dirs_exist_ok=True)
        os.environ["HOME"] = str(mine)
        moved_in(mine)

    return first


def test_a_replication_crashed_at_its_calls(home, cloud, stride, tmp_path_factory):
    about = by("age", home, cloud)
    production = {record[:2] for record in ground_truth(PRODUCTION)}

    def ends_well():
        assert dr.replicate(about, run_options=ONE).succeeded
        assert dr.status(about).level == "ok"
        assert helpers_left() == []
        assert {r[:2] for r in ground_truth(PRODUCTION) if r[0] != "snapshot"} == production
        assert ground_truth(RECOVERY) == []
        assert points_in(Path(os.environ["HOME"])) == [p.id for p in dr.status(about).points]

    first = apart(home, tmp_path_factory.mktemp("homes"))
    sweep_through(
        lambda: None,
        lambda: dr.replicate(about, run_options=ONE),
        ends_well,
        stride,
        first,
        deaths_by_day(stride),
    )


def test_a_drill_crashed_at_its_calls(home, cloud, stride, tmp_path_factory):
    about = by("age", home, cloud)
    assert dr.replicate(about, run_options=ONE).succeeded
    production = ground_truth(PRODUCTION)

    def ends_well():
        assert {swept.fate for swept in dr.sweep(about, run_options=ONE)} <= {"removed"}
        assert {kind for kind, _, _ in ground_truth(RECOVERY)} <= {"snapshot"}
        assert ground_truth(PRODUCTION) == production
        assert dr.drill(about, run_options=ONE).result == "passed"
        assert len(ground_truth(RECOVERY)) == 2
        assert helpers_left() == []

    first = apart(home, tmp_path_factory.mktemp("homes"))
    sweep_through(
        lambda: None,
        lambda: dr.drill(about, run_options=ONE),
        ends_well,
        stride,
        first,
        deaths_by_day(stride),
    )
