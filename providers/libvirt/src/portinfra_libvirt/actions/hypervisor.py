"""One hypervisor of a site, to be changed."""

import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, TypeVar

import libvirt
from attrs import field, frozen

from portinfra.provider.interface import Answer
from portinfra_libvirt.actions.pool_queue import PoolQueue
from portinfra_libvirt.site import Site

T = TypeVar("T")


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


def read_each(listed: Iterable[Any], read: Callable[[Any], T], gone: int) -> list[T]:
    """Return what `read` makes of each; one that has gone since it was listed is left out."""
    found = []
    for each in listed:
        with unless_gone(gone):
            found.append(read(each))
    return found
