"""A machine of somebody else's, at the other end of a hypervisor's cable."""

import subprocess

from attrs import define, field

from hypervisors.hypervisor import Hypervisor

CABLE = "cable0"


@define
class Outside:
    """One, in a network namespace of its own; a context manager."""

    hypervisor: Hypervisor
    address: str
    hypervisors: tuple[str, ...]
    """The addresses of the hypervisor's end. All of them are of one /24."""
    _init: subprocess.Popen[str] | None = field(default=None, init=False)

    def __enter__(self) -> "Outside":
        self._init = subprocess.Popen(
            ["setpriv", "--pdeathsig", "KILL", "unshare", "--net", "sh", "-c", "echo ready; exec sleep 3600"],
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        assert self._init.stdout is not None
        assert self._init.stdout.readline() == "ready\n"
        ends = (
            "ip",
            "link",
            "add",
            CABLE,
            "netns",
            str(self._init.pid),
            "type",
            "veth",
            "peer",
            "name",
            CABLE,
        )
        subprocess.run([*ends, "netns", str(self.hypervisor.process)], check=True)
        for address in self.hypervisors:
            self.hypervisor.run("ip", "address", "add", f"{address}/24", "dev", CABLE)
        self.hypervisor.run("ip", "link", "set", CABLE, "up")
        self.run("ip", "address", "add", f"{self.address}/24", "dev", CABLE)
        self.run("ip", "link", "set", CABLE, "up")
        return self

    def __exit__(self, *_: object) -> None:
        assert self._init is not None
        self._init.kill()
        self._init.wait()

    def inside(self, *command: str) -> list[str]:
        """A command line, such that it runs there."""
        assert self._init is not None
        return ["nsenter", "--target", str(self._init.pid), "--net", "--", *command]

    def run(self, *command: str) -> str:
        """What a command there says."""
        done = subprocess.run(self.inside(*command), capture_output=True, text=True, timeout=60, check=False)
        if done.returncode:
            raise RuntimeError(f"{' '.join(command)}: {done.stderr.strip() or done.returncode}")
        return done.stdout
