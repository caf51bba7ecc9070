"""What transfers through the vault lack: found before they are needed."""

import shutil
from collections.abc import Iterator
from pathlib import Path

from portinfra.command_text import command
from portinfra.errors import InvalidRequest
from portinfra.model.finding import Finding, Severity
from portinfra.provider import registry
from portinfra.recovery.recovery import Recovery
from portinfra.recovery.vault.block_export import exports_blocks
from portinfra.recovery.vault.secret_files import read_secret


def unfit_findings(recovery: Recovery) -> Iterator[Finding]:
    """Yield a finding for each end whose declared hosts cannot carry data, and for each wrong block
    option.
    """
    vault = recovery.vault
    if vault is None:
        return
    for end in dict.fromkeys((recovery.source.provider, recovery.target.provider)):
        if vault.stand is None and not registry.plugin(end).capabilities.runs_user_data:
            message = f"hosts of {end} run no user data, so no transfer host can run there"
            fix = "Name environments on a cloud, or on hypervisors; in tests, portinfra.testing.LocalStand."
            yield _wrong(recovery, "no-helpers", "stand", message, fix)
    for environment in (recovery.source, recovery.target):
        reading, name = exports_blocks(recovery, environment), environment.provider
        if reading and (message := reading.block_problem(vault.native.get(name, {}))):
            fix = f'Name it in a block native "{name}" of the vault; or leave blocks out.'
            yield _wrong(recovery, "blocks", f"native.{name}", message, fix)


def needless_block_findings(recovery: Recovery) -> Iterator[Finding]:
    """Yield a warning where the vault reads blocks, and neither end exports any: transfer hosts
    read clones.
    """
    source, target = recovery.source, recovery.target
    if recovery.vault is None or not recovery.vault.blocks:
        return
    if not any(exports_blocks(recovery, end) for end in (source, target)):
        message = f"neither {source.on} nor {target.on} exports the blocks of a snapshot"
        fix = (
            "Remove the vault's blocks: transfer hosts then read a volume that is created from the snapshot."
        )
        yield _wrong(recovery, "no-blocks", "blocks", message, fix, Severity.WARNING)


def sending_problem(recovery: Recovery, engine: str) -> str:
    """Return what this machine lacks to let transfer hosts send; empty: nothing. A capture calls it first."""
    vault = recovery.vault
    if vault is None:
        return ""
    if shutil.which("rclone") is None:
        return "rclone is not installed on this machine: install it"
    try:
        read_secret(vault.sender)
        if engine == "restic":
            read_secret(vault.password)
    except InvalidRequest as error:
        return f"{error} {error.fix}"
    return ""


def missing_file_findings(recovery: Recovery, *, fetches: bool) -> Iterator[Finding]:
    """Yield a finding for each program or file that this machine lacks. They are warnings, as another machine
    may have them. Where a takeover from here `fetches` data from the vault, what receives is an error.
    """
    vault = recovery.vault
    if vault is None:
        return
    severity = Severity.ERROR if fetches else Severity.WARNING
    if shutil.which("rclone") is None:
        fix = "Install rclone."
        yield _finding(recovery, "rclone is not installed on this machine", fix, severity)
    if not Path(vault.sender).expanduser().is_file():
        message = f"{vault.sender}, the vault's sender, is not on this machine"
        yield _finding(
            recovery,
            message,
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
    """Return a finding about one attribute of the vault."""
    assert recovery.vault is not None
    subject, location = f"recovery.{recovery.plan.name}.vault.{attribute}", recovery.vault.location
    return Finding(f"recovery/{rule}", message, fix, severity, subject=subject, location=location)


def _finding(recovery: Recovery, message: str, fix: str, severity: Severity = Severity.WARNING) -> Finding:
    subject, location = f"recovery.{recovery.plan.name}.vault", recovery.plan.location
    return Finding("recovery/not-ready", message, fix, severity, subject=subject, location=location)
