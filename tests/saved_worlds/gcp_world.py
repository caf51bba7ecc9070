"""A world of Compute Engine: the emulator's own books, which are what `get` answers of every resource.

Compute Engine copies no snapshot from another project, so points travel by way of a vault. The vault is not
saved: what came out of it is.
"""

import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, chdir, contextmanager
from pathlib import Path
from typing import Any
from unittest import mock

from story import Beginning, plan_recovery

from emulator.bed import Bed
from emulator.direct import direct
from emulator.identities import PROJECT
from emulator.kinds import KINDS
from emulator.project import Resource
from emulator.running import environment
from emulator.settings import Settings
from portinfra import DataPolicy, Environment, Vault
from portinfra.recovery.recovery import Recovery
from portinfra.testing.call_wrapper import pass_through, wrap_calls
from portinfra.testing.emulator import EmulatorClock
from portinfra.testing.local_scripts import LocalScriptRunner

OTHER = "shop-recovery"
SETTLED_SECONDS = 3600.0
"""After so long no operation is under way."""


def _about(recipient: str = f"age1{'q' * 58}") -> Recovery:
    """Return a recovery between two projects and two regions; the vault's files are in the working folder."""
    key = "shop/volumes"
    vault = Vault(
        "vault:shop",
        "192.0.2.7:22",
        sender="rclone.conf",
        receiver="rclone.conf",
        recipient=recipient,
        identity="identity",
        stand=LocalScriptRunner(lambda volume: b"orders", lambda volume, data: None),
    )
    return plan_recovery(
        Environment("production", on="gcp:europe-west1", account=PROJECT, key=key),
        Environment("recovery", on="gcp:europe-west4", account=OTHER, key=key, cidr="10.20.0.0/16"),
        vault=vault,
        data=[DataPolicy("db", engine="age")],
    )


@contextmanager
def begin() -> Iterator[Beginning]:
    """Connect to an empty Compute Engine while it lasts, with an empty vault."""
    with (
        _connected({"queue_seconds": 0.5, "pending_seconds": 4.0}) as gce,
        tempfile.TemporaryDirectory() as folder,
        chdir(folder),
    ):
        made = subprocess.run(["age-keygen", "-o", "identity"], capture_output=True, text=True, check=True)
        Path("rclone.conf").write_text(f"[vault]\ntype = alias\nremote = {folder}/vault\n")
        yield _about(made.stderr.split()[-1]), lambda: _saved(gce)


@contextmanager
def load(saved: Any) -> Iterator[Recovery]:
    """Connect to a saved Compute Engine while it lasts."""
    with _connected({}) as gce:
        gce.advance(saved["now"] - gce.now())
        for name, project in saved["projects"].items():
            there = gce.projects[name]
            there.metadata = project["metadata"]
            for collection, scope, body in project["resources"]:
                made = Resource(KINDS[collection], name, scope, body, gce.now(), gce.now(), state="ready")
                there.books[collection][scope, made.name] = made
        yield _about()
        assert gce.violations == []
        assert gce.gaps == []


def _saved(gce: Bed) -> dict[str, Any]:
    gce.advance(SETTLED_SECONDS)
    gce.ground_truth()  # which ends the operations whose time has come
    projects = {}
    for name in (PROJECT, OTHER):
        there = gce.projects[name]
        found = [each for collection in sorted(KINDS) if collection for each in there.all(collection)]
        resources = [[each.kind.collection, each.scope, each.body] for each in found]
        projects[name] = {"metadata": there.metadata, "resources": resources}
    return {"now": gce.now(), "projects": projects}


@contextmanager
def _connected(settings: dict[str, float]) -> Iterator[Bed]:
    gce = Bed(Settings(live_clock=False, request_seconds=0.05, **settings))
    gce.add_project(OTHER)
    with ExitStack() as stack:
        variables = environment(stack.enter_context(direct(gce)))
        stack.enter_context(mock.patch.dict("os.environ", variables))
        stack.enter_context(wrap_calls("gcp", pass_through, clock=EmulatorClock(gce)))
        yield gce
