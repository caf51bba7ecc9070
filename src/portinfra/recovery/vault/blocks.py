"""Whether data is read as a snapshot's own blocks, or from a volume made of it."""

from typing import cast

from portinfra.model.environment import Environment
from portinfra.provider import registry
from portinfra.provider.blocks import ExportsBlocks
from portinfra.recovery.subject import Recovery


def exports_blocks(recovery: Recovery, end: Environment) -> ExportsBlocks | None:
    """Who says how to read blocks at one end of a recovery; None where helpers read a clone there."""
    plugin = registry.plugin(end.provider)
    wanted = recovery.vault is not None and recovery.vault.blocks
    return cast(ExportsBlocks, plugin) if wanted and plugin.capabilities.block_export else None
