"""The images that guests begin as: built on this machine, or fetched from where somebody publishes them."""

from portinfra_libvirt.images.debian import build, missing
from portinfra_libvirt.images.fetching import fetch
from portinfra_libvirt.images.files import Image

__all__ = ["Image", "build", "fetch", "missing"]
