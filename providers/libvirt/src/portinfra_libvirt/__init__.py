"""libvirt for portinfra. See docs/providers/libvirt.md."""

from portinfra_libvirt.plugin import LibvirtPlugin

__all__ = ["plugin"]

plugin = LibvirtPlugin()
"""The provider as installed: known offline, without credentials or a native library."""
