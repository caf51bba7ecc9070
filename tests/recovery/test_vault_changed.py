"""What somebody changed in the vault, or a tool cut short, is never taken for what was sent."""

import hashlib
import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest
from attrs import evolve
from vaults import CANARY, ROOM, by, helpers_left, needs_tools, restored
from worlds import ONE, PRODUCTION, RECOVERY, write, written

from portinfra import dr
from portinfra.errors import PortinfraError
from portinfra.model.address import Address
from portinfra.model.recovery import Probe
from portinfra.recovery.vault.transfer_host import TransferHostFailed, parse_receipt
from portinfra.recovery.vault.transfer_script import TransferScript
from portinfra.testing.local_scripts import LocalScriptRunner

pytestmark = needs_tools


def flipped(sealed, about):
    """One bit is another."""
    data = bytearray(sealed.read_bytes())
    data[-20] ^= 1
    return bytes(data)


def truncated(sealed, about):
    return sealed.read_bytes()[:-1]


def of_somebody_else(sealed, about):
    """Anybody can seal for a public key, and age and zstd have nothing to say against it."""
    compressed = subprocess.run(["zstd", "-q", "-c"], input=b"pay 100", capture_output=True, check=True)
    to = ["age", "-r", about.plan.vault.recipient]
    return subprocess.run(to, input=compressed.stdout, capture_output=True, check=True).stdout


def of_another_volume(sealed, about):
    """What the sender itself has sealed, under another's name."""
    return next(each for each in sealed.parent.glob("*.age-*") if each != sealed).read_bytes()


@pytest.mark.parametrize(
    ("other", "why"),
    [
        (flipped, "age: "),
        (truncated, "age: "),
        (of_somebody_else, "it is not what was sent"),
        (of_another_volume, "it is not what was sent"),
    ],
)
def test_what_was_sealed_and_changed_in_the_vault_is_not_restored(home, cloud, other, why):
    about = by("age", home, cloud)
    write(cloud, PRODUCTION, CANARY)
    assert dr.replicate(about, run_options=ONE).succeeded
    sealed = next(each for each in (home / "vault").rglob("*.age-*"))
    before = sealed.read_bytes()
    sealed.write_bytes(other(sealed, about))
    (reason,) = dr.drill(about, run_options=ONE).reasons
    assert "could not be received" in reason
    assert why in reason
    assert helpers_left() == []
    sealed.write_bytes(before)
    assert dr.drill(about, run_options=ONE).result == "passed"


def restic(home, *words, given=b""):
    """What restic says of the vault's repository."""
    where = ["-r", home / "vault/shop/shop/recovery/restic", "--password-file", home / "password"]
    return subprocess.run(
        ["restic", "--no-cache", *where, *words], input=given, capture_output=True, check=True
    ).stdout


def test_a_newer_copy_under_the_same_name_is_not_the_one_that_is_restored(home, cloud):
    about = by("restic", home, cloud)
    write(cloud, PRODUCTION, CANARY)
    assert dr.replicate(about, run_options=ONE).succeeded
    for copy in json.loads(restic(home, "snapshots", "--json")):
        (name,) = copy["tags"]
        like = ["--host", "portinfra", "--tag", name, "--stdin", "--stdin-filename", name]
        restic(home, "backup", *like, given=b"pay 100")
    assert len(json.loads(restic(home, "snapshots", "--json"))) == 4
    read = []
    probe = Probe(
        "the last word", lambda given: read.append(sorted(restored(cloud, given))) or True, reads="db"
    )
    evidence = dr.drill(evolve(about, plan=evolve(about.plan, probes=[probe])), run_options=ONE)
    assert evidence.result == "passed", evidence.reasons
    assert read == [[f"{CANARY} of volume.db{n}-data" for n in (1, 2)]]


def another_copy(home):
    """One copy's file holds what another's does, which the repository's own key has sealed."""
    one, other = sorted((home / "vault/shop/shop/recovery/restic/snapshots").iterdir())
    one.chmod(0o600)
    one.write_bytes(other.read_bytes())


def other_pieces(home):
    """A bit of every pack is another."""
    for pack in (home / "vault/shop/shop/recovery/restic/data").rglob("*"):
        if pack.is_file():
            pack.chmod(0o600)
            data = bytearray(pack.read_bytes())
            data[20] ^= 1
            pack.write_bytes(data)


@pytest.mark.parametrize("change", [another_copy, other_pieces])
def test_a_copy_by_restic_that_was_changed_is_not_restored(home, cloud, change):
    about = by("restic", home, cloud)
    write(cloud, PRODUCTION, CANARY)
    assert dr.replicate(about, run_options=ONE).succeeded
    change(home)
    (reason,) = dr.drill(about, run_options=ONE).reasons
    assert "could not be received" in reason
    assert helpers_left() == []


def test_what_the_disk_does_not_hold_as_it_came_is_not_restored(home, cloud, monkeypatch, tmp_path):
    about = by("age", home, cloud)
    assert dr.replicate(about, run_options=ONE).succeeded
    (tmp_path / "dd").write_text("#!/bin/sh\nexec cat > /dev/null\n")
    (tmp_path / "dd").chmod(0o755)
    with monkeypatch.context() as patched:
        patched.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
        (reason,) = dr.drill(about, run_options=ONE).reasons
    assert "what is on the disk is not what came" in reason
    assert dr.drill(about, run_options=ONE).result == "passed"


@pytest.mark.parametrize(
    "other",
    [
        {"object": "p/$(poweroff)"},
        {"object": '"; poweroff'},
        {"digest": "0" * 63 + ";"},
        {"digest": ""},
        {"word": "sesame"},  # that of another helper, or of none
    ],
)
def test_a_receipt_is_its_helpers_and_says_nothing_that_a_shell_would_run(other):
    said = {"digest": "0" * 64, "bytes": 1, "moved": 1, "object": "p/db1-data.age-0123", "word": "hush"}
    assert parse_receipt(json.dumps(said), Address("volume.db1-data"), "hush").bytes == 1
    with pytest.raises(TransferHostFailed):
        parse_receipt(json.dumps({**said, **other}), Address("volume.db1-data"), "hush")


@pytest.mark.parametrize(("engine", "tool"), [("age", "age"), ("age", "zstd"), ("restic", "restic")])
def test_what_a_tool_that_dies_has_sent_is_no_point(engine, tool, home, cloud, monkeypatch, tmp_path):
    about = by(engine, home, cloud)
    write(cloud, PRODUCTION, os.urandom(ROOM).hex())
    (tmp_path / tool).write_text(
        f'#!/bin/bash\n[ "$1" = init ] && exec {shutil.which(tool)} "$@"\n'
        f'head -c 1000000 | {shutil.which(tool)} "$@" 2>&1 | grep -v summary\nexit 1\n'
    )
    (tmp_path / tool).chmod(0o755)
    with monkeypatch.context() as patched:
        patched.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
        (group,) = dr.replicate(about, run_options=ONE).groups
    assert group.fate == "failed"
    assert "could not be sent" in group.problem
    assert dr.status(about).points == ()
    assert dr.replicate(about, run_options=ONE).succeeded


# Receipts that no helper has written.


def sealed_evil(about):
    """What anybody seals for the public key, and its digest."""
    packed = subprocess.run(
        ["zstd", "-q", "-c", "--check"], input=b"pay 100", capture_output=True, check=True
    )
    to = ["age", "-r", about.plan.vault.recipient]
    sealed = subprocess.run(to, input=packed.stdout, capture_output=True, check=True).stdout
    return sealed, hashlib.sha256(sealed).hexdigest()


def test_a_receivers_verdict_cannot_be_written_by_who_may_write_to_the_vault(home, cloud, monkeypatch):
    about = by("age", home, cloud)
    assert dr.replicate(about, run_options=ONE).succeeded
    told = json.loads(next((home / "vault").rglob("manifest.json")).read_text())["volumes"]
    for each in (home / "vault").rglob("*.age-*"):
        each.write_bytes(sealed_evil(about)[0])
    original = LocalScriptRunner.run

    def run(stand, script, volume):
        original(stand, script, volume)
        for each in (home / "vault").rglob("*.received-*.json"):
            said = told[each.name.partition(".")[0]]
            digest, object = said["digest"], said["object"]
            forged = {"digest": digest, "bytes": said["bytes"], "moved": 0, "object": object, "word": ""}
            each.write_text(json.dumps(forged))

    monkeypatch.setattr(LocalScriptRunner, "run", run)
    with pytest.raises(PortinfraError, match="no transfer host of this point has written it"):
        dr.failover(about, dr.FailoverOptions(lost=True, run_options=ONE))
    assert written(cloud, RECOVERY) == {}


def test_a_senders_receipt_that_was_planted_before_is_not_believed(home, cloud):
    about = by("age", home, cloud)
    write(cloud, PRODUCTION, CANARY)
    (sealed, digest), planted = sealed_evil(about), []

    def plant(line):
        """As soon as the point has an id, and before any helper of it begins."""
        if "to the vault, point " in line:
            planted.append(point := line.rpartition(" ")[2])
            folder = home / f"vault/shop/shop/recovery/{point}"
            folder.mkdir(parents=True)
            for volume in ("db1-data", "db2-data"):
                (folder / f"{volume}.age-0000").write_bytes(sealed)
                said = {"digest": digest, "bytes": 7, "moved": 1, "object": f"{point}/{volume}.age-0000"}
                (folder / f"{volume}.sent-0000.json").write_text(json.dumps(said))

    assert dr.replicate(about, run_options=ONE, say=plant).succeeded
    assert planted == [point.id for point in dr.status(about).points]
    assert dr.failover(about, dr.FailoverOptions(lost=True, run_options=ONE)).result == "passed"
    assert set(written(cloud, RECOVERY).values()) == {f"{CANARY} of volume.db{n}-data" for n in (1, 2)}


# restic's own ways.


def sending(home, about, volume="db1-data", first=True):
    """The script of a sender by restic, and where it is run."""
    (folder := home / f"host-{volume}").mkdir(exist_ok=True)
    errand = TransferScript("p1", volume, 1, f"00000000{volume}", "restic", first)
    disk = {**os.environ, "TMPDIR": str(folder), "PORTINFRA_DISK": str(folder / "disk")}
    return errand.sending_script(about.plan.vault), disk


def receipt_of(home, volume="db1-data"):
    return json.loads((home / f"vault/shop/p1/{volume}.sent-00000000.json").read_text())


def test_a_disk_that_cannot_be_read_is_no_copy_though_restic_sums_it_up(home, cloud):
    script, where = sending(home, by("restic", home, cloud))
    Path(where["PORTINFRA_DISK"]).symlink_to("/proc/self/mem")  # it opens, and cannot be read
    script = script.replace("bytes=$(wc", "false $(wc")  # of a disk, its size is known beforehand
    subprocess.run(["bash", "-s"], input=script, text=True, env=where, capture_output=True, check=False)
    assert "could not be read" in receipt_of(home)["failed"]


def test_senders_that_begin_together_leave_one_repository_that_all_can_read(home, cloud):
    about, hosts = by("restic", home, cloud), []
    for number in (3, 2, 1):
        script, where = sending(home, about, f"db{number}-data", first=number == 1)
        Path(where["PORTINFRA_DISK"]).write_bytes(os.urandom(200_000))
        host = subprocess.Popen(["bash", "-s"], stdin=subprocess.PIPE, env=where, stderr=subprocess.DEVNULL)
        host.stdin.write(script.encode())
        host.stdin.close()
        hosts.append(host)
    for host in hosts:
        host.wait(timeout=120)
    assert all("failed" not in receipt_of(home, f"db{number}-data") for number in (1, 2, 3))
    assert len(list((home / "vault/shop/restic/keys").iterdir())) == 1
