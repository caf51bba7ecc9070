"""Checks of recovery plans: probes that run inside a drill, on one more host of a role."""

from collections.abc import Iterator

from portinfra.format import suggestion
from portinfra.model.finding import Finding
from portinfra.model.recovery import Probe, RecoveryPlan
from portinfra.validation.recovery_part import Part


def prober_findings(recovery: RecoveryPlan) -> Iterator[Finding]:
    """Yield what is wrong with the attributes `from` and `files` of probes."""
    for probe in recovery.probes:
        part = Part(f"recovery.{recovery.name}.probe.{probe.name}", probe.location)
        yield from _file_findings(probe, part)
        if not probe.from_role:
            continue
        if probe.from_role not in recovery.roles:
            fix = suggestion(probe.from_role, recovery.roles, "Name its role in a wave.")
            yield part.wrong("unknown-role", "from_role", f"no wave restores {probe.from_role!r}", fix)
        if not isinstance(probe.run, str):
            message = "a Python function runs on this machine, and not on a host of a role"
            yield part.wrong("prober", "run", message, "Write a command; or leave `from` out.")


def _file_findings(probe: Probe, part: Part) -> Iterator[Finding]:
    if probe.files and not probe.from_role:
        message = "files are copied to a host, and this probe runs on this machine"
        yield part.wrong("prober", "files", message, "Name the role that it runs from: `from`.")
    for path in probe.files:
        parts = [part for part in path.split("/") if part not in ("", ".")]
        if path.startswith(("/", "~")) or ".." in parts or not parts or parts[0] == ".portinfra":
            message = f"{path!r} is no path within this folder"
            yield part.wrong("prober", "files", message, "Write ./checks/rows, for example.")
