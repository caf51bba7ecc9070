"""Google Cloud for portinfra. See docs/providers/gcp.md."""

from portinfra_gcp.plugin import GcpPlugin

__all__ = ["plugin"]

plugin = GcpPlugin()
"""The provider as installed: known offline, without credentials or a native library."""
