"""A vault in a folder, and the keys and configurations that go with it."""

import subprocess
from pathlib import Path

import pytest
from attrs import evolve
from sweeps import ground_truth
from worlds import PRODUCTION, RECOVERY, recovery

from portinfra.model.recovery import DataPolicy
from portinfra.model.vault import Vault
from portinfra.testing.local_scripts import LocalScriptRunner

CANARY = "a-word-that-hums-77ab"
ROOM = 9_000_000
"""Bytes of what does not change, written as hex: two and more of the largest pieces that restic cuts (8 MiB),
wherever its cuts fall, which it chooses by chance for each repository."""
TOOLS = ("age", "age-keygen", "restic", "rclone", "zstd")
needs_tools = pytest.mark.tools(*TOOLS)


def moved_in(home: Path) -> None:
    """Let the configurations speak of the vault in this home."""
    (home / "vault").mkdir(exist_ok=True)
    for side in ("sender", "receiver"):
        (home / f"{side}.conf").write_text(f"[vault]\ntype = alias\nremote = {home}/vault\n")


def by(engine, home, cloud, about=None, **more):
    """A recovery whose data goes by an engine."""
    about = about or recovery()
    recipient = subprocess.run(
        ["age-keygen", "-y", home / "identity"], capture_output=True, text=True, check=True
    ).stdout.strip()
    given = {
        "sender": "~/sender.conf",
        "receiver": "~/receiver.conf",
        "recipient": recipient,
        "identity": "~/identity",
        "password": "~/password",
        "stand": LocalScriptRunner(cloud.read, cloud.write),
        **more,
    }
    vault = Vault("vault:shop", "192.0.2.7:22", **given)
    data = [DataPolicy("db", engine=engine, keep=2)]
    return evolve(about, plan=evolve(about.plan, data=data, vault=vault, rpo="30d"))


def points_in(home):
    """The points that the vault has something of."""
    folder = home / "vault/shop/shop/recovery"
    return sorted(each.name for each in folder.iterdir() if each.name != "restic")


def helpers_left():
    """What there is of any scope beside the environments, but for the points and the books themselves."""
    return [
        record
        for environment in (PRODUCTION, RECOVERY)
        for record in ground_truth(environment)
        if "helper" in record[1] or "drill" in record[1] or "sending" in record[1] or "receiving" in record[1]
    ]


def restored(cloud, given):
    """What the volumes of an inventory hold."""
    for host in given["hosts"]:
        for volume in host["volumes"]:
            yield cloud.read(volume["id"]).decode()
