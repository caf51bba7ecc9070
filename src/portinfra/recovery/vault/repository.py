"""The repository of restic, as this machine reads it: which copies it forgets. It moves only small files."""

import json
from collections.abc import Collection
from pathlib import Path

from portinfra.recovery.vault.engines import HOST, REPOSITORY
from portinfra.recovery.vault.rclone import output_of
from portinfra.recovery.vault.secret_files import read_secret
from portinfra.recovery.vault.store import Store


def forget(store: Store, kept: Collection[str]) -> None:
    """Forget the copies of all points but `kept`. Their pieces stay until an operator runs `restic prune`.

    Each copy has one file that names it. portinfra removes that file, as `restic forget` does. `restic
    forget` itself needs the repository exclusively, but transfer hosts that can only add files leave their
    locks.

    Raises InvalidRequest where the password or restic is not on this machine, and Unavailable.
    """
    password = Path(store.vault.password).expanduser()
    read_secret(str(password))
    settings = {
        "RESTIC_REPOSITORY": f"rclone:{store.vault.remote}/{REPOSITORY}",
        "RESTIC_PASSWORD_FILE": str(password),
    }
    arguments = ("restic", "--no-cache", "--no-lock", "snapshots", "--json", "--host", HOST)
    copies = json.loads(output_of(store.run(*arguments, settings=settings)) or "null") or []
    for copy in copies:
        if not _points(copy["tags"]) & set(kept):
            store.remove_file(f"{REPOSITORY}/snapshots/{copy['id']}")


def _points(tags: list[str] | None) -> set[str]:
    """Return the points that a copy belongs to: its tag is its name in the vault."""
    return {tag.partition("/")[0] for tag in tags or ()}
