"""Whether data is read as a snapshot's own blocks, or from a volume made of it."""

from portinfra.model.environment import Environment
from portinfra.provider import registry
from portinfra.provider.abilities import BlockExport
from portinfra.recovery.recovery import Recovery


def exports_blocks(recovery: Recovery, end: Environment) -> BlockExport | None:
    """Who says how to read blocks at one end of a recovery; None where helpers read a clone there."""
    plugin = registry.plugin_of(end)
    wanted = recovery.vault is not None and recovery.vault.blocks
    return plugin if wanted and isinstance(plugin, BlockExport) else None
