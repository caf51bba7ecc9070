"""The parts of an emulator except the cloud itself: a clock, faults, a server, a thread or a process.

    class Acme(Emulator):
        def answer(self, request, asked): ...

    with in_thread(Acme()) as acme:           # quick; survives os.fork, each child with a copy of its own
        acme.bed.fault("dropped after", at=2)
        ...                                   # requests to acme.endpoint
        assert acme.bed.gaps == []

`in_process("acme_emulator")` serves in a process that outlives every client that a test kills.
"""

from portinfra.testing.emulator.clock import START, Clock, EmulatorClock
from portinfra.testing.emulator.emulator import Emulator, Settings
from portinfra.testing.emulator.faults import MISHAPS, Fault, Faults, Mishap, Refusal
from portinfra.testing.emulator.local import Local, in_thread
from portinfra.testing.emulator.remote import Remote, RemoteBed, in_process
from portinfra.testing.emulator.server import Server, main
from portinfra.testing.emulator.wire import Asked, CutShort, Dropped, Killed, Request, Response, Unserved

__all__ = [
    "MISHAPS",
    "START",
    "Asked",
    "Clock",
    "CutShort",
    "Dropped",
    "Emulator",
    "EmulatorClock",
    "Fault",
    "Faults",
    "Killed",
    "Local",
    "Mishap",
    "Refusal",
    "Remote",
    "RemoteBed",
    "Request",
    "Response",
    "Server",
    "Settings",
    "Unserved",
    "in_process",
    "in_thread",
    "main",
]
