"""Whether data is read as a snapshot's own blocks, or from a volume made of it."""

from collections.abc import Iterator
from typing import cast

from portinfra.model.environment import Environment
from portinfra.model.finding import Finding, Severity
from portinfra.provider import registry
from portinfra.provider.blocks import ExportsBlocks
from portinfra.recovery.subject import Recovery


def exports_blocks(recovery: Recovery, end: Environment) -> ExportsBlocks | None:
    """Who says how to read blocks at one end of a recovery; None where helpers read a clone there."""
    plugin = registry.plugin(end.provider)
    wanted = recovery.vault is not None and recovery.vault.blocks
    return cast(ExportsBlocks, plugin) if wanted and plugin.capabilities.block_export else None


def pointless(recovery: Recovery) -> Iterator[Finding]:
    """A finding where blocks shall be read, and neither end hands any out."""
    if recovery.vault is None or not recovery.vault.blocks:
        return
    if not any(exports_blocks(recovery, end) for end in (recovery.source, recovery.target)):
        yield Finding(
            "recovery/no-blocks",
            f"neither {recovery.source.on} nor {recovery.target.on} hands out the blocks of a snapshot",
            "Leave the vault's blocks out: helpers read a volume made of it.",
            Severity.WARNING,
            subject=f"recovery.{recovery.plan.name}.vault.blocks",
            location=recovery.vault.location,
        )
