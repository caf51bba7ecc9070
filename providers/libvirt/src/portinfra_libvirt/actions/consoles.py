"""The serial console of a guest. libvirt keeps no output, so portinfra listens for a while.

https://libvirt.org/html/libvirt-libvirt-domain.html#virDomainOpenConsole: one session at a time. portinfra
never ends another session.
"""

import time
from typing import Any

import libvirt

from portinfra.errors import Conflict
from portinfra.provider.abilities import CONSOLE_LISTEN_SECONDS, CONSOLE_MAX_BYTES
from portinfra.provider.interface import Answer
from portinfra_libvirt.actions.hypervisor import Hand

LISTEN_SECONDS = CONSOLE_LISTEN_SECONDS
POLL_SECONDS = 0.2

_NOTHING_YET = -2
_PART_BYTES = 16_384


def read_console(hand: Hand, domain: str) -> Answer:
    """Return what a guest prints while portinfra listens. Raises Conflict while another session is open."""
    guest = hand.connection.lookupByName(domain)
    if not guest.isActive():
        return {"text": ""}
    stream = hand.connection.newStream(libvirt.VIR_STREAM_NONBLOCK)
    try:
        guest.openConsole(None, stream)
    except libvirt.libvirtError as error:
        if error.get_error_code() != libvirt.VIR_ERR_OPERATION_FAILED:
            raise
        raise Conflict(
            f"the console of {domain} cannot be opened: {error}",
            provider="libvirt",
            fix="Close the other session, such as virsh console. Then run the same command again.",
        ) from error
    try:
        printed = _listen(guest, stream)
    finally:
        stream.abort()
    return {"text": printed.decode(errors="replace")}


def _listen(domain: Any, stream: Any) -> bytes:
    printed, deadline = b"", time.monotonic() + LISTEN_SECONDS
    while time.monotonic() < deadline:
        part = stream.recv(_PART_BYTES)
        if part == _NOTHING_YET:
            if not domain.isActive():  # this call also fetches what the stream received in the meantime
                break
            time.sleep(POLL_SECONDS)
        elif not part:
            break
        else:
            printed = (printed + part)[-CONSOLE_MAX_BYTES:]
    return printed
