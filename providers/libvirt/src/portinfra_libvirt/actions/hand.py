"""One hypervisor of a site, to be changed."""

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import libvirt
from attrs import field, frozen

from portinfra.provider.interface import Answer
from portinfra_libvirt.actions.pool_queue import PoolQueue
from portinfra_libvirt.site import Site


@frozen
class Hand:
    """What every action needs. Read-modify-write is one at a time in this process, on each hypervisor; the
    claim keeps other processes away.
    """

    connection: Any
    site: Site
    lock: threading.RLock
    answering: Callable[[], Mapping[str, Any]] = dict
    """Those hypervisors of the site that answer → their connections."""
    queue: PoolQueue = field(factory=PoolQueue)
    """The turns of those who change its pools."""


Action = Callable[..., Answer | None]
"""`action(hand, **parameters)`: one change, made of steps that may be made again after it died in the middle;
its answer, where it found out what to tell. Raises libvirtError, or what it refuses by itself.
"""


@contextmanager
def unless_gone(code: int) -> Iterator[None]:
    """Goes on where libvirt says, by this code, that a thing is not there."""
    try:
        yield
    except libvirt.libvirtError as error:
        if error.get_error_code() != code:
            raise
