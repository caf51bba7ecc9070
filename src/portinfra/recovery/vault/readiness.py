"""What is lacking so that data goes to the vault and comes back: told before it is needed."""

import shutil
from collections.abc import Iterator
from pathlib import Path

from portinfra.command_text import command
from portinfra.errors import InvalidRequest
from portinfra.model.finding import Finding, Severity
from portinfra.provider import registry
from portinfra.recovery.recovery import Recovery
from portinfra.recovery.vault.block_export import exports_blocks
from portinfra.recovery.vault.secret_files import text_of


def unfit(recovery: Recovery) -> Iterator[Finding]:
    """A finding for each end whose hosts can be no helpers, as it is declared."""
    vault = recovery.vault
    if vault is None:
        return
    for end in dict.fromkeys((recovery.source.provider, recovery.target.provider)):
        if vault.stand is None and not registry.plugin(end).capabilities.runs_user_data:
            told = f"hosts of {end} run nothing, so that none can carry data there"
            fix = "Name environments on a cloud, or on hypervisors; in tests, portinfra.testing.LocalStand."
            yield _wrong(recovery, "no-helpers", "stand", told, fix)
    for environment in (recovery.source, recovery.target):
        reading, name = exports_blocks(recovery, environment), environment.provider
        if reading and (told := reading.block_problem(vault.native.get(name, {}))):
            fix = f'Name it in a block native "{name}" of the vault; or leave blocks out.'
            yield _wrong(recovery, "blocks", f"native.{name}", told, fix)


def pointless(recovery: Recovery) -> Iterator[Finding]:
    """A finding where blocks shall be read, and neither end hands any out. A warning: clones are read."""
    source, target = recovery.source, recovery.target
    if recovery.vault is None or not recovery.vault.blocks:
        return
    if not any(exports_blocks(recovery, end) for end in (source, target)):
        told = f"neither {source.on} nor {target.on} hands out the blocks of a snapshot"
        fix = "Leave the vault's blocks out: helpers read a volume made of it."
        yield _wrong(recovery, "no-blocks", "blocks", told, fix, Severity.WARNING)


def sendable(recovery: Recovery, engine: str) -> str:
    """What this machine lacks to let helpers send; empty: nothing. Asked before anything is taken."""
    vault = recovery.vault
    if vault is None:
        return ""
    if shutil.which("rclone") is None:
        return "rclone is not on this machine: install it"
    try:
        text_of(vault.sender)
        if engine == "restic":
            text_of(vault.password)
    except InvalidRequest as error:
        return f"{error} {error.fix}"
    return ""


def lacking(recovery: Recovery, *, fetches: bool) -> Iterator[Finding]:
    """A finding for each program or file that is not here. Warnings: another machine may have them. Errors,
    of what receives, where a takeover from here `fetches` data from the vault.
    """
    vault = recovery.vault
    if vault is None:
        return
    severity = Severity.ERROR if fetches else Severity.WARNING
    if shutil.which("rclone") is None:
        fix = "Install rclone, and this is ready."
        yield _finding(recovery, "rclone is not on this machine", fix, severity)
    if not Path(vault.sender).expanduser().is_file():
        told = f"{vault.sender}, the vault's sender, is not on this machine"
        yield _finding(
            recovery,
            told,
            f"The machine that runs {command('dr', 'replicate', recovery.plan.name)} needs it.",
        )
    needed = {"receiver": vault.receiver}
    needed |= {"identity": vault.identity} if "age" in recovery.engines else {}
    needed |= {"password": vault.password} if "restic" in recovery.engines else {}
    for attribute, file in needed.items():
        path = Path(file).expanduser()
        if not path.is_file():
            yield _finding(
                recovery,
                f"{file}, the vault's {attribute}, is not on this machine",
                "A takeover needs it: copy it to this machine, or take over from the machine that has it.",
                severity,
            )
        elif path.stat().st_mode & 0o077:
            yield _finding(
                recovery, f"others can read {file}, the vault's {attribute}", f"Close it: chmod 600 {file}"
            )


def _wrong(
    recovery: Recovery,
    rule: str,
    attribute: str,
    message: str,
    fix: str,
    severity: Severity = Severity.ERROR,
) -> Finding:
    """About one attribute of the vault."""
    assert recovery.vault is not None
    subject, location = f"recovery.{recovery.plan.name}.vault.{attribute}", recovery.vault.location
    return Finding(f"recovery/{rule}", message, fix, severity, subject=subject, location=location)


def _finding(recovery: Recovery, message: str, fix: str, severity: Severity = Severity.WARNING) -> Finding:
    subject, location = f"recovery.{recovery.plan.name}.vault", recovery.plan.location
    return Finding("recovery/not-ready", message, fix, severity, subject=subject, location=location)
