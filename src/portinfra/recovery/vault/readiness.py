"""What this machine lacks to bring data back from the vault. Told by `plan`, before it is needed."""

import shutil
from collections.abc import Iterator
from pathlib import Path

from portinfra.model.finding import Finding, Severity
from portinfra.recovery.subject import Recovery


def lacking(recovery: Recovery) -> Iterator[Finding]:
    """A finding for each program or file that is not here. Warnings: another machine may have them."""
    vault = recovery.vault
    if vault is None:
        return
    if shutil.which("rclone") is None:
        yield _finding(recovery, "rclone is not on this machine", "Install rclone, and this is ready.")
    needed = {"receiver": vault.receiver}
    needed |= {"identity": vault.identity} if "age" in recovery.engines else {}
    needed |= {"password": vault.password} if "restic" in recovery.engines else {}
    for attribute, file in needed.items():
        path = Path(file).expanduser()
        if not path.is_file():
            yield _finding(
                recovery,
                f"{file}, the vault's {attribute}, is not on this machine",
                "Whoever takes over needs it: bring it here, or take over from the machine that has it.",
            )
        elif path.stat().st_mode & 0o077:
            yield _finding(
                recovery, f"others can read {file}, the vault's {attribute}", f"Close it: chmod 600 {file}"
            )


def _finding(recovery: Recovery, message: str, fix: str) -> Finding:
    subject = f"recovery.{recovery.plan.name}.vault"
    return Finding("recovery/not-ready", message, fix, Severity.WARNING, subject=subject)
