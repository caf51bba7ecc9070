"""The repository of restic, as this machine sees it: what it is told to forget. Only small files move."""

import json
from collections.abc import Collection
from pathlib import Path

from portinfra.recovery.vault.engines import HOST, REPOSITORY
from portinfra.recovery.vault.rclone import output_of
from portinfra.recovery.vault.secret_files import text_of
from portinfra.recovery.vault.store import Store


def forget(store: Store, kept: Collection[str]) -> None:
    """Forget the copies of all points but these. Their pieces stay until somebody runs `restic prune`.

    What tells of a copy is one file, removed here as `restic forget` would, which wants the repository for
    itself alone: helpers that may only add cannot remove their locks.

    Raises InvalidRequest where the password or restic is not on this machine, and Unavailable.
    """
    password = Path(store.vault.password).expanduser()
    text_of(str(password))
    settings = {
        "RESTIC_REPOSITORY": f"rclone:{store.vault.remote}/{REPOSITORY}",
        "RESTIC_PASSWORD_FILE": str(password),
    }
    asked = ("restic", "--no-cache", "--no-lock", "snapshots", "--json", "--host", HOST)
    copies = json.loads(output_of(store.run(*asked, settings=settings)) or "null") or []
    for copy in copies:
        if not _points(copy["tags"]) & set(kept):
            store.remove_file(f"{REPOSITORY}/snapshots/{copy['id']}")


def _points(tags: list[str] | None) -> set[str]:
    """The points that a copy belongs to: it bears its name in the vault as a tag."""
    return {tag.partition("/")[0] for tag in tags or ()}
