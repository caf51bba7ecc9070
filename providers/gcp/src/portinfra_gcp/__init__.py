"""Google Cloud for portinfra. See docs/providers/gcp.md."""

from portinfra_gcp.plugin import GcpPlugin

__all__ = ["plugin"]

plugin: GcpPlugin = GcpPlugin()
"""The installed provider. It loads offline, without credentials and without a native library."""
