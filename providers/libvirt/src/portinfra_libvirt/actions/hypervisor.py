"""One hypervisor of a site, for a change."""

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
    """What every action needs. Each hypervisor takes one read-modify-write at a time in this process.

    The lease keeps other processes away.
    """

    connection: Any
    site: Site
    lock: threading.RLock
    answering: Callable[[], Mapping[str, Any]] = dict
    """Hypervisors of the site that answer → their connections."""
    queue: PoolQueue = field(factory=PoolQueue)
    """The queue of changes of its pools."""


Action = Callable[..., Answer | None]
"""`action(hand, **parameters)`: one change, made of steps that can be repeated after a crash.

It returns an answer only if it has a result. Raises libvirtError, or its own refusal.
"""


@contextmanager
def unless_gone(code: int) -> Iterator[None]:
    """Continue if libvirt reports, by this code, that a resource does not exist."""
    try:
        yield
    except libvirt.libvirtError as error:
        if error.get_error_code() != code:
            raise


def read_each(listed: Iterable[Any], read: Callable[[Any], T], gone: int) -> list[T]:
    """Return the result of `read` for each resource. It leaves out one that is gone since it was listed."""
    found = []
    for each in listed:
        with unless_gone(gone):
            found.append(read(each))
    return found
