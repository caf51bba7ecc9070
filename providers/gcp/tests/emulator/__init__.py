"""A test bed: Compute Engine over HTTP on loopback, driven and checked by Google's discovery document.

    with emulator.in_thread() as gce:           # quick; survives os.fork, each child with a copy of its own
        os.environ.update(gce.environment)
        ...
        assert gce.bed.ground_truth() == []

    with emulator.in_process() as gce:          # survives the client's SIGKILL
        gce.bed.fault("killed after", at=7, pid=client.pid)

The emulator is never the specification. Routes, parameters and bodies are the document's; behaviour is
Google's documentation, one idea a file in `rules/`, each with what it says. What the bed cannot serve it says
loudly (`gaps`), and what the document refuses it keeps (`violations`): a test of a driver asserts that both
are empty.
"""

from emulator.running import Local, Remote, RemoteBed, in_process, in_thread

__all__ = ["Local", "Remote", "RemoteBed", "in_process", "in_thread"]
