"""libvirt for portinfra. See docs/providers/libvirt.md."""

from portinfra_libvirt.plugin import LibvirtPlugin

__all__ = ["plugin"]

plugin: LibvirtPlugin = LibvirtPlugin()
"""The installed provider. It loads offline, without credentials and without a native library."""
