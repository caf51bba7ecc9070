"""The images of guests: built on this machine, or fetched from their publisher."""

from portinfra_libvirt.images.debian import build, missing
from portinfra_libvirt.images.fetching import fetch
from portinfra_libvirt.images.files import Image

__all__ = ["Image", "build", "fetch", "missing"]
