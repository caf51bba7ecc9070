"""A test bed: EC2, EBS direct and STS over HTTP on loopback, of moto, made as hard as the real ones.

    with bed.in_thread() as ec2:           # quick; survives os.fork, each child with a copy of its own
        os.environ.update(ec2.environment)
        ...
        assert ec2.bed.ground_truth() == []

    with bed.in_process() as ec2:          # survives the client's SIGKILL
        ec2.bed.fault("killed after", at=7, pid=client.pid)

The emulator is never the specification. Where moto is softer than EC2 it is hardened, one idea a file in
`rules/`, each with what EC2 documents. What the bed cannot serve it says loudly (`gaps`), and what the
official model refuses it keeps (`violations`): a test of a driver asserts that both are empty.
"""

from bed.running import Local, Remote, RemoteBed, in_process, in_thread

__all__ = ["Local", "Remote", "RemoteBed", "in_process", "in_thread"]
