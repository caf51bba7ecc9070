"""Hosts as network namespaces on this machine, with real firewalls and proxies. Needs root.

    if not why_impossible():
        with Fabric(placed, render_hosts(topology, environment), folder) as fabric:
            fabric.load_firewall("web1")

No namespace is left: the kernel removes them when the process ends, however it ends. Files stay.
"""

from portinfra.testing.fabric.fabric import PROGRAMS, Fabric, why_impossible
from portinfra.testing.fabric.load import Load
from portinfra.testing.fabric.traffic import Passage, find_passages
from portinfra.testing.fabric.wait import wait_until

__all__ = ["PROGRAMS", "Fabric", "Load", "Passage", "find_passages", "wait_until", "why_impossible"]
