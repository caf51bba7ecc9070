"""A vault in a folder, and the keys and configurations that go with it."""

import shutil
import subprocess
from pathlib import Path

import pytest
from attrs import evolve
from worlds import recovery

from portinfra.model.recovery import DataPolicy
from portinfra.model.vault import Vault
from portinfra.testing.stand import LocalStand

TOOLS = ("age", "age-keygen", "restic", "rclone", "zstd")
needs_tools = pytest.mark.skipif(
    not all(map(shutil.which, TOOLS)), reason=f"it needs {', '.join(TOOLS)} on this machine"
)


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
        "stand": LocalStand(cloud.read, cloud.write),
        **more,
    }
    vault = Vault("vault:shop", "192.0.2.7:22", **given)
    data = [DataPolicy("db", engine=engine, retention=2)]
    return evolve(about, plan=evolve(about.plan, data=data, vault=vault, rpo="30d"))


def points_in(home):
    """The points that the vault has something of."""
    folder = home / "vault/shop/shop/recovery"
    return sorted(each.name for each in folder.iterdir() if each.name != "restic")
