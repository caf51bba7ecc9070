"""What somebody changed in the vault, or a tool cut short, is never taken for what was sent."""

import json
import os
import shutil
import subprocess

import pytest
from attrs import evolve
from test_vault import CANARY, ROOM, helpers_left, restored
from vaults import by, needs_tools
from worlds import ONE, PRODUCTION, write

from portinfra import dr
from portinfra.model.address import Address
from portinfra.model.recovery import Probe
from portinfra.recovery.vault.helpers import HelperFailed, receipt

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
    assert dr.replicate(about, pace=ONE).succeeded
    sealed = next(each for each in (home / "vault").rglob("*.age-*"))
    before = sealed.read_bytes()
    sealed.write_bytes(other(sealed, about))
    (reason,) = dr.drill(about, pace=ONE).reasons
    assert "could not be received" in reason
    assert why in reason
    assert helpers_left() == []
    sealed.write_bytes(before)
    assert dr.drill(about, pace=ONE).result == "passed"


def restic(home, *words, given=b""):
    """What restic says of the vault's repository."""
    where = ["-r", home / "vault/shop/shop/recovery/restic", "--password-file", home / "password"]
    return subprocess.run(
        ["restic", "--no-cache", *where, *words], input=given, capture_output=True, check=True
    ).stdout


def test_a_newer_copy_under_the_same_name_is_not_the_one_that_is_restored(home, cloud):
    about = by("restic", home, cloud)
    write(cloud, PRODUCTION, CANARY)
    assert dr.replicate(about, pace=ONE).succeeded
    for copy in json.loads(restic(home, "snapshots", "--json")):
        (name,) = copy["tags"]
        like = ["--host", "portinfra", "--tag", name, "--stdin", "--stdin-filename", name]
        restic(home, "backup", *like, given=b"pay 100")
    assert len(json.loads(restic(home, "snapshots", "--json"))) == 4
    read = []
    probe = Probe("the last word", lambda given: read.append(sorted(restored(cloud, given))) or True)
    evidence = dr.drill(evolve(about, plan=evolve(about.plan, probes=[probe])), pace=ONE)
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
    assert dr.replicate(about, pace=ONE).succeeded
    change(home)
    (reason,) = dr.drill(about, pace=ONE).reasons
    assert "could not be received" in reason
    assert helpers_left() == []


def test_what_the_disk_does_not_hold_as_it_came_is_not_restored(home, cloud, monkeypatch, tmp_path):
    about = by("age", home, cloud)
    assert dr.replicate(about, pace=ONE).succeeded
    (tmp_path / "dd").write_text("#!/bin/sh\nexec cat > /dev/null\n")
    (tmp_path / "dd").chmod(0o755)
    with monkeypatch.context() as patched:
        patched.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
        (reason,) = dr.drill(about, pace=ONE).reasons
    assert "what is on the disk is not what came" in reason
    assert dr.drill(about, pace=ONE).result == "passed"


@pytest.mark.parametrize(
    "other",
    [{"object": "p/$(poweroff)"}, {"object": '"; poweroff'}, {"digest": "0" * 63 + ";"}, {"digest": ""}],
)
def test_a_receipt_says_nothing_that_a_shell_would_run(other):
    said = {"digest": "0" * 64, "bytes": 1, "moved": 1, "object": "p/db1-data.age-0123"}
    assert receipt(json.dumps(said), Address("volume.db1-data")).bytes == 1
    with pytest.raises(HelperFailed):
        receipt(json.dumps({**said, **other}), Address("volume.db1-data"))


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
        (group,) = dr.replicate(about, pace=ONE).groups
    assert group.fate == "failed"
    assert "could not be sent" in group.problem
    assert dr.status(about).points == ()
    assert dr.replicate(about, pace=ONE).succeeded
