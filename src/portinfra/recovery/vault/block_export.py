"""Whether data is read from a snapshot's own blocks, or from a volume that is created from it."""

from portinfra.model.environment import Environment
from portinfra.provider import registry
from portinfra.provider.abilities import BlockExport
from portinfra.recovery.recovery import Recovery


def exports_blocks(recovery: Recovery, end: Environment) -> BlockExport | None:
    """Return the plugin that exports blocks at one end; None where transfer hosts read a clone instead."""
    plugin = registry.plugin_of(end)
    wanted = recovery.vault is not None and recovery.vault.blocks
    return plugin if wanted and isinstance(plugin, BlockExport) else None
